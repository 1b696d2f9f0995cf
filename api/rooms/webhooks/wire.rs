//! Endpoints as they are sent and served.

use kit::field::{Field, Shape, free_text};
use kit::fields;
use kit::text::Text;
use kit::time::InZone;
use kit::typed::TypedField;
use serde::Serialize;
use serde_json::{Value as Json, json};
use utoipa::ToSchema;
use utoipa::openapi::{RefOr, Schema};
use uuid::Uuid;

use super::endpoint::{Endpoint, Owner, WebhookOp, WebhookPayload, WebhookSigning, WebhookState};
use crate::platform::core::Core;
use crate::platform::http::Form;
use crate::platform::http::answered::{Text as Words, of_form, of_words};
use crate::platform::outbound::judge::MOST_CHARACTERS;

static KIND_NAME: Shape = Shape::Text { min: 1, max: 40, pattern: Some("[a-z_]+") };
static OP: Shape = Shape::Word(WebhookOp::VOCABULARY);

const fn integer(name: &'static str, min: i64, max: i64, label: Text, about: &'static str) -> Field {
    Field::new(name, Shape::Integer { min, max }, label, about)
}

/// The largest number of a change.
pub const MOST_NO: i64 = 9_007_199_254_740_991;

/// Where to.
pub const URL: TypedField<String> = TypedField::named(
    "URL",
    Field::new(
        "url",
        Shape::Text { min: 9, max: MOST_CHARACTERS, pattern: Some("[Hh][Tt][Tt][Pp][Ss]?://[^\\s]+") },
        Text::new("Address", "推送地址"),
        "`https`, a name and no number, port 443 unless the service allows others; no user, no fragment.",
    ),
);
/// Its purpose.
pub const DESCRIPTION: TypedField<String> = TypedField::named(
    "DESCRIPTION",
    Field::new(
        "description",
        free_text(200),
        Text::new("Description", "说明"),
        "What it is for, and who answers for it.",
    ),
);
/// Of which kinds it tells.
pub const KINDS: TypedField<Vec<String>> = TypedField::named(
    "KINDS",
    Field::new(
        "kinds",
        Shape::List { of: &KIND_NAME, max: 100 },
        Text::new("Kinds", "类型"),
        "Kinds of records; all that the owner reads by default. Closed rooms never.",
    )
    .not_empty(),
);
/// Of which changes.
pub const OPS: TypedField<Vec<WebhookOp>> = TypedField::named(
    "OPS",
    Field::new(
        "ops",
        Shape::List { of: &OP, max: 4 },
        Text::new("Changes", "变更"),
        "What became of the records; everything by default.",
    )
    .not_empty(),
);
/// Of which area.
pub const AREA_CODE: TypedField<String> = TypedField::named(
    "AREA_CODE",
    Field::new("area_code", Shape::Area, Text::new("Area", "区划代码"), "Only changes in that area and below."),
);
/// How much.
pub const PAYLOAD: TypedField<WebhookPayload> = TypedField::named(
    "PAYLOAD",
    Field::new(
        "payload",
        Shape::Word(WebhookPayload::VOCABULARY),
        Text::new("Payload", "推送内容"),
        "How much of a change is told; `thin` by default.",
    ),
);
/// How many at once.
pub const BATCH: TypedField<i64> = TypedField::named(
    "BATCH",
    integer("batch", 1, 100, Text::new("Batch", "每批条数"), "How many changes a request tells at most; 1 by default."),
);

fields! {
    /// Fields that only a new endpoint takes.
    static ONCE;
    DISTRICT_CODE: String = Field::new("district_code", Shape::Text { min: 6, max: 6, pattern: Some("[0-9]{6}") }, Text::new("District", "区县"), "The district whose changes are told.").required();
    SIGNING: WebhookSigning = Field::new("signing", Shape::Word(WebhookSigning::VOCABULARY), Text::new("Signature", "签名方式"), "By what the receiver knows the service; `v1` by default.");
    FROM_CHANGE_NO: i64 = integer("from_change_no", 1, MOST_NO, Text::new("From", "起始编号"), "The first change told; by default the next one.");
}

fields! {
    /// Parameters of the list.
    static LISTED;
    IN_TROUBLE: bool = Field::new("in_trouble", Shape::Boolean, Text::new("In trouble", "异常"), "`true`: those that fail, or were switched off otherwise than by hand, and tell nothing; `false`: the others.");
}

/// Fields of a new endpoint.
pub static NEW: &[Field] = &[
    URL.field.required(),
    DISTRICT_CODE.field,
    DESCRIPTION.field.required(),
    KINDS.field,
    OPS.field,
    AREA_CODE.field,
    PAYLOAD.field,
    BATCH.field,
    SIGNING.field,
    FROM_CHANGE_NO.field,
];
/// Fields that amend one.
pub static PATCH: &[Field] = &[
    URL.field.never_null(),
    DESCRIPTION.field.never_null(),
    KINDS.field,
    OPS.field,
    AREA_CODE.field,
    PAYLOAD.field.never_null(),
    BATCH.field.never_null(),
];

/// The last change that is sent again.
pub const TO_CHANGE_NO: TypedField<i64> = TypedField::named(
    "TO_CHANGE_NO",
    integer(
        "to_change_no",
        1,
        MOST_NO,
        Text::new("To", "截止编号"),
        "The last that is sent again; by default the newest that was given.",
    ),
);

/// Which changes are sent again.
pub static REPLAYED: &[Field] = &[FROM_CHANGE_NO.field.required(), TO_CHANGE_NO.field];

fields! {
    /// How a secret is exchanged.
    pub static ROTATED;
    OVERLAP_MINUTES: i64 = integer("overlap_minutes", 0, 2_880, Text::new("Overlap (min)", "并行时间(分钟)"), "How long both secrets sign; a day by default.");
}

/// The body that makes an endpoint.
pub const NEW_ENDPOINT: Form = Form::new("NewWebhookEndpoint", NEW, "Makes an endpoint.");
/// The body that amends one.
pub const ENDPOINT_PATCH: Form =
    Form::patch("WebhookEndpointPatch", PATCH, "A merge patch (RFC 7396): what is absent stays.");
/// The body of a replay.
pub const REPLAY: Form = Form::new("WebhookReplay", REPLAYED, "Which changes are sent again.");
/// The body of a rotation.
pub const ROTATION: Form = Form::new("WebhookRotation", ROTATED, "How a secret is exchanged.");

/// The last attempt that failed.
#[derive(Serialize, ToSchema)]
pub struct WebhookFailure {
    /// When.
    #[schema(value_type = DateTime<Utc>)]
    pub at: InZone,
    /// Status of the answer; null where there was none.
    #[schema(required, minimum = 100, maximum = 999)]
    pub status: Option<u16>,
    /// Why.
    #[schema(max_length = 40)]
    pub reason: String,
}

/// Somewhere outside that is told of changes.
#[derive(Serialize, ToSchema)]
pub struct WebhookEndpoint {
    /// Id · 编号
    ///
    /// The endpoint's id.
    pub id: Uuid,
    #[schema(schema_with = url)]
    pub url: String,
    #[schema(schema_with = district_code)]
    pub district_code: String,
    #[schema(schema_with = description)]
    pub description: String,
    /// Kinds of which it tells; null for all that the owner reads.
    #[schema(inline, required, value_type = Option<Vec<Words<40>>>, max_items = 100)]
    pub kinds: Option<Vec<String>>,
    /// Kinds of change that it tells; null for all.
    #[schema(inline, required, value_type = Option<Vec<Words<20>>>, max_items = 4)]
    pub ops: Option<Vec<WebhookOp>>,
    #[schema(required, schema_with = area_code)]
    pub area_code: Option<String>,
    #[schema(schema_with = payload)]
    pub payload: WebhookPayload,
    #[schema(schema_with = batch)]
    pub batch: i64,
    #[schema(schema_with = signing)]
    pub signing: WebhookSigning,
    #[schema(schema_with = state)]
    pub state: WebhookState,
    /// Why it is paused or disabled: `by_hand`, `url_changed`, `rights_ended`, `gone`, `retries_exhausted`.
    #[schema(required, max_length = 40)]
    pub state_reason: Option<String>,
    /// All changes up to this number were given.
    #[schema(minimum = 0)]
    pub cursor: i64,
    /// How many changes of the district are newer.
    #[schema(minimum = 0)]
    pub behind: i64,
    /// When something was taken last.
    #[schema(required, value_type = Option<DateTime<Utc>>)]
    pub last_success_at: Option<InZone>,
    /// The last attempt that failed.
    #[schema(required)]
    pub last_failure: Option<WebhookFailure>,
    /// When it is tried again; null where nothing waits.
    #[schema(required, value_type = Option<DateTime<Utc>>)]
    pub next_attempt_at: Option<InZone>,
    /// Up to which number changes are being sent again; null where none are.
    #[schema(required, minimum = 0)]
    pub replay_to_change_no: Option<i64>,
    /// The key that it belongs to; null where it is an account's.
    pub key_id: Option<Uuid>,
    /// The account that it belongs to; null where it is a key's.
    pub user_id: Option<Uuid>,
    /// Until when the former secret signs, too.
    #[schema(required, value_type = Option<DateTime<Utc>>)]
    pub former_secret_until: Option<InZone>,
    /// From 1; grows with what people set.
    #[schema(minimum = 1)]
    pub revision: i64,
    /// When it was made.
    #[schema(value_type = DateTime<Utc>)]
    pub created_at: InZone,
}

macro_rules! as_in_the_form {
    ($($name:ident $field:expr;)*) => {
        $(fn $name() -> RefOr<Schema> {
            of_form(&$field)
        })*
    };
}

as_in_the_form! {
    url URL.field.required();
    district_code DISTRICT_CODE.field;
    description DESCRIPTION.field.required();
    area_code AREA_CODE.field;
    payload PAYLOAD.field.required();
    batch BATCH.field.required();
    signing SIGNING.field.required();
}

fn state() -> RefOr<Schema> {
    of_words(WebhookState::VOCABULARY, "How it stands.")
}

/// An endpoint with its secret, told this once.
#[derive(Serialize, ToSchema)]
pub struct WebhookEndpointSecret {
    /// The endpoint.
    #[serde(flatten)]
    pub endpoint: WebhookEndpoint,
    /// By which its receiver checks signatures; null where the service's key signs.
    #[schema(required, max_length = 100)]
    pub secret: Option<String>,
}

/// An endpoint as it is told.
pub fn view(core: &Core, endpoint: &Endpoint) -> WebhookEndpoint {
    let (settings, progress) = (endpoint.settings.clone(), endpoint.progress.clone());
    let at = |instant| InZone(instant, core.zone);
    let (key_id, user_id) = match endpoint.owner {
        Owner::Key(id) => (Some(id), None),
        Owner::User(id) => (None, Some(id)),
    };
    WebhookEndpoint {
        id: endpoint.id,
        url: settings.url,
        district_code: endpoint.district_code.clone(),
        description: settings.description,
        kinds: settings.kinds,
        ops: settings.ops,
        area_code: settings.area_code,
        payload: settings.payload,
        batch: settings.batch,
        signing: settings.signing,
        state: endpoint.state,
        state_reason: endpoint.state_reason.clone(),
        cursor: endpoint.cursor_no,
        behind: endpoint.behind,
        last_success_at: progress.last_success_at.map(at),
        last_failure: progress.last_failure.map(|last| WebhookFailure {
            at: at(last.at),
            status: last.status,
            reason: last.reason,
        }),
        next_attempt_at: endpoint.next_attempt_at.map(at),
        replay_to_change_no: endpoint.replay.as_ref().map(|replay| replay.until),
        key_id,
        user_id,
        former_secret_until: endpoint.former_until.filter(|until| *until > core.clock.now()).map(at),
        revision: endpoint.revision,
        created_at: at(endpoint.created_at),
    }
}

/// An example of a creation.
pub fn example_new() -> Json {
    json!({"url": "https://dashboard.example.cn/hooks/lianfang", "district_code": "511802", "description": "市大数据局看板",
        "kinds": ["screenings", "isolation_cases"], "payload": "thin"})
}

/// An example of an endpoint.
pub fn example() -> Json {
    json!({"id": "0198c0de-0000-7000-8000-0000000000e1", "url": "https://dashboard.example.cn/hooks/lianfang", "district_code": "511802",
        "description": "市大数据局看板", "kinds": ["screenings", "isolation_cases"], "ops": null, "area_code": null, "payload": "thin", "batch": 1,
        "signing": "v1", "state": "active", "state_reason": null, "cursor": 42, "behind": 0, "last_success_at": null, "last_failure": null,
        "next_attempt_at": null, "replay_to_change_no": null, "key_id": null, "user_id": "0198c0de-0000-7000-8000-00000000000b",
        "former_secret_until": null, "revision": 1, "created_at": "2020-02-02T08:30:00+08:00"})
}
