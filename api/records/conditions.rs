//! Conditions of lists and figures that are no column's: what a parameter asks of row `r`.

use chrono::NaiveDate;
use chrono_tz::Tz;
use kit::field::Field;
use kit::statement::Statement;
use kit::value::{Value, Values};

/// Facts that a condition may use beside its own value.
pub struct ConditionContext<'a> {
    /// The district.
    pub district_code: &'a str,
    /// The other parameters.
    pub query: &'a Values,
    /// The district's zone.
    pub zone: Tz,
    /// Today there.
    pub today: NaiveDate,
}

/// A parameter, and what it asks.
pub struct Condition {
    /// The parameter.
    pub parameter: &'static Field,
    /// Adds the condition, ` AND …`, to a statement over rows called `r`.
    pub apply: fn(Statement, &Value, &ConditionContext<'_>) -> Statement,
}

/// Adds those conditions that a query asks for.
pub fn apply(conditions: &[Condition], statement: Statement, asking: &ConditionContext<'_>) -> Statement {
    conditions.iter().fold(statement, |statement, condition| match asking.query.get(condition.parameter.name) {
        Some(value) => (condition.apply)(statement, value, asking),
        None => statement,
    })
}
