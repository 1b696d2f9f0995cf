//! The envelope of a record: what every record has beside the fields of its kind.

use chrono::{DateTime, Utc};
use kit::etag;
use kit::field::{Field, Shape, free_text};
use kit::row::Row;
use kit::statement::ColumnType;
use kit::text::Text;
use kit::time::format_instant;
use kit::value::Value;
use kit::{columns, fields};
use ledger::Column;
use serde_json::{Map, Value as Json, json};
use uuid::Uuid;

use super::awaited::Awaited;
use super::warnings::Noted;

/// Register of the organisations that records belong to, and of which grants may be.
pub const ORGANIZATIONS: &str = "organizations";
/// Register of the places at which records are counted, and which organisations watch.
pub const PLACES: &str = "places";

fields! {
    /// The fields of the envelope that a client sends.
    pub static INPUT;
    ID: Uuid = Field::new("id", Shape::Id, Text::new("Id", "编号"), "The record's id, chosen by the client so that a retry can be recognised; made by the server where absent.").on_create();
    AREA_CODE: String = Field::new("area_code", Shape::Area, Text::new("Area code", "区划代码"), "Where it belongs: an administrative division's code. The place's by default.").also(&["区划", "行政区划", "行政区划代码", "所属街道", "所属乡镇", "乡镇街道", "所属社区", "街道", "乡镇", "所在街道"]);
    AREA_EDITION: i64 = Field::new("area_edition", Shape::Integer { min: 2000, max: 2100 }, Text::new("Area edition", "区划版本"), "The edition of the divisions that `area_code` is of; the current one by default.");
    ORG_ID: Uuid = Field::new("org_id", Shape::Reference(ORGANIZATIONS), Text::new("Organisation", "单位"), "The organisation it belongs to; the caller's by default.");
    OCCURRED_AT: DateTime<Utc> = Field::new("occurred_at", Shape::Instant, Text::new("Occurred at", "发生时间"), "When it happened; now by default.").also(&["时间", "登记时间", "time", "通行时间", "测量时间", "测温时间", "检测时间", "检查时间", "消毒时间", "消杀时间", "发放时间", "走访时间", "出入时间", "进出时间", "日期时间"]);
    DEVICE_TIME: DateTime<Utc> = Field::new("device_time", Shape::Instant, Text::new("Device time", "设备时间"), "What the device's clock said when it sent this; `clock_skew_s` is made of it. Not part of what makes two submissions the same.").on_create();
    CAPTURED_BY: Uuid = Field::new("captured_by", Shape::Id, Text::new("Captured by", "采集人"), "The account that captured it, where it isn't the sender's.").on_create();
    NOTE: String = Field::new("note", free_text(500), Text::new("Note", "备注"), "Anything worth knowing that has no field. Encrypted at rest.").sealed();
}

fields! {
    /// The fields of the envelope that the server adds, as a file has them.
    pub static SERVED;
    AREA_CODE_SUBMITTED: String = Field::new(
        "area_code_submitted",
        Shape::Area,
        Text::new("Area code submitted", "原填区划代码"),
        "What was submitted, where it differs.",
    );
    RECORDED_AT: DateTime<Utc> = Field::new("recorded_at", Shape::Instant, Text::new("Recorded at", "入库时间"), "When the server first had it.");
    RECORDED_BY: Uuid = Field::new("recorded_by", Shape::Id, Text::new("Recorded by", "录入人"), "Who sent it first.");
    SOURCE: String = Field::new("source", free_text(60), Text::new("Source", "来源方式"), "How it came.");
    REVISION: i64 = Field::new("revision", Shape::Integer { min: 1, max: i64::MAX }, Text::new("Revision", "版本"), "From 1.");
    CHANGE_NO: i64 = Field::new(
        "change_no",
        Shape::Integer { min: 1, max: i64::MAX },
        Text::new("Change number", "变更号"),
        "Its number in the ledger.",
    );
    REVISED_AT: DateTime<Utc> = Field::new("revised_at", Shape::Instant, Text::new("Revised at", "修订时间"), "When this revision was made.");
    REVISED_BY: Uuid = Field::new("revised_by", Shape::Id, Text::new("Revised by", "修订人"), "Who made it.");
    VOIDED_AT: DateTime<Utc> = Field::new("voided_at", Shape::Instant, Text::new("Voided at", "作废时间"), "Since when it is void.");
    VOID_REASON: String = Field::new("void_reason", free_text(500), Text::new("Void reason", "作废原因"), "Why it is void.");
    RESTORE_REASON: String = Field::new(
        "restore_reason",
        free_text(500),
        Text::new("Restore reason", "恢复原因"),
        "Why it holds again after it was void.",
    );
    PURGED_AT: DateTime<Utc> = Field::new(
        "purged_at",
        Shape::Instant,
        Text::new("Purged at", "清除时间"),
        "When its personal fields were purged: they are empty since.",
    );
    WARNINGS: String = Field::new("warnings", free_text(500), Text::new("Warnings", "提示"), "What is implausible about it: codes.");
}

columns! {
    /// The district whose ledger holds it.
    pub DISTRICT_CODE "district_code": String;
    /// How it was captured.
    pub CAPTURE "capture": Json;
    /// Whether it is void.
    pub VOIDED "voided": bool;
    /// Whether it tells of what lies ahead: no column, but told to rules across rows.
    pub AWAITED "awaited": bool;
}

/// Fields of the envelope that are kept with the personal ones.
pub const SEALED: [&str; 3] = [NOTE.name(), VOID_REASON.name(), RESTORE_REASON.name()];

/// The envelope.
#[derive(Clone, Debug)]
pub struct Envelope {
    /// The record's id.
    pub id: Uuid,
    /// The district whose ledger holds it.
    pub district_code: String,
    /// Area to which it belongs.
    pub area_code: String,
    /// Area code that was submitted, where it differs.
    pub area_code_submitted: Option<String>,
    /// Organisation to which it belongs.
    pub org_id: Option<Uuid>,
    /// Time at which it happened.
    pub occurred_at: DateTime<Utc>,
    /// Time on the device's clock.
    pub device_time: Option<DateTime<Utc>>,
    /// Time at which the server first had it.
    pub recorded_at: DateTime<Utc>,
    /// Account that sent it first.
    pub recorded_by: Uuid,
    /// Time at which this revision was made.
    pub revised_at: DateTime<Utc>,
    /// Account that made this revision.
    pub revised_by: Uuid,
    /// Account that captured it.
    pub captured_by: Option<Uuid>,
    /// Way in which it came: `api`, `sync`, `import:<id>` or `system`.
    pub source: String,
    /// Number of the revision, from 1.
    pub revision: i64,
    /// The number of this revision in the district's ledger.
    pub change_no: i64,
    /// Whether it is void; then `revised_at` says since when.
    pub voided: bool,
    /// When its personal fields were purged.
    pub purged_at: Option<DateTime<Utc>>,
    /// Whether it is void because the import that made it was undone: that is never a person's word.
    pub taken_back: bool,
    /// Time until which it proves nothing: what it tells of lies ahead.
    pub awaited: Option<Awaited>,
    /// The client's fields that nobody said: the server filled them in, and does so anew at every revision.
    pub derived: Vec<String>,
    /// Whether nobody said when it happened: it is when the server was told.
    pub assumed: bool,
    /// The device that handed this revision in, where a phone amended; sealed, but in rows of a former release.
    pub device_id: Option<String>,
    /// Warnings of what is implausible about it.
    pub warnings: Vec<Noted>,
    /// The keyed digest of what was first submitted.
    pub submission_digest: Vec<u8>,
}

/// The columns of the envelope that a change fills; [`Envelope::cells`] gives them in this order.
pub fn columns() -> Vec<Column> {
    [
        (ID.name(), ColumnType::Id),
        (REVISION.name(), ColumnType::Integer),
        (AREA_CODE.name(), ColumnType::Text),
        (ORG_ID.name(), ColumnType::Id),
        (OCCURRED_AT.name(), ColumnType::Instant),
        (RECORDED_BY.name(), ColumnType::Id),
        (REVISED_BY.name(), ColumnType::Id),
        (VOIDED.name(), ColumnType::Boolean),
        (CAPTURE.name(), ColumnType::Json),
        ("submission_digest", ColumnType::Bytes),
        ("personal", ColumnType::Bytes),
        ("digest", ColumnType::Bytes),
    ]
    .into_iter()
    .map(|(name, column_type)| Column { name, column_type })
    .collect()
}

/// The same columns as a record is read from: those before its own fields, in the order in which
/// [`Envelope::from_row`] takes them, and the sealed one behind them.
pub fn columns_of_a_reading() -> (Vec<Column>, Column) {
    let sealed = Column { name: "personal", column_type: ColumnType::Bytes };
    let is_first = |column: &Column| column.name != sealed.name && column.name != "digest";
    (columns().into_iter().filter(is_first).collect(), sealed)
}

impl Envelope {
    /// The tag of an answer that shows it: another one once it was purged, so that nobody goes on with what he had.
    pub fn tag(&self) -> String {
        match self.purged_at {
            Some(purged_at) => format!("\"{}-purged-{}\"", self.revision, purged_at.timestamp()),
            None => etag::of_revision(self.revision),
        }
    }

    /// When the server was first told of it.
    pub fn told_at(&self) -> DateTime<Utc> {
        if self.assumed { self.occurred_at } else { self.recorded_at }
    }

    /// The cells of [`columns`] but the last two, which the record adds.
    pub fn cells(&self) -> Vec<Value> {
        vec![
            Value::Id(self.id),
            Value::Integer(self.revision),
            Value::Text(self.area_code.clone()),
            self.org_id.map_or(Value::Null, Value::Id),
            Value::Instant(self.occurred_at),
            Value::Id(self.recorded_by),
            Value::Id(self.revised_by),
            Value::Boolean(self.voided),
            Value::Json(self.capture()),
            Value::Bytes(self.submission_digest.clone()),
        ]
    }

    /// How it was captured: what is rarely asked for, in one column.
    fn capture(&self) -> Json {
        let mut capture = Map::new();
        capture.insert("source".into(), self.source.clone().into());
        if let Some(code) = &self.area_code_submitted {
            capture.insert("area_code_submitted".into(), code.clone().into());
        }
        if let Some(instant) = self.device_time {
            capture.insert("device_time".into(), format_instant(instant, chrono_tz::UTC).into());
        }
        if let Some(id) = self.captured_by {
            capture.insert("captured_by".into(), id.to_string().into());
        }
        // Of what holds again it means nothing any more.
        if self.voided && self.taken_back {
            capture.insert("taken_back".into(), true.into());
        }
        if let Some(awaited) = &self.awaited {
            capture.insert("awaited".into(), awaited.to_stored());
        }
        if !self.derived.is_empty() {
            capture.insert("derived".into(), json!(self.derived));
        }
        if self.assumed {
            capture.insert("occurred_at_assumed".into(), true.into());
        }
        if !self.warnings.is_empty() {
            capture.insert("warnings".into(), self.warnings.iter().map(Noted::to_stored).collect());
        }
        Json::Object(capture)
    }

    /// Reads the envelope's columns; `None` where one is missing.
    pub fn from_row(row: &mut Row) -> Option<Self> {
        // In the order of the statement's columns, in which each is found at once.
        let (district_code, change_no) = (row.get(&DISTRICT_CODE)?, row.get(&CHANGE_NO)?);
        let (recorded_at, revised_at) = (row.get(&RECORDED_AT)?, row.get(&REVISED_AT)?);
        let (id, revision) = (row.get(&ID)?, row.get(&REVISION)?);
        let (area_code, org_id, occurred_at) = (row.get(&AREA_CODE)?, row.get(&ORG_ID), row.get(&OCCURRED_AT)?);
        let (recorded_by, revised_by) = (row.get(&RECORDED_BY)?, row.get(&REVISED_BY)?);
        let voided = row.get(&VOIDED)?;
        let capture = row.get(&CAPTURE).unwrap_or_else(|| json!({}));
        let text = |name: &str| capture.get(name).and_then(Json::as_str);
        let derived = capture.get("derived").and_then(Json::as_array).map(Vec::as_slice).unwrap_or_default();
        let warnings = capture.get("warnings").and_then(Json::as_array);
        Some(Self {
            id,
            district_code,
            area_code,
            area_code_submitted: text("area_code_submitted").map(str::to_owned),
            org_id,
            occurred_at,
            device_time: text("device_time").and_then(|text| text.parse().ok()),
            recorded_at,
            recorded_by,
            revised_at,
            revised_by,
            captured_by: text("captured_by").and_then(|text| text.parse().ok()),
            source: text("source").unwrap_or("api").to_owned(),
            revision,
            change_no,
            voided,
            // The envelope of what is sealed says so.
            purged_at: None,
            taken_back: capture.get("taken_back").and_then(Json::as_bool) == Some(true),
            awaited: capture.as_object().and_then(Awaited::from_stored),
            derived: derived.iter().filter_map(Json::as_str).map(str::to_owned).collect(),
            device_id: text("device_id").map(str::to_owned),
            assumed: capture.get("occurred_at_assumed").and_then(Json::as_bool) == Some(true),
            warnings: warnings.map(|list| list.iter().filter_map(Noted::from_stored).collect()).unwrap_or_default(),
            submission_digest: row.bytes("submission_digest")?,
        })
    }
}
