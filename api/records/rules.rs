//! What a kind decides itself.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::context::Context;
use super::draft::Draft;
use super::figure::Figure;
use super::record::Record;
use super::scribe::Scribe;
use crate::auth::roles::{Actor, Role};
use crate::kit::faults::{Fault, Faults};
use crate::kit::value::Value;
use crate::ledger::Projection;
use crate::ledger::decide::Decider;

/// What is counted, and how much of it: units in the name (`disinfected_dm2`), integers only.
pub type Measure = (&'static str, i64);

/// A list of objects that are told apart by one of their members.
#[derive(Clone, Copy, Debug)]
pub struct Lines {
    /// The field that is the list.
    pub list: &'static str,
    /// The member of its items that no two share.
    pub key: &'static str,
}

/// What a kind decides itself. Pure: no IO; the time and the keys come in the context.
pub trait Rules: Sync {
    /// Checks across fields and of forms that a shape can't say. Values that were faulty are absent;
    /// ask `faults.touches` before calling something missing. May normalise values.
    fn check(&self, _draft: &mut Draft, _context: &Context<'_>, _faults: &mut Faults) {}

    /// What the records that its references name refer to and its rules must know: a reference, and its own. What is
    /// found stands among the references under the name of the latter, whoever may see it.
    fn through(&self) -> &'static [(&'static str, &'static str)] {
        &[]
    }

    /// Checks that need the records which the references name (`draft.references`).
    fn check_references(&self, _draft: &mut Draft, _context: &Context<'_>, _faults: &mut Faults) {}

    /// The id that the record's content gives it, where identity is the server's to derive.
    fn identify(&self, _draft: &Draft, _context: &Context<'_>) -> Option<Uuid> {
        None
    }

    /// Sets the fields that the server adds, and notes warnings. Runs again after each amendment.
    fn judge(&self, _draft: &mut Draft, _context: &Context<'_>) {}

    /// Whether it stands from the moment it is known, as registers and plans do, whenever what it tells of happens.
    fn stands_when_known(&self) -> bool {
        false
    }

    /// Whether its rules across rows must admit what lies ahead, too: two of a kind can't stand even then. They are told
    /// by the value `awaited`, and let nothing follow.
    fn admits_awaited(&self) -> bool {
        false
    }

    /// When all that a record tells has happened; before that it proves and counts as nothing.
    fn happens_at(&self, draft: &Draft, _context: &Context<'_>) -> Option<DateTime<Utc>> {
        draft.values.instant("occurred_at")
    }

    /// What makes two rows of a file the same record where they have no id: dotted names of members; the
    /// whole row where none is named.
    fn natural_key(&self) -> &'static [&'static str] {
        &[]
    }

    /// Its list whose items are told apart by one member: files may give an item a row, and phones that changed
    /// different items don't clash.
    fn lines(&self) -> Option<Lines> {
        None
    }

    /// Rows kept beside each record, for reading.
    fn projection(&self) -> Option<&'static Projection> {
        None
    }

    /// Columns of blind indexes, in the table beside the fields.
    fn blind_columns(&self) -> &'static [&'static str] {
        &[]
    }

    /// The blind indexes' values, one a column.
    fn blind_values(&self, _record: &Record, _context: &Context<'_>) -> Vec<Value> {
        Vec::new()
    }

    /// The rules across rows that a change must pass, where there are any: then it takes the decide path.
    fn decider(&self, _former: Option<&Record>, _next: &Record, _scribe: &Arc<Scribe>) -> Option<Arc<dyn Decider>> {
        None
    }

    /// Whether there are such rules: what a phone hands in of these kinds is taken one after the other.
    fn judged_across_rows(&self) -> bool {
        false
    }

    /// Gives way where rules across rows refused a creation, so that it can be taken after all: `true` where
    /// the draft was changed.
    fn concede(&self, _draft: &mut Draft, _faults: &[Fault]) -> bool {
        false
    }

    /// Who may write this very draft, where that is fewer than write the kind.
    fn writers(&self, _draft: &Draft) -> Option<&'static [Role]> {
        None
    }

    /// Who may void a record, where that is fewer than write the kind: those who may write it, unless said otherwise.
    fn voiders(&self, record: &Draft) -> Option<&'static [Role]> {
        self.writers(record)
    }

    /// Whether this very caller may write this draft, beyond his roles.
    fn permits(&self, _actor: &Actor, _draft: &Draft) -> bool {
        true
    }

    /// What a record counts as, and how much, in the rollups of its day, area and place.
    fn measures(&self, _record: &Record) -> Vec<Measure> {
        Vec::new()
    }

    /// What it counts as at other times than its own: what a step of it takes away and adds, when that was.
    fn moves(&self, _record: &Record) -> Vec<(DateTime<Utc>, Measure)> {
        Vec::new()
    }

    /// What its measures are called where they are shown; kinds that name none have no figures of their own.
    fn figures(&self) -> &'static [Figure] {
        &[]
    }

    /// The person a record counts, for kinds that count distinct persons beside events.
    fn person(&self, _record: &Record) -> Option<Uuid> {
        None
    }

    /// The record that this one leads to, being the same person.
    fn pointer(&self, _record: &Record) -> Option<Uuid> {
        None
    }

    /// For kinds with derived ids: what a known record gains from what was submitted once more.
    /// `None` where there is nothing new.
    fn reconcile(&self, _known: &Record, _draft: &mut Draft, _context: &Context<'_>) -> Option<Record> {
        None
    }
}

/// A kind whose identity and checks are those of its fields alone.
pub struct NoRules;

impl Rules for NoRules {}
