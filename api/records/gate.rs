//! The gate before every change of a record that stands: amendments, acts, conflicts that are resolved.

use kit::problem::Problem;
use uuid::Uuid;

use super::codes::RECORD_VOIDED;
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

/// 409 where the record is void: it must be restored before anything is done with it.
pub fn require_standing(record: &Record) -> Result<(), Problem> {
    if record.envelope.voided { Err(RECORD_VOIDED.into()) } else { Ok(()) }
}
