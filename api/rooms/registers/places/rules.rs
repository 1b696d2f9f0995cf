//! The rules of places.

use std::sync::Arc;

use kit::catalogue::FaultCode;
use kit::faults::Faults;
use kit::value::Value;
use ledger::decide::Decider;

use super::coordinates::gcj02_to_wgs84;
use super::status::{HISTORY, History};
use super::wire::{CHECKPOINT_KINDS, VENUE_KINDS};
use crate::records::acyclic::parents;
use crate::records::codes::{CYCLIC, TOO_FAR_AHEAD};
use crate::records::rules::StoodOn;
use crate::records::write_context::WriteContext;
use crate::records::{Context, Draft, Record, Rules};
use crate::rooms::registers::codes::WRONG_KIND_OF_PLACE;

/// Since when the status stands.
const SINCE: &str = "operating_status_since_at";

/// A draft's `place_id` must name a checkpoint.
pub fn require_checkpoint(draft: &Draft, faults: &mut Faults) {
    require_kind(draft, CHECKPOINT_KINDS, faults);
}

/// A draft's `place_id` must name a venue.
pub fn require_venue(draft: &Draft, faults: &mut Faults) {
    require_kind(draft, VENUE_KINDS, faults);
}

fn require_kind(draft: &Draft, kinds: &[&str], faults: &mut Faults) {
    let kind = draft.references.get("place_id").and_then(|place| place.values.text("kind"));
    if kind.is_some_and(|kind| !kinds.contains(&kind)) {
        faults.add_with(draft.at("place_id"), WRONG_KIND_OF_PLACE, vec![("kinds", kinds.join(", "))]);
    }
}

/// Rules of places.
pub struct PlaceRules;

impl Rules for PlaceRules {
    fn stood_on(&self) -> Option<&'static StoodOn> {
        Some(&super::status::STOOD_ON)
    }

    fn pulled_by_area(&self) -> bool {
        true
    }

    fn stands_when_known(&self) -> bool {
        true
    }

    fn check(&self, draft: &mut Draft, context: &Context<'_>, faults: &mut Faults) {
        for (one, other) in [("longitude", "latitude"), ("latitude", "longitude")] {
            if draft.values.get(one).is_some() && draft.values.get(other).is_none() && !faults.touches(&draft.at(other))
            {
                faults.add(draft.at(other), FaultCode::REQUIRED);
            }
        }
        if draft.client_id().is_some() && draft.client_id() == draft.values.id("parent_id") {
            faults.add(draft.at("parent_id"), CYCLIC);
        }
        if draft.values.text("coordinate_system") == Some("gcj02")
            && let (Some(longitude), Some(latitude)) =
                (draft.values.number("longitude"), draft.values.number("latitude"))
        {
            let (longitude, latitude) = gcj02_to_wgs84(longitude, latitude);
            draft.values.set("longitude", Value::Number(longitude));
            draft.values.set("latitude", Value::Number(latitude));
        }
        check_status(draft, context, faults);
        if draft.values.get("longitude").is_some() {
            draft.values.set("coordinate_system", Value::Text("wgs84".into()));
        }
    }

    fn decider(&self, former: Option<&Record>, next: &Record, _scribe: &Arc<WriteContext>) -> Option<Arc<dyn Decider>> {
        parents("places").decider(former, next)
    }

    fn judged_across_rows(&self) -> bool {
        true
    }

    /// A status is a period of the history, which tells what stands and since when.
    fn judge(&self, draft: &mut Draft, context: &Context<'_>) {
        let is_new = draft.values.get(HISTORY).is_none();
        let mut history = History::of(&draft.values);
        if let Some(status) = draft.values.text("operating_status") {
            let occurred_at = draft.values.instant("occurred_at").filter(|at| is_new && context.has_come(*at));
            history.tell(status, draft.values.instant(SINCE), occurred_at.unwrap_or(context.now));
            let stands = history.last().map(|(status, since_at)| (status.to_owned(), since_at));
            draft.values.set(
                "operating_status",
                stands.as_ref().map_or(Value::Null, |(status, _)| Value::Text(status.clone())),
            );
            draft.values.set(SINCE, stands.map_or(Value::Null, |(_, since_at)| Value::Instant(since_at)));
        }
        draft.values.set(HISTORY, Value::Json(history.to_json(context.zone)));
    }

    /// A status told without its beginning isn't as old as the one before.
    fn companions(&self) -> &'static [(&'static str, &'static str)] {
        &[("operating_status", SINCE)]
    }
}

/// Since when a status stands: a time that has come, of a status that was told.
fn check_status(draft: &Draft, context: &Context<'_>, faults: &mut Faults) {
    let Some(since_at) = draft.values.instant(SINCE) else { return };
    if !context.has_come(since_at) {
        faults.add_with(draft.at(SINCE), TOO_FAR_AHEAD, vec![("days", "0".into())]);
    }
    if draft.values.get("operating_status").is_none() && !faults.touches(&draft.at("operating_status")) {
        faults.add(draft.at("operating_status"), FaultCode::REQUIRED);
    }
}
