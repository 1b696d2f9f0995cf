//! The rules of places.

use serde_json::{Value as Json, json};

use super::coordinates::gcj02_to_wgs84;
use super::wire::{CHECKPOINT_KINDS, VENUE_KINDS};
use crate::kit::catalogue::FaultCode;
use crate::kit::faults::Faults;
use crate::kit::value::Value;
use crate::records::{Context, Draft, Rules};

/// A draft's `place_id` must name a checkpoint.
pub fn demand_checkpoint(draft: &Draft, faults: &mut Faults) {
    demand_kind(draft, CHECKPOINT_KINDS, faults);
}

/// A draft's `place_id` must name a venue.
pub fn demand_venue(draft: &Draft, faults: &mut Faults) {
    demand_kind(draft, VENUE_KINDS, faults);
}

fn demand_kind(draft: &Draft, kinds: &[&str], faults: &mut Faults) {
    let kind = draft.references.get("place_id").and_then(|place| place.values.text("kind"));
    if kind.is_some_and(|kind| !kinds.contains(&kind)) {
        faults.add_with(draft.at("place_id"), FaultCode::WrongKindOfPlace, vec![("kinds", kinds.join(", "))]);
    }
}

/// Rules of places.
pub struct PlaceRules;

impl Rules for PlaceRules {
    fn stands_when_known(&self) -> bool {
        true
    }

    fn check(&self, draft: &mut Draft, _context: &Context<'_>, faults: &mut Faults) {
        for (one, other) in [("longitude", "latitude"), ("latitude", "longitude")] {
            if draft.values.get(one).is_some() && draft.values.get(other).is_none() && !faults.touches(&draft.at(other))
            {
                faults.add(draft.at(other), FaultCode::Required);
            }
        }
        if draft.client_id().is_some() && draft.client_id() == draft.values.id("parent_id") {
            faults.add(draft.at("parent_id"), FaultCode::Cyclic);
        }
        if draft.values.text("coordinate_system") == Some("gcj02")
            && let (Some(longitude), Some(latitude)) =
                (draft.values.number("longitude"), draft.values.number("latitude"))
        {
            let (longitude, latitude) = gcj02_to_wgs84(longitude, latitude);
            draft.values.set("longitude", Value::Number(longitude));
            draft.values.set("latitude", Value::Number(latitude));
        }
        if draft.values.get("longitude").is_some() {
            draft.values.set("coordinate_system", Value::Text("wgs84".into()));
        }
    }

    /// A status that differs from the last one of the history begins a new period.
    fn judge(&self, draft: &mut Draft, context: &Context<'_>) {
        let mut history =
            draft.values.json("operating_status_history").and_then(Json::as_array).cloned().unwrap_or_default();
        let last = history.last().and_then(|period| period.get("operating_status")).and_then(Json::as_str);
        if let Some(status) = draft.values.text("operating_status").filter(|status| last != Some(*status)) {
            let since_at = Value::Instant(context.now).to_json(context.zone);
            history.push(json!({"operating_status": status, "since_at": since_at}));
        }
        draft.values.set("operating_status_history", Value::Json(Json::Array(history)));
    }
}
