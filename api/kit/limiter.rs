//! How often something may be done: fixed windows by key, in the memory of this process.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use actix_web::http::header::RETRY_AFTER;
use chrono::{DateTime, TimeDelta, Utc};
use moka::sync::Cache;

use super::catalogue::Code;
use super::problem::Problem;

/// Keys remembered at most: an attacker with many names must not fill the memory.
const MOST_KEYS: u64 = 200_000;
/// A key that wasn't used for so long is forgotten; longer than any window.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(3_600);

/// So many times in so much time.
#[derive(Clone, Copy, Debug)]
pub struct Allowance {
    /// How many times.
    pub times: u32,
    /// In how much time, from the first of them.
    pub period: TimeDelta,
}

struct Window {
    since: DateTime<Utc>,
    used: u32,
}

/// Counts by key.
pub struct Limiter {
    windows: Cache<String, Arc<Mutex<Window>>>,
}

impl Default for Limiter {
    fn default() -> Self {
        Self { windows: Cache::builder().max_capacity(MOST_KEYS).time_to_idle(FORGOTTEN_AFTER).build() }
    }
}

impl Limiter {
    /// Takes one of the key's times; 429 with `Retry-After` where there is none left.
    pub fn take(&self, key: &str, allowance: Allowance, now: DateTime<Utc>) -> Result<(), Problem> {
        self.take_many(key, 1, allowance, now)
    }

    /// Takes several of the key's times, all there are at most; 429 where fewer are left.
    pub fn take_many(&self, key: &str, times: u32, allowance: Allowance, now: DateTime<Utc>) -> Result<(), Problem> {
        let times = times.min(allowance.times);
        let window = self.windows.get_with(key.to_owned(), || Arc::new(Mutex::new(Window { since: now, used: 0 })));
        let mut window = window.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        if now < window.since || now - window.since >= allowance.period {
            *window = Window { since: now, used: 0 };
        }
        if window.used + times > allowance.times {
            let wait_s = (window.since + allowance.period - now).num_seconds().max(0) + 1;
            return Err(Problem::new(Code::TooManyRequests).with_header(RETRY_AFTER, wait_s.to_string()));
        }
        window.used += times;
        Ok(())
    }

    /// Gives a time back: what was taken for a failure that didn't happen.
    pub fn give_back(&self, key: &str) {
        if let Some(window) = self.windows.get(key) {
            let mut window = window.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
            window.used = window.used.saturating_sub(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_fills_and_opens_again() {
        let limiter = Limiter::default();
        let allowance = Allowance { times: 2, period: TimeDelta::minutes(1) };
        let now = DateTime::UNIX_EPOCH;
        assert!(limiter.take("a", allowance, now).is_ok() && limiter.take("a", allowance, now).is_ok());
        assert_eq!(limiter.take("a", allowance, now).unwrap_err().code(), Code::TooManyRequests);
        assert!(limiter.take("b", allowance, now).is_ok());
        assert!(
            limiter.take_many("c", 9, allowance, now).is_ok() && limiter.take_many("c", 1, allowance, now).is_err()
        );
        assert!(limiter.take_many("b", 2, allowance, now).is_err() && limiter.take("b", allowance, now).is_ok());
        limiter.give_back("a");
        assert!(limiter.take("a", allowance, now).is_ok());
        assert!(limiter.take("a", allowance, now + TimeDelta::seconds(59)).is_err());
        assert!(limiter.take("a", allowance, now + TimeDelta::minutes(1)).is_ok());
    }
}
