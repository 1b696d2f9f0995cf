//! Rights by which an item is judged: its sender's, and those he held when it happened. A worker who was
//! moved to another village hands in what he captured in the former one.

use chrono::{DateTime, TimeDelta, Utc};
use kit::problem::Problem;
use kit::row::Row;
use kit::statement::{ColumnType, Statement};
use kit::value::Value;
use uuid::Uuid;

use super::item::Item;
use crate::platform::access::accounts;
use crate::platform::access::roles::{Actor, Grant, Role};
use crate::platform::codes::NOT_FOUND;
use crate::platform::core::Core;
use crate::platform::divisions::away::Away;
use crate::records::{Kind, read};

/// How long after a grant was taken away what was captured under it is accepted.
const ACCEPTED: TimeDelta = TimeDelta::days(90);

/// A grant that the sender held until an instant.
pub struct FormerGrant {
    grant: Grant,
    revoked_at: DateTime<Utc>,
}

/// The grants that the sender held lately.
pub async fn former_grants(core: &Core, actor: &Actor) -> Result<Vec<FormerGrant>, Problem> {
    let statement = Statement::new("SELECT role, area_code, org_id, revoked_at FROM former_grants WHERE user_id = ")
        .id(actor.user_id)
        .sql(" AND revoked_at > ")
        .bind(ColumnType::Instant, Value::Instant(core.clock.now() - ACCEPTED));
    let rows = core.database.read(&statement).await?;
    Ok(rows.into_iter().filter_map(of_row).collect())
}

fn of_row(mut row: Row) -> Option<FormerGrant> {
    let role = Role::of_code(&row.text("role")?)?;
    let grant = Grant { role, area_code: row.text("area_code")?, org_id: row.id("org_id") };
    Some(FormerGrant { grant, revoked_at: row.instant("revoked_at")? })
}

/// The district where what the sender leaves over is kept: his own, or the one he worked in last.
pub fn home(actor: &Actor, former: &[FormerGrant]) -> Option<String> {
    let last = former.iter().max_by_key(|former| former.revoked_at);
    let last = last.and_then(|former| former.grant.area_code.get(..6)).map(str::to_owned);
    let own = actor.districts.iter().min().cloned();
    own.or(last)
}

/// The sender with what he held when something happened; none where that is what he holds now.
pub fn as_of(actor: &Actor, former: &[FormerGrant], occurred_at: Option<DateTime<Utc>>) -> Option<Actor> {
    let occurred_at = occurred_at?;
    let held: Vec<&Grant> =
        former.iter().filter(|former| occurred_at <= former.revoked_at).map(|former| &former.grant).collect();
    if held.is_empty() {
        return None;
    }
    let mut actor = actor.clone();
    for grant in held {
        actor.districts.extend(grant.area_code.get(..6).map(str::to_owned));
        actor.grants.push(grant.clone());
    }
    actor.districts.sort();
    actor.districts.dedup();
    Some(actor)
}

/// The author of what is kept, with what he holds and what he held when he wrote it. Of somebody who left since, what
/// he held until then.
pub async fn author(core: &Core, user_id: Uuid, written_at: DateTime<Utc>) -> Result<Actor, Problem> {
    let author = accounts::of_author(core, user_id).await?.ok_or(NOT_FOUND)?;
    let former = former_grants(core, &author).await?;
    Ok(as_of(&author, &former, Some(written_at)).unwrap_or(author))
}

/// The sender with what he held when he wrote the record that an item changes; none where it isn't his, or is
/// newer than that. When an item happened only its sender says: a grant that was taken away must not go on
/// reaching what others wrote.
pub async fn as_author(
    core: &Core,
    actor: &Actor,
    former: &[FormerGrant],
    kind: &Kind,
    item: &Item,
) -> Result<Option<Actor>, Problem> {
    let (Some(then), Some(id)) = (as_of(actor, former, item.occurred_at()), item.id()) else { return Ok(None) };
    let mut away = Away::new(core);
    for district_code in &then.districts {
        let found = away.pass(read::find_unscoped(core, kind, district_code, &[id]).await)?;
        let Some(envelope) = found.and_then(|mut found| found.remove(&id)).map(|record| record.envelope) else {
            continue;
        };
        let own = envelope.recorded_by == actor.user_id || envelope.captured_by == Some(actor.user_id);
        let latest = item.occurred_at().max(Some(envelope.recorded_at));
        return Ok(own.then(|| as_of(actor, former, latest)).flatten());
    }
    away.none_missed()?;
    Ok(None)
}
