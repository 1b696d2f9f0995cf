//! What stream and application know of each other.

use std::cell::Cell;
use std::rc::Rc;
use std::time::Instant;

/// The state of a connection, shared by its stream and the requests on it.
#[derive(Clone, Debug)]
pub struct ConnectionState(Rc<Inner>);

#[derive(Debug)]
struct Inner {
    /// A request was handed to the application and isn't answered yet.
    busy: Cell<bool>,
    /// When the first byte of the head that is being received arrived.
    head_since: Cell<Option<Instant>>,
    /// When the connection last did something useful.
    idle_since: Cell<Instant>,
}

impl ConnectionState {
    pub(super) fn new() -> Self {
        Self(Rc::new(Inner {
            busy: Cell::new(false),
            head_since: Cell::new(None),
            idle_since: Cell::new(Instant::now()),
        }))
    }

    /// The application has a whole head: it judges the body's pace itself from here.
    pub fn request_started(&self) {
        self.0.busy.set(true);
        self.0.head_since.set(None);
    }

    /// The application has answered; the body may still be on its way out.
    pub fn request_finished(&self) {
        self.0.busy.set(false);
        self.0.idle_since.set(Instant::now());
    }

    pub(super) fn is_busy(&self) -> bool {
        self.0.busy.get()
    }

    pub(super) fn head_since(&self) -> Option<Instant> {
        self.0.head_since.get()
    }

    pub(super) fn idle_since(&self) -> Instant {
        self.0.idle_since.get()
    }

    /// Bytes came in. Between requests they begin a head; its deadline counts from the first of them.
    pub(super) fn received(&self) {
        if !self.is_busy() && self.head_since().is_none() {
            self.0.head_since.set(Some(Instant::now()));
        }
    }

    /// Bytes went out.
    pub(super) fn sent(&self) {
        self.0.idle_since.set(Instant::now());
    }
}
