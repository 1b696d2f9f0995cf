//! Time, passed in. Nothing but [`Clock`] asks the machine what time it is, so tests can set it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, NaiveDate, NaiveTime, SecondsFormat, SubsecRound, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;

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

/// The day of an instant in the district's zone.
pub fn day_of(instant: DateTime<Utc>, zone: Tz) -> NaiveDate {
    instant.with_timezone(&zone).date_naive()
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
    fn instants_stand_in_the_districts_zone() {
        let instant: DateTime<Utc> = "2020-01-31T16:30:00Z".parse().unwrap();
        assert_eq!(format_instant(instant, chrono_tz::Asia::Shanghai), "2020-02-01T00:30:00+08:00");
        assert_eq!(day_of(instant, chrono_tz::Asia::Shanghai).to_string(), "2020-02-01");
    }
}
