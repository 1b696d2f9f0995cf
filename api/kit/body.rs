//! Reading bodies: bounded in size, in pauses and in pace, and in how many an address has on their way.

use std::time::{Duration, Instant};

use actix_web::HttpRequest;
use actix_web::dev::Payload;
use actix_web::error::PayloadError;
use actix_web::http::header::CONTENT_LENGTH;
use bytes::{Bytes, BytesMut};
use futures_util::{FutureExt, StreamExt};
use tokio::time::timeout;

use super::arrivals::{Arrival, Arrivals};
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
/// `address` is whose places it takes while it arrives.
pub async fn read(
    request: &HttpRequest,
    payload: &mut Payload,
    limits: &BodyLimits,
    arrivals: &Arrivals,
    address: &str,
) -> Result<Bytes, Problem> {
    let announced = request.headers().get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|bytes| bytes > limits.max_bytes) {
        return Err(Code::BodyTooLarge.into());
    }
    let started = Instant::now();
    // What is announced is reserved only as it arrives: a lie costs nothing.
    let mut body = BytesMut::new();
    let mut arrival = None;
    while let Some(chunk) = next(payload, limits, arrivals, address, &mut arrival).await? {
        let chunk = chunk.map_err(|_| Problem::new(Code::MalformedRequest))?;
        if body.len() + chunk.len() > limits.max_bytes {
            return Err(Code::BodyTooLarge.into());
        }
        body.extend_from_slice(&chunk);
        if let Some(arrival) = &arrival {
            arrival.grow(chunk.len());
        }
        let elapsed = started.elapsed();
        let expected = elapsed.saturating_sub(GRACE).as_secs().saturating_mul(limits.minimum_bytes_per_s);
        if (body.len() as u64) < expected {
            return Err(Code::RequestTimeout.into());
        }
    }
    Ok(body.freeze())
}

/// The next piece; one that is there already takes no place.
async fn next(
    payload: &mut Payload,
    limits: &BodyLimits,
    arrivals: &Arrivals,
    address: &str,
    arrival: &mut Option<Arrival>,
) -> Result<Option<Result<Bytes, PayloadError>>, Problem> {
    if let Some(there) = payload.next().now_or_never() {
        return Ok(there);
    }
    let arrival = match arrival {
        Some(arrival) => arrival,
        None => {
            // The HTTP layer may hold it and only wait for its turn.
            tokio::task::yield_now().await;
            if let Some(there) = payload.next().now_or_never() {
                return Ok(there);
            }
            let entered = arrivals.enter(address);
            arrival.insert(
                entered
                    .map_err(|_| Problem::unavailable(Code::Unavailable, 1, "too many bodies of an address arrive"))?,
            )
        }
    };
    tokio::select! {
        piece = timeout(limits.idle_timeout, payload.next()) => piece.map_err(|_| Code::RequestTimeout.into()),
        () = arrival.gives_way() => Err(Code::RequestTimeout.into()),
    }
}
