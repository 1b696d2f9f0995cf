//! Giving a shift to somebody else: decided by an organiser, or offered by whoever has it and accepted by the other.
//! Nobody is put on a shift by another volunteer.

use actix_web::HttpResponse;
use actix_web::http::Method;
use actix_web::http::header::{CACHE_CONTROL, ETAG, LOCATION};
use kit::catalogue::Code;
use kit::etag;
use kit::field::{Field, Shape};
use kit::fields;
use kit::ids::new_id;
use kit::problem::Problem;
use kit::text::Text;
use kit::value::Values;
use ledger::AppendError;
use serde_json::json;
use uuid::Uuid;

use super::actions::{
    OFFER, answering, body_of, given_up, is_caller, of_assignment, organizes, require_before, require_own,
};
use crate::platform::http::{Answer, Call, Operation, fault, fault_with};
use crate::records::act::{ActForm, Asked, act, asked};
use crate::records::amend;
use crate::records::change::{Changes, receive};
use crate::records::codes::{ALREADY_ENDED, ONE_OF, OUT_OF_AREA, UNKNOWN_REFERENCE};
use crate::records::create::TRIES;
use crate::records::envelope::{NOTE, VOID_REASON};
use crate::records::gate::{find_standing, require_standing};
use crate::records::operations::replayed;
use crate::records::{Record, read, view};
use crate::rooms::volunteers::shifts::assignments::SHIFT_ASSIGNMENTS;
use crate::rooms::volunteers::shifts::assignments::{
    self, ATTENDANCE, AssignmentAttendance, AssignmentState, OFFERED_TO_ID, OFFERED_WITH_ID, STARTS_AT, STATE,
    SWAPPED_TO_ID, form,
};
use crate::rooms::volunteers::volunteers::VOLUNTEERS;

fields! {
    /// Members of the form to swap.
    static SWAP;
    VOLUNTEER_ID: Uuid = Field::new(
        "volunteer_id",
        Shape::Id,
        Text::new("Volunteer", "志愿者"),
        "Who takes it instead; or `assignment_id`.",
    );
    ASSIGNMENT_ID: Uuid = Field::new(
        "assignment_id",
        Shape::Id,
        Text::new("Assignment", "排班记录"),
        "With which other assignment it is exchanged.",
    );
    REASON: String = form::REASON.field;
}

/// Members of the form to answer an offer.
static ANSWER: &[Field] = &[REASON.field];

/// The operations of this part of the room.
pub fn operations() -> Vec<Operation> {
    let swapping = of_assignment(Operation::new(Method::POST, "/v1/shift-assignments/{id}:swap", "swap_shift_assignment", swap))
        .described("shifts", "Give a shift to somebody else", "To a volunteer, or in exchange for another assignment. An organiser decides it at once: all of it or nothing, by the rules of every assignment. Whoever has the shift offers it, until 12 hours before it begins: it stays his until the other accepts (`:accept-swap`) or an organiser decides; a new offer takes the place of the former one.")
        .body(body_of(SWAP), json!({"volunteer_id": "0198c0de-0031-7000-8000-000000000002", "reason": "临时换班"}));
    let accepting = of_assignment(Operation::new(Method::POST, "/v1/shift-assignments/{id}:accept-swap", "accept_shift_swap", accept))
        .described("shifts", "Accept an offered shift", "By whom it was offered (`offered_to_id`) until it begins, or by an organiser for him: all of it or nothing, by the rules of every assignment.")
        .body(body_of(ANSWER), json!({}));
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
    .body(body_of(ANSWER), json!({"reason": "当天有事"}));
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
    let wish = Wish::of(&asked.form)?;
    repeated(&call, &asked, async |call, asked| {
        let one = standing(call).await?;
        require_own(call, &one).await?;
        let swap = wish.swap(call, one).await?;
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
        let (to, with) = (one.values.get(&OFFERED_TO_ID), one.values.get(&OFFERED_WITH_ID));
        if !organizes(call, &one)? {
            require_offered(call, &one, to).await?;
            require_before(call, one.values.get(&STARTS_AT).unwrap_or(one.envelope.occurred_at))?;
        }
        let to = to.ok_or(ALREADY_ENDED)?;
        let other = match with {
            Some(with) => Some(exchanged(call, &one, with).await?),
            None => None,
        };
        // Assignments offered in exchange may be somebody else's by now.
        if other.as_ref().is_some_and(|other| other.values.get(&assignments::VOLUNTEER_ID) != Some(to)) {
            return Err(ALREADY_ENDED.into());
        }
        Swap { one, other, to }.write(call, asked).await
    })
    .await
}

async fn decline(call: Call) -> Answer {
    let may = async |one: &Record, _: &Values| {
        let own = is_caller(&call, &one.envelope.district_code, one.values.get(&assignments::VOLUNTEER_ID)).await?;
        if own || organizes(&call, one)? {
            Ok(())
        } else {
            require_offered(&call, one, one.values.get(&OFFERED_TO_ID)).await
        }
    };
    let next = |one: &Record, _: &Values| {
        let mut next = one.clone();
        OFFER.iter().for_each(|field| next.values.clear(field));
        next.values.clear(&assignments::REASON);
        Ok(one.values.get(&OFFERED_TO_ID).map(|_| next))
    };
    act(&call, ActForm::of(&SHIFT_ASSIGNMENTS, ANSWER), may, next).await
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

/// Wish for an assignment: one of the two.
#[derive(Clone, Copy)]
enum Wish {
    /// That this volunteer takes it.
    To(Uuid),
    /// That it is exchanged for this other assignment.
    With(Uuid),
}

impl Wish {
    fn of(form: &Values) -> Result<Self, Problem> {
        match (form.get(&VOLUNTEER_ID), form.get(&ASSIGNMENT_ID)) {
            (Some(to), None) => Ok(Self::To(to)),
            (None, Some(with)) => Ok(Self::With(with)),
            (Some(_), Some(_)) | (None, None) => {
                let values = vec![("fields", format!("{VOLUNTEER_ID}, {ASSIGNMENT_ID}"))];
                Err(fault_with(&format!("/{VOLUNTEER_ID}"), ONE_OF, values))
            }
        }
    }

    async fn swap(self, call: &Call, one: Record) -> Result<Swap, Problem> {
        let unknown = |field| move |_| fault(&format!("/{field}"), UNKNOWN_REFERENCE);
        let (core, actor) = (&call.core, call.actor()?);
        match self {
            Self::With(with) => {
                let found = read::find(core, actor, &SHIFT_ASSIGNMENTS, with).await;
                let other = found.map_err(unknown(ASSIGNMENT_ID.name()))?;
                require_assigned(&other)?;
                Ok(Swap { one, to: taker(&other)?, other: Some(other) })
            }
            Self::To(to) => {
                let found = read::find(core, actor, &VOLUNTEERS, to).await;
                let to = found.map_err(unknown(VOLUNTEER_ID.name()))?.envelope.id;
                Ok(Swap { one, other: None, to })
            }
        }
    }
}

/// The volunteer who has an assignment.
fn taker(assignment: &Record) -> Result<Uuid, Problem> {
    let volunteer_id = assignment.values.get(&assignments::VOLUNTEER_ID);
    volunteer_id.ok_or_else(|| Problem::internal("an assignment of nobody"))
}

/// The assignment, if it stands and nobody gave it up.
async fn standing(call: &Call) -> Result<Record, Problem> {
    let one = find_standing(&call.core, call.actor()?, &SHIFT_ASSIGNMENTS, call.path_id()?).await?;
    require_assigned(&one)?;
    Ok(one)
}

fn require_assigned(assignment: &Record) -> Result<(), Problem> {
    require_standing(assignment)?;
    if assignment.values.get(&STATE) == Some(AssignmentState::Assigned) { Ok(()) } else { Err(ALREADY_ENDED.into()) }
}

async fn require_offered(call: &Call, one: &Record, to: Option<Uuid>) -> Result<(), Problem> {
    if is_caller(call, &one.envelope.district_code, to).await? { Ok(()) } else { Err(OUT_OF_AREA.into()) }
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
        next.values.set(&OFFERED_TO_ID, self.to);
        next.values.set_or_clear(&OFFERED_WITH_ID, self.other.as_ref().map(|other| other.envelope.id));
        next.values.set_or_clear(&assignments::REASON, asked.form.get(&REASON).map(str::to_owned));
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
        let (kind, from) = (&SHIFT_ASSIGNMENTS, taker(&self.one)?);
        let mut changes = Changes::default();
        let mut taken: Vec<(i64, Record)> = Vec::new();
        for (assignment, to) in [(&self.one, self.to)].into_iter().chain(self.other.as_ref().map(|other| (other, from)))
        {
            let taking = taken_by(call, assignment, to)?;
            let mut next = given_up(assignment, AssignmentState::Swapped, &asked.form);
            if !asked.form.has(&REASON) {
                let known = assignment.values.get(&assignments::REASON).map(str::to_owned);
                next.values.set_or_clear(&assignments::REASON, known);
            }
            next.values.set(&SWAPPED_TO_ID, taking.envelope.id);
            next.envelope.revision += 1;
            next.envelope.revised_by = call.actor()?.user_id;
            changes.next_number();
            changes.put(kind, Some(assignment.clone()), next);
            taken.push((0, taking));
        }
        for (number, taking) in &mut taken {
            *number = changes.next_number();
            changes.put(kind, None, taking.clone());
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
    record.values.set(&assignments::VOLUNTEER_ID, to);
    record.values.set(&ATTENDANCE, AssignmentAttendance::Expected);
    for field in OFFER.iter().chain([&SWAPPED_TO_ID]) {
        record.values.take(field);
    }
    for field in [&assignments::REASON, &NOTE, &VOID_REASON] {
        record.values.take(field);
    }
    let envelope = &mut record.envelope;
    (envelope.id, envelope.revision, envelope.change_no, envelope.voided) = (new_id(), 1, 0, false);
    (envelope.recorded_at, envelope.revised_at) = (now, now);
    (envelope.recorded_by, envelope.revised_by, envelope.source) = (by, by, "api".to_owned());
    (envelope.warnings, envelope.submission_digest) = (Vec::new(), vec![0; 32]);
    Ok(record)
}
