//! Giving a shift up.

use actix_web::http::Method;
use chrono::{DateTime, TimeDelta, Utc};
use kit::catalogue::{Code, FaultCode};
use kit::faults::Fault;
use kit::field::Field;
use kit::problem::Problem;
use kit::time::format_instant;
use kit::value::{Value, Values};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::platform::access::keys::KeyScope;
use crate::platform::http::schema::{Direction, object, reference};
use crate::platform::http::{Access, Answer, Call, Operation};
use crate::records::act::act;
use crate::records::{Kind, Record, Registry, document, read};
use crate::rooms::volunteers::shifts::assignments::{REASON, SHIFT_ASSIGNMENTS};
use crate::rooms::volunteers::teams::{ORGANIZERS, ROSTER_READERS};

/// Until so long before it begins, somebody gives his own shift up himself.
pub const CUT_OFF: TimeDelta = TimeDelta::hours(12);
/// So long whoever was put on a shift by somebody else may say no, even after the cut-off.
pub const TO_DECLINE: TimeDelta = TimeDelta::hours(2);

static CANCEL: &[Field] = &[REASON.required()];

/// The problems of what is done to assignments.
pub(super) const PROBLEMS: &[Code] = &[
    Code::BadIdempotencyKey,
    Code::IdempotencyKeyReused,
    Code::OutOfArea,
    Code::AlreadyEnded,
    Code::RecordVoided,
    Code::WriteConflict,
    Code::LedgerUnavailable,
];

/// Adds to an operation the access, headers and problems that all operations on one assignment share.
pub(super) fn of_assignment(operation: Operation) -> Operation {
    operation
        .access(Access::Roles(ROSTER_READERS))
        .keys(KeyScope::Write)
        .headers(&["Idempotency-Key"])
        .problems(PROBLEMS)
}

/// The form of an operation.
pub(super) fn form(fields: &'static [Field]) -> Json {
    object(&fields.iter().collect::<Vec<_>>(), Direction::Sent)
}

/// Answers an assignment.
pub(super) fn answering(operation: Operation, status: u16, about: &'static str) -> Operation {
    let example = Registry::new(&[&SHIFT_ASSIGNMENTS]).kind(SHIFT_ASSIGNMENTS.name).map(document::example_served);
    let answers = operation.answers_with(status, about, Some(reference(SHIFT_ASSIGNMENTS.schema)), example);
    answers.with_headers(&["ETag", "Location", "Idempotency-Replayed"])
}

/// The operations of this part of the room.
pub fn operations() -> Vec<Operation> {
    let cancelling = of_assignment(Operation::new(Method::POST, "/v1/shift-assignments/{id}:cancel", "cancel_shift_assignment", cancel))
        .described("shifts", "Give a shift up", "By an organiser at any time; by whoever has it until 12 hours before it begins, and by whom somebody else put on it for two hours after that, until it begins. Its place is free again.")
        .body(form(CANCEL), json!({"reason": "家中有事"}));
    vec![answering(cancelling, 200, "The assignment.")]
}

pub(super) fn kind(call: &Call) -> Result<&'static Kind, Problem> {
    call.core.kinds().kind(SHIFT_ASSIGNMENTS.name).ok_or_else(|| Problem::internal("no kind shift_assignments"))
}

async fn cancel(call: Call) -> Answer {
    let may = async |assignment: &Record, _: &Values| require_own(&call, assignment).await;
    let next = |current: &Record, form: &Values| match current.values.text("state") {
        Some("assigned") => Ok(Some(given_up(current, "cancelled", form))),
        Some("cancelled") => Ok(None),
        _ => Err(Code::AlreadyEnded.into()),
    };
    act(&call, kind(&call)?, CANCEL, may, next).await
}

/// The assignment given up; nobody is offered it any more.
pub(super) fn given_up(assignment: &Record, state: &str, form: &Values) -> Record {
    let mut next = assignment.clone();
    next.values.set("state", Value::Text(state.to_owned()));
    next.values.set("reason", form.get("reason").cloned().unwrap_or(Value::Null));
    for name in OFFER {
        next.values.set(name, Value::Null);
    }
    next
}

/// To whom it is offered, and for what.
pub(super) const OFFER: [&str; 2] = ["offered_to_id", "offered_with_id"];

/// Whether the caller makes rosters where an assignment stands.
pub(super) fn organizes(call: &Call, assignment: &Record) -> Result<bool, Problem> {
    let envelope = &assignment.envelope;
    Ok(call.actor()?.reaches(ORGANIZERS, &envelope.area_code, envelope.org_id))
}

/// Whether a volunteer is the caller himself.
pub(super) async fn is_caller(call: &Call, district_code: &str, id: Option<Uuid>) -> Result<bool, Problem> {
    let volunteers = call.core.kinds().kind("volunteers").ok_or_else(|| Problem::internal("no kind volunteers"))?;
    let Some(id) = id else { return Ok(false) };
    let volunteer = read::find_unscoped(&call.core, volunteers, district_code, &[id]).await?.remove(&id);
    Ok(volunteer.and_then(|volunteer| volunteer.values.id("user_id")) == Some(call.actor()?.user_id))
}

/// Organisers may at any time; whoever has the shift himself, until the cut-off.
pub(super) async fn require_own(call: &Call, assignment: &Record) -> Result<(), Problem> {
    if organizes(call, assignment)? {
        return Ok(());
    }
    if !is_caller(call, &assignment.envelope.district_code, assignment.values.id("volunteer_id")).await? {
        return Err(Code::OutOfArea.into());
    }
    require_before(call, cut_off(assignment, call.actor()?.user_id))
}

/// Until when somebody gives his own shift up. Whom somebody else put on it was not asked: he has some time to say no.
fn cut_off(assignment: &Record, user_id: Uuid) -> DateTime<Utc> {
    let envelope = &assignment.envelope;
    let starts_at = assignment.values.instant("starts_at").unwrap_or(envelope.occurred_at);
    let until = starts_at - CUT_OFF;
    match envelope.recorded_by == user_id {
        true => until,
        false => until.max(starts_at.min(envelope.recorded_at + TO_DECLINE)),
    }
}

/// A fault that says until when, where that is over.
pub(super) fn require_before(call: &Call, until: DateTime<Utc>) -> Result<(), Problem> {
    if call.core.clock.now() <= until {
        return Ok(());
    }
    let values = vec![("until", format_instant(until, call.core.zone))];
    Err(Problem::invalid(vec![Fault { pointer: String::new(), code: FaultCode::TooLate, values, hint: None }]))
}
