//! Reading the rollups: one statement, so that figures and the number they are as of are one snapshot.

use kit::columns;
use kit::problem::Problem;
use kit::statement::{ColumnType, Statement};
use kit::value::Value;

use super::asked::{Asked, By, Persons};
use crate::platform::http::Call;
use crate::records::scope::{reached_at_places, within};

columns! {
    VALUE "value": i64;
    PREVIOUS "previous": i64;
    KEY "key": String;
    MEASURE "measure": String;
    PART "part": String;
}

/// A figure of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    /// Line it belongs to: a day, `<day> <hour>`, an area, a place, an organisation; `<day> <township>` where small
    /// numbers are to be hidden.
    pub key: String,
    /// The figure's measure.
    pub measure: String,
    /// Value in the period.
    pub value: i64,
    /// Value in the period before.
    pub previous: i64,
}

/// Figures as they were read.
#[derive(Default)]
pub struct Read {
    /// Number of the change as of which it was read.
    pub head: i64,
    /// Events by line.
    pub cells: Vec<Cell>,
    /// Different people by line.
    pub persons: Vec<Cell>,
    /// Different people of all lines.
    pub persons_in_all: Option<Cell>,
    /// Figures that count a thing once a day, by line.
    pub kept: Vec<Cell>,
    /// The same of all lines.
    pub kept_in_all: Vec<Cell>,
}

/// Reads what is asked for.
pub async fn read(call: &Call, asked: &Asked) -> Result<Read, Problem> {
    let mut statement = Statement::new("SELECT 'head' AS part, '' AS key, '' AS measure, c.last_no AS value, 0::bigint AS previous FROM district_clocks AS c WHERE c.district_code = ")
        .text(&asked.district_code)
        .sql(" UNION ALL ")
        .then(events(call, asked)?);
    let columns = [("persons", asked.persons, asked.by), ("persons_in_all", asked.persons_in_all, By::Total)];
    for (part, persons, by) in columns {
        let by = if asked.covered { By::Area } else { by };
        if let Some(people) = people(asked, part, (asked.kind.name, ""), persons, by) {
            statement = statement.sql(" UNION ALL ").then(people);
        }
    }
    let kept = [("kept", asked.persons, asked.by), ("kept_in_all", asked.persons_in_all, By::Total)];
    for figure in asked.kind.rules.figures().iter().filter(|_| !asked.covered) {
        for (part, persons, by) in kept {
            let Some(name) = figure.kept_as.filter(|_| persons != Persons::Unknown) else { continue };
            // Only once a day, or over the period as people are.
            let counted = if figure.different.is_some() { persons } else { Persons::Days };
            if let Some(kept) = people(asked, part, (name, figure.measure), counted, by) {
                statement = statement.sql(" UNION ALL ").then(kept);
            }
        }
    }
    read_cells(call, &statement).await
}

/// Runs a statement of parts: `part, key, measure, value, previous`.
pub async fn read_cells(call: &Call, statement: &Statement) -> Result<Read, Problem> {
    let mut read = Read::default();
    for mut row in call.core.database.read(statement).await? {
        let (value, previous) = (row.get(&VALUE).unwrap_or(0), row.get(&PREVIOUS).unwrap_or(0));
        let text = |value: Option<String>| value.unwrap_or_default();
        let cell = Cell { key: text(row.get(&KEY)), measure: text(row.get(&MEASURE)), value, previous };
        match row.get(&PART).as_deref() {
            Some("head") => read.head = value,
            Some("persons") => read.persons.push(cell),
            Some("persons_in_all") => read.persons_in_all = Some(cell),
            Some("kept") => read.kept.push(cell),
            Some("kept_in_all") => read.kept_in_all.push(cell),
            _ => read.cells.push(cell),
        }
    }
    Ok(read)
}

/// As much as a figure can show; a sum beyond it is told as this.
const SUMS: &str = "least(coalesce(sum(r.{column}) FILTER (WHERE s.shift = 0), 0), 9000000000000000000)::bigint AS value, least(coalesce(sum(r.{column}) FILTER (WHERE s.shift > 0), 0), 9000000000000000000)::bigint AS previous";

fn sums(column: &str) -> String {
    SUMS.replace("{column}", column)
}

/// Each row stands for its own period and, shifted, for the one it is compared with.
fn periods(statement: Statement, asked: &Asked) -> Statement {
    let day = |day| (ColumnType::Day, Value::Day(day));
    let (to_type, to_on) = day(asked.to_on);
    let statement = statement
        .sql(" AND r.on_day <= ")
        .bind(to_type, to_on.clone())
        .sql(" AND r.on_day + s.shift <= ")
        .bind(to_type, to_on);
    let (Some(from_on), (Some(before), _)) = (asked.from_on, asked.before()) else { return statement };
    let (from_type, from_on) = day(from_on);
    statement
        .sql(" AND r.on_day >= ")
        .bind(from_type, Value::Day(before))
        .sql(" AND r.on_day + s.shift >= ")
        .bind(from_type, from_on)
}

fn events(call: &Call, asked: &Asked) -> Result<Statement, Problem> {
    let figures = asked.kind.rules.figures().iter().filter(|figure| !figure.distinct);
    let measures: Vec<String> = figures.map(|figure| format!("'{}'", figure.measure)).collect();
    let (table, key) = match asked.by {
        _ if asked.covered => {
            ("record_rollups", "(r.on_day + s.shift)::text || ' ' || left(r.area_code, 9)".to_owned())
        }
        By::Total => ("record_rollups", "''".to_owned()),
        By::Day => ("record_rollups", "(r.on_day + s.shift)::text".to_owned()),
        By::Hour => ("hourly_rollups", "(r.on_day + s.shift)::text || ' ' || lpad(r.hour::text, 2, '0')".to_owned()),
        By::Area => ("record_rollups", format!("left(r.area_code, {})", asked.below())),
        By::Place => ("record_rollups", "r.place_id::text".to_owned()),
        By::Org => ("record_rollups", "r.org_id::text".to_owned()),
    };
    let statement = Statement::new(format!(
        "SELECT 'events', {key}, r.measure, {} FROM {table} AS r CROSS JOIN (VALUES (0), ({})) AS s(shift) WHERE r.kind = '{}' AND r.measure IN ({}) AND r.district_code = ",
        sums("total"),
        asked.shift(),
        asked.kind.name,
        measures.join(", "),
    ))
    .text(&asked.district_code);
    let statement = narrowed(periods(statement, asked), asked);
    let statement = reached_at_places("r", statement.sql(" AND "), call.actor()?, asked.roles);
    Ok(statement.sql(" GROUP BY 2, 3"))
}

pub fn narrowed(statement: Statement, asked: &Asked) -> Statement {
    let statement = match &asked.area_code {
        Some(area_code) => within("r", statement.sql(" AND "), area_code),
        None => statement,
    };
    let ids = [("place_id", asked.place_id), ("org_id", asked.org_id)];
    ids.into_iter().fold(statement, |statement, (column, id)| match id {
        Some(id) => statement.sql(format!(" AND r.{column} = ")).id(id),
        None => statement,
    })
}

/// Different people of the asked scope, or of those below it.
fn people(asked: &Asked, part: &str, (kept, measure): (&str, &str), persons: Persons, by: By) -> Option<Statement> {
    let column = match persons {
        Persons::Distinct(column) => column,
        Persons::Days => "persons",
        Persons::Unknown => return None,
    };
    let key = match by {
        By::Area if asked.covered => "(r.on_day + s.shift)::text || ' ' || r.scope",
        By::Area | By::Place => "r.scope",
        By::Day => "(r.on_day + s.shift)::text",
        _ => "''",
    };
    let statement = Statement::new(format!(
        "SELECT '{part}', {key}, '{measure}', {} FROM person_rollups AS r CROSS JOIN (VALUES (0), ({})) AS s(shift) WHERE r.kind = '{kept}' AND r.district_code = ",
        sums(column),
        asked.shift(),
    ))
    .text(&asked.district_code);
    let statement = periods(statement, asked);
    let own = |statement: Statement| match asked.place_id {
        Some(place_id) => statement.sql(" AND r.scope = ").text(place_id.to_string()),
        None => statement.sql(" AND r.scope = ").text(asked.area()),
    };
    let statement = match by {
        // The asked scope itself, too: its people are held against those of its parts.
        By::Area if asked.covered => {
            statement.sql(" AND length(r.scope) <= 9 AND starts_with(r.scope, ").text(asked.area()).sql(")")
        }
        By::Area => {
            let below = format!(" AND length(r.scope) = {} AND starts_with(r.scope, ", asked.below());
            statement.sql(below).text(asked.area()).sql(")")
        }
        By::Place if asked.place_id.is_none() => statement.sql(" AND length(r.scope) = 36"),
        _ => own(statement),
    };
    Some(statement.sql(" GROUP BY 2"))
}
