//! The gate before every change of a record that stands: amendments, acts, conflicts that are resolved.

use kit::problem::Problem;
use uuid::Uuid;

use super::codes::{RECORD_PURGED, RECORD_VOIDED};
use super::definition::Kind;
use super::read;
use super::record::Record;
use crate::platform::access::roles::Actor;
use crate::platform::core::Core;

/// The record, by settings as they are now, if the actor may see it (else 404) and it stands (else 409). Who may do
/// what with it, the act says.
pub async fn find_standing(core: &Core, actor: &Actor, kind: &Kind, id: Uuid) -> Result<Record, Problem> {
    core.refresh_for(kind).await?;
    let found = read::find(core, actor, kind, id).await?;
    require_standing(&found).map(|()| found)
}

/// 409 where the personal fields of the record were purged: nobody says any more what it was made of, so that nobody
/// changes it either.
pub fn require_whole(record: &Record) -> Result<(), Problem> {
    if record.envelope.purged_at.is_some() { Err(RECORD_PURGED.into()) } else { Ok(()) }
}

/// 409 where the record is void: it must be restored before anything is done with it. The same where it was purged.
pub fn require_standing(record: &Record) -> Result<(), Problem> {
    require_whole(record)?;
    if record.envelope.voided { Err(RECORD_VOIDED.into()) } else { Ok(()) }
}
