//! How often something may be done: fixed windows by key, in the memory of this process.

use std::sync::Mutex;
use std::time::Duration;

use actix_web::http::header::RETRY_AFTER;
use chrono::{DateTime, TimeDelta, Utc};

use super::cache::{Cache, Kept};
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

/// So many times at once; each one more makes the next wait twice as long.
#[derive(Clone, Copy, Debug)]
pub struct Pacing {
    /// How many times without a wait.
    pub free: u32,
    /// In how much time, from the first of them.
    pub period: TimeDelta,
    /// The longest pause; the first is a quarter of a second.
    pub slowest: TimeDelta,
    /// Whether they follow each other, else each waits by itself.
    pub in_line: bool,
}

/// The pause after the first time too many.
const FIRST_PAUSE: TimeDelta = TimeDelta::milliseconds(250);
/// Nobody waits longer in a line; where it is longer he comes again.
const LONGEST_WAIT: TimeDelta = TimeDelta::seconds(10);

impl Pacing {
    /// The pause of the time after so many.
    fn pause(&self, used: u32) -> TimeDelta {
        let Some(doubled) = used.checked_sub(self.free) else { return TimeDelta::zero() };
        FIRST_PAUSE.checked_mul(1 << doubled.min(16)).map_or(self.slowest, |pause| pause.min(self.slowest))
    }
}

struct Window {
    since: DateTime<Utc>,
    used: u32,
    /// When the line is over.
    free_at: DateTime<Utc>,
}

impl Window {
    fn new(since: DateTime<Utc>) -> Self {
        Self { since, used: 0, free_at: since }
    }

    fn renew(&mut self, now: DateTime<Utc>, period: TimeDelta) {
        if now < self.since || now - self.since >= period {
            *self = Self::new(now);
        }
    }
}

/// Counts by key.
pub struct Limiter {
    windows: Cache<String, Mutex<Window>>,
}

impl Default for Limiter {
    fn default() -> Self {
        Self { windows: Cache::new(MOST_KEYS, Kept::WhileUsed(FORGOTTEN_AFTER)) }
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
        let window = self.windows.get_with(key.to_owned(), || Mutex::new(Window::new(now)));
        let mut window = window.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        window.renew(now, allowance.period);
        if window.used + times > allowance.times {
            let wait_s = (window.since + allowance.period - now).num_seconds().max(0) + 1;
            return Err(Problem::new(Code::TOO_MANY_REQUESTS).with_header(RETRY_AFTER, wait_s.to_string()));
        }
        window.used += times;
        Ok(())
    }

    /// Takes one of the key's times, after the wait that this answers; 429 with `Retry-After` where the line is too
    /// long.
    pub fn pace(&self, key: &str, pacing: Pacing, now: DateTime<Utc>) -> Result<Duration, Problem> {
        let window = self.windows.get_with(key.to_owned(), || Mutex::new(Window::new(now)));
        let mut window = window.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        window.renew(now, pacing.period);
        let pause = pacing.pause(window.used);
        let begin = if pacing.in_line { window.free_at.max(now) } else { now };
        let wait = begin + pause - now;
        if wait > LONGEST_WAIT {
            return Err(Problem::new(Code::TOO_MANY_REQUESTS)
                .with_header(RETRY_AFTER, (wait.num_seconds() - LONGEST_WAIT.num_seconds() + 1).to_string()));
        }
        window.used += 1;
        window.free_at = begin + pause;
        Ok(wait.to_std().unwrap_or_default())
    }

    /// Gives a time back: what was taken for a failure that didn't happen.
    pub fn give_back(&self, key: &str) {
        if let Some(window) = self.windows.get(&key.to_owned()) {
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
        assert_eq!(limiter.take("a", allowance, now).unwrap_err().code(), Code::TOO_MANY_REQUESTS);
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

    const PACING: Pacing =
        Pacing { free: 2, period: TimeDelta::minutes(15), slowest: TimeDelta::seconds(8), in_line: true };

    /// How long so many tries at one moment wait; fewer where the line is too long.
    fn waits(limiter: &Limiter, key: &str, pacing: Pacing, tries: usize) -> Vec<u128> {
        let waits = (0..tries).map_while(|_| limiter.pace(key, pacing, DateTime::UNIX_EPOCH).ok());
        waits.map(|wait| wait.as_millis()).collect()
    }

    #[test]
    fn a_line_grows_slower_and_never_ends() {
        let limiter = Limiter::default();
        assert_eq!(waits(&limiter, "line", PACING, 9), [0, 0, 250, 750, 1_750, 3_750, 7_750]);
        let beside = Pacing { in_line: false, ..PACING };
        assert_eq!(waits(&limiter, "beside", beside, 8), [0, 0, 250, 500, 1_000, 2_000, 4_000, 8_000]);
        let mut now = DateTime::UNIX_EPOCH;
        assert_eq!(limiter.pace("line", PACING, now).unwrap_err().code(), Code::TOO_MANY_REQUESTS);
        now += TimeDelta::seconds(10);
        assert!(limiter.pace("line", PACING, now).is_ok(), "whoever comes again gets his turn");
        now += TimeDelta::minutes(15);
        assert_eq!(limiter.pace("line", PACING, now).unwrap(), Duration::ZERO);
    }
}
