//! The decide path: rules across rows. The clock is locked, the state of all items is loaded in one
//! statement (a fresh snapshot, after the lock), each item is admitted or refused in order, and what
//! was admitted is written in the same transaction. Because the clock puts a district's writers in
//! order, no constraint or isolation level is needed for "never below zero" or "no overlap".

use uuid::Uuid;

use crate::kit::faults::Fault;
use crate::kit::row::Row;
use crate::kit::statement::Statement;
use crate::kit::value::Values;

/// What an item of a batch asks of the rules.
#[derive(Clone)]
pub struct Claim {
    /// Whose rules.
    pub decider: &'static dyn Decider,
    /// The record.
    pub id: Uuid,
    /// The values before; none where the record is new.
    pub former: Option<Values>,
    /// The values after; none where the record is voided.
    pub next: Option<Values>,
}

impl std::fmt::Debug for Claim {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Claim")
    }
}

/// The rules across rows of a kind.
pub trait Decider: Sync {
    /// The kind's name: claims of one kind share a load.
    fn kind(&self) -> &'static str;

    /// One statement that reads the state all these claims touch. It must name the district by equality.
    fn load(&self, district_code: &str, claims: &[&Claim]) -> Statement;

    /// The state of those rows.
    fn begin(&self, rows: Vec<Row>) -> Box<dyn State>;
}

/// The state under the lock, moved on by each claim that is admitted.
pub trait State: Send {
    /// Admits a claim, or says every reason against. A refused claim must leave the state as it was.
    fn admit(&mut self, claim: &Claim) -> Result<(), Vec<Fault>>;
}
