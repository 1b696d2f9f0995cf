//! Inspections looked at together: which venues were inspected on a day and which weren't, which items fail, where.

mod coverage;
mod results;

use chrono::NaiveDate;
use kit::field::{Field, Shape};
use kit::problem::Problem;
use kit::statement::{ColumnType, Statement};
use kit::text::Text;
use kit::time::day_start;
use kit::typed::TypedField;
use kit::value::Value;

use super::inspections::INSPECTIONS;
use crate::platform::http::{Call, Operation};
use crate::records::awaited::has_come;
use crate::records::envelope::AREA_CODE;
use crate::records::scope::{reached_at_places, readable, within};
use crate::rooms::registers::{PlaceKind, VENUE_KINDS};

/// The operations of this room.
pub fn operations() -> Vec<Operation> {
    vec![coverage::operation(), results::operation()]
}

const PLACE_KIND: TypedField<PlaceKind> = TypedField::named(
    "PLACE_KIND",
    Field::new(
        "place_kind",
        Shape::Word(PlaceKind::VOCABULARY),
        Text::new("Kind of venue", "场所类型"),
        "Only venues of this kind.",
    ),
);

/// Places as rows that name themselves: scope asks for the place of a row.
const VENUES: &str = "(SELECT *, id AS place_id FROM places) AS r";

/// Conditions that a statement over [`VENUES`] begins with: those that stand, within the caller's organisations or
/// watched by them, that he asks for. Everybody can name any place; not every venue is his to inspect.
fn venues(statement: Statement, call: &Call, district_code: &str) -> Result<Statement, Problem> {
    let kinds = VENUE_KINDS.iter().filter(|kind| call.query.get(&PLACE_KIND).is_none_or(|asked| asked == **kind));
    let statement = statement
        .text(district_code)
        .sql(" AND NOT r.voided AND r.kind = ANY(")
        .column(ColumnType::Text, kinds.map(|kind| Value::Text(kind.code().to_owned())).collect())
        .sql(") AND ");
    let statement = reached_at_places("r", statement, call.actor()?, INSPECTIONS.readers);
    Ok(match call.query.get(&AREA_CODE) {
        Some(area_code) => within("r", statement.sql(" AND "), area_code),
        None => statement,
    })
}

/// Conditions of inspections `i` that stand, happened in a period and may be seen; the statement has said of which
/// district.
fn inspections(statement: Statement, call: &Call, from: NaiveDate, to: NaiveDate) -> Result<Statement, Problem> {
    let instant =
        |day: Option<NaiveDate>| day.and_then(|day| day_start(day, call.core.zone)).map_or(Value::Null, Value::Instant);
    let statement = statement
        .sql(format!(" AND NOT i.voided AND {} AND i.occurred_at >= ", has_come("i.")))
        .bind(ColumnType::Instant, instant(Some(from)))
        .sql(" AND i.occurred_at < ")
        .bind(ColumnType::Instant, instant(to.succ_opt()))
        .sql(" AND ");
    Ok(readable("i", statement, call.actor()?, &INSPECTIONS))
}
