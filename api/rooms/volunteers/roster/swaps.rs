//! Giving a shift to somebody else: decided by an organiser, or offered by whoever has it and accepted by the other.
//! Nobody is put on a shift by another volunteer.

use crate::rooms::volunteers::shifts::assignments::SHIFT_ASSIGNMENTS;
use crate::rooms::volunteers::volunteers::VOLUNTEERS;
use actix_web::HttpResponse;
use actix_web::http::Method;
use actix_web::http::header::{CACHE_CONTROL, ETAG, LOCATION};
use kit::catalogue::Code;
use kit::etag;
use kit::field::{Field, Shape};
use kit::ids::new_id;
use kit::problem::Problem;
use kit::text::Text;
use kit::value::{Value, Values};
use ledger::AppendError;
use serde_json::json;
use uuid::Uuid;

use super::actions::{
    OFFER, answering, form, given_up, is_caller, of_assignment, organizes, require_before, require_own,
};
use crate::platform::http::{Answer, Call, Operation, fault, fault_with};
use crate::records::act::{Asked, act, asked};
use crate::records::amend;
use crate::records::change::{Changes, receive};
use crate::records::codes::{ALREADY_ENDED, ONE_OF, OUT_OF_AREA, UNKNOWN_REFERENCE};
use crate::records::create::TRIES;
use crate::records::gate::{find_standing, require_standing};
use crate::records::operations::replayed;
use crate::records::{Record, read, view};
use crate::rooms::volunteers::shifts::assignments::REASON;

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
static ANSWER: &[Field] = &[REASON];

/// The operations of this part of the room.
pub fn operations() -> Vec<Operation> {
    let swapping = of_assignment(Operation::new(Method::POST, "/v1/shift-assignments/{id}:swap", "swap_shift_assignment", swap))
        .described("shifts", "Give a shift to somebody else", "To a volunteer, or in exchange for another assignment. An organiser decides it at once: all of it or nothing, by the rules of every assignment. Whoever has the shift offers it, until 12 hours before it begins: it stays his until the other accepts (`:accept-swap`) or an organiser decides; a new offer takes the place of the former one.")
        .body(form(SWAP), json!({"volunteer_id": "0198c0de-0031-7000-8000-000000000002", "reason": "临时换班"}));
    let accepting = of_assignment(Operation::new(Method::POST, "/v1/shift-assignments/{id}:accept-swap", "accept_shift_swap", accept))
        .described("shifts", "Accept an offered shift", "By whom it was offered (`offered_to_id`) until it begins, or by an organiser for him: all of it or nothing, by the rules of every assignment.")
        .body(form(ANSWER), json!({}));
    let declining = of_assignment(Operation::new(
        Method::POST,
        "/v1/shift-assignments/{id}:decline-swap",
        "decline_shift_swap",
        decline,
    ))
    .described(
        "shifts",
        "Decline an offered shift, or take the offer back",
        "By whom it was offered, by whoever offers it, or by an organiser. The shift stays whose it was.",
    )
    .body(form(ANSWER), json!({"reason": "当天有事"}));
    vec![
        answering(
            answering(swapping, 201, "The assignment that took its place."),
            202,
            "Offered: the assignment, still of whoever has it.",
        ),
        answering(accepting, 201, "The assignment that took its place."),
        answering(declining, 200, "The assignment."),
    ]
}

/// Swap of an assignment: the one given up, the one taken in exchange, if any, and the volunteer who takes the first.
struct Swap {
    one: Record,
    other: Option<Record>,
    to: Uuid,
}

async fn swap(call: Call) -> Answer {
    let asked = match asked(&call, &SHIFT_ASSIGNMENTS, SWAP).await? {
        Ok(asked) => asked,
        Err(answered) => return Ok(answered),
    };
    let (to, with) = whom_or_with(&asked.form)?;
    repeated(&call, &asked, async |call, asked| {
        let one = standing(call).await?;
        require_own(call, &one).await?;
        let swap = wanted(call, one, to, with).await?;
        if swap.is_decided(call)? { swap.write(call, asked).await } else { swap.offer(call, asked).await }
    })
    .await
}

async fn accept(call: Call) -> Answer {
    let asked = match asked(&call, &SHIFT_ASSIGNMENTS, ANSWER).await? {
        Ok(asked) => asked,
        Err(answered) => return Ok(answered),
    };
    repeated(&call, &asked, async |call, asked| {
        let one = standing(call).await?;
        let (to, with) = (one.values.id("offered_to_id"), one.values.id("offered_with_id"));
        if !organizes(call, &one)? {
            require_offered(call, &one, to).await?;
            require_before(call, one.values.instant("starts_at").unwrap_or(one.envelope.occurred_at))?;
        }
        let to = to.ok_or(ALREADY_ENDED)?;
        let other = match with {
            Some(with) => Some(exchanged(call, &one, with).await?),
            None => None,
        };
        // Assignments offered in exchange may be somebody else's by now.
        if other.as_ref().is_some_and(|other| other.values.id("volunteer_id") != Some(to)) {
            return Err(ALREADY_ENDED.into());
        }
        Swap { one, other, to }.write(call, asked).await
    })
    .await
}

async fn decline(call: Call) -> Answer {
    let may = async |one: &Record, _: &Values| {
        let own = is_caller(&call, &one.envelope.district_code, one.values.id("volunteer_id")).await?;
        if own || organizes(&call, one)? {
            Ok(())
        } else {
            require_offered(&call, one, one.values.id("offered_to_id")).await
        }
    };
    let next = |one: &Record, _: &Values| {
        let mut next = one.clone();
        OFFER.into_iter().chain(["reason"]).for_each(|name| next.values.set(name, Value::Null));
        Ok(one.values.id("offered_to_id").map(|_| next))
    };
    act(&call, &SHIFT_ASSIGNMENTS, ANSWER, may, next).await
}

/// Looks again as long as somebody else writes what is looked at; what was answered under the key meanwhile is the
/// answer. Nothing comes of a try that met somebody.
async fn repeated(
    call: &Call,
    asked: &Asked,
    attempt: impl AsyncFn(&Call, &Asked) -> Result<Option<HttpResponse>, Problem>,
) -> Answer {
    for _ in 0..TRIES {
        call.core.refresh_settings().await?;
        if let Some(answered) = replayed(&SHIFT_ASSIGNMENTS, call, asked.key.as_ref()).await? {
            return Ok(answered);
        }
        if let Some(answer) = attempt(call, asked).await? {
            return Ok(answer);
        }
    }
    Err(Code::WRITE_CONFLICT.into())
}

/// To whom, or in exchange for what: one of the two.
fn whom_or_with(form: &Values) -> Result<(Option<Uuid>, Option<Uuid>), Problem> {
    let (to, with) = (form.id("volunteer_id"), form.id("assignment_id"));
    if to.is_some() != with.is_some() {
        return Ok((to, with));
    }
    let values = vec![("fields", "volunteer_id, assignment_id".to_owned())];
    Err(fault_with("/volunteer_id", ONE_OF, values))
}

/// The assignment, if it stands and nobody gave it up.
async fn standing(call: &Call) -> Result<Record, Problem> {
    let one = find_standing(&call.core, call.actor()?, &SHIFT_ASSIGNMENTS, call.path_id()?).await?;
    require_assigned(&one)?;
    Ok(one)
}

fn require_assigned(assignment: &Record) -> Result<(), Problem> {
    require_standing(assignment)?;
    if assignment.values.text("state") == Some("assigned") { Ok(()) } else { Err(ALREADY_ENDED.into()) }
}

async fn require_offered(call: &Call, one: &Record, to: Option<Uuid>) -> Result<(), Problem> {
    if is_caller(call, &one.envelope.district_code, to).await? { Ok(()) } else { Err(OUT_OF_AREA.into()) }
}

async fn wanted(call: &Call, one: Record, to: Option<Uuid>, with: Option<Uuid>) -> Result<Swap, Problem> {
    let unknown = |pointer| move |_| fault(pointer, UNKNOWN_REFERENCE);
    let (core, actor) = (&call.core, call.actor()?);
    match with {
        Some(with) => {
            let other = read::find(core, actor, &SHIFT_ASSIGNMENTS, with).await.map_err(unknown("/assignment_id"))?;
            require_assigned(&other)?;
            let to = other.values.id("volunteer_id").unwrap_or_default();
            Ok(Swap { one, other: Some(other), to })
        }
        None => {
            let volunteers = &VOLUNTEERS;
            let found = read::find(core, actor, volunteers, to.unwrap_or_default()).await;
            let to = found.map_err(unknown("/volunteer_id"))?.envelope.id;
            Ok(Swap { one, other: None, to })
        }
    }
}

/// Reads the assignment asked for in exchange, as it stands now.
async fn exchanged(call: &Call, one: &Record, with: Uuid) -> Result<Record, Problem> {
    let found =
        read::find_unscoped(&call.core, &SHIFT_ASSIGNMENTS, &one.envelope.district_code, &[with]).await?.remove(&with);
    let other = found.ok_or(ALREADY_ENDED)?;
    require_assigned(&other)?;
    Ok(other)
}

impl Swap {
    /// Whether the caller decides: he makes the roster of all of it.
    fn is_decided(&self, call: &Call) -> Result<bool, Problem> {
        let other = self.other.as_ref().map_or(Ok(true), |other| organizes(call, other))?;
        Ok(other && organizes(call, &self.one)?)
    }

    /// Whether somebody changed what is swapped since it was looked at.
    async fn is_past(&self, call: &Call) -> Result<bool, Problem> {
        let known: Vec<&Record> = [&self.one].into_iter().chain(&self.other).collect();
        let ids: Vec<Uuid> = known.iter().map(|record| record.envelope.id).collect();
        let district_code = &self.one.envelope.district_code;
        let found = read::find_unscoped(&call.core, &SHIFT_ASSIGNMENTS, district_code, &ids).await?;
        let revision = |record: &Record| found.get(&record.envelope.id).map(|found| found.envelope.revision);
        Ok(known.into_iter().any(|record| revision(record) != Some(record.envelope.revision)))
    }

    /// Notes to whom it is offered. Nothing changes hands.
    async fn offer(&self, call: &Call, asked: &Asked) -> Result<Option<HttpResponse>, Problem> {
        let mut next = self.one.clone();
        let with = self.other.as_ref().map_or(Value::Null, |other| Value::Id(other.envelope.id));
        next.values.set("offered_to_id", Value::Id(self.to));
        next.values.set("offered_with_id", with);
        next.values.set("reason", asked.form.get("reason").cloned().unwrap_or(Value::Null));
        let key = asked.key.as_ref().map(|key| (key, 202));
        let written = amend::write(&call.core, call.actor()?, &SHIFT_ASSIGNMENTS, &self.one, next, key).await?;
        Ok(match written {
            Some(offered) => Some(answer(call, &offered, HttpResponse::Accepted())?),
            None => None,
        })
    }

    /// All in one append: what is given up first, then who takes what.
    async fn write(&self, call: &Call, asked: &Asked) -> Result<Option<HttpResponse>, Problem> {
        let write_context = call.core.write_context(call.core.clock.now(), &self.one.envelope.district_code);
        let (kind, from) = (&SHIFT_ASSIGNMENTS, self.one.values.id("volunteer_id").unwrap_or_default());
        let mut changes = Changes::default();
        let mut taken: Vec<(i64, Record)> = Vec::new();
        for (assignment, to) in [(&self.one, self.to)].into_iter().chain(self.other.as_ref().map(|other| (other, from)))
        {
            let taker = taken_by(call, assignment, to)?;
            let mut next = given_up(assignment, "swapped", &asked.form);
            if !asked.form.has("reason") {
                next.values.set("reason", assignment.values.get("reason").cloned().unwrap_or(Value::Null));
            }
            next.values.set("swapped_to_id", Value::Id(taker.envelope.id));
            next.envelope.revision += 1;
            next.envelope.revised_by = call.actor()?.user_id;
            changes.next_number();
            changes.put(kind, Some(assignment.clone()), next);
            taken.push((0, taker));
        }
        for (number, taker) in &mut taken {
            *number = changes.next_number();
            changes.put(kind, None, taker.clone());
        }
        let (number, mut record) =
            taken.into_iter().next().ok_or_else(|| Problem::internal("nobody took the shift"))?;
        if let Some(key) = &asked.key {
            changes.keep(key.answer(kind.name, record.envelope.id, 1, 201));
        }
        match call.core.ledger.append(changes.into_append(&write_context)?).await {
            Ok(receipt) => receive(&mut record, receipt, number),
            Err(AppendError::Conflict(_)) => return Ok(None),
            // Refusals are asked for again where somebody changed an assignment meanwhile: they were about its former
            // revision.
            Err(AppendError::Refused(_)) if self.is_past(call).await? => return Ok(None),
            Err(error) => return Err(error.into()),
        }
        answer(call, &record, HttpResponse::Created()).map(Some)
    }
}

fn answer(call: &Call, record: &Record, mut response: actix_web::HttpResponseBuilder) -> Answer {
    let body = view::record(&call.core, &SHIFT_ASSIGNMENTS, record, call.language);
    Ok(response
        .insert_header((ETAG, etag::of_revision(record.envelope.revision)))
        .insert_header((LOCATION, format!("/v1/shift-assignments/{}", record.envelope.id)))
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(body))
}

/// The same shift and role, for somebody else.
fn taken_by(call: &Call, assignment: &Record, to: Uuid) -> Result<Record, Problem> {
    let mut record = assignment.clone();
    let (now, by) = (call.core.clock.now(), call.actor()?.user_id);
    record.values.set("volunteer_id", Value::Id(to));
    record.values.set("attendance", Value::Text("expected".to_owned()));
    for name in OFFER.into_iter().chain(["swapped_to_id", "reason", "note", "void_reason"]) {
        record.values.take(name);
    }
    let envelope = &mut record.envelope;
    (envelope.id, envelope.revision, envelope.change_no, envelope.voided) = (new_id(), 1, 0, false);
    (envelope.recorded_at, envelope.revised_at) = (now, now);
    (envelope.recorded_by, envelope.revised_by, envelope.source) = (by, by, "api".to_owned());
    (envelope.warnings, envelope.submission_digest) = (Vec::new(), vec![0; 32]);
    Ok(record)
}
