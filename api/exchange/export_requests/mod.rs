//! Asking to take plain data of many people away: one asks with a reason, another one agrees, and each agreement is
//! good for one file of just that list ([`crate::exchange::files::export`]).

mod routes;
mod store;

use kit::field::{Field, Shape, free_text};
use kit::text::Text;
use kit::time::InZone;
use kit::vocabulary::{Vocabulary, word};
pub use routes::operations;
use serde::Serialize;
use serde_json::{Value as Json, json};
pub use store::{Approved, canonical, take};
use utoipa::ToSchema;
use utoipa::openapi::{RefOr, Schema};
use uuid::Uuid;

use crate::platform::access::Role;
use crate::platform::http::Form;
use crate::platform::http::answered::of_words;
use crate::platform::privacy::PURPOSE;

/// Roles that agree; nobody agrees to a request of his own.
pub const APPROVERS: &[Role] = &[Role::DistrictAdmin, Role::Auditor];

static STATE: Vocabulary = Vocabulary::new(
    "export_request_state",
    Text::new("State", "状态"),
    &[
        word("open", "open", "待审批"),
        word("approved", "approved", "已批准"),
        word("refused", "refused", "已驳回"),
        word("used", "used", "已使用"),
    ],
);

/// The form of a request.
static NEW: &[Field] = &[
    Field::new("kind", free_text(60), Text::new("Kind", "类型"), "Of which kind of record.").required(),
    Field::new(
        "filter",
        Shape::Text { min: 1, max: 1_000, pattern: None },
        Text::new("Filter", "筛选条件"),
        "As it will stand in the list's address: `area_code=511802005&state=notified`; the whole list where absent.",
    ),
    Field::new("purpose", Shape::Word(&PURPOSE), Text::new("Purpose", "用途"), "What it is needed for.").required(),
    Field::new(
        "reason",
        Shape::Text { min: 2, max: 500, pattern: None },
        Text::new("Reason", "事由"),
        "Why, in words. Encrypted at rest.",
    )
    .required(),
];

/// The form of a refusal.
static REFUSAL: &[Field] =
    &[Field::new("reason", free_text(200), Text::new("Reason", "原因"), "Why not; name nobody.").required()];

/// The body of a request.
const NEW_REQUEST: Form = Form::new("NewExportRequest", NEW, "Which list is to be taken away, and why.");
/// The body of a refusal.
const REFUSED: Form = Form::new("ExportRequestRefusal", REFUSAL, "Why not.");

/// A request for a file of plain values.
#[derive(Serialize, ToSchema)]
struct ExportRequest {
    /// Its id.
    #[schema(required, value_type = Option<Uuid>)]
    id: Uuid,
    /// The kind.
    #[schema(required, max_length = 60)]
    kind: Option<String>,
    /// The filter, its pairs sorted.
    #[schema(required, max_length = 1_000)]
    filter: Option<String>,
    /// The purpose.
    #[schema(required, max_length = 40)]
    purpose: Option<String>,
    /// Why.
    #[schema(required, max_length = 500)]
    reason: Option<String>,
    /// How it stands.
    #[schema(schema_with = state)]
    state: String,
    /// The area of whoever asks.
    #[schema(required, value_type = Option<String>, max_length = 20)]
    area_code: String,
    /// The account that asks.
    #[schema(required, value_type = Option<Uuid>)]
    requested_by: Uuid,
    /// When.
    #[schema(required, value_type = Option<DateTime<Utc>>)]
    requested_at: Option<InZone>,
    /// The account that agreed or refused; null where none did.
    #[schema(required)]
    decided_by: Option<Uuid>,
    /// When.
    #[schema(required, value_type = Option<DateTime<Utc>>)]
    decided_at: Option<InZone>,
    /// When the file was taken.
    #[schema(required, value_type = Option<DateTime<Utc>>)]
    used_at: Option<InZone>,
}

fn state() -> RefOr<Schema> {
    of_words(&STATE, "How it stands.")
}

fn example() -> Json {
    json!({"id": "0198c0de-0040-7000-8000-000000000001", "kind": "people", "filter": "area_code=511802005", "purpose": "epidemic_control",
        "reason": "全街道人员排查底册", "state": "open", "area_code": "511802", "requested_by": "0198c0de-0000-7000-8000-00000000000b",
        "requested_at": "2020-02-02T19:00:01+08:00", "decided_by": null, "decided_at": null, "used_at": null})
}
