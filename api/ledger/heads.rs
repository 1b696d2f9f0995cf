//! The newest number of each district, for those who wait for changes.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::watch;

/// The newest numbers this process knows of.
#[derive(Clone, Default)]
pub struct Heads(Arc<Inner>);

#[derive(Default)]
struct Inner {
    newest: watch::Sender<BTreeMap<String, i64>>,
    looks: Mutex<Polls>,
    closing: watch::Sender<bool>,
}

/// When the clocks were looked at last, and when somebody wanted that last.
#[derive(Default)]
struct Polls {
    looked_at: Option<Instant>,
    wanted_at: Option<Instant>,
}

/// A look at the clocks holds for so long: other processes write, too.
const FRESH: Duration = Duration::from_millis(500);
/// Somebody who wanted to know is thought to poll for so long.
const WANTED: Duration = Duration::from_secs(60);

impl Heads {
    /// The clocks were looked at, beginning at this instant.
    pub fn looked(&self, at: Instant) {
        self.looks().looked_at = Some(at);
    }

    /// The newest number of a district, if that was looked up within the last half second; from now on somebody
    /// looks regularly.
    pub fn fresh(&self, district_code: &str) -> Option<i64> {
        let now = Instant::now();
        let mut looks = self.looks();
        looks.wanted_at = Some(now);
        let fresh = looks.looked_at.is_some_and(|at| now.duration_since(at) < FRESH);
        drop(looks);
        fresh.then(|| self.known(district_code))
    }

    fn looks(&self) -> MutexGuard<'_, Polls> {
        self.0.looks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a head, from our own writer or from a look at the clocks. Heads only grow.
    pub fn note(&self, district_code: &str, last_no: i64) {
        self.0.newest.send_if_modified(|heads| match heads.get_mut(district_code) {
            Some(known) if *known >= last_no => false,
            Some(known) => {
                *known = last_no;
                true
            }
            None => {
                heads.insert(district_code.to_owned(), last_no);
                true
            }
        });
    }

    /// The newest number this process knows of in a district; 0 where it knows of none.
    pub fn known(&self, district_code: &str) -> i64 {
        self.0.newest.borrow().get(district_code).copied().unwrap_or(0)
    }

    /// Returns when the district's head is beyond a number, or when the service stops.
    pub async fn beyond(&self, district_code: &str, last_no: i64) {
        let (mut heads, mut closing) = (self.0.newest.subscribe(), self.0.closing.subscribe());
        // Both senders live as long as self.
        tokio::select! {
            _ = heads.wait_for(|heads| heads.get(district_code).is_some_and(|head| *head > last_no)) => {}
            _ = closing.wait_for(|closing| *closing) => {}
        }
    }

    /// The service stops: nobody waits any longer.
    pub fn close(&self) {
        self.0.closing.send_replace(true);
    }

    /// Whether the service stops.
    pub fn is_closing(&self) -> bool {
        *self.0.closing.borrow()
    }

    /// Whether anybody waits, or polls.
    pub fn is_watched(&self) -> bool {
        let wanted_at = self.looks().wanted_at;
        self.0.newest.receiver_count() > 0 || wanted_at.is_some_and(|at| at.elapsed() < WANTED)
    }
}
