//! Assembling: from a prepared creation to the rows it writes: the record itself and whom it introduces.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use kit::problem::Problem;
use kit::value::Value;
use serde_json::json;
use uuid::Uuid;

use super::awaited::Awaited;
use super::change::Changes;
use super::context::Context;
use super::days::judge_days;
use super::definition::Kind;
use super::draft::Draft;
use super::envelope::{self, Envelope};
use super::moments;
use super::prepare::Prepared;
use super::read;
use super::record::Record;
use super::resolve;
use super::void::{BROUGHT_BACK, is_undone};
use super::warnings::{Noted, PURGED_ALREADY, REFERENCE_VOIDED, VOIDED_ALREADY};
use crate::platform::access::roles::Actor;
use crate::platform::core::Core;
use crate::platform::privacy::blind::derived_id;

/// Records whose identity the server derives, that are known already: by kind, district and id.
pub type Known = BTreeMap<(&'static str, String, Uuid), Record>;

/// Result of assembling a creation.
pub enum Assembled {
    /// A new record; its number in the append.
    New(Record, i64),
    /// Somebody known who gained something; his number.
    Completed(Record, i64),
    /// Somebody known about whom nothing is new.
    Unchanged(Record),
}

/// Loads who is known of those that the creations identify.
pub async fn load_known(core: &Core, items: &[&Prepared], now: DateTime<Utc>) -> Result<Known, Problem> {
    let (mut known, mut asked) = (Known::new(), BTreeSet::new());
    // Once more where a record under the id is another's, as often as one took the other's place.
    for _ in 0..MOST_SUCCESSORS {
        let before = asked.len();
        look_up(core, items, now, &mut known, &mut asked).await?;
        if asked.len() == before {
            break;
        }
    }
    Ok(known)
}

/// The id of what a draft tells of: the one that its content gives, or where another's record has that, its successor.
fn id_of(draft: &Draft, district_code: &str, context: &Context<'_>, known: &Known) -> Option<Uuid> {
    let mut id = draft.kind.rules.identify(draft, context)?;
    for _ in 0..MOST_SUCCESSORS {
        let found = known.get(&(draft.kind.name, district_code.to_owned(), id));
        if found.is_none_or(|found| draft.kind.rules.is_same(found, draft, context)) {
            break;
        }
        id = derived_id(&context.keys.identity, &["successor", &id.to_string()]);
    }
    Some(id)
}

/// Reads the records of all ids that weren't asked for before.
async fn look_up(
    core: &Core,
    items: &[&Prepared],
    now: DateTime<Utc>,
    known: &mut Known,
    asked: &mut BTreeSet<(&'static str, String, Uuid)>,
) -> Result<(), Problem> {
    let mut wanted: BTreeMap<(&'static str, &str), BTreeSet<Uuid>> = BTreeMap::new();
    for item in items {
        let context = core.context(now, &item.place.district_code);
        let drafts = item.draft.inline.iter().map(|(_, inner)| inner).chain([&item.draft]);
        for draft in drafts {
            if let Some(id) = id_of(draft, &item.place.district_code, &context, known) {
                let ids = wanted.entry((draft.kind.name, &item.place.district_code)).or_default();
                ids.extend([id].into_iter().chain(draft.client_id()));
            }
        }
    }
    for ((name, district_code), ids) in wanted {
        let kind = core.kinds().kind(name).ok_or_else(|| Problem::internal(format!("no kind {name}")))?;
        let ids: Vec<Uuid> = ids.into_iter().filter(|id| asked.insert((name, district_code.to_owned(), *id))).collect();
        if ids.is_empty() {
            continue;
        }
        for (id, record) in read::find_unscoped(core, kind, district_code, &ids).await? {
            known.insert((name, district_code.to_owned(), id), record);
        }
    }
    Ok(())
}

/// Records at most that took one another's place: nobody moves so often.
const MOST_SUCCESSORS: usize = 16;

/// Whether a creation takes the id of somebody whom the caller may not see: who has neither document nor phone is
/// identified by the id that a client chose, which must not open a way to another's record.
pub fn takes_anothers(core: &Core, actor: &Actor, item: &Prepared, now: DateTime<Utc>, known: &Known) -> bool {
    let context = core.context(now, &item.place.district_code);
    let mut drafts = item.draft.inline.iter().map(|(_, inner)| inner).chain([&item.draft]);
    drafts.any(|draft| {
        let own = draft.client_id().filter(|own| draft.kind.rules.identify(draft, &context) == Some(*own));
        let found = own.and_then(|id| known.get(&(draft.kind.name, item.place.district_code.clone(), id)));
        found.is_some_and(|record| {
            let envelope = &record.envelope;
            envelope.recorded_by != actor.user_id
                && !actor.reaches(draft.kind.readers, &envelope.area_code, envelope.org_id)
        })
    })
}

/// Puts a creation into an append. `known` is kept current, so that the next one of the same append
/// sees whom this one introduced.
pub fn assemble(
    core: &Core,
    actor: &Actor,
    item: &Prepared,
    now: DateTime<Utc>,
    known: &mut Known,
    changes: &mut Changes,
) -> Assembled {
    let context = core.context(now, &item.place.district_code);
    let mut assembly = Assembly { actor, item, context, now, known, changes };
    let number = assembly.changes.next_number();
    let mut draft = item.draft.clone();
    for (field, inner) in std::mem::take(&mut draft.inline) {
        let (id, warnings) = assembly.introduce(inner);
        draft.values.set(draft.id_field(field), Value::Id(id));
        draft.warnings.extend(warnings);
    }
    match id_of(&draft, &item.place.district_code, &assembly.context, assembly.known) {
        Some(id) => assembly.identified(draft, id, number),
        None => {
            let record = assembly.record(&mut draft, item.id);
            assembly.changes.put(draft.kind, None, record.clone());
            Assembled::New(record, number)
        }
    }
}

struct Assembly<'a> {
    actor: &'a Actor,
    item: &'a Prepared,
    context: Context<'a>,
    now: DateTime<Utc>,
    known: &'a mut Known,
    changes: &'a mut Changes,
}

impl Assembly<'_> {
    /// A record given inline: new, or known and perhaps completed. Answers its id and the warnings.
    fn introduce(&mut self, mut draft: Draft) -> (Uuid, Vec<Noted>) {
        // Somebody without document and phone is nobody's twin: an id of his own, the same at each retry.
        let own = || derived_id(&self.context.keys.identity, &["inline", &self.item.id.to_string(), &draft.pointer]);
        let id = id_of(&draft, &self.item.place.district_code, &self.context, self.known).unwrap_or_else(own);
        self.keep_alias(&mut draft, id);
        match self.known(draft.kind, id) {
            None => {
                let record = self.record(&mut draft, id);
                self.put(draft.kind, None, record);
            }
            Some(known) => {
                if known.envelope.voided && !self.brings_back(&known) {
                    draft.warnings.push(Noted::new(&REFERENCE_VOIDED, draft.pointer.clone()));
                }
                self.complete(&mut draft, known);
            }
        }
        (id, draft.warnings)
    }

    /// A record whose identity the server derives, posted itself.
    fn identified(&mut self, mut draft: Draft, id: Uuid, number: i64) -> Assembled {
        self.keep_alias(&mut draft, id);
        let Some(known) = self.known(draft.kind, id) else {
            let record = self.record(&mut draft, id);
            self.put(draft.kind, None, record.clone());
            return Assembled::New(record, number);
        };
        if known.envelope.voided && !self.brings_back(&known) {
            draft.warn(&VOIDED_ALREADY, "id");
        }
        // Of somebody met twice in one append there is one row, under the first number.
        let before = self.changes.number_of(draft.kind, id);
        let completed = self.complete(&mut draft, known.clone());
        if completed.is_none() || before.is_some() {
            // A number without a row of its own would be a gap.
            self.changes.release_number();
        }
        let is_unchanged = completed.is_none() && before.is_none();
        let mut record = completed.unwrap_or(known);
        record.envelope.warnings = draft.warnings;
        if is_unchanged { Assembled::Unchanged(record) } else { Assembled::Completed(record, before.unwrap_or(number)) }
    }

    /// Completes somebody known; none where nothing is new.
    fn complete(&mut self, draft: &mut Draft, mut known: Record) -> Option<Record> {
        let was_purged = known.envelope.purged_at.is_some();
        if let Some(purged_at) = known.envelope.purged_at {
            if self.happened_at() <= purged_at {
                // Sent once more, it doesn't bring back what was erased.
                draft.warnings.push(Noted::new(&PURGED_ALREADY, draft.pointer.clone()));
                return None;
            }
            // Met again since: that is a registration of its own.
            known.envelope.purged_at = None;
        }
        let back = self.brings_back(&known).then(|| self.brought_back(&known));
        let reconciled = draft.kind.rules.reconcile(back.as_ref().unwrap_or(&known), draft, &self.context, self.actor);
        let mut next = reconciled.or(back)?;
        for field in draft.kind.personal_fields().filter(|_| was_purged) {
            if let (None, Some(told)) = (next.values.get(field.name), draft.values.get(field.name)) {
                next.values.set(field.name, told.clone());
            }
        }
        next.envelope.derived = still_derived(&known, &next, draft);
        let stands = self.changes.number_of(draft.kind, known.envelope.id).is_some();
        next.envelope.revision = known.envelope.revision + i64::from(!stands);
        next.envelope.revised_by = self.actor.user_id;
        self.put(draft.kind, Some(known), next.clone());
        Some(next)
    }

    /// When the creation happened: now, where nobody says.
    fn happened_at(&self) -> DateTime<Utc> {
        self.item.draft.values.instant("occurred_at").unwrap_or(self.now)
    }

    /// Whether this file brings somebody again whom an undo took back.
    fn brings_back(&self, known: &Record) -> bool {
        is_undone(known) && self.item.source.starts_with("import:")
    }

    /// Somebody taken back as he holds again, now by this file.
    fn brought_back(&self, known: &Record) -> Record {
        let mut record = known.clone();
        (record.envelope.voided, record.envelope.taken_back) = (false, false);
        record.envelope.source = self.item.source.clone();
        record.values.clear(&envelope::VOID_REASON);
        record.values.set(&envelope::RESTORE_REASON, BROUGHT_BACK);
        record
    }

    /// A client's own id of somebody whose id is derived is kept as an alias, unless it is somebody else's id: who is
    /// asked for by that must be found.
    fn keep_alias(&self, draft: &mut Draft, id: Uuid) {
        let own = draft.client_id().filter(|own| *own != id && self.known(draft.kind, *own).is_none());
        if let (Some(own), Some(identity)) = (own, draft.kind.rules.identity()) {
            draft.values.set(identity.aliases, Value::Json(json!([own.to_string()])));
        }
    }

    fn known(&self, kind: &Kind, id: Uuid) -> Option<Record> {
        self.known.get(&(kind.name, self.item.place.district_code.clone(), id)).cloned()
    }

    fn put(&mut self, kind: &'static Kind, former: Option<Record>, record: Record) {
        self.known.insert((kind.name, self.item.place.district_code.clone(), record.envelope.id), record.clone());
        self.changes.put(kind, former, record);
    }

    /// The first revision of a draft.
    fn record(&self, draft: &mut Draft, id: Uuid) -> Record {
        let told = draft.values.instant("occurred_at");
        let occurred_at = told.unwrap_or(self.now);
        resolve::judge_envelope(self.actor, draft, occurred_at, self.now, self.context.clock_tolerance);
        judge_days(draft, occurred_at, self.context.zone);
        let place = &self.item.place;
        // Rules ask where it stands, whether that was said or found.
        draft.values.set("area_code", Value::Text(place.area_code.clone()));
        moments::judge_own(draft, &self.context);
        moments::judge_clock(draft, self.now, self.context.clock_tolerance);
        draft.values.set("occurred_at", Value::Instant(occurred_at));
        draft.kind.rules.judge(draft, &self.context);
        let envelope = Envelope {
            id,
            district_code: place.district_code.clone(),
            area_code: place.area_code.clone(),
            area_code_submitted: place.area_code_submitted.clone(),
            org_id: place.org_id,
            occurred_at,
            device_time: draft.values.instant("device_time"),
            recorded_at: self.now,
            recorded_by: self.actor.user_id,
            revised_at: self.now,
            revised_by: self.actor.user_id,
            captured_by: draft.values.id("captured_by"),
            source: self.item.source.clone(),
            revision: 1,
            change_no: 0,
            voided: false,
            taken_back: false,
            awaited: Awaited::of(draft, &self.context),
            derived: draft.derived(told.is_none()),
            assumed: told.is_none(),
            device_id: None,
            warnings: draft.warnings.clone(),
            purged_at: None,
            submission_digest: self.item.digest.digest.to_vec(),
        };
        Record { envelope, values: draft.values.clone() }
    }
}

/// Which values of somebody known are the server's once he gained something: those that were and stayed, and those
/// that he gained without anybody saying them.
fn still_derived(known: &Record, next: &Record, draft: &Draft) -> Vec<String> {
    let of_draft = draft.derived(true);
    let stayed = |name: &&String| known.values.get(name) == next.values.get(name);
    let gained = |name: &&String| known.values.get(name).is_none() && next.values.get(name).is_some();
    let mut names: Vec<String> = known.envelope.derived.iter().filter(stayed).cloned().collect();
    names.extend(of_draft.iter().filter(gained).cloned());
    names
}
