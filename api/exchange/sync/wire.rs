//! Bodies that sync takes and answers.

use kit::field::{Field, Shape, free_text};
use kit::json::put;
use kit::text::Text as Label;
use kit::time::InZone;
use kit::vocabulary::{Vocabulary, word};
use serde::Serialize;
use serde_json::{Value as Json, json};
use utoipa::ToSchema;
use utoipa::openapi::ObjectBuilder;
use uuid::Uuid;

use super::item::ITEM;
use super::push::{DEVICE_ID, MOST};
use crate::platform::access::Role;
use crate::platform::http::answered::{AnyObject, Members, Said, Saying, Text};
use crate::platform::http::schema::form;
use crate::platform::http::schema::{of_shape, reference};
use crate::records::warnings::RecordWarning;

/// Roles that look after what is left over in an area.
pub const SUPERVISORS: &[Role] = &[Role::DistrictAdmin, Role::TownCadre];

static HELD_STATES: Vocabulary = Vocabulary::new(
    "held_item_state",
    Label::new("State", "状态"),
    &[word("open", "open", "待处理"), word("settled", "settled", "已入库"), word("discarded", "discarded", "已放弃")],
);
static CONFLICT_STATES: Vocabulary = Vocabulary::new(
    "conflict_state",
    Label::new("State", "状态"),
    &[word("open", "open", "待处理"), word("resolved", "resolved", "已处理")],
);
static TAKE: Vocabulary = Vocabulary::new(
    "conflict_take",
    Label::new("Take", "采用"),
    &[word("server", "the server's", "服务器的值"), word("phone", "the phone's", "手机的值")],
);

/// State of the held items listed.
pub static HELD_STATE: Field =
    Field::new("state", Shape::Word(&HELD_STATES), Label::new("State", "状态"), "In which state; open by default.");
/// State of the conflicts listed.
pub static CONFLICT_STATE: Field =
    Field::new("state", Shape::Word(&CONFLICT_STATES), Label::new("State", "状态"), "In which state; open by default.");
/// Place at which a phone's pull stands.
pub static PULL_CURSOR: Field = Field::new(
    "cursor",
    Shape::Text { min: 1, max: 8_000, pattern: None },
    Label::new("Cursor", "游标"),
    "`next_cursor` of the pull before.",
);
/// District, for callers with several.
pub static DISTRICT: Field = Field::new(
    "district_code",
    Shape::Text { min: 6, max: 6, pattern: Some("[0-9]{6}") },
    Label::new("District", "区县"),
    "Needed only by callers with several districts.",
);
/// The form of a discard.
pub static DISCARD: &[Field] =
    &[Field::new("reason", free_text(200), Label::new("Reason", "原因"), "Why; name nobody.").required()];
/// The form of a resolution.
pub static RESOLVE: &[Field] =
    &[Field::new("take", Shape::Word(&TAKE), Label::new("Take", "采用"), "Whose values hold.").required()];
/// The form of a comparison.
pub static CHECKSUM: &[Field] = &[
    Field::new("kinds", Shape::List { of: &free_text(60), max: 50 }, Label::new("Kinds", "类型"), "Only these kinds."),
    DISTRICT_FIELD,
];
const DISTRICT_FIELD: Field = Field::new(
    "district_code",
    Shape::Text { min: 6, max: 6, pattern: Some("[0-9]{6}") },
    Label::new("District", "区县"),
    "Needed only by callers with several districts.",
);
/// The form of a question for receipts.
pub static RECEIPTS: &[Field] =
    &[Field::new("ids", Shape::List { of: &Shape::Id, max: MOST }, Label::new("Ids", "编号"), "Ids of records.")
        .required()];

/// An example of a held item.
pub fn held_example() -> Json {
    json!({"id": "0198c0de-000b-7000-8000-000000000001", "user_id": "0198c0de-0000-7000-8000-00000000000b", "state": "open",
        "kind": "screenings", "op": "create", "record_id": "0198c0de-0004-7000-8000-000000000009", "device_id": "phone-7",
        "area_code": "511802005", "problem": null, "held_at": "2020-02-02T19:00:01+08:00", "mended_at": null, "revision": 1, "expires_at": "2020-05-02T19:00:01+08:00",
        "ended_at": null, "item": null})
}

/// An example of a conflict.
pub fn conflict_example() -> Json {
    json!({"id": "0198c0de-000c-7000-8000-000000000001", "kind": "screenings", "record_id": "0198c0de-0004-7000-8000-000000000009",
        "state": "open", "phone_values": {"temperature_c": "36.5"}, "server_values": {"temperature_c": "36.9"}, "area_code": "511802005", "base_revision": 1, "server_revision": 2,
        "fields": ["temperature_c"], "user_id": "0198c0de-0000-7000-8000-00000000000b", "device_id": "phone-7", "taken": null,
        "found_at": "2020-02-02T19:00:01+08:00", "ended_at": null})
}

/// Outcome of an item.
#[derive(Serialize, ToSchema)]
pub struct SyncResult {
    /// Its place.
    #[schema(required, value_type = Option<i64>, minimum = 0)]
    pub index: usize,
    /// The record.
    #[schema(required)]
    pub id: Option<Uuid>,
    /// created, same, revised, merged, conflict, held or refused.
    #[schema(required, value_type = Option<String>, max_length = 20)]
    pub outcome: &'static str,
    /// The server's id, where it isn't the phone's.
    #[schema(required)]
    pub id_alias: Option<Uuid>,
    /// The record's revision.
    #[schema(required, minimum = 0)]
    pub revision: Option<i64>,
    /// Its number.
    #[schema(required, minimum = 0)]
    pub change_no: Option<i64>,
    /// The fields in conflict.
    #[schema(required, inline, value_type = Option<Vec<Text<60>>>, max_items = 100)]
    pub fields: Option<Vec<String>>,
    /// Why it is held or refused.
    #[schema(required, inline, value_type = Option<AnyObject>)]
    pub problem: Option<Json>,
    /// Warnings of what is implausible about it.
    #[schema(inline, value_type = Vec<AnyWarning>, max_items = 100)]
    pub warnings: Vec<RecordWarning>,
}

/// Members of a warning, which may become more.
struct WarningMembers;
/// A warning in a list.
type AnyWarning = Saying<WarningMembers>;

impl Said for WarningMembers {
    fn schema() -> ObjectBuilder {
        Members::schema().description(Some("A warning."))
    }
}

/// Outcomes of the items.
#[derive(Serialize, ToSchema)]
pub struct SyncResults {
    /// In the order of the items.
    #[schema(max_items = 500)]
    pub results: Vec<SyncResult>,
    /// The server's clock.
    #[schema(required, value_type = Option<DateTime<Utc>>)]
    pub server_time: InZone,
    /// The district's newest number that is known.
    #[schema(required, minimum = 0)]
    pub head: Option<i64>,
}

/// The sum of a kind.
#[derive(Serialize, ToSchema)]
pub struct SyncChecksum {
    /// The kind.
    #[schema(required, value_type = Option<String>, max_length = 60)]
    pub kind: &'static str,
    /// Records in the slice.
    #[schema(required, minimum = 0)]
    pub count: Option<i64>,
    /// The newest of their numbers.
    #[schema(required, minimum = 0)]
    pub last_change_no: Option<i64>,
    /// 16 hexadecimal digits.
    #[schema(required, value_type = Option<String>, max_length = 16)]
    pub checksum: String,
}

/// The sums.
#[derive(Serialize, ToSchema)]
pub struct SyncChecksums {
    /// One a kind.
    #[schema(max_items = 100)]
    pub kinds: Vec<SyncChecksum>,
}

/// The fate of an item.
#[derive(Clone, Serialize, ToSchema)]
pub struct SyncReceipt {
    /// As asked.
    #[schema(required, value_type = Option<Uuid>)]
    pub id: Uuid,
    /// recorded, held, conflict or unknown.
    #[schema(required, value_type = Option<String>, max_length = 20)]
    pub fate: &'static str,
    /// The kind.
    #[schema(required, max_length = 60)]
    pub kind: Option<String>,
    /// The server's id.
    #[schema(required)]
    pub id_alias: Option<Uuid>,
    /// The revision now.
    #[schema(required, minimum = 0)]
    pub revision: Option<i64>,
    /// Its number.
    #[schema(required, minimum = 0)]
    pub change_no: Option<i64>,
}

impl SyncReceipt {
    /// A fate without a record.
    pub fn without_record(id: Uuid, fate: &'static str, kind: Option<String>) -> Self {
        Self { id, fate, kind, id_alias: None, revision: None, change_no: None }
    }
}

/// The fates.
#[derive(Serialize, ToSchema)]
pub struct SyncReceipts {
    /// In the order of the ids.
    #[schema(max_items = 500)]
    pub items: Vec<SyncReceipt>,
}

/// An item that couldn't be placed.
#[derive(Clone, Serialize, ToSchema)]
pub struct HeldItem {
    /// Its own id.
    #[schema(required, value_type = Option<Uuid>)]
    pub id: Uuid,
    /// The account that sent it.
    #[schema(required, value_type = Option<Uuid>)]
    pub user_id: Uuid,
    /// open, settled or discarded.
    #[schema(required, value_type = Option<String>, max_length = 20)]
    pub state: String,
    /// The kind.
    #[schema(required, value_type = Option<String>, max_length = 60)]
    pub kind: String,
    /// Its operation: create, amend, void or restore; empty where it says none of them.
    #[schema(required, value_type = Option<String>, max_length = 20)]
    pub op: String,
    /// The record.
    #[schema(required)]
    pub record_id: Option<Uuid>,
    /// The device.
    #[schema(required, max_length = 100)]
    pub device_id: Option<String>,
    /// Its sender's area.
    #[schema(required, value_type = Option<String>, max_length = 20)]
    pub area_code: String,
    /// Why it is held.
    #[schema(required, inline, value_type = Option<AnyObject>)]
    pub problem: Json,
    /// Since when.
    #[schema(required, value_type = Option<DateTime<Utc>>)]
    pub held_at: InZone,
    /// When its author changed its body last.
    #[schema(required, value_type = Option<DateTime<Utc>>)]
    pub mended_at: Option<InZone>,
    /// One more with each mending; the ETag.
    #[schema(required, value_type = Option<i64>, minimum = 0)]
    pub revision: i64,
    /// Until when.
    #[schema(required, value_type = Option<DateTime<Utc>>)]
    pub expires_at: Option<InZone>,
    /// When it was settled or discarded.
    #[schema(required, value_type = Option<DateTime<Utc>>)]
    pub ended_at: Option<InZone>,
    /// The item, for its author as he sent it (what was no object stands in its `sent`); for whoever supervises him
    /// masked, as he would read the record, and null where he can't read the kind.
    #[schema(required, inline, value_type = Option<AnyObject>)]
    pub item: Json,
}

/// Fields that both sides changed.
#[derive(Serialize, ToSchema)]
#[schema(as = Conflict)]
pub struct ShownConflict {
    /// Its own id.
    #[schema(required, value_type = Option<Uuid>)]
    pub id: Uuid,
    /// The kind.
    #[schema(required, value_type = Option<String>, max_length = 60)]
    pub kind: String,
    /// The record.
    #[schema(required, value_type = Option<Uuid>)]
    pub record_id: Uuid,
    /// open or resolved.
    #[schema(required, value_type = Option<String>, max_length = 20)]
    pub state: String,
    /// The phone's values, masked.
    #[schema(required, inline, value_type = Option<AnyObject>)]
    pub phone_values: Json,
    /// The server's values of the same fields, masked: as the record stands while it is open, afterwards as it stood
    /// then; null where the caller doesn't see the record.
    #[schema(required, inline, value_type = Option<AnyObject>)]
    pub server_values: Json,
    /// The record's area.
    #[schema(required, max_length = 20)]
    pub area_code: Option<String>,
    /// The revision that the phone knew.
    #[schema(required, minimum = 0)]
    pub base_revision: Option<i64>,
    /// The revision that stood.
    #[schema(required, minimum = 0)]
    pub server_revision: Option<i64>,
    /// The fields in conflict.
    #[schema(required, inline, value_type = Option<Vec<Text<60>>>, max_items = 100)]
    pub fields: Json,
    /// The account that sent them.
    #[schema(required, value_type = Option<Uuid>)]
    pub user_id: Uuid,
    /// The device.
    #[schema(required, max_length = 100)]
    pub device_id: Option<String>,
    /// Whose values hold.
    #[schema(required, max_length = 20)]
    pub taken: Option<String>,
    /// When.
    #[schema(required, value_type = Option<DateTime<Utc>>)]
    pub found_at: InZone,
    /// When it was resolved.
    #[schema(required, value_type = Option<DateTime<Utc>>)]
    pub ended_at: Option<InZone>,
}

/// The schemas of bodies that are no forms.
pub fn schemas() -> Vec<(String, Json)> {
    let any = |about: &str| json!({"type": ["object", "null"], "additionalProperties": true, "description": about});
    let list = |item: Json, max: usize, about: &str| json!({"type": "array", "maxItems": max, "items": item, "description": about});
    let described = |mut schema: Json, about: &str| {
        put(&mut schema, "description", about);
        schema
    };
    let mut item = form(ITEM);
    put(&mut item, "description", "An item of a push.");
    if let Some(properties) = item.get_mut("properties") {
        put(
            properties,
            "body",
            any("What creates the record, a merge patch, or `{reason}` of a void or a restoration."),
        );
    }
    let push = json!({"type": "object", "additionalProperties": false, "description": "What a phone hands in.", "required": ["device_id", "items"], "properties": {
        "device_id": described(of_shape(&DEVICE_ID), "Which device."),
        "items": list(reference("SyncItem"), MOST, "In the order of capture.")}});
    let patch = json!({"type": "object", "properties": {"body": any("Merged into the body.")}, "description": "A merge patch over the item: its `body` and nothing else.", "additionalProperties": true});
    vec![("SyncItem".into(), item), ("HeldItemPatch".into(), patch), ("SyncPush".into(), push)]
}
