//! The duties of a case: opened, waived, settled by the contacts that stand.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use kit::time::day_of;
use kit::value::Values;
use uuid::Uuid;

use super::case::Case;
use super::contact::at_delivery;
use crate::platform::privacy::blind::derived_id;
use crate::records::Record;
use crate::records::locked_row::LockedRow;
use crate::records::write_context::WriteContext;
use crate::rooms::duties::duty::{self, expectation, is};
use crate::rooms::duties::wire::{DUTY_KIND, LINE, OPENS_AT, WAIVER};
use crate::rooms::duties::{Cadences, Contact, DutyKind, DutyLine, DutyState, DutyWaiver, proof_of, standing};
use crate::rooms::observation::isolation_cases::duty_kinds::{
    ACCEPT_TRANSFER, DUPLICATE_CASE, ERRAND_DELIVERY, NO_CONTACT_ALERT, SUPERVISOR_ASSIGNMENT,
};
use crate::rooms::observation::isolation_cases::duty_kinds::{DAILY, is_contact};
use crate::rooms::observation::isolation_cases::states::{CARED_FOR, ENDED};
use crate::rooms::observation::isolation_cases::transitions::ISOLATION_CASE_TRANSITIONS;
use crate::rooms::observation::isolation_cases::wire::{
    ENDED_AT, ENDS_ON, IsolationState, NOTIFIED_AT, PERSON_ID, STARTS_ON, SUPERVISORS_COMPLETE,
};
use crate::rooms::observation::isolation_cases::{ISOLATION_CASES, history};
use crate::rooms::registers::PEOPLE;

/// Without any contact for so long, somebody asks.
pub const SILENCE: TimeDelta = TimeDelta::hours(24);
/// The duty of the command to say which of two cases of one person stands.
pub const CONTESTED_DUTY: DutyKind = DUPLICATE_CASE;
/// Time within which the command says which of two cases of one person stands.
const CLEARED_WITHIN: TimeDelta = TimeDelta::hours(4);

/// The id of the duty that asks which of two cases stands, by the later one.
pub fn contested_id(case_id: Uuid, write_context: &WriteContext) -> Uuid {
    derived_id(&write_context.keys.identity, &["duty", CONTESTED_DUTY.code(), &case_id.to_string()])
}

impl Case {
    /// Asks for contact where there was none for a day.
    pub fn note_no_contact(&mut self, write_context: &WriteContext) {
        let contacts = self.contacts.values().filter(|contact| is_contact(contact.kind));
        let last = contacts.max_by_key(|contact| contact.occurred_at).map(|contact| (contact.id, contact.occurred_at));
        let since = last.map(|(_, at)| at).or(self.record.values.get(&NOTIFIED_AT));
        let kind = NO_CONTACT_ALERT;
        let asked = self
            .duties
            .values()
            .any(|held| held.record.values.get(&DUTY_KIND) == Some(kind) && !is(&held.record, DutyState::Done));
        let silent = since.is_some_and(|since| since + SILENCE <= write_context.now);
        if silent && !asked && self.state() == IsolationState::UnderObservation {
            let cause = last.map_or(self.record.envelope.id, |(id, _)| id);
            self.open(kind, Some(cause), write_context.now, write_context);
        }
    }

    /// Opens what a record asked for at an instant, of each line that answers for it; once, however often it is asked.
    /// Where the record was moved since, what it asked for moves with it.
    pub fn open(
        &mut self,
        duty_kind: DutyKind,
        cause_id: Option<Uuid>,
        asked_at: DateTime<Utc>,
        write_context: &WriteContext,
    ) {
        self.open_for(duty_kind, "", cause_id, asked_at, write_context);
    }

    /// The same for one occasion of several: once for each of them.
    pub fn open_for(
        &mut self,
        duty_kind: DutyKind,
        occasion: &str,
        cause_id: Option<Uuid>,
        asked_at: DateTime<Utc>,
        write_context: &WriteContext,
    ) {
        let area_code = self.record.envelope.area_code.clone();
        let day = day_of(asked_at, write_context.zone);
        let Some(cadence) = write_context.settings.of::<Cadences>().at(duty_kind, &area_code, day) else { return };
        let cause = cause_id.unwrap_or(self.record.envelope.id).to_string();
        let window = (asked_at, cadence.due_after(asked_at));
        for line in duty_kind.lines().iter().copied() {
            let beside = (line != duty_kind.line()).then_some(line.code());
            let named = Some(occasion).filter(|occasion| !occasion.is_empty());
            let parts: Vec<&str> = ["duty", duty_kind.code(), &cause].into_iter().chain(named).chain(beside).collect();
            let id = derived_id(&write_context.keys.identity, &parts);
            self.expect(id, (duty_kind, line), cause_id, window, write_context);
            if let Some(held) = self.duties.get_mut(&id).filter(|_| cause_id.is_some()) {
                held.record = duty::moved(&held.record, window);
            }
        }
    }

    /// Asks the command to clear two cases of one person. Whoever made this one can't read the other, so the duty is
    /// the district's and nobody below reads it: it is about the person, for what is about a case is read with it.
    pub fn contest(&mut self, write_context: &WriteContext) {
        let Some(person_id) = self.record.values.get(&PERSON_ID) else { return };
        let own = self.record.envelope.id;
        let id = contested_id(own, write_context);
        let new = duty::New {
            id,
            duty_kind: CONTESTED_DUTY,
            subject: (PEOPLE.name, person_id),
            cause_id: Some(own),
            assignee_id: None,
            opens_at: write_context.now,
            due_at: write_context.now + CLEARED_WITHIN,
            area_code: &write_context.district_code,
            org_id: None,
            made_by: self.by,
        };
        self.duties.insert(id, LockedRow::new(duty::record(new, write_context)));
    }

    /// Holds a new duty; one that is there and was waived for want of a cause is expected again.
    pub fn expect(
        &mut self,
        id: Uuid,
        (duty_kind, line): (DutyKind, DutyLine),
        cause_id: Option<Uuid>,
        (opens_at, due_at): (DateTime<Utc>, DateTime<Utc>),
        write_context: &WriteContext,
    ) {
        if let Some(held) = self.duties.get_mut(&id) {
            let was_voided = held.record.values.get(&WAIVER) == Some(DutyWaiver::CauseVoided);
            if is(&held.record, DutyState::Waived) && was_voided {
                duty::reopen(&mut held.record);
            }
            return;
        }
        let receiving = duty_kind == ACCEPT_TRANSFER;
        let (assignee_id, org_id) = if receiving { self.answerer_here(line) } else { self.answerer(line) };
        let envelope = &self.record.envelope;
        let new = duty::New {
            id,
            duty_kind,
            subject: (ISOLATION_CASES.name, envelope.id),
            cause_id,
            assignee_id,
            opens_at,
            due_at,
            area_code: &envelope.area_code,
            org_id,
            made_by: self.by,
        };
        let mut new = duty::record(new, write_context);
        new.values.set(&LINE, line);
        self.duties.insert(id, LockedRow::new(new));
    }

    /// Waives what is still open or was missed of those duties.
    pub fn waive_where(&mut self, waiver: DutyWaiver, which: impl Fn(&Record) -> bool) {
        for held in self.duties.values_mut() {
            let is_void = waiver == DutyWaiver::CauseVoided;
            let standing = is(&held.record, DutyState::Open) || (is_void && is(&held.record, DutyState::Missed));
            if standing && which(&held.record) {
                held.record = duty::waive(&held.record, waiver);
            }
        }
    }

    /// Whether a duty is expected as the case stands: of a day only where the person was there when it was due and
    /// the day is one of the observation's; all else until the case ended.
    fn is_expected(&self, duty: &Record, write_context: &WriteContext) -> bool {
        let (values, due_at) = (&self.record.values, duty::due_at(duty));
        let duty_kind = duty.values.get(&DUTY_KIND);
        if duty_kind.is_some_and(|kind| DAILY.contains(&kind)) {
            let day = day_of(duty.values.get(&OPENS_AT).unwrap_or(due_at), write_context.zone);
            let within = values.get(&STARTS_ON).is_none_or(|first| day >= first)
                && values.get(&ENDS_ON).is_none_or(|last| day <= last);
            return within && self.is_observed_until(due_at);
        }
        let ended_at = values.get(&ENDED_AT).filter(|_| ENDED.contains(&self.state()));
        duty_kind == Some(ERRAND_DELIVERY) || ended_at.is_none_or(|ended_at| due_at <= ended_at)
    }

    /// Whether the person was looked after at home just before an instant: what was due then could be done.
    pub fn is_observed_until(&self, at: DateTime<Utc>) -> bool {
        CARED_FOR.contains(&history::state_before(&self.record.values, at))
    }

    /// The steps at the time since when they hold: a phone's clock may tell of a step before the one it follows.
    fn steps_in_order(&self) -> Vec<Contact> {
        let times = history::steps_of(&self.record.values);
        let steps = self.contacts.values().filter(|contact| contact.kind == ISOLATION_CASE_TRANSITIONS.name);
        let in_order = |step: &Contact| {
            let time = times.iter().find(|(id, _, _)| *id == step.id).map(|(_, _, since_at)| *since_at);
            Contact { occurred_at: time.unwrap_or(step.occurred_at), ..step.clone() }
        };
        steps.map(in_order).collect()
    }

    /// Settles all held duties by the contacts that stand.
    pub fn settle(&mut self, write_context: &WriteContext) {
        let complete = self.record.values.get(&SUPERVISORS_COMPLETE) == Some(true);
        let of_case = Contact {
            kind: ISOLATION_CASES.name,
            id: self.record.envelope.id,
            occurred_at: write_context.now,
            known_at: write_context.now,
            values: Values::default(),
        };
        let above: BTreeMap<DutyLine, Option<Uuid>> =
            DutyLine::ALL.iter().map(|line| (*line, self.answerer(*line).0)).collect();
        let steps = self.steps_in_order();
        let mut duties = std::mem::take(&mut self.duties);
        for held in duties.values_mut() {
            let expected = expectation(&held.record);
            let assigning = expected.duty_kind == Some(SUPERVISOR_ASSIGNMENT);
            // Naming supervisors stays done; the loss of one later is a duty of its own.
            if assigning && is(&held.record, DutyState::Done) {
                continue;
            }
            let own = Some(&of_case).filter(|_| assigning && complete);
            let others = self.contacts.values().filter(|contact| contact.kind != ISOLATION_CASE_TRANSITIONS.name);
            let found = proof_of(&expected, others.chain(&steps).chain(own), write_context.zone);
            let delivered = found.filter(|_| expected.duty_kind == Some(ERRAND_DELIVERY)).map(at_delivery);
            let proof = delivered.as_ref().or(found);
            let waiver = held.record.values.get(&WAIVER).filter(|_| is(&held.record, DutyState::Waived));
            // Nothing is expected where the person was not there.
            let lasting = waiver.filter(|waiver| *waiver != DutyWaiver::NotObserved);
            let is_expected = || self.is_expected(&held.record, write_context);
            let waiver = lasting.or_else(|| (!is_expected()).then_some(DutyWaiver::NotObserved));
            let stands = standing(duty::due_at(&held.record), proof, waiver.is_some(), write_context.now);
            held.record = duty::settle(&held.record, &stands, |line| above.get(&line).copied().flatten());
            if let Some(waiver) = waiver.filter(|_| is(&held.record, DutyState::Waived)) {
                held.record.values.set(&WAIVER, waiver);
            }
        }
        self.duties = duties;
    }
}
