//! Requests in the database.

use chrono::TimeDelta;
use diesel_async::RunQueryDsl;
use kit::problem::Problem;
use kit::row::Row;
use kit::statement::{ColumnType, Statement};
use kit::time::InZone;
use kit::value::Value;
use serde_json::json;
use uuid::Uuid;

use super::{APPROVERS, ExportRequest};
use crate::platform::access::roles::Actor;
use crate::platform::audit::{AuditEntry, system_write};
use crate::platform::codes::NOT_FOUND;
use crate::platform::core::Core;
use crate::platform::http::Call;
use crate::platform::privacy::seal::Owner;
use crate::records::codes::{ALREADY_ENDED, APPROVAL_REQUIRED};
use crate::records::scope::reached;

/// How long an agreement is good.
const GOOD_FOR: TimeDelta = TimeDelta::days(1);
/// Parameters of a list's address that say nothing of which records.
const OF_THE_FILE: [&str; 6] = ["unmasked", "purpose", "export_request_id", "headers", "as_of_change_no", "after"];

const COLUMNS: &str = "r.district_code, r.id, r.area_code, r.kind, r.filter, r.purpose, r.reason, r.state, r.requested_by, r.requested_at, r.decided_by, r.decided_at, r.used_at";

/// A request as it was read.
pub struct Request {
    /// Its district.
    pub district_code: String,
    /// Its id.
    pub id: Uuid,
    /// The area of whoever asks.
    pub area_code: String,
    /// Account that asks.
    pub requested_by: Uuid,
    /// State: `open`, `approved`, `refused` or `used`.
    pub state: String,
    /// Request as it is served.
    pub(super) shown: ExportRequest,
}

/// An agreement that a file is taken with.
pub struct Approved {
    /// The request.
    pub id: Uuid,
    /// Reason for the export.
    pub reason: String,
}

/// The pairs of an address that say which records, sorted.
pub fn canonical(query: &str) -> String {
    let mut pairs: Vec<&str> = query.trim_start_matches('?').split('&').filter(|pair| !pair.is_empty()).collect();
    pairs.retain(|pair| !OF_THE_FILE.contains(&pair.split('=').next().unwrap_or_default()));
    pairs.sort_unstable();
    pairs.join("&")
}

/// Requests that a caller sees: his own, and those that he may decide.
pub fn visible(actor: &Actor, district_code: &str) -> Statement {
    let statement = Statement::new(format!("SELECT {COLUMNS} FROM export_requests AS r WHERE r.district_code = "))
        .text(district_code)
        .sql(" AND (r.requested_by = ")
        .id(actor.user_id)
        .sql(" OR ");
    reached("r", statement.seeing_district(district_code), actor, APPROVERS, false).sql(")")
}

/// A request that the caller sees, else 404.
pub async fn find(call: &Call, id: Uuid) -> Result<Request, Problem> {
    let actor = call.actor()?;
    for district_code in &actor.districts {
        let statement = visible(actor, district_code).sql(" AND r.id = ").id(id);
        if let Some(row) = call.core.database.read(&statement).await?.into_iter().next() {
            return of_row(&call.core, row);
        }
    }
    Err(NOT_FOUND.into())
}

/// A request of a row.
pub fn of_row(core: &Core, mut row: Row) -> Result<Request, Problem> {
    let missing = || Problem::internal("an export request's row lacks a column");
    let (id, district_code) = (row.id("id").ok_or_else(missing)?, row.text("district_code").ok_or_else(missing)?);
    let sealed = row.bytes("reason").unwrap_or_default();
    let reason = core.sealer.open(owner(id, &district_code), &sealed).map_err(Problem::internal)?;
    let reason = reason.map(|text| String::from_utf8_lossy(&text).into_owned());
    let (area_code, state) = (row.text("area_code").ok_or_else(missing)?, row.text("state").ok_or_else(missing)?);
    let requested_by = row.id("requested_by").ok_or_else(missing)?;
    let at = |instant| InZone(instant, core.zone);
    let shown = ExportRequest {
        id,
        kind: row.text("kind"),
        filter: row.text("filter"),
        purpose: row.text("purpose"),
        reason,
        state: state.clone(),
        area_code: area_code.clone(),
        requested_by,
        requested_at: row.instant("requested_at").map(at),
        decided_by: row.id("decided_by"),
        decided_at: row.instant("decided_at").map(at),
        used_at: row.instant("used_at").map(at),
    };
    Ok(Request { district_code, id, area_code, requested_by, state, shown })
}

/// Owner to which the sealed reason is bound.
pub fn owner(id: Uuid, district_code: &str) -> Owner<'_> {
    Owner { kind: "export_requests", field: "reason", id, district_code }
}

/// Writes a request.
pub async fn add(core: &Core, statement: Statement, audit_entry: AuditEntry) -> Result<(), Problem> {
    system_write(core, audit_entry, async |connection| {
        let _: Vec<Row> = statement.load(connection).await?;
        Ok(())
    })
    .await
}

/// Moves a request on from a state; 409 where it stands elsewhere by now.
pub async fn move_on(core: &Core, statement: Statement, audit_entry: AuditEntry) -> Result<(), Problem> {
    system_write(core, audit_entry, async |connection| {
        let rows: Vec<Row> = statement.load(connection).await?;
        if rows.is_empty() { Err(Problem::new(ALREADY_ENDED).into()) } else { Ok(()) }
    })
    .await
}

/// Takes an agreement for a file of just that list by whoever asked for it: it is good once, within a day. A download
/// that broke off goes on with it, as of the same number.
pub async fn take(call: &Call, kind: &str, as_of: i64, id: Uuid) -> Result<Approved, Problem> {
    let (core, actor, now) = (&call.core, call.actor()?, call.core.clock.now());
    let request = find(call, id).await?;
    let shown = &request.shown;
    let same = shown.kind.as_deref() == Some(kind)
        && shown.filter.as_deref().unwrap_or_default() == canonical(call.request.query_string())
        && Some(shown.purpose.as_deref().unwrap_or_default()) == call.query.text("purpose");
    if request.requested_by != actor.user_id || !same {
        return Err(APPROVAL_REQUIRED.into());
    }
    let goes_on = call.query.has("after");
    let statement = Statement::new("UPDATE export_requests SET state = 'used', as_of_change_no = ")
        .integer(as_of)
        .sql(", used_at = coalesce(used_at, ")
        .bind(ColumnType::Instant, Value::Instant(now))
        .sql(") WHERE district_code = ")
        .text(&request.district_code)
        .sql(" AND id = ")
        .id(id)
        .sql(" AND decided_at > ")
        .bind(ColumnType::Instant, Value::Instant(now - GOOD_FOR))
        .sql(" AND (state = 'approved'");
    let statement = match goes_on {
        true => statement.sql(" OR (state = 'used' AND as_of_change_no = ").integer(as_of).sql(")"),
        false => statement,
    };
    let audit_entry =
        call.audit_entry("export_request.use", "export_requests", Some(id), json!({"as_of_change_no": as_of}));
    match move_on(core, statement.sql(") RETURNING id"), audit_entry).await {
        Err(problem) if problem.code() == ALREADY_ENDED => Err(APPROVAL_REQUIRED.into()),
        outcome => outcome.map(|()| Approved { id, reason: request.shown.reason.unwrap_or_default() }),
    }
}
