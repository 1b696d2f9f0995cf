//! Organisations as a file of accounts names them: by name, or by id; those of the area of the row, above it or below.

use kit::text::Language;
use lianfang::platform::core::Core;
use lianfang::rooms::accounts::operator::{self, Organization};
use serde_json::Value as Json;

use super::super::Failure;
use super::super::language::say;

/// An organisation that a row names.
pub struct Named {
    /// The row's line.
    line: u64,
    /// Column that names it.
    column: &'static str,
    /// The role of the row among the account's.
    role: usize,
    /// Name or id.
    name: String,
}

const OWN: &str = "organization";
const OF_ROLE: &str = "role_organization";

/// Those that a row names: the holder's own, and to whose records the row's role is narrowed.
pub fn named(line: u64, role: usize, own: Option<&str>, of_role: Option<&str>) -> Vec<Named> {
    let named =
        |(column, name): (&'static str, Option<&str>)| Some(Named { line, column, role, name: name?.to_owned() });
    [(OWN, own), (OF_ROLE, of_role)].into_iter().filter_map(named).collect()
}

/// The organisations that rows may mean.
pub async fn known(core: &Core, named: impl Iterator<Item = &Named>) -> Result<Vec<Organization>, Failure> {
    let names = named.flat_map(|named| [named.name.clone(), named.name.to_lowercase()]).collect();
    Ok(operator::organizations(core, names).await?)
}

/// Writes ids of organisations into the body of an account; line and reason of each that can't be told.
pub fn put(known: &[Organization], named: &[Named], body: &mut Json, language: Language) -> Vec<(u64, String)> {
    let mut faults = Vec::new();
    for one in named {
        let grant = body.get("roles").and_then(|roles| roles.get(one.role));
        let area = grant.and_then(|grant| grant.get("area_code")).and_then(Json::as_str).unwrap_or_default();
        match meant(known, &one.name, area) {
            Ok(id) if one.column == OF_ROLE => {
                let grant = body.get_mut("roles").and_then(|roles| roles.get_mut(one.role));
                grant.into_iter().for_each(|grant| kit::json::put(grant, "org_id", id.as_str()));
            }
            Ok(id) => {
                let other = body.get("org_id").is_some_and(|own| own.as_str() != Some(&id));
                kit::json::put(body, "org_id", id);
                let why = ("another one than in a row above of the same account", "与上方同一账号的单位不一致");
                faults.extend(other.then(|| told(one, language, why)));
            }
            Err(why) => faults.push(told(one, language, why)),
        }
    }
    faults
}

fn told(named: &Named, language: Language, (english, chinese): (&'static str, &'static str)) -> (u64, String) {
    (named.line, format!("/{} {}", named.column, say(language, english, chinese)))
}

/// The id of the one that is meant: of several of a name the one that is nearest above the area, or within it.
fn meant(known: &[Organization], name: &str, area: &str) -> Result<String, (&'static str, &'static str)> {
    let is_named = |one: &&Organization| one.name == name || one.id.to_string() == name.to_lowercase();
    let is_there = |one: &&Organization| one.area_code.starts_with(area) || area.starts_with(&one.area_code);
    let mut there: Vec<&Organization> = known.iter().filter(is_named).filter(is_there).collect();
    let nearest = |one: &Organization| one.area_code.len().abs_diff(area.len());
    there.sort_by_key(|one| nearest(one));
    match there.as_slice() {
        [] => Err(("names no organisation of that area", "该区划内没有此单位")),
        [first, second, ..] if nearest(first) == nearest(second) => {
            Err(("several there are called so: give the id", "该区划内有多个同名单位,请填写单位编号"))
        }
        [first, ..] => Ok(first.id.to_string()),
    }
}
