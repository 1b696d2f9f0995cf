//! Facts that rules may use: the time, the zone, the map, the keys. No IO.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;
use kit::time::day_of;

use super::definition::Registry;
use super::settings::Settings;
use crate::platform::divisions::tree::Divisions;
use crate::platform::privacy::keys::Keys;

/// Passed to every rule.
#[derive(Clone)]
pub struct Context<'a> {
    /// Now, by the server.
    pub now: DateTime<Utc>,
    /// When the record was first told: what it left open then is filled by that, however late it is amended.
    pub told_at: DateTime<Utc>,
    /// How far a phone's clock may run ahead.
    pub clock_tolerance: TimeDelta,
    /// The district's zone.
    pub zone: Tz,
    /// The administrative divisions.
    pub divisions: &'a Divisions,
    /// Keys, for derived ids and blind indexes.
    pub keys: &'a Keys,
    /// All kinds of records.
    pub kinds: &'a Registry,
    /// Dated settings as they stand.
    pub settings: Settings,
    /// The district in which the record will stand.
    pub district_code: &'a str,
}

impl Context<'_> {
    /// Whether that time has come: what lies after now proves nothing yet.
    pub fn has_come(&self, at: DateTime<Utc>) -> bool {
        at <= self.now + self.clock_tolerance
    }

    /// The day on which the record was first told.
    pub fn told_on(&self) -> NaiveDate {
        day_of(self.told_at, self.zone)
    }

    /// Today in the district's zone.
    pub fn today(&self) -> NaiveDate {
        day_of(self.now, self.zone)
    }
}
