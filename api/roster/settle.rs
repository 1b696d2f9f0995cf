//! What a shift comes to: who came, what was served, which duties are done.

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::{Mark, Roster, Shift, stands};
use crate::duties::duty;
use crate::duties::matching::{Contact, standing};
use crate::kit::problem::Problem;
use crate::kit::time::day_of;
use crate::kit::value::{Value, Values};
use crate::privacy::blind::derived_id;
use crate::records::change::Changes;
use crate::records::kept::Kept;

/// Who hasn't left so long after the end has forgotten to say so.
pub const FORGOTTEN: TimeDelta = TimeDelta::minutes(120);

/// The two marks of an assignment.
struct Came {
    first_in: Option<Mark>,
    last_out: Option<Mark>,
}

impl Roster {
    pub(super) fn settle(&mut self, shift_id: Uuid) {
        let Some(shift) = self.shifts.get(&shift_id).cloned() else { return };
        let ids: Vec<Uuid> = self
            .assignments
            .iter()
            .filter(|(_, kept)| kept.record.values.id("shift_id") == Some(shift_id))
            .map(|(id, _)| *id)
            .collect();
        for id in &ids {
            self.settle_assignment(*id, shift_id, &shift);
        }
        self.settle_posts(shift_id, &shift, &ids);
    }

    /// Whoever isn't there so long after the beginning hasn't come: by the cadence of `shift_attendance`.
    fn grace(&self, shift: &Shift, duty_kind: &str) -> Option<TimeDelta> {
        let cadence =
            self.scribe.cadences.at(duty_kind, &shift.area_code, day_of(shift.starts_at, self.scribe.zone))?;
        Some(TimeDelta::minutes(cadence.within_minutes.unwrap_or_default()))
    }

    fn came(&self, assignment_id: Uuid) -> Came {
        let own = || self.marks.values().filter(move |mark| mark.assignment_id == assignment_id);
        let first_in = own().filter(|mark| mark.is_in).min_by_key(|mark| mark.occurred_at).cloned();
        let since = first_in.as_ref().map(|mark| mark.occurred_at);
        let last_out = own().filter(|mark| !mark.is_in && Some(mark.occurred_at) > since);
        let last_out = last_out.max_by_key(|mark| mark.occurred_at).cloned();
        Came { first_in, last_out }
    }

    fn settle_assignment(&mut self, id: Uuid, shift_id: Uuid, shift: &Shift) {
        let came = self.came(id);
        let grace = self.grace(shift, "shift_attendance").unwrap_or(TimeDelta::minutes(15));
        let Some(kept) = self.assignments.get_mut(&id) else { return };
        kept.record.values.set("starts_at", Value::Instant(shift.starts_at));
        kept.record.envelope.occurred_at = shift.starts_at;
        let stands = stands(&kept.record) && shift.stands;
        let now = self.scribe.now;
        let forgotten = came.last_out.is_none() && now >= shift.ends_at + FORGOTTEN;
        let attendance = match (&came.first_in, &came.last_out) {
            (None, _) if now >= shift.starts_at + grace => "no_show",
            (None, _) => "expected",
            (Some(_), None) if !forgotten => "present",
            (Some(_), _) => "completed",
        };
        if stands {
            kept.record.values.set("attendance", Value::Text(attendance.to_owned()));
        }
        let volunteer_id = kept.record.values.id("volunteer_id");
        let user_id = volunteer_id.and_then(|id| self.volunteers.get(&id)?.user_id);
        let proof =
            came.first_in.as_ref().map(|mark| contact("shift_attendances", mark.id, mark.occurred_at, mark.known_at));
        let window = (shift.starts_at - TimeDelta::hours(1), shift.starts_at + grace);
        let new = (id, "shift_attendance", ("shift_assignments", id), user_id, window);
        self.settle_duty(new, shift, proof.as_ref(), !stands);
        let served_until = came.last_out.as_ref().map(|mark| mark.occurred_at).or(forgotten.then_some(shift.ends_at));
        let served = came.first_in.as_ref().map(|mark| mark.occurred_at).zip(served_until).filter(|_| stands);
        self.settle_service(id, shift_id, shift, volunteer_id, served, forgotten);
    }

    /// Two duties of a shift: that it is filled a day before, and that everybody is there when it begins.
    fn settle_posts(&mut self, shift_id: Uuid, shift: &Shift, ids: &[Uuid]) {
        let wanted: i64 = shift.needs.iter().map(|(_, count)| count).sum();
        let filled = shift.needs.iter().all(|(role, count)| self.taken(shift_id, role) >= *count);
        let standing_ids = ids.iter().filter(|id| self.assignments.get(id).is_some_and(|kept| stands(&kept.record)));
        let last = standing_ids.clone().filter_map(|id| Some((*id, &self.assignments.get(id)?.record.envelope)));
        let last = last.max_by_key(|(_, envelope)| envelope.recorded_at).filter(|_| filled);
        let by_assignment =
            last.map(|(id, envelope)| contact("shift_assignments", id, envelope.recorded_at, envelope.recorded_at));
        let mut present: Vec<Mark> = standing_ids.filter_map(|id| self.came(*id).first_in).collect();
        present.sort_by_key(|mark| mark.occurred_at);
        let complete =
            usize::try_from(wanted).ok().and_then(|wanted| wanted.checked_sub(1)).and_then(|last| present.get(last));
        let by_presence = complete.map(|mark| contact("shift_attendances", mark.id, mark.occurred_at, mark.known_at));
        for (duty_kind, proof) in [("shift_filling", by_assignment), ("manned_post", by_presence)] {
            let Some(within) = self.grace(shift, duty_kind) else { continue };
            let window = match duty_kind {
                "shift_filling" => (shift.starts_at - within - TimeDelta::days(7), shift.starts_at - within),
                _ => (shift.starts_at, shift.starts_at + within),
            };
            let id = derived_id(&self.scribe.keys.identity, &["duty", duty_kind, &shift_id.to_string()]);
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
        let id = derived_id(&self.scribe.keys.identity, &["roster_duty", duty_kind, &id.to_string()]);
        let known = self.duties.contains_key(&id);
        if !known && (waived || due_at <= self.scribe.now || self.grace(shift, duty_kind).is_none()) {
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
        let made = duty::record(new, &self.scribe);
        let kept = self.duties.entry(id).or_insert_with(|| Kept::new(made));
        if kept.record.values.instant("due_at") != Some(due_at) {
            kept.record.values.set("opens_at", Value::Instant(opens_at));
            kept.record.values.set("due_at", Value::Instant(due_at));
            kept.record.envelope.occurred_at = opens_at;
        }
        let by_hand = kept.record.values.text("waiver") == Some("by_hand");
        let stands = standing(due_at, proof, waived || by_hand, self.scribe.now);
        kept.record = duty::settle(&kept.record, &stands, |_| None);
        if waived && !by_hand && stands.state == "waived" {
            kept.record.values.set("waiver", Value::Text("cause_voided".to_owned()));
        }
    }

    pub(super) fn put_into(self, changes: &mut Changes) -> Result<(), Problem> {
        let (scribe, by, written) = (self.scribe, self.by, self.written);
        for (id, kept) in self.assignments {
            if !written.contains(&id) {
                kept.put_into(scribe.kind("shift_assignments")?, by, changes);
            }
        }
        for kept in self.service.into_values() {
            kept.put_into(scribe.kind("service_records")?, by, changes);
        }
        for kept in self.duties.into_values() {
            kept.put_into(scribe.kind("duties")?, by, changes);
        }
        Ok(())
    }
}

/// Id, kind, subject, assignee, window.
type NewDuty = (Uuid, &'static str, (&'static str, Uuid), Option<Uuid>, (DateTime<Utc>, DateTime<Utc>));

fn contact(kind: &'static str, id: Uuid, occurred_at: DateTime<Utc>, known_at: DateTime<Utc>) -> Contact {
    Contact { kind, id, occurred_at, known_at, values: Values::default() }
}
