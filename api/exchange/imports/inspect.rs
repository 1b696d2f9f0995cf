//! Looking at a file before it is imported: what each column would be taken for, the first records as they would be
//! stored, their faults, and what to say where something is missing. Nothing is written.

use actix_web::HttpResponse;
use actix_web::http::header::CACHE_CONTROL;
use kit::ids::new_id;
use kit::problem::Problem;
use kit::tree::{Tree, to_json};
use serde_json::{Value as Json, json};

use super::intake::{arriving, kind, options};
use super::items::Item;
use super::job::{CHUNK, Job};
use super::outcomes::told;
use super::returned::Change;
use super::uploads::Uploads;
use crate::exchange::files::columns::folded;
use crate::platform::codes::NOT_FOUND;
use crate::platform::http::{Answer, Call};
use crate::records::codes::RECORD_EXISTS;
use crate::records::create::Outcome;
use crate::records::dry_run::DryRun;
use crate::records::hooks::Hooks;
use crate::records::list::district;

/// Rows that are looked at; the rest of a file is only passed over.
const MOST_ROWS: usize = 2_000;
/// Records that are checked.
const MOST_CHECKED: usize = 200;
/// Records that are shown.
const MOST_SHOWN: usize = 10;
/// Faults that are shown.
const MOST_FAULTS: usize = 50;

/// `POST /v1/imports:inspect`.
pub async fn post(call: Call) -> Answer {
    let kind = kind(&call)?;
    let district_code = district(call.actor()?, &call.query)?.ok_or(NOT_FOUND)?;
    let _upload = call.core.ext::<Uploads>().begin(call.actor()?.user_id)?;
    if kind.tells_people() {
        (call.core.ext::<Hooks>().ask)(&call, None)?;
    }
    let (mut reader, sheets, form) = arriving(&call).await?;
    let (core, actor) = (std::sync::Arc::clone(&call.core), call.actor()?.clone());
    let mut job = Job::new(core, actor, kind, district_code, new_id(), options(&call), form).in_sheets(sheets);
    let (mut items, mut rows, mut problem) = (Vec::new(), 0, None);
    while let Some(lot) = reader.next(CHUNK).await? {
        if rows < MOST_ROWS && problem.is_none() {
            rows += lot.len();
            match job.items(&lot) {
                Ok(more) => items.extend(more),
                Err(fault) => problem = Some(fault),
            }
        }
    }
    if problem.is_none() {
        match job.end_of_file() {
            Ok(more) => items.extend(more),
            Err(fault) => problem = Some(fault),
        }
    }
    items.truncate(MOST_CHECKED);
    let shown = checked(&mut job, items, &call).await?;
    let body = answer(&call, &job, rows, &shown, problem.as_ref());
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(body))
}

/// Records with what would come of each.
struct Shown {
    first: Vec<Json>,
    faults: Vec<Json>,
    checked: usize,
    refused: usize,
}

async fn checked(job: &mut Job, items: Vec<Item>, call: &Call) -> Result<Shown, Problem> {
    let items = job.identified(items).await?;
    let good: Vec<Tree> = items.iter().filter(|item| item.is_new()).map(|item| item.body.tree.clone()).collect();
    let outcomes = DryRun::default().run(&job.core, &job.actor, job.kind, &good, "import").await?;
    let mut outcomes = outcomes.into_iter();
    let mut shown = Shown { first: Vec::new(), faults: Vec::new(), checked: items.len(), refused: 0 };
    for item in &items {
        let (outcome, problem) = match &item.body.problem {
            Some(problem) => ("refused", Some(problem.again())),
            None => match item.met.map(|met| met.change) {
                Some(Change::Nothing) => ("same", None),
                Some(_) => ("skipped", None),
                None => came(outcomes.next().flatten()),
            },
        };
        let faults: Vec<Json> = problem.iter().flat_map(|problem| item.faults(problem)).collect();
        shown.refused += usize::from(problem.is_some());
        let lines: Vec<u64> = item.rows.iter().map(|row| row.line).collect();
        for (line, faults) in lines.iter().zip(&faults).take(MOST_FAULTS.saturating_sub(shown.faults.len())) {
            shown.faults.push(json!({"line": line, "faults": told(Some(faults), call.language)}));
        }
        if shown.first.len() < MOST_SHOWN {
            let warnings: Json = item.body.warnings.iter().map(|(_, warning)| warning.clone()).collect();
            shown.first.push(json!({"lines": lines, "outcome": outcome, "record": to_json(&item.body.tree),
                "warnings": told(Some(&warnings), call.language)}));
        }
    }
    Ok(shown)
}

/// Outcome of a trial in a word, and why it would be refused.
fn came(outcome: Option<Outcome>) -> (&'static str, Option<Problem>) {
    match outcome {
        None => ("created", None),
        Some(Ok(_)) => ("same", None),
        Some(Err(problem)) if problem.code() == RECORD_EXISTS => ("skipped", None),
        Some(Err(problem)) => ("refused", Some(problem)),
    }
}

fn answer(call: &Call, job: &Job, rows: usize, shown: &Shown, problem: Option<&Problem>) -> Json {
    let layout = job.sheets.layout();
    let missing = missing(job, layout.as_ref());
    let parameters = parameters(layout.as_ref(), &missing);
    let no_records: Vec<Json> = job
        .listed
        .iter()
        .take(MOST_FAULTS)
        .map(|row| {
            let reason = row.details.get("reason").map(|reason| json!([reason]));
            json!({"line": row.line, "reason": told(reason.as_ref(), call.language).as_array().and_then(|list| list.first())})
        })
        .collect();
    json!({"kind": job.kind.name, "layout": layout, "rows": rows, "checked": shown.checked, "refused": shown.refused,
        "first": shown.first, "faults": shown.faults, "not_records": no_records, "missing": missing,
        "parameters": parameters, "problem": problem.map(|problem| problem.body(call.language, ""))})
}

/// Fields that must be there and that neither a column nor a title gives.
fn missing(job: &Job, layout: Option<&Json>) -> Vec<String> {
    let Some(layout) = layout else { return Vec::new() };
    let given: Vec<&str> = ["/sheets/0/columns", "/sheets/0/constants"]
        .iter()
        .filter_map(|pointer| layout.pointer(pointer)?.as_array())
        .flatten()
        .filter_map(|column| column.get("field")?.as_str())
        .collect();
    let has = |name: &str| given.iter().any(|field| field.split('.').next() == Some(name));
    let needed = |field: &&&'static kit::field::Field| field.required && field.write != kit::field::Write::Never;
    let fields = job.kind.body_fields();
    fields.iter().filter(needed).map(|field| field.name).filter(|name| !has(name)).map(str::to_owned).collect()
}

/// Parameters that would help: fields for unknown headers, constants for what is missing.
fn parameters(layout: Option<&Json>, missing: &[String]) -> Vec<String> {
    let sheets = layout.and_then(|layout| layout.get("sheets")).and_then(Json::as_array);
    let columns = sheets.into_iter().flatten().filter_map(|sheet| sheet.get("columns")?.as_array()).flatten();
    let mapped = columns.filter_map(|column| {
        let (header, field) = (column.get("header")?.as_str()?, column.get("proposal")?.as_str()?);
        Some(format!("map.{}={field}", folded(header)))
    });
    let set = missing.iter().map(|name| format!("set.{name}="));
    let mut all: Vec<String> = mapped.chain(set).collect();
    all.sort();
    all.dedup();
    all
}
