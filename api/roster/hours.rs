//! The hours that follow from who came.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::admit::id_or_null;
use super::{Engagement, Roster, Shift};
use crate::kit::value::{Value, Values};
use crate::privacy::blind::derived_id;
use crate::records::Record;
use crate::records::kept::Kept;
use crate::records::warnings::Noted;
use crate::shifts::service_records::{ALREADY_SERVED, set_hours};

/// Why the service itself voids hours; what somebody voided for another reason stays void.
const GONE: &str = "到岗记录已作废或更改";

/// From when to when.
type Span = (DateTime<Utc>, DateTime<Utc>);

impl Roster {
    /// The hours of an assignment. What somebody corrected or voided is his.
    pub(super) fn settle_service(
        &mut self,
        assignment_id: Uuid,
        shift_id: Uuid,
        shift: &Shift,
        volunteer_id: Option<Uuid>,
        served: Option<Span>,
        by_rule: bool,
    ) {
        let id = derived_id(&self.scribe.keys.identity, &["service_record", &assignment_id.to_string()]);
        let by_hand = |record: &Record| {
            let voided = record.envelope.voided && record.values.text("void_reason") != Some(GONE);
            voided || record.values.boolean("corrected") == Some(true)
        };
        if self.service.get(&id).is_some_and(|kept| by_hand(&kept.record)) {
            return;
        }
        let person_id = volunteer_id.and_then(|id| self.volunteers.get(&id)).map(|volunteer| volunteer.person_id);
        let unserved = served.and_then(|span| self.unserved(id, person_id, span));
        let Some((starts_at, ends_at)) = unserved else {
            if let Some(kept) = self.service.get_mut(&id).filter(|kept| !kept.record.envelope.voided) {
                kept.record.envelope.voided = true;
                kept.record.values.set("void_reason", Value::Text(GONE.to_owned()));
            }
            self.served.remove(&id);
            return;
        };
        let team_id = volunteer_id.and_then(|id| self.volunteers.get(&id)?.team_id);
        let envelope = self.scribe.envelope(id, &shift.area_code, shift.org_id, starts_at, self.by);
        let kept = self.service.entry(id).or_insert_with(|| Kept::new(Record { envelope, values: Values::default() }));
        let values = &mut kept.record.values;
        values.set("volunteer_id", id_or_null(volunteer_id));
        values.set("shift_id", Value::Id(shift_id));
        values.set("place_id", id_or_null(shift.place_id));
        values.set("starts_at", Value::Instant(starts_at));
        values.set("ends_at", Value::Instant(ends_at));
        values.set("origin", Value::Text(if by_rule { "rule" } else { "attendance" }.to_owned()));
        values.set("corrected", Value::Boolean(false));
        values.set("team_id", id_or_null(team_id));
        if std::mem::take(&mut kept.record.envelope.voided) {
            values.set("void_reason", Value::Null);
        }
        set_hours(values);
        let warnings = &mut kept.record.envelope.warnings;
        warnings.retain(|noted| noted.code != ALREADY_SERVED.code);
        warnings.extend((unserved != served).then(|| Noted::new(&ALREADY_SERVED, "/starts_at")));
        kept.record.envelope.occurred_at = starts_at;
        let (shift_id, min_rest_minutes) = (Some(shift_id), 0);
        let told = person_id.map(|person_id| Engagement { person_id, shift_id, starts_at, ends_at, min_rest_minutes });
        self.served.extend(told.map(|told| (id, told)));
    }

    /// The longest part of a span of which no other record of that person tells: no minute is served twice.
    fn unserved(&self, own: Uuid, person_id: Option<Uuid>, (starts_at, ends_at): Span) -> Option<Span> {
        let others = self.served.iter().filter(|(id, told)| **id != own && Some(told.person_id) == person_id);
        let mut others: Vec<Span> = others.map(|(_, told)| (told.starts_at, told.ends_at)).collect();
        others.sort_unstable();
        let mut since = starts_at;
        let mut parts = Vec::new();
        for (from, to) in others {
            parts.push((since, from.min(ends_at)));
            since = since.max(to);
        }
        parts.push((since, ends_at));
        parts
            .into_iter()
            .filter(|(from, to)| to > from)
            .max_by_key(|(from, to)| (*to - *from, std::cmp::Reverse(*from)))
    }
}
