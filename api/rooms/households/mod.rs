//! Households (户): who lives where, in groups of ten under a leader, and the rounds in which somebody looks at each of
//! them, so that nobody is missed (不漏一户、不漏一人).

mod care_policies;
mod codes;
mod duties;
mod gaps;
mod grid_cells;
mod household_groups;
mod household_members;
#[allow(clippy::module_inception)] // the theme has the name of its register
mod households;
mod roots;
mod survey_rounds;
mod survey_visits;

pub use self::survey_rounds::{refresh, remake};
use kit::text::Text;

use crate::platform::access::Role;
use crate::records::Theme;
pub use duties::DUTY_SOURCE;
pub use survey_rounds::{close_round, start_round};

/// Roles that survey and read what was surveyed.
const READERS: &[Role] = &[
    Role::DistrictAdmin,
    Role::OrgAdmin,
    Role::GridWorker,
    Role::TownCadre,
    Role::VillageCadre,
    Role::GroupCadre,
    Role::HealthWorker,
    Role::CdcOfficer,
    Role::PoliceOfficer,
    Role::Volunteer,
];

/// Roles that keep the register of households.
const KEEPERS: &[Role] = &[
    Role::DistrictAdmin,
    Role::OrgAdmin,
    Role::GridWorker,
    Role::TownCadre,
    Role::VillageCadre,
    Role::GroupCadre,
    Role::Volunteer,
];

/// This theme.
pub static THEME: Theme = Theme {
    title: Text::new("Households and rounds", "住户与摸排"),
    kinds: &[
        &grid_cells::GRID_CELLS,
        &household_groups::policies::HOUSEHOLD_GROUP_POLICIES,
        &care_policies::CARE_POLICIES,
        &household_groups::HOUSEHOLD_GROUPS,
        &households::HOUSEHOLDS,
        &household_members::HOUSEHOLD_MEMBERS,
        &survey_rounds::SURVEY_ROUNDS,
        &survey_visits::SURVEY_VISITS,
    ],
    operations: || {
        [
            households::operations(),
            survey_rounds::operations(),
            household_groups::operations(),
            household_groups::gaps::operations(),
            gaps::operations(),
            care_policies::in_force::operations(),
        ]
        .into_iter()
        .flatten()
        .collect()
    },
    figures: &[&survey_rounds::figures::COVERAGE_FIGURES],
    workers: &[("survey_rounds", |core| Box::pin(survey_rounds::worker::work(core)))],
    before_recount: &[|core, district_code| Box::pin(survey_rounds::remake(core, district_code))],
    proofs: &[|core, district_code| Box::pin(survey_rounds::unproven(core, district_code))],
    problems: codes::PROBLEMS,
    faults: codes::FAULTS,
    ..Theme::NOTHING
};
