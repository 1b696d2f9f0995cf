//! The rules of accounts.

use kit::catalogue::FaultCode;
use kit::check::check_object;
use kit::faults::Faults;
use kit::ids::new_id;
use kit::problem::Problem;
use kit::text::visible;
use kit::tree::Tree;
use kit::value::Values;

use super::store::NewUser;
use super::wire::{DISPLAY_NAME, NEW, ORG_ID, PHONE, ROLES, USERNAME, User};
use crate::platform::access::UserGrant;
use crate::platform::access::roles::{Actor, Grant, Role};
use crate::platform::divisions::tree::Divisions;
use crate::records::codes::{MASKED_VALUE, UNKNOWN_AREA};
use crate::rooms::accounts::codes::GRANT_TOO_WIDE;
use crate::rooms::registers::normalize_phone;

/// The grants of a checked form; an area that doesn't exist is a fault.
pub fn grants(form: &Values, divisions: &Divisions, faults: &mut Faults) -> Vec<Grant> {
    let mut grants = Vec::new();
    for (index, item) in form.list(&ROLES).enumerate() {
        let Some(role) = Role::of_code(&item.role) else { continue };
        // A role is over an area that exists now: an abolished code would grant something vague.
        match divisions.place(&item.area_code, None) {
            Some(placement) if placement.warning.is_none() => {
                grants.push(Grant { role, area_code: placement.area_code, org_id: item.org_id });
            }
            _ => faults.add(format!("{}/{index}/area_code", ROLES.pointer()), UNKNOWN_AREA),
        }
    }
    grants
}

/// A new account from its form; none where the form has faults. What only the caller's reach says is left to be asked.
pub fn read_new(tree: &Tree, divisions: &Divisions, faults: &mut Faults) -> (Values, Option<NewUser>) {
    let form = check_object(&NEW.iter().collect::<Vec<_>>(), tree, "", faults);
    let (grants, phone) = (grants(&form, divisions, faults), phone(&form, faults));
    let named = form.get(&USERNAME).zip(form.get(&DISPLAY_NAME)).filter(|_| faults.is_empty());
    let new = named.map(|(username, display_name)| NewUser {
        id: new_id(),
        username: username.to_owned(),
        display_name: shown_name(display_name),
        phone,
        org_id: form.get(&ORG_ID),
        grants,
    });
    (form, new)
}

/// A name for people, without what they can't see.
pub fn shown_name(name: &str) -> String {
    visible(name).unwrap_or_else(|| name.to_owned())
}

/// The phone of a checked form, normalised.
pub fn phone(form: &Values, faults: &mut Faults) -> Option<String> {
    let text = form.get(&PHONE)?;
    let phone = normalize_phone(text);
    if phone.is_none() {
        let code =
            if crate::platform::privacy::mask::looks_masked(text) { MASKED_VALUE } else { FaultCode::BAD_FORMAT };
        faults.add(PHONE.pointer(), code);
    }
    phone
}

/// The grants of an account as it is served.
pub fn held(user: &User) -> Vec<Grant> {
    let grant = |held: &UserGrant| {
        Some(Grant { role: Role::of_code(&held.role)?, area_code: held.area_code.clone(), org_id: held.org_id })
    };
    user.roles.iter().filter_map(grant).collect()
}

/// 403 where one of the grants is wider than what the actor may hand on.
pub fn require_grantable(actor: &Actor, grants: &[Grant]) -> Result<(), Problem> {
    if grants.iter().all(|grant| actor.may_grant(grant)) { Ok(()) } else { Err(GRANT_TOO_WIDE.into()) }
}
