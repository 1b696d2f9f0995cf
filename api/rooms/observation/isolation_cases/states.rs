//! The state machine of a case (domain.md 5): which step leads where, who may make it, what must hold. Pure.

use chrono::{DateTime, NaiveDate, Utc};
use kit::catalogue::FaultCode;
use kit::faults::Fault;

use crate::platform::access::Role;
use crate::rooms::observation::codes::{
    ANCHOR_IMPLAUSIBLE, DAYS_UNACCOUNTED, ILLEGAL_TRANSITION, NOTICE_MISSING, SUPERVISORS_MISSING, TOO_EARLY,
};

/// Facts by which a step is judged.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// Whether a notice is signed.
    pub notice_signed: bool,
    /// The levels without a supervisor.
    pub missing_levels: Vec<&'static str>,
    /// Time from which release is possible.
    pub release_from: DateTime<Utc>,
    /// Time of the step; never later than now.
    pub occurred_at: DateTime<Utc>,
    /// Days that are neither proven nor explained.
    pub unaccounted: Vec<NaiveDate>,
    /// Days for which somebody is observed.
    pub observation_days: i64,
    /// On how many days of the observation the service or a signed notice knew of him, or a record shows him.
    pub known_days: i64,
}

/// States in which somebody is looked after at home.
pub const CARED_FOR: [&str; 2] = ["notified", "under_observation"];
/// States that end a case.
pub const ENDED: [&str; 7] =
    ["completed", "dismissed", "became_case", "centralized", "transferred_out", "merged", "voided"];

const HEALTH: &[Role] = &[Role::HealthWorker, Role::DistrictAdmin];
const CDC: &[Role] = &[Role::CdcOfficer, Role::DistrictAdmin];
const TOWN: &[Role] = &[Role::TownCadre, Role::DistrictAdmin];
const SEARCH: &[Role] = &[Role::VillageCadre, Role::PoliceOfficer, Role::DistrictAdmin];
const FOUND: &[Role] = &[Role::VillageCadre, Role::PoliceOfficer, Role::HealthWorker, Role::DistrictAdmin];
const RECEIVING: &[Role] = &[Role::HealthWorker, Role::TownCadre, Role::DistrictAdmin];
const CORRECTORS: &[Role] = &[Role::HealthWorker, Role::CdcOfficer, Role::DistrictAdmin];
const COMMAND: &[Role] = &[Role::DistrictAdmin];

/// Roles that may make a step from one state to another.
pub fn makers(from: &str, to: &str) -> &'static [Role] {
    match to {
        "became_case" => CDC,
        "centralized" | "transferred_out" => TOWN,
        "lost_contact" => SEARCH,
        "under_observation" if from == "lost_contact" => FOUND,
        "transfer_accepted" => RECEIVING,
        "voided" => COMMAND,
        "corrected" if ENDED.contains(&from) => COMMAND,
        "corrected" => CORRECTORS,
        _ => HEALTH,
    }
}

/// States that a case can go to from a state.
pub fn legal(from: &str) -> Vec<&'static str> {
    let mut to: Vec<&'static str> = match from {
        "identified" => vec!["notified", "dismissed"],
        "notified" => vec!["under_observation"],
        "under_observation" => vec!["suspended_referral", "lost_contact", "centralized", "extended", "completed"],
        "suspended_referral" => vec!["under_observation", "became_case"],
        "lost_contact" => vec!["under_observation"],
        _ => vec![],
    };
    if !ENDED.contains(&from) {
        to.push("transferred_out");
    }
    // Before somebody was notified, a case is amended like any record.
    if from != "identified" && from != "voided" {
        to.push("corrected");
    }
    if from != "voided" {
        to.push("voided");
    }
    to
}

/// Admits a step, or says every reason against.
pub fn judge(from: &str, to: &str, facts: &Facts) -> Result<(), Vec<Fault>> {
    let legal = legal(from);
    if !legal.contains(&to) {
        let values = vec![("state", from.to_owned()), ("legal", legal.join(", "))];
        return Err(vec![fault("/to", ILLEGAL_TRANSITION, values)]);
    }
    let mut faults = Vec::new();
    if to == "notified" {
        if !facts.notice_signed {
            faults.push(fault("/to", NOTICE_MISSING, vec![]));
        }
        if !facts.missing_levels.is_empty() {
            let levels = facts.missing_levels.join(", ");
            faults.push(fault("/to", SUPERVISORS_MISSING, vec![("levels", levels)]));
        }
    }
    if to == "completed" {
        faults.extend(judge_time(to, facts));
        if !facts.unaccounted.is_empty() {
            let days: Vec<String> = facts.unaccounted.iter().map(NaiveDate::to_string).collect();
            faults.push(fault("/to", DAYS_UNACCOUNTED, vec![("days", days.join(", "))]));
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(faults) }
}

/// Whether a step can have been made then: nobody is released before his days are over, nor for days of which nobody
/// knew.
pub fn judge_time(to: &str, facts: &Facts) -> Vec<Fault> {
    let mut faults = Vec::new();
    if to == "completed" && facts.occurred_at < facts.release_from {
        let from = vec![("from", facts.release_from.to_rfc3339())];
        faults.push(fault("/occurred_at", TOO_EARLY, from));
    } else if to == "completed" && facts.known_days < facts.observation_days {
        let counts = [("days", facts.observation_days), ("known", facts.known_days)];
        let values = counts.into_iter().map(|(name, count)| (name, count.to_string())).collect();
        faults.push(fault("/to", ANCHOR_IMPLAUSIBLE, values));
    }
    faults
}

/// A fault of a rule across rows.
pub fn fault(pointer: &str, code: FaultCode, values: Vec<(&'static str, String)>) -> Fault {
    Fault { pointer: pointer.to_owned(), code, values, hint: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts() -> Facts {
        Facts { notice_signed: true, occurred_at: Utc::now(), ..Facts::default() }
    }

    #[test]
    fn nobody_is_notified_without_notice_and_all_five() {
        assert_eq!(judge("identified", "notified", &facts()), Ok(()));
        let lacking = Facts { notice_signed: false, missing_levels: vec!["police_station"], ..facts() };
        let faults = judge("identified", "notified", &lacking).unwrap_err();
        assert_eq!(faults.iter().map(|fault| fault.code).collect::<Vec<_>>(), [NOTICE_MISSING, SUPERVISORS_MISSING]);
        assert_eq!(judge("identified", "dismissed", &lacking), Ok(()), "needs no supervisors");
    }

    #[test]
    fn release_is_from_midnight_on_not_a_second_before() {
        let release_from: DateTime<Utc> = "2020-02-06T00:00:00+08:00".parse().unwrap();
        let at = |text: &str| Facts { release_from, occurred_at: text.parse().unwrap(), ..facts() };
        let early = judge("under_observation", "completed", &at("2020-02-05T23:59:59+08:00")).unwrap_err();
        assert_eq!(early[0].code, TOO_EARLY);
        assert_eq!(judge("under_observation", "completed", &at("2020-02-06T00:00:00+08:00")), Ok(()));
        let gap = Facts { unaccounted: vec!["2020-01-29".parse().unwrap()], ..at("2020-02-06T00:00:00+08:00") };
        assert_eq!(judge("under_observation", "completed", &gap).unwrap_err()[0].code, DAYS_UNACCOUNTED);
    }

    #[test]
    fn nobody_is_released_for_days_of_which_nobody_knew() {
        let after = |known_days| Facts { observation_days: 14, known_days, ..facts() };
        let faults = judge("under_observation", "completed", &after(13)).unwrap_err();
        assert_eq!(faults[0].code, ANCHOR_IMPLAUSIBLE);
        assert_eq!(judge("under_observation", "completed", &after(14)), Ok(()));
    }

    #[test]
    fn a_closed_case_is_corrected_by_the_command_alone() {
        for ended in ENDED {
            assert_eq!(makers(ended, "corrected"), COMMAND, "{ended}");
            assert_eq!(legal(ended).contains(&"corrected"), ended != "voided", "{ended}");
        }
        assert!(!legal("identified").contains(&"corrected"), "it is amended");
    }

    #[test]
    fn no_path_leads_around_a_guard() {
        // Every state that is reached by looking after somebody has `notified` behind it.
        let all = ["identified", "notified", "under_observation", "suspended_referral", "lost_contact"];
        for from in all {
            for to in ["under_observation", "completed", "extended", "suspended_referral", "lost_contact"] {
                if from == "identified" {
                    assert!(judge(from, to, &facts()).is_err(), "{from} to {to}");
                }
            }
        }
        for from in ENDED {
            let onward: Vec<_> = legal(from).into_iter().filter(|to| !["voided", "corrected"].contains(to)).collect();
            assert!(onward.is_empty(), "{from} leads to {onward:?}");
        }
        assert!(legal("completed").contains(&"voided") && legal("voided").is_empty());
        // Only one state leads to release, and only one to that one's first entry.
        let releasing: Vec<&str> = all.into_iter().filter(|from| legal(from).contains(&"completed")).collect();
        assert_eq!(releasing, ["under_observation"]);
    }
}
