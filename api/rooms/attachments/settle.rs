//! When all bytes are there: are they those that were declared, and may they be kept? What is kept is sealed and put away
//! before the record says so.

use std::sync::Arc;

use kit::problem::Problem;
use kit::value::Values;
use ledger::AppendError;
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;
use uuid::Uuid;

use super::codes::CONTENT_DIFFERS;
use super::judge::{self, ContentRefusal, Kept, MediaType};
use super::part::{self, Part};
use super::record::{
    ATTACHMENTS, CONTENT_STATE, ContentState, HAS_THUMBNAIL, HEIGHT_PX, KEEP_POSITION, KEPT_BYTE_COUNT, KEPT_SHA256,
    MEDIA_TYPE, REFUSED_BECAUSE, SHA256, WIDTH_PX,
};
use crate::platform::config::Config;
use crate::platform::core::{Core, Extension};
use crate::platform::objects;
use crate::platform::privacy::seal::Owner;
use crate::records::change::Changes;
use crate::records::create::TRIES;
use crate::records::theme::KeptObject;
use crate::records::{Record, read};

/// Pictures that are drawn at once: each takes up to some hundred megabytes and a core.
const DRAWN_AT_ONCE: usize = 2;

/// Uploads that are settled at once: each holds its bytes some times over.
const SETTLED_AT_ONCE: usize = 16;

/// Places for uploads that are settled, and at the drawing board.
pub struct Places {
    settling: Semaphore,
    drawing: Arc<Semaphore>,
}

impl Extension for Places {
    fn begin(_: &Config) -> Self {
        Self { settling: Semaphore::new(SETTLED_AT_ONCE), drawing: Arc::new(Semaphore::new(DRAWN_AT_ONCE)) }
    }
}

/// Objects that are kept of attachments, for a rotation of keys.
pub const KEPT_OBJECTS: &[KeptObject] = &[
    KeptObject { kind: "attachments", is_kept: "r.content_state = 'kept'", field: CONTENT },
    KeptObject { kind: "attachments", is_kept: "r.content_state = 'kept' AND r.has_thumbnail", field: THUMBNAIL },
];

const CONTENT: &str = "content";
const THUMBNAIL: &str = "thumbnail";

/// The object in which an attachment's bytes are kept.
pub fn content(record: &Record) -> Owner<'_> {
    owner(record, CONTENT)
}

/// The object in which its thumbnail is kept.
pub fn thumbnail(record: &Record) -> Owner<'_> {
    owner(record, THUMBNAIL)
}

/// Deletes what is kept of an attachment.
pub async fn forget_content(core: &Core, record: &Record) -> Result<(), Problem> {
    objects::delete(core, content(record)).await?;
    objects::delete(core, thumbnail(record)).await?;
    part::forget(core, record).await
}

fn owner<'a>(record: &'a Record, field: &'a str) -> Owner<'a> {
    let envelope = &record.envelope;
    Owner { kind: ATTACHMENTS.name, field, id: envelope.id, district_code: &envelope.district_code }
}

/// Judges an upload of which all has come. 422 where the bytes aren't those that were declared: then it begins anew.
pub async fn settle(core: &Core, record: &Record, mut part: Part, by: Uuid) -> Result<Record, Problem> {
    let places = core.ext::<Places>();
    let _place = places.settling.acquire().await.map_err(Problem::internal)?;
    let bytes = part.bytes(core).await?;
    let values = &record.values;
    let Some(bytes) = bytes.filter(|bytes| Some(hash(bytes).as_str()) == values.get(&SHA256)) else {
        part::forget(core, record).await?;
        return Err(CONTENT_DIFFERS.into());
    };
    let (Some(media_type), keep_position) = (values.get(&MEDIA_TYPE), values.get(&KEEP_POSITION).unwrap_or_default())
    else {
        return Err(Problem::internal("an attachment has no media type"));
    };
    let judged = judge(&places.drawing, bytes, media_type, keep_position).await?;
    if let Ok(kept) = &judged {
        objects::put(core, content(record), &kept.bytes).await?;
        if let Some(small) = &kept.thumbnail {
            objects::put(core, thumbnail(record), small).await?;
        }
    }
    let told = tell(core, record, &judged, by).await?;
    // Only now: a process that ends before finds all of it again.
    part::forget(core, record).await?;
    Ok(told)
}

/// Judges bytes on a thread of their own.
async fn judge(
    drawing: &Arc<Semaphore>,
    bytes: Vec<u8>,
    media_type: MediaType,
    keep_position: bool,
) -> Result<Result<Kept, ContentRefusal>, Problem> {
    let place = Arc::clone(drawing).acquire_owned().await.map_err(Problem::internal)?;
    let judging = move || {
        let judged = judge::judged(&bytes, media_type, keep_position);
        drop(place);
        judged
    };
    // A decoder that breaks over some bytes can't read them: no defect of the request's.
    Ok(tokio::task::spawn_blocking(judging).await.unwrap_or_else(|error| {
        tracing::error!(%error, "an attachment broke its decoder");
        Err(ContentRefusal::Unreadable)
    }))
}

/// The hash of bytes, hexadecimal.
pub fn hash(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// Writes what became of the bytes as the next revision.
async fn tell(
    core: &Core,
    record: &Record,
    judged: &Result<Kept, ContentRefusal>,
    by: Uuid,
) -> Result<Record, Problem> {
    let mut former = record.clone();
    for _ in 0..TRIES {
        let mut next = former.clone();
        note(&mut next.values, judged);
        (next.envelope.revision, next.envelope.revised_by) = (former.envelope.revision + 1, by);
        let mut changes = Changes::default();
        let number = changes.next_number();
        changes.put(&ATTACHMENTS, Some(former.clone()), next.clone());
        let write_context = core.write_context(core.clock.now(), &former.envelope.district_code);
        match core.ledger.append(changes.into_append(&write_context)?).await {
            Ok(receipt) => {
                crate::records::change::receive(&mut next, receipt, number);
                return Ok(next);
            }
            Err(AppendError::Conflict(_)) => {}
            Err(error) => return Err(error.into()),
        }
        former = current(core, &former).await?;
        if former.values.get(&CONTENT_STATE) == Some(ContentState::Purged) {
            // It was purged while this was put away.
            forget_content(core, record).await?;
        }
        if former.values.get(&CONTENT_STATE) != Some(ContentState::Awaited) {
            return Ok(former);
        }
    }
    Err(kit::catalogue::Code::WRITE_CONFLICT.into())
}

/// The record as it stands now.
pub async fn current(core: &Core, record: &Record) -> Result<Record, Problem> {
    let envelope = &record.envelope;
    let found = read::find_unscoped(core, &ATTACHMENTS, &envelope.district_code, &[envelope.id]).await?;
    found.into_values().next().ok_or_else(|| Problem::internal("an attachment is gone"))
}

fn note(values: &mut Values, judged: &Result<Kept, ContentRefusal>) {
    let kept = match judged {
        Ok(kept) => kept,
        Err(refusal) => {
            values.set(&CONTENT_STATE, ContentState::Refused);
            values.set(&REFUSED_BECAUSE, *refusal);
            return;
        }
    };
    values.set(&CONTENT_STATE, ContentState::Kept);
    values.set(&KEPT_SHA256, hash(&kept.bytes));
    values.set(&KEPT_BYTE_COUNT, i64::try_from(kept.bytes.len()).unwrap_or(i64::MAX));
    values.set(&HAS_THUMBNAIL, kept.thumbnail.is_some());
    if let Some((width, height)) = kept.size {
        values.set(&WIDTH_PX, i64::from(width));
        values.set(&HEIGHT_PX, i64::from(height));
    }
}
