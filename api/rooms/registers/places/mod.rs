//! Places: compounds, checkpoints, disposal points, venues and warehouses, in one flat list of kinds.
//!
//! A place has an area; its coordinates are stored as WGS-84 whatever was submitted; its operating
//! status has a history, told at once or later ([`status`]). Every worker of the district may name a place: a venue's
//! name and address are no secret; what is recorded at it stays scoped. `supervising_org_ids` says who watches it: they
//! read that, too.

pub mod coordinates;
pub mod figures;
mod rules;
pub mod status;
pub mod wire;

use kit::text::Text;
pub use rules::{require_caterer, require_checkpoint, require_compound, require_mask_point, require_venue};
pub use wire::{COMPOUND_KINDS, OperatingStatus, PlaceKind, VENUE_KINDS};

use crate::platform::access::Role;
use crate::records::{Definition, Kind, Reach};

/// The kind.
pub static PLACES: Kind = Kind::of(Definition {
    name: "places",
    path: "places",
    schema: "Place",
    label: Text::new("Place", "场所"),
    about: "A compound, checkpoint, disposal point, venue or warehouse.",
    fields: wire::FIELDS,
    filters: &[
        wire::KIND.name(),
        wire::PARENT_ID.name(),
        wire::OPERATING_STATUS.name(),
        wire::ESTABLISHED_BY_ORG_ID.name(),
    ],
    slow_changing: true,
    reach: Reach::District,
    readers: &[
        Role::DistrictAdmin,
        Role::OrgAdmin,
        Role::Inspector,
        Role::GridWorker,
        Role::TownCadre,
        Role::VillageCadre,
        Role::GroupCadre,
        Role::HealthWorker,
        Role::CdcOfficer,
        Role::PoliceOfficer,
        Role::GateGuard,
        Role::Volunteer,
        Role::StoreReporter,
        Role::JusticeOfficer,
        Role::Counselor,
    ],
    writers: &[Role::DistrictAdmin, Role::OrgAdmin, Role::TownCadre],
    rules: &rules::PlaceRules,
    example: include_str!("../../../../openapi/examples/places/create.json"),
    ..Definition::FIELD_RECORD
});
