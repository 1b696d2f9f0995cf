//! The newest number of each district, for those who wait for changes.

use std::collections::BTreeMap;
use std::sync::Arc;

use tokio::sync::watch;

/// The newest numbers this process knows of.
#[derive(Clone)]
pub struct Heads(Arc<watch::Sender<BTreeMap<String, i64>>>);

impl Default for Heads {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::default()))
    }
}

impl Heads {
    /// Notes a head, from our own writer or from a look at the clocks. Heads only grow.
    pub fn note(&self, district_code: &str, last_no: i64) {
        self.0.send_if_modified(|heads| match heads.get_mut(district_code) {
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
        self.0.borrow().get(district_code).copied().unwrap_or(0)
    }

    /// Returns when the district's head is beyond a number.
    pub async fn beyond(&self, district_code: &str, last_no: i64) {
        let mut heads = self.0.subscribe();
        // The sender lives as long as self.
        let _ = heads.wait_for(|heads| heads.get(district_code).is_some_and(|head| *head > last_no)).await;
    }

    /// Whether anybody waits.
    pub fn is_watched(&self) -> bool {
        self.0.receiver_count() > 0
    }
}
