//! Certificates: a row a purge, made as it begins, and a line of the audit once it is done.

use chrono::{DateTime, NaiveDate, Utc};
use diesel_async::RunQueryDsl;
use kit::columns;
use kit::ids::new_id;
use kit::problem::Problem;
use kit::row::Row;
use kit::statement::{ColumnType, Statement};
use kit::value::Value;
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::rows::targets;
use super::{Counts, Order};
use crate::platform::audit::{AuditEntry, job_write, system_write_all};
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
    COUNTS "counts": Json;
    OLDEST_AT "oldest_at": DateTime<Utc>;
    NEWEST_AT "newest_at": DateTime<Utc>;
    IDS_DIGEST "ids_digest": Box<[u8]>;
    ENDED_AT "ended_at": DateTime<Utc>;
}

const COLUMNS: &str = "id, district_code, kind, before_on, before_at, reason, ordered_by, purged_at, started_at, state, counts, oldest_at, newest_at, ids_digest, ended_at";
/// The verb under which a purge is noted.
const PURGED: &str = "records.purge";
/// Ids that are read together.
const TOGETHER: i64 = 10_000;

/// A purge and what came of it.
#[derive(Clone, Debug)]
pub struct Certificate {
    /// Its id.
    pub id: Uuid,
    /// The district.
    pub district_code: String,
    /// The kind.
    pub kind: String,
    /// What happened before this day was purged.
    pub before_on: NaiveDate,
    /// The beginning of that day.
    pub before_at: DateTime<Utc>,
    /// Why.
    pub reason: String,
    /// The account that ordered it; none at the command line.
    pub ordered_by: Option<Uuid>,
    /// The instant that what was purged bears.
    pub purged_at: DateTime<Utc>,
    /// When it began, by the database's clock.
    pub started_at: DateTime<Utc>,
    /// Whether it is done.
    pub is_complete: bool,
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
        is_complete: row.get(&STATE).as_deref() == Some("complete"),
        counts: row.get(&COUNTS).and_then(|counts| serde_json::from_value(counts).ok()).unwrap_or_default(),
        oldest_at: row.get(&OLDEST_AT),
        newest_at: row.get(&NEWEST_AT),
        ids_digest: row.get(&IDS_DIGEST).map(Vec::from).unwrap_or_default(),
        ended_at: row.get(&ENDED_AT),
        district_code,
    })
}

async fn read(core: &Core, statement: Statement, district_code: &str) -> Result<Vec<Certificate>, Problem> {
    let rows = core.database.read(&statement.seeing_district(district_code)).await?;
    rows.into_iter().map(|row| of_row(core, row)).collect()
}

fn of_district(district_code: &str) -> Statement {
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

/// The purge of a kind that isn't done.
pub async fn running(core: &Core, district_code: &str, kind: &Kind) -> Result<Option<Certificate>, Problem> {
    let statement = of_district(district_code).sql(" AND state = 'running' AND kind = ").text(kind.name);
    Ok(read(core, statement, district_code).await?.pop())
}

/// A statement that finds a row where a purge isn't done.
pub fn still_running(running: &Certificate) -> Statement {
    let statement = Statement::new("SELECT id FROM purges WHERE state = 'running' AND district_code = ");
    statement.text(&running.district_code).sql(" AND id = ").id(running.id).sql(" FOR SHARE")
}

/// Begins a purge; where one of the kind is under way, shares that.
pub async fn begin(
    core: &Core,
    district_code: &str,
    order: &Order,
    before_at: DateTime<Utc>,
) -> Result<Certificate, Problem> {
    let id = new_id();
    let reason = core.sealer.seal(owner(id, district_code), order.reason.as_bytes()).map_err(Problem::internal)?;
    let now = Value::Instant(core.clock.now());
    let statement = Statement::new(
        "INSERT INTO purges (district_code, id, kind, before_on, before_at, reason, ordered_by, purged_at, started_at, state, counts) VALUES (",
    )
    .text(district_code)
    .sql(", ")
    .id(id)
    .sql(", ")
    .text(order.kind.name)
    .sql(", ")
    .bind(ColumnType::Day, Value::Day(order.before_on))
    .sql(", ")
    .bind(ColumnType::Instant, Value::Instant(before_at))
    .sql(", ")
    .bytes(reason)
    .sql(", ")
    .bind(ColumnType::Id, order.by.map_or(Value::Null, Value::Id))
    .sql(", ")
    .bind(ColumnType::Instant, now)
    .sql(", clock_timestamp(), 'running', '{}') ON CONFLICT (district_code, kind) WHERE state = 'running' DO NOTHING");
    job_write(core, vec![statement]).await?;
    let found = running(core, district_code, order.kind).await?;
    found.ok_or_else(|| Problem::from(kit::catalogue::Code::WRITE_CONFLICT))
}

/// Completes a purge: counts what bears its instant, and notes it. None where somebody else did.
pub async fn complete(
    core: &Core,
    kind: &'static Kind,
    running: Certificate,
    counts: Counts,
) -> Result<Option<Certificate>, Problem> {
    let mut done = Certificate { counts, is_complete: true, ended_at: Some(core.clock.now()), ..running };
    tell(core, kind, &mut done).await?;
    let statement = Statement::new("UPDATE purges SET state = 'complete', counts = ")
        .bind(ColumnType::Json, Value::Json(json!(done.counts)))
        .sql(", ids_digest = ")
        .bytes(done.ids_digest.clone())
        .sql(", oldest_at = ")
        .bind(ColumnType::Instant, done.oldest_at.map_or(Value::Null, Value::Instant))
        .sql(", newest_at = ")
        .bind(ColumnType::Instant, done.newest_at.map_or(Value::Null, Value::Instant))
        .sql(", ended_at = ")
        .bind(ColumnType::Instant, done.ended_at.map_or(Value::Null, Value::Instant))
        .sql(" WHERE state = 'running' AND district_code = ")
        .text(&done.district_code)
        .sql(" AND id = ")
        .id(done.id)
        .sql(" RETURNING id");
    let entry = audit_entry(&done);
    let ended = system_write_all(core, vec![entry], async |connection| {
        let rows: Vec<Row> = statement.load(connection).await?;
        if rows.is_empty() { Err(Problem::from(kit::catalogue::Code::WRITE_CONFLICT).into()) } else { Ok(()) }
    })
    .await;
    match ended {
        Ok(()) => Ok(Some(done)),
        Err(problem) if problem.code() == kit::catalogue::Code::WRITE_CONFLICT => Ok(None),
        Err(problem) => Err(problem),
    }
}

/// Fills in how many records a purge erased, from when to when, and the digest of their ids; each found by the instant that
/// it bears, whoever cut it.
async fn tell(core: &Core, kind: &'static Kind, done: &mut Certificate) -> Result<(), Problem> {
    let (mut hash, mut after) = (Sha256::new(), Uuid::nil());
    for target in targets(core, kind) {
        if target.is_of_subject() {
            let counted =
                Statement::new("SELECT count(*) AS count FROM (").then(target.purged(core, done, None)).sql(") AS p");
            let rows = core.database.read(&seeing(core, counted, done)).await?;
            let count = rows.into_iter().next().and_then(|mut row| row.integer("count"));
            done.counts.attached += count.unwrap_or_default().unsigned_abs();
            continue;
        }
        loop {
            let page = target.purged(core, done, Some((after, TOGETHER)));
            let rows = core.database.read(&seeing(core, page, done)).await?;
            if rows.is_empty() {
                break;
            }
            for mut row in rows {
                let (Some(id), Some(at)) = (row.id("id"), row.instant("occurred_at")) else { continue };
                hash.update(id.as_bytes());
                done.oldest_at = Some(done.oldest_at.map_or(at, |oldest| oldest.min(at)));
                done.newest_at = Some(done.newest_at.map_or(at, |newest| newest.max(at)));
                done.counts.records += 1;
                after = id;
            }
        }
    }
    done.ids_digest = hash.finalize().to_vec();
    Ok(())
}

fn seeing(core: &Core, statement: Statement, done: &Certificate) -> Statement {
    statement.seeing_district(&done.district_code).in_rooms(core.kinds().rooms())
}

fn audit_entry(done: &Certificate) -> AuditEntry {
    let instant = |instant: Option<DateTime<Utc>>| instant.map(|instant| instant.to_rfc3339());
    AuditEntry {
        actor_id: done.ordered_by,
        area_code: Some(done.district_code.clone()),
        verb: PURGED,
        subject_kind: "purges",
        subject_id: Some(done.id),
        request_id: None,
        address: None,
        details: json!({
            "kind": done.kind,
            "before_on": done.before_on,
            "counts": done.counts,
            "oldest_at": instant(done.oldest_at),
            "newest_at": instant(done.newest_at),
            "ids_digest": hex::encode(&done.ids_digest),
            "reason": done.reason,
        }),
    }
}
