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

/// Where no policy is given: 每10户设立1名负责人.
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
}

impl GroupPolicy {
    /// Households that a group of an area has at most on a day.
    pub fn max_households(policies: &[Self], area_code: &str, day: NaiveDate) -> i64 {
        in_force(&policies.iter(), area_code, day)
            .filter(|policy| policy.effective_on <= day)
            .map_or(MOST_HOUSEHOLDS, |policy| policy.max_households)
    }

    /// All of a district, in the order in which they were given.
    pub fn statement(district_code: &str) -> Statement {
        Statement::new("SELECT area_code, effective_on, max_households::bigint AS max_households FROM household_group_policies WHERE NOT voided AND district_code = ")
            .text(district_code)
            .sql(" ORDER BY recorded_at, id")
    }

    /// The policy of such a row.
    pub fn of_row(mut row: Row) -> Option<Self> {
        Some(Self {
            effective_on: row.get(&EFFECTIVE_ON)?,
            max_households: row.get(&MAX_HOUSEHOLDS)?,
            area_code: row.get(&AREA_CODE)?,
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
