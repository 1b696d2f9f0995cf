//! How a case stood when: each step with its state and its time. Figures of states are made of it, so that the sum
//! until a day is how many stood so at that day's end, however late a step was told.

use chrono::{DateTime, Utc};
use kit::field::{Field, Shape};
use kit::object;
use kit::text::Text;
use kit::time::in_utc;
use kit::typed::TypedField;
use kit::value::Values;
use uuid::Uuid;

use super::stays::{Stay, stays, stood_at};
use super::wire::{ENDED_AT, IsolationState, NOTIFIED_AT, STATE};
use crate::records::Record;
use crate::records::rules::Move;

/// How every case begins.
pub const FIRST: IsolationState = IsolationState::Identified;

object! {
    /// A step of a case.
    pub struct Step, STEP {
        state: IsolationState =
            Field::new("state", Shape::Word(IsolationState::VOCABULARY), Text::new("State", "状态"), "The state from then on.")
                .required();
        #[serde(serialize_with = "in_utc")]
        since_at: DateTime<Utc> = Field::new("since_at", Shape::Instant, Text::new("Since", "自"), "Since when.").required();
        transition_id: Uuid =
            Field::new("transition_id", Shape::Id, Text::new("Transition", "状态变更编号"), "The step.").required();
    }
}

const STEP_ITEM: &Shape = &Shape::Object(STEP);

/// The field of a case.
pub const STATE_HISTORY: TypedField<Vec<Step>> = TypedField::named(
    "STATE_HISTORY",
    Field::new(
        "state_history",
        Shape::List { of: STEP_ITEM, max: 1_000 },
        Text::new("State history", "状态历史"),
        "Every step with when it happened, in the order in which they were made; before the first the case was `identified`.",
    )
    .by_server(),
);

/// How a case stands; one that no step moved on as it began.
pub fn state(values: &Values) -> IsolationState {
    values.get(&STATE).unwrap_or(FIRST)
}

/// Whether steps were made of which the case tells nothing: by an earlier release.
pub fn is_lost(values: &Values) -> bool {
    values.get(&STATE_HISTORY).is_none() && state(values) != FIRST
}

/// Adds a step.
pub fn add(values: &mut Values, transition_id: Uuid, state: IsolationState, since_at: DateTime<Utc>) {
    if values.list(&STATE_HISTORY).last().map_or(FIRST, |step| step.state) != state {
        values.extend(&STATE_HISTORY, [Step { state, since_at, transition_id }]);
    }
}

/// Adds a step that leaves the state as it is: what a closed case says was corrected.
pub fn repeat(values: &mut Values, transition_id: Uuid, since_at: DateTime<Utc>) {
    let step = Step { state: state(values), since_at, transition_id };
    values.extend(&STATE_HISTORY, [step]);
}

/// How often a release was told: once, and once more for each correction.
pub fn releases(values: &Values) -> usize {
    values.list(&STATE_HISTORY).filter(|step| step.state == IsolationState::Completed).count()
}

/// Each step with its state and since when, in the order in which they were made: none before the one it follows.
pub fn steps_of(values: &Values) -> Vec<(Uuid, IsolationState, DateTime<Utc>)> {
    let mut earliest = DateTime::<Utc>::MIN_UTC;
    let step = |step: Step| {
        earliest = earliest.max(step.since_at);
        (step.transition_id, step.state, earliest)
    };
    values.list(&STATE_HISTORY).map(step).collect()
}

/// How a case stood just before an instant.
pub fn state_before(values: &Values, at: DateTime<Utc>) -> IsolationState {
    let steps = steps_of(values).into_iter().take_while(|(_, _, since_at)| *since_at < at);
    steps.last().map_or(FIRST, |(_, state, _)| state)
}

/// A step happened at another time than was told first.
pub fn correct(values: &mut Values, transition_id: Uuid, since_at: DateTime<Utc>) {
    let mut steps: Vec<Step> = values.list(&STATE_HISTORY).collect();
    if let Some(step) = steps.iter_mut().find(|step| step.transition_id == transition_id) {
        step.since_at = since_at;
        values.set(&STATE_HISTORY, steps);
    }
}

/// States and since when. No step happened before the one that it follows, nor before the case itself.
fn states(record: &Record) -> Vec<(IsolationState, DateTime<Utc>)> {
    let (values, mut earliest) = (&record.values, record.envelope.occurred_at);
    let mut states: Vec<_> = values.list(&STATE_HISTORY).map(|step| (step.state, step.since_at)).collect();
    if is_lost(values) {
        // As far as the case itself tells.
        let at = values.get(&ENDED_AT).or(values.get(&NOTIFIED_AT)).unwrap_or(earliest);
        states = vec![(state(values), at)];
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
        for measure in [(former.code(), -1), (state.code(), 1)] {
            moves.push(Move { at: *at, measure, stood: stood.clone() });
        }
        former = *state;
    }
    let stays = stays(&record.values);
    for (index, Stay { stood, until_at: at, .. }) in stays.iter().enumerate() {
        if *at > record.envelope.occurred_at {
            let state = states.iter().rev().find(|(_, since_at)| since_at < at).map_or(FIRST, |(state, _)| *state);
            let next = stays.get(index + 1).map(|stay| stay.stood.clone());
            moves.push(Move { at: *at, measure: (state.code(), -1), stood: Some(stood.clone()) });
            moves.push(Move { at: *at, measure: (state.code(), 1), stood: next });
        }
    }
    moves
}
