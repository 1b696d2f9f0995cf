//! Connections: what actix-web leaves open, closed here.
//!
//! actix-web 4.18 times only the head of a connection's first request, never a body and never a client
//! that doesn't read, and what its HTTP layer answers itself has no body. So the server is put together
//! here over a stream of our own ([`TimedStream`]):
//!
//! - the head of every request has a deadline (408), idle connections end, answers must be read;
//! - malformed requests get a whole `application/problem+json` answer, and the connection closes in a
//!   way that lets the client read it;
//! - a request that is being served is never timed here, however long it takes: not a long poll, not
//!   server-sent events, not a slow download. How fast its body must come is [`read_body`]'s business;
//! - a graceful stop ends idle connections at once and lets requests under way be answered.

mod answer;
mod body;
mod framing;
mod server;
mod state;
mod stream;
mod watch;

use std::time::Duration;

pub use self::body::{BodyError, BodyLimits, announced_length, read_body};
pub use self::server::{bind, serve};
pub use self::state::ConnectionState;
pub use self::stream::TimedStream;

/// Writes the body of an answer that no application code gives, from its HTTP status and the request
/// id that the answer carries. The result is sent as `application/problem+json`.
pub type ProblemBody = fn(status: u16, request_id: &str) -> String;

/// The bounds of a connection.
#[derive(Clone, Copy, Debug)]
pub struct ConnectionLimits {
    /// How long the head of a request may take: from its first byte, or from the end of the answer
    /// before where it began earlier, until the application has it. Then 408, and the connection closes.
    pub header_timeout: Duration,
    /// How long a connection may be idle between requests or before the first, and how long the rest
    /// of a body may take that nobody wants any more. Then the connection closes without an answer.
    pub keep_alive_timeout: Duration,
    /// How long a client may take nothing at all of what is sent to it. Then the connection is reset.
    /// Any progress starts it afresh, so slow downloads go on.
    pub write_timeout: Duration,
    /// How long requests under way may take once a graceful stop begins; whole seconds, rounded up.
    pub shutdown_timeout: Duration,
    /// The most connections of one worker; further ones wait in the listener's backlog.
    pub max_connections_per_worker: usize,
    /// Writes the body of answers that no application code gives: 400, 408, 431, 500.
    pub problem_body: ProblemBody,
}
