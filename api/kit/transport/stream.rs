//! A TCP stream with deadlines.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use actix_web::rt::net::{ActixStream, Ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Sleep, sleep_until};

use super::answers;
use super::{ConnectionLimits, ConnectionState};

/// A stream that ends when its client is too slow. One timer a connection, moved only when it fires
/// too early: an ordinary request costs no timer operation.
pub struct TimedStream {
    stream: TcpStream,
    limits: ConnectionLimits,
    state: ConnectionState,
    timer: Pin<Box<Sleep>>,
    /// Since when the client hasn't read.
    stalled_since: Option<Instant>,
    /// An answer that goes out in place of what was asked to be written, and how much of it is out.
    replacement: Option<(Vec<u8>, usize)>,
}

impl TimedStream {
    pub(super) fn new(stream: TcpStream, limits: ConnectionLimits) -> Self {
        let timer = Box::pin(sleep_until((Instant::now() + limits.header_timeout).into()));
        Self { stream, limits, state: ConnectionState::new(), timer, stalled_since: None, replacement: None }
    }

    pub(super) fn state(&self) -> &ConnectionState {
        &self.state
    }

    /// When the client will have been too slow to send; none while the application has a request.
    fn read_deadline(&self) -> Option<Instant> {
        if self.state.is_busy() {
            return None;
        }
        Some(match self.state.head_since() {
            Some(since) => since + self.limits.header_timeout,
            None => self.state.idle_since() + self.limits.keep_alive,
        })
    }

    /// Ready when the deadline has passed; else the task is woken then.
    fn poll_deadline(&mut self, deadline: Instant, context: &mut Context<'_>) -> Poll<()> {
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

    fn poll_slow_sender(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Some(deadline) = self.read_deadline() else { return Poll::Pending };
        ready!(self.poll_deadline(deadline, context));
        if self.state.head_since().is_none() {
            // Idle: the end of the stream closes it in order.
            return Poll::Ready(Ok(()));
        }
        let answer = answers::whole(408, self.limits.problem_body);
        // As much as goes out at once: whoever is slow gets no more of our time.
        let _ = self.stream.try_write(&answer);
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }

    fn poll_slow_reader(&mut self, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let since = *self.stalled_since.get_or_insert_with(Instant::now);
        ready!(self.poll_deadline(since + self.limits.write_timeout, context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }

    /// Writes the replacement; answers `length` once all of it is out.
    fn poll_replacement(&mut self, length: usize, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        while let Some((bytes, position)) = &mut self.replacement {
            let rest = bytes.get(*position..).unwrap_or_default();
            if rest.is_empty() {
                self.replacement = None;
                return Poll::Ready(Ok(length));
            }
            *position += ready!(Pin::new(&mut self.stream).poll_write(context, rest))?;
        }
        Poll::Ready(Ok(length))
    }
}

impl AsyncRead for TimedStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        match Pin::new(&mut self.stream).poll_read(context, buffer) {
            Poll::Ready(result) => {
                if buffer.filled().len() > before {
                    self.state.received();
                    // Bytes that trickle in don't move a head's deadline.
                    if self.state.head_since().is_some_and(|since| since.elapsed() > self.limits.header_timeout) {
                        buffer.set_filled(before);
                        return self.poll_slow_sender(context);
                    }
                }
                Poll::Ready(result)
            }
            Poll::Pending => self.poll_slow_sender(context),
        }
    }
}

impl AsyncWrite for TimedStream {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if self.replacement.is_none()
            && let Some(answer) = answers::instead_of(bytes, self.limits.problem_body)
        {
            self.replacement = Some((answer, 0));
        }
        let written = if self.replacement.is_some() {
            self.poll_replacement(bytes.len(), context)
        } else {
            Pin::new(&mut self.stream).poll_write(context, bytes)
        };
        if written.is_pending() {
            return self.poll_slow_reader(context);
        }
        self.stalled_since = None;
        self.state.sent();
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
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
