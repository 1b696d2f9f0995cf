//! Observation policies over HTTP.

use chrono::NaiveDate;
use kit::field::{Field, Shape, free_text};
use kit::fields;
use kit::text::Text;
use rust_decimal::Decimal;
use serde_json::{Value as Json, json};

use crate::platform::http::Operation;
use crate::records::dated_settings::DatedSettings;

fields! {
    /// Members of its form.
    static NEW;
    AREA_CODE: String = Field::new("area_code", Shape::Area, Text::new("Area", "区划代码"), "Where it holds: that division and all below.")
        .required();
    EFFECTIVE_ON: NaiveDate = Field::new("effective_on", Shape::Day, Text::new("Effective on", "施行日期"), "From which day on.").required();
    OBSERVATION_DAYS: i64 = Field::new(
        "observation_days",
        Shape::Integer { min: 1, max: 60 },
        Text::new("Days of observation", "观察天数"),
        "For how many days somebody is observed.",
    )
    .required();
    FEVER_C: Decimal = Field::new(
        "fever_c",
        Shape::Decimal { scale: 1, min: "35.0", max: "40.0" },
        Text::new("Fever (℃)", "发热阈值(℃)"),
        "From here on a temperature is abnormal, itself included.",
    )
    .required();
    RETEST_BELOW_C: Decimal = Field::new(
        "retest_below_c",
        Shape::Decimal { scale: 1, min: "30.0", max: "36.5" },
        Text::new("Retest below (℃)", "复测下限(℃)"),
        "Below it a thermometer was too cold.",
    )
    .required();
    SOURCE: String = Field::new("source", free_text(200), Text::new("Source", "依据"), "The document that says so.").required();
}
static ID: Field = Field::new("id", Shape::Id, Text::new("Id", "编号"), "The policy.").required();

static SETTINGS: DatedSettings = DatedSettings {
    table: "observation_policies",
    one: "observation_policy",
    schema: "ObservationPolicy",
    tag: "observation_policies",
    texts: [
        "List observation policies",
        "What counts as fever and how long is observed, the latest first. The narrowest area in force decides.",
        "Give an observation policy",
        "Judges what happens from that day on, within five seconds. What was judged before stays as it was judged.",
    ],
    about: ["What counts as fever and how long is observed.", "Gives an observation policy."],
    fields: NEW,
    defaults: &[],
    verb: "observation_policy.create",
    audited: &[FEVER_C.name(), OBSERVATION_DAYS.name()],
    example: || {
        let new = json!({"area_code": "511802", "effective_on": "2020-02-10", "observation_days": 14, "fever_c": "37.3",
            "retest_below_c": "35.0", "source": "区指〔2020〕7号"});
        (new, "0198c0de-0006-7000-8000-000000000001")
    },
    check: |_, _| {},
    forget: super::forget,
};

/// The operations of this room.
pub fn operations() -> Vec<Operation> {
    SETTINGS.operations()
}

/// The schemas of this room.
pub fn schemas() -> Vec<(String, Json)> {
    SETTINGS.schemas(&ID)
}
