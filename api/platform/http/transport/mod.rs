//! Connections: what actix-web leaves open, closed here.
//!
//! actix-web 4.18 times only the head of a connection's first request, no body, and no client that
//! doesn't read; and answers malformed HTTP with an empty body. So the server is put together here
//! over a stream of our own ([`stream::TimedStream`]):
//!
//! - every request's head has a deadline, idle connections end, answers must be read;
//! - requests are let through one at a time ([`intake::Intake`]): nothing behind a request changes its answer,
//!   nothing is answered after an answer that closes, nothing hides behind an end that others see elsewhere;
//! - what the HTTP layer answers itself leaves as problem+json, and is given time to arrive;
//! - where connections are many, idle ones end to make room ([`crowd::Crowd`]);
//! - at shutdown idle connections end at once, requests under way are answered.

mod alarm;
mod answers;
mod chunks;
mod crowd;
mod head;
mod intake;
mod listen;
mod state;
mod stream;

use std::fmt::Debug;
use std::io;
use std::net::TcpListener;
use std::time::Duration;

use actix_http::{HttpService, KeepAlive, Request, Response};
use actix_service::{IntoServiceFactory, ServiceFactory, ServiceFactoryExt, fn_service, map_config};
use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{AppConfig, Server};
use tokio::net::TcpStream;
use tokio::sync::watch;

use self::crowd::Crowd;
pub use self::listen::listen;
pub use self::state::{ConnectionState, LastPart, UnderWay};
use self::stream::TimedStream;

/// The bounds of a connection.
#[derive(Clone, Copy, Debug)]
pub struct ConnectionLimits {
    /// How long the head of a request may take, from its first byte.
    pub header_timeout: Duration,
    /// How long a connection may be idle between requests, or before the first.
    pub keep_alive: Duration,
    /// How long a client may leave an answer unread.
    pub write_timeout: Duration,
    /// Connections at once and worker, as far as descriptors allow; the longest idle ones make room for others.
    pub max_connections_per_worker: usize,
    /// Descriptors that the rest of the process needs.
    pub reserved_descriptors: usize,
    /// How long requests under way may take at shutdown.
    pub shutdown_timeout: Duration,
    /// The body of an answer that the HTTP layer gives itself, by status and request id.
    pub problem_body: fn(u16, &str) -> String,
}

/// A server of an application on a listener. It runs when awaited and handles no signals; `stopping`
/// turning true ends idle connections, so that a graceful stop doesn't wait for them.
pub fn serve<F, I, S, B>(
    listener: TcpListener,
    limits: ConnectionLimits,
    workers: usize,
    stopping: watch::Receiver<bool>,
    application: F,
) -> io::Result<Server>
where
    F: Fn() -> I + Send + Clone + 'static,
    I: IntoServiceFactory<S, Request>,
    S: ServiceFactory<Request, Config = AppConfig> + 'static,
    S::Error: Into<Error> + 'static,
    S::InitError: Debug,
    S::Response: Into<Response<B>> + 'static,
    B: MessageBody + 'static,
{
    let shutdown_s = limits.shutdown_timeout.as_secs();
    let most = crowd::affordable(limits.max_connections_per_worker, workers, limits.reserved_descriptors);
    let factory = move || {
        let stopping = stopping.clone();
        let crowd = Crowd::new(most);
        let service = HttpService::build()
            .keep_alive(KeepAlive::Os)
            .client_request_timeout(Duration::ZERO)
            .client_disconnect_timeout(Duration::from_secs(5))
            .graceful_shutdown_signal(move || until_stopping(stopping.clone()))
            .on_connect_ext(|stream: &TimedStream, extensions| {
                extensions.insert(stream.state().clone());
            })
            .h1(map_config(application().into_factory().map_err(|error| error.into().error_response()), |()| {
                AppConfig::default()
            }));
        fn_service(move |stream: TcpStream| {
            let crowd = crowd.clone();
            async move {
                let peer = stream.peer_addr().ok();
                // Small answers must not wait for the acknowledgement of the one before.
                let _ = stream.set_nodelay(true);
                Ok((TimedStream::new(stream, limits, &crowd), peer))
            }
        })
        .and_then(service)
    };
    let server = Server::build()
        .workers(workers)
        .max_concurrent_connections(most)
        .shutdown_timeout(shutdown_s)
        .disable_signals()
        .listen("api", listener, factory)?;
    Ok(server.run())
}

async fn until_stopping(mut stopping: watch::Receiver<bool>) {
    // The sender gone means the service is gone: the same.
    let _ = stopping.wait_for(|stopping| *stopping).await;
}
