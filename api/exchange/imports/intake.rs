//! Taking a file in: what it is, whether it is read as it comes or put aside first.

use std::sync::Arc;

use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, LOCATION};
use actix_web::{HttpResponse, HttpResponseBuilder};
use kit::catalogue::{Code, FaultCode};
use kit::ids::new_id;
use kit::problem::Problem;
use serde_json::json;
use tokio::io::{AsyncSeekExt, AsyncWriteExt};
use uuid::Uuid;

use super::answer::AskedOptions;
use super::dictionary::Given;
use super::header::Unknown;
use super::job::{Job, Options};
use super::reader::{Form, Reader, Source};
use super::routes::{XLSX, shown};
use super::sheets::Sheets;
use super::store;
use super::uploads::ImportSlots;
use super::uploads::Uploads;
use crate::exchange::codes::UNREADABLE_FILE;
use crate::exchange::files::columns::folded;
use crate::exchange::files::workbook::{self, WorkbookError};
use crate::platform::audit::{job_write, system_write};
use crate::platform::codes::{FORBIDDEN, NOT_FOUND, UNSUPPORTED_MEDIA_TYPE};
use crate::platform::http::transport::ConnectionState;
use crate::platform::http::{Answer, Arriving, Call, fault};
use crate::records::Kind;
use crate::records::closed::require_person;
use crate::records::codes::TOO_MANY_ROWS;
use crate::records::hooks::Hooks;
use crate::records::list::district;

/// The largest file of rows that are written all or not at all.
const ATOMIC_BYTES: u64 = 64 * 1024 * 1024;

static PREFER: HeaderName = HeaderName::from_static("prefer");

/// `POST /v1/imports`.
pub async fn post(call: Call) -> Answer {
    let kind = kind(&call)?;
    let district_code = district(call.actor()?, &call.query)?.ok_or(NOT_FOUND)?;
    let upload = call.core.ext::<Uploads>().begin(call.actor()?.user_id)?;
    let later = call.request.headers().get(&PREFER).is_some_and(|value| value.as_bytes() == b"respond-async");
    let (reader, sheets, form) = read(&call, later).await?;
    let id = new_id();
    let mut job = begin(&call, kind, district_code, id, form).await?.in_sheets(sheets);
    if later {
        actix_web::rt::spawn(async move {
            // An import that a panic leaves running is told as interrupted once it wasn't heard of for long.
            let supervision = job.core.supervision.clone();
            supervision.caught("imports", job.run(reader)).await;
            drop(upload);
        });
        return answer(&call, id, HttpResponse::Accepted()).await;
    }
    job = job.for_client(call.request.conn_data::<ConnectionState>().cloned());
    let state = job.run(reader).await;
    let details = json!({"state": state, "counts": job.counts});
    let audit_entry = call.audit_entry("import.end", "imports", Some(id), details);
    system_write(&call.core, audit_entry, async |_| Ok(())).await?;
    answer(&call, id, HttpResponse::Ok()).await
}

/// A reader of the body as it comes, the sheets in it, and its form.
pub async fn arriving(call: &Call) -> Result<(Reader, Sheets, Option<Form>), Problem> {
    read(call, false).await
}

async fn read(call: &Call, later: bool) -> Result<(Reader, Sheets, Option<Form>), Problem> {
    let (form, charset) = form(call)?;
    let source = Source::Request(Arriving::new(call.take_payload(), &call.core.config));
    let (reader, sheets) = reader(call, source, form, charset.as_deref(), later).await?;
    Ok((reader, sheets, form))
}

async fn answer(call: &Call, id: Uuid, mut response: HttpResponseBuilder) -> Answer {
    let import = shown(call, id).await?;
    response.insert_header((LOCATION, format!("/v1/imports/{id}"))).insert_header((CACHE_CONTROL, "no-store"));
    Ok(response.json(import))
}

/// The form of the file, none for a workbook, and its charset where that is said.
fn form(call: &Call) -> Result<(Option<Form>, Option<String>), Problem> {
    let (media_type, charset) = media_type(call)?;
    let form = match media_type.as_str() {
        "text/csv" => Some(Form::Csv),
        "application/x-ndjson" => Some(Form::Ndjson),
        _ => None,
    };
    Ok((form, charset))
}

/// The kind asked for, if the caller may write it.
pub fn kind(call: &Call) -> Result<&'static Kind, Problem> {
    let name = call.query.text("kind").unwrap_or_default();
    let kind = call.core.kinds().kind(name).ok_or_else(|| fault("?kind", FaultCode::BAD_PARAMETER))?;
    if !call.actor()?.holds(kind.writers) {
        return Err(FORBIDDEN.into());
    }
    require_person(call, kind).map(|()| kind)
}

fn media_type(call: &Call) -> Result<(String, Option<String>), Problem> {
    let text = call.request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut parts = text.split(';').map(str::trim);
    let media_type = parts.next().unwrap_or_default().to_ascii_lowercase();
    let charset = parts.find_map(|part| part.to_ascii_lowercase().strip_prefix("charset=").map(str::to_owned));
    let encoded = call.request.headers().contains_key(actix_web::http::header::CONTENT_ENCODING);
    let known = ["text/csv", "application/x-ndjson", XLSX].contains(&media_type.as_str());
    if known && !encoded { Ok((media_type, charset)) } else { Err(UNSUPPORTED_MEDIA_TYPE.into()) }
}

/// A reader of the body. Workbooks, and files that are read later, are put aside first, in a file without a
/// name that ends with the process.
async fn reader(
    call: &Call,
    source: Source,
    form: Option<Form>,
    charset: Option<&str>,
    later: bool,
) -> Result<(Reader, Sheets), Problem> {
    let most = call.core.config.import_max_bytes;
    // Kept whole until all of it is checked.
    let most = if call.query.text("mode") == Some("atomic") { most.min(ATOMIC_BYTES) } else { most };
    match form {
        Some(form) if !later => Ok((Reader::text(source, form, charset, most)?, Sheets::default())),
        Some(form) => {
            let source = Source::File(put_aside(source, most).await?);
            Ok((Reader::text(source, form, charset, most)?, Sheets::default()))
        }
        None => {
            let file = put_aside(source, workbook::MOST_BYTES).await?.into_std().await;
            let slot =
                Arc::clone(&call.core.ext::<ImportSlots>().0).acquire_owned().await.map_err(Problem::internal)?;
            let asked = call.query.text("sheet").map(str::to_owned);
            let read = move || {
                let rows = workbook::read(&file, asked.as_deref());
                drop(slot);
                rows
            };
            let rows = tokio::task::spawn_blocking(read).await.map_err(Problem::internal)?;
            let rows = rows.map_err(|error| match error {
                WorkbookError::TooLarge => Problem::new(Code::BODY_TOO_LARGE),
                WorkbookError::TooManyRows => TOO_MANY_ROWS.into(),
                WorkbookError::Unreadable(_) => UNREADABLE_FILE.into(),
            })?;
            let (rows, sheets) = Sheets::of_workbook(rows, call.query.text("sheet"))?;
            Ok((Reader::Rows(rows.into_iter()), sheets))
        }
    }
}

async fn put_aside(mut source: Source, most: u64) -> Result<tokio::fs::File, Problem> {
    let file = tempfile::tempfile().map_err(unwritten)?;
    let mut file = tokio::fs::File::from_std(file);
    let mut bytes = 0;
    while let Some(piece) = source.next().await? {
        bytes += piece.len() as u64;
        if bytes > most {
            return Err(Code::BODY_TOO_LARGE.into());
        }
        file.write_all(&piece).await.map_err(unwritten)?;
    }
    file.flush().await.map_err(unwritten)?;
    file.rewind().await.map_err(unwritten)?;
    Ok(file)
}

/// A file couldn't be put aside: the disk may be full, descriptors may be out.
fn unwritten(error: std::io::Error) -> Problem {
    Problem::unavailable(Code::UNAVAILABLE, 60, error)
}

/// Reads the caller's parameters about the columns.
fn given(call: &Call) -> Given {
    let unknown = match call.query.text("unknown") {
        Some("ignore") => Some(Unknown::Ignore),
        Some("note") => Some(Unknown::Note),
        Some("refuse") => Some(Unknown::Refuse),
        _ => None,
    };
    let map = call.prefixed("map.").into_iter().map(|(header, field)| (folded(&header), field)).collect();
    let wide = call.query.text("shape").map(|shape| shape == "wide");
    Given { map, set: call.prefixed("set."), unknown, wide }
}

/// Reads the options that the request asks for.
pub fn options(call: &Call) -> Options {
    let query = &call.query;
    Options {
        atomic: query.text("mode") == Some("atomic"),
        validate_only: query.boolean("validate_only") == Some(true),
        revise: query.text("on_duplicate") == Some("revise"),
        keep_good: query.text("lines") == Some("keep_good"),
        source: query.text("source").map(str::to_owned),
        given: given(call),
        year: query.integer("year").and_then(|year| i32::try_from(year).ok()),
        first_day: query.day("first_on"),
    }
}

async fn begin(
    call: &Call,
    kind: &'static Kind,
    district_code: String,
    id: Uuid,
    form: Option<Form>,
) -> Result<Job, Problem> {
    let (core, actor) = (&call.core, call.actor()?);
    let options = options(call);
    let kept = AskedOptions {
        mode: if options.atomic { "atomic" } else { "row" }.into(),
        validate_only: options.validate_only,
        on_duplicate: if options.revise { "revise" } else { "skip" }.into(),
        source: options.source.clone(),
        lines: if options.keep_good { "keep_good" } else { "whole" }.into(),
    };
    if options.validate_only && kind.tells_people() {
        (call.core.ext::<Hooks>().ask)(call, None)?;
    }
    let now = core.clock.now();
    let audit_entry =
        call.audit_entry("import.begin", "imports", Some(id), json!({"kind": kind.name, "options": kept}));
    system_write(core, audit_entry, async |_| Ok(())).await?;
    job_write(core, vec![store::begin(&district_code, id, kind.name, actor, &kept, now)]).await?;
    Ok(Job::new(Arc::clone(core), actor.clone(), kind, district_code, id, options, form))
}
