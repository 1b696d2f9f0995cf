//! Keys as they are sent and served.

use chrono::DateTime;
use chrono::Utc;
use kit::field::{Field, Shape, free_text};
use kit::fields;
use kit::json::put;
use kit::text::Text;
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::platform::access::keys::KEY_SCOPE;
use crate::platform::access::roles;
use crate::platform::http::page;
use crate::platform::http::schema::{Direction, object, reference};

/// The most days that a key lives.
pub const MOST_DAYS: i64 = 366;

static SCOPE: Shape = Shape::Word(&KEY_SCOPE);

fields! {
    /// Fields of a new key.
    pub static NEW;
    NAME: String = Field::new("name", free_text(60), Text::new("Name", "名称"), "What it is for, and who answers for it.").required();
    ROLE: String = Field::new("role", Shape::Word(&roles::ROLE), Text::new("Role", "角色"), "The role it acts with.").required();
    AREA_CODE: String = Field::new("area_code", Shape::Area, Text::new("Area", "区划代码"), "That division and all below.").required();
    ORG_ID: Uuid = Field::new("org_id", Shape::Id, Text::new("Organisation", "单位"), "Only what belongs to this organisation.");
    SCOPES: Vec<String> = Field::new(
        "scopes",
        Shape::List { of: &SCOPE, max: 5 },
        Text::new("Scopes", "用途"),
        "What it may be used for. `statistics` alone reaches aggregates only.",
    )
    .required()
    .not_empty();
    EXPIRES_AT: DateTime<Utc> = Field::new(
        "expires_at",
        Shape::Instant,
        Text::new("Expires at", "失效时间"),
        "Until when; at most 366 days ahead.",
    )
    .required();
}

fields! {
    /// Members of its form.
    static SERVED;
    ID: Uuid = Field::new("id", Shape::Id, Text::new("Id", "编号"), "The key's id, part of the key itself.").required();
    CREATED_AT: DateTime<Utc> = Field::new("created_at", Shape::Instant, Text::new("Created at", "创建时间"), "When it was made.").required();
    CREATED_BY: Uuid = Field::new("created_by", Shape::Id, Text::new("Created by", "创建人"), "Who made it.").required();
    REVOKED_AT: DateTime<Utc> = Field::new("revoked_at", Shape::Instant, Text::new("Revoked at", "吊销时间"), "Since when it is worth nothing.");
}

/// An example of a creation.
pub fn example_new() -> Json {
    json!({"name": "市统计局看板", "role": "statistics_reader", "area_code": "511802", "scopes": ["statistics"],
        "expires_at": "2099-12-31T00:00:00+08:00"})
}

/// An example of a key.
pub fn example() -> Json {
    json!({"id": "0198c0de-0000-7000-8000-00000000000c", "name": "市统计局看板", "role": "statistics_reader",
        "area_code": "511802", "org_id": null, "scopes": ["statistics"], "expires_at": "2020-12-31T00:00:00+08:00",
        "created_at": "2020-02-01T08:00:00+08:00", "created_by": "0198c0de-0000-7000-8000-00000000000b", "revoked_at": null})
}

/// The schemas of this room.
pub fn schemas() -> Vec<(String, Json)> {
    let mut key = object(&NEW.iter().chain(SERVED).collect::<Vec<_>>(), Direction::Served);
    put(&mut key, "description", "An API key without its secret.");
    let mut new = object(&NEW.iter().collect::<Vec<_>>(), Direction::Sent);
    put(&mut new, "description", "Makes an API key.");
    let created = json!({"allOf": [reference("ApiKey")], "type": "object", "description": "A new key with its secret, told this once.",
        "required": ["key"],
        "properties": {"key": {"type": "string", "maxLength": 120, "description": "Send it as `Authorization: Bearer`."}}});
    vec![
        ("ApiKey".into(), key),
        ("NewApiKey".into(), new),
        ("CreatedApiKey".into(), created),
        ("ApiKeyPage".into(), page::schema(&reference("ApiKey"))),
    ]
}
