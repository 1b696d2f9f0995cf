//! A duty as a record: made, settled, given to somebody else.

use chrono::{DateTime, Utc};
use kit::value::{Value, Values};
use serde_json::json;
use uuid::Uuid;

use super::escalation;
use super::matching::{Expectation, Standing};
use super::wire::{above, line_of};
use crate::records::Record;
use crate::records::write_context::WriteContext;

/// Content of a new duty.
#[derive(Clone, Copy)]
pub struct New<'a> {
    /// Its id: derived from what asks for it, so that it is made once.
    pub id: Uuid,
    /// Kind of the duty.
    pub duty_kind: &'static str,
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
    let id = |id: Option<Uuid>| id.map_or(Value::Null, Value::Id);
    values.set("duty_kind", Value::Text(new.duty_kind.to_owned()));
    values.set("subject_kind", Value::Text(new.subject.0.to_owned()));
    values.set("subject_id", Value::Id(new.subject.1));
    values.set("cause_id", id(new.cause_id));
    values.set("line", Value::Text(line_of(new.duty_kind).to_owned()));
    values.set("assignee_id", id(new.assignee_id));
    values.set("opens_at", Value::Instant(new.opens_at));
    values.set("due_at", Value::Instant(new.due_at));
    values.set("state", Value::Text("open".to_owned()));
    for name in ["late", "reported_late", "explained"] {
        values.set(name, Value::Boolean(false));
    }
    Record { envelope, values }
}

/// Part of a duty by which its proof is found.
pub fn expectation(duty: &Record) -> Expectation<'_> {
    Expectation {
        duty_kind: duty.values.text("duty_kind").unwrap_or_default(),
        cause_id: duty.values.id("cause_id"),
        opens_at: duty.values.instant("opens_at").unwrap_or(duty.envelope.occurred_at),
    }
}

/// Time until which a duty is due.
pub fn due_at(duty: &Record) -> DateTime<Utc> {
    duty.values.instant("due_at").unwrap_or(duty.envelope.occurred_at)
}

/// Whether a duty stands in a state.
pub fn is(duty: &Record, state: &str) -> bool {
    duty.values.text("state") == Some(state)
}

/// The duty as it stands now. One that was proven by the same record before keeps when that was known.
/// `escalates_to` names the account of the line above, where there is one.
pub fn settle(duty: &Record, standing: &Standing, escalates_to: impl Fn(&str) -> Option<Uuid>) -> Record {
    let mut next = duty.clone();
    let proof = standing.proof.map(|(kind, id)| json!({"kind": kind, "id": id}));
    let same_proof = proof.is_some() && proof.as_ref() == duty.values.json("proof");
    next.values.set("state", Value::Text(standing.state.to_owned()));
    next.values.set("proof", proof.map_or(Value::Null, Value::Json));
    next.values.set("late", Value::Boolean(standing.late));
    if !same_proof {
        next.values.set("reported_late", Value::Boolean(standing.reported_late));
    }
    if standing.state != "waived" {
        next.values.set("waiver", Value::Null);
    }
    // Each level once: one that was missed before has gone up before.
    if standing.state == "missed" && !is(duty, "missed") && duty.values.get("escalated_to").is_none() {
        let line = above(duty.values.text("line").unwrap_or_default());
        escalation::go_up(&mut next.values, line, escalates_to(line), standing.judged_at);
    }
    next
}

/// The duty, asked for at another time.
pub fn moved(duty: &Record, (opens_at, due_at): (DateTime<Utc>, DateTime<Utc>)) -> Record {
    let mut next = duty.clone();
    next.values.set("opens_at", Value::Instant(opens_at));
    next.values.set("due_at", Value::Instant(due_at));
    next.envelope.occurred_at = opens_at;
    next
}

/// The duty, waived.
pub fn waive(duty: &Record, waiver: &'static str) -> Record {
    let mut next = duty.clone();
    next.values.set("state", Value::Text("waived".to_owned()));
    next.values.set("waiver", Value::Text(waiver.to_owned()));
    next
}
