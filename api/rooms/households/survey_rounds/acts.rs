//! Acts of a round: it is started, closed, cancelled.

use actix_web::http::Method;
use kit::catalogue::Code;
use kit::field::{Field, free_text};
use kit::fields;
use kit::problem::Problem;
use kit::text::Text;
use kit::value::Values;
use serde_json::json;

use super::freeze::{draw_up, is_empty};
use super::{CANCEL_REASON, FROZEN, Frozen, MAKERS, RoundState, STATE, SURVEY_ROUNDS};
use crate::platform::access::keys::KeyScope;
use crate::platform::http::schema::{form, reference};
use crate::platform::http::{Access, Answer, Call, Operation, fault};
use crate::records::act::{ACT_PROBLEMS, act};
use crate::records::codes::OUT_OF_AREA;
use crate::records::{Record, document, read};
use crate::rooms::households::codes::{NOTHING_IN_SCOPE, ROUND_NOT_DRAFT, ROUND_NOT_RUNNING};

fields! {
    /// Members of an act that needs none.
    static NOTHING;
}
fields! {
    /// Members of a cancellation.
    static CANCEL;
    REASON: String = Field::new("reason", free_text(500), Text::new("Reason", "原因"), "Why. Encrypted at rest.").required();
}

/// The operations of this part of the room.
pub fn operations() -> Vec<Operation> {
    let problems: Vec<Code> = ACT_PROBLEMS.iter().copied().chain([ROUND_NOT_DRAFT, ROUND_NOT_RUNNING]).collect();
    let answers = |operation: Operation| {
        operation
            .access(Access::Roles(MAKERS))
            .keys(KeyScope::Write)
            .answers_with(
                200,
                "The round.",
                Some(reference(SURVEY_ROUNDS.schema)),
                Some(document::example_served(&SURVEY_ROUNDS)),
            )
            .with_headers(&["ETag", "Location", "Idempotency-Replayed"])
            .headers(&["Idempotency-Key"])
            .problems(&problems)
    };
    vec![
        answers(Operation::new(Method::POST, "/v1/survey-rounds/{id}:start", "start_survey_round", start)
            .described("survey_rounds", "Start a round", "Its list is drawn up from what stood before the start's change number and never changes after. Whoever is registered later is additional. 422 `nothing_in_scope` where nobody is in it.")
            .body(form(NOTHING), json!({}))),
        answers(Operation::new(Method::POST, "/v1/survey-rounds/{id}:close", "close_survey_round", close)
            .described("survey_rounds", "Close a round", "Nobody is asked any more; visits that happened before count when they arrive.")
            .body(form(NOTHING), json!({}))),
        answers(Operation::new(Method::POST, "/v1/survey-rounds/{id}:cancel", "cancel_survey_round", cancel)
            .described("survey_rounds", "Cancel a round", "It was made by mistake: a draft, or one that runs.")
            .body(form(CANCEL), json!({"reason": "范围有误,另行启动"}))),
    ]
}

async fn start(call: Call) -> Answer {
    let (core, now) = (&call.core, call.core.clock.now());
    let may = async |round: &Record, _: &Values| {
        require_reach(&call, round)?;
        let is_draft = round.values.get(&STATE) == Some(RoundState::Draft);
        if is_draft && is_empty(core, round).await? { Err(fault("/scope", NOTHING_IN_SCOPE)) } else { Ok(()) }
    };
    let next = |round: &Record, _: &Values| {
        let mut next = round.clone();
        match round.values.get(&STATE) {
            Some(RoundState::Draft) => {}
            Some(RoundState::Running) => return Ok(None),
            _ => return Err(ROUND_NOT_DRAFT.into()),
        }
        next.values.set(&STATE, RoundState::Running);
        let frozen =
            Frozen { change_no: None, at: Some(now), ready: false, households: None, persons: None, digest: None };
        next.values.set(&FROZEN, frozen);
        Ok(Some(next))
    };
    let answered = act(&call, &SURVEY_ROUNDS, NOTHING, may, next).await?;
    // The worker draws the list up where this is interrupted.
    if let Ok(round) = read::find(core, call.actor()?, &SURVEY_ROUNDS, call.path_id()?).await {
        draw_up(core, &round).await?;
    }
    Ok(answered)
}

async fn close(call: Call) -> Answer {
    let next = |round: &Record, _: &Values| match round.values.get(&STATE) {
        Some(RoundState::Running) => Ok(Some(ended(round, RoundState::Closed))),
        Some(RoundState::Closed) => Ok(None),
        _ => Err(ROUND_NOT_RUNNING.into()),
    };
    act(&call, &SURVEY_ROUNDS, NOTHING, async |round: &Record, _: &Values| require_reach(&call, round), next).await
}

async fn cancel(call: Call) -> Answer {
    let next = |round: &Record, form: &Values| match round.values.get(&STATE) {
        Some(RoundState::Draft | RoundState::Running) => {
            let mut next = ended(round, RoundState::Cancelled);
            next.values.set(&CANCEL_REASON, form.required(&REASON)?);
            Ok(Some(next))
        }
        Some(RoundState::Cancelled) => Ok(None),
        _ => Err(ROUND_NOT_RUNNING.into()),
    };
    act(&call, &SURVEY_ROUNDS, CANCEL, async |round: &Record, _: &Values| require_reach(&call, round), next).await
}

fn ended(round: &Record, state: RoundState) -> Record {
    let mut next = round.clone();
    next.values.set(&STATE, state);
    next
}

fn require_reach(call: &Call, round: &Record) -> Result<(), Problem> {
    let may = call.actor()?.reaches(MAKERS, &round.envelope.area_code, round.envelope.org_id);
    if may { Ok(()) } else { Err(OUT_OF_AREA.into()) }
}
