//! From records to what the ledger writes.

use std::sync::Arc;

use kit::problem::Problem;
use kit::value::Values;
use ledger::{Act, Append, AwaitedRow, Belonging, Change, Claim, Indexed, KeyedAnswer, Operation, Receipt, Tallies};
use uuid::Uuid;

use super::context::Context;
use super::counted::count;
use super::definition::Kind;
use super::record::Record;
use super::write_context::WriteContext;
use super::{envelope, in_use, warnings};
use crate::platform::privacy::seal::Sealer;

/// One record to be written.
struct Entry {
    kind: &'static Kind,
    former: Option<Record>,
    record: Record,
    number: i64,
}

/// An append under construction: main records with a number each, and the people they introduce.
#[derive(Default)]
pub struct Changes {
    entries: Vec<Entry>,
    numbers: i64,
    keyed: Vec<KeyedAnswer>,
}

impl Changes {
    /// The next number: for one main record and what it introduces.
    pub fn next_number(&mut self) -> i64 {
        self.numbers += 1;
        self.numbers
    }

    /// Gives the newest number back: nothing came of it.
    pub fn release_number(&mut self) {
        self.numbers -= 1;
    }

    /// Whether there is nothing to write.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The number under which a record stands in the append, if it does.
    pub fn number_of(&self, kind: &Kind, id: Uuid) -> Option<i64> {
        let entry = self.entries.iter().find(|entry| entry.kind.name == kind.name && entry.record.envelope.id == id);
        entry.map(|entry| entry.number)
    }

    /// A record's next state: new where it has no former one. A row already in the append takes the
    /// newer state; it is written once.
    pub fn put(&mut self, kind: &'static Kind, former: Option<Record>, record: Record) {
        let number = self.numbers;
        let known = self
            .entries
            .iter_mut()
            .find(|entry| entry.kind.name == kind.name && entry.record.envelope.id == record.envelope.id);
        match known {
            Some(entry) => {
                let revision = entry.record.envelope.revision;
                entry.record = record;
                entry.record.envelope.revision = revision;
            }
            None => self.entries.push(Entry { kind, former, record, number }),
        }
    }

    /// The records alone, with the kind of each.
    pub fn into_records(self) -> impl Iterator<Item = (&'static Kind, Record)> {
        self.entries.into_iter().map(|entry| (entry.kind, entry.record))
    }

    /// Keeps an answer under an idempotency key.
    pub fn keep(&mut self, answer: KeyedAnswer) {
        self.keyed.push(answer);
    }

    /// Makes an append of changes that follow from a batch, for the ledger: nothing where nothing changed.
    pub fn following(self, write_context: &Arc<WriteContext>) -> Result<Option<Append>, String> {
        if self.is_empty() {
            return Ok(None);
        }
        self.into_append(write_context).map(Some).map_err(|problem| problem.to_string())
    }

    /// The append. Each number's people stand before its main record.
    pub fn into_append(mut self, write_context: &Arc<WriteContext>) -> Result<Append, Problem> {
        let context = &write_context.context();
        let mut append = Append {
            district_code: context.district_code.to_owned(),
            changes: Vec::with_capacity(self.entries.len()),
            numbers: self.numbers,
            tallies: Tallies::default(),
            keyed: self.keyed,
            awaited: Vec::new(),
            claims: Vec::new(),
        };
        self.entries.sort_by_key(|entry| (entry.number, entry.kind.sequence, entry.record.envelope.id));
        for entry in self.entries {
            let counting = (context.zone, context.keys);
            count(&mut append.tallies, entry.kind, entry.former.as_ref(), &entry.record, counting);
            append.claims.extend(claims(&entry, write_context));
            append.awaited.extend(awaited(&entry));
            append.changes.push(change(&entry, context, &write_context.sealer)?);
        }
        Ok(append)
    }
}

fn change(entry: &Entry, context: &Context<'_>, sealer: &Sealer) -> Result<Change, Problem> {
    let (cells, digest) = entry.record.cells(entry.kind, context, sealer)?;
    Ok(Change {
        table: entry.kind.table(),
        operation: if entry.former.is_some() { Operation::Revise } else { Operation::Create },
        id: entry.record.envelope.id,
        revision: entry.record.envelope.revision,
        number: entry.number,
        sequence: entry.kind.sequence,
        indexed: indexed(entry),
        cells,
        digest,
    })
}

/// Makes the entry's line for the index of changes.
fn indexed(entry: &Entry) -> Indexed {
    let belonging =
        |record: &Record| Belonging { area_code: record.envelope.area_code.clone(), org_id: record.envelope.org_id };
    let act = match (&entry.former, entry.record.envelope.voided) {
        (None, _) => Act::Create,
        (Some(former), voided) if former.envelope.voided == voided => Act::Amend,
        (Some(_), true) => Act::Void,
        (Some(_), false) => Act::Restore,
    };
    Indexed {
        act,
        belonging: belonging(&entry.record),
        former: entry.former.as_ref().map(belonging),
        revised_by: entry.record.envelope.revised_by,
    }
}

/// Makes the row by which a record is judged when its time has come; none where it awaits nothing.
fn awaited(entry: &Entry) -> Option<AwaitedRow> {
    let envelope = &entry.record.envelope;
    let awaited = envelope.awaited.as_ref().filter(|awaited| !awaited.refused && !envelope.voided)?;
    Some(AwaitedRow { kind: entry.kind.name, id: envelope.id, comes_at: awaited.comes_at })
}

/// Makes a change's claims on the rules across rows: first on those that may refuse it, then on those that only follow.
fn claims(entry: &Entry, write_context: &Arc<WriteContext>) -> Vec<Claim> {
    let (rules, next) = (entry.kind.rules, &entry.record);
    let decider = rules.decider(entry.former.as_ref(), next, write_context);
    let says_so = decider.is_none() || rules.judged_across_rows();
    debug_assert!(says_so, "{} has a decider and doesn't say so", entry.kind.name);
    // Records whose time is still to come claim nothing yet.
    let asked = |record: &Record| record.envelope.awaited.is_none() || rules.admits_awaited();
    let counts = |record: &&Record| !record.envelope.voided && asked(record);
    let former = entry.former.as_ref().filter(counts).map(told);
    let next_values = Some(next).filter(counts).map(told);
    if former.is_none() && next_values.is_none() {
        return Vec::new();
    }
    let claim = |decider| Claim {
        decider,
        kind: entry.kind.name,
        id: next.envelope.id,
        by: next.envelope.revised_by,
        former: former.clone(),
        next: next_values.clone(),
    };
    let in_use = in_use::decider(entry.kind, entry.former.as_ref(), next, write_context);
    decider
        .into_iter()
        .chain(in_use)
        .chain(rules.followers(entry.former.as_ref(), next, write_context))
        .map(claim)
        .collect()
}

/// A record's values and those of its envelope that rules across rows ask for.
fn told(record: &Record) -> Values {
    let (mut values, envelope) = (record.values.clone(), &record.envelope);
    values.set(&envelope::OCCURRED_AT, envelope.occurred_at);
    values.set(&envelope::AREA_CODE, envelope.area_code.clone());
    values.set_or_clear(&envelope::ORG_ID, envelope.org_id);
    values.set(&envelope::REVISED_BY, envelope.revised_by);
    values.set(&warnings::WARNINGS, envelope.warnings.clone());
    values.set(&envelope::REVISION, envelope.revision);
    values.set(&envelope::AWAITED, envelope.awaited.is_some());
    values
}

/// Writes into a record what the ledger gave it; `number` is its place in the append, from 1.
pub fn receive(record: &mut Record, receipt: Receipt, number: i64) {
    let envelope = &mut record.envelope;
    envelope.change_no = receipt.first_no + number - 1;
    envelope.revised_at = receipt.recorded_at;
    if envelope.revision == 1 {
        envelope.recorded_at = receipt.recorded_at;
    }
}
