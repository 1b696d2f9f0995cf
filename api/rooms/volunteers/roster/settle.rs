//! Settling of a shift: who came, what was served, which duties are done.

use chrono::{DateTime, TimeDelta, Utc};
use kit::time::day_of;
use kit::value::Values;
use uuid::Uuid;

use super::volunteer::Volunteer;
use super::{Mark, Roster, Shift, stands};
use crate::platform::privacy::blind::derived_id;
use crate::records::change::Changes;
use crate::records::locked_row::LockedRow;
use crate::rooms::duties::wire::WAIVER;
use crate::rooms::duties::{Cadences, Contact, DUTIES, DutyKind, DutyState, DutyWaiver, duty, standing};
use crate::rooms::volunteers::duty_kinds::{MANNED_POST, SHIFT_ATTENDANCE, SHIFT_FILLING};
use crate::rooms::volunteers::shifts::assignments::SHIFT_ASSIGNMENTS;
use crate::rooms::volunteers::shifts::assignments::{
    ATTENDANCE, AssignmentAttendance, ROLE, SHIFT_ID, STARTS_AT, SWAPPED_TO_ID, VOLUNTEER_ID,
};
use crate::rooms::volunteers::shifts::service_records::SERVICE_RECORDS;

/// Time after the end of a shift from which a missing check-out counts as forgotten.
pub const FORGOTTEN: TimeDelta = TimeDelta::minutes(120);

impl Roster {
    pub(super) fn settle(&mut self, shift_id: Uuid) {
        let Some(shift) = self.shifts.get(&shift_id).cloned() else { return };
        let ids: Vec<Uuid> = self
            .assignments
            .iter()
            .filter(|(_, kept)| kept.record.values.get(&SHIFT_ID) == Some(shift_id))
            .map(|(id, _)| *id)
            .collect();
        let author = |roster: &Self, id: &Uuid| roster.authors.get(id).copied();
        for id in &ids {
            self.by = author(self, id).or(author(self, &shift_id)).unwrap_or(Uuid::nil());
            self.settle_assignment(*id, &shift);
        }
        self.by = author(self, &shift_id).unwrap_or(Uuid::nil());
        self.settle_posts(shift_id, &shift, &ids);
    }

    /// Whoever isn't there so long after the beginning hasn't come: by the cadence of `shift_attendance`.
    fn grace(&self, shift: &Shift, duty_kind: DutyKind) -> Option<TimeDelta> {
        let cadence = self.write_context.settings.of::<Cadences>().at(
            duty_kind,
            &shift.area_code,
            day_of(shift.starts_at, self.write_context.zone),
        )?;
        Some(TimeDelta::minutes(cadence.within_minutes.unwrap_or_default()))
    }

    fn settle_assignment(&mut self, id: Uuid, shift: &Shift) {
        let came = self.came(id, shift);
        let grace = self.grace(shift, SHIFT_ATTENDANCE).unwrap_or(TimeDelta::minutes(15));
        let Some(kept) = self.assignments.get_mut(&id) else { return };
        kept.record.values.set(&STARTS_AT, shift.starts_at);
        kept.record.envelope.occurred_at = shift.starts_at;
        let stands = stands(&kept.record) && shift.stands;
        let attendance = match (came.proof(shift), &came.last_out) {
            (None, _) if self.write_context.now >= shift.starts_at + grace => AssignmentAttendance::NoShow,
            (None, _) => AssignmentAttendance::Expected,
            (Some(_), None) if !came.forgotten => AssignmentAttendance::Present,
            (Some(_), _) => AssignmentAttendance::Completed,
        };
        if stands {
            kept.record.values.set(&ATTENDANCE, attendance);
        }
        kept.sign(self.by);
        let volunteer = kept.record.values.get(&VOLUNTEER_ID).and_then(|id| self.volunteers.get(&id));
        let (person_id, user_id) =
            (volunteer.map(|volunteer| volunteer.person_id), volunteer.and_then(Volunteer::user_id));
        self.disturb(person_id, Some(shift.starts_at));
        let proof = came.proof(shift);
        let proof = proof.map(|mark| contact("shift_attendances", mark.id, mark.occurred_at, mark.known_at));
        let window = (shift.starts_at - TimeDelta::hours(1), shift.starts_at + grace);
        let new = (id, SHIFT_ATTENDANCE, ("shift_assignments", id), user_id, window);
        self.settle_duty(new, shift, proof.as_ref(), !stands);
    }

    /// Since when a place is taken: one that was given to somebody else, since the first one took it.
    fn taken_since(&self, id: Uuid) -> Option<DateTime<Utc>> {
        let mut id = id;
        let mut since = self.assignments.get(&id)?.record.envelope.recorded_at;
        for _ in 0..self.assignments.len() {
            let before = self.assignments.iter().find(|(_, kept)| kept.record.values.get(&SWAPPED_TO_ID) == Some(id));
            let Some((former, kept)) = before else { break };
            (id, since) = (*former, since.min(kept.record.envelope.recorded_at));
        }
        Some(since)
    }

    /// The assignment with which every role had all it needs, and since when.
    fn filled(&self, shift: &Shift, ids: &[Uuid]) -> Option<(DateTime<Utc>, Uuid)> {
        let standing = || ids.iter().filter_map(|id| Some((*id, &self.assignments.get(id)?.record)));
        let mut last = None;
        for need in &shift.needs {
            let of_role =
                standing().filter(|(_, record)| stands(record) && record.values.get(&ROLE) == Some(need.role));
            let mut since: Vec<_> = of_role.filter_map(|(id, _)| Some((self.taken_since(id)?, id))).collect();
            since.sort_unstable();
            last = last.max(Some(*since.get(usize::try_from(need.count).ok()?.checked_sub(1)?)?));
        }
        last
    }

    /// Two duties of a shift: that it is filled a day before, and that everybody is there when it begins.
    fn settle_posts(&mut self, shift_id: Uuid, shift: &Shift, ids: &[Uuid]) {
        let wanted: i64 = shift.needs.iter().map(|need| need.count).sum();
        let by_assignment = self.filled(shift, ids).map(|(since, id)| contact("shift_assignments", id, since, since));
        let standing_ids = ids.iter().filter(|id| self.assignments.get(id).is_some_and(|kept| stands(&kept.record)));
        let mut present: Vec<Mark> =
            standing_ids.filter_map(|id| self.came(*id, shift).proof(shift).cloned()).collect();
        present.sort_by_key(|mark| (mark.occurred_at, mark.id));
        let complete =
            usize::try_from(wanted).ok().and_then(|wanted| wanted.checked_sub(1)).and_then(|last| present.get(last));
        let by_presence = complete.map(|mark| contact("shift_attendances", mark.id, mark.occurred_at, mark.known_at));
        for (duty_kind, proof) in [(SHIFT_FILLING, by_assignment), (MANNED_POST, by_presence)] {
            let Some(within) = self.grace(shift, duty_kind) else { continue };
            let window = if duty_kind == SHIFT_FILLING {
                (shift.starts_at - within - TimeDelta::days(7), shift.starts_at - within)
            } else {
                (shift.starts_at, shift.starts_at + within)
            };
            let id = derived_id(&self.write_context.keys.identity, &["duty", duty_kind.code(), &shift_id.to_string()]);
            self.settle_duty((id, duty_kind, ("shifts", shift_id), None, window), shift, proof.as_ref(), !shift.stands);
        }
    }

    /// Makes a duty that isn't there and can still be done, and lets it stand as it does now.
    fn settle_duty(
        &mut self,
        (id, duty_kind, subject, assignee_id, (opens_at, due_at)): NewDuty,
        shift: &Shift,
        proof: Option<&Contact>,
        waived: bool,
    ) {
        let id = derived_id(&self.write_context.keys.identity, &["roster_duty", duty_kind.code(), &id.to_string()]);
        let known = self.duties.contains_key(&id);
        if !known && (waived || due_at <= self.write_context.now || self.grace(shift, duty_kind).is_none()) {
            return;
        }
        let new = duty::New {
            id,
            duty_kind,
            subject,
            cause_id: None,
            assignee_id,
            opens_at,
            due_at,
            area_code: &shift.area_code,
            org_id: shift.org_id,
            made_by: self.by,
        };
        let made = duty::record(new, &self.write_context);
        let kept = self.duties.entry(id).or_insert_with(|| LockedRow::new(made));
        if duty::due_at(&kept.record) != due_at {
            kept.record = duty::moved(&kept.record, (opens_at, due_at));
        }
        let by_hand = kept.record.values.get(&WAIVER) == Some(DutyWaiver::ByHand);
        let stands = standing(due_at, proof, waived || by_hand, self.write_context.now);
        kept.record = duty::settle(&kept.record, &stands, |_| None);
        if waived && !by_hand && stands.state == DutyState::Waived {
            kept.record.values.set(&WAIVER, DutyWaiver::CauseVoided);
        }
        kept.sign(self.by);
    }

    pub(super) fn put_into(self, changes: &mut Changes) {
        let written = self.written;
        for (id, kept) in self.assignments {
            if !written.contains(&id) {
                kept.put_into(&SHIFT_ASSIGNMENTS, changes);
            }
        }
        for (id, kept) in self.service_records {
            if !written.contains(&id) {
                kept.put_into(&SERVICE_RECORDS, changes);
            }
        }
        for kept in self.duties.into_values() {
            kept.put_into(&DUTIES, changes);
        }
    }
}

/// Id, kind, subject, assignee, window.
type NewDuty = (Uuid, DutyKind, (&'static str, Uuid), Option<Uuid>, (DateTime<Utc>, DateTime<Utc>));

fn contact(kind: &'static str, id: Uuid, occurred_at: DateTime<Utc>, known_at: DateTime<Utc>) -> Contact {
    Contact { kind, id, occurred_at, known_at, values: Values::default() }
}
