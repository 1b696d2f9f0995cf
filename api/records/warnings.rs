//! Warnings: what is implausible but kept. "Accept, then judge."

use std::borrow::Cow;
use std::collections::BTreeMap;

use kit::columns;
use kit::json::put;
use kit::text::{Language, Text};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use utoipa::ToSchema;

use super::definition::Registry;

/// A kind of warning; rooms define their own beside their rules.
#[derive(Debug)]
pub struct Warning {
    /// Its code, globally unique.
    pub code: &'static str,
    /// Its message.
    pub message: Text,
}

/// Something implausible about a record, which was kept.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RecordWarning {
    /// Which; new ones may come.
    #[schema(max_length = 60)]
    pub code: String,
    /// JSON pointer of the field.
    #[schema(max_length = 200)]
    pub field: String,
    /// In words, in the language asked for.
    #[schema(max_length = 500)]
    pub message: String,
}

/// A warning of a record: stored as code and field, told in the reader's language.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Noted {
    /// The code.
    pub code: String,
    /// JSON pointer of the field it is about.
    pub field: String,
    /// Values that fill the places of its message.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub values: BTreeMap<String, String>,
}

columns! {
    /// The warnings of a record, as rules across rows are told them.
    pub WARNINGS "warnings": Vec<Noted>;
}

/// It happened later than now: the device's clock is wrong, or the day was mistyped.
pub static OCCURRED_IN_FUTURE: Warning = Warning {
    code: "occurred_in_future",
    message: Text::new("happened after the server's now", "发生时间晚于服务器当前时间"),
};
/// It reached us more than three days after it happened.
pub static REPORTED_LATE: Warning = Warning {
    code: "reported_late",
    message: Text::new("reported more than three days after it happened", "发生三天后才上报"),
};
/// The area code was abolished and has one successor.
pub static SUPERSEDED_AREA: Warning = Warning {
    code: "superseded_area",
    message: Text::new("the area code was abolished; placed at its successor", "行政区划代码已撤销,已归入其后继区划"),
};
/// The area code was abolished and its successor isn't certain.
pub static AMBIGUOUS_AREA: Warning = Warning {
    code: "ambiguous_area",
    message: Text::new(
        "the area code was abolished and split; placed at the nearest common area",
        "行政区划代码已撤销且拆分,已归入最近的共同上级区划",
    ),
};
/// A name had characters that can't be seen.
pub static INVISIBLE_DROPPED: Warning = Warning {
    code: "invisible_characters_dropped",
    message: Text::new(
        "characters that can't be seen, or that turn the direction of writing, were dropped",
        "已去除不可见或改变书写方向的字符",
    ),
};
/// `captured_by` isn't the sender.
pub static CAPTURED_BY_OTHER: Warning = Warning {
    code: "captured_by_other",
    message: Text::new("captured by somebody other than the sender", "采集人与提交人不同"),
};

/// It told of what lay ahead, and when that time came the rules refused it.
pub static REFUSED_WHEN_DUE: Warning = Warning {
    code: "refused_when_due",
    message: Text::new(
        "refused by the rules when its time came; it counts as nothing until it is amended",
        "发生时间到来时未通过规则校验,修改前不予计入",
    ),
};
/// A day lies far from when the record happened: probably mistyped.
pub static DAY_IMPLAUSIBLE: Warning = Warning {
    code: "day_implausible",
    message: Text::new("lies more than 60 days from when it happened", "与发生时间相距超过60天,请核对"),
};

/// Record or person named that has left the sender's area since it happened.
pub static LEFT_YOUR_AREA: Warning = Warning {
    code: "left_your_area",
    message: Text::new("what it is about has left your area since", "所涉对象此后已转出您的辖区"),
};
/// Record named that is void: a place that was entered twice, a person who was given up.
pub static REFERENCE_VOIDED: Warning = Warning {
    code: "reference_voided",
    message: Text::new("names a record that is void", "所引用的记录已作废"),
};
/// Of an answer only: what was sent is there, and its personal fields were purged.
pub static PURGED_ALREADY: Warning = Warning {
    code: "purged_already",
    message: Text::new(
        "the personal data of this record was purged when its time was over; nothing of what was sent was added",
        "该记录的个人信息已到保存期限并被清除,本次提交的内容未写入",
    ),
};
/// Of an answer only: what was sent is there, and void.
pub static VOIDED_ALREADY: Warning = Warning {
    code: "voided_already",
    message: Text::new(
        "this record is void and counts as nothing; restore it if it holds after all",
        "该记录已作废,不计入统计;如确属有效请先恢复",
    ),
};

/// The device's clock is wrong by more than a phone's may be.
pub static CLOCK_SKEWED: Warning = Warning {
    code: "clock_skewed",
    message: Text::new(
        "the device's clock is {seconds} seconds off the server's",
        "设备时钟与服务器相差 {seconds} 秒,请校准",
    ),
};
/// The device's clock is so wrong that when it happened must be asked again; saying it answers this.
pub static OCCURRED_AT_DOUBTFUL: Warning = Warning {
    code: "occurred_at_doubtful",
    message: Text::new(
        "told by a clock that is more than 12 hours off: confirm when it happened by amending it",
        "设备时钟偏差超过 12 小时,请核实并确认发生时间",
    ),
};
/// Of a file: rows that don't say when it happened.
pub static OCCURRED_AT_ASSUMED: Warning = Warning {
    code: "occurred_at_assumed",
    message: Text::new(
        "rows without a time were taken as happening when the file was read",
        "部分行未填发生时间,已按导入时间登记",
    ),
};

/// The warnings that any kind may carry.
pub static COMMON: &[&Warning] = &[
    &CLOCK_SKEWED,
    &OCCURRED_AT_DOUBTFUL,
    &REFERENCE_VOIDED,
    &VOIDED_ALREADY,
    &PURGED_ALREADY,
    &OCCURRED_IN_FUTURE,
    &REFUSED_WHEN_DUE,
    &REPORTED_LATE,
    &SUPERSEDED_AREA,
    &AMBIGUOUS_AREA,
    &CAPTURED_BY_OTHER,
    &INVISIBLE_DROPPED,
    &LEFT_YOUR_AREA,
    &DAY_IMPLAUSIBLE,
];

impl Noted {
    /// Notes a warning about a field.
    pub fn new(warning: &Warning, field: impl Into<String>) -> Self {
        Self { code: warning.code.to_owned(), field: field.into(), values: BTreeMap::new() }
    }

    /// With what fills a place of its message.
    pub fn with(mut self, name: &str, value: &impl ToString) -> Self {
        self.values.insert(name.to_owned(), value.to_string());
        self
    }

    /// Makes the JSON in which it is stored.
    pub fn to_stored(&self) -> Json {
        let mut stored = json!({"code": self.code, "field": self.field});
        if !self.values.is_empty() {
            put(&mut stored, "values", json!(self.values));
        }
        stored
    }

    /// Reads a stored warning.
    pub fn from_stored(json: &Json) -> Option<Self> {
        let text = |name: &str| json.get(name).and_then(Json::as_str).map(str::to_owned);
        let values = json.get("values").and_then(|values| serde_json::from_value(values.clone()).ok());
        Some(Self { code: text("code")?, field: text("field")?, values: values.unwrap_or_default() })
    }

    /// The warning as it is shown.
    pub fn told(&self, kinds: &Registry, language: Language) -> RecordWarning {
        let message = in_words(kinds, &self.code, &self.values, language).into_owned();
        RecordWarning { code: self.code.clone(), field: self.field.clone(), message }
    }
}

/// The message of a warning with its places filled.
fn in_words<'a>(
    kinds: &Registry,
    code: &'a str,
    values: &BTreeMap<String, String>,
    language: Language,
) -> Cow<'a, str> {
    let text = kinds.warning(code).map_or(code, |warning| warning.message.in_language(language));
    let fill = |text: String, (name, value): (&String, &String)| text.replace(&format!("{{{name}}}"), value);
    if values.is_empty() { Cow::Borrowed(text) } else { Cow::Owned(values.iter().fold(text.to_owned(), fill)) }
}

/// A [`Noted`] as it stands in a row.
#[derive(Deserialize)]
pub(super) struct Stored<'a> {
    code: &'a str,
    field: &'a str,
    #[serde(default)]
    values: BTreeMap<String, String>,
}

/// A [`RecordWarning`] that lasts as long as the row.
#[derive(Serialize)]
pub(super) struct Told<'a> {
    code: &'a str,
    field: &'a str,
    message: Cow<'a, str>,
}

impl<'a> Stored<'a> {
    /// The warning as it is shown.
    pub(super) fn told(&self, kinds: &Registry, language: Language) -> Told<'a> {
        let message = in_words(kinds, self.code, &self.values, language);
        Told { code: self.code, field: self.field, message }
    }
}
