//! The second wall: the database itself shows a statement only the records it may see.
//!
//! The first wall is the condition with which every query on records begins (`records::scope`). This one holds
//! where a condition was forgotten: row-level security compares each row with what the statement says it may
//! see ([`kit::row_scope::RowScope`]), and who says nothing sees nothing. It guards reading; writing is judged
//! before it is queued. The service's statements run in a role of their own, which owns no table and passes no
//! policy by; whoever owns the tables raises the wall with `lianfang migrate`.

use std::collections::BTreeSet;
use std::time::Duration;

use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use kit::connect::connect;
use kit::database::DatabaseError;
use kit::engine::Engine;
use kit::link::{Link, SERVICE_ROLE, WRITER_ROLE};
use kit::row::Row;
use kit::row_scope::Rooms;
use kit::statement::Statement;

use crate::platform::config::RowSecurity;

const RAISE: &str = include_str!("raise.sql");
/// How often it is tried where others hold tables in another order: what is undone is raised whole the next time.
const MOST_TRIES: u32 = 8;
/// Time between two tries.
const PAUSE: Duration = Duration::from_millis(500);

/// Reason why row security can't be relied on, in words for whoever runs the service.
#[derive(Debug, thiserror::Error)]
pub enum WallError {
    /// The owner of the tables may not do it.
    #[error(
        "the role {SERVICE_ROLE} and its rights can't be made ({0}); let a superuser run \
         `CREATE ROLE {SERVICE_ROLE} NOLOGIN` and grant it to the owner of the tables, then `lianfang migrate` again"
    )]
    NotRaised(String),
    /// The service's role can't be taken on.
    #[error("the role {SERVICE_ROLE} can't be taken on ({0}); run `lianfang migrate` as the owner of the tables")]
    NoRole(String),
    /// The role could look past the policies.
    #[error("the role {SERVICE_ROLE} passes row-level security by ({0}): it must own no table and have no BYPASSRLS")]
    TooMighty(String),
    /// Tables stand open.
    #[error("no row-level security on {0}; run `lianfang migrate` as the owner of the tables")]
    Open(String),
    /// Statements that see everything have no role of their own where they need one.
    #[error(
        "the role {WRITER_ROLE} is missing or is behind policies itself; run `lianfang migrate` as a superuser, or do without \
         row-level security (row_security = \"off\")"
    )]
    NoWriter,
    /// It was told off where nothing needs that.
    #[error(
        "row_security = \"off\" is for a Citus whose tables are distributed; this is one PostgreSQL, where row-level security stands"
    )]
    NeedlesslyOff,
    /// Tables are closed to the service.
    #[error(
        "the role {SERVICE_ROLE} has no rights on {0}; after a restore run `lianfang migrate` as the owner of the tables"
    )]
    Closed(String),
}

/// Makes the role, its rights and the policies that are missing. By the owner of the tables.
pub async fn raise(owner: &mut AsyncPgConnection) -> Result<(), WallError> {
    raise_or_not(owner, RowSecurity::On).await
}

/// The same; or, where that is told and tables are divided over several servers, no policies, and takes away what there are.
pub async fn raise_or_not(owner: &mut AsyncPgConnection, row_security: RowSecurity) -> Result<(), WallError> {
    let not_raised = |error: diesel::result::Error| WallError::NotRaised(error.to_string());
    if row_security == RowSecurity::Off {
        owner.batch_execute("SET lianfang.row_security = 'off'").await.map_err(not_raised)?;
    }
    let mut tries = MOST_TRIES;
    loop {
        tries -= 1;
        match owner.batch_execute(RAISE).await.map_err(DatabaseError::from) {
            Err(DatabaseError::Busy(why)) if tries > 0 => {
                tracing::info!(why, "the wall is raised once more: whoever serves meanwhile was in the way");
                tokio::time::sleep(PAUSE).await;
            }
            raised => return raised.map_err(|error| WallError::NotRaised(error.to_string())),
        }
    }
}

/// The engine that a database is, seen from the service's side; refused where row-level security is to stand and doesn't, or
/// is told off and needn't be.
pub async fn engine(url: &str, row_security: RowSecurity) -> Result<Engine, WallError> {
    let mut link = look(url).await?;
    let walled = row_security == RowSecurity::On;
    if !is_distributed(&mut link).await.map_err(|error| WallError::NoRole(error.to_string()))? {
        return if walled { Ok(Engine::OneServer) } else { Err(WallError::NeedlesslyOff) };
    }
    let writer = Statement::new(format!(
        "SELECT rolname::text AS found FROM pg_roles WHERE rolname = '{WRITER_ROLE}' AND rolbypassrls AND NOT rolsuper"
    ));
    if walled && writer.load::<Row>(&mut *link).await.map_err(|error| WallError::NoRole(error.to_string()))?.is_empty()
    {
        return Err(WallError::NoWriter);
    }
    Ok(Engine::SeveralServers { walled })
}

/// Whether tables of a database are divided by district over several servers.
pub async fn is_distributed(connection: &mut AsyncPgConnection) -> Result<bool, diesel::result::Error> {
    // The list of such tables is there with the extension only.
    let extension = Statement::new("SELECT 1 AS found FROM pg_extension WHERE extname = 'citus'");
    if extension.load::<Row>(connection).await?.is_empty() {
        return Ok(false);
    }
    let spread = Statement::new("SELECT 1 AS found FROM pg_dist_partition WHERE partmethod = 'h' LIMIT 1");
    Ok(!spread.load::<Row>(connection).await?.is_empty())
}

async fn look(url: &str) -> Result<Link, WallError> {
    Link::open(url, Duration::from_secs(10)).await.map_err(|error| WallError::NoRole(error.to_string()))
}

/// Lets the service's role sign in by itself, where it can't yet: for the embedded database, whose owner nobody
/// else is. `password` has letters and digits only.
pub async fn admit(owner_url: &str, service_url: &str, password: &str) -> Result<(), WallError> {
    if connect(service_url).await.is_ok() {
        return Ok(());
    }
    let failed = |error: &dyn std::fmt::Display| WallError::NotRaised(error.to_string());
    let mut owner = connect(owner_url).await.map_err(|error| failed(&error))?;
    let admit = format!("ALTER ROLE {SERVICE_ROLE} LOGIN PASSWORD '{password}'");
    owner.batch_execute(&admit).await.map_err(|error| failed(&error))
}

/// Whether the wall stands, seen from the service's side.
pub async fn check(url: &str) -> Result<(), WallError> {
    let mut link = look(url).await?;
    check_role(&mut link).await?;
    let open = first(
        &mut link,
        "SELECT string_agg(DISTINCT c.relname, ', ') AS found FROM pg_class AS c \
           JOIN pg_namespace AS n ON n.oid = c.relnamespace \
           JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attname = 'district_code' \
           WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND NOT (c.relrowsecurity AND EXISTS \
             (SELECT 1 FROM pg_policy AS p WHERE p.polrelid = c.oid AND p.polname = 'sight'))",
    );
    if let Some(found) = open.await? {
        return Err(WallError::Open(found));
    }
    Ok(())
}

/// Whether the service's role has its rights and no more, be there a wall or none.
pub async fn check_rights(url: &str) -> Result<(), WallError> {
    check_role(&mut look(url).await?).await
}

async fn check_role(link: &mut Link) -> Result<(), WallError> {
    let might = first(
        link,
        "SELECT string_agg(what, ', ') AS found FROM ( \
           SELECT 'it is ' || rolname AS what FROM pg_roles WHERE rolname = current_user AND (rolsuper OR rolbypassrls) \
           UNION ALL SELECT 'it owns ' || c.relname FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace \
             WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p', 'v') AND pg_has_role(current_user, c.relowner, 'MEMBER')) AS m",
    );
    if let Some(found) = might.await? {
        return Err(WallError::TooMighty(found));
    }
    // A dump without rights was restored, and `lianfang migrate` not run since.
    let closed = first(
        link,
        "SELECT string_agg(c.relname, ', ' ORDER BY c.relname) AS found FROM pg_class AS c \
           JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p', 'v') \
           AND c.relname NOT IN ('migration_lock', '__diesel_schema_migrations') \
           AND NOT has_table_privilege(current_user, c.oid, 'SELECT')",
    );
    closed.await?.map_or(Ok(()), |found| Err(WallError::Closed(found)))
}

/// Whether every closed room, and no other table, asks for its name.
pub async fn check_rooms(url: &str, rooms: &Rooms) -> Result<(), WallError> {
    let mut link = look(url).await?;
    let shut = "SELECT string_agg(c.relname, ',' ORDER BY c.relname) AS found FROM pg_policy AS p \
                JOIN pg_class AS c ON c.oid = p.polrelid WHERE p.polname = 'sight' \
                AND pg_get_expr(p.polqual, p.polrelid) LIKE '%lianfang.rooms%' \
                AND c.relname NOT IN ('record_revisions', 'ledger_changes')";
    let shut = first(&mut link, shut).await?.unwrap_or_default();
    let shut: BTreeSet<&str> = shut.split(',').filter(|name| !name.is_empty()).collect();
    let differ: Vec<&str> = shut.symmetric_difference(rooms).copied().collect();
    if differ.is_empty() { Ok(()) } else { Err(WallError::Open(differ.join(", "))) }
}

async fn first(link: &mut Link, sql: &str) -> Result<Option<String>, WallError> {
    let rows: Vec<Row> = Statement::new(sql).load(link).await.map_err(|error| WallError::NoRole(error.to_string()))?;
    Ok(rows.into_iter().next().and_then(|mut row| row.text("found")))
}
