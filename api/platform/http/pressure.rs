//! How much is in work. Beyond a bound requests are refused early and cheaply, reads before writes:
//! what a phone captured in the field matters more than the tenth refresh of a dashboard.
//!
//! A request is in work once its body is there ([`super::turn`]). Signing in has a bound of its own: a flood of it
//! takes nobody's work, and a flood of work keeps nobody from signing in.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use kit::arrivals::{ArrivalLimits, Arrivals};
use kit::catalogue::Code;
use kit::problem::Problem;

/// Bytes of bodies of one address that may be on their way: some dozens of the largest batches.
const BYTES_OF_ADDRESS: u64 = 128 * 1024 * 1024;
/// Bytes of bodies on their way in all.
const BYTES_OF_ALL: u64 = 256 * 1024 * 1024;

/// The way that a request takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    /// Signing in, and refreshing that.
    SignIn,
    /// Reading.
    Read,
    /// Writing.
    Write,
}

/// Requests in work, and the most that may be; bodies on their way.
#[derive(Debug)]
pub struct Pressure {
    work: Counter,
    sign_ins: Counter,
    work_arrivals: Arrivals,
    sign_in_arrivals: Arrivals,
}

#[derive(Debug)]
struct Counter {
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

impl Counter {
    fn new(most: usize) -> Self {
        Self { in_work: Arc::default(), most }
    }

    fn enter(&self, most: usize) -> Result<InWork, Problem> {
        let before = self.in_work.fetch_add(1, Ordering::Relaxed);
        let in_work = InWork(Arc::clone(&self.in_work));
        if before < most {
            Ok(in_work)
        } else {
            Err(Problem::unavailable(Code::UNAVAILABLE, 1, "too many requests in work"))
        }
    }
}

impl Pressure {
    /// At most so many at once, and so many bodies of an address on their way.
    pub fn new(most: usize, bodies_of_address: usize) -> Self {
        let limits =
            ArrivalLimits { bodies_of_address, bytes_of_address: BYTES_OF_ADDRESS, bytes_of_all: BYTES_OF_ALL };
        Self {
            work: Counter::new(most),
            // A password takes tens of milliseconds of a core: more than this would only wait.
            sign_ins: Counter::new((most / 8).max(4)),
            work_arrivals: Arrivals::new(limits),
            sign_in_arrivals: Arrivals::new(limits),
        }
    }

    /// How many requests are in work.
    pub fn in_work(&self) -> usize {
        self.work.in_work.load(Ordering::Relaxed) + self.sign_ins.in_work.load(Ordering::Relaxed)
    }

    /// How many bodies are on their way.
    pub fn arriving(&self) -> usize {
        self.work_arrivals.count() + self.sign_in_arrivals.count()
    }

    /// The bodies on their way in a lane.
    pub fn arrivals(&self, lane: Lane) -> &Arrivals {
        match lane {
            Lane::SignIn => &self.sign_in_arrivals,
            Lane::Read | Lane::Write => &self.work_arrivals,
        }
    }

    /// Counts a request in; 503 with `Retry-After` where there are too many.
    pub fn enter(&self, lane: Lane) -> Result<InWork, Problem> {
        match lane {
            Lane::SignIn => self.sign_ins.enter(self.sign_ins.most),
            Lane::Read => self.work.enter(self.work.most - self.work.most / 4),
            Lane::Write => self.work.enter(self.work.most),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_are_refused_before_writes_and_sign_ins_by_themselves() {
        let pressure = Pressure::new(8, 4);
        let mut held: Vec<InWork> = (0..6).map(|_| pressure.enter(Lane::Read).unwrap()).collect();
        assert!(pressure.enter(Lane::Read).is_err());
        held.extend((0..2).map(|_| pressure.enter(Lane::Write).unwrap()));
        assert!(pressure.enter(Lane::Write).is_err());
        assert_eq!(pressure.in_work(), 8);
        held.extend((0..4).map(|_| pressure.enter(Lane::SignIn).unwrap()));
        assert!(pressure.enter(Lane::SignIn).is_err());
        held.clear();
        assert_eq!(pressure.in_work(), 0);
        assert!(pressure.enter(Lane::Read).is_ok());
    }
}
