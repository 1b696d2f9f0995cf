//! Answers of an organiser about hours that lie outside a shift. Every answer is a revision, and so in the audit.

use actix_web::http::Method;
use kit::field::{Field, free_text};
use kit::fields;
use kit::problem::Problem;
use kit::text::Text;
use kit::value::Values;
use serde_json::json;

use super::actions::is_caller;
use crate::platform::access::keys::KeyScope;
use crate::platform::http::schema::form;
use crate::platform::http::schema::reference;
use crate::platform::http::{Access, Answer, Call, Operation, fault_with};
use crate::records::act::ACT_PROBLEMS;
use crate::records::act::{ActForm, act};
use crate::records::codes::{ALREADY_ENDED, OUT_OF_AREA, PERIOD_TOO_LONG};
use crate::records::envelope::NOTE;
use crate::records::{Record, document};
use crate::rooms::volunteers::shifts::LONGEST;
use crate::rooms::volunteers::shifts::service_records::{
    ATTENDED_FROM, ATTENDED_UNTIL, CONFIRMATION, CORRECTED, ENDS_AT, PENDING, SERVICE_RECORDS, STARTS_AT,
    ServiceConfirmation, UNCONFIRMED_MINUTES, VOLUNTEER_ID, set_hours,
};
use crate::rooms::volunteers::teams::ORGANIZERS;

fields! {
    /// Members of the form to confirm.
    static CONFIRM;
    REASON: String = Field::new(
        "reason",
        free_text(500),
        Text::new("Reason", "说明"),
        "Why; kept as the record's note, encrypted at rest.",
    );
}

mod declining {
    use kit::fields;

    fields! {
        /// Members of the form to decline.
        pub static DECLINE;
        REASON: String = super::REASON.field.required();
    }
}

/// The operations of this part of the room.
pub fn operations() -> Vec<Operation> {
    let example = Some(document::example_served(&SERVICE_RECORDS));
    let answers = |operation: Operation| {
        operation
            .access(Access::Roles(ORGANIZERS))
            .keys(KeyScope::Write)
            .headers(&["Idempotency-Key"])
            .answers_with(200, "The record.", Some(reference(SERVICE_RECORDS.schema)), example.clone())
            .with_headers(&["ETag", "Location", "Idempotency-Replayed"])
            .problems(ACT_PROBLEMS)
    };
    vec![
        answers(Operation::new(Method::POST, "/v1/service-records/{id}:confirm", "confirm_service_record", confirm)
            .described("shifts", "Confirm hours outside the shift", "All from check-in to check-out counts then. By an organiser, never by the volunteer himself; who confirms part of it amends the times instead. What waits: `?confirmation=unconfirmed`.")
            .body(form(CONFIRM), json!({"reason": "现场核实,延长值守"}))),
        answers(Operation::new(Method::POST, "/v1/service-records/{id}:decline", "decline_service_record", decline)
            .described("shifts", "Don't confirm hours outside the shift", "What lies within the shift counts, and no more. It can be confirmed later.")
            .body(form(declining::DECLINE), json!({"reason": "核实未在岗"}))),
    ]
}

async fn confirm(call: Call) -> Answer {
    let may = async |record: &Record, _: &Values| require(&call, record).await;
    act(&call, ActForm::of(&SERVICE_RECORDS, CONFIRM), may, confirmed).await
}

async fn decline(call: Call) -> Answer {
    let may = async |record: &Record, _: &Values| require(&call, record).await;
    act(&call, ActForm::of(&SERVICE_RECORDS, declining::DECLINE), may, declined).await
}

/// Organisers of where it was served, of which nobody is the volunteer himself.
async fn require(call: &Call, record: &Record) -> Result<(), Problem> {
    let envelope = &record.envelope;
    let own = is_caller(call, &envelope.district_code, record.values.get(&VOLUNTEER_ID)).await?;
    let may = !own && call.actor()?.reaches(ORGANIZERS, &envelope.area_code, envelope.org_id);
    if may { Ok(()) } else { Err(OUT_OF_AREA.into()) }
}

fn answered(record: &Record, confirmation: ServiceConfirmation, form: &Values) -> Record {
    let mut next = record.clone();
    next.values.set(&CONFIRMATION, confirmation);
    next.values.set(&UNCONFIRMED_MINUTES, 0);
    if let Some(reason) = form.get(&REASON) {
        next.values.set(&NOTE, reason);
    }
    next
}

/// All of it counts. None where all of it does already.
fn confirmed(record: &Record, form: &Values) -> Result<Option<Record>, Problem> {
    let times = |from, to| record.values.get(from).zip(record.values.get(to));
    let Some((from, until)) = times(&ATTENDED_FROM, &ATTENDED_UNTIL) else { return Ok(None) };
    let corrected = record.values.get(&CORRECTED) == Some(true);
    if corrected || times(&STARTS_AT, &ENDS_AT) == Some((from, until)) {
        return Ok(None);
    }
    if until - from > LONGEST {
        let hours = LONGEST.num_hours().to_string();
        return Err(fault_with("/ends_at", PERIOD_TOO_LONG, vec![("hours", hours)]));
    }
    let mut next = answered(record, ServiceConfirmation::Confirmed, form);
    next.values.set(&STARTS_AT, from);
    next.values.set(&ENDS_AT, until);
    next.values.set(&PENDING, false);
    next.envelope.occurred_at = from;
    set_hours(&mut next.values);
    Ok(Some(next))
}

/// No more of it counts than did. None where that was said already.
fn declined(record: &Record, form: &Values) -> Result<Option<Record>, Problem> {
    match record.values.get(&CONFIRMATION) {
        Some(ServiceConfirmation::Unconfirmed) => Ok(Some(answered(record, ServiceConfirmation::Declined, form))),
        Some(ServiceConfirmation::Declined) => Ok(None),
        Some(ServiceConfirmation::Confirmed) | None => Err(ALREADY_ENDED.into()),
    }
}
