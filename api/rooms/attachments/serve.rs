//! Serving an attachment: to whom, noted, and so that no browser makes anything else of it.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::HttpResponse;
use actix_web::body::{BodySize, MessageBody};
use actix_web::http::StatusCode;
use actix_web::http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_RANGE, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG,
    RANGE,
};
use bytes::Bytes;
use chrono::TimeDelta;
use kit::etag::is_unchanged;
use kit::limiter::Allowance;
use kit::problem::Problem;
use serde_json::json;

use super::codes::{CONTENT_AWAITED, CONTENT_PURGED, NO_THUMBNAIL, RANGE_NOT_SATISFIABLE};
use super::judge::MediaType;
use super::record::{
    ATTACHMENTS, CONTENT_STATE, ContentState, HAS_THUMBNAIL, KEPT_BYTE_COUNT, KEPT_SHA256, MEDIA_TYPE, SUBJECT_ID,
    SUBJECT_KIND,
};
use super::settle;
use crate::platform::access::roles::{Actor, Role};
use crate::platform::audit::system_write_all;
use crate::platform::codes::FORBIDDEN;
use crate::platform::config::Config;
use crate::platform::core::Extension;
use crate::platform::http::{Answer, Call, Share, Shares};
use crate::platform::objects;
use crate::platform::privacy::REVEALERS;
use crate::platform::privacy::seal::Owner;
use crate::records::{Record, read};

/// Verb under which each reading is noted.
const READ: &str = "attachments.read";
/// Nobody looks at more pictures in an hour; whoever copies them all does.
const READINGS: Allowance = Allowance { times: 1_000, period: TimeDelta::hours(1) };

/// Pictures of one user that are sent at once.
const SENT_TO_ONE: usize = 8;
/// Pictures that are sent at once: each lies in memory until its reader has it.
const SENT_IN_ALL: usize = 64;
/// Seconds after which to come again.
const RETRY_S: u32 = 2;
/// Bytes handed on at a time: no more is ready than the reader takes.
const PIECE: usize = 64 * 1024;

/// The pictures that are being sent.
pub struct Sendings(Shares);

impl Extension for Sendings {
    fn begin(_: &Config) -> Self {
        Self(Shares::new(SENT_TO_ONE, SENT_IN_ALL, RETRY_S))
    }
}

/// A body that counts as being sent until its reader has it.
struct Sending {
    bytes: Bytes,
    _share: Share,
}

impl MessageBody for Sending {
    type Error = Infallible;

    fn size(&self) -> BodySize {
        BodySize::Sized(self.bytes.len() as u64)
    }

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Bytes, Infallible>>> {
        let count = self.bytes.len().min(PIECE);
        Poll::Ready((count > 0).then(|| Ok(self.bytes.split_to(count))))
    }
}

/// Whether the bytes or the thumbnail are meant.
#[derive(Clone, Copy)]
enum Which {
    Content,
    Thumbnail,
}

pub async fn content(call: Call) -> Answer {
    serve(&call, Which::Content).await
}

pub async fn thumbnail(call: Call) -> Answer {
    serve(&call, Which::Thumbnail).await
}

async fn serve(call: &Call, which: Which) -> Answer {
    let record = find(call).await?;
    let hash = kept(&record, which)?;
    let tag = match which {
        Which::Content => format!("\"{hash}\""),
        Which::Thumbnail => format!("\"{hash}-thumbnail\""),
    };
    if is_unchanged(&call.request, &tag) {
        return Ok(HttpResponse::NotModified().insert_header((ETAG, tag)).finish());
    }
    let range = asked_for(call, &record, which)?;
    let share = call.core.ext::<Sendings>().0.begin(call.actor()?.user_id)?;
    note(call, &record, which).await?;
    let owner: Owner<'_> = match which {
        Which::Content => settle::content(&record),
        Which::Thumbnail => settle::thumbnail(&record),
    };
    // The record says that it is kept: where it isn't, something of ours is broken.
    let found = objects::get(&call.core, owner).await?;
    let bytes = found.ok_or_else(|| Problem::internal("the bytes of an attachment are gone"))?;
    Ok(answer(&record, which, tag, Sending { bytes, _share: share }, range))
}

/// The bytes that are asked for, where not all are.
fn asked_for(call: &Call, record: &Record, which: Which) -> Result<Option<(usize, usize)>, Problem> {
    let asked = call.request.headers().get(RANGE).and_then(|value| value.to_str().ok());
    let Some(asked) = asked.filter(|_| matches!(which, Which::Content)) else { return Ok(None) };
    let length = record.values.get(&KEPT_BYTE_COUNT).and_then(|count| usize::try_from(count).ok()).unwrap_or_default();
    range(asked, length)
        .map(Some)
        .ok_or_else(|| Problem::new(RANGE_NOT_SATISFIABLE).with_header(CONTENT_RANGE, format!("bytes */{length}")))
}

/// The attachment of the path: 404 for whoever doesn't see its record, 403 for whoever sees it, but neither writes such
/// nor may see plain values there.
async fn find(call: &Call) -> Result<Record, Problem> {
    let (core, actor, id) = (&call.core, call.actor()?, call.path_id()?);
    let record = read::find(core, actor, &ATTACHMENTS, id).await?;
    let subject = record.values.get(&SUBJECT_KIND).and_then(|name| ATTACHMENTS.subject(name));
    let sees = |role: Role| REVEALERS.contains(&role) || subject.is_some_and(|kind| kind.writers.contains(&role));
    let grants = actor.grants.iter().filter(|grant| sees(grant.role)).cloned().collect();
    let seeing = Actor { grants, ..actor.clone() };
    if read::find_all(core, &seeing, &ATTACHMENTS, &[id]).await?.is_empty() {
        return Err(FORBIDDEN.into());
    }
    Ok(record)
}

/// The hash of what is kept.
fn kept(record: &Record, which: Which) -> Result<&str, Problem> {
    let values = &record.values;
    if values.get(&CONTENT_STATE) == Some(ContentState::Purged) {
        return Err(CONTENT_PURGED.into());
    }
    let is_kept = values.get(&CONTENT_STATE) == Some(ContentState::Kept);
    let hash = values.get(&KEPT_SHA256).filter(|_| is_kept).ok_or(CONTENT_AWAITED)?;
    match which {
        Which::Thumbnail if values.get(&HAS_THUMBNAIL) != Some(true) => Err(NO_THUMBNAIL.into()),
        _ => Ok(hash),
    }
}

/// The line first: what isn't noted isn't shown.
async fn note(call: &Call, record: &Record, which: Which) -> Result<(), Problem> {
    let (core, actor, values) = (&call.core, call.actor()?, &record.values);
    core.limiter.take(&format!("attachments|{}", actor.user_id), READINGS, core.clock.now())?;
    let part = match which {
        Which::Content => "content",
        Which::Thumbnail => "thumbnail",
    };
    let of = values.get(&SUBJECT_KIND);
    let details = json!({"part": part, "of_kind": of, "of_id": values.get(&SUBJECT_ID)});
    let mut audit_entry = call.audit_entry(READ, ATTACHMENTS.name, Some(record.envelope.id), details);
    audit_entry.area_code = Some(record.envelope.area_code.clone());
    system_write_all(core, vec![audit_entry], async |_| Ok(())).await
}

fn answer(record: &Record, which: Which, tag: String, sending: Sending, range: Option<(usize, usize)>) -> HttpResponse {
    let media_type = match which {
        Which::Content => record.values.get(&MEDIA_TYPE).unwrap_or(MediaType::Jpeg),
        Which::Thumbnail => MediaType::Jpeg,
    };
    let name = format!("attachment; filename=\"{}.{}\"", record.envelope.id, ending(media_type));
    let mut response = HttpResponse::Ok();
    response
        .insert_header((ETAG, tag))
        .insert_header((CACHE_CONTROL, "private, no-store"))
        .insert_header((CONTENT_TYPE, media_type.code()))
        .insert_header((CONTENT_DISPOSITION, name))
        .insert_header((CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox"));
    let whole = sending.bytes.len();
    match range.filter(|(_, last)| *last < whole) {
        Some((first, last)) => response
            .status(StatusCode::PARTIAL_CONTENT)
            .insert_header((CONTENT_RANGE, format!("bytes {first}-{last}/{whole}")))
            .body(Sending { bytes: sending.bytes.slice(first..=last), ..sending }),
        None => response.insert_header((ACCEPT_RANGES, "bytes")).body(sending),
    }
}

fn ending(media_type: MediaType) -> &'static str {
    match media_type {
        MediaType::Jpeg => "jpg",
        MediaType::Png => "png",
        MediaType::Webp => "webp",
        MediaType::Heic => "heic",
        MediaType::Pdf => "pdf",
    }
}

/// The first and the last byte of a range of so many; none where there is no such one.
fn range(asked: &str, length: usize) -> Option<(usize, usize)> {
    let (first, last) = asked.strip_prefix("bytes=")?.split_once('-')?;
    let end = length.checked_sub(1)?;
    if first.is_empty() {
        let count: usize = last.parse().ok().filter(|count| *count > 0)?;
        return Some((length.saturating_sub(count), end));
    }
    let first: usize = first.parse().ok().filter(|first| *first <= end)?;
    let last = if last.is_empty() { end } else { last.parse::<usize>().ok()?.min(end) };
    (first <= last).then_some((first, last))
}

#[cfg(test)]
mod tests {
    use super::range;

    #[test]
    fn ranges_stay_within_the_bytes() {
        assert_eq!(range("bytes=0-3", 10), Some((0, 3)));
        assert_eq!(range("bytes=4-", 10), Some((4, 9)));
        assert_eq!(range("bytes=-3", 10), Some((7, 9)));
        assert_eq!(range("bytes=-30", 10), Some((0, 9)));
        assert_eq!(range("bytes=8-99", 10), Some((8, 9)));
        for wrong in ["bytes=10-", "bytes=5-4", "bytes=-0", "bytes=-", "lines=0-1"] {
            assert_eq!(range(wrong, 10), None, "{wrong}");
        }
        assert_eq!(range("bytes=0-", 0), None);
    }
}
