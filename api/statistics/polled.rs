//! Figures of other rooms, asked for as those of kinds are: tagged, 304 from memory, JSON or one list as CSV.

use actix_web::HttpResponse;
use actix_web::http::header::{CONTENT_DISPOSITION, ETAG};
use kit::database::Snapshot;
use kit::field::Field;
use kit::problem::Problem;
use kit::time::day_of;
use serde::Serialize;
use serde_json::Value as Json;

use super::parameters::HEADERS_FIELD;
use super::sheet::{self, Column};
use super::tag::{CACHING, Tag};
use crate::platform::http::formats::{self, AS_OF_HEADER, Format};
use crate::platform::http::{Answer, Call, Operation};

/// Answers with what `read` gives, which is told the number as of which it reads: as it is; or its `items` as a file of
/// these columns. Where the caller has the answer, 304 without a query. All of it is read at one moment: no figure
/// holds more than the change it is said to be as of, none differs from another by what came in between.
pub async fn answer<T: Serialize>(
    call: &Call,
    district_code: &str,
    columns: &[Column],
    read: impl AsyncFnOnce(&mut Snapshot, i64) -> Result<T, Problem>,
) -> Answer {
    answered(call, district_code, (columns, &[Format::Csv]), read).await
}

/// The same, the items also as a workbook.
pub async fn answer_as_book<T: Serialize>(
    call: &Call,
    district_code: &str,
    columns: &[Column],
    read: impl AsyncFnOnce(&mut Snapshot, i64) -> Result<T, Problem>,
) -> Answer {
    answered(call, district_code, (columns, &[Format::Csv, Format::Xlsx]), read).await
}

async fn answered<T: Serialize>(
    call: &Call,
    district_code: &str,
    forms: (&[Column], &[Format]),
    read: impl AsyncFnOnce(&mut Snapshot, i64) -> Result<T, Problem>,
) -> Answer {
    let today = day_of(call.core.clock.now(), call.core.zone);
    let tag = Tag::of(call, district_code, today)?;
    if let Some(unchanged) = tag.unchanged(call) {
        return Ok(unchanged);
    }
    let mut snapshot = call.core.database.snapshot().await?;
    let head = super::head_in(&mut snapshot, district_code).await?;
    let body = read(&mut snapshot, head).await?;
    snapshot.end().await?;
    respond_in(call, &tag, head, &body, || items_of(&body), forms)
}

fn items_of(body: &impl Serialize) -> Result<Vec<Json>, Problem> {
    let mut body = serde_json::to_value(body).map_err(Problem::internal)?;
    match body.get_mut("items").map(Json::take) {
        Some(Json::Array(items)) => Ok(items),
        _ => Ok(Vec::new()),
    }
}

/// The answer as of a number: `body`, or the items as a file.
pub fn respond(
    call: &Call,
    tag: &Tag,
    head: i64,
    body: &impl Serialize,
    items: impl FnOnce() -> Result<Vec<Json>, Problem>,
    columns: &[Column],
) -> Answer {
    respond_in(call, tag, head, body, items, (columns, &[Format::Csv]))
}

fn respond_in(
    call: &Call,
    tag: &Tag,
    head: i64,
    body: &impl Serialize,
    items: impl FnOnce() -> Result<Vec<Json>, Problem>,
    (columns, formats): (&[Column], &[Format]),
) -> Answer {
    if let Some(known) = tag.known(call, head) {
        return Ok(known);
    }
    let mut response = HttpResponse::Ok();
    response.insert_header((ETAG, tag.text(head))).insert_header(CACHING);
    let Some(format) = formats::asked(call).filter(|format| formats.contains(format)) else {
        return Ok(response.json(body));
    };
    let name = call.request.path().rsplit('/').next().unwrap_or_default();
    response
        .insert_header((CONTENT_DISPOSITION, format!("attachment; filename=\"{name}-{head}.{}\"", format.extension())))
        .insert_header((AS_OF_HEADER.clone(), head.to_string()));
    if format == Format::Xlsx {
        let book = sheet::book(call, columns, sheet::rows(columns, &items()?))?;
        return Ok(response.content_type(format.media_type()).body(book));
    }
    Ok(response.content_type(sheet::CSV).body(sheet::of_items(call, columns, &items()?)))
}

/// The operation with what it needs for that, over its parameters.
pub fn polled(operation: Operation, parameters: impl IntoIterator<Item = &'static Field>) -> Operation {
    as_files(operation, parameters, vec![Format::Csv.media_type()])
}

/// The same, the items also as a workbook.
pub fn polled_as_book(operation: Operation, parameters: impl IntoIterator<Item = &'static Field>) -> Operation {
    as_files(operation, parameters, vec![Format::Csv.media_type(), Format::Xlsx.media_type()])
}

fn as_files(
    operation: Operation,
    parameters: impl IntoIterator<Item = &'static Field>,
    media_types: Vec<&'static str>,
) -> Operation {
    operation
        .parameters(parameters.into_iter().chain([&HEADERS_FIELD]).collect())
        .headers(&["If-None-Match"])
        .with_headers(&["ETag"])
        .as_files(media_types)
        .answers_nothing(304, "Nothing changed.")
}
