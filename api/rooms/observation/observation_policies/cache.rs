//! Policies as rules ask for them.

use chrono::{DateTime, NaiveDate, Utc};
use kit::dated::{Dated, in_force};
use kit::problem::Problem;
use kit::row::Row;
use kit::statement::Statement;
use kit::time::day_of;
use kit::ttl_cell::TtlCell;
use rust_decimal::Decimal;

use super::routes::{AREA_CODE, EFFECTIVE_ON, FEVER_C, OBSERVATION_DAYS, RETEST_BELOW_C};
use crate::platform::config::Config;
use crate::platform::core::{Core, Extension};
use crate::records::Context;
use crate::records::settings::{Setting, SettingSource};

/// Policy in force in an area from a day on.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    /// Division in which it holds, with all below; empty for everywhere.
    pub area_code: String,
    /// Day from which it holds.
    pub effective_on: NaiveDate,
    /// Temperature from which on it is a fever, in degrees Celsius.
    pub fever_c: Decimal,
    /// Below it a thermometer was too cold, in degrees Celsius.
    pub retest_below_c: Decimal,
    /// Days for which somebody is observed.
    pub observation_days: i64,
}

/// All policies, in the order in which they were given.
#[derive(Debug, Default)]
pub struct Policies(Vec<Policy>);

impl Policies {
    /// The policy in force in an area on a day. Before the first one, the first one holds.
    pub fn at(&self, area_code: &str, day: NaiveDate) -> Policy {
        // The migration gives one for everywhere, so the last resort is for a table emptied by hand.
        in_force(&self.0.iter(), area_code, day).cloned().unwrap_or_else(Policy::of_2020)
    }
}

impl Dated for Policy {
    fn area_code(&self) -> &str {
        &self.area_code
    }

    fn effective_on(&self) -> NaiveDate {
        self.effective_on
    }
}

impl Policy {
    fn of_2020() -> Self {
        Self {
            area_code: String::new(),
            effective_on: NaiveDate::MIN,
            fever_c: Decimal::new(373, 1),
            retest_below_c: Decimal::new(350, 1),
            observation_days: 14,
        }
    }

    fn of_row(mut row: Row) -> Option<Self> {
        Some(Self {
            // Null is everywhere.
            area_code: row.get(&AREA_CODE).unwrap_or_default(),
            effective_on: row.get(&EFFECTIVE_ON)?,
            fever_c: row.get(&FEVER_C)?,
            retest_below_c: row.get(&RETEST_BELOW_C)?,
            observation_days: row.get(&OBSERVATION_DAYS)?,
        })
    }
}

/// Policies as they were read in the last seconds.
#[derive(Default)]
struct PolicyCache(TtlCell<Policies>);

impl Extension for PolicyCache {
    fn begin(_: &Config) -> Self {
        Self::default()
    }
}

impl Setting for Policies {
    fn without_any() -> &'static Self {
        static NONE: Policies = Policies(Vec::new());
        &NONE
    }
}

/// Policies among the dated settings.
pub static POLICIES: SettingSource =
    SettingSource { known: |core| core.ext::<PolicyCache>().0.known(), refresh: |core| Box::pin(refresh(core)) };

/// Reads them anew when they are asked for next.
pub fn forget(core: &Core) {
    core.ext::<PolicyCache>().0.forget();
}

impl Context<'_> {
    /// The policy in force in an area when something happened.
    pub fn policy_at(&self, area_code: &str, occurred_at: DateTime<Utc>) -> Policy {
        self.settings.of::<Policies>().at(area_code, day_of(occurred_at, self.zone))
    }
}

/// Reads them, where that was not done just now.
async fn refresh(core: &Core) -> Result<(), Problem> {
    let load = async || {
        let statement = Statement::new(format!(
            "SELECT {AREA_CODE}, {EFFECTIVE_ON}, {FEVER_C}, {RETEST_BELOW_C}, {OBSERVATION_DAYS} FROM observation_policies \
             ORDER BY created_at, id"
        ));
        let rows = core.database.read(&statement).await?;
        Ok(Policies(rows.into_iter().filter_map(Policy::of_row).collect()))
    };
    core.ext::<PolicyCache>().0.refresh(load).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_narrowest_area_and_the_latest_day_decide() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        let policy = |area: &str, on: &str, tenths| Policy {
            area_code: area.into(),
            effective_on: day(on),
            fever_c: Decimal::new(tenths, 1),
            ..Policy::of_2020()
        };
        let policies = Policies(vec![
            policy("", "2020-01-24", 373),
            policy("511802", "2020-02-10", 370),
            policy("", "2020-03-01", 375),
            policy("511802", "2020-02-10", 372),
        ]);
        let fever = |area: &str, on: &str| policies.at(area, day(on)).fever_c;
        assert_eq!(fever("511802005", "2020-02-09"), Decimal::new(373, 1));
        assert_eq!(fever("511802005", "2020-02-10"), Decimal::new(372, 1));
        assert_eq!(fever("511802005", "2020-03-02"), Decimal::new(372, 1), "narrower before later");
        assert_eq!(fever("511803", "2020-03-02"), Decimal::new(375, 1));
        assert_eq!(fever("511803", "2019-01-01"), Decimal::new(373, 1), "before the first the first");
        assert_eq!(Policies::default().at("511802", day("2020-02-01")).fever_c, Decimal::new(373, 1));
    }
}
