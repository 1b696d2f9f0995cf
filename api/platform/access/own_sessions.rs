//! The caller's own sessions: which devices are signed in, and signing out one that was lost.

use actix_web::HttpResponse;
use actix_web::http::Method;
use actix_web::http::header::CACHE_CONTROL;
use chrono::{DateTime, Utc};
use diesel::dsl::{exists, select};
use diesel::{ExpressionMethods, QueryDsl};
use diesel_async::RunQueryDsl;
use kit::problem::Problem;
use kit::time::InZone;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use super::sessions::{end as end_session, place};
use crate::platform::codes::NOT_FOUND;
use crate::platform::http::{Access, Answer, Call, Operation};
use crate::platform::schema::sessions;

/// The most sessions shown; one device has one.
const MOST: i64 = 200;

/// A session.
#[derive(Serialize, ToSchema)]
struct Session {
    /// Id · 编号
    ///
    /// The session.
    id: Uuid,
    /// Device · 设备
    ///
    /// Name that the device gave itself.
    #[schema(required, min_length = 1, max_length = 100)]
    device_id: Option<String>,
    /// Created at · 登录时间
    ///
    /// When it was opened.
    #[schema(value_type = DateTime<Utc>)]
    created_at: InZone,
    /// Expires at · 失效时间
    ///
    /// When it ends unless used.
    #[schema(value_type = DateTime<Utc>)]
    expires_at: InZone,
    /// Current · 当前
    ///
    /// Whether it is the caller's.
    current: bool,
}

/// Sessions.
#[derive(Serialize, ToSchema)]
struct SessionList {
    /// The sessions, the newest first.
    #[schema(max_items = 200)]
    items: Vec<Session>,
}

/// The operations on one's own sessions.
pub fn operations() -> Vec<Operation> {
    let example = json!({"id": "0198c0de-0000-7000-8000-000000000001", "device_id": "phone-1", "created_at": "2020-02-01T08:00:00+08:00",
        "expires_at": "2020-03-02T08:00:00+08:00", "current": true});
    vec![
        Operation::new(Method::GET, "/v1/auth/sessions", "list_own_sessions", list)
            .described("auth", "List one's own sessions", "Every device that is signed in, the newest first.")
            .access(Access::SignedIn)
            .answers::<SessionList>(200, "The sessions.", Some(json!({"items": [example]}))),
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

type Columns = (Uuid, Option<Vec<u8>>, Option<String>, DateTime<Utc>, DateTime<Utc>);
const COLUMNS: (sessions::id, sessions::device, sessions::device_id, sessions::created_at, sessions::expires_at) =
    (sessions::id, sessions::device, sessions::device_id, sessions::created_at, sessions::expires_at);

async fn list(call: Call) -> Answer {
    let (actor, current) = (call.actor()?, call.session_id()?);
    let (user_id, now) = (actor.user_id, call.core.clock.now());
    let standing = || {
        let own = sessions::table.filter(sessions::user_id.eq(user_id));
        let own = own.filter(sessions::ended_at.is_null()).filter(sessions::expires_at.gt(now));
        own.order(sessions::created_at.desc()).limit(MOST).select(COLUMNS)
    };
    let rows: Vec<Columns> = call.core.database.ask(async |connection| standing().load(connection).await).await?;
    let view = |(id, device, device_id, created_at, expires_at): Columns| {
        Ok(Session {
            id,
            device_id: place(id).of_columns(&call.core.sealer, device, device_id)?,
            created_at: InZone(created_at, call.core.zone),
            expires_at: InZone(expires_at, call.core.zone),
            current: id == current,
        })
    };
    let items = rows.into_iter().map(view).collect::<Result<_, Problem>>()?;
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(SessionList { items }))
}

async fn end(call: Call) -> Answer {
    let (actor, id) = (call.actor()?, call.path_id()?);
    let own = || sessions::table.filter(sessions::user_id.eq(actor.user_id)).filter(sessions::id.eq(id));
    if !call.core.database.ask(async |connection| select(exists(own())).get_result(connection).await).await? {
        return Err(NOT_FOUND.into());
    }
    let audit_entry = call.audit_entry("session.end", "sessions", Some(id), json!({}));
    end_session(&call.core, id, audit_entry).await?;
    Ok(HttpResponse::NoContent().finish())
}
