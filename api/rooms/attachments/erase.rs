//! Purging the bytes of attachments: the record says that they are purged, then they are deleted, with the thumbnail and what
//! has come of an upload. In that order: what is said to be kept is there whenever somebody proves the ledger.

use kit::problem::Problem;
use ledger::AppendError;
use uuid::Uuid;

use super::record::{ATTACHMENTS, CONTENT_STATE, ContentState, HAS_THUMBNAIL, KEPT_SHA256};
use super::{listed, settle};
use crate::platform::core::Core;
use crate::records::change::Changes;
use crate::records::create::TRIES;
use crate::records::theme::Eraser;
use crate::records::{Record, read};

/// For a purge.
pub const ERASER: Eraser = Eraser {
    kind: "attachments",
    unfinished: "r.content_state IN ('awaited', 'kept')",
    finished: "r.content_state = 'purged'",
    erase: |core, district_code, ids| Box::pin(erase(core, district_code, ids)),
    go_on: |core, district_code| Box::pin(go_on(core, district_code)),
};

async fn erase(core: &Core, district_code: &str, ids: &[Uuid]) -> Result<(), Problem> {
    for record in read::find_unscoped(core, &ATTACHMENTS, district_code, ids).await?.into_values() {
        tell(core, &record).await?;
        settle::forget_content(core, &record).await?;
    }
    Ok(())
}

/// Deletes once more what belongs to attachments that say they are purged.
async fn go_on(core: &Core, district_code: &str) -> Result<(), Problem> {
    let mut page = listed::after(core, district_code, ContentState::Purged, None).await?;
    while !page.is_empty() {
        for record in &page {
            settle::forget_content(core, record).await?;
        }
        page = listed::after(core, district_code, ContentState::Purged, page.last()).await?;
    }
    Ok(())
}

/// Writes as the next revision that the bytes are purged, where they may be there.
async fn tell(core: &Core, record: &Record) -> Result<(), Problem> {
    let mut former = record.clone();
    for _ in 0..TRIES {
        let state = former.values.get(&CONTENT_STATE);
        if !matches!(state, Some(ContentState::Awaited | ContentState::Kept)) {
            return Ok(());
        }
        let mut next = former.clone();
        next.values.set(&CONTENT_STATE, ContentState::Purged);
        next.values.clear(&KEPT_SHA256);
        next.values.clear(&HAS_THUMBNAIL);
        (next.envelope.revision, next.envelope.revised_by) = (former.envelope.revision + 1, Uuid::nil());
        let mut changes = Changes::default();
        changes.next_number();
        changes.put(&ATTACHMENTS, Some(former.clone()), next);
        let write_context = core.write_context(core.clock.now(), &former.envelope.district_code);
        match core.ledger.append(changes.into_append(&write_context)?).await {
            Ok(_) => return Ok(()),
            Err(AppendError::Conflict(_)) => former = settle::current(core, &former).await?,
            Err(error) => return Err(error.into()),
        }
    }
    Err(kit::catalogue::Code::WRITE_CONFLICT.into())
}
