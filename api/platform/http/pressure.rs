//! How much is in work. Beyond a bound requests are refused early and cheaply, reads before writes:
//! what a phone captured in the field matters more than the tenth refresh of a dashboard.
//!
//! A request is in work once its body is there ([`super::turn`]). Signing in has a bound of its own: a flood of it
//! takes nobody's work, and a flood of work keeps nobody from signing in. Files and streams count until their last piece
//! is sent, and are the first to be refused.
//!
//! Length alone doesn't tell: a thousand requests are a third of a second's work here and ten seconds' there. So each
//! lane is also judged by how long its requests took lately ([`super::waits`]).

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use kit::arrivals::{ArrivalLimits, Arrivals};
use kit::catalogue::Code;
use kit::problem::Problem;
use prometheus_client::encoding::EncodeLabelValue;

use super::waits::Waits;
use crate::platform::config::Config;

/// Bytes of bodies of one address that may be on their way: some dozens of the largest batches.
const BYTES_OF_ADDRESS: u64 = 128 * 1024 * 1024;
/// Bytes of bodies on their way in all.
const BYTES_OF_ALL: u64 = 256 * 1024 * 1024;

/// The part of all places that is let in however long requests took: a shift that pushes at once is no overload, it
/// waits.
const PART_OF_FEW: usize = 4;

/// The way that a request takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EncodeLabelValue)]
pub enum Lane {
    /// Signing in, and refreshing that.
    SignIn,
    /// Reading.
    Read,
    /// A file of records, until its last row is sent.
    File,
    /// Following changes, until the stream ends.
    Stream,
    /// Writing.
    Write,
}

/// Requests in work, and the most that may be; bodies on their way.
#[derive(Debug)]
pub struct Pressure {
    work: Counter,
    sign_ins: Counter,
    files: Counter,
    streams: Counter,
    reads: Waits,
    writes: Waits,
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

    fn count(&self) -> usize {
        self.in_work.load(Ordering::Relaxed)
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
    /// With the bounds of the settings.
    pub fn new(config: &Config) -> Self {
        let (most, bodies_of_address) = (config.requests_at_once, config.bodies_per_address);
        let limits =
            ArrivalLimits { bodies_of_address, bytes_of_address: BYTES_OF_ADDRESS, bytes_of_all: BYTES_OF_ALL };
        Self {
            work: Counter::new(most),
            // A password takes tens of milliseconds of a core: more than this would only wait.
            sign_ins: Counter::new((most / 8).max(4)),
            files: Counter::new(config.files_at_once),
            streams: Counter::new(config.streams_at_once),
            reads: Waits::new(Duration::from_millis(config.read_wait_ms)),
            writes: Waits::new(Duration::from_millis(config.write_wait_ms)),
            work_arrivals: Arrivals::new(limits),
            sign_in_arrivals: Arrivals::new(limits),
        }
    }

    /// How many requests are in work.
    pub fn in_work(&self) -> usize {
        self.work.count() + self.sign_ins.count() + self.files.count()
    }

    /// How many follow changes.
    pub fn streams(&self) -> usize {
        self.streams.count()
    }

    /// How many bodies are on their way.
    pub fn arriving(&self) -> usize {
        self.work_arrivals.count() + self.sign_in_arrivals.count()
    }

    /// The bodies on their way in a lane.
    pub fn arrivals(&self, lane: Lane) -> &Arrivals {
        match lane {
            Lane::SignIn => &self.sign_in_arrivals,
            _ => &self.work_arrivals,
        }
    }

    /// Counts a request in; 503 with `Retry-After` where there are too many, or those before it took too long.
    pub fn enter(&self, lane: Lane) -> Result<InWork, Problem> {
        let now = Instant::now();
        let many = self.work.count() >= self.work.most / PART_OF_FEW;
        match lane {
            Lane::SignIn => return self.sign_ins.enter(self.sign_ins.most),
            Lane::Write if many && !self.writes.admit(now) => return Err(too_long()),
            Lane::Read if many && !self.reads.admit(now) => return Err(too_long()),
            Lane::File | Lane::Stream if many && !(self.reads.admit(now) && self.writes.admit(now)) => {
                return Err(too_long());
            }
            _ => {}
        }
        let reads = self.work.most - self.work.most / 4;
        match lane {
            Lane::Write => self.work.enter(self.work.most),
            Lane::File if self.work.count() >= reads => Err(too_long()),
            Lane::File => self.files.enter(self.files.most),
            Lane::Stream => self.streams.enter(self.streams.most),
            Lane::Read | Lane::SignIn => self.work.enter(reads),
        }
    }

    /// A request was answered that began then, with work or without.
    pub fn took(&self, lane: Lane, began: Instant, worked: bool) {
        match lane {
            Lane::Read => self.reads.note(began, Instant::now(), worked),
            Lane::Write => self.writes.note(began, Instant::now(), worked),
            // They take as long as their readers do.
            Lane::SignIn | Lane::File | Lane::Stream => {}
        }
    }
}

fn too_long() -> Problem {
    Problem::unavailable(Code::UNAVAILABLE, 2, "requests before it take too long")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_are_refused_before_writes_and_sign_ins_by_themselves() {
        let pressure = Pressure::new(&Config { requests_at_once: 8, ..Config::default() });
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
    #[test]
    fn where_requests_take_too_long_files_go_first_and_writes_last() {
        let config = Config {
            requests_at_once: 256,
            read_wait_ms: 100,
            write_wait_ms: 1_000,
            files_at_once: 2,
            ..Config::default()
        };
        let pressure = Pressure::new(&config);
        let before = |milliseconds| Instant::now() - Duration::from_millis(milliseconds);
        let all = |pressure: &Pressure| {
            [Lane::Stream, Lane::File, Lane::Read, Lane::Write].map(|lane| pressure.enter(lane).is_ok())
        };
        for _ in 0..20 {
            pressure.took(Lane::Read, before(300), true);
        }
        assert_eq!(all(&pressure), [true; 4], "few are in work: whatever takes long, it isn't the crowd");
        let _held: Vec<InWork> =
            (0..config.requests_at_once / PART_OF_FEW).map(|_| pressure.enter(Lane::Write).unwrap()).collect();
        assert_eq!(all(&pressure), [false, false, false, true]);
        for _ in 0..20 {
            pressure.took(Lane::Write, before(3_000), true);
        }
        assert_eq!(all(&pressure), [false; 4]);
        assert!(pressure.enter(Lane::SignIn).is_ok(), "whoever was refused can still sign in");
    }

    #[test]
    fn files_count_until_they_are_sent() {
        let pressure = Pressure::new(&Config { files_at_once: 2, ..Config::default() });
        let files: Vec<InWork> = (0..2).map(|_| pressure.enter(Lane::File).unwrap()).collect();
        assert!(pressure.enter(Lane::File).is_err());
        assert!(pressure.enter(Lane::Read).is_ok());
        drop(files);
        assert!(pressure.enter(Lane::File).is_ok());
    }
}
