//! Shift templates (排班模板): the same shifts a day at several places, for as many days as are asked for.

use kit::faults::Faults;
use kit::field::{Field, Shape, free_text};
use kit::text::Text;
use kit::{fields, object};
use uuid::Uuid;

use super::{Need, check_needs};
use crate::records::{Context, Definition, Draft, Kind, Measure, Record, Rules};
use crate::rooms::volunteers::teams::{ORGANIZERS, ROSTER_READERS};

object! {
    /// A shift of each day.
    pub struct Slot, SLOT {
        title: Option<String> = Field::new("title", free_text(60), Text::new("Title", "班次名称"), "What people call it: 早班.");
        starts_minute: i64 = Field::new(
            "starts_minute",
            Shape::Integer { min: 0, max: 1_439 },
            Text::new("Starts (minutes)", "开始(分)"),
            "When it begins, in minutes after midnight.",
        )
        .required();
        duration_minutes: i64 = Field::new(
            "duration_minutes",
            Shape::Integer { min: 15, max: 1_440 },
            Text::new("Duration (minutes)", "时长(分)"),
            "How long it lasts; it may go past midnight.",
        )
        .required();
    }
}

fields! {
    /// The fields of a template, beside the envelope's.
    static FIELDS;
    NAME: String = Field::new("name", free_text(100), Text::new("Name", "名称"), "What people call it.").required();
    SLOTS: Vec<Slot> = Field::new(
        "slots",
        Shape::List { of: &Shape::Object(SLOT), max: 24 },
        Text::new("Slots", "每日班次"),
        "The shifts of a day.",
    )
    .required()
    .not_empty();
    NEEDS: Vec<Need> = super::NEEDS.field;
    MIN_REST_MINUTES: i64 = super::MIN_REST_MINUTES.field;
    /// Days of the week from 1, Monday.
    WEEKDAYS: Vec<u32> = Field::new(
        "weekdays",
        Shape::List { of: &Shape::Integer { min: 1, max: 7 }, max: 7 },
        Text::new("Weekdays", "星期"),
        "Only on these days, 1 is Monday; every day by default.",
    );
    TEAM_ID: Uuid = Field::new(
        "team_id",
        Shape::Reference("teams"),
        Text::new("Team", "队伍"),
        "The team that answers for its shifts.",
    );
}

/// The kind.
pub static SHIFT_TEMPLATES: Kind = Kind::of(Definition {
    name: "shift_templates",
    path: "shift-templates",
    schema: "ShiftTemplate",
    label: Text::new("Shift template", "排班模板"),
    about: "The shifts of a day, to be made at many places for many days.",
    fields: FIELDS,
    filters: &["team_id"],
    readers: ROSTER_READERS,
    writers: ORGANIZERS,
    rules: &TemplateRules,
    example: include_str!("../../../../openapi/examples/shift_templates/create.json"),
    ..Definition::FIELD_RECORD
});

struct TemplateRules;

impl Rules for TemplateRules {
    fn check(&self, draft: &mut Draft, _context: &Context<'_>, faults: &mut Faults) {
        check_needs(draft, faults);
    }

    fn measures(&self, _record: &Record) -> Vec<Measure> {
        vec![("shift_templates", 1)]
    }
}
