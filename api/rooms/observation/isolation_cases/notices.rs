//! Observation notices (医学观察告知书): signed once, before observation can be notified.

use chrono::NaiveDate;
use kit::field::{Field, Shape, free_text};
use kit::fields;
use kit::text::Text;
use uuid::Uuid;

use super::care::CareRules;
use super::wire;
use crate::platform::access::Role;
use crate::records::figure::COPIES;
use crate::records::{Definition, Figure, Kind, Warning};

static DIFFERS: Warning = Warning {
    code: "differs_from_case",
    message: Text::new("differs from the days of the case", "与个案的观察期限不一致"),
};

fields! {
    /// The fields of a notice, beside the envelope's.
    static FIELDS;
    CASE_ID: Uuid = super::CASE_ID.field.required().on_create();
    SIGNED_ON: NaiveDate = Field::new("signed_on", Shape::Day, Text::new("Signed on", "签订日期"), "When it was signed.")
        .happened()
        .required();
    STARTS_ON: NaiveDate = Field::new("starts_on", Shape::Day, Text::new("Starts on", "观察首日"), "First day, as the notice says.");
    ENDS_ON: NaiveDate = Field::new("ends_on", Shape::Day, Text::new("Ends on", "观察末日"), "Last day, as the notice says.");
    ISSUED_BY: String = Field::new("issued_by", free_text(100), Text::new("Issued by", "签发单位"), "Which health centre.").required();
    SIGNED_BY: String = Field::new("signed_by", free_text(60), Text::new("Signed by", "签字人"), "Who signed: the person or a guardian.")
        .sealed();
    REQUIREMENTS_VERSION: String = Field::new(
        "requirements_version",
        free_text(40),
        Text::new("Version of the requirements", "告知书版本"),
        "Which text was signed.",
    );
}

/// The kind.
pub static OBSERVATION_NOTICES: Kind = Kind::of(Definition {
    name: "observation_notices",
    path: "observation-notices",
    schema: "ObservationNotice",
    label: Text::new("Observation notice", "医学观察告知书"),
    about: "A signed notice of medical observation at home.",
    fields: FIELDS,
    filters: &["case_id"],
    readers: super::CARERS,
    writers: &[Role::DistrictAdmin, Role::TownCadre, Role::HealthWorker],
    takes_attachments: true,
    rules: &NOTICE_RULES,
    warnings: &[&DIFFERS, &super::CASE_ENDED, &super::BEFORE_CASE],
    example: include_str!("../../../../openapi/examples/observation_notices/create.json"),
    ..Definition::FIELD_RECORD
});

static NOTICE_RULES: CareRules = CareRules::new(&[Figure::new(
    "observation_notices",
    Text::new("Notices of observation", "医学观察告知书"),
    COPIES,
)])
.judging(|draft, _context| {
    for (field, of_case) in [(STARTS_ON, wire::STARTS_ON), (ENDS_ON, wire::ENDS_ON)] {
        let of_case = draft.reference(&CASE_ID).and_then(|case| case.values.get(&of_case));
        if draft.values.get(&field).is_some_and(|day| Some(day) != of_case) {
            draft.warn(&DIFFERS, &field);
        }
    }
});
