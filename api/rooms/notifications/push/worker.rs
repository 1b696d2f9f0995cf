//! The worker of Web Push: finds whose notifications may have grown, by what the ledger wrote about duties since it looked
//! last, and pushes to their phones what they weren't told yet. Nobody else's notifications are looked at.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Weak;
use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use kit::columns;
use kit::problem::Problem;
use kit::row::Row;
use kit::statement::{ColumnType, Statement};
use kit::text::Language;
use kit::value::Value;
use serde_json::json;
use uuid::Uuid;

use super::encrypt::{MOST_BYTES, encrypt};
use super::subscriptions::{ID, SUBSCRIPTION, Subscription, USER_ID, opened};
use super::vapid;
use crate::platform::access::accounts::of_user;
use crate::platform::audit::job_write;
use crate::platform::core::Core;
use crate::platform::divisions::each::over_all;
use crate::platform::leases::{take_lease, under_lease};
use crate::platform::outbound::sender::Sender;
use crate::rooms::duties::DUTIES;
use crate::rooms::notifications::derived;
use crate::rooms::notifications::marks::Marks;
use crate::rooms::notifications::wire::{Found, NotificationType};

/// Pause between two looks.
const PAUSE: Duration = Duration::from_secs(15);
/// How long a push service keeps what a phone that is off wasn't given, in seconds.
const KEPT_S: u32 = 43_200;

columns! {
    LAST_NO "last_no": i64;
    DISTRICT_CODE "district_code": String;
    TOLD "told": serde_json::Value;
    CREATED_AT "created_at": DateTime<Utc>;
}

/// Works until the service ends.
pub async fn work(core: Weak<Core>) {
    let (holder, mut looked) = (Uuid::new_v4(), BTreeMap::new());
    while let Some(core) = core.upgrade() {
        if let Err(problem) = look(&core, holder, &mut looked).await {
            tracing::warn!(%problem, "phones could not be told; tried again in a moment");
        }
        drop(core);
        tokio::time::sleep(PAUSE).await;
    }
}

/// Looks once, if the lease is this holder's. `looked` is up to which number of each district it looked before.
async fn look(core: &Core, holder: Uuid, looked: &mut BTreeMap<String, i64>) -> Result<(), Problem> {
    let subscribed = Statement::new("SELECT DISTINCT user_id FROM push_subscriptions");
    let subscribed: BTreeSet<Uuid> =
        core.database.read(&subscribed).await?.into_iter().filter_map(|mut row| row.get(&USER_ID)).collect();
    if subscribed.is_empty() || !take_lease(core, "push", holder).await? {
        looked.clear();
        return Ok(());
    }
    under_lease(core, "push", holder, async {
        for user_id in touched(core, &subscribed, looked).await? {
            tell(core, user_id).await?;
        }
        Ok(())
    })
    .await
}

/// Of these accounts those of whose duties something was written since the last look; all of them at the first.
async fn touched(
    core: &Core,
    subscribed: &BTreeSet<Uuid>,
    looked: &mut BTreeMap<String, i64>,
) -> Result<BTreeSet<Uuid>, Problem> {
    let clocks =
        |only| Statement::new("SELECT district_code, last_no FROM district_clocks WHERE last_no > 0 AND ").then(only);
    let mut touched = BTreeSet::new();
    for mut row in over_all(core, clocks).await? {
        let Some((district_code, last_no)) = row.get(&DISTRICT_CODE).zip(row.get(&LAST_NO)) else { continue };
        let since = looked.insert(district_code.clone(), last_no);
        let Some(since) = since else {
            touched.extend(subscribed);
            continue;
        };
        if since < last_no {
            touched.extend(written(core, &district_code, since, last_no).await?);
        }
        // Conflicts are no records: a phone's own push finds them, and its account is looked at while it has any.
        touched.extend(in_conflict(core, &district_code).await?);
    }
    touched.retain(|id| subscribed.contains(id));
    Ok(touched)
}

async fn written(core: &Core, district_code: &str, since: i64, last_no: i64) -> Result<Vec<Uuid>, Problem> {
    let statement = Statement::new(format!(
        "SELECT DISTINCT u.user_id FROM ledger_changes AS c JOIN {kind} AS d ON d.district_code = c.district_code AND d.id = c.id \
         CROSS JOIN LATERAL (SELECT v.user_id FROM (VALUES (d.assignee_id), (d.escalated_to_id), (d.offered_to)) AS v(user_id) \
         UNION SELECT (h.body->>'revised_by')::uuid FROM record_revisions AS h WHERE h.district_code = d.district_code AND h.kind = '{kind}' AND h.id = d.id AND h.body->>'offered_to' IS NOT NULL) AS u(user_id) \
         WHERE u.user_id IS NOT NULL AND c.kind = '{kind}' AND c.district_code = ",
        kind = DUTIES.name
    ))
    .text(district_code)
    .sql(" AND c.change_no > ")
    .integer(since)
    .sql(" AND c.change_no <= ")
    .integer(last_no)
    .seeing_district(district_code);
    let rows = core.database.read(&statement).await?;
    Ok(rows.into_iter().filter_map(|mut row| row.get(&USER_ID)).collect())
}

async fn in_conflict(core: &Core, district_code: &str) -> Result<Vec<Uuid>, Problem> {
    let statement =
        Statement::new("SELECT DISTINCT user_id FROM sync_conflicts WHERE state = 'open' AND district_code = ")
            .text(district_code)
            .seeing_district(district_code);
    let rows = core.database.read(&statement).await?;
    Ok(rows.into_iter().filter_map(|mut row| row.get(&USER_ID)).collect())
}

/// A subscription's row.
struct Phone {
    id: Uuid,
    subscription: Subscription,
    told: BTreeSet<String>,
    created_at: DateTime<Utc>,
}

fn phone(core: &Core, mut row: Row) -> Option<Phone> {
    let id = row.get(&ID)?;
    let told = row.get(&TOLD).and_then(|json| serde_json::from_value(json).ok()).unwrap_or_default();
    Some(Phone {
        id,
        subscription: opened(core, id, &row.get(&SUBSCRIPTION)?)?,
        told,
        created_at: row.get(&CREATED_AT)?,
    })
}

/// Tells an account's phones what they weren't told yet.
async fn tell(core: &Core, user_id: Uuid) -> Result<(), Problem> {
    let Some(actor) = of_user(core, user_id).await?.filter(|actor| !actor.grants.is_empty()) else { return Ok(()) };
    let (found, marks) = (derived::all(core, &actor).await?, Marks::of(core, user_id).await?);
    let phones = Statement::new("SELECT id, subscription, told, created_at FROM push_subscriptions WHERE user_id = ")
        .id(user_id);
    let rows = core.database.read(&phones).await?;
    for phone in rows.into_iter().filter_map(|row| phone(core, row)) {
        let is_new =
            |one: &&Found| one.at > phone.created_at && marks.read_at(one).is_none() && !phone.told.contains(&one.id());
        let new: Vec<&Found> = found.iter().filter(is_new).collect();
        if new.is_empty() {
            continue;
        }
        // Noted first: told twice is worse on a lock screen than not told, and the list has it.
        let told: BTreeSet<String> = found.iter().map(Found::id).collect();
        let note = Statement::new("UPDATE push_subscriptions SET told = ")
            .bind(ColumnType::Json, Value::Json(json!(told)))
            .sql(" WHERE id = ")
            .id(phone.id);
        job_write(core, vec![note]).await?;
        if !push(core, &phone.subscription, &new).await? {
            let over = Statement::new("DELETE FROM push_subscriptions WHERE id = ").id(phone.id);
            job_write(core, vec![over]).await?;
        }
    }
    Ok(())
}

/// Pushes; false where the push service says that the subscription is over.
async fn push(core: &Core, subscription: &Subscription, new: &[&Found]) -> Result<bool, Problem> {
    let sender = core.ext::<Sender>();
    let (target, receiver) = (sender.judge.target(&subscription.endpoint), subscription.receiver());
    let (Some(target), Some(receiver)) = (target, receiver) else { return Ok(false) };
    let text = json!({"title": "联防", "body": text(new, subscription.language()), "count": new.len()}).to_string();
    let own =
        p256::SecretKey::from_slice(&rand::random::<[u8; 32]>()).map_err(|_| Problem::internal("no key by chance"))?;
    let sealed = encrypt(&receiver, &own, rand::random(), text.as_bytes())
        .ok_or_else(|| Problem::internal("a push can't be sealed"))?;
    let is_urgent = new.iter().any(|one| one.kind == NotificationType::Fever);
    let contact = core.config.push_contact.as_deref();
    let headers = [
        ("content-type", "application/octet-stream".to_owned()),
        ("content-encoding", "aes128gcm".to_owned()),
        ("ttl", KEPT_S.to_string()),
        ("urgency", if is_urgent { "high" } else { "normal" }.to_owned()),
        ("authorization", vapid::authorization(&core.keys.push, &target.origin(), contact, core.clock.now())?),
    ];
    match sender.post(&target, &headers, Bytes::from(sealed)).await {
        Ok(answered) => Ok(!matches!(answered.status, 404 | 410)),
        Err(cause) => {
            tracing::debug!(cause, "a push service could not be reached");
            Ok(true)
        }
    }
}

/// Text of a lock screen: how much of what waits, and nobody's name.
fn text(new: &[&Found], language: Language) -> String {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for one in new {
        *counts.entry(one.text(language)).or_default() += 1;
    }
    let of = |(text, count): (String, usize)| if count > 1 { format!("{text} ×{count}") } else { text };
    let all: Vec<String> = counts.into_iter().map(of).collect();
    all.join("\n").chars().take(MOST_BYTES / 4 - 60).collect()
}
