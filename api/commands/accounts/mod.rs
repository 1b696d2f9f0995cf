//! `user` and `key`: accounts and keys at the server's machine, whether the service runs or not.

mod import;
mod keys;
mod organizations;
mod sheet;
mod users;

use kit::text::Language;
use lianfang::platform::access::Role;
use lianfang::platform::core::Core;
use serde_json::Value as Json;

pub use self::keys::KeyCommand;
pub use self::users::UserCommand;
use super::{Failure, grid, print};

fn role_of(code: &str) -> Result<Role, Failure> {
    let roles = || Role::ALL.iter().map(|role| role.code()).collect::<Vec<_>>().join(", ");
    Role::of_code(code).ok_or_else(|| Failure::Usage(format!("there is no role `{code}`; there are: {}", roles())))
}

/// The code of a division that is current.
fn area_of(core: &Core, area: &str) -> Result<String, Failure> {
    let placement = core.divisions.place(area, None).filter(|placement| placement.warning.is_none());
    let placement = placement.ok_or_else(|| Failure::Usage(format!("there is no division `{area}`")))?;
    Ok(placement.area_code)
}

/// A table for people, or the same as one line of JSON.
fn print_list(json: bool, told: &Json, rows: &[Vec<String>]) -> Result<(), Failure> {
    print(&if json { told.to_string() } else { grid::whole_lines(rows).join("\n") })
}

/// The heads of a table's columns.
fn heads(language: Language, heads: &[(&'static str, &'static str)]) -> Vec<String> {
    heads.iter().map(|(english, chinese)| super::language::say(language, english, chinese).to_owned()).collect()
}
