//! Duties of those who look after a case, and the records that prove each.

use chrono::{NaiveDate, TimeDelta};
use chrono_tz::Tz;
use kit::time::{day_of, is_plausible};

use super::errands::{self, ErrandState};
use super::notices::SIGNED_ON;
use super::readings::{self, TemperatureSlot};
use super::transitions::TO;
use super::{
    ERRANDS, FOLLOW_UP_VISITS, ISOLATION_CASE_TRANSITIONS, ISOLATION_CASES, IsolationTransition, OBSERVATION_NOTICES,
    PATROL_LOGS, SPOT_CHECKS, SupervisorLevel, TEMPERATURE_READINGS, visits,
};
use crate::records::Kind;
use crate::rooms::duties::duty_kinds;
use crate::rooms::duties::{Contact, DutyKind, Expectation};

duty_kinds! {
    /// All of them.
    pub const DUTY_KINDS;
    AM_READING "am_reading" "morning temperature reading" "上午测温" [HealthCenter]
        |duty, contact, zone| is_reading(contact, TemperatureSlot::Am, day_of(duty.opens_at, zone));
    PM_READING "pm_reading" "afternoon temperature reading" "下午测温" [HealthCenter]
        |duty, contact, zone| is_reading(contact, TemperatureSlot::Pm, day_of(duty.opens_at, zone));
    TOWN_VISIT "town_visit" "visit by the town cadre" "镇干部随访" [Town]
        |duty, contact, zone| is_visit_of(contact, SupervisorLevel::Town) && is_same_day(duty, contact, zone);
    VILLAGE_CHECK "village_check" "village check of needs" "村干部需求走访" [Village]
        |duty, contact, zone| {
            (contact.kind == ERRANDS.name || is_visit_of(contact, SupervisorLevel::Village)) && is_same_day(duty, contact, zone)
        };
    GROUP_CHECK "group_check" "check by the group cadre" "组干部巡查" [Group]
        |duty, contact, zone| {
            (contact.kind == PATROL_LOGS.name || is_visit_of(contact, SupervisorLevel::Group)) && is_same_day(duty, contact, zone)
        };
    POLICE_CHECK "police_check" "police check at a random time" "民警随机抽查" [PoliceStation]
        |duty, contact, zone| contact.kind == SPOT_CHECKS.name && is_since(duty, contact) && is_same_day(duty, contact, zone);
    NOTICE_SIGNING "notice_signing" "signing of the observation notice" "签订医学观察告知书" [HealthCenter]
        |_, contact, zone| is_believable_notice(contact, zone);
    SUPERVISOR_ASSIGNMENT "supervisor_assignment" "assignment of all five supervisors" "落实五级监管责任人" [Town]
        |_, contact, _| contact.kind == ISOLATION_CASES.name;
    RETEST "retest" "measuring again" "体温复测" [HealthCenter]
        |duty, contact, _| {
            contact.kind == TEMPERATURE_READINGS.name && contact.values.get(&readings::RETEST_OF) == duty.cause_id
        };
    FEVER_ALERT "fever_alert" "referral of a confirmed fever" "发热转诊" [HealthCenter]
        |duty, contact, _| answers_alert(duty, contact);
    SYMPTOM_ALERT "symptom_alert" "response to a symptom" "症状处置" [HealthCenter]
        |duty, contact, _| answers_alert(duty, contact);
    NO_CONTACT_ALERT "no_contact_alert" "contact after 24 hours without any" "24小时无接触追访" [Village]
        |duty, contact, _| is_since(duty, contact) && is_contact(contact.kind);
    SEARCH "search" "search for somebody who can't be reached" "失联查找" [Village, PoliceStation]
        |duty, contact, _| is_since(duty, contact) && ends_search(contact);
    ERRAND_DELIVERY "errand_delivery" "delivery of an errand" "代购送达" [Village]
        |duty, contact, _| {
            Some(contact.id) == duty.cause_id && contact.values.get(&errands::STATE) == Some(ErrandState::Delivered)
        };
    ACCEPT_TRANSFER "accept_transfer" "acceptance of a case handed over" "接收移交个案" [HealthCenter]
        |duty, contact, _| {
            leads_to(contact) == Some(IsolationTransition::TransferAccepted)
                && contact.occurred_at + CLOCKS_DIFFER >= duty.opens_at
        };
    DUPLICATE_CASE "duplicate_case" "clearing of two cases of one person" "同一人重复个案的处置" [District]
        |duty, contact, _| is_since(duty, contact) && takes_out(contact);
}

/// Duties of each day of observation at home.
pub const DAILY: [DutyKind; 6] = [AM_READING, PM_READING, TOWN_VISIT, VILLAGE_CHECK, GROUP_CHECK, POLICE_CHECK];

/// Kinds that say somebody saw or spoke to the person.
static CONTACT_KINDS: [&Kind; 5] = [&TEMPERATURE_READINGS, &FOLLOW_UP_VISITS, &SPOT_CHECKS, &ERRANDS, &PATROL_LOGS];

/// Names of the kinds that say somebody saw or spoke to the person.
pub fn contact_kinds() -> impl Iterator<Item = &'static str> {
    CONTACT_KINDS.iter().map(|kind| kind.name)
}

/// Whether records of a kind say somebody saw or spoke to the person.
pub fn is_contact(kind: &str) -> bool {
    contact_kinds().any(|name| name == kind)
}

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

/// Whether a record is a notice that can have been signed when it says: one of another year proves nothing.
pub fn is_believable_notice(contact: &Contact, zone: Tz) -> bool {
    contact.kind == OBSERVATION_NOTICES.name
        && contact.values.get(&SIGNED_ON).is_some_and(|day| is_plausible(day, contact.occurred_at, zone))
}

fn answers_alert(duty: &Expectation, contact: &Contact) -> bool {
    is_since(duty, contact) && (takes_out(contact) || is_visit_of(contact, SupervisorLevel::HealthCenter))
}

/// Whether a record is a step that says where somebody is who was searched for.
fn ends_search(contact: &Contact) -> bool {
    takes_out(contact) || leads_to(contact) == Some(IsolationTransition::UnderObservation)
}

fn takes_out(contact: &Contact) -> bool {
    leads_to(contact).is_some_and(|to| ANSWERS.contains(&to))
}

/// Where a step leads; none of what is no step.
fn leads_to(contact: &Contact) -> Option<IsolationTransition> {
    contact.values.get(&TO).filter(|_| contact.kind == ISOLATION_CASE_TRANSITIONS.name)
}

fn is_visit_of(contact: &Contact, level: SupervisorLevel) -> bool {
    contact.kind == FOLLOW_UP_VISITS.name && contact.values.get(&visits::LINE) == Some(level)
}

fn is_reading(contact: &Contact, slot: TemperatureSlot, day: NaiveDate) -> bool {
    contact.kind == TEMPERATURE_READINGS.name
        && contact.values.get(&readings::SLOT) == Some(slot)
        && contact.values.get(&readings::SLOT_ON) == Some(day)
}

fn is_since(duty: &Expectation, contact: &Contact) -> bool {
    contact.occurred_at >= duty.opens_at
}

fn is_same_day(duty: &Expectation, contact: &Contact, zone: Tz) -> bool {
    day_of(contact.occurred_at, zone) == day_of(duty.opens_at, zone)
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Utc};
    use kit::value::Values;
    use uuid::Uuid;

    use super::*;
    use crate::rooms::duties::proves;

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
        assert!(proves(&duty(PM_READING, "2020-02-01T14:00:00+08:00"), &evening, zone));
        assert!(!proves(&duty(PM_READING, "2020-02-02T14:00:00+08:00"), &evening, zone));
        assert!(!proves(&duty(AM_READING, "2020-02-01T06:00:00+08:00"), &evening, zone));
        let extra = reading(TemperatureSlot::Extra, "2020-02-01", "2020-02-01T21:00:00+08:00");
        assert!(!proves(&duty(PM_READING, "2020-02-01T14:00:00+08:00"), &extra, zone));
    }
}
