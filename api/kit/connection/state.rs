//! What the stream of a connection and the requests on it know of each other.

use std::cell::Cell;
use std::rc::Rc;

/// The shared state of one connection, reached by `HttpRequest::conn_data::<ConnectionState>()`.
///
/// [`serve`](super::serve) marks every request itself, from the moment the application gets it until
/// the last byte of its answer's body is produced. The two methods are for work that should keep a
/// connection beyond that; their pairs may nest.
#[derive(Clone, Debug, Default)]
pub struct ConnectionState(Rc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    /// Requests the application has in hand: while there is one, the client can't be late.
    in_hand: Cell<u32>,
    /// Requests the application was ever given.
    delivered: Cell<u64>,
    /// Something was sent since the application was given the last of them.
    is_answering: Cell<bool>,
    /// A request ended and its answer may not be sent yet.
    is_unsent: Cell<bool>,
}

impl ConnectionState {
    /// The application has a request: nothing on this connection is late until it is finished.
    pub fn request_started(&self) {
        self.0.in_hand.set(self.0.in_hand.get().saturating_add(1));
    }

    /// The application is done with a request, once for each [`request_started`](Self::request_started).
    /// With the last one the client's time runs again, as soon as what was answered is sent.
    pub fn request_finished(&self) {
        self.0.in_hand.set(self.0.in_hand.get().saturating_sub(1));
        self.0.is_unsent.set(true);
    }

    /// Hands a request to the application; it counts as in hand until the guard is dropped.
    pub(super) fn deliver(&self) -> RequestGuard {
        self.0.delivered.set(self.0.delivered.get().wrapping_add(1));
        self.0.is_answering.set(false);
        self.request_started();
        RequestGuard(self.clone())
    }

    pub(super) fn has_request(&self) -> bool {
        self.0.in_hand.get() > 0
    }

    pub(super) fn delivered(&self) -> u64 {
        self.0.delivered.get()
    }

    pub(super) fn is_answering(&self) -> bool {
        self.0.is_answering.get()
    }

    pub(super) fn set_answering(&self) {
        self.0.is_answering.set(true);
    }

    /// Whether a request ended since this was last asked. Asked when all output is sent.
    pub(super) fn take_unsent(&self) -> bool {
        self.0.is_unsent.replace(false)
    }
}

/// A request in the application's hands. Dropped with the answer's body, however that ends.
#[derive(Debug)]
pub(super) struct RequestGuard(ConnectionState);

impl Drop for RequestGuard {
    fn drop(&mut self) {
        self.0.request_finished();
    }
}
