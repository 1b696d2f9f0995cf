//! Giving a shift up.

use actix_web::http::Method;
use chrono::{DateTime, TimeDelta, Utc};
use kit::faults::Fault;
use kit::field::Field;
use kit::fields;
use kit::problem::Problem;
use kit::time::format_instant;
use kit::typed::TypedField;
use kit::value::Values;
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::platform::access::keys::KeyScope;
use crate::platform::http::schema::form;
use crate::platform::http::schema::reference;
use crate::platform::http::{Access, Answer, Call, Operation};
use crate::records::act::ACT_PROBLEMS;
use crate::records::act::{ActForm, act};
use crate::records::codes::{ALREADY_ENDED, OUT_OF_AREA};
use crate::records::{Record, document, read};
use crate::rooms::volunteers::codes::TOO_LATE;
use crate::rooms::volunteers::shifts::assignments::{
    self, AssignmentState, OFFERED_TO_ID, OFFERED_WITH_ID, SHIFT_ASSIGNMENTS, STARTS_AT, STATE, VOLUNTEER_ID, form,
};
use crate::rooms::volunteers::teams::{ORGANIZERS, ROSTER_READERS};
use crate::rooms::volunteers::volunteers::USER_ID;
use crate::rooms::volunteers::volunteers::VOLUNTEERS;

/// Until so long before it begins, somebody gives his own shift up himself.
pub const CUT_OFF: TimeDelta = TimeDelta::hours(12);
/// So long whoever was put on a shift by somebody else may say no, even after the cut-off.
pub const TO_DECLINE: TimeDelta = TimeDelta::hours(2);

fields! {
    /// Members of the form to cancel.
    static CANCEL;
    REASON: String = form::REASON.field.required();
}

/// Adds to an operation the access, headers and problems that all operations on one assignment share.
pub(super) fn of_assignment(operation: Operation) -> Operation {
    operation
        .access(Access::Roles(ROSTER_READERS))
        .keys(KeyScope::Write)
        .headers(&["Idempotency-Key"])
        .problems(ACT_PROBLEMS)
}

/// The form of an operation.
pub(super) fn body_of(fields: &'static [Field]) -> Json {
    form(fields)
}

/// Answers an assignment.
pub(super) fn answering(operation: Operation, status: u16, about: &'static str) -> Operation {
    let example = Some(document::example_served(&SHIFT_ASSIGNMENTS));
    let answers = operation.answers_with(status, about, Some(reference(SHIFT_ASSIGNMENTS.schema)), example);
    answers.with_headers(&["ETag", "Location", "Idempotency-Replayed"])
}

/// The operations of this part of the room.
pub fn operations() -> Vec<Operation> {
    let cancelling = of_assignment(Operation::new(Method::POST, "/v1/shift-assignments/{id}:cancel", "cancel_shift_assignment", cancel))
        .described("shifts", "Give a shift up", "By an organiser at any time; by whoever has it until 12 hours before it begins, and by whom somebody else put on it for two hours after that, until it begins. Its place is free again.")
        .body(body_of(CANCEL), json!({"reason": "家中有事"}));
    vec![answering(cancelling, 200, "The assignment.")]
}

async fn cancel(call: Call) -> Answer {
    let may = async |assignment: &Record, _: &Values| require_own(&call, assignment).await;
    let next = |current: &Record, form: &Values| match current.values.get(&STATE) {
        Some(AssignmentState::Assigned) => Ok(Some(given_up(current, AssignmentState::Cancelled, form))),
        Some(AssignmentState::Cancelled) => Ok(None),
        Some(AssignmentState::Swapped) | None => Err(ALREADY_ENDED.into()),
    };
    act(&call, ActForm::of(&SHIFT_ASSIGNMENTS, CANCEL), may, next).await
}

/// The assignment given up; nobody is offered it any more.
pub(super) fn given_up(assignment: &Record, state: AssignmentState, form: &Values) -> Record {
    let mut next = assignment.clone();
    next.values.set(&STATE, state);
    next.values.set_or_clear(&assignments::REASON, form.get(&REASON).map(str::to_owned));
    for field in &OFFER {
        next.values.clear(field);
    }
    next
}

/// To whom it is offered, and for what.
pub(super) const OFFER: [TypedField<Uuid>; 2] = [OFFERED_TO_ID, OFFERED_WITH_ID];

/// Whether the caller makes rosters where an assignment stands.
pub(super) fn organizes(call: &Call, assignment: &Record) -> Result<bool, Problem> {
    let envelope = &assignment.envelope;
    Ok(call.actor()?.reaches(ORGANIZERS, &envelope.area_code, envelope.org_id))
}

/// Whether a volunteer is the caller himself.
pub(super) async fn is_caller(call: &Call, district_code: &str, id: Option<Uuid>) -> Result<bool, Problem> {
    let volunteers = &VOLUNTEERS;
    let Some(id) = id else { return Ok(false) };
    let volunteer = read::find_unscoped(&call.core, volunteers, district_code, &[id]).await?.remove(&id);
    Ok(volunteer.and_then(|volunteer| volunteer.values.get(&USER_ID)) == Some(call.actor()?.user_id))
}

/// Organisers may at any time; whoever has the shift himself, until the cut-off.
pub(super) async fn require_own(call: &Call, assignment: &Record) -> Result<(), Problem> {
    if organizes(call, assignment)? {
        return Ok(());
    }
    if !is_caller(call, &assignment.envelope.district_code, assignment.values.get(&VOLUNTEER_ID)).await? {
        return Err(OUT_OF_AREA.into());
    }
    require_before(call, cut_off(assignment, call.actor()?.user_id))
}

/// Until when somebody gives his own shift up. Whom somebody else put on it was not asked: he has some time to say no.
fn cut_off(assignment: &Record, user_id: Uuid) -> DateTime<Utc> {
    let envelope = &assignment.envelope;
    let starts_at = assignment.values.get(&STARTS_AT).unwrap_or(envelope.occurred_at);
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
    Err(Problem::invalid(vec![Fault { pointer: String::new(), code: TOO_LATE, values, hint: None }]))
}
