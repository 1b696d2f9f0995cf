//! Acts of a round: it is started, closed, cancelled.

use std::sync::Arc;
use std::time::Duration;

use actix_web::http::Method;
use chrono::{DateTime, Utc};
use kit::catalogue::Code;
use kit::field::{Field, free_text};
use kit::fields;
use kit::problem::Problem;
use kit::text::Text;
use kit::value::Values;
use serde_json::json;
use uuid::Uuid;

use super::freeze::{draw_up, is_empty};
use super::{CANCEL_REASON, CLOSED_AT, FROZEN, Frozen, MAKERS, RoundState, STATE, SURVEY_ROUNDS};
use crate::platform::access::keys::KeyScope;
use crate::platform::access::roles::Actor;
use crate::platform::core::Core;
use crate::platform::http::schema::{form, reference};
use crate::platform::http::{Access, Answer, Call, Operation, fault};
use crate::records::act::{ACT_PROBLEMS, ActForm, act};
use crate::records::codes::OUT_OF_AREA;
use crate::records::create::TRIES;
use crate::records::gate::find_standing;
use crate::records::{Record, amend, document, read};
use crate::rooms::households::codes::{NOTHING_IN_SCOPE, ROUND_NOT_DRAFT, ROUND_NOT_RUNNING};

/// How long a start waits for the list before it answers without it.
const PATIENCE: Duration = Duration::from_secs(2);

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
            .described("survey_rounds", "Start a round", "Its list is drawn up from what stood before the start's change number and never changes after; of a large one that goes on after the answer, until `frozen.ready`. Whoever is registered later is additional. 422 `nothing_in_scope` where nobody is in it.")
            .body(form(NOTHING), json!({}))),
        answers(Operation::new(Method::POST, "/v1/survey-rounds/{id}:close", "close_survey_round", close)
            .described("survey_rounds", "Close a round", "Nobody is asked any more; visits that happened before count when they arrive, those that happened later don't.")
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
    let next = |round: &Record, _: &Values| match round.values.get(&STATE) {
        Some(RoundState::Draft) => Ok(Some(started(round, now))),
        Some(RoundState::Running) => Ok(None),
        _ => Err(ROUND_NOT_DRAFT.into()),
    };
    let answered = act(&call, ActForm::of(&SURVEY_ROUNDS, NOTHING), may, next).await?;
    if let Ok(round) = read::find(core, call.actor()?, &SURVEY_ROUNDS, call.path_id()?).await {
        begin_list(core, round).await;
    }
    Ok(answered)
}

/// Draws the list up, beside the answer where that takes longer than somebody waits. The worker does it where this is
/// interrupted.
async fn begin_list(core: &Arc<Core>, round: Record) {
    let of_its_own = Arc::clone(core);
    let drawing = tokio::spawn(async move {
        let drawn = of_its_own.supervision.caught("survey_rounds", Box::pin(draw_up(&of_its_own, &round))).await;
        if let Some(Err(problem)) = drawn {
            tracing::warn!(%problem, "the list of a survey round could not be drawn up; tried again in a moment");
        }
    });
    // However it ends, the start is written.
    drop(tokio::time::timeout(PATIENCE, drawing).await);
}

async fn close(call: Call) -> Answer {
    let now = call.core.clock.now();
    let next = |round: &Record, _: &Values| match round.values.get(&STATE) {
        Some(RoundState::Running) => Ok(Some(ended(round, RoundState::Closed, now))),
        Some(RoundState::Closed) => Ok(None),
        _ => Err(ROUND_NOT_RUNNING.into()),
    };
    act(
        &call,
        ActForm::of(&SURVEY_ROUNDS, NOTHING),
        async |round: &Record, _: &Values| require_reach(&call, round),
        next,
    )
    .await
}

async fn cancel(call: Call) -> Answer {
    let now = call.core.clock.now();
    let next = |round: &Record, form: &Values| match round.values.get(&STATE) {
        Some(RoundState::Draft | RoundState::Running) => {
            let mut next = ended(round, RoundState::Cancelled, now);
            next.values.set(&CANCEL_REASON, form.required(&REASON)?);
            Ok(Some(next))
        }
        Some(RoundState::Cancelled) => Ok(None),
        _ => Err(ROUND_NOT_RUNNING.into()),
    };
    act(
        &call,
        ActForm::of(&SURVEY_ROUNDS, CANCEL),
        async |round: &Record, _: &Values| require_reach(&call, round),
        next,
    )
    .await
}

/// Starts a round as an account, outside of a request; nothing where it was started before.
pub async fn start_round(core: &Core, actor: &Actor, id: Uuid) -> Result<(), Problem> {
    move_on(core, actor, id, RoundState::Draft, |round| started(round, core.clock.now())).await?;
    draw_up(core, &find_standing(core, actor, &SURVEY_ROUNDS, id).await?).await
}

/// Closes a round as an account, outside of a request; nothing where it doesn't run.
pub async fn close_round(core: &Core, actor: &Actor, id: Uuid) -> Result<(), Problem> {
    move_on(core, actor, id, RoundState::Running, |round| ended(round, RoundState::Closed, core.clock.now())).await
}

/// Writes what a round that stands so becomes; again where somebody else changed it meanwhile.
async fn move_on(
    core: &Core,
    actor: &Actor,
    id: Uuid,
    from: RoundState,
    next: impl Fn(&Record) -> Record,
) -> Result<(), Problem> {
    for _ in 0..TRIES {
        let round = find_standing(core, actor, &SURVEY_ROUNDS, id).await?;
        let is_done = round.values.get(&STATE) != Some(from);
        if is_done || amend::write(core, actor, &SURVEY_ROUNDS, &round, next(&round), None).await?.is_some() {
            return Ok(());
        }
    }
    Err(Code::WRITE_CONFLICT.into())
}

fn started(round: &Record, now: DateTime<Utc>) -> Record {
    let mut next = round.clone();
    next.values.set(&STATE, RoundState::Running);
    let frozen = Frozen { change_no: None, at: Some(now), ready: false, households: None, persons: None, digest: None };
    next.values.set(&FROZEN, frozen);
    next
}

fn ended(round: &Record, state: RoundState, now: DateTime<Utc>) -> Record {
    let mut next = round.clone();
    next.values.set(&STATE, state);
    next.values.set(&CLOSED_AT, now);
    next
}

fn require_reach(call: &Call, round: &Record) -> Result<(), Problem> {
    let may = call.actor()?.reaches(MAKERS, &round.envelope.area_code, round.envelope.org_id);
    if may { Ok(()) } else { Err(OUT_OF_AREA.into()) }
}
