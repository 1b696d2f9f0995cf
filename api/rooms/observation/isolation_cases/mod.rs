//! Isolation cases (居家医学观察): somebody observed at home, and all that is done for and about him.
//!
//! - Days are counted by the policy in force; the day after the anchor is the first.
//! - A case moves from state to state by transitions, judged under the district's lock: [`states`] says
//!   what is legal, [`care`] loads what it is judged by and writes what follows.
//! - Five supervisors answer for each case. What is expected of them are duties; the records here
//!   prove them in their own transaction: [`care`].

mod absences;
pub mod care;
pub mod certificates;
pub mod duty_kinds;
pub mod errands;
pub mod history;
pub mod notices;
mod patrol_logs;
pub mod planner;
mod reading_sheets;
pub mod readings;
pub mod rules;
mod spot_checks;
pub mod states;
pub mod stays;
pub mod transitions;
mod views;
pub mod violations;
pub mod visits;
pub mod wire;

pub use errands::ERRANDS;
use kit::field::{Field, Shape};
use kit::text::Text;
use kit::typed::TypedField;
pub use notices::OBSERVATION_NOTICES;
pub use patrol_logs::PATROL_LOGS;
pub use readings::TEMPERATURE_READINGS;
pub use spot_checks::SPOT_CHECKS;
pub use transitions::{ISOLATION_CASE_TRANSITIONS, IsolationTransition};
use uuid::Uuid;
pub use violations::{VIOLATIONS, ViolationOutcome};
pub use visits::FOLLOW_UP_VISITS;
pub use wire::{IsolationState, SupervisorLevel};

use crate::platform::access::Role;
use crate::platform::http::Operation;
use crate::records::scope::Follows;
use crate::records::{Definition, Kind, Warning};
use crate::rooms::checkpoints::Symptom;

/// Roles that see the records of cases.
pub const CARERS: &[Role] = &[
    Role::DistrictAdmin,
    Role::GridWorker,
    Role::TownCadre,
    Role::VillageCadre,
    Role::GroupCadre,
    Role::HealthWorker,
    Role::CdcOfficer,
    Role::PoliceOfficer,
];

/// How what belongs to a case follows it.
pub const FOLLOWS: Follows = Follows {
    column: CASE_ID.name(),
    names: CASE_ID.name(),
    readers: CARERS,
    leader: "isolation_cases",
    sights: &stays::SIGHTS,
    seen_from: stays::seen_from,
};

/// The case that a record belongs to.
pub const CASE_ID: TypedField<Uuid> = TypedField::named(
    "CASE_ID",
    Field::new(
        "case_id",
        Shape::Reference("isolation_cases"),
        Text::new("Case", "个案"),
        "The isolation case it belongs to.",
    )
    .brings_area(1),
);

/// Symptoms that somebody complains of when he is measured or visited.
pub const SYMPTOMS: TypedField<Vec<Symptom>> = TypedField::named(
    "SYMPTOMS",
    Field::new(
        "symptoms",
        Shape::List { of: &Shape::Word(Symptom::VOCABULARY), max: 14 },
        Text::new("Symptoms", "症状"),
        "What the person complains of.",
    ),
);

static BEFORE_CASE: Warning = Warning {
    code: "before_case",
    message: Text::new("happened before the case began", "发生时间早于个案开始时间"),
};
/// It happened after the case had ended.
static CASE_ENDED: Warning =
    Warning { code: "case_ended", message: Text::new("the case had ended already", "该个案已结束") };

/// The kind.
pub static ISOLATION_CASES: Kind = Kind::of(Definition {
    name: "isolation_cases",
    path: "isolation-cases",
    schema: "IsolationCase",
    label: Text::new("Isolation case", "居家观察个案"),
    about: "Somebody observed at home: days, state, the five who answer for him.",
    fields: wire::FIELDS,
    filters: &["person_id", "state", "supervisors_complete", "extended"],
    readers: CARERS,
    writers: CARERS,
    rules: &rules::CaseRules,
    example: include_str!("../../../../openapi/examples/isolation_cases/create.json"),
    ..Definition::FIELD_RECORD
});

/// The kinds that belong to a case.
static BELONGING: [&Kind; 8] = [
    &OBSERVATION_NOTICES,
    &ISOLATION_CASE_TRANSITIONS,
    &TEMPERATURE_READINGS,
    &FOLLOW_UP_VISITS,
    &SPOT_CHECKS,
    &ERRANDS,
    &VIOLATIONS,
    &PATROL_LOGS,
];

/// The operations of this room.
pub fn operations() -> Vec<Operation> {
    views::operations().into_iter().chain(certificates::operations()).collect()
}
