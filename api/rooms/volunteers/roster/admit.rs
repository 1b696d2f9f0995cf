//! Admission to a shift: every reason against, at once.

use chrono::{DateTime, TimeDelta, Utc};
use kit::catalogue::FaultCode;
use kit::faults::Fault;
use kit::time::{day_of, format_instant};
use kit::value::Values;
use ledger::decide::Claim;
use uuid::Uuid;

use super::hours::counts;
use super::{Engagement, Mark, Roster, Shift, stands};
use crate::records::locked_row::LockedRow;
use crate::records::{Record, envelope};
use crate::rooms::volunteers::codes::{
    ALREADY_ASSIGNED, ALREADY_CHECKED_IN, DAILY_LIMIT, ENDED, FULL, INACTIVE, LACKS_ROLE, NOT_NEEDED, OVERLAPS,
    SHIFT_MOVED, TOO_LITTLE_REST,
};
use crate::rooms::volunteers::shifts::assignments::{AssignmentState, ROLE, SHIFT_ID, STARTS_AT, STATE, VOLUNTEER_ID};
use crate::rooms::volunteers::shifts::attendances::{self, ACTION, ASSIGNMENT_ID, AttendanceAction, REPEATED};
use crate::rooms::volunteers::shifts::service_records;
use crate::rooms::volunteers::volunteers::{ANYBODY, DutyRole};

/// Nobody serves more a day.
const DAY_MINUTES: i64 = 24 * 60;

pub(super) fn against(code: FaultCode, field: &str, values: Vec<(&'static str, String)>) -> Fault {
    Fault { pointer: format!("/{field}"), code, values, hint: None }
}

impl Roster {
    /// Somebody takes a shift or gives it up.
    pub(super) fn take_assignment(&mut self, claim: &Claim) -> Result<(), Vec<Fault>> {
        let assigned = |values: &&Values| values.get(&STATE) == Some(AssignmentState::Assigned);
        let (former, next) = (claim.former.as_ref().filter(assigned), claim.next.as_ref().filter(assigned));
        if let (None, Some(values)) = (former, next) {
            let faults = self.reasons_against(claim.id, values);
            if !faults.is_empty() {
                return Err(faults);
            }
        }
        let Some(values) = claim.next.as_ref().or(claim.former.as_ref()) else { return Ok(()) };
        let Some(shift_id) = values.get(&SHIFT_ID) else { return Ok(()) };
        self.by = claim.by;
        self.engagements.remove(&claim.id);
        self.written.insert(claim.id);
        self.touched.insert(shift_id);
        // Kept as it will stand: counted with the others, written by its own append.
        let mut record = Record { envelope: self.envelope_of(claim.id, values), values: values.clone() };
        record.envelope.voided = claim.next.is_none();
        if let Some(known) = self.assignments.get(&claim.id) {
            record.envelope.recorded_at = known.record.envelope.recorded_at;
        }
        if let (Some(engagement), true) = (self.engagement(values), next.is_some()) {
            self.engagements.insert(claim.id, engagement);
        }
        self.assignments.insert(claim.id, LockedRow::new(record));
        Ok(())
    }

    fn envelope_of(&self, id: Uuid, values: &Values) -> crate::records::Envelope {
        let area_code = values.get(&envelope::AREA_CODE).unwrap_or(&self.write_context.district_code);
        let at = values.get(&envelope::OCCURRED_AT).unwrap_or(self.write_context.now);
        self.write_context.envelope(id, area_code, values.get(&envelope::ORG_ID), at, self.by)
    }

    pub(super) fn engagement(&self, values: &Values) -> Option<Engagement> {
        let shift_id = values.get(&SHIFT_ID);
        let shift = self.shifts.get(&shift_id?).filter(|shift| shift.stands)?;
        let person_id = self.volunteers.get(&values.get(&VOLUNTEER_ID)?)?.person_id;
        let (starts_at, ends_at) = (shift.starts_at, shift.ends_at);
        Some(Engagement { person_id, shift_id, starts_at, ends_at, min_rest_minutes: shift.min_rest_minutes })
    }

    fn reasons_against(&self, id: Uuid, values: &Values) -> Vec<Fault> {
        let shift = values.get(&SHIFT_ID).and_then(|id| Some((id, self.shifts.get(&id)?)));
        let volunteer = values.get(&VOLUNTEER_ID).and_then(|id| self.volunteers.get(&id));
        let (Some((shift_id, shift)), Some(volunteer)) = (shift, volunteer) else { return Vec::new() };
        let role = values.get(&ROLE);
        let mut faults = Vec::new();
        if !shift.stands || shift.ends_at <= self.write_context.now {
            faults.push(against(ENDED, SHIFT_ID.name(), vec![]));
        }
        match shift.needs.iter().find(|need| Some(need.role) == role) {
            None => faults.push(against(NOT_NEEDED, ROLE.name(), vec![])),
            Some(need) if self.taken(shift_id, need.role) >= need.count => {
                faults.push(against(FULL, SHIFT_ID.name(), vec![]));
            }
            Some(_) => {}
        }
        if role != Some(ANYBODY) && !volunteer.roles.iter().any(|known| Some(*known) == role) {
            faults.push(against(LACKS_ROLE, ROLE.name(), vec![]));
        }
        if !volunteer.active {
            faults.push(against(INACTIVE, VOLUNTEER_ID.name(), vec![]));
        }
        faults.extend(self.clashes(id, shift_id, shift, volunteer.person_id));
        if faults.is_empty() && values.get(&STARTS_AT) != Some(shift.starts_at) {
            let starts_at = format_instant(shift.starts_at, self.write_context.zone);
            faults.push(against(SHIFT_MOVED, SHIFT_ID.name(), vec![("starts_at", starts_at)]));
        }
        faults
    }

    /// How many have a role of a shift.
    pub(super) fn taken(&self, shift_id: Uuid, role: DutyRole) -> i64 {
        let of_role = self.assignments.values().filter(|kept| {
            let values = &kept.record.values;
            stands(&kept.record) && values.get(&SHIFT_ID) == Some(shift_id) && values.get(&ROLE) == Some(role)
        });
        i64::try_from(of_role.count()).unwrap_or(i64::MAX)
    }

    /// Faults of a shift against what the person has taken already: the same shift, an overlap, too little rest, a day
    /// too long.
    pub(super) fn clashes(&self, id: Uuid, shift_id: Uuid, shift: &Shift, person_id: Uuid) -> Vec<Fault> {
        let others =
            self.engagements.iter().filter(|(other, engagement)| **other != id && engagement.person_id == person_id);
        let mut faults = Vec::new();
        for (_, other) in others.clone() {
            let rest = TimeDelta::minutes(shift.min_rest_minutes.max(other.min_rest_minutes));
            if other.shift_id == Some(shift_id) {
                faults.push(against(ALREADY_ASSIGNED, VOLUNTEER_ID.name(), vec![]));
            } else if other.starts_at < shift.ends_at && shift.starts_at < other.ends_at {
                let told = |at: DateTime<Utc>| format_instant(at, self.write_context.zone);
                let times = vec![("from", told(other.starts_at)), ("to", told(other.ends_at))];
                faults.push(against(OVERLAPS, SHIFT_ID.name(), times));
            } else if other.starts_at < shift.ends_at + rest && shift.starts_at < other.ends_at + rest {
                let minutes = rest.num_minutes().to_string();
                faults.push(against(TOO_LITTLE_REST, SHIFT_ID.name(), vec![("minutes", minutes)]));
            }
        }
        let spans = others.map(|(_, other)| (other.starts_at, other.ends_at)).chain([(shift.starts_at, shift.ends_at)]);
        faults.extend(self.beyond_a_day(shift.starts_at, shift.ends_at, &spans.collect::<Vec<_>>(), SHIFT_ID.name()));
        faults
    }

    /// The days of a span on which all spans come to more than 24 hours.
    fn beyond_a_day(
        &self,
        starts_at: DateTime<Utc>,
        ends_at: DateTime<Utc>,
        spans: &[(DateTime<Utc>, DateTime<Utc>)],
        field: &str,
    ) -> Option<Fault> {
        let days = day_of(starts_at, self.write_context.zone).iter_days().take(2);
        let day_start = |day| kit::time::day_start(day, self.write_context.zone);
        let beyond = days.into_iter().find(|day| {
            let Some((begins, ends)) = day_start(*day).zip(day.succ_opt().and_then(day_start)) else { return false };
            let within = |(from, to): &(DateTime<Utc>, DateTime<Utc>)| {
                ((*to).min(ends) - (*from).max(begins)).num_minutes().max(0)
            };
            ends_at > begins && spans.iter().map(within).sum::<i64>() > DAY_MINUTES
        })?;
        Some(against(DAILY_LIMIT, field, vec![("day", beyond.to_string())]))
    }

    /// Somebody came or left; or that is taken back. A second check-in must say that it is one.
    pub(super) fn take_attendance(&mut self, claim: &Claim) -> Result<(), Vec<Fault>> {
        let Some(values) = claim.next.as_ref().or(claim.former.as_ref()) else { return Ok(()) };
        let Some(assignment_id) = values.get(&ASSIGNMENT_ID) else { return Ok(()) };
        let is_in = values.get(&ACTION) == Some(AttendanceAction::CheckIn);
        let others = self.marks.range((assignment_id, Uuid::nil())..=(assignment_id, Uuid::max()));
        let again = others.filter(|((_, id), _)| *id != claim.id).any(|(_, mark)| mark.is_in);
        if is_in && again && claim.former.is_none() && values.get(&REPEATED) != Some(true) {
            return Err(vec![against(ALREADY_CHECKED_IN, ASSIGNMENT_ID.name(), vec![])]);
        }
        self.touched.extend(values.get(&attendances::SHIFT_ID));
        self.marks.remove(&(assignment_id, claim.id));
        let Some(next) = &claim.next else { return Ok(()) };
        let known_at = self.write_context.now;
        let occurred_at = next.get(&envelope::OCCURRED_AT).unwrap_or(known_at);
        let mark = Mark { id: claim.id, is_in, occurred_at, known_at, told_by: claim.by };
        self.marks.insert((assignment_id, claim.id), mark);
        Ok(())
    }

    /// Somebody tells or decides hours: never twice the same, never more than a day has.
    pub(super) fn take_service(&mut self, claim: &Claim) -> Result<(), Vec<Fault>> {
        let faults = claim.next.as_ref().map(|values| self.reasons_against_hours(claim.id, values)).unwrap_or_default();
        if !faults.is_empty() {
            return Err(faults);
        }
        for values in claim.former.iter().chain(&claim.next) {
            self.disturb(self.person_of(values), values.get(&service_records::STARTS_AT));
        }
        let Some(values) = claim.next.as_ref().or(claim.former.as_ref()) else { return Ok(()) };
        self.by = claim.by;
        // Kept as it will stand: counted with the others, written by its own append.
        let mut record = Record { envelope: self.envelope_of(claim.id, values), values: values.clone() };
        record.envelope.voided = claim.next.is_none();
        record.values.set(&service_records::CORRECTED, true);
        self.written.insert(claim.id);
        self.service_records.insert(claim.id, LockedRow::new(record));
        Ok(())
    }

    fn reasons_against_hours(&self, id: Uuid, values: &Values) -> Vec<Fault> {
        let span = |values: &Values| values.get(&service_records::STARTS_AT).zip(values.get(&service_records::ENDS_AT));
        let (Some(person_id), Some((starts_at, ends_at))) = (self.person_of(values), span(values)) else {
            return Vec::new();
        };
        let counting = self.service_records.iter().filter(|(other, kept)| **other != id && counts(&kept.record));
        let own = counting.filter(|(_, kept)| self.person_of(&kept.record.values) == Some(person_id));
        let others: Vec<_> = own.filter_map(|(_, kept)| span(&kept.record.values)).collect();
        let mut faults = Vec::new();
        if let Some((from, to)) = others.iter().find(|(from, to)| *from < ends_at && starts_at < *to) {
            let told = |at: &DateTime<Utc>| format_instant(*at, self.write_context.zone);
            faults.push(against(
                OVERLAPS,
                service_records::STARTS_AT.name(),
                vec![("from", told(from)), ("to", told(to))],
            ));
        }
        let spans: Vec<_> = others.into_iter().chain([(starts_at, ends_at)]).collect();
        faults.extend(self.beyond_a_day(starts_at, ends_at, &spans, service_records::ENDS_AT.name()));
        faults
    }
}
