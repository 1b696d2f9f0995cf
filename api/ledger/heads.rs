//! The newest number of each district, for those who wait for changes.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use kit::link::plan_anew;
use tokio::sync::watch;

/// The newest numbers this process knows of.
#[derive(Clone, Default)]
pub struct Heads(Arc<Inner>);

#[derive(Default)]
struct Inner {
    newest: watch::Sender<BTreeMap<String, i64>>,
    looks: Mutex<Looks>,
    closing: watch::Sender<bool>,
}

/// A district's clock as it was looked at: its newest number, and the head of the chain there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// The newest number.
    pub number: i64,
    /// The chain's head at it.
    pub chain: Arc<[u8]>,
}

/// When the clocks were looked at last and what they said, and when somebody wanted that last.
#[derive(Default)]
struct Looks {
    looked_at: Option<Instant>,
    wanted_at: Option<Instant>,
    seen: BTreeMap<String, Head>,
    grown_at: BTreeMap<String, Instant>,
}

impl Looks {
    /// A district's clock, if it was looked at within the last half second. From now on somebody looks regularly.
    fn fresh(&mut self, district_code: &str) -> Option<(Instant, &Head)> {
        let now = Instant::now();
        self.wanted_at = Some(now);
        let at = self.looked_at.filter(|at| now.duration_since(*at) < FRESH)?;
        Some((at, self.seen.get(district_code)?))
    }
}

/// A look at the clocks holds for so long: other processes write, too.
const FRESH: Duration = Duration::from_millis(500);
/// Somebody who wanted to know is thought to poll for so long.
const WANTED: Duration = Duration::from_secs(60);

/// Binary order of magnitude of a number.
fn size(number: i64) -> u32 {
    i64::BITS - number.leading_zeros()
}

impl Heads {
    /// All clocks were looked at, beginning at this instant.
    pub fn looked(&self, at: Instant, seen: BTreeMap<String, Head>) {
        for (district_code, head) in &seen {
            self.note(district_code, head.number);
        }
        let mut looks = self.looks();
        looks.looked_at = Some(at);
        looks.seen = seen;
    }

    /// The newest number of a district, if that was looked up within the last half second; from now on somebody
    /// looks regularly. None where the clock stands before what was known when it was looked at: that is another ledger.
    pub fn fresh(&self, district_code: &str) -> Option<i64> {
        let known = self.known(district_code);
        let mut looks = self.looks();
        let (at, number) = looks.fresh(district_code).map(|(at, head)| (at, head.number))?;
        let has_grown = looks.grown_at.get(district_code).is_some_and(|grown_at| *grown_at > at);
        (number >= known || has_grown).then(|| known.max(number))
    }

    /// The same with the chain's head there; none where this process knows of a newer number than was looked up.
    pub fn fresh_head(&self, district_code: &str) -> Option<Head> {
        let known = self.known(district_code);
        self.looks().fresh(district_code).map(|(_, head)| head.clone()).filter(|head| head.number >= known)
    }

    fn looks(&self) -> MutexGuard<'_, Looks> {
        self.0.looks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a head, from our own writer or from a look at the clocks. Heads only grow; where one has doubled, tables are
    /// no longer what statements were planned for.
    pub fn note(&self, district_code: &str, last_no: i64) {
        let has_grown = self.0.newest.send_if_modified(|heads| match heads.get_mut(district_code) {
            Some(known) if *known >= last_no => false,
            Some(known) => {
                if size(*known) != size(last_no) {
                    plan_anew();
                }
                *known = last_no;
                true
            }
            None => {
                heads.insert(district_code.to_owned(), last_no);
                true
            }
        });
        if has_grown {
            self.looks().grown_at.insert(district_code.to_owned(), Instant::now());
        }
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
