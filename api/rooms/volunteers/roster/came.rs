//! Time attended by the check-ins and check-outs of an assignment.

use chrono::{DateTime, TimeDelta, Utc};
use kit::time::day_of;
use uuid::Uuid;

use super::settle::FORGOTTEN;
use super::{Mark, Roster, Shift, stands};
use crate::rooms::volunteers::service_rules::ServiceRule;
use crate::rooms::volunteers::shifts::assignments::{SHIFT_ID, VOLUNTEER_ID};
use crate::rooms::volunteers::shifts::service_records::ServiceRecordOrigin;

/// Beginning and end.
pub(super) type Span = (DateTime<Utc>, DateTime<Utc>);

/// The two marks of an assignment, as far as they are near the shift.
pub(super) struct Came {
    pub(super) first_in: Option<Mark>,
    pub(super) last_out: Option<Mark>,
    /// Whether nobody checked out, and nobody will any more.
    pub(super) forgotten: bool,
}

impl Came {
    /// The check-in that shows that he was at the shift: not after its end, and he hadn't left before it began.
    pub(super) fn proof(&self, shift: &Shift) -> Option<&Mark> {
        let left = self.last_out.as_ref().is_some_and(|mark| mark.occurred_at <= shift.starts_at);
        self.first_in.as_ref().filter(|mark| mark.occurred_at < shift.ends_at && !left)
    }
}

/// Time that somebody attended, and how much of it counts.
pub(super) struct Attended {
    /// Span from check-in to check-out.
    pub(super) all: Span,
    /// The part of it that counts without being confirmed.
    pub(super) counted: Option<Span>,
    /// The part of that within the shift.
    pub(super) served: Option<Span>,
    /// Minutes that an organiser must confirm.
    pub(super) unconfirmed_minutes: i64,
    /// Whether the check-out shows it, or the rule that ends it where that was forgotten.
    pub(super) origin: ServiceRecordOrigin,
}

impl Roster {
    /// The marks of an assignment that are near its shift.
    fn marks_of(&self, assignment_id: Uuid, shift: &Shift) -> Vec<&Mark> {
        let own = self.marks.range((assignment_id, Uuid::nil())..=(assignment_id, Uuid::max())).map(|(_, mark)| mark);
        own.filter(|mark| shift.is_near(mark.occurred_at)).collect()
    }

    pub(super) fn came(&self, assignment_id: Uuid, shift: &Shift) -> Came {
        let own = self.marks_of(assignment_id, shift);
        let first_in = own.iter().filter(|mark| mark.is_in).min_by_key(|mark| (mark.occurred_at, mark.id));
        let since = first_in.map(|mark| mark.occurred_at);
        let last_out = own.iter().filter(|mark| !mark.is_in && Some(mark.occurred_at) > since && since.is_some());
        let last_out = last_out.max_by_key(|mark| (mark.occurred_at, mark.id));
        let forgotten = last_out.is_none() && self.write_context.now >= shift.ends_at + FORGOTTEN;
        let cloned = |mark: Option<&&Mark>| mark.map(|mark| (*mark).clone());
        Came { first_in: cloned(first_in), last_out: cloned(last_out), forgotten }
    }

    /// Time attended by the marks of an assignment that stands; none where somebody didn't come or is still there.
    pub(super) fn attended(&self, assignment_id: Uuid) -> Option<Attended> {
        let assignment =
            self.assignments.get(&assignment_id).map(|kept| &kept.record).filter(|record| stands(record))?;
        let shift = self.shifts.get(&assignment.values.get(&SHIFT_ID)?).filter(|shift| shift.stands)?;
        let came = self.came(assignment_id, shift);
        let from = came.first_in.as_ref()?.occurred_at;
        let left = came.last_out.as_ref().map(|mark| mark.occurred_at);
        let until = left.or(came.forgotten.then_some(shift.ends_at)).filter(|until| *until > from)?;
        let volunteer = assignment.values.get(&VOLUNTEER_ID).and_then(|id| self.volunteers.get(&id));
        let margin =
            ServiceRule::margin(&self.rules, &shift.area_code, day_of(shift.starts_at, self.write_context.zone));
        // Nobody's own word goes beyond the shift.
        let beyond = |mark: &Mark| match volunteer {
            Some(volunteer) if volunteer.at(mark.occurred_at).user_id == Some(mark.told_by) => TimeDelta::zero(),
            _ => margin,
        };
        let marks = self.marks_of(assignment_id, shift);
        let ins = marks.iter().filter(|mark| mark.is_in && mark.occurred_at < until);
        let begins = ins.map(|mark| mark.occurred_at.max(shift.starts_at - beyond(mark))).min()?;
        let outs = marks.iter().filter(|mark| !mark.is_in && mark.occurred_at > from);
        let ends = outs.map(|mark| mark.occurred_at.min(shift.ends_at + beyond(mark))).max().unwrap_or(until);
        let counted = met((begins, ends), (from, until));
        let widest = met((from, until), (shift.starts_at - margin, shift.ends_at + margin));
        let within = widest.map_or(0, |(from, to)| (to - from).num_minutes());
        Some(Attended {
            all: (from, until),
            counted,
            served: counted.and_then(|counted| met(counted, (shift.starts_at, shift.ends_at))),
            unconfirmed_minutes: ((until - from).num_minutes() - within).max(0),
            origin: match came.last_out {
                Some(_) => ServiceRecordOrigin::Attendance,
                None => ServiceRecordOrigin::Rule,
            },
        })
    }
}

/// Span that two spans have in common.
pub(super) fn met(one: Span, other: Span) -> Option<Span> {
    let (from, to) = (one.0.max(other.0), one.1.min(other.1));
    (from < to).then_some((from, to))
}

/// Parts of a span that lie outside another.
pub(super) fn without(one: Span, other: Option<Span>) -> Vec<Span> {
    let Some((from, to)) = other.and_then(|other| met(one, other)) else { return vec![one] };
    [(one.0, from), (to, one.1)].into_iter().filter(|(from, to)| from < to).collect()
}
