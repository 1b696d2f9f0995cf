//! New ids.

use uuid::Uuid;

/// A new id of a record or row: UUID version 7, so that indexes grow at one end.
pub fn new_id() -> Uuid {
    Uuid::now_v7()
}
