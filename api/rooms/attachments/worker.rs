//! Parts of uploads that nobody goes on with: those of which all has come are judged, old ones are forgotten.

use std::path::Path;
use std::sync::Weak;
use std::time::{Duration, SystemTime};

use kit::problem::Problem;
use uuid::Uuid;

use super::codes::CONTENT_DIFFERS;
use super::part::{self, Part};
use super::record::{ATTACHMENTS, BYTE_COUNT, CONTENT_STATE, ContentState};
use super::settle::settle;
use super::upload::Parts;
use crate::platform::core::Core;
use crate::records::{Record, read};

/// Pause between two looks.
const PAUSE: Duration = Duration::from_secs(60);
/// A part that was written so lately is left to whoever writes it.
const LEFT_ALONE: Duration = Duration::from_secs(120);
const DAY: Duration = Duration::from_secs(86_400);

/// Works until the service ends.
pub async fn work(core: Weak<Core>) {
    while let Some(core) = core.upgrade() {
        if let Err(problem) = look_after(&core, LEFT_ALONE).await {
            tracing::warn!(%problem, "parts of uploads could not be looked after; tried again in a moment");
        }
        drop(core);
        tokio::time::sleep(PAUSE).await;
    }
}

/// Looks at all parts of this machine that weren't written for so long.
pub async fn look_after(core: &Core, left_alone: Duration) -> Result<(), Problem> {
    // Nobody has sent anything yet where there is no folder.
    let Ok(mut found) = tokio::fs::read_dir(part::folder(&core.config)).await else { return Ok(()) };
    while let Some(entry) = found.next_entry().await.map_err(Problem::internal)? {
        let Ok(written) = entry.metadata().await.and_then(|metadata| metadata.modified()) else { continue };
        let age = SystemTime::now().duration_since(written).unwrap_or_default();
        if age >= left_alone
            && let Err(problem) = look_at(core, &entry.path(), age).await
        {
            tracing::warn!(%problem, "a part of an upload could not be looked after");
        }
    }
    Ok(())
}

async fn look_at(core: &Core, path: &Path, age: Duration) -> Result<(), Problem> {
    let Some((district_code, id)) = part::named(path) else { return Ok(()) };
    let found = read::find_unscoped(core, &ATTACHMENTS, &district_code, &[id]).await?;
    let Some(record) = found.into_values().next() else { return Ok(()) };
    let awaited = record.values.get(&CONTENT_STATE) == Some(ContentState::Awaited);
    let is_old = age >= DAY * core.config.attachment_part_days;
    if !awaited || record.envelope.voided || is_old {
        return part::forget(core, &record).await;
    }
    let whole = record.values.get(&BYTE_COUNT).unwrap_or_default().unsigned_abs();
    if part::byte_count(core, &record).await? < whole {
        return Ok(());
    }
    judge(core, &record).await
}

/// Judges what the process that took it in had no time for, for whoever declared it.
async fn judge(core: &Core, record: &Record) -> Result<(), Problem> {
    let _taken = core.ext::<Parts>().take(record.envelope.id).await?;
    let Some(part) = Part::open(core, record).await? else { return Ok(()) };
    let by: Uuid = record.envelope.recorded_by;
    match settle(core, record, part, by).await {
        Err(problem) if problem.code() != CONTENT_DIFFERS => Err(problem),
        _ => Ok(()),
    }
}
