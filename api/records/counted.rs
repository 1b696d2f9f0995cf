//! What a record counts as: what the figures are made of, and recounted from.

use chrono::Timelike;
use chrono_tz::Tz;
use uuid::Uuid;

use super::definition::Kind;
use super::record::Record;
use crate::kit::time::day_of;
use crate::ledger::{Pointer, PresenceKey, Tallies, TallyKey};

/// Takes away what the former revision counted as and adds what the next one does.
pub fn count(tallies: &mut Tallies, kind: &'static Kind, former: Option<&Record>, next: &Record, zone: Tz) {
    for (record, side) in former.map(|former| (former, -1)).into_iter().chain([(next, 1)]) {
        add(tallies, kind, record, side, zone);
    }
    let led = former.and_then(|former| kind.rules.pointer(former));
    let leads = kind.rules.pointer(next);
    if led != leads {
        tallies.pointers.push(Pointer { person_id: next.envelope.id, former: led, next: leads });
    }
}

/// Adds what a record counts as, so many times. A void record counts as nothing, and so does what lies ahead.
pub fn add(tallies: &mut Tallies, kind: &'static Kind, record: &Record, times: i64, zone: Tz) {
    let envelope = &record.envelope;
    if envelope.voided || envelope.awaited.as_ref().is_some_and(|awaited| !awaited.counted) {
        return;
    }
    let place_id = record.values.id("place_id").unwrap_or(Uuid::nil());
    let org_id = envelope.org_id.unwrap_or(Uuid::nil());
    let hourly = |measure: &str| kind.rules.figures().iter().any(|figure| figure.measure == measure && figure.hourly);
    let own = kind.rules.measures(record).into_iter().map(|measure| (envelope.occurred_at, measure));
    for (at, (measure, amount)) in own.chain(kind.rules.moves(record)).filter(|(_, (_, amount))| *amount != 0) {
        let (area_code, on_day) = (envelope.area_code.clone(), day_of(at, zone));
        let amount = i128::from(times) * i128::from(amount);
        let key = TallyKey { kind: kind.name, on_day, hour: None, area_code, place_id, measure, org_id };
        if hourly(measure) {
            let hour = i64::from(at.with_timezone(&zone).hour());
            tallies.totals.push((TallyKey { hour: Some(hour), ..key.clone() }, amount));
        }
        tallies.totals.push((key, amount));
    }
    if let Some(person_id) = kind.rules.person(record) {
        let (area_code, on_day) = (envelope.area_code.clone(), day_of(envelope.occurred_at, zone));
        tallies.presences.push((PresenceKey { kind: kind.name, person_id, on_day, area_code, place_id }, times));
    }
}
