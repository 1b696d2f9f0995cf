//! Bodies that are still on their way: so many an address, the slowest of it gives way.
//!
//! A client that announces a body and stays silent costs a place here and nothing else: its request isn't in work
//! before its body is there. Where an address has taken all its places, whoever comes next takes that of the one
//! that is slowest, so that silent connections don't keep out the good client beside them. A body that is there
//! when it is asked for takes no place at all.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

/// Nobody gives way before he had so much time: a phone's packets take a while.
const SPARED: Duration = Duration::from_millis(250);

/// The bounds of what is on its way.
#[derive(Clone, Copy, Debug)]
pub struct ArrivalLimits {
    /// Bodies of one address at once.
    pub bodies_of_address: usize,
    /// Bytes of one address.
    pub bytes_of_address: u64,
    /// Bytes of all addresses.
    pub bytes_of_all: u64,
}

#[derive(Debug)]
struct Body {
    since: Instant,
    bytes: AtomicU64,
    gives_way: Notify,
}

type Places = HashMap<String, Vec<Arc<Body>>>;

/// Bodies of requests that are on their way, by the sender's address, within limits.
#[derive(Debug)]
pub struct Arrivals {
    limits: ArrivalLimits,
    places: Arc<Mutex<Places>>,
}

/// The place of a body, until dropped.
#[derive(Debug)]
pub struct Arrival {
    limits: ArrivalLimits,
    places: Arc<Mutex<Places>>,
    address: String,
    body: Arc<Body>,
}

/// There is no place, and nobody to give way.
#[derive(Debug, PartialEq, Eq)]
pub struct NoPlace;

fn locked(places: &Mutex<Places>) -> MutexGuard<'_, Places> {
    places.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Body {
    fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Milliseconds that a byte of it takes on the average.
    fn slowness(&self) -> u128 {
        self.since.elapsed().as_millis() / u128::from(self.bytes() + 1)
    }
}

fn bytes_of(bodies: &[Arc<Body>]) -> u64 {
    bodies.iter().map(|body| body.bytes()).sum()
}

/// Lets the slowest of some give way; whether there was one.
fn displace(bodies: &mut Vec<Arc<Body>>, among: impl Fn(&Body) -> bool) -> bool {
    let late = bodies.iter().enumerate().filter(|(_, body)| body.since.elapsed() >= SPARED && among(body));
    let Some(index) = late.max_by_key(|(_, body)| body.slowness()).map(|(index, _)| index) else { return false };
    // Whoever reads it is told even if he isn't waiting at the moment.
    bodies.swap_remove(index).gives_way.notify_one();
    true
}

impl Arrivals {
    /// None yet.
    pub fn new(limits: ArrivalLimits) -> Self {
        Self { limits, places: Arc::default() }
    }

    /// Number of bodies that are on their way.
    pub fn count(&self) -> usize {
        locked(&self.places).values().map(Vec::len).sum()
    }

    /// A place for a body from an address.
    pub fn enter(&self, address: &str) -> Result<Arrival, NoPlace> {
        let mut places = locked(&self.places);
        let bodies = places.entry(address.to_owned()).or_default();
        if bodies.len() >= self.limits.bodies_of_address && !displace(bodies, |_| true) {
            return Err(NoPlace);
        }
        let body = Arc::new(Body { since: Instant::now(), bytes: AtomicU64::new(0), gives_way: Notify::new() });
        bodies.push(Arc::clone(&body));
        Ok(Arrival { limits: self.limits, places: Arc::clone(&self.places), address: address.to_owned(), body })
    }
}

impl Arrival {
    /// Waits until it has to give way to another one.
    pub async fn gives_way(&self) {
        self.body.gives_way.notified().await;
    }

    /// So many bytes came. Where that is too much, the slowest of the address gives way, or of the address that
    /// has the most; it may be this one.
    pub fn grow(&self, bytes: usize) {
        self.body.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
        let mut places = locked(&self.places);
        if let Some(bodies) = places.get_mut(&self.address) {
            while bytes_of(bodies) > self.limits.bytes_of_address && displace(bodies, |body| body.bytes() > 0) {}
        }
        while places.values().map(|bodies| bytes_of(bodies)).sum::<u64>() > self.limits.bytes_of_all {
            let heaviest = places.values_mut().max_by_key(|bodies| bytes_of(bodies));
            if !heaviest.is_some_and(|bodies| displace(bodies, |body| body.bytes() > 0)) {
                break;
            }
        }
    }
}

impl Drop for Arrival {
    fn drop(&mut self) {
        let mut places = locked(&self.places);
        if let Some(bodies) = places.get_mut(&self.address) {
            bodies.retain(|body| !Arc::ptr_eq(body, &self.body));
            if bodies.is_empty() {
                places.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arrivals() -> Arrivals {
        Arrivals::new(ArrivalLimits { bodies_of_address: 3, bytes_of_address: 100, bytes_of_all: 150 })
    }

    async fn gave_way(arrival: &Arrival) -> bool {
        tokio::time::timeout(Duration::from_millis(10), arrival.gives_way()).await.is_ok()
    }

    #[tokio::test]
    async fn the_slowest_of_an_address_gives_way_and_no_other() {
        let arrivals = arrivals();
        let (silent, steady, other) =
            (arrivals.enter("a").unwrap(), arrivals.enter("a").unwrap(), arrivals.enter("b").unwrap());
        steady.grow(50);
        let third = arrivals.enter("a").unwrap();
        assert_eq!(arrivals.enter("a").unwrap_err(), NoPlace, "nobody had his time yet");
        tokio::time::sleep(SPARED).await;
        third.grow(1);
        let newcomer = arrivals.enter("a").unwrap();
        assert!(gave_way(&silent).await);
        assert!(!gave_way(&steady).await && !gave_way(&third).await && !gave_way(&other).await);
        drop((silent, steady, third, other, newcomer));
        assert_eq!(arrivals.count(), 0);
    }

    #[tokio::test]
    async fn whoever_holds_most_gives_way_for_bytes() {
        let arrivals = arrivals();
        let (heavy, light) = (arrivals.enter("a").unwrap(), arrivals.enter("b").unwrap());
        heavy.grow(90);
        light.grow(20);
        tokio::time::sleep(SPARED).await;
        light.grow(50);
        assert!(gave_way(&heavy).await && !gave_way(&light).await);
        light.grow(50);
        assert!(gave_way(&light).await, "an address has its own bound");
    }
}
