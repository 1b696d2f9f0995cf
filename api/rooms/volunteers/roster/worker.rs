//! Changes that time alone makes: people who didn't come, check-outs that were forgotten.

use chrono::TimeDelta;
use kit::problem::Problem;
use kit::statement::{ColumnType, Statement};
use kit::value::Value;
use ledger::{Append, AppendError, Claim};
use uuid::Uuid;

use super::settle::FORGOTTEN;
use super::{LOOK, RosterDecider};
use crate::platform::core::Core;
use crate::records::envelope::ID;

/// Shifts looked at in one transaction.
const TOGETHER: usize = 50;
/// Nobody is said not to have come sooner than this; how long exactly, the cadence says.
const SOONEST: TimeDelta = TimeDelta::minutes(5);
/// Whoever was to be at a shift that was moved so long ago was told then.
const LONG_AGO: TimeDelta = TimeDelta::days(7);

/// Looks at the shifts of which somebody was to be there by now, or gone, or which were moved while somebody took
/// them.
pub async fn look(core: &Core, district_code: &str) -> Result<(), Problem> {
    let now = core.clock.now();
    let at = |at| Value::Instant(at);
    let waiting = taken(district_code)
        .sql(" AND a.state = 'assigned' AND NOT s.cancelled AND NOT s.voided AND ((a.attendance = 'expected' AND s.starts_at <= ")
        .bind(ColumnType::Instant, at(now - SOONEST))
        .sql(") OR (a.attendance = 'present' AND s.ends_at <= ")
        .bind(ColumnType::Instant, at(now - FORGOTTEN))
        .sql("))");
    let statement = waiting
        .sql(" UNION ")
        .then(taken(district_code))
        .sql(" AND a.starts_at <> s.starts_at AND a.starts_at > ")
        .bind(ColumnType::Instant, at(now - LONG_AGO))
        .seeing_district(district_code);
    settle(core, district_code, statement).await
}

/// Lets all assignments happen when their shifts do: those of a release that said they happened when somebody
/// signed up, too.
pub async fn align(core: &Core, district_code: &str) -> Result<(), Problem> {
    settle(core, district_code, taken(district_code).sql(" AND a.occurred_at <> s.starts_at")).await
}

/// `SELECT` the shifts that somebody took.
fn taken(district_code: &str) -> Statement {
    Statement::new("SELECT DISTINCT s.id FROM shift_assignments AS a JOIN shifts AS s ON s.district_code = a.district_code AND s.id = a.shift_id WHERE NOT a.voided AND a.district_code = ")
        .text(district_code)
        .seeing_district(district_code)
}

async fn settle(core: &Core, district_code: &str, shifts: Statement) -> Result<(), Problem> {
    let rows = core.database.read(&shifts).await?;
    let ids: Vec<Uuid> = rows.into_iter().filter_map(|mut row| row.get(&ID)).collect();
    for lot in ids.chunks(TOGETHER) {
        let write_context = core.write_context(core.clock.now(), district_code);
        let claim = |id: &Uuid| Claim {
            decider: RosterDecider::of(&write_context),
            kind: LOOK,
            id: *id,
            by: Uuid::nil(),
            former: None,
            next: None,
        };
        match core.ledger.append(Append::asking(district_code, lot.iter().map(claim).collect())).await {
            Ok(_) | Err(AppendError::Conflict(_) | AppendError::Busy) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}
