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

/// Looks at the clocks, by district.
#[derive(Default)]
struct Looks(BTreeMap<String, Look>);

/// When a district's clock was looked at last and what it said, and who wants that.
#[derive(Default)]
struct Look {
    waiting: usize,
    wanted_at: Option<Instant>,
    looked_at: Option<Instant>,
    seen: Option<Head>,
    grown_at: Option<Instant>,
}

impl Looks {
    fn of(&mut self, district_code: &str) -> &mut Look {
        // Asked of districts that there are: it doesn't grow for ever.
        self.0.entry(district_code.to_owned()).or_default()
    }

    /// A district's clock, if it was looked at within the last half second. From now on somebody looks regularly.
    fn fresh(&mut self, district_code: &str) -> Option<(Instant, &Head)> {
        let now = Instant::now();
        let look = self.of(district_code);
        look.wanted_at = Some(now);
        let at = look.looked_at.filter(|at| now.duration_since(*at) < FRESH)?;
        Some((at, look.seen.as_ref()?))
    }
}

/// Somebody who waits for a district, until dropped.
struct Waiting<'a>(&'a Heads, &'a str);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut looks = self.0.looks();
        let look = looks.of(self.1);
        look.waiting = look.waiting.saturating_sub(1);
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
    /// The clocks that are wanted were looked at, beginning at this instant.
    pub fn looked(&self, at: Instant, mut seen: BTreeMap<String, Head>) {
        for (district_code, head) in &seen {
            self.note(district_code, head.number);
        }
        let mut looks = self.looks();
        for (district_code, look) in &mut looks.0 {
            (look.looked_at, look.seen) = (Some(at), seen.remove(district_code));
        }
        for (district_code, head) in seen {
            looks.0.insert(district_code, Look { looked_at: Some(at), seen: Some(head), ..Look::default() });
        }
    }

    /// The newest number of a district, if that was looked up within the last half second; from now on somebody
    /// looks regularly. None where the clock stands before what was known when it was looked at: that is another ledger.
    pub fn fresh(&self, district_code: &str) -> Option<i64> {
        let known = self.known(district_code);
        let mut looks = self.looks();
        let (at, number) = looks.fresh(district_code).map(|(at, head)| (at, head.number))?;
        let has_grown = looks.of(district_code).grown_at.is_some_and(|grown_at| grown_at > at);
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
            self.looks().of(district_code).grown_at = Some(Instant::now());
        }
    }

    /// The newest number this process knows of in a district; 0 where it knows of none.
    pub fn known(&self, district_code: &str) -> i64 {
        self.0.newest.borrow().get(district_code).copied().unwrap_or(0)
    }

    /// Returns when the district's head is beyond a number, or when the service stops.
    pub async fn beyond(&self, district_code: &str, last_no: i64) {
        self.looks().of(district_code).waiting += 1;
        let _waiting = Waiting(self, district_code);
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

    /// Districts that somebody waits for, or polls.
    pub fn watched(&self) -> Vec<String> {
        let polled = |look: &Look| look.wanted_at.is_some_and(|at| at.elapsed() < WANTED);
        let looks = self.looks();
        let watched = looks.0.iter().filter(|(_, look)| look.waiting > 0 || polled(look));
        watched.map(|(district_code, _)| district_code.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(number: i64) -> Head {
        Head { number, chain: Arc::from([1, 2]) }
    }

    #[tokio::test]
    async fn only_districts_that_somebody_wants_are_watched() {
        let heads = Heads::default();
        heads.note("511803", 7);
        assert!(heads.watched().is_empty(), "what is written here needs no look");
        {
            let waiting = heads.beyond("511802", 0);
            tokio::pin!(waiting);
            assert!(futures_util::poll!(&mut waiting).is_pending());
            assert_eq!(heads.watched(), ["511802"]);
        }
        assert!(heads.watched().is_empty(), "whoever went away waits no more");
        assert_eq!(heads.fresh("511803"), None, "it was never looked at");
        assert_eq!(heads.watched(), ["511803"]);
        heads.looked(Instant::now(), BTreeMap::from([("511803".to_owned(), head(9))]));
        assert_eq!((heads.fresh("511803"), heads.fresh_head("511803")), (Some(9), Some(head(9))));
        assert_eq!(heads.fresh("511802"), None, "that look was not at this one");
    }
}
