//! A body that is taken piece by piece, as it comes.

use std::time::{Duration, Instant};

use actix_web::dev::Payload;
use bytes::Bytes;
use futures_util::StreamExt;
use kit::catalogue::Code;
use kit::problem::Problem;
use tokio::time::timeout;

use crate::platform::config::Config;

/// The body of a request, which must come at a pace.
pub struct Arriving {
    payload: Payload,
    pause: Duration,
    window: Duration,
    bytes_of_window: u64,
    /// How long this window's bytes were waited for. The service's own work isn't the client's pause.
    waited: Duration,
    bytes: u64,
}

impl Arriving {
    /// A body with the bounds of the settings.
    pub fn new(payload: Payload, config: &Config) -> Self {
        let window = Duration::from_millis(config.import_window_ms);
        let bytes_of_window = config.import_min_bytes_per_s.saturating_mul(config.import_window_ms) / 1000;
        let pause = Duration::from_millis(config.body_timeout_ms);
        Self { payload, pause, window, bytes_of_window, waited: Duration::ZERO, bytes: 0 }
    }

    /// The next piece; none at the end. 408 where it is too slow, 400 where it breaks off.
    pub async fn next(&mut self) -> Result<Option<Bytes>, Problem> {
        let started = Instant::now();
        let Ok(piece) = timeout(self.pause, self.payload.next()).await else {
            return Err(Code::REQUEST_TIMEOUT.into());
        };
        let piece = piece.transpose().map_err(|_| Problem::new(Code::MALFORMED_REQUEST))?;
        self.waited += started.elapsed();
        self.bytes += piece.as_ref().map_or(0, |piece| piece.len() as u64);
        if self.waited >= self.window && piece.is_some() {
            if self.bytes < self.bytes_of_window {
                return Err(Code::REQUEST_TIMEOUT.into());
            }
            (self.waited, self.bytes) = (Duration::ZERO, 0);
        }
        Ok(piece)
    }
}
