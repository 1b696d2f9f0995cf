//! From records to what the ledger writes.

use uuid::Uuid;

use super::context::Context;
use super::definition::Kind;
use super::record::Record;
use crate::kit::problem::Problem;
use crate::kit::time::day_of;
use crate::ledger::{Append, Change, Operation, Receipt, TallyKey};
use crate::privacy::seal::Sealer;

/// An append under construction: one number, one main record, perhaps the people it introduces.
pub struct Changes<'a> {
    context: &'a Context<'a>,
    sealer: &'a Sealer,
    append: Append,
}

impl<'a> Changes<'a> {
    /// Nothing yet, in a district.
    pub fn new(context: &'a Context<'a>, sealer: &'a Sealer) -> Self {
        let append = Append {
            district_code: context.district_code.to_owned(),
            changes: Vec::new(),
            numbers: 1,
            tallies: Vec::new(),
        };
        Self { context, sealer, append }
    }

    /// A new record.
    pub fn create(&mut self, kind: &'static Kind, record: &Record) -> Result<(), Problem> {
        self.tally(kind, record, 1);
        self.push(kind, record, Operation::Create)
    }

    /// The next revision of a record.
    pub fn revise(&mut self, kind: &'static Kind, former: &Record, record: &Record) -> Result<(), Problem> {
        self.tally(kind, former, -1);
        self.tally(kind, record, 1);
        self.push(kind, record, Operation::Revise)
    }

    /// Whether there is nothing to write.
    pub fn is_empty(&self) -> bool {
        self.append.changes.is_empty()
    }

    /// The append, people first.
    pub fn into_append(mut self) -> Append {
        self.append.changes.sort_by_key(|change| (change.number, change.sequence));
        self.append
    }

    fn push(&mut self, kind: &'static Kind, record: &Record, operation: Operation) -> Result<(), Problem> {
        let (cells, digest) = record.cells(kind, self.context, self.sealer)?;
        self.append.changes.push(Change {
            table: kind.table(),
            operation,
            id: record.envelope.id,
            revision: record.envelope.revision,
            number: 1,
            sequence: kind.sequence,
            cells,
            digest,
        });
        Ok(())
    }

    /// A void record counts as nothing.
    fn tally(&mut self, kind: &'static Kind, record: &Record, delta: i64) {
        if record.envelope.voided {
            return;
        }
        for measure in kind.rules.measures(record) {
            let key = TallyKey {
                kind: kind.name,
                on_day: day_of(record.envelope.occurred_at, self.context.zone),
                area_code: record.envelope.area_code.clone(),
                place_id: record.values.id("place_id").unwrap_or(Uuid::nil()),
                measure,
            };
            self.append.tallies.push((key, delta));
        }
    }
}

/// Writes into a record what the ledger gave it.
pub fn receive(record: &mut Record, receipt: Receipt) {
    let envelope = &mut record.envelope;
    envelope.change_no = receipt.first_no;
    envelope.revised_at = receipt.recorded_at;
    if envelope.revision == 1 {
        envelope.recorded_at = receipt.recorded_at;
    }
}
