//! Time, passed in. Nothing but [`Clock`] asks the machine what time it is, so tests can set it.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{
    DateTime, Datelike, FixedOffset, NaiveDate, NaiveTime, Offset, SecondsFormat, SubsecRound, TimeDelta, TimeZone,
    Timelike, Utc,
};
use chrono_tz::Tz;
use serde::{Serialize, Serializer};

/// Where the service's idea of now comes from.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    shift_ms: Arc<AtomicI64>,
}

impl Clock {
    /// The instant now, to the microsecond, as PostgreSQL keeps it.
    pub fn now(&self) -> DateTime<Utc> {
        let shift = TimeDelta::milliseconds(self.shift_ms.load(Ordering::Relaxed));
        (Utc::now() + shift).trunc_subsecs(6)
    }

    /// Moves now by so much; for tests.
    pub fn shift(&self, by: TimeDelta) {
        self.shift_ms.fetch_add(by.num_milliseconds(), Ordering::Relaxed);
    }
}

/// An instant as the API serves it: RFC 3339 with the zone's offset, seconds or as fine as needed.
pub fn format_instant(instant: DateTime<Utc>, zone: Tz) -> String {
    instant.with_timezone(&zone).to_rfc3339_opts(SecondsFormat::AutoSi, false)
}

/// The same, to be written without a text of its own in between.
#[derive(Clone, Copy, Debug)]
pub struct InZone(pub DateTime<Utc>, pub Tz);

impl fmt::Display for InZone {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let local = self.0.with_timezone(&self.1);
        let (offset_s, nanos) = (local.offset().fix().local_minus_utc(), local.nanosecond());
        let usual = (0..=9999).contains(&local.year()) && nanos < 1_000_000_000 && offset_s % 60 == 0;
        if !usual {
            return formatter.write_str(&format_instant(self.0, self.1));
        }
        let mut text = Digits { bytes: [0; 36], length: 0 };
        text.number(local.year().unsigned_abs(), 4);
        for (before, number) in [(b'-', local.month()), (b'-', local.day()), (b'T', local.hour())] {
            text.byte(before).number(number, 2);
        }
        for number in [local.minute(), local.second()] {
            text.byte(b':').number(number, 2);
        }
        match nanos {
            0 => {}
            _ if nanos % 1_000_000 == 0 => text.byte(b'.').number(nanos / 1_000_000, 3),
            _ if nanos % 1_000 == 0 => text.byte(b'.').number(nanos / 1_000, 6),
            _ => text.byte(b'.').number(nanos, 9),
        }
        let minutes = offset_s.unsigned_abs() / 60;
        text.byte(if offset_s < 0 { b'-' } else { b'+' }).number(minutes / 60, 2);
        text.byte(b':').number(minutes % 60, 2);
        formatter.write_str(text.as_str())
    }
}

impl Serialize for InZone {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Writes an instant within an object as former revisions have it: what didn't change must not look changed.
pub fn in_utc<S: Serializer>(instant: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
    InZone(*instant, chrono_tz::UTC).serialize(serializer)
}

/// The same of one that may not be known.
pub fn in_utc_where_known<S: Serializer>(instant: &Option<DateTime<Utc>>, serializer: S) -> Result<S::Ok, S::Error> {
    instant.map(|instant| InZone(instant, chrono_tz::UTC)).serialize(serializer)
}

/// The same of one that was written with its zone's offset.
pub fn with_offset<S: Serializer>(instant: &DateTime<FixedOffset>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&instant.to_rfc3339_opts(SecondsFormat::AutoSi, false))
}

/// The letters of an instant, 35 at most.
struct Digits {
    bytes: [u8; 36],
    length: usize,
}

impl Digits {
    fn byte(&mut self, byte: u8) -> &mut Self {
        if let Some(place) = self.bytes.get_mut(self.length) {
            *place = byte;
            self.length += 1;
        }
        self
    }

    fn number(&mut self, number: u32, digits: usize) {
        let (end, mut rest) = (self.length + digits, number);
        if let Some(places) = self.bytes.get_mut(self.length..end) {
            for place in places.iter_mut().rev() {
                *place = b'0' + u8::try_from(rest % 10).unwrap_or_default();
                rest /= 10;
            }
            self.length = end;
        }
    }

    fn as_str(&self) -> &str {
        self.bytes.get(..self.length).and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or_default()
    }
}

/// The day of an instant in the district's zone.
pub fn day_of(instant: DateTime<Utc>, zone: Tz) -> NaiveDate {
    instant.with_timezone(&zone).date_naive()
}

/// Farther from what it belongs to, a day was probably mistyped.
pub const PLAUSIBLE_DAYS: i64 = 60;

/// Whether a day is believable of something that happened then.
pub fn is_plausible(day: NaiveDate, occurred_at: DateTime<Utc>, zone: Tz) -> bool {
    (day - day_of(occurred_at, zone)).num_days().abs() <= PLAUSIBLE_DAYS
}

/// The instant at which a day begins in the district's zone; where clocks leap over midnight, the next one there.
pub fn day_start(day: NaiveDate, zone: Tz) -> Option<DateTime<Utc>> {
    let midnight = day.and_time(NaiveTime::MIN);
    let found = zone.from_local_datetime(&midnight).earliest();
    let found = found.or_else(|| zone.from_local_datetime(&(midnight + TimeDelta::hours(1))).earliest());
    found.map(|instant| instant.with_timezone(&Utc))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_is_written_the_same_either_way() {
        use chrono_tz::{Africa, America, Asia, UTC};
        let texts = [
            "2020-01-31T16:30:00Z",
            "2020-02-29T23:59:59.999999Z",
            "1900-01-01T00:00:00.120Z",
            "2199-12-31T23:59:59.000001Z",
            "2020-07-01T12:00:00.123456789Z",
            "-0044-03-15T12:00:00Z",
            "+12020-01-01T00:00:00Z",
            "0007-01-02T03:04:05Z",
        ];
        for text in texts {
            let instant: DateTime<Utc> = text.parse().unwrap();
            for zone in [Asia::Shanghai, UTC, Asia::Kathmandu, America::St_Johns, Africa::Monrovia] {
                assert_eq!(InZone(instant, zone).to_string(), format_instant(instant, zone), "{text} {zone}");
            }
        }
    }

    #[test]
    fn instants_stand_in_the_districts_zone() {
        let instant: DateTime<Utc> = "2020-01-31T16:30:00Z".parse().unwrap();
        assert_eq!(format_instant(instant, chrono_tz::Asia::Shanghai), "2020-02-01T00:30:00+08:00");
        assert_eq!(day_of(instant, chrono_tz::Asia::Shanghai).to_string(), "2020-02-01");
    }
}
