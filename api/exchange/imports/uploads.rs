//! Files that are being taken in.

use std::sync::Arc;

use kit::problem::Problem;
use tokio::sync::Semaphore;
use uuid::Uuid;

use crate::platform::config::Config;
use crate::platform::core::Extension;
use crate::platform::http::{Share, Shares};

/// Files of one user at once.
const MOST_OF_ONE: usize = 2;
/// Files at once for each import that may work: those that only arrive hold nobody up.
const FOR_EACH_SLOT: usize = 16;
/// Seconds after which to come again.
const RETRY_S: u32 = 30;

/// How many files each user has under way.
#[derive(Clone)]
pub struct Uploads(Shares);

/// Imports that may work.
pub struct ImportSlots(pub Arc<Semaphore>);

impl Extension for ImportSlots {
    fn begin(config: &Config) -> Self {
        Self(Arc::new(Semaphore::new(config.imports_at_once)))
    }
}

impl Extension for Uploads {
    fn begin(config: &Config) -> Self {
        Self(Shares::new(MOST_OF_ONE, config.imports_at_once * FOR_EACH_SLOT, RETRY_S))
    }
}

impl Uploads {
    /// One file more; 429 where the user has his share, 503 where there are too many of all.
    pub fn begin(&self, user_id: Uuid) -> Result<Share, Problem> {
        self.0.begin(user_id)
    }
}
