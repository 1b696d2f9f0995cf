//! Files that are being taken in: a share a user, so that nobody takes all of it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use actix_web::http::header::RETRY_AFTER;
use kit::catalogue::Code;
use kit::problem::Problem;
use tokio::sync::Semaphore;
use uuid::Uuid;

use crate::platform::config::Config;
use crate::platform::core::Extension;

/// Files of one user at once.
const MOST_OF_ONE: usize = 2;
/// Files at once for each import that may work: those that only arrive hold nobody up.
const FOR_EACH_SLOT: usize = 16;
/// Seconds after which to come again.
const RETRY_S: u32 = 30;

/// How many files each user has under way.
#[derive(Clone)]
pub struct Uploads {
    counts: Arc<Mutex<HashMap<Uuid, usize>>>,
    most: usize,
}

/// A file under way, until dropped.
pub struct Upload {
    uploads: Uploads,
    user_id: Uuid,
}

/// Imports that may work.
pub struct ImportSlots(pub Arc<Semaphore>);

impl Extension for ImportSlots {
    fn begin(config: &Config) -> Self {
        Self(Arc::new(Semaphore::new(config.imports_at_once)))
    }
}

impl Extension for Uploads {
    fn begin(config: &Config) -> Self {
        Self { counts: Arc::default(), most: config.imports_at_once * FOR_EACH_SLOT }
    }
}

impl Uploads {
    /// One file more; 429 where the user has his share, 503 where there are too many of all.
    pub fn begin(&self, user_id: Uuid) -> Result<Upload, Problem> {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.values().sum::<usize>() >= self.most {
            return Err(Problem::unavailable(Code::UNAVAILABLE, RETRY_S, "too many files are being taken in"));
        }
        let count = counts.entry(user_id).or_default();
        if *count >= MOST_OF_ONE {
            return Err(Problem::new(Code::TOO_MANY_REQUESTS).with_header(RETRY_AFTER, RETRY_S.to_string()));
        }
        *count += 1;
        Ok(Upload { uploads: self.clone(), user_id })
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        let mut counts = self.uploads.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.user_id) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.user_id);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_has_his_share() {
        let config = Config { imports_at_once: 1, ..Config::default() };
        let uploads = <Uploads as Extension>::begin(&config);
        let (one, other) = (Uuid::now_v7(), Uuid::now_v7());
        let held: Vec<_> = (0..MOST_OF_ONE).map(|_| uploads.begin(one).unwrap()).collect();
        assert_eq!(uploads.begin(one).err().unwrap().code(), Code::TOO_MANY_REQUESTS);
        let others: Vec<_> = (0..FOR_EACH_SLOT - MOST_OF_ONE).map(|_| uploads.begin(Uuid::now_v7()).unwrap()).collect();
        assert_eq!(uploads.begin(other).err().unwrap().code(), Code::UNAVAILABLE);
        drop((held, others));
        assert!(uploads.begin(one).is_ok() && uploads.counts.lock().unwrap().is_empty());
    }
}
