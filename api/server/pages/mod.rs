//! The service itself: whether it lives, whether it is ready, its document and its page.

pub mod dashboard;
pub mod page;
pub mod readiness;
mod sent;

use std::sync::LazyLock;

use actix_web::HttpResponse;
use actix_web::http::Method;
use actix_web::http::header::CACHE_CONTROL;
use bytes::Bytes;
use kit::catalogue::Code;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use self::readiness::Readiness;
use self::sent::Sent;
use crate::platform::http::{Access, Answer, Call, Operation};

/// The document as it is committed, packed; a test fails when it is stale. Made at start it would take thirty megabytes
/// that nobody gives back.
const DOCUMENT: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/openapi.json.gz"));

/// The operations of this room.
pub fn operations() -> Vec<Operation> {
    let state = json!({"status": "ok"});
    vec![
        Operation::new(Method::GET, "/healthz", "get_health", health)
            .uncounted()
            .described("service", "Is it alive", "Answers as long as the process does. Asks nothing of the database.")
            .access(Access::Public)
            .answers::<ServiceState>(200, "Alive.", Some(state)),
        Operation::new(Method::GET, "/readyz", "get_readiness", ready)
            .uncounted()
            .described(
                "service",
                "Is it ready",
                "Whether writes can succeed: the database answers, its disk has room, the clocks of the ledgers are there and free, and no worker is down after a defect (`errors` names it). `row_security` is `off` where the database itself holds nothing back. Answers within a second, whatever happens.",
            )
            .access(Access::Public)
            .answers::<ReadyState>(200, "Ready.", Some(json!({"status": "ok", "row_security": "on"})))
            .problems(&[Code::LEDGER_UNAVAILABLE, Code::UNAVAILABLE]),
        Operation::new(Method::GET, "/openapi.json", "get_document", document)
            .described(
                "service",
                "This document",
                "OpenAPI 3.1. Tagged and gzipped for whoever asks so: with `If-None-Match` it costs 304.",
            )
            .access(Access::Public)
            .headers(&["If-None-Match"])
            .answers_with(
                200,
                "The document.",
                Some(json!({"type": "object", "description": "OpenAPI 3.1.", "additionalProperties": true})),
                None,
            )
            .answers_nothing(304, "Nothing changed."),
    ]
}

/// The state of the service.
#[derive(Serialize, ToSchema)]
struct ServiceState {
    /// `ok`.
    #[schema(max_length = 20)]
    status: &'static str,
}

/// The state of a service that is ready.
#[derive(Serialize, ToSchema)]
struct ReadyState {
    /// `ok`.
    #[schema(max_length = 20)]
    status: &'static str,
    /// `on`, or `off` where what a statement may see rests on its own conditions alone: an engine of several servers.
    #[schema(max_length = 20)]
    row_security: &'static str,
}

async fn health(_call: Call) -> Answer {
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(ServiceState { status: "ok" }))
}

async fn ready(call: Call) -> Answer {
    call.core.ext::<Readiness>().judged(&call.core).await?;
    let ready = ReadyState { status: "ok", row_security: call.core.config.row_security.name() };
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(ready))
}

/// Megabytes that hardly ever change: a tenth gzipped, and nothing for whoever has them.
static SENT: LazyLock<Sent> = LazyLock::new(|| Sent::packed("application/json", Bytes::from_static(DOCUMENT)));

async fn document(call: Call) -> Answer {
    Ok(SENT.answer(&call.request, "no-cache", &[]))
}
