//! Whoever an endpoint belongs to, as he stands at this moment: what he may see now is what is told.

use std::sync::Arc;

use kit::problem::Problem;

use super::endpoint::{Endpoint, Owner};
use crate::platform::access::Role;
use crate::platform::access::accounts::{Credential, of_user};
use crate::platform::access::keys::{self, KeyScope};
use crate::platform::access::roles::Actor;
use crate::platform::core::Core;
use crate::platform::http::Call;
use crate::records::Kind;

/// Roles whose accounts make endpoints: the command, and units for what is theirs.
pub const MAKERS: &[Role] = &[Role::DistrictAdmin, Role::OrgAdmin];

/// Whoever calls, as an owner.
pub fn caller(call: &Call) -> Result<Owner, Problem> {
    let actor = call.actor()?;
    Ok(match call.credential() {
        Some(Credential::Key(_)) => Owner::Key(actor.user_id),
        _ => Owner::User(actor.user_id),
    })
}

/// The owner's rights now; none where they are over.
pub async fn rights(core: &Core, endpoint: &Endpoint) -> Result<Option<Arc<Actor>>, Problem> {
    let actor = match endpoint.owner {
        Owner::Key(id) => {
            let standing = keys::standing(core, id).await?;
            standing.filter(|(_, scopes)| KeyScope::Webhooks.is_in(scopes)).map(|(actor, _)| actor)
        }
        Owner::User(id) => of_user(core, id).await?.filter(|actor| actor.holds(MAKERS)).map(Arc::new),
    };
    Ok(actor.filter(|actor| actor.districts.contains(&endpoint.district_code)))
}

/// The kinds of which an endpoint tells: those that its owner reads, of those that he named. A closed room is told to
/// nobody.
pub fn kinds(core: &Core, actor: &Actor, endpoint: &Endpoint) -> Vec<&'static Kind> {
    let is_named = |kind: &&'static Kind| {
        endpoint.settings.kinds.as_ref().is_none_or(|named| named.iter().any(|name| name == kind.name))
    };
    core.kinds().kinds().filter(|kind| actor.holds(kind.readers) && !kind.closed).filter(is_named).collect()
}
