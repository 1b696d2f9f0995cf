//! How a record stood on a day that is over, for kinds that keep the history of their state.

use chrono::{DateTime, Utc};
use kit::field::{Field, Shape};
use kit::statement::{ColumnType, Statement};
use kit::text::Text;
use kit::value::Value;

use super::definition::Kind;

/// The field that holds the history: `state`, `since_at` of each step. Without one a record is as it began.
pub const HISTORY: &str = "state_history";

/// Parameter for lists of such kinds.
pub static STATE_ON: Field = Field::new(
    "state_on",
    Shape::Day,
    Text::new("State on", "状态日期"),
    "With `state`: as it was at the end of this day.",
);

/// The condition that row `r` stood in a state before an instant: by the last step such that neither it nor one
/// before it happened later; before all steps in the first state there is.
pub fn stood(statement: Statement, kind: &Kind, state: &str, until: DateTime<Utc>) -> Statement {
    let first = match kind.field("state").map(|field| field.shape) {
        Some(Shape::Word(states)) => states.words.first().map_or("", |word| word.code),
        _ => "",
    };
    statement
        .sql(" AND coalesce((SELECT h.step->>'state' FROM jsonb_array_elements(r.state_history) WITH ORDINALITY AS h(step, n) WHERE NOT EXISTS (SELECT 1 FROM jsonb_array_elements(r.state_history) WITH ORDINALITY AS k(step, n) WHERE k.n <= h.n AND (k.step->>'since_at')::timestamptz >= ")
        .bind(ColumnType::Instant, Value::Instant(until))
        .sql(") ORDER BY h.n DESC LIMIT 1), ")
        .text(first)
        .sql(") = ")
        .text(state)
}
