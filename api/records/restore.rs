//! Restoring with a reason: a void record holds again. It is taken as if it were sent anew: what its references
//! name is looked for again, its fields and the rules across rows are asked again.

use kit::catalogue::Code;
use kit::etag::IfMatch;
use kit::problem::Problem;
use uuid::Uuid;

use super::amend::{Asked, Revised, take, writable};
use super::create::TRIES;
use super::definition::Kind;
use super::envelope;
use super::gate::require_whole;
use super::idempotency::Key;
use super::record::Record;
use super::void::require_rules;
use crate::platform::access::roles::Actor;
use crate::platform::core::Core;

/// Restores a void record, by whoever may void it. Once more is no fault and changes nothing.
pub async fn restore(
    core: &Core,
    actor: &Actor,
    kind: &'static Kind,
    id: Uuid,
    if_match: Option<&IfMatch>,
    reason: &str,
    key: Option<&Key>,
) -> Result<Record, Problem> {
    for _ in 0..TRIES {
        let current = writable(core, actor, kind, id).await?;
        require_rules(core, actor, kind, &current, |rules, draft| rules.voiders_of(draft)).await?;
        if !current.envelope.voided {
            return Ok(current);
        }
        require_whole(&current)?;
        if let Some(if_match) = if_match {
            if_match.require(current.envelope.revision)?;
        }
        let finish = |next: &mut Record| {
            (next.envelope.voided, next.envelope.taken_back) = (false, false);
            next.values.clear(&envelope::VOID_REASON);
            next.values.set(&envelope::RESTORE_REASON, reason);
        };
        let key = key.map(|key| (key, 200));
        if let Revised::Written(written) = take(core, actor, kind, &current, Asked::Anew, finish, key).await? {
            return Ok(*written);
        }
    }
    Err(Code::WRITE_CONFLICT.into())
}
