//! How much is in work. Beyond a bound requests are refused early and cheaply, reads before writes:
//! what a phone captured in the field matters more than the tenth refresh of a dashboard.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::kit::catalogue::Code;
use crate::kit::problem::Problem;

/// Requests in work, and the most that may be.
#[derive(Debug)]
pub struct Pressure {
    in_work: Arc<AtomicUsize>,
    most: usize,
}

/// A request in work, until dropped.
#[derive(Debug)]
pub struct InWork(Arc<AtomicUsize>);

impl Drop for InWork {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Pressure {
    /// At most so many at once.
    pub fn new(most: usize) -> Self {
        Self { in_work: Arc::default(), most }
    }

    /// How many requests are in work.
    pub fn in_work(&self) -> usize {
        self.in_work.load(Ordering::Relaxed)
    }

    /// Counts a request in; 503 with `Retry-After` where there are too many.
    pub fn enter(&self, reads: bool) -> Result<InWork, Problem> {
        let before = self.in_work.fetch_add(1, Ordering::Relaxed);
        let in_work = InWork(Arc::clone(&self.in_work));
        let most = if reads { self.most - self.most / 4 } else { self.most };
        if before < most {
            Ok(in_work)
        } else {
            Err(Problem::unavailable(Code::Unavailable, 1, "too many requests in work"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_are_refused_before_writes() {
        let pressure = Pressure::new(8);
        let mut held: Vec<InWork> = (0..6).map(|_| pressure.enter(true).unwrap()).collect();
        assert!(pressure.enter(true).is_err());
        held.extend((0..2).map(|_| pressure.enter(false).unwrap()));
        assert!(pressure.enter(false).is_err());
        assert_eq!(pressure.in_work(), 8);
        held.clear();
        assert_eq!(pressure.in_work(), 0);
        assert!(pressure.enter(true).is_ok());
    }
}
