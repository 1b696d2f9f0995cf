//! Figures of other rooms, asked for as those of kinds are: tagged, 304 from memory, JSON or one list as CSV.

use actix_web::HttpResponse;
use actix_web::http::header::{CONTENT_DISPOSITION, ContentType, ETAG};
use futures_util::future::LocalBoxFuture;
use kit::database::Snapshot;
use kit::field::Field;
use kit::problem::Problem;
use kit::time::day_of;
use serde::Serialize;
use serde_json::Value as Json;

use super::answer::AsOf;
use super::districts::{Area, Part, Summed, each, unchanged};
use super::of_districts::OfDistricts;
use super::parameters::HEADERS_FIELD;
use super::sheet::{self, Column};
use super::tag::{CACHING, Tag};
use crate::platform::http::formats::{self, AS_OF_HEADER, Format};
use crate::platform::http::{Answer, Call, Operation};
use crate::records::list::one_district;

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

/// Answers with what `read` gives of a district, or with the sum of what it gives of each district of an area of several;
/// the rest as [`answer`].
pub async fn answer_by_district<T: Summed>(
    call: &Call,
    columns: &[Column],
    read: impl AsyncFn(&mut Snapshot, &Part) -> Result<T, Problem>,
) -> Answer {
    let forms: Forms<'_> = (columns, &[Format::Csv]);
    let today = day_of(call.core.clock.now(), call.core.zone);
    let read = async |part: Part| {
        let (mut snapshot, head) = begin(call, &part.district_code).await?;
        let told = read(&mut snapshot, &part).await?;
        snapshot.end().await.map(|()| (told, head)).map_err(Problem::from)
    };
    let Some(area) = Area::asked(&call.query) else {
        let district_code = one_district(call.actor()?, &call.query)?;
        let tag = Tag::of(call, &district_code, today)?;
        if let Some(unchanged) = tag.unchanged(call) {
            return Ok(unchanged);
        }
        let (told, head) = read(Part::whole(call, &district_code)).await?;
        let body = OfDistricts::new(told, AsOf::one(&district_code, head), Some(head));
        return respond_in(call, &tag, &body.version(), Some(head), &Told::of(&body, &|| body.figures.lines()), forms);
    };
    let districts = area.districts(call)?;
    let tag = Tag::of(call, area.digits(), today)?;
    if let Some(unchanged) = unchanged(call, &tag, &districts) {
        return Ok(unchanged);
    }
    let parts = districts.into_iter().map(|district_code| {
        let part = Part::of(call, area, &district_code);
        (district_code, part)
    });
    let (told, as_of) = each(call, parts.collect(), read).await?;
    let body = OfDistricts::sum(told, as_of)?;
    respond_in(call, &tag, &body.version(), None, &Told::of(&body, &|| body.figures.lines()), forms)
}

/// The columns of a file, and the forms in which it is told.
type Forms<'a> = (&'a [Column], &'a [Format]);

async fn answered<T: Serialize>(
    call: &Call,
    district_code: &str,
    forms: Forms<'_>,
    read: impl AsyncFnOnce(&mut Snapshot, i64) -> Result<T, Problem>,
) -> Answer {
    let today = day_of(call.core.clock.now(), call.core.zone);
    let tag = Tag::of(call, district_code, today)?;
    if let Some(unchanged) = tag.unchanged(call) {
        return Ok(unchanged);
    }
    let (mut snapshot, head) = begin(call, district_code).await?;
    let body = read(&mut snapshot, head).await?;
    snapshot.end().await?;
    respond_in(call, &tag, &head.to_string(), Some(head), &Told::of(&body, &|| items_of(&body)), forms)
}

/// A moment of a district to read at, and its newest number then. Boxed, for else all callers have it once more.
fn begin<'a>(call: &'a Call, district_code: &'a str) -> LocalBoxFuture<'a, Result<(Snapshot, i64), Problem>> {
    Box::pin(async move {
        let mut snapshot = call.core.database.snapshot().await?;
        let head = super::head_in(&mut snapshot, district_code).await?;
        Ok((snapshot, head))
    })
}

/// The items of an answer, a line each of a file.
pub fn items_of(body: &impl Serialize) -> Result<Vec<Json>, Problem> {
    let mut body = serde_json::to_value(body).map_err(Problem::internal)?;
    match body.get_mut("items").map(Json::take) {
        Some(Json::Array(items)) => Ok(items),
        _ => Ok(Vec::new()),
    }
}

/// What an answer tells in either form, whatever it is made of.
struct Told<'a> {
    json: Box<dyn Fn() -> serde_json::Result<String> + 'a>,
    lines: &'a dyn Fn() -> Result<Vec<Json>, Problem>,
}

impl<'a> Told<'a> {
    fn of(body: &'a impl Serialize, lines: &'a dyn Fn() -> Result<Vec<Json>, Problem>) -> Self {
        Self { json: Box::new(|| serde_json::to_string(body)), lines }
    }
}

/// The answer as of a version, and of a number where there is one for all: as JSON, or its lines as a file.
fn respond_in(
    call: &Call,
    tag: &Tag,
    version: &str,
    change_no: Option<i64>,
    told: &Told<'_>,
    (columns, formats): Forms<'_>,
) -> Answer {
    if let Some(known) = tag.known(call, version) {
        return Ok(known);
    }
    let mut response = HttpResponse::Ok();
    response.insert_header((ETAG, tag.text(version))).insert_header(CACHING);
    let Some(format) = formats::asked(call).filter(|format| formats.contains(format)) else {
        let json = (told.json)().map_err(Problem::internal)?;
        return Ok(response.content_type(ContentType::json()).body(json));
    };
    let name = call.request.path().rsplit('/').next().unwrap_or_default();
    let name = format!("attachment; filename=\"{name}-{version}.{}\"", format.extension());
    response.insert_header((CONTENT_DISPOSITION, name));
    if let Some(number) = change_no {
        response.insert_header((AS_OF_HEADER.clone(), number.to_string()));
    }
    let items = (told.lines)()?;
    if format == Format::Xlsx {
        let book = sheet::book(call, columns, sheet::rows(columns, &items))?;
        return Ok(response.content_type(format.media_type()).body(book));
    }
    Ok(response.content_type(sheet::CSV).body(sheet::of_items(call, columns, &items)))
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
