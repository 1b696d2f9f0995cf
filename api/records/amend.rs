//! Amending by merge patch: each patch makes the next revision.

use kit::catalogue::{Code, FaultCode};
use kit::etag::IfMatch;
use kit::faults::{Fault, Faults};
use kit::field::{Field, Shape, Write};
use kit::patch;
use kit::problem::Problem;
use kit::tree::Tree;
use kit::value::Value;
use kit::walk::{escape, note_repeated};
use ledger::{Append, AppendError};
use uuid::Uuid;

use super::RecordCache;
use super::awaited::Awaited;
use super::change::{Changes, receive};
use super::codes::{CREATE_ONLY, OUT_OF_AREA};
use super::context::Context;
use super::create::TRIES;
use super::days::judge_days;
use super::definition::Kind;
use super::draft::Draft;
use super::gate::require_standing;
use super::idempotency::Key;
use super::moments;
use super::named_accounts::NamedAccounts;
use super::own_words::spell_out;
use super::read;
use super::recall::recall;
use super::record::Record;
use super::resolve::{self, Place};
use super::warnings::{AMBIGUOUS_AREA, CAPTURED_BY_OTHER, CLOCK_SKEWED, Noted, OCCURRED_AT_DOUBTFUL, SUPERSEDED_AREA};
use crate::platform::access::roles::Actor;
use crate::platform::core::Core;

/// Amends a record by an RFC 7396 merge patch, perhaps under an idempotency key. A patch that changes nothing makes no
/// revision.
pub async fn amend(
    core: &Core,
    actor: &Actor,
    kind: &'static Kind,
    id: Uuid,
    if_match: &IfMatch,
    patch: &Tree,
    key: Option<&Key>,
) -> Result<Record, Problem> {
    for _ in 0..TRIES {
        let current = amendable(core, actor, kind, id, if_match).await?;
        match revise(core, actor, kind, &current, patch, key.map(|key| (key, 200)), None).await? {
            Revised::Same => return Ok(current),
            Revised::Written(written) => return Ok(*written),
            Revised::Met => {}
        }
    }
    Err(Code::WRITE_CONFLICT.into())
}

/// The record, if the actor may amend it and the condition holds.
pub async fn amendable(
    core: &Core,
    actor: &Actor,
    kind: &Kind,
    id: Uuid,
    if_match: &IfMatch,
) -> Result<Record, Problem> {
    let current = writable(core, actor, kind, id).await?;
    require_standing(&current)?;
    if_match.require(current.envelope.revision)?;
    Ok(current)
}

/// Result of a patch.
pub enum Revised {
    /// Nothing: it says what stands.
    Same,
    /// The next revision.
    Written(Box<Record>),
    /// The record was changed meanwhile: read it again.
    Met,
}

/// Writes what a patch makes of a record. Where rules across rows refuse what the server derived, it gives way, as
/// it does at creation: a reading that was moved into a taken slot becomes an extra one, unless its slot was said.
/// `device_id` is the phone's that amends.
pub async fn revise(
    core: &Core,
    actor: &Actor,
    kind: &'static Kind,
    current: &Record,
    patch: &Tree,
    key: Option<(&Key, u16)>,
    device_id: Option<&str>,
) -> Result<Revised, Problem> {
    let finish = |next: &mut Record| next.envelope.device_id = device_id.map(str::to_owned);
    take(core, actor, kind, current, Asked::Change(patch), finish, key).await
}

/// Request about a record that is there already.
#[derive(Clone, Copy)]
pub enum Asked<'a> {
    /// To take this patch. References that it leaves alone aren't looked for again: a place that closed or somebody
    /// who moved away since is no fault of it.
    Change(&'a Tree),
    /// To be taken as if it were sent anew, with all that it names: what must be named by id must be in the caller's
    /// reach, who is told inline needn't be.
    Anew,
}

/// Writes what is asked as the next revision; `finish` completes what was judged.
pub async fn take(
    core: &Core,
    actor: &Actor,
    kind: &'static Kind,
    current: &Record,
    asked: Asked<'_>,
    finish: impl Fn(&mut Record),
    key: Option<(&Key, u16)>,
) -> Result<Revised, Problem> {
    let Some(next) = next_of(core, actor, kind, current, asked, &finish, None).await? else {
        return Ok(Revised::Same);
    };
    let refusal = match write(core, actor, kind, current, next, key).await {
        Ok(written) => return Ok(Revised::of(written)),
        Err(problem) if problem.faults().is_empty() => return Err(problem),
        Err(problem) => problem,
    };
    let Some(next) = next_of(core, actor, kind, current, asked, &finish, Some(&refusal)).await? else {
        return Ok(Revised::Same);
    };
    Ok(Revised::of(write(core, actor, kind, current, next, key).await?))
}

/// The next revision as asked, not yet written; none where it says what stands. Where rules across rows refused it before,
/// it gives way, or is refused as it was.
pub async fn next_of(
    core: &Core,
    actor: &Actor,
    kind: &'static Kind,
    current: &Record,
    asked: Asked<'_>,
    finish: impl Fn(&mut Record),
    refusal: Option<&Problem>,
) -> Result<Option<Record>, Problem> {
    let (mut draft, place, context) = draft_of(core, actor, kind, current, asked).await?;
    if let Some(refusal) = refusal
        && !gives_way(&mut draft, refusal.faults())
    {
        return Err(refusal.again());
    }
    let mut next = judged(actor, current, place, draft, &context);
    finish(&mut next);
    Ok((!is_same(kind, current, &next)).then_some(next))
}

/// Whether a draft gave way, in nothing that somebody said.
fn gives_way(draft: &mut Draft, faults: &[Fault]) -> bool {
    let before = draft.values.clone();
    let gave = draft.kind.rules.relax_on_conflict(draft, faults);
    gave && draft.said.iter().all(|name| draft.values.get(name) == before.get(name))
}

impl Revised {
    fn of(written: Option<Record>) -> Self {
        written.map_or(Self::Met, |record| Self::Written(Box::new(record)))
    }
}

/// The record, if the actor may see it (else 404) and write it (else 403).
pub async fn writable(core: &Core, actor: &Actor, kind: &Kind, id: Uuid) -> Result<Record, Problem> {
    core.refresh_for(kind).await?;
    let current = read::find(core, actor, kind, id).await?;
    let envelope = &current.envelope;
    if actor.reaches(kind.writers, &envelope.area_code, envelope.org_id) {
        Ok(current)
    } else {
        Err(OUT_OF_AREA.into())
    }
}

/// Writes the next revision of a record. `None` where it was changed meanwhile: read it again.
pub async fn write(
    core: &Core,
    actor: &Actor,
    kind: &'static Kind,
    current: &Record,
    mut next: Record,
    key: Option<(&Key, u16)>,
) -> Result<Option<Record>, Problem> {
    let write_context = core.write_context(core.clock.now(), &current.envelope.district_code);
    let mut changes = Changes::default();
    let number = put_revision(actor, kind, current, &mut next, &mut changes);
    if let Some((key, status)) = key {
        changes.keep(key.answer(kind.name, next.envelope.id, next.envelope.revision, i64::from(status)));
    }
    match core.ledger.append(changes.into_append(&write_context)?).await {
        Ok(receipt) => {
            receive(&mut next, receipt, number);
            core.ext::<RecordCache>().0.invalidate(&(kind.name, next.envelope.id));
            Ok(Some(as_it_stands(core, kind, next).await?))
        }
        Err(AppendError::Conflict(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Makes a record the next revision of another, and puts it into an append; its number there.
pub fn put_revision(
    actor: &Actor,
    kind: &'static Kind,
    current: &Record,
    next: &mut Record,
    changes: &mut Changes,
) -> i64 {
    next.envelope.revision = current.envelope.revision + 1;
    next.envelope.revised_by = actor.user_id;
    let number = changes.next_number();
    changes.put(kind, Some(current.clone()), next.clone());
    number
}

/// The question to the rules across rows whether they would admit the next revision of a record.
pub fn question(
    core: &Core,
    actor: &Actor,
    kind: &'static Kind,
    current: &Record,
    next: &Record,
) -> Result<Append, Problem> {
    let district_code = &current.envelope.district_code;
    let mut changes = Changes::default();
    put_revision(actor, kind, current, &mut next.clone(), &mut changes);
    let append = changes.into_append(&core.write_context(core.clock.now(), district_code))?;
    Ok(Append::asking(district_code, append.claims))
}

/// The record after what followed from its own change: rules across rows may have moved it on in the same
/// transaction.
async fn as_it_stands(core: &Core, kind: &Kind, written: Record) -> Result<Record, Problem> {
    if !kind.rules.judged_across_rows() {
        return Ok(written);
    }
    let (id, district_code) = (written.envelope.id, written.envelope.district_code.clone());
    let mut found = read::find_unscoped(core, kind, &district_code, &[id]).await?;
    Ok(found.remove(&id).unwrap_or(written))
}

/// The record with the patch applied, checked and judged as a whole.
pub async fn patched(
    core: &Core,
    actor: &Actor,
    kind: &'static Kind,
    current: &Record,
    patch: &Tree,
) -> Result<Record, Problem> {
    let (draft, place, context) = draft_of(core, actor, kind, current, Asked::Change(patch)).await?;
    Ok(judged(actor, current, place, draft, &context))
}

/// Makes a draft of the record as patched, checked and placed, not yet judged.
async fn draft_of<'a>(
    core: &'a Core,
    actor: &Actor,
    kind: &'static Kind,
    current: &'a Record,
    asked: Asked<'_>,
) -> Result<(Draft, Place, Context<'a>), Problem> {
    let mut faults = Faults::default();
    let nothing = Tree::Object(Vec::new());
    let (patch, stands): (_, resolve::Stands) = match asked {
        Asked::Change(patch) => (patch, |_, _| true),
        Asked::Anew => (&nothing, Kind::is_told_inline),
    };
    check_members(kind, patch, &mut faults);
    if !matches!(patch, Tree::Object(_)) {
        faults.finish()?;
        return Err(Code::UNPROCESSABLE.into());
    }
    let mut context = core.context(core.clock.now(), &current.envelope.district_code);
    context.told_at = current.envelope.told_at();
    let named = NamedAccounts::of(core, actor, &kind.body_fields(), &[patch]).await?;
    let mut draft = whole(core, kind, current, (patch, &named), &context, &mut faults);
    draft.author = current.envelope.recorded_by;
    if let Asked::Change(_) = asked {
        keep_closed(&draft, patch, &mut faults);
    }
    kind.rules.check(&mut draft, &context, &mut faults);
    resolve::resolve(core, actor, current, stands, &mut draft, &mut faults).await?;
    let place = resolve::place(core, actor, &mut draft, &mut faults);
    kind.rules.check_references(&mut draft, &context, &mut faults);
    faults.finish()?;
    let place = place.ok_or_else(|| Problem::internal("a draft without faults has no place"))?;
    resolve::require_reach(actor, &draft, &place)?;
    if place.district_code != current.envelope.district_code {
        return Err(OUT_OF_AREA.into());
    }
    draft.placed_org_id = place.org_id;
    recall(core, kind, [(place.district_code.clone(), &mut draft)], context.now).await?;
    Ok((draft, place, context))
}

/// The draft of the record as the patch leaves it: what clients said of it, then and now.
fn whole(
    core: &Core,
    kind: &'static Kind,
    current: &Record,
    (patch, named): (&Tree, &NamedAccounts),
    context: &Context<'_>,
    faults: &mut Faults,
) -> Draft {
    let mut body = patch::merge(target(kind, current, patch), patch);
    if named.are_named() {
        named.put(&kind.body_fields(), &mut body, faults);
    }
    spell_out(core, kind, &mut body, context, Some(&current.values), faults);
    let mut draft = Draft::parse(kind, core.kinds(), &body, "", faults);
    // Rules may ask whose fields these are.
    draft.values.set("id", Value::Id(current.envelope.id));
    if !draft.values.has("org_id") {
        // It is nobody's, and doesn't become that of whoever amends it.
        draft.values.set("org_id", Value::Null);
    }
    if draft.values.get("area_code").is_none() && !names_a_place(&draft) && !faults.touches("/area_code") {
        draft.values.set("area_code", Value::Text(current.envelope.area_code.clone()));
    }
    draft.former = current.values.clone();
    draft.former.set("area_code", Value::Text(current.envelope.area_code.clone()));
    draft.former.set("occurred_at", Value::Instant(current.envelope.occurred_at));
    draft.confirms_time = patch.member("occurred_at").is_some();
    draft
}

/// The next revision: its envelope moved on, and all that the server makes of the record made anew.
fn judged(actor: &Actor, current: &Record, place: Place, mut draft: Draft, context: &Context<'_>) -> Record {
    let kind = draft.kind;
    let mut envelope = current.envelope.clone();
    let moved = place.area_code != envelope.area_code;
    if moved {
        envelope.area_code = place.area_code;
        envelope.area_code_submitted = place.area_code_submitted;
    }
    envelope.org_id = place.org_id;
    let told = draft.values.instant("occurred_at");
    // When nobody says when it happened, it was when the server was first told.
    (envelope.occurred_at, envelope.assumed) = (told.unwrap_or(envelope.told_at()), told.is_none());
    // Whoever says when it happened has confirmed it.
    let answered = |noted: &Noted| noted.code == OCCURRED_AT_DOUBTFUL.code && draft.confirms_time;
    let stays = |noted: &&Noted| stays(kind, noted, moved) && !answered(noted);
    let kept: Vec<Noted> = current.envelope.warnings.iter().filter(stays).cloned().collect();
    draft.warnings.extend(kept);
    moments::judge_own(&mut draft, context);
    resolve::judge_envelope(actor, &mut draft, envelope.occurred_at, envelope.recorded_at, context.clock_tolerance);
    judge_days(&mut draft, envelope.occurred_at, context.zone);
    let mut values = current.values.clone();
    for field in kind.body_fields() {
        let value = draft.values.get(field.name).or(carried_on(field, current));
        values.set(field.name, value.cloned().unwrap_or(Value::Null));
    }
    draft.values = values;
    draft.values.set("area_code", Value::Text(envelope.area_code.clone()));
    draft.values.set("occurred_at", Value::Instant(envelope.occurred_at));
    if moved || envelope.org_id != current.envelope.org_id {
        kind.rules.moved(&mut draft, &current.envelope, context);
    }
    kind.rules.judge(&mut draft, context);
    envelope.device_id = None;
    envelope.derived = draft.derived(envelope.assumed);
    envelope.awaited = Awaited::of(&draft, context);
    envelope.warnings = draft.warnings;
    Record { envelope, values: draft.values }
}

/// A word that is closed stays where it stood: only what is written anew must do without it.
fn keep_closed(draft: &Draft, patch: &Tree, faults: &mut Faults) {
    for field in draft.kind.body_fields().into_iter().filter(|field| patch.member(field.name).is_none()) {
        faults.forgive(&draft.at(field.name), FaultCode::CLOSED_CATEGORY);
    }
}

/// Value of a field that the server wrote from other records than this one.
fn carried_on<'a>(field: &Field, current: &'a Record) -> Option<&'a Value> {
    if field.write == Write::Never && !field.derived { current.values.get(field.name) } else { None }
}

/// Whether a draft names something that brings an area.
fn names_a_place(draft: &Draft) -> bool {
    draft.kind.bringing_area().any(|field| draft.values.id(field.name).is_some())
}

/// The target of the patch. A new place brings its own area unless the patch names one; so does what else a kind
/// says of a value with it.
fn target(kind: &Kind, current: &Record, patch: &Tree) -> Tree {
    let mut body = current.to_body(kind);
    for (field, companion) in kind.rules.companions().iter().chain(&[("place_id", "area_code")]) {
        // A place that is taken away brings no other area.
        let named = if *field == "place_id" {
            matches!(patch.member(field), Some(Tree::Text(_)))
        } else {
            patch.member(field).is_some()
        };
        if let (true, Tree::Object(members)) = (named && patch.member(companion).is_none(), &mut body) {
            members.retain(|(name, _)| name != companion);
        }
    }
    body
}

/// Warnings that an amendment doesn't answer: those of the area where it stays, of the sender, and
/// of what was given inline at creation.
fn stays(kind: &Kind, noted: &Noted, moved: bool) -> bool {
    let code = noted.code.as_str();
    let of_area = code == SUPERSEDED_AREA.code || code == AMBIGUOUS_AREA.code;
    let inline = kind.fields.iter().filter(|field| matches!(field.shape, Shape::Inline(..)));
    let of_inline = inline.into_iter().any(|field| noted.field.starts_with(&format!("/{}/", field.name)));
    let of_clock = code == CLOCK_SKEWED.code || code == OCCURRED_AT_DOUBTFUL.code;
    let of_register = kind.rules.identity().is_some_and(|identity| code == identity.differs.code);
    (of_area && !moved) || of_inline || of_clock || of_register || code == CAPTURED_BY_OTHER.code
}

/// Members that a patch can't have: unknown ones are found with the whole; here what is the
/// server's, what was fixed at creation, and what is named twice anywhere.
fn check_members(kind: &Kind, patch: &Tree, faults: &mut Faults) {
    note_repeated(patch, "", faults);
    let Tree::Object(members) = patch else {
        faults.add("", FaultCode::NOT_AN_OBJECT);
        return;
    };
    for (name, member) in members {
        let field = kind.body_fields().into_iter().find(|field| field.name == name);
        match field {
            Some(field) if field.write == Write::OnCreate || matches!(field.shape, Shape::Inline(..)) => {
                faults.add(format!("/{}", field.name), CREATE_ONLY);
            }
            Some(_) => {}
            None if super::document::is_server_field(kind, name) => {
                faults.add(format!("/{name}"), FaultCode::READ_ONLY)
            }
            // A null for an unknown member would vanish in the merge.
            None if matches!(member, Tree::Null) => faults.add(format!("/{}", escape(name)), FaultCode::UNKNOWN_FIELD),
            None => {}
        }
    }
}

/// Whether a change changes nothing.
pub fn is_same(kind: &Kind, one: &Record, other: &Record) -> bool {
    // Somebody who says what stands already changes nothing.
    let mut other = other.clone();
    (other.envelope.derived, other.envelope.assumed) = (one.envelope.derived.clone(), one.envelope.assumed);
    other.envelope.device_id.clone_from(&one.envelope.device_id);
    one.is_laid_like(&other, kind)
}
