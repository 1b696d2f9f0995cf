//! Duty of the health centre after an abnormal passage: that somebody looks after the person (`gate_follow_up`). A
//! temperature reading, a case, a visit of the health centre's line or a health worker's answer proves it, from the
//! passage on, whichever of his ids the person goes by.
//!
//! Settled anew from the records that stand, as the duties of cases are: order, voids and amendments don't matter.
//! A passage that hasn't happened yet asks for nothing.

mod load;

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use kit::faults::Fault;
use kit::row::Row;
use kit::statement::Statement;
use kit::time::day_of;
use kit::value::Values;
use ledger::Append;
use ledger::decide::{Claim, Decider, State};
use uuid::Uuid;

use crate::platform::privacy::blind::derived_id;
use crate::records::Record;
use crate::records::change::Changes;
use crate::records::envelope::{AREA_CODE, OCCURRED_AT};
use crate::records::locked_row::LockedRow;
use crate::records::write_context::WriteContext;
use crate::rooms::checkpoints::screenings::SCREENINGS;
use crate::rooms::checkpoints::screenings::wire::{ABNORMAL, PERSON_ID};
use crate::rooms::duties::duty::{self, expectation, is};
use crate::rooms::duties::duty_kinds;
use crate::rooms::duties::wire::{DUE_AT, OPENS_AT, SUBJECT_ID, SUBJECT_KIND, WAIVER};
use crate::rooms::duties::{
    Cadence, Cadences, Contact, DUTIES, DutyState, DutyWaiver, Expectation, proof_of, standing,
};
use crate::rooms::observation::{
    CASE_ID, FOLLOW_UP_VISITS, ISOLATION_CASES, SupervisorLevel, TEMPERATURE_READINGS, visits,
};

duty_kinds! {
    /// The only one.
    pub const DUTY_KINDS;
    GATE_FOLLOW_UP "gate_follow_up" "follow-up of an abnormal passage" "卡点异常随访" [HealthCenter] is_looked_after, answered_by_note;
}

/// Whether a record shows that the person was looked after: measured, got a case or was answered for since.
fn is_looked_after(duty: &Expectation, contact: &Contact, _: Tz) -> bool {
    let record = [TEMPERATURE_READINGS.name, ISOLATION_CASES.name, DUTIES.name].contains(&contact.kind);
    let visit = contact.kind == FOLLOW_UP_VISITS.name && may_prove(contact.kind, &contact.values);
    contact.occurred_at >= duty.opens_at && (record || visit)
}

/// Passages that are told later than an incubation lasts ask for nothing any more.
const LATELY: TimeDelta = TimeDelta::days(14);

/// Decides what abnormal passages ask for, and what proves it. It refuses nothing.
pub struct FollowUpDecider(Arc<WriteContext>);

impl FollowUpDecider {
    /// The decider of an append.
    pub fn of(write_context: &Arc<WriteContext>) -> Arc<dyn Decider> {
        Arc::new(Self(Arc::clone(write_context)))
    }
}

/// The duty of a passage: whoever makes it, it is made once.
fn duty_id(write_context: &WriteContext, passage: Uuid) -> Uuid {
    derived_id(&write_context.keys.identity, &["duty", GATE_FOLLOW_UP.code(), &passage.to_string()])
}

/// Where somebody is looked after: where he is registered, if that is a part of the district, else at the gate.
pub fn area_of<'a>(district_code: &str, registered: Option<&'a str>, gate: &'a str) -> &'a str {
    let within = |area: &&str| area.len() > district_code.len() && area.starts_with(district_code);
    registered.filter(within).unwrap_or(gate)
}

fn contact(
    kind: &'static str,
    id: Uuid,
    (occurred_at, known_at): (DateTime<Utc>, DateTime<Utc>),
    values: Values,
) -> Contact {
    Contact { kind, id, occurred_at, known_at, values }
}

impl Decider for FollowUpDecider {
    fn group(&self) -> &'static str {
        GATE_FOLLOW_UP.code()
    }

    fn load(&self, district_code: &str, claims: &[&Claim]) -> Vec<Statement> {
        load::statements(&self.0, district_code, claims)
    }

    fn begin(&self, rows: Vec<Vec<Row>>) -> Result<Box<dyn State>, String> {
        load::follow_ups(&self.0, rows).map(|state| Box::new(state) as Box<dyn State>)
    }
}

/// The people whom a batch touches, with what is expected and what was done.
struct FollowUps {
    write_context: Arc<WriteContext>,
    duties: BTreeMap<Uuid, LockedRow>,
    /// Ids that stand for persons, by each of a person's ids.
    roots: BTreeMap<Uuid, Uuid>,
    /// Areas in which people are registered, by that id.
    areas: BTreeMap<Uuid, String>,
    /// The people of cases that visits are about.
    people_of_cases: BTreeMap<Uuid, Uuid>,
    contacts: BTreeMap<Uuid, (Uuid, Contact)>,
    /// Account whose write is being admitted.
    by: Uuid,
    /// Accounts that last wrote a passage or a record of somebody: by the duty, and by the id that stands for him.
    authors: BTreeMap<Uuid, Uuid>,
}

impl State for FollowUps {
    fn admit(&mut self, claim: &Claim) -> Result<(), Vec<Fault>> {
        self.by = claim.by;
        if claim.kind == SCREENINGS.name {
            self.passage(claim)
        } else {
            self.record(claim)
        }
        Ok(())
    }

    fn follow(mut self: Box<Self>) -> Result<Option<Append>, String> {
        self.settle();
        let mut changes = Changes::default();
        let kind = &DUTIES;
        for duty in self.duties.into_values() {
            duty.put_into(kind, &mut changes);
        }
        changes.following(&self.write_context)
    }
}

impl FollowUps {
    fn root(&self, id: Uuid) -> Uuid {
        self.roots.get(&id).copied().unwrap_or(id)
    }

    /// A passage came, was changed or was voided.
    fn passage(&mut self, claim: &Claim) {
        let id = duty_id(&self.write_context, claim.id);
        let asks = |values: &&Values| {
            let at = values.get(&OCCURRED_AT).unwrap_or(self.write_context.now);
            values.get(&ABNORMAL) == Some(true) && self.write_context.has_come(at)
        };
        match claim.next.as_ref().filter(asks) {
            Some(passage) => self.ask(id, claim.id, passage),
            None => {
                if let Some(held) = self.duties.get_mut(&id).filter(|held| !is(&held.record, DutyState::Done)) {
                    held.record = duty::waive(&held.record, DutyWaiver::CauseVoided);
                }
            }
        }
        self.authors.insert(id, self.by);
        if let Some(held) = self.duties.get_mut(&id) {
            held.sign(self.by);
        }
    }

    fn ask(&mut self, id: Uuid, passage_id: Uuid, passage: &Values) {
        let write_context = Arc::clone(&self.write_context);
        let gate = passage.get(&AREA_CODE).unwrap_or(&write_context.district_code);
        let person_id = passage.get(&PERSON_ID);
        let registered = person_id.and_then(|id| self.areas.get(&self.root(id))).map(String::as_str);
        let area_code = area_of(&write_context.district_code, registered, gate).to_owned();
        let subject = person_id.map_or(("screenings", passage_id), |id| ("people", id));
        let opens_at = passage.get(&OCCURRED_AT).unwrap_or(write_context.now);
        let cadence = write_context.settings.of::<Cadences>().at(
            GATE_FOLLOW_UP,
            &area_code,
            day_of(opens_at, write_context.zone),
        );
        if let Some(held) = self.duties.get_mut(&id) {
            again(&mut held.record, subject, &area_code, opens_at, cadence);
            return;
        }
        let Some(cadence) = cadence.filter(|_| opens_at + LATELY >= write_context.now) else { return };
        // Nobody can answer for what he wasn't told: what was told late is due from then on.
        let told_late = write_context.now > opens_at + write_context.clock_tolerance;
        let new = duty::New {
            id,
            duty_kind: GATE_FOLLOW_UP,
            subject,
            cause_id: Some(passage_id),
            assignee_id: None,
            opens_at,
            due_at: cadence.due_after(if told_late { write_context.now } else { opens_at }),
            area_code: &area_code,
            org_id: None,
            made_by: self.by,
        };
        self.duties.insert(id, LockedRow::new(duty::record(new, &write_context)));
    }

    /// A record of somebody came, was changed or was voided.
    fn record(&mut self, claim: &Claim) {
        self.contacts.remove(&claim.id);
        for values in claim.former.iter().chain(&claim.next) {
            let of_case = || self.people_of_cases.get(&values.get(&CASE_ID)?).copied();
            let person_id = values.get(&PERSON_ID).or_else(of_case).map(|id| self.root(id));
            self.authors.extend(person_id.map(|id| (id, claim.by)));
        }
        let Some(values) = claim.next.as_ref().filter(|next| may_prove(claim.kind, next)) else { return };
        let of_case = || self.people_of_cases.get(&values.get(&CASE_ID)?).copied();
        let Some(person_id) = values.get(&PERSON_ID).or_else(of_case) else { return };
        let at = values.get(&OCCURRED_AT).unwrap_or(self.write_context.now);
        if self.write_context.has_come(at) {
            let own = contact(claim.kind, claim.id, (at, self.write_context.now), values.clone());
            self.contacts.insert(claim.id, (self.root(person_id), own));
        }
    }

    fn settle(&mut self) {
        let write_context = Arc::clone(&self.write_context);
        let (roots, contacts, authors) = (&self.roots, &self.contacts, &self.authors);
        for (id, held) in self.duties.iter_mut().filter(|(_, held)| !is(&held.record, DutyState::Waived)) {
            let Some(subject) = held.record.values.get(&SUBJECT_ID) else { continue };
            let root = roots.get(&subject).copied().unwrap_or(subject);
            let own = duty::answer(&held.record);
            let of_person = contacts.values().filter(|(person, _)| *person == root).map(|(_, contact)| contact);
            let proof = proof_of(&expectation(&held.record), of_person.chain(own.as_ref()), write_context.zone);
            let stands = standing(duty::due_at(&held.record), proof, false, write_context.now);
            held.record = duty::settle(&held.record, &stands, |_| None);
            held.sign(authors.get(&root).or(authors.get(id)).copied().unwrap_or_default());
        }
    }
}

/// Whether a record of this kind may prove something: of visits only those of the health centre's line.
pub fn may_prove(kind: &str, values: &Values) -> bool {
    kind != FOLLOW_UP_VISITS.name || values.get(&visits::LINE) == Some(SupervisorLevel::HealthCenter)
}

/// Updates the duty of a passage that asked before: it may be of somebody else, at another time or place now.
fn again(
    duty: &mut Record,
    subject: (&'static str, Uuid),
    area_code: &str,
    opens_at: DateTime<Utc>,
    cadence: Option<&Cadence>,
) {
    let (former, due_at) = (expectation(duty).opens_at, duty::due_at(duty));
    duty.values.set(&SUBJECT_KIND, subject.0);
    duty.values.set(&SUBJECT_ID, subject.1);
    duty.values.set(&OPENS_AT, opens_at);
    duty.envelope.occurred_at = opens_at;
    // Duties from passages that were told late keep their due time: it doesn't follow from the passage's.
    if let Some(cadence) = cadence.filter(|cadence| due_at == cadence.due_after(former)) {
        duty.values.set(&DUE_AT, cadence.due_after(opens_at));
    }
    // Duties that are done stay where they were done.
    if !is(duty, DutyState::Done) {
        area_code.clone_into(&mut duty.envelope.area_code);
    }
    if duty.values.get(&WAIVER) == Some(DutyWaiver::CauseVoided) {
        duty::reopen(duty);
    }
}
