//! Offering a duty: it goes over when it is taken, not before. Who offered it to whom, and what became of that, is told
//! by the duty's revisions.

use std::cell::Cell;

use actix_web::http::Method;
use kit::problem::Problem;
use kit::value::Values;
use serde_json::json;
use uuid::Uuid;

use super::codes::NOT_OFFERED;
use super::routes::{HAND_OVER, answers, given, named, require};
use super::{DUTIES, DutyState, READERS, SUPERVISORS, duty, wire};
use crate::platform::http::schema::form;
use crate::platform::http::{Access, Answer, Call, Operation};
use crate::records::Record;
use crate::records::act::{ActForm, act};
use crate::records::codes::{ALREADY_ENDED, OUT_OF_AREA};

/// The operations of this part of the room.
pub fn operations() -> Vec<Operation> {
    vec![
        answers(Operation::new(Method::POST, "/v1/duties/{id}:offer", "offer_duty", offer)
            .described("duties", "Offer a duty", "Somebody else may take it: until he does, it stays whose it is. To an account that sees the duties there; by whoever answers for it now, or above him. Offered anew, it is the new one's; to who answers for it, it is withdrawn. He is told of it, and who offered it of his answer (`GET /v1/notifications`). What was offered to somebody: `GET /v1/duties?offered_to=` with his id.")
            .access(Access::Roles(READERS))
            .body(form(HAND_OVER), json!({"assignee_username": "village.daxing"}))),
        answers(Operation::new(Method::POST, "/v1/duties/{id}:accept", "accept_duty", accept)
            .described("duties", "Accept a duty", "It was offered to the caller: now he answers for it.")
            .access(Access::Roles(SUPERVISORS))
            .body(form(&[]), json!({}))
            .problems(&[NOT_OFFERED])),
        answers(Operation::new(Method::POST, "/v1/duties/{id}:decline", "decline_duty", decline)
            .described("duties", "Decline a duty", "It was offered to the caller, and stays whose it is.")
            .access(Access::Roles(SUPERVISORS))
            .body(form(&[]), json!({}))
            .problems(&[NOT_OFFERED])),
    ]
}

async fn offer(call: Call) -> Answer {
    let to = Cell::new(Uuid::nil());
    let may = async |duty: &Record, form: &Values| {
        to.set(named(&call, form, SUPERVISORS, duty).await?);
        require(&call, duty, duty.values.get(&wire::ASSIGNEE_ID))
    };
    act(&call, ActForm::of(&DUTIES, HAND_OVER), may, |duty: &Record, _: &Values| offered(duty, to.get())).await
}

/// The duty, offered; none where it is already. To who answers for it: not offered.
fn offered(duty: &Record, to: Uuid) -> Result<Option<Record>, Problem> {
    if !duty::is(duty, DutyState::Open) {
        return Err(ALREADY_ENDED.into());
    }
    let mut next = duty.clone();
    let to = Some(to).filter(|to| duty.values.get(&wire::ASSIGNEE_ID) != Some(*to));
    next.values.set_or_clear(&wire::OFFERED_TO, to);
    Ok(Some(next).filter(|next| next.values != duty.values))
}

async fn accept(call: Call) -> Answer {
    let by = call.actor()?.user_id;
    let next = |duty: &Record, _: &Values| {
        if duty.values.get(&wire::ASSIGNEE_ID) == Some(by) {
            return Ok(None);
        }
        require_offered(duty, by)?;
        given(duty, by)
    };
    act(&call, ActForm::of(&DUTIES, &[]), async |duty: &Record, _: &Values| answerable(&call, duty), next).await
}

async fn decline(call: Call) -> Answer {
    let by = call.actor()?.user_id;
    let next = |duty: &Record, _: &Values| {
        require_offered(duty, by)?;
        let mut next = duty.clone();
        next.values.clear(&wire::OFFERED_TO);
        Ok(Some(next))
    };
    act(&call, ActForm::of(&DUTIES, &[]), async |duty: &Record, _: &Values| answerable(&call, duty), next).await
}

/// 403 where the caller's role ended there since it was offered to him.
fn answerable(call: &Call, duty: &Record) -> Result<(), Problem> {
    let reaches = call.actor()?.reaches(SUPERVISORS, &duty.envelope.area_code, duty.envelope.org_id);
    if reaches { Ok(()) } else { Err(OUT_OF_AREA.into()) }
}

fn require_offered(duty: &Record, to: Uuid) -> Result<(), Problem> {
    if !duty::is(duty, DutyState::Open) {
        return Err(ALREADY_ENDED.into());
    }
    if duty.values.get(&wire::OFFERED_TO) == Some(to) { Ok(()) } else { Err(NOT_OFFERED.into()) }
}
