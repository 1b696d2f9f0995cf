//! Leases: of any number of processes one does a work, and the others take it on where that one is gone.

use chrono::TimeDelta;
use diesel_async::RunQueryDsl;
use kit::database::DatabaseError;
use kit::problem::Problem;
use kit::row::Row;
use kit::statement::Statement;
use uuid::Uuid;

use super::core::Core;

/// A lease that wasn't renewed for so long is anybody's.
const LEASE: TimeDelta = TimeDelta::seconds(50);

/// Takes or renews a lease. By the database's clock: those of the processes may differ.
pub async fn take_lease(core: &Core, name: &str, holder: Uuid) -> Result<bool, Problem> {
    let statement = Statement::new(
        "INSERT INTO worker_leases AS l (name, holder, held_until) SELECT u.name, u.holder, now() + u.lasts FROM (SELECT ",
    )
    .text(name)
    .sql("::text AS name, ")
    .id(holder)
    .sql(format!("::uuid AS holder, interval '{} seconds' AS lasts) AS u ", LEASE.num_seconds()))
    .sql("ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, held_until = excluded.held_until WHERE l.holder = excluded.holder OR l.held_until < now() RETURNING holder");
    let mut connection = core.database.connection().await?;
    let rows: Vec<Row> = statement.load(&mut connection).await.map_err(DatabaseError::from)?;
    Ok(!rows.is_empty())
}

/// The districts that have a ledger.
pub async fn districts(core: &Core) -> Result<Vec<String>, Problem> {
    let rows = {
        let all = Statement::new("SELECT district_code FROM district_clocks ORDER BY 1").seeing_everything();
        core.database.read(&all).await?
    };
    Ok(rows.into_iter().filter_map(|mut row| row.text("district_code")).collect())
}
