//! How a rectification stands by its steps. Pure: the same steps give the same, in whatever order they were told,
//! whichever was voided meanwhile.

use std::collections::BTreeMap;

use chrono::{DateTime, Days, NaiveDate, Utc};
use chrono_tz::Tz;
use kit::time::day_start;
use uuid::Uuid;

use super::wire::{RectificationState, Stage};
use crate::rooms::supervision::rectification_steps::RectificationStep;

/// A step that stands.
#[derive(Clone, Debug)]
pub struct Step {
    /// Kind of the step.
    pub step: RectificationStep,
    /// Time at which it happened.
    pub occurred_at: DateTime<Utc>,
    /// Time at which the server knew.
    pub known_at: DateTime<Utc>,
    /// Day to which it extends.
    pub due_on: Option<NaiveDate>,
    /// Accounts that wrote it or changed it.
    pub authors: Vec<Uuid>,
    /// Organisation for which it was written.
    pub org_id: Option<Uuid>,
}

/// Reason why a step moves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Idle {
    /// It doesn't follow from this state.
    Illegal(RectificationState),
    /// It extends nothing: this day is in force.
    NotLater(NaiveDate),
    /// It judges one's own report.
    OwnWork,
}

/// A report that asks to be looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Report {
    /// The step.
    pub id: Uuid,
    /// The step that answered it.
    pub answer: Option<Uuid>,
    /// Whether that rejected it.
    pub is_rejected: bool,
}

/// How it stands.
#[derive(Debug)]
pub struct Standing {
    /// State in which it is.
    pub state: RectificationState,
    /// How it stood since when.
    pub history: Vec<Stage>,
    /// Day to which it was extended.
    pub extended_to: Option<NaiveDate>,
    /// End of the day in force.
    pub due_at: DateTime<Utc>,
    /// The same for the duty: what is extended after it had run out was missed all the same.
    pub duty_due_at: DateTime<Utc>,
    /// Reports, the first one first.
    pub reports: Vec<Report>,
    /// Steps that move nothing.
    pub idle: BTreeMap<Uuid, Idle>,
}

impl Standing {
    /// Whether it is still to be mended.
    pub fn is_open(&self) -> bool {
        matches!(self.state, RectificationState::Issued | RectificationState::Rejected)
    }

    /// The report that shows that it was mended, as far as anybody has looked.
    pub fn proof(&self) -> Option<Uuid> {
        self.reports.last().filter(|report| !report.is_rejected).map(|report| report.id)
    }
}

/// The end of a day, when what is due on it has run out.
pub fn end_of(day: NaiveDate, zone: Tz) -> DateTime<Utc> {
    let next = day.checked_add_days(Days::new(1)).and_then(|next| day_start(next, zone));
    next.unwrap_or(DateTime::<Utc>::MAX_UTC)
}

/// Goes through the steps in the order in which they happened.
pub fn replay(
    (issued_at, due_on): (DateTime<Utc>, NaiveDate),
    issuer: Option<Uuid>,
    steps: &BTreeMap<Uuid, Step>,
    zone: Tz,
) -> Standing {
    let due_at = end_of(due_on, zone);
    let first = Stage { state: RectificationState::Issued, since_at: issued_at, due_at };
    let mut standing = Standing {
        state: RectificationState::Issued,
        history: vec![first],
        extended_to: None,
        due_at,
        duty_due_at: due_at,
        reports: Vec::new(),
        idle: BTreeMap::new(),
    };
    let (mut in_order, mut day, mut since_at): (Vec<_>, _, _) = (steps.iter().collect(), due_on, issued_at);
    in_order.sort_by_key(|(id, step)| (step.occurred_at, step.known_at, **id));
    for (id, step) in in_order {
        let reported = standing.reports.last().and_then(|report| steps.get(&report.id));
        if let Some(idle) = idle(step, standing.state, day, reported, issuer) {
            standing.idle.insert(*id, idle);
            continue;
        }
        since_at = since_at.max(step.occurred_at);
        match step.step {
            RectificationStep::Reported => standing.reports.push(Report { id: *id, answer: None, is_rejected: false }),
            RectificationStep::Verified | RectificationStep::Rejected => {
                if let Some(report) = standing.reports.last_mut() {
                    report.answer = Some(*id);
                    report.is_rejected = step.step == RectificationStep::Rejected;
                }
            }
            RectificationStep::Extended => {
                day = step.due_on.unwrap_or(day);
                standing.extended_to = Some(day);
                standing.due_at = end_of(day, zone);
                if step.occurred_at < standing.duty_due_at {
                    standing.duty_due_at = standing.due_at;
                }
            }
            RectificationStep::Waived => {}
        }
        standing.state = step.step.leads_to().unwrap_or(standing.state);
        standing.history.push(Stage { state: standing.state, since_at, due_at: standing.due_at });
    }
    standing
}

/// The steps that lead on from a state.
pub fn legal(state: RectificationState) -> impl Iterator<Item = RectificationStep> {
    let all = [
        RectificationStep::Reported,
        RectificationStep::Verified,
        RectificationStep::Rejected,
        RectificationStep::Extended,
        RectificationStep::Waived,
    ];
    all.into_iter().filter(move |step| follows(*step, state))
}

fn follows(step: RectificationStep, state: RectificationState) -> bool {
    use RectificationState::{Issued, Rejected, Reported};

    match step {
        RectificationStep::Reported => matches!(state, Issued | Rejected),
        RectificationStep::Verified | RectificationStep::Rejected => state == Reported,
        RectificationStep::Extended | RectificationStep::Waived => matches!(state, Issued | Rejected | Reported),
    }
}

/// Why a step moves nothing, if it doesn't.
fn idle(
    step: &Step,
    state: RectificationState,
    day: NaiveDate,
    reported: Option<&Step>,
    issuer: Option<Uuid>,
) -> Option<Idle> {
    if !follows(step.step, state) {
        return Some(Idle::Illegal(state));
    }
    match step.step {
        RectificationStep::Extended if step.due_on.is_none_or(|due_on| due_on <= day) => Some(Idle::NotLater(day)),
        RectificationStep::Verified | RectificationStep::Rejected
            if reported.is_some_and(|reported| is_own(step, reported, issuer)) =>
        {
            Some(Idle::OwnWork)
        }
        _ => None,
    }
}

/// Whether somebody judges what he or his organisation reported. Whoever asked for it may type in for others that it was
/// done, and a colleague of his looks at it.
fn is_own(step: &Step, reported: &Step, issuer: Option<Uuid>) -> bool {
    let same_account = step.authors.iter().any(|author| reported.authors.contains(author));
    let same_organization = step.org_id.is_some() && step.org_id == reported.org_id && reported.org_id != issuer;
    same_account || same_organization
}

#[cfg(test)]
mod tests {
    use super::*;

    const ISSUER: Option<Uuid> = Some(Uuid::from_u128(70));
    const SHOP: Option<Uuid> = Some(Uuid::from_u128(80));

    fn at(text: &str) -> DateTime<Utc> {
        format!("2020-02-{text}:00+08:00").parse().unwrap()
    }

    fn day(text: &str) -> NaiveDate {
        format!("2020-02-{text}").parse().unwrap()
    }

    fn step(step: RectificationStep, when: &str, by: u128, org_id: Option<Uuid>) -> Step {
        let occurred_at = at(when);
        Step { step, occurred_at, known_at: occurred_at, due_on: None, authors: vec![Uuid::from_u128(by)], org_id }
    }

    fn stands(steps: &[Step]) -> Standing {
        let steps = (1..).map(Uuid::from_u128).zip(steps.iter().cloned()).collect();
        replay((at("01T09:00"), day("03")), ISSUER, &steps, chrono_tz::Asia::Shanghai)
    }

    #[test]
    fn steps_lead_from_state_to_state() {
        use RectificationStep::{Rejected, Reported, Verified, Waived};

        let reported = step(Reported, "02T08:00", 1, SHOP);
        let rejected = step(Rejected, "02T18:00", 2, ISSUER);
        let again = step(Reported, "03T08:00", 1, SHOP);
        let verified = step(Verified, "03T18:00", 2, ISSUER);
        let stood = stands(&[reported.clone(), rejected.clone(), again, verified.clone()]);
        assert_eq!((stood.state, stood.idle.len(), stood.reports.len()), (RectificationState::Verified, 0, 2));
        assert_eq!(stood.proof(), Some(Uuid::from_u128(3)));
        let stood = stands(&[reported.clone(), rejected]);
        assert_eq!((stood.state, stood.proof()), (RectificationState::Rejected, None));
        let without_report = stands(std::slice::from_ref(&verified));
        assert_eq!(without_report.idle.values().next(), Some(&Idle::Illegal(RectificationState::Issued)));
        let after_waiver = stands(&[step(Waived, "02T07:00", 2, ISSUER), reported]);
        assert_eq!(after_waiver.state, RectificationState::Waived);
        assert_eq!(after_waiver.idle.len(), 1);
    }

    #[test]
    fn nobody_judges_his_own_report_nor_his_organisations() {
        use RectificationStep::{Reported, Verified};

        let own = |by, org_id| {
            let steps = [step(Reported, "02T08:00", 1, SHOP), step(Verified, "02T09:00", by, org_id)];
            stands(&steps).idle.values().next().copied()
        };
        assert_eq!(own(1, ISSUER), Some(Idle::OwnWork), "with another hat on");
        assert_eq!(own(2, SHOP), Some(Idle::OwnWork), "a colleague");
        assert_eq!(own(2, ISSUER), None);
        let typed_in = [step(Reported, "02T08:00", 1, ISSUER), step(Verified, "02T09:00", 2, ISSUER)];
        assert!(stands(&typed_in).idle.is_empty());
    }

    #[test]
    fn an_extension_moves_the_day_and_saves_no_duty_that_ran_out() {
        let mut extended = step(RectificationStep::Extended, "03T10:00", 2, ISSUER);
        extended.due_on = Some(day("05"));
        let stood = stands(std::slice::from_ref(&extended));
        assert_eq!((stood.extended_to, stood.due_at), (Some(day("05")), at("06T00:00")));
        assert_eq!(stood.duty_due_at, at("06T00:00"));
        extended.occurred_at = at("04T10:00");
        let late = stands(std::slice::from_ref(&extended));
        assert_eq!((late.due_at, late.duty_due_at), (at("06T00:00"), at("04T00:00")));
        extended.due_on = Some(day("03"));
        assert_eq!(stands(&[extended]).idle.values().next(), Some(&Idle::NotLater(day("03"))));
    }
}
