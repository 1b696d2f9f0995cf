//! People. The server derives who somebody is, so that two phones that met the same person end at one
//! record:
//!
//! - a person's id is an HMAC, with a permanent key, over district, document type and number; without
//!   a document over name and phone; with neither it is the client's own or a new one;
//! - a client's own id of somebody derived is kept as an alias, and either may be used later;
//! - posting somebody known is never a conflict: what was empty is filled, what differs is kept as a
//!   dated claim (with a warning for those who may see the value), and nothing is told that wasn't sent;
//! - a category that somebody out of scope claims is looked at first where the person belongs.

pub mod categories;
mod category_words;
mod claims;
pub mod comparisons;
pub mod documents;
pub mod family;
mod figures;
mod merge;
mod operations;
mod rules;
pub mod sought;
pub mod wire;

use kit::text::Text;
pub use operations::{note_found, operations, schemas};
pub use wire::PersonCategory;

use crate::platform::access::Role;
use crate::records::{Definition, Kind};

/// Verb under which a gate's question is noted, by document or plate, with whom it found.
pub const LOOKED_UP: &str = "screenings.lookup";

/// The kind.
pub static PEOPLE: Kind = Kind::of(Definition {
    name: "people",
    path: "people",
    schema: "Person",
    label: Text::new("Person", "人员"),
    about: "A person, known once. Name, document, phone and address are served masked.",
    fields: wire::FIELDS,
    filters: &[wire::SEX.name()],
    readers: &[
        Role::DistrictAdmin,
        Role::GridWorker,
        Role::TownCadre,
        Role::VillageCadre,
        Role::GroupCadre,
        Role::HealthWorker,
        Role::CdcOfficer,
        Role::PoliceOfficer,
        Role::GateGuard,
        Role::Volunteer,
    ],
    writers: &[
        Role::DistrictAdmin,
        Role::GridWorker,
        Role::TownCadre,
        Role::VillageCadre,
        Role::HealthWorker,
        Role::CdcOfficer,
    ],
    rules: &rules::PersonRules,
    warnings: &[&rules::DIFFERS_FROM_REGISTER, &rules::UNKNOWN_COUNTY, &rules::SEX_DIFFERS, &rules::BIRTH_DIFFERS],
    example: include_str!("../../../../openapi/examples/people/create.json"),
    sequence: 0,
    ..Definition::FIELD_RECORD
});
