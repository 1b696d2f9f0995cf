//! Policies as rules ask for them.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use chrono::NaiveDate;
use rust_decimal::Decimal;

use crate::app::Service;
use crate::kit::problem::Problem;
use crate::kit::row::Row;
use crate::kit::statement::Statement;
use crate::kit::value::Value;

/// How long policies are believed: a new one bites within that time in every process.
const BELIEVED: Duration = Duration::from_secs(2);

/// What is in force.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    /// That division and all below; empty for everywhere.
    pub area_code: String,
    /// From which day on.
    pub effective_on: NaiveDate,
    /// From here on a temperature is a fever, in degrees Celsius.
    pub fever_c: Decimal,
    /// Below it a thermometer was too cold, in degrees Celsius.
    pub retest_below_c: Decimal,
    /// For how many days somebody is observed.
    pub observation_days: i64,
}

/// All policies, in the order in which they were given.
#[derive(Debug, Default)]
pub struct Policies(Vec<Policy>);

impl Policies {
    /// The policy in force in an area on a day. Before the first one, the first one holds.
    pub fn at(&self, area_code: &str, day: NaiveDate) -> Policy {
        let covering = || self.0.iter().enumerate().filter(|(_, policy)| area_code.starts_with(&policy.area_code));
        let in_force = covering()
            .filter(|(_, policy)| policy.effective_on <= day)
            .max_by_key(|(given, policy)| (policy.area_code.len(), policy.effective_on, *given));
        let first = || covering().min_by_key(|(given, policy)| (policy.effective_on, *given));
        // The migration gives one for everywhere, so the last resort is for a table emptied by hand.
        in_force.or_else(first).map_or_else(Policy::of_2020, |(_, policy)| policy.clone())
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
        let mut decimal = |column: &str| match row.take(column) {
            Value::Decimal(decimal) => Some(decimal),
            _ => None,
        };
        let (fever_c, retest_below_c) = (decimal("fever_c")?, decimal("retest_below_c")?);
        let Value::Day(effective_on) = row.take("effective_on") else { return None };
        let area_code = row.text("area_code").unwrap_or_default();
        Some(Self {
            area_code,
            effective_on,
            fever_c,
            retest_below_c,
            observation_days: row.integer("observation_days")?,
        })
    }
}

/// Policies as they were read in the last seconds.
#[derive(Default)]
pub struct PolicyCache(Mutex<Option<(Instant, Arc<Policies>)>>);

impl PolicyCache {
    /// Reads them anew where they are older than two seconds.
    pub async fn refresh(&self, service: &Service) -> Result<(), Problem> {
        let is_fresh = self.locked().as_ref().is_some_and(|(read_at, _)| read_at.elapsed() < BELIEVED);
        if is_fresh {
            return Ok(());
        }
        let columns = "area_code, effective_on, fever_c, retest_below_c, observation_days";
        let statement = Statement::new(format!("SELECT {columns} FROM observation_policies ORDER BY created_at, id"));
        let rows = service.database.read(&statement).await?;
        let policies = Policies(rows.into_iter().filter_map(Policy::of_row).collect());
        *self.locked() = Some((Instant::now(), Arc::new(policies)));
        Ok(())
    }

    /// Reads them anew at the next refresh.
    pub fn forget(&self) {
        *self.locked() = None;
    }

    /// What is known now.
    pub fn known(&self) -> Arc<Policies> {
        self.locked().as_ref().map(|(_, policies)| Arc::clone(policies)).unwrap_or_default()
    }

    fn locked(&self) -> std::sync::MutexGuard<'_, Option<(Instant, Arc<Policies>)>> {
        self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }
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
