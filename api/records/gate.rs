//! The gate before every change of a record that stands: amendments, acts, conflicts that are resolved.

use uuid::Uuid;

use super::definition::Kind;
use super::read;
use super::record::Record;
use crate::app::Service;
use crate::auth::roles::Actor;
use crate::kit::catalogue::Code;
use crate::kit::problem::Problem;

/// The record, by settings as they are now, if the actor may see it (else 404) and it stands (else 409). Who may do
/// what with it, the act says.
pub async fn find_standing(service: &Service, actor: &Actor, kind: &Kind, id: Uuid) -> Result<Record, Problem> {
    service.refresh_settings().await?;
    let found = read::find(service, actor, kind, id).await?;
    demand_standing(&found).map(|()| found)
}

/// 409 where the record is void: it must be restored before anything is done with it.
pub fn demand_standing(record: &Record) -> Result<(), Problem> {
    if record.envelope.voided { Err(Code::RecordVoided.into()) } else { Ok(()) }
}
