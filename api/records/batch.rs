//! `:batch`: up to 500 records of one kind in one request, each for itself or all or nothing.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::CACHE_CONTROL;
use kit::catalogue::FaultCode;
use kit::faults::Faults;
use kit::field::{Field, Shape};
use kit::problem::Problem;
use kit::text::Text;
use kit::tree::Tree;
use kit::walk::escape;
use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::atomic_batch::all_or_nothing;
use super::create::{API, Created, Outcome, create_all};
use super::definition::Kind;
use super::dry_run::DryRun;
use super::hooks::Hooks;
use super::view;
use crate::platform::audit::system_write;
use crate::platform::http::{Answer, Call};

/// Items of a batch at most.
pub const MAX_ITEMS: usize = 500;

/// All or nothing.
pub static ATOMIC: Field = Field::new(
    "atomic",
    Shape::Boolean,
    Text::new("Atomic", "原子"),
    "All items or none; they must be of one district.",
);
/// Every check, nothing written.
pub static VALIDATE_ONLY: Field = Field::new(
    "validate_only",
    Shape::Boolean,
    Text::new("Validate only", "仅校验"),
    "Every check is made, nothing is written.",
);

/// Handles a batch of a kind.
pub async fn batch(kind: &'static Kind, call: Call) -> Answer {
    let items = items(&call.batch_tree().await?)?;
    let (core, actor) = (&call.core, call.actor()?);
    let atomic = call.query.boolean("atomic") == Some(true);
    let results = if call.query.boolean("validate_only") == Some(true) {
        validate(&call, kind, &items).await?
    } else {
        let outcomes = if atomic {
            all_or_nothing(core, actor, kind, &items, API, false).await?
        } else {
            create_all(core, actor, kind, &items, API, None).await?
        };
        outcomes
            .into_iter()
            .enumerate()
            .map(|(index, outcome)| result(&call, kind, index, items.get(index), outcome))
            .collect()
    };
    let status = StatusCode::MULTI_STATUS;
    Ok(HttpResponse::build(status).insert_header((CACHE_CONTROL, "no-store")).json(json!({"results": results})))
}

fn items(tree: &Tree) -> Result<Vec<Tree>, Problem> {
    let mut faults = Faults::default();
    let mut found = None;
    match tree {
        Tree::Object(members) => {
            for (name, member) in members {
                match (name.as_str(), member) {
                    ("items", _) if found.is_some() => faults.add("/items", FaultCode::DUPLICATE_FIELD),
                    ("items", Tree::List(items)) => found = Some(items.clone()),
                    ("items", _) => faults.add_with("/items", FaultCode::WRONG_TYPE, vec![("type", "array".into())]),
                    _ => faults.add(format!("/{}", escape(name)), FaultCode::UNKNOWN_FIELD),
                }
            }
            if found.is_none() && faults.is_empty() {
                faults.add("/items", FaultCode::REQUIRED);
            }
        }
        _ => faults.add("", FaultCode::NOT_AN_OBJECT),
    }
    match found.as_ref().map_or(1, Vec::len) {
        0 => faults.add_with("/items", FaultCode::TOO_FEW, vec![("min", "1".into())]),
        count if count > MAX_ITEMS => {
            faults.add_with("/items", FaultCode::TOO_MANY, vec![("max", MAX_ITEMS.to_string())])
        }
        _ => {}
    }
    faults.finish().map(|()| found.unwrap_or_default())
}

/// Checks every item and writes nothing.
async fn validate(call: &Call, kind: &'static Kind, items: &[Tree]) -> Result<Vec<Json>, Problem> {
    let (core, actor) = (&call.core, call.actor()?);
    note_people(call, kind, items).await?;
    let outcomes = DryRun::default().run(core, actor, kind, items, API).await?;
    let mut results = Vec::with_capacity(items.len());
    for (index, outcome) in outcomes.into_iter().enumerate() {
        results.push(match outcome {
            Some(outcome) => result(call, kind, index, items.get(index), outcome),
            None => json!({"index": index, "id": sent_id(items.get(index)), "outcome": "valid", "status": 200, "change_no": null, "problem": null, "warnings": []}),
        });
    }
    Ok(results)
}

/// A dry run that says who people are asks the register about them: it counts as so many questions, and is noted.
async fn note_people(call: &Call, kind: &'static Kind, items: &[Tree]) -> Result<(), Problem> {
    let inline = |item: &&Tree| {
        let mut fields = kind.body_fields().into_iter().filter(|field| matches!(field.shape, Shape::Inline(..)));
        kind.is_people() || fields.any(|field| item.member(field.name).is_some())
    };
    let people = items.iter().filter(inline).count();
    if people == 0 {
        return Ok(());
    }
    (call.core.ext::<Hooks>().ask)(call, Some(people))?;
    let Some((register, identity)) = call.core.kinds().register() else { return Ok(()) };
    let audit_entry =
        call.audit_entry(identity.dry_run, register.name, None, json!({"kind": kind.name, "people": people}));
    system_write(&call.core, audit_entry, async |_| Ok(())).await
}

fn result(call: &Call, kind: &'static Kind, index: usize, item: Option<&Tree>, outcome: Outcome) -> Json {
    match outcome {
        Ok(created) => {
            let record = created.record();
            let warnings = view::warnings(&call.core, record, call.language);
            let name = match &created {
                Created::New(_) => "created",
                Created::Same(_) => "same",
                Created::Known(..) => "known",
            };
            json!({"index": index, "id": record.envelope.id.to_string(), "outcome": name, "status": created.status(),
                "change_no": record.envelope.change_no, "problem": null, "warnings": warnings, "kind": kind.name})
        }
        Err(problem) => {
            json!({"index": index, "id": sent_id(item), "outcome": "refused", "status": problem.code().status().as_u16(),
            "change_no": null, "problem": problem.body(call.language, &call.request_id()), "warnings": [], "kind": kind.name})
        }
    }
}

fn sent_id(item: Option<&Tree>) -> Json {
    match item.and_then(|item| item.member("id")) {
        Some(Tree::Text(text)) => Uuid::try_parse(text).map_or(Json::Null, |id| id.to_string().into()),
        _ => Json::Null,
    }
}

/// The schema of the answer.
pub fn schema() -> Json {
    let result = json!({
        "type": "object", "description": "What became of one item.",
        "required": ["index", "id", "outcome", "status", "change_no", "problem", "warnings"],
        "properties": {
            "index": {"type": "integer", "format": "int32", "minimum": 0, "maximum": MAX_ITEMS, "description": "The item's place in the request."},
            "id": {"type": ["string", "null"], "format": "uuid", "maxLength": 36, "description": "The record; null where the item had no id and wasn't written."},
            "outcome": {"type": "string", "maxLength": 20, "description": "created, same, known, valid or refused."},
            "status": {"type": "integer", "format": "int32", "minimum": 200, "maximum": 599, "description": "The status a request of its own would have had."},
            "change_no": {"type": ["integer", "null"], "format": "int64", "minimum": 1, "maximum": i64::MAX, "description": "The number of the record's revision."},
            "problem": {"oneOf": [{"$ref": "#/components/schemas/Problem"}, {"type": "null"}], "description": "Why it was refused."},
            "warnings": {"type": "array", "maxItems": 50, "items": {"$ref": "#/components/schemas/RecordWarning"}, "description": "What is implausible about it."},
            "kind": {"type": "string", "maxLength": 40, "description": "The kind of record."},
        },
    });
    json!({"type": "object", "description": "What became of the items, in the order of the request.", "required": ["results"],
        "properties": {"results": {"type": "array", "maxItems": MAX_ITEMS, "items": result, "description": "One a item."}}})
}
