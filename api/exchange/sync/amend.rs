//! Amending, voiding and restoring from a phone: against the revision that the phone knew.

use kit::catalogue::{Code, FaultCode};
use kit::problem::Problem;
use kit::tree::Tree;
use kit::tree::to_json;
use serde_json::{Map, Value as Json};

use super::course::Course;
use super::item::Item;
use super::lines;
use super::outcome::{Conflict, Outcome};
use crate::platform::access::roles::Actor;
use crate::platform::codes::NOT_FOUND;
use crate::platform::core::Core;
use crate::platform::http::fault;
use crate::records::amend::Revised;
use crate::records::create::TRIES;
use crate::records::gate::require_standing;
use crate::records::idempotency::Key;
use crate::records::{Kind, Record, amend, restore, void};

/// Amends a record by an item, merging it with what others changed since.
pub async fn amend_item(core: &Core, actor: &Actor, kind: &'static Kind, item: &Item) -> Result<Outcome, Problem> {
    let id = item.id().ok_or(NOT_FOUND)?;
    let key = Key::of_item(&item.hash);
    for _ in 0..TRIES {
        if let Some(replay) = key.replay(core, actor, kind).await? {
            let word: fn(Record) -> Outcome = if replay.status == MERGED { Outcome::Merged } else { Outcome::Revised };
            return Ok(word(replay.record));
        }
        let current = amend::writable(core, actor, kind, id).await?;
        require_standing(&current)?;
        let base_revision = item.frame.integer("base_revision").unwrap_or(current.envelope.revision);
        let whole = amend::patched(core, actor, kind, &current, &item.body).await?;
        let (mut body, mut meant, mut conflicting) = (item.body.clone(), item.body.clone(), Vec::new());
        let mut dropped = Vec::new();
        let mut is_stale = false;
        if base_revision != current.envelope.revision {
            let course = Course::of(core, actor, kind, &current, item, base_revision).await?;
            is_stale = course.is_stale();
            conflicting = course.conflicting(kind, &item.body, &whole);
            dropped.clone_from(&conflicting);
            if let Some(lines) = lines::merge(kind, &conflicting, [&course.known, &current, &whole]) {
                dropped.retain(|name| name != lines.list);
                conflicting.retain(|name| name != lines.list || lines.clash);
                lines::put(&mut body, lines.list, &lines.with_stored);
                lines::put(&mut meant, lines.list, &lines.with_sent);
            }
        }
        let patch = without(&body, &dropped);
        let status = if is_stale { MERGED } else { REVISED };
        let device_id = item.device_id.as_deref();
        match amend::revise(core, actor, kind, &current, &patch, Some((&key, status)), device_id).await? {
            Revised::Same => return Ok(conflict_or(Outcome::Same, current, conflicting, &meant)),
            Revised::Written(written) => {
                let word = if is_stale { Outcome::Merged } else { Outcome::Revised };
                return Ok(conflict_or(word, *written, conflicting, &meant));
            }
            Revised::Met => {}
        }
    }
    Err(Code::WRITE_CONFLICT.into())
}

/// Statuses kept of an answer, so that a retry says the same.
const REVISED: u16 = 200;
const MERGED: u16 = 207;

fn conflict_or(word: fn(Record) -> Outcome, record: Record, fields: Vec<String>, meant: &Tree) -> Outcome {
    if fields.is_empty() {
        return word(record);
    }
    let Json::Object(patch) = to_json(meant) else { return word(record) };
    let patch: Map<String, Json> = patch.into_iter().filter(|(name, _)| fields.contains(name)).collect();
    Outcome::Conflict(Box::new(Conflict { record, fields, patch: Json::Object(patch) }))
}

fn without(patch: &Tree, names: &[String]) -> Tree {
    match patch {
        Tree::Object(members) => {
            Tree::Object(members.iter().filter(|(name, _)| !names.contains(name)).cloned().collect())
        }
        other => other.clone(),
    }
}

/// Voids a record by an item. Whatever others changed, it doesn't hold: its author says so.
pub async fn void_item(core: &Core, actor: &Actor, kind: &'static Kind, item: &Item) -> Result<Outcome, Problem> {
    let (id, reason) = (item.id().ok_or(NOT_FOUND)?, reason_of(item)?);
    let before = amend::writable(core, actor, kind, id).await?;
    let record = void::void(core, actor, kind, id, None, &reason, None).await?;
    Ok(if before.envelope.voided { Outcome::Same(record) } else { Outcome::Revised(record) })
}

/// Restores a record by an item. One that was never void is as it should be.
pub async fn restore_item(core: &Core, actor: &Actor, kind: &'static Kind, item: &Item) -> Result<Outcome, Problem> {
    let (id, reason) = (item.id().ok_or(NOT_FOUND)?, reason_of(item)?);
    let before = amend::writable(core, actor, kind, id).await?;
    let record = restore::restore(core, actor, kind, id, None, &reason, None).await?;
    Ok(if before.envelope.voided { Outcome::Revised(record) } else { Outcome::Same(record) })
}

fn reason_of(item: &Item) -> Result<String, Problem> {
    match item.body.member("reason") {
        Some(Tree::Text(reason)) if !reason.trim().is_empty() => Ok(reason.chars().take(500).collect()),
        _ => Err(fault("/body/reason", FaultCode::REQUIRED)),
    }
}
