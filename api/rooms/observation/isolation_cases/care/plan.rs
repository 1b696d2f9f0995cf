//! Plan of a case's duties day by day, made ahead.

use chrono::{Days, NaiveDate};
use kit::time::day_of;

use super::case::Case;
use crate::records::write_context::WriteContext;
use crate::rooms::duties::Cadences;
use crate::rooms::observation::isolation_cases::duty_kinds::DAILY;
use crate::rooms::observation::isolation_cases::states::CARED_FOR;
use crate::rooms::observation::isolation_cases::wire::{ENDS_ON, STARTS_ON};

/// So many days after today are planned.
pub const HORIZON_DAYS: u64 = 1;
/// Planning never looks further back: more days than that are not made up for.
const MOST_DAYS: usize = 70;

impl Case {
    /// Makes the duties of all days up to the horizon that aren't there: those before today too, should
    /// nobody have planned then. Again and again gives the same. `from` is the first day whose duties are at
    /// hand; without it all are.
    pub fn plan(&mut self, write_context: &WriteContext, from: Option<NaiveDate>) {
        let values = &self.record.values;
        let (Some(first), Some(last)) = (values.get(&STARTS_ON), values.get(&ENDS_ON)) else { return };
        if !CARED_FOR.contains(&self.state()) || self.record.envelope.voided {
            return;
        }
        let since = self.accountable_from(write_context);
        let today = day_of(write_context.now, write_context.zone);
        let until = last.min(today.checked_add_days(Days::new(HORIZON_DAYS)).unwrap_or(today));
        let area_code = self.record.envelope.area_code.clone();
        let begin = day_of(since, write_context.zone).max(first).max(from.unwrap_or(first));
        let mut generator = rand::rng();
        for day in begin.iter_days().take_while(|day| *day <= until).take(MOST_DAYS) {
            for duty_kind in DAILY {
                let cadence = write_context.settings.of::<Cadences>().at(duty_kind, &area_code, day);
                let index = (day - first).num_days();
                let Some((cadence, window)) =
                    cadence.and_then(|cadence| Some((cadence, cadence.window(day, index, write_context.zone)?)))
                else {
                    continue;
                };
                let id = self.duty_id(duty_kind, day, write_context);
                // A random time that nobody drew in time lies after now, or nowhere.
                let from = if cadence.within_minutes.is_some() { since.max(write_context.now) } else { since };
                let expected = cadence.expected(window, from, &mut generator);
                // Nothing is expected of a time when the person was not there.
                if let Some(expected) = expected.filter(|(_, due_at)| self.is_observed_until(*due_at)) {
                    self.expect(id, (duty_kind, duty_kind.line()), None, expected, write_context);
                }
            }
        }
        self.settle(write_context);
    }
}
