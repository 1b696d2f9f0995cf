//! Whether a task force or a working group stood on a day: its own two days tell, so that a list and its figure are one.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use kit::field::{Field, Shape};
use kit::statement::{ColumnType, Statement};
use kit::text::Text;
use kit::time::day_start;
use kit::typed::TypedField;
use kit::value::Value;
use kit::words;

use crate::platform::codes::INVALID_ORDER;
use crate::records::envelope::OCCURRED_AT;
use crate::records::rules::{Move, StoodOn};
use crate::records::{Context, Draft, Measure, Record};
use kit::faults::Faults;

words! {
    /// Whether it is still there.
    pub GroupStatus "group_status" "Status" "状态" {
        Active "active" "active" "运行中";
        Dissolved "dissolved" "dissolved" "已撤销";
    }
}

/// The two days of a group.
pub struct Days {
    /// Since when it is there.
    pub established_on: &'static TypedField<NaiveDate>,
    /// Until when it was.
    pub dissolved_on: &'static TypedField<NaiveDate>,
    /// Whether it is.
    pub status: &'static TypedField<GroupStatus>,
}

impl Days {
    /// Holds the days against each other. A group that is told late is there since its day all the same.
    pub fn check(&self, draft: &mut Draft, context: &Context<'_>, faults: &mut Faults) {
        let (from, until) = (draft.values.get(self.established_on), draft.values.get(self.dissolved_on));
        if from.zip(until).is_some_and(|(from, until)| until < from) {
            let other = vec![("other", self.established_on.name().to_owned())];
            faults.add_with(draft.at(self.dissolved_on), INVALID_ORDER, other);
        }
        let began = from.filter(|_| draft.values.get(&OCCURRED_AT).is_none());
        if let Some(at) = began.and_then(|day| day_start(day, context.zone)) {
            draft.values.set(&OCCURRED_AT, at);
        }
    }

    /// Says how it stands.
    pub fn judge(&self, draft: &mut Draft) {
        let is_dissolved = draft.values.get(self.dissolved_on).is_some();
        let status = if is_dissolved { GroupStatus::Dissolved } else { GroupStatus::Active };
        draft.values.set(self.status, status);
    }

    /// Counts it from its beginning until its last day.
    pub fn moves(&self, record: &Record, measures: &[fn(i64) -> Measure]) -> Vec<Move> {
        let at = record.envelope.occurred_at;
        let dissolved_on = record.values.get(self.dissolved_on);
        // Noon by UTC is that day in every zone of the country.
        let dissolved_at = dissolved_on.and_then(|day| day.and_hms_opt(12, 0, 0)).map(|noon| noon.and_utc().max(at));
        let steps = [(Some(at), 1), (dissolved_at, -1)];
        let moved = |measure: &fn(i64) -> Measure| {
            let measure = *measure;
            steps
                .into_iter()
                .filter_map(move |(at, amount)| Some(Move { at: at?, measure: measure(amount), stood: None }))
        };
        measures.iter().flat_map(moved).collect()
    }
}

/// For lists of groups.
static STATUS_ON: Field = Field::new(
    "status_on",
    Shape::Day,
    Text::new("Status on", "状态日期"),
    "With `status`: as it was at the end of this day.",
);

/// Lists of groups by a status of the past.
pub static STOOD_ON: StoodOn = StoodOn { column: "status", parameter: &STATUS_ON, condition: stood };

/// The condition that group `r` stood so before an instant.
fn stood(statement: Statement, status: Option<&str>, until: DateTime<Utc>) -> Statement {
    // The day before its end, by the calendar of the country: an hour before midnight is still that day.
    let on_day = (until - TimeDelta::hours(12)).date_naive();
    let dissolved = |statement: Statement, operator: &str| {
        statement.sql(format!(" AND {operator} ")).bind(ColumnType::Day, Value::Day(on_day))
    };
    match status.and_then(GroupStatus::of_code) {
        Some(GroupStatus::Active) => dissolved(statement, "coalesce(r.dissolved_on, 'infinity') >"),
        Some(GroupStatus::Dissolved) => dissolved(statement, "r.dissolved_on <="),
        // Each group has one.
        None => statement.sql(" AND false"),
    }
}
