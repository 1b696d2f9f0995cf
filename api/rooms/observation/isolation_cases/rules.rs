//! The rules of a case itself: its days, its five supervisors.

use std::sync::Arc;

use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeZone, Utc};
use chrono_tz::Tz;
use kit::catalogue::FaultCode;
use kit::faults::{Fault, Faults};
use kit::text::Text;
use kit::value::Values;
use ledger::Projection;
use ledger::decide::Decider;
use uuid::Uuid;

use super::care::{CONTESTED, CareDecider, began_at};
use super::states::makers;
use super::wire::ENDED_AT;
use super::wire::{
    ANCHOR, ANCHORED_ON, ENDS_ON, EXTENDED, IsolationState, ObservationAnchor, PERSON, PERSON_ID, REGISTERED_AT,
    RELEASE_FROM, STARTS_ON, STATE, SUPERVISOR_IDS, SUPERVISORS, SUPERVISORS_COMPLETE, Supervisor, SupervisorLevel,
};
use super::{FOLLOWS, IsolationTransition, history, stays};
use crate::platform::access::Role;
use crate::platform::access::roles::Actor;
use crate::records::codes::ONE_OF;
use crate::records::envelope::{AREA_CODE, ID, ORG_ID};
use crate::records::figure::PERSON_TIMES;
use crate::records::include::Beside;
use crate::records::rules::{Move, Stood, Told};
use crate::records::scope::Follows;
use crate::records::write_context::WriteContext;
use crate::records::{Context, Draft, Envelope, Figure, Measure, Record, Rules};
use crate::rooms::checkpoints::FollowUpDecider;
use crate::rooms::observation::codes::ACTIVE_CASE_EXISTS;
use crate::rooms::observation::observation_policies::Policies;

/// Rules of cases.
pub struct CaseRules;

const CASES: Figure = Figure::new("isolation_cases", Text::new("Isolation cases", "居家观察例次"), PERSON_TIMES);

/// Figures of isolation cases that statistics show.
static FIGURES: &[Figure] = &[
    Figure::persons(),
    CASES,
    state(IsolationState::Identified, Text::new("Identified", "已排查"), "state=identified&state_on={to_on}"),
    state(IsolationState::Notified, Text::new("Notified", "已告知"), "state=notified&state_on={to_on}"),
    state(
        IsolationState::UnderObservation,
        Text::new("Under observation", "观察中"),
        "state=under_observation&state_on={to_on}",
    ),
    state(
        IsolationState::SuspendedReferral,
        Text::new("Referred, observation suspended", "转诊排查"),
        "state=suspended_referral&state_on={to_on}",
    ),
    state(IsolationState::LostContact, Text::new("Lost contact", "失联"), "state=lost_contact&state_on={to_on}"),
    state(IsolationState::Completed, Text::new("Completed", "解除"), "state=completed&state_on={to_on}"),
    state(IsolationState::Dismissed, Text::new("Dismissed", "排除"), "state=dismissed&state_on={to_on}"),
    state(IsolationState::BecameCase, Text::new("Became a case", "转为病例"), "state=became_case&state_on={to_on}"),
    state(
        IsolationState::Centralized,
        Text::new("In central isolation", "转集中隔离"),
        "state=centralized&state_on={to_on}",
    ),
    state(IsolationState::TransferredOut, Text::new("Handed over", "移交"), "state=transferred_out&state_on={to_on}"),
    state(IsolationState::Merged, Text::new("Merged with another case", "并案"), "state=merged&state_on={to_on}"),
];

/// How many cases stand so: a step takes its case out of one state and into the next, on its own day.
const fn state(state: IsolationState, label: Text, filter: &'static str) -> Figure {
    Figure::new(state.code(), label, PERSON_TIMES).share(CASES.name, filter).moving()
}

/// Whether a case was open then: somebody may have had another one before it.
fn covers(case: &Record, at: DateTime<Utc>, zone: Tz) -> bool {
    let ended_before = case.values.get(&ENDED_AT).is_some_and(|ended_at| ended_at < at);
    began_at(case, zone) <= at && !ended_before
}

impl Rules for CaseRules {
    fn beside(&self) -> Option<&'static Beside> {
        const {
            Some(&Beside {
                name: "case",
                members: &["area_code", "person_id", "address", "state", "starts_on", "ends_on"],
                days: Some([STARTS_ON.name(), ENDS_ON.name()]),
            })
        }
    }

    fn plain_to_assignee(&self) -> bool {
        true
    }

    fn stands_when_known(&self) -> bool {
        true
    }

    fn told(&self) -> Option<&'static Told> {
        const { Some(&Told { by: &[PERSON_ID.name()], at: Some(covers) }) }
    }

    fn check(&self, draft: &mut Draft, _context: &Context<'_>, faults: &mut Faults) {
        let given = draft.values.get(&PERSON_ID).is_some();
        let is_faulty = faults.touches(&draft.at(&PERSON)) || faults.touches(&draft.at(&PERSON_ID));
        if given != draft.inline.is_empty() && !is_faulty {
            let fields = [PERSON.name(), PERSON_ID.name()].join(", ");
            faults.add_with(draft.at(&PERSON_ID), ONE_OF, vec![("fields", fields)]);
        }
        let levels: Vec<SupervisorLevel> = supervisors(&draft.values).into_iter().map(|(level, _)| level).collect();
        for (index, level) in levels.iter().enumerate() {
            if levels.iter().take(index).any(|other| other == level) {
                faults.add(draft.at_item(&SUPERVISORS, index, "level"), FaultCode::REPEATED_ITEM);
            }
        }
    }

    fn judge(&self, draft: &mut Draft, context: &Context<'_>) {
        let values = &mut draft.values;
        let accounts: Vec<Uuid> = values.list(&SUPERVISORS).filter_map(|supervisor| supervisor.user_id).collect();
        values.set(&SUPERVISORS_COMPLETE, missing_levels(values).is_empty());
        values.set(&SUPERVISOR_IDS, accounts);
        if values.get(&STATE).is_none() {
            values.set(&STATE, history::FIRST);
            values.set(&EXTENDED, false);
            values.set(&REGISTERED_AT, context.now);
        }
        // From the notification on, the days are moved by steps alone.
        if history::state(values) == history::FIRST {
            let area_code = values.get(&AREA_CODE).unwrap_or(context.district_code).to_owned();
            set_days(values, &area_code, context.settings.of::<Policies>(), context.zone);
        }
    }

    /// As the step to `voided`: it ends a case, whichever way it is asked for.
    fn voiders(&self) -> Option<&'static [Role]> {
        Some(makers(history::FIRST, IsolationTransition::Voided))
    }

    fn natural_key(&self) -> &'static [&'static str] {
        &["anchored_on", "person_id"]
    }

    fn decider(&self, _: Option<&Record>, _: &Record, write_context: &Arc<WriteContext>) -> Option<Arc<dyn Decider>> {
        Some(CareDecider::of(write_context))
    }

    /// A case is an answer to what was seen at a gate.
    fn followers(&self, _: Option<&Record>, _: &Record, write_context: &Arc<WriteContext>) -> Vec<Arc<dyn Decider>> {
        vec![FollowUpDecider::of(write_context)]
    }

    fn judged_across_rows(&self) -> bool {
        true
    }

    /// An open case that the caller can't read is nothing that he is told of: his is taken, and the command clears it.
    fn overlook(&self, actor: &Actor, draft: &mut Draft, faults: &[Fault]) -> bool {
        let [fault] = faults else { return false };
        let of = |name: &str| fault.values.iter().find(|(own, _)| *own == name).map(|(_, value)| value.as_str());
        let Some(area_code) = of(AREA_CODE.name()).filter(|_| fault.code == ACTIVE_CASE_EXISTS) else {
            return false;
        };
        let hidden = !actor.reaches(super::CARERS, area_code, of(ORG_ID.name()).and_then(|id| id.parse().ok()));
        if hidden {
            draft.values.set(&CONTESTED, true);
        }
        hidden
    }

    fn figures(&self) -> &'static [Figure] {
        FIGURES
    }

    fn person(&self, record: &Record) -> Option<Uuid> {
        record.values.get(&PERSON_ID)
    }

    fn measures(&self, _record: &Record) -> Vec<Measure> {
        vec![CASES.measured(1), (history::FIRST.code(), 1)]
    }

    fn moves(&self, record: &Record) -> Vec<Move> {
        history::moves(record)
    }

    fn moves_on(&self) -> bool {
        true
    }

    fn stood_at(&self, record: &Record, at: DateTime<Utc>) -> Option<Stood> {
        stays::stood_at(record, at)
    }

    fn stands_too(&self, record: &Record) -> Vec<Stood> {
        stays::pending(&record.values).map(|stay| stay.stood).collect()
    }

    fn moved(&self, draft: &mut Draft, former: &Envelope, context: &Context<'_>) {
        let to = draft.values.get(&AREA_CODE).unwrap_or(context.district_code).to_owned();
        stays::leave(&mut draft.values, (former.area_code.clone(), former.org_id), &to, context.now);
    }

    fn projection(&self) -> Option<&'static Projection> {
        Some(&stays::SIGHTS)
    }

    fn follows(&self) -> Option<Follows> {
        Some(Follows { column: ID.name(), ..FOLLOWS })
    }
}

/// Counts the days by the policy in force when it began. An extension isn't taken back by a correction.
pub fn set_days(values: &mut Values, area_code: &str, policies: &Policies, zone: Tz) {
    let Some(anchored_on) = values.get(&ANCHORED_ON) else { return };
    let days = policies.at(area_code, anchored_on).observation_days;
    let from_start = values.get(&ANCHOR) == Some(ObservationAnchor::ObservationStart);
    let Some((starts_on, mut ends_on)) = days_of(anchored_on, from_start, days) else { return };
    if values.get(&EXTENDED) == Some(true) {
        ends_on = ends_on.max(values.get(&ENDS_ON).unwrap_or(ends_on));
    }
    values.set(&STARTS_ON, starts_on);
    values.set(&ENDS_ON, ends_on);
    set_release(values, ends_on, zone);
}

/// Release is possible from the midnight after the last day.
pub fn set_release(values: &mut Values, ends_on: NaiveDate, zone: Tz) {
    let midnight = ends_on.succ_opt().and_then(|day| {
        // Where clocks leap over midnight, the day begins an hour later.
        let at = |time| zone.from_local_datetime(&day.and_time(time)).earliest();
        at(NaiveTime::MIN).or_else(|| at(NaiveTime::from_hms_opt(1, 0, 0)?))
    });
    values.set_or_clear(&RELEASE_FROM, midnight.map(|at| at.with_timezone(&Utc)));
}

/// First and last day: the anchor is day 0, the day after it day 1; where observation itself is the
/// anchor, it is day 1. None beyond the calendar.
pub fn days_of(anchored_on: NaiveDate, from_start: bool, days: i64) -> Option<(NaiveDate, NaiveDate)> {
    let starts_on = if from_start { anchored_on } else { anchored_on.succ_opt()? };
    let last = starts_on.checked_add_days(Days::new(u64::try_from(days - 1).ok()?))?;
    Some((starts_on, last))
}

/// Level and account of each supervisor.
pub fn supervisors(values: &Values) -> Vec<(SupervisorLevel, Option<Uuid>)> {
    values.list(&SUPERVISORS).map(|Supervisor { level, user_id, .. }| (level, user_id)).collect()
}

/// The account of the supervisor of a level.
pub fn supervisor_of(values: &Values, level: SupervisorLevel) -> Option<Uuid> {
    values.list(&SUPERVISORS).find(|supervisor| supervisor.level == level)?.user_id
}

/// The levels that have nobody.
pub fn missing_levels(values: &Values) -> Vec<SupervisorLevel> {
    let named = supervisors(values);
    let is_missing = |level: &SupervisorLevel| named.iter().all(|(own, _)| own != level);
    SupervisorLevel::ALL.iter().copied().filter(is_missing).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn the_day_after_the_anchor_is_the_first() {
        assert_eq!(days_of(day("2020-01-22"), false, 14), Some((day("2020-01-23"), day("2020-02-05"))));
        assert_eq!(days_of(day("2020-01-22"), true, 14), Some((day("2020-01-22"), day("2020-02-04"))));
        assert_eq!(days_of(day("2020-02-20"), false, 14), Some((day("2020-02-21"), day("2020-03-05"))), "a leap year");
        assert_eq!(days_of(day("2021-02-20"), false, 14), Some((day("2021-02-21"), day("2021-03-06"))));
        assert_eq!(days_of(NaiveDate::MAX, false, 14), None);
    }

    #[test]
    fn release_is_midnight_of_the_district_in_any_zone() {
        let release = |on: &str, zone: Tz| {
            let mut values = Values::default();
            set_release(&mut values, day(on), zone);
            values.get(&RELEASE_FROM).unwrap().to_rfc3339()
        };
        assert_eq!(release("2020-02-05", chrono_tz::Asia::Shanghai), "2020-02-05T16:00:00+00:00");
        // Clocks leapt from midnight to one.
        assert_eq!(release("2018-11-03", chrono_tz::America::Sao_Paulo), "2018-11-04T03:00:00+00:00");
        for offset in 0..800 {
            let on = day("2019-06-01") + Days::new(offset);
            let mut values = Values::default();
            set_release(&mut values, on, chrono_tz::Europe::Berlin);
            let local = values.get(&RELEASE_FROM).unwrap().with_timezone(&chrono_tz::Europe::Berlin);
            assert_eq!((local.date_naive(), local.time()), (on.succ_opt().unwrap(), NaiveTime::MIN));
        }
    }
}
