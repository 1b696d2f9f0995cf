//! Planning ahead what is expected of the cases, and asking after those of whom nobody heard.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use futures_util::future::join_all;
use kit::columns;
use kit::problem::Problem;
use kit::statement::{ColumnType, Statement};
use kit::time::{day_of, day_start};
use kit::value::{Value, Values};
use ledger::decide::Claim;
use ledger::{Append, AppendError};
use uuid::Uuid;

use super::ISOLATION_CASES;
use super::care::{CareDecider, GIVE_ON, HORIZON_DAYS, NO_CONTACT, PLAN, RECALL, SILENCE};
use super::duty_kinds::{NO_CONTACT_ALERT, contact_kinds};
use super::rules::supervisors;
use super::states::CARED_FOR;
use super::wire::ENDS_ON;
use crate::platform::config::Config;
use crate::platform::core::{Core, Extension};
use crate::records::awaited::has_come;
use crate::records::envelope::{ID, OCCURRED_AT};
use crate::records::write_context::WriteContext;
use crate::records::{Record, read};
use crate::rooms::duties::Accounts;
use crate::rooms::duties::wire::SUBJECT_ID;

columns! {
    /// When the last of a case's duties opens that were planned.
    PLANNED_AT "planned_at": DateTime<Utc>;
}

/// Cases planned at a time: their duties share a transaction, and phones wait for it.
const TOGETHER: usize = 16;
/// Cases of one round: what is missed must be noted meanwhile, and the lease renewed.
const ROUND: usize = 4_800;
/// Between two lots, others write.
const BREATH: Duration = Duration::from_millis(20);
/// All cases are looked through anew after so long, should anything have been missed.
const LOOK_AGAIN: TimeDelta = TimeDelta::minutes(10);

/// Memory of when all cases of a district were looked through. Forgetting it costs a look, nothing else.
#[derive(Default)]
struct Planned(Mutex<BTreeMap<String, (NaiveDate, DateTime<Utc>)>>);

impl Extension for Planned {
    fn begin(_: &Config) -> Self {
        Self::default()
    }
}

impl Planned {
    fn of(&self, district_code: &str) -> Option<(NaiveDate, DateTime<Utc>)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(district_code).copied()
    }

    fn note(&self, district_code: &str, today: NaiveDate, now: DateTime<Utc>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(district_code.to_owned(), (today, now));
    }
}

/// Makes the duties of the days up to the horizon, where they aren't there. Transitions plan their own case; this goes
/// on when a day begins.
pub async fn plan(core: &Core, district_code: &str) -> Result<(), Problem> {
    let now = core.clock.now();
    let today = day_of(now, core.zone);
    let planned = core.ext::<Planned>();
    if planned.of(district_code).is_some_and(|(day, at)| day == today && now < at + LOOK_AGAIN && now >= at) {
        return Ok(());
    }
    let mut due = unplanned(core, district_code, today).await?;
    let unfinished = due.len() > ROUND;
    due.truncate(ROUND);
    for lot in due.chunks(TOGETHER) {
        let claims = lot.iter().map(|(case_id, from)| ask(core, district_code, PLAN, *case_id, *from));
        settle(join_all(claims).await)?;
        tokio::time::sleep(BREATH).await;
    }
    if !due.is_empty() {
        tracing::info!(district_code, cases = due.len(), "duties planned");
    }
    if !unfinished {
        planned.note(district_code, today, now);
    }
    Ok(())
}

/// Cases without duties for the day after today, and from when on theirs must be made.
async fn unplanned(
    core: &Core,
    district_code: &str,
    today: NaiveDate,
) -> Result<Vec<(Uuid, Option<DateTime<Utc>>)>, Problem> {
    let horizon = today.checked_add_days(Days::new(HORIZON_DAYS)).unwrap_or(today);
    let Some(until) = day_start(horizon, core.zone) else { return Ok(Vec::new()) };
    let statement = Statement::new(
        "SELECT c.id, c.ends_on, (SELECT max(d.opens_at) FROM duties AS d WHERE d.district_code = c.district_code \
         AND d.subject_id = c.id AND d.opens_at < ",
    )
    .bind(ColumnType::Instant, Value::Instant(until + TimeDelta::days(1)))
    .sql(" AND d.cause_id IS NULL) AS planned_at FROM isolation_cases AS c WHERE c.district_code = ")
    .text(district_code)
    .sql(" AND NOT c.voided AND c.ended_at IS NULL AND c.state = ANY(")
    .column(ColumnType::Text, CARED_FOR.iter().map(|state| Value::Text(state.to_string())).collect())
    .sql(")")
    .seeing_district(district_code);
    let rows = core.database.read(&statement).await?;
    let due = rows.into_iter().filter_map(|mut row| {
        let (id, ends_on, planned_at) = (row.get(&ID)?, row.get(&ENDS_ON)?, row.get(&PLANNED_AT));
        let planned_on = planned_at.map(|at| day_of(at, core.zone));
        (planned_on.is_none_or(|day| day < ends_on.min(horizon))).then_some((id, planned_at))
    });
    Ok(due.collect())
}

/// Asks after those of whom nobody heard for a day. Somebody of whom nobody heard has missed duties, so only
/// those cases are looked at.
pub async fn note_silence(core: &Core, district_code: &str) -> Result<(), Problem> {
    let now = core.clock.now();
    let contact = |kind: &str| {
        format!(
            " AND NOT EXISTS (SELECT 1 FROM {kind} AS k WHERE k.district_code = c.district_code AND k.case_id = c.id AND NOT k.voided AND {} AND k.occurred_at > ",
            has_come("k.")
        )
    };
    let mut statement = Statement::new("SELECT c.id FROM isolation_cases AS c WHERE c.district_code = ")
        .text(district_code)
        .sql(" AND c.state = 'under_observation' AND NOT c.voided AND c.notified_at <= ")
        .bind(ColumnType::Instant, Value::Instant(now - SILENCE))
        .sql(" AND c.id IN (SELECT d.subject_id FROM duties AS d WHERE d.district_code = ")
        .text(district_code)
        .sql(" AND d.state = 'missed' AND d.due_at > ")
        .bind(ColumnType::Instant, Value::Instant(now - SILENCE - SILENCE))
        .sql(format!(") AND NOT EXISTS (SELECT 1 FROM duties AS d WHERE d.district_code = c.district_code AND d.subject_id = c.id AND d.duty_kind = '{NO_CONTACT_ALERT}' AND d.state IN ('open', 'missed'))"));
    for kind in contact_kinds() {
        statement = statement.sql(contact(kind)).bind(ColumnType::Instant, Value::Instant(now - SILENCE)).sql(")");
    }
    let rows = core.database.read(&statement.seeing_district(district_code)).await?;
    let ids: Vec<Uuid> = rows.into_iter().filter_map(|mut row| row.get(&ID)).collect();
    for lot in ids.chunks(TOGETHER) {
        settle(join_all(lot.iter().map(|id| ask(core, district_code, NO_CONTACT, *id, None))).await)?;
        tokio::time::sleep(BREATH).await;
    }
    Ok(())
}

/// Lets the cases that an earlier release moved on tell their steps.
pub async fn recall(core: &Core, district_code: &str) -> Result<(), Problem> {
    let statement = Statement::new("SELECT c.id FROM isolation_cases AS c WHERE c.state_history IS NULL AND c.state <> 'identified' AND NOT c.voided AND c.district_code = ")
        .text(district_code)
        .seeing_district(district_code);
    let rows = core.database.read(&statement).await?;
    let ids: Vec<Uuid> = rows.into_iter().filter_map(|mut row| row.get(&ID)).collect();
    for lot in ids.chunks(TOGETHER) {
        settle(join_all(lot.iter().map(|id| ask(core, district_code, RECALL, *id, None))).await)?;
    }
    Ok(())
}

/// Asks under the lock; what follows is written there.
async fn ask(
    core: &Core,
    district_code: &str,
    kind: &'static str,
    case_id: Uuid,
    from: Option<DateTime<Utc>>,
) -> Result<(), AppendError> {
    let write_context = core.write_context(core.clock.now(), district_code);
    let next = from.map(|from| {
        let mut values = Values::default();
        values.set(&OCCURRED_AT, from);
        values
    });
    let claim =
        Claim { decider: CareDecider::of(&write_context), kind, id: case_id, by: Uuid::nil(), former: None, next };
    core.ledger.append(Append::asking(district_code, vec![claim])).await.map(|_| ())
}

/// Passes over appends that met another writer: they are made again in the next round.
fn settle(outcomes: Vec<Result<(), AppendError>>) -> Result<(), Problem> {
    for outcome in outcomes {
        match outcome {
            Ok(()) | Err(AppendError::Conflict(_) | AppendError::Busy) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Asks to give the duties of a case to those who answer for it now.
pub fn give_on(write_context: &Arc<WriteContext>, case_id: Uuid, by: Uuid) -> Claim {
    let decider = CareDecider::of(write_context);
    Claim { decider, kind: GIVE_ON, id: case_id, by, former: None, next: Some(Values::default()) }
}

/// Accounts of the supervisors of the cases that duties are about, by case and line: those that are active.
pub async fn supervisors_above(core: &Core, district_code: &str, duties: &[Record]) -> Result<Accounts, Problem> {
    let kind = &ISOLATION_CASES;
    let mut ids: Vec<Uuid> = duties.iter().filter_map(|duty| duty.values.get(&SUBJECT_ID)).collect();
    ids.sort_unstable();
    ids.dedup();
    let cases = read::find_unscoped(core, kind, district_code, &ids).await?;
    let of_case = |(id, case): (Uuid, Record)| {
        let named = supervisors(&case.values).into_iter();
        named.filter_map(move |(level, account)| Some(((id, level.line()), account?))).collect::<Vec<_>>()
    };
    let mut above: Accounts = cases.into_iter().flat_map(of_case).collect();
    let named = above.values().copied().map(Value::Id).collect();
    let active =
        Statement::new("SELECT id FROM users WHERE active AND id = ANY(").column(ColumnType::Id, named).sql(")");
    let rows = core.database.read(&active).await?;
    let active: Vec<Uuid> = rows.into_iter().filter_map(|mut row| row.get(&ID)).collect();
    above.retain(|_, id| active.contains(id));
    Ok(above)
}
