//! Values read from the database once and relied on for two seconds: settings that rules ask for with every record.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::problem::Problem;

/// Time for which a value is relied on: a change takes effect within it in every process.
const BELIEVED: Duration = Duration::from_secs(2);

/// Something as it was read in the last seconds.
#[derive(Default)]
pub struct TtlCell<T>(Mutex<Option<(Instant, Arc<T>)>>);

impl<T: Default> TtlCell<T> {
    /// Reads it anew where it is older than two seconds.
    pub async fn refresh(&self, load: impl AsyncFnOnce() -> Result<T, Problem>) -> Result<(), Problem> {
        let is_fresh = self.locked().as_ref().is_some_and(|(read_at, _)| read_at.elapsed() < BELIEVED);
        if is_fresh {
            return Ok(());
        }
        let value = load().await?;
        *self.locked() = Some((Instant::now(), Arc::new(value)));
        Ok(())
    }

    /// Reads it anew at the next refresh.
    pub fn forget(&self) {
        *self.locked() = None;
    }

    /// Value that was read last; the default before the first read.
    pub fn known(&self) -> Arc<T> {
        self.locked().as_ref().map(|(_, value)| Arc::clone(value)).unwrap_or_default()
    }

    fn locked(&self) -> std::sync::MutexGuard<'_, Option<(Instant, Arc<T>)>> {
        self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
}
