//! A row under the lock: as it was and as it is.

use uuid::Uuid;

use super::change::Changes;
use super::definition::Kind;
use super::record::Record;

/// A row that rules across rows may move on.
pub struct Kept {
    /// As it is stored; none where it is new.
    pub former: Option<Record>,
    /// As it is now.
    pub record: Record,
}

impl Kept {
    /// A stored row.
    pub fn stored(record: Record) -> Self {
        Self { former: Some(record.clone()), record }
    }

    /// A new row.
    pub fn new(record: Record) -> Self {
        Self { former: None, record }
    }

    /// Puts it into an append under a number of its own, where it changed; `by` is whose write it follows from.
    pub fn put_into(self, kind: &'static Kind, by: Uuid, changes: &mut Changes) {
        let mut record = self.record;
        if let Some(former) = &self.former {
            let (was, is) = (&former.envelope, &record.envelope);
            let stays = (was.occurred_at, &was.area_code, was.org_id) == (is.occurred_at, &is.area_code, is.org_id);
            if stays && former.values == record.values {
                return;
            }
            record.envelope.revision = former.envelope.revision + 1;
            record.envelope.revised_by = by;
        }
        changes.next_number();
        changes.put(kind, self.former, record);
    }
}
