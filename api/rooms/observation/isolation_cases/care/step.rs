//! A case moves from one state to the next.

use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, Utc};
use kit::catalogue::FaultCode;
use kit::faults::Fault;
use kit::time::day_of;
use kit::value::Values;
use ledger::decide::Claim;
use uuid::Uuid;

use super::case::{Case, by_service};
use super::contact::{contact_of, stays_in_district};
use crate::platform::privacy::blind::derived_id;
use crate::records::Record;
use crate::records::codes::UNKNOWN_AREA;
use crate::records::envelope::OCCURRED_AT;
use crate::records::locked_row::LockedRow;
use crate::records::write_context::WriteContext;
use crate::rooms::duties::duty::is;
use crate::rooms::duties::wire::EXPLAINED;
use crate::rooms::duties::{Cadences, DutyKind, DutyState};
use crate::rooms::observation::codes::TRANSITION_STANDS;
use crate::rooms::observation::isolation_cases::duty_kinds::{AM_READING, PM_READING, SEARCH};
use crate::rooms::observation::isolation_cases::duty_kinds::{is_believable_notice, is_contact};
use crate::rooms::observation::isolation_cases::history;
use crate::rooms::observation::isolation_cases::notices::SIGNED_ON;
use crate::rooms::observation::isolation_cases::readings::{SLOT, SLOT_ON, TEMPERATURE_READINGS, TemperatureSlot};
use crate::rooms::observation::isolation_cases::rules::{days_of, missing_levels, set_days, set_release};
use crate::rooms::observation::isolation_cases::states::{ENDED, Facts, fault, fault_at, judge, judge_time, reached};
use crate::rooms::observation::isolation_cases::transitions::{
    self, CASE_ID, ISOLATION_CASE_TRANSITIONS, IsolationTransition, RECEIVING_AREA_CODE, TO,
};
use crate::rooms::observation::isolation_cases::wire::{
    ANCHOR, ANCHORED_ON, ENDED_AT, ENDS_ON, EXTENDED, IsolationState, NOTIFIED_AT, REGISTERED_AT, RELEASE_FROM,
    STARTS_ON, STATE,
};
use crate::rooms::observation::observation_policies::Policies;

impl Case {
    /// A step that somebody asks for.
    pub fn step(&mut self, claim: &Claim, write_context: &WriteContext) -> Result<(), Vec<Fault>> {
        let Some(values) = &claim.next else {
            return Err(vec![fault_at("", TRANSITION_STANDS, vec![])]);
        };
        if let Some(former) = &claim.former {
            return self.correct_step(claim.id, former, values, write_context);
        }
        let (from, to) = (self.state(), require_to(values)?);
        if to == IsolationTransition::TransferAccepted {
            return self.take_on(claim, values, write_context);
        }
        judge(from, to, &self.facts(to, values, write_context))?;
        require_receiving(values, write_context)?;
        if let Some(contact) = contact_of(claim, values, write_context) {
            self.contacts.insert(claim.id, contact);
        }
        if stays_in_district(values, &write_context.district_code) {
            self.transfer(claim.id, values, write_context);
            return Ok(());
        }
        let at = values.get(&OCCURRED_AT).unwrap_or(write_context.now);
        if to == IsolationTransition::Corrected && ENDED.contains(&from) {
            history::repeat(&mut self.record.values, claim.id, at);
        } else {
            history::add(&mut self.record.values, claim.id, reached(from, to), at);
        }
        self.move_to(to, values, write_context);
        if to == IsolationTransition::LostContact {
            self.open(SEARCH, Some(claim.id), at, write_context);
            self.settle(write_context);
        }
        Ok(())
    }

    /// The receiving township takes it on.
    fn take_on(&mut self, claim: &Claim, values: &Values, write_context: &WriteContext) -> Result<(), Vec<Fault>> {
        self.require_acceptable(values)?;
        self.contacts.extend(contact_of(claim, values, write_context).map(|contact| (claim.id, contact)));
        self.accept(values, write_context);
        Ok(())
    }

    /// A step was amended: where it leads can't be changed, but when it was. A time that would have been refused
    /// is refused now; the days that were missed until then were judged when the step was made.
    fn correct_step(
        &mut self,
        id: Uuid,
        former: &Values,
        next: &Values,
        write_context: &WriteContext,
    ) -> Result<(), Vec<Fault>> {
        let at = next.get(&OCCURRED_AT).unwrap_or(write_context.now);
        let to = require_to(next)?;
        if former.get(&OCCURRED_AT) != Some(at) {
            let facts = self.facts(to, next, write_context);
            let faults: Vec<Fault> = judge_time(to, &facts);
            if !faults.is_empty() {
                return Err(faults);
            }
        }
        history::correct(&mut self.record.values, id, at);
        if let Some(contact) = self.contacts.get_mut(&id) {
            contact.occurred_at = at;
        }
        if to == IsolationTransition::Notified {
            self.record.values.set(&NOTIFIED_AT, at);
        }
        if to.state().is_some_and(|state| ENDED.contains(&state) && state == self.state()) {
            self.record.values.set(&ENDED_AT, at);
        }
        if to == IsolationTransition::LostContact {
            self.open(SEARCH, Some(id), at, write_context);
        }
        // Days between the former time and this one are expected now, or not any more.
        self.plan(write_context, None);
        self.settle(write_context);
        Ok(())
    }

    /// The first reading begins observation.
    pub fn begin_observation(&mut self, claim: &Claim, write_context: &WriteContext) {
        let Some(reading) = &claim.next else { return };
        let id = derived_id(&write_context.keys.identity, &["transition", "under_observation", &claim.id.to_string()]);
        let mut values = Values::default();
        let to = IsolationTransition::UnderObservation;
        values.set(&CASE_ID, self.record.envelope.id);
        values.set(&TO, to);
        let envelope = by_service(id, write_context, reading, self.by);
        history::add(&mut self.record.values, id, IsolationState::UnderObservation, envelope.occurred_at);
        self.steps.push(LockedRow::new(Record { envelope, values: values.clone() }));
        self.move_to(to, &values, write_context);
    }

    /// Tells the steps of a case that an earlier release moved on: from the steps themselves.
    pub fn recall(&mut self) {
        if !history::is_lost(&self.record.values) {
            return;
        }
        let steps = self.contacts.values().filter(|contact| contact.kind == ISOLATION_CASE_TRANSITIONS.name);
        let mut steps: Vec<_> = steps.cloned().collect();
        steps.sort_by_key(|step| (step.known_at, step.occurred_at));
        for step in steps {
            let Some(to) = step.values.get(&TO) else { continue };
            let state = history::state_before(&self.record.values, DateTime::<Utc>::MAX_UTC);
            history::add(&mut self.record.values, step.id, reached(state, to), step.occurred_at);
        }
    }

    fn facts(&self, to: IsolationTransition, values: &Values, write_context: &WriteContext) -> Facts {
        let case = &self.record.values;
        let ends = to == IsolationTransition::Completed;
        let at = values.get(&OCCURRED_AT).unwrap_or(write_context.now).min(write_context.now);
        Facts {
            notice_signed: self.contacts.values().any(|contact| is_believable_notice(contact, write_context.zone)),
            missing_levels: missing_levels(case),
            release_from: case.get(&RELEASE_FROM).unwrap_or(write_context.now),
            occurred_at: at,
            unaccounted: if ends { self.unaccounted(write_context) } else { Vec::new() },
            observation_days: if ends { self.observation_days(write_context) } else { 0 },
            known_days: if ends { self.known_days(at, write_context) } else { 0 },
        }
    }

    /// For how many days the policy lets somebody be observed.
    fn observation_days(&self, write_context: &WriteContext) -> i64 {
        let began_on = day_of(self.record.envelope.occurred_at, write_context.zone);
        let anchored_on = self.record.values.get(&ANCHORED_ON).unwrap_or(began_on);
        write_context.settings.of::<Policies>().at(&self.record.envelope.area_code, anchored_on).observation_days
    }

    /// On how many days of the observation before an instant somebody was known of, to the service or by a notice, or
    /// was seen: an anchor that lies far back alone makes no day of observation.
    fn known_days(&self, until: DateTime<Utc>, write_context: &WriteContext) -> i64 {
        let values = &self.record.values;
        let released_on = day_of(until, write_context.zone);
        let Some(first) = values.get(&STARTS_ON).filter(|first| *first < released_on) else { return 0 };
        let registered_on = day_of(values.get(&REGISTERED_AT).unwrap_or(write_context.now), write_context.zone);
        let notices = self.contacts.values().filter(|contact| is_believable_notice(contact, write_context.zone));
        let signed = notices.filter_map(|notice| notice.values.get(&SIGNED_ON));
        let known_on = signed.fold(registered_on, NaiveDate::min).clamp(first, released_on);
        let seen = self.seen_on(write_context).into_iter().filter(|day| (first..known_on).contains(day)).count();
        (released_on - known_on).num_days() + i64::try_from(seen).unwrap_or_default()
    }

    /// The days on which a record shows the person.
    fn seen_on(&self, write_context: &WriteContext) -> BTreeSet<NaiveDate> {
        let seen = self.contacts.values().filter(|contact| is_contact(contact.kind));
        seen.map(|contact| day_of(contact.occurred_at, write_context.zone)).collect()
    }

    fn move_to(&mut self, to: IsolationTransition, step: &Values, write_context: &WriteContext) {
        let at = step.get(&OCCURRED_AT).unwrap_or(write_context.now);
        if to == IsolationTransition::Notified {
            self.record.values.set(&NOTIFIED_AT, at);
        }
        if to == IsolationTransition::Corrected {
            self.correct(step, write_context);
        } else {
            if let Some(anchored_on) = step.get(&transitions::ANCHORED_ON) {
                self.extend(anchored_on, write_context);
            }
            let state = reached(self.state(), to);
            if ENDED.contains(&state) {
                self.record.values.set(&ENDED_AT, at);
            }
            self.record.values.set(&STATE, state);
        }
        self.plan(write_context, None);
        self.settle(write_context);
    }

    /// Counts the days from the anchor that was meant. The end never moves back before a day already observed.
    fn correct(&mut self, step: &Values, write_context: &WriteContext) {
        let day = |at| day_of(at, write_context.zone);
        // The day of a release isn't observed any more.
        let last = self.record.values.get(&ENDED_AT).map_or(Some(day(write_context.now)), |at| day(at).pred_opt());
        let seen_on = self.seen_on(write_context).into_iter().filter(|day| Some(*day) <= last).max();
        let values = &mut self.record.values;
        if let Some(anchor) = step.get(&transitions::ANCHOR) {
            values.set(&ANCHOR, anchor);
        }
        if let Some(anchored_on) = step.get(&transitions::ANCHORED_ON) {
            values.set(&ANCHORED_ON, anchored_on);
        }
        set_days(values, &self.record.envelope.area_code, write_context.settings.of::<Policies>(), write_context.zone);
        let counted = values.get(&ENDS_ON);
        if let Some(last) = seen_on.filter(|seen| counted.is_some_and(|counted| *seen > counted)) {
            values.set(&ENDS_ON, last);
            set_release(values, last, write_context.zone);
        }
    }

    /// Counts anew from another exposure. The end never moves back.
    fn extend(&mut self, anchored_on: NaiveDate, write_context: &WriteContext) {
        let values = &mut self.record.values;
        let days =
            write_context.settings.of::<Policies>().at(&self.record.envelope.area_code, anchored_on).observation_days;
        let former = values.get(&ENDS_ON).unwrap_or(anchored_on);
        let Some((_, last)) = days_of(anchored_on, false, days).filter(|(_, last)| *last > former) else { return };
        values.set(&EXTENDED, true);
        values.set(&ENDS_ON, last);
        set_release(values, last, write_context.zone);
    }

    /// Days on which a reading is missing that nobody gave a reason for.
    fn unaccounted(&self, write_context: &WriteContext) -> Vec<NaiveDate> {
        let values = &self.record.values;
        let (Some(first), Some(last)) = (values.get(&STARTS_ON), values.get(&ENDS_ON)) else { return Vec::new() };
        let since = self.accountable_from(write_context);
        let area_code = &self.record.envelope.area_code;
        let is_missing = |day: NaiveDate, duty_kind: DutyKind, slot: TemperatureSlot| {
            let index = (day - first).num_days();
            let window = write_context
                .settings
                .of::<Cadences>()
                .at(duty_kind, area_code, day)
                .and_then(|cadence| cadence.window(day, index, write_context.zone));
            window.is_some_and(|(_, due_at)| due_at > since && self.is_observed_until(due_at))
                && !self.was_measured(day, slot)
                && !self.duties.get(&self.duty_id(duty_kind, day, write_context)).is_some_and(|held| {
                    held.record.values.get(&EXPLAINED) == Some(true) || is(&held.record, DutyState::Waived)
                })
        };
        let days = day_of(since, write_context.zone).max(first).iter_days().take_while(|day| *day <= last);
        let expected = [(AM_READING, TemperatureSlot::Am), (PM_READING, TemperatureSlot::Pm)];
        days.filter(|day| expected.iter().any(|(duty_kind, slot)| is_missing(*day, *duty_kind, *slot))).collect()
    }

    fn was_measured(&self, day: NaiveDate, slot: TemperatureSlot) -> bool {
        self.contacts.values().any(|contact| {
            contact.kind == TEMPERATURE_READINGS.name
                && contact.values.get(&SLOT) == Some(slot)
                && contact.values.get(&SLOT_ON) == Some(day)
        })
    }

    /// Since when something can have been missed: since the service knew and the person was told.
    pub fn accountable_from(&self, write_context: &WriteContext) -> DateTime<Utc> {
        let values = &self.record.values;
        let registered_at = values.get(&REGISTERED_AT).unwrap_or(write_context.now);
        registered_at.max(values.get(&NOTIFIED_AT).unwrap_or(registered_at))
    }

    /// The id of a duty of a day: whoever makes it, it is made once.
    pub fn duty_id(&self, duty_kind: DutyKind, day: NaiveDate, write_context: &WriteContext) -> Uuid {
        let case = self.record.envelope.id.to_string();
        derived_id(&write_context.keys.identity, &["duty", duty_kind.code(), &case, &day.to_string()])
    }
}

/// Where a step leads; every step says so.
fn require_to(step: &Values) -> Result<IsolationTransition, Vec<Fault>> {
    step.get(&TO).ok_or_else(|| vec![fault(&TO, FaultCode::REQUIRED, vec![])])
}

/// Within the district a case is handed over to an area that there is.
fn require_receiving(step: &Values, write_context: &WriteContext) -> Result<(), Vec<Fault>> {
    let receiving = step.get(&RECEIVING_AREA_CODE).filter(|_| stays_in_district(step, &write_context.district_code));
    match receiving {
        Some(code) if write_context.divisions.place(code, None).is_none() => {
            Err(vec![fault(&RECEIVING_AREA_CODE, UNKNOWN_AREA, vec![])])
        }
        _ => Ok(()),
    }
}
