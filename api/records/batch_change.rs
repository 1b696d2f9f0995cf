//! `:batch-amend` and `:batch-void`: up to 500 records that are there, each changed for itself, as its own request
//! would change it, or all or none. All are planned first and appended in the order of the items; what meets somebody
//! else, or rules across rows, goes the way of a single request.

use actix_web::http::{Method, StatusCode};
use futures_util::stream::{StreamExt, iter};
use kit::catalogue::Code;
use kit::json::put;
use kit::problem::Problem;
use serde_json::{Value as Json, json};

use super::amend;
use super::atomic_change::all_or_nothing;
use super::batch::{ATOMIC, BatchResult, BatchResults, MAX_ITEMS, VALIDATE_ONLY, answer, is_asked, items};
use super::change_item::{ChangeItem, PATCH, Plan, What};
use super::change_plans::{AT_A_TIME, Changed, Planned, judged, planned, planned_anew};
use super::codes::SPANS_DISTRICTS;
use super::definition::Kind;
use super::document::{example_id, example_patch};
use super::idempotency::Key;
use super::record::Record;
use crate::platform::access::roles::Actor;
use crate::platform::codes::BAD_IDEMPOTENCY_KEY;
use crate::platform::core::Core;
use crate::platform::http::schema::{Direction, object, reference};
use crate::platform::http::{Answer, Call, Operation};

const AMENDS: &str = "Up to 500 items, each for itself, as a request of its own would amend its record: `revision` stands for `If-Match`. A record is named once. `atomic=true` amends all or none, `validate_only=true` none. With an `Idempotency-Key` what was amended is answered again.";
const VOIDS: &str = "Up to 500 items, each for itself, as a request of its own would void its record; with a `revision` only that one. A record is named once. `atomic=true` voids all or none, `validate_only=true` none. With an `Idempotency-Key` what was voided is answered again.";

/// The operation on a kind; who may use it is for the kind's others to say.
pub fn operation(kind: &'static Kind, what: What) -> Operation {
    let (verb, title, about) = match what {
        What::Amend => ("amend", "Amend", AMENDS),
        What::Void => ("void", "Void", VOIDS),
    };
    let (path, name) = (format!("/v1/{}:batch-{verb}", kind.path), format!("{verb}_{}_batch", kind.name));
    let id = example_id(kind);
    let mut example = json!({"id": id, "revision": 1});
    match what {
        What::Amend => put(&mut example, "patch", example_patch(kind)),
        What::Void => put(&mut example, "reason", "entered twice"),
    }
    let result = json!({"index": 0, "id": id, "outcome": what.outcome(), "status": 200, "change_no": 8, "problem": null, "warnings": [], "kind": kind.name, "revision": 2});
    let title = format!("{title} many {} records", kind.label.en.to_lowercase());
    Operation::new(Method::POST, path, name, move |call| batch_change(kind, call, what))
        .described(kind.name, title, about)
        .parameters(vec![&ATOMIC, &VALIDATE_ONLY])
        .headers(&["Idempotency-Key"])
        .body(body(kind, what), json!({"items": [example]}))
        .answers::<BatchResults>(207, "What became of each item, in their order.", Some(json!({"results": [result]})))
        .problems(&[BAD_IDEMPOTENCY_KEY, SPANS_DISTRICTS, Code::WRITE_CONFLICT, Code::LEDGER_UNAVAILABLE])
}

fn body(kind: &Kind, what: What) -> Json {
    let item = match what {
        What::Void => reference("VoidingOfOne"),
        What::Amend => {
            let mut item = object(&what.fields(), Direction::Sent);
            if let Some(members) = item.get_mut("properties") {
                put(members, PATCH.name, reference(&format!("{}Patch", kind.schema)));
            }
            item
        }
    };
    let items =
        json!({"type": "array", "minItems": 1, "maxItems": MAX_ITEMS, "items": item, "description": "What to change."});
    json!({"type": "object", "required": ["items"], "additionalProperties": false, "properties": {"items": items}})
}

/// The schema of an item that voids, which all kinds have in common.
pub fn voiding_of_one() -> Json {
    let mut schema = object(&What::Void.fields(), Direction::Sent);
    put(&mut schema, "description", "Voids one record of several.");
    schema
}

/// Handles changes of many records of a kind.
pub async fn batch_change(kind: &'static Kind, call: Call, what: What) -> Answer {
    let tree = call.batch_tree().await?;
    let key = Key::of_call(&call, &tree)?;
    let trees = items(&tree)?;
    let (core, actor) = (&call.core, call.actor()?);
    let wanted = ChangeItem::read_all(core, &trees, what, key.as_ref());
    let told = match (is_asked(&call, &ATOMIC), is_asked(&call, &VALIDATE_ONLY)) {
        (true, only_tried) => all_or_nothing(core, actor, kind, &wanted, only_tried).await?,
        (false, true) => tried(core, actor, kind, &wanted).await?,
        (false, false) => changed(core, actor, kind, &wanted).await,
    };
    let result = |(index, told): (usize, Result<Changed, Problem>)| match told {
        Ok(Changed::Written(record)) => BatchResult::about(&call, kind, index, what.outcome(), &record),
        Ok(Changed::Same(record)) => BatchResult::about(&call, kind, index, "same", &record),
        Ok(Changed::Valid) => BatchResult::without_record(index, trees.get(index), "valid", StatusCode::OK, None),
        Err(problem) => BatchResult::refused(&call, kind, index, trees.get(index), &problem),
    };
    Ok(answer(told.into_iter().enumerate().map(result).collect()))
}

/// Changes records, each for itself.
async fn changed(
    core: &Core,
    actor: &Actor,
    kind: &'static Kind,
    wanted: &[Result<ChangeItem, Problem>],
) -> Vec<Result<Changed, Problem>> {
    // Records are written in the order of the items: all are planned before the first is.
    let plans: Vec<_> =
        iter(wanted.iter().map(|item| planned(core, actor, kind, item))).buffered(AT_A_TIME).collect().await;
    let tries = wanted.iter().zip(plans).map(async |(item, plan)| match (item, plan) {
        (Ok(item), Ok(Planned::Next(plan))) => write(core, actor, kind, item, *plan).await,
        (_, Ok(Planned::Next(_))) => None,
        (_, Ok(Planned::Done(changed))) => Some(Ok(changed)),
        (_, Err(problem)) => Some(Err(problem)),
    });
    let tried: Vec<_> = iter(tries).buffered(AT_A_TIME).collect().await;
    let mut outcomes = Vec::with_capacity(tried.len());
    for (item, outcome) in wanted.iter().zip(tried) {
        outcomes.push(match (outcome, item) {
            // Sent twice at once, the other one wrote it meanwhile: this one is answered the same.
            (Some(Err(problem)), Ok(item)) => match item.replayed(core, actor, kind).await {
                Ok(Some(record)) => Ok(Changed::Written(Box::new(record))),
                Ok(None) => Err(problem),
                Err(problem) => Err(problem),
            },
            (Some(outcome), _) => outcome,
            (None, Ok(item)) => item.alone(core, actor, kind).await.map(|record| of_record(item, record)),
            (None, Err(problem)) => Err(problem.again()),
        });
    }
    outcomes
}

fn of_record(item: &ChangeItem, record: Record) -> Changed {
    if item.has_changed(&record) { Changed::Written(Box::new(record)) } else { Changed::Same(Box::new(record)) }
}

/// One try at a plan; none where somebody else was met, or rules across rows: they may give way.
async fn write(
    core: &Core,
    actor: &Actor,
    kind: &'static Kind,
    item: &ChangeItem,
    plan: Plan,
) -> Option<Result<Changed, Problem>> {
    let next = plan.next?;
    let key = item.key.as_ref().map(|key| (key, 200));
    match amend::write(core, actor, kind, &plan.current, next, key).await {
        Ok(written) => Some(Ok(Changed::Written(Box::new(written?)))),
        Err(problem) if problem.faults().is_empty() && item.key.is_none() => Some(Err(problem)),
        Err(_) => None,
    }
}

/// Foretells the results of changes; nothing is written.
async fn tried(
    core: &Core,
    actor: &Actor,
    kind: &'static Kind,
    wanted: &[Result<ChangeItem, Problem>],
) -> Result<Vec<Result<Changed, Problem>>, Problem> {
    let plans =
        iter(wanted.iter().map(|item| planned_anew(core, actor, kind, item))).buffered(AT_A_TIME).collect().await;
    let plans = judged(core, actor, kind, wanted, plans).await?;
    Ok(plans.into_iter().map(|plan| plan.map(Planned::tried)).collect())
}
