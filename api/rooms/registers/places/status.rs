//! A place's status over time: told at once or later, the history is in the order of what happened.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use kit::field::{Field, Shape};
use kit::statement::{ColumnType, Statement};
use kit::text::Text;
use kit::value::{Value, Values};

use super::wire::{OPERATING_STATUS, OPERATING_STATUS_HISTORY, OperatingStatus, StatusPeriod};
use crate::records::rules::StoodOn;

/// For lists of places.
static STATUS_ON: Field = Field::new(
    "operating_status_on",
    Shape::Day,
    Text::new("Status on", "营业状态日期"),
    "With `operating_status`: as it was at the end of this day.",
);

/// Lists of places by a status of the past.
pub static STOOD_ON: StoodOn = StoodOn { column: OPERATING_STATUS.name(), parameter: &STATUS_ON, condition: stood };

/// Statuses with their beginnings, the oldest first, no two alike in a row.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History(Vec<(DateTime<Utc>, OperatingStatus)>);

impl History {
    /// As a place tells it.
    pub fn of(values: &Values) -> Self {
        let periods = values.list(&OPERATING_STATUS_HISTORY);
        Self(periods.map(|period| (period.since_at.to_utc(), period.operating_status)).collect())
    }

    /// The last status and its beginning: what stands.
    pub fn last(&self) -> Option<(OperatingStatus, DateTime<Utc>)> {
        self.0.last().map(|(since_at, status)| (*status, *since_at))
    }

    /// A status is told, with when it began if that was said. The one that stands may be dated anew: what began since
    /// wasn't so. Another one of an earlier time is put where it belongs.
    pub fn tell(&mut self, status: OperatingStatus, since_at: Option<DateTime<Utc>>, by_default: DateTime<Utc>) {
        let stands = self.last().is_some_and(|(last, _)| last == status);
        match since_at {
            None if stands => return,
            Some(since_at) if stands => {
                self.0.pop();
                self.0.retain(|(other, _)| *other < since_at);
            }
            _ => {}
        }
        let since_at = since_at.unwrap_or(by_default);
        self.0.retain(|(other, _)| *other != since_at);
        self.0.push((since_at, status));
        self.0.sort_by_key(|(since_at, _)| *since_at);
        self.0.dedup_by(|later, earlier| later.1 == earlier.1);
    }

    /// As it is stored.
    pub fn in_zone(&self, zone: Tz) -> Vec<StatusPeriod> {
        let period = |(since_at, operating_status): &(DateTime<Utc>, OperatingStatus)| {
            let since_at = since_at.with_timezone(&zone).fixed_offset();
            StatusPeriod { operating_status: *operating_status, since_at }
        };
        self.0.iter().map(period).collect()
    }
}

/// The condition that place `r` stood in a status before an instant, or had none yet.
fn stood(statement: Statement, status: Option<&str>, until: DateTime<Utc>) -> Statement {
    let statement = statement
        .sql(" AND (SELECT h.period->>'operating_status' FROM jsonb_array_elements(r.operating_status_history) AS h(period) WHERE (h.period->>'since_at')::timestamptz < ")
        .bind(ColumnType::Instant, Value::Instant(until))
        .sql(" ORDER BY (h.period->>'since_at')::timestamptz DESC LIMIT 1)");
    match status {
        Some(status) => statement.sql(" = ").text(status),
        None => statement.sql(" IS NULL"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(periods: &[(&str, &str)]) -> Vec<String> {
        let mut history = History::default();
        for (status, on) in periods {
            let at: DateTime<Utc> = format!("{on}T08:00:00+08:00").parse().unwrap();
            history.tell(OperatingStatus::of_code(status).unwrap(), Some(at), at);
        }
        history.0.iter().map(|(since_at, status)| format!("{status} {}", since_at.format("%m-%d"))).collect()
    }

    #[test]
    fn statuses_stand_in_the_order_of_what_happened() {
        assert_eq!(
            told(&[("open", "2020-01-20"), ("suspended", "2020-02-01"), ("takeaway_only", "2020-01-28")]),
            ["open 01-20", "takeaway_only 01-28", "suspended 02-01"]
        );
        assert_eq!(
            told(&[("open", "2020-01-20"), ("suspended", "2020-02-01"), ("suspended", "2020-01-25")]),
            ["open 01-20", "suspended 01-25"],
            "the one that stands, dated anew"
        );
        assert_eq!(
            told(&[
                ("open", "2020-01-20"),
                ("suspended", "2020-01-25"),
                ("open", "2020-02-01"),
                ("open", "2020-01-23")
            ]),
            ["open 01-20"],
            "it was never suspended"
        );
        assert_eq!(
            told(&[("open", "2020-01-20"), ("suspended", "2020-02-01"), ("closed", "2020-02-01")]),
            ["open 01-20", "closed 02-01"]
        );
        assert_eq!(told(&[("open", "2020-01-20"), ("open", "2020-02-01")]), ["open 02-01"], "dated later");
        let mut history = History::default();
        let now: DateTime<Utc> = "2020-02-01T08:00:00+08:00".parse().unwrap();
        history.tell(OperatingStatus::Open, None, now);
        history.tell(OperatingStatus::Open, None, now + chrono::TimeDelta::days(1));
        assert_eq!(history.last(), Some((OperatingStatus::Open, now)), "sent once more, it began when it began");
    }
}
