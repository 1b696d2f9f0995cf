//! Cadences over HTTP.

use chrono::NaiveDate;
use kit::catalogue::FaultCode;
use kit::faults::Faults;
use kit::field::{Field, Shape, free_text};
use kit::fields;
use kit::text::Text;
use kit::value::Values;
use serde_json::{Value as Json, json};

use super::DutyKind;
use crate::platform::codes::INVALID_ORDER;
use crate::platform::http::Operation;
use crate::records::dated_settings::DatedSettings;

fields! {
    /// Members of its form.
    static NEW;
    AREA_CODE: String = Field::new("area_code", Shape::Area, Text::new("Area", "区划代码"), "Where it holds: that division and all below.")
        .required();
    EFFECTIVE_ON: NaiveDate = Field::new(
        "effective_on",
        Shape::Day,
        Text::new("Effective on", "施行日期"),
        "For days from this one on that aren't planned yet.",
    )
    .required();
    DUTY_KIND: DutyKind = Field::new("duty_kind", Shape::Word(DutyKind::VOCABULARY), Text::new("Duty", "责任事项"), "Of which duty.")
        .required();
    ACTIVE: bool = Field::new("active", Shape::Boolean, Text::new("Active", "是否要求"), "Whether it is expected at all.").required();
    EVERY_DAYS: i64 = Field::new(
        "every_days",
        Shape::Integer { min: 1, max: 30 },
        Text::new("Every days", "间隔天数"),
        "Every so many days of an observation; 1 by default.",
    );
    OPENS_MINUTE: i64 = Field::new(
        "opens_minute",
        Shape::Integer { min: 0, max: 1_439 },
        Text::new("Opens (minutes)", "开始(分)"),
        "When its window opens, in minutes after midnight.",
    );
    DUE_MINUTE: i64 = Field::new(
        "due_minute",
        Shape::Integer { min: 1, max: 1_440 },
        Text::new("Due (minutes)", "截止(分)"),
        "When its window closes, in minutes after midnight.",
    );
    WITHIN_MINUTES: i64 = Field::new(
        "within_minutes",
        Shape::Integer { min: 5, max: 10_080 },
        Text::new("Within minutes", "时限(分)"),
        "How soon after its cause; with a window, at a random time inside it for so long.",
    );
    ESCALATION_LEVELS: i64 = Field::new(
        "escalation_levels",
        Shape::Integer { min: 1, max: 5 },
        Text::new("Escalation levels", "逐级上报级数"),
        "How many levels up a missed one goes, an hour apart, while nobody answers; 1 by default.",
    );
    SOURCE: String = Field::new("source", free_text(200), Text::new("Source", "依据"), "The document that says so.").required();
}
static ID: Field = Field::new("id", Shape::Id, Text::new("Id", "编号"), "The cadence.").required();

static SETTINGS: DatedSettings = DatedSettings {
    table: "duty_cadences",
    one: "duty_cadence",
    schema: "DutyCadence",
    tag: "duties",
    texts: [
        "List duty cadences",
        "What is expected how often, the latest first. The narrowest area in force decides.",
        "Give a duty cadence",
        "Holds for the days that aren't planned yet; what is planned stays as it was announced.",
    ],
    about: ["What is expected how often.", "Gives a duty cadence."],
    fields: NEW,
    defaults: &[(EVERY_DAYS.name(), 1), (ESCALATION_LEVELS.name(), 1)],
    verb: "duty_cadence.create",
    audited: &[DUTY_KIND.name(), ACTIVE.name()],
    example: || {
        let new = json!({"area_code": "511802", "effective_on": "2020-02-10", "duty_kind": "am_reading", "active": true, "every_days": 1,
            "opens_minute": 360, "due_minute": 660, "within_minutes": null, "escalation_levels": 1, "source": "区指〔2020〕9号"});
        (new, "0198c0de-0009-7000-8000-000000000001")
    },
    check,
    forget: super::cadences::forget,
};

/// The operations of this part of the room.
pub fn operations() -> Vec<Operation> {
    SETTINGS.operations()
}

fn check(form: &Values, faults: &mut Faults) {
    let (opens, due) = (form.get(&OPENS_MINUTE), form.get(&DUE_MINUTE));
    if opens.is_some() != due.is_some() {
        let missing = if opens.is_some() { &DUE_MINUTE } else { &OPENS_MINUTE };
        faults.add(missing.pointer(), FaultCode::REQUIRED);
    }
    if let Some((opens, due)) = opens.zip(due) {
        if due <= opens {
            let other = vec![("other", OPENS_MINUTE.name().into())];
            faults.add_with(DUE_MINUTE.pointer(), INVALID_ORDER, other);
        } else if form.get(&WITHIN_MINUTES).is_some_and(|within| within > due - opens) {
            faults.add_with(
                WITHIN_MINUTES.pointer(),
                FaultCode::OUT_OF_RANGE,
                vec![("min", "5".into()), ("max", (due - opens).to_string())],
            );
        }
    }
}

/// The schemas of this part of the room.
pub fn schemas() -> Vec<(String, Json)> {
    SETTINGS.schemas(&ID)
}
