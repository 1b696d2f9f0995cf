//! The rules of places.

use std::sync::Arc;

use kit::catalogue::FaultCode;
use kit::faults::Faults;
use kit::field::{Field, Shape};
use kit::statement::ColumnType;
use kit::text::Text;
use kit::typed::TypedField;
use ledger::decide::Decider;
use uuid::Uuid;

use super::coordinates::gcj02_to_wgs84;
use super::status::History;
use super::wire::{
    CATERING_KINDS, CHECKPOINT_KINDS, COMPOUND_KINDS, COORDINATE_SYSTEM, CoordinateSystem, DISMANTLED_ON,
    ESTABLISHED_ON, KIND, LATITUDE, LONGITUDE, OPERATING_STATUS, OPERATING_STATUS_HISTORY, OPERATING_STATUS_SINCE_AT,
    PARENT_ID, PlaceKind, VENUE_KINDS,
};
use crate::platform::codes::INVALID_ORDER;
use crate::records::acyclic::parents;
use crate::records::codes::{CYCLIC, TOO_FAR_AHEAD};
use crate::records::conditions::Condition;
use crate::records::envelope::OCCURRED_AT;
use crate::records::include::Beside;
use crate::records::rules::StoodOn;
use crate::records::write_context::WriteContext;
use crate::records::{Context, Draft, Record, Rules};
use crate::rooms::registers::codes::WRONG_KIND_OF_PLACE;

/// Field by which records of other kinds name a place.
const PLACE_ID: TypedField<Uuid> = TypedField::named(
    "PLACE_ID",
    Field::new("place_id", Shape::Reference("places"), Text::new("Place", "场所"), "The place."),
);

/// A draft's `place_id` must name a checkpoint.
pub fn require_checkpoint(draft: &Draft, faults: &mut Faults) {
    require_kind(draft, CHECKPOINT_KINDS, faults);
}

/// A draft's `place_id` must name a venue.
pub fn require_venue(draft: &Draft, faults: &mut Faults) {
    require_kind(draft, VENUE_KINDS, faults);
}

/// A draft's `place_id` must name a place in which people live.
pub fn require_compound(draft: &Draft, faults: &mut Faults) {
    require_kind(draft, COMPOUND_KINDS, faults);
}

/// A draft's `place_id` must name a venue that holds banquets.
pub fn require_caterer(draft: &Draft, faults: &mut Faults) {
    require_kind(draft, CATERING_KINDS, faults);
}

/// A draft's `place_id` must name a point at which used masks are left.
pub fn require_mask_point(draft: &Draft, faults: &mut Faults) {
    require_kind(draft, &[PlaceKind::MaskDisposalPoint], faults);
}

fn require_kind(draft: &Draft, kinds: &[PlaceKind], faults: &mut Faults) {
    let kind = draft.reference(&PLACE_ID).and_then(|place| place.values.get(&KIND));
    if kind.is_some_and(|kind| !kinds.contains(&kind)) {
        let codes: Vec<&str> = kinds.iter().map(|kind| kind.code()).collect();
        faults.add_with(draft.at(&PLACE_ID), WRONG_KIND_OF_PLACE, vec![("kinds", codes.join(", "))]);
    }
}

/// For lists of places.
static STANDING_ON: Field = Field::new(
    "standing_on",
    Shape::Day,
    Text::new("Standing on", "在用日期"),
    "Those that are there at the end of this day: not established later, not dismantled by then. Of which neither is known, it is.",
);

/// Lists of places by whether they were there.
static CONDITIONS: &[Condition] = &[Condition {
    parameter: &STANDING_ON,
    apply: |statement, day, _| {
        statement
            .sql(format!(" AND (r.{ESTABLISHED_ON} IS NULL OR r.{ESTABLISHED_ON} <= "))
            .bind(ColumnType::Day, day.clone())
            .sql(format!(") AND (r.{DISMANTLED_ON} IS NULL OR r.{DISMANTLED_ON} > "))
            .bind(ColumnType::Day, day.clone())
            .sql(")")
    },
}];

/// Rules of places.
pub struct PlaceRules;

impl Rules for PlaceRules {
    fn beside(&self) -> Option<&'static Beside> {
        const { Some(&Beside { name: "place", members: &["area_code", "kind", "name"], days: None }) }
    }

    fn stood_on(&self) -> Option<&'static StoodOn> {
        Some(&super::status::STOOD_ON)
    }

    fn conditions(&self) -> &'static [Condition] {
        CONDITIONS
    }

    fn stays_while_named(&self) -> bool {
        true
    }

    fn pulled_by_area(&self) -> bool {
        true
    }

    fn stands_when_known(&self) -> bool {
        true
    }

    fn check(&self, draft: &mut Draft, context: &Context<'_>, faults: &mut Faults) {
        for (one, other) in [(&LONGITUDE, &LATITUDE), (&LATITUDE, &LONGITUDE)] {
            if draft.values.get(one).is_some() && draft.values.get(other).is_none() && !faults.touches(&draft.at(other))
            {
                faults.add(draft.at(other), FaultCode::REQUIRED);
            }
        }
        if draft.client_id().is_some() && draft.client_id() == draft.values.get(&PARENT_ID) {
            faults.add(draft.at(&PARENT_ID), CYCLIC);
        }
        if draft.values.get(&COORDINATE_SYSTEM) == Some(CoordinateSystem::Gcj02)
            && let (Some(longitude), Some(latitude)) = (draft.values.get(&LONGITUDE), draft.values.get(&LATITUDE))
        {
            let (longitude, latitude) = gcj02_to_wgs84(longitude, latitude);
            draft.values.set(&LONGITUDE, longitude);
            draft.values.set(&LATITUDE, latitude);
        }
        check_status(draft, context, faults);
        let (established_on, dismantled_on) = (draft.values.get(&ESTABLISHED_ON), draft.values.get(&DISMANTLED_ON));
        if established_on.zip(dismantled_on).is_some_and(|(first, last)| last < first) {
            faults.add_with(draft.at(&DISMANTLED_ON), INVALID_ORDER, vec![("other", ESTABLISHED_ON.to_string())]);
        }
        if draft.values.get(&LONGITUDE).is_some() {
            draft.values.set(&COORDINATE_SYSTEM, CoordinateSystem::Wgs84);
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
        let is_new = draft.values.get(&OPERATING_STATUS_HISTORY).is_none();
        let mut history = History::of(&draft.values);
        if let Some(status) = draft.values.get(&OPERATING_STATUS) {
            let occurred_at = draft.values.get(&OCCURRED_AT).filter(|at| is_new && context.has_come(*at));
            let since_at = draft.values.get(&OPERATING_STATUS_SINCE_AT);
            history.tell(status, since_at, occurred_at.unwrap_or(context.now));
            let (status, since_at) = history.last().unzip();
            draft.values.set_or_clear(&OPERATING_STATUS, status);
            draft.values.set_or_clear(&OPERATING_STATUS_SINCE_AT, since_at);
        }
        draft.values.set(&OPERATING_STATUS_HISTORY, history.in_zone(context.zone));
    }

    /// A status told without its beginning isn't as old as the one before.
    fn companions(&self) -> &'static [(&'static str, &'static str)] {
        const COMPANIONS: &[(&str, &str)] = &[(OPERATING_STATUS.name(), OPERATING_STATUS_SINCE_AT.name())];
        COMPANIONS
    }
}

/// Since when a status stands: a time that has come, of a status that was told.
fn check_status(draft: &Draft, context: &Context<'_>, faults: &mut Faults) {
    let Some(since_at) = draft.values.get(&OPERATING_STATUS_SINCE_AT) else { return };
    if !context.has_come(since_at) {
        faults.add_with(draft.at(&OPERATING_STATUS_SINCE_AT), TOO_FAR_AHEAD, vec![("days", "0".into())]);
    }
    if draft.values.get(&OPERATING_STATUS).is_none() && !faults.touches(&draft.at(&OPERATING_STATUS)) {
        faults.add(draft.at(&OPERATING_STATUS), FaultCode::REQUIRED);
    }
}
