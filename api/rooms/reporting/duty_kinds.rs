//! Duties to report: a unit's daily reports and bulletins, a worker's log.

use chrono::NaiveDate;
use chrono_tz::Tz;
use kit::columns;
use kit::time::day_of;

use super::daily_reports::DAILY_REPORTS;
use super::work_logs::WORK_LOGS;
use crate::rooms::duties::{Contact, Expectation, duty_kinds};

columns! {
    /// Day of which something tells.
    pub DAY "day": NaiveDate;
}

/// Kind of the editions that units issue.
pub const EDITIONS: &str = "bulletin_editions";

duty_kinds! {
    /// All of them.
    pub const DUTY_KINDS;
    /// A unit has one for each requirement and day.
    DAILY_REPORT "daily_report" "daily report of a unit" "单位日报告" [Unit]
        |duty, contact, zone| contact.kind == DAILY_REPORTS.name && is_of_its_day(duty, contact, zone);
    /// The same, where the requirement asks for a bulletin.
    BULLETIN "bulletin" "bulletin of a unit" "综合简报" [Unit]
        |duty, contact, zone| contact.kind == EDITIONS && is_of_its_day(duty, contact, zone);
    /// Whoever keeps a log has one each day.
    WORK_LOG "work_log" "work log" "工作日志" [Village, Town, Group, Unit]
        |duty, contact, zone| contact.kind == WORK_LOGS.name && is_of_its_day(duty, contact, zone);
}

fn is_of_its_day(duty: &Expectation, contact: &Contact, zone: Tz) -> bool {
    contact.values.get(&DAY) == Some(day_of(duty.opens_at, zone))
}
