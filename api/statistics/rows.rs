//! Figures counted from the records themselves, where a request narrows them by what no rollup keeps apart. Within
//! bounds: of at most a quarter, by the index over time.

use kit::problem::Problem;
use kit::statement::{ColumnType, Statement};
use kit::time::day_start;
use kit::value::Value;

use super::asked::{Asked, By};
use super::rollups::{Read, narrowed, read_cells};
use crate::platform::http::Call;
use crate::records::Figure;
use crate::records::conditions::{self, ConditionContext};
use crate::records::scope::reached;

/// The condition that a record `r` counts: neither void, nor of what lies ahead.
pub const COUNTED: &str =
    "NOT r.voided AND ((r.capture -> 'awaited') IS NULL OR r.capture -> 'awaited' -> 'counted' = 'true')";

/// Counts what is asked for.
pub async fn read(call: &Call, asked: &Asked) -> Result<Read, Problem> {
    let head = Statement::new("SELECT 'head' AS part, '' AS key, '' AS measure, c.last_no AS value, 0::bigint AS previous FROM district_clocks AS c WHERE c.district_code = ")
        .text(&asked.district_code)
        .sql(" UNION ALL ");
    let statement = counted(call, asked, head.sql("SELECT 'events', t.* FROM ("), &key(asked))?.sql(") AS t");
    let once = |statement: Statement| statement.sql(" UNION ALL SELECT 'kept', t.* FROM (");
    let statement = once_a_day(call, asked, once(statement), &key(asked))?.sql(") AS t");
    let in_all = |statement: Statement| statement.sql(" UNION ALL SELECT 'kept_in_all', t.* FROM (");
    let statement = once_a_day(call, asked, in_all(statement), "''")?.sql(") AS t");
    read_cells(call, &statement).await
}

/// Which line a row is of.
fn key(asked: &Asked) -> String {
    match asked.by {
        By::Total => "''".to_owned(),
        By::Day => "(d.on_day + s.shift)::text".to_owned(),
        By::Hour => "(d.on_day + s.shift)::text || ' ' || lpad(d.hour::text, 2, '0')".to_owned(),
        By::Area => format!("left(r.area_code, {})", asked.below()),
        By::Place => "r.place_id::text".to_owned(),
        By::Org => "coalesce(r.org_id, '00000000-0000-0000-0000-000000000000')::text".to_owned(),
    }
}

/// Events: each row is one.
fn counted(call: &Call, asked: &Asked, statement: Statement, key: &str) -> Result<Statement, Problem> {
    let figures = asked.kind.rules.figures().iter().filter(|figure| !figure.distinct);
    per_figure(call, asked, statement, key, figures, |_, condition| format!("count(*) FILTER (WHERE {condition})"))
}

/// Counts things once a day, however many rows name them.
fn once_a_day(call: &Call, asked: &Asked, statement: Statement, key: &str) -> Result<Statement, Problem> {
    let figures = asked.kind.rules.figures().iter().filter(|figure| figure.kept_as.is_some());
    per_figure(call, asked, statement, key, figures, |figure, _| {
        let named = asked.kind.rules.distinct_rows(figure.measure);
        format!("count(DISTINCT (d.on_day, {named})) FILTER (WHERE ({named}) IS NOT NULL)")
    })
}

/// `key, measure, value, previous` of some figures: one reading of the rows, whatever their number.
fn per_figure(
    call: &Call,
    asked: &Asked,
    statement: Statement,
    key: &str,
    figures: impl Iterator<Item = &'static Figure>,
    count: impl Fn(&Figure, &str) -> String,
) -> Result<Statement, Problem> {
    let figures: Vec<&Figure> = figures.collect();
    let columns: Vec<String> = figures
        .iter()
        .enumerate()
        .map(|(index, figure)| format!("{} AS c{index}", count(figure, &condition(figure))))
        .collect();
    let values: Vec<String> =
        figures.iter().enumerate().map(|(index, figure)| format!("('{}', g.c{index})", figure.measure)).collect();
    if figures.is_empty() {
        return Ok(statement.sql("SELECT ''::text, ''::text, 0::bigint, 0::bigint WHERE false"));
    }
    let statement = statement.sql(format!(
        "SELECT g.key, m.measure, coalesce(sum(m.value) FILTER (WHERE g.shift = 0), 0)::bigint, coalesce(sum(m.value) FILTER (WHERE g.shift > 0), 0)::bigint FROM (SELECT {key} AS key, s.shift, {} FROM ",
        columns.join(", ")
    ));
    let statement = rows(call, asked, statement)?;
    Ok(statement.sql(format!(
        " GROUP BY 1, 2) AS g CROSS JOIN LATERAL (VALUES {}) AS m(measure, value) GROUP BY 1, 2",
        values.join(", ")
    )))
}

/// `<rows r, their day d, their shift s> WHERE` they are asked for.
fn rows(call: &Call, asked: &Asked, statement: Statement) -> Result<Statement, Problem> {
    let zone = call.core.zone;
    let instant = |day| Value::Instant(day_start(day, zone).unwrap_or_default());
    let day = |statement: Statement, day| statement.bind(ColumnType::Day, Value::Day(day));
    let from_on = asked.from_on.unwrap_or(asked.to_on);
    let before = asked.before().0.unwrap_or(from_on);
    let statement = statement
        .sql(format!("{} AS r CROSS JOIN LATERAL (SELECT (r.occurred_at AT TIME ZONE ", asked.kind.name))
        .text(zone.name())
        .sql(")::date AS on_day, extract(hour FROM r.occurred_at AT TIME ZONE ")
        .text(zone.name())
        .sql(format!(")::integer AS hour OFFSET 0) AS d CROSS JOIN (VALUES (0), ({})) AS s(shift) WHERE {COUNTED} AND r.district_code = ", asked.shift()))
        .text(&asked.district_code)
        .sql(" AND r.occurred_at >= ")
        .bind(ColumnType::Instant, instant(before))
        .sql(" AND r.occurred_at < ")
        .bind(ColumnType::Instant, instant(asked.to_on.succ_opt().unwrap_or(asked.to_on)));
    let statement = day(statement.sql(" AND d.on_day + s.shift <= "), asked.to_on);
    let statement = day(statement.sql(" AND d.on_day + s.shift >= "), from_on);
    let statement = narrowed(statement, asked);
    let asking = ConditionContext { district_code: &asked.district_code, query: &call.query, zone, today: asked.today };
    let statement = conditions::apply(asked.kind.rules.narrowed_by(), statement, &asking);
    Ok(reached("r", statement.sql(" AND "), call.actor()?, asked.roles, true))
}

/// A figure's own condition as SQL: `direction=in` of the list is `r.direction = 'in'` here.
fn condition(figure: &Figure) -> String {
    let one = |pair: &str| match pair.split_once('=') {
        Some((field, value @ ("true" | "false"))) => format!("r.{field} = {value}"),
        Some((field, value)) => format!("r.{field} = '{value}'"),
        None => "true".to_owned(),
    };
    figure.filter.split('&').map(one).collect::<Vec<_>>().join(" AND ")
}
