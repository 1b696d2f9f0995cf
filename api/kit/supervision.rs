//! Supervision of what works beside the requests. A panic is a defect of ours in one piece of work; it must end neither
//! the worker for ever nor what waits for it. It is counted and told by the worker's name, the work begins again after a
//! pause that grows, and meanwhile whoever asks whether the service is ready hears who is down.

use std::collections::BTreeMap;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::{Duration, Instant};

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;

// A build that aborts at a panic would take the whole service with it.
const _: () = assert!(cfg!(panic = "unwind"), "panics must unwind: workers are supervised");

/// Label of a worker.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct Labelled {
    /// Its name.
    pub worker: &'static str,
}

/// Workers of one service: how often each panicked, and which are down now.
#[derive(Clone, Debug, Default)]
pub struct Supervision {
    panics: Family<Labelled, Counter>,
    down: Arc<Mutex<BTreeMap<&'static str, usize>>>,
}

/// Pauses before a worker begins again: each twice the last, until it has worked for longer than the longest.
#[derive(Clone, Copy, Debug)]
pub struct Pauses {
    /// The first pause.
    pub first: Duration,
    /// The longest.
    pub longest: Duration,
}

impl Pauses {
    /// Pauses of workers that look at something now and then.
    pub const OF_WORKERS: Self = Self { first: Duration::from_secs(1), longest: Duration::from_secs(60) };

    /// The pause that follows one.
    pub fn after(&self, pause: Duration) -> Duration {
        (pause * 2).min(self.longest)
    }
}

/// A worker that is down, until dropped.
#[derive(Debug)]
pub struct Down {
    name: &'static str,
    all: Arc<Mutex<BTreeMap<&'static str, usize>>>,
}

impl Drop for Down {
    fn drop(&mut self) {
        let mut all = lock(&self.all);
        if let Some(count) = all.get_mut(self.name) {
            *count -= 1;
            if *count == 0 {
                all.remove(self.name);
            }
        }
    }
}

impl Supervision {
    /// How often each panicked, for whoever shows it.
    pub fn panics(&self) -> &Family<Labelled, Counter> {
        &self.panics
    }

    /// Names of those that are down now.
    pub fn down(&self) -> Vec<&'static str> {
        lock(&self.down).keys().copied().collect()
    }

    /// A worker is down until the answer is dropped.
    pub fn is_down(&self, name: &'static str) -> Down {
        *lock(&self.down).entry(name).or_default() += 1;
        Down { name, all: Arc::clone(&self.down) }
    }

    /// Does a piece of work; `None` where it panicked, which is counted. The panic's hook has told where it was; what it
    /// said may quote somebody and is dropped.
    pub async fn caught<T>(&self, name: &'static str, work: impl Future<Output = T>) -> Option<T> {
        let mut work = pin!(work);
        // Whatever the work held goes with it: nobody sees a state that a panic left half changed.
        let caught = poll_fn(|context| match catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(context))) {
            Ok(Poll::Ready(done)) => Poll::Ready(Some(done)),
            Ok(Poll::Pending) => Poll::Pending,
            Err(_) => Poll::Ready(None),
        })
        .await;
        if caught.is_none() {
            self.panics.get_or_create(&Labelled { worker: name }).inc();
        }
        caught
    }

    /// Keeps a worker working until it ends by itself.
    pub async fn keep<W: Future<Output = ()>>(&self, name: &'static str, pauses: Pauses, begin: impl Fn() -> W) {
        let mut pause = pauses.first;
        loop {
            let began = Instant::now();
            if self.caught(name, async { begin().await }).await.is_some() {
                return;
            }
            if began.elapsed() > pauses.longest {
                pause = pauses.first;
            }
            let down = self.is_down(name);
            tracing::error!(worker = name, pause_ms = pause.as_millis(), "a worker panicked; it begins again");
            tokio::time::sleep(pause).await;
            drop(down);
            pause = pauses.after(pause);
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[tokio::test]
    async fn a_worker_that_panics_begins_again_and_is_down_meanwhile() {
        let supervision = Supervision::default();
        let pauses = Pauses { first: Duration::from_millis(20), longest: Duration::from_millis(40) };
        let begun = Cell::new(0);
        let work = supervision.keep("tried", pauses, || async {
            begun.set(begun.get() + 1);
            tokio::task::yield_now().await;
            assert!(begun.get() > 3, "a defect");
        });
        let mut seen_down = false;
        let watch = async {
            while begun.get() < 3 {
                seen_down |= supervision.down() == ["tried"];
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        tokio::join!(work, watch);
        assert!(seen_down, "it is down while it pauses");
        assert_eq!(begun.get(), 4);
        assert_eq!(supervision.panics().get_or_create(&Labelled { worker: "tried" }).get(), 3);
        assert!(supervision.down().is_empty());
    }

    #[test]
    fn pauses_grow_to_the_longest() {
        let pauses = Pauses { first: Duration::from_secs(1), longest: Duration::from_secs(3) };
        let second = pauses.after(pauses.first);
        assert_eq!((second, pauses.after(second)), (Duration::from_secs(2), Duration::from_secs(3)));
    }
}
