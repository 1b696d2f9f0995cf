//! Units: how an organisation set itself up for the epidemic.

mod codes;
mod open_one;
mod standing;
mod task_forces;
mod working_groups;

pub use working_groups::WORKING_GROUPS;

use kit::text::Text;

use crate::platform::access::Role;
use crate::records::Theme;

/// Roles that set a unit up: its administrator, a town, and the officers of justice for their six groups.
const FOUNDERS: &[Role] = &[Role::DistrictAdmin, Role::OrgAdmin, Role::TownCadre, Role::JusticeOfficer];

/// Roles that read how a unit is set up.
const READERS: &[Role] = &[
    Role::DistrictAdmin,
    Role::OrgAdmin,
    Role::Inspector,
    Role::TownCadre,
    Role::VillageCadre,
    Role::CdcOfficer,
    Role::JusticeOfficer,
    Role::Auditor,
];

/// This theme.
pub static THEME: Theme = Theme {
    title: Text::new("Units", "单位"),
    kinds: &[&task_forces::TASK_FORCES, &working_groups::WORKING_GROUPS],
    faults: codes::FAULTS,
    ..Theme::NOTHING
};
