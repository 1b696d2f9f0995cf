//! How a case stood when: each step with its state and its time. Figures of states are made of it, so that the sum
//! until a day is how many stood so at that day's end, however late a step was told.

use chrono::{DateTime, Utc};
use kit::field::{Field, Shape};
use kit::text::Text;
use kit::value::{Value, Values};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::stays::{Stay, stays, stood_at};
use super::wire::IsolationState;
use crate::records::Record;
use crate::records::rules::Move;

/// How every case begins.
pub const FIRST: &str = "identified";

const STEP: &[Field] = &[
    Field::new("state", Shape::Word(IsolationState::VOCABULARY), Text::new("State", "状态"), "The state from then on.")
        .required(),
    Field::new("since_at", Shape::Instant, Text::new("Since", "自"), "Since when.").required(),
    Field::new("transition_id", Shape::Id, Text::new("Transition", "状态变更编号"), "The step.").required(),
];

const STEP_ITEM: &Shape = &Shape::Object(STEP);

/// The field of a case.
pub const STATE_HISTORY: Field = Field::new(
    "state_history",
    Shape::List { of: STEP_ITEM, max: 1_000 },
    Text::new("State history", "状态历史"),
    "Every step with when it happened, in the order in which they were made; before the first the case was `identified`.",
)
.by_server();

fn steps(values: &Values) -> Vec<Json> {
    values.json(STATE_HISTORY.name).and_then(Json::as_array).cloned().unwrap_or_default()
}

fn set(values: &mut Values, steps: Vec<Json>) {
    values.set(STATE_HISTORY.name, Value::Json(Json::Array(steps)));
}

fn told(at: DateTime<Utc>) -> Json {
    Value::Instant(at).to_json(chrono_tz::UTC)
}

/// Whether steps were made of which the case tells nothing: by an earlier release.
pub fn is_lost(values: &Values) -> bool {
    values.get(STATE_HISTORY.name).is_none() && values.text("state").is_some_and(|state| state != FIRST)
}

/// Adds a step.
pub fn add(values: &mut Values, transition_id: Uuid, state: &str, since_at: DateTime<Utc>) {
    let mut steps = steps(values);
    let last = steps.last().and_then(|step| step.get("state")?.as_str()).unwrap_or(FIRST);
    if last != state {
        steps.push(json!({"state": state, "since_at": told(since_at), "transition_id": transition_id}));
        set(values, steps);
    }
}

/// Adds a step that leaves the state as it is: what a closed case says was corrected.
pub fn repeat(values: &mut Values, transition_id: Uuid, since_at: DateTime<Utc>) {
    let mut steps = steps(values);
    let state = values.text("state").unwrap_or(FIRST).to_owned();
    steps.push(json!({"state": state, "since_at": told(since_at), "transition_id": transition_id}));
    set(values, steps);
}

/// How often a release was told: once, and once more for each correction.
pub fn releases(values: &Values) -> usize {
    let of_release = |step: &&Json| step.get("state").and_then(Json::as_str) == Some("completed");
    steps(values).iter().filter(of_release).count()
}

/// Each step with its state and since when, in the order in which they were made: none before the one it follows.
pub fn steps_of(values: &Values) -> Vec<(Option<Uuid>, String, DateTime<Utc>)> {
    let mut earliest = DateTime::<Utc>::MIN_UTC;
    let text = |step: &Json, name: &str| step.get(name).and_then(Json::as_str).unwrap_or_default().to_owned();
    let step = |step: Json| {
        earliest = earliest.max(text(&step, "since_at").parse().unwrap_or(earliest));
        (text(&step, "transition_id").parse().ok(), text(&step, "state"), earliest)
    };
    steps(values).into_iter().map(step).collect()
}

/// How a case stood just before an instant.
pub fn state_before(values: &Values, at: DateTime<Utc>) -> String {
    let steps = steps_of(values).into_iter().take_while(|(_, _, since_at)| *since_at < at);
    steps.last().map_or(FIRST.to_owned(), |(_, state, _)| state)
}

/// A step happened at another time than was told first.
pub fn correct(values: &mut Values, transition_id: Uuid, since_at: DateTime<Utc>) {
    let mut steps = steps(values);
    let id = json!(transition_id);
    if let Some(step) = steps.iter_mut().find(|step| step.get("transition_id") == Some(&id)) {
        kit::json::put(step, "since_at", told(since_at));
        set(values, steps);
    }
}

/// States and since when. No step happened before the one that it follows, nor before the case itself.
fn states(record: &Record) -> Vec<(&'static str, DateTime<Utc>)> {
    let (values, mut earliest) = (&record.values, record.envelope.occurred_at);
    let code = |state: &str| IsolationState::VOCABULARY.find(state).map(|word| word.code);
    let known = steps(values).into_iter().filter_map(|step| {
        let since_at = step.get("since_at")?.as_str()?.parse::<DateTime<Utc>>().ok()?;
        Some((code(step.get("state")?.as_str()?)?, since_at))
    });
    let mut states: Vec<_> = known.collect();
    if is_lost(values) {
        // As far as the case itself tells.
        let at = values.instant("ended_at").or(values.instant("notified_at")).unwrap_or(earliest);
        states = values.text("state").and_then(code).map(|state| (state, at)).into_iter().collect();
    }
    for (_, since_at) in &mut states {
        earliest = earliest.max(*since_at);
        *since_at = earliest;
    }
    states
}

/// Moves that a case adds to the counts of states: -1 for the state that it leaves, +1 for the one that it enters, at
/// each step's own time and where the case stood then; and the same pair where it moves from one area to another.
pub fn moves(record: &Record) -> Vec<Move> {
    let states = states(record);
    let mut former = FIRST;
    let mut moves = Vec::new();
    for (state, at) in &states {
        let stood = stood_at(record, *at);
        for measure in [(former, -1), (*state, 1)] {
            moves.push(Move { at: *at, measure, stood: stood.clone() });
        }
        former = state;
    }
    let stays = stays(&record.values);
    for (index, Stay { stood, until_at: at, .. }) in stays.iter().enumerate() {
        if *at > record.envelope.occurred_at {
            let state = states.iter().rev().find(|(_, since_at)| since_at < at).map_or(FIRST, |(state, _)| state);
            let next = stays.get(index + 1).map(|stay| stay.stood.clone());
            moves.push(Move { at: *at, measure: (state, -1), stood: Some(stood.clone()) });
            moves.push(Move { at: *at, measure: (state, 1), stood: next });
        }
    }
    moves
}
