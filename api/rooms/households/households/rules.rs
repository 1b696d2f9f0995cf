//! The rules of households: which one it is, how it stands, what is new about one that is known.

use std::sync::Arc;

use kit::catalogue::FaultCode;
use kit::columns;
use kit::faults::{Fault, Faults};
use kit::row::Row;
use kit::statement::{ColumnType, Statement};
use kit::text::Text;
use kit::time::day_of;
use kit::value::{Value, Values};
use ledger::decide::Decider;
use uuid::Uuid;

use super::door::normalize_door;
use super::merge::MERGES;
use super::status::STOOD_ON;
use super::{
    ADDRESS, ALIASES, CONTACT_PERSON_ID, CONTACT_PHONE, DOOR, DOOR_KEY, END_REASON, ENDED_ON, GRID_CELL_ID,
    HOUSEHOLD_GROUP_ID, HOUSEHOLD_KIND, HOUSEHOLD_NO, HouseholdKind, HouseholdStatus, MERGED_INTO, MOST_ALIASES,
    PLACE_ID, RESIDENCY, SHARE_NO, STATUS, is_active,
};
use crate::platform::access::roles::Actor;
use crate::platform::privacy::blind::derived_id;
use crate::records::create::SYNC;
use crate::records::envelope::{AREA_CODE, ID, OCCURRED_AT, ORG_ID};
use crate::records::rules::{Identity, Move, StoodOn};
use crate::records::warnings::Noted;
use crate::records::write_context::WriteContext;
use crate::records::{Context, Draft, Figure, Record, Rules, Warning};
use crate::rooms::households::codes::{GROUP_FULL, VILLAGE_NEEDED};
use crate::rooms::households::household_groups::decider::{FULL, GroupDecider};
use crate::rooms::registers::normalize_phone;

/// A known household's stored value differs from what was submitted.
pub static DIFFERS: Warning = Warning {
    code: "differs_from_household",
    message: Text::new("differs from the register, which stays as it is", "与登记信息不一致,登记信息未改"),
};

/// An active household lives at that door already.
pub static DOOR_TAKEN: Warning = Warning {
    code: "door_taken",
    message: Text::new(
        "household {household_id} is at this door: merge the two, or tell them apart by `share_no`",
        "该门牌已登记 {household_id} 户:请合并,或以同门第几户区分",
    ),
};
/// The same of a household of another organisation.
pub static DOOR_SHARED: Warning = Warning {
    code: "door_shared",
    message: Text::new(
        "a household of another organisation is at this door: tell them apart by `share_no`",
        "该门牌已由其他单位登记住户,请以同门第几户区分",
    ),
};

columns! {
    /// The active household at a door.
    TAKEN_BY "taken_by": Uuid;
    /// Its organisation.
    TAKEN_FOR "taken_for": Uuid;
}

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

const HOUSEHOLDS: Figure = Figure::new("households", Text::new("Households", "户"), Text::new("households", "户"))
    .listed("status=active&status_on={to_on}")
    .moving();

/// Rules of households.
pub struct HouseholdRules;

impl Rules for HouseholdRules {
    fn stays_while_named(&self) -> bool {
        true
    }

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

    fn recollection(&self, drafts: &[&Draft], context: &Context<'_>) -> Option<Statement> {
        let keys: Vec<Value> =
            drafts.iter().filter_map(|draft| door_key(&draft.values, context)).map(Value::Id).collect();
        if keys.is_empty() {
            return None;
        }
        let at_door = |statement: Statement, condition: &str| {
            let statement = statement.sql(condition).column(ColumnType::Id, keys.clone());
            statement
                .sql(") AND NOT h.voided AND h.status = 'active' AND h.district_code = ")
                .text(context.district_code)
        };
        let keyed =
            Statement::new("SELECT h.door_key, h.id AS taken_by, h.org_id AS taken_for FROM households AS h WHERE ");
        let keyed = at_door(keyed, "h.door_key = ANY(");
        // Those that a former release wrote have no key, and stand at their door unless they were amended.
        let former = keyed.sql(" UNION ALL SELECT h.id, h.id, h.org_id FROM households AS h WHERE ");
        Some(at_door(former, "h.door_key IS NULL AND h.revision = 1 AND h.id = ANY(").sql(" ORDER BY 2"))
    }

    fn recollect(&self, drafts: &mut [&mut Draft], rows: Vec<Row>, context: &Context<'_>) {
        for mut row in rows {
            let (Some(key), Some(household_id)) = (row.get(&DOOR_KEY), row.get(&TAKEN_BY)) else { continue };
            let of_org = row.get(&TAKEN_FOR);
            for draft in drafts.iter_mut() {
                let is_other = draft.values.get(&ID) != Some(household_id);
                if is_other && door_key(&draft.values, context) == Some(key) {
                    draft.recalled.set(&TAKEN_BY, household_id);
                    draft.recalled.set_or_clear(&TAKEN_FOR, of_org);
                }
            }
        }
    }

    /// By its door, in the compound or else in the village, and which of several there; without one by its number in the
    /// village's book.
    fn identify(&self, draft: &Draft, context: &Context<'_>) -> Option<Uuid> {
        let number = || {
            let parts = ["household_no", context.district_code, draft.values.get(&AREA_CODE)?];
            let number = draft.values.get(&HOUSEHOLD_NO)?;
            Some(derived_id(&context.keys.identity, &[parts.as_slice(), &[number, ""]].concat()))
        };
        match has_door(&draft.values) {
            true => door_key(&draft.values, context),
            false => number().or_else(|| draft.client_id()),
        }
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

    fn judge(&self, draft: &mut Draft, context: &Context<'_>) {
        let key = door_key(&draft.values, context);
        let values = &mut draft.values;
        values.set_or_clear(&DOOR_KEY, key);
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
        if status == HouseholdStatus::Active {
            warn_of_door(draft);
        }
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

    /// On the register's list from the day it is told of until the day it ended: its count goes with it. One that turned
    /// out to be another counts there.
    fn moves(&self, record: &Record) -> Vec<Move> {
        if record.values.get(&MERGED_INTO).is_some() {
            return Vec::new();
        }
        let at = record.envelope.occurred_at;
        let ended_on = record.values.get(&ENDED_ON);
        // Noon by UTC is that day in every zone of the country.
        let ended_at = ended_on.and_then(|day| day.and_hms_opt(12, 0, 0)).map(|noon| noon.and_utc().max(at));
        let steps = [(Some(at), 1), (ended_at, -1)].into_iter();
        steps
            .filter_map(|(at, amount)| Some(Move { at: at?, measure: HOUSEHOLDS.measured(amount), stood: None }))
            .collect()
    }

    fn stood_on(&self) -> Option<&'static StoodOn> {
        Some(&STOOD_ON)
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

fn has_door(values: &Values) -> bool {
    values.get(&DOOR).is_some_and(|door| !normalize_door(door).is_empty())
}

/// Key of a door: itself, in the compound or else in the village, and which household there; none without a door.
fn door_key(values: &Values, context: &Context<'_>) -> Option<Uuid> {
    let door = values.get(&DOOR).map(normalize_door).filter(|door| !door.is_empty())?;
    let place_id = values.get(&PLACE_ID).map(|id| id.to_string());
    let within = place_id.as_deref().or(values.get(&AREA_CODE))?;
    let share_no = values.get(&SHARE_NO).unwrap_or(1).to_string();
    Some(derived_id(&context.keys.identity, &["household", context.district_code, within, &door, &share_no]))
}

/// Warns of who is at the door already: named, unless that is another organisation's.
fn warn_of_door(draft: &mut Draft) {
    let Some(household_id) = draft.recalled.get(&TAKEN_BY) else { return };
    let is_own = draft.recalled.get(&TAKEN_FOR) == draft.values.get(&ORG_ID);
    let (warning, field) = (if is_own { &DOOR_TAKEN } else { &DOOR_SHARED }, draft.at(&DOOR));
    let noted = Noted::new(warning, field);
    draft.note(if is_own { noted.with("household_id", &household_id) } else { noted });
}
