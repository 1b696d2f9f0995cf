//! Violations (违规): what was found, who dealt with it, what came of it.

use kit::field::{Field, Shape, free_text};
use kit::text::Text;
use kit::{fields, words};
use uuid::Uuid;

use super::care::CareRules;
use crate::platform::access::Role;
use crate::records::figure::TIMES;
use crate::records::{Definition, Figure, Kind};

words! {
    /// Kind of violation of isolation.
    pub ViolationKind "violation_kind" "Violation" "违规类型" {
        WentOut "went_out" "went out" "擅自外出";
        ReceivedVisitors "received_visitors" "received visitors" "接待来访";
        VisitedRelatives "visited_relatives" "visited relatives" "走亲访友";
        RefusedMeasurement "refused_measurement" "refused to be measured" "拒测体温";
        RefusedRegistration "refused_registration" "refused to be registered" "拒绝登记";
        ConcealedTravel "concealed_travel" "concealed travel" "隐瞒行程";
        FalseInformation "false_information" "gave false information" "谎报";
        NonCooperation "non_cooperation" "did not cooperate" "不配合";
    }
}
words! {
    /// Consequence of a violation.
    pub ViolationOutcome "violation_outcome" "Outcome" "处理结果" {
        Educated "educated" "educated" "教育劝阻";
        Warned "warned" "warned" "告诫";
        Rectified "rectified" "mended" "整改";
        Centralized "centralized" "moved to central isolation" "集中隔离";
        PoliceCase "police_case" "public security penalty" "治安处罚";
        Transferred "transferred" "handed to the prosecution" "移送";
        Unfounded "unfounded" "unfounded" "不属实";
    }
}

fields! {
    /// The fields of a violation, beside the envelope's.
    static FIELDS;
    CASE_ID: Uuid = super::CASE_ID.field.required().on_create();
    VIOLATION_KIND: ViolationKind = Field::new(
        "violation_kind",
        Shape::Word(ViolationKind::VOCABULARY),
        Text::new("Violation", "违规类型"),
        "What was done.",
    )
    .required();
    DESCRIPTION: String = Field::new("description", free_text(500), Text::new("Description", "情况说明"), "What happened.").sealed();
    HANDLED_BY: String = Field::new("handled_by", free_text(60), Text::new("Handled by", "处理人"), "Who dealt with it.").sealed();
    OUTCOME: ViolationOutcome = Field::new(
        "outcome",
        Shape::Word(ViolationOutcome::VOCABULARY),
        Text::new("Outcome", "处理结果"),
        "What came of it.",
    );
}

/// The kind.
pub static VIOLATIONS: Kind = Kind::of(Definition {
    name: "violations",
    path: "violations",
    schema: "Violation",
    label: Text::new("Violation", "违规记录"),
    about: "A violation of the rules of observation at home.",
    fields: FIELDS,
    filters: &["case_id", "violation_kind", "outcome"],
    readers: super::CARERS,
    writers: &[
        Role::DistrictAdmin,
        Role::GridWorker,
        Role::TownCadre,
        Role::VillageCadre,
        Role::GroupCadre,
        Role::HealthWorker,
        Role::PoliceOfficer,
    ],
    rules: &VIOLATION_RULES,
    warnings: &[&super::CASE_ENDED, &super::BEFORE_CASE],
    example: include_str!("../../../../openapi/examples/violations/create.json"),
    ..Definition::FIELD_RECORD
});

static VIOLATION_RULES: CareRules =
    CareRules::new(&[Figure::new("violations", Text::new("Violations", "违规"), TIMES)]);
