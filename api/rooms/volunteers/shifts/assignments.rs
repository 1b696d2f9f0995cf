//! Assignments (排班): who takes a shift, by an organiser or by signing up himself.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use kit::faults::Fault;
use kit::field::{Field, Shape};
use kit::text::Text;
use kit::{fields, words};
use ledger::decide::Decider;
use uuid::Uuid;

use super::note_position;
use crate::platform::access::Role;
use crate::platform::access::roles::Actor;
use crate::records::envelope::OCCURRED_AT;
use crate::records::figure::PERSON_TIMES;
use crate::records::write_context::WriteContext;
use crate::records::{Context, Definition, Draft, Figure, Kind, Measure, Record, Rules, SheetRow, Wide};
use crate::rooms::volunteers::codes::SHIFT_MOVED;
use crate::rooms::volunteers::roster::RosterDecider;
use crate::rooms::volunteers::teams::{ORGANIZERS, ROSTER_READERS};
use crate::rooms::volunteers::volunteers::{DutyRole, USER_ID};

words! {
    /// How it stands.
    pub AssignmentState "assignment_state" "State" "状态" {
        Assigned "assigned" "assigned" "已排班";
        Cancelled "cancelled" "cancelled" "已取消";
        Swapped "swapped" "given to somebody else" "已换班";
    }
}
words! {
    /// Whether an assigned volunteer came.
    pub AssignmentAttendance "assignment_attendance" "Attendance" "到岗情况" {
        Expected "expected" "not due yet" "待到岗";
        Present "present" "checked in" "在岗";
        Completed "completed" "came and left" "已完成";
        NoShow "no_show" "did not come" "缺勤";
    }
}

/// Member of the forms of what is done to an assignment.
pub mod form {
    use kit::field::{Field, free_text};
    use kit::text::Text;
    use kit::typed::TypedField;

    /// Why it was cancelled or swapped, sealed.
    pub const REASON: TypedField<String> = TypedField::named(
        "REASON",
        Field::new("reason", free_text(500), Text::new("Reason", "原因"), "Why it was cancelled or swapped."),
    );
}

fields! {
    /// The fields of an assignment, beside the envelope's.
    static FIELDS;
    SHIFT_ID: Uuid = Field::new("shift_id", Shape::Reference("shifts"), Text::new("Shift", "班次"), "Which shift.").brings_area(2)
        .required()
        .on_create();
    VOLUNTEER_ID: Uuid = Field::new("volunteer_id", Shape::Reference("volunteers"), Text::new("Volunteer", "志愿者"), "Who takes it.").brings_area(3)
        .required()
        .on_create();
    ROLE: DutyRole = Field::new(
        "role",
        Shape::Word(DutyRole::VOCABULARY),
        Text::new("Role", "岗位"),
        "As what: one of the shift's needs.",
    )
    .required()
    .on_create();
    PLACE_ID: Uuid = Field::new("place_id", Shape::Reference("places"), Text::new("Place", "场所"), "The shift's.").brings_area(1)
        .required()
        .by_server();
    STARTS_AT: DateTime<Utc> = Field::new(
        "starts_at",
        Shape::Instant,
        Text::new("Starts at", "开始时间"),
        "When the shift begins; `occurred_at` is the same, and both follow when the shift is moved.",
    )
    .required()
    .by_server();
    STATE: AssignmentState = Field::new("state", Shape::Word(AssignmentState::VOCABULARY), Text::new("State", "状态"), "Whether it stands.")
        .required()
        .by_server();
    ATTENDANCE: AssignmentAttendance = Field::new(
        "attendance",
        Shape::Word(AssignmentAttendance::VOCABULARY),
        Text::new("Attendance", "到岗情况"),
        "Whether this person came.",
    )
    .required()
    .by_server();
    SWAPPED_TO_ID: Uuid = Field::new("swapped_to_id", Shape::Id, Text::new("Swapped to", "换班至"), "The assignment that took its place.")
        .by_server();
    OFFERED_TO_ID: Uuid = Field::new(
        "offered_to_id",
        Shape::Id,
        Text::new("Offered to", "拟转给"),
        "The volunteer to whom whoever has it offers it, until he accepts or declines.",
    )
    .by_server();
    OFFERED_WITH_ID: Uuid = Field::new(
        "offered_with_id",
        Shape::Id,
        Text::new("Offered for", "拟换班次"),
        "The assignment of that volunteer that is asked for in exchange.",
    )
    .by_server();
    LONGITUDE: f64 = super::LONGITUDE.field;
    LATITUDE: f64 = super::LATITUDE.field;
    REASON: String = form::REASON.field.by_server().sealed();
}

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

const ASSIGNMENTS: Figure =
    Figure::new("assignments", Text::new("Assignments", "排班人次"), PERSON_TIMES).listed("state=assigned").open();
const NO_SHOWS: Figure = Figure::new("no_shows", Text::new("Not shown up", "缺岗人次"), PERSON_TIMES)
    .listed("state=assigned&attendance=no_show")
    .open();
const ASSIGNMENTS_CANCELLED: Figure =
    Figure::new("assignments_cancelled", Text::new("Cancelled", "取消人次"), PERSON_TIMES)
        .listed("state=cancelled")
        .open();
const ASSIGNMENTS_SWAPPED: Figure =
    Figure::new("assignments_swapped", Text::new("Given to somebody else", "换班人次"), PERSON_TIMES)
        .listed("state=swapped")
        .open();
/// Figures of assignments that statistics show.
static FIGURES: &[Figure] = &[ASSIGNMENTS, NO_SHOWS, ASSIGNMENTS_CANCELLED, ASSIGNMENTS_SWAPPED];

impl Rules for AssignmentRules {
    fn stands_when_known(&self) -> bool {
        true
    }

    fn check_references(&self, draft: &mut Draft, _context: &Context<'_>, _faults: &mut kit::faults::Faults) {
        if let Some(shift) = draft.reference(&SHIFT_ID) {
            let (place_id, starts_at) = (shift.values.get(&super::PLACE_ID), shift.values.get(&super::STARTS_AT));
            draft.values.set_or_clear(&PLACE_ID, place_id);
            draft.values.set_or_clear(&STARTS_AT, starts_at);
        }
        // It happens when the shift does, however long before somebody signed up.
        if let Some(starts_at) = draft.values.get(&STARTS_AT) {
            draft.values.set(&OCCURRED_AT, starts_at);
        }
    }

    fn judge(&self, draft: &mut Draft, _context: &Context<'_>) {
        note_position(draft, &SHIFT_ID);
        draft.warnings.retain(|noted| noted.code != crate::records::warnings::OCCURRED_IN_FUTURE.code);
        if draft.values.get(&STATE).is_none() {
            draft.values.set(&STATE, AssignmentState::Assigned);
        }
        if draft.values.get(&ATTENDANCE).is_none() {
            draft.values.set(&ATTENDANCE, AssignmentAttendance::Expected);
        }
    }

    /// Volunteers who don't make rosters sign up themselves, and nobody else.
    fn permits(&self, actor: &Actor, draft: &Draft) -> bool {
        let account = draft.reference(&VOLUNTEER_ID).and_then(|volunteer| volunteer.values.get(&USER_ID));
        actor.holds(ORGANIZERS) || account == Some(actor.user_id)
    }

    /// Whoever has a shift gives it up (`:cancel`, until the cut-off); a void would pass the cut-off by.
    fn voiders(&self) -> Option<&'static [Role]> {
        Some(ORGANIZERS)
    }

    fn natural_key(&self) -> &'static [&'static str] {
        &["shift_id", "volunteer_id"]
    }

    fn wide(&self) -> Option<&'static Wide> {
        Some(&super::rosters::ASSIGNMENT_ROSTERS)
    }

    fn tidy_sheet(&self, row: &mut SheetRow<'_>) {
        super::rosters::tidy_assignment(row);
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
        draft.values.set(&STARTS_AT, starts_at);
        draft.values.set(&OCCURRED_AT, starts_at);
        true
    }

    fn figures(&self) -> &'static [Figure] {
        FIGURES
    }

    fn measures(&self, record: &Record) -> Vec<Measure> {
        match record.values.get(&STATE) {
            Some(AssignmentState::Assigned) => {
                let missed = record.values.get(&ATTENDANCE) == Some(AssignmentAttendance::NoShow);
                [ASSIGNMENTS.measured(1)].into_iter().chain(missed.then(|| NO_SHOWS.measured(1))).collect()
            }
            Some(AssignmentState::Swapped) => vec![ASSIGNMENTS_SWAPPED.measured(1)],
            Some(AssignmentState::Cancelled) | None => vec![ASSIGNMENTS_CANCELLED.measured(1)],
        }
    }
}
