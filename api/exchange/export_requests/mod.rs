//! Asking to take plain data of many people away: one asks with a reason, another one agrees, and each agreement is
//! good for one file of just that list ([`crate::exchange::files::export`]).

mod routes;
mod store;

use kit::field::{Field, Shape, free_text};
use kit::text::Text;
use kit::vocabulary::{Vocabulary, word};
pub use routes::operations;
use serde_json::{Value as Json, json};
pub use store::{Approved, canonical, take};

use crate::platform::access::Role;
use crate::platform::http::page;
use crate::platform::http::schema::{Direction, object, of_shape};
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

fn example() -> Json {
    json!({"id": "0198c0de-0040-7000-8000-000000000001", "kind": "people", "filter": "area_code=511802005", "purpose": "epidemic_control",
        "reason": "全街道人员排查底册", "state": "open", "area_code": "511802", "requested_by": "0198c0de-0000-7000-8000-00000000000b",
        "requested_at": "2020-02-02T19:00:01+08:00", "decided_by": null, "decided_at": null, "used_at": null})
}

/// The schemas of this room.
pub fn schemas() -> Vec<(String, Json)> {
    let form = |fields: &'static [Field], about: &str| {
        let mut schema = object(&fields.iter().collect::<Vec<_>>(), Direction::Sent);
        kit::json::put(&mut schema, "description", about);
        schema
    };
    let text = |max: u32, about: &str| json!({"type": ["string", "null"], "maxLength": max, "description": about});
    let id = |about: &str| json!({"type": ["string", "null"], "format": "uuid", "maxLength": 36, "description": about});
    let instant =
        |about: &str| json!({"type": ["string", "null"], "format": "date-time", "maxLength": 40, "description": about});
    let mut state = of_shape(&Shape::Word(&STATE));
    kit::json::put(&mut state, "description", "How it stands.");
    let properties = json!({"id": id("Its id."), "kind": text(60, "The kind."), "filter": text(1_000, "The filter, its pairs sorted."),
        "purpose": text(40, "The purpose."), "reason": text(500, "Why."), "state": state, "area_code": text(20, "The area of whoever asks."),
        "requested_by": id("Who asks."), "requested_at": instant("When."), "decided_by": id("Who agreed or refused."),
        "decided_at": instant("When."), "used_at": instant("When the file was taken.")});
    let required: Vec<&String> = properties.as_object().map(|members| members.keys().collect()).unwrap_or_default();
    let request = json!({"type": "object", "description": "A request for a file of plain values.", "required": required, "properties": properties});
    vec![
        ("NewExportRequest".into(), form(NEW, "Which list is to be taken away, and why.")),
        ("ExportRequestRefusal".into(), form(REFUSAL, "Why not.")),
        ("ExportRequest".into(), request),
        ("ExportRequestPage".into(), page::schema(&crate::platform::http::schema::reference("ExportRequest"))),
    ]
}
