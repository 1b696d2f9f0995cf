//! From routes to operations: who is it, may he, read the query, run the handler, render.

use std::cell::RefCell;
use std::collections::BTreeMap;
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
use super::turn::Turn;
use super::{Access, Answer, Caller, Operation, headers};
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

/// Puts the operations on their routes: one resource a path, so that another method is a 405.
pub fn configure(operations: &[Arc<Operation>], config: &mut web::ServiceConfig) {
    let mut paths: BTreeMap<&str, Vec<&Arc<Operation>>> = BTreeMap::new();
    for operation in operations {
        paths.entry(&operation.path).or_default().push(operation);
    }
    // `{id}` must not swallow `{id}:void`: the longer path goes first, and an id has no colon.
    let mut paths: Vec<_> = paths.into_iter().collect();
    paths.sort_by_key(|(path, _)| std::cmp::Reverse(path.len()));
    for (path, operations) in paths {
        let mut resource = web::resource(path.replace("{id}", "{id:[^/:]+}").replace("{code}", "{code:[^/:]+}"));
        let mut allowed: Vec<String> = operations.iter().map(|operation| operation.method.to_string()).collect();
        if allowed.iter().any(|method| method == "GET") {
            allowed.push("HEAD".to_owned());
        }
        allowed.sort();
        for operation in operations {
            let operation = Arc::clone(operation);
            let method = operation.method.clone();
            let handler = move |request: HttpRequest, payload: web::Payload| {
                run(Arc::clone(&operation), request, payload.into_inner())
            };
            // Whoever may GET may ask for the head alone (RFC 9110, 9.3.2); the HTTP layer leaves the body out.
            if method == Method::GET {
                resource = resource.route(web::head().to(handler.clone()));
            }
            resource = resource.route(web::method(method).to(handler));
        }
        let allow = allowed.join(", ");
        resource = resource.default_service(web::to(move |request: HttpRequest| {
            let problem = Problem::new(METHOD_NOT_ALLOWED).with_header(ALLOW, allow.clone());
            async move { render(&request, &problem) }
        }));
        config.service(resource);
    }
}

/// The answer to a path that no operation has.
pub async fn render_unrouted(request: HttpRequest) -> HttpResponse {
    render(&request, &NOT_FOUND.into())
}

async fn run(operation: Arc<Operation>, request: HttpRequest, payload: Payload) -> HttpResponse {
    let mut outcome = Outcome { operation: Some(operation.id.clone()), ..Outcome::default() };
    let answer = judged(&operation, request.clone(), payload, &mut outcome).await;
    let response = match answer {
        Ok(response) => response,
        Err(problem) => {
            outcome.problem = Some(problem.to_string());
            render(&request, &problem)
        }
    };
    request.extensions_mut().insert(outcome);
    response
}

async fn judged(operation: &Operation, request: HttpRequest, payload: Payload, outcome: &mut Outcome) -> Answer {
    let core = core(&request)?;
    let turn = Rc::new(Turn::begin(&core, operation, request.headers())?);
    turn.within(Box::pin(in_turn(operation, core, request, payload, &turn, outcome))).await
}

async fn in_turn(
    operation: &Operation,
    core: Arc<Core>,
    request: HttpRequest,
    payload: Payload,
    turn: &Rc<Turn>,
    outcome: &mut Outcome,
) -> Answer {
    let signed_in = match operation.access {
        Access::Public => None,
        _ => Some(authenticate(&core, &request).await?),
    };
    outcome.user_id = signed_in.as_ref().map(|signed_in| signed_in.actor.user_id);
    let arrived = Arrived { core: Arc::clone(&core), request: request.clone(), payload, turn: Rc::clone(turn) };
    let answer = admitted(operation, arrived, signed_in.clone()).await;
    if let (Err(problem), Some(signed_in)) = (&answer, &signed_in) {
        note_refusal(&core, operation, &request, signed_in, problem).await;
    }
    answer
}

/// A request and what it is handled with.
struct Arrived {
    core: Arc<Core>,
    request: HttpRequest,
    payload: Payload,
    turn: Rc<Turn>,
}

async fn admitted(operation: &Operation, arrived: Arrived, signed_in: Option<SignedIn>) -> Answer {
    let Arrived { core, request, payload, turn } = arrived;
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
    let payload = RefCell::new(payload);
    (operation.handler)(Call { core, request, language, query, open, signed_in, payload, body, turn }).await
}

/// Notes a refused attempt (403) in the audit. The refusal stands even where that can't be written.
async fn note_refusal(
    core: &Core,
    operation: &Operation,
    request: &HttpRequest,
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
        subject_id: request.match_info().get("id").and_then(|id| Uuid::try_parse(id).ok()),
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
