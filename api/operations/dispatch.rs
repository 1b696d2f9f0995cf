//! From routes to operations: who is it, may he, read the query, run the handler, render.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::http::Method;
use actix_web::http::header::{ACCEPT_LANGUAGE, ALLOW};
use actix_web::{HttpMessage, HttpRequest, HttpResponse, web};

use super::call::{Call, RequestId};
use super::{Access, Answer, Operation};
use crate::app::Service;
use crate::auth::accounts::{SignedIn, authenticate};
use crate::kit::catalogue::Code;
use crate::kit::problem::Problem;
use crate::kit::query::read_query;
use crate::kit::text::Language;

/// What the access log says beside the request itself.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// The operation, or none.
    pub operation: Option<String>,
    /// The account.
    pub user_id: Option<uuid::Uuid>,
    /// The problem's code and cause.
    pub problem: Option<String>,
}

/// Puts the operations on their routes: one resource a path, so that another method is a 405.
pub fn configure(operations: &[Operation], config: &mut web::ServiceConfig) {
    let mut paths: BTreeMap<&str, Vec<&Operation>> = BTreeMap::new();
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
            let operation = Arc::new((*operation).clone());
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
            let problem = Problem::new(Code::MethodNotAllowed).with_header(ALLOW, allow.clone());
            async move { render(&request, &problem) }
        }));
        config.service(resource);
    }
}

/// The answer to a path that no operation has.
pub async fn render_unrouted(request: HttpRequest) -> HttpResponse {
    render(&request, &Code::NotFound.into())
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
    let service = service(&request)?;
    let signed_in = admit(operation, &service, &request).await?;
    outcome.user_id = signed_in.as_ref().map(|signed_in| signed_in.actor.user_id);
    let query = read_query(request.query_string(), &operation.parameters)?;
    let language = language(&request);
    let body = operation.body.clone();
    let payload = RefCell::new(payload);
    (operation.handler)(Call { service, request, language, query, signed_in, payload, body }).await
}

async fn admit(operation: &Operation, service: &Service, request: &HttpRequest) -> Result<Option<SignedIn>, Problem> {
    if let Access::Public = operation.access {
        return Ok(None);
    }
    let signed_in = authenticate(service, request).await?;
    let actor = &signed_in.actor;
    if actor.password_change_required && !matches!(operation.access, Access::SignedInOnce) {
        return Err(Code::PasswordChangeRequired.into());
    }
    match operation.access {
        Access::Roles(roles) if !actor.holds(roles) => Err(Code::Forbidden.into()),
        _ => Ok(Some(signed_in)),
    }
}

fn service(request: &HttpRequest) -> Result<Arc<Service>, Problem> {
    let data = request.app_data::<web::Data<Service>>();
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
