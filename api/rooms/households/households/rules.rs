//! The rules of households: which one it is, how it stands, what is new about one that is known.

use std::sync::Arc;

use kit::catalogue::FaultCode;
use kit::faults::{Fault, Faults};
use kit::text::Text;
use kit::time::day_of;
use ledger::decide::Decider;
use uuid::Uuid;

use super::door::normalize_door;
use super::merge::MERGES;
use super::{
    ADDRESS, ALIASES, CONTACT_PERSON_ID, CONTACT_PHONE, DOOR, END_REASON, ENDED_ON, GRID_CELL_ID, HOUSEHOLD_GROUP_ID,
    HOUSEHOLD_KIND, HOUSEHOLD_NO, HouseholdKind, HouseholdStatus, MERGED_INTO, MOST_ALIASES, PLACE_ID, RESIDENCY,
    SHARE_NO, STATUS, is_active,
};
use crate::platform::access::roles::Actor;
use crate::platform::privacy::blind::derived_id;
use crate::records::create::SYNC;
use crate::records::envelope::{AREA_CODE, OCCURRED_AT};
use crate::records::rules::Identity;
use crate::records::write_context::WriteContext;
use crate::records::{Context, Draft, Figure, Measure, Record, Rules, Warning};
use crate::rooms::households::codes::{GROUP_FULL, VILLAGE_NEEDED};
use crate::rooms::households::household_groups::decider::{FULL, GroupDecider};
use crate::rooms::registers::normalize_phone;

/// A known household's stored value differs from what was submitted.
pub static DIFFERS: Warning = Warning {
    code: "differs_from_household",
    message: Text::new("differs from the register, which stays as it is", "与登记信息不一致,登记信息未改"),
};

/// Digits of a village's or community's code.
const VILLAGE_DIGITS: usize = 12;

/// Fields that a second submission may fill or contradict.
const COMPARED: [&str; 9] = [
    ADDRESS.name(),
    HOUSEHOLD_KIND.name(),
    RESIDENCY.name(),
    GRID_CELL_ID.name(),
    HOUSEHOLD_GROUP_ID.name(),
    CONTACT_PERSON_ID.name(),
    CONTACT_PHONE.name(),
    ENDED_ON.name(),
    END_REASON.name(),
];

static IDENTITY: Identity =
    Identity { aliases: ALIASES.name(), merged_into: MERGED_INTO.name(), differs: &DIFFERS, watched: None };

const HOUSEHOLDS: Figure =
    Figure::new("households", Text::new("Households", "户"), Text::new("households", "户")).listed("status=active");

/// Rules of households.
pub struct HouseholdRules;

impl Rules for HouseholdRules {
    fn identity(&self) -> Option<&'static Identity> {
        Some(&IDENTITY)
    }

    fn stands_when_known(&self) -> bool {
        true
    }

    fn check(&self, draft: &mut Draft, context: &Context<'_>, faults: &mut Faults) {
        // As deep as the divisions are known: elsewhere than at home that may be a township.
        let is_wide = |area_code: &str| {
            area_code.len() < VILLAGE_DIGITS && !context.divisions.children(area_code, None).is_empty()
        };
        if draft.values.get(&AREA_CODE).is_some_and(is_wide) {
            faults.add(draft.at(&AREA_CODE), VILLAGE_NEEDED);
        }
        if let Some(phone) = draft.values.get(&CONTACT_PHONE).map(normalize_phone) {
            match phone {
                Some(phone) => draft.values.set(&CONTACT_PHONE, phone),
                None => faults.add(draft.at(&CONTACT_PHONE), FaultCode::BAD_FORMAT),
            }
        }
        let (ended, reason) = (draft.values.get(&ENDED_ON).is_some(), draft.values.get(&END_REASON).is_some());
        if ended && !reason && !faults.touches(&draft.at(&END_REASON)) {
            faults.add(draft.at(&END_REASON), FaultCode::REQUIRED);
        }
        if reason && !ended && !faults.touches(&draft.at(&ENDED_ON)) {
            faults.add(draft.at(&ENDED_ON), FaultCode::REQUIRED);
        }
    }

    /// By its door, in the compound or else in the village, and which of several there; without one by its number in the
    /// village's book.
    fn identify(&self, draft: &Draft, context: &Context<'_>) -> Option<Uuid> {
        let values = &draft.values;
        let door = values.get(&DOOR).map(normalize_door).filter(|door| !door.is_empty());
        let place_id = values.get(&PLACE_ID).map(|id| id.to_string());
        let share_no = values.get(&SHARE_NO).unwrap_or(1).to_string();
        let area_code = values.get(&AREA_CODE);
        let parts = match (&door, values.get(&HOUSEHOLD_NO)) {
            (Some(door), _) => {
                ["household", context.district_code, place_id.as_deref().or(area_code)?, door, &share_no]
            }
            (None, Some(number)) => ["household_no", context.district_code, area_code?, number, ""],
            (None, None) => return draft.client_id(),
        };
        Some(derived_id(&context.keys.identity, &parts))
    }

    /// A door outlives its households: whoever comes after one that ended, or moved away, is another.
    fn is_same(&self, known: &Record, draft: &Draft, context: &Context<'_>) -> bool {
        // Sent again under an id that it goes by, it is the same, wherever it lives now.
        let goes_by = |id: Uuid| id == known.envelope.id || known.values.list(&ALIASES).any(|alias| alias == id);
        if draft.client_id().is_some_and(goes_by) {
            return true;
        }
        let mut stands = Draft::of_record(&super::HOUSEHOLDS, known);
        stands.values.set(&AREA_CODE, known.envelope.area_code.clone());
        let lives_there = self.identify(&stands, context) == self.identify(draft, context);
        let told_at = draft.values.get(&OCCURRED_AT).unwrap_or(context.now);
        let ended_on = known.values.get(&ENDED_ON);
        lives_there && ended_on.is_none_or(|ended_on| day_of(told_at, context.zone) < ended_on)
    }

    fn judge(&self, draft: &mut Draft, _context: &Context<'_>) {
        let values = &mut draft.values;
        if values.get(&SHARE_NO).is_none() {
            values.set(&SHARE_NO, 1);
        }
        if values.get(&HOUSEHOLD_KIND).is_none() {
            values.set(&HOUSEHOLD_KIND, HouseholdKind::Family);
        }
        if values.get(&ALIASES).is_none() {
            values.set(&ALIASES, []);
        }
        let status = match (values.get(&MERGED_INTO), values.get(&ENDED_ON)) {
            (Some(_), _) => HouseholdStatus::Merged,
            (None, Some(_)) => HouseholdStatus::Ended,
            (None, None) => HouseholdStatus::Active,
        };
        values.set(&STATUS, status);
    }

    fn decider(
        &self,
        former: Option<&Record>,
        next: &Record,
        write_context: &Arc<WriteContext>,
    ) -> Option<Arc<dyn Decider>> {
        let group = |record: &Record| {
            let in_force = !record.envelope.voided && is_active(&record.values);
            record.values.get(&HOUSEHOLD_GROUP_ID).filter(|_| in_force)
        };
        let moved = former.and_then(group) != group(next);
        let grouped = || moved.then(|| GroupDecider::of(write_context));
        MERGES.decider(former, next).or_else(grouped)
    }

    fn judged_across_rows(&self) -> bool {
        true
    }

    fn relaxes_for(&self, source: &str) -> bool {
        source == SYNC
    }

    /// By sync a full group gives way: the household is kept without one.
    fn relax_on_conflict(&self, draft: &mut Draft, faults: &[Fault]) -> bool {
        let is_full = faults.iter().any(|fault| fault.code == GROUP_FULL);
        if is_full {
            draft.values.clear(&HOUSEHOLD_GROUP_ID);
            draft.warn(&FULL, &HOUSEHOLD_GROUP_ID);
        }
        is_full
    }

    fn pointer(&self, record: &Record) -> Option<Uuid> {
        record.values.get(&MERGED_INTO)
    }

    fn figures(&self) -> &'static [Figure] {
        const { &[HOUSEHOLDS] }
    }

    fn measures(&self, record: &Record) -> Vec<Measure> {
        if is_active(&record.values) { vec![HOUSEHOLDS.measured(1)] } else { Vec::new() }
    }

    fn reconcile(&self, known: &Record, draft: &mut Draft, _: &Context<'_>, _actor: &Actor) -> Option<Record> {
        let mut next = known.clone();
        for field in COMPARED {
            let Some(value) = draft.values.get(field).filter(|value| !value.is_null()).cloned() else { continue };
            match known.values.get(field).filter(|stored| !stored.is_null()) {
                None => next.values.set(field, value),
                Some(stored) if *stored == value || !draft.said.contains(field) => {}
                Some(_) => draft.warn(&DIFFERS, field),
            }
        }
        let aliases: Vec<Uuid> = known.values.list(&ALIASES).collect();
        let new = draft.values.list(&ALIASES).filter(|alias| !aliases.contains(alias));
        let new: Vec<Uuid> = new.take(MOST_ALIASES.saturating_sub(aliases.len())).collect();
        if !new.is_empty() {
            next.values.extend(&ALIASES, new);
        }
        (next.values != known.values).then_some(next)
    }
}
