//! Rectifications under the lock: made and changed by the records that ask for them, moved on by their steps.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use kit::catalogue::FaultCode;
use kit::faults::Fault;
use kit::row::Row;
use kit::statement::Statement;
use kit::value::Values;
use ledger::Append;
use ledger::decide::{Claim, Decider, State};
use uuid::Uuid;

use super::RECTIFICATIONS;
use super::load::{self, rectification_of};
use super::source::{Demand, lines_of, matched, source_of};
use super::standing::{Idle, Standing, Step, legal, replay};
use super::wire::{
    DUE_AT, DUE_ON, EXTENDED_TO, LINE_NO, OVERDUE, PLACE_ID, REQUIREMENT, RectificationSource, RectificationState,
    SOURCE_ID, SOURCE_KIND, STATE, STATE_HISTORY, SUBJECT_ORG_ID, Stage,
};
use crate::platform::privacy::blind::derived_id;
use crate::records::Record;
use crate::records::change::Changes;
use crate::records::codes::ILLEGAL_TRANSITION;
use crate::records::envelope::{AREA_CODE, OCCURRED_AT, ORG_ID, RECORDED_AT};
use crate::records::locked_row::LockedRow;
use crate::records::write_context::WriteContext;
use crate::rooms::duties::DUTIES;
use crate::rooms::supervision::codes::{BREAKS_LATER_STEP, NOT_EXTENDED, OWN_WORK};
use crate::rooms::supervision::oversight_checks::{BY_ORG_ID, CHECKED_ORG_ID};
use crate::rooms::supervision::rectification_steps::{self, RECTIFICATION_STEPS, STEP};

/// Decides how rectifications stand.
pub struct RectificationDecider(Arc<WriteContext>);

impl RectificationDecider {
    /// The decider of an append.
    pub fn of(write_context: &Arc<WriteContext>) -> Arc<dyn Decider> {
        Arc::new(Self(Arc::clone(write_context)))
    }
}

impl Decider for RectificationDecider {
    fn group(&self) -> &'static str {
        "rectifications"
    }

    fn load(&self, district_code: &str, claims: &[&Claim]) -> Vec<Statement> {
        load::statements(district_code, claims)
    }

    fn begin(&self, rows: Vec<Vec<Row>>) -> Result<Box<dyn State>, String> {
        load::items(&self.0, rows).map(|items| Box::new(items) as Box<dyn State>)
    }
}

/// A rectification under the lock.
pub struct Item {
    /// The record.
    pub row: LockedRow,
    /// Its steps that stand.
    pub steps: BTreeMap<Uuid, Step>,
    /// Its duties.
    pub duties: BTreeMap<Uuid, LockedRow>,
    /// Whether the append itself writes it.
    is_written: bool,
}

impl Item {
    /// One without steps and duties.
    pub fn of(row: LockedRow) -> Self {
        Self { row, steps: BTreeMap::new(), duties: BTreeMap::new(), is_written: false }
    }

    /// How it stands by its steps.
    fn standing(&self, write_context: &WriteContext) -> Standing {
        let (envelope, values) = (&self.row.record.envelope, &self.row.record.values);
        let due_on = values.get(&DUE_ON).unwrap_or_default();
        replay((envelope.occurred_at, due_on), envelope.org_id, &self.steps, write_context.zone)
    }

    /// Lets it stand as its steps and its line say, with what is expected of whom.
    fn settle(&mut self, by: Uuid, write_context: &WriteContext) {
        let mut standing = self.standing(write_context);
        let values = &mut self.row.record.values;
        if values.get(&SOURCE_ID).is_some() && values.get(&LINE_NO).is_none() {
            drop_line(&mut standing, values, write_context.now);
        }
        tell(values, &standing, write_context.now);
        if !self.is_written {
            self.row.sign(by);
        }
        super::duties::settle(self, &standing, by, write_context);
    }
}

/// The line is gone: nothing is asked for any more, since that was known.
fn drop_line(standing: &mut Standing, values: &Values, now: DateTime<Utc>) {
    let gone = |stage: &Stage| stage.state == RectificationState::Waived;
    let known = values.list(&STATE_HISTORY).last().filter(gone).map(|stage| stage.since_at);
    let since_at = standing.history.last().map_or(now, |stage| stage.since_at.max(known.unwrap_or(now)));
    if standing.state != RectificationState::Waived {
        standing.state = RectificationState::Waived;
        standing.history.push(Stage { state: RectificationState::Waived, since_at, due_at: standing.due_at });
    }
}

/// Writes how it stands into its values.
pub fn tell(values: &mut Values, standing: &Standing, now: DateTime<Utc>) {
    values.set(&STATE, standing.state);
    values.set_or_clear(&EXTENDED_TO, standing.extended_to);
    values.set(&DUE_AT, standing.due_at);
    values.set(&OVERDUE, standing.is_open() && standing.due_at <= now);
    values.set(&STATE_HISTORY, standing.history.clone());
}

/// The rectifications that a batch touches.
pub struct Items {
    /// The context that makes records.
    pub write_context: Arc<WriteContext>,
    /// The rectifications.
    pub items: BTreeMap<Uuid, Item>,
    /// Organisations of places.
    pub places: BTreeMap<Uuid, Uuid>,
}

impl State for Items {
    fn admit(&mut self, claim: &Claim) -> Result<(), Vec<Fault>> {
        if claim.kind == RECTIFICATION_STEPS.name {
            return self.step(claim);
        }
        match source_of(claim.kind) {
            Some(source) => self.asked(claim, source),
            None if claim.kind == RECTIFICATIONS.name => self.posted(claim),
            None => self.reviewed(claim),
        }
        Ok(())
    }

    fn follow(self: Box<Self>) -> Result<Option<Append>, String> {
        let mut changes = Changes::default();
        for item in self.items.into_values() {
            if !item.is_written {
                item.row.put_into(&RECTIFICATIONS, &mut changes);
            }
            item.duties.into_values().for_each(|duty| duty.put_into(&DUTIES, &mut changes));
        }
        changes.following(&self.write_context)
    }
}

impl Items {
    /// A step came, was changed or was voided. What is voided or no longer follows moves nothing; what comes must follow,
    /// and leave what follows it as it is.
    fn step(&mut self, claim: &Claim) -> Result<(), Vec<Fault>> {
        let write_context = Arc::clone(&self.write_context);
        let Some(item) = rectification_of(claim).and_then(|id| self.items.get_mut(&id)) else { return Ok(()) };
        let before = item.standing(&write_context);
        let former = item.steps.remove(&claim.id);
        let given = claim.next.as_ref().and_then(|next| step_of(next, former.as_ref(), claim.by, write_context.now));
        if let Some(step) = given {
            item.steps.insert(claim.id, step);
            let faults = faults(claim.id, &before, &item.standing(&write_context));
            if !faults.is_empty() {
                item.steps.remove(&claim.id);
                item.steps.extend(former.map(|former| (claim.id, former)));
                return Err(faults);
            }
        }
        item.settle(claim.by, &write_context);
        Ok(())
    }

    /// One was posted, amended, voided or restored by hand.
    fn posted(&mut self, claim: &Claim) {
        let write_context = Arc::clone(&self.write_context);
        let Some(values) = &claim.next else {
            if let Some(item) = self.items.get_mut(&claim.id) {
                item.row.record.envelope.voided = true;
                let written = item.row.record.clone();
                item.row.supersede(Record { envelope: next_envelope(&written), ..written });
                item.settle(claim.by, &write_context);
            }
            return;
        };
        let area_code = values.get(&AREA_CODE).unwrap_or(&write_context.district_code);
        let at = values.get(&OCCURRED_AT).unwrap_or(write_context.now);
        let written = |known: Option<&Record>| {
            let made = || write_context.envelope(claim.id, area_code, values.get(&ORG_ID), at, claim.by);
            let mut envelope = known.map_or_else(made, next_envelope);
            area_code.clone_into(&mut envelope.area_code);
            (envelope.org_id, envelope.occurred_at, envelope.voided) = (values.get(&ORG_ID), at, false);
            Record { envelope, values: values.clone() }
        };
        match self.items.get_mut(&claim.id) {
            Some(item) => {
                let next = written(Some(&item.row.record));
                item.row.supersede(next);
                item.settle(claim.by, &write_context);
            }
            None => {
                let mut item = Item::of(LockedRow::stored(written(None)));
                item.is_written = true;
                item.settle(claim.by, &write_context);
                self.items.insert(claim.id, item);
            }
        }
    }

    /// Time has passed.
    fn reviewed(&mut self, claim: &Claim) {
        let write_context = Arc::clone(&self.write_context);
        if let Some(item) = self.items.get_mut(&claim.id) {
            item.settle(claim.by, &write_context);
        }
    }

    /// A record whose lines ask for something came, was amended, voided or restored.
    fn asked(&mut self, claim: &Claim, source: RectificationSource) {
        let write_context = Arc::clone(&self.write_context);
        let of_source = |item: &Item| item.row.record.values.get(&SOURCE_ID) == Some(claim.id);
        let Some(values) = &claim.next else {
            for item in self.items.values_mut().filter(|item| of_source(item)) {
                item.row.record.envelope.voided = true;
                item.settle(claim.by, &write_context);
            }
            return;
        };
        let lines = lines_of(values);
        let known: BTreeMap<Uuid, &LockedRow> =
            self.items.iter().filter(|(_, item)| of_source(item)).map(|(id, item)| (*id, &item.row)).collect();
        let (matched, mut count) = (matched(&lines, &known), known.len());
        for item in self.items.values_mut().filter(|item| of_source(item)) {
            item.row.record.values.clear(&LINE_NO);
        }
        for line in &lines {
            let id = matched.get(&line.line_no).copied().unwrap_or_else(|| {
                count += 1;
                rectification_id(&write_context, source, claim.id, count)
            });
            self.ask(id, line, (source, claim), values);
        }
        for item in self.items.values_mut().filter(|item| of_source(item)) {
            item.row.record.envelope.voided = false;
            item.settle(claim.by, &write_context);
        }
    }

    /// A line of a record asks for this one.
    fn ask(&mut self, id: Uuid, line: &Demand, (source, claim): (RectificationSource, &Claim), values: &Values) {
        let write_context = &self.write_context;
        let at = values.get(&OCCURRED_AT).unwrap_or(write_context.now);
        let area_code = values.get(&AREA_CODE).unwrap_or(&write_context.district_code);
        let place_id = values.get(&PLACE_ID);
        let issuer = values.get(&BY_ORG_ID).or(values.get(&ORG_ID));
        let subject = values.get(&CHECKED_ORG_ID).or_else(|| self.places.get(&place_id?).copied());
        let item = self.items.entry(id).or_insert_with(|| {
            let envelope = write_context.envelope(id, area_code, issuer, at, claim.by);
            Item::of(LockedRow::new(Record { envelope, values: Values::default() }))
        });
        let Record { envelope, values: own } = &mut item.row.record;
        area_code.clone_into(&mut envelope.area_code);
        (envelope.org_id, envelope.occurred_at) = (issuer, at);
        own.set_or_clear(&PLACE_ID, place_id);
        own.set_or_clear(&SUBJECT_ORG_ID, subject);
        own.set(&REQUIREMENT, line.requirement.clone());
        own.set(&DUE_ON, line.due_on);
        own.set(&SOURCE_KIND, source);
        own.set(&SOURCE_ID, claim.id);
        own.set(&LINE_NO, line.line_no);
    }
}

/// The envelope of the revision that the append itself writes.
fn next_envelope(known: &Record) -> crate::records::Envelope {
    let mut envelope = known.envelope.clone();
    envelope.revision += 1;
    envelope
}

/// A line's rectification: whoever makes it, it is made once.
fn rectification_id(write_context: &WriteContext, source: RectificationSource, id: Uuid, count: usize) -> Uuid {
    let name = ["rectification", source.code(), &id.to_string(), &count.to_string()];
    derived_id(&write_context.keys.identity, &name)
}

fn step_of(values: &Values, former: Option<&Step>, by: Uuid, now: DateTime<Utc>) -> Option<Step> {
    let mut authors = former.map(|step| step.authors.clone()).unwrap_or_default();
    if !authors.contains(&by) {
        authors.push(by);
    }
    Some(Step {
        step: values.get(&STEP)?,
        occurred_at: values.get(&OCCURRED_AT).unwrap_or(now),
        known_at: former.map(|step| step.known_at).or(values.get(&RECORDED_AT)).unwrap_or(now),
        due_on: values.get(&rectification_steps::DUE_ON),
        authors,
        org_id: values.get(&ORG_ID),
    })
}

/// Reasons against a step: it must follow, and what followed before must go on following.
fn faults(id: Uuid, before: &Standing, after: &Standing) -> Vec<Fault> {
    let fault = |pointer: String, code: FaultCode, values| Fault { pointer, code, values, hint: None };
    let own = after.idle.get(&id).map(|idle| match idle {
        Idle::Illegal(state) => {
            let legal: Vec<&str> = legal(*state).map(rectification_steps::RectificationStep::code).collect();
            let values = vec![("state", state.code().to_owned()), ("legal", legal.join(", "))];
            fault(STEP.pointer(), ILLEGAL_TRANSITION, values)
        }
        Idle::NotLater(day) => {
            fault(rectification_steps::DUE_ON.pointer(), NOT_EXTENDED, vec![("due_on", day.to_string())])
        }
        Idle::OwnWork => fault(STEP.pointer(), OWN_WORK, Vec::new()),
    });
    let later = after.idle.iter().filter(|(other, _)| **other != id);
    let broken = later.filter(|(other, _)| !before.idle.contains_key(*other)).map(|(_, idle)| match idle {
        Idle::OwnWork => fault(STEP.pointer(), OWN_WORK, Vec::new()),
        Idle::Illegal(_) | Idle::NotLater(_) => fault(OCCURRED_AT.pointer(), BREAKS_LATER_STEP, Vec::new()),
    });
    own.into_iter().chain(broken.take(1)).collect()
}
