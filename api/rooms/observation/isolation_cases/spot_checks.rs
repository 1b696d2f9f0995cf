//! Spot checks (抽查) by the police at times nobody can foresee.

use kit::field::{Field, Shape, free_text};
use kit::fields;
use kit::text::Text;
use uuid::Uuid;

use super::care::CareRules;
use crate::platform::access::Role;
use crate::records::figure::TIMES;
use crate::records::{Definition, Figure, Kind, Logged};

fields! {
    /// The fields of a spot check, beside the envelope's.
    static FIELDS;
    CASE_ID: Uuid = super::CASE_ID.field.required().on_create();
    PRESENT: bool = Field::new("present", Shape::Boolean, Text::new("Present", "在家"), "Whether the person was at home.").required();
    COMPLIANT: bool = Field::new("compliant", Shape::Boolean, Text::new("Compliant", "遵守要求"), "Whether the requirements were kept.")
        .required();
    FINDING: String = Field::new("finding", free_text(300), Text::new("Finding", "发现情况"), "What was found.").sealed();
}

/// The kind.
pub static SPOT_CHECKS: Kind = Kind::of(Definition {
    name: "spot_checks",
    path: "spot-checks",
    schema: "SpotCheck",
    label: Text::new("Spot check", "入户抽查"),
    about: "A police check of somebody under observation at home.",
    fields: FIELDS,
    filters: &["case_id", "present", "compliant"],
    readers: super::CARERS,
    writers: &[Role::DistrictAdmin, Role::PoliceOfficer],
    rules: &SPOT_CHECK_RULES,
    warnings: &[&super::CASE_ENDED, &super::BEFORE_CASE],
    example: include_str!("../../../../openapi/examples/spot_checks/create.json"),
    ..Definition::FIELD_RECORD
});

static SPOT_CHECK_RULES: CareRules =
    CareRules::new(&[Figure::new("spot_checks", Text::new("Spot checks", "抽查"), TIMES)])
        .logging(&[Logged::each("checks")]);
