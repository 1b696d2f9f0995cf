//! The append statement: one CTE whatever the kinds and however many rows.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use kit::statement::{ColumnType, Statement};
use kit::value::Value;

use super::newcomers::{self, Newcomers};
use super::{Append, AwaitedRow, Change, KeyedAnswer, Operation, Table, index, rollups};

/// Builds the statement. Its text depends only on which tables are written and how, so each
/// combination is prepared once; every part reads from `clock`, so it happens after the lock.
/// It answers one row `first_no, at`, or none where the district has no clock.
pub(super) fn of_append(append: &Append, digest: &[u8; 32], arrived: &Newcomers) -> Statement {
    let statement = clock(append, digest);
    let statement = entry(statement, append, digest);
    let statement = groups(append).into_iter().fold(statement, |statement, ((Reverse(operation), _), changes)| {
        let table = changes.first().map(|change| change.table);
        match (table, operation) {
            (Some(table), Operation::Create) => create(statement, append, table, &changes),
            (Some(table), Operation::Revise) => revise(statement, append, table, &changes),
            (None, _) => statement,
        }
    });
    let statement = rollups::write(index::write(statement, append), append);
    let statement = newcomers::write(statement, &append.district_code, arrived);
    awaited(keyed(statement, append), append).sql(" SELECT base + 1 AS first_no, at FROM clock")
}

/// Time at which a statement is begun, but never before what the clock has told already.
const NOW: &str = "greatest(statement_timestamp(), c.advanced_at)";

/// Instant from which others are counted. The difference of two is the same in every zone, which an engine that spreads
/// districts over servers asks of what changes rows.
const BEGINNING: &str = "timestamptz '1970-01-01 00:00:00+00'";

/// Advances the clock and the chain. The instant is the statement's own and never runs backwards: an engine that
/// spreads districts over servers takes none that may differ within a statement. `head` covers the former head, the
/// numbers, the digest and the instant.
fn clock(append: &Append, digest: &[u8; 32]) -> Statement {
    Statement::new("WITH clock AS (UPDATE district_clocks AS c SET last_no = c.last_no + ")
        .integer(append.numbers)
        .sql(", head = sha256(c.head || int8send(c.last_no + 1) || int8send(")
        .integer(append.numbers)
        .sql(") || ")
        .bytes(digest.to_vec())
        .sql(format!(
            " || int8send((extract(epoch FROM {NOW} - {BEGINNING}) * 1000000)::bigint)), advanced_at = {NOW} WHERE c.district_code = "
        ))
        .text(&append.district_code)
        .sql(" RETURNING c.last_no - ")
        .integer(append.numbers)
        .sql(" AS base, c.head AS head, c.advanced_at AS at)")
}

fn entry(statement: Statement, append: &Append, digest: &[u8; 32]) -> Statement {
    statement
        .sql(", entry AS (INSERT INTO ledger_entries (district_code, first_no, change_count, digest, head, recorded_at) SELECT ")
        .text(&append.district_code)
        .sql(", base + 1, ")
        .integer(append.numbers)
        .sql(", ")
        .bytes(digest.to_vec())
        .sql(", head, at FROM clock)")
}

/// Changes by operation and table. Revisions come first: where parts are run one after the other, what a revision looks
/// for is read before anything new is there.
fn groups(append: &Append) -> BTreeMap<(Reverse<Operation>, &'static str), Vec<&Change>> {
    let mut groups: BTreeMap<_, Vec<&Change>> = BTreeMap::new();
    for change in &append.changes {
        groups.entry((Reverse(change.operation), change.table.name)).or_default().push(change);
    }
    // Ids sorted: two statements that meet the same rows meet them in the same order.
    groups.values_mut().for_each(|changes| changes.sort_by_key(|change| change.id));
    groups
}

fn create(statement: Statement, append: &Append, table: &Table, changes: &[&Change]) -> Statement {
    let columns = names(table, "");
    let statement = statement
        .sql(format!(
            ", create_{0} AS (INSERT INTO {0} (district_code, change_no, recorded_at, revised_at, {columns}) SELECT ",
            table.name
        ))
        .text(&append.district_code)
        .sql(format!(", clock.base + u.number, clock.at, clock.at, {} FROM clock, ", names(table, "u.")));
    project(rows(statement, table, changes), table, "create")
}

/// Closes a part that writes rows; where something is kept beside them, that is made from what it wrote.
fn project(statement: Statement, table: &Table, part: &str) -> Statement {
    let Some(projection) = table.projection else { return statement.sql(")") };
    let written = format!("{part}_{}", table.name);
    let rows = if part == "create" { "*" } else { "s.*" };
    let statement = statement.sql(format!(
        " RETURNING {rows}), beside_{written} AS (INSERT INTO {} {})",
        projection.table,
        projection.select.replace("{written}", &written)
    ));
    if part == "create" {
        return statement;
    }
    // Former ones by their revision, so that it is the same whether this part sees the rows just written or not.
    statement.sql(format!(
        ", former_{written} AS (DELETE FROM {} AS p USING {written} AS w WHERE p.district_code = w.district_code AND p.{} = w.id AND p.revision < w.revision)",
        projection.table, projection.owner
    ))
}

/// The former revision goes to the history in the same statement. Where it isn't the one expected,
/// the outer join finds nothing and the history's NOT NULL ends the statement.
fn revise(statement: Statement, append: &Append, table: &Table, changes: &[&Change]) -> Statement {
    let ids = changes.iter().map(|change| Value::Id(change.id)).collect();
    let revisions = changes.iter().map(|change| Value::Integer(change.revision - 1)).collect();
    let statement = statement
        .sql(format!(", history_{0} AS (INSERT INTO record_revisions (district_code, kind, id, revision, change_no, body) SELECT ", table.name))
        .text(&append.district_code)
        .sql(format!(", '{}', u.id, u.revision, s.change_no, to_jsonb(s) FROM clock CROSS JOIN ", table.name))
        .table(vec![(ColumnType::Id, ids), (ColumnType::Integer, revisions)])
        .sql(format!(" AS u(id, revision) LEFT JOIN {} AS s ON s.district_code = ", table.name))
        .text(&append.district_code)
        .sql(" AND s.id = u.id AND s.revision = u.revision)");
    let assignments: Vec<String> = table
        .columns
        .iter()
        .filter(|column| column.name != "id")
        .map(|column| format!("{0} = u.{0}", column.identifier()))
        .collect();
    let statement = statement.sql(format!(
        ", revise_{0} AS (UPDATE {0} AS s SET change_no = clock.base + u.number, revised_at = clock.at, {1} FROM clock, ",
        table.name,
        assignments.join(", ")
    ));
    let statement = rows(statement, table, changes)
        .sql(" WHERE s.district_code = ")
        .text(&append.district_code)
        .sql(" AND s.id = u.id AND s.revision = u.revision - 1");
    project(statement, table, "revise")
}

fn rows(statement: Statement, table: &Table, changes: &[&Change]) -> Statement {
    let numbers = changes.iter().map(|change| Value::Integer(change.number)).collect();
    let columns = table.columns.iter().enumerate().map(|(index, column)| {
        let values = changes.iter().map(|change| change.cells.get(index).cloned().unwrap_or(Value::Null)).collect();
        (column.column_type, values)
    });
    let columns = std::iter::once((ColumnType::Integer, numbers)).chain(columns).collect();
    statement.table(columns).sql(format!(" AS u(number, {})", names(table, "")))
}

fn names(table: &Table, prefix: &str) -> String {
    let names: Vec<String> = table.columns.iter().map(|column| format!("{prefix}{}", column.identifier())).collect();
    names.join(", ")
}

/// Keeps answers under their idempotency keys: in the transaction of their effect, so both are there
/// or neither.
fn keyed(statement: Statement, append: &Append) -> Statement {
    if append.keyed.is_empty() {
        return statement;
    }
    let column = |value: fn(&KeyedAnswer) -> Value| -> Vec<Value> { append.keyed.iter().map(value).collect() };
    statement
        .sql(", keyed AS (INSERT INTO idempotency_keys (district_code, key_hash, request_digest, status, kind, id, revision, created_at) SELECT ")
        .text(&append.district_code)
        .sql(", u.*, clock.at FROM clock, ")
        .table(vec![
            (ColumnType::Bytes, column(|answer| Value::Bytes(answer.key_hash.clone()))),
            (ColumnType::Bytes, column(|answer| Value::Bytes(answer.request_digest.clone()))),
            (ColumnType::Integer, column(|answer| Value::Integer(answer.status))),
            (ColumnType::Text, column(|answer| Value::Text(answer.kind.to_owned()))),
            (ColumnType::Id, column(|answer| Value::Id(answer.id))),
            (ColumnType::Integer, column(|answer| Value::Integer(answer.revision))),
        ])
        .sql(" AS u)")
}

/// Notes what lies ahead: with the record, so that nothing is waited for in vain and nothing forgotten.
fn awaited(statement: Statement, append: &Append) -> Statement {
    if append.awaited.is_empty() {
        return statement;
    }
    let column = |value: fn(&AwaitedRow) -> Value| -> Vec<Value> { append.awaited.iter().map(value).collect() };
    statement
        .sql(", awaited AS (INSERT INTO awaited_records AS a (district_code, kind, id, comes_at) SELECT ")
        .text(&append.district_code)
        .sql(", u.* FROM clock, ")
        .table(vec![
            (ColumnType::Text, column(|row| Value::Text(row.kind.to_owned()))),
            (ColumnType::Id, column(|row| Value::Id(row.id))),
            (ColumnType::Instant, column(|row| Value::Instant(row.comes_at))),
        ])
        .sql(" AS u ON CONFLICT (district_code, kind, id) DO UPDATE SET comes_at = excluded.comes_at)")
}
