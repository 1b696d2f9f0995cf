//! Memory of what a pass looked at: where nothing moved that duties follow from, none is looked at again.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use chrono_tz::Tz;
use kit::columns;
use kit::problem::Problem;
use kit::statement::Statement;
use kit::time::day_of;

use crate::platform::config::Config;
use crate::platform::core::{Core, Extension};

/// Tables of records of which the newest number is a mark.
const TABLES: [&str; 11] = [
    "care_policies",
    "follow_up_visits",
    "grid_cells",
    "household_groups",
    "household_members",
    "households",
    "isolation_cases",
    "people",
    "survey_rounds",
    "survey_visits",
    "temperature_readings",
];
/// Everything is looked through anew after so long, should anything have been missed: a cadence, for one.
const LOOK_AGAIN: TimeDelta = TimeDelta::minutes(10);

columns! {
    NAME "name": String;
    MARK "mark": i64;
}

/// Marks of a district, by what they are of.
pub struct Marks(BTreeMap<String, i64>);

impl Marks {
    /// Those of these names.
    pub fn of(&self, names: &[&str]) -> Vec<i64> {
        names.iter().map(|name| self.0.get(*name).copied().unwrap_or_default()).collect()
    }
}

/// Reads the marks of a district: the newest number of each table; `accounts`, when one or its grants changed last, and
/// how many there are; `merged_people`, how many turned out to be another.
pub async fn marks(core: &Core, district_code: &str) -> Result<Marks, Problem> {
    let mut statement = Statement::new("SELECT 'accounts' AS name, (extract(epoch FROM greatest(max(u.updated_at), max(g.granted_at))) * 1000000)::bigint + count(*) AS mark FROM users AS u LEFT JOIN user_grants AS g ON g.user_id = u.id UNION ALL SELECT 'merged_people', count(*) FROM people WHERE merged_into IS NOT NULL AND district_code = ")
        .text(district_code);
    for table in TABLES {
        statement = statement
            .sql(format!(" UNION ALL SELECT '{table}', max(change_no) FROM {table} WHERE district_code = "))
            .text(district_code);
    }
    let rows = core.database.read(&statement.seeing_district(district_code)).await?;
    let mark = |mut row: kit::row::Row| Some((row.get(&NAME)?, row.get(&MARK).unwrap_or_default()));
    Ok(Marks(rows.into_iter().filter_map(mark).collect()))
}

/// The marks, the day and the time of a look.
type Look = (Vec<i64>, NaiveDate, DateTime<Utc>);

/// Looks by district and step. Forgetting one costs a look, nothing else.
#[derive(Default)]
pub struct Looked(Mutex<BTreeMap<(String, &'static str), Look>>);

impl Extension for Looked {
    fn begin(_: &Config) -> Self {
        Self::default()
    }
}

impl Looked {
    /// Whether a look with these marks, on the same day and not long ago, found all as it should be.
    pub fn is_unchanged(
        &self,
        district_code: &str,
        step: &'static str,
        marks: &[i64],
        now: DateTime<Utc>,
        zone: Tz,
    ) -> bool {
        let looks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        looks.get(&(district_code.to_owned(), step)).is_some_and(|(known, day, at)| {
            known == marks && *day == day_of(now, zone) && now >= *at && now < *at + LOOK_AGAIN
        })
    }

    /// Notes a look.
    pub fn note(&self, district_code: &str, step: &'static str, marks: Vec<i64>, now: DateTime<Utc>, zone: Tz) {
        let mut looks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        looks.insert((district_code.to_owned(), step), (marks, day_of(now, zone), now));
    }
}
