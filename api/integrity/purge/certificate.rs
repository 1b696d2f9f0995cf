//! Certificates: a row a purge, made as it is ordered or begins.

use chrono::{DateTime, NaiveDate, Utc};
use kit::columns;
use kit::ids::new_id;
use kit::problem::Problem;
use kit::row::Row;
use kit::statement::{ColumnType, Statement};
use kit::value::Value;
use serde_json::Value as Json;
use uuid::Uuid;

use super::{Counts, Order};
use crate::platform::audit::job_write;
use crate::platform::core::Core;
use crate::platform::privacy::seal::Owner;
use crate::records::Kind;

columns! {
    ID "id": Uuid;
    DISTRICT_CODE "district_code": String;
    KIND "kind": String;
    BEFORE_ON "before_on": NaiveDate;
    BEFORE_AT "before_at": DateTime<Utc>;
    REASON "reason": Box<[u8]>;
    ORDERED_BY "ordered_by": Uuid;
    PURGED_AT "purged_at": DateTime<Utc>;
    STARTED_AT "started_at": DateTime<Utc>;
    STATE "state": String;
    ORDERED_AT "ordered_at": DateTime<Utc>;
    POLICY_ID "policy_id": Uuid;
    COUNTS "counts": Json;
    OLDEST_AT "oldest_at": DateTime<Utc>;
    NEWEST_AT "newest_at": DateTime<Utc>;
    IDS_DIGEST "ids_digest": Box<[u8]>;
    ENDED_AT "ended_at": DateTime<Utc>;
}

const COLUMNS: &str = "id, district_code, kind, before_on, before_at, reason, ordered_by, purged_at, started_at, state, counts, oldest_at, newest_at, ids_digest, ended_at, ordered_at, policy_id";

/// How far a purge is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Somebody ordered it; nothing was purged yet.
    Ordered,
    /// It is being carried out, or was broken off.
    Running,
    /// It is done.
    Complete,
}

impl Stage {
    fn of_code(code: &str) -> Option<Self> {
        match code {
            "ordered" => Some(Self::Ordered),
            "running" => Some(Self::Running),
            "complete" => Some(Self::Complete),
            _ => None,
        }
    }
}

/// A purge and what came of it.
#[derive(Clone, Debug)]
pub struct Certificate {
    /// Its id.
    pub id: Uuid,
    /// The district.
    pub district_code: String,
    /// The kind.
    pub kind: String,
    /// Day before which the purged records happened.
    pub before_on: NaiveDate,
    /// The beginning of that day.
    pub before_at: DateTime<Utc>,
    /// Why.
    pub reason: String,
    /// The account that ordered it; none at the command line, and of a policy.
    pub ordered_by: Option<Uuid>,
    /// When it was ordered; none of one that began at once.
    pub ordered_at: Option<DateTime<Utc>>,
    /// The retention policy by which it was carried out.
    pub policy_id: Option<Uuid>,
    /// The instant that what was purged bears; before it begins when it was ordered.
    pub purged_at: DateTime<Utc>,
    /// When it began, by the database's clock; before that when it was ordered.
    pub started_at: DateTime<Utc>,
    /// How far it is.
    pub stage: Stage,
    /// How many.
    pub counts: Counts,
    /// When the oldest of its records happened.
    pub oldest_at: Option<DateTime<Utc>>,
    /// When the newest of them did.
    pub newest_at: Option<DateTime<Utc>>,
    /// SHA-256 over the ids of its records in their order, 16 bytes each; empty until it is done.
    pub ids_digest: Vec<u8>,
    /// When it was done.
    pub ended_at: Option<DateTime<Utc>>,
}

fn owner(id: Uuid, district_code: &str) -> Owner<'_> {
    Owner { kind: "purges", field: "reason", id, district_code }
}

fn of_row(core: &Core, mut row: Row) -> Result<Certificate, Problem> {
    let missing = || Problem::internal("a purge's row lacks a column");
    let (id, district_code) = (row.get(&ID).ok_or_else(missing)?, row.get(&DISTRICT_CODE).ok_or_else(missing)?);
    let sealed = row.get(&REASON).ok_or_else(missing)?;
    let reason = core.sealer.open(owner(id, &district_code), &sealed).map_err(Problem::internal)?;
    Ok(Certificate {
        id,
        kind: row.get(&KIND).ok_or_else(missing)?,
        before_on: row.get(&BEFORE_ON).ok_or_else(missing)?,
        before_at: row.get(&BEFORE_AT).ok_or_else(missing)?,
        reason: String::from_utf8_lossy(&reason.unwrap_or_default()).into_owned(),
        ordered_by: row.get(&ORDERED_BY),
        purged_at: row.get(&PURGED_AT).ok_or_else(missing)?,
        started_at: row.get(&STARTED_AT).ok_or_else(missing)?,
        ordered_at: row.get(&ORDERED_AT),
        policy_id: row.get(&POLICY_ID),
        stage: row.get(&STATE).as_deref().and_then(Stage::of_code).ok_or_else(missing)?,
        counts: row.get(&COUNTS).and_then(|counts| serde_json::from_value(counts).ok()).unwrap_or_default(),
        oldest_at: row.get(&OLDEST_AT),
        newest_at: row.get(&NEWEST_AT),
        ids_digest: row.get(&IDS_DIGEST).map(Vec::from).unwrap_or_default(),
        ended_at: row.get(&ENDED_AT),
        district_code,
    })
}

/// The certificates that a statement selects in a district.
pub(super) async fn read(core: &Core, statement: Statement, district_code: &str) -> Result<Vec<Certificate>, Problem> {
    let rows = core.database.read(&statement.seeing_district(district_code)).await?;
    rows.into_iter().map(|row| of_row(core, row)).collect()
}

/// Beginning of a statement that selects certificates of a district.
pub(super) fn of_district(district_code: &str) -> Statement {
    Statement::new(format!("SELECT {COLUMNS} FROM purges WHERE district_code = ")).text(district_code)
}

/// Certificates of a district, the newest first, after one.
pub async fn certificates(
    core: &Core,
    district_code: &str,
    after: Option<Uuid>,
    most: usize,
) -> Result<Vec<Certificate>, Problem> {
    let statement = of_district(district_code);
    let statement = match after {
        // Ids are made in the order of time.
        Some(id) => statement.sql(" AND id < ").id(id),
        None => statement,
    };
    let most = i64::try_from(most).map_err(Problem::internal)?;
    read(core, statement.sql(" ORDER BY id DESC LIMIT ").integer(most), district_code).await
}

/// A certificate of a district by its id.
pub async fn certificate(core: &Core, district_code: &str, id: Uuid) -> Result<Option<Certificate>, Problem> {
    Ok(read(core, of_district(district_code).sql(" AND id = ").id(id), district_code).await?.pop())
}

/// The purge of a kind that began and isn't done.
pub async fn running(core: &Core, district_code: &str, kind: &Kind) -> Result<Option<Certificate>, Problem> {
    let statement = of_district(district_code).sql(" AND state = 'running' AND kind = ").text(kind.name);
    Ok(read(core, statement, district_code).await?.pop())
}

/// A statement that finds a row where a purge isn't done.
pub fn still_running(running: &Certificate) -> Statement {
    let statement = Statement::new("SELECT id FROM purges WHERE state = 'running' AND district_code = ");
    statement.text(&running.district_code).sql(" AND id = ").id(running.id).sql(" FOR SHARE")
}

/// Values of a purge that are known before it begins.
pub(super) struct Values<'a> {
    /// Its id.
    pub id: Uuid,
    /// The district.
    pub district_code: &'a str,
    /// The order.
    pub order: &'a Order,
    /// The instant before which it purges.
    pub before_at: DateTime<Utc>,
}

impl Values<'_> {
    /// A statement with the values of the columns `district_code, id, kind, before_on, before_at, reason, ordered_by,
    /// policy_id, purged_at` behind it.
    pub fn bound(&self, core: &Core, statement: Statement) -> Result<Statement, Problem> {
        let (id, order) = (self.id, self.order);
        let envelope = owner(id, self.district_code);
        let reason = core.sealer.seal(envelope, order.reason.as_bytes()).map_err(Problem::internal)?;
        let id_or_null = |id: Option<Uuid>| id.map_or(Value::Null, Value::Id);
        Ok(statement
            .text(self.district_code)
            .sql(", ")
            .id(id)
            .sql(", ")
            .text(order.kind.name)
            .sql(", ")
            .bind(ColumnType::Day, Value::Day(order.before_on))
            .sql(", ")
            .bind(ColumnType::Instant, Value::Instant(self.before_at))
            .sql(", ")
            .bytes(reason)
            .sql(", ")
            .bind(ColumnType::Id, id_or_null(order.by))
            .sql(", ")
            .bind(ColumnType::Id, id_or_null(order.policy_id))
            .sql(", ")
            .bind(ColumnType::Instant, Value::Instant(core.clock.now())))
    }
}

/// Begins a purge; where one of the kind is under way, shares that.
pub async fn begin(
    core: &Core,
    district_code: &str,
    order: &Order,
    before_at: DateTime<Utc>,
) -> Result<Certificate, Problem> {
    let values = Values { id: new_id(), district_code, order, before_at };
    let insert = Statement::new(
        "INSERT INTO purges (district_code, id, kind, before_on, before_at, reason, ordered_by, policy_id, purged_at, started_at, state, counts) VALUES (",
    );
    let statement = values.bound(core, insert)?.sql(
        ", clock_timestamp(), 'running', '{}') ON CONFLICT (district_code, kind) WHERE state = 'running' DO NOTHING",
    );
    job_write(core, vec![statement]).await?;
    let found = running(core, district_code, order.kind).await?;
    found.ok_or_else(|| Problem::from(kit::catalogue::Code::WRITE_CONFLICT))
}
