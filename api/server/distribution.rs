//! The districts of one database over the servers of a Citus.
//!
//! Where a table goes follows from its columns: what has a district is divided by it, all such tables alike, so that a
//! district's rows lie together; what belongs to the service as a whole is copied to every server, and what requests write
//! of it stays with the coordinator. A table that has no place here is refused, and fails a test.

use std::collections::BTreeMap;

use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use kit::columns;
use kit::connect::connect;
use kit::row::Row;
use kit::statement::Statement;

use crate::platform::config::RowSecurity;
use crate::platform::row_security;
use crate::server::migrations;
use crate::server::start::StartError;

columns! {
    NAME "name": String;
    FOUND "found": bool;
    PLACE "place": String;
    COUNT "count": i64;
}

/// Tables of the whole service that every server has a copy of: districts' rows are joined with them, and they are written
/// rarely. Such a write is one on all servers or none, so it fails while one is away. `users` stands first: others refer to it.
pub const ON_EVERY_SERVER: &[&str] = &[
    "users",
    "user_grants",
    "former_grants",
    "api_keys",
    "divisions",
    "duty_cadences",
    "key_fingerprints",
    "observation_policies",
    "service_settings",
];

/// Tables of the whole service that the coordinator keeps, as requests write them: a server that is away must not end the
/// audit, and with it all reading, nor sign-ins. Others reach them through it.
pub const ON_THE_COORDINATOR: &[&str] =
    &["audit_log", "key_holders", "notification_reads", "push_subscriptions", "sessions", "worker_leases"];

/// Tables of migrations themselves.
pub const LEFT_ALONE: &[&str] = &["__diesel_schema_migrations", "migration_lock"];

/// The table that all others with a district lie with.
const FIRST: &str = "district_clocks";

/// Place of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Its rows lie with their district.
    ByDistrict,
    /// A copy of it is on every server.
    OnEveryServer,
    /// It stays with the coordinator.
    OnTheCoordinator,
    /// Nobody but migrations asks for it.
    LeftAlone,
}

impl Place {
    /// The place of a table, by whether it has a district; none where nobody has said so.
    pub fn of(table: &str, has_district: bool) -> Option<Self> {
        let listed = [
            (ON_EVERY_SERVER, Self::OnEveryServer),
            (ON_THE_COORDINATOR, Self::OnTheCoordinator),
            (LEFT_ALONE, Self::LeftAlone),
        ];
        match has_district {
            true => Some(Self::ByDistrict),
            false => listed.into_iter().find(|(tables, _)| tables.contains(&table)).map(|(_, place)| place),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::ByDistrict => "by_district",
            Self::OnEveryServer => "on_every_server",
            Self::OnTheCoordinator => "on_the_coordinator",
            Self::LeftAlone => "left_alone",
        }
    }
}

/// How many tables stand where.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Spread {
    /// Divided by district.
    pub by_district: usize,
    /// Copied.
    pub on_every_server: usize,
    /// Kept.
    pub on_the_coordinator: usize,
    /// Tables that were not there yet.
    pub moved: usize,
}

/// Told how many tables of how many have their place, and which was the last.
pub type Tell<'a> = &'a mut (dyn FnMut(u64, u64, &str) + Send);

fn failed(error: impl std::fmt::Display) -> StartError {
    StartError::Distribution(error.to_string())
}

/// Gives every table its place, and raises row-level security anew as it can stand there. Goes on where it was broken off.
///
/// # Errors
/// [`StartError::Distribution`] where the database can't be distributed, before anything is moved; migrations that are missing.
pub async fn distribute(
    url: &str,
    row_security: RowSecurity,
    shards: u32,
    tell: Tell<'_>,
) -> Result<Spread, StartError> {
    match migrations::pending(url).await? {
        0 => {}
        missing => return Err(StartError::NotMigrated(missing)),
    }
    let mut lock = migrations::turn(url).await?;
    let mut owner = connect(url).await?;
    let spread = spread(&mut owner, shards, tell).await;
    let spread = match spread {
        Ok(spread) => {
            row_security::raise_or_not(&mut owner, row_security).await.map(|()| spread).map_err(StartError::from)
        }
        Err(error) => Err(error),
    };
    lock.batch_execute("COMMIT").await.map_err(failed)?;
    spread
}

/// Gives those tables their place that have none yet. By the owner, and one process at a time.
pub async fn spread(owner: &mut AsyncPgConnection, shards: u32, tell: Tell<'_>) -> Result<Spread, StartError> {
    require_servers(owner).await?;
    let tables = tables(owner).await?;
    let known = known(owner).await?;
    let (mut spread, mut done) = (Spread::default(), 0);
    let total = u64::try_from(tables.len()).unwrap_or_default();
    for (table, place) in &tables {
        match place {
            Place::ByDistrict => spread.by_district += 1,
            Place::OnEveryServer => spread.on_every_server += 1,
            Place::OnTheCoordinator => spread.on_the_coordinator += 1,
            Place::LeftAlone => {}
        }
        if known.get(table).map(String::as_str) != Some(place.name()) && *place != Place::LeftAlone {
            owner
                .batch_execute(&moving(table, *place, shards))
                .await
                .map_err(|error| failed(format!("{table}: {error}")))?;
            spread.moved += 1;
        }
        done += 1;
        tell(done, total, table);
    }
    Ok(spread)
}

/// Statements that give a table its place, all or none. Policies that look at other rows are refused there and are made anew
/// afterwards; until then the service doesn't start. What is left of rows where they lay before is taken away.
fn moving(table: &str, place: Place, shards: u32) -> String {
    match place {
        Place::ByDistrict => {
            let with = match table {
                FIRST => format!("shard_count => {shards}, colocate_with => 'none'"),
                _ => format!("colocate_with => 'public.{FIRST}'"),
            };
            format!(
                "BEGIN; DROP POLICY IF EXISTS sight ON public.{table}; DROP POLICY IF EXISTS adding ON public.{table}; \
                 DROP POLICY IF EXISTS changing ON public.{table}; DROP POLICY IF EXISTS removing ON public.{table}; \
                 ALTER TABLE public.{table} DISABLE ROW LEVEL SECURITY; \
                 SELECT create_distributed_table('public.{table}', 'district_code', {with}); COMMIT; \
                 SELECT truncate_local_data_after_distributing_table('public.{table}')"
            )
        }
        Place::OnEveryServer => format!("SELECT create_reference_table('public.{table}')"),
        Place::OnTheCoordinator | Place::LeftAlone => {
            format!("SELECT citus_add_local_table_to_metadata('public.{table}')")
        }
    }
}

/// The servers are there: Citus, its coordinator by its address, somebody to lead.
async fn require_servers(owner: &mut AsyncPgConnection) -> Result<(), StartError> {
    let extension = Statement::new("SELECT true AS found FROM pg_extension WHERE extname = 'citus'");
    if extension.load::<Row>(owner).await.map_err(failed)?.is_empty() {
        return Err(failed(
            "this database has no Citus: load it (shared_preload_libraries = 'citus') and run CREATE EXTENSION citus in it, \
             on every server",
        ));
    }
    let nodes = Statement::new(
        "SELECT count(*) FILTER (WHERE shouldhaveshards) AS count, coalesce(bool_or(groupid = 0), false) AS found \
         FROM pg_dist_node WHERE isactive AND noderole = 'primary'",
    );
    let node = nodes.load::<Row>(owner).await.map_err(failed)?.into_iter().next();
    let (workers, led) =
        node.map_or((0, false), |mut row| (row.get(&COUNT).unwrap_or_default(), row.get(&FOUND).unwrap_or_default()));
    let mut lacking = Vec::new();
    if !led {
        lacking.push("its coordinator has no address: SELECT citus_set_coordinator_host('…')");
    }
    if workers == 0 {
        lacking.push("it leads no server: SELECT citus_add_node('…', 5432)");
    }
    if lacking.is_empty() { Ok(()) } else { Err(failed(lacking.join("; "))) }
}

/// All tables with their place, in the order in which they get it.
async fn tables(owner: &mut AsyncPgConnection) -> Result<Vec<(String, Place)>, StartError> {
    let all = Statement::new(
        "SELECT c.relname::text AS name, EXISTS (SELECT FROM pg_attribute AS a WHERE a.attrelid = c.oid \
           AND a.attname = 'district_code' AND NOT a.attisdropped) AS found \
         FROM pg_class AS c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition \
         ORDER BY 1",
    );
    let rows = all.load::<Row>(owner).await.map_err(failed)?;
    let (mut tables, mut faults) = (Vec::new(), Vec::new());
    for mut row in rows {
        let (Some(table), Some(has_district)) = (row.get(&NAME), row.get(&FOUND)) else { continue };
        match Place::of(&table, has_district) {
            Some(place) => tables.push((table, place)),
            None => faults.push(format!("{table} has no district and no place of its own")),
        }
    }
    // Unique indexes must name the district, or each server would let the same key in.
    let keys = Statement::new(
        "SELECT DISTINCT i.indexrelid::regclass::text AS name FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indrelid \
           JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attname = 'district_code' \
         WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND i.indisunique \
           AND NOT a.attnum = ANY (i.indkey::int2[]) ORDER BY 1",
    );
    for mut row in keys.load::<Row>(owner).await.map_err(failed)? {
        faults.extend(row.get(&NAME).map(|name| format!("{name} is unique without the district")));
    }
    if !faults.is_empty() {
        return Err(failed(format!("these can't be distributed: {}", faults.join("; "))));
    }
    tables.sort_by_key(|(table, place)| (order(*place), first(table), table.clone()));
    Ok(tables)
}

/// Copies come first: the rest refers to them.
fn order(place: Place) -> u8 {
    match place {
        Place::OnEveryServer => 0,
        Place::OnTheCoordinator => 1,
        Place::ByDistrict => 2,
        Place::LeftAlone => 3,
    }
}

fn first(table: &str) -> usize {
    match table {
        FIRST => 0,
        _ => ON_EVERY_SERVER.iter().position(|listed| *listed == table).unwrap_or(1),
    }
}

/// The tables that have a place already.
async fn known(owner: &mut AsyncPgConnection) -> Result<BTreeMap<String, String>, StartError> {
    let known = Statement::new(
        "SELECT c.relname::text AS name, CASE WHEN p.partmethod = 'h' THEN 'by_district' WHEN p.repmodel = 't' \
           THEN 'on_every_server' ELSE 'on_the_coordinator' END AS place \
         FROM pg_dist_partition AS p JOIN pg_class AS c ON c.oid = p.logicalrelid WHERE c.relnamespace = 'public'::regnamespace",
    );
    let rows = known.load::<Row>(owner).await.map_err(failed)?;
    Ok(rows.into_iter().filter_map(|mut row| Some((row.get(&NAME)?, row.get(&PLACE)?))).collect())
}
