//! Cadences: what is expected how often, as dated data. A kind with a window is expected every so many days of
//! an observation; one with only `within_minutes` is expected so soon after what asks for it. A window and
//! `within_minutes` together: at a random time inside the window, for so many minutes.

use std::collections::BTreeSet;

use chrono::{DateTime, Duration, NaiveDate, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;
use kit::dated::{Dated, in_force};
use kit::problem::Problem;
use kit::row::Row;
use kit::statement::Statement;
use kit::ttl_cell::TtlCell;
use rand::RngExt;

use super::DutyKind;
use super::cadence_routes::{
    ACTIVE, AREA_CODE, DUE_MINUTE, DUTY_KIND, EFFECTIVE_ON, ESCALATION_LEVELS, EVERY_DAYS, OPENS_MINUTE, WITHIN_MINUTES,
};
use crate::platform::config::Config;
use crate::platform::core::{Core, Extension};
use crate::records::settings::{Setting, SettingSource};

/// One cadence.
#[derive(Clone, Debug, PartialEq)]
pub struct Cadence {
    /// That division and all below; empty for everywhere.
    pub area_code: String,
    /// From which day on.
    pub effective_on: NaiveDate,
    /// Of which duty.
    pub duty_kind: DutyKind,
    /// Whether it is expected at all.
    pub active: bool,
    /// Every so many days, the first day of observation included.
    pub every_days: i64,
    /// When the window opens, in minutes after midnight.
    pub opens_minute: Option<i64>,
    /// When it closes; 1440 is the midnight after.
    pub due_minute: Option<i64>,
    /// How soon after its cause, or how long a random time lasts.
    pub within_minutes: Option<i64>,
    /// How many levels up it goes, an hour apart, while nobody answers.
    pub escalation_levels: i64,
}

impl Dated for Cadence {
    fn area_code(&self) -> &str {
        &self.area_code
    }

    fn effective_on(&self) -> NaiveDate {
        self.effective_on
    }
}

/// All cadences, in the order in which they were given.
#[derive(Debug, Default)]
pub struct Cadences(Vec<Cadence>);

/// From when until when something is expected.
pub type Window = (DateTime<Utc>, DateTime<Utc>);

impl Cadences {
    /// All of these.
    pub fn new(cadences: Vec<Cadence>) -> Self {
        Self(cadences)
    }

    /// The kinds of duty that go more than one level up somewhere at some time.
    pub fn escalating(&self) -> BTreeSet<DutyKind> {
        let further = self.0.iter().filter(|cadence| cadence.escalation_levels > 1);
        further.map(|cadence| cadence.duty_kind).collect()
    }

    /// The cadence of a duty in an area on a day, where it is expected there then.
    pub fn at(&self, duty_kind: DutyKind, area_code: &str, day: NaiveDate) -> Option<&Cadence> {
        let of_kind = self.0.iter().filter(|cadence| cadence.duty_kind == duty_kind);
        in_force(&of_kind, area_code, day).filter(|cadence| cadence.active)
    }
}

impl Cadence {
    /// The whole window of a day of observation (0 the first); none where nothing is expected that day.
    pub fn window(&self, day: NaiveDate, day_index: i64, zone: Tz) -> Option<Window> {
        if day_index % self.every_days.max(1) != 0 {
            return None;
        }
        Some((instant(day, self.opens_minute?, zone)?, instant(day, self.due_minute?, zone)?))
    }

    /// When it is expected within a window of which only what follows `from` is left; drawn at random where
    /// the cadence says so. None where too little is left.
    pub fn expected(&self, window: Window, from: DateTime<Utc>, generator: &mut impl rand::Rng) -> Option<Window> {
        let (opens_at, due_at) = window;
        if due_at <= from {
            return None;
        }
        let Some(minutes) = self.within_minutes else { return Some(window) };
        let first = opens_at.max(from);
        let room = (due_at - Duration::minutes(minutes) - first).num_seconds();
        if room < 0 {
            return None;
        }
        let drawn = first + Duration::seconds(generator.random_range(0..=room));
        Some((drawn, drawn + Duration::minutes(minutes)))
    }

    /// When a duty is due that something asked for at an instant.
    pub fn due_after(&self, asked_at: DateTime<Utc>) -> DateTime<Utc> {
        asked_at + TimeDelta::minutes(self.within_minutes.unwrap_or(1_440))
    }

    fn of_row(mut row: Row) -> Option<Self> {
        Some(Self {
            area_code: row.get(&AREA_CODE).unwrap_or_default(),
            effective_on: row.get(&EFFECTIVE_ON)?,
            duty_kind: row.get(&DUTY_KIND)?,
            active: row.get(&ACTIVE)?,
            every_days: row.get(&EVERY_DAYS)?,
            opens_minute: row.get(&OPENS_MINUTE),
            due_minute: row.get(&DUE_MINUTE),
            within_minutes: row.get(&WITHIN_MINUTES),
            escalation_levels: row.get(&ESCALATION_LEVELS)?,
        })
    }
}

/// An instant of a day; where clocks leap over it, the next one that exists.
fn instant(day: NaiveDate, minute: i64, zone: Tz) -> Option<DateTime<Utc>> {
    let local = day.and_hms_opt(0, 0, 0)? + TimeDelta::minutes(minute);
    let found = zone.from_local_datetime(&local).earliest();
    let found = found.or_else(|| zone.from_local_datetime(&(local + TimeDelta::hours(1))).earliest());
    found.map(|instant| instant.with_timezone(&Utc))
}

/// Cadences as they were read in the last seconds.
#[derive(Default)]
struct CadenceCache(TtlCell<Cadences>);

impl Extension for CadenceCache {
    fn begin(_: &Config) -> Self {
        Self::default()
    }
}

impl Setting for Cadences {
    fn without_any() -> &'static Self {
        static NONE: Cadences = Cadences(Vec::new());
        &NONE
    }
}

/// Cadences among the dated settings.
pub static CADENCES: SettingSource =
    SettingSource { known: |core| core.ext::<CadenceCache>().0.known(), refresh: |core| Box::pin(refresh(core)) };

/// Reads them anew when they are asked for next.
pub fn forget(core: &Core) {
    core.ext::<CadenceCache>().0.forget();
}

/// Reads them, where that was not done just now.
pub async fn refresh(core: &Core) -> Result<(), Problem> {
    let load = async || {
        let columns = "area_code, effective_on, duty_kind, active, every_days, opens_minute, due_minute, within_minutes, escalation_levels";
        let statement = Statement::new(format!("SELECT {columns} FROM duty_cadences ORDER BY created_at, id"));
        let rows = core.database.read(&statement).await?;
        Ok(Cadences(rows.into_iter().filter_map(Cadence::of_row).collect()))
    };
    core.ext::<CadenceCache>().0.refresh(load).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cadence(within_minutes: Option<i64>) -> Cadence {
        Cadence {
            area_code: String::new(),
            effective_on: NaiveDate::MIN,
            duty_kind: DutyKind::of_code("police_check").unwrap(),
            active: true,
            every_days: 1,
            opens_minute: Some(8 * 60),
            due_minute: Some(20 * 60),
            within_minutes,
            escalation_levels: 1,
        }
    }

    #[test]
    fn a_random_time_lies_in_what_is_left_of_its_window() {
        let (cadence, zone) = (cadence(Some(120)), chrono_tz::Asia::Shanghai);
        let day: NaiveDate = "2020-02-29".parse().unwrap();
        let window = cadence.window(day, 3, zone).unwrap();
        assert_eq!(window.1 - window.0, TimeDelta::hours(12));
        let mut generator = <rand::rngs::StdRng as rand::SeedableRng>::seed_from_u64(7);
        let mut drawn = std::collections::BTreeSet::new();
        for hours in 0..10 {
            let from = window.0 + TimeDelta::hours(hours);
            let (opens_at, due_at) = cadence.expected(window, from, &mut generator).unwrap();
            assert!(opens_at >= from && due_at <= window.1 && due_at - opens_at == TimeDelta::hours(2));
            drawn.insert(opens_at);
        }
        assert!(drawn.len() > 5);
        assert_eq!(cadence.expected(window, window.0 + TimeDelta::minutes(601), &mut generator), None);
    }

    #[test]
    fn every_third_day_is_every_third_day_and_midnight_belongs_to_the_day() {
        let zone = chrono_tz::Asia::Shanghai;
        let third = Cadence { every_days: 3, due_minute: Some(1_440), ..cadence(None) };
        let day: NaiveDate = "2020-02-28".parse().unwrap();
        let expected: Vec<bool> = (0..6).map(|index| third.window(day, index, zone).is_some()).collect();
        assert_eq!(expected, [true, false, false, true, false, false]);
        let (_, due_at) = third.window(day, 0, zone).unwrap();
        assert_eq!(due_at.to_rfc3339(), "2020-02-28T16:00:00+00:00");
    }
}
