//! Keeping what couldn't be placed: held items and conflicts, encrypted, once however often they are sent.

use chrono::TimeDelta;
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use kit::ids::new_id;
use kit::problem::Problem;
use kit::row::Row;
use kit::statement::{ColumnType, Statement};
use kit::text::Language;
use kit::tree::Tree;
use kit::value::Value;
use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::item::Item;
use super::outcome::{Conflict, Outcome};
use super::room;
use crate::platform::audit::{SystemWriteError, system_write};
use crate::platform::codes::FORBIDDEN;
use crate::platform::core::Core;
use crate::platform::divisions::each::over_all;
use crate::platform::http::Call;
use crate::platform::privacy::device::Device;
use crate::platform::privacy::seal::Owner;

/// How long held items and conflicts are kept.
pub const KEPT: TimeDelta = TimeDelta::days(90);

/// Keeps what a push left over, as far as there is room, and settles what was held before and went through now.
pub async fn keep(
    call: &Call,
    home: Option<String>,
    device_id: Option<&str>,
    results: &mut [(Item, Outcome)],
) -> Result<(), Problem> {
    let (core, actor) = (&call.core, call.actor()?);
    let Some(district_code) = home else {
        let unresolved_items = results.iter().any(|(_, outcome)| matches!(outcome, Outcome::Held(_)));
        return if unresolved_items { Err(FORBIDDEN.into()) } else { Ok(()) };
    };
    room::limit(core, &district_code, actor.user_id, results).await?;
    let mut statements = Vec::new();
    let mut through = Vec::new();
    for (item, outcome) in &*results {
        match outcome {
            Outcome::Held(problem) => statements.push(hold(call, &district_code, device_id, item, problem)?),
            Outcome::Conflict(conflict) => statements.push(conflicted(core, actor.user_id, device_id, item, conflict)?),
            Outcome::Refused(_) => {}
            _ => through.push(Value::Bytes(item.hash.clone())),
        }
    }
    let held = statements.len();
    if !through.is_empty() {
        let open = Statement::new("SELECT id FROM held_items WHERE state = 'open' AND district_code = ")
            .text(&district_code)
            .sql(" AND item_hash = ANY(")
            .column(ColumnType::Bytes, through.clone())
            .sql(") LIMIT 1")
            .seeing_district(&district_code);
        if !core.database.read(&open).await?.is_empty() {
            statements.push(settle(core, &district_code, actor.user_id, through));
        }
    }
    if statements.is_empty() {
        return Ok(());
    }
    let audit_entry = call.audit_entry("sync.keep", "held_items", None, json!({"kept": held, "of": results.len()}));
    system_write(core, audit_entry, async |connection| run(connection, statements).await).await
}

/// Runs statements in the transaction of a system write.
pub async fn run(connection: &mut AsyncPgConnection, statements: Vec<Statement>) -> Result<(), SystemWriteError> {
    for statement in statements {
        statement.load::<Row>(connection).await?;
    }
    Ok(())
}

fn hold(
    call: &Call,
    district_code: &str,
    device_id: Option<&str>,
    item: &Item,
    problem: &Problem,
) -> Result<Statement, Problem> {
    let (core, actor, id) = (&call.core, call.actor()?, new_id());
    let now = core.clock.now();
    let sealed = seal(core, "held_items", id, district_code, &item.text()?)?;
    let device = sealed_device(core, Device { table: "held_items", id, district_code }, device_id)?;
    let area_code = actor.own_area().unwrap_or_else(|| district_code.to_owned());
    let statement = Statement::new("INSERT INTO held_items (district_code, id, item_hash, area_code, kind, op, record_id, user_id, device, item, problem, state, held_at, expires_at) VALUES (")
        .text(district_code).sql(", ").id(id).sql(", ").bytes(item.hash.clone()).sql(", ").text(area_code)
        .sql(", ").text(item.kind().chars().take(60).collect::<String>()).sql(", ").text(item.op())
        .sql(", ").bind(ColumnType::Id, item.id().map_or(Value::Null, Value::Id))
        .sql(", ").id(actor.user_id)
        .sql(", ").bind(ColumnType::Bytes, device)
        .sql(", ").bytes(sealed).sql(", ").bind(ColumnType::Json, Value::Json(stored(problem)))
        .sql(", 'open', ").bind(ColumnType::Instant, Value::Instant(now))
        .sql(", ").bind(ColumnType::Instant, Value::Instant(now + KEPT));
    // Sent again it is the same item; why it is held may have changed.
    Ok(statement.sql(") ON CONFLICT (district_code, item_hash) DO UPDATE SET problem = excluded.problem, expires_at = excluded.expires_at WHERE held_items.state = 'open'"))
}

/// A problem as it is stored: in both languages, without the request.
pub fn stored(problem: &Problem) -> Json {
    json!({"zh": problem.body(Language::Chinese, ""), "en": problem.body(Language::English, "")})
}

/// Keeps a conflict.
pub fn conflicted(
    core: &Core,
    user_id: Uuid,
    device_id: Option<&str>,
    item: &Item,
    conflict: &Conflict,
) -> Result<Statement, Problem> {
    let id = new_id();
    let envelope = &conflict.record.envelope;
    let district_code = &envelope.district_code;
    let sealed = seal(core, "sync_conflicts", id, district_code, &conflict.patch.to_string())?;
    let device = sealed_device(core, Device { table: "sync_conflicts", id, district_code }, device_id)?;
    let base = item.frame.integer("base_revision").map_or(Value::Null, Value::Integer);
    let statement = Statement::new("INSERT INTO sync_conflicts (district_code, id, item_hash, area_code, kind, record_id, base_revision, server_revision, fields, user_id, device, patch, state, found_at) VALUES (")
        .text(district_code).sql(", ").id(id).sql(", ").bytes(item.hash.clone()).sql(", ").text(&envelope.area_code)
        .sql(", ").text(item.kind()).sql(", ").id(envelope.id)
        .sql(", ").bind(ColumnType::Integer, base).sql(", ").integer(envelope.revision)
        .sql(", ").bind(ColumnType::Json, Value::Json(json!(conflict.fields)))
        .sql(", ").id(user_id)
        .sql(", ").bind(ColumnType::Bytes, device)
        .sql(", ").bytes(sealed).sql(", 'open', ").bind(ColumnType::Instant, Value::Instant(core.clock.now()));
    Ok(statement.sql(") ON CONFLICT (district_code, item_hash) DO NOTHING"))
}

/// Held items of these hashes went through.
pub fn settle(core: &Core, district_code: &str, ended_by: Uuid, hashes: Vec<Value>) -> Statement {
    Statement::new("UPDATE held_items SET state = 'settled', ended_at = ")
        .bind(ColumnType::Instant, Value::Instant(core.clock.now()))
        .sql(", ended_by = ")
        .id(ended_by)
        .sql(" WHERE state = 'open' AND district_code = ")
        .text(district_code)
        .sql(" AND item_hash = ANY(")
        .column(ColumnType::Bytes, hashes)
        .sql(")")
}

/// Forgets what is older than it is kept, whatever became of it.
pub async fn sweep(core: &Core) -> Result<(), Problem> {
    let now = core.clock.now();
    for (table, column, before) in [("held_items", "expires_at", now), ("sync_conflicts", "found_at", now - KEPT)] {
        let old = |only| {
            let old = Statement::new(format!("DELETE FROM {table} WHERE {column} <= "));
            old.bind(ColumnType::Instant, Value::Instant(before)).sql(" AND ").then(only)
        };
        over_all(core, old).await?;
    }
    Ok(())
}

fn sealed_device(core: &Core, device: Device<'_>, name: Option<&str>) -> Result<Value, Problem> {
    Ok(name.map(|name| device.seal(&core.sealer, name)).transpose()?.map_or(Value::Null, Value::Bytes))
}

/// Seals a text of a row of a table.
pub fn seal(core: &Core, table: &'static str, id: Uuid, district_code: &str, text: &str) -> Result<Vec<u8>, Problem> {
    let owner = Owner { kind: table, field: "item", id, district_code };
    core.sealer.seal(owner, text.as_bytes()).map_err(Problem::internal)
}

/// Opens what [`seal`] sealed; nothing where it was purged.
pub fn open(core: &Core, table: &'static str, id: Uuid, district_code: &str, sealed: &[u8]) -> Result<Tree, Problem> {
    let owner = Owner { kind: table, field: "item", id, district_code };
    let Some(text) = core.sealer.open(owner, sealed).map_err(Problem::internal)? else {
        return Ok(Tree::Object(Vec::new()));
    };
    Tree::parse(&text).map_err(|_| Problem::internal("a kept item holds no JSON"))
}
