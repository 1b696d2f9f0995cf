//! Care that is in force: the district's policies, and those that hold where it has none.

use chrono::{Days, NaiveDate};
use kit::dated::{Dated, in_force};
use kit::problem::Problem;
use kit::row::Row;
use kit::statement::Statement;
use uuid::Uuid;

use super::{BASIS, CARE, CATEGORY, Care, EFFECTIVE_ON, WINDOW_DAYS};
use crate::platform::core::Core;
use crate::records::envelope::{AREA_CODE, ID};
use crate::rooms::registers::PersonCategory;

/// From when on the shipped policies hold.
const SHIPPED_ON: NaiveDate = match NaiveDate::from_ymd_opt(2020, 1, 24) {
    Some(day) => day,
    None => NaiveDate::MIN,
};
/// The document behind the shipped policies.
pub const SHIPPED_BASIS: &str = "八步镇防控工作要求";
/// For so many days, as shipped.
const SHIPPED_DAYS: i64 = 14;
/// The longest that a policy may say.
pub const LONGEST_DAYS: u64 = 60;

/// The care of people who came from elsewhere or were close to somebody (八步镇): observed at home where Hubei is behind
/// it, measured once a day otherwise.
const SHIPPED: [(PersonCategory, Care); 5] = [
    (PersonCategory::HubeiReturnee, Care::Isolation),
    (PersonCategory::HubeiTransitReturnee, Care::Isolation),
    (PersonCategory::HubeiReturneeContact, Care::Isolation),
    (PersonCategory::CloseContact, Care::Isolation),
    (PersonCategory::OutsideCityReturnee, Care::DailyTemperature),
];

/// One policy.
#[derive(Clone, Debug)]
pub struct CarePolicy {
    /// The record; none of one that is shipped.
    pub id: Option<Uuid>,
    /// That division and all below; empty for everywhere.
    pub area_code: String,
    /// From which day on.
    pub effective_on: NaiveDate,
    /// Of whom.
    pub category: PersonCategory,
    /// The care they need.
    pub care: Care,
    /// For so many days after the one since which the category holds.
    pub window_days: i64,
    /// The document that says so.
    pub basis: String,
}

impl Dated for CarePolicy {
    fn area_code(&self) -> &str {
        &self.area_code
    }

    fn effective_on(&self) -> NaiveDate {
        self.effective_on
    }
}

impl CarePolicy {
    fn of_row(mut row: Row) -> Option<Self> {
        Some(Self {
            id: row.get(&ID),
            area_code: row.get(&AREA_CODE)?,
            effective_on: row.get(&EFFECTIVE_ON)?,
            category: row.get(&CATEGORY)?,
            care: row.get(&CARE)?,
            window_days: row.get(&WINDOW_DAYS)?,
            basis: row.get(&BASIS).unwrap_or_default(),
        })
    }

    fn shipped((category, care): (PersonCategory, Care)) -> Self {
        Self {
            id: None,
            area_code: String::new(),
            effective_on: SHIPPED_ON,
            category,
            care,
            window_days: SHIPPED_DAYS,
            basis: SHIPPED_BASIS.to_owned(),
        }
    }

    /// The last day of the care of somebody who is in the category since a day.
    pub fn last_on(&self, since_on: NaiveDate) -> NaiveDate {
        let days = u64::try_from(self.window_days).unwrap_or_default();
        since_on.checked_add_days(Days::new(days)).unwrap_or(since_on)
    }
}

/// All policies of a district, the shipped ones first.
pub struct CareTable(Vec<CarePolicy>);

impl CareTable {
    /// Reads those of a district.
    pub async fn load(core: &Core, district_code: &str) -> Result<Self, Problem> {
        let statement = Statement::new("SELECT id, area_code, effective_on, category, care, window_days::bigint AS window_days, basis FROM care_policies WHERE NOT voided AND district_code = ")
            .text(district_code)
            .sql(" ORDER BY recorded_at, id")
            .seeing_district(district_code);
        let own = core.database.read(&statement).await?.into_iter().filter_map(CarePolicy::of_row);
        Ok(Self(SHIPPED.into_iter().map(CarePolicy::shipped).chain(own).collect()))
    }

    /// The policy for a category in an area on a day; none where nobody says anything of it, or not yet.
    pub fn at(&self, category: PersonCategory, area_code: &str, day: NaiveDate) -> Option<&CarePolicy> {
        let of_category = self.0.iter().filter(|policy| policy.category == category);
        in_force(&of_category, area_code, day).filter(|policy| policy.effective_on <= day)
    }
}
