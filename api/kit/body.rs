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

/// A body that comes within this takes no place among those on their way.
const AT_ONCE: Duration = Duration::from_secs(1);

/// The whole body, or the problem that ends the request: 413 too large, 408 too slow, 400 cut off.
/// `address` is whose places it takes while it arrives.
pub async fn read(
    request: &HttpRequest,
    payload: &mut Payload,
    limits: &BodyLimits,
    arrivals: &Arrivals,
    address: &str,
) -> Result<Bytes, Problem> {
    if announced(request).is_some_and(|bytes| bytes > limits.max_bytes) {
        return Err(Code::BODY_TOO_LARGE.into());
    }
    let started = Instant::now();
    // Memory is reserved only as the body arrives: announcing more than is sent costs nothing.
    let mut body = BytesMut::new();
    let mut place = Place { arrivals, address, free_until: started + AT_ONCE, arrival: None };
    while let Some(chunk) = next(payload, limits, &mut place, body.len()).await? {
        let chunk = chunk.map_err(|_| Problem::new(Code::MALFORMED_REQUEST))?;
        if body.len() + chunk.len() > limits.max_bytes {
            return Err(Code::BODY_TOO_LARGE.into());
        }
        body.extend_from_slice(&chunk);
        if let Some(arrival) = &place.arrival {
            arrival.grow(chunk.len());
        }
        let elapsed = started.elapsed();
        let expected = elapsed.saturating_sub(GRACE).as_secs().saturating_mul(limits.minimum_bytes_per_s);
        if (body.len() as u64) < expected {
            return Err(Code::REQUEST_TIMEOUT.into());
        }
    }
    Ok(body.freeze())
}

/// Largest body that is passed over, and how long that may take.
const PASSED_OVER: (usize, Duration) = (64 * 1024, Duration::from_millis(250));

/// Reads what is left of a small body whose request was answered without it. Else the connection would end with the
/// answer, and a phone would make another for its next request: at five times what the service can do, that was a quarter
/// of all its connections.
pub async fn pass_over(request: &HttpRequest, mut payload: Payload) {
    let (most, within) = PASSED_OVER;
    if matches!(payload, Payload::None) || announced(request).is_none_or(|bytes| bytes > most) {
        return;
    }
    let rest = async { while let Some(Ok(_)) = payload.next().await {} };
    // Of whoever is slower the connection ends.
    timeout(within, rest).await.unwrap_or_default();
}

fn announced(request: &HttpRequest) -> Option<usize> {
    request.headers().get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok())
}

/// Where a body has its place, once it needs one.
struct Place<'a> {
    arrivals: &'a Arrivals,
    address: &'a str,
    /// Until then it needs none: whoever sends it with the head isn't kept out by how many others there are.
    free_until: Instant,
    arrival: Option<Arrival>,
}

/// The next piece; one that is there already, or comes at once, takes no place. `held` bytes came before it.
async fn next(
    payload: &mut Payload,
    limits: &BodyLimits,
    place: &mut Place<'_>,
    held: usize,
) -> Result<Option<Result<Bytes, PayloadError>>, Problem> {
    if let Some(there) = payload.next().now_or_never() {
        return Ok(there);
    }
    let arrival = match &mut place.arrival {
        Some(arrival) => arrival,
        None => {
            let free = place.free_until.saturating_duration_since(Instant::now()).min(limits.idle_timeout);
            if let Ok(there) = timeout(free, payload.next()).await {
                return Ok(there);
            }
            let entered = place.arrivals.enter(place.address);
            let full = |_| Problem::unavailable(Code::UNAVAILABLE, 1, "too many bodies of an address arrive");
            let arrival = place.arrival.insert(entered.map_err(full)?);
            arrival.grow(held);
            arrival
        }
    };
    tokio::select! {
        piece = timeout(limits.idle_timeout, payload.next()) => piece.map_err(|_| Code::REQUEST_TIMEOUT.into()),
        () = arrival.gives_way() => Err(Code::REQUEST_TIMEOUT.into()),
    }
}
