//! Voiding with a reason: the last revision of a record. It is judged as an amendment is: by the roles of the
//! kind, and by what its rules say of this very record and this very caller.

use uuid::Uuid;

use super::amend::{writable, write};
use super::create::TRIES;
use super::definition::Kind;
use super::draft::Draft;
use super::idempotency::Key;
use super::record::Record;
use super::resolve;
use crate::app::Service;
use crate::auth::roles::Actor;
use crate::kit::catalogue::Code;
use crate::kit::etag::IfMatch;
use crate::kit::faults::Faults;
use crate::kit::problem::Problem;
use crate::kit::value::Value;

/// Voids a record. Once more is no fault and changes nothing.
pub async fn void(
    service: &Service,
    actor: &Actor,
    kind: &'static Kind,
    id: Uuid,
    if_match: Option<&IfMatch>,
    reason: &str,
    key: Option<&Key>,
) -> Result<Record, Problem> {
    for _ in 0..TRIES {
        let current = writable(service, actor, kind, id).await?;
        if current.envelope.voided {
            return Ok(current);
        }
        demand_rules(service, actor, kind, &current).await?;
        if let Some(if_match) = if_match {
            if_match.demand(current.envelope.revision)?;
        }
        let mut next = current.clone();
        next.envelope.voided = true;
        next.values.set("void_reason", Value::Text(reason.to_owned()));
        if let Some(written) = write(service, actor, kind, &current, next, key.map(|key| (key, 200))).await? {
            return Ok(written);
        }
    }
    Err(Code::WriteConflict.into())
}

/// 403 where the rules of the kind let fewer void this record than write the kind.
async fn demand_rules(service: &Service, actor: &Actor, kind: &'static Kind, current: &Record) -> Result<(), Problem> {
    let mut draft = Draft::of_record(kind, current);
    // What a reference names may be gone by now: no fault of whoever voids.
    resolve::resolve_references(service, actor, current, &mut draft, &mut Faults::default()).await?;
    let writers = kind.rules.voiders(&draft).unwrap_or(kind.writers);
    resolve::demand_roles(actor, &draft, writers, &current.envelope.area_code, current.envelope.org_id)
}
