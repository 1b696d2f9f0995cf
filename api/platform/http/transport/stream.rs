//! A TCP stream with deadlines, that lets one request through at a time.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use actix_web::rt::net::{ActixStream, Ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::alarm::Alarm;
use super::answers::{self, Output};
use super::crowd::{Crowd, Member};
use super::intake::{Intake, Out};
use super::{ConnectionLimits, ConnectionState};

/// How long a client may go on sending after its last answer: closed at once, it would lose that answer.
const LINGER: Duration = Duration::from_secs(2);

/// A stream that ends when its client is too slow.
pub struct TimedStream {
    stream: TcpStream,
    limits: ConnectionLimits,
    state: ConnectionState,
    intake: Intake,
    alarm: Alarm,
    /// When the first byte of the head that is being received arrived.
    head_since: Option<Instant>,
    /// Since when the client hasn't read.
    stalled_since: Option<Instant>,
    /// The client sends nothing more.
    ended: bool,
    /// Bytes written next begin an answer.
    answer_begins: bool,
    /// An answer that goes out in place of what was asked to be written, and how much of it is out.
    replacement: Option<(Vec<u8>, usize)>,
    /// Something that the client sent won't be read.
    lost: bool,
    /// The time of a head is up, and its client was told.
    overdue: bool,
    linger_until: Option<Instant>,
    _member: Member,
}

impl TimedStream {
    pub(super) fn new(stream: TcpStream, limits: ConnectionLimits, crowd: &Crowd) -> Self {
        let state = ConnectionState::new();
        Self {
            stream,
            limits,
            _member: crowd.enter(&state),
            state,
            intake: Intake::new(),
            alarm: Alarm::at(Instant::now() + limits.header_timeout),
            head_since: None,
            stalled_since: None,
            ended: false,
            answer_begins: false,
            replacement: None,
            lost: false,
            overdue: false,
            linger_until: None,
        }
    }

    pub(super) fn state(&self) -> &ConnectionState {
        &self.state
    }

    /// The application judges a body's pace itself; a head and an idle connection are judged here.
    fn poll_slow_sender(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.intake.awaits_head() {
            return Poll::Pending;
        }
        if self.state.is_unwanted() {
            // Others need its place, and it asked for nothing.
            return Poll::Ready(Ok(()));
        }
        let Some(since) = self.head_since else {
            ready!(self.alarm.poll(self.state.idle_since() + self.limits.keep_alive, context));
            // Idle: the end of the stream closes it in order.
            return Poll::Ready(Ok(()));
        };
        ready!(self.alarm.poll(since + self.limits.header_timeout, context));
        // As much as goes out at once: whoever is slow gets no more of our time.
        let _ = self.stream.try_write(&answers::whole(408, self.limits.problem_body));
        self.overdue = true;
        self.poll_overdue(context)
    }

    fn poll_overdue(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_linger(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }

    fn poll_slow_reader(&mut self, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let since = *self.stalled_since.get_or_insert_with(Instant::now);
        ready!(self.alarm.poll(since + self.limits.write_timeout, context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }

    /// Hands out what may be handed out; whether there was any, or never will be.
    fn hand_out(&mut self, buffer: &mut ReadBuf<'_>) -> bool {
        // Only once all of an answer is out, so that the next one begins a write of its own.
        if self.intake.awaits_answer() && self.stalled_since.is_none() && self.state.take_answered() {
            self.intake.next_request();
            self.head_since = (!self.intake.is_empty()).then(Instant::now);
        }
        let awaited_head = self.intake.awaits_head();
        let out = self.intake.hand_out(buffer.remaining());
        if awaited_head && !self.intake.awaits_head() {
            self.head_since = None;
            self.answer_begins = true;
        }
        self.state.set_whole(self.intake.awaits_answer());
        self.state.set_awaits_request(self.intake.awaits_head(), self.head_since.is_some());
        match out {
            Out::Bytes(bytes) => buffer.put_slice(&bytes),
            Out::Wait => return false,
            Out::End => {}
        }
        true
    }

    /// Takes in what the socket has; whether the client has ended its side.
    fn poll_take_in(&mut self, context: &mut Context<'_>) -> Poll<io::Result<bool>> {
        let mut bytes = [0; 8 * 1024];
        let mut read = ReadBuf::new(&mut bytes);
        ready!(Pin::new(&mut self.stream).poll_read(context, &mut read))?;
        if self.intake.awaits_head() && !read.filled().is_empty() {
            // Bytes that trickle in don't move a head's deadline.
            self.head_since.get_or_insert_with(Instant::now);
        }
        self.intake.take_in(read.filled());
        Poll::Ready(Ok(read.filled().is_empty()))
    }

    /// Looks at what is about to be written, where it begins an answer.
    fn judge_output(&mut self, bytes: &[u8]) {
        if !self.answer_begins {
            return;
        }
        match answers::judge(bytes) {
            Output::Interim => return,
            Output::Ordinary => {}
            Output::Closing => self.lost |= self.intake.end(),
            Output::Foreign(status) => {
                // The client may still be sending what is refused.
                self.lost = true;
                let status = self.intake.take_refusal().unwrap_or(status);
                self.intake.end();
                self.replacement = Some((answers::whole(status, self.limits.problem_body), 0));
            }
        }
        self.answer_begins = false;
    }

    /// Writes the replacement; answers `length` once all of it is out and was given time to arrive.
    fn poll_replacement(&mut self, length: usize, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        while let Some((bytes, position)) = &mut self.replacement {
            let rest = bytes.get(*position..).unwrap_or_default();
            if rest.is_empty() {
                // After it the HTTP layer drops the stream.
                return self.poll_linger(context).map(|()| Ok(length));
            }
            *position += ready!(Pin::new(&mut self.stream).poll_write(context, rest))?;
        }
        Poll::Ready(Ok(length))
    }

    /// Ends our side and passes over what still comes in, for a while.
    fn poll_linger(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if self.linger_until.is_none() {
            let _ = Pin::new(&mut self.stream).poll_shutdown(context);
        }
        let until = *self.linger_until.get_or_insert_with(|| Instant::now() + LINGER);
        loop {
            let mut bytes = [0; 8 * 1024];
            let mut read = ReadBuf::new(&mut bytes);
            match Pin::new(&mut self.stream).poll_read(context, &mut read) {
                Poll::Ready(Ok(())) if !read.filled().is_empty() && Instant::now() < until => {}
                Poll::Ready(_) => return Poll::Ready(()),
                Poll::Pending => return self.alarm.poll(until, context),
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
        if self.overdue {
            return self.poll_overdue(context);
        }
        loop {
            if self.hand_out(buffer) {
                return Poll::Ready(Ok(()));
            }
            self.state.wake_when_answered(context.waker());
            if self.ended {
                // Requests held are still to be answered.
                let held = self.intake.awaits_answer() && !self.intake.is_empty();
                return if held { Poll::Pending } else { Poll::Ready(Ok(())) };
            }
            if self.intake.is_full() {
                return Poll::Pending;
            }
            match self.poll_take_in(context) {
                Poll::Ready(ended) => {
                    self.ended = ended?;
                    if self.ended {
                        self.state.set_ended();
                    }
                }
                Poll::Pending => return self.poll_slow_sender(context),
            }
        }
    }
}

impl AsyncWrite for TimedStream {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.judge_output(bytes);
        let written = if self.replacement.is_some() {
            self.poll_replacement(bytes.len(), context)
        } else {
            Pin::new(&mut self.stream).poll_write(context, bytes)
        };
        if written.is_pending() {
            return if self.linger_until.is_some() { Poll::Pending } else { self.poll_slow_reader(context) };
        }
        if self.stalled_since.take().is_some() {
            // The next request may have waited for this.
            context.waker().wake_by_ref();
        }
        self.state.sent();
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.lost {
            ready!(self.poll_linger(context));
        }
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
