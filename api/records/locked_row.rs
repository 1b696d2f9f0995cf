//! A row under the lock: as it was, as it is, and whose write that follows from.

use uuid::Uuid;

use super::change::Changes;
use super::definition::Kind;
use super::record::Record;

/// A row that rules across rows may move on.
pub struct LockedRow {
    /// Record as it is stored; none where it is new.
    pub former: Option<Record>,
    /// Record as it is now.
    pub record: Record,
    /// Record as it was when it was signed last; none where nobody did.
    signed: Option<Record>,
}

impl LockedRow {
    /// A stored row.
    pub fn stored(record: Record) -> Self {
        Self { former: Some(record.clone()), record, signed: None }
    }

    /// A new row.
    pub fn new(record: Record) -> Self {
        Self { former: None, record, signed: None }
    }

    /// The next state was written by an append of its own: what follows begins from there.
    pub fn supersede(&mut self, record: Record) {
        *self = Self::stored(record);
    }

    /// Signs what changed since it was signed last: it follows from a write of `by`. Of several writes of one batch
    /// each signs what follows from it, and nobody what follows from another's.
    pub fn sign(&mut self, by: Uuid) {
        let seen = self.signed.as_ref().or(self.former.as_ref());
        if seen.is_some_and(|seen| !differs(seen, &self.record)) {
            return;
        }
        if seen.is_none() {
            self.record.envelope.recorded_by = by;
        }
        self.record.envelope.revised_by = by;
        self.signed = Some(self.record.clone());
    }

    /// Puts it into an append under a number of its own, where it changed. What nobody signed is the service's.
    pub fn put_into(mut self, kind: &'static Kind, changes: &mut Changes) {
        if let Some(former) = &self.former {
            if !differs(former, &self.record) {
                return;
            }
            self.record.envelope.revision = former.envelope.revision + 1;
        }
        if self.signed.is_none() {
            self.sign(Uuid::nil());
        }
        changes.next_number();
        changes.put(kind, self.former, self.record);
    }
}

fn differs(former: &Record, next: &Record) -> bool {
    let (was, is) = (&former.envelope, &next.envelope);
    former.values != next.values
        || (was.occurred_at, was.voided, &was.area_code, was.org_id)
            != (is.occurred_at, is.voided, &is.area_code, is.org_id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::records::Envelope;
    use kit::value::{Value, Values};

    fn record() -> Record {
        let at = chrono::DateTime::UNIX_EPOCH;
        let envelope = Envelope {
            id: Uuid::nil(),
            district_code: "511802".to_owned(),
            area_code: "511802".to_owned(),
            area_code_submitted: None,
            org_id: None,
            occurred_at: at,
            device_time: None,
            recorded_at: at,
            recorded_by: Uuid::max(),
            revised_at: at,
            revised_by: Uuid::max(),
            captured_by: None,
            source: "system".to_owned(),
            revision: 1,
            change_no: 1,
            voided: false,
            purged_at: None,
            taken_back: false,
            awaited: None,
            assumed: false,
            derived: Default::default(),
            device_id: None,
            warnings: Vec::new(),
            submission_digest: Vec::new(),
        };
        Record { envelope, values: Values::default() }
    }

    #[test]
    fn each_signs_what_follows_from_his_own() {
        let [one, other] = [1, 2].map(Uuid::from_u128);
        let mut kept = LockedRow::stored(record());
        kept.sign(one);
        assert_eq!(kept.record.envelope.revised_by, Uuid::max(), "nothing changed");
        kept.record.values.set("state", Value::Text("done".to_owned()));
        kept.sign(one);
        kept.sign(other);
        assert_eq!(kept.record.envelope.revised_by, one);
        kept.record.envelope.voided = true;
        kept.sign(other);
        assert_eq!((kept.record.envelope.revised_by, kept.record.envelope.recorded_by), (other, Uuid::max()));
        let mut new = LockedRow::new(record());
        new.sign(one);
        new.sign(other);
        assert_eq!((new.record.envelope.recorded_by, new.record.envelope.revised_by), (one, one));
    }
}
