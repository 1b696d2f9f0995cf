//! Placing a draft: which records its references name, which area and district it belongs to, and
//! whether the sender may write there.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::draft::Draft;
use super::read::{find_referenced, find_unscoped};
use super::record::Record;
use super::warnings::{self, Warning};
use crate::app::Service;
use crate::auth::roles::{Actor, Role};
use crate::kit::catalogue::{Code, FaultCode};
use crate::kit::faults::Faults;
use crate::kit::field::Shape;
use crate::kit::problem::Problem;
use crate::kit::value::Value;

/// Where a record will stand.
#[derive(Clone, Debug)]
pub struct Place {
    /// Its district.
    pub district_code: String,
    /// Its area.
    pub area_code: String,
    /// What was submitted, where it differs.
    pub area_code_submitted: Option<String>,
    /// Its organisation.
    pub org_id: Option<Uuid>,
}

/// Later than this is noted as late.
const LATE_AFTER: TimeDelta = TimeDelta::days(3);

/// Loads what the references of an amended record name and assigns it. One that stays as it was is not
/// asked for again: a place that closed or somebody who moved away since is no fault of the amendment.
pub async fn resolve_references(
    service: &Service,
    actor: &Actor,
    current: &Record,
    draft: &mut Draft,
    faults: &mut Faults,
) -> Result<(), Problem> {
    let mut found = BTreeMap::new();
    for field in draft.kind.body_fields() {
        if let (Shape::Reference(name), Some(id)) = (field.shape, draft.values.id(field.name)) {
            let kind = service.kinds.kind(name).ok_or_else(|| Problem::internal(format!("no kind {name}")))?;
            let of_kind: &mut BTreeMap<Uuid, Record> = found.entry(name).or_default();
            of_kind.extend(if current.values.id(field.name) == Some(id) {
                find_unscoped(service, kind, &current.envelope.district_code, &[id]).await?
            } else {
                find_referenced(service, actor, kind, &[id]).await?
            });
        }
    }
    assign_references(actor, draft, &found, faults);
    Ok(())
}

/// Assigns what references name. One that the actor can't reach is a fault, exactly as one that isn't
/// there. The caller's own organisation can always be named.
pub fn assign_references(
    actor: &Actor,
    draft: &mut Draft,
    found: &BTreeMap<&'static str, BTreeMap<Uuid, Record>>,
    faults: &mut Faults,
) {
    for field in draft.kind.body_fields() {
        let (Shape::Reference(kind), Some(id)) = (field.shape, draft.values.id(field.name)) else { continue };
        match found.get(kind).and_then(|of_kind| of_kind.get(&id)) {
            Some(record) => {
                // An alias was given: what is stored is the record's own id.
                draft.values.set(field.name, Value::Id(record.envelope.id));
                draft.references.insert(field.name, record.clone());
            }
            None if field.name == "org_id" && actor.default_organization(draft.kind.writers) == Some(id) => {}
            None => faults.add(draft.at(field.name), FaultCode::UnknownReference),
        }
    }
}

/// Finds the area: what was submitted, else the place's, else the only one the actor writes in.
/// `None` where that can't be told; the fault is noted.
pub fn place(service: &Service, actor: &Actor, draft: &mut Draft, faults: &mut Faults) -> Option<Place> {
    let org_id = if draft.values.has("org_id") {
        draft.values.id("org_id")
    } else {
        actor.default_organization(draft.kind.writers)
    };
    let edition = draft.values.integer("area_edition").and_then(|edition| i16::try_from(edition).ok());
    let (area_code, submitted) = match draft.values.text("area_code").map(str::to_owned) {
        Some(code) => {
            let Some(placement) = service.divisions.place(&code, edition) else {
                faults.add(draft.at("area_code"), FaultCode::UnknownArea);
                return None;
            };
            if let Some(warning) = placement.warning.and_then(area_warning) {
                draft.warn(warning, "area_code");
            }
            (placement.area_code, placement.submitted)
        }
        None if faults.touches(&draft.at("area_code")) || faults.touches(&draft.at("place_id")) => return None,
        None => match default_area(actor, draft) {
            Some(area_code) => (area_code, None),
            None => {
                faults.add(draft.at("area_code"), FaultCode::Required);
                return None;
            }
        },
    };
    let Some(district_code) = area_code.get(..6).map(str::to_owned) else {
        faults.add(draft.at("area_code"), FaultCode::UnknownArea);
        return None;
    };
    Some(Place { district_code, area_code, area_code_submitted: submitted, org_id })
}

/// References whose record says where this one belongs, the most telling first.
pub const BRING_AREA: [&str; 6] = ["place_id", "shift_id", "case_id", "assignment_id", "volunteer_id", "person_id"];

fn default_area(actor: &Actor, draft: &Draft) -> Option<String> {
    let named = BRING_AREA.iter().find_map(|field| draft.references.get(field));
    named
        .map(|record| record.envelope.area_code.clone())
        .or_else(|| actor.only_area(draft.kind.writers).map(str::to_owned))
}

fn area_warning(code: &str) -> Option<&'static Warning> {
    [&warnings::SUPERSEDED_AREA, &warnings::AMBIGUOUS_AREA].into_iter().find(|warning| warning.code == code)
}

/// 403 where the actor doesn't write in that area for that organisation, or not this.
pub fn demand_reach(actor: &Actor, draft: &Draft, place: &Place) -> Result<(), Problem> {
    let writers = draft.kind.rules.writers(draft).unwrap_or(draft.kind.writers);
    demand_roles(actor, draft, writers, &place.area_code, place.org_id)
}

/// The same by other roles than those that write the kind.
pub fn demand_roles(
    actor: &Actor,
    draft: &Draft,
    writers: &'static [Role],
    area_code: &str,
    org_id: Option<Uuid>,
) -> Result<(), Problem> {
    if !draft.kind.rules.permits(actor, draft) {
        return Err(Code::Forbidden.into());
    }
    match actor.reaches(writers, area_code, org_id) {
        true => Ok(()),
        false if actor.holds(writers) => Err(Code::OutOfArea.into()),
        false => Err(Code::Forbidden.into()),
    }
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
    } else if draft.kind.field("place_id").is_some() && occurred_at < recorded_at - LATE_AFTER {
        draft.warn(&warnings::REPORTED_LATE, "occurred_at");
    }
    if draft.values.id("captured_by").is_some_and(|id| id != actor.user_id) {
        draft.warn(&warnings::CAPTURED_BY_OTHER, "captured_by");
    }
}
