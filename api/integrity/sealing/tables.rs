//! Devices and reasons in tables that are no records.

use kit::columns;
use kit::problem::Problem;
use kit::row::Row;
use kit::statement::{ColumnType, Statement};
use kit::value::Value;
use serde_json::Value as Json;
use uuid::Uuid;

use super::PAGE;
use crate::integrity::owner::Work;
use crate::platform::audit;
use crate::platform::privacy::device::Device;

columns! {
    ID "id": Uuid;
    DEVICE_ID "device_id": String;
    DISTRICT_CODE "district_code": String;
}

/// Tables that keep what a device calls itself.
const OF_DEVICES: [&str; 3] = ["sessions", "held_items", "sync_conflicts"];
/// Reasons of the audit that are in the clear: a text where an envelope stands now.
const REASONS: &str = "audit_log WHERE jsonb_typeof(details -> 'reason') = 'string'";

/// How many rows have something in the clear.
pub async fn count(work: &mut Work<'_>) -> Result<u64, Problem> {
    let mut count = work.owner.count(Statement::new(format!("SELECT count(*) AS count FROM {REASONS}"))).await?;
    for table in OF_DEVICES {
        let statement = format!("SELECT count(*) AS count FROM {table} WHERE device_id IS NOT NULL");
        count += work.owner.count(Statement::new(statement)).await?;
    }
    Ok(count)
}

/// Seals them; how many.
pub async fn seal(work: &mut Work<'_>) -> Result<u64, Problem> {
    let mut sealed = reasons(work).await?;
    for table in OF_DEVICES {
        sealed += devices(work, table).await?;
    }
    Ok(sealed)
}

async fn devices(work: &mut Work<'_>, table: &'static str) -> Result<u64, Problem> {
    let is_found = table == "sessions";
    let district = if is_found { "''::text AS district_code" } else { "district_code" };
    let (writing, mut sealed) = (work.core.keys.blind_indexes.writing()?, 0);
    loop {
        let page = format!("SELECT id, {district}, device_id FROM {table} WHERE device_id IS NOT NULL LIMIT ");
        let rows = work.owner.run(Statement::new(page).integer(PAGE)).await?;
        let count = rows.len();
        if count == 0 {
            break;
        }
        let [mut ids, mut envelopes, mut indexes] = [Vec::new(), Vec::new(), Vec::new()];
        for mut row in rows {
            let (Some(id), Some(name)) = (row.get(&ID), row.get(&DEVICE_ID)) else { continue };
            let district_code = row.get(&DISTRICT_CODE).unwrap_or_default();
            let device = Device { table, id, district_code: &district_code };
            envelopes.push(Value::Bytes(device.seal(&work.core.sealer, &name)?));
            indexes.push(Value::Bytes(Device::blind_index(&writing, &name)));
            ids.push(Value::Id(id));
        }
        let index = if is_found { ", device_blind_index = u.blind_index" } else { "" };
        let statement = Statement::new(format!(
            "UPDATE {table} AS t SET device = u.envelope{index}, device_id = NULL FROM unnest("
        ))
        .column(ColumnType::Id, ids)
        .sql("::uuid[], ")
        .column(ColumnType::Bytes, envelopes)
        .sql("::bytea[], ")
        .column(ColumnType::Bytes, indexes)
        .sql("::bytea[]) AS u(id, envelope, blind_index) WHERE t.id = u.id");
        work.owner.run(statement).await?;
        work.tell(count);
        sealed += count as u64;
    }
    if sealed > 0 {
        work.owner.clean(table).await?;
    }
    Ok(sealed)
}

async fn reasons(work: &mut Work<'_>) -> Result<u64, Problem> {
    let mut sealed = 0;
    loop {
        let page = Statement::new(format!("SELECT id, details FROM {REASONS} LIMIT ")).integer(PAGE);
        let rows = work.owner.run(page).await?;
        let count = rows.len();
        if count == 0 {
            break;
        }
        let mut of = |mut row: Row| -> Result<Option<(Value, Value)>, Problem> {
            let (Some(id), Value::Json(details)) = (row.get(&ID), row.take("details")) else { return Ok(None) };
            let details: Json = audit::sealed(work.core, id, details)?;
            Ok(Some((Value::Id(id), Value::Json(details))))
        };
        let pairs: Result<Vec<Option<(Value, Value)>>, Problem> = rows.into_iter().map(&mut of).collect();
        let (ids, details) = pairs?.into_iter().flatten().unzip();
        let statement = Statement::new("UPDATE audit_log AS t SET details = u.details FROM unnest(")
            .column(ColumnType::Id, ids)
            .sql("::uuid[], ")
            .column(ColumnType::Json, details)
            .sql("::jsonb[]) AS u(id, details) WHERE t.id = u.id");
        work.owner.run(statement).await?;
        work.tell(count);
        sealed += count as u64;
    }
    if sealed > 0 {
        work.owner.clean("audit_log").await?;
    }
    Ok(sealed)
}
