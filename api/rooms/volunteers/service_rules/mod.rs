//! Service rules (服务时长规则): how far beyond a shift hours count that somebody else than the volunteer vouches for,
//! as dated data. The narrowest area in force on the day of the shift decides; where none is given it is an hour.

use chrono::{NaiveDate, TimeDelta};
use kit::dated::{Dated, in_force};
use kit::field::{Field, Shape, free_text};
use kit::fields;
use kit::row::Row;
use kit::statement::Statement;
use kit::text::Text;

use crate::platform::access::Role;
use crate::records::envelope::AREA_CODE;
use crate::records::{Definition, Kind, Measure, Reach, Record, Rules};
use crate::rooms::volunteers::shifts::NEAR;
use crate::rooms::volunteers::teams::ROSTER_READERS;

/// Where no rule is given.
pub const MARGIN: TimeDelta = TimeDelta::minutes(60);

fields! {
    /// The fields of a rule, beside the envelope's.
    static FIELDS;
    EFFECTIVE_ON: NaiveDate = Field::new("effective_on", Shape::Day, Text::new("Effective on", "施行日期"), "For shifts of this day on.").required();
    MARGIN_MINUTES: i64 = Field::new(
        "margin_minutes",
        Shape::Integer { min: 0, max: NEAR.num_minutes() },
        Text::new("Margin (minutes)", "班次前后认定(分)"),
        "So many minutes before and after a shift count without being confirmed, where somebody else than the volunteer checked him in or out.",
    )
    .required();
    BASIS: String = Field::new("basis", free_text(200), Text::new("Basis", "依据"), "The document that says so.").required();
}

/// The kind.
pub static SERVICE_RULES: Kind = Kind::of(Definition {
    name: "service_rules",
    path: "service-rules",
    schema: "ServiceRule",
    label: Text::new("Service rule", "服务时长规则"),
    about: "How far beyond a shift hours count without being confirmed: for the record's area and all below.",
    fields: FIELDS,
    filters: &[],
    reach: Reach::District,
    readers: ROSTER_READERS,
    writers: &[Role::DistrictAdmin],
    rules: &ServiceRuleRules,
    example: include_str!("../../../../openapi/examples/service_rules/create.json"),
    ..Definition::FIELD_RECORD
});

struct ServiceRuleRules;

impl Rules for ServiceRuleRules {
    fn stands_when_known(&self) -> bool {
        true
    }

    fn measures(&self, _record: &Record) -> Vec<Measure> {
        vec![("service_rules", 1)]
    }
}

/// One rule.
#[derive(Clone, Debug)]
pub struct ServiceRule {
    area_code: String,
    effective_on: NaiveDate,
    margin: TimeDelta,
}

impl ServiceRule {
    /// How far hours count beyond a shift of an area on a day.
    pub fn margin(rules: &[Self], area_code: &str, day: NaiveDate) -> TimeDelta {
        in_force(&rules.iter(), area_code, day)
            .filter(|rule| rule.effective_on <= day)
            .map_or(MARGIN, |rule| rule.margin)
    }

    /// All of a district, in the order in which they were given.
    pub fn statement(district_code: &str) -> Statement {
        Statement::new("SELECT area_code, effective_on, margin_minutes::bigint AS margin_minutes FROM service_rules WHERE NOT voided AND district_code = ")
            .text(district_code)
            .sql(" ORDER BY recorded_at, id")
    }

    /// The rule of such a row.
    pub fn of_row(mut row: Row) -> Option<Self> {
        let (effective_on, margin_minutes) = (row.get(&EFFECTIVE_ON)?, row.get(&MARGIN_MINUTES)?);
        Some(Self { area_code: row.get(&AREA_CODE)?, effective_on, margin: TimeDelta::minutes(margin_minutes) })
    }
}

impl Dated for ServiceRule {
    fn area_code(&self) -> &str {
        &self.area_code
    }

    fn effective_on(&self) -> NaiveDate {
        self.effective_on
    }
}
