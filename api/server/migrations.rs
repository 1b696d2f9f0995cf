//! The migrations that the binary carries: run by one process at a time, and counted by whoever only serves.

use std::collections::BTreeSet;
use std::time::Duration;

use diesel::migration::MigrationSource;
use diesel_async::{AsyncMigrationHarness, AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use diesel_migrations::MigrationHarness;
use kit::columns;
use kit::connect::connect;
use kit::row::Row;
use kit::statement::Statement;

use crate::exchange::changes::fill;
use crate::platform::config::RowSecurity;
use crate::platform::row_security;
use crate::server::carried::Migrations;
use crate::server::distribution;
use crate::server::routes;
use crate::server::start::StartError;

columns! {
    FOUND "found": bool;
    VERSION "version": String;
    NAME "name": String;
}

/// How long whoever finds another process migrating waits before he looks again.
const LOOK_AGAIN: Duration = Duration::from_millis(200);

fn failed(error: impl std::fmt::Display) -> StartError {
    StartError::Migration(error.to_string())
}

/// Runs what is missing, one process at a time; returns how many that were. Needs a multi-thread runtime.
pub async fn migrate(url: &str) -> Result<usize, StartError> {
    migrate_with(url, RowSecurity::On).await
}

/// The same, where row-level security may be off.
pub async fn migrate_with(url: &str, row_security: RowSecurity) -> Result<usize, StartError> {
    let mut lock = turn(url).await?;
    let run = run(url).await;
    let run = match run {
        Ok(count) => finish(url, row_security).await.map(|()| count),
        Err(error) => Err(error),
    };
    lock.batch_execute("COMMIT").await.map_err(failed)?;
    run
}

/// A connection in the transaction that lets one process at a time change what tables there are.
pub async fn turn(url: &str) -> Result<AsyncPgConnection, StartError> {
    let mut lock = connect(url).await?;
    take_turn(&mut lock).await?;
    Ok(lock)
}

/// Opens the transaction that holds the lock row. A row rather than an advisory lock: it works through poolers too. The
/// row itself is made under an advisory lock of its own transaction: of two that make a table at once, one fails,
/// whatever `IF NOT EXISTS` says.
///
/// Waiting is looking again, with nothing open between: whoever waits inside a statement holds a snapshot, and an index
/// that is built beside the writers waits for all snapshots to go, that is for whoever waits for it.
async fn take_turn(lock: &mut AsyncPgConnection) -> Result<(), StartError> {
    lock.batch_execute(
        "BEGIN; SELECT pg_advisory_xact_lock(511802); \
         CREATE TABLE IF NOT EXISTS migration_lock (id integer PRIMARY KEY); \
         INSERT INTO migration_lock VALUES (1) ON CONFLICT DO NOTHING; COMMIT",
    )
    .await
    .map_err(failed)?;
    loop {
        lock.batch_execute("BEGIN").await.map_err(failed)?;
        let free = Statement::new("SELECT true AS found FROM migration_lock WHERE id = 1 FOR UPDATE SKIP LOCKED");
        let rows: Vec<Row> = free.load(lock).await.map_err(failed)?;
        if !rows.is_empty() {
            // The turn takes as long as the migrations do. A simple statement besides ends the one before, whose
            // portal would keep its snapshot.
            return lock.batch_execute("SET LOCAL idle_in_transaction_session_timeout = 0").await.map_err(failed);
        }
        lock.batch_execute("ROLLBACK").await.map_err(failed)?;
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

async fn run(url: &str) -> Result<usize, StartError> {
    let mut connection = connect(url).await?;
    drop_half_built_indexes(&mut connection).await?;
    let mut harness = AsyncMigrationHarness::new(connection);
    let versions = harness.run_pending_migrations(Migrations).map_err(failed)?;
    Ok(versions.len())
}

/// Drops what a migration that was broken off left of an index: it would be in the way of the same migration now, and
/// serves nobody. Left alone is what somebody rebuilds at this moment (`REINDEX CONCURRENTLY` names it so).
async fn drop_half_built_indexes(connection: &mut AsyncPgConnection) -> Result<(), StartError> {
    let half_built = Statement::new(
        "SELECT format('%I.%I', space.nspname, class.relname) AS name FROM pg_index \
         JOIN pg_class class ON class.oid = indexrelid JOIN pg_namespace space ON space.oid = class.relnamespace \
         WHERE NOT indisvalid AND space.nspname = 'public' AND class.relname !~ '_cc(new|old)[0-9]*$'",
    );
    let rows: Vec<Row> = half_built.load(connection).await.map_err(failed)?;
    for name in rows.into_iter().filter_map(|mut row| row.get(&NAME)) {
        tracing::info!(index = name, "dropped an index that an interrupted migration left half built");
        connection.batch_execute(&format!("DROP INDEX CONCURRENTLY IF EXISTS {name}")).await.map_err(failed)?;
    }
    Ok(())
}

/// Finishes migrations: writes what former releases didn't, then raises the wall over new tables. Over a connection of its
/// own: each chunk commits by itself, and a wall that met a deadlock is raised anew without losing the turn.
async fn finish(url: &str, row_security: RowSecurity) -> Result<(), StartError> {
    let mut owner = connect(url).await?;
    if row_security::is_distributed(&mut owner).await.map_err(failed)? {
        // Tables that these migrations made go where their like is; the number of parts is known from those.
        distribution::spread(&mut owner, 0, &mut |_, _, _| {}).await?;
    }
    fill::index_of_changes(&mut owner, &routes::KINDS).await.map_err(failed)?;
    Ok(row_security::raise_or_not(&mut owner, row_security).await?)
}

/// How many migrations are missing. Only reads: whoever serves need not own the tables.
pub async fn pending(url: &str) -> Result<usize, StartError> {
    let mut connection = connect(url).await?;
    let exists = Statement::new("SELECT to_regclass('public.__diesel_schema_migrations') IS NOT NULL AS found");
    let rows: Vec<Row> = exists.load(&mut connection).await.map_err(failed)?;
    let mut known = BTreeSet::new();
    if rows.into_iter().any(|mut row| row.get(&FOUND) == Some(true)) {
        let versions = Statement::new("SELECT version::text AS version FROM __diesel_schema_migrations");
        let rows: Vec<Row> = versions.load(&mut connection).await.map_err(failed)?;
        known = rows.into_iter().filter_map(|mut row| row.get(&VERSION)).collect();
    }
    let all = Migrations.migrations().map_err(failed)?;
    Ok(all.iter().filter(|migration| !known.contains(&migration.name().version().to_string())).count())
}
