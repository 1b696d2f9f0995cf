//! Care policies (管控要求): which care people of a category need, and for how long, as dated data of the district.

pub mod in_force;
pub mod table;

use chrono::NaiveDate;
use kit::field::{Field, Shape, free_text};
use kit::text::Text;
use kit::{fields, words};

use super::READERS;
use crate::platform::access::Role;
use crate::records::{Definition, Kind, Measure, Reach, Record, Rules};
use crate::rooms::registers::PersonCategory;

words! {
    /// Care that somebody needs.
    pub Care "care" "Care" "管控措施" {
        Isolation "isolation" "observation at home" "居家观察";
        DailyTemperature "daily_temperature" "a temperature a day" "每日测温";
        None "none" "none" "不需";
    }
}

impl Care {
    /// This care, or where it is none the other one.
    pub fn or(self, other: Self) -> Self {
        if self == Self::None { other } else { self }
    }
}

fields! {
    /// The fields of a policy, beside the envelope's.
    static FIELDS;
    EFFECTIVE_ON: NaiveDate = Field::new("effective_on", Shape::Day, Text::new("Effective on", "施行日期"), "From which day on.").required();
    CATEGORY: PersonCategory = Field::new("category", Shape::Word(PersonCategory::VOCABULARY), Text::new("Category", "人员类别"), "Of whom.").required();
    CARE: Care = Field::new("care", Shape::Word(Care::VOCABULARY), Text::new("Care", "管控措施"), "The care they need.").required();
    WINDOW_DAYS: i64 = Field::new("window_days", Shape::Integer { min: 0, max: 60 }, Text::new("Window (days)", "期限(天)"), "For so many days since the category holds.").required();
    BASIS: String = Field::new("basis", free_text(200), Text::new("Basis", "依据"), "The document that says so.").required();
}

/// The kind.
pub static CARE_POLICIES: Kind = Kind::of(Definition {
    name: "care_policies",
    path: "care-policies",
    schema: "CarePolicy",
    label: Text::new("Care policy", "管控要求"),
    about: "The care that people of a category need: for the record's area and all below.",
    fields: FIELDS,
    filters: &[CATEGORY.name()],
    reach: Reach::District,
    readers: READERS,
    writers: &[Role::DistrictAdmin, Role::CdcOfficer],
    rules: &CarePolicyRules,
    example: include_str!("../../../../openapi/examples/care_policies/create.json"),
    ..Definition::FIELD_RECORD
});

struct CarePolicyRules;

impl Rules for CarePolicyRules {
    fn stands_when_known(&self) -> bool {
        true
    }

    fn measures(&self, _record: &Record) -> Vec<Measure> {
        vec![("care_policies", 1)]
    }
}
