//! The connections of a worker, so that those that do nothing make room for those that come.
//!
//! A process has so many descriptors. Without this, silent connections would hold all of them until they are idle
//! for too long, and whoever comes would wait for that.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Instant;

use nix::sys::resource::{Resource, getrlimit, setrlimit};

use super::ConnectionState;

/// Of so many connections, one part is cleared at once: looking through all of them each time would cost more.
const PARTS: usize = 16;
/// Fewer than this would be no service.
const FEWEST: usize = 8;

/// The connections of one worker.
#[derive(Clone)]
pub(super) struct Crowd(Rc<Inner>);

struct Inner {
    most: usize,
    next: Cell<u64>,
    open: RefCell<BTreeMap<u64, ConnectionState>>,
}

/// A connection that is open, until dropped.
pub(super) struct Member {
    crowd: Crowd,
    number: u64,
}

impl Crowd {
    /// At most so many, of which the last part is kept free for those that come.
    pub(super) fn new(most: usize) -> Self {
        let most = most - (most / PARTS * 2).max(1).min(most.saturating_sub(1));
        Self(Rc::new(Inner { most, next: Cell::new(0), open: RefCell::default() }))
    }

    /// A connection more. Where there are many, those that are idle longest end.
    pub(super) fn enter(&self, state: &ConnectionState) -> Member {
        let number = self.0.next.get();
        self.0.next.set(number + 1);
        let mut open = self.0.open.borrow_mut();
        open.insert(number, state.clone());
        if open.len() > self.0.most {
            let mut idle: Vec<(bool, Instant, &ConnectionState)> =
                open.values().filter_map(|state| Some((state.has_begun(), state.awaits_request()?, state))).collect();
            idle.sort_by_key(|(begun, since, _)| (*begun, *since));
            idle.iter().take((self.0.most / PARTS).max(1)).for_each(|(.., state)| state.make_room());
        }
        Member { crowd: self.clone(), number }
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        self.crowd.0.open.borrow_mut().remove(&self.number);
    }
}

/// How many connections a worker can have beside `reserved` other files of the process: as many as wanted, or as
/// its descriptors allow. The system's soft limit is raised to the hard one first.
pub(super) fn affordable(wanted: usize, workers: usize, reserved: usize) -> usize {
    let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE) else { return wanted };
    let limit = if soft < hard && setrlimit(Resource::RLIMIT_NOFILE, hard, hard).is_ok() { hard } else { soft };
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    wanted.min((limit.saturating_sub(reserved) / workers.max(1)).max(FEWEST))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_idle_longest_make_room() {
        let crowd = Crowd::new(10);
        let states: Vec<ConnectionState> = (0..10).map(|_| ConnectionState::new()).collect();
        let busy = states[0].request_started();
        let mut members: Vec<Member> = states.iter().take(9).map(|state| crowd.enter(state)).collect();
        assert!(states.iter().all(|state| !state.is_unwanted()));
        members.push(crowd.enter(&states[9]));
        let unwanted: Vec<bool> = states.iter().map(ConnectionState::is_unwanted).collect();
        assert_eq!(unwanted.iter().position(|unwanted| *unwanted), Some(1), "the oldest that isn't busy");
        assert_eq!(unwanted.iter().filter(|unwanted| **unwanted).count(), 1);
        drop((busy, members));
        assert!(crowd.0.open.borrow().is_empty());
    }

    #[test]
    fn no_more_than_descriptors_allow() {
        assert_eq!(affordable(10, 2, 100), 10);
        let most = affordable(usize::MAX, 2, 100);
        assert!((FEWEST..usize::MAX).contains(&most), "{most}");
        assert_eq!(affordable(10_000, 1, usize::MAX), FEWEST);
    }
}
