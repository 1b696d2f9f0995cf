//! State of a connection, shared by its stream and the application.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use actix_web::body::{BodySize, MessageBody};
use bytes::Bytes;
use pin_project_lite::pin_project;
use tokio::time::{Sleep, sleep};

/// The state of a connection, shared by its stream and the requests on it.
#[derive(Clone, Debug)]
pub struct ConnectionState(Rc<Inner>);

#[derive(Debug)]
struct Inner {
    /// All of the request was received.
    whole: Cell<bool>,
    /// The request that was handed to the application is answered, the body included.
    answered: Cell<bool>,
    /// The client sends nothing more.
    ended: Cell<bool>,
    /// No head of a request is whole: the next one is awaited.
    awaits_request: Cell<bool>,
    /// Part of a head is there.
    begun: Cell<bool>,
    /// The connection ends where it awaits a request: others need its place.
    unwanted: Cell<bool>,
    /// When the connection last did something useful.
    idle_since: Cell<Instant>,
    /// Task that waits for the next request.
    reader: RefCell<Option<Waker>>,
}

impl ConnectionState {
    pub(super) fn new() -> Self {
        Self(Rc::new(Inner {
            whole: Cell::new(false),
            answered: Cell::new(false),
            ended: Cell::new(false),
            awaits_request: Cell::new(true),
            begun: Cell::new(false),
            unwanted: Cell::new(false),
            idle_since: Cell::new(Instant::now()),
            reader: RefCell::new(None),
        }))
    }

    /// The application has a request, until what this gives is dropped.
    pub fn request_started(&self) -> UnderWay {
        self.0.answered.set(false);
        self.0.awaits_request.set(false);
        UnderWay(self.clone())
    }

    /// Whether the client has ended its side. It may have half a side left to read an answer with; whoever works
    /// long for it need not go on.
    pub fn has_ended(&self) -> bool {
        self.0.ended.get()
    }

    pub(super) fn set_ended(&self) {
        self.0.ended.set(true);
    }

    /// A request is awaited, or a whole head is there; whether part of one is.
    pub(super) fn set_awaits_request(&self, awaits: bool, begun: bool) {
        self.0.awaits_request.set(awaits);
        self.0.begun.set(begun);
    }

    /// Since when a request is awaited, where it is.
    pub(super) fn awaits_request(&self) -> Option<Instant> {
        let awaits = self.0.awaits_request.get() && !self.0.unwanted.get();
        awaits.then(|| self.0.idle_since.get())
    }

    pub(super) fn has_begun(&self) -> bool {
        self.0.begun.get()
    }

    /// Ends the connection unless a request comes first.
    pub(super) fn make_room(&self) {
        self.0.unwanted.set(true);
        if let Some(waker) = &*self.0.reader.borrow() {
            waker.wake_by_ref();
        }
    }

    pub(super) fn is_unwanted(&self) -> bool {
        self.0.unwanted.get()
    }

    pub(super) fn set_whole(&self, whole: bool) {
        self.0.whole.set(whole);
    }

    pub(super) fn take_answered(&self) -> bool {
        self.0.answered.take()
    }

    pub(super) fn wake_when_answered(&self, waker: &Waker) {
        let mut reader = self.0.reader.borrow_mut();
        match reader.as_mut() {
            Some(known) => known.clone_from(waker),
            None => *reader = Some(waker.clone()),
        }
    }

    pub(super) fn idle_since(&self) -> Instant {
        self.0.idle_since.get()
    }

    /// Bytes went out.
    pub(super) fn sent(&self) {
        self.0.idle_since.set(Instant::now());
    }
}

/// A request in the hands of the application.
#[derive(Debug)]
pub struct UnderWay(ConnectionState);

impl UnderWay {
    /// Whether all of the request was received. Where not, its answer ends the connection: what still comes
    /// in can't be told from a next request.
    pub fn is_whole(&self) -> bool {
        self.0.0.whole.get()
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let inner = &self.0.0;
        inner.answered.set(true);
        inner.idle_since.set(Instant::now());
        if let Some(waker) = &*inner.reader.borrow() {
            waker.wake_by_ref();
        }
    }
}

/// So much of an answer goes to the HTTP layer at once: it copies what it gets, and keeps the copy until the
/// client has read it.
const PIECE: usize = 32 * 1024;
/// Why a body breaks off.
const LATE: &str = "a piece of an answer took too long";

pin_project! {
    /// The body of an answer, in pieces; with it the request is over.
    pub struct LastPart<B> {
        #[pin]
        body: B,
        rest: Bytes,
        // How long a piece may take, and when the one that is awaited is late.
        piece_timeout: Duration,
        #[pin]
        late: Option<Sleep>,
        under_way: Option<UnderWay>,
    }
}

impl<B> LastPart<B> {
    /// A body after which a request is over; it breaks off where a piece takes longer than that.
    pub fn new(body: B, piece_timeout: Duration, under_way: Option<UnderWay>) -> Self {
        Self { body, rest: Bytes::new(), piece_timeout, late: None, under_way }
    }
}

impl<B: MessageBody> MessageBody for LastPart<B> {
    type Error = Box<dyn std::error::Error>;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        let mut this = self.project();
        if this.rest.is_empty() {
            match this.body.poll_next(context) {
                Poll::Ready(Some(Ok(bytes))) => *this.rest = bytes,
                Poll::Ready(other) => return Poll::Ready(other.map(|piece| piece.map_err(Into::into))),
                Poll::Pending => {
                    if this.late.is_none() {
                        this.late.set(Some(sleep(*this.piece_timeout)));
                    }
                    let late = this.late.as_mut().as_pin_mut().is_some_and(|late| late.poll(context).is_ready());
                    return if late { Poll::Ready(Some(Err(LATE.into()))) } else { Poll::Pending };
                }
            }
            this.late.set(None);
        }
        Poll::Ready(Some(Ok(this.rest.split_to(PIECE.min(this.rest.len())))))
    }
}
