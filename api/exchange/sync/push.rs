//! Taking what a phone hands in.

use std::collections::BTreeMap;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::CACHE_CONTROL;
use futures_util::future::join_all;
use kit::catalogue::FaultCode;
use kit::check::check_shape;
use kit::faults::Faults;
use kit::field::{Shape, free_text};
use kit::problem::Problem;
use kit::time::InZone;
use kit::tree::Tree;
use kit::value::Value;
use kit::walk::escape;

use super::amend::{amend_item, restore_item, void_item};
use super::handed_in::{FormerGrant, as_author, as_of, former_grants, home};
use super::item::Item;
use super::outcome::{Conflict, Outcome, is_passing};
use super::state;
use super::wire::SyncResults;
use super::write_stages::write_stages;
use super::{again, former};
use crate::platform::access::roles::Actor;
use crate::platform::codes::{ACCOUNT_DEACTIVATED, FORBIDDEN};
use crate::platform::core::Core;
use crate::platform::divisions::away::Away;
use crate::platform::http::{Answer, Call};
use crate::records::bulk::create_bulk;
use crate::records::closed::require_person;
use crate::records::codes::{RECORD_EXISTS, RECORD_PURGED};
use crate::records::create::{Created, SYNC, create_all};
use crate::records::idempotency::Key;
use crate::records::{Kind, Record, read};

/// The most items of a push.
pub const MOST: usize = 500;
/// Form of a device's name.
pub const DEVICE_ID: Shape = free_text(100);

/// `POST /v1/sync/push`.
pub async fn push(call: Call) -> Answer {
    let (core, actor) = (&call.core, call.actor()?);
    let tree = call.batch_tree().await?;
    let (device_id, trees) = read_push(&tree)?;
    let mut items: Vec<Item> =
        trees.iter().enumerate().map(|(index, tree)| Item::read(core, actor.user_id, index, tree)).collect();
    items.iter_mut().for_each(|item| item.device_id.clone_from(&device_id));
    for kind in items.iter().filter_map(|item| core.kinds().kind(item.kind())) {
        require_person(&call, kind)?;
    }
    former::recognise(core, actor, &mut items).await?;
    let former = former_grants(core, actor).await?;
    let mut results: Vec<(Item, Outcome)> = Vec::with_capacity(items.len());
    let is_judged = |kind: &str| core.kinds().kind(kind).is_some_and(|kind| kind.rules.judged_across_rows());
    let is_kept = |kind: &str| core.kinds().kind(kind).is_some_and(|kind| kind.rules.stays_while_named());
    for wave in write_stages(items, is_judged, is_kept) {
        results.extend(write_wave(core, actor, &former, wave).await?);
    }
    let mut results = try_again(core, actor, &former, results).await?;
    results.sort_by_key(|(item, _)| item.index);
    // Answered only when what couldn't be placed is kept: else the phone would forget it.
    let home = home(actor, &former);
    state::keep(&call, home.clone(), device_id.as_deref(), &mut results).await?;
    if let Some(district_code) = home.filter(|_| came(&results)) {
        again::retry_of(core, actor.user_id, &district_code).await?;
    }
    let request_id = call.request_id();
    let lines = results.iter().map(|(item, outcome)| outcome.shown(core, item, call.language, &request_id)).collect();
    let head = actor.districts.first().map(|district| core.ledger.heads().known(district));
    let body = SyncResults { results: lines, server_time: InZone(core.clock.now(), core.zone), head };
    Ok(HttpResponse::build(StatusCode::MULTI_STATUS).insert_header((CACHE_CONTROL, "no-store")).json(body))
}

fn read_push(tree: &Tree) -> Result<(Option<String>, Vec<Tree>), Problem> {
    let mut faults = Faults::default();
    let (mut device_id, mut items) = (None, None);
    let Tree::Object(members) = tree else {
        faults.add("", FaultCode::NOT_AN_OBJECT);
        return faults.finish().map(|()| (None, Vec::new()));
    };
    for (name, member) in members {
        match (name.as_str(), member) {
            ("device_id", _) if device_id.is_some() => faults.add("/device_id", FaultCode::DUPLICATE_FIELD),
            ("items", _) if items.is_some() => faults.add("/items", FaultCode::DUPLICATE_FIELD),
            ("device_id", member) => device_id = Some(check_shape(&DEVICE_ID, member, "/device_id", &mut faults)),
            ("items", Tree::List(list)) => items = Some(list.clone()),
            ("items", _) => faults.add_with("/items", FaultCode::WRONG_TYPE, vec![("type", "array".into())]),
            _ => faults.add(format!("/{}", escape(name)), FaultCode::UNKNOWN_FIELD),
        }
    }
    for (name, missing) in [("device_id", device_id.is_none()), ("items", items.is_none())] {
        if missing && !faults.touches(&format!("/{name}")) {
            faults.add(format!("/{name}"), FaultCode::REQUIRED);
        }
    }
    let device_id = match device_id.flatten() {
        Some(Value::Text(text)) => Some(text),
        _ => None,
    };
    if items.as_ref().is_some_and(|items| items.len() > MOST) {
        faults.add_with("/items", FaultCode::TOO_MANY, vec![("max", MOST.to_string())]);
    }
    faults.finish().map(|()| (device_id, items.unwrap_or_default()))
}

/// Writes items in whatever order: creations of a kind together, all else side by side.
async fn write_wave(
    core: &Core,
    actor: &Actor,
    former: &[FormerGrant],
    wave: Vec<Item>,
) -> Result<Vec<(Item, Outcome)>, Problem> {
    let mut results = Vec::with_capacity(wave.len());
    let mut creations: BTreeMap<&'static str, Vec<Item>> = BTreeMap::new();
    let mut others = Vec::new();
    for item in wave {
        if let Some(record) = handed_in_before(core, actor, &item).await? {
            results.push((item, Outcome::Same(record)));
            continue;
        }
        match judge(core, actor, former, &item) {
            Err(outcome) => results.push((item, *outcome)),
            Ok(kind) if item.op() == "create" => creations.entry(kind.name).or_default().push(item),
            Ok(kind) => others.push((kind, item)),
        }
    }
    for (name, items) in creations {
        let kind = core.kinds().kind(name).ok_or_else(|| Problem::internal(format!("no kind {name}")))?;
        results.extend(create(core, actor, former, kind, items).await?);
    }
    let changes = others.into_iter().map(async |(kind, item)| {
        let outcome = change(core, actor, former, kind, &item).await;
        outcome.map(|outcome| (item, outcome))
    });
    for result in join_all(changes).await {
        results.push(result?);
    }
    Ok(results)
}

/// Whether anything new came.
fn came(results: &[(Item, Outcome)]) -> bool {
    results.iter().any(|(_, outcome)| matches!(outcome, Outcome::Created(_)))
}

/// Tries items again that couldn't be placed, where something came after them: a queue may be in any order.
async fn try_again(
    core: &Core,
    actor: &Actor,
    former: &[FormerGrant],
    results: Vec<(Item, Outcome)>,
) -> Result<Vec<(Item, Outcome)>, Problem> {
    let waits = |(_, outcome): &(Item, Outcome)| matches!(outcome, Outcome::Held(problem) if again::may_help(problem));
    if !came(&results) || !results.iter().any(waits) {
        return Ok(results);
    }
    let (mut waiting, mut done): (Vec<_>, Vec<_>) = results.into_iter().partition(waits);
    waiting.sort_by_key(|(item, _)| item.index);
    for (item, _) in waiting {
        // One after the other: they may be about the same record.
        done.extend(write_wave(core, actor, former, vec![item]).await?);
    }
    Ok(done)
}

/// Writes one item of an author: a held one tried again.
pub async fn write_one(core: &Core, author: &Actor, item: &Item) -> Result<Outcome, Problem> {
    let former = former_grants(core, author).await?;
    let mut results = write_wave(core, author, &former, vec![item.clone()]).await?;
    results.pop().map(|(_, outcome)| outcome).ok_or_else(|| Problem::internal("an item has no outcome"))
}

/// Judges an item without a look at the records: its frame can't be read, its account left, or its sender
/// never writes that kind.
fn judge(core: &Core, actor: &Actor, former: &[FormerGrant], item: &Item) -> Result<&'static Kind, Box<Outcome>> {
    if actor.left_area.is_some() {
        return Err(Box::new(Outcome::Held(ACCOUNT_DEACTIVATED.into())));
    }
    let kind = core.kinds().kind(item.kind());
    let writes = |kind: &&'static Kind| {
        actor.holds(kind.writers)
            || as_of(actor, former, item.occurred_at()).is_some_and(|actor| actor.holds(kind.writers))
    };
    match (item.problem(), kind) {
        (None, Some(kind)) if writes(&kind) => Ok(kind),
        (Some(problem), Some(kind)) if writes(&kind) => Err(Box::new(Outcome::Held(problem))),
        (Some(problem), None) if item.kind().is_empty() => Err(Box::new(Outcome::Held(problem))),
        _ => Err(Box::new(Outcome::Refused(FORBIDDEN.into()))),
    }
}

/// For an account that left: the record, where the item went through before and only the answer was lost.
async fn handed_in_before(core: &Core, actor: &Actor, item: &Item) -> Result<Option<Record>, Problem> {
    let (Some(kind), Some(id), Some(_)) = (core.kinds().kind(item.kind()), item.id(), &actor.left_area) else {
        return Ok(None);
    };
    let mut away = Away::new(core);
    for district_code in &actor.districts {
        let found = away.pass(read::find_unscoped(core, kind, district_code, &[id]).await)?;
        let Some(record) = found.and_then(|mut found| found.remove(&id)) else { continue };
        let own = item.op() == "create" && record.envelope.recorded_by == actor.user_id;
        if own || Key::of_item(&item.hash).was_used(core, district_code).await? {
            return Ok(Some(record));
        }
    }
    away.none_missed()?;
    Ok(None)
}

async fn create(
    core: &Core,
    actor: &Actor,
    former: &[FormerGrant],
    kind: &'static Kind,
    items: Vec<Item>,
) -> Result<Vec<(Item, Outcome)>, Problem> {
    let trees: Vec<Tree> = items.iter().map(Item::creation).collect();
    let outcomes = create_bulk(core, actor, kind, &trees, SYNC).await?;
    let mut results = Vec::with_capacity(items.len());
    for (item, outcome) in items.into_iter().zip(outcomes) {
        let outcome = match (outcome, as_of(actor, former, item.occurred_at())) {
            (Err(problem), Some(author)) if !is_passing(&problem) => {
                let again = create_all(core, &author, kind, &[item.creation()], SYNC, None).await?;
                again.into_iter().next().unwrap_or(Err(problem))
            }
            (outcome, _) => outcome,
        };
        let outcome = created(core, actor, kind, &item, outcome).await?;
        results.push((item, outcome));
    }
    Ok(results)
}

async fn created(
    core: &Core,
    actor: &Actor,
    kind: &'static Kind,
    item: &Item,
    outcome: Result<Created, Problem>,
) -> Result<Outcome, Problem> {
    match outcome {
        Ok(Created::New(record)) => Ok(Outcome::Created(record)),
        Ok(Created::Same(record)) => Ok(Outcome::Same(record)),
        Ok(Created::Known(record, _)) => Ok(Outcome::Same(record)),
        // The same id with other content: the first stands, the other is kept beside it.
        Err(problem) if problem.code() == RECORD_EXISTS => {
            let record = match read::find(core, actor, kind, item.id().unwrap_or_default()).await {
                Ok(record) => record,
                // In his former area, which he doesn't see any more.
                Err(missing) => return kept(missing),
            };
            let patch = kit::tree::to_json(&item.body);
            let fields = patch.as_object().map(|members| members.keys().cloned().collect()).unwrap_or_default();
            Ok(Outcome::Conflict(Box::new(Conflict { record, fields, patch })))
        }
        Err(problem) => kept(problem),
    }
}

async fn change(
    core: &Core,
    actor: &Actor,
    former: &[FormerGrant],
    kind: &'static Kind,
    item: &Item,
) -> Result<Outcome, Problem> {
    core.refresh_for(kind).await?;
    let attempt = async |actor: &Actor| match item.op() {
        "void" => void_item(core, actor, kind, item).await,
        "restore" => restore_item(core, actor, kind, item).await,
        _ => amend_item(core, actor, kind, item).await,
    };
    match attempt(actor).await {
        Err(problem) if !is_passing(&problem) => match as_author(core, actor, former, kind, item).await? {
            Some(author) => attempt(&author).await.or_else(kept),
            None => kept(problem),
        },
        outcome => outcome.or_else(kept),
    }
}

/// Holds an item that can't be placed; a problem that will pass fails the push, which is sent again.
fn kept(problem: Problem) -> Result<Outcome, Problem> {
    if is_passing(&problem) {
        return Err(problem);
    }
    // Holding it would bring back what was erased: the phone keeps it, and is told.
    Ok(if problem.code() == RECORD_PURGED { Outcome::Refused(problem) } else { Outcome::Held(problem) })
}
