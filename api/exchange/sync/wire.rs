//! Bodies that sync takes and answers.

use kit::field::{Field, Shape, free_text};
use kit::json::put;
use kit::text::Text;
use kit::vocabulary::{Vocabulary, word};
use serde_json::{Value as Json, json};

use super::item::ITEM;
use super::push::{DEVICE_ID, MOST};
use crate::platform::access::Role;
use crate::platform::http::page;
use crate::platform::http::schema::{Direction, object, of_shape, reference};

/// Roles that look after what is left over in an area.
pub const SUPERVISORS: &[Role] = &[Role::DistrictAdmin, Role::TownCadre];

static HELD_STATES: Vocabulary = Vocabulary::new(
    "held_item_state",
    Text::new("State", "状态"),
    &[word("open", "open", "待处理"), word("settled", "settled", "已入库"), word("discarded", "discarded", "已放弃")],
);
static CONFLICT_STATES: Vocabulary = Vocabulary::new(
    "conflict_state",
    Text::new("State", "状态"),
    &[word("open", "open", "待处理"), word("resolved", "resolved", "已处理")],
);
static TAKE: Vocabulary = Vocabulary::new(
    "conflict_take",
    Text::new("Take", "采用"),
    &[word("server", "the server's", "服务器的值"), word("phone", "the phone's", "手机的值")],
);

/// State of the held items listed.
pub static HELD_STATE: Field =
    Field::new("state", Shape::Word(&HELD_STATES), Text::new("State", "状态"), "In which state; open by default.");
/// State of the conflicts listed.
pub static CONFLICT_STATE: Field =
    Field::new("state", Shape::Word(&CONFLICT_STATES), Text::new("State", "状态"), "In which state; open by default.");
/// Place at which a phone's pull stands.
pub static PULL_CURSOR: Field = Field::new(
    "cursor",
    Shape::Text { min: 1, max: 8_000, pattern: None },
    Text::new("Cursor", "游标"),
    "`next_cursor` of the pull before.",
);
/// District, for callers with several.
pub static DISTRICT: Field = Field::new(
    "district_code",
    Shape::Text { min: 6, max: 6, pattern: Some("[0-9]{6}") },
    Text::new("District", "区县"),
    "Needed only by callers with several districts.",
);
/// The form of a discard.
pub static DISCARD: &[Field] =
    &[Field::new("reason", free_text(200), Text::new("Reason", "原因"), "Why; name nobody.").required()];
/// The form of a resolution.
pub static RESOLVE: &[Field] =
    &[Field::new("take", Shape::Word(&TAKE), Text::new("Take", "采用"), "Whose values hold.").required()];
/// The form of a comparison.
pub static CHECKSUM: &[Field] = &[
    Field::new("kinds", Shape::List { of: &free_text(60), max: 50 }, Text::new("Kinds", "类型"), "Only these kinds."),
    DISTRICT_FIELD,
];
const DISTRICT_FIELD: Field = Field::new(
    "district_code",
    Shape::Text { min: 6, max: 6, pattern: Some("[0-9]{6}") },
    Text::new("District", "区县"),
    "Needed only by callers with several districts.",
);
/// The form of a question for receipts.
pub static RECEIPTS: &[Field] =
    &[Field::new("ids", Shape::List { of: &Shape::Id, max: MOST }, Text::new("Ids", "编号"), "Ids of records.")
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

/// The schemas of this room.
pub fn schemas() -> Vec<(String, Json)> {
    let text = |max: u32, about: &str| json!({"type": ["string", "null"], "maxLength": max, "description": about});
    let id = |about: &str| json!({"type": ["string", "null"], "format": "uuid", "maxLength": 36, "description": about});
    let instant =
        |about: &str| json!({"type": ["string", "null"], "format": "date-time", "maxLength": 40, "description": about});
    let number = |about: &str| json!({"type": ["integer", "null"], "format": "int64", "minimum": 0, "maximum": i64::MAX, "description": about});
    let any = |about: &str| json!({"type": ["object", "null"], "additionalProperties": true, "description": about});
    let list = |item: Json, max: usize, about: &str| json!({"type": "array", "maxItems": max, "items": item, "description": about});
    let names = || json!({"type": ["array", "null"], "maxItems": 100, "items": {"type": "string", "maxLength": 60}, "description": "The fields in conflict."});
    let described = |mut schema: Json, about: &str| {
        put(&mut schema, "description", about);
        schema
    };
    let made = |about: &str, properties: Json| {
        let required: Vec<&String> = properties.as_object().map(|members| members.keys().collect()).unwrap_or_default();
        json!({"type": "object", "description": about, "required": required, "properties": properties})
    };
    let mut item = object(&ITEM.iter().collect::<Vec<_>>(), Direction::Sent);
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
    let warning = json!({"type": "object", "additionalProperties": true, "description": "A warning."});
    let patch = json!({"type": "object", "properties": {"body": any("Merged into the body.")}, "description": "A merge patch over the item: its `body` and nothing else.", "additionalProperties": true});
    vec![
        ("SyncItem".into(), item),
        ("HeldItemPatch".into(), patch),
        ("SyncPush".into(), push),
        (
            "SyncResult".into(),
            made(
                "What became of an item.",
                json!({"index": number("Its place."), "id": id("The record."),
            "outcome": text(20, "created, same, revised, merged, conflict, held or refused."), "id_alias": id("The server's id, where it isn't the phone's."),
            "revision": number("The record's revision."), "change_no": number("Its number."), "fields": names(),
            "problem": any("Why it is held or refused."), "warnings": list(warning, 100, "What is implausible about it.")}),
            ),
        ),
        (
            "SyncResults".into(),
            made(
                "What became of each item.",
                json!({"results": list(reference("SyncResult"), MOST, "In the order of the items."),
            "server_time": instant("The server's clock."), "head": number("The district's newest number that is known.")}),
            ),
        ),
        (
            "SyncChange".into(),
            made(
                "A change of the slice.",
                json!({"kind": text(60, "The kind."), "id": id("The record."),
            "op": text(20, "upsert, void or access_revoked."), "change_no": number("Its number."), "revision": number("Its revision."),
            "person": any("Of the caller's own cases (he supervises it or has a duty of it): `id`, `name`, `phone`, `address` plainly; null of all others. Each pull that tells somebody is audited."),
            "record": any("The record, masked; null where access was revoked.")}),
            ),
        ),
        (
            "SyncPage".into(),
            made(
                "A page of the slice.",
                json!({"changes": list(reference("SyncChange"), 1_000, "In ledger order."),
            "next_cursor": text(8_000, "To go on with."), "has_more": {"type": "boolean", "description": "Whether there is more now."},
            "head": number("The district's newest number."), "server_time": instant("The server's clock.")}),
            ),
        ),
        (
            "SyncChecksum".into(),
            made(
                "The sum of a kind.",
                json!({"kind": text(60, "The kind."), "count": number("Records in the slice."),
            "last_change_no": number("The newest of their numbers."), "checksum": text(16, "16 hexadecimal digits.")}),
            ),
        ),
        (
            "SyncChecksums".into(),
            made("The sums.", json!({"kinds": list(reference("SyncChecksum"), 100, "One a kind.")})),
        ),
        (
            "SyncReceipt".into(),
            made(
                "The fate of an item.",
                json!({"id": id("As asked."), "fate": text(20, "recorded, held, conflict or unknown."),
            "kind": text(60, "The kind."), "id_alias": id("The server's id."), "revision": number("The revision now."), "change_no": number("Its number.")}),
            ),
        ),
        (
            "SyncReceipts".into(),
            made("The fates.", json!({"items": list(reference("SyncReceipt"), MOST, "In the order of the ids.")})),
        ),
        (
            "HeldItem".into(),
            made(
                "An item that couldn't be placed.",
                json!({"id": id("Its own id."), "user_id": id("Who sent it."), "state": text(20, "open, settled or discarded."),
            "kind": text(60, "The kind."), "op": text(20, "What it does."), "record_id": id("The record."), "device_id": text(100, "The device."),
            "area_code": text(20, "Its sender's area."), "problem": any("Why it is held."), "held_at": instant("Since when."),
            "mended_at": instant("When its author changed its body last."), "revision": number("One more with each mending; the ETag."), "expires_at": instant("Until when."),
            "ended_at": instant("When it was settled or discarded."), "item": any("The item, for its author as he sent it (what was no object stands in its `sent`); for whoever supervises him masked, as he would read the record, and null where he can't read the kind.")}),
            ),
        ),
        ("HeldItemPage".into(), page::schema(&reference("HeldItem"))),
        (
            "Conflict".into(),
            made(
                "Fields that both sides changed.",
                json!({"id": id("Its own id."), "kind": text(60, "The kind."), "record_id": id("The record."),
            "state": text(20, "open or resolved."), "phone_values": any("The phone's values, masked."), "server_values": any("The server's values of the same fields, masked: as the record stands while it is open, afterwards as it stood then; null where the caller doesn't see the record."), "area_code": text(20, "The record's area."),
            "base_revision": number("The revision that the phone knew."), "server_revision": number("The revision that stood."), "fields": names(),
            "user_id": id("Who sent them."), "device_id": text(100, "The device."), "taken": text(20, "Whose values hold."),
            "found_at": instant("When."), "ended_at": instant("When it was resolved.")}),
            ),
        ),
        ("ConflictPage".into(), page::schema(&reference("Conflict"))),
    ]
}
