//! Held items: seen by their author and, masked, by those who supervise his area; mended, tried again or discarded.

use actix_web::HttpResponse;
use actix_web::http::header::{CACHE_CONTROL, ETAG};
use chrono::{DateTime, Utc};
use kit::catalogue::FaultCode;
use kit::etag;
use kit::faults::Faults;
use kit::patch;
use kit::problem::Problem;
use kit::row::Row;
use kit::statement::{ColumnType, Statement};
use kit::text::Language;
use kit::time::InZone;
use kit::tree::{Tree, to_json};
use kit::value::Value;
use kit::walk::{escape, note_repeated};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::item::{ITEM, Item};
use super::room::Room;
use super::shown;
use super::state::{open, run, seal};
use super::wire::{DISCARD, HeldItem, SUPERVISORS};
use crate::platform::access::closed_rooms::ClosedRooms;
use crate::platform::access::roles::Actor;
use crate::platform::audit::system_write;
use crate::platform::codes::{FORBIDDEN, NOT_FOUND};
use crate::platform::core::Core;
use crate::platform::divisions::away::Away;
use crate::platform::http::{Answer, Call, fault, page};
use crate::platform::privacy::device::Device;
use crate::records::codes::{ALREADY_ENDED, CREATE_ONLY};
use crate::records::scope::reached;

/// Columns that [`of_row`] reads.
pub const COLUMNS: &str = "r.district_code, r.id, r.item_hash, r.area_code, r.kind, r.op, r.record_id, r.user_id, r.device_id, r.device, r.problem, r.state, r.held_at, r.mended_at, r.revision, r.expires_at, r.ended_at, r.item";

/// A held item as it was read.
pub struct Held {
    /// Its district.
    pub district_code: String,
    /// Its id.
    pub id: Uuid,
    /// Account that sent it.
    pub user_id: Uuid,
    /// The device that sent it.
    pub device_id: Option<String>,
    /// Hash under which it is kept.
    pub hash: Vec<u8>,
    /// State: `open`, `settled` or `discarded`.
    pub state: String,
    /// Kind, as it was sent.
    pub kind: String,
    /// Operation, as it was sent.
    pub op: String,
    /// The record, as it was sent.
    pub record_id: Option<Uuid>,
    /// Its sender's area.
    pub area_code: String,
    /// Number of the revision, one more with each mending.
    pub revision: i64,
    /// Time at which its author wrote it last.
    pub written_at: DateTime<Utc>,
    /// Item as it was sent, with what was mended.
    pub item: Tree,
    shown: HeldItem,
}

/// `GET /v1/held-items`.
pub async fn list(call: Call) -> Answer {
    let actor = call.actor()?;
    let wanted = call.query.text("state").unwrap_or("open").to_owned();
    let binding = format!("held_items|{}|{wanted}", actor.user_id);
    let after = page::position(&call, &binding)?.and_then(|text| text.parse::<Uuid>().ok());
    let limit = i64::try_from(page::limit(&call)).map_err(Problem::internal)? + 1;
    let mut items = Vec::new();
    for district_code in &actor.districts {
        let mut statement = visible(&call, actor, district_code).sql(" AND r.state = ").text(&wanted);
        if let Some(id) = after {
            // Ids are made in the order of time.
            statement = statement.sql(" AND r.id < ").id(id);
        }
        let statement = statement.sql(" ORDER BY r.id DESC LIMIT ").integer(limit);
        for row in call.core.database.read(&statement).await? {
            items.push(of_row(&call.core, row)?);
        }
    }
    items.sort_by_key(|held| std::cmp::Reverse(held.id));
    items.truncate(page::limit(&call) + 1);
    let (core, language) = (&call.core, call.language);
    Ok(page::answer(&call, &binding, items, |held| held.id.to_string(), |held| view(core, &held, actor, language)))
}

/// `GET /v1/held-items/{id}`.
pub async fn get(call: Call) -> Answer {
    let held = find(&call).await?;
    answer(&call, &held)
}

/// `PATCH /v1/held-items/{id}`: a merge patch over its body, by its author. What it is stays as it was sent: those
/// who supervise him let through what they were told of.
pub async fn mend(call: Call) -> Answer {
    let held = find(&call).await?;
    require_author(&call, &held)?;
    require_open(&held)?;
    let tree = call.tree().await?;
    if !matches!(tree, Tree::Object(_)) {
        return Err(fault("", FaultCode::NOT_AN_OBJECT));
    }
    let mut faults = Faults::default();
    note_repeated(&tree, "", &mut faults);
    require_body(&tree, &mut faults);
    faults.finish()?;
    let mended = serde_json::to_string(&patch::merge(held.item, &tree)).map_err(Problem::internal)?;
    Room::of(&call.core, &held.district_code, held.user_id).await?.take(0, mended.len())?;
    let sealed = seal(&call.core, "held_items", held.id, &held.district_code, &mended)?;
    let statement = Statement::new("UPDATE held_items SET item = ")
        .bytes(sealed)
        .sql(", revision = revision + 1, mended_at = ")
        .bind(ColumnType::Instant, Value::Instant(call.core.clock.now()))
        .sql(" WHERE state = 'open' AND district_code = ")
        .text(&held.district_code)
        .sql(" AND id = ")
        .id(held.id);
    let audit_entry = call.audit_entry("held_item.mend", "held_items", Some(held.id), json!({}));
    system_write(&call.core, audit_entry, async |connection| run(connection, vec![statement]).await).await?;
    answer(&call, &find(&call).await?)
}

/// `POST /v1/held-items/{id}:discard`. Once more is no fault.
pub async fn discard(call: Call) -> Answer {
    let held = find(&call).await?;
    let form = call.form(DISCARD).await?;
    if held.state == "open" {
        let statement = end(&call, &held, "discarded")?;
        let details = json!({"reason": form.text("reason")});
        let audit_entry = call.audit_entry("held_item.discard", "held_items", Some(held.id), details);
        system_write(&call.core, audit_entry, async |connection| run(connection, vec![statement]).await).await?;
    }
    answer(&call, &find(&call).await?)
}

/// Ends an item.
pub fn end(call: &Call, held: &Held, to: &'static str) -> Result<Statement, Problem> {
    Ok(Statement::new("UPDATE held_items SET state = ")
        .text(to)
        .sql(", ended_at = ")
        .bind(ColumnType::Instant, Value::Instant(call.core.clock.now()))
        .sql(", ended_by = ")
        .id(call.actor()?.user_id)
        .sql(" WHERE state = 'open' AND district_code = ")
        .text(&held.district_code)
        .sql(" AND id = ")
        .id(held.id))
}

/// Those that the actor sees.
fn visible(call: &Call, actor: &Actor, district_code: &str) -> Statement {
    let statement = Statement::new(format!("SELECT {COLUMNS} FROM held_items AS r WHERE r.district_code = "))
        .text(district_code)
        .sql(" AND r.expires_at > ")
        .bind(ColumnType::Instant, Value::Instant(call.core.clock.now()))
        .sql(" AND (r.user_id = ")
        .id(actor.user_id)
        .sql(" OR (");
    // His own he sees wherever he was when he sent it; nobody else those of a closed room.
    let statement = reached("r", statement.seeing_district(district_code), actor, SUPERVISORS, false);
    statement.sql(" AND r.kind <> ALL(").column(ColumnType::Text, call.core.ext::<ClosedRooms>().to(actor)).sql(")))")
}

/// The item of the path, if the caller sees that it is there.
pub async fn find(call: &Call) -> Result<Held, Problem> {
    let (actor, id) = (call.actor()?, call.path_id()?);
    let mut away = Away::new(&call.core);
    for district_code in &actor.districts {
        let statement = visible(call, actor, district_code).sql(" AND r.id = ").id(id);
        if let Some(row) = away.pass(call.core.database.read(&statement).await)?.and_then(|mut rows| rows.pop()) {
            return of_row(&call.core, row);
        }
    }
    away.none_missed()?;
    Err(NOT_FOUND.into())
}

/// Only a body is mended.
fn require_body(patch: &Tree, faults: &mut Faults) {
    let Tree::Object(members) = patch else { return };
    for (name, member) in members {
        match (name.as_str(), member) {
            ("body", Tree::Object(_)) => {}
            ("body", _) => faults.add("/body", FaultCode::NOT_AN_OBJECT),
            (name, _) if ITEM.iter().any(|field| field.name == name) => {
                faults.add(format!("/{name}"), CREATE_ONLY);
            }
            (name, _) => faults.add(format!("/{}", escape(name)), FaultCode::UNKNOWN_FIELD),
        }
    }
}

fn require_author(call: &Call, held: &Held) -> Result<(), Problem> {
    if call.actor()?.user_id == held.user_id { Ok(()) } else { Err(FORBIDDEN.into()) }
}

/// 409 where it was settled or discarded.
pub fn require_open(held: &Held) -> Result<(), Problem> {
    if held.state == "open" { Ok(()) } else { Err(ALREADY_ENDED.into()) }
}

/// A held item from its row.
pub fn of_row(core: &Core, mut row: Row) -> Result<Held, Problem> {
    let missing = || Problem::internal("a held item's row lacks a column");
    let (id, district_code) = (row.id("id").ok_or_else(missing)?, row.text("district_code").ok_or_else(missing)?);
    let item = match row.bytes("item") {
        Some(sealed) => open(core, "held_items", id, &district_code, &sealed)?,
        None => Tree::Null,
    };
    let user_id = row.id("user_id").ok_or_else(missing)?;
    let text = |row: &mut Row, name: &str| row.text(name).unwrap_or_default();
    let (kind, op, area_code, state) =
        (text(&mut row, "kind"), text(&mut row, "op"), text(&mut row, "area_code"), text(&mut row, "state"));
    let (record_id, revision) = (row.id("record_id"), row.integer("revision").unwrap_or(1));
    let (held_at, mended_at) = (row.instant("held_at").ok_or_else(missing)?, row.instant("mended_at"));
    let hash = row.bytes("item_hash").unwrap_or_default();
    let device = Device { table: "held_items", id, district_code: &district_code };
    let device_id = device.of_row(&core.sealer, &mut row)?;
    let at = |instant| InZone(instant, core.zone);
    let shown = HeldItem {
        id,
        user_id,
        state: state.clone(),
        kind: kind.clone(),
        op: op.clone(),
        record_id,
        device_id: device_id.clone(),
        area_code: area_code.clone(),
        problem: row.take("problem").to_json(core.zone),
        held_at: at(held_at),
        mended_at: mended_at.map(at),
        revision,
        expires_at: row.instant("expires_at").map(at),
        ended_at: row.instant("ended_at").map(at),
        item: Json::Null,
    };
    let written_at = mended_at.unwrap_or(held_at);
    Ok(Held {
        district_code,
        id,
        user_id,
        device_id,
        hash,
        state,
        kind,
        op,
        record_id,
        area_code,
        revision,
        written_at,
        item,
        shown,
    })
}

/// Its author reads what he sent; who supervises him reads it masked, as he would read the record.
fn view(core: &Core, held: &Held, reader: &Actor, language: Language) -> HeldItem {
    let word = if language == Language::Chinese { "zh" } else { "en" };
    let problem = held.shown.problem.get(word).cloned().unwrap_or_default();
    let item = if held.user_id == reader.user_id { sent(held) } else { masked(core, held, reader) };
    HeldItem { problem, item, ..held.shown.clone() }
}

fn masked(core: &Core, held: &Held, reader: &Actor) -> Json {
    let item = Item::read(core, held.user_id, 0, &held.item);
    let kind = core.kinds().kind(item.kind()).filter(|kind| shown::is_shown(reader, kind, &held.area_code));
    kind.map_or(Json::Null, |kind| shown::item(core.kinds(), kind, &item))
}

/// Clients read an object there: what was sent and is none is put into one.
fn sent(held: &Held) -> Json {
    match to_json(&held.item) {
        item @ Json::Object(_) => item,
        other => json!({"sent": other}),
    }
}

fn answer(call: &Call, held: &Held) -> Answer {
    let shown = view(&call.core, held, call.actor()?, call.language);
    let mut response = HttpResponse::Ok();
    Ok(response
        .insert_header((ETAG, etag::of_revision(held.revision)))
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(shown))
}
