//! When it happened, by whose clock: what a record tells of the future, and by how much the telling device was wrong.

use chrono::{DateTime, TimeDelta, Utc};
use kit::time::day_of;
use kit::value::Value;

use super::context::Context;
use super::draft::Draft;
use super::warnings::{CLOCK_SKEWED, Noted, OCCURRED_AT_DOUBTFUL, OCCURRED_IN_FUTURE};

/// A clock that is further off than this says nothing about when anything happened.
const DOUBTFUL_BEYOND: TimeDelta = TimeDelta::hours(12);

/// Warns of days and moments of its own that lie ahead, as of `occurred_at`: what happened can't have happened later.
pub fn judge_own(draft: &mut Draft, context: &Context<'_>) {
    if draft.warnings.iter().any(|noted| noted.code == OCCURRED_IN_FUTURE.code) {
        return;
    }
    let latest = context.now + context.clock_tolerance;
    let lies_ahead = |value: &Value| match value {
        Value::Day(day) => *day > day_of(latest, context.zone),
        Value::Instant(at) => *at > latest,
        _ => false,
    };
    let fields = draft.kind.body_fields().into_iter().filter(|field| field.happened);
    let ahead: Vec<&str> =
        fields.map(|field| field.name).filter(|name| draft.values.get(name).is_some_and(lies_ahead)).collect();
    for name in ahead {
        draft.warn(&OCCURRED_IN_FUTURE, name);
    }
}

/// Warns of a device whose clock differs from the server's, and where it differs so much that its times are no times.
pub fn judge_clock(draft: &mut Draft, told_at: DateTime<Utc>, tolerance: TimeDelta) {
    let Some(device_time) = draft.values.instant("device_time") else { return };
    let skew = device_time - told_at;
    if skew.abs() > tolerance {
        let at = draft.at("device_time");
        draft.note(Noted::new(&CLOCK_SKEWED, at).with("seconds", &skew.num_seconds()));
    }
    if skew.abs() > DOUBTFUL_BEYOND {
        draft.warn(&OCCURRED_AT_DOUBTFUL, "occurred_at");
    }
}
