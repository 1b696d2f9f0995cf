//! Policies as rules ask for them.

use chrono::NaiveDate;
use rust_decimal::Decimal;

use crate::app::Service;
use crate::kit::believed::Believed;
use crate::kit::dated::{Dated, in_force};
use crate::kit::problem::Problem;
use crate::kit::row::Row;
use crate::kit::statement::Statement;
use crate::kit::value::Value;

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
pub type PolicyCache = Believed<Policies>;

/// Reads them, where that was not done just now.
pub async fn refresh(service: &Service) -> Result<(), Problem> {
    let load = async || {
        let columns = "area_code, effective_on, fever_c, retest_below_c, observation_days";
        let statement = Statement::new(format!("SELECT {columns} FROM observation_policies ORDER BY created_at, id"));
        let rows = service.database.read(&statement).await?;
        Ok(Policies(rows.into_iter().filter_map(Policy::of_row).collect()))
    };
    service.policies.refresh(load).await
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
