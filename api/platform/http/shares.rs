//! Limits on what one user may have under way at once, so that nobody takes all of it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use actix_web::http::header::RETRY_AFTER;
use kit::catalogue::Code;
use kit::problem::Problem;
use uuid::Uuid;

/// How many things each user has under way.
#[derive(Clone)]
pub struct Shares {
    counts: Arc<Mutex<HashMap<Uuid, usize>>>,
    of_one: usize,
    of_all: usize,
    retry_s: u32,
}

/// One thing under way, until dropped.
pub struct Share {
    shares: Shares,
    user_id: Uuid,
}

impl Shares {
    /// So many of one user, so many of all; whoever has his share is told to come again after so many seconds.
    pub fn new(of_one: usize, of_all: usize, retry_s: u32) -> Self {
        Self { counts: Arc::default(), of_one, of_all, retry_s }
    }

    /// One more; 429 where the user has his share, 503 where there are too many of all.
    pub fn begin(&self, user_id: Uuid) -> Result<Share, Problem> {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.values().sum::<usize>() >= self.of_all {
            return Err(Problem::unavailable(Code::UNAVAILABLE, self.retry_s, "too many files are being taken in"));
        }
        let count = counts.entry(user_id).or_default();
        if *count >= self.of_one {
            return Err(Problem::new(Code::TOO_MANY_REQUESTS).with_header(RETRY_AFTER, self.retry_s.to_string()));
        }
        *count += 1;
        Ok(Share { shares: self.clone(), user_id })
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut counts = self.shares.counts.lock().unwrap_or_else(PoisonError::into_inner);
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
        let shares = Shares::new(2, 16, 30);
        let (one, other) = (Uuid::now_v7(), Uuid::now_v7());
        let held: Vec<_> = (0..2).map(|_| shares.begin(one).unwrap()).collect();
        assert_eq!(shares.begin(one).err().unwrap().code(), Code::TOO_MANY_REQUESTS);
        let others: Vec<_> = (0..14).map(|_| shares.begin(Uuid::now_v7()).unwrap()).collect();
        assert_eq!(shares.begin(other).err().unwrap().code(), Code::UNAVAILABLE);
        drop((held, others));
        assert!(shares.begin(one).is_ok() && shares.counts.lock().unwrap().is_empty());
    }
}
