//! Counting a district's figures anew: after an upgrade that counts something which was not counted before.
//!
//! Nobody waits for it: figures are counted and compared in a snapshot, without a lock, and what differs is added to
//! what is kept, a lot at a time, the clock held for one lot only. Whoever writes meanwhile adds to the same figures, so
//! that the sum is right whoever comes first. Broken off, it counts once more and finds only what is left.

use std::collections::BTreeSet;
use std::sync::Arc;

use diesel_async::SimpleAsyncConnection;
use kit::columns;
use kit::database::{Connection, DatabaseError};
use kit::problem::Problem;
use kit::row::Row;
use kit::statement::{ColumnType, Statement};
use kit::value::Value;

use super::VerifyError;
use super::figures::{BY_DAY, BY_HOUR, Bucket, Key, PRESENCES};
use super::persons::{self, Counts, PersonKey};
use super::reader::{Reader, Readers};
use super::rollups::{Compared, by_keys, sum_up};
use crate::platform::core::Core;
use crate::records::theme::BeforeRecount;

columns! {
    VALUE "value": String;
    DISTRICT_CODE "district_code": String;
}

/// Edition of what the figures of this release count; one more whenever that changes.
pub const EDITION: &str = "5";
/// Figures written under one lock of the clock.
const LOT: usize = 1_000;
/// Figures of which the keys are held at once, about.
const HELD: u64 = 200_000;

/// Counts all districts anew where their figures are of another edition. What themes set right before comes first.
/// Of processes that start together one counts: two would add what is missing twice.
pub async fn where_needed(core: &Arc<Core>, before: &[BeforeRecount]) -> Result<(), Problem> {
    let known = Statement::new("SELECT value FROM service_settings WHERE name = 'figures'");
    let is_known =
        |rows: Vec<Row>| rows.into_iter().next().and_then(|mut row| row.get(&VALUE)).as_deref() == Some(EDITION);
    if is_known(core.database.read(&known).await?) {
        return Ok(());
    }
    let mut turn = Readers::default().take(core).await?;
    for sql in [
        "BEGIN",
        "SET LOCAL lock_timeout = 0",
        "SET LOCAL idle_in_transaction_session_timeout = 0",
        "INSERT INTO service_settings (name, value) VALUES ('figures', '') ON CONFLICT DO NOTHING",
    ] {
        turn.run(sql).await?;
    }
    if is_known(turn.read(known.sql(" FOR UPDATE")).await?) {
        return Ok(turn.end().await?);
    }
    let written = Statement::new("SELECT district_code FROM district_clocks WHERE last_no > 0 ORDER BY district_code")
        .seeing_everything();
    for mut row in core.database.read(&written).await? {
        let district_code = row.get(&DISTRICT_CODE).unwrap_or_default();
        for set_right in before {
            set_right(core, &district_code).await?;
        }
        tracing::info!(district_code, "counting the figures anew: this release counts more than the one before");
        recount(core, &district_code).await?;
    }
    let note = Statement::new("UPDATE service_settings SET value = ").text(EDITION);
    turn.read(note.sql(" WHERE name = 'figures'")).await?;
    Ok(turn.run("COMMIT").await?)
}

/// Counts a district's figures anew.
pub async fn recount(core: &Arc<Core>, district_code: &str) -> Result<(), Problem> {
    set_right(core, district_code).await.map_err(|error| match error {
        VerifyError::Problem(problem) => problem,
        VerifyError::Finding(finding) => Problem::internal(finding.to_string()),
    })
}

async fn set_right(core: &Arc<Core>, district_code: &str) -> Result<(), VerifyError> {
    let mut reader = Readers::default().take(core).await?;
    reader.begin().await?;
    let Compared { counted, kept, .. } = sum_up(core, &mut reader, district_code, &mut |_| {}).await?;
    for buckets in gathered(counted.differing(&kept)) {
        let (mut missing, kept) =
            by_keys(core, &mut reader, district_code, |key| buckets.contains(&key.bucket())).await?;
        for (key, total) in kept {
            *missing.entry(key).or_default() -= total;
        }
        let missing: Vec<(Key, i128)> = missing.into_iter().filter(|(_, amount)| *amount != 0).collect();
        for of_table in missing.chunk_by(|(one, _), (other, _)| one.table == other.table) {
            for lot in of_table.chunks(LOT) {
                write(core, district_code, of_figures(district_code, lot)).await?;
            }
        }
    }
    reader.end().await?;
    // Different people follow from the presences, as these are now.
    set_persons_right(core, &mut reader, district_code).await
}

async fn set_persons_right(core: &Arc<Core>, reader: &mut Reader, district_code: &str) -> Result<(), VerifyError> {
    reader.begin().await?;
    let mut missing = super::rollups::persons(core, reader, district_code).await?;
    for (key, counts) in persons::kept(reader, district_code).await? {
        let there = missing.entry(key).or_default();
        there.iter_mut().zip(counts).for_each(|(count, kept)| *count -= kept);
    }
    reader.end().await?;
    let missing: Vec<(PersonKey, Counts)> = missing.into_iter().filter(|(_, counts)| *counts != [0; 3]).collect();
    for lot in missing.chunks(LOT) {
        write(core, district_code, of_persons(district_code, lot)).await?;
    }
    Ok(())
}

/// Buckets that differ in groups whose figures can be held at once.
fn gathered(differing: Vec<(Bucket, u64)>) -> Vec<BTreeSet<Bucket>> {
    let mut groups: Vec<BTreeSet<Bucket>> = Vec::new();
    let mut room = 0;
    for (bucket, rows) in differing {
        if rows > room {
            groups.push(BTreeSet::new());
            room = HELD;
        }
        room = room.saturating_sub(rows);
        if let Some(group) = groups.last_mut() {
            group.insert(bucket);
        }
    }
    groups
}

/// Adds a lot under the clock: a writer's next statement sees all of it or nothing.
async fn write(core: &Core, district_code: &str, lot: Statement) -> Result<(), Problem> {
    let mut connection = core.database.connection_in(&core.kinds().rooms()).await?;
    let failed = |error: diesel::result::Error| Problem::from(DatabaseError::from(error));
    connection.batch_execute("BEGIN").await.map_err(failed)?;
    connection.batch_execute("SET LOCAL lock_timeout = '30s'").await.map_err(failed)?;
    let lock = "SELECT last_no FROM district_clocks WHERE district_code = ";
    let lock = Statement::new(lock).text(district_code).sql(" FOR UPDATE");
    let written = match run(&mut connection, lock).await {
        Ok(()) => run(&mut connection, lot).await,
        locked => locked,
    };
    let end = if written.is_ok() { "COMMIT" } else { "ROLLBACK" };
    connection.batch_execute(end).await.map_err(failed)?;
    written
}

async fn run(connection: &mut Connection, statement: Statement) -> Result<(), Problem> {
    Ok(connection.run(statement).await.map(drop)?)
}

/// Adds figures of one table to what it keeps.
fn of_figures(district_code: &str, figures: &[(Key, i128)]) -> Statement {
    let table = figures.first().map_or(BY_DAY, |(key, _)| key.table);
    let own: &[&str] = match table {
        PRESENCES => &["person_id"],
        BY_HOUR => &["measure", "org_id", "hour"],
        _ => &["measure", "org_id"],
    };
    let keys = ["kind", "on_day", "area_code", "place_id"].iter().chain(own).copied();
    let names = keys.clone().collect::<Vec<_>>().join(", ");
    let mut statement = Statement::new(format!("INSERT INTO {table} AS r (district_code, {names}, total) SELECT "))
        .text(district_code)
        .sql(", u.* FROM unnest(");
    for name in keys {
        let (column_type, cast) = match name {
            "on_day" => (ColumnType::Day, "date"),
            "hour" => (ColumnType::Integer, "bigint"),
            "kind" | "area_code" | "measure" => (ColumnType::Text, "text"),
            _ => (ColumnType::Id, "uuid"),
        };
        let cells = figures.iter().map(|(key, _)| cell(key, name)).collect();
        statement = statement.column(column_type, cells).sql(format!("::{cast}[], "));
    }
    statement.column(ColumnType::Decimal, figures.iter().map(|(_, total)| Value::whole(*total)).collect()).sql(format!(
        "::numeric[]) AS u ON CONFLICT (district_code, {names}) DO UPDATE SET total = r.total + excluded.total"
    ))
}

fn cell(key: &Key, name: &str) -> Value {
    match name {
        "kind" => Value::Text(key.kind.clone()),
        "on_day" => Value::Day(key.on_day),
        "area_code" => Value::Text(key.area_code.clone()),
        "place_id" => Value::Id(key.place_id),
        "measure" => Value::Text(key.measure.clone()),
        "org_id" => Value::Id(key.org_id),
        "hour" => key.hour.map_or(Value::Null, Value::Integer),
        _ => Value::Id(key.person_id),
    }
}

/// Adds figures of different people to what is kept.
fn of_persons(district_code: &str, figures: &[(PersonKey, Counts)]) -> Statement {
    let column = |value: fn(&PersonKey) -> Value| -> Vec<Value> { figures.iter().map(|(key, _)| value(key)).collect() };
    let mut statement = Statement::new(
        "INSERT INTO person_rollups AS r (district_code, kind, scope, on_day, persons, new_in_month, new_ever) SELECT ",
    )
    .text(district_code)
    .sql(", u.* FROM unnest(")
    .column(ColumnType::Text, column(|key| Value::Text(key.0.clone())))
    .sql("::text[], ")
    .column(ColumnType::Text, column(|key| Value::Text(key.1.clone())))
    .sql("::text[], ")
    .column(ColumnType::Day, column(|key| Value::Day(key.2)))
    .sql("::date[]");
    for count in 0..3 {
        let counts = figures.iter().map(|(_, counts)| Value::Integer(counts.get(count).copied().unwrap_or_default()));
        statement = statement.sql(", ").column(ColumnType::Integer, counts.collect()).sql("::bigint[]");
    }
    statement.sql(
        ") AS u ON CONFLICT (district_code, kind, scope, on_day) DO UPDATE SET persons = r.persons + excluded.persons, \
         new_in_month = r.new_in_month + excluded.new_in_month, new_ever = r.new_ever + excluded.new_ever",
    )
}
