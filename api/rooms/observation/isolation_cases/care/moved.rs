//! A case moves to another township, is accepted there, or is closed because its person has another one.

use chrono::{DateTime, Utc};
use kit::faults::Fault;
use kit::time::day_of;
use kit::value::Values;
use uuid::Uuid;

use super::case::{Case, by_service};
use super::expect::CONTESTED_DUTY;
use crate::platform::privacy::blind::derived_id;
use crate::records::Record;
use crate::records::envelope::{AREA_CODE, OCCURRED_AT};
use crate::records::locked_row::LockedRow;
use crate::records::rules::Stood;
use crate::records::write_context::WriteContext;
use crate::rooms::duties::duty::is;
use crate::rooms::duties::wire::DUTY_KIND;
use crate::rooms::duties::{Cadences, DutyState, DutyWaiver};
use crate::rooms::observation::codes::NOTHING_TO_ACCEPT;
use crate::rooms::observation::isolation_cases::duty_kinds::ACCEPT_TRANSFER;
use crate::rooms::observation::isolation_cases::history;
use crate::rooms::observation::isolation_cases::states::fault;
use crate::rooms::observation::isolation_cases::stays::{self, pending, township};
use crate::rooms::observation::isolation_cases::transitions::{
    CASE_ID, IsolationTransition, REASON, RECEIVING_AREA_CODE, TO,
};
use crate::rooms::observation::isolation_cases::wire::{ENDED_AT, IsolationState, STATE};

impl Case {
    /// Where it stands.
    pub fn stood(&self) -> Stood {
        (self.record.envelope.area_code.clone(), self.record.envelope.org_id)
    }

    /// It stands elsewhere from now on: what is open about it moves along, what is done stays where it was done.
    /// `asked_by` is the step that moved it, where it was one.
    pub fn settle_at(
        &mut self,
        area_code: &str,
        org_id: Option<Uuid>,
        asked_by: Option<(Uuid, DateTime<Utc>)>,
        write_context: &WriteContext,
    ) {
        self.record.envelope.area_code = area_code.to_owned();
        self.record.envelope.org_id = org_id;
        // Duties of the command (to say which of two cases stands) stay with the district.
        let moves = |record: &Record| record.values.get(&DUTY_KIND) != Some(CONTESTED_DUTY);
        for held in self.duties.values_mut().filter(|held| is(&held.record, DutyState::Open) && moves(&held.record)) {
            held.record.envelope.area_code = area_code.to_owned();
        }
        let is_acceptance = |record: &Record| record.values.get(&DUTY_KIND) == Some(ACCEPT_TRANSFER);
        if pending(&self.record.values).next().is_none() {
            return self.waive_where(DutyWaiver::TakenBack, is_acceptance);
        }
        let stands = self.duties.values().any(|held| is_acceptance(&held.record) && is(&held.record, DutyState::Open));
        let (cause_id, asked_at) = asked_by.unzip();
        let asked_at = asked_at.unwrap_or(write_context.now).min(write_context.now);
        let day = day_of(asked_at, write_context.zone);
        let kind = ACCEPT_TRANSFER;
        let Some(cadence) = write_context.settings.of::<Cadences>().at(kind, area_code, day).filter(|_| !stands) else {
            return;
        };
        let stay = stays::stays(&self.record.values).len().to_string();
        let case = self.record.envelope.id.to_string();
        let id = derived_id(&write_context.keys.identity, &["duty", kind.code(), &case, &stay]);
        // Told late, it is still theirs for as long as the cadence says.
        self.expect(id, (kind, kind.line()), cause_id, (asked_at, cadence.due_after(write_context.now)), write_context);
    }

    /// Handed over within the district: the same case goes on in another township.
    pub fn transfer(&mut self, step_id: Uuid, step: &Values, write_context: &WriteContext) {
        let Some(area_code) = step.get(&RECEIVING_AREA_CODE).map(str::to_owned) else { return };
        let at = step.get(&OCCURRED_AT).unwrap_or(write_context.now).min(write_context.now);
        let stood = self.stood();
        if stood.0 != area_code {
            stays::leave(&mut self.record.values, stood, &area_code, at);
            self.settle_at(&area_code, None, Some((step_id, at)), write_context);
        }
        self.settle(write_context);
    }

    /// Whether there is something to take on, from where the step is made.
    pub fn require_acceptable(&self, step: &Values) -> Result<(), Vec<Fault>> {
        let from = step.get(&AREA_CODE).map(township);
        let waits = pending(&self.record.values).next().is_some();
        if waits && from == Some(township(&self.record.envelope.area_code)) {
            return Ok(());
        }
        Err(vec![fault(&TO, NOTHING_TO_ACCEPT, vec![])])
    }

    /// Taken on by somebody of the township where it stands now.
    pub fn accept(&mut self, step: &Values, write_context: &WriteContext) {
        stays::accept(
            &mut self.record.values,
            step.get(&OCCURRED_AT).unwrap_or(write_context.now).min(write_context.now),
        );
        self.give_on();
        self.settle(write_context);
    }

    /// Closed because its person has another case, which goes on.
    pub fn close_as_merged(&mut self, other: (Uuid, Stood), at: DateTime<Utc>, write_context: &WriteContext) {
        let case = self.record.envelope.id.to_string();
        let id = derived_id(&write_context.keys.identity, &["transition", "merged", &case, &other.0.to_string()]);
        let mut step = Values::default();
        step.set(&CASE_ID, self.record.envelope.id);
        step.set(&TO, IsolationTransition::Merged);
        step.set(&REASON, "merged");
        step.set(&OCCURRED_AT, at);
        step.set(&AREA_CODE, self.record.envelope.area_code.clone());
        let envelope = by_service(id, write_context, &step, self.by);
        step.clear(&OCCURRED_AT);
        step.clear(&AREA_CODE);
        self.steps.push(LockedRow::new(Record { envelope, values: step }));
        history::add(&mut self.record.values, id, IsolationState::Merged, at);
        self.record.values.set(&STATE, IsolationState::Merged);
        self.record.values.set(&ENDED_AT, at);
        stays::tie(&mut self.record.values, other.0, other.1);
        self.waive_where(DutyWaiver::CaseMerged, |_| true);
    }
}
