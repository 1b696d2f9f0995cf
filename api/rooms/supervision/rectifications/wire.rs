//! The words and fields of a rectification.

use chrono::{DateTime, NaiveDate, Utc};
use kit::field::{Field, Shape, free_text};
use kit::text::Text;
use kit::time::in_utc;
use kit::typed::TypedField;
use kit::{fields, object, words};
use uuid::Uuid;

words! {
    /// How a rectification stands.
    pub RectificationState "rectification_state" "State" "状态" {
        Issued "issued" "issued" "已下达";
        Reported "reported" "reported as done" "已报整改";
        Verified "verified" "verified" "已验收";
        Rejected "rejected" "rejected" "未通过";
        Waived "waived" "waived" "免除";
    }
}
words! {
    /// Kind of record whose line asks for it.
    pub RectificationSource "rectification_source" "Source" "来源" {
        Inspections "inspections" "inspection" "检查记录";
        OversightChecks "oversight_checks" "oversight check" "监督检查";
    }
}
object! {
    /// How it stood from an instant on.
    #[derive(PartialEq, Eq)]
    pub struct Stage, STAGE {
        state: RectificationState =
            Field::new("state", Shape::Word(RectificationState::VOCABULARY), Text::new("State", "状态"), "The state from then on.")
                .required();
        #[serde(serialize_with = "in_utc")]
        since_at: DateTime<Utc> = Field::new("since_at", Shape::Instant, Text::new("Since", "自"), "Since when.").required();
        #[serde(serialize_with = "in_utc")]
        due_at: DateTime<Utc> = Field::new("due_at", Shape::Instant, Text::new("Due at", "截止时间"), "Until when it was due from then on.").required();
    }
}
object! {
    /// A demand to mend something, as a line of an inspection.
    pub struct Requirement, DEMANDED {
        requirement: String = Field::new(
            "requirement",
            free_text(300),
            Text::new("Requirement", "整改要求"),
            "What must be done. Encrypted at rest.",
        )
        .required()
        .sealed();
        due_on: NaiveDate = Field::new("due_on", Shape::Day, Text::new("Due on", "期限"), "Until which day.").required();
    }
}

/// Lines of an inspection that ask for something.
pub const REQUIREMENTS: TypedField<Vec<Requirement>> = TypedField::named(
    "REQUIREMENTS",
    Field::new(
        "requirements",
        Shape::List { of: &Shape::Object(DEMANDED), max: 20 },
        Text::new("Requirements", "整改要求"),
        "What must be mended, with the day; each line is a rectification from then on.",
    ),
);

fields! {
    /// The fields of a rectification, beside the envelope's.
    pub static FIELDS;
    PLACE_ID: Uuid = Field::new("place_id", Shape::Reference("places"), Text::new("Place", "场所"), "Where it is to be mended; this or `subject_org_id`.")
        .brings_area(1)
        .on_create()
        .also(&["被检查单位", "场所名称", "整改场所"]);
    SUBJECT_ORG_ID: Uuid = Field::new(
        "subject_org_id",
        Shape::Reference("organizations"),
        Text::new("Who must mend it", "责任单位"),
        "The organisation that must mend it: of a place, the place's own where none is given. Its people read it as their own.",
    )
    .brings_area(2)
    .on_create()
    .also(&["整改单位", "整改责任单位"]);
    REQUIREMENT: String = Field::new("requirement", free_text(300), Text::new("Requirement", "整改要求"), "What must be done. Encrypted at rest.")
        .sealed()
        .required()
        .also(&["整改内容", "存在问题", "问题及整改要求"]);
    DUE_ON: NaiveDate = Field::new("due_on", Shape::Day, Text::new("Due on", "整改期限"), "Until the end of which day, as it was asked for.")
        .required()
        .also(&["期限", "整改时限", "限期"]);
    SOURCE_KIND: RectificationSource = Field::new(
        "source_kind",
        Shape::Word(RectificationSource::VOCABULARY),
        Text::new("Source", "来源"),
        "The kind of the record whose line asks for it; null where it was posted.",
    )
    .by_server();
    SOURCE_ID: Uuid = Field::new("source_id", Shape::Id, Text::new("Source id", "来源编号"), "That record.").by_server();
    LINE_NO: i64 = Field::new("line_no", Shape::Integer { min: 1, max: 20 }, Text::new("Line", "条目"), "Its line there, from 1; null where the line is gone.")
        .by_server();
    STATE: RectificationState = Field::new("state", Shape::Word(RectificationState::VOCABULARY), Text::new("State", "状态"), "How it stands, by its steps.")
        .required()
        .by_server();
    EXTENDED_TO: NaiveDate = Field::new("extended_to", Shape::Day, Text::new("Extended to", "延期至"), "The day to which it was extended.").by_server();
    DUE_AT: DateTime<Utc> = Field::new("due_at", Shape::Instant, Text::new("Due at", "截止时间"), "When that day ends: `extended_to`, else `due_on`.")
        .required()
        .by_server();
    OVERDUE: bool = Field::new("overdue", Shape::Boolean, Text::new("Overdue", "是否逾期"), "Whether that has passed and nobody has reported it as done since.")
        .required()
        .by_server();
    STATE_HISTORY: Vec<Stage> = Field::new(
        "state_history",
        Shape::List { of: &Shape::Object(STAGE), max: 500 },
        Text::new("State history", "状态历史"),
        "How it stood since when, and until when it was due.",
    )
    .by_server();
}
