//! Course of a record since the revision that a phone knew: changes by the phone itself are its own
//! sequence, changes by others are those it may clash with.

use std::collections::BTreeSet;

use kit::problem::Problem;
use kit::tree::Tree;
use kit::value::{Value, Values};

use super::item::Item;
use crate::platform::access::roles::Actor;
use crate::platform::core::Core;
use crate::platform::http::fault;
use crate::records::codes::UNKNOWN_REFERENCE;
use crate::records::{Kind, Record, read};

/// Fields of the envelope that a phone may amend.
const ENVELOPE: [&str; 4] = ["area_code", "org_id", "occurred_at", "note"];

/// The revisions since the one that an amendment was made from.
pub struct Course {
    /// The last revision that the phone knows: the one it names, or the last one that it made of that itself.
    pub known: Record,
    current: Record,
    /// The fields that others changed since.
    theirs: BTreeSet<String>,
}

impl Course {
    /// The course of a record since a revision, for an item's device.
    pub async fn of(
        core: &Core,
        actor: &Actor,
        kind: &'static Kind,
        current: &Record,
        item: &Item,
        base_revision: i64,
    ) -> Result<Self, Problem> {
        let revisions = read::revisions(core, actor, kind, current.envelope.id).await?;
        let mut later = revisions.into_iter().skip_while(|record| record.envelope.revision != base_revision);
        let base = later.next().ok_or_else(|| fault("/base_revision", UNKNOWN_REFERENCE))?;
        let is_own = |record: &Record| {
            let envelope = &record.envelope;
            item.device_id.is_some() && envelope.device_id == item.device_id && envelope.revised_by == actor.user_id
        };
        let (mut known, mut before, mut theirs) = (base.clone(), base, BTreeSet::new());
        let mut alone = true;
        for record in later {
            let own = is_own(&record);
            alone &= own;
            if alone {
                known = record.clone();
            }
            if !own {
                theirs.extend(changed(kind, &before, &record));
            }
            before = record;
        }
        Ok(Self { known, current: current.clone(), theirs })
    }

    /// Whether others changed the record since.
    pub fn is_stale(&self) -> bool {
        self.known.envelope.revision != self.current.envelope.revision
    }

    /// The members of a patch that others changed too, to another value than the phone's.
    pub fn conflicting(&self, kind: &Kind, patch: &Tree, whole: &Record) -> Vec<String> {
        let Tree::Object(members) = patch else { return Vec::new() };
        let (known, current, whole) = (all(kind, &self.known), all(kind, &self.current), all(kind, whole));
        let clashes = |name: &&String| {
            let stands = current.get(name);
            self.theirs.contains(*name) && stands != known.get(name) && stands != whole.get(name)
        };
        members.iter().map(|(name, _)| name).filter(clashes).cloned().collect()
    }
}

/// The fields in which two revisions differ.
fn changed(kind: &Kind, former: &Record, next: &Record) -> Vec<String> {
    let (former, next) = (all(kind, former), all(kind, next));
    let differs = |name: &&'static str| former.get(name) != next.get(name);
    next.iter().map(|(name, _)| name).filter(differs).map(str::to_owned).collect()
}

/// All that can be amended, envelope and own fields, by name.
fn all(kind: &Kind, record: &Record) -> Values {
    let envelope = &record.envelope;
    let mut values = Values::default();
    values.set("area_code", Value::Text(envelope.area_code.clone()));
    values.set("org_id", envelope.org_id.map_or(Value::Null, Value::Id));
    values.set("occurred_at", Value::Instant(envelope.occurred_at));
    for name in kind.fields.iter().map(|field| field.name).chain(["note"]) {
        if !ENVELOPE.contains(&name) || name == "note" {
            values.set(name, record.values.get(name).cloned().unwrap_or(Value::Null));
        }
    }
    values
}
