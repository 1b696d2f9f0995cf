//! Admission: the one judgement of a caller that the router makes, and that `/v1/auth/me` and `docs/roles.md` tell of.
//! Data decides later whether an operation's target lies within the caller's reach.

use std::sync::Arc;

use kit::cache::{Cache, Kept};
use kit::catalogue::Code;

use super::{Access, Operation, Tells};
use crate::platform::access::accounts::{Credential, SignedIn};
use crate::platform::access::keys::{KeyScope, KeyScopes};
use crate::platform::access::roles::{Actor, Grant, Role, RoleSet};
use crate::platform::codes::{ACCOUNT_DEACTIVATED, FORBIDDEN, KEY_OUT_OF_SCOPE, PASSWORD_CHANGE_REQUIRED};

/// A code of more digits lies below a township.
const TOWNSHIP_DIGITS: usize = 9;

/// Kinds of callers that are remembered; there are some dozens in a district.
const MOST_CALLERS: u64 = 10_000;

/// All of a caller that decides what he is let in to: those who are alike in this may do the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Caller {
    /// The roles held anywhere.
    roles: RoleSet,
    /// Those of them in which he may judge others.
    judging: RoleSet,
    /// Those of them held over less than a township, or for an organisation.
    narrow: RoleSet,
    /// Uses that a key was given for; none for a person.
    scopes: Option<KeyScopes>,
    password_change_required: bool,
    has_left: bool,
}

impl Caller {
    /// The kind of whoever signed in.
    pub fn of(signed_in: &SignedIn) -> Self {
        let actor = &signed_in.actor;
        let is_narrow = |grant: &&Grant| grant.area_code.len() > TOWNSHIP_DIGITS || grant.org_id.is_some();
        Self {
            roles: actor.grants.iter().map(|grant| grant.role).collect(),
            judging: actor.judging().map(|grant| grant.role).collect(),
            narrow: actor.grants.iter().filter(is_narrow).map(|grant| grant.role).collect(),
            scopes: match &signed_in.credential {
                Credential::Session(_) => None,
                Credential::Key(scopes) => Some(KeyScopes::of(scopes)),
            },
            password_change_required: actor.password_change_required,
            has_left: actor.left_area.is_some(),
        }
    }

    /// Somebody with one role over an area, signed in.
    pub fn with_role(role: Role) -> Self {
        let roles: RoleSet = [role].into_iter().collect();
        Self {
            roles,
            judging: roles,
            narrow: RoleSet::default(),
            scopes: None,
            password_change_required: false,
            has_left: false,
        }
    }

    /// A key of that role and these scopes.
    pub fn with_key(role: Role, scopes: &[String]) -> Self {
        Self { scopes: Some(KeyScopes::of(scopes)), ..Self::with_role(role) }
    }

    fn is_in_scope(&self, scope: KeyScope) -> bool {
        self.scopes.is_none_or(|scopes| scopes.hold(scope))
    }

    /// Whether the lists behind figures may be opened: by a role that reads, and as a key with the scope as well.
    fn opens_lists(&self, readers: &[Role]) -> bool {
        self.roles.meets(readers) && self.is_in_scope(KeyScope::Read)
    }

    /// Whether small numbers are kept back: neither reads the records, nor is a key with the right to them.
    fn is_covered(&self, readers: &[Role]) -> bool {
        let shown = self.scopes.is_some_and(|scopes| scopes.hold(KeyScope::SmallCells));
        !shown && !self.opens_lists(readers)
    }
}

impl Operation {
    /// Whether a caller is let in, and why not.
    pub fn admit(&self, caller: &Caller) -> Result<(), Code> {
        if let Access::Public = self.access {
            return Ok(());
        }
        if caller.password_change_required && !matches!(self.access, Access::SignedInOnce) {
            return Err(PASSWORD_CHANGE_REQUIRED);
        }
        if caller.has_left && !self.hands_in {
            return Err(ACCOUNT_DEACTIVATED);
        }
        match self.access {
            Access::Roles(roles) if !caller.roles.meets(roles) => return Err(FORBIDDEN),
            Access::RolesOrKeys(roles) if caller.scopes.is_none() && !caller.roles.meets(roles) => {
                return Err(FORBIDDEN);
            }
            Access::Judges(roles) if !caller.judging.meets(roles) => return Err(FORBIDDEN),
            _ => {}
        }
        let told = match self.tells {
            Tells::Anything => true,
            Tells::SmallNumbers(readers) => !caller.is_covered(readers),
            Tells::Figures { readers, roles } => !caller.is_covered(readers) || !caller.narrow.meets(roles),
        };
        if told && caller.is_in_scope(self.key_scope) { Ok(()) } else { Err(KEY_OUT_OF_SCOPE) }
    }
}

/// Operations that each kind of caller may use, by id, made once for each.
pub struct Rights(Cache<Caller, Vec<String>>);

impl Default for Rights {
    fn default() -> Self {
        Self(Cache::new(MOST_CALLERS, Kept::WhileRoom))
    }
}

impl Rights {
    /// The ids of the operations that a caller is let in to, in the order of the document.
    pub fn of(&self, caller: Caller, operations: &[Arc<Operation>]) -> Arc<Vec<String>> {
        let admits = |operation: &&Arc<Operation>| operation.admit(&caller).is_ok();
        self.0.get_with(caller, || operations.iter().filter(admits).map(|operation| operation.id.clone()).collect())
    }
}

impl Actor {
    /// The grants in which it may judge others: none of somebody whom bureaus supervise.
    fn judging(&self) -> impl Iterator<Item = &Grant> {
        self.grants.iter().filter(|grant| self.judges_by(grant))
    }
}
