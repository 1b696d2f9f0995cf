//! A TCP stream with deadlines.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use actix_web::rt::net::{ActixStream, Ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Sleep, sleep_until};

use super::framing::Framing;
use super::{ConnectionLimits, ConnectionState, answer};

/// How long a connection that ends waits for its client to have read the last answer. Closed at once,
/// with input unread, the system would reset it, and the client might lose the answer.
pub(super) const LINGER: Duration = Duration::from_secs(2);

/// A stream that ends when its client is too slow, and puts actix-http's own answers into form.
///
/// actix-http reads until nothing more comes, parses, calls the application, writes, and flushes when
/// all is written. So `poll_flush` is where all is known that can be, and where deadlines are judged.
/// There is one timer a connection, moved only to an earlier time or when it fires too early.
pub struct TimedStream {
    stream: TcpStream,
    limits: ConnectionLimits,
    state: ConnectionState,
    framing: Framing,
    timer: Pin<Box<Sleep>>,
    waiting: Waiting,
    /// Since when it is waited for that.
    since: Instant,
    /// Since when the client takes nothing of what is sent.
    stalled_since: Option<Instant>,
    ending: Option<Ending>,
}

/// What a client owes while the application has no request.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Waiting {
    /// A new request, or the rest of a body that was answered already.
    Next,
    /// The rest of a head.
    Head,
}

/// The end of a connection: the last answer, then what still comes is read and forgotten.
struct Ending {
    answer: Vec<u8>,
    sent: usize,
    is_shut: bool,
    is_over: bool,
    deadline: Instant,
}

impl TimedStream {
    /// A stream over an accepted connection; to be made within a tokio runtime.
    pub fn new(stream: TcpStream, limits: ConnectionLimits) -> Self {
        let since = Instant::now();
        Self {
            stream,
            limits,
            state: ConnectionState::default(),
            framing: Framing::new(),
            timer: Box::pin(sleep_until(since.checked_add(limits.keep_alive_timeout).unwrap_or(since).into())),
            waiting: Waiting::Next,
            since,
            stalled_since: None,
            ending: None,
        }
    }

    /// What the stream shares with the requests on it.
    pub fn state(&self) -> &ConnectionState {
        &self.state
    }

    /// Ready when the deadline has passed; else the task is woken then.
    fn poll_timer(&mut self, deadline: Instant, context: &mut Context<'_>) -> Poll<()> {
        if self.timer.deadline().into_std() > deadline {
            self.timer.as_mut().reset(deadline.into());
        }
        while self.timer.as_mut().poll(context).is_ready() {
            if Instant::now() >= deadline {
                return Poll::Ready(());
            }
            self.timer.as_mut().reset(deadline.into());
        }
        Poll::Pending
    }

    /// A head was received that the application was not given (yet).
    fn has_undelivered_head(&self) -> bool {
        self.framing.heads() != self.state.delivered()
    }

    /// Ends the connection where its client is late or its input can't be read on. All output is sent.
    fn judge(&mut self, context: &mut Context<'_>) {
        if self.framing.is_broken() {
            // The application waits for the rest of a body that can't be read. actix-http would close
            // without an answer.
            let is_unanswered = self.state.has_request() && !self.state.is_answering();
            if is_unanswered && !self.has_undelivered_head() {
                self.end(answer::whole(400, self.limits.problem_body), context);
            } else if !self.state.has_request() {
                self.end(Vec::new(), context);
            }
            return;
        }
        if self.state.has_request() {
            return;
        }
        let is_head = self.framing.is_in_head() || self.has_undelivered_head();
        let waiting = if is_head { Waiting::Head } else { Waiting::Next };
        if self.state.take_unsent() || waiting != self.waiting {
            self.waiting = waiting;
            self.since = Instant::now();
        }
        let timeout = if is_head { self.limits.header_timeout } else { self.limits.keep_alive_timeout };
        let Some(deadline) = self.since.checked_add(timeout) else { return };
        if self.poll_timer(deadline, context).is_ready() {
            let last = if is_head { answer::whole(408, self.limits.problem_body) } else { Vec::new() };
            self.end(last, context);
        }
    }

    /// Begins the end of the connection; the next read or write goes on with it.
    fn end(&mut self, answer: Vec<u8>, context: &mut Context<'_>) {
        let deadline = Instant::now() + LINGER;
        self.ending = Some(Ending { answer, sent: 0, is_shut: false, is_over: false, deadline });
        context.waker().wake_by_ref();
    }

    /// Ready when the last answer is sent and the client has closed too, or took too long.
    fn poll_end(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let Some(ending) = &mut self.ending else { return Poll::Ready(()) };
        let deadline = ending.deadline;
        let is_over = ending.is_over || ending.poll(&mut self.stream, context).is_ready();
        let is_over = is_over || self.poll_timer(deadline, context).is_ready();
        if !is_over {
            return Poll::Pending;
        }
        if let Some(ending) = &mut self.ending {
            ending.is_over = true;
        }
        Poll::Ready(())
    }

    /// Ready with an error when the client has taken nothing for too long.
    fn poll_stalled(&mut self, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let since = *self.stalled_since.get_or_insert_with(Instant::now);
        let Some(deadline) = since.checked_add(self.limits.write_timeout) else { return Poll::Pending };
        ready!(self.poll_timer(deadline, context));
        // Closed in order, the system would go on offering what nobody takes.
        let _ = self.stream.set_zero_linger();
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl Ending {
    fn poll(&mut self, stream: &mut TcpStream, context: &mut Context<'_>) -> Poll<()> {
        let mut stream = Pin::new(stream);
        while let Some(rest) = self.answer.get(self.sent..).filter(|rest| !rest.is_empty()) {
            match ready!(stream.as_mut().poll_write(context, rest)) {
                Ok(written) if written > 0 => self.sent += written,
                _ => return Poll::Ready(()),
            }
        }
        if !self.is_shut {
            let _ = ready!(stream.as_mut().poll_shutdown(context));
            self.is_shut = true;
        }
        let mut forgotten = [0; 4096];
        loop {
            let mut buffer = ReadBuf::new(&mut forgotten);
            let read = ready!(stream.as_mut().poll_read(context, &mut buffer));
            if read.is_err() || buffer.filled().is_empty() {
                return Poll::Ready(());
            }
        }
    }
}

impl AsyncRead for TimedStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.ending.is_some() {
            ready!(self.poll_end(context));
            return Poll::Ready(Ok(()));
        }
        if self.framing.is_broken() {
            return Poll::Pending;
        }
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        let taken = self.framing.take(buffer.filled().get(before..).unwrap_or_default());
        buffer.set_filled(before + taken);
        // Nothing taken would read as the end of the stream; `judge` ends it in order.
        if taken == 0 && self.framing.is_broken() { Poll::Pending } else { Poll::Ready(Ok(())) }
    }
}

impl AsyncWrite for TimedStream {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let mut bytes = bytes;
        // actix-http answers itself only when the application has nothing in hand and the input is
        // amid a request: ordinary answers aren't even looked at.
        if self.ending.is_none()
            && !self.state.has_request()
            && (self.has_undelivered_head() || !self.framing.is_between_requests())
            && let Some((start, status)) = answer::find_bare(bytes)
        {
            match bytes.get(..start) {
                Some(before) if !before.is_empty() => bytes = before,
                _ => {
                    let whole = answer::whole(status, self.limits.problem_body);
                    self.end(whole, context);
                }
            }
        }
        if self.ending.is_some() {
            // Whatever else would be said, the last answer is given.
            ready!(self.poll_end(context));
            return Poll::Ready(Ok(bytes.len()));
        }
        let Poll::Ready(written) = Pin::new(&mut self.stream).poll_write(context, bytes) else {
            return self.poll_stalled(context);
        };
        self.stalled_since = None;
        if !bytes.starts_with(b"HTTP/1.1 100 ") {
            self.state.set_answering();
        }
        Poll::Ready(written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.ending.is_none() {
            self.judge(context);
        }
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_end(context));
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

impl ActixStream for TimedStream {
    fn poll_read_ready(&self, context: &mut Context<'_>) -> Poll<io::Result<Ready>> {
        ActixStream::poll_read_ready(&self.stream, context)
    }

    fn poll_write_ready(&self, context: &mut Context<'_>) -> Poll<io::Result<Ready>> {
        ActixStream::poll_write_ready(&self.stream, context)
    }
}
