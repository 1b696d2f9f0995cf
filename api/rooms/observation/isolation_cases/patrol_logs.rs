//! Patrol logs (巡查日志) of the group cadre, who looks after the neighbours around the clock.

use kit::field::{Field, Shape, free_text};
use kit::fields;
use kit::text::Text;
use uuid::Uuid;

use super::care::CareRules;
use crate::platform::access::Role;
use crate::records::figure::TIMES;
use crate::records::{Definition, Figure, Kind, Logged};

fields! {
    /// The fields of a patrol log, beside the envelope's.
    static FIELDS;
    CASE_ID: Uuid = super::CASE_ID.field.required().on_create();
    IN_ORDER: bool = Field::new("in_order", Shape::Boolean, Text::new("In order", "情况正常"), "Whether all was as it should be.")
        .required();
    VISIT_STOPPED: bool = Field::new(
        "visit_stopped",
        Shape::Boolean,
        Text::new("Visit stopped", "制止走亲访友"),
        "Whether a visit was stopped.",
    );
    FINDING: String = Field::new("finding", free_text(300), Text::new("Finding", "发现情况"), "What was found.").sealed();
}

/// The kind.
pub static PATROL_LOGS: Kind = Kind::of(Definition {
    name: "patrol_logs",
    path: "patrol-logs",
    schema: "PatrolLog",
    label: Text::new("Patrol log", "巡查日志"),
    about: "A look by the group cadre at somebody under observation at home.",
    fields: FIELDS,
    filters: &["case_id", "in_order"],
    readers: super::CARERS,
    writers: &[Role::DistrictAdmin, Role::GridWorker, Role::VillageCadre, Role::GroupCadre],
    rules: &PATROL_RULES,
    warnings: &[&super::CASE_ENDED, &super::BEFORE_CASE],
    example: include_str!("../../../../openapi/examples/patrol_logs/create.json"),
    ..Definition::FIELD_RECORD
});

static PATROL_RULES: CareRules = CareRules::new(&[Figure::new("patrol_logs", Text::new("Patrols", "巡查记录"), TIMES)])
    .logging(&[Logged::each("patrols")]);
