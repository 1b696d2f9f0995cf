//! Placing a draft: which records its references name, which area and district it belongs to, and
//! whether the sender may write there.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};
use kit::catalogue::FaultCode;
use kit::faults::Faults;
use kit::field::Shape;
use kit::problem::Problem;
use kit::value::Value;
use uuid::Uuid;

use super::codes::{OUT_OF_AREA, UNKNOWN_AREA, UNKNOWN_REFERENCE};
use super::create::API;
use super::definition::Kind;
use super::draft::Draft;
use super::envelope::Envelope;
use super::formerly::Formerly;
use super::nested;
use super::read::{find_referenced, find_unscoped};
use super::record::Record;
use super::unwritten::Unwritten;
use super::warnings::{self, Warning};
use crate::platform::access::roles::{Actor, Role};
use crate::platform::codes::FORBIDDEN;
use crate::platform::core::Core;

/// District, area and organisation in which a record will stand.
#[derive(Clone, Debug)]
pub struct Place {
    /// Its district.
    pub district_code: String,
    /// Its area.
    pub area_code: String,
    /// Area code that was submitted, where it differs.
    pub area_code_submitted: Option<String>,
    /// Its organisation.
    pub org_id: Option<Uuid>,
}

/// Later than this is noted as late.
const LATE_AFTER: TimeDelta = TimeDelta::days(3);

/// Loads what the references of an amended record name and assigns it. One that stays as it was is not
/// asked for again: a place that closed or somebody who moved away since is no fault of the amendment.
pub async fn resolve_references(
    core: &Core,
    actor: &Actor,
    current: &Record,
    draft: &mut Draft,
    faults: &mut Faults,
) -> Result<(), Problem> {
    resolve(core, actor, current, |_, _| true, draft, faults).await
}

/// Whether a reference of a kind that stays as it was isn't asked for again.
pub type Stands = fn(&Kind, &str) -> bool;

/// The same; of those that stay as they were, those that `stands` says aren't asked for again.
pub async fn resolve(
    core: &Core,
    actor: &Actor,
    current: &Record,
    stands: Stands,
    draft: &mut Draft,
    faults: &mut Faults,
) -> Result<(), Problem> {
    let mut found = BTreeMap::new();
    for field in draft.kind.body_fields() {
        if let (Shape::Reference(name), Some(id)) = (field.shape, draft.values.id(field.name)) {
            let kind = core.kinds().kind(name).ok_or_else(|| Problem::internal(format!("no kind {name}")))?;
            let of_kind: &mut BTreeMap<Uuid, Record> = found.entry(name).or_default();
            of_kind.extend(match stands(draft.kind, field.name) && current.values.id(field.name) == Some(id) {
                true => find_unscoped(core, kind, &current.envelope.district_code, &[id]).await?,
                false => find_referenced(core, actor, kind, &[id]).await?,
            });
        }
    }
    let mut named: BTreeMap<&'static str, Vec<Uuid>> = BTreeMap::new();
    nested::named(draft).into_iter().for_each(|(name, id)| named.entry(name).or_default().push(id));
    for (name, ids) in named {
        let kind = core.kinds().kind(name).ok_or_else(|| Problem::internal(format!("no kind {name}")))?;
        found.entry(name).or_default().extend(find_referenced(core, actor, kind, &ids).await?);
    }
    assign_references(actor, draft, &found, &Formerly::of(API, core.clock.now()), faults);
    nested::assign(draft, &found);
    resolve_subject(core, actor, Some((current, stands)), draft, faults).await?;
    resolve_through(core, &mut [draft], &Unwritten::default()).await
}

/// Loads the record to which one belongs, of kinds whose records do, and assigns it under the name of the field of its
/// id. One that stays as it was isn't asked for again, as with references.
pub async fn resolve_subject(
    core: &Core,
    actor: &Actor,
    current: Option<(&Record, Stands)>,
    draft: &mut Draft,
    faults: &mut Faults,
) -> Result<(), Problem> {
    let Some(belongs) = draft.kind.rules.belongs_to() else { return Ok(()) };
    let Some(name) = draft.values.text(belongs.kind) else { return Ok(()) };
    let Some(kind) = draft.kind.subject(name) else {
        let words: Vec<&str> = draft.kind.subjects().iter().map(|kind| kind.name).collect();
        faults.add_with(draft.at(belongs.kind), FaultCode::NOT_IN_VOCABULARY, vec![("words", words.join(", "))]);
        return Ok(());
    };
    let Some(id) = draft.values.id(belongs.id) else { return Ok(()) };
    let found = match current.filter(|(_, stands)| stands(draft.kind, belongs.id)) {
        Some((current, _)) => find_unscoped(core, kind, &current.envelope.district_code, &[id]).await?,
        None => find_referenced(core, actor, kind, &[id]).await?,
    };
    match found.into_values().next() {
        Some(record) => {
            draft.values.set(belongs.id, Value::Id(record.envelope.id));
            if record.envelope.voided {
                draft.warn(&warnings::REFERENCE_VOIDED, belongs.id);
            }
            draft.references.insert(belongs.id, record);
        }
        None => faults.add(draft.at(belongs.id), UNKNOWN_REFERENCE),
    }
    Ok(())
}

/// Loads what the named records refer to, where rules must know that: one statement a kind and district.
pub async fn resolve_through(core: &Core, drafts: &mut [&mut Draft], unwritten: &Unwritten) -> Result<(), Problem> {
    let mut wanted: BTreeMap<(&'static str, String), BTreeSet<Uuid>> = BTreeMap::new();
    for (_, reached) in drafts.iter().flat_map(|draft| reached_by(core, draft)) {
        wanted.entry((reached.kind, reached.district_code)).or_default().insert(reached.id);
    }
    let mut found: BTreeMap<(&'static str, Uuid), Record> = BTreeMap::new();
    for ((name, district_code), ids) in wanted {
        let kind = core.kinds().kind(name).ok_or_else(|| Problem::internal(format!("no kind {name}")))?;
        let ids: Vec<Uuid> = ids.into_iter().collect();
        let records = find_unscoped(core, kind, &district_code, &ids).await?;
        let beside = ids.iter().filter_map(|id| Some((*id, unwritten.get(kind, *id)?.clone())));
        found.extend(beside.chain(records).map(|(id, record)| ((kind.name, id), record)));
    }
    for draft in drafts {
        for (name, reached) in reached_by(core, draft) {
            if let Some(record) = found.get(&(reached.kind, reached.id)) {
                draft.references.entry(name).or_insert_with(|| record.clone());
            }
        }
    }
    Ok(())
}

/// A record that one named by a reference refers to.
struct Reached {
    kind: &'static str,
    district_code: String,
    id: Uuid,
}

fn reached_by(core: &Core, draft: &Draft) -> Vec<(&'static str, Reached)> {
    let reached = |(through, name): &(&'static str, &'static str)| {
        let named = draft.references.get(through)?;
        let of_draft = draft.kind.body_fields().into_iter().find(|field| field.name == *through)?;
        let Shape::Reference(kind) = of_draft.shape else { return None };
        let Shape::Reference(kind) = core.kinds().kind(kind)?.field(name)?.shape else { return None };
        let (district_code, id) = (named.envelope.district_code.clone(), named.values.id(name)?);
        Some((*name, Reached { kind, district_code, id }))
    };
    draft.kind.rules.through().iter().filter_map(reached).collect()
}

/// Records that references name, by kind and id.
pub type Found = BTreeMap<&'static str, BTreeMap<Uuid, Record>>;

/// Assigns what references name; of what isn't `found`, that which was in the actor's sight when it happened. One that
/// the actor can't reach is a fault, exactly as one that isn't there. The caller's own organisation can always be named.
pub fn assign_references(actor: &Actor, draft: &mut Draft, found: &Found, formerly: &Formerly, faults: &mut Faults) {
    let occurred_at = draft.values.instant("occurred_at");
    for field in draft.kind.body_fields() {
        let (Shape::Reference(kind), Some(id)) = (field.shape, draft.values.id(field.name)) else { continue };
        match found.get(kind).and_then(|of_kind| of_kind.get(&id)) {
            Some(record) => {
                // An alias was given: what is stored is the record's own id.
                draft.values.set(field.name, Value::Id(record.envelope.id));
                draft.references.insert(field.name, record.clone());
                if record.envelope.voided {
                    draft.warn(&warnings::REFERENCE_VOIDED, field.name);
                }
            }
            None if field.name == "org_id" && actor.default_organization(draft.kind.writers) == Some(id) => {}
            None => match formerly.seen(actor, id, occurred_at) {
                Some(record) => {
                    draft.warn(&warnings::LEFT_YOUR_AREA, field.name);
                    draft.references.insert(field.name, record.clone());
                }
                None => faults.add(draft.at(field.name), UNKNOWN_REFERENCE),
            },
        }
    }
}

/// Finds the area: what was submitted, else the place's, else the only one the actor writes in.
/// `None` where that can't be told; the fault is noted.
pub fn place(core: &Core, actor: &Actor, draft: &mut Draft, faults: &mut Faults) -> Option<Place> {
    if let Some(belongs) = draft.kind.rules.belongs_to() {
        return draft.references.get(belongs.id).map(|subject| beside(draft, &subject.envelope));
    }
    let org_id = if draft.values.has("org_id") {
        draft.values.id("org_id")
    } else {
        actor.default_organization(draft.kind.writers)
    };
    let edition = draft.values.integer("area_edition").and_then(|edition| i16::try_from(edition).ok());
    let (area_code, submitted) = match draft.values.text("area_code").map(str::to_owned) {
        Some(code) => {
            let writers = draft.kind.rules.writers(draft).unwrap_or(draft.kind.writers);
            let holds = |code: &str| actor.reaches(writers, code, org_id);
            let Some(placement) = core.divisions.place_for(&code, edition, holds) else {
                faults.add(draft.at("area_code"), UNKNOWN_AREA);
                return None;
            };
            if let Some(warning) = placement.warning.and_then(area_warning) {
                draft.warn(warning, "area_code");
            }
            (placement.area_code, placement.submitted)
        }
        None if faults.touches(&draft.at("area_code")) || faults.touches(&draft.at("place_id")) => return None,
        None => match default_area(core, actor, draft) {
            Some(area_code) => (area_code, None),
            None => {
                faults.add(draft.at("area_code"), FaultCode::REQUIRED);
                return None;
            }
        },
    };
    let Some(district_code) = area_code.get(..6).map(str::to_owned) else {
        faults.add(draft.at("area_code"), UNKNOWN_AREA);
        return None;
    };
    Some(Place { district_code, area_code, area_code_submitted: submitted, org_id })
}

/// Where the record stands to which this one belongs.
fn beside(draft: &Draft, subject: &Envelope) -> Place {
    let submitted = draft.values.text("area_code").filter(|code| *code != subject.area_code);
    Place {
        district_code: subject.district_code.clone(),
        area_code: subject.area_code.clone(),
        area_code_submitted: submitted.map(str::to_owned),
        org_id: subject.org_id,
    }
}

/// The area of what the draft is about; where that moved on, the area in which the actor had it or has it still.
fn default_area(core: &Core, actor: &Actor, draft: &Draft) -> Option<String> {
    let mut bringing = draft.kind.bringing_area();
    let Some((field, record)) = bringing.find_map(|field| Some((field, draft.references.get(field.name)?))) else {
        return actor.only_area(draft.kind.writers).map(str::to_owned);
    };
    let envelope = &record.envelope;
    let here = envelope.area_code.clone();
    let of_kind = match field.shape {
        Shape::Reference(name) => core.kinds().kind(name),
        _ => None,
    };
    let Some(kind) = of_kind.filter(|kind| kind.rules.moves_on()) else { return Some(here) };
    let writers = draft.kind.rules.writers(draft).unwrap_or(draft.kind.writers);
    if actor.reaches(writers, &here, envelope.org_id) {
        return Some(here);
    }
    let then = draft.values.instant("occurred_at").and_then(|at| kind.rules.stood_at(record, at));
    let org_id = actor.default_organization(draft.kind.writers);
    let mut others = then.into_iter().chain(kind.rules.stands_too(record)).map(|(area_code, _)| area_code);
    Some(others.find(|area_code| actor.reaches(writers, area_code, org_id)).unwrap_or(here))
}

fn area_warning(code: &str) -> Option<&'static Warning> {
    [&warnings::SUPERSEDED_AREA, &warnings::AMBIGUOUS_AREA].into_iter().find(|warning| warning.code == code)
}

/// 403 where the actor doesn't write in that area for that organisation, or not this.
pub fn require_reach(actor: &Actor, draft: &Draft, place: &Place) -> Result<(), Problem> {
    let writers = draft.kind.rules.writers(draft).unwrap_or(draft.kind.writers);
    require_roles(actor, draft, writers, &place.area_code, place.org_id)
}

/// The same by other roles than those that write the kind.
pub fn require_roles(
    actor: &Actor,
    draft: &Draft,
    writers: &'static [Role],
    area_code: &str,
    org_id: Option<Uuid>,
) -> Result<(), Problem> {
    let judges = !draft.kind.rules.judges_others() || actor.judges(draft.kind.writers);
    if !judges || !draft.kind.rules.permits(actor, draft) {
        return Err(FORBIDDEN.into());
    }
    match actor.reaches(writers, area_code, org_id) {
        true => Ok(()),
        false if actor.holds(writers) => Err(OUT_OF_AREA.into()),
        false => Err(FORBIDDEN.into()),
    }
}

/// Whether it is work at a place, which is told at once; what belongs to a case is told when the case is known.
fn is_of_place(draft: &Draft) -> bool {
    let case = draft.kind.rules.follows().and_then(|follows| follows.case());
    let of_case = case.is_some_and(|case| draft.values.id(case).is_some());
    draft.kind.field("place_id").is_some() && !of_case
}

/// Warns of what happened in the future or long ago, and of somebody else's capture.
pub fn judge_envelope(
    actor: &Actor,
    draft: &mut Draft,
    occurred_at: DateTime<Utc>,
    recorded_at: DateTime<Utc>,
    clock_tolerance: TimeDelta,
) {
    if occurred_at > recorded_at + clock_tolerance {
        draft.warn(&warnings::OCCURRED_IN_FUTURE, "occurred_at");
    } else if is_of_place(draft) && occurred_at < recorded_at - LATE_AFTER {
        draft.warn(&warnings::REPORTED_LATE, "occurred_at");
    }
    if draft.values.id("captured_by").is_some_and(|id| id != actor.user_id) {
        draft.warn(&warnings::CAPTURED_BY_OTHER, "captured_by");
    }
}
