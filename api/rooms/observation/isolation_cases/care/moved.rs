//! A case moves to another township, is accepted there, or is closed because its person has another one.

use chrono::{DateTime, Utc};
use kit::faults::Fault;
use kit::time::day_of;
use kit::value::{Value, Values};
use uuid::Uuid;

use super::case::{Case, by_service};
use super::expect::CONTESTED_DUTY;
use crate::platform::privacy::blind::derived_id;
use crate::records::Record;
use crate::records::locked_row::LockedRow;
use crate::records::rules::Stood;
use crate::records::write_context::WriteContext;
use crate::rooms::duties::cadences::Cadences;
use crate::rooms::duties::duty;
use crate::rooms::duties::line_of;
use crate::rooms::observation::codes::NOTHING_TO_ACCEPT;
use crate::rooms::observation::isolation_cases::history;
use crate::rooms::observation::isolation_cases::states::fault;
use crate::rooms::observation::isolation_cases::stays::{self, pending, township};

/// The step by which the receiving township takes a case on.
pub const ACCEPTED: &str = "transfer_accepted";

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
        let moves = |record: &Record| record.values.text("duty_kind") != Some(CONTESTED_DUTY);
        for held in self.duties.values_mut().filter(|held| duty::is(&held.record, "open") && moves(&held.record)) {
            held.record.envelope.area_code = area_code.to_owned();
        }
        let is_acceptance = |record: &Record| record.values.text("duty_kind") == Some("accept_transfer");
        if pending(&self.record.values).next().is_none() {
            return self.waive_where("taken_back", is_acceptance);
        }
        let stands = self.duties.values().any(|held| is_acceptance(&held.record) && duty::is(&held.record, "open"));
        let (cause_id, asked_at) = asked_by.unzip();
        let asked_at = asked_at.unwrap_or(write_context.now).min(write_context.now);
        let day = day_of(asked_at, write_context.zone);
        let Some(cadence) =
            write_context.settings.of::<Cadences>().at("accept_transfer", area_code, day).filter(|_| !stands)
        else {
            return;
        };
        let stay = stays::stays(&self.record.values).len().to_string();
        let case = self.record.envelope.id.to_string();
        let id = derived_id(&write_context.keys.identity, &["duty", "accept_transfer", &case, &stay]);
        // Told late, it is still theirs for as long as the cadence says.
        self.expect(
            id,
            ("accept_transfer", line_of("accept_transfer")),
            cause_id,
            (asked_at, cadence.due_after(write_context.now)),
            write_context,
        );
    }

    /// Handed over within the district: the same case goes on in another township.
    pub fn transfer(&mut self, step_id: Uuid, step: &Values, write_context: &WriteContext) {
        let Some(area_code) = step.text("receiving_area_code").map(str::to_owned) else { return };
        let at = step.instant("occurred_at").unwrap_or(write_context.now).min(write_context.now);
        let stood = self.stood();
        if stood.0 != area_code {
            stays::leave(&mut self.record.values, stood, &area_code, at);
            self.settle_at(&area_code, None, Some((step_id, at)), write_context);
        }
        self.settle(write_context);
    }

    /// Whether there is something to take on, from where the step is made.
    pub fn require_acceptable(&self, step: &Values) -> Result<(), Vec<Fault>> {
        let from = step.text("area_code").unwrap_or_default();
        let waits = pending(&self.record.values).next().is_some();
        if waits && township(from) == township(&self.record.envelope.area_code) {
            return Ok(());
        }
        Err(vec![fault("/to", NOTHING_TO_ACCEPT, vec![])])
    }

    /// Taken on by somebody of the township where it stands now.
    pub fn accept(&mut self, step: &Values, write_context: &WriteContext) {
        stays::accept(
            &mut self.record.values,
            step.instant("occurred_at").unwrap_or(write_context.now).min(write_context.now),
        );
        self.give_on();
        self.settle(write_context);
    }

    /// Closed because its person has another case, which goes on.
    pub fn close_as_merged(&mut self, other: (Uuid, Stood), at: DateTime<Utc>, write_context: &WriteContext) {
        let case = self.record.envelope.id.to_string();
        let id = derived_id(&write_context.keys.identity, &["transition", "merged", &case, &other.0.to_string()]);
        let mut step = Values::default();
        step.set("case_id", Value::Id(self.record.envelope.id));
        step.set("to", Value::Text("merged".to_owned()));
        step.set("reason", Value::Text("merged".to_owned()));
        step.set("occurred_at", Value::Instant(at));
        step.set("area_code", Value::Text(self.record.envelope.area_code.clone()));
        let envelope = by_service(id, write_context, &step, self.by);
        step.set("occurred_at", Value::Null);
        step.set("area_code", Value::Null);
        self.steps.push(LockedRow::new(Record { envelope, values: step }));
        history::add(&mut self.record.values, id, "merged", at);
        self.record.values.set("state", Value::Text("merged".to_owned()));
        self.record.values.set("ended_at", Value::Instant(at));
        stays::tie(&mut self.record.values, other.0, other.1);
        self.waive_where("case_merged", |_| true);
    }
}
