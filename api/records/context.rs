//! What rules may know: the time, the zone, the map, the keys. No IO.

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;

use crate::divisions::tree::Divisions;
use crate::kit::time::day_of;
use crate::privacy::keys::Keys;

/// Passed to every rule.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// Now, by the server.
    pub now: DateTime<Utc>,
    /// The district's zone.
    pub zone: Tz,
    /// The administrative divisions.
    pub divisions: &'a Divisions,
    /// Keys, for derived ids and blind indexes.
    pub keys: &'a Keys,
    /// The district in which the record will stand.
    pub district_code: &'a str,
}

impl Context<'_> {
    /// Today in the district's zone.
    pub fn today(&self) -> NaiveDate {
        day_of(self.now, self.zone)
    }
}
