//! The caller's own sessions: which devices are signed in, and signing out one that was lost.

use actix_web::HttpResponse;
use actix_web::http::Method;
use actix_web::http::header::CACHE_CONTROL;
use kit::catalogue::Code;
use kit::field::{Field, Shape, free_text};
use kit::json::put;
use kit::problem::Problem;
use kit::statement::{ColumnType, Statement};
use kit::text::Text;
use kit::value::Value;
use serde_json::{Value as Json, json};

use super::sessions;
use crate::platform::http::schema::{Direction, object, reference};
use crate::platform::http::{Access, Answer, Call, Operation};

/// The most sessions shown; one device has one.
const MOST: i64 = 200;

static SERVED: &[Field] = &[
    Field::new("id", Shape::Id, Text::new("Id", "编号"), "The session.").required(),
    Field::new("device_id", free_text(100), Text::new("Device", "设备"), "What the device called itself."),
    Field::new("created_at", Shape::Instant, Text::new("Created at", "登录时间"), "When it was opened.").required(),
    Field::new("expires_at", Shape::Instant, Text::new("Expires at", "失效时间"), "When it ends unless used.")
        .required(),
    Field::new("current", Shape::Boolean, Text::new("Current", "当前"), "Whether it is the caller's.").required(),
];

/// The operations on one's own sessions.
pub fn operations() -> Vec<Operation> {
    let example = json!({"id": "0198c0de-0000-7000-8000-000000000001", "device_id": "phone-1", "created_at": "2020-02-01T08:00:00+08:00",
        "expires_at": "2020-03-02T08:00:00+08:00", "current": true});
    vec![
        Operation::new(Method::GET, "/v1/auth/sessions", "list_own_sessions", list)
            .described("auth", "List one's own sessions", "Every device that is signed in, the newest first.")
            .access(Access::SignedIn)
            .answers_with(200, "The sessions.", Some(reference("SessionList")), Some(json!({"items": [example]}))),
        Operation::new(Method::POST, "/v1/auth/sessions/{id}:end", "end_own_session", end)
            .described(
                "auth",
                "End one of one's own sessions",
                "For a device that was lost; bites within five seconds. Once more is no fault.",
            )
            .access(Access::SignedIn)
            .answers_nothing(204, "Ended."),
    ]
}

async fn list(call: Call) -> Answer {
    let (actor, current) = (call.actor()?, call.session_id()?);
    let statement =
        Statement::new("SELECT id, device, device_id, created_at, expires_at FROM sessions WHERE user_id = ")
            .id(actor.user_id)
            .sql(" AND ended_at IS NULL AND expires_at > ")
            .bind(ColumnType::Instant, Value::Instant(call.core.clock.now()))
            .sql(" ORDER BY created_at DESC LIMIT ")
            .integer(MOST);
    let rows = call.core.database.read(&statement).await?;
    let view = |mut row: kit::row::Row| {
        let id = row.id("id").unwrap_or_default();
        let device_id = sessions::place(id).of_row(&call.core.sealer, &mut row)?;
        let mut json = json!({"id": id, "device_id": device_id, "current": id == current});
        for column in ["created_at", "expires_at"] {
            put(&mut json, column, row.take(column).to_json(call.core.zone));
        }
        Ok(json)
    };
    let items: Vec<Json> = rows.into_iter().map(view).collect::<Result<_, Problem>>()?;
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(json!({"items": items})))
}

async fn end(call: Call) -> Answer {
    let (actor, id) = (call.actor()?, call.path_id()?);
    let statement =
        Statement::new("SELECT id FROM sessions WHERE user_id = ").id(actor.user_id).sql(" AND id = ").id(id);
    if call.core.database.read(&statement).await?.is_empty() {
        return Err(Code::NotFound.into());
    }
    let audit_entry = call.audit_entry("session.end", "sessions", Some(id), json!({}));
    sessions::end(&call.core, id, audit_entry).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// The schemas of these operations.
pub fn schemas() -> Vec<(String, Json)> {
    let mut session = object(&SERVED.iter().collect::<Vec<_>>(), Direction::Served);
    put(&mut session, "description", "A session.");
    let list = json!({"type": "object", "description": "Sessions.", "required": ["items"], "properties": {
        "items": {"type": "array", "maxItems": MOST, "items": reference("Session"), "description": "The sessions, the newest first."}}});
    vec![("Session".into(), session), ("SessionList".into(), list)]
}
