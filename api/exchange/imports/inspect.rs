//! Looking at a file before it is imported: what each column would be taken for, the first records as they would be
//! stored, their faults, and what to say where something is missing. Nothing is written.

use std::collections::BTreeSet;

use actix_web::HttpResponse;
use actix_web::http::header::CACHE_CONTROL;
use kit::field::{Privacy, Shape};
use kit::ids::new_id;
use kit::problem::Problem;
use kit::tree::{Tree, to_json};
use serde_json::Value as Json;

use super::answer::{FirstRecord, ImportInspection, NoRecord, RefusedRow, RowPlace, remark, remarks};
use super::intake::{arriving, kind, options};
use super::items::Item;
use super::job::{CHUNK, Job, Options};
use super::outcomes::Listed;
use super::returned::Change;
use super::sheet_layout::Layout;
use super::store;
use super::uploads::Uploads;
use crate::exchange::codes::YEAR_NEEDED;
use crate::exchange::files::columns::folded;
use crate::platform::codes::NOT_FOUND;
use crate::platform::http::{Answer, Call};
use crate::records::Kind;
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
    // Nothing that rows name is made, either.
    let options = Options { validate_only: true, ..options(&call) };
    let mut job = Job::new(core, actor, kind, district_code, new_id(), options, form).in_sheets(sheets);
    let (mut items, mut rows, mut problem) = (Vec::new(), 0, None);
    while let Some(lot) = reader.next(CHUNK).await? {
        if rows < MOST_ROWS && problem.is_none() {
            rows += lot.len();
            match job.items(&lot).await {
                Ok(more) => items.extend(more),
                Err(fault) => problem = Some(fault),
            }
        }
    }
    if problem.is_none() {
        match job.end_of_file().await {
            Ok(more) => items.extend(more),
            Err(fault) => problem = Some(fault),
        }
    }
    items.truncate(MOST_CHECKED);
    let shown = checked(&mut job, items, &call).await?;
    let body = answer(&call, &job, rows as u64, shown, problem.as_ref());
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(body))
}

/// Records with what would come of each.
struct Shown {
    first: Vec<FirstRecord>,
    faults: Vec<RefusedRow>,
    checked: u64,
    refused: u64,
}

async fn checked(job: &mut Job, items: Vec<Item>, call: &Call) -> Result<Shown, Problem> {
    let items = job.identified(items).await?;
    let good: Vec<Tree> = items.iter().filter(|item| item.is_new()).map(|item| item.body.tree.clone()).collect();
    let outcomes = DryRun::default().run(&job.core, &job.actor, job.kind, &good, "import").await?;
    let mut outcomes = outcomes.into_iter();
    let mut shown = Shown { first: Vec::new(), faults: Vec::new(), checked: items.len() as u64, refused: 0 };
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
        shown.refused += u64::from(problem.is_some());
        let places: Vec<RowPlace> = item.rows.iter().map(|row| job.place(row.line)).collect();
        for (place, faults) in places.iter().zip(&faults).take(MOST_FAULTS.saturating_sub(shown.faults.len())) {
            let row = RefusedRow::new(place.clone(), remarks(Some(faults), call.language));
            // Faults of a row of a wide sheet are told once, not once a cell.
            if item.cells.is_none() || shown.faults.last() != Some(&row) {
                shown.faults.push(row);
            }
        }
        if shown.first.len() < MOST_SHOWN {
            shown.first.push(FirstRecord {
                sheet: places.first().and_then(|place| place.sheet.clone()),
                lines: places.iter().map(|place| place.line).collect(),
                outcome,
                record: to_json(&item.body.tree),
                warnings: item.body.warnings.iter().map(|(_, warning)| remark(warning, call.language)).collect(),
            });
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

fn answer(call: &Call, job: &Job, rows: u64, shown: Shown, problem: Option<&Problem>) -> ImportInspection {
    let layout = job.sheets.layout();
    let missing = missing(job, layout.as_ref());
    let mut parameters = parameters(job.kind, layout.as_ref(), &missing, &job.sheets.proposals);
    if let Some(problem) = problem.filter(|problem| problem.code() == YEAR_NEEDED) {
        parameters.extend(problem.faults().iter().map(|fault| format!("{}=", fault.pointer.trim_start_matches('?'))));
    }
    let no_record = |row: &Listed| NoRecord {
        place: job.place(row.line),
        reason: row.details.get("reason").map(|reason| remark(reason, call.language)),
    };
    ImportInspection {
        kind: job.kind.name,
        layout,
        rows,
        checked: shown.checked,
        refused: shown.refused,
        first: shown.first,
        faults: shown.faults,
        not_records: job.listed.iter().take(MOST_FAULTS).map(no_record).collect(),
        missing,
        parameters,
        problem: problem.map(|problem| problem.body(call.language, "")),
    }
}

impl Job {
    /// Place of a row in its file.
    fn place(&self, line: u64) -> RowPlace {
        store::place(&self.sheets.names, i64::try_from(line).unwrap_or(i64::MAX))
    }
}

/// Fields that must be there and that neither a column nor a title gives.
fn missing(job: &Job, layout: Option<&Layout>) -> Vec<String> {
    let Some(table) = layout.and_then(|layout| layout.sheets.first()) else { return Vec::new() };
    let columns = table.columns.iter().filter_map(|column| column.field.as_deref());
    let given: Vec<&str> = columns.chain(table.constants.iter().map(|constant| constant.field.as_str())).collect();
    let has = |name: &str| given.iter().any(|field| field.split('.').next() == Some(name));
    let needed = |field: &&&'static kit::field::Field| field.required && field.write != kit::field::Write::Never;
    let fields = job.kind.body_fields();
    fields.iter().filter(needed).map(|field| field.name).filter(|name| !has(name)).map(str::to_owned).collect()
}

/// Parameters that would help: fields for unknown headers, constants for what is missing and tells of nobody.
fn parameters(kind: &Kind, layout: Option<&Layout>, missing: &[String], proposals: &BTreeSet<String>) -> Vec<String> {
    let columns = layout.into_iter().flat_map(|layout| &layout.sheets).flat_map(|table| &table.columns);
    let mapped = columns.filter_map(|column| {
        let field = column.proposal.as_deref()?;
        Some(format!("map.{}={field}", folded(&column.header)))
    });
    let tells_of_nobody = |name: &&String| {
        kind.body_fields()
            .into_iter()
            .find(|field| field.name == name.as_str())
            .is_some_and(|field| matches!(field.privacy, Privacy::Open) && !matches!(field.shape, Shape::Inline(..)))
    };
    let is_proposed = |name: &&String| proposals.iter().any(|other| other.starts_with(&format!("set.{name}=")));
    let set = missing.iter().filter(|name| !is_proposed(name)).filter(tells_of_nobody);
    let set = set.map(|name| format!("set.{name}="));
    let mut all: Vec<String> = mapped.chain(set).chain(proposals.iter().cloned()).collect();
    if layout.into_iter().flat_map(|layout| &layout.sheets).any(|table| table.shape == "wide") {
        all.push("shape=wide".to_owned());
    }
    all.sort();
    all.dedup();
    all
}
