//! Assignments (排班): who takes a shift, by an organiser or by signing up himself.

use kit::words;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use kit::faults::Fault;
use kit::field::{Field, Shape, free_text};
use kit::text::Text;
use kit::value::Value;
use ledger::decide::Decider;

use super::{POSITION, copy, copy_once};
use crate::platform::access::Role;
use crate::platform::access::roles::Actor;
use crate::records::figure::PERSON_TIMES;
use crate::records::write_context::WriteContext;
use crate::records::{Context, Definition, Draft, Figure, Kind, Measure, Record, Rules};
use crate::rooms::volunteers::codes::SHIFT_MOVED;
use crate::rooms::volunteers::roster::RosterDecider;
use crate::rooms::volunteers::teams::{ORGANIZERS, ROSTER_READERS};
use crate::rooms::volunteers::volunteers::DutyRole;

words! {
    /// State.
    pub AssignmentState "assignment_state" "State" "状态" {
        Assigned "assigned" "assigned" "已排班";
        Cancelled "cancelled" "cancelled" "已取消";
        Swapped "swapped" "given to somebody else" "已换班";
    }
}
words! {
    /// Attendance.
    pub AssignmentAttendance "assignment_attendance" "Attendance" "到岗情况" {
        Expected "expected" "not due yet" "待到岗";
        Present "present" "checked in" "在岗";
        Completed "completed" "came and left" "已完成";
        NoShow "no_show" "did not come" "缺勤";
    }
}

/// Why it was cancelled or swapped, sealed.
pub const REASON: Field =
    Field::new("reason", free_text(500), Text::new("Reason", "原因"), "Why it was cancelled or swapped.");

static FIELDS: &[Field] = &[
    Field::new("shift_id", Shape::Reference("shifts"), Text::new("Shift", "班次"), "Which shift.")
        .brings_area(2)
        .required()
        .on_create(),
    Field::new("volunteer_id", Shape::Reference("volunteers"), Text::new("Volunteer", "志愿者"), "Who takes it.")
        .brings_area(3)
        .required()
        .on_create(),
    Field::new(
        "role",
        Shape::Word(DutyRole::VOCABULARY),
        Text::new("Role", "岗位"),
        "As what: one of the shift's needs.",
    )
    .required()
    .on_create(),
    Field::new("place_id", Shape::Reference("places"), Text::new("Place", "场所"), "The shift's.")
        .brings_area(1)
        .required()
        .by_server(),
    Field::new(
        "starts_at",
        Shape::Instant,
        Text::new("Starts at", "开始时间"),
        "When the shift begins; `occurred_at` is the same, and both follow when the shift is moved.",
    )
    .required()
    .by_server(),
    Field::new("state", Shape::Word(AssignmentState::VOCABULARY), Text::new("State", "状态"), "Whether it stands.")
        .required()
        .by_server(),
    Field::new(
        "attendance",
        Shape::Word(AssignmentAttendance::VOCABULARY),
        Text::new("Attendance", "到岗情况"),
        "Whether this person came.",
    )
    .required()
    .by_server(),
    Field::new("swapped_to_id", Shape::Id, Text::new("Swapped to", "换班至"), "The assignment that took its place.")
        .by_server(),
    Field::new(
        "offered_to_id",
        Shape::Id,
        Text::new("Offered to", "拟转给"),
        "The volunteer to whom whoever has it offers it, until he accepts or declines.",
    )
    .by_server(),
    Field::new(
        "offered_with_id",
        Shape::Id,
        Text::new("Offered for", "拟换班次"),
        "The assignment of that volunteer that is asked for in exchange.",
    )
    .by_server(),
    POSITION[0],
    POSITION[1],
    REASON.by_server().sealed(),
];

/// The kind.
pub static SHIFT_ASSIGNMENTS: Kind = Kind::of(Definition {
    name: "shift_assignments",
    path: "shift-assignments",
    schema: "ShiftAssignment",
    label: Text::new("Shift assignment", "排班记录"),
    about: "Somebody takes a shift.",
    fields: FIELDS,
    filters: &["shift_id", "volunteer_id", "place_id", "role", "state", "attendance", "offered_to_id"],
    readers: ROSTER_READERS,
    writers: WRITERS,
    rules: &AssignmentRules,
    example: include_str!("../../../../openapi/examples/shift_assignments/create.json"),
    ..Definition::FIELD_RECORD
});

const WRITERS: &[Role] =
    &[Role::DistrictAdmin, Role::OrgAdmin, Role::GridWorker, Role::TownCadre, Role::VillageCadre, Role::Volunteer];

struct AssignmentRules;

/// Figures of assignments that statistics show.
static FIGURES: &[Figure] = &[
    Figure::new("assignments", Text::new("Assignments", "排班人次"), PERSON_TIMES).listed("state=assigned").open(),
    Figure::new("no_shows", Text::new("Not shown up", "缺岗人次"), PERSON_TIMES)
        .listed("state=assigned&attendance=no_show")
        .open(),
    Figure::new("assignments_cancelled", Text::new("Cancelled", "取消人次"), PERSON_TIMES)
        .listed("state=cancelled")
        .open(),
    Figure::new("assignments_swapped", Text::new("Given to somebody else", "换班人次"), PERSON_TIMES)
        .listed("state=swapped")
        .open(),
];

impl Rules for AssignmentRules {
    fn stands_when_known(&self) -> bool {
        true
    }

    fn check_references(&self, draft: &mut Draft, _context: &Context<'_>, _faults: &mut kit::faults::Faults) {
        copy(draft, "shift_id", &["place_id", "starts_at"]);
        // It happens when the shift does, however long before somebody signed up.
        if let Some(starts_at) = draft.values.instant("starts_at") {
            draft.values.set("occurred_at", Value::Instant(starts_at));
        }
    }

    fn judge(&self, draft: &mut Draft, _context: &Context<'_>) {
        copy_once(draft, "shift_id", &["longitude", "latitude"]);
        draft.warnings.retain(|noted| noted.code != crate::records::warnings::OCCURRED_IN_FUTURE.code);
        for (name, default) in [("state", "assigned"), ("attendance", "expected")] {
            if draft.values.text(name).is_none() {
                draft.values.set(name, Value::Text(default.to_owned()));
            }
        }
    }

    /// Volunteers who don't make rosters sign up themselves, and nobody else.
    fn permits(&self, actor: &Actor, draft: &Draft) -> bool {
        let account = draft.references.get("volunteer_id").and_then(|volunteer| volunteer.values.id("user_id"));
        actor.holds(ORGANIZERS) || account == Some(actor.user_id)
    }

    /// Whoever has a shift gives it up (`:cancel`, until the cut-off); a void would pass the cut-off by.
    fn voiders(&self) -> Option<&'static [Role]> {
        Some(ORGANIZERS)
    }

    fn natural_key(&self) -> &'static [&'static str] {
        &["shift_id", "volunteer_id"]
    }

    fn decider(&self, _: Option<&Record>, _: &Record, write_context: &Arc<WriteContext>) -> Option<Arc<dyn Decider>> {
        Some(RosterDecider::of(write_context))
    }

    fn judged_across_rows(&self) -> bool {
        true
    }

    /// The shift was moved while somebody took it: he takes it as it begins now.
    fn relax_on_conflict(&self, draft: &mut Draft, faults: &[Fault]) -> bool {
        let [fault] = faults else { return false };
        let told = fault.values.iter().find(|(name, _)| fault.code == SHIFT_MOVED && *name == "starts_at");
        let Some(starts_at) = told.and_then(|(_, at)| at.parse::<DateTime<Utc>>().ok()) else { return false };
        draft.values.set("starts_at", Value::Instant(starts_at));
        draft.values.set("occurred_at", Value::Instant(starts_at));
        true
    }

    fn figures(&self) -> &'static [Figure] {
        FIGURES
    }

    fn measures(&self, record: &Record) -> Vec<Measure> {
        match (record.values.text("state"), record.values.text("attendance")) {
            (Some("assigned"), Some("no_show")) => vec![("assignments", 1), ("no_shows", 1)],
            (Some("assigned"), _) => vec![("assignments", 1)],
            (Some("swapped"), _) => vec![("assignments_swapped", 1)],
            _ => vec![("assignments_cancelled", 1)],
        }
    }
}
