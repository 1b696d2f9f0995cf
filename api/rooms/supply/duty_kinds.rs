//! The duty of a store.

use kit::time::day_of;

use super::supply_reports::{REPORTED_ON, SUPPLY_REPORTS};
use crate::rooms::duties::duty_kinds;

duty_kinds! {
    /// The only one.
    pub const DUTY_KINDS;
    /// A store has one each day on which it is open.
    SUPPLY_REPORT "supply_report" "daily report of a store" "门店进销存日报" [Store]
        |duty, contact, zone| {
            contact.kind == SUPPLY_REPORTS.name
                && contact.values.get(&REPORTED_ON) == Some(day_of(duty.opens_at, zone))
        };
}
