//! Conflicts: fields that a phone and somebody else changed. The server's value stands until somebody
//! decides; the phone's is kept beside it.

use actix_web::HttpResponse;
use actix_web::http::header::CACHE_CONTROL;
use chrono::{DateTime, Utc};
use kit::catalogue::Code;
use kit::field::{Shape, Write};
use kit::problem::Problem;
use kit::row::Row;
use kit::statement::{ColumnType, Statement};
use kit::text::Language;
use kit::time::InZone;
use kit::tree::{Tree, to_json};
use kit::value::Value;
use serde_json::{Map, Value as Json, json};
use uuid::Uuid;

use super::state::{KEPT, open, run};
use super::wire::{RESOLVE, SUPERVISORS, ShownConflict};
use super::{handed_in, shown};
use crate::platform::access::closed_rooms::ClosedRooms;
use crate::platform::access::roles::Actor;
use crate::platform::audit::system_write;
use crate::platform::codes::NOT_FOUND;
use crate::platform::core::Core;
use crate::platform::divisions::away::Away;
use crate::platform::http::{Answer, Call, page};
use crate::platform::privacy::device::Device;
use crate::records::amend::Revised;
use crate::records::codes::ALREADY_ENDED;
use crate::records::create::TRIES;
use crate::records::gate::require_standing;
use crate::records::scope::reached;
use crate::records::{Kind, amend, read, view};

const COLUMNS: &str = "r.district_code, r.id, r.area_code, r.kind, r.record_id, r.base_revision, r.server_revision, r.fields, r.user_id, r.device_id, r.device, r.patch, r.state, r.taken, r.found_at, r.ended_at";

struct Found {
    district_code: String,
    id: Uuid,
    record_id: Uuid,
    kind: &'static Kind,
    state: String,
    patch: Map<String, Json>,
    /// Account that sent the phone's values, and when.
    sent: (Uuid, DateTime<Utc>),
    shown: ShownConflict,
}

/// Conflicts that an account's phone met since an instant and that nobody decided, the newest first: which, and when.
pub async fn open_of(
    core: &Core,
    district_code: &str,
    user_id: Uuid,
    since: DateTime<Utc>,
    most: i64,
) -> Result<Vec<(Uuid, DateTime<Utc>)>, Problem> {
    let statement = Statement::new("SELECT id, found_at FROM sync_conflicts WHERE district_code = ")
        .text(district_code)
        .sql(" AND state = 'open' AND user_id = ")
        .id(user_id)
        .sql(" AND found_at > ")
        .bind(ColumnType::Instant, Value::Instant(since))
        .sql(" ORDER BY found_at DESC, id DESC LIMIT ")
        .integer(most)
        .seeing_district(district_code);
    let rows = core.database.read(&statement).await?;
    Ok(rows.into_iter().filter_map(|mut row| Some((row.id("id")?, row.instant("found_at")?))).collect())
}

/// `GET /v1/conflicts`.
pub async fn list(call: Call) -> Answer {
    let actor = call.actor()?;
    let wanted = call.query.text("state").unwrap_or("open").to_owned();
    let binding = format!("conflicts|{}|{wanted}", actor.user_id);
    let after = page::position(&call, &binding)?.and_then(|text| text.parse::<Uuid>().ok());
    let limit = i64::try_from(page::limit(&call)).map_err(Problem::internal)? + 1;
    let mut items = Vec::new();
    for district_code in &actor.districts {
        let mut statement = visible(&call, actor, district_code).sql(" AND r.state = ").text(&wanted);
        if let Some(id) = after {
            statement = statement.sql(" AND r.id < ").id(id);
        }
        for row in call.core.database.read(&statement.sql(" ORDER BY r.id DESC LIMIT ").integer(limit)).await? {
            items.push(of_row(&call.core, row)?);
        }
    }
    items.sort_by_key(|found| std::cmp::Reverse(found.id));
    items.truncate(page::limit(&call) + 1);
    for found in &mut items {
        show_both(&call.core, actor, found).await?;
    }
    Ok(page::answer(&call, &binding, items, |found| found.id.to_string(), |found| found.shown))
}

/// Puts the server's values beside the phone's: while it is open as the record stands, afterwards as it stood then.
/// Nothing of a record that the reader doesn't see.
async fn show_both(core: &Core, actor: &Actor, found: &mut Found) -> Result<(), Problem> {
    let (kind, id) = (found.kind, found.record_id);
    let record = match found.state.as_str() {
        "open" => read::find_all(core, actor, kind, &[id]).await?.remove(&id),
        _ => match read::revisions(core, actor, kind, id).await {
            Ok(revisions) => {
                let stood = found.shown.server_revision;
                revisions.into_iter().find(|record| Some(record.envelope.revision) == stood)
            }
            Err(problem) if problem.code() == NOT_FOUND => None,
            Err(problem) => return Err(problem),
        },
    };
    let Some(record) = record else { return Ok(()) };
    let Json::Object(all) = view::record(core, kind, &record, Language::Chinese).to_json()? else { return Ok(()) };
    let of_field = |name: &String| Some((name.clone(), all.get(name)?.clone()));
    let values: Map<String, Json> = found.patch.keys().filter_map(of_field).collect();
    found.shown.server_values = Json::Object(values);
    Ok(())
}

/// `POST /v1/conflicts/{id}:resolve`. Once more is no fault where it says the same.
pub async fn resolve(call: Call) -> Answer {
    let found = find(&call).await?;
    let form = call.form(RESOLVE).await?;
    let take = form.text("take").unwrap_or("server").to_owned();
    if found.state == "open" {
        if take == "phone" {
            apply(&call, &found).await?;
        }
        let statement = end(&call, &found, &take)?;
        let audit_entry = call.audit_entry("conflict.resolve", "sync_conflicts", Some(found.id), json!({"take": take}));
        system_write(&call.core, audit_entry, async |connection| run(connection, vec![statement]).await).await?;
    } else if found.shown.taken.as_deref() != Some(&take) {
        return Err(ALREADY_ENDED.into());
    }
    let mut found = find(&call).await?;
    show_both(&call.core, call.actor()?, &mut found).await?;
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(found.shown))
}

/// Writes the phone's values over the current revision, with the rights of whoever decides. Nobody's hand is lent to
/// whoever couldn't have written them himself.
async fn apply(call: &Call, found: &Found) -> Result<(), Problem> {
    let (core, actor, kind) = (&call.core, call.actor()?, found.kind);
    // Of two creations with one id the whole body is kept: what is fixed at creation stays as it was.
    let amendable = |name: &str| {
        kind.body_fields().iter().any(|field| {
            field.name == name && field.write == Write::Always && !matches!(field.shape, Shape::Inline(..))
        })
    };
    let patch: Map<String, Json> = found.patch.clone().into_iter().filter(|(name, _)| amendable(name)).collect();
    let patch = Tree::from_json(&Json::Object(patch));
    core.refresh_for(kind).await?;
    let author = handed_in::author(core, found.sent.0, found.sent.1).await?;
    let his = amend::writable(core, &author, kind, found.record_id).await?;
    amend::patched(core, &author, kind, &his, &patch).await?;
    for _ in 0..TRIES {
        let current = amend::writable(core, actor, kind, found.record_id).await?;
        require_standing(&current)?;
        if !matches!(amend::revise(core, actor, kind, &current, &patch, None, None).await?, Revised::Met) {
            return Ok(());
        }
    }
    Err(Code::WRITE_CONFLICT.into())
}

fn end(call: &Call, found: &Found, take: &str) -> Result<Statement, Problem> {
    Ok(Statement::new("UPDATE sync_conflicts SET state = 'resolved', taken = ")
        .text(take)
        .sql(", ended_at = ")
        .bind(ColumnType::Instant, Value::Instant(call.core.clock.now()))
        .sql(", ended_by = ")
        .id(call.actor()?.user_id)
        .sql(" WHERE state = 'open' AND district_code = ")
        .text(&found.district_code)
        .sql(" AND id = ")
        .id(found.id))
}

fn visible(call: &Call, actor: &Actor, district_code: &str) -> Statement {
    let statement = Statement::new(format!("SELECT {COLUMNS} FROM sync_conflicts AS r WHERE r.district_code = "))
        .text(district_code)
        .sql(" AND r.found_at > ")
        .bind(ColumnType::Instant, Value::Instant(call.core.clock.now() - KEPT))
        .sql(" AND (r.user_id = ")
        .id(actor.user_id)
        .sql(" OR (");
    // His own he sees wherever he was when he sent it; nobody else those of a closed room.
    let statement = reached("r", statement.seeing_district(district_code), actor, SUPERVISORS, false);
    statement.sql(" AND r.kind <> ALL(").column(ColumnType::Text, call.core.ext::<ClosedRooms>().to(actor)).sql(")))")
}

async fn find(call: &Call) -> Result<Found, Problem> {
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

fn of_row(core: &Core, mut row: Row) -> Result<Found, Problem> {
    let missing = || Problem::internal("a conflict's row lacks a column");
    let (id, district_code) = (row.id("id").ok_or_else(missing)?, row.text("district_code").ok_or_else(missing)?);
    let name = row.text("kind").unwrap_or_default();
    let kind = core.kinds().kind(&name).ok_or_else(missing)?;
    let sealed = row.bytes("patch").unwrap_or_default();
    let Json::Object(patch) = to_json(&open(core, "sync_conflicts", id, &district_code, &sealed)?) else {
        return Err(missing());
    };
    let (record_id, state) = (row.id("record_id").ok_or_else(missing)?, row.text("state").unwrap_or_default());
    let user_id = row.id("user_id").ok_or_else(missing)?;
    let found_at = row.instant("found_at").ok_or_else(missing)?;
    let device = Device { table: "sync_conflicts", id, district_code: &district_code };
    let shown = ShownConflict {
        id,
        kind: name,
        record_id,
        state: state.clone(),
        phone_values: shown::body(core.kinds(), kind, &patch),
        server_values: Json::Null,
        area_code: row.text("area_code"),
        base_revision: row.integer("base_revision"),
        server_revision: row.integer("server_revision"),
        fields: row.take("fields").to_json(core.zone),
        user_id,
        device_id: device.of_row(&core.sealer, &mut row)?,
        taken: row.text("taken"),
        found_at: InZone(found_at, core.zone),
        ended_at: row.instant("ended_at").map(|instant| InZone(instant, core.zone)),
    };
    let sent = (user_id, found_at);
    Ok(Found { district_code, id, record_id, kind, state, patch, sent, shown })
}
