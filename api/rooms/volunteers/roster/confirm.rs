//! Answers of an organiser about hours that lie outside a shift. Every answer is a revision, and so in the audit.

use actix_web::http::Method;
use kit::catalogue::{Code, FaultCode};
use kit::field::{Field, free_text};
use kit::problem::Problem;
use kit::text::Text;
use kit::value::{Value, Values};
use serde_json::json;

use super::actions::PROBLEMS;
use crate::platform::access::keys::KeyScope;
use crate::platform::http::schema::{Direction, object, reference};
use crate::platform::http::{Access, Answer, Call, Operation, fault_with};
use crate::records::act::act;
use crate::records::{Kind, Record, Registry, document, read};
use crate::rooms::volunteers::shifts::LONGEST;
use crate::rooms::volunteers::shifts::service_records::{SERVICE_RECORDS, set_hours};
use crate::rooms::volunteers::teams::ORGANIZERS;

const WHY: Field = Field::new(
    "reason",
    free_text(500),
    Text::new("Reason", "说明"),
    "Why; kept as the record's note, encrypted at rest.",
);
static CONFIRM: &[Field] = &[WHY];
static DECLINE: &[Field] = &[WHY.required()];

/// The operations of this part of the room.
pub fn operations() -> Vec<Operation> {
    let form = |fields: &'static [Field]| object(&fields.iter().collect::<Vec<_>>(), Direction::Sent);
    let example = Registry::new(&[&SERVICE_RECORDS]).kind(SERVICE_RECORDS.name).map(document::example_served);
    let answers = |operation: Operation| {
        operation
            .access(Access::Roles(ORGANIZERS))
            .keys(KeyScope::Write)
            .headers(&["Idempotency-Key"])
            .answers_with(200, "The record.", Some(reference(SERVICE_RECORDS.schema)), example.clone())
            .with_headers(&["ETag", "Location", "Idempotency-Replayed"])
            .problems(PROBLEMS)
    };
    vec![
        answers(Operation::new(Method::POST, "/v1/service-records/{id}:confirm", "confirm_service_record", confirm)
            .described("shifts", "Confirm hours outside the shift", "All from check-in to check-out counts then. By an organiser, never by the volunteer himself; who confirms part of it amends the times instead. What waits: `?confirmation=unconfirmed`.")
            .body(form(CONFIRM), json!({"reason": "现场核实,延长值守"}))),
        answers(Operation::new(Method::POST, "/v1/service-records/{id}:decline", "decline_service_record", decline)
            .described("shifts", "Don't confirm hours outside the shift", "What lies within the shift counts, and no more. It can be confirmed later.")
            .body(form(DECLINE), json!({"reason": "核实未在岗"}))),
    ]
}

fn kind(call: &Call) -> Result<&'static Kind, Problem> {
    call.core.kinds().kind(SERVICE_RECORDS.name).ok_or_else(|| Problem::internal("no kind service_records"))
}

async fn confirm(call: Call) -> Answer {
    let may = async |record: &Record, _: &Values| require(&call, record).await;
    act(&call, kind(&call)?, CONFIRM, may, confirmed).await
}

async fn decline(call: Call) -> Answer {
    let may = async |record: &Record, _: &Values| require(&call, record).await;
    act(&call, kind(&call)?, DECLINE, may, declined).await
}

/// Organisers of where it was served, of which nobody is the volunteer himself.
async fn require(call: &Call, record: &Record) -> Result<(), Problem> {
    let envelope = &record.envelope;
    let volunteers = call.core.kinds().kind("volunteers").ok_or_else(|| Problem::internal("no kind volunteers"))?;
    let id = record.values.id("volunteer_id").unwrap_or_default();
    let volunteer = read::find_unscoped(&call.core, volunteers, &envelope.district_code, &[id]).await?.remove(&id);
    let own = volunteer.and_then(|volunteer| volunteer.values.id("user_id")) == Some(call.actor()?.user_id);
    let may = !own && call.actor()?.reaches(ORGANIZERS, &envelope.area_code, envelope.org_id);
    if may { Ok(()) } else { Err(Code::OutOfArea.into()) }
}

fn answered(record: &Record, word: &str, form: &Values) -> Record {
    let mut next = record.clone();
    next.values.set("confirmation", Value::Text(word.to_owned()));
    next.values.set("unconfirmed_minutes", Value::Integer(0));
    if let Some(reason) = form.get("reason") {
        next.values.set("note", reason.clone());
    }
    next
}

/// All of it counts. None where all of it does already.
fn confirmed(record: &Record, form: &Values) -> Result<Option<Record>, Problem> {
    let times = |from: &str, to: &str| record.values.instant(from).zip(record.values.instant(to));
    let Some((from, until)) = times("attended_from", "attended_until") else { return Ok(None) };
    let corrected = record.values.boolean("corrected") == Some(true);
    if corrected || times("starts_at", "ends_at") == Some((from, until)) {
        return Ok(None);
    }
    if until - from > LONGEST {
        let hours = LONGEST.num_hours().to_string();
        return Err(fault_with("/ends_at", FaultCode::PeriodTooLong, vec![("hours", hours)]));
    }
    let mut next = answered(record, "confirmed", form);
    next.values.set("starts_at", Value::Instant(from));
    next.values.set("ends_at", Value::Instant(until));
    next.values.set("pending", Value::Boolean(false));
    next.envelope.occurred_at = from;
    set_hours(&mut next.values);
    Ok(Some(next))
}

/// No more of it counts than did. None where that was said already.
fn declined(record: &Record, form: &Values) -> Result<Option<Record>, Problem> {
    match record.values.text("confirmation") {
        Some("unconfirmed") => Ok(Some(answered(record, "declined", form))),
        Some("declined") => Ok(None),
        _ => Err(Code::AlreadyEnded.into()),
    }
}
