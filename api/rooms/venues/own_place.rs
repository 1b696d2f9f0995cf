//! Venues tell of themselves: a reporter's own place, and no competitor's.

use kit::typed::TypedField;
use uuid::Uuid;

use crate::platform::access::Role;
use crate::platform::access::roles::Actor;
use crate::records::{Draft, Narrowed};

/// Narrows a venue's account to its organisation's records; without one to those that it wrote itself.
pub fn of_own_venue(role: Role) -> Option<Narrowed> {
    (role == Role::StoreReporter).then_some(Narrowed::Recorded)
}

/// Whether a caller may tell this of the draft's place: with no other role that writes it, only where the place is of the
/// organisation that his grant names.
pub fn is_own_place(actor: &Actor, draft: &Draft, writers: &'static [Role], place_id: &TypedField<Uuid>) -> bool {
    let others = actor.grants.iter().any(|grant| grant.role != Role::StoreReporter && writers.contains(&grant.role));
    if others {
        return true;
    }
    let place = draft.reference(place_id);
    actor.grants_of(&[Role::StoreReporter]).any(|grant| {
        actor
            .organizations_of(grant)
            .is_none_or(|own| place.and_then(|place| place.envelope.org_id).is_some_and(|org_id| own.contains(&org_id)))
    })
}
