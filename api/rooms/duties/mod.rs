//! Duties (责任清单): what is expected of whom until when, as rows; closed by the record that proves it, in that
//! record's own transaction. *Missed* is a fact of the data, not a report that somebody writes.
//!
//! - The service writes them: people prove them by their records, waive them with a reason, hand them over.
//! - When what is expected how often: [`cadences`], dated data.
//! - Which theme expects what, and which record proves it: [`sources`], [`matching`]. What is due and unproven is missed within a minute and goes
//!   one level up: [`worker`].

mod cadence_routes;
mod cadences;
mod codes;
pub mod duty;
mod escalation;
mod holders;
mod inherit;
mod kinds;
mod matching;
mod offers;
pub mod pass;
mod reassign;
mod routes;
mod sources;
pub mod summary;
pub mod wire;
mod worker;

use std::collections::BTreeMap;
use std::sync::LazyLock;

pub use cadences::{Cadence, Cadences};
pub use holders::Holders;
pub use inherit::{HandedOverDuty, hand_on};
pub(crate) use kinds::duty_kinds;
pub use kinds::{DutyDefinition, DutyKind, settled_elsewhere};
use kit::field::{Field, free_text};
use kit::text::Text;
use kit::typed::TypedField;
pub use matching::{Contact, Expectation, Standing, proof_of, proves, standing};
pub use sources::{Accounts, Answerers, DutySource, is_of_fever};
pub use wire::{DutyLine, DutyState, DutyWaiver, above};
pub use worker::{look_after, note_missed, work_once};

use crate::platform::access::Role;
use crate::records::rules::Narrowing;
use crate::records::scope::Follows;
use crate::records::{Definition, Kind, Measure, Narrowed, Record, Rules, Theme};
use crate::rooms::observation::FOLLOWS;

/// The reason of a waiver or an explanation, sealed.
pub const REASON: TypedField<String> = TypedField::named(
    "REASON",
    Field::new("reason", free_text(500), Text::new("Reason", "原因"), "Why it was waived, or why it was missed."),
);

/// Roles that see the duties of their area.
pub const SUPERVISORS: &[Role] = &[
    Role::DistrictAdmin,
    Role::OrgAdmin,
    Role::GridWorker,
    Role::TownCadre,
    Role::VillageCadre,
    Role::GroupCadre,
    Role::HealthWorker,
    Role::CdcOfficer,
    Role::PoliceOfficer,
];

/// Roles that see duties: beside supervisors, everybody his own, and inspectors those of stores and venues.
pub const READERS: &[Role] = &[
    Role::DistrictAdmin,
    Role::OrgAdmin,
    Role::GridWorker,
    Role::TownCadre,
    Role::VillageCadre,
    Role::GroupCadre,
    Role::HealthWorker,
    Role::CdcOfficer,
    Role::PoliceOfficer,
    Role::Inspector,
    Role::StoreReporter,
    Role::GateGuard,
    Role::Volunteer,
    Role::JusticeOfficer,
    Role::Counselor,
];

/// The kind.
pub static DUTIES: Kind = Kind::of(Definition {
    name: "duties",
    path: "duties",
    schema: "Duty",
    label: Text::new("Duty", "责任清单"),
    about: "Something that is expected of somebody until a time. Written by the service.",
    fields: wire::FIELDS,
    filters: &[
        wire::DUTY_KIND.name(),
        wire::LINE.name(),
        wire::STATE.name(),
        wire::ASSIGNEE_ID.name(),
        wire::OFFERED_TO.name(),
        wire::SUBJECT_ID.name(),
        wire::LATE.name(),
        wire::REPORTED_LATE.name(),
        wire::ESCALATED_TO.name(),
        wire::EXPLAINED.name(),
    ],
    readers: READERS,
    writers: &[],
    rules: &DutyRules,
    example: include_str!("../../../openapi/examples/duties/served.json"),
    sequence: 2,
    ..Definition::FIELD_RECORD
});

struct DutyRules;

/// Measures of duties by kind, such as `am_reading.missed`; where a kind has a second line, with that line, such as
/// `search@police_station.missed`.
static MEASURES: LazyLock<BTreeMap<String, &'static str>> = LazyLock::new(|| {
    let kinds = DutyKind::ALL.iter().copied();
    let kinds = kinds.flat_map(|kind| kind.lines().iter().map(move |line| counted_as(kind, *line)));
    let named = kinds.flat_map(|kind| COUNTED.iter().map(move |counted| format!("{kind}.{counted}")));
    named.map(|name| (name.clone(), &*Box::leak(name.into_boxed_str()))).collect()
});
/// The kind, and the line where it isn't the kind's first.
fn counted_as(duty_kind: DutyKind, line: DutyLine) -> String {
    if line == duty_kind.line() { duty_kind.to_string() } else { format!("{duty_kind}@{line}") }
}

/// Counts that are kept of each kind.
pub const COUNTED: [&str; 7] = [
    EXPECTED,
    DutyState::Open.code(),
    DutyState::Done.code(),
    DutyState::Missed.code(),
    DutyState::Waived.code(),
    wire::LATE.name(),
    wire::REPORTED_LATE.name(),
];
/// Count of all of them.
const EXPECTED: &str = "expected";

/// Duties of one's own, and what is expected of stores, venues and their inspectors.
static OWN_OR_OF_STORES: Narrowing = Narrowing {
    label: Text::new("one's own and those of stores, venues and inspectors", "本人负责的及商超、经营单位、检查员的"),
    condition: |statement, row, actor| {
        let mine = statement.sql(format!(" AND ({row}.assignee_id = ")).id(actor.user_id);
        mine.sql(format!(" OR {row}.line IN ('store', 'venue', 'inspector'))"))
    },
};

impl Rules for DutyRules {
    fn plain_to_assignee(&self) -> bool {
        true
    }

    fn narrowed(&self, role: Role) -> Option<Narrowed> {
        match role {
            Role::Inspector => Some(Narrowed::By(&OWN_OR_OF_STORES)),
            // The duties within a store's grant are the store's own.
            Role::StoreReporter => None,
            role if SUPERVISORS.contains(&role) => None,
            _ => Some(Narrowed::Assigned),
        }
    }

    fn place_column(&self) -> Option<&'static str> {
        Some(wire::SUBJECT_ID.name())
    }

    fn stands_when_known(&self) -> bool {
        true
    }

    /// A duty is about a case, or about something else whose id no case has.
    fn follows(&self) -> Option<Follows> {
        Some(Follows { column: wire::SUBJECT_ID.name(), ..FOLLOWS })
    }

    fn measures(&self, record: &Record) -> Vec<Measure> {
        let values = &record.values;
        let (Some(kind), Some(line)) = (values.get(&wire::DUTY_KIND), values.get(&wire::LINE)) else {
            return Vec::new();
        };
        let kind = counted_as(kind, line);
        let flags = [&wire::LATE, &wire::REPORTED_LATE].into_iter().filter(|flag| values.get(*flag) == Some(true));
        let state = values.get(&wire::STATE).map(DutyState::code);
        let counted = [EXPECTED].into_iter().chain(state).chain(flags.map(TypedField::name));
        counted.filter_map(|counted| MEASURES.get(&format!("{kind}.{counted}")).map(|measure| (*measure, 1))).collect()
    }
}

/// This theme.
pub static THEME: Theme = Theme {
    title: Text::new("Duties", "责任清单"),
    kinds: &[&DUTIES],
    operations: || {
        let parts = [
            routes::operations(),
            offers::operations(),
            reassign::operations(),
            summary::operations(),
            cadence_routes::operations(),
        ];
        parts.into_iter().flatten().collect()
    },
    schemas: cadence_routes::schemas,
    settings: &[&cadences::CADENCES],
    workers: &[("duties", |core| Box::pin(worker::work(core)))],
    problems: codes::PROBLEMS,
    faults: codes::FAULTS,
    ..Theme::NOTHING
};
