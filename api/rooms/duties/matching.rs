//! Which record proves which duty, and how the duty then stands. Pure: the same records give the same duties,
//! in whatever order they arrive, whatever is voided or moved meanwhile.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use kit::value::Values;
use uuid::Uuid;

use super::kinds::DutyKind;
use super::wire::DutyState;

/// A record that may prove something: somebody was there, something was done.
#[derive(Clone, Debug)]
pub struct Contact {
    /// Its kind.
    pub kind: &'static str,
    /// The record.
    pub id: Uuid,
    /// Time at which it happened.
    pub occurred_at: DateTime<Utc>,
    /// Time at which the server knew.
    pub known_at: DateTime<Utc>,
    /// Values by which duties recognise it: slot, line, `retest_of`, `to`, `state`.
    pub values: Values,
}

/// Part of a duty by which its proof is found.
#[derive(Clone, Debug)]
pub struct Expectation {
    /// Kind of the duty; none for one that a former release knew.
    pub duty_kind: Option<DutyKind>,
    /// The record that asked for it.
    pub cause_id: Option<Uuid>,
    /// Time from which it is open.
    pub opens_at: DateTime<Utc>,
}

/// Whether a record proves a duty; nothing proves one that a former release knew.
pub fn proves(duty: &Expectation, contact: &Contact, zone: Tz) -> bool {
    duty.duty_kind.is_some_and(|kind| kind.is_proven(duty, contact, zone))
}

/// The record that proves a duty: the earliest of those that do.
pub fn proof_of<'a>(duty: &Expectation, contacts: impl Iterator<Item = &'a Contact>, zone: Tz) -> Option<&'a Contact> {
    contacts.filter(|contact| proves(duty, contact, zone)).min_by_key(|contact| (contact.occurred_at, contact.id))
}

/// How a duty stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// State in which it stands.
    pub state: DutyState,
    /// Kind and id of its proof.
    pub proof: Option<(&'static str, Uuid)>,
    /// Done after it was due.
    pub late: bool,
    /// Done in time, told after it was due.
    pub reported_late: bool,
    /// As of when.
    pub judged_at: DateTime<Utc>,
}

/// How a duty stands with this proof, or without.
pub fn standing(due_at: DateTime<Utc>, proof: Option<&Contact>, waived: bool, now: DateTime<Utc>) -> Standing {
    let without = |state| Standing { state, proof: None, late: false, reported_late: false, judged_at: now };
    match proof {
        Some(proof) => {
            let late = proof.occurred_at > due_at;
            let reported_late = !late && proof.known_at > due_at;
            Standing {
                state: DutyState::Done,
                proof: Some((proof.kind, proof.id)),
                late,
                reported_late,
                judged_at: now,
            }
        }
        None if waived => without(DutyState::Waived),
        None if due_at <= now => without(DutyState::Missed),
        None => without(DutyState::Open),
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn contact(occurred_at: DateTime<Utc>) -> Contact {
        Contact {
            kind: "temperature_readings",
            id: Uuid::from_u128(7),
            occurred_at,
            known_at: occurred_at,
            values: Values::default(),
        }
    }

    #[test]
    fn late_and_reported_late_are_not_the_same() {
        let due_at = at("2020-02-01T22:00:00+08:00");
        let mut proof = contact(at("2020-02-01T20:00:00+08:00"));
        let done = standing(due_at, Some(&proof), false, due_at);
        assert_eq!((done.state, done.late, done.reported_late), (DutyState::Done, false, false));
        proof.known_at = due_at + TimeDelta::hours(9);
        let told_late = standing(due_at, Some(&proof), false, due_at);
        assert_eq!((told_late.late, told_late.reported_late), (false, true));
        proof.occurred_at = due_at + TimeDelta::minutes(1);
        let late = standing(due_at, Some(&proof), false, due_at);
        assert_eq!((late.late, late.reported_late), (true, false));
        assert_eq!(standing(due_at, None, false, due_at).state, DutyState::Missed);
        assert_eq!(standing(due_at, None, false, due_at - TimeDelta::seconds(1)).state, DutyState::Open);
        assert_eq!(standing(due_at, None, true, due_at).state, DutyState::Waived);
    }
}
