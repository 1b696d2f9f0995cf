//! How a household stood on a day: its own dates tell, so that a list and the figure of the register are one.

use chrono::{DateTime, TimeDelta, Utc};
use kit::field::{Field, Shape};
use kit::statement::{ColumnType, Statement};
use kit::text::Text;
use kit::value::Value;

use super::{HouseholdStatus, STATUS};
use crate::records::rules::StoodOn;

/// For lists of households.
static STATUS_ON: Field = Field::new(
    "status_on",
    Shape::Day,
    Text::new("Status on", "状态日期"),
    "With `status`: as it was at the end of this day.",
);

/// Lists of households by a status of the past.
pub static STOOD_ON: StoodOn = StoodOn { column: STATUS.name(), parameter: &STATUS_ON, condition: stood };

/// The condition that household `r` stood in a status before an instant. One that was merged counts nowhere by itself,
/// whenever that was found out.
fn stood(statement: Statement, status: Option<&str>, until: DateTime<Utc>) -> Statement {
    // The day before its end, by the calendar of the country: an hour before midnight is still that day.
    let on_day = (until - TimeDelta::hours(12)).date_naive();
    let ended = |statement: Statement, operator: &str| {
        let statement = statement.sql(format!(" AND r.merged_into IS NULL AND {operator} "));
        statement.bind(ColumnType::Day, Value::Day(on_day))
    };
    match status.and_then(HouseholdStatus::of_code) {
        Some(HouseholdStatus::Active) => ended(statement, "coalesce(r.ended_on, 'infinity') >"),
        Some(HouseholdStatus::Ended) => ended(statement, "r.ended_on <="),
        Some(HouseholdStatus::Merged) => statement.sql(" AND r.merged_into IS NOT NULL"),
        // Each household has one.
        None => statement.sql(" AND false"),
    }
}
