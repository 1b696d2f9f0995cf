//! How far a long command is: a bar on a terminal, a line now and then elsewhere.

use std::io::{self, IsTerminal};
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use super::{Failure, client};

/// Pause between two lines where no bar is drawn.
const LINES: Duration = Duration::from_secs(10);

/// Progress as it is shown.
pub struct Progress {
    bar: Option<ProgressBar>,
    told_at: Instant,
}

impl Progress {
    /// Begins.
    pub fn begin() -> Result<Self, Failure> {
        let style = ProgressStyle::with_template("{bar:40} {pos}/{len} {msg}, {per_sec}, {eta} left");
        let bar = ProgressBar::new(0).with_style(style.map_err(Failure::other)?);
        Ok(Self { bar: io::stderr().is_terminal().then_some(bar), told_at: Instant::now() })
    }

    /// So many of so many are done.
    pub fn tell(&mut self, done: u64, total: u64, what: &'static str, line: impl Fn() -> String) {
        match &self.bar {
            Some(bar) => {
                bar.set_message(what);
                bar.set_length(total);
                bar.set_position(done);
            }
            None => self.line(line),
        }
    }

    /// Something beside the number.
    pub fn note(&mut self, beside: impl Fn() -> String, line: impl Fn() -> String) {
        match &self.bar {
            Some(bar) => bar.set_message(beside()),
            None => self.line(line),
        }
    }

    fn line(&mut self, text: impl Fn() -> String) {
        if self.told_at.elapsed() >= LINES {
            self.told_at = Instant::now();
            client::tell(&text());
        }
    }

    /// Ends.
    pub fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
