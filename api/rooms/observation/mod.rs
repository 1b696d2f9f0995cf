//! Observation: cases, their care, and the policies by which they are kept.

pub mod codes;
pub mod isolation_cases;
pub mod observation_policies;
pub mod own_cases;

use crate::records::Theme;

/// This theme.
pub static THEME: Theme = Theme {
    kinds: &[
        &isolation_cases::ISOLATION_CASES,
        &isolation_cases::OBSERVATION_NOTICES,
        &isolation_cases::ISOLATION_CASE_TRANSITIONS,
        &isolation_cases::TEMPERATURE_READINGS,
        &isolation_cases::FOLLOW_UP_VISITS,
        &isolation_cases::SPOT_CHECKS,
        &isolation_cases::ERRANDS,
        &isolation_cases::VIOLATIONS,
        &isolation_cases::PATROL_LOGS,
    ],
    operations: || [observation_policies::operations(), isolation_cases::operations()].into_iter().flatten().collect(),
    schemas: observation_policies::schemas,
    settings: &[&observation_policies::POLICIES],
    before_recount: &[|core, district_code| Box::pin(isolation_cases::planner::recall(core, district_code))],
    problems: codes::PROBLEMS,
    faults: codes::FAULTS,
    ..Theme::NOTHING
};
