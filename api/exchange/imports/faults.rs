//! The refused rows as a file: the input's own columns plus one of faults, ready to mend and send again.

use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::http::header::{ACCEPT, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};
use bytes::Bytes;
use futures_util::TryStreamExt;
use futures_util::stream::try_unfold;
use kit::problem::Problem;
use kit::text::Language;
use serde_json::{Map, Value as Json, json};

use super::answer;
use super::store::{self, Import, Refused};
use crate::exchange::files::cells::csv_line;
use crate::exchange::files::rows::Cell;
use crate::platform::core::Core;
use crate::platform::http::{Answer, Call};

const PAGE: i64 = 500;

struct Errors {
    core: Arc<Core>,
    import: Import,
    language: Language,
    csv: bool,
    after: i64,
    begun: bool,
}

/// `GET /v1/imports/{id}/errors`.
pub async fn list(call: Call) -> Answer {
    let import = store::find(&call.core, call.actor()?, call.path_id()?).await?;
    let accept = call.request.headers().get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    // Rows that came as JSON, line by line, go back so.
    let csv = accept.contains("text/csv") && import.header.is_some();
    let name = format!("import-{}-errors.{}", import.id, if csv { "csv" } else { "ndjson" });
    let media_type = if csv { "text/csv; charset=utf-8; header=present" } else { "application/x-ndjson" };
    let errors = Errors { core: Arc::clone(&call.core), import, language: call.language, csv, after: 0, begun: false };
    let pieces = try_unfold(errors, step).map_err(|problem: Problem| std::io::Error::other(problem.to_string()));
    Ok(HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, media_type))
        .insert_header((CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")))
        .insert_header((CACHE_CONTROL, "no-store"))
        .streaming(pieces))
}

async fn step(mut errors: Errors) -> Result<Option<(Bytes, Errors)>, Problem> {
    let rows = store::refused(&errors.core, &errors.import, errors.after, PAGE).await?;
    let mut text = String::new();
    if !errors.begun && errors.csv {
        text.push_str(&errors.header());
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
    fn header(&self) -> String {
        let mut cells: Vec<Cell> = self.import.header.iter().flatten().cloned().map(Cell::Text).collect();
        cells.push(Cell::Text(if self.language == Language::Chinese { "错误" } else { "faults" }.to_owned()));
        format!("\u{feff}{}", csv_line(&cells))
    }

    fn line(&self, refused: &Refused) -> String {
        match &self.import.header {
            Some(header) if self.csv => {
                let mut cells: Vec<Cell> = refused.cells.iter().take(header.len()).cloned().map(Cell::Text).collect();
                cells.resize(header.len(), Cell::Empty);
                cells.push(Cell::Text(answer::in_words(refused, self.language)));
                csv_line(&cells)
            }
            Some(header) => {
                let row: Map<String, Json> =
                    header.iter().cloned().zip(refused.cells.iter().cloned().map(Json::String)).collect();
                format!(
                    "{}\n",
                    json!({"line": refused.line, "row": row, "faults": answer::faults(refused, self.language)})
                )
            }
            None => {
                let text = refused.cells.first().map(String::as_str).unwrap_or_default();
                let row: Json = serde_json::from_str(text).unwrap_or_else(|_| Json::String(text.to_owned()));
                format!(
                    "{}\n",
                    json!({"line": refused.line, "row": row, "faults": answer::faults(refused, self.language)})
                )
            }
        }
    }
}
