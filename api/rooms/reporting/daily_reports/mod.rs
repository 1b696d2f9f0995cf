//! Daily reports (日报告): what a unit reports of a day. Its figures come computed from its own records; whoever reports
//! confirms them or says why not. One a unit, kind and day; an explicit nothing counts, silence doesn't.
//!
//! - What a kind of report asks: [`asked`]. How much that is: [`computed`], by the evaluator's sums, before the write.
//! - One a day, reasons, and what a report does to its duty is decided under the lock: [`super::one_a_day`].

pub mod asked;
mod computed;
mod draft;
mod rules;
pub mod wire;

use kit::text::Text;

pub use self::rules::{lacking, slot as slot_of_report};
use self::wire::{FIELDS, IS_ZERO, ON_TIME, REPORT_KIND, REPORT_STATUS, REPORTED_ON, UNEXPLAINED};
use super::codes::{DIFFERS_FROM_RECORDS, RECORDS_EXIST};
use crate::platform::access::Role;
use crate::platform::http::Operation;
use crate::records::{Definition, Kind};

/// Roles that report for their unit.
pub const WRITERS: &[Role] = &[
    Role::DistrictAdmin,
    Role::OrgAdmin,
    Role::TownCadre,
    Role::VillageCadre,
    Role::HealthWorker,
    Role::CdcOfficer,
    Role::PoliceOfficer,
    Role::JusticeOfficer,
];

/// Roles that read reports: those that write them, and auditors.
pub const READERS: &[Role] = &[
    Role::DistrictAdmin,
    Role::OrgAdmin,
    Role::TownCadre,
    Role::VillageCadre,
    Role::HealthWorker,
    Role::CdcOfficer,
    Role::PoliceOfficer,
    Role::JusticeOfficer,
    Role::Auditor,
];

/// The kind.
pub static DAILY_REPORTS: Kind = Kind::of(Definition {
    name: "daily_reports",
    path: "daily-reports",
    schema: "DailyReport",
    label: Text::new("Daily report", "日报告"),
    about: "What an organisation reports of a day.",
    fields: FIELDS,
    filters: &[
        REPORT_KIND.name(),
        REPORTED_ON.name(),
        IS_ZERO.name(),
        REPORT_STATUS.name(),
        ON_TIME.name(),
        UNEXPLAINED.name(),
    ],
    readers: READERS,
    writers: WRITERS,
    rules: &rules::DailyReportRules,
    warnings: &[&DIFFERS_FROM_RECORDS, &RECORDS_EXIST],
    example: include_str!("../../../../openapi/examples/daily_reports/create.json"),
    ..Definition::FIELD_RECORD
});

/// The operations of this part of the room.
pub fn operations() -> Vec<Operation> {
    vec![draft::operation()]
}
