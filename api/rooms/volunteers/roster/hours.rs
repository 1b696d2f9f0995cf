//! The hours that follow from who came.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use kit::value::Values;
use uuid::Uuid;

use super::came::{Attended, Span, without};
use super::load::reach;
use super::{Roster, Shift};
use crate::platform::privacy::blind::derived_id;
use crate::records::Record;
use crate::records::envelope::VOID_REASON;
use crate::records::locked_row::LockedRow;
use crate::records::warnings::Noted;
use crate::rooms::volunteers::shifts::assignments;
use crate::rooms::volunteers::shifts::service_records::{
    ALREADY_SERVED, ATTENDED_FROM, ATTENDED_UNTIL, CONFIRMATION, CORRECTED, ENDS_AT, GONE, ORIGIN, PENDING, PLACE_ID,
    SHIFT_ID, STARTS_AT, ServiceConfirmation, TEAM_ID, UNCONFIRMED_MINUTES, VOLUNTEER_ID, is_decided, set_hours,
};

/// The assignments of each person.
type Taken = BTreeMap<Uuid, Vec<Uuid>>;

impl Roster {
    /// The hours of all whom something happened to, of every shift that could meet it: what one shift leaves, another
    /// may have.
    pub(super) fn settle_hours(&mut self) {
        let mut taken = Taken::new();
        for (id, kept) in &self.assignments {
            if let Some(person_id) = self.person_of(&kept.record.values) {
                taken.entry(person_id).or_default().push(*id);
            }
        }
        for (person_id, times) in std::mem::take(&mut self.disturbed) {
            let near = |starts_at: DateTime<Utc>| times.iter().any(|at| (starts_at - *at).abs() < reach());
            for id in taken.get(&person_id).into_iter().flatten() {
                if let Some((shift_id, shift)) = self.shift_of(*id).filter(|(_, shift)| near(shift.starts_at)) {
                    // Hours that another's leave room for follow from whatever disturbed this person.
                    let by = [*id, shift_id, person_id].into_iter().find_map(|id| self.authors.get(&id).copied());
                    self.by = by.unwrap_or(Uuid::nil());
                    self.settle_service(*id, shift_id, &shift, person_id, &taken);
                }
            }
        }
    }

    fn shift_of(&self, assignment_id: Uuid) -> Option<(Uuid, Shift)> {
        let id = self.assignments.get(&assignment_id)?.record.values.get(&assignments::SHIFT_ID)?;
        Some((id, self.shifts.get(&id)?.clone()))
    }

    pub(super) fn person_of(&self, values: &Values) -> Option<Uuid> {
        Some(self.volunteers.get(&values.get(&VOLUNTEER_ID)?)?.person_id)
    }

    /// Remembers that somebody's hours near a time must be settled.
    pub(super) fn disturb(&mut self, person_id: Option<Uuid>, at: Option<DateTime<Utc>>) {
        if let Some((person_id, at)) = person_id.zip(at) {
            self.disturbed.entry(person_id).or_default().insert(at);
        }
    }

    fn record_id(&self, assignment_id: Uuid) -> Uuid {
        derived_id(&self.write_context.keys.identity, &["service_record", &assignment_id.to_string()])
    }

    /// The hours of an assignment. What somebody corrected, confirmed or voided is his.
    fn settle_service(&mut self, id: Uuid, shift_id: Uuid, shift: &Shift, person_id: Uuid, taken: &Taken) {
        let record_id = self.record_id(id);
        if self.service_records.get(&record_id).is_some_and(|kept| is_decided(&kept.record)) {
            return;
        }
        let Some(attended) = self.attended(id) else { return self.withdraw(record_id) };
        let unserved =
            attended.counted.and_then(|counted| self.unserved(id, counted, &attended, shift, person_id, taken));
        if unserved.is_none() && attended.unconfirmed_minutes == 0 {
            return self.withdraw(record_id);
        }
        let point = attended.all.0.clamp(shift.starts_at, shift.ends_at);
        let (starts_at, ends_at) = unserved.unwrap_or((point, point));
        let volunteer_id =
            self.assignments.get(&id).and_then(|kept| kept.record.values.get(&assignments::VOLUNTEER_ID));
        let volunteer = volunteer_id.and_then(|id| self.volunteers.get(&id));
        let team_id = volunteer.and_then(|volunteer| volunteer.at(starts_at).team_id);
        let envelope = self.write_context.envelope(record_id, &shift.area_code, shift.org_id, starts_at, self.by);
        let kept = self
            .service_records
            .entry(record_id)
            .or_insert_with(|| LockedRow::new(Record { envelope, values: Values::default() }));
        let values = &mut kept.record.values;
        values.set_or_clear(&VOLUNTEER_ID, volunteer_id);
        values.set(&SHIFT_ID, shift_id);
        values.set_or_clear(&PLACE_ID, shift.place_id);
        values.set(&STARTS_AT, starts_at);
        values.set(&ENDS_AT, ends_at);
        values.set(&ORIGIN, attended.origin);
        values.set(&CORRECTED, false);
        values.set_or_clear(&TEAM_ID, team_id);
        values.set(&ATTENDED_FROM, attended.all.0);
        values.set(&ATTENDED_UNTIL, attended.all.1);
        values.set(&UNCONFIRMED_MINUTES, attended.unconfirmed_minutes);
        let asks = attended.unconfirmed_minutes > 0;
        values.set_or_clear(&CONFIRMATION, asks.then_some(ServiceConfirmation::Unconfirmed));
        values.set(&PENDING, unserved.is_none());
        if std::mem::take(&mut kept.record.envelope.voided) {
            values.clear(&VOID_REASON);
        }
        set_hours(values);
        let warnings = &mut kept.record.envelope.warnings;
        warnings.retain(|noted| noted.code != ALREADY_SERVED.code);
        let cut = attended.counted.is_some() && unserved != attended.counted;
        warnings.extend(cut.then(|| Noted::new(&ALREADY_SERVED, format!("/{STARTS_AT}"))));
        kept.record.envelope.occurred_at = starts_at;
        kept.sign(self.by);
    }

    /// Nothing was served, or it isn't known any more.
    fn withdraw(&mut self, record_id: Uuid) {
        if let Some(kept) = self.service_records.get_mut(&record_id).filter(|kept| !kept.record.envelope.voided) {
            kept.record.envelope.voided = true;
            kept.record.values.set(&VOID_REASON, GONE);
            kept.sign(self.by);
        }
    }

    /// The longest part of a span of which nothing else tells: no minute is served twice. Within a shift its own hours
    /// come first, beside shifts those of the earlier one: so it is the same in whatever order they are told.
    fn unserved(
        &self,
        own: Uuid,
        counted: Span,
        attended: &Attended,
        shift: &Shift,
        person_id: Uuid,
        taken: &Taken,
    ) -> Option<Span> {
        let mut told = self.decided_spans(person_id);
        for id in taken.get(&person_id).into_iter().flatten().filter(|id| **id != own) {
            let decided = self.service_records.get(&self.record_id(*id)).is_some_and(|kept| is_decided(&kept.record));
            let Some((_, other)) = self.shift_of(*id).filter(|_| !decided) else { continue };
            let Some(Attended { counted: Some(counted), served, .. }) = self.attended(*id) else { continue };
            let is_earlier = (other.starts_at, *id) < (shift.starts_at, own);
            let theirs = served.into_iter().flat_map(|served| match is_earlier {
                true => vec![served],
                false => without(served, attended.served),
            });
            told.extend(theirs);
            told.extend(is_earlier.then(|| without(counted, attended.served)).into_iter().flatten());
        }
        longest_left(counted, told)
    }

    /// When somebody served by what people told or decided.
    fn decided_spans(&self, person_id: Uuid) -> Vec<Span> {
        let records = self.service_records.values().map(|kept| &kept.record);
        let decided = records.filter(|record| counts(record) && is_decided(record));
        let own = decided.filter(|record| self.person_of(&record.values) == Some(person_id));
        own.filter_map(|record| record.values.get(&STARTS_AT).zip(record.values.get(&ENDS_AT))).collect()
    }
}

/// Whether a record tells of hours that were served by now.
pub(super) fn counts(record: &Record) -> bool {
    let envelope = &record.envelope;
    !envelope.voided && envelope.awaited.is_none() && record.values.get(&PENDING) != Some(true)
}

fn longest_left((starts_at, ends_at): Span, mut told: Vec<Span>) -> Option<Span> {
    told.sort_unstable();
    let mut since = starts_at;
    let mut parts = Vec::new();
    for (from, to) in told {
        parts.push((since, from.min(ends_at)));
        since = since.max(to);
    }
    parts.push((since, ends_at));
    let left = parts.into_iter().filter(|(from, to)| to > from);
    left.max_by_key(|(from, to)| (*to - *from, Reverse(*from)))
}
