//! Giving a shift up, and giving it to somebody else.

use actix_web::HttpResponse;
use actix_web::http::Method;
use actix_web::http::header::{CACHE_CONTROL, ETAG, LOCATION};
use chrono::TimeDelta;
use serde_json::json;
use uuid::Uuid;

use crate::auth::keys::KeyScope;
use crate::kit::catalogue::{Code, FaultCode};
use crate::kit::etag;
use crate::kit::faults::Fault;
use crate::kit::field::{Field, Shape};
use crate::kit::problem::Problem;
use crate::kit::text::Text;
use crate::kit::time::format_instant;
use crate::kit::value::{Value, Values};
use crate::operations::schema::{Direction, object, reference};
use crate::operations::{Access, Answer, Call, Operation, fault, fault_with};
use crate::records::act::{ACT_PROBLEMS, Asked, act, asked};
use crate::records::change::{Changes, receive};
use crate::records::{Kind, Record, Registry, document, read, view};
use crate::shifts::assignments::{REASON, SHIFT_ASSIGNMENTS};
use crate::teams::{ORGANIZERS, ROSTER_READERS};

/// Until so long before it begins, somebody gives his own shift up himself.
pub const CUT_OFF: TimeDelta = TimeDelta::hours(12);

static CANCEL: &[Field] = &[REASON.required()];
static SWAP: &[Field] = &[
    Field::new(
        "volunteer_id",
        Shape::Id,
        Text::new("Volunteer", "志愿者"),
        "Who takes it instead; or `assignment_id`.",
    ),
    Field::new(
        "assignment_id",
        Shape::Id,
        Text::new("Assignment", "排班记录"),
        "With which other assignment it is exchanged.",
    ),
    REASON,
];

/// The operations of this part of the room.
pub fn operations() -> Vec<Operation> {
    let form = |fields: &'static [Field]| object(&fields.iter().collect::<Vec<_>>(), Direction::Sent);
    let example = Registry::new(&[&SHIFT_ASSIGNMENTS]).kind(SHIFT_ASSIGNMENTS.name).map(document::example_served);
    let answers = |operation: Operation| {
        operation
            .access(Access::Roles(ROSTER_READERS))
            .keys(KeyScope::Write)
            .headers(&["Idempotency-Key"])
            .problems(ACT_PROBLEMS)
    };
    vec![
        answers(Operation::new(Method::POST, "/v1/shift-assignments/{id}:cancel", "cancel_shift_assignment", cancel)
            .described("shifts", "Give a shift up", "By an organiser at any time; by whoever has it until 12 hours before it begins. Its place is free again.")
            .body(form(CANCEL), json!({"reason": "家中有事"}))
            .answers(200, "The assignment.", Some(reference(SHIFT_ASSIGNMENTS.schema)), example.clone())
            .with_headers(&["ETag", "Location", "Idempotency-Replayed"])),
        answers(Operation::new(Method::POST, "/v1/shift-assignments/{id}:swap", "swap_shift_assignment", swap)
            .described("shifts", "Give a shift to somebody else", "To a volunteer, or in exchange for another assignment: all of it or nothing, by the rules of every assignment.")
            .body(form(SWAP), json!({"volunteer_id": "0198c0de-0031-7000-8000-000000000002", "reason": "临时换班"}))
            .answers(201, "The assignment that took its place.", Some(reference(SHIFT_ASSIGNMENTS.schema)), example)
            .with_headers(&["ETag", "Location", "Idempotency-Replayed"])),
    ]
}

fn kind(call: &Call) -> Result<&'static Kind, Problem> {
    call.service.kinds.kind(SHIFT_ASSIGNMENTS.name).ok_or_else(|| Problem::internal("no kind shift_assignments"))
}

async fn cancel(call: Call) -> Answer {
    let may = async |assignment: &Record, _: &Values| demand_own(&call, assignment).await;
    let next = |current: &Record, form: &Values| match current.values.text("state") {
        Some("assigned") => Ok(Some(given_up(current, "cancelled", form))),
        Some("cancelled") => Ok(None),
        _ => Err(Code::AlreadyEnded.into()),
    };
    act(&call, kind(&call)?, CANCEL, may, next).await
}

fn given_up(assignment: &Record, state: &str, form: &Values) -> Record {
    let mut next = assignment.clone();
    next.values.set("state", Value::Text(state.to_owned()));
    next.values.set("reason", form.get("reason").cloned().unwrap_or(Value::Null));
    next
}

/// Organisers may at any time; whoever has the shift himself, until the cut-off.
async fn demand_own(call: &Call, assignment: &Record) -> Result<(), Problem> {
    let (actor, envelope) = (call.actor()?, &assignment.envelope);
    if actor.reaches(ORGANIZERS, &envelope.area_code, envelope.org_id) {
        return Ok(());
    }
    let volunteers = call.service.kinds.kind("volunteers").ok_or_else(|| Problem::internal("no kind volunteers"))?;
    let id = assignment.values.id("volunteer_id").unwrap_or_default();
    let volunteer = read::find_unscoped(&call.service, volunteers, &envelope.district_code, &[id]).await?.remove(&id);
    if volunteer.and_then(|volunteer| volunteer.values.id("user_id")) != Some(actor.user_id) {
        return Err(Code::OutOfArea.into());
    }
    let until = assignment.values.instant("starts_at").unwrap_or(envelope.occurred_at) - CUT_OFF;
    if call.service.clock.now() <= until {
        return Ok(());
    }
    let values = vec![("until", format_instant(until, call.service.zone))];
    Err(Problem::invalid(vec![Fault { pointer: String::new(), code: FaultCode::TooLate, values, hint: None }]))
}

/// To whom, or in exchange for what: one of the two.
fn whom_or_with(form: &Values) -> Result<(Option<Uuid>, Option<Uuid>), Problem> {
    let (to, with) = (form.id("volunteer_id"), form.id("assignment_id"));
    if to.is_some() != with.is_some() {
        return Ok((to, with));
    }
    let values = vec![("fields", "volunteer_id, assignment_id".to_owned())];
    Err(fault_with("/volunteer_id", FaultCode::OneOf, values))
}

async fn swap(call: Call) -> Answer {
    let (kind, id, actor) = (kind(&call)?, call.path_id()?, call.actor()?);
    let asked = match asked(&call, kind, SWAP).await? {
        Ok(asked) => asked,
        Err(answered) => return Ok(answered),
    };
    let (to, with) = whom_or_with(&asked.form)?;
    let one = read::find(&call.service, actor, kind, id).await?;
    demand_own(&call, &one).await?;
    let other = match with {
        Some(with) => Some(
            read::find(&call.service, actor, kind, with)
                .await
                .map_err(|_| fault("/assignment_id", FaultCode::UnknownReference))?,
        ),
        None => None,
    };
    // Nobody gives away what is somebody else's.
    if let Some(other) = &other {
        demand_own(&call, other).await?;
    }
    let to = match (&other, to) {
        (Some(other), _) => other.values.id("volunteer_id").unwrap_or_default(),
        (None, to) => demand_volunteer(&call, to.unwrap_or_default()).await?,
    };
    write(&call, kind, &asked, &one, other.as_ref(), to).await
}

async fn demand_volunteer(call: &Call, id: Uuid) -> Result<Uuid, Problem> {
    let volunteers = call.service.kinds.kind("volunteers").ok_or_else(|| Problem::internal("no kind volunteers"))?;
    let found = read::find(&call.service, call.actor()?, volunteers, id).await;
    found.map(|volunteer| volunteer.envelope.id).map_err(|_| fault("/volunteer_id", FaultCode::UnknownReference))
}

/// All in one append: what is given up first, then who takes what.
async fn write(
    call: &Call,
    kind: &'static Kind,
    asked: &Asked,
    one: &Record,
    other: Option<&Record>,
    to: Uuid,
) -> Answer {
    let district_code = &one.envelope.district_code;
    let scribe = call.service.scribe(call.service.clock.now(), district_code);
    let mut changes = Changes::default();
    let mut taken: Vec<(i64, Record)> = Vec::new();
    let from = one.values.id("volunteer_id").unwrap_or_default();
    let pairs: Vec<(&Record, Uuid)> = [(one, to)].into_iter().chain(other.map(|other| (other, from))).collect();
    for (assignment, to) in &pairs {
        if assignment.values.text("state") != Some("assigned") {
            return Err(Code::AlreadyEnded.into());
        }
        let taker = taken_by(call, assignment, *to)?;
        let mut next = given_up(assignment, "swapped", &asked.form);
        next.values.set("swapped_to_id", Value::Id(taker.envelope.id));
        next.envelope.revision += 1;
        next.envelope.revised_by = call.actor()?.user_id;
        changes.next_number();
        changes.put(kind, Some((*assignment).clone()), next);
        taken.push((0, taker));
    }
    for (number, taker) in &mut taken {
        *number = changes.next_number();
        changes.put(kind, None, taker.clone());
    }
    let (number, mut record) = taken.into_iter().next().ok_or_else(|| Problem::internal("nobody took the shift"))?;
    if let Some(key) = &asked.key {
        changes.keep(key.answer(kind.name, record.envelope.id, 1, 201));
    }
    let receipt = call.service.ledger.append(changes.into_append(&scribe)?).await?;
    receive(&mut record, receipt, number);
    let body = view::record(&call.service, kind, &record, call.language);
    let (tag, location) = (etag::of_revision(1), format!("/v1/shift-assignments/{}", record.envelope.id));
    Ok(HttpResponse::Created()
        .insert_header((ETAG, tag))
        .insert_header((LOCATION, location))
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(body))
}

/// The same shift and role, for somebody else.
fn taken_by(call: &Call, assignment: &Record, to: Uuid) -> Result<Record, Problem> {
    let mut record = assignment.clone();
    let (now, by) = (call.service.clock.now(), call.actor()?.user_id);
    record.values.set("volunteer_id", Value::Id(to));
    record.values.set("attendance", Value::Text("expected".to_owned()));
    for name in ["swapped_to_id", "reason", "note"] {
        record.values.take(name);
    }
    let envelope = &mut record.envelope;
    (envelope.id, envelope.revision, envelope.change_no) = (crate::kit::ids::new_id(), 1, 0);
    (envelope.recorded_at, envelope.revised_at) = (now, now);
    (envelope.recorded_by, envelope.revised_by, envelope.source) = (by, by, "api".to_owned());
    (envelope.warnings, envelope.submission_digest) = (Vec::new(), vec![0; 32]);
    Ok(record)
}
