//! Reading bodies: bounded in size, in pauses and in pace.

use std::time::Duration;

use actix_web::error::PayloadError;
use actix_web::http::header::{CONTENT_LENGTH, HeaderMap};
use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt};
use tokio::time::{Instant, timeout_at};

/// The bounds of a request's body.
#[derive(Clone, Copy, Debug)]
pub struct BodyLimits {
    /// The most bytes.
    pub max_bytes: usize,
    /// The longest pause, also before the first byte.
    pub idle_timeout: Duration,
    /// How long a body may be slower than `minimum_bytes_per_s`: a phone's connection wakes up.
    pub grace: Duration,
    /// The slowest pace on average after `grace`; 0 for any. With it a body of n bytes takes no longer
    /// than `grace` and n / `minimum_bytes_per_s` seconds, however its bytes are spread.
    pub minimum_bytes_per_s: u32,
}

/// Why there is no body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BodyError {
    /// It is, or was announced to be, larger than allowed: 413.
    #[error("the body is too large")]
    TooLarge,
    /// It paused for too long or came too slowly: 408.
    #[error("the body came too slowly")]
    TooSlow,
    /// It ended early or its chunks are malformed: 400, though nobody may be there to read it.
    #[error("the body is incomplete")]
    Incomplete,
}

/// The length that `Content-Length` announces. actix-http has already refused what is no number.
pub fn announced_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.trim().parse().ok()
}

/// Reads the whole body from a `web::Payload` or `dev::Payload`. `announced` is
/// [`announced_length`]; a body that says it is too large is refused before a byte of it is read, and
/// one that lies costs nothing: memory is taken only for what has come.
///
/// # Errors
/// See [`BodyError`]. The connection closes with the answer to a body that wasn't read to its end.
pub async fn read_body<P>(payload: &mut P, announced: Option<u64>, limits: BodyLimits) -> Result<Bytes, BodyError>
where
    P: Stream<Item = Result<Bytes, PayloadError>> + Unpin,
{
    if announced.is_some_and(|bytes| usize::try_from(bytes).map_or(true, |bytes| bytes > limits.max_bytes)) {
        return Err(BodyError::TooLarge);
    }
    let started = Instant::now();
    // Most bodies come in one piece, which needn't be copied.
    let Some(first) = next_piece(payload, started, 0, limits).await? else { return Ok(Bytes::new()) };
    let Some(second) = next_piece(payload, started, first.len(), limits).await? else { return Ok(first) };
    let mut body = BytesMut::with_capacity(first.len() + second.len());
    body.extend_from_slice(&first);
    body.extend_from_slice(&second);
    while let Some(piece) = next_piece(payload, started, body.len(), limits).await? {
        body.extend_from_slice(&piece);
    }
    Ok(body.freeze())
}

/// The next piece of a body of which `length` bytes have come; none at its end.
async fn next_piece<P>(
    payload: &mut P,
    started: Instant,
    length: usize,
    limits: BodyLimits,
) -> Result<Option<Bytes>, BodyError>
where
    P: Stream<Item = Result<Bytes, PayloadError>> + Unpin,
{
    let paused = Instant::now().checked_add(limits.idle_timeout);
    let deadline = match (paused, started.checked_add(allowance(length, limits))) {
        (Some(paused), Some(slow)) => Some(paused.min(slow)),
        (paused, slow) => paused.or(slow),
    };
    let piece = match deadline {
        // What has come already is taken, however late we are to look.
        Some(deadline) => timeout_at(deadline, payload.next()).await.map_err(|_| BodyError::TooSlow)?,
        None => payload.next().await,
    };
    match piece {
        None => Ok(None),
        Some(Err(PayloadError::Overflow)) => Err(BodyError::TooLarge),
        Some(Err(_)) => Err(BodyError::Incomplete),
        Some(Ok(piece)) if piece.len() > limits.max_bytes.saturating_sub(length) => Err(BodyError::TooLarge),
        Some(Ok(piece)) => Ok(Some(piece)),
    }
}

/// How long after the start the next byte may come, when `length` bytes have.
fn allowance(length: usize, limits: BodyLimits) -> Duration {
    match limits.minimum_bytes_per_s {
        0 => Duration::MAX,
        pace => {
            let ms = (length as u64).saturating_mul(1_000) / u64::from(pace);
            limits.grace.saturating_add(Duration::from_millis(ms))
        }
    }
}

#[cfg(test)]
#[path = "body_tests.rs"]
mod tests;
