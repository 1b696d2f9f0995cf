//! Keys as they are sent and served.

use chrono::DateTime;
use chrono::Utc;
use kit::field::{Field, Shape, free_text};
use kit::fields;
use kit::text::Text;
use kit::time::InZone;
use serde::Serialize;
use serde_json::{Value as Json, json};
use utoipa::ToSchema;
use utoipa::openapi::{RefOr, Schema};
use uuid::Uuid;

use crate::platform::access::keys::KEY_SCOPE;
use crate::platform::access::roles;
use crate::platform::http::Form;
use crate::platform::http::answered::of_form;

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
        Shape::List { of: &SCOPE, max: 7 },
        Text::new("Scopes", "用途"),
        "What it may be used for. `statistics` alone reaches aggregates only.",
    )
    .required()
    .not_empty();
    EXPIRES_AT: DateTime<Utc> = Field::new(
        "expires_at",
        Shape::Instant,
        Text::new("Expires at", "失效时间"),
        "Until when; at most 366 days ahead, by default 90.",
    );
}

/// The body that makes a key.
pub const NEW_API_KEY: Form = Form::new("NewApiKey", NEW, "Makes an API key.");

/// An API key without its secret.
#[derive(Serialize, ToSchema)]
pub struct ApiKey {
    /// Id · 编号
    ///
    /// The key's id, part of the key itself.
    pub id: Uuid,
    /// Purpose of the key, and who answers for it.
    #[schema(schema_with = name)]
    pub name: String,
    /// The role it acts with.
    #[schema(schema_with = role)]
    pub role: String,
    /// That division and all below.
    #[schema(schema_with = area_code)]
    pub area_code: String,
    /// Only what belongs to this organisation.
    #[schema(required, schema_with = org_id)]
    pub org_id: Option<Uuid>,
    /// Its allowed uses.
    #[schema(schema_with = scopes)]
    pub scopes: Vec<String>,
    /// Created by · 创建人
    ///
    /// Account that made it.
    pub created_by: Uuid,
    /// Created at · 创建时间
    ///
    /// When it was made.
    #[schema(value_type = DateTime<Utc>)]
    pub created_at: InZone,
    /// Until when.
    #[schema(schema_with = expires_at)]
    pub expires_at: InZone,
    /// Revoked at · 吊销时间
    ///
    /// Since when it is worth nothing.
    #[schema(required, value_type = Option<DateTime<Utc>>)]
    pub revoked_at: Option<InZone>,
}

fn name() -> RefOr<Schema> {
    of_form(&NAME.field)
}

fn role() -> RefOr<Schema> {
    of_form(&ROLE.field)
}

fn area_code() -> RefOr<Schema> {
    of_form(&AREA_CODE.field)
}

fn org_id() -> RefOr<Schema> {
    of_form(&ORG_ID.field)
}

fn scopes() -> RefOr<Schema> {
    of_form(&SCOPES.field)
}

fn expires_at() -> RefOr<Schema> {
    // Each key has one, whether or not it was said.
    of_form(&EXPIRES_AT.field.required())
}

/// A new key with its secret, told this once.
#[derive(Serialize, ToSchema)]
pub struct CreatedApiKey {
    /// The key without its secret.
    #[serde(flatten)]
    pub api_key: ApiKey,
    /// Send it as `Authorization: Bearer`.
    #[schema(max_length = 120)]
    pub key: String,
}

/// An example of a creation.
pub fn example_new() -> Json {
    json!({"name": "市统计局看板", "role": "statistics_reader", "area_code": "511802", "scopes": ["statistics"]})
}

/// An example of a key.
pub fn example() -> Json {
    json!({"id": "0198c0de-0000-7000-8000-00000000000c", "name": "市统计局看板", "role": "statistics_reader",
        "area_code": "511802", "org_id": null, "scopes": ["statistics"], "expires_at": "2020-12-31T00:00:00+08:00",
        "created_at": "2020-02-01T08:00:00+08:00", "created_by": "0198c0de-0000-7000-8000-00000000000b", "revoked_at": null})
}
