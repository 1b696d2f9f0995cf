//! The worker that finds what was missed, of any number of processes one at a time: a lease says which. What it
//! does twice gives the same.

use std::sync::Weak;
use std::time::Duration;

use chrono::{DateTime, Utc};
use kit::problem::Problem;
use kit::statement::{ColumnType, Statement};
use kit::value::Value;
use ledger::AppendError;
use uuid::Uuid;

use super::duty;
use super::escalation::escalate;
use super::inherit::hand_on_all;
use super::matching::standing;
use super::sources::{self, SOURCES};
use crate::platform::core::Core;
use crate::platform::divisions::each::in_each;
use crate::platform::leases::under_lease;
use crate::records::change::Changes;
use crate::records::{Record, awaited, read};
use crate::rooms::duties::DUTIES;

/// Pause between two looks: what is due is missed within a minute.
const PAUSE: Duration = Duration::from_secs(15);
/// Duties of one append: few enough that no phone waits long.
const CHUNK: i64 = 250;
/// Between two full chunks, others write.
const BREATH: Duration = Duration::from_millis(50);

/// Works until the service ends.
pub async fn work(core: Weak<Core>) {
    let holder = Uuid::new_v4();
    while let Some(core) = core.upgrade() {
        if let Err(problem) = work_once(&core, holder).await {
            tracing::warn!(%problem, "duties could not be looked after; tried again in a moment");
        }
        drop(core);
        tokio::time::sleep(PAUSE).await;
    }
}

/// Plans, finds what was missed and who had no contact, if the lease is this holder's.
pub async fn work_once(core: &Core, holder: Uuid) -> Result<(), Problem> {
    under_lease(core, "duties", holder, look_after(core)).await
}

/// The same, whoever holds the lease: twice does no harm.
pub async fn look_after(core: &Core) -> Result<(), Problem> {
    core.refresh_settings().await?;
    in_each(core, |district_code| Box::pin(look_after_district(core, district_code))).await
}

async fn look_after_district(core: &Core, district_code: String) -> Result<(), Problem> {
    awaited::judge_arrived(core, &district_code).await?;
    for plan in SOURCES.iter().filter_map(|source| source.plan) {
        plan(core, &district_code).await?;
    }
    hand_on_all(core, &district_code).await?;
    note_missed(core, &district_code).await?;
    escalate(core, &district_code).await?;
    for ask in SOURCES.iter().filter_map(|source| source.after_missed) {
        ask(core, &district_code).await?;
    }
    crate::exchange::sync::retry_held(core, &district_code).await
}

/// Marks duties that are due and unproven as missed, and takes them one level up. Costs what is due now, not what ever
/// was.
pub async fn note_missed(core: &Core, district_code: &str) -> Result<(), Problem> {
    loop {
        let now = core.clock.now();
        let overdue = overdue(core, district_code, now).await?;
        let full = i64::try_from(overdue.len()).unwrap_or_default() == CHUNK;
        match append_missed(core, district_code, now, overdue).await {
            // Somebody proved one of them meanwhile: look again.
            Err(AppendError::Conflict(_)) => continue,
            other => other?,
        }
        if !full {
            return Ok(());
        }
        tokio::time::sleep(BREATH).await;
    }
}

async fn overdue(core: &Core, district_code: &str, now: DateTime<Utc>) -> Result<Vec<Record>, Problem> {
    let kind = &DUTIES;
    let statement = Statement::new(format!("SELECT {} FROM duties AS r WHERE r.district_code = ", kind.select()))
        .text(district_code)
        .sql(" AND r.state = 'open' AND r.due_at <= ")
        .bind(ColumnType::Instant, Value::Instant(now))
        .sql(" ORDER BY r.due_at LIMIT ")
        .integer(CHUNK)
        .seeing_district(district_code);
    read::load(core, kind, &statement).await
}

async fn append_missed(
    core: &Core,
    district_code: &str,
    now: DateTime<Utc>,
    overdue: Vec<Record>,
) -> Result<(), AppendError> {
    if overdue.is_empty() {
        return Ok(());
    }
    let failed = |problem: Problem| AppendError::Failed(problem.to_string());
    let write_context = core.write_context(now, district_code);
    let kind = &DUTIES;
    let above = sources::accounts(core, district_code, &overdue).await.map_err(failed)?;
    let mut changes = Changes::default();
    for former in overdue {
        let stands = standing(duty::due_at(&former), None, false, now);
        let mut next = duty::settle(&former, &stands, |line| sources::account(&above, &former, line));
        next.envelope.revision += 1;
        next.envelope.revised_by = Uuid::nil();
        changes.next_number();
        changes.put(kind, Some(former), next);
    }
    core.ledger.append(changes.into_append(&write_context).map_err(failed)?).await.map(|_| ())
}
