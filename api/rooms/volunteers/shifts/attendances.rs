//! Attendances (到岗签到): check-in, check-out, and the note for whoever comes next; from phones without a network
//! too. A position only ever warns.

use std::sync::Arc;

use kit::faults::{Fault, Faults};
use kit::field::{Field, Shape, free_text};
use kit::fields;
use kit::text::Text;
use kit::words;
use ledger::decide::Decider;
use uuid::Uuid;

use super::assignments::{self, AssignmentState};
use crate::platform::access::Role;
use crate::platform::access::roles::Actor;
use crate::records::envelope::{AREA_CODE, OCCURRED_AT};
use crate::records::figure::PERSON_TIMES;
use crate::records::write_context::WriteContext;
use crate::records::{Context, Definition, Draft, Figure, Kind, Measure, Record, Rules, Warning};
use crate::rooms::volunteers::codes;
use crate::rooms::volunteers::roster::RosterDecider;
use crate::rooms::volunteers::shifts::{ENDS_AT, NEAR, STARTS_AT, position};
use crate::rooms::volunteers::teams::ROSTER_READERS;
use crate::rooms::volunteers::volunteers::USER_ID;

words! {
    /// Step that was taken.
    pub AttendanceAction "attendance_action" "Action" "签到类型" {
        CheckIn "check_in" "check-in" "签到";
        CheckOut "check_out" "check-out" "签退";
    }
}

/// Far from the place: the phone's position may be wrong.
static FAR_AWAY: Warning = Warning {
    code: "far_away",
    message: Text::new("more than 500 metres from the place, by the phone's position", "定位距场所超过 500 米"),
};
/// Nobody wants this assignment any more.
static NOT_ASSIGNED: Warning = Warning {
    code: "not_assigned",
    message: Text::new("the assignment was cancelled or swapped", "该排班已取消或换班"),
};
/// A second check-in of one assignment: pressed twice, or somebody else's.
static ALREADY_CHECKED_IN: Warning = Warning {
    code: "already_checked_in",
    message: Text::new(
        "this assignment had a check-in already; the first one counts",
        "该排班已有签到记录,以首次签到为准",
    ),
};
/// Warning about a check-in or check-out at another time than the shift's: it proves nothing of it.
static OUTSIDE_SHIFT: Warning = Warning {
    code: "outside_shift",
    message: Text::new(
        "more than 12 hours before the shift begins or after it ends: it proves nothing",
        "早于班次开始 12 小时以上或晚于结束 12 小时以上,不作为到岗依据",
    ),
};
/// Farther than this is told.
const FAR_M: f64 = 500.0;

fields! {
    /// The fields of an attendance, beside the envelope's.
    static FIELDS;
    ASSIGNMENT_ID: Uuid = Field::new("assignment_id", Shape::Reference("shift_assignments"), Text::new("Assignment", "排班记录"), "Whose.").brings_area(3)
        .required()
        .on_create();
    ACTION: AttendanceAction = Field::new(
        "action",
        Shape::Word(AttendanceAction::VOCABULARY),
        Text::new("Action", "签到类型"),
        "Came or left; when is `occurred_at`.",
    )
    .required()
    .on_create();
    LONGITUDE: f64 = Field::new(
        "longitude",
        Shape::Number { min: -180.0, max: 180.0 },
        Text::new("Longitude", "经度"),
        "Degrees east, WGS-84; never a reason to refuse.",
    );
    LATITUDE: f64 = Field::new(
        "latitude",
        Shape::Number { min: -90.0, max: 90.0 },
        Text::new("Latitude", "纬度"),
        "Degrees north, WGS-84.",
    );
    HANDOVER_NOTE: String = Field::new(
        "handover_note",
        free_text(500),
        Text::new("Hand-over note", "交接事项"),
        "What the next shift must know. Encrypted at rest.",
    )
    .sealed();
    REPEATED: bool = Field::new(
        "repeated",
        Shape::Boolean,
        Text::new("Repeated", "重复签到"),
        "Whether the assignment had a check-in already when this one came.",
    )
    .by_server();
    SHIFT_ID: Uuid = Field::new("shift_id", Shape::Reference("shifts"), Text::new("Shift", "班次"), "The assignment's.").brings_area(2)
        .required()
        .by_server();
    VOLUNTEER_ID: Uuid = Field::new("volunteer_id", Shape::Reference("volunteers"), Text::new("Volunteer", "志愿者"), "The assignment's.").brings_area(4)
        .required()
        .by_server();
    PLACE_ID: Uuid = Field::new("place_id", Shape::Reference("places"), Text::new("Place", "场所"), "The shift's.").brings_area(1)
        .required()
        .by_server();
}

/// The kind.
pub static SHIFT_ATTENDANCES: Kind = Kind::of(Definition {
    name: "shift_attendances",
    path: "shift-attendances",
    schema: "ShiftAttendance",
    label: Text::new("Shift attendance", "到岗记录"),
    about: "Somebody came to a shift or left it.",
    fields: FIELDS,
    filters: &["assignment_id", "shift_id", "volunteer_id", "place_id", "action"],
    readers: ROSTER_READERS,
    writers: &[
        Role::DistrictAdmin,
        Role::OrgAdmin,
        Role::GridWorker,
        Role::TownCadre,
        Role::VillageCadre,
        Role::GateGuard,
        Role::Volunteer,
    ],
    rules: &AttendanceRules,
    warnings: &[&FAR_AWAY, &NOT_ASSIGNED, &ALREADY_CHECKED_IN, &OUTSIDE_SHIFT],
    example: include_str!("../../../../openapi/examples/shift_attendances/create.json"),
    ..Definition::FIELD_RECORD
});

/// Roles that may check others in: those that make rosters, and those that keep gates.
const OVERSEERS: &[Role] =
    &[Role::DistrictAdmin, Role::OrgAdmin, Role::GridWorker, Role::TownCadre, Role::VillageCadre, Role::GateGuard];

struct AttendanceRules;

const CHECK_INS: Figure =
    Figure::new("check_ins", Text::new("Check-ins", "签到"), PERSON_TIMES).listed("action=check_in").open();
const CHECK_OUTS: Figure =
    Figure::new("check_outs", Text::new("Check-outs", "签退"), PERSON_TIMES).listed("action=check_out").open();
/// Figures of attendances that statistics show.
static FIGURES: &[Figure] = &[CHECK_INS, CHECK_OUTS];

impl Rules for AttendanceRules {
    fn check_references(&self, draft: &mut Draft, _context: &Context<'_>, _faults: &mut Faults) {
        let Some(assignment) = draft.reference(&ASSIGNMENT_ID).cloned() else { return };
        draft.values.set_or_clear(&SHIFT_ID, assignment.values.get(&assignments::SHIFT_ID));
        draft.values.set_or_clear(&VOLUNTEER_ID, assignment.values.get(&assignments::VOLUNTEER_ID));
        draft.values.set_or_clear(&PLACE_ID, assignment.values.get(&assignments::PLACE_ID));
        if draft.values.get(&AREA_CODE).is_none() {
            draft.values.set(&AREA_CODE, assignment.envelope.area_code);
        }
    }

    fn through(&self) -> &'static [(&'static str, &'static str)] {
        &[("assignment_id", "volunteer_id"), ("assignment_id", "shift_id")]
    }

    /// Whoever oversees nobody checks in himself, and nobody else.
    fn permits(&self, actor: &Actor, draft: &Draft) -> bool {
        let account = draft.reference(&VOLUNTEER_ID).and_then(|volunteer| volunteer.values.get(&USER_ID));
        actor.holds(OVERSEERS) || account == Some(actor.user_id)
    }

    fn judge(&self, draft: &mut Draft, context: &Context<'_>) {
        if draft.values.get(&REPEATED) == Some(true) {
            draft.warn(&ALREADY_CHECKED_IN, &ASSIGNMENT_ID);
        }
        let occurred_at = draft.values.get(&OCCURRED_AT).unwrap_or(context.now);
        let shift = draft.reference(&SHIFT_ID).map(|shift| &shift.values);
        let times = shift.and_then(|shift| shift.get(&STARTS_AT).zip(shift.get(&ENDS_AT)));
        if times.is_some_and(|(from, to)| occurred_at < from - NEAR || occurred_at > to + NEAR) {
            draft.warn(&OUTSIDE_SHIFT, &OCCURRED_AT);
        }
        let assignment = draft.reference(&ASSIGNMENT_ID);
        let state = assignment.map(|assignment| assignment.values.get(&assignments::STATE));
        if state.is_some_and(|state| state != Some(AssignmentState::Assigned)) {
            draft.warn(&NOT_ASSIGNED, &ASSIGNMENT_ID);
        }
        let place = draft.reference(&ASSIGNMENT_ID).and_then(|assignment| position(&assignment.values));
        if let (Some(place), Some(own)) = (place, position(&draft.values))
            && distance_m(place, own) > FAR_M
        {
            draft.warn(&FAR_AWAY, &LATITUDE);
        }
    }

    /// One more is kept, and told.
    fn relax_on_conflict(&self, draft: &mut Draft, faults: &[Fault]) -> bool {
        let again = faults.iter().any(|fault| fault.code == codes::ALREADY_CHECKED_IN);
        if again {
            draft.values.set(&REPEATED, true);
            draft.warn(&ALREADY_CHECKED_IN, &ASSIGNMENT_ID);
        }
        again
    }

    fn natural_key(&self) -> &'static [&'static str] {
        &["assignment_id", "action", "occurred_at"]
    }

    fn decider(&self, _: Option<&Record>, _: &Record, write_context: &Arc<WriteContext>) -> Option<Arc<dyn Decider>> {
        Some(RosterDecider::of(write_context))
    }

    fn judged_across_rows(&self) -> bool {
        true
    }

    fn figures(&self) -> &'static [Figure] {
        FIGURES
    }

    fn measures(&self, record: &Record) -> Vec<Measure> {
        match record.values.get(&ACTION) {
            Some(AttendanceAction::CheckIn) => vec![CHECK_INS.measured(1)],
            Some(AttendanceAction::CheckOut) | None => vec![CHECK_OUTS.measured(1)],
        }
    }
}

/// Metres between two positions on a globe, near enough for a warning.
fn distance_m((east, north): (f64, f64), (other_east, other_north): (f64, f64)) -> f64 {
    const METRES_A_DEGREE: f64 = 111_195.0;
    let wide = (other_east - east) * ((north + other_north) / 2.0).to_radians().cos();
    (wide * METRES_A_DEGREE).hypot((other_north - north) * METRES_A_DEGREE)
}
