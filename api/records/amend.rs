//! Amending by merge patch: each patch makes the next revision.

use uuid::Uuid;

use super::awaited::Awaited;
use super::change::{Changes, receive};
use super::create::TRIES;
use super::days::judge_days;
use super::definition::Kind;
use super::draft::Draft;
use super::idempotency::Key;
use super::read;
use super::recall::recall;
use super::record::Record;
use super::resolve;
use super::warnings::{AMBIGUOUS_AREA, CAPTURED_BY_OTHER, DIFFERS_FROM_REGISTER, Noted, SUPERSEDED_AREA};
use crate::app::Service;
use crate::auth::roles::Actor;
use crate::kit::catalogue::{Code, FaultCode};
use crate::kit::etag::IfMatch;
use crate::kit::faults::Faults;
use crate::kit::field::{Shape, Write};
use crate::kit::patch;
use crate::kit::problem::Problem;
use crate::kit::tree::Tree;
use crate::kit::value::Value;
use crate::kit::walk::{escape, note_repeated};
use crate::ledger::AppendError;

/// Amends a record by an RFC 7396 merge patch. A patch that changes nothing makes no revision.
pub async fn amend(
    service: &Service,
    actor: &Actor,
    kind: &'static Kind,
    id: Uuid,
    if_match: &IfMatch,
    patch: &Tree,
) -> Result<Record, Problem> {
    for _ in 0..TRIES {
        let current = writable(service, actor, kind, id).await?;
        if current.envelope.voided {
            return Err(Code::RecordVoided.into());
        }
        if_match.demand(current.envelope.revision)?;
        let next = patched(service, actor, kind, &current, patch).await?;
        if is_same(kind, &current, &next) {
            return Ok(current);
        }
        if let Some(written) = write(service, actor, kind, &current, next, None).await? {
            return Ok(written);
        }
    }
    Err(Code::WriteConflict.into())
}

/// The record, if the actor may see it (else 404) and write it (else 403).
pub async fn writable(service: &Service, actor: &Actor, kind: &Kind, id: Uuid) -> Result<Record, Problem> {
    service.refresh_settings().await?;
    let current = read::find(service, actor, kind, id).await?;
    let envelope = &current.envelope;
    if actor.reaches(kind.writers, &envelope.area_code, envelope.org_id) {
        Ok(current)
    } else {
        Err(Code::OutOfArea.into())
    }
}

/// Writes the next revision of a record. `None` where it was changed meanwhile: read it again.
pub async fn write(
    service: &Service,
    actor: &Actor,
    kind: &'static Kind,
    current: &Record,
    mut next: Record,
    key: Option<(&Key, u16)>,
) -> Result<Option<Record>, Problem> {
    next.envelope.revision = current.envelope.revision + 1;
    next.envelope.revised_by = actor.user_id;
    let scribe = service.scribe(service.clock.now(), &current.envelope.district_code);
    let mut changes = Changes::default();
    let number = changes.next_number();
    changes.put(kind, Some(current.clone()), next.clone());
    if let Some((key, status)) = key {
        changes.keep(key.answer(kind.name, next.envelope.id, next.envelope.revision, i64::from(status)));
    }
    match service.ledger.append(changes.into_append(&scribe)?).await {
        Ok(receipt) => {
            receive(&mut next, receipt, number);
            service.believed.invalidate(&(kind.name, next.envelope.id));
            Ok(Some(next))
        }
        Err(AppendError::Conflict(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// The record with the patch applied, checked and judged as a whole.
pub async fn patched(
    service: &Service,
    actor: &Actor,
    kind: &'static Kind,
    current: &Record,
    patch: &Tree,
) -> Result<Record, Problem> {
    let now = service.clock.now();
    let mut faults = Faults::default();
    check_members(kind, patch, &mut faults);
    if !matches!(patch, Tree::Object(_)) {
        return faults.finish().and(Err(Code::Unprocessable.into()));
    }
    let body = patch::merge(target(kind, current, patch), patch);
    let mut draft = Draft::parse(kind, &service.kinds, &body, "", &mut faults);
    // Rules may ask whose fields these are.
    draft.values.set("id", Value::Id(current.envelope.id));
    let context = service.context(now, &current.envelope.district_code);
    kind.rules.check(&mut draft, &context, &mut faults);
    resolve::resolve_references(service, actor, current, &mut draft, &mut faults).await?;
    let place = resolve::place(service, actor, &mut draft, &mut faults);
    kind.rules.check_references(&mut draft, &context, &mut faults);
    faults.finish()?;
    let place = place.ok_or_else(|| Problem::internal("a draft without faults has no place"))?;
    resolve::demand_reach(actor, &draft, &place)?;
    if place.district_code != current.envelope.district_code {
        return Err(Code::OutOfArea.into());
    }
    recall(service, kind, [(place.district_code.clone(), &mut draft)], now).await?;
    let mut envelope = current.envelope.clone();
    let moved = place.area_code != envelope.area_code;
    if moved {
        envelope.area_code = place.area_code;
        envelope.area_code_submitted = place.area_code_submitted;
    }
    envelope.org_id = place.org_id;
    envelope.occurred_at = draft.values.instant("occurred_at").unwrap_or(envelope.occurred_at);
    draft.warnings.extend(current.envelope.warnings.iter().filter(|noted| stays(kind, noted, moved)).cloned());
    resolve::judge_envelope(actor, &mut draft, envelope.occurred_at, envelope.recorded_at, context.clock_tolerance);
    judge_days(&mut draft, envelope.occurred_at, context.zone);
    let mut values = current.values.clone();
    for field in kind.body_fields() {
        values.set(
            field.name,
            draft.values.get(field.name).or(current_server_value(field, current)).cloned().unwrap_or(Value::Null),
        );
    }
    draft.values = values;
    draft.values.set("area_code", Value::Text(envelope.area_code.clone()));
    if moved || envelope.org_id != current.envelope.org_id {
        kind.rules.moved(&mut draft, &current.envelope, &context);
    }
    kind.rules.judge(&mut draft, &context);
    envelope.awaited = Awaited::of(&draft, &context);
    envelope.warnings = draft.warnings;
    Ok(Record { envelope, values: draft.values })
}

fn current_server_value<'a>(field: &crate::kit::field::Field, current: &'a Record) -> Option<&'a Value> {
    if field.write == Write::Never { current.values.get(field.name) } else { None }
}

/// The target of the patch. A new place brings its own area unless the patch names one; so does what else a kind
/// says of a value with it.
fn target(kind: &Kind, current: &Record, patch: &Tree) -> Tree {
    let mut body = current.to_body(kind);
    for (field, companion) in kind.rules.companions().iter().chain(&[("place_id", "area_code")]) {
        let moves = patch.member(field).is_some() && patch.member(companion).is_none();
        if let (true, Tree::Object(members)) = (moves, &mut body) {
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
    let inline = kind.fields.iter().filter(|field| matches!(field.shape, Shape::Inline(_)));
    let of_inline = inline.into_iter().any(|field| noted.field.starts_with(&format!("/{}/", field.name)));
    (of_area && !moved) || of_inline || code == DIFFERS_FROM_REGISTER.code || code == CAPTURED_BY_OTHER.code
}

/// Members that a patch can't have: unknown ones are found with the whole; here what is the
/// server's, what was fixed at creation, and what is named twice anywhere.
fn check_members(kind: &Kind, patch: &Tree, faults: &mut Faults) {
    note_repeated(patch, "", faults);
    let Tree::Object(members) = patch else {
        faults.add("", FaultCode::NotAnObject);
        return;
    };
    for (name, member) in members {
        let field = kind.body_fields().into_iter().find(|field| field.name == name);
        match field {
            Some(field) if field.write == Write::OnCreate || matches!(field.shape, Shape::Inline(_)) => {
                faults.add(format!("/{}", field.name), FaultCode::CreateOnly);
            }
            Some(_) => {}
            None if super::document::is_server_field(kind, name) => faults.add(format!("/{name}"), FaultCode::ReadOnly),
            // A null for an unknown member would vanish in the merge.
            None if matches!(member, Tree::Null) => faults.add(format!("/{}", escape(name)), FaultCode::UnknownField),
            None => {}
        }
    }
}

/// Whether a change changes nothing.
pub fn is_same(kind: &Kind, one: &Record, other: &Record) -> bool {
    one.digest(kind, None) == other.digest(kind, None) && same_personal(kind, one, other)
}

fn same_personal(kind: &Kind, one: &Record, other: &Record) -> bool {
    let names = kind.personal_fields().map(|field| field.name).chain(super::record::SEALED_ENVELOPE_FIELDS);
    names.into_iter().all(|name| one.values.get(name) == other.values.get(name))
}
