//! Shifts (班次) at places, what they need; templates that make them; who takes them; who came; what was served.
//! The rules across rows are in [`crate::rooms::volunteers::roster`].

pub mod assignments;
pub mod attendances;
mod generate;
mod rosters;
pub mod service_records;
pub mod templates;

use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
pub use generate::operations;
use kit::catalogue::FaultCode;
use kit::faults::Faults;
use kit::field::{Field, Shape, free_text};
use kit::text::Text;
use kit::typed::TypedField;
use kit::value::Values;
use kit::{fields, object};
use ledger::decide::Decider;
use uuid::Uuid;

use crate::platform::codes::INVALID_ORDER;
use crate::records::codes::PERIOD_TOO_LONG;
use crate::records::envelope::OCCURRED_AT;
use crate::records::figure::{PERSON_TIMES, TIMES};
use crate::records::include::Beside;
use crate::records::rules::Told;
use crate::records::write_context::WriteContext;
use crate::records::{Context, Definition, Draft, Figure, Kind, Lines, Measure, Record, Rules, SheetRow, Wide};
use crate::rooms::volunteers::roster::RosterDecider;
use crate::rooms::volunteers::teams::{ORGANIZERS, ROSTER_READERS};
use crate::rooms::volunteers::volunteers::{ANYBODY, DutyRole};

/// A shift is at most so long.
pub const LONGEST: TimeDelta = TimeDelta::hours(24);
/// Time before a shift begins or after it ends within which a record can be about it.
pub const NEAR: TimeDelta = TimeDelta::hours(12);
/// Between two shifts of one person, where a shift doesn't say.
pub const REST_MINUTES: i64 = 0;

object! {
    /// So many of a role.
    pub struct Need, NEED {
        role: DutyRole = Field::new("role", Shape::Word(DutyRole::VOCABULARY), Text::new("Role", "岗位"), "Which role.").required();
        count: i64 = Field::new("count", Shape::Integer { min: 1, max: 100 }, Text::new("Count", "人数"), "How many.").required();
    }
}

fields! {
    /// The fields of a shift, beside the envelope's.
    static FIELDS;
    PLACE_ID: Uuid = Field::new("place_id", Shape::Reference("places"), Text::new("Place", "场所"), "Where.").also(&["卡点", "点位", "地点", "值守点位", "值班地点"]).brings_area(1).required().on_create();
    STARTS_AT: DateTime<Utc> = Field::new("starts_at", Shape::Instant, Text::new("Starts at", "开始时间"), "When it begins.").required();
    ENDS_AT: DateTime<Utc> = Field::new("ends_at", Shape::Instant, Text::new("Ends at", "结束时间"), "When it ends: at most 24 hours later.")
        .required();
    /// Number of people of each role that a shift or a template needs.
    NEEDS: Vec<Need> = Field::new(
        "needs",
        Shape::List { of: &Shape::Object(NEED), max: 9 },
        Text::new("Needs", "所需岗位"),
        "How many of which role, each role once.",
    )
    .not_empty()
    .required();
    /// How long somebody rests before and after.
    MIN_REST_MINUTES: i64 = Field::new(
        "min_rest_minutes",
        Shape::Integer { min: 0, max: 1_440 },
        Text::new("Rest (minutes)", "最少休息(分)"),
        "Between this shift and another of the same person lie at least so many minutes; 0 by default.",
    );
    TEAM_ID: Uuid = Field::new("team_id", Shape::Reference("teams"), Text::new("Team", "队伍"), "The team that answers for it.");
    TEMPLATE_ID: Uuid = Field::new(
        "template_id",
        Shape::Reference("shift_templates"),
        Text::new("Template", "排班模板"),
        "The template that made it.",
    )
    .on_create();
    TITLE: String = Field::new("title", free_text(60), Text::new("Title", "班次名称"), "What people call it: 早班.")
        .also(&["班次", "班别"]);
    CANCELLED: bool = Field::new("cancelled", Shape::Boolean, Text::new("Cancelled", "取消"), "Whether it doesn't take place.");
    /// Where the place was when the shift was planned: what a check-in's position is compared with.
    LONGITUDE: f64 = Field::new(
        "longitude",
        Shape::Number { min: -180.0, max: 180.0 },
        Text::new("Longitude", "经度"),
        "The place's, degrees east.",
    )
    .by_server();
    LATITUDE: f64 = Field::new(
        "latitude",
        Shape::Number { min: -90.0, max: 90.0 },
        Text::new("Latitude", "纬度"),
        "The place's, degrees north.",
    )
    .by_server();
}

/// The kind.
pub static SHIFTS: Kind = Kind::of(Definition {
    name: "shifts",
    path: "shifts",
    schema: "Shift",
    label: Text::new("Shift", "班次"),
    about: "A time at a place for which people are needed.",
    fields: FIELDS,
    filters: &["place_id", "team_id", "template_id", "cancelled"],
    readers: ROSTER_READERS,
    writers: ORGANIZERS,
    rules: &ShiftRules,
    example: include_str!("../../../../openapi/examples/shifts/create.json"),
    ..Definition::FIELD_RECORD
});

struct ShiftRules;

const TAKING_PLACE: Figure = Figure::new("shifts", Text::new("Shifts", "班次"), TIMES).listed("cancelled=false").open();
const PLACES_NEEDED: Figure =
    Figure::new("places_needed", Text::new("People needed", "需要人次"), PERSON_TIMES).listed("cancelled=false").open();
const CANCELLED_SHIFTS: Figure =
    Figure::new("cancelled_shifts", Text::new("Shifts cancelled", "取消班次"), TIMES).listed("cancelled=true").open();
/// Figures of shifts that statistics show.
static FIGURES: &[Figure] = &[TAKING_PLACE, PLACES_NEEDED, CANCELLED_SHIFTS];

impl Rules for ShiftRules {
    fn beside(&self) -> Option<&'static Beside> {
        const {
            Some(&Beside {
                name: "shift",
                members: &["area_code", "place_id", "title", "starts_at", "ends_at", "cancelled"],
                days: None,
            })
        }
    }

    fn stands_when_known(&self) -> bool {
        true
    }

    fn check(&self, draft: &mut Draft, _context: &Context<'_>, faults: &mut Faults) {
        check_needs(draft, faults);
        let (starts_at, ends_at) = (draft.values.get(&STARTS_AT), draft.values.get(&ENDS_AT));
        if let Some((starts_at, ends_at)) = starts_at.zip(ends_at) {
            if ends_at <= starts_at {
                faults.add_with(draft.at(&ENDS_AT), INVALID_ORDER, vec![("other", "starts_at".into())]);
            } else if ends_at - starts_at > LONGEST {
                faults.add_with(draft.at(&ENDS_AT), PERIOD_TOO_LONG, vec![("hours", "24".into())]);
            }
        }
        // A shift happens when it begins, however long before it was planned.
        if let Some(starts_at) = starts_at {
            draft.values.set(&OCCURRED_AT, starts_at);
        }
    }

    fn judge(&self, draft: &mut Draft, _context: &Context<'_>) {
        note_position(draft, &PLACE_ID);
        draft.warnings.retain(|noted| noted.code != crate::records::warnings::OCCURRED_IN_FUTURE.code);
        if draft.values.get(&CANCELLED).is_none() {
            draft.values.set(&CANCELLED, false);
        }
        if draft.values.get(&MIN_REST_MINUTES).is_none() {
            draft.values.set(&MIN_REST_MINUTES, REST_MINUTES);
        }
    }

    fn told(&self) -> Option<&'static Told> {
        const { Some(&Told { by: &[PLACE_ID.name(), STARTS_AT.name(), ENDS_AT.name()], at: None }) }
    }

    fn natural_key(&self) -> &'static [&'static str] {
        &["place_id", "starts_at", "ends_at"]
    }

    fn lines(&self) -> Option<Lines> {
        Some(Lines { list: NEEDS.name(), key: "role" })
    }

    fn wide(&self) -> Option<&'static Wide> {
        Some(&rosters::SHIFT_ROSTERS)
    }

    fn tidy_sheet(&self, row: &mut SheetRow<'_>) {
        rosters::tidy_shift(row);
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
        if record.values.get(&CANCELLED) == Some(true) {
            return vec![CANCELLED_SHIFTS.measured(1)];
        }
        let needed = record.values.list(&NEEDS).map(|need| need.count).sum();
        vec![TAKING_PLACE.measured(1), PLACES_NEEDED.measured(needed)]
    }
}

/// Each role once.
pub fn check_needs(draft: &Draft, faults: &mut Faults) {
    let needs: Vec<Need> = draft.values.list(&NEEDS).collect();
    for (index, need) in needs.iter().enumerate() {
        if needs.iter().take(index).any(|other| other.role == need.role) {
            faults.add(draft.at_item(&NEEDS, index, "role"), FaultCode::REPEATED_ITEM);
        }
    }
}

/// Where a place, a shift, an assignment or a phone is: all call it the same.
pub fn position(values: &Values) -> Option<(f64, f64)> {
    values.get(&LONGITUDE).zip(values.get(&LATITUDE))
}

/// Notes once where the record is that a reference names: how it was when the draft came stands, whatever became of
/// that since.
pub fn note_position(draft: &mut Draft, reference: &TypedField<Uuid>) {
    if draft.values.has(&LONGITUDE) || draft.values.has(&LATITUDE) {
        return;
    }
    let Some(named) = draft.reference(reference) else { return };
    let (longitude, latitude) = (named.values.get(&LONGITUDE), named.values.get(&LATITUDE));
    draft.values.set_or_clear(&LONGITUDE, longitude);
    draft.values.set_or_clear(&LATITUDE, latitude);
}
