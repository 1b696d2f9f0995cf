//! The append's statement: one CTE whatever the kinds and however many rows; where districts lie on several servers, its
//! parts one after the other in one transaction.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use kit::engine::Engine;
use kit::statement::{ColumnType, Statement};
use kit::value::Value;

use super::newcomers::{self, Newcomers};
use super::{Append, AwaitedRow, Change, KeyedAnswer, Operation, Table, index, rollups};

/// Builds the statements. Their texts depend only on which tables are written and how, so each combination is prepared
/// once; every part reads from the clock, so it happens after the lock. The first answers one row `first_no, at`, or none
/// where the district has no clock; then the others write nothing.
pub(super) fn of_append(append: &Append, digest: &[u8; 32], arrived: &Newcomers, engine: Engine) -> Vec<Statement> {
    let mut parts = Parts { append, engine, written: Vec::new() };
    parts.add("entry", |part| entry(part, append, digest));
    for ((Reverse(operation), _), changes) in groups(append) {
        match (changes.first().map(|change| change.table), operation) {
            (Some(table), Operation::Create) => create(&mut parts, table, &changes),
            (Some(table), Operation::Revise) => revise(&mut parts, table, &changes),
            (None, _) => {}
        }
    }
    index::write(&mut parts);
    rollups::write(&mut parts);
    newcomers::write(&mut parts, arrived);
    keyed(&mut parts);
    awaited(&mut parts);
    parts.together(clock(append, digest))
}

/// Parts of an append that write, each by its name.
pub(super) struct Parts<'a> {
    pub append: &'a Append,
    engine: Engine,
    written: Vec<(String, Statement)>,
}

impl Parts<'_> {
    /// Adds a part. It is made from an empty statement, in which [`Part::clock`] stands for the clock's row.
    pub(super) fn add(&mut self, name: impl Into<String>, write: impl FnOnce(Part<'_>) -> Statement) {
        let part =
            Part { district_code: &self.append.district_code, numbers: self.append.numbers, engine: self.engine };
        self.written.push((name.into(), write(part)));
    }

    /// Rows that a part wrote into a table, under its name, for those that are made from them.
    fn rows_of(&self, part: &str, table: &Table, changes: &[&Change]) -> Statement {
        match self.engine {
            Engine::OneServer => Statement::new(part),
            Engine::SeveralServers { .. } => {
                Statement::new(format!("(SELECT * FROM {} WHERE district_code = ", table.name))
                    .text(&self.append.district_code)
                    .sql(" AND id = ANY(")
                    .column(ColumnType::Id, changes.iter().map(|change| Value::Id(change.id)).collect())
                    .sql("))")
            }
        }
    }

    /// Rows that a part answers where others are made from it within one statement.
    fn returning(&self, rows: &str) -> String {
        match self.engine {
            Engine::OneServer => format!(" RETURNING {rows}"),
            Engine::SeveralServers { .. } => String::new(),
        }
    }

    /// One statement with all parts. What such a statement keeps between its parts, an engine of several servers sends to
    /// all of them, so that one that is away would stop every district: there each part is a statement of its own, which
    /// goes to the server of its district alone.
    fn together(self, clock: Statement) -> Vec<Statement> {
        match self.engine {
            Engine::OneServer => {
                let begun = Statement::new("WITH clock AS (").then(clock).sql(")");
                let with = |whole: Statement, (name, part): (String, Statement)| {
                    whole.sql(format!(", {name} AS (")).then(part).sql(")")
                };
                let whole = self.written.into_iter().fold(begun, with);
                vec![whole.sql(" SELECT first_no, at FROM clock")]
            }
            Engine::SeveralServers { .. } => {
                std::iter::once(clock).chain(self.written.into_iter().map(|(_, part)| part)).collect()
            }
        }
    }
}

/// A part under construction.
#[derive(Clone, Copy)]
pub(super) struct Part<'a> {
    district_code: &'a str,
    numbers: i64,
    engine: Engine,
}

impl Part<'_> {
    /// ` FROM` the clock's row as the append has moved it: `district_code`, `base` (the number before its first), `head`,
    /// `at`.
    pub(super) fn clock(&self) -> Statement {
        match self.engine {
            Engine::OneServer => Statement::new(" FROM clock"),
            Engine::SeveralServers { .. } => Statement::new(" FROM (SELECT c.district_code, c.last_no - ")
                .integer(self.numbers)
                .sql(" AS base, c.head, c.advanced_at AS at FROM district_clocks AS c WHERE c.district_code = ")
                .text(self.district_code)
                .sql(") AS clock"),
        }
    }
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
    Statement::new("UPDATE district_clocks AS c SET last_no = c.last_no + ")
        .integer(append.numbers)
        .sql(", head = sha256(c.head || int8send(c.last_no + 1) || int8send(")
        .integer(append.numbers)
        .sql(") || ")
        .bytes(digest.to_vec())
        .sql(format!(
            " || int8send((extract(epoch FROM {NOW} - {BEGINNING}) * 1000000)::bigint)), advanced_at = {NOW} WHERE c.district_code = "
        ))
        .text(&append.district_code)
        .sql(" RETURNING c.district_code, c.last_no - ")
        .integer(append.numbers)
        .sql(" AS base, c.last_no - ")
        .integer(append.numbers)
        .sql(" + 1 AS first_no, c.head AS head, c.advanced_at AS at")
}

fn entry(part: Part<'_>, append: &Append, digest: &[u8; 32]) -> Statement {
    Statement::new("INSERT INTO ledger_entries (district_code, first_no, change_count, digest, head, recorded_at) SELECT clock.district_code, clock.base + 1, ")
        .integer(append.numbers)
        .sql(", ")
        .bytes(digest.to_vec())
        .sql(", clock.head, clock.at")
        .then(part.clock())
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

fn create(parts: &mut Parts<'_>, table: &Table, changes: &[&Change]) {
    let (name, columns) = (format!("create_{}", table.name), names(table, ""));
    let returning = table.projection.map_or(String::new(), |_| parts.returning("*"));
    parts.add(&name, |part| {
        let statement = Statement::new(format!(
            "INSERT INTO {} (district_code, change_no, recorded_at, revised_at, {columns}) SELECT clock.district_code, \
             clock.base + u.number, clock.at, clock.at, {}",
            table.name,
            names(table, "u.")
        ));
        rows(statement.then(part.clock()).sql(", "), table, changes).sql(returning)
    });
    project(parts, table, changes, &name);
}

/// Keeps beside a kind's rows what is made from those that a part wrote.
fn project(parts: &mut Parts<'_>, table: &Table, changes: &[&Change], written: &str) {
    let Some(projection) = table.projection else { return };
    let rows = parts.rows_of(written, table, changes);
    let mut texts = projection.select.split("{written}").map(Statement::new);
    let first = Statement::new(format!("INSERT INTO {} ", projection.table)).then(texts.next().unwrap_or_default());
    let beside = texts.fold(first, |statement, text| statement.then(rows.clone()).then(text));
    parts.add(format!("beside_{written}"), |_| beside);
}

/// The former revision goes to the history, in a part before the one that takes its place. Where it isn't the one expected,
/// the outer join finds nothing and the history's NOT NULL ends the whole.
fn revise(parts: &mut Parts<'_>, table: &Table, changes: &[&Change]) {
    let district_code = &parts.append.district_code;
    let name = format!("revise_{}", table.name);
    parts.add(format!("history_{}", table.name), |part| {
        let ids = changes.iter().map(|change| Value::Id(change.id)).collect();
        let revisions = changes.iter().map(|change| Value::Integer(change.revision - 1)).collect();
        Statement::new(format!(
            "INSERT INTO record_revisions (district_code, kind, id, revision, change_no, body) \
             SELECT clock.district_code, '{}', u.id, u.revision, s.change_no, to_jsonb(s)",
            table.name
        ))
        .then(part.clock())
        .sql(" CROSS JOIN ")
        .table(vec![(ColumnType::Id, ids), (ColumnType::Integer, revisions)])
        .sql(format!(" AS u(id, revision) LEFT JOIN {} AS s ON s.district_code = ", table.name))
        .text(district_code)
        .sql(" AND s.id = u.id AND s.revision = u.revision")
    });
    let returning = table.projection.map_or(String::new(), |_| parts.returning("s.*"));
    parts.add(&name, |part| {
        let assignments: Vec<String> = table
            .columns
            .iter()
            .filter(|column| column.name != "id")
            .map(|column| format!("{0} = u.{0}", column.identifier()))
            .collect();
        let statement = Statement::new(format!(
            "UPDATE {} AS s SET change_no = clock.base + u.number, revised_at = clock.at, {}",
            table.name,
            assignments.join(", ")
        ));
        rows(statement.then(part.clock()).sql(", "), table, changes)
            .sql(" WHERE s.district_code = ")
            .text(district_code)
            .sql(" AND s.id = u.id AND s.revision = u.revision - 1")
            .sql(returning)
    });
    project(parts, table, changes, &name);
    let Some(projection) = table.projection else { return };
    let rows = parts.rows_of(&name, table, changes);
    // Former ones by their revision, so that it is the same whether this part sees the rows just written or not.
    let former = Statement::new(format!("DELETE FROM {} AS p USING ", projection.table)).then(rows).sql(format!(
        " AS w WHERE p.district_code = w.district_code AND p.{} = w.id AND p.revision < w.revision",
        projection.owner
    ));
    parts.add(format!("former_{name}"), |_| former);
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
fn keyed(parts: &mut Parts<'_>) {
    let append = parts.append;
    if append.keyed.is_empty() {
        return;
    }
    let column = |value: fn(&KeyedAnswer) -> Value| -> Vec<Value> { append.keyed.iter().map(value).collect() };
    parts.add("keyed", |part| {
        Statement::new("INSERT INTO idempotency_keys (district_code, key_hash, request_digest, status, kind, id, revision, created_at) SELECT clock.district_code, u.*, clock.at")
            .then(part.clock())
            .sql(", ")
            .table(vec![
                (ColumnType::Bytes, column(|answer| Value::Bytes(answer.key_hash.clone()))),
                (ColumnType::Bytes, column(|answer| Value::Bytes(answer.request_digest.clone()))),
                (ColumnType::Integer, column(|answer| Value::Integer(answer.status))),
                (ColumnType::Text, column(|answer| Value::Text(answer.kind.to_owned()))),
                (ColumnType::Id, column(|answer| Value::Id(answer.id))),
                (ColumnType::Integer, column(|answer| Value::Integer(answer.revision))),
            ])
            .sql(" AS u")
    });
}

/// Notes what lies ahead: with the record, so that nothing is waited for in vain and nothing forgotten.
fn awaited(parts: &mut Parts<'_>) {
    let append = parts.append;
    if append.awaited.is_empty() {
        return;
    }
    let column = |value: fn(&AwaitedRow) -> Value| -> Vec<Value> { append.awaited.iter().map(value).collect() };
    parts.add("awaited", |part| {
        Statement::new(
            "INSERT INTO awaited_records AS a (district_code, kind, id, comes_at) SELECT clock.district_code, u.*",
        )
        .then(part.clock())
        .sql(", ")
        .table(vec![
            (ColumnType::Text, column(|row| Value::Text(row.kind.to_owned()))),
            (ColumnType::Id, column(|row| Value::Id(row.id))),
            (ColumnType::Instant, column(|row| Value::Instant(row.comes_at))),
        ])
        .sql(" AS u ON CONFLICT (district_code, kind, id) DO UPDATE SET comes_at = excluded.comes_at")
    });
}
