//! Rights in the document: whom the router lets in to an operation, by the same judgement as its own. Where, is judged with
//! the data; `docs/roles.md` says what narrows a role.

use kit::json::put;
use serde_json::{Value as Json, json};

use super::{Access, Caller, Operation};
use crate::platform::access::Role;
use crate::platform::access::keys::KeyScope;
use crate::platform::access::roles::ROLE;

/// The roles that there are, with their names in both languages.
pub fn roles() -> Json {
    let named = ROLE.words.iter().map(|word| json!({"code": word.code, "en": word.label.en, "zh": word.label.zh}));
    Json::Array(named.collect())
}

/// Puts to an operation's description who may use it: roles where not everybody may (`x-roles`), whether those judge others
/// (`x-judges`), and the scope that a program's key needs (`x-key-scope`: none where no key may, `any` where each may).
pub fn put_rights(described: &mut Json, operation: &Operation) {
    let admitted = |role: &Role| operation.admit(&Caller::with_role(*role)).is_ok();
    let roles: Vec<&str> = Role::ALL.iter().filter(|role| admitted(role)).map(|role| role.code()).collect();
    if roles.len() < Role::ALL.len() {
        put(described, "x-roles", roles);
    }
    if matches!(operation.access, Access::Judges(_)) {
        put(described, "x-judges", true);
    }
    let scope = match operation.key_scope {
        KeyScope::Any => Some("any"),
        other => other.code(),
    };
    if let (Some(scope), false) = (scope, matches!(operation.access, Access::Public)) {
        put(described, "x-key-scope", scope);
    }
}
