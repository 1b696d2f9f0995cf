//! Reports counted.

use rust_decimal::Decimal;
use serde::Serialize;
use utoipa::ToSchema;

use super::{ReportOfAUnit, Reported};

/// Reports counted. What is expected is due, on time, late or missing; corrected are some of those that came.
#[derive(Clone, Default, Serialize, ToSchema)]
pub struct ReportCounts {
    /// How many were expected, those that were waived left out.
    #[schema(minimum = 0, maximum = 1_000_000)]
    expected: i64,
    /// How many have time still.
    #[schema(minimum = 0, maximum = 1_000_000)]
    due: i64,
    /// How many came in time.
    #[schema(minimum = 0, maximum = 1_000_000)]
    on_time: i64,
    /// How many came late.
    #[schema(minimum = 0, maximum = 1_000_000)]
    late: i64,
    /// How many are missing.
    #[schema(minimum = 0, maximum = 1_000_000)]
    missing: i64,
    /// How many were corrected since.
    #[schema(minimum = 0, maximum = 1_000_000)]
    corrected: i64,
    /// How many say that there is nothing.
    #[schema(minimum = 0, maximum = 1_000_000)]
    zero: i64,
    /// Which share of those whose time is over came in time, 0 to 1; null where none is over.
    #[schema(required, max_length = 10)]
    on_time_rate: Option<String>,
}

impl ReportCounts {
    /// Adds a report that was due.
    pub fn add(&mut self, item: &ReportOfAUnit) {
        let counted = match item.standing {
            Reported::Waived => return,
            Reported::Due => &mut self.due,
            Reported::OnTime => &mut self.on_time,
            Reported::Late => &mut self.late,
            Reported::Missing => &mut self.missing,
        };
        *counted += 1;
        self.expected += 1;
        self.corrected += i64::from(item.corrected);
        self.zero += i64::from(item.is_zero);
    }

    /// Adds others.
    pub fn add_all(&mut self, other: &Self) {
        self.expected += other.expected;
        self.due += other.due;
        self.on_time += other.on_time;
        self.late += other.late;
        self.missing += other.missing;
        self.corrected += other.corrected;
        self.zero += other.zero;
    }

    /// With the share of those that came in time.
    pub fn finished(mut self) -> Self {
        let over = Decimal::from(self.expected - self.due);
        let rate = Decimal::from(self.on_time).checked_div(over);
        self.on_time_rate = rate.map(|rate| rate.round_dp(4).normalize().to_string());
        self
    }
}
