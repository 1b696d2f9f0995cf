//! Held items: seen by their author and by those who supervise his area; mended, tried again or discarded.

use actix_web::HttpResponse;
use actix_web::http::header::CACHE_CONTROL;
use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::item::Item;
use super::outcome::Outcome;
use super::push;
use super::room::Room;
use super::state::{self, open, run, seal};
use super::wire::{DISCARD, SUPERVISORS};
use crate::app::Service;
use crate::audit::system_write;
use crate::auth::roles::Actor;
use crate::kit::catalogue::{Code, FaultCode};
use crate::kit::faults::Faults;
use crate::kit::json::put;
use crate::kit::patch;
use crate::kit::problem::Problem;
use crate::kit::row::Row;
use crate::kit::statement::{ColumnType, Statement};
use crate::kit::text::Language;
use crate::kit::tree::{Tree, to_json};
use crate::kit::value::Value;
use crate::kit::walk::note_repeated;
use crate::operations::{Answer, Call, fault, page};
use crate::records::scope::reached;

/// What [`of_row`] reads, beside the item.
pub const COLUMNS: &str = "r.district_code, r.id, r.item_hash, r.area_code, r.kind, r.op, r.record_id, r.user_id, r.device_id, r.problem, r.state, r.held_at, r.expires_at, r.ended_at";

/// A held item as it was read.
pub struct Held {
    /// Its district.
    pub district_code: String,
    /// Its id.
    pub id: Uuid,
    /// Whose it is.
    pub user_id: Uuid,
    /// The device that sent it.
    pub device_id: Option<String>,
    /// Under which it is kept.
    pub hash: Vec<u8>,
    /// `open`, `settled` or `discarded`.
    pub state: String,
    /// As it was sent; null where it wasn't read.
    pub item: Tree,
    json: Json,
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
        let mut statement = visible(&call, actor, district_code, false).sql(" AND r.state = ").text(&wanted);
        if let Some(id) = after {
            // Ids are made in the order of time.
            statement = statement.sql(" AND r.id < ").id(id);
        }
        let statement = statement.sql(" ORDER BY r.id DESC LIMIT ").integer(limit);
        for row in call.service.database.read(&statement).await? {
            items.push(of_row(&call.service, row)?);
        }
    }
    items.sort_by_key(|held| std::cmp::Reverse(held.id));
    items.truncate(page::limit(&call) + 1);
    let user_id = actor.user_id;
    Ok(page::answer(&call, &binding, items, |held| held.id.to_string(), |held| view(&held, user_id, call.language)))
}

/// `GET /v1/held-items/{id}`.
pub async fn get(call: Call) -> Answer {
    let held = find(&call).await?;
    answer(&call, &held)
}

/// `PATCH /v1/held-items/{id}`: a merge patch over the item as it was sent, by its author.
pub async fn mend(call: Call) -> Answer {
    let held = find(&call).await?;
    demand_author(&call, &held)?;
    demand_open(&held)?;
    let tree = call.tree().await?;
    if !matches!(tree, Tree::Object(_)) {
        return Err(fault("", FaultCode::NotAnObject));
    }
    let mut faults = Faults::default();
    note_repeated(&tree, "", &mut faults);
    faults.finish()?;
    let mended = serde_json::to_string(&patch::merge(held.item, &tree)).map_err(Problem::internal)?;
    Room::of(&call.service, &held.district_code, held.user_id).await?.take(0, mended.len())?;
    let sealed = seal(&call.service, "held_items", held.id, &held.district_code, &mended)?;
    let statement = Statement::new("UPDATE held_items SET item = ")
        .bytes(sealed)
        .sql(" WHERE state = 'open' AND district_code = ")
        .text(&held.district_code)
        .sql(" AND id = ")
        .id(held.id);
    let deed = call.deed("held_item.mend", "held_items", Some(held.id), json!({}));
    system_write(&call.service, deed, async |connection| run(connection, vec![statement]).await).await?;
    answer(&call, &find(&call).await?)
}

/// `POST /v1/held-items/{id}:retry`: by its author, or by somebody who supervises him, with his own rights.
pub async fn retry(call: Call) -> Answer {
    let held = find(&call).await?;
    demand_open(&held)?;
    let item = Item::read(&call.service, held.user_id, 0, &held.item);
    let outcome = push::write_one(&call.service, call.actor()?, &item).await?;
    let line = outcome.to_json(&call.service, &item, call.language, &call.request_id());
    let statement = match &outcome {
        Outcome::Held(problem) | Outcome::Refused(problem) => Statement::new("UPDATE held_items SET problem = ")
            .bind(ColumnType::Json, Value::Json(state::stored(problem)))
            .sql(" WHERE state = 'open' AND district_code = ")
            .text(&held.district_code)
            .sql(" AND id = ")
            .id(held.id),
        _ => end(&call, &held, "settled")?,
    };
    let mut statements = vec![statement];
    if let Outcome::Conflict(conflict) = &outcome {
        statements.push(state::conflicted(&call.service, call.actor()?.user_id, None, &item, conflict)?);
    }
    let deed = call.deed("held_item.retry", "held_items", Some(held.id), json!({"outcome": outcome.word()}));
    system_write(&call.service, deed, async |connection| run(connection, statements).await).await?;
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(line))
}

/// `POST /v1/held-items/{id}:discard`. Once more is no fault.
pub async fn discard(call: Call) -> Answer {
    let held = find(&call).await?;
    let form = call.form(DISCARD).await?;
    if held.state == "open" {
        let statement = end(&call, &held, "discarded")?;
        let details = json!({"reason": form.text("reason")});
        let deed = call.deed("held_item.discard", "held_items", Some(held.id), details);
        system_write(&call.service, deed, async |connection| run(connection, vec![statement]).await).await?;
    }
    answer(&call, &find(&call).await?)
}

fn end(call: &Call, held: &Held, to: &'static str) -> Result<Statement, Problem> {
    Ok(Statement::new("UPDATE held_items SET state = ")
        .text(to)
        .sql(", ended_at = ")
        .bind(ColumnType::Instant, Value::Instant(call.service.clock.now()))
        .sql(", ended_by = ")
        .id(call.actor()?.user_id)
        .sql(" WHERE state = 'open' AND district_code = ")
        .text(&held.district_code)
        .sql(" AND id = ")
        .id(held.id))
}

/// Those that the actor sees; their items only where they are his own, unless all are asked for.
fn visible(call: &Call, actor: &Actor, district_code: &str, all: bool) -> Statement {
    let statement = Statement::new(format!("SELECT {COLUMNS}, CASE WHEN "))
        .sql(if all { "true OR r.user_id = " } else { "r.user_id = " })
        .id(actor.user_id)
        .sql(" THEN r.item END AS item FROM held_items AS r WHERE r.district_code = ")
        .text(district_code)
        .sql(" AND r.expires_at > ")
        .bind(ColumnType::Instant, Value::Instant(call.service.clock.now()))
        .sql(" AND (r.user_id = ")
        .id(actor.user_id)
        .sql(" OR ");
    // His own he sees wherever he was when he sent it.
    reached("r", statement.seeing_district(district_code), actor, SUPERVISORS, false).sql(")")
}

async fn find(call: &Call) -> Result<Held, Problem> {
    let (actor, id) = (call.actor()?, call.path_id()?);
    for district_code in &actor.districts {
        let statement = visible(call, actor, district_code, true).sql(" AND r.id = ").id(id);
        if let Some(row) = call.service.database.read(&statement).await?.into_iter().next() {
            return of_row(&call.service, row);
        }
    }
    Err(Code::NotFound.into())
}

fn demand_author(call: &Call, held: &Held) -> Result<(), Problem> {
    if call.actor()?.user_id == held.user_id { Ok(()) } else { Err(Code::Forbidden.into()) }
}

fn demand_open(held: &Held) -> Result<(), Problem> {
    if held.state == "open" { Ok(()) } else { Err(Code::AlreadyEnded.into()) }
}

/// A held item from its row.
pub fn of_row(service: &Service, mut row: Row) -> Result<Held, Problem> {
    let missing = || Problem::internal("a held item's row lacks a column");
    let (id, district_code) = (row.id("id").ok_or_else(missing)?, row.text("district_code").ok_or_else(missing)?);
    let item = match row.bytes("item") {
        Some(sealed) => open(service, "held_items", id, &district_code, &sealed)?,
        None => Tree::Null,
    };
    let user_id = row.id("user_id").ok_or_else(missing)?;
    let state = row.text("state").unwrap_or_default();
    let (device_id, hash) = (row.text("device_id"), row.bytes("item_hash").unwrap_or_default());
    let mut json = json!({"id": id, "user_id": user_id, "state": state, "device_id": device_id});
    for column in ["kind", "op", "record_id", "area_code", "problem", "held_at", "expires_at", "ended_at"] {
        put(&mut json, column, row.take(column).to_json(service.zone));
    }
    Ok(Held { district_code, id, user_id, device_id, hash, state, item, json })
}

/// What it says is for its author, who sent it; others see that it is there and why.
fn view(held: &Held, reader: Uuid, language: Language) -> Json {
    let mut json = held.json.clone();
    let word = if language == Language::Chinese { "zh" } else { "en" };
    let problem = json.get("problem").and_then(|problem| problem.get(word)).cloned().unwrap_or(Json::Null);
    put(&mut json, "problem", problem);
    put(&mut json, "item", if held.user_id == reader { sent(held) } else { Json::Null });
    json
}

/// Clients read an object there: what was sent and is none is put into one.
fn sent(held: &Held) -> Json {
    match to_json(&held.item) {
        item @ Json::Object(_) => item,
        other => json!({"sent": other}),
    }
}

fn answer(call: &Call, held: &Held) -> Answer {
    let json = view(held, call.actor()?.user_id, call.language);
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(json))
}
