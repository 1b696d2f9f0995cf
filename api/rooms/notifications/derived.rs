//! What an account is told of, found by indexes: its duties of the last weeks, those that went up to it, its conflicts.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use kit::columns;
use kit::problem::Problem;
use kit::statement::{ColumnType, Statement};
use kit::value::Value;
use uuid::Uuid;

use super::wire::{Found, NotificationType};
use crate::exchange::sync;
use crate::platform::access::roles::Actor;
use crate::platform::core::Core;
use crate::records::envelope::ID;
use crate::records::scope::visible_to;
use crate::records::{Record, read};
use crate::rooms::duties::{DUTIES, DutyKind, DutyState, wire};

/// How far back notifications reach.
const REACH: TimeDelta = TimeDelta::days(14);
/// Duties that opened so long before may have been due, or handed over, within it.
const OPENED: TimeDelta = TimeDelta::days(30);
/// Duties and conflicts of each sort that are looked at, the newest.
const MOST: i64 = 500;
/// The kind of duty that a confirmed fever asks for.
const FEVER_ALERT: &str = "fever_alert";

columns! {
    HANDED_AT "handed_at": DateTime<Utc>;
}

/// Everything that an account should know of, the newest first.
pub async fn all(core: &Core, actor: &Actor) -> Result<Vec<Found>, Problem> {
    let now = core.clock.now();
    let mut found = Vec::new();
    for district_code in &actor.districts {
        let own = duties(core, actor, district_code, wire::ASSIGNEE_ID.name(), now).await?;
        let handed = handed(core, actor, district_code, &own).await?;
        for duty in &own {
            of_own(duty, handed.get(&duty.envelope.id).copied(), &mut found);
        }
        for duty in duties(core, actor, district_code, wire::ESCALATED_TO_ID.name(), now).await? {
            let levels = duty.values.list(&wire::ESCALATIONS).filter(|level| level.user_id == Some(actor.user_id));
            let at = levels.filter_map(|level| level.at).last();
            if let (Some(at), Some(DutyState::Missed)) = (at, duty.values.get(&wire::STATE)) {
                found.push(told(&duty, NotificationType::Escalation, at));
            }
        }
        for (id, at) in sync::open_conflicts_of(core, district_code, actor.user_id, now - REACH, MOST).await? {
            found.push(Found { kind: NotificationType::Conflict, at, subject: ("conflicts", id), label: None });
        }
    }
    found.retain(|one| one.at > now - REACH);
    found.sort_by_key(|one| std::cmp::Reverse((one.at, one.id())));
    Ok(found)
}

/// Duties that the account sees and that a column gives to it.
async fn duties(
    core: &Core,
    actor: &Actor,
    district_code: &str,
    column: &str,
    now: DateTime<Utc>,
) -> Result<Vec<Record>, Problem> {
    let statement = visible_to(actor, &DUTIES, district_code)
        .sql(format!(" AND r.{column} = "))
        .id(actor.user_id)
        .sql(" AND r.occurred_at > ")
        .bind(ColumnType::Instant, Value::Instant(now - OPENED))
        .sql(" ORDER BY r.occurred_at DESC, r.id DESC LIMIT ")
        .integer(MOST);
    read::load(core, &DUTIES, &statement).await
}

fn of_own(duty: &Record, handed_at: Option<DateTime<Utc>>, found: &mut Vec<Found>) {
    let values = &duty.values;
    let state = values.get(&wire::STATE);
    let is_fever = values.get(&wire::DUTY_KIND).is_some_and(|kind| kind.code() == FEVER_ALERT);
    if let (true, Some(at)) = (is_fever && state != Some(DutyState::Waived), values.get(&wire::OPENS_AT)) {
        found.push(told(duty, NotificationType::Fever, at));
    }
    if let (Some(DutyState::Missed), Some(at)) = (state, values.get(&wire::DUE_AT)) {
        found.push(told(duty, NotificationType::Missed, at));
    }
    if let (Some(at), true) = (handed_at, state != Some(DutyState::Waived)) {
        found.push(told(duty, NotificationType::Handover, at));
    }
}

fn told(duty: &Record, kind: NotificationType, at: DateTime<Utc>) -> Found {
    let label = duty.values.get(&wire::DUTY_KIND).and_then(|kind| DutyKind::VOCABULARY.find(kind.code()));
    Found { kind, at, subject: (DUTIES.name, duty.envelope.id), label: label.map(|word| word.label) }
}

/// When those of these duties that were somebody else's came to the account.
async fn handed(
    core: &Core,
    actor: &Actor,
    district_code: &str,
    own: &[Record],
) -> Result<BTreeMap<Uuid, DateTime<Utc>>, Problem> {
    let revised = own.iter().filter(|duty| duty.envelope.revision > 1);
    let ids: Vec<Value> = revised.map(|duty| Value::Id(duty.envelope.id)).collect();
    if ids.is_empty() {
        return Ok(BTreeMap::new());
    }
    // The revision behind the last that was another's, current or former.
    let assignee = wire::ASSIGNEE_ID.name();
    let statement = Statement::new(format!(
        "SELECT h.id, coalesce((SELECT (n.body->>'revised_at')::timestamptz FROM record_revisions AS n WHERE n.district_code = d.district_code AND n.kind = '{kind}' AND n.id = h.id AND n.revision = h.revision + 1), d.revised_at) AS handed_at \
         FROM (SELECT f.id, max(f.revision) AS revision FROM record_revisions AS f WHERE f.kind = '{kind}' AND (f.body->>'{assignee}')::uuid <> ",
        kind = DUTIES.name
    ))
    .id(actor.user_id)
    .sql(" AND f.district_code = ")
    .text(district_code)
    .sql(" AND f.id = ANY(")
    .column(ColumnType::Id, ids)
    .sql(format!(") GROUP BY f.id) AS h JOIN {} AS d ON d.id = h.id AND d.district_code = ", DUTIES.name))
    .text(district_code)
    .seeing_district(district_code);
    let rows = core.database.read(&statement).await?;
    Ok(rows.into_iter().filter_map(|mut row| Some((row.get(&ID)?, row.get(&HANDED_AT)?))).collect())
}
