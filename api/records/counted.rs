//! Measures of a record: the figures are made of them, and recounted from them.

use chrono::Timelike;
use chrono_tz::Tz;
use kit::time::day_of;
use ledger::{Pointer, PresenceKey, Tallies, TallyKey};
use uuid::Uuid;

use super::definition::Kind;
use super::record::Record;
use super::rules::Move;
use crate::platform::privacy::keys::Keys;

/// Takes away what the former revision counted as and adds what the next one does.
pub fn count(
    tallies: &mut Tallies,
    kind: &'static Kind,
    former: Option<&Record>,
    next: &Record,
    (zone, keys): (Tz, &Keys),
) {
    for (record, side) in former.map(|former| (former, -1)).into_iter().chain([(next, 1)]) {
        add(tallies, kind, record, side, (zone, keys));
    }
    let led = former.and_then(|former| kind.rules.pointer(former));
    let leads = kind.rules.pointer(next);
    if led != leads {
        tallies.pointers.push(Pointer { table: kind.name, person_id: next.envelope.id, former: led, next: leads });
    }
}

/// Adds what a record counts as, so many times. A void record counts as nothing, and so does what lies ahead.
pub fn add(tallies: &mut Tallies, kind: &'static Kind, record: &Record, times: i64, (zone, keys): (Tz, &Keys)) {
    let envelope = &record.envelope;
    if envelope.voided || envelope.awaited.as_ref().is_some_and(|awaited| !awaited.counted) {
        return;
    }
    let place_id = record.values.id("place_id").unwrap_or(Uuid::nil());
    let here = || (envelope.area_code.clone(), envelope.org_id);
    let own_at = envelope.occurred_at;
    let first = kind.rules.stood_at(record, own_at);
    let hourly = |measure: &str| kind.rules.figures().iter().any(|figure| figure.measure == measure && figure.hourly);
    let own = kind.rules.measures(record).into_iter();
    let own = own.map(|measure| Move { at: own_at, measure, stood: first.clone() });
    for Move { at, measure: (measure, amount), stood } in own.chain(kind.rules.moves(record)) {
        if amount == 0 {
            continue;
        }
        let ((area_code, org_id), on_day) = (stood.unwrap_or_else(here), day_of(at, zone));
        let org_id = org_id.unwrap_or(Uuid::nil());
        let amount = i128::from(times) * i128::from(amount);
        let key = TallyKey { kind: kind.name, on_day, hour: None, area_code, place_id, measure, org_id };
        if hourly(measure) {
            let hour = i64::from(at.with_timezone(&zone).hour());
            tallies.totals.push((TallyKey { hour: Some(hour), ..key.clone() }, amount));
        }
        tallies.totals.push((key, amount));
    }
    let person = kind.rules.person(record).map(|person_id| (kind.name, person_id));
    let stood = first.unwrap_or_else(here).0;
    for (kind, person_id) in person.into_iter().chain(kind.rules.distinct(record, keys)) {
        let (area_code, on_day) = (stood.clone(), day_of(own_at, zone));
        tallies.presences.push((PresenceKey { kind, person_id, on_day, area_code, place_id }, times));
    }
}
