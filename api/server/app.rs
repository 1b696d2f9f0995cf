//! The application of a worker, and the frame of every request.

use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_http::ConnectionType;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue, VARY, X_CONTENT_TYPE_OPTIONS};
use actix_web::middleware::{Next, from_fn};
use actix_web::{App, Error, HttpMessage, HttpRequest, web};
use kit::ids::new_id;
use uuid::Uuid;

use crate::platform::core::Core;
use crate::platform::http::transport::{ConnectionState, LastPart, UnderWay};
use crate::platform::http::{Outcome, RequestId, Routes, dispatch};
use crate::server::pages::readiness::Readiness;

/// The application of one worker.
pub fn application(
    core: Arc<Core>,
) -> App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<impl MessageBody + use<>>,
        Error = Error,
        InitError = (),
    > + use<>,
> {
    let routes = Arc::new(Routes::of(&core.operations));
    App::new()
        .app_data(web::Data::from(core))
        .configure(super::pages::dashboard::configure)
        .configure(super::pages::page::configure)
        .default_service(web::to(move |request: HttpRequest, payload: web::Payload| {
            dispatch(Arc::clone(&routes), request, payload.into_inner())
        }))
        .wrap(from_fn(frame))
}

/// How long a piece of an answer may take where no service says.
const PIECE_TIMEOUT: Duration = Duration::from_secs(60);

/// The outermost frame of every request: its id, its log line, the headers every answer has.
async fn frame(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let started = Instant::now();
    let id = request_id(&request);
    request.extensions_mut().insert(RequestId(id.clone()));
    let under_way = request.request().conn_data::<ConnectionState>().map(ConnectionState::request_started);
    let method = request.method().clone();
    let mut response = next.call(request).await?;
    let core = response.request().app_data::<web::Data<Core>>().cloned();
    // Whoever keeps connections shall not keep those of a process that stops.
    let is_draining = core.as_ref().is_some_and(|core| core.ext::<Readiness>().is_draining());
    if is_draining || is_last(response.request(), under_way.as_ref()) {
        response.response_mut().head_mut().set_connection_type(ConnectionType::Close);
    }
    let outcome = response.request().extensions().get::<Outcome>().cloned().unwrap_or_default();
    let (status, took) = (response.status().as_u16(), started.elapsed());
    log(&id, method.as_str(), status, took, &outcome);
    let piece_timeout = core.as_ref().map_or(PIECE_TIMEOUT, |core| core.config.file_deadline());
    if let Some(core) = &core {
        core.metrics.answered(outcome.operation.as_deref().unwrap_or("none"), status, took);
    }
    add_headers(response.headers_mut(), &id);
    Ok(response.map_body(|_, body| LastPart::new(body, piece_timeout, under_way)))
}

/// The headers that every answer has.
fn add_headers(headers: &mut HeaderMap, id: &str) {
    if let Ok(value) = HeaderValue::from_str(id) {
        headers.insert(HeaderName::from_static("x-request-id"), value);
    }
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(VARY, HeaderValue::from_static("Authorization, Accept, Accept-Encoding, Accept-Language"));
}

/// Whether the connection ends with the answer, which then says so: part of the request is still on its way,
/// or the client wants to speak something else from here on.
fn is_last(request: &HttpRequest, under_way: Option<&UnderWay>) -> bool {
    let head = request.head();
    under_way.is_some_and(|under_way| !under_way.is_whole())
        || head.method == Method::CONNECT
        || head.connection_type() == ConnectionType::Upgrade
}

/// The client's id of the request where it is a plain one, else a new one.
fn request_id(request: &ServiceRequest) -> String {
    let given = request.headers().get("x-request-id").and_then(|value| value.to_str().ok());
    let plain = |id: &&str| {
        (8..=64).contains(&id.len()) && id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
    };
    // Ids that look like a number of somebody are not taken into the log; a UUID may look so by chance.
    let harmless = |id: &&str| {
        Uuid::try_parse(id).is_ok() || (id.chars().any(|c| c.is_ascii_alphabetic()) && !has_long_number(id))
    };
    given.filter(plain).filter(harmless).map_or_else(|| new_id().to_string(), str::to_owned)
}

fn has_long_number(text: &str) -> bool {
    text.split(|c: char| !c.is_ascii_digit()).any(|digits| digits.len() >= 11)
}

/// One event a request. Paths and queries are the client's own text, so the operation's name stands
/// in their place.
fn log(id: &str, method: &str, status: u16, took: Duration, outcome: &Outcome) {
    let operation = outcome.operation.as_deref().unwrap_or("none");
    let problem = outcome.problem.as_deref();
    let user_id = outcome.user_id.map(tracing::field::display);
    let duration_ms = u64::try_from(took.as_micros()).unwrap_or(u64::MAX) as f64 / 1000.0;
    if status >= 500 {
        tracing::error!(request_id = id, method, operation, status, duration_ms, user_id, problem, "request");
    } else {
        tracing::info!(request_id = id, method, operation, status, duration_ms, user_id, problem, "request");
    }
}
