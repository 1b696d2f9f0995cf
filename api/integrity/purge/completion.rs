//! Completing a purge: what came of it is counted by the instant that it bears, and noted in the audit.

use chrono::{DateTime, Utc};
use diesel_async::RunQueryDsl;
use kit::problem::Problem;
use kit::row::Row;
use kit::statement::{ColumnType, Statement};
use kit::value::Value;
use serde_json::json;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::Counts;
use super::certificate::{Certificate, Stage};
use super::rows::targets;
use crate::platform::audit::{AuditEntry, system_write_all};
use crate::platform::core::Core;
use crate::records::Kind;

/// The verb under which a purge is noted.
const PURGED: &str = "records.purge";
/// Ids that are read together.
const TOGETHER: i64 = 10_000;

/// Completes a purge: counts what bears its instant, and notes it. None where somebody else did.
pub async fn complete(
    core: &Core,
    kind: &'static Kind,
    running: Certificate,
    counts: Counts,
) -> Result<Option<Certificate>, Problem> {
    let mut done = Certificate { counts, stage: Stage::Complete, ended_at: Some(core.clock.now()), ..running };
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
            "policy_id": done.policy_id,
            "before_on": done.before_on,
            "counts": done.counts,
            "oldest_at": instant(done.oldest_at),
            "newest_at": instant(done.newest_at),
            "ids_digest": hex::encode(&done.ids_digest),
            "reason": done.reason,
        }),
    }
}
