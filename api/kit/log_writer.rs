//! Where log lines go: a bounded queue before a thread of its own, so that nobody waits for a log.
//!
//! A disk may be full, a pipe's reader gone or asleep. The service then goes on: lines that can't be written, and
//! those that find the queue full, are dropped and counted (`lianfang_log_lines_dropped`). tracing-subscriber prints
//! to stderr when its writer fails, which panics where stderr is what failed: this writer never fails.

use std::io::{self, Write};
use std::sync::LazyLock;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use prometheus_client::metrics::counter::Counter;
use tracing_subscriber::fmt::MakeWriter;

/// Lines that may wait to be written.
const WAITING: usize = 8_192;

/// Lines that were dropped since the process began.
static DROPPED: LazyLock<Counter> = LazyLock::new(Counter::default);

/// The count of lines that were dropped, for those who show it.
pub fn dropped() -> Counter {
    DROPPED.clone()
}

enum Message {
    Line(Vec<u8>),
    Flush(SyncSender<()>),
}

/// Takes lines and hands them to its thread.
#[derive(Clone)]
pub struct LogWriter(SyncSender<Message>);

impl LogWriter {
    /// A writer to an output, with its thread.
    pub fn start(output: impl Write + Send + 'static) -> io::Result<Self> {
        Self::with_room(output, WAITING)
    }

    fn with_room(output: impl Write + Send + 'static, lines: usize) -> io::Result<Self> {
        let (sender, queue) = sync_channel(lines);
        std::thread::Builder::new().name("log".into()).spawn(move || write_all(output, &queue))?;
        Ok(Self(sender))
    }

    /// Waits until what was logged so far is written, at most so long: whoever ends doesn't hang on his log.
    pub fn flush(&self, at_most: Duration) {
        let (done, written) = sync_channel(1);
        if self.0.try_send(Message::Flush(done)).is_ok() {
            let _ = written.recv_timeout(at_most);
        }
    }
}

/// Writes what comes until nobody can send any more.
fn write_all(mut output: impl Write, queue: &Receiver<Message>) {
    let mut torn = false;
    for message in queue {
        match message {
            Message::Line(line) => {
                // A line that broke off must not take the next one with it.
                let begun = if torn { output.write_all(b"\n") } else { Ok(()) };
                torn = begun.and_then(|()| output.write_all(&line)).and_then(|()| output.flush()).is_err();
                DROPPED.inc_by(u64::from(torn));
            }
            Message::Flush(done) => {
                let _ = done.try_send(());
            }
        }
    }
}

impl Write for LogWriter {
    /// A whole event: tracing-subscriber writes each at once.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if self.0.try_send(Message::Line(line.to_vec())).is_err() {
            DROPPED.inc();
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for LogWriter {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

    use super::*;

    /// An output that is full for a while, or asleep.
    #[derive(Clone, Default)]
    struct Output {
        written: Arc<Mutex<Vec<u8>>>,
        full: Arc<Mutex<bool>>,
    }

    impl Output {
        fn full(&self) -> MutexGuard<'_, bool> {
            self.full.lock().unwrap_or_else(PoisonError::into_inner)
        }
    }

    impl Write for Output {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            if *self.full() {
                return Err(io::ErrorKind::StorageFull.into());
            }
            self.written.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// One test, for the count is the process's.
    #[test]
    fn what_cannot_be_written_is_counted_and_stops_nobody() {
        let output = Output::default();
        let mut writer = LogWriter::with_room(output.clone(), 4).unwrap();
        let before = dropped().get();
        writer.write_all(b"one\n").unwrap();
        writer.flush(Duration::from_secs(5));
        *output.full() = true;
        writer.write_all(b"two\n").unwrap();
        writer.flush(Duration::from_secs(5));
        *output.full() = false;
        writer.write_all(b"three\n").unwrap();
        writer.flush(Duration::from_secs(5));
        assert_eq!(String::from_utf8_lossy(&output.written.lock().unwrap()), "one\n\nthree\n");
        assert_eq!(dropped().get() - before, 1);

        // Asleep: whoever logs goes on, and doesn't wait at his end either.
        let asleep = output.full();
        for _ in 0..20 {
            writer.write_all(b"line\n").unwrap();
        }
        LogWriter::flush(&writer, Duration::from_millis(50));
        assert!(dropped().get() - before >= 15, "{}", dropped().get() - before);
        drop(asleep);
    }
}
