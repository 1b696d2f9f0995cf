//! Observation: cases, their care, and the policies by which they are kept.

mod codes;
mod isolation_cases;
mod observation_policies;
pub mod own_cases;

pub use isolation_cases::care::{CareDecider, HORIZON_DAYS, KEPT_ID, MERGE as MERGE_CASES, RECALL};
pub use isolation_cases::states::legal;
pub use isolation_cases::wire as case;
pub use isolation_cases::wire::ObservationAnchor;
pub use isolation_cases::{
    CARERS, CASE_ID, FOLLOW_UP_VISITS, FOLLOWS, ISOLATION_CASES, IsolationState, IsolationTransition, SupervisorLevel,
    TEMPERATURE_READINGS, VIOLATIONS, ViolationOutcome, violations, visits,
};
use isolation_cases::{duty_kinds, planner};
use kit::text::Text;

use crate::records::Theme;
use crate::rooms::duties::{Answerers, DutySource};

/// Duties of those who look after cases.
pub const DUTY_SOURCE: DutySource = DutySource {
    kinds: duty_kinds::DUTY_KINDS,
    fevers: &[duty_kinds::FEVER_ALERT],
    plan: Some(|core, district_code| Box::pin(planner::plan(core, district_code))),
    after_missed: Some(|core, district_code| Box::pin(planner::note_silence(core, district_code))),
    answerers: Some(Answerers {
        subject: &isolation_cases::ISOLATION_CASES,
        accounts: |core, district_code, duties| Box::pin(planner::supervisors_above(core, district_code, duties)),
        give_on: planner::give_on,
    }),
    ..DutySource::NOTHING
};

/// This theme.
pub static THEME: Theme = Theme {
    title: Text::new("Observation at home", "居家观察"),
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
