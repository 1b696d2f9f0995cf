//! The refused rows as a file: each sheet's own columns, one of faults and one of the original line, ready to mend and
//! send again.

use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::http::header::{ACCEPT, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};
use bytes::Bytes;
use futures_util::TryStreamExt;
use futures_util::stream::try_unfold;
use kit::problem::Problem;
use kit::text::Language;

use super::answer::FaultLine;
use super::fault_table::FaultTable;
use super::store::{self, Import, Refused};
use super::{fault_workbook, routes};
use crate::platform::core::Core;
use crate::platform::http::{Answer, Call};

/// Rows that are read at once.
pub const PAGE: i64 = 500;

/// The form in which faults are told.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Csv,
    Ndjson,
    Workbook,
}

impl Form {
    fn extension(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Ndjson => "ndjson",
            Self::Workbook => "xlsx",
        }
    }

    fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::Ndjson => "application/x-ndjson",
            Self::Workbook => routes::XLSX,
        }
    }
}

struct Errors {
    core: Arc<Core>,
    import: Import,
    language: Language,
    /// The table of a CSV file; none where lines of JSON are told.
    table: Option<FaultTable>,
    after: i64,
    begun: bool,
}

/// `GET /v1/imports/{id}/errors`.
pub async fn list(call: Call) -> Answer {
    let import = store::find(&call.core, call.actor()?, call.path_id()?).await?;
    let sheets = store::refused_sheets(&call.core, &import).await?;
    let form = form(&call, &import, &sheets);
    let name = format!("import-{}-errors.{}", import.id, form.extension());
    let mut response = HttpResponse::Ok();
    response
        .insert_header((CONTENT_TYPE, form.media_type()))
        .insert_header((CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")))
        .insert_header((CACHE_CONTROL, "no-store"));
    if form == Form::Workbook {
        return Ok(response.body(fault_workbook::write(&call.core, &import, call.language).await?));
    }
    let sheet = sheets.first().copied().unwrap_or_default();
    let table = (form == Form::Csv).then(|| FaultTable::of_sheet(&import, sheet, call.language));
    let errors =
        Errors { core: Arc::clone(&call.core), import, language: call.language, table, after: 0, begun: false };
    let pieces = try_unfold(errors, step).map_err(|problem: Problem| std::io::Error::other(problem.to_string()));
    Ok(response.streaming(pieces))
}

/// The form asked for; of two the one in which the file came. Rows that came as JSON, line by line, go back so, and
/// several tables don't go into one CSV.
fn form(call: &Call, import: &Import, sheets: &[i64]) -> Form {
    let accept = call.request.headers().get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let (csv, workbook) = (accept.contains("text/csv"), accept.contains(routes::XLSX));
    if import.headers.is_empty() || !(csv || workbook) {
        return Form::Ndjson;
    }
    if csv && (!workbook || !import.is_workbook()) && sheets.len() < 2 { Form::Csv } else { Form::Workbook }
}

async fn step(mut errors: Errors) -> Result<Option<(Bytes, Errors)>, Problem> {
    let rows = store::refused(&errors.core, &errors.import, errors.after, PAGE).await?;
    let mut text = String::new();
    if let Some(table) = errors.table.as_ref().filter(|_| !errors.begun) {
        text.push_str(&table.prologue());
    }
    if rows.is_empty() && (errors.begun || text.is_empty()) {
        return Ok(None);
    }
    errors.begun = true;
    text.extend(rows.iter().map(|refused| errors.line(refused)));
    errors.after = rows.last().map_or(i64::MAX - 1, |last| last.line);
    Ok(Some((Bytes::from(text), errors)))
}

impl Errors {
    fn line(&self, refused: &Refused) -> String {
        if let Some(table) = &self.table {
            return table.line(&self.import, refused);
        }
        let line = FaultLine::new(&self.import, refused, self.language);
        serde_json::to_string(&line).map(|line| format!("{line}\n")).unwrap_or_default()
    }
}
