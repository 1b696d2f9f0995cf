//! Carries the requests of an object store by the HTTP client that is here already.

use std::io::Read;
use std::sync::LazyLock;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http_body_util::BodyExt;
use object_store::ClientOptions;
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpResponseBody, HttpService,
};
use ureq::Agent;

/// How long a request to the store may take.
const TIMEOUT: Duration = Duration::from_secs(20);
/// The largest answer: an attachment, sealed.
const MOST_BYTES: u64 = 16 * 1024 * 1024;

static AGENT: LazyLock<Agent> = LazyLock::new(|| {
    let config = Agent::config_builder().http_status_as_error(false).timeout_global(Some(TIMEOUT));
    config.max_redirects(0).build().new_agent()
});

/// Makes clients that share one agent.
#[derive(Debug)]
pub struct Carrier;

impl HttpConnector for Carrier {
    fn connect(&self, _options: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(Self))
    }
}

#[async_trait]
impl HttpService for Carrier {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let (head, body) = request.into_parts();
        let body = body.collect().await?.to_bytes();
        let sent = tokio::task::spawn_blocking(move || send(head, &body)).await;
        sent.map_err(|error| HttpError::new(HttpErrorKind::Interrupted, error))?
    }
}

fn send(head: http::request::Parts, body: &Bytes) -> Result<HttpResponse, HttpError> {
    let answered = match body.is_empty() && head.method != http::Method::PUT && head.method != http::Method::POST {
        true => AGENT.run(http::Request::from_parts(head, ())),
        false => AGENT.run(http::Request::from_parts(head, body.as_ref())),
    };
    let (head, body) = answered.map_err(failed)?.into_parts();
    let mut bytes = Vec::new();
    let read = body.into_reader().take(MOST_BYTES).read_to_end(&mut bytes);
    read.map_err(|error| HttpError::new(HttpErrorKind::Interrupted, error))?;
    Ok(HttpResponse::from_parts(head, HttpResponseBody::from(bytes)))
}

fn failed(error: ureq::Error) -> HttpError {
    let kind = match &error {
        ureq::Error::Timeout(_) => HttpErrorKind::Timeout,
        ureq::Error::ConnectionFailed | ureq::Error::HostNotFound => HttpErrorKind::Connect,
        ureq::Error::Io(_) => HttpErrorKind::Interrupted,
        _ => HttpErrorKind::Unknown,
    };
    HttpError::new(kind, error)
}
