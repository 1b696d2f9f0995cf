//! The revisions of a record, page by page: each with its envelope and, of its own fields, those that changed.

use kit::json::put;
use kit::problem::Problem;
use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::closed::note_read;
use super::definition::Kind;
use super::record::Record;
use super::{read, view};
use crate::platform::access::roles::Actor;
use crate::platform::core::Core;
use crate::platform::http::{Answer, Call, page};

/// A revision and the one before it.
struct Revision {
    record: Record,
    former: Option<Record>,
}

/// `GET /v1/{kind}/{id}/revisions`.
pub async fn revisions(kind: &'static Kind, call: Call) -> Answer {
    let (core, actor, id) = (&call.core, call.actor()?, call.path_id()?);
    let binding = format!("revisions|{}|{}|{id}", kind.name, actor.user_id);
    let after = page::position(&call, &binding)?.and_then(|text| text.parse::<i64>().ok()).unwrap_or(0);
    let found = of_page(core, actor, kind, id, after, page::limit(&call)).await?;
    note_read(&call, found.last().map(|revision| (kind, &revision.record))).await?;
    let mut items = Vec::with_capacity(found.len());
    for revision in found {
        items.push((revision.record.envelope.revision, shown(&call, kind, &revision)?));
    }
    Ok(page::answer(&call, &binding, items, |(revision, _)| revision.to_string(), |(_, json)| json))
}

/// The revisions after one, one more than the limit where there are more.
async fn of_page(
    core: &Core,
    actor: &Actor,
    kind: &'static Kind,
    id: Uuid,
    after: i64,
    limit: usize,
) -> Result<Vec<Revision>, Problem> {
    // With the one before the first: what it changed is told by that.
    let records = read::revisions_from(core, actor, kind, id, after, limit + 2).await?;
    let mut former = None;
    let mut found = Vec::with_capacity(records.len());
    for record in records {
        let is_before = record.envelope.revision <= after;
        let before = former.replace(record.clone());
        if !is_before {
            found.push(Revision { record, former: before });
        }
    }
    found.truncate(limit + 1);
    Ok(found)
}

fn shown(call: &Call, kind: &Kind, revision: &Revision) -> Result<Json, Problem> {
    let mut json = view::record(&call.core, kind, &revision.record, call.language).to_json()?;
    let Some(former) = &revision.former else {
        put(&mut json, "changed", Json::Null);
        return Ok(json);
    };
    let (before, now) = (&former.values, &revision.record.values);
    let of = |values: &kit::value::Values, name: &str| values.get(name).filter(|value| !value.is_null()).cloned();
    let (changed, same): (Vec<&str>, Vec<&str>) =
        kind.shown_fields().map(|field| field.name).partition(|name| of(before, name) != of(now, name));
    if let Json::Object(members) = &mut json {
        members.retain(|name, _| !same.contains(&name.as_str()));
    }
    put(&mut json, "changed", changed);
    Ok(json)
}

/// The schema of a page.
pub fn schema() -> Json {
    let number = |about: &str| json!({"type": "integer", "format": "int64", "minimum": 1, "maximum": i64::MAX, "description": about});
    let revision = json!({
        "type": "object", "additionalProperties": true,
        "description": "A revision as the record was served then: the envelope, and of the kind's own fields those that `changed` names; the first one has all.",
        "required": ["id", "revision", "change_no", "revised_at", "revised_by", "changed"],
        "properties": {
            "id": {"type": "string", "format": "uuid", "maxLength": 36, "description": "The record."},
            "revision": number("Which revision."),
            "change_no": number("Its number in the district's ledger."),
            "revised_at": {"type": "string", "format": "date-time", "maxLength": 40, "description": "When."},
            "revised_by": {"type": "string", "format": "uuid", "maxLength": 36, "description": "By whom."},
            "changed": {"type": ["array", "null"], "maxItems": 100, "items": {"type": "string", "maxLength": 60}, "description": "The kind's own fields that differ from the revision before; null of the first."},
        },
    });
    page::schema(&revision)
}
