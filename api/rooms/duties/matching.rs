//! Which record proves which duty, and how the duty then stands. Pure: the same records give the same duties,
//! in whatever order they arrive, whatever is voided or moved meanwhile.

use crate::rooms::observation::isolation_cases::ERRANDS;
use crate::rooms::observation::isolation_cases::FOLLOW_UP_VISITS;
use crate::rooms::observation::isolation_cases::ISOLATION_CASE_TRANSITIONS;
use crate::rooms::observation::isolation_cases::ISOLATION_CASES;
use crate::rooms::observation::isolation_cases::OBSERVATION_NOTICES;
use crate::rooms::observation::isolation_cases::PATROL_LOGS;
use crate::rooms::observation::isolation_cases::SPOT_CHECKS;
use crate::rooms::observation::isolation_cases::TEMPERATURE_READINGS;
use crate::rooms::supply::supply_reports::SUPPLY_REPORTS;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;
use kit::time::{day_of, is_plausible};
use kit::value::Values;
use uuid::Uuid;

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
pub struct Expectation<'a> {
    /// Kind of the duty.
    pub duty_kind: &'a str,
    /// The record that asked for it.
    pub cause_id: Option<Uuid>,
    /// Time from which it is open.
    pub opens_at: DateTime<Utc>,
}

/// Duties of each day of observation at home.
pub const DAILY: [&str; 6] = ["am_reading", "pm_reading", "town_visit", "village_check", "group_check", "police_check"];

/// An acceptance told by a phone whose clock is slow answers the transfer before it.
const CLOCKS_DIFFER: TimeDelta = TimeDelta::minutes(10);

/// States that take somebody out of home observation: the answer to an alert.
const ANSWERS: [&str; 5] = ["suspended_referral", "became_case", "centralized", "transferred_out", "dismissed"];

/// Whether a record proves a duty.
pub fn proves(duty: &Expectation<'_>, contact: &Contact, zone: Tz) -> bool {
    let day = day_of(duty.opens_at, zone);
    let same_day = || day_of(contact.occurred_at, zone) == day;
    let visit_of = |line: &str| contact.kind == FOLLOW_UP_VISITS.name && contact.values.text("line") == Some(line);
    let answers = || {
        contact.kind == ISOLATION_CASE_TRANSITIONS.name
            && contact.values.text("to").is_some_and(|to| ANSWERS.contains(&to))
    };
    match duty.duty_kind {
        "am_reading" => is_reading(contact, "am", day),
        "pm_reading" => is_reading(contact, "pm", day),
        "town_visit" => visit_of("town") && same_day(),
        "village_check" => (contact.kind == ERRANDS.name || visit_of("village")) && same_day(),
        "group_check" => (contact.kind == PATROL_LOGS.name || visit_of("group")) && same_day(),
        "police_check" => contact.kind == SPOT_CHECKS.name && contact.occurred_at >= duty.opens_at && same_day(),
        "accept_transfer" => {
            contact.kind == ISOLATION_CASE_TRANSITIONS.name
                && contact.values.text("to") == Some("transfer_accepted")
                && contact.occurred_at + CLOCKS_DIFFER >= duty.opens_at
        }
        "notice_signing" => is_believable_notice(contact, zone),
        "supervisor_assignment" => contact.kind == ISOLATION_CASES.name,
        "retest" => contact.kind == TEMPERATURE_READINGS.name && contact.values.id("retest_of") == duty.cause_id,
        "fever_alert" | "symptom_alert" => {
            contact.occurred_at >= duty.opens_at && (answers() || visit_of("health_center"))
        }
        "duplicate_case" => contact.occurred_at >= duty.opens_at && answers(),
        // Whoever was measured, got a case or was answered for since was looked after.
        super::GATE_FOLLOW_UP => {
            let record = matches!(contact.kind, "temperature_readings" | "isolation_cases" | "duties");
            contact.occurred_at >= duty.opens_at && (record || visit_of("health_center"))
        }
        "search" => contact.occurred_at >= duty.opens_at && ends_search(contact),
        "no_contact_alert" => contact.occurred_at >= duty.opens_at && is_contact(contact.kind),
        "supply_report" => contact.kind == SUPPLY_REPORTS.name && contact.values.day("reported_on") == Some(day),
        "errand_delivery" => Some(contact.id) == duty.cause_id && contact.values.text("state") == Some("delivered"),
        _ => false,
    }
}

/// Kinds that say somebody saw or spoke to the person.
pub const CONTACT_KINDS: [&str; 5] =
    ["temperature_readings", "follow_up_visits", "spot_checks", "errands", "patrol_logs"];

/// Whether a record is a notice that can have been signed when it says: one of another year proves nothing.
pub fn is_believable_notice(contact: &Contact, zone: Tz) -> bool {
    contact.kind == OBSERVATION_NOTICES.name
        && contact.values.day("signed_on").is_some_and(|day| is_plausible(day, contact.occurred_at, zone))
}

/// Whether a record is a step that says where somebody is who was searched for.
fn ends_search(contact: &Contact) -> bool {
    contact.kind == ISOLATION_CASE_TRANSITIONS.name
        && contact.values.text("to").is_some_and(|to| to == "under_observation" || ANSWERS.contains(&to))
}

fn is_contact(kind: &str) -> bool {
    CONTACT_KINDS.contains(&kind)
}

fn is_reading(contact: &Contact, slot: &str, day: NaiveDate) -> bool {
    contact.kind == TEMPERATURE_READINGS.name
        && contact.values.text("slot") == Some(slot)
        && contact.values.day("slot_on") == Some(day)
}

/// The record that proves a duty: the earliest of those that do.
pub fn proof_of<'a>(
    duty: &Expectation<'_>,
    contacts: impl Iterator<Item = &'a Contact>,
    zone: Tz,
) -> Option<&'a Contact> {
    contacts.filter(|contact| proves(duty, contact, zone)).min_by_key(|contact| (contact.occurred_at, contact.id))
}

/// How a duty stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// `open`, `done`, `missed` or `waived`.
    pub state: &'static str,
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
            Standing { state: "done", proof: Some((proof.kind, proof.id)), late, reported_late, judged_at: now }
        }
        None if waived => without("waived"),
        None if due_at <= now => without("missed"),
        None => without("open"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kit::value::Value;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn reading(slot: &str, on: &str, occurred_at: &str) -> Contact {
        let mut values = Values::default();
        values.set("slot", Value::Text(slot.into()));
        values.set("slot_on", Value::Day(on.parse().unwrap()));
        let occurred_at = at(occurred_at);
        Contact { kind: "temperature_readings", id: Uuid::from_u128(7), occurred_at, known_at: occurred_at, values }
    }

    #[test]
    fn a_reading_proves_its_slot_of_its_day_and_no_other() {
        let zone = chrono_tz::Asia::Shanghai;
        let duty = |duty_kind, opens_at| Expectation { duty_kind, cause_id: None, opens_at: at(opens_at) };
        let evening = reading("pm", "2020-02-01", "2020-02-01T20:00:00+08:00");
        assert!(proves(&duty("pm_reading", "2020-02-01T14:00:00+08:00"), &evening, zone));
        assert!(!proves(&duty("pm_reading", "2020-02-02T14:00:00+08:00"), &evening, zone));
        assert!(!proves(&duty("am_reading", "2020-02-01T06:00:00+08:00"), &evening, zone));
        let extra = reading("extra", "2020-02-01", "2020-02-01T21:00:00+08:00");
        assert!(!proves(&duty("pm_reading", "2020-02-01T14:00:00+08:00"), &extra, zone));
    }

    #[test]
    fn late_and_reported_late_are_not_the_same() {
        let due_at = at("2020-02-01T22:00:00+08:00");
        let mut proof = reading("pm", "2020-02-01", "2020-02-01T20:00:00+08:00");
        let done = standing(due_at, Some(&proof), false, due_at);
        assert_eq!((done.state, done.late, done.reported_late), ("done", false, false));
        proof.known_at = due_at + TimeDelta::hours(9);
        let told_late = standing(due_at, Some(&proof), false, due_at);
        assert_eq!((told_late.late, told_late.reported_late), (false, true));
        proof.occurred_at = due_at + TimeDelta::minutes(1);
        let late = standing(due_at, Some(&proof), false, due_at);
        assert_eq!((late.late, late.reported_late), (true, false));
        assert_eq!(standing(due_at, None, false, due_at).state, "missed");
        assert_eq!(standing(due_at, None, false, due_at - TimeDelta::seconds(1)).state, "open");
        assert_eq!(standing(due_at, None, true, due_at).state, "waived");
    }
}
