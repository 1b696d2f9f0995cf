//! Reading bodies: bounded in size, in pauses and in pace.

use std::time::{Duration, Instant};

use actix_web::HttpRequest;
use actix_web::dev::Payload;
use actix_web::http::header::CONTENT_LENGTH;
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use tokio::time::timeout;

use super::catalogue::Code;
use super::problem::Problem;

/// The bounds of a body.
#[derive(Clone, Copy, Debug)]
pub struct BodyLimits {
    /// The most bytes.
    pub max_bytes: usize,
    /// The longest pause.
    pub idle_timeout: Duration,
    /// The slowest pace, after [`GRACE`].
    pub minimum_bytes_per_s: u64,
}

/// A body may be slower at first: a phone's connection wakes up.
const GRACE: Duration = Duration::from_secs(5);

/// The whole body, or the problem that ends the request: 413 too large, 408 too slow, 400 cut off.
pub async fn read(request: &HttpRequest, payload: &mut Payload, limits: &BodyLimits) -> Result<Bytes, Problem> {
    let announced = request.headers().get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|bytes| bytes > limits.max_bytes) {
        return Err(Code::BodyTooLarge.into());
    }
    let started = Instant::now();
    // What is announced is reserved only as it arrives: a lie costs nothing.
    let mut body = BytesMut::new();
    loop {
        let chunk = match timeout(limits.idle_timeout, payload.next()).await {
            Ok(Some(chunk)) => chunk.map_err(|_| Problem::new(Code::MalformedRequest))?,
            Ok(None) => return Ok(body.freeze()),
            Err(_) => return Err(Code::RequestTimeout.into()),
        };
        if body.len() + chunk.len() > limits.max_bytes {
            return Err(Code::BodyTooLarge.into());
        }
        body.extend_from_slice(&chunk);
        let elapsed = started.elapsed();
        let expected = elapsed.saturating_sub(GRACE).as_secs().saturating_mul(limits.minimum_bytes_per_s);
        if (body.len() as u64) < expected {
            return Err(Code::RequestTimeout.into());
        }
    }
}
