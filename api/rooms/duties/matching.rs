//! Which record proves which duty, and how the duty then stands. Pure: the same records give the same duties,
//! in whatever order they arrive, whatever is voided or moved meanwhile.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;
use kit::time::{day_of, is_plausible};
use kit::value::Values;
use uuid::Uuid;

use super::DUTIES;
use super::wire::{DutyKind, DutyState};
use crate::rooms::observation::isolation_cases::errands::{self, ErrandState};
use crate::rooms::observation::isolation_cases::notices::SIGNED_ON;
use crate::rooms::observation::isolation_cases::readings::{self, TemperatureSlot};
use crate::rooms::observation::isolation_cases::transitions::TO;
use crate::rooms::observation::isolation_cases::{
    ERRANDS, FOLLOW_UP_VISITS, ISOLATION_CASE_TRANSITIONS, ISOLATION_CASES, IsolationTransition, OBSERVATION_NOTICES,
    PATROL_LOGS, SPOT_CHECKS, SupervisorLevel, TEMPERATURE_READINGS, visits,
};
use crate::rooms::supply::supply_reports::{REPORTED_ON, SUPPLY_REPORTS};

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

/// Duties of each day of observation at home.
pub const DAILY: [DutyKind; 6] = [
    DutyKind::AmReading,
    DutyKind::PmReading,
    DutyKind::TownVisit,
    DutyKind::VillageCheck,
    DutyKind::GroupCheck,
    DutyKind::PoliceCheck,
];

/// An acceptance told by a phone whose clock is slow answers the transfer before it.
const CLOCKS_DIFFER: TimeDelta = TimeDelta::minutes(10);

/// Steps that take somebody out of home observation: the answer to an alert.
const ANSWERS: [IsolationTransition; 5] = [
    IsolationTransition::SuspendedReferral,
    IsolationTransition::BecameCase,
    IsolationTransition::Centralized,
    IsolationTransition::TransferredOut,
    IsolationTransition::Dismissed,
];

/// Whether a record proves a duty.
pub fn proves(duty: &Expectation, contact: &Contact, zone: Tz) -> bool {
    let day = day_of(duty.opens_at, zone);
    let same_day = || day_of(contact.occurred_at, zone) == day;
    let visit_of = |level| contact.kind == FOLLOW_UP_VISITS.name && contact.values.get(&visits::LINE) == Some(level);
    let answers = || leads_to(contact).is_some_and(|to| ANSWERS.contains(&to));
    let Some(duty_kind) = duty.duty_kind else { return false };
    match duty_kind {
        DutyKind::AmReading => is_reading(contact, TemperatureSlot::Am, day),
        DutyKind::PmReading => is_reading(contact, TemperatureSlot::Pm, day),
        DutyKind::TownVisit => visit_of(SupervisorLevel::Town) && same_day(),
        DutyKind::VillageCheck => (contact.kind == ERRANDS.name || visit_of(SupervisorLevel::Village)) && same_day(),
        DutyKind::GroupCheck => (contact.kind == PATROL_LOGS.name || visit_of(SupervisorLevel::Group)) && same_day(),
        DutyKind::PoliceCheck => contact.kind == SPOT_CHECKS.name && contact.occurred_at >= duty.opens_at && same_day(),
        DutyKind::AcceptTransfer => {
            leads_to(contact) == Some(IsolationTransition::TransferAccepted)
                && contact.occurred_at + CLOCKS_DIFFER >= duty.opens_at
        }
        DutyKind::NoticeSigning => is_believable_notice(contact, zone),
        DutyKind::SupervisorAssignment => contact.kind == ISOLATION_CASES.name,
        DutyKind::Retest => {
            contact.kind == TEMPERATURE_READINGS.name && contact.values.get(&readings::RETEST_OF) == duty.cause_id
        }
        DutyKind::FeverAlert | DutyKind::SymptomAlert => {
            contact.occurred_at >= duty.opens_at && (answers() || visit_of(SupervisorLevel::HealthCenter))
        }
        DutyKind::DuplicateCase => contact.occurred_at >= duty.opens_at && answers(),
        // Whoever was measured, got a case or was answered for since was looked after.
        DutyKind::GateFollowUp => {
            let record = [TEMPERATURE_READINGS.name, ISOLATION_CASES.name, DUTIES.name].contains(&contact.kind);
            contact.occurred_at >= duty.opens_at && (record || visit_of(SupervisorLevel::HealthCenter))
        }
        DutyKind::Search => contact.occurred_at >= duty.opens_at && ends_search(contact),
        DutyKind::NoContactAlert => contact.occurred_at >= duty.opens_at && is_contact(contact.kind),
        DutyKind::SupplyReport => contact.kind == SUPPLY_REPORTS.name && contact.values.get(&REPORTED_ON) == Some(day),
        DutyKind::ErrandDelivery => {
            Some(contact.id) == duty.cause_id && contact.values.get(&errands::STATE) == Some(ErrandState::Delivered)
        }
        // Settled by whoever keeps the register or the roster.
        DutyKind::ClaimCheck
        | DutyKind::LookupCheck
        | DutyKind::ShiftFilling
        | DutyKind::MannedPost
        | DutyKind::ShiftAttendance => false,
    }
}

/// Kinds that say somebody saw or spoke to the person.
pub const CONTACT_KINDS: [&str; 5] =
    ["temperature_readings", "follow_up_visits", "spot_checks", "errands", "patrol_logs"];

/// Whether a record is a notice that can have been signed when it says: one of another year proves nothing.
pub fn is_believable_notice(contact: &Contact, zone: Tz) -> bool {
    contact.kind == OBSERVATION_NOTICES.name
        && contact.values.get(&SIGNED_ON).is_some_and(|day| is_plausible(day, contact.occurred_at, zone))
}

/// Whether a record is a step that says where somebody is who was searched for.
fn ends_search(contact: &Contact) -> bool {
    leads_to(contact).is_some_and(|to| to == IsolationTransition::UnderObservation || ANSWERS.contains(&to))
}

/// Where a step leads; none of what is no step.
fn leads_to(contact: &Contact) -> Option<IsolationTransition> {
    contact.values.get(&TO).filter(|_| contact.kind == ISOLATION_CASE_TRANSITIONS.name)
}

fn is_contact(kind: &str) -> bool {
    CONTACT_KINDS.contains(&kind)
}

fn is_reading(contact: &Contact, slot: TemperatureSlot, day: NaiveDate) -> bool {
    contact.kind == TEMPERATURE_READINGS.name
        && contact.values.get(&readings::SLOT) == Some(slot)
        && contact.values.get(&readings::SLOT_ON) == Some(day)
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
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn reading(slot: TemperatureSlot, on: &str, occurred_at: &str) -> Contact {
        let mut values = Values::default();
        values.set(&readings::SLOT, slot);
        values.set(&readings::SLOT_ON, on.parse::<NaiveDate>().unwrap());
        let occurred_at = at(occurred_at);
        Contact { kind: "temperature_readings", id: Uuid::from_u128(7), occurred_at, known_at: occurred_at, values }
    }

    #[test]
    fn a_reading_proves_its_slot_of_its_day_and_no_other() {
        let zone = chrono_tz::Asia::Shanghai;
        let duty =
            |duty_kind, opens_at| Expectation { duty_kind: Some(duty_kind), cause_id: None, opens_at: at(opens_at) };
        let evening = reading(TemperatureSlot::Pm, "2020-02-01", "2020-02-01T20:00:00+08:00");
        assert!(proves(&duty(DutyKind::PmReading, "2020-02-01T14:00:00+08:00"), &evening, zone));
        assert!(!proves(&duty(DutyKind::PmReading, "2020-02-02T14:00:00+08:00"), &evening, zone));
        assert!(!proves(&duty(DutyKind::AmReading, "2020-02-01T06:00:00+08:00"), &evening, zone));
        let extra = reading(TemperatureSlot::Extra, "2020-02-01", "2020-02-01T21:00:00+08:00");
        assert!(!proves(&duty(DutyKind::PmReading, "2020-02-01T14:00:00+08:00"), &extra, zone));
    }

    #[test]
    fn late_and_reported_late_are_not_the_same() {
        let due_at = at("2020-02-01T22:00:00+08:00");
        let mut proof = reading(TemperatureSlot::Pm, "2020-02-01", "2020-02-01T20:00:00+08:00");
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
