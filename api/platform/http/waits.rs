//! How long requests of a lane take, as a crowd: what one slow question takes says nothing, what most of them take says
//! how long the next one would wait.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Time over which requests are looked at together.
const WINDOW: Duration = Duration::from_millis(100);

/// Requests of a lane that were answered lately.
#[derive(Debug)]
pub struct Waits {
    /// Longest that most of them may take.
    bound: Duration,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    window_began: Instant,
    in_time: u32,
    late: u32,
    /// Judgement of the window before.
    too_long: bool,
    /// Since when somebody waits and nobody was answered.
    silent_since: Option<Instant>,
    tried_at: Instant,
}

impl Waits {
    /// Nothing was answered yet.
    pub fn new(bound: Duration) -> Self {
        let (window_began, tried_at) = (Instant::now(), Instant::now());
        let state = State { window_began, in_time: 0, late: 0, too_long: false, silent_since: None, tried_at };
        Self { bound, state: Mutex::new(state) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A request was answered that began then. What took no work (a refusal, nothing new) tells only that somebody is
    /// answered.
    pub fn note(&self, began: Instant, now: Instant, worked: bool) {
        let mut state = self.state();
        state.turn(now);
        state.silent_since = None;
        match now.saturating_duration_since(began) > self.bound {
            true => state.late += 1,
            false if worked => state.in_time += 1,
            false => {}
        }
    }

    /// Whether one more may be let in: most didn't take too long, in the window before and in this one. Where nobody is
    /// answered any more the oldest has waited as long as that lasts; then one is let in now and then, to find out.
    pub fn admit(&self, now: Instant) -> bool {
        let mut state = self.state();
        state.turn(now);
        if state.too_long || state.late > state.in_time.max(8) {
            return false;
        }
        let silent_since = *state.silent_since.get_or_insert(now);
        if now.saturating_duration_since(silent_since) <= self.bound {
            return true;
        }
        let tries = now.saturating_duration_since(state.tried_at) >= WINDOW;
        if tries {
            state.tried_at = now;
        }
        tries
    }
}

impl State {
    fn turn(&mut self, now: Instant) {
        let lasted = now.saturating_duration_since(self.window_began);
        if lasted < WINDOW {
            return;
        }
        // A window that ended long ago says nothing of now: nobody came or was answered since.
        self.too_long = self.late > self.in_time && lasted < 2 * WINDOW;
        (self.window_began, self.in_time, self.late) = (now, 0, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn most_of_a_window_judge_the_next() {
        let (began, bound) = (Instant::now(), Duration::from_millis(50));
        let at = |milliseconds| began + Duration::from_millis(milliseconds);
        let waits = Waits::new(bound);
        (0..5).for_each(|_| waits.note(at(0), at(60), true));
        (0..4).for_each(|_| waits.note(at(60), at(61), true));
        assert!(waits.admit(at(90)), "too few to judge a window that isn't over");
        assert!(!waits.admit(at(120)), "most of the window before were late");
        assert!(waits.admit(at(230)), "nobody was late in the one after it");
        (0..9).for_each(|_| waits.note(at(130), at(231), true));
        assert!(!waits.admit(at(232)), "and at once where many are");
        assert!(waits.admit(at(500)), "what was late long ago judges nobody");
    }

    #[test]
    fn silence_is_a_wait_too_and_is_tried() {
        let (began, bound) = (Instant::now(), Duration::from_millis(50));
        let at = |milliseconds| began + Duration::from_millis(milliseconds);
        let waits = Waits::new(bound);
        assert!(waits.admit(at(10)));
        assert!(waits.admit(at(55)));
        assert!(waits.admit(at(201)), "one tries");
        assert!(!waits.admit(at(202)));
        waits.note(at(201), at(203), false);
        assert!(waits.admit(at(204)), "somebody is answered again");
    }
}
