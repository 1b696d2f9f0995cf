//! The log of attempts, kept for 14 days: which changes, when, how it went; never what was sent, never what was answered.

use actix_web::http::Method;
use chrono::{DateTime, TimeDelta, Utc};
use kit::columns;
use kit::ids::new_id;
use kit::problem::Problem;
use kit::row::Row;
use kit::statement::{ColumnType, Statement};
use kit::time::InZone;
use kit::value::Value;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;
use utoipa::openapi::{KnownFormat, ObjectBuilder, SchemaFormat, Type};
use uuid::Uuid;

use super::delivery::Attempt;
use super::endpoint::{Endpoint, ID};
use super::event::Letter;
use super::owner::{self, MAKERS};
use super::store;
use super::wire::MOST_NO;
use crate::platform::access::keys::KeyScope;
use crate::platform::audit::job_write;
use crate::platform::core::Core;
use crate::platform::http::answered::{Said, Saying};
use crate::platform::http::page::{self, Page};
use crate::platform::http::{Access, Answer, Call, Operation};
use crate::records::list::{CURSOR, LIMIT};

/// How long attempts are kept.
const KEPT: TimeDelta = TimeDelta::days(14);

columns! {
    WEBHOOK_ID "webhook_id": String;
    CHANGE_NOS "change_nos": Vec<i64>;
    ATTEMPT "attempt": i64;
    ATTEMPTED_AT "attempted_at": DateTime<Utc>;
    DURATION_MS "duration_ms": i64;
    STATUS "status": i64;
    REASON "reason": String;
}

/// Schema of a change's number.
struct ChangeNumber;
/// A change's number, for items of lists: the derive bounds members only.
type ChangeNo = Saying<ChangeNumber>;

impl Said for ChangeNumber {
    fn schema() -> ObjectBuilder {
        ObjectBuilder::new()
            .schema_type(Type::Integer)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Int64)))
            .minimum(Some(1))
            .maximum(Some(MOST_NO))
    }
}

/// An attempt to deliver.
#[derive(Serialize, ToSchema)]
struct WebhookDelivery {
    /// The attempt.
    id: Uuid,
    /// The event's `webhook-id`: the same at each attempt.
    #[schema(max_length = 100)]
    webhook_id: String,
    /// Numbers of the changes told; none of a test.
    #[schema(inline, value_type = Vec<ChangeNo>, max_items = 100)]
    change_nos: Vec<i64>,
    /// The how many-th attempt since the last that was taken.
    #[schema(minimum = 1, maximum = 100)]
    attempt: i64,
    /// When it was made.
    #[schema(value_type = DateTime<Utc>)]
    at: InZone,
    /// Status of the answer; null where there was none.
    #[schema(required, minimum = 100, maximum = 999)]
    status: Option<i64>,
    /// How long it took, in milliseconds.
    #[schema(minimum = 0)]
    duration_ms: i64,
    /// Why it failed; null where it was taken.
    #[schema(required, max_length = 40)]
    reason: Option<String>,
}

/// The operation of this part of the room.
pub fn operations() -> Vec<Operation> {
    let example = json!({"id": "0198c0de-0000-7000-8000-0000000000d1", "webhook_id": "evt_511802_42_1_0198c0de000070008000000000000001", "change_nos": [42],
        "attempt": 1, "at": "2020-02-02T08:30:06+08:00", "status": 200, "duration_ms": 84, "reason": null});
    vec![
        Operation::new(Method::GET, "/v1/webhook-endpoints/{id}/deliveries", "list_webhook_deliveries", list)
            .described(
                "webhook_endpoints",
                "List attempts to deliver",
                "Those of the last 14 days, the newest first: never what was sent, never what was answered.",
            )
            .access(Access::RolesOrKeys(MAKERS))
            .keys(KeyScope::Webhooks)
            .parameters(vec![&LIMIT, &CURSOR])
            .answers::<Page<WebhookDelivery>>(200, "A page.", Some(json!({"items": [example], "next_cursor": null})))
            .with_headers(&["Link"]),
    ]
}

async fn list(call: Call) -> Answer {
    let endpoint = store::find(&call, owner::caller(&call)?, call.path_id()?).await?;
    let binding = format!("webhook_deliveries|{}", endpoint.id);
    let after = page::position(&call, &binding)?.and_then(|text| text.parse::<Uuid>().ok());
    let statement = Statement::new("SELECT id, webhook_id, change_nos, attempt, attempted_at, duration_ms, status, reason FROM webhook_deliveries WHERE district_code = ")
        .text(&endpoint.district_code)
        .sql(" AND endpoint_id = ")
        .id(endpoint.id);
    let statement = match after {
        Some(id) => statement.sql(" AND id < ").id(id),
        None => statement,
    };
    let limit = i64::try_from(page::limit(&call)).map_err(Problem::internal)? + 1;
    let statement = statement.sql(" ORDER BY id DESC LIMIT ").integer(limit).seeing_district(&endpoint.district_code);
    let rows = call.core.database.read(&statement).await?;
    let items: Vec<WebhookDelivery> = rows.into_iter().filter_map(|row| of_row(&call.core, row)).collect();
    Ok(page::answer(&call, &binding, items, |item| item.id.to_string(), |item| item))
}

fn of_row(core: &Core, mut row: Row) -> Option<WebhookDelivery> {
    Some(WebhookDelivery {
        id: row.get(&ID)?,
        webhook_id: row.get(&WEBHOOK_ID)?,
        change_nos: row.get(&CHANGE_NOS)?,
        attempt: row.get(&ATTEMPT)?,
        at: InZone(row.get(&ATTEMPTED_AT)?, core.zone),
        duration_ms: row.get(&DURATION_MS)?,
        status: row.get(&STATUS),
        reason: row.get(&REASON),
    })
}

/// Notes an attempt that belongs to no change: a test.
pub async fn add(core: &Core, endpoint: &Endpoint, letter: &Letter, attempt: &Attempt) -> Result<(), Problem> {
    job_write(core, vec![statement(endpoint, letter, attempt, 1)]).await
}

/// Forgets attempts of long ago.
pub async fn sweep(core: &Core) -> Result<(), Problem> {
    let old = Value::Instant(core.clock.now() - KEPT);
    let statement =
        Statement::new("DELETE FROM webhook_deliveries WHERE attempted_at < ").bind(ColumnType::Instant, old);
    job_write(core, vec![statement]).await
}

/// The statement that notes an attempt.
pub fn statement(endpoint: &Endpoint, letter: &Letter, attempt: &Attempt, number: u32) -> Statement {
    let status = attempt.status.map_or(Value::Null, |status| Value::Integer(status.into()));
    let reason = attempt.reason.map_or(Value::Null, |reason| Value::Text(reason.to_owned()));
    Statement::new("INSERT INTO webhook_deliveries (district_code, endpoint_id, id, webhook_id, change_nos, attempt, attempted_at, duration_ms, status, reason) VALUES (")
        .text(&endpoint.district_code).sql(", ").id(endpoint.id).sql(", ").id(new_id()).sql(", ").text(&letter.id)
        .sql(", ").bind(ColumnType::Json, Value::Json(json!(letter.change_nos)))
        .sql(", ").integer(number.into())
        .sql(", ").bind(ColumnType::Instant, Value::Instant(attempt.at))
        .sql(", ").integer(i64::try_from(attempt.took.as_millis()).unwrap_or(i64::MAX))
        .sql(", ").bind(ColumnType::Integer, status)
        .sql(", ").bind(ColumnType::Text, reason).sql(")")
}
