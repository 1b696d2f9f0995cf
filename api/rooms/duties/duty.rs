//! A duty as a record: made, settled, given to somebody else.

use chrono::{DateTime, Utc};
use kit::value::Values;
use uuid::Uuid;

use super::DUTIES;
use super::escalation;
use super::kinds::DutyKind;
use super::matching::{Contact, Expectation, Standing, standing};
use super::wire::{
    ANSWER, ANSWERED_AT, ANSWERED_BY, ASSIGNEE_ID, CAUSE_ID, DUE_AT, DUTY_KIND, DutyLine, DutyState, DutyWaiver,
    ESCALATED_TO, EXPLAINED, LATE, LINE, OFFERED_TO, OPENS_AT, PROOF, Proof, REPORTED_LATE, STATE, SUBJECT_ID,
    SUBJECT_KIND, WAIVER, above,
};
use crate::records::Record;
use crate::records::write_context::WriteContext;

/// Content of a new duty.
#[derive(Clone, Copy)]
pub struct New<'a> {
    /// Its id: derived from what asks for it, so that it is made once.
    pub id: Uuid,
    /// Kind of the duty.
    pub duty_kind: DutyKind,
    /// The record it is about.
    pub subject: (&'static str, Uuid),
    /// The record that asked for it.
    pub cause_id: Option<Uuid>,
    /// Account that answers for it, if any.
    pub assignee_id: Option<Uuid>,
    /// Time from which it is open.
    pub opens_at: DateTime<Utc>,
    /// Time until which it is due.
    pub due_at: DateTime<Utc>,
    /// The area.
    pub area_code: &'a str,
    /// The organisation.
    pub org_id: Option<Uuid>,
    /// Account whose write it follows from; nil for the service itself.
    pub made_by: Uuid,
}

/// The first revision of a duty, open.
pub fn record(new: New<'_>, write_context: &WriteContext) -> Record {
    let envelope = write_context.envelope(new.id, new.area_code, new.org_id, new.opens_at, new.made_by);
    let mut values = Values::default();
    values.set(&DUTY_KIND, new.duty_kind);
    values.set(&SUBJECT_KIND, new.subject.0);
    values.set(&SUBJECT_ID, new.subject.1);
    values.set_or_clear(&CAUSE_ID, new.cause_id);
    values.set(&LINE, new.duty_kind.line());
    values.set_or_clear(&ASSIGNEE_ID, new.assignee_id);
    values.set(&OPENS_AT, new.opens_at);
    values.set(&DUE_AT, new.due_at);
    values.set(&STATE, DutyState::Open);
    for field in [&LATE, &REPORTED_LATE, &EXPLAINED] {
        values.set(field, false);
    }
    Record { envelope, values }
}

/// Part of a duty by which its proof is found.
pub fn expectation(duty: &Record) -> Expectation {
    Expectation {
        duty_kind: duty.values.get(&DUTY_KIND),
        cause_id: duty.values.get(&CAUSE_ID),
        opens_at: duty.values.get(&OPENS_AT).unwrap_or(duty.envelope.occurred_at),
    }
}

/// Time until which a duty is due.
pub fn due_at(duty: &Record) -> DateTime<Utc> {
    duty.values.get(&DUE_AT).unwrap_or(duty.envelope.occurred_at)
}

/// Whether a duty stands in a state.
pub fn is(duty: &Record, state: DutyState) -> bool {
    duty.values.get(&STATE) == Some(state)
}

/// The duty as it stands now. One that was proven by the same record before keeps when that was known.
/// `escalates_to` names the account of the line above, where there is one.
pub fn settle(duty: &Record, standing: &Standing, escalates_to: impl Fn(DutyLine) -> Option<Uuid>) -> Record {
    let mut next = duty.clone();
    let proof = standing.proof.map(|(kind, id)| Proof { kind: kind.to_owned(), id });
    let same_proof = proof.is_some() && proof == duty.values.get(&PROOF);
    next.values.set(&STATE, standing.state);
    next.values.set_or_clear(&PROOF, proof);
    next.values.set(&LATE, standing.late);
    if !same_proof {
        next.values.set(&REPORTED_LATE, standing.reported_late);
    }
    if standing.state != DutyState::Waived {
        next.values.clear(&WAIVER);
    }
    if standing.state != DutyState::Open {
        next.values.clear(&OFFERED_TO);
    }
    // Each level once: one that was missed before has gone up before.
    let is_new = standing.state == DutyState::Missed && !is(duty, DutyState::Missed);
    if let (true, None, Some(line)) = (is_new, duty.values.get(&ESCALATED_TO), duty.values.get(&LINE)) {
        let line = above(line);
        escalation::go_up(&mut next.values, line, escalates_to(line), standing.judged_at);
    }
    next
}

/// How it stands until the worker looks: that knows to whom what was missed goes up, so what ran out just now stays open.
pub fn until_noticed(duty: &Record, standing: Standing) -> Standing {
    let is_new = standing.state == DutyState::Missed && !is(duty, DutyState::Missed);
    if is_new { Standing { state: DutyState::Open, ..standing } } else { standing }
}

/// The duty, asked for at another time.
pub fn moved(duty: &Record, (opens_at, due_at): (DateTime<Utc>, DateTime<Utc>)) -> Record {
    let mut next = duty.clone();
    next.values.set(&OPENS_AT, opens_at);
    next.values.set(&DUE_AT, due_at);
    next.envelope.occurred_at = opens_at;
    next
}

/// The duty, waived.
pub fn waive(duty: &Record, waiver: DutyWaiver) -> Record {
    let mut next = duty.clone();
    next.values.set(&STATE, DutyState::Waived);
    next.values.clear(&OFFERED_TO);
    next.values.set(&WAIVER, waiver);
    next
}

/// The duty, expected again after it was waived.
pub fn reopen(duty: &mut Record) {
    duty.values.set(&STATE, DutyState::Open);
    duty.values.clear(&WAIVER);
}

/// The duty, answered by somebody's note: that proves it, unless an earlier record does.
pub fn answered(duty: &Record, note: &str, by: Uuid, now: DateTime<Utc>) -> Record {
    let mut next = duty.clone();
    next.values.set(&ANSWER, note.to_owned());
    next.values.set(&ANSWERED_AT, now);
    next.values.set(&ANSWERED_BY, by);
    let stands = standing(due_at(&next), answer(&next).as_ref(), false, now);
    settle(&next, &stands, |_| None)
}

/// A duty's own answer, as what proves it.
pub fn answer(duty: &Record) -> Option<Contact> {
    let at = duty.values.get(&ANSWERED_AT)?;
    Some(Contact { kind: DUTIES.name, id: duty.envelope.id, occurred_at: at, known_at: at, values: Values::default() })
}
