//! What time alone changes: whoever didn't come, whose check-out was forgotten.

use chrono::TimeDelta;
use uuid::Uuid;

use super::settle::FORGOTTEN;
use super::{LOOK, RosterDecider};
use crate::app::Service;
use crate::kit::problem::Problem;
use crate::kit::statement::{ColumnType, Statement};
use crate::kit::value::Value;
use crate::ledger::{Append, AppendError, Claim};

/// Shifts looked at in one transaction.
const TOGETHER: usize = 50;
/// Nobody is said not to have come sooner than this; how long exactly, the cadence says.
const SOONEST: TimeDelta = TimeDelta::minutes(5);
/// What is longer ago than this was looked at, or is nobody's business any more.
const LONG_AGO: TimeDelta = TimeDelta::days(7);

/// Looks at the shifts of which somebody was to be there by now, or gone.
pub async fn look(service: &Service, district_code: &str) -> Result<(), Problem> {
    let now = service.clock.now();
    let at = |at| Value::Instant(at);
    let statement = Statement::new("SELECT DISTINCT s.id FROM shift_assignments AS a JOIN shifts AS s ON s.district_code = a.district_code AND s.id = a.shift_id WHERE a.district_code = ")
        .text(district_code)
        .sql(" AND a.state = 'assigned' AND NOT a.voided AND NOT s.cancelled AND NOT s.voided AND a.starts_at > ")
        .bind(ColumnType::Instant, at(now - LONG_AGO))
        .sql(" AND ((a.attendance = 'expected' AND s.starts_at <= ")
        .bind(ColumnType::Instant, at(now - SOONEST))
        .sql(") OR (a.attendance = 'present' AND s.ends_at <= ")
        .bind(ColumnType::Instant, at(now - FORGOTTEN))
        .sql("))")
        .seeing_district(district_code);
    let rows = service.database.read(&statement).await?;
    let ids: Vec<Uuid> = rows.into_iter().filter_map(|mut row| row.id("id")).collect();
    for lot in ids.chunks(TOGETHER) {
        let scribe = service.scribe(now, district_code);
        let claim =
            |id: &Uuid| Claim { decider: RosterDecider::of(&scribe), kind: LOOK, id: *id, former: None, next: None };
        match service.ledger.append(Append::asking(district_code, lot.iter().map(claim).collect())).await {
            Ok(_) | Err(AppendError::Conflict(_) | AppendError::Busy) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}
