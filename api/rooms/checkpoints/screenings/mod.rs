//! Screenings at checkpoints, 问检登: asked (answers, symptoms), checked (temperature), registered
//! (identity). One record a person and passage.
//!
//! - The place must be a checkpoint; the area is the place's.
//! - A person is given inline or by id, not both; somebody who refuses to be registered is recorded
//!   all the same, and the record is then not `complete`. A name alone registers nobody.
//! - Answers stand for 24 hours: the next passages need a direction and a temperature ([`answers`]).
//! - `abnormal` and `complete` are the server's. An abnormal passage asks the health centre to look after the
//!   person ([`crate::rooms::checkpoints::gate_follow_up`]); whoever stands at the gate may open a case from it ([`open_case`]).

mod anchor;
mod answers;
mod open_case;
mod operations;
pub mod plates;
mod rules;
mod vehicles;
pub mod wire;

use kit::text::Text;
pub use operations::operations;
pub use rules::IMPLAUSIBLE_TEMPERATURE;
pub use wire::{MeasureSite, MeasuringDevice, Symptom};

use crate::platform::access::Role;
use crate::records::{Definition, Kind};

/// The kind.
pub static SCREENINGS: Kind = Kind::of(Definition {
    name: "screenings",
    path: "screenings",
    schema: "Screening",
    label: Text::new("Screening", "问检登"),
    about: "A passage of one person through a checkpoint: asked, checked, registered.",
    fields: wire::FIELDS,
    filters: &[
        wire::PLACE_ID.name(),
        wire::DIRECTION.name(),
        wire::PERSON_ID.name(),
        wire::ABNORMAL.name(),
        wire::COMPLETE.name(),
        wire::DISPOSITION.name(),
        wire::PASS_GROUP_ID.name(),
        wire::PERSON_KIND.name(),
    ],
    readers: &[
        Role::DistrictAdmin,
        Role::OrgAdmin,
        Role::GridWorker,
        Role::TownCadre,
        Role::VillageCadre,
        Role::HealthWorker,
        Role::CdcOfficer,
        Role::PoliceOfficer,
        Role::GateGuard,
        Role::Volunteer,
    ],
    writers: &[
        Role::DistrictAdmin,
        Role::OrgAdmin,
        Role::TownCadre,
        Role::VillageCadre,
        Role::HealthWorker,
        Role::GateGuard,
        Role::Volunteer,
    ],
    rules: &rules::ScreeningRules,
    warnings: &[&rules::IMPLAUSIBLE_TEMPERATURE, &rules::RETEST_ADVISED, &rules::NOT_REGISTERED],
    example: include_str!("../../../../openapi/examples/screenings/create.json"),
    ..Definition::FIELD_RECORD
});
