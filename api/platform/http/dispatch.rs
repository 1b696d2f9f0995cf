//! From routes to operations: who is it, may he, read the query, run the handler, render.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::http::header::{ACCEPT_LANGUAGE, ALLOW};
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpMessage, HttpRequest, HttpResponse, web};
use kit::problem::Problem;
use kit::query::{read_query, split_open};
use kit::text::Language;
use serde_json::json;
use uuid::Uuid;

use super::call::{Call, RequestId, client_address};
use super::headers::IDEMPOTENCY_KEY;
use super::routes::{PathValues, Routes};
use super::turn::Turn;
use super::{Access, Answer, Caller, Operation, gzip, headers};
use crate::platform::access::accounts::{SignedIn, authenticate};
use crate::platform::audit::AuditEntry;
use crate::platform::audit::refusals::{self, Refusal};
use crate::platform::codes::{BAD_IDEMPOTENCY_KEY, METHOD_NOT_ALLOWED, NOT_FOUND, PASSWORD_CHANGE_REQUIRED};
use crate::platform::core::Core;

/// Facts for the access log beside the request itself.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// The operation, or none.
    pub operation: Option<String>,
    /// The account.
    pub user_id: Option<Uuid>,
    /// The problem's code and cause.
    pub problem: Option<String>,
}

/// A body until somebody takes it.
pub type Untaken = Rc<RefCell<Payload>>;

/// Answers a request by the operation of its path and method; another method of a path is a 405.
pub async fn dispatch(routes: Arc<Routes>, request: HttpRequest, payload: Payload) -> HttpResponse {
    let payload = Untaken::new(RefCell::new(payload));
    let response = routed(&routes, &request, &payload).await;
    if !response.status().is_success() {
        kit::body::pass_over(&request, payload.replace(Payload::None)).await;
    }
    response
}

async fn routed(routes: &Routes, request: &HttpRequest, payload: &Untaken) -> HttpResponse {
    let Some((resource, values)) = routes.find(request.match_info().unprocessed()) else {
        return render_unrouted(request.clone()).await;
    };
    match resource.operation(request.method()) {
        Some(operation) => run(operation, request, Rc::clone(payload), values).await,
        None => render(request, &Problem::new(METHOD_NOT_ALLOWED).with_header(ALLOW, resource.allow())),
    }
}

/// The answer to a path that no operation has.
pub async fn render_unrouted(request: HttpRequest) -> HttpResponse {
    render(&request, &NOT_FOUND.into())
}

async fn run(operation: &Operation, request: &HttpRequest, payload: Untaken, values: PathValues) -> HttpResponse {
    let mut outcome = Outcome { operation: Some(operation.id.clone()), ..Outcome::default() };
    let answer = judged(operation, (request.clone(), payload, values), &mut outcome).await;
    let response = match answer {
        Ok(response) => gzip::answered(request, response),
        Err(problem) => {
            outcome.problem = Some(problem.to_string());
            render(request, &problem)
        }
    };
    request.extensions_mut().insert(outcome);
    response
}

async fn judged(operation: &Operation, sent: (HttpRequest, Untaken, PathValues), outcome: &mut Outcome) -> Answer {
    let (request, payload, values) = sent;
    let core = core(&request)?;
    let turn = Rc::new(Turn::begin(&core, operation, request.headers())?);
    let arrived = Arrived { core, request, payload, values, turn: Rc::clone(&turn) };
    let answer = turn.within(Box::pin(in_turn(operation, arrived, outcome))).await;
    turn.answered(answer)
}

async fn in_turn(operation: &Operation, arrived: Arrived, outcome: &mut Outcome) -> Answer {
    let (core, request) = (Arc::clone(&arrived.core), arrived.request.clone());
    let signed_in = match operation.access {
        Access::Public => None,
        _ => Some(authenticate(&core, &request).await?),
    };
    outcome.user_id = signed_in.as_ref().map(|signed_in| signed_in.actor.user_id);
    let subject_id = arrived.values.get("id").and_then(|id| Uuid::try_parse(id).ok());
    let answer = admitted(operation, arrived, signed_in.clone()).await;
    if let (Err(problem), Some(signed_in)) = (&answer, &signed_in) {
        note_refusal(&core, operation, (&request, subject_id), signed_in, problem).await;
    }
    answer
}

/// A request and what it is handled with.
struct Arrived {
    core: Arc<Core>,
    request: HttpRequest,
    payload: Untaken,
    values: PathValues,
    turn: Rc<Turn>,
}

async fn admitted(operation: &Operation, arrived: Arrived, signed_in: Option<SignedIn>) -> Answer {
    let Arrived { core, request, payload, values, turn } = arrived;
    if let Some(signed_in) = &signed_in {
        operation.admit(&Caller::of(signed_in))?;
    }
    if !operation.headers.contains(&"Idempotency-Key") && request.headers().contains_key(&IDEMPOTENCY_KEY) {
        // Taken and forgotten, it would promise what isn't kept.
        return Err(BAD_IDEMPOTENCY_KEY.into());
    }
    headers::require_forms(operation, &request)?;
    let (closed, open) = split_open(request.query_string(), operation.open)?;
    let query = read_query(&closed, &operation.parameters)?;
    let language = language(&request);
    let body = operation.body.clone();
    (operation.handler)(Call { core, request, values, language, query, open, signed_in, payload, body, turn }).await
}

/// Notes a refused attempt (403) in the audit. The refusal stands even where that can't be written.
async fn note_refusal(
    core: &Core,
    operation: &Operation,
    (request, subject_id): (&HttpRequest, Option<Uuid>),
    signed_in: &SignedIn,
    problem: &Problem,
) {
    if problem.code().status() != StatusCode::FORBIDDEN || problem.code() == PASSWORD_CHANGE_REQUIRED {
        return;
    }
    let audit_entry = AuditEntry {
        actor_id: Some(signed_in.actor.user_id),
        area_code: signed_in.actor.own_area(),
        verb: "privilege.refused",
        subject_kind: operation.tag,
        subject_id,
        request_id: request.extensions().get::<RequestId>().map(|id| id.0.clone()),
        address: client_address(core, request),
        details: json!({}),
    };
    let refusal = Refusal { audit_entry, operation: operation.id.clone(), code: problem.code().code() };
    refusals::note(core, refusal).await;
}

fn core(request: &HttpRequest) -> Result<Arc<Core>, Problem> {
    let data = request.app_data::<web::Data<Core>>();
    data.map(|data| Arc::clone(data)).ok_or_else(|| Problem::internal("the application has no service"))
}

fn language(request: &HttpRequest) -> Language {
    let header = request.headers().get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
    Language::negotiate(header, Language::Chinese)
}

fn render(request: &HttpRequest, problem: &Problem) -> HttpResponse {
    let id = request.extensions().get::<RequestId>().map(|id| id.0.clone()).unwrap_or_default();
    let mut response = problem.response(language(request), &id);
    if request.method() == Method::HEAD {
        response = response.drop_body().map_into_boxed_body();
    }
    response
}
