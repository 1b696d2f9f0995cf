//! Policies of groups (分组标准): how many households a group has at most, as dated data of the district.

use chrono::NaiveDate;
use kit::dated::{Dated, in_force};
use kit::field::{Field, Shape, free_text};
use kit::fields;
use kit::row::Row;
use kit::statement::Statement;
use kit::text::Text;

use super::super::READERS;
use crate::platform::access::Role;
use crate::records::envelope::AREA_CODE;
use crate::records::{Definition, Kind, Measure, Reach, Record, Rules};
use crate::rooms::households::care_policies::table::SHIPPED_BASIS;

/// Where no policy is given: 每10户设立1名负责人 (八步镇), from 2020-01-24 on.
pub const MOST_HOUSEHOLDS: i64 = 10;

fields! {
    /// The fields of a policy, beside the envelope's.
    static FIELDS;
    EFFECTIVE_ON: NaiveDate = Field::new("effective_on", Shape::Day, Text::new("Effective on", "施行日期"), "From which day on.").required();
    MAX_HOUSEHOLDS: i64 = Field::new("max_households", Shape::Integer { min: 1, max: 50 }, Text::new("Households at most", "每组最多户数"), "So many a group has at most.").required();
    BASIS: String = Field::new("basis", free_text(200), Text::new("Basis", "依据"), "The document that says so.").required();
}

/// The kind.
pub static HOUSEHOLD_GROUP_POLICIES: Kind = Kind::of(Definition {
    name: "household_group_policies",
    path: "household-group-policies",
    schema: "HouseholdGroupPolicy",
    label: Text::new("Group policy", "分组标准"),
    about: "How many households a group has at most: for the record's area and all below. Ten where none is given.",
    fields: FIELDS,
    filters: &[],
    reach: Reach::District,
    readers: READERS,
    writers: &[Role::DistrictAdmin],
    rules: &PolicyRules,
    example: include_str!("../../../../openapi/examples/household_group_policies/create.json"),
    ..Definition::FIELD_RECORD
});

struct PolicyRules;

impl Rules for PolicyRules {
    fn stands_when_known(&self) -> bool {
        true
    }

    fn measures(&self, _record: &Record) -> Vec<Measure> {
        vec![("household_group_policies", 1)]
    }
}

/// One policy.
#[derive(Clone, Debug)]
pub struct GroupPolicy {
    area_code: String,
    effective_on: NaiveDate,
    max_households: i64,
    basis: String,
}

impl GroupPolicy {
    /// Households that a group of an area has at most on a day.
    pub fn max_households(policies: &[Self], area_code: &str, day: NaiveDate) -> i64 {
        Self::at(policies, area_code, day).map_or(MOST_HOUSEHOLDS, |policy| policy.max_households)
    }

    /// The same, with the document that says so.
    pub fn told(policies: &[Self], area_code: &str, day: NaiveDate) -> (i64, String) {
        let shipped = || (MOST_HOUSEHOLDS, SHIPPED_BASIS.to_owned());
        Self::at(policies, area_code, day).map_or_else(shipped, |policy| (policy.max_households, policy.basis.clone()))
    }

    fn at<'a>(policies: &'a [Self], area_code: &str, day: NaiveDate) -> Option<&'a Self> {
        in_force(&policies.iter(), area_code, day).filter(|policy| policy.effective_on <= day)
    }

    /// How many households a group of a row's area has at most on a day, as an expression.
    pub fn maximum(policies: &[Self], row: &str, statement: Statement, day: NaiveDate) -> Statement {
        let mut areas: Vec<&str> = policies.iter().map(|policy| policy.area_code.as_str()).collect();
        // The narrowest area decides, as it does above.
        areas.sort_unstable_by_key(|area| (std::cmp::Reverse(area.len()), *area));
        areas.dedup();
        let statement = areas.into_iter().fold(statement.sql("CASE"), |statement, area| {
            let max = Self::max_households(policies, area, day);
            statement.sql(format!(" WHEN starts_with({row}.area_code, ")).text(area).sql(format!(") THEN {max}"))
        });
        statement.sql(format!(" WHEN true THEN {MOST_HOUSEHOLDS} END"))
    }

    /// All of a district, in the order in which they were given.
    pub fn statement(district_code: &str) -> Statement {
        Statement::new("SELECT area_code, effective_on, max_households::bigint AS max_households, basis FROM household_group_policies WHERE NOT voided AND district_code = ")
            .text(district_code)
            .sql(" ORDER BY recorded_at, id")
    }

    /// The policy of such a row.
    pub fn of_row(mut row: Row) -> Option<Self> {
        Some(Self {
            effective_on: row.get(&EFFECTIVE_ON)?,
            max_households: row.get(&MAX_HOUSEHOLDS)?,
            area_code: row.get(&AREA_CODE)?,
            basis: row.get(&BASIS).unwrap_or_default(),
        })
    }
}

impl Dated for GroupPolicy {
    fn area_code(&self) -> &str {
        &self.area_code
    }

    fn effective_on(&self) -> NaiveDate {
        self.effective_on
    }
}
