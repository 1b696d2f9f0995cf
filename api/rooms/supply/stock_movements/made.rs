//! Movements that another record makes, under the lock: written, amended, voided and brought back with it.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use kit::value::Values;
use ledger::decide::Claim;
use uuid::Uuid;

use super::STOCK_MOVEMENTS;
use crate::records::change::Changes;
use crate::records::locked_row::LockedRow;
use crate::records::write_context::WriteContext;
use crate::records::{Record, envelope};

/// Reason of a movement that went with its record.
const GONE: &str = "来源单据已修订或作废";

/// Movements by the record that makes them.
#[derive(Default)]
pub struct Made(BTreeMap<Uuid, BTreeMap<Uuid, LockedRow>>);

impl Made {
    /// Holds a stored movement of a record.
    pub fn hold(&mut self, source_id: Uuid, record: Record) {
        self.0.entry(source_id).or_default().insert(record.envelope.id, LockedRow::stored(record));
    }

    /// Movements of a record that stand.
    pub fn standing(&self, source_id: Uuid) -> impl Iterator<Item = &Record> {
        let rows = self.0.get(&source_id).into_iter().flat_map(BTreeMap::values);
        rows.map(|row| &row.record).filter(|record| !record.envelope.voided)
    }

    /// Lets a record's movements be these, at that time.
    pub fn settle(
        &mut self,
        claim: &Claim,
        mut wanted: BTreeMap<Uuid, Values>,
        at: DateTime<Utc>,
        write_context: &WriteContext,
    ) {
        let rows = self.0.entry(claim.id).or_default();
        // Movements that were made and taken back before they were written never were.
        rows.retain(|id, row| row.former.is_some() || wanted.contains_key(id));
        for (id, row) in rows.iter_mut() {
            match wanted.remove(id) {
                Some(values) => {
                    if std::mem::take(&mut row.record.envelope.voided) {
                        row.record.values.clear(&envelope::VOID_REASON);
                    }
                    values.iter().for_each(|(name, value)| row.record.values.set(name, value.clone()));
                    row.record.envelope.occurred_at = at;
                    stand(row, claim);
                }
                None if !row.record.envelope.voided => {
                    row.record.envelope.voided = true;
                    row.record.values.set(&envelope::VOID_REASON, GONE);
                }
                None => continue,
            }
            row.sign(claim.by);
        }
        for (id, values) in wanted {
            let envelope = write_context.envelope(id, &write_context.district_code, None, at, claim.by);
            let mut row = LockedRow::new(Record { envelope, values });
            stand(&mut row, claim);
            row.sign(claim.by);
            rows.insert(id, row);
        }
    }

    /// Puts what changed into an append.
    pub fn put_into(self, changes: &mut Changes) {
        let rows = self.0.into_values().flat_map(BTreeMap::into_values);
        rows.for_each(|row| row.put_into(&STOCK_MOVEMENTS, changes));
    }
}

/// Lets a movement belong where its record does.
fn stand(row: &mut LockedRow, claim: &Claim) {
    let Some(values) = &claim.next else { return };
    if let Some(area_code) = values.get(&envelope::AREA_CODE) {
        row.record.envelope.area_code = area_code.to_owned();
    }
    row.record.envelope.org_id = values.get(&envelope::ORG_ID);
}
