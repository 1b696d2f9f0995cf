//! The worker that finds what was missed, of any number of processes one at a time: a lease says which. What it
//! does twice gives the same.

use std::sync::Weak;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use diesel_async::RunQueryDsl;
use uuid::Uuid;

use super::duty;
use super::escalation::escalate;
use super::inherit::hand_on_all;
use super::matching::standing;
use crate::app::Service;
use crate::isolation_cases::planner;
use crate::kit::database::DatabaseError;
use crate::kit::problem::Problem;
use crate::kit::row::Row;
use crate::kit::statement::{ColumnType, Statement};
use crate::kit::value::Value;
use crate::ledger::AppendError;
use crate::market;
use crate::records::change::Changes;
use crate::records::{Record, awaited, read};
use crate::roster;

/// How often it looks: what is due is missed within a minute.
const PAUSE: Duration = Duration::from_secs(15);
/// A lease that wasn't renewed for so long is anybody's.
const LEASE: TimeDelta = TimeDelta::seconds(50);
/// Duties of one append: few enough that no phone waits long.
const CHUNK: i64 = 250;
/// Between two full chunks, others write.
const BREATH: Duration = Duration::from_millis(50);

/// Works until the service ends.
pub async fn work(service: Weak<Service>) {
    let holder = Uuid::new_v4();
    let mut planner = planner::Planner::default();
    while let Some(service) = service.upgrade() {
        if let Err(problem) = work_once(&service, holder, &mut planner).await {
            tracing::warn!(%problem, "duties could not be looked after; tried again in a moment");
        }
        drop(service);
        tokio::time::sleep(PAUSE).await;
    }
}

/// Plans, finds what was missed and who had no contact, if the lease is this holder's.
pub async fn work_once(service: &Service, holder: Uuid, planner: &mut planner::Planner) -> Result<(), Problem> {
    if take_lease(service, "duties", holder).await? { look_after(service, planner).await } else { Ok(()) }
}

/// The same, whoever holds the lease: twice does no harm.
pub async fn look_after(service: &Service, planner: &mut planner::Planner) -> Result<(), Problem> {
    service.refresh_settings().await?;
    for district_code in districts(service).await? {
        awaited::judge_arrived(service, &district_code).await?;
        planner.plan(service, &district_code).await?;
        hand_on_all(service, &district_code).await?;
        note_missed(service, &district_code).await?;
        escalate(service, &district_code).await?;
        planner::note_silence(service, &district_code).await?;
        market::planner::plan(service, &district_code).await?;
        roster::worker::look(service, &district_code).await?;
        crate::sync::retry_held(service, &district_code).await?;
    }
    market::review::review_all(service).await
}

/// Takes or renews a lease. By the database's clock: those of the processes may differ.
pub async fn take_lease(service: &Service, name: &str, holder: Uuid) -> Result<bool, Problem> {
    let statement = Statement::new(
        "INSERT INTO worker_leases AS l (name, holder, held_until) SELECT u.name, u.holder, now() + u.lasts FROM (SELECT ",
    )
    .text(name)
    .sql("::text AS name, ")
    .id(holder)
    .sql(format!("::uuid AS holder, interval '{} seconds' AS lasts) AS u ", LEASE.num_seconds()))
    .sql("ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, held_until = excluded.held_until WHERE l.holder = excluded.holder OR l.held_until < now() RETURNING holder");
    let mut connection = service.database.connection().await?;
    let rows: Vec<Row> = statement.load(&mut connection).await.map_err(DatabaseError::from)?;
    Ok(!rows.is_empty())
}

/// The districts that have a ledger.
pub async fn districts(service: &Service) -> Result<Vec<String>, Problem> {
    let rows = {
        let all = Statement::new("SELECT district_code FROM district_clocks ORDER BY 1").seeing_everything();
        service.database.read(&all).await?
    };
    Ok(rows.into_iter().filter_map(|mut row| row.text("district_code")).collect())
}

/// What is due and unproven is missed, and goes one level up. Costs what is due now, not what ever was.
pub async fn note_missed(service: &Service, district_code: &str) -> Result<(), Problem> {
    loop {
        let now = service.clock.now();
        let overdue = overdue(service, district_code, now).await?;
        let full = i64::try_from(overdue.len()).unwrap_or_default() == CHUNK;
        match append_missed(service, district_code, now, overdue).await {
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

async fn overdue(service: &Service, district_code: &str, now: DateTime<Utc>) -> Result<Vec<Record>, Problem> {
    let kind = service.scribe(now, district_code).kind("duties")?;
    let statement = Statement::new(format!("SELECT {} FROM duties AS r WHERE r.district_code = ", kind.select()))
        .text(district_code)
        .sql(" AND r.state = 'open' AND r.due_at <= ")
        .bind(ColumnType::Instant, Value::Instant(now))
        .sql(" ORDER BY r.due_at LIMIT ")
        .integer(CHUNK)
        .seeing_district(district_code);
    read::load(service, kind, &statement).await
}

async fn append_missed(
    service: &Service,
    district_code: &str,
    now: DateTime<Utc>,
    overdue: Vec<Record>,
) -> Result<(), AppendError> {
    if overdue.is_empty() {
        return Ok(());
    }
    let failed = |problem: Problem| AppendError::Failed(problem.to_string());
    let scribe = service.scribe(now, district_code);
    let kind = scribe.kind("duties").map_err(failed)?;
    let above = planner::supervisors_above(service, district_code, &overdue).await.map_err(failed)?;
    let mut changes = Changes::default();
    for former in overdue {
        let stands = standing(duty::due_at(&former), None, false, now);
        let of_case = former.values.id("subject_id");
        let mut next = duty::settle(&former, &stands, |line| above.get(&(of_case?, line.to_owned())).copied());
        next.envelope.revision += 1;
        next.envelope.revised_by = Uuid::nil();
        changes.next_number();
        changes.put(kind, Some(former), next);
    }
    service.ledger.append(changes.into_append(&scribe).map_err(failed)?).await.map(|_| ())
}
