//! Reporting (信息报送): what was asked for from above, who belongs to a unit, what each unit reports a day and each worker
//! logs. Drafts come computed from the records; whoever reports confirms them or says why not. A zero counts, silence is
//! missed.

mod codes;
mod daily_reports;
mod directives;
mod duty_kinds;
mod expected;
mod figures;
mod one_a_day;
mod org_members;
mod planner;
mod proofs;
mod report_kinds;
mod reporting_requirements;
mod statistics;
mod work_logs;

use kit::text::Text;

use crate::records::Theme;
use crate::rooms::duties::DutySource;

/// Duties of reporting: units' reports and bulletins, workers' logs.
pub const DUTY_SOURCE: DutySource = DutySource {
    kinds: duty_kinds::DUTY_KINDS,
    plan: Some(|core, district_code| Box::pin(planner::plan(core, district_code))),
    accounts: Some(|core, district_code, duties| Box::pin(planner::above(core, district_code, duties))),
    ..DutySource::NOTHING
};

/// This theme.
pub static THEME: Theme = Theme {
    title: Text::new("Reporting", "信息报送"),
    kinds: &[
        &directives::DIRECTIVES,
        &org_members::ORG_MEMBERS,
        &reporting_requirements::REPORTING_REQUIREMENTS,
        &daily_reports::DAILY_REPORTS,
        &work_logs::WORK_LOGS,
    ],
    operations: || {
        let parts = [daily_reports::operations(), work_logs::operations(), statistics::operations()];
        parts.into_iter().flatten().collect()
    },
    settings: &[
        &reporting_requirements::in_force::REQUIREMENTS,
        &daily_reports::asked::ASKED_FIGURES,
        &work_logs::counted::LOGGED_KINDS,
    ],
    figures: &[&figures::REPORTING_FIGURES],
    vocabularies: &[statistics::Reported::VOCABULARY],
    faults: codes::FAULTS,
    ..Theme::NOTHING
};
