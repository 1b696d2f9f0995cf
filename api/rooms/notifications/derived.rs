//! Notifications of an account, found by indexes: of its duties of the last weeks, of those that went up to it, of its
//! conflicts, of duties offered to it and of answers to its own offers.

use chrono::{DateTime, TimeDelta, Utc};
use kit::problem::Problem;
use kit::statement::ColumnType;
use kit::value::Value;

use super::revisions::{Turn, answered, came};
use super::wire::{Found, NotificationType};
use crate::exchange::sync;
use crate::platform::access::roles::Actor;
use crate::platform::core::Core;
use crate::records::scope::visible_to;
use crate::records::{Record, read};
use crate::rooms::duties::{DUTIES, DutyKind, DutyState, is_of_fever, wire};

/// How far back notifications reach.
const REACH: TimeDelta = TimeDelta::days(14);
/// Duties that opened so long before may have been due, or handed over, within it.
const OPENED: TimeDelta = TimeDelta::days(30);
/// Duties and conflicts of each sort that are looked at, the newest.
const MOST: i64 = 500;

/// Everything that an account should know of, the newest first.
pub async fn all(core: &Core, actor: &Actor) -> Result<Vec<Found>, Problem> {
    let now = core.clock.now();
    let mut found = Vec::new();
    for district_code in &actor.districts {
        let own = duties(core, actor, district_code, wire::ASSIGNEE_ID.name(), now).await?;
        let handed = came(core, district_code, &own, wire::ASSIGNEE_ID.name(), "<>", actor.user_id).await?;
        for duty in &own {
            // Duties that one took oneself are no news.
            let handed = handed.get(&duty.envelope.id).filter(|turn| turn.by != actor.user_id);
            of_own(duty, handed, &mut found);
        }
        offered_to(core, actor, district_code, now, &mut found).await?;
        answers_to(core, actor, district_code, now, &mut found).await?;
        for duty in duties(core, actor, district_code, wire::ESCALATED_TO_ID.name(), now).await? {
            let levels = duty.values.list(&wire::ESCALATIONS).filter(|level| level.user_id == Some(actor.user_id));
            let at = levels.filter_map(|level| level.at).last();
            if let (Some(at), Some(DutyState::Missed)) = (at, duty.values.get(&wire::STATE)) {
                found.push(told(&duty, NotificationType::Escalation, at));
            }
        }
        for (id, at) in sync::open_conflicts_of(core, district_code, actor.user_id, now - REACH, MOST).await? {
            let subject = ("conflicts", id);
            found.push(Found { kind: NotificationType::Conflict, at, subject, revision: None, label: None });
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

fn of_own(duty: &Record, handed: Option<&Turn>, found: &mut Vec<Found>) {
    let values = &duty.values;
    let state = values.get(&wire::STATE);
    let is_fever = values.get(&wire::DUTY_KIND).is_some_and(is_of_fever);
    if let (true, Some(at)) = (is_fever && state != Some(DutyState::Waived), values.get(&wire::OPENS_AT)) {
        found.push(told(duty, NotificationType::Fever, at));
    }
    if let (Some(DutyState::Missed), Some(at)) = (state, values.get(&wire::DUE_AT)) {
        found.push(told(duty, NotificationType::Missed, at));
    }
    if let (Some(turn), true) = (handed, state != Some(DutyState::Waived)) {
        found.push(turned(duty, NotificationType::Handover, turn));
    }
}

/// Open duties that were offered to the account, which hasn't answered.
async fn offered_to(
    core: &Core,
    actor: &Actor,
    district_code: &str,
    now: DateTime<Utc>,
    found: &mut Vec<Found>,
) -> Result<(), Problem> {
    let column = wire::OFFERED_TO.name();
    let mut offered = duties(core, actor, district_code, column, now).await?;
    offered.retain(|duty| duty.values.get(&wire::STATE) == Some(DutyState::Open));
    let since = came(core, district_code, &offered, column, "IS DISTINCT FROM", actor.user_id).await?;
    for duty in &offered {
        found.extend(since.get(&duty.envelope.id).map(|turn| turned(duty, NotificationType::Offer, turn)));
    }
    Ok(())
}

/// Answers to duties that the account offered, of those that it still sees.
async fn answers_to(
    core: &Core,
    actor: &Actor,
    district_code: &str,
    now: DateTime<Utc>,
    found: &mut Vec<Found>,
) -> Result<(), Problem> {
    let mut answers = answered(core, district_code, actor.user_id, MOST).await?;
    answers.retain(|answer| answer.turn.at > now - REACH);
    if answers.is_empty() {
        return Ok(());
    }
    let ids = answers.iter().map(|answer| Value::Id(answer.id)).collect();
    let statement =
        visible_to(actor, &DUTIES, district_code).sql(" AND r.id = ANY(").column(ColumnType::Id, ids).sql(")");
    let seen = read::load(core, &DUTIES, &statement).await?;
    for answer in answers {
        let kind = if answer.taken { NotificationType::Accepted } else { NotificationType::Declined };
        let duty = seen.iter().find(|duty| duty.envelope.id == answer.id);
        found.extend(duty.map(|duty| turned(duty, kind, &answer.turn)));
    }
    Ok(())
}

/// Tells of an event that may come several times with a duty: each has the number of its revision.
fn turned(duty: &Record, kind: NotificationType, turn: &Turn) -> Found {
    Found { revision: Some(turn.revision), ..told(duty, kind, turn.at) }
}

fn told(duty: &Record, kind: NotificationType, at: DateTime<Utc>) -> Found {
    let label = duty.values.get(&wire::DUTY_KIND).and_then(|kind| DutyKind::VOCABULARY.find(kind.code()));
    Found { kind, at, subject: (DUTIES.name, duty.envelope.id), revision: None, label: label.map(|word| word.label) }
}
