//! Rectifications that ran out since anybody looked: nobody writes anything when a day ends.

use futures_util::future::join_all;
use kit::problem::Problem;
use kit::statement::{ColumnType, Statement};
use kit::value::Value;
use ledger::decide::Claim;
use ledger::{Append, AppendError};
use uuid::Uuid;

use super::RectificationDecider;
use crate::platform::core::Core;
use crate::records::envelope::ID;

/// Asks how a rectification stands now; no record.
const REVIEW: &str = "rectification_review";
/// Looked at in one round and district; the rest goes in the next.
const TOGETHER: i64 = 250;

/// Looks at those that have run out and aren't told to be overdue yet.
pub async fn review(core: &Core, district_code: &str) -> Result<(), Problem> {
    let now = core.clock.now();
    let statement = Statement::new("SELECT id FROM rectifications WHERE district_code = ")
        .text(district_code)
        .sql(" AND NOT voided AND NOT overdue AND state IN ('issued', 'rejected') AND due_at <= ")
        .bind(ColumnType::Instant, Value::Instant(now))
        .sql(" ORDER BY due_at LIMIT ")
        .integer(TOGETHER)
        .seeing_district(district_code);
    let ids: Vec<Uuid> = core.database.read(&statement).await?.into_iter().filter_map(|mut row| row.get(&ID)).collect();
    let write_context = core.write_context(now, district_code);
    let asked = ids.into_iter().map(|id| {
        let decider = RectificationDecider::of(&write_context);
        let claim = Claim { decider, kind: REVIEW, id, by: Uuid::nil(), former: None, next: None };
        core.ledger.append(Append::asking(district_code, vec![claim]))
    });
    for outcome in join_all(asked).await {
        match outcome {
            Ok(_) | Err(AppendError::Conflict(_) | AppendError::Busy) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}
