//! Voiding with a reason: the last revision of a record, unless it is restored. It is judged as an amendment is: by
//! the roles of the kind, and by what its rules say of this very record and this very caller.

use kit::catalogue::Code;
use kit::etag::IfMatch;
use kit::faults::Faults;
use kit::problem::Problem;
use uuid::Uuid;

use super::amend::{writable, write};
use super::create::TRIES;
use super::definition::Kind;
use super::draft::Draft;
use super::envelope;
use super::gate::require_whole;
use super::idempotency::Key;
use super::record::Record;
use super::resolve;
use super::rules::Rules;
use crate::platform::access::roles::{Actor, Role};
use crate::platform::core::Core;

/// Finds the roles that may do it with this record, of those that write the kind; none where all may.
type Who = fn(&dyn Rules, &Draft) -> Option<&'static [Role]>;

/// Reason that people read at a record which undoing its import took back; [`is_undone`] doesn't ask for it.
const UNDONE: &str = "import undone";
/// Why somebody whom an undo took back holds again: a later file brought him.
pub const BROUGHT_BACK: &str = "imported again";

/// Whether undoing an import took a record back.
pub fn is_undone(record: &Record) -> bool {
    record.envelope.voided && record.envelope.taken_back
}

/// Voids a record. Once more is no fault and changes nothing.
pub async fn void(
    core: &Core,
    actor: &Actor,
    kind: &'static Kind,
    id: Uuid,
    if_match: Option<&IfMatch>,
    reason: &str,
    key: Option<&Key>,
) -> Result<Record, Problem> {
    let by_hand = |next: &mut Record| next.values.set(&envelope::VOID_REASON, reason);
    void_by(core, actor, kind, id, if_match, by_hand, key, |rules, draft| rules.voiders_of(draft)).await
}

/// A record and what it would be once void, not yet written; none where it is void already.
pub async fn planned(
    core: &Core,
    actor: &Actor,
    kind: &'static Kind,
    id: Uuid,
    if_match: Option<&IfMatch>,
    reason: &str,
) -> Result<(Record, Option<Record>), Problem> {
    let by_hand = |next: &mut Record| next.values.set(&envelope::VOID_REASON, reason);
    next_of(core, actor, kind, id, if_match, by_hand, |rules, draft| rules.voiders_of(draft)).await
}

/// Takes a record back that an import created and nobody touched since.
pub async fn take_back(
    core: &Core,
    actor: &Actor,
    kind: &'static Kind,
    id: Uuid,
    if_match: &IfMatch,
) -> Result<Record, Problem> {
    let by_undo = |next: &mut Record| {
        next.values.set(&envelope::VOID_REASON, UNDONE);
        next.envelope.taken_back = true;
    };
    void_by(core, actor, kind, id, Some(if_match), by_undo, None, |rules, draft| rules.undoers(draft)).await
}

#[expect(clippy::too_many_arguments, reason = "those of a void, and who may")]
async fn void_by(
    core: &Core,
    actor: &Actor,
    kind: &'static Kind,
    id: Uuid,
    if_match: Option<&IfMatch>,
    say_why: impl Fn(&mut Record),
    key: Option<&Key>,
    who: Who,
) -> Result<Record, Problem> {
    for _ in 0..TRIES {
        let (current, next) = next_of(core, actor, kind, id, if_match, &say_why, who).await?;
        let Some(next) = next else { return Ok(current) };
        if let Some(written) = write(core, actor, kind, &current, next, key.map(|key| (key, 200))).await? {
            return Ok(written);
        }
    }
    Err(Code::WRITE_CONFLICT.into())
}

/// The record, if the actor may void it, and what it is once void; none where it is void already.
async fn next_of(
    core: &Core,
    actor: &Actor,
    kind: &'static Kind,
    id: Uuid,
    if_match: Option<&IfMatch>,
    say_why: impl Fn(&mut Record),
    who: Who,
) -> Result<(Record, Option<Record>), Problem> {
    let current = writable(core, actor, kind, id).await?;
    require_rules(core, actor, kind, &current, who).await?;
    if current.envelope.voided {
        return Ok((current, None));
    }
    require_whole(&current)?;
    if let Some(if_match) = if_match {
        if_match.require(current.envelope.revision)?;
    }
    let mut next = current.clone();
    next.envelope.voided = true;
    say_why(&mut next);
    next.values.clear(&envelope::RESTORE_REASON);
    Ok((current, Some(next)))
}

/// 403 where the rules of the kind let fewer void this record, or restore it, than write the kind.
pub async fn require_rules(
    core: &Core,
    actor: &Actor,
    kind: &'static Kind,
    current: &Record,
    who: Who,
) -> Result<(), Problem> {
    let mut draft = Draft::of_record(kind, current);
    // References may name records that are gone by now: no fault of whoever voids.
    resolve::resolve_references(core, actor, current, &mut draft, &mut Faults::default()).await?;
    let writers = who(kind.rules, &draft).unwrap_or(kind.writers);
    resolve::require_roles(actor, &draft, writers, &current.envelope.area_code, current.envelope.org_id)
}
