//! One case under the lock: itself, its duties, its contacts; and what a record changes about them.

use std::collections::BTreeMap;
use std::sync::Arc;

use kit::faults::Fault;
use kit::field::Write;
use kit::value::Values;
use ledger::decide::Claim;
use uuid::Uuid;

use super::answerers::{Accounts, require_known};
use super::contact::contact_of;
use crate::records::change::Changes;
use crate::records::envelope::{AREA_CODE, OCCURRED_AT, ORG_ID};
use crate::records::locked_row::LockedRow;
use crate::records::write_context::WriteContext;
use crate::records::{Envelope, Record};
use crate::rooms::duties::duty::is;
use crate::rooms::duties::{Contact, DUTIES, DutyState, DutyWaiver, duty, wire as duties};
use crate::rooms::observation::codes::{CASE_CLOSED, ONLY_BY_TRANSITION, SLOT_TAKEN};
use crate::rooms::observation::isolation_cases::duty_kinds::SUPERVISOR_ASSIGNMENT;
use crate::rooms::observation::isolation_cases::readings::{SLOT, SLOT_ON, TEMPERATURE_READINGS, TemperatureSlot};
use crate::rooms::observation::isolation_cases::rules::supervisor_of;
use crate::rooms::observation::isolation_cases::states::{ENDED, fault};
use crate::rooms::observation::isolation_cases::transitions::{ISOLATION_CASE_TRANSITIONS, IsolationTransition, TO};
use crate::rooms::observation::isolation_cases::wire::{ANCHOR, ANCHORED_ON, IsolationState, SupervisorLevel};
use crate::rooms::observation::isolation_cases::{ISOLATION_CASES, history, wire};

/// A case under the lock.
pub struct Case {
    /// Itself as it was, and as it was when its changes were signed last; `record` is as it is.
    kept: LockedRow,
    pub record: Record,
    pub duties: BTreeMap<Uuid, LockedRow>,
    pub contacts: BTreeMap<Uuid, Contact>,
    /// Steps that the service itself made.
    pub steps: Vec<LockedRow>,
    /// Account whose write the service's own writes of the case follow from.
    pub by: Uuid,
    /// Accounts of those who answer for it.
    pub accounts: Arc<Accounts>,
}

impl Case {
    /// A case as it is stored.
    pub fn stored(record: Record) -> Self {
        Self {
            kept: LockedRow::stored(record.clone()),
            record,
            duties: BTreeMap::new(),
            contacts: BTreeMap::new(),
            steps: Vec::new(),
            by: Uuid::nil(),
            accounts: Arc::default(),
        }
    }

    /// A case that is being created: its own append writes it.
    pub fn begun(claim: &Claim, values: &Values, accounts: &Arc<Accounts>, write_context: &WriteContext) -> Self {
        let envelope = by_service(claim.id, write_context, values, claim.by);
        let mut case = Self::stored(Record { envelope, values: values.clone() });
        case.by = claim.by;
        case.accounts = Arc::clone(accounts);
        case
    }

    /// A void case that holds again, by its own append. What was waived because it was void is expected again where
    /// it still can be done, and missed where it was before: nothing was expected in between, and nobody gets rid of
    /// what he missed by a void that is taken back.
    pub fn restored(mut self, claim: &Claim, values: &Values, write_context: &WriteContext) -> Self {
        let voided_at = self.record.envelope.revised_at;
        self.by = claim.by;
        self.record.values = values.clone();
        self.record.envelope.voided = false;
        self.record.envelope.revision += 1;
        self.kept.supersede(self.record.clone());
        let contacts = &self.contacts;
        let was_voided =
            |held: &&mut LockedRow| held.record.values.get(&duties::WAIVER) == Some(DutyWaiver::CauseVoided);
        for held in self.duties.values_mut().filter(was_voided) {
            let cause_stands = held.record.values.get(&duties::CAUSE_ID).is_none_or(|id| contacts.contains_key(&id));
            let due_at = duty::due_at(&held.record);
            if cause_stands && (due_at > write_context.now || due_at <= voided_at) {
                duty::reopen(&mut held.record);
            }
        }
        self.settle(write_context);
        self
    }

    /// Holds a stored duty.
    pub fn hold(&mut self, duty: Record) {
        self.duties.insert(duty.envelope.id, LockedRow::stored(duty));
    }

    /// State of the case.
    pub fn state(&self) -> IsolationState {
        history::state(&self.record.values)
    }

    /// Whether it goes on.
    pub fn is_open(&self) -> bool {
        !self.record.envelope.voided && !ENDED.contains(&self.state())
    }

    /// Once somebody was notified, the days of his case are moved by steps alone; once it ended, nothing of it is
    /// amended but where it is placed.
    fn require_open_to(&self, next: &Values) -> Result<(), Vec<Fault>> {
        let former = &self.record.values;
        let occurred_at = next.get(&OCCURRED_AT).is_some_and(|at| at != self.record.envelope.occurred_at);
        let changed = wire::FIELDS.iter().filter(|field| field.write == Write::Always).map(|field| field.name);
        let changed = changed.filter(|name| former.get(name) != next.get(name));
        let changed = changed.chain(occurred_at.then_some(OCCURRED_AT.name()));
        let fault_of = |name: &str| {
            if ENDED.contains(&self.state()) {
                Some(fault(name, CASE_CLOSED, vec![]))
            } else if self.state() != history::FIRST && [ANCHOR.name(), ANCHORED_ON.name()].contains(&name) {
                let to = [IsolationTransition::Corrected.code(), IsolationTransition::Extended.code()].join(", ");
                Some(fault(name, ONLY_BY_TRANSITION, vec![(TO.name(), to)]))
            } else {
                None
            }
        };
        let faults: Vec<Fault> = changed.filter_map(fault_of).collect();
        if faults.is_empty() { Ok(()) } else { Err(faults) }
    }

    /// The case itself was amended or voided, by its own append.
    pub fn amended(&mut self, claim: &Claim, write_context: &WriteContext) -> Result<(), Vec<Fault>> {
        let Some(values) = &claim.next else {
            self.waive_where(DutyWaiver::CauseVoided, |_| true);
            return Ok(());
        };
        let area_code = values.get(&AREA_CODE).unwrap_or(&write_context.district_code).to_owned();
        self.require_open_to(values)?;
        require_known(&self.accounts, Some(&self.record.values), values, &area_code)?;
        let (former, stood) = (std::mem::take(&mut self.record.values), self.stood());
        self.record.values = values.clone();
        self.record.envelope.revision += 1;
        if stood != (area_code.clone(), values.get(&ORG_ID)) {
            self.settle_at(&area_code, values.get(&ORG_ID), None, write_context);
        }
        for level in SupervisorLevel::ALL {
            let (before, now) = (supervisor_of(&former, *level), supervisor_of(values, *level));
            if before != now {
                let line = Some(level.line());
                self.give(|duty| duty.get(&duties::LINE) == line && duty.get(&duties::ASSIGNEE_ID) == before);
            }
        }
        self.kept.supersede(self.record.clone());
        self.require_supervisors(&former, write_context);
        self.settle(write_context);
        Ok(())
    }

    /// Somebody who answered for it was taken away and nobody came instead: that is a duty again.
    fn require_supervisors(&mut self, former: &Values, write_context: &WriteContext) {
        let complete = |values: &Values| values.get(&wire::SUPERVISORS_COMPLETE) == Some(true);
        let kind = SUPERVISOR_ASSIGNMENT;
        let stands = self
            .duties
            .values()
            .any(|held| held.record.values.get(&duties::DUTY_KIND) == Some(kind) && is(&held.record, DutyState::Open));
        if complete(former) && !complete(&self.record.values) && !stands && self.is_open() {
            let revision = self.record.envelope.revision.to_string();
            self.open_for(kind, &revision, None, write_context.now, write_context);
        }
    }

    /// A record of the case came, was changed or was voided.
    pub fn took(&mut self, claim: &Claim, write_context: &Arc<WriteContext>) -> Result<(), Vec<Fault>> {
        if let Some(next) = &claim.next {
            self.require_free_slot(claim, next)?;
        }
        let voided = self.contacts.remove(&claim.id).is_some() && claim.next.is_none();
        if let Some(contact) = claim.next.as_ref().and_then(|next| contact_of(claim, next, write_context)) {
            self.contacts.insert(claim.id, contact);
        }
        if voided {
            let id = claim.id;
            self.waive_where(DutyWaiver::CauseVoided, |duty| duty.values.get(&duties::CAUSE_ID) == Some(id));
        }
        if claim.kind == TEMPERATURE_READINGS.name && claim.next.is_some() && self.state() == IsolationState::Notified {
            self.begin_observation(claim, write_context);
        }
        self.expect_of(claim.id, write_context);
        self.settle(write_context);
        Ok(())
    }

    fn require_free_slot(&self, claim: &Claim, next: &Values) -> Result<(), Vec<Fault>> {
        let key = |values: &Values| Some((values.get(&SLOT)?, values.get(&SLOT_ON)?));
        let slot = key(next).filter(|(slot, _)| *slot != TemperatureSlot::Extra);
        let taken = slot.is_some()
            && self.contacts.values().any(|other| {
                other.kind == TEMPERATURE_READINGS.name && other.id != claim.id && key(&other.values) == slot
            });
        if taken { Err(vec![fault(&SLOT, SLOT_TAKEN, vec![])]) } else { Ok(()) }
    }
}

impl Case {
    /// Signs what followed from the claim just admitted.
    pub fn sign(&mut self) {
        self.kept.record.clone_from(&self.record);
        let all = self.duties.values_mut().chain(&mut self.steps).chain([&mut self.kept]);
        all.for_each(|kept| kept.sign(self.by));
        // Whoever signed it stays told when the next claim changes nothing about the case itself.
        self.record.envelope.clone_from(&self.kept.record.envelope);
    }

    /// Puts what changed into an append: each row under a number of its own.
    pub fn put_into(self, changes: &mut Changes) {
        let mut kept = self.kept;
        kept.record = self.record;
        kept.put_into(&ISOLATION_CASES, changes);
        for step in self.steps {
            step.put_into(&ISOLATION_CASE_TRANSITIONS, changes);
        }
        for duty in self.duties.into_values() {
            duty.put_into(&DUTIES, changes);
        }
    }
}

/// The envelope of what the service writes about a case, where and when `values` say.
pub fn by_service(id: Uuid, write_context: &WriteContext, values: &Values, by: Uuid) -> Envelope {
    let area_code = values.get(&AREA_CODE).unwrap_or(&write_context.district_code);
    let at = values.get(&OCCURRED_AT).unwrap_or(write_context.now);
    write_context.envelope(id, area_code, values.get(&ORG_ID), at, by)
}
