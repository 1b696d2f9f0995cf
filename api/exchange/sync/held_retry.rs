//! Trying a held item again: as its author's. By himself with what he holds now; by whoever supervises him with what
//! he held when he wrote it, after seeing what it says.

use actix_web::HttpResponse;
use actix_web::http::header::CACHE_CONTROL;
use kit::etag::IfMatch;
use kit::problem::Problem;
use kit::statement::{ColumnType, Statement};
use kit::value::Value;
use serde_json::json;

use super::handed_in;
use super::held::{Held, end, find, require_open};
use super::item::Item;
use super::outcome::Outcome;
use super::state::{self, run};
use super::{push, shown};
use crate::platform::access::roles::Actor;
use crate::platform::audit::system_write;
use crate::platform::codes::FORBIDDEN;
use crate::platform::http::{Answer, Call, fault};
use crate::records::codes::CREATE_ONLY;

/// `POST /v1/held-items/{id}:retry`: by its author, or by somebody who supervises him.
pub async fn retry(call: Call) -> Answer {
    let if_match = IfMatch::of_request(&call.request)?;
    let held = find(&call).await?;
    require_open(&held)?;
    if let Some(if_match) = if_match {
        if_match.require(held.revision)?;
    }
    let item = Item::read(&call.core, held.user_id, 0, &held.item);
    require_unchanged(&held, &item)?;
    let author = author(&call, &held, &item).await?;
    let outcome = push::write_one(&call.core, &author, &item).await?;
    let line = outcome.shown(&call.core, &item, call.language, &call.request_id());
    let statements = consequences(&call, &held, &item, &outcome)?;
    let details = json!({"outcome": outcome.word(), "author_id": held.user_id});
    let audit_entry = call.audit_entry("held_item.retry", "held_items", Some(held.id), details);
    system_write(&call.core, audit_entry, async |connection| run(connection, statements).await).await?;
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(line))
}

/// It is for ever what it was sent as: what was turned into something else before that was demanded never runs.
fn require_unchanged(held: &Held, item: &Item) -> Result<(), Problem> {
    let same = held.kind == item.kind() && held.op == item.op() && held.record_id == item.id();
    if same { Ok(()) } else { Err(fault("/item", CREATE_ONLY)) }
}

/// Account with whose rights it runs: its author. Whoever else retries it must be able to see what it says.
async fn author(call: &Call, held: &Held, item: &Item) -> Result<Actor, Problem> {
    let actor = call.actor()?;
    if actor.user_id == held.user_id {
        return Ok(actor.clone());
    }
    let kind = call.core.kinds().kind(item.kind());
    if !kind.is_some_and(|kind| shown::is_shown(actor, kind, &held.area_code)) {
        return Err(FORBIDDEN.into());
    }
    handed_in::author(&call.core, held.user_id, held.written_at).await
}

fn consequences(call: &Call, held: &Held, item: &Item, outcome: &Outcome) -> Result<Vec<Statement>, Problem> {
    let statement = match outcome {
        Outcome::Held(problem) | Outcome::Refused(problem) => Statement::new("UPDATE held_items SET problem = ")
            .bind(ColumnType::Json, Value::Json(state::stored(problem)))
            .sql(" WHERE state = 'open' AND district_code = ")
            .text(&held.district_code)
            .sql(" AND id = ")
            .id(held.id),
        _ => end(call, held, "settled")?,
    };
    let mut statements = vec![statement];
    if let Outcome::Conflict(conflict) = outcome {
        statements.push(state::conflicted(&call.core, held.user_id, None, item, conflict)?);
    }
    Ok(statements)
}
