//! Operations on an attachment's bytes, beside those that every kind has.

use actix_web::HttpResponse;
use actix_web::http::Method;
use actix_web::http::header::{CACHE_CONTROL, HeaderName};
use chrono::TimeDelta;
use kit::catalogue::Code;
use kit::limiter::Allowance;
use kit::problem::Problem;
use serde_json::json;

use super::codes::{
    CONTENT_AWAITED, CONTENT_DIFFERS, CONTENT_PURGED, CONTENT_REFUSED, NO_THUMBNAIL, OFFSET_DIFFERS,
    RANGE_NOT_SATISFIABLE, UPLOAD_BUSY,
};
use super::record::{ATTACHMENTS, BYTE_COUNT, CONTENT_STATE, ContentState, REFUSED_BECAUSE};
use super::upload::{Parts, take_in};
use super::{part, serve, settle};
use crate::platform::access::keys::KeyScope;
use crate::platform::codes::UNSUPPORTED_MEDIA_TYPE;
use crate::platform::http::{Access, Answer, Bounded, Call, Operation};
use crate::records::codes::{OUT_OF_AREA, RECORD_PURGED, RECORD_VOIDED};
use crate::records::gate::require_standing;
use crate::records::{Record, read, void};

/// How many bytes of an upload the server has.
pub static UPLOAD_OFFSET: HeaderName = HeaderName::from_static("upload-offset");
static UPLOAD_LENGTH: HeaderName = HeaderName::from_static("upload-length");
static TUS_RESUMABLE: HeaderName = HeaderName::from_static("tus-resumable");
static CONTENT_STATE_HEADER: HeaderName = HeaderName::from_static("content-state");

/// The media type of a part (tus 1.0, core).
const PART: &str = "application/offset+octet-stream";
/// Nobody takes more pictures in an hour.
const UPLOADS: Allowance = Allowance { times: 600, period: TimeDelta::hours(1) };
const TOLD: &[&str] = &["Upload-Offset", "Upload-Length", "Content-State"];

/// The operations of this room beside those of every kind.
pub fn operations() -> Vec<Operation> {
    const CONTENT: &str = "/v1/attachments/{id}/content";
    let writing = || Access::Roles(ATTACHMENTS.writers);
    vec![
        Operation::new(Method::HEAD, CONTENT, "get_attachment_upload", head)
            .described(ATTACHMENTS.name, "Ask how far an upload is", "`Upload-Offset` says how many bytes are there: the next part begins at that one. After tus 1.0 (core).")
            .access(writing())
            .keys(KeyScope::Write)
            .answers_nothing(200, "How far it is.")
            .with_headers(TOLD),
        Operation::new(Method::PATCH, CONTENT, "upload_attachment_content", patch)
            .described(ATTACHMENTS.name, "Send a part of an attachment", "The bytes from `Upload-Offset` on, as many as the net allows. What came before it breaks off is kept: ask by HEAD, and go on there. With the last byte all are judged; 204 then says `Content-State: kept`. After tus 1.0 (core).")
            .access(writing())
            .keys(KeyScope::Write)
            .bounded(Bounded::Own)
            .headers(&["Upload-Offset"])
            .body_of(json!({"type": "string", "format": "binary", "maxLength": 10_485_760, "description": "The part."}), json!("bytes"), &[PART])
            .answers_nothing(204, "The part is there.")
            .with_headers(TOLD)
            .problems(&[OFFSET_DIFFERS, UPLOAD_BUSY, CONTENT_DIFFERS, CONTENT_REFUSED, CONTENT_PURGED, RECORD_VOIDED, RECORD_PURGED, OUT_OF_AREA, Code::WRITE_CONFLICT, Code::LEDGER_UNAVAILABLE]),
        Operation::new(Method::GET, CONTENT, "get_attachment_content", serve::content)
            .described(ATTACHMENTS.name, "Get an attachment's bytes", "As a download, for whoever writes records of the kind that it belongs to, or may see plain values, where that record stands: pictures are personal data. Each reading is a line of the audit.")
            .access(Access::Roles(ATTACHMENTS.readers))
            .headers(&["Range", "If-None-Match"])
            .answers_nothing(200, "The bytes as they are kept.")
            .with_headers(&["ETag"])
            .as_files(super::media_types())
            .answers_nothing(206, "The range of them that was asked for.")
            .with_headers(&["ETag", "Content-Range"])
            .as_files(super::media_types())
            .answers_nothing(304, "They are the same.")
            .problems(&[CONTENT_AWAITED, CONTENT_PURGED, RANGE_NOT_SATISFIABLE]),
        Operation::new(Method::GET, "/v1/attachments/{id}/thumbnail", "get_attachment_thumbnail", serve::thumbnail)
            .described(ATTACHMENTS.name, "Get a picture's thumbnail", "A JPEG of at most 320 points an edge, turned upright; for whom, and audited, as the bytes themselves. HEIC and PDF have none.")
            .access(Access::Roles(ATTACHMENTS.readers))
            .headers(&["If-None-Match"])
            .answers_nothing(200, "The small picture.")
            .with_headers(&["ETag"])
            .as_files(vec!["image/jpeg"])
            .answers_nothing(304, "It is the same.")
            .problems(&[CONTENT_AWAITED, CONTENT_PURGED, NO_THUMBNAIL]),
    ]
}

/// The attachment of the path, if the caller may write it.
async fn writable(call: &Call) -> Result<Record, Problem> {
    let (core, actor) = (&call.core, call.actor()?);
    let record = read::find(core, actor, &ATTACHMENTS, call.path_id()?).await?;
    void::require_rules(core, actor, &ATTACHMENTS, &record, |rules, draft| rules.writers(draft)).await?;
    Ok(record)
}

async fn head(call: Call) -> Answer {
    let record = writable(&call).await?;
    let byte_count = match record.values.get(&CONTENT_STATE) {
        Some(ContentState::Awaited) | None => part::byte_count(&call.core, &record).await?,
        Some(_) => whole(&record),
    };
    let mut response = HttpResponse::Ok();
    Ok(told(&mut response, &record, byte_count))
}

fn whole(record: &Record) -> u64 {
    record.values.get(&BYTE_COUNT).unwrap_or_default().unsigned_abs()
}

fn told(response: &mut actix_web::HttpResponseBuilder, record: &Record, byte_count: u64) -> HttpResponse {
    let state = record.values.get(&CONTENT_STATE).unwrap_or(ContentState::Awaited);
    response
        .insert_header((UPLOAD_OFFSET.clone(), byte_count.to_string()))
        .insert_header((UPLOAD_LENGTH.clone(), whole(record).to_string()))
        .insert_header((CONTENT_STATE_HEADER.clone(), state.code()))
        .insert_header((TUS_RESUMABLE.clone(), "1.0.0"))
        .insert_header((CACHE_CONTROL, "no-store"))
        .finish()
}

async fn patch(call: Call) -> Answer {
    let core = &call.core;
    call.require_media_type().map_err(|_| Problem::new(UNSUPPORTED_MEDIA_TYPE))?;
    let offset = offset(&call)?;
    let parts = core.ext::<Parts>();
    let actor = call.actor()?;
    let _share = parts.shares.begin(actor.user_id)?;
    if offset == 0 {
        core.limiter.take(&format!("attachment_uploads|{}", actor.user_id), UPLOADS, core.clock.now())?;
    }
    let record = writable(&call).await?;
    require_standing(&record)?;
    if whole(&record) > core.config.attachment_max_bytes {
        return Err(Code::BODY_TOO_LARGE.into());
    }
    let taken = parts.take(record.envelope.id).await?;
    // Another part may have been the last one while this one waited.
    let record = settle::current(core, &record).await?;
    if record.values.get(&CONTENT_STATE) != Some(ContentState::Awaited) {
        return settled(&record, offset);
    }
    call.turn().rest();
    let (part, byte_count) = take_in(&call, &record, &taken, offset).await?;
    call.turn().go_on()?;
    if byte_count < whole(&record) {
        return Ok(told(&mut HttpResponse::NoContent(), &record, byte_count));
    }
    let record = settle::settle(core, &record, part, actor.user_id).await?;
    settled(&record, whole(&record))
}

fn offset(call: &Call) -> Result<u64, Problem> {
    let text = call.request.headers().get(&UPLOAD_OFFSET).and_then(|value| value.to_str().ok());
    text.and_then(|text| text.trim().parse().ok()).ok_or_else(|| Code::INVALID_REQUEST.into())
}

/// The answer where all is there: a part that begins at the end is one whose answer was lost.
fn settled(record: &Record, offset: u64) -> Answer {
    if record.values.get(&CONTENT_STATE) == Some(ContentState::Purged) {
        return Err(CONTENT_PURGED.into());
    }
    if record.values.get(&REFUSED_BECAUSE).is_some() {
        return Err(CONTENT_REFUSED.into());
    }
    if offset != whole(record) {
        let end = whole(record).to_string();
        return Err(Problem::new(OFFSET_DIFFERS).with_header(UPLOAD_OFFSET.clone(), end));
    }
    Ok(told(&mut HttpResponse::NoContent(), record, offset))
}
