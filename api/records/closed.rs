//! Closed rooms: kinds of which nobody but their readers learns anything beside figures. The frame asks here before it
//! tells anything of one; the second wall (`lianfang.rooms`) holds where that was forgotten.

use kit::problem::Problem;
use serde_json::json;

use super::definition::Kind;
use super::record::Record;
use crate::platform::access::accounts::Credential;
use crate::platform::audit::{AuditEntry, system_write_all};
use crate::platform::codes::KEY_OUT_OF_SCOPE;
use crate::platform::http::Call;

/// Verb under which each reading of a closed room is noted.
pub const READ_CLOSED: &str = "closed_room.read";

/// Whether the caller may deal with a kind at all: no program does with a closed room.
pub fn is_open_to(call: &Call, kind: &Kind) -> bool {
    !kind.closed || !matches!(call.credential(), Some(Credential::Key(_)))
}

/// Refuses the key of a program where the kind is closed.
pub fn require_person(call: &Call, kind: &Kind) -> Result<(), Problem> {
    if is_open_to(call, kind) { Ok(()) } else { Err(KEY_OUT_OF_SCOPE.into()) }
}

/// Notes that these are read, before they are told: a line each.
pub async fn note_read<'a>(
    call: &Call,
    records: impl IntoIterator<Item = (&'a Kind, &'a Record)>,
) -> Result<(), Problem> {
    let entry = |(kind, record): (&Kind, &Record)| AuditEntry {
        area_code: Some(record.envelope.area_code.clone()),
        ..call.audit_entry(READ_CLOSED, kind.name, Some(record.envelope.id), json!({}))
    };
    let entries: Vec<AuditEntry> = records.into_iter().filter(|(kind, _)| kind.closed).map(entry).collect();
    if entries.is_empty() {
        return Ok(());
    }
    system_write_all(&call.core, entries, async |_| Ok(())).await
}
