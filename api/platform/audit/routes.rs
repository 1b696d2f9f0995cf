//! The audit as it is read.

use actix_web::http::Method;
use chrono::{DateTime, TimeDelta};
use kit::field::{Field, Shape};
use kit::text::Text;
use serde_json::{Value as Json, json};

use super::trail::{self, AUDITORS, AuditLine, Line, Position, Trail};
use crate::platform::codes::DISTRICT_REQUIRED;
use crate::platform::http::page::{CURSOR, LIMIT, Page};
use crate::platform::http::{Access, Answer, Call, Operation, page};

const WORDS: Shape = Shape::Text { min: 1, max: 60, pattern: Some("[a-z_.-]+") };

static PARAMETERS: &[Field] = &[
    Field::new("actor_id", Shape::Id, Text::new("Who", "操作人"), "Only by this account or key."),
    Field::new("verb", WORDS, Text::new("What", "操作"), "Only this, such as `people.reveal` or `screenings.amend`."),
    Field::new("subject_kind", WORDS, Text::new("On what", "对象类型"), "Only on this kind of thing."),
    Field::new("subject_id", Shape::Id, Text::new("On which", "对象编号"), "Only on this one."),
    Field::new("from", Shape::Instant, Text::new("From", "起"), "At or after this instant."),
    Field::new("to", Shape::Instant, Text::new("To", "止"), "Before this instant."),
    Field::new(
        "district_code",
        Shape::Text { min: 6, max: 6, pattern: Some("[0-9]{6}") },
        Text::new("District", "区县"),
        "Whose writes are joined in; needed only by callers with several districts.",
    ),
    Field::new(
        "include_writes",
        Shape::Boolean,
        Text::new("Include writes", "含业务写入"),
        "Whether the writes of the ledger are joined in; true by default.",
    ),
];

/// The operations of this room.
pub fn operations() -> Vec<Operation> {
    vec![
        Operation::new(Method::GET, "/v1/audit", "list_audit", list)
            .described(
                "audit",
                "Who did what",
                "Sign-ins, grants, reveals, lookups, exports, refusals of privilege, and every write of the ledger: who, \
                 what, when, from where, on whom, why. Newest first. Holds no personal values.",
            )
            .access(Access::Roles(AUDITORS))
            .parameters([&LIMIT, &CURSOR].into_iter().chain(PARAMETERS).collect())
            .answers::<Page<AuditLine>>(200, "A page.", Some(json!({"items": [example()], "next_cursor": null})))
            .with_headers(&["Link"])
            .problems(&[DISTRICT_REQUIRED]),
    ]
}

async fn list(call: Call) -> Answer {
    let actor = call.actor()?;
    let query = &call.query;
    let writes = query.boolean("include_writes") != Some(false);
    let parameters: Vec<String> = query
        .iter()
        .filter(|(name, _)| !matches!(*name, "cursor" | "limit"))
        .map(|(name, value)| format!("{name}={}", value.to_json(chrono_tz::UTC)))
        .collect();
    let binding = format!("audit|{}|{}", actor.user_id, parameters.join("&"));
    let after = page::position(&call, &binding)?.map(|text| position(&text)).unwrap_or_default();
    let trail = Trail {
        actor_id: query.id("actor_id"),
        verb: query.text("verb").map(str::to_owned),
        subject_kind: query.text("subject_kind").map(str::to_owned),
        subject_ids: query.id("subject_id").into_iter().collect(),
        from: query.instant("from"),
        to: query.instant("to"),
        of_all_areas: false,
        district_code: if writes { page::district(actor, query)? } else { None },
        after,
        limit: page::limit(&call),
    };
    answer(&call, &binding, &trail).await
}

/// Answers a page of a trail.
pub async fn answer(call: &Call, binding: &str, trail: &Trail) -> Answer {
    let lines = trail::read(&call.core, call.actor()?, trail).await?;
    let names = trail::names(&call.core, &lines).await?;
    let shown: Vec<Line> = lines.iter().take(trail.limit).cloned().collect();
    let end = |_: &Line| end_of(&shown, trail);
    Ok(page::answer(call, binding, lines, end, |line| line.shown(&names)))
}

/// Where both streams stand after these lines.
fn end_of(lines: &[Line], trail: &Trail) -> String {
    let audit_entry =
        lines.iter().rev().find_map(|line| line.deed_id.map(|id| (line.occurred_at, id))).or(trail.after.0);
    let write = lines.iter().rev().find_map(|line| Some((line.change_no?, line.subject.clone())));
    let write = write.or_else(|| trail.after.1.clone());
    let (micros, id) = audit_entry.map_or((String::new(), String::new()), |(occurred_at, id)| {
        (occurred_at.timestamp_micros().to_string(), id.to_string())
    });
    format!("{micros}|{id}|{}", write.map(|(number, subject)| format!("{number}|{subject}")).unwrap_or_default())
}

/// Reads what [`end_of`] wrote.
pub fn position(text: &str) -> Position {
    let mut parts = text.split('|');
    let mut next = || parts.next().unwrap_or_default();
    let (micros, id, number, subject) = (next(), next(), next(), next());
    let instant =
        micros.parse().ok().and_then(|micros| DateTime::UNIX_EPOCH.checked_add_signed(TimeDelta::microseconds(micros)));
    (instant.zip(id.parse().ok()), number.parse().ok().map(|number| (number, subject.to_owned())))
}

fn example() -> Json {
    json!({"occurred_at": "2020-02-02T10:15:00+08:00", "actor_id": "0198c0de-0000-7000-8000-00000000000b",
        "actor_name": "health.daxing", "area_code": "511802005", "verb": "people.reveal", "subject_kind": "people",
        "subject_id": "0198c0de-0003-7000-8000-000000000001", "change_no": null, "revision": null,
        "request_id": "0198c0de-0009-7000-8000-000000000001", "address": "10.1.2.3",
        "details": {"purpose": "medical_follow_up", "reason": "fever at the gate"}})
}
