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
use serde::Serialize;
use serde_json::{Value as Json, json};
use utoipa::ToSchema;
use utoipa::openapi::{RefOr, Schema};
use uuid::Uuid;

use super::batch_stages::in_stages;
use super::create::{Created, Outcome};
use super::definition::Kind;
use super::dry_run::DryRun;
use super::hooks::Hooks;
use super::record::Record;
use super::warnings::RecordWarning;
use super::{atomic_batch, view};
use crate::platform::audit::system_write;
use crate::platform::http::answered::problem_or_null;
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

/// Results of the items, in the order of the request.
#[derive(Serialize, ToSchema)]
pub struct BatchResults {
    /// One an item.
    #[schema(inline, max_items = 500)]
    results: Vec<BatchResult>,
}

/// Result of one item.
#[derive(Serialize, ToSchema)]
pub struct BatchResult {
    /// The item's place in the request.
    #[schema(value_type = i32, minimum = 0, maximum = 500)]
    index: usize,
    /// The record; null where the item had no id and wasn't written.
    #[schema(required)]
    id: Option<Uuid>,
    /// created, amended, voided, same, known, valid or refused.
    #[schema(max_length = 20)]
    outcome: &'static str,
    /// The status a request of its own would have had.
    #[schema(value_type = i32, minimum = 200, maximum = 599)]
    status: u16,
    /// The number of the record's revision.
    #[schema(required, minimum = 1)]
    change_no: Option<i64>,
    /// Why it was refused.
    #[schema(required, schema_with = refused)]
    problem: Option<Json>,
    /// Warnings about what is implausible.
    #[schema(max_items = 50)]
    warnings: Vec<RecordWarning>,
    /// The kind of record.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, max_length = 40, required = false)]
    kind: Option<&'static str>,
    /// The revision that stands, where the item changes a record that was there.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(required = false, minimum = 1)]
    revision: Option<i64>,
}

fn refused() -> RefOr<Schema> {
    problem_or_null("Why it was refused.")
}

impl BatchResult {
    /// Result of an item that made no record.
    pub fn without_record(
        index: usize,
        item: Option<&Tree>,
        outcome: &'static str,
        status: StatusCode,
        kind: Option<&'static str>,
    ) -> Self {
        let (id, status) = (sent_id(item), status.as_u16());
        let (change_no, problem, revision) = (None, None, None);
        Self { index, id, outcome, status, change_no, problem, warnings: Vec::new(), kind, revision }
    }

    /// Result of an item that a record of ours answers.
    fn with_record(
        call: &Call,
        kind: &Kind,
        index: usize,
        outcome: &'static str,
        status: u16,
        record: &Record,
    ) -> Self {
        Self {
            index,
            id: Some(record.envelope.id),
            outcome,
            status,
            change_no: Some(record.envelope.change_no),
            problem: None,
            warnings: view::warnings(&call.core, record, call.language),
            kind: Some(kind.name),
            revision: None,
        }
    }

    /// Result of an item about a record that was there, with the revision that stands.
    pub fn about(call: &Call, kind: &Kind, index: usize, outcome: &'static str, record: &Record) -> Self {
        Self {
            revision: Some(record.envelope.revision),
            ..Self::with_record(call, kind, index, outcome, StatusCode::OK.as_u16(), record)
        }
    }

    /// Result of an item that was refused.
    pub fn refused(call: &Call, kind: &Kind, index: usize, item: Option<&Tree>, problem: &Problem) -> Self {
        let told = problem.body(call.language, &call.request_id());
        let refused = Self::without_record(index, item, "refused", problem.code().status(), Some(kind.name));
        Self { problem: Some(told), ..refused }
    }
}

/// Handles a batch of a kind.
pub async fn batch(kind: &'static Kind, call: Call) -> Answer {
    let items = items(&call.batch_tree().await?)?;
    let (core, actor) = (&call.core, call.actor()?);
    let outcomes = if is_asked(&call, &VALIDATE_ONLY) {
        note_people(&call, kind, &items).await?;
        match is_asked(&call, &ATOMIC) {
            true => atomic_batch::linked_trial(core, actor, kind, &items).await?,
            false => in_stages(core, actor, kind, &items, Some(DryRun::linked())).await?,
        }
    } else if is_asked(&call, &ATOMIC) {
        atomic_batch::linked(core, actor, kind, &items).await?.into_iter().map(Some).collect()
    } else {
        in_stages(core, actor, kind, &items, None).await?
    };
    let result = |(index, outcome): (usize, Option<Outcome>)| match outcome {
        Some(outcome) => result(&call, kind, index, items.get(index), outcome),
        None => BatchResult::without_record(index, items.get(index), "valid", StatusCode::OK, None),
    };
    Ok(answer(outcomes.into_iter().enumerate().map(result).collect()))
}

/// Whether a request asks for an option.
pub fn is_asked(call: &Call, option: &Field) -> bool {
    call.query.boolean(option.name) == Some(true)
}

/// The items of a batch; 400 or 422 where it isn't 1 to 500 of them.
pub fn items(tree: &Tree) -> Result<Vec<Tree>, Problem> {
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
    let register = call.core.kinds().register();
    let Some((register, watched)) = register.and_then(|(kind, identity)| Some((kind, identity.watched?))) else {
        return Ok(());
    };
    let audit_entry =
        call.audit_entry(watched.dry_run, register.name, None, json!({"kind": kind.name, "people": people}));
    system_write(&call.core, audit_entry, async |_| Ok(())).await
}

fn result(call: &Call, kind: &'static Kind, index: usize, item: Option<&Tree>, outcome: Outcome) -> BatchResult {
    match outcome {
        Ok(created) => {
            let name = match &created {
                Created::New(_) => "created",
                Created::Same(_) => "same",
                Created::Known(..) => "known",
            };
            BatchResult::with_record(call, kind, index, name, created.status(), created.record())
        }
        Err(problem) => BatchResult::refused(call, kind, index, item, &problem),
    }
}

/// Answer with the results of a batch's items.
pub fn answer(results: Vec<BatchResult>) -> HttpResponse {
    HttpResponse::build(StatusCode::MULTI_STATUS)
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(BatchResults { results })
}

fn sent_id(item: Option<&Tree>) -> Option<Uuid> {
    match item.and_then(|item| item.member("id")) {
        Some(Tree::Text(text)) => Uuid::try_parse(text).ok(),
        _ => None,
    }
}
