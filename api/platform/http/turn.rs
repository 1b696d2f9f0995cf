//! A request's turn: whether it is in work at the moment, and when it has to be answered.
//!
//! While the client is waited for, for a body or because he guesses passwords, a request isn't in work and its time
//! stands still; bodies have bounds of their own ([`kit::body`]).

use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::http::Method;
use actix_web::http::header::{ACCEPT, HeaderMap};
use bytes::Bytes;
use kit::catalogue::Code;
use kit::problem::Problem;

use super::pressure::{InWork, Lane};
use super::{Access, Answer, Bounded, Operation};
use crate::platform::core::Core;

/// When to come again where an answer wasn't made in time.
const RETRY_S: u32 = 5;

/// The turn of a request.
pub struct Turn {
    core: Arc<Core>,
    lane: Lane,
    /// None where the operation isn't counted.
    in_work: RefCell<Option<InWork>>,
    counted: bool,
    /// Time it may take; none where the operation has bounds of its own.
    allowed: Option<Duration>,
    deadline: Cell<Option<Instant>>,
    /// When it came in, or its body was there.
    entered: Cell<Instant>,
}

impl Turn {
    /// A request comes in; 503 where there are too many.
    pub fn begin(core: &Arc<Core>, operation: &Operation, headers: &HeaderMap) -> Result<Self, Problem> {
        let turn = Self {
            core: Arc::clone(core),
            lane: lane(operation, headers),
            in_work: RefCell::new(None),
            counted: !operation.uncounted || follows(operation),
            allowed: allowed(core, operation, headers),
            deadline: Cell::new(None),
            entered: Cell::new(Instant::now()),
        };
        turn.go_on()?;
        Ok(turn)
    }

    /// The way it takes.
    pub fn lane(&self) -> Lane {
        self.lane
    }

    /// It waits for its client.
    pub fn rest(&self) {
        self.deadline.set(None);
        drop(self.in_work.take());
    }

    /// It is worked on again; 503 where there is too much of that.
    pub fn go_on(&self) -> Result<(), Problem> {
        if self.counted {
            let entered = self.core.pressure.enter(self.lane);
            self.in_work.replace(Some(entered.inspect_err(|_| {
                self.core.metrics.refuse(self.lane);
            })?));
        }
        self.entered.set(Instant::now());
        self.step();
        Ok(())
    }

    /// It is answered. What is still to be sent of a file or a stream goes with the answer and stays in work.
    pub fn answered(&self, answer: Answer) -> Answer {
        // Nothing new (304) and what is refused cost no work; what wasn't answered in time did.
        let worked = answer.as_ref().is_ok_and(|response| response.status().is_success());
        if self.counted {
            self.core.pressure.took(self.lane, self.entered.get(), worked);
        }
        let in_work = self.in_work.take();
        answer.map(|response| match (in_work, response.body().size()) {
            (Some(in_work), BodySize::Stream) => response.map_body(|_, body| Held { body, _in_work: in_work }.boxed()),
            _ => response,
        })
    }

    /// A step is done: the next one has its own time.
    pub fn step(&self) {
        self.deadline.set(self.allowed.map(|allowed| Instant::now() + allowed));
    }

    /// It was asked to take longer: a long poll.
    pub fn extend(&self, by: Duration) {
        self.deadline.set(self.deadline.get().map(|deadline| deadline + by));
    }

    /// The answer, or 503 where it isn't there in time. What was handed to the ledger may be written all the same:
    /// sent again it is found.
    pub async fn within(&self, answer: impl Future<Output = Answer>) -> Answer {
        let mut answer = pin!(answer);
        let mut alarm = pin!(None::<tokio::time::Sleep>);
        poll_fn(|context| {
            if let Poll::Ready(answer) = answer.as_mut().poll(context) {
                return Poll::Ready(answer);
            }
            let Some(deadline) = self.deadline.get() else { return Poll::Pending };
            if alarm.as_ref().as_pin_ref().is_none_or(|alarm| alarm.deadline().into_std() != deadline) {
                alarm.set(Some(tokio::time::sleep_until(deadline.into())));
            }
            match alarm.as_mut().as_pin_mut().map(|alarm| alarm.poll(context)) {
                Some(Poll::Ready(())) => {
                    Poll::Ready(Err(Problem::unavailable(Code::UNAVAILABLE, RETRY_S, "not answered in time")))
                }
                _ => Poll::Pending,
            }
        })
        .await
    }
}

/// Body of an answer that stays in work until it is sent.
struct Held {
    body: BoxBody,
    _in_work: InWork,
}

impl MessageBody for Held {
    type Error = <BoxBody as MessageBody>::Error;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Pin::new(&mut self.body).poll_next(context)
    }
}

/// Whether an operation follows changes: it waits for others most of its time, and is no work like the rest.
fn follows(operation: &Operation) -> bool {
    operation.uncounted && operation.method == Method::GET && !matches!(operation.access, Access::Public)
}

fn lane(operation: &Operation, headers: &HeaderMap) -> Lane {
    match (&operation.access, &operation.method) {
        (_, &Method::GET) if follows(operation) => Lane::Stream,
        (_, &Method::GET) if is_file(operation, headers) => Lane::File,
        (_, &Method::GET) => Lane::Read,
        (Access::Public, _) => Lane::SignIn,
        _ => Lane::Write,
    }
}

/// Whether the answer is asked for as a file.
fn is_file(operation: &Operation, headers: &HeaderMap) -> bool {
    let accept = headers.get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    operation.successes.iter().flat_map(|success| &success.files).any(|file| accept.contains(file))
}

/// Time that a request may take once it has arrived; none where the operation has bounds of its own.
fn allowed(core: &Core, operation: &Operation, headers: &HeaderMap) -> Option<Duration> {
    let config = &core.config;
    let milliseconds = match &operation.method {
        _ if operation.bounded == Bounded::Own => return None,
        _ if operation.bounded == Bounded::Steps => config.file_deadline_ms,
        _ if is_file(operation, headers) => config.file_deadline_ms,
        &Method::GET => config.read_deadline_ms,
        _ => config.write_deadline_ms,
    };
    Some(Duration::from_millis(milliseconds))
}
