//! When a delivery that wasn't taken is tried again, and until when.

use std::time::Duration;

use chrono::TimeDelta;

/// Before which attempt how long is waited, in seconds: from the second to the tenth and last.
const WAITS_S: [u32; 9] = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400];
/// The longest time for which a receiver's own wish to be left alone counts.
const MOST_ASKED: Duration = Duration::from_secs(3_600);
/// Since when an endpoint that fails is called failing.
pub const FAILING_AFTER: TimeDelta = TimeDelta::hours(1);
/// Waits differ by so much, so that what failed together isn't tried together.
const JITTER: f64 = 0.1;

/// How long to wait after so many attempts failed, `chance` being from 0 to 1; none where that was the last.
pub fn wait(failed: u32, asked: Option<Duration>, chance: f64) -> Option<TimeDelta> {
    let index = usize::try_from(failed).ok()?.checked_sub(1)?;
    let seconds = f64::from(*WAITS_S.get(index)?) * (1.0 - JITTER + 2.0 * JITTER * chance);
    let asked = asked.unwrap_or_default().min(MOST_ASKED);
    TimeDelta::from_std(Duration::from_secs_f64(seconds).max(asked)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_end_after_the_tenth() {
        let seconds = |failed| wait(failed, None, 0.5).map(|wait| wait.num_seconds());
        let all: Vec<_> = (1..=10).map(seconds).collect();
        let expected = [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400].map(Some);
        assert_eq!(all, [&expected[..], &[None]].concat());
        assert_eq!(wait(2, None, 0.0).unwrap().num_seconds(), 270);
        assert_eq!(wait(2, None, 1.0).unwrap().num_seconds(), 330);
    }

    #[test]
    fn a_receivers_wish_counts_up_to_an_hour() {
        let wait = |failed, asked| wait(failed, Some(Duration::from_secs(asked)), 0.5).unwrap().num_seconds();
        assert_eq!((wait(1, 60), wait(1, 86_400), wait(3, 60)), (60, 3_600, 1_800));
    }
}
