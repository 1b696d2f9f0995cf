//! The decide path: rules across rows. The clock is locked, the state of all items is loaded in one
//! statement (a fresh snapshot, after the lock), each item is admitted or refused in order, and what
//! was admitted is written in the same transaction. Because the clock puts a district's writers in
//! order, no constraint or isolation level is needed for "never below zero" or "no overlap". What follows
//! from the admitted (a case that moves on, a duty that is done) is written with them.

use std::sync::Arc;

use kit::faults::Fault;
use kit::row::Row;
use kit::statement::Statement;
use kit::value::Values;
use uuid::Uuid;

use super::Append;

/// Item of a batch as the rules across rows judge it.
#[derive(Clone)]
pub struct Claim {
    /// Rules that judge it.
    pub decider: Arc<dyn Decider>,
    /// The record's kind.
    pub kind: &'static str,
    /// The record.
    pub id: Uuid,
    /// Account that writes it; nil for the service itself. A void has no values that could tell it.
    pub by: Uuid,
    /// The values before, those of the envelope among them; none where the record is new or was void.
    pub former: Option<Values>,
    /// The values after; none where the record becomes void.
    pub next: Option<Values>,
}

impl std::fmt::Debug for Claim {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Claim")
    }
}

/// Rules across rows, of one kind or of several that touch the same state.
pub trait Decider: Send + Sync {
    /// Name of the state that it judges: claims of one group share a load, and are judged one after another.
    fn group(&self) -> &'static str;

    /// Statements that read the state all these claims touch, sent together. Each must name the district by
    /// equality.
    fn load(&self, district_code: &str, claims: &[&Claim]) -> Vec<Statement>;

    /// The state of those rows, a list a statement.
    fn begin(&self, rows: Vec<Vec<Row>>) -> Result<Box<dyn State>, String>;
}

/// The state under the lock, moved on by each claim that is admitted.
pub trait State: Send {
    /// Admits a claim, or says every reason against. A refused claim must leave the state as it was.
    fn admit(&mut self, claim: &Claim) -> Result<(), Vec<Fault>>;

    /// Append that follows from all that was admitted, written in the same transaction under numbers of its own.
    fn follow(self: Box<Self>) -> Result<Option<Append>, String> {
        Ok(None)
    }
}
