//! Duties (责任清单): what is expected of whom until when, as rows; closed by the record that proves it, in that
//! record's own transaction. *Missed* is a fact of the data, not a report that somebody writes.
//!
//! - The service writes them: people prove them by their records, waive them with a reason, hand them over.
//! - An abnormal passage asks the health centre to look after the person: [`follow_up`].
//! - When what is expected how often: [`cadences`], dated data.
//! - Which record proves which duty: [`matching`]. What is due and unproven is missed within a minute and goes
//!   one level up: [`worker`].

mod cadence_routes;
pub mod cadences;
pub mod duty;
pub mod escalation;
pub mod follow_up;
pub mod inherit;
pub mod matching;
mod routes;
pub mod summary;
mod wire;
pub mod worker;

use std::collections::BTreeMap;
use std::sync::LazyLock;

pub use follow_up::GATE_FOLLOW_UP;
use kit::text::Text;
pub use wire::{DUTY_KIND, LINE, above, line_of, lines_of};

use crate::platform::access::Role;
use crate::records::scope::Follows;
use crate::records::{Definition, Measure, Narrowed, Reach, Record, Rules, Theme};
use crate::rooms::observation::isolation_cases::FOLLOWS;

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

/// Roles that see duties: beside supervisors, everybody his own, and inspectors those of stores.
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
pub static DUTIES: Definition = Definition {
    name: "duties",
    path: "duties",
    schema: "Duty",
    label: Text::new("Duty", "责任清单"),
    about: "Something that is expected of somebody until a time. Written by the service.",
    fields: wire::FIELDS,
    filters: &[
        "duty_kind",
        "line",
        "state",
        "assignee_id",
        "subject_id",
        "late",
        "reported_late",
        "escalated_to",
        "explained",
    ],
    slow_changing: false,
    reached_by_lookup: false,
    reach: Reach::Area,
    readers: READERS,
    writers: &[],
    rules: &DutyRules,
    warnings: &[],
    example: include_str!("../../../openapi/examples/duties/served.json"),
    sequence: 2,
};

struct DutyRules;

/// Measures of duties by kind, such as `am_reading.missed`; where a kind has a second line, with that line, such as
/// `search@police_station.missed`.
static MEASURES: LazyLock<BTreeMap<String, &'static str>> = LazyLock::new(|| {
    let kinds = wire::DUTY_KIND.codes().into_iter();
    let kinds = kinds.flat_map(|kind| lines_of(kind).into_iter().map(move |line| counted_as(kind, line)));
    let named = kinds.flat_map(|kind| COUNTED.iter().map(move |counted| format!("{kind}.{counted}")));
    named.map(|name| (name.clone(), &*Box::leak(name.into_boxed_str()))).collect()
});
/// The kind, and the line where it isn't the kind's first.
fn counted_as(duty_kind: &str, line: &str) -> String {
    if line == line_of(duty_kind) { duty_kind.to_owned() } else { format!("{duty_kind}@{line}") }
}

/// Counts that are kept of each kind.
pub const COUNTED: [&str; 7] = ["expected", "open", "done", "missed", "waived", "late", "reported_late"];

impl Rules for DutyRules {
    fn plain_to_assignee(&self) -> bool {
        true
    }

    fn narrowed(&self, role: Role) -> Option<Narrowed> {
        match role {
            Role::Inspector => Some(Narrowed::AssignedOrOfStores),
            // The duties within a store's grant are the store's own.
            Role::StoreReporter => None,
            role if SUPERVISORS.contains(&role) => None,
            _ => Some(Narrowed::Assigned),
        }
    }

    fn place_column(&self) -> Option<&'static str> {
        Some("subject_id")
    }

    fn stands_when_known(&self) -> bool {
        true
    }

    /// A duty is about a case, or about something else whose id no case has.
    fn follows(&self) -> Option<Follows> {
        Some(Follows { column: "subject_id", ..FOLLOWS })
    }

    fn measures(&self, record: &Record) -> Vec<Measure> {
        let text = |name: &str| record.values.text(name).unwrap_or_default();
        let kind = counted_as(text("duty_kind"), text("line"));
        let flags = ["late", "reported_late"].into_iter().filter(|flag| record.values.boolean(flag) == Some(true));
        let counted = ["expected"].into_iter().chain(record.values.text("state")).chain(flags);
        counted.filter_map(|counted| MEASURES.get(&format!("{kind}.{counted}")).map(|measure| (*measure, 1))).collect()
    }
}

/// This theme.
pub static THEME: Theme = Theme {
    kinds: &[&DUTIES],
    operations: || {
        let parts = [routes::operations(), summary::operations(), cadence_routes::operations()];
        parts.into_iter().flatten().collect()
    },
    schemas: || cadence_routes::schemas(),
    settings: &[&cadences::CADENCES],
    workers: &[|core| Box::pin(worker::work(core))],
    ..Theme::NOTHING
};
