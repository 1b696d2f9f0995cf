//! The state machine of a case (domain.md 5): which step leads where, who may make it, what must hold. Pure.

use std::fmt::Display;

use chrono::{DateTime, NaiveDate, Utc};
use kit::catalogue::FaultCode;
use kit::faults::Fault;
use kit::typed::Key;

use super::transitions::{IsolationTransition, TO};
use super::wire::{IsolationState, SupervisorLevel};
use crate::platform::access::Role;
use crate::records::codes::ILLEGAL_TRANSITION;
use crate::records::envelope::OCCURRED_AT;
use crate::rooms::observation::codes::{
    ANCHOR_IMPLAUSIBLE, DAYS_UNACCOUNTED, NOTICE_MISSING, SUPERVISORS_MISSING, TOO_EARLY,
};

/// Facts by which a step is judged.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// Whether a notice is signed.
    pub notice_signed: bool,
    /// The levels without a supervisor.
    pub missing_levels: Vec<SupervisorLevel>,
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
pub const CARED_FOR: [IsolationState; 2] = [IsolationState::Notified, IsolationState::UnderObservation];
/// States that end a case.
pub const ENDED: [IsolationState; 7] = [
    IsolationState::Completed,
    IsolationState::Dismissed,
    IsolationState::BecameCase,
    IsolationState::Centralized,
    IsolationState::TransferredOut,
    IsolationState::Merged,
    IsolationState::Voided,
];

const HEALTH: &[Role] = &[Role::HealthWorker, Role::DistrictAdmin];
const CDC: &[Role] = &[Role::CdcOfficer, Role::DistrictAdmin];
const TOWN: &[Role] = &[Role::TownCadre, Role::DistrictAdmin];
const SEARCH: &[Role] = &[Role::VillageCadre, Role::PoliceOfficer, Role::DistrictAdmin];
const FOUND: &[Role] = &[Role::VillageCadre, Role::PoliceOfficer, Role::HealthWorker, Role::DistrictAdmin];
const RECEIVING: &[Role] = &[Role::HealthWorker, Role::TownCadre, Role::DistrictAdmin];
const CORRECTORS: &[Role] = &[Role::HealthWorker, Role::CdcOfficer, Role::DistrictAdmin];
const COMMAND: &[Role] = &[Role::DistrictAdmin];

/// Roles that may make a step from one state to another.
pub fn makers(from: IsolationState, to: IsolationTransition) -> &'static [Role] {
    match to {
        IsolationTransition::BecameCase => CDC,
        IsolationTransition::Centralized | IsolationTransition::TransferredOut => TOWN,
        IsolationTransition::LostContact => SEARCH,
        IsolationTransition::UnderObservation if from == IsolationState::LostContact => FOUND,
        IsolationTransition::TransferAccepted => RECEIVING,
        IsolationTransition::Voided => COMMAND,
        IsolationTransition::Corrected if ENDED.contains(&from) => COMMAND,
        IsolationTransition::Corrected => CORRECTORS,
        IsolationTransition::Notified
        | IsolationTransition::UnderObservation
        | IsolationTransition::SuspendedReferral
        | IsolationTransition::Extended
        | IsolationTransition::Completed
        | IsolationTransition::Dismissed
        | IsolationTransition::Merged => HEALTH,
    }
}

/// Steps that a case can make from a state.
pub fn legal(from: IsolationState) -> Vec<IsolationTransition> {
    let onward: &[IsolationTransition] = match from {
        IsolationState::Identified => &[IsolationTransition::Notified, IsolationTransition::Dismissed],
        IsolationState::Notified => &[IsolationTransition::UnderObservation],
        IsolationState::UnderObservation => &[
            IsolationTransition::SuspendedReferral,
            IsolationTransition::LostContact,
            IsolationTransition::Centralized,
            IsolationTransition::Extended,
            IsolationTransition::Completed,
        ],
        IsolationState::SuspendedReferral => &[IsolationTransition::UnderObservation, IsolationTransition::BecameCase],
        IsolationState::LostContact => &[IsolationTransition::UnderObservation],
        IsolationState::Completed
        | IsolationState::Dismissed
        | IsolationState::BecameCase
        | IsolationState::Centralized
        | IsolationState::TransferredOut
        | IsolationState::Merged
        | IsolationState::Voided => &[],
    };
    let mut to = onward.to_vec();
    if !ENDED.contains(&from) {
        to.push(IsolationTransition::TransferredOut);
    }
    // Before somebody was notified, a case is amended like any record.
    if from != IsolationState::Identified && from != IsolationState::Voided {
        to.push(IsolationTransition::Corrected);
    }
    if from != IsolationState::Voided {
        to.push(IsolationTransition::Voided);
    }
    to
}

/// The state in which a step leaves a case.
pub fn reached(from: IsolationState, to: IsolationTransition) -> IsolationState {
    to.state().unwrap_or(from)
}

fn listed(items: &[impl Display]) -> String {
    items.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// Admits a step, or says every reason against.
pub fn judge(from: IsolationState, to: IsolationTransition, facts: &Facts) -> Result<(), Vec<Fault>> {
    let legal = legal(from);
    if !legal.contains(&to) {
        let values = vec![("state", from.to_string()), ("legal", listed(&legal))];
        return Err(vec![fault(&TO, ILLEGAL_TRANSITION, values)]);
    }
    let mut faults = Vec::new();
    if to == IsolationTransition::Notified {
        if !facts.notice_signed {
            faults.push(fault(&TO, NOTICE_MISSING, vec![]));
        }
        if !facts.missing_levels.is_empty() {
            let levels = listed(&facts.missing_levels);
            faults.push(fault(&TO, SUPERVISORS_MISSING, vec![("levels", levels)]));
        }
    }
    if to == IsolationTransition::Completed {
        faults.extend(judge_time(to, facts));
        if !facts.unaccounted.is_empty() {
            let days = listed(&facts.unaccounted);
            faults.push(fault(&TO, DAYS_UNACCOUNTED, vec![("days", days)]));
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(faults) }
}

/// Whether a step can have been made then: nobody is released before his days are over, nor for days of which nobody
/// knew.
pub fn judge_time(to: IsolationTransition, facts: &Facts) -> Vec<Fault> {
    let mut faults = Vec::new();
    let is_release = to == IsolationTransition::Completed;
    if is_release && facts.occurred_at < facts.release_from {
        let from = vec![("from", facts.release_from.to_rfc3339())];
        faults.push(fault(&OCCURRED_AT, TOO_EARLY, from));
    } else if is_release && facts.known_days < facts.observation_days {
        let counts = [("days", facts.observation_days), ("known", facts.known_days)];
        let values = counts.into_iter().map(|(name, count)| (name, count.to_string())).collect();
        faults.push(fault(&TO, ANCHOR_IMPLAUSIBLE, values));
    }
    faults
}

/// A fault of a rule across rows about a field.
pub fn fault(field: impl Key, code: FaultCode, values: Vec<(&'static str, String)>) -> Fault {
    fault_at(format!("/{}", field.key()), code, values)
}

/// A fault of a rule across rows at a pointer: empty for the whole record.
pub fn fault_at(pointer: impl Into<String>, code: FaultCode, values: Vec<(&'static str, String)>) -> Fault {
    Fault { pointer: pointer.into(), code, values, hint: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts() -> Facts {
        Facts { notice_signed: true, occurred_at: Utc::now(), ..Facts::default() }
    }

    #[test]
    fn nobody_is_notified_without_notice_and_all_five() {
        assert_eq!(judge(IsolationState::Identified, IsolationTransition::Notified, &facts()), Ok(()));
        let lacking = Facts { notice_signed: false, missing_levels: vec![SupervisorLevel::PoliceStation], ..facts() };
        let faults = judge(IsolationState::Identified, IsolationTransition::Notified, &lacking).unwrap_err();
        assert_eq!(faults.iter().map(|fault| fault.code).collect::<Vec<_>>(), [NOTICE_MISSING, SUPERVISORS_MISSING]);
        assert_eq!(
            judge(IsolationState::Identified, IsolationTransition::Dismissed, &lacking),
            Ok(()),
            "needs no supervisors"
        );
    }

    #[test]
    fn release_is_from_midnight_on_not_a_second_before() {
        let release_from: DateTime<Utc> = "2020-02-06T00:00:00+08:00".parse().unwrap();
        let at = |text: &str| Facts { release_from, occurred_at: text.parse().unwrap(), ..facts() };
        let early =
            judge(IsolationState::UnderObservation, IsolationTransition::Completed, &at("2020-02-05T23:59:59+08:00"))
                .unwrap_err();
        assert_eq!(early[0].code, TOO_EARLY);
        assert_eq!(
            judge(IsolationState::UnderObservation, IsolationTransition::Completed, &at("2020-02-06T00:00:00+08:00")),
            Ok(())
        );
        let gap = Facts { unaccounted: vec!["2020-01-29".parse().unwrap()], ..at("2020-02-06T00:00:00+08:00") };
        assert_eq!(
            judge(IsolationState::UnderObservation, IsolationTransition::Completed, &gap).unwrap_err()[0].code,
            DAYS_UNACCOUNTED
        );
    }

    #[test]
    fn nobody_is_released_for_days_of_which_nobody_knew() {
        let after = |known_days| Facts { observation_days: 14, known_days, ..facts() };
        let faults = judge(IsolationState::UnderObservation, IsolationTransition::Completed, &after(13)).unwrap_err();
        assert_eq!(faults[0].code, ANCHOR_IMPLAUSIBLE);
        assert_eq!(judge(IsolationState::UnderObservation, IsolationTransition::Completed, &after(14)), Ok(()));
    }

    #[test]
    fn a_closed_case_is_corrected_by_the_command_alone() {
        for ended in ENDED {
            assert_eq!(makers(ended, IsolationTransition::Corrected), COMMAND, "{ended}");
            assert_eq!(
                legal(ended).contains(&IsolationTransition::Corrected),
                ended != IsolationState::Voided,
                "{ended}"
            );
        }
        assert!(!legal(IsolationState::Identified).contains(&IsolationTransition::Corrected), "it is amended");
    }

    #[test]
    fn no_path_leads_around_a_guard() {
        // Every state that is reached by looking after somebody has `notified` behind it.
        let later = [
            IsolationTransition::UnderObservation,
            IsolationTransition::Completed,
            IsolationTransition::Extended,
            IsolationTransition::SuspendedReferral,
            IsolationTransition::LostContact,
        ];
        for to in later {
            assert!(judge(IsolationState::Identified, to, &facts()).is_err(), "identified to {to}");
        }
        for from in ENDED {
            let mends = [IsolationTransition::Voided, IsolationTransition::Corrected];
            let onward: Vec<_> = legal(from).into_iter().filter(|to| !mends.contains(to)).collect();
            assert!(onward.is_empty(), "{from} leads to {onward:?}");
        }
        assert!(legal(IsolationState::Completed).contains(&IsolationTransition::Voided));
        assert!(legal(IsolationState::Voided).is_empty());
        // Only one state leads to release, and only one to that one's first entry.
        let releases = |from: &IsolationState| legal(*from).contains(&IsolationTransition::Completed);
        let releasing: Vec<_> = IsolationState::ALL.iter().copied().filter(releases).collect();
        assert_eq!(releasing, [IsolationState::UnderObservation]);
    }
}
