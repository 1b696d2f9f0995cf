//! Of whom callers may be told how much.

use crate::platform::access::accounts::Credential;
use crate::platform::access::keys::KeyScope;
use crate::platform::access::roles::Role;
use crate::platform::divisions::tree::DISTRICT_DIGITS;
use crate::platform::http::Call;
use crate::records::Kind;

/// Whether the caller may not see small numbers: unable to read the records themselves, of which `readers` have the
/// right, and no key that was given the right to them.
pub fn covered(call: &Call, readers: &'static [Role]) -> bool {
    match call.credential() {
        Some(Credential::Key(scopes)) => !KeyScope::SmallCells.is_in(scopes) && !opens_lists(call, readers),
        _ => !opens_lists(call, readers),
    }
}

/// Whether the caller may open the lists behind figures: he has a role that reads, and as a key the scope as well.
pub fn opens_lists(call: &Call, readers: &'static [Role]) -> bool {
    let in_scope = match call.credential() {
        Some(Credential::Key(scopes)) => KeyScope::Read.is_in(scopes),
        _ => true,
    };
    in_scope && call.actor().is_ok_and(|actor| actor.holds(readers))
}

/// Whether small numbers of a closed room are kept from the caller: he doesn't read it, and asks for less than a whole
/// district. What his own organisation did there he knows.
pub fn is_shut(call: &Call, kind: &Kind, area_code: &str, is_part: bool) -> bool {
    !opens_lists(call, kind.readers) && (is_part || area_code.len() > DISTRICT_DIGITS)
}
