//! What stream and application know of each other.

use std::cell::{Cell, RefCell};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker, ready};
use std::time::Instant;

use actix_web::body::{BodySize, MessageBody};
use bytes::Bytes;
use pin_project_lite::pin_project;

/// The state of a connection, shared by its stream and the requests on it.
#[derive(Clone, Debug)]
pub struct ConnectionState(Rc<Inner>);

#[derive(Debug)]
struct Inner {
    /// All of the request was received.
    whole: Cell<bool>,
    /// The request that was handed to the application is answered, the body included.
    answered: Cell<bool>,
    /// When the connection last did something useful.
    idle_since: Cell<Instant>,
    /// Who waits for the next request.
    reader: RefCell<Option<Waker>>,
}

impl ConnectionState {
    pub(super) fn new() -> Self {
        Self(Rc::new(Inner {
            whole: Cell::new(false),
            answered: Cell::new(false),
            idle_since: Cell::new(Instant::now()),
            reader: RefCell::new(None),
        }))
    }

    /// The application has a request, until what this gives is dropped.
    pub fn request_started(&self) -> UnderWay {
        self.0.answered.set(false);
        UnderWay(self.clone())
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

pin_project! {
    /// The body of an answer, in pieces; with it the request is over.
    pub struct LastPart<B> {
        #[pin]
        body: B,
        rest: Bytes,
        under_way: Option<UnderWay>,
    }
}

impl<B> LastPart<B> {
    /// A body after which a request is over.
    pub fn new(body: B, under_way: Option<UnderWay>) -> Self {
        Self { body, rest: Bytes::new(), under_way }
    }
}

impl<B: MessageBody> MessageBody for LastPart<B> {
    type Error = B::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, B::Error>>> {
        let this = self.project();
        if this.rest.is_empty() {
            match ready!(this.body.poll_next(context)) {
                Some(Ok(bytes)) => *this.rest = bytes,
                other => return Poll::Ready(other),
            }
        }
        Poll::Ready(Some(Ok(this.rest.split_to(PIECE.min(this.rest.len())))))
    }
}
