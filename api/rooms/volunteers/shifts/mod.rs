//! Shifts (班次) at places, what they need; templates that make them; who takes them; who came; what was served.
//! The rules across rows are in [`crate::rooms::volunteers::roster`].

pub mod assignments;
pub mod attendances;
mod generate;
pub mod service_records;
pub mod templates;

use std::sync::Arc;

use chrono::TimeDelta;
pub use generate::operations;
use kit::catalogue::FaultCode;
use kit::faults::Faults;
use kit::field::{Field, Shape, free_text};
use kit::text::Text;
use kit::value::{Value, Values};
use ledger::decide::Decider;
use serde_json::Value as Json;

use crate::records::figure::{PERSON_TIMES, TIMES};
use crate::records::write_context::WriteContext;
use crate::records::{Context, Definition, Draft, Figure, Lines, Measure, Reach, Record, Rules};
use crate::rooms::volunteers::roster::RosterDecider;
use crate::rooms::volunteers::teams::{ORGANIZERS, ROSTER_READERS};
use crate::rooms::volunteers::volunteers::DUTY_ROLE;

/// A shift is at most so long.
pub const LONGEST: TimeDelta = TimeDelta::hours(24);
/// Time before a shift begins or after it ends within which a record can be about it.
pub const NEAR: TimeDelta = TimeDelta::hours(12);
/// Between two shifts of one person, where a shift doesn't say.
pub const REST_MINUTES: i64 = 0;

/// So many of a role.
const NEED: &[Field] = &[
    Field::new("role", Shape::Word(&DUTY_ROLE), Text::new("Role", "岗位"), "Which role.").required(),
    Field::new("count", Shape::Integer { min: 1, max: 100 }, Text::new("Count", "人数"), "How many.").required(),
];
const NEED_ITEM: &Shape = &Shape::Object(NEED);
/// Number of people of each role that a shift or a template needs.
pub const NEEDS: Field = Field::new(
    "needs",
    Shape::List { of: NEED_ITEM, max: 9 },
    Text::new("Needs", "所需岗位"),
    "How many of which role, each role once.",
)
.not_empty();
/// Where the place was when the shift was planned: what a check-in's position is compared with.
pub const POSITION: [Field; 2] = [
    Field::new(
        "longitude",
        Shape::Number { min: -180.0, max: 180.0 },
        Text::new("Longitude", "经度"),
        "The place's, degrees east.",
    )
    .by_server(),
    Field::new(
        "latitude",
        Shape::Number { min: -90.0, max: 90.0 },
        Text::new("Latitude", "纬度"),
        "The place's, degrees north.",
    )
    .by_server(),
];
/// How long somebody rests before and after.
pub const MIN_REST: Field = Field::new(
    "min_rest_minutes",
    Shape::Integer { min: 0, max: 1_440 },
    Text::new("Rest (minutes)", "最少休息(分)"),
    "Between this shift and another of the same person lie at least so many minutes; 0 by default.",
);

static FIELDS: &[Field] = &[
    Field::new("place_id", Shape::Reference("places"), Text::new("Place", "场所"), "Where.").required().on_create(),
    Field::new("starts_at", Shape::Instant, Text::new("Starts at", "开始时间"), "When it begins.").required(),
    Field::new("ends_at", Shape::Instant, Text::new("Ends at", "结束时间"), "When it ends: at most 24 hours later.")
        .required(),
    NEEDS.required(),
    MIN_REST,
    Field::new("team_id", Shape::Reference("teams"), Text::new("Team", "队伍"), "The team that answers for it."),
    Field::new(
        "template_id",
        Shape::Reference("shift_templates"),
        Text::new("Template", "排班模板"),
        "The template that made it.",
    )
    .on_create(),
    Field::new("title", free_text(60), Text::new("Title", "班次名称"), "What people call it: 早班."),
    Field::new("cancelled", Shape::Boolean, Text::new("Cancelled", "取消"), "Whether it doesn't take place."),
    POSITION[0],
    POSITION[1],
];

/// The kind.
pub static SHIFTS: Definition = Definition {
    name: "shifts",
    path: "shifts",
    schema: "Shift",
    label: Text::new("Shift", "班次"),
    about: "A time at a place for which people are needed.",
    fields: FIELDS,
    filters: &["place_id", "team_id", "template_id", "cancelled"],
    slow_changing: false,
    reached_by_lookup: false,
    reach: Reach::Area,
    readers: ROSTER_READERS,
    writers: ORGANIZERS,
    rules: &ShiftRules,
    warnings: &[],
    example: include_str!("../../../../openapi/examples/shifts/create.json"),
    sequence: 1,
};

struct ShiftRules;

/// Figures of shifts that statistics show.
static FIGURES: &[Figure] = &[
    Figure::new("shifts", Text::new("Shifts", "班次"), TIMES).listed("cancelled=false").open(),
    Figure::new("places_needed", Text::new("People needed", "需要人次"), PERSON_TIMES).listed("cancelled=false").open(),
    Figure::new("cancelled_shifts", Text::new("Shifts cancelled", "取消班次"), TIMES).listed("cancelled=true").open(),
];

impl Rules for ShiftRules {
    fn stands_when_known(&self) -> bool {
        true
    }

    fn check(&self, draft: &mut Draft, _context: &Context<'_>, faults: &mut Faults) {
        check_needs(draft, faults);
        let (starts_at, ends_at) = (draft.values.instant("starts_at"), draft.values.instant("ends_at"));
        if let Some((starts_at, ends_at)) = starts_at.zip(ends_at) {
            if ends_at <= starts_at {
                faults.add_with(draft.at("ends_at"), FaultCode::InvalidOrder, vec![("other", "starts_at".into())]);
            } else if ends_at - starts_at > LONGEST {
                faults.add_with(draft.at("ends_at"), FaultCode::PeriodTooLong, vec![("hours", "24".into())]);
            }
        }
        // A shift happens when it begins, however long before it was planned.
        if let Some(starts_at) = starts_at {
            draft.values.set("occurred_at", Value::Instant(starts_at));
        }
    }

    fn judge(&self, draft: &mut Draft, _context: &Context<'_>) {
        copy_once(draft, "place_id", &["longitude", "latitude"]);
        draft.warnings.retain(|noted| noted.code != crate::records::warnings::OCCURRED_IN_FUTURE.code);
        if draft.values.boolean("cancelled").is_none() {
            draft.values.set("cancelled", Value::Boolean(false));
        }
        if draft.values.integer("min_rest_minutes").is_none() {
            draft.values.set("min_rest_minutes", Value::Integer(REST_MINUTES));
        }
    }

    fn natural_key(&self) -> &'static [&'static str] {
        &["place_id", "starts_at", "ends_at"]
    }

    fn lines(&self) -> Option<Lines> {
        Some(Lines { list: "needs", key: "role" })
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
        if record.values.boolean("cancelled") == Some(true) {
            return vec![("cancelled_shifts", 1)];
        }
        vec![("shifts", 1), ("places_needed", needs_of(&record.values).iter().map(|(_, count)| count).sum())]
    }
}

/// Each role once.
pub fn check_needs(draft: &Draft, faults: &mut Faults) {
    let needs = needs_of(&draft.values);
    for (index, (role, _)) in needs.iter().enumerate() {
        if needs.iter().take(index).any(|(other, _)| other == role) {
            faults.add(format!("{}/{index}/role", draft.at("needs")), FaultCode::RepeatedItem);
        }
    }
}

/// Roles and how many of each.
pub fn needs_of(values: &Values) -> Vec<(String, i64)> {
    let list = values.json("needs").and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
    let of = |need: &Json| Some((need.get("role")?.as_str()?.to_owned(), need.get("count")?.as_i64()?));
    list.iter().filter_map(of).collect()
}

/// Copies values of the record that a reference names.
pub fn copy(draft: &mut Draft, reference: &str, names: &[&'static str]) {
    let Some(named) = draft.references.get(reference).cloned() else { return };
    for name in names {
        draft.values.set(name, named.values.get(name).cloned().unwrap_or(Value::Null));
    }
}

/// The same where nothing was copied before: how it was when the record came stands, whatever became of that since.
pub fn copy_once(draft: &mut Draft, reference: &str, names: &[&'static str]) {
    if names.iter().all(|name| !draft.values.has(name)) {
        copy(draft, reference, names);
    }
}
