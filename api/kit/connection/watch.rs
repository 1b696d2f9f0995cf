//! The application, watched: which requests it has in hand, and that its failures have form.

use actix_http::{Request, Response};
use actix_service::{Service, ServiceFactory, apply_fn_factory};
use actix_web::HttpResponse;
use actix_web::body::{BodySize, MessageBody};
use bytes::Bytes;
use pin_project_lite::pin_project;
use std::pin::Pin;
use std::task::{Context, Poll};
use uuid::Uuid;

use super::state::{ConnectionState, RequestGuard};
use super::ProblemBody;

/// Wraps an application so that the connection knows when it has a request. Done here and not in a
/// middleware because only the body's end is an answer's end, and because nobody can forget it here.
pub(super) fn watched<S, B>(
    application: S,
    problem_body: ProblemBody,
) -> impl ServiceFactory<
    Request,
    Config = S::Config,
    Response = Response<WatchedBody<B>>,
    Error = HttpResponse,
    InitError = S::InitError,
>
where
    S: ServiceFactory<Request, Error = HttpResponse>,
    S::Response: Into<Response<B>>,
{
    apply_fn_factory(application, move |request: Request, service: &S::Service| {
        let guard = request.conn_data::<ConnectionState>().map(ConnectionState::deliver);
        let answer = service.call(request);
        async move {
            match answer.await {
                Ok(response) => Ok(response.into().map_body(|_, body| WatchedBody { body, guard })),
                Err(response) => Err(in_form(response, problem_body)),
            }
        }
    })
}

/// An error that went past every middleware has no request id, and actix-web's plain text.
fn in_form(response: HttpResponse, problem_body: ProblemBody) -> HttpResponse {
    if response.headers().contains_key("x-request-id") {
        return response;
    }
    let request_id = Uuid::new_v4().to_string();
    HttpResponse::build(response.status())
        .content_type("application/problem+json")
        .insert_header(("x-content-type-options", "nosniff"))
        .insert_header(("x-request-id", request_id.as_str()))
        .body(problem_body(response.status().as_u16(), &request_id))
}

pin_project! {
    /// A body whose request counts as in hand until it is dropped.
    pub(super) struct WatchedBody<B> {
        #[pin]
        body: B,
        guard: Option<RequestGuard>,
    }
}

impl<B: MessageBody> MessageBody for WatchedBody<B> {
    type Error = B::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        self.project().body.poll_next(context)
    }
}
