//! Follow-up visits (随访): somebody of one of the five lines was at the door.

use kit::field::{Field, Shape, free_text};
use kit::text::Text;
use kit::{fields, words};
use uuid::Uuid;

use super::care::{CareRules, check_symptoms};
use super::wire::SupervisorLevel;
use crate::platform::access::Role;
use crate::records::figure::TIMES;
use crate::records::{Definition, Figure, Kind, Logged};
use crate::rooms::checkpoints::Symptom;

words! {
    /// Health of the visited person.
    pub HealthStatus "health_status" "Health" "身体状况" {
        Well "well" "well" "良好";
        Unwell "unwell" "unwell" "不适";
        NotSeen "not_seen" "not seen" "未见到";
    }
}

fields! {
    /// The fields of a visit, beside the envelope's.
    static FIELDS;
    CASE_ID: Uuid = super::CASE_ID.field.required().on_create();
    LINE: SupervisorLevel = Field::new(
        "line",
        Shape::Word(SupervisorLevel::VOCABULARY),
        Text::new("Line", "责任线"),
        "Whose visit; the town's by default.",
    );
    HEALTH_STATUS: HealthStatus = Field::new(
        "health_status",
        Shape::Word(HealthStatus::VOCABULARY),
        Text::new("Health", "身体状况"),
        "How the person is.",
    )
    .required();
    SYMPTOMS: Vec<Symptom> = super::SYMPTOMS.field;
    LIVING_NEEDS: String = Field::new("living_needs", free_text(300), Text::new("Living needs", "生活需求"), "What is needed.").sealed();
    ADVICE_GIVEN: String = Field::new("advice_given", free_text(300), Text::new("Advice given", "宣传告知"), "What was advised.").sealed();
    DOOR_NOTICE_POSTED: bool = Field::new(
        "door_notice_posted",
        Shape::Boolean,
        Text::new("Door notice posted", "门口张贴温馨提示"),
        "Whether the notice hangs at the door.",
    );
    VISITORS_DECLINED_INFORMED: bool = Field::new(
        "visitors_declined_informed",
        Shape::Boolean,
        Text::new("Told to decline visitors", "告知谢绝来访"),
        "Whether it was said that visitors are to be declined.",
    );
    MEDICAL_GUIDANCE_GIVEN: bool = Field::new(
        "medical_guidance_given",
        Shape::Boolean,
        Text::new("Medical guidance given", "告知就医方式"),
        "Whether it was said where to turn when unwell.",
    );
}

/// The kind.
pub static FOLLOW_UP_VISITS: Kind = Kind::of(Definition {
    name: "follow_up_visits",
    path: "follow-up-visits",
    schema: "FollowUpVisit",
    label: Text::new("Follow-up visit", "上门随访"),
    about: "A visit to somebody under observation at home.",
    fields: FIELDS,
    filters: &["case_id", "line", "health_status"],
    readers: super::CARERS,
    writers: &[
        Role::DistrictAdmin,
        Role::GridWorker,
        Role::TownCadre,
        Role::VillageCadre,
        Role::GroupCadre,
        Role::HealthWorker,
        Role::CdcOfficer,
        Role::PoliceOfficer,
    ],
    takes_attachments: true,
    rules: &VISIT_RULES,
    warnings: &[&super::CASE_ENDED, &super::BEFORE_CASE],
    example: include_str!("../../../../openapi/examples/follow_up_visits/create.json"),
    ..Definition::FIELD_RECORD
});

static VISIT_RULES: CareRules =
    CareRules::new(&[Figure::new("follow_up_visits", Text::new("Visits", "上门随访"), TIMES)])
        .logging(&[Logged::each("visits")])
        .judging(|draft, _context| {
            if draft.values.get(&LINE).is_none() {
                draft.values.set(&LINE, SupervisorLevel::Town);
            }
        })
        .checking(check_symptoms);
