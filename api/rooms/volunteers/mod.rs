//! Volunteers: who they are, their shifts and their hours.

mod codes;
mod duty_kinds;
mod roster;
mod service_rules;
mod shifts;
mod teams;
#[allow(clippy::module_inception)] // the theme has the name of its register
mod volunteers;

pub use teams::ROSTER_READERS;

use kit::text::Text;

use crate::records::Theme;
use crate::rooms::duties::DutySource;

/// Duties of shifts.
pub const DUTY_SOURCE: DutySource = DutySource {
    kinds: duty_kinds::DUTY_KINDS,
    plan: Some(|core, district_code| Box::pin(roster::worker::look(core, district_code))),
    ..DutySource::NOTHING
};

/// This theme.
pub static THEME: Theme = Theme {
    title: Text::new("Volunteers", "志愿者"),
    kinds: &[
        &teams::TEAMS,
        &volunteers::VOLUNTEERS,
        &service_rules::SERVICE_RULES,
        &shifts::templates::SHIFT_TEMPLATES,
        &shifts::SHIFTS,
        &shifts::assignments::SHIFT_ASSIGNMENTS,
        &shifts::attendances::SHIFT_ATTENDANCES,
        &shifts::service_records::SERVICE_RECORDS,
    ],
    operations: || [shifts::operations(), roster::operations()].into_iter().flatten().collect(),
    before_recount: &[|core, district_code| Box::pin(roster::worker::align(core, district_code))],
    faults: codes::FAULTS,
    ..Theme::NOTHING
};
