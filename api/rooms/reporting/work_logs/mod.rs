//! Work logs (工作日志): what somebody did on a day, level by level. They write themselves: the author's own records of the
//! day are counted and worded, and he adds what no record tells. One an author and day.

pub mod counted;
mod draft;
mod rules;
pub mod wire;

use kit::text::Text;

pub use self::draft::line_of;
use self::wire::{FIELDS, IS_ZERO, LEVEL};
pub use self::wire::{USER_ID, WORKED_ON};
use super::codes::{DIFFERS_FROM_RECORDS, RECORDS_EXIST};
use crate::platform::access::Role;
use crate::platform::http::Operation;
use crate::records::{Definition, Kind};

/// Roles that keep logs.
pub const KEEPERS: &[Role] = &[
    Role::DistrictAdmin,
    Role::OrgAdmin,
    Role::GridWorker,
    Role::TownCadre,
    Role::VillageCadre,
    Role::GroupCadre,
    Role::HealthWorker,
    Role::CdcOfficer,
    Role::PoliceOfficer,
    Role::JusticeOfficer,
    Role::Inspector,
];

/// The kind.
pub static WORK_LOGS: Kind = Kind::of(Definition {
    name: "work_logs",
    path: "work-logs",
    schema: "WorkLog",
    label: Text::new("Work log", "工作日志"),
    about: "What somebody did on a day.",
    fields: FIELDS,
    filters: &[LEVEL.name(), WORKED_ON.name(), USER_ID.name(), IS_ZERO.name()],
    readers: KEEPERS,
    writers: KEEPERS,
    rules: &rules::WorkLogRules,
    warnings: &[&DIFFERS_FROM_RECORDS, &RECORDS_EXIST],
    example: include_str!("../../../../openapi/examples/work_logs/create.json"),
    ..Definition::FIELD_RECORD
});

/// The operations of this part of the room.
pub fn operations() -> Vec<Operation> {
    vec![draft::operation()]
}
