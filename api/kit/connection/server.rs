//! The server, put together by hand.

use std::fmt::Debug;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use actix_http::{HttpService, KeepAlive, Request, Response};
use actix_service::{IntoServiceFactory, Service, ServiceFactory, ServiceFactoryExt, fn_service, map_config};
use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{AppConfig, Server};
use tokio::net::{TcpSocket, TcpStream};

use super::ConnectionLimits;
use super::stream::{LINGER, TimedStream};
use super::watch::watched;

/// The most workers actix-server can have; it panics above.
const MAX_WORKERS: usize = 512;

/// Listens on an address, with `backlog` connections at most waiting to be accepted.
/// `std::net::TcpListener::bind` has a fixed backlog, which a burst of clients overflows.
///
/// To be called within a tokio runtime.
///
/// # Errors
/// Where the address can't be bound.
pub fn bind(address: SocketAddr, backlog: u32) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // A restart must not wait for the connections of the process before.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(backlog)?.into_std()
}

/// A server of an application on a listener, with its connections bounded. `application` makes the
/// application of each of the `workers` threads. The server runs when awaited and handles no signals:
/// `Server::handle().stop(true)` closes idle connections at once, lets requests under way be answered
/// for `shutdown_timeout` and then drops the rest.
///
/// # Errors
/// Where the listener can't be used, or `workers` (1 to 512) or `max_connections_per_worker` (from 1)
/// is out of range.
pub fn serve<F, I, S, B>(
    listener: TcpListener,
    limits: ConnectionLimits,
    workers: usize,
    application: F,
) -> io::Result<Server>
where
    F: Fn() -> I + Send + Clone + 'static,
    I: IntoServiceFactory<S, Request>,
    S: ServiceFactory<Request, Config = AppConfig> + 'static,
    S::Error: Into<Error> + 'static,
    S::InitError: Debug,
    S::Response: Into<Response<B>> + 'static,
    S::Service: 'static,
    <S::Service as Service<Request>>::Future: 'static,
    B: MessageBody + 'static,
{
    if !(1..=MAX_WORKERS).contains(&workers) || limits.max_connections_per_worker == 0 {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "workers or connections out of range"));
    }
    let local_address = listener.local_addr()?;
    let builder = Server::build();
    let stopping = builder.graceful_shutdown_signal();
    let factory = move || {
        let stopping = stopping.clone();
        let application = application().into_factory().map_err(|error| error.into().error_response());
        let service = HttpService::build()
            // Ours are the deadlines: actix-http makes a timer for each request.
            .keep_alive(KeepAlive::Os)
            .client_request_timeout(Duration::ZERO)
            .client_disconnect_timeout(LINGER)
            .local_addr(local_address)
            .graceful_shutdown_signal(move || {
                let stopping = stopping.clone();
                async move { stopping.notified().await }
            })
            .on_connect_ext(|stream: &TimedStream, extensions| {
                extensions.insert(stream.state().clone());
            })
            .h1(watched(map_config(application, |()| AppConfig::default()), limits.problem_body));
        fn_service(move |stream: TcpStream| async move {
            let peer = stream.peer_addr().ok();
            // A small answer must not wait until the one before is acknowledged.
            let _ = stream.set_nodelay(true);
            Ok((TimedStream::new(stream, limits), peer))
        })
        .and_then(service)
    };
    let timeout = limits.shutdown_timeout;
    let server = builder
        .workers(workers)
        .max_concurrent_connections(limits.max_connections_per_worker)
        .shutdown_timeout(timeout.as_secs().saturating_add(u64::from(timeout.subsec_nanos() > 0)))
        .disable_signals()
        .listen("api", listener, factory)?;
    Ok(server.run())
}
