//! Work on accounts and keys by somebody at the server's machine: whoever has the data needs no account. The audit
//! notes it as done by nobody's account, from the command line.

use std::collections::BTreeSet;

use diesel::{ExpressionMethods, QueryDsl};
use kit::columns;
use kit::faults::Faults;
use kit::problem::Problem;
use kit::row::Row;
use kit::statement::{ColumnType, Statement};
use kit::time::day_of;
use kit::tree::Tree;
use kit::value::Value;
use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::api_keys::{self, ApiKey};
use super::users::{self, NewUser, User, UserChange};
use crate::platform::access::accounts::lower;
use crate::platform::access::{Grant, Role};
use crate::platform::audit::{AuditEntry, system_write_all};
use crate::platform::core::Core;
use crate::platform::schema;
use crate::records::envelope::{AREA_CODE, ID};
use crate::rooms::duties;
use crate::rooms::registers::ORGANIZATIONS;

columns! {
    NAME "name": String;
}

/// Accounts that are listed.
#[derive(Clone, Debug, Default)]
pub struct Listed {
    /// With a role in this area, or below it.
    pub area_code: Option<String>,
    /// With this role.
    pub role: Option<Role>,
    /// Active ones, or the others; all where it isn't said.
    pub active: Option<bool>,
}

/// Accounts by their names, phones masked.
pub async fn accounts(core: &Core, listed: &Listed) -> Result<Vec<User>, Problem> {
    let all = || schema::users::table.order(schema::users::username).into_boxed();
    let mut found = users::load(core, all).await?;
    let meets = |user: &User| {
        let of_area = |area_code: &String| listed.area_code.as_ref().is_none_or(|area| area_code.starts_with(area));
        let of_role = |role: &String| listed.role.is_none_or(|asked| asked.code() == role);
        let holds = user.roles.iter().any(|held| of_area(&held.area_code) && of_role(&held.role));
        listed.active.is_none_or(|active| active == user.active)
            && (holds || (listed.area_code.is_none() && listed.role.is_none()))
    };
    found.retain(meets);
    Ok(found)
}

/// The account of a name for signing in, active or not.
pub async fn account(core: &Core, username: &str) -> Result<Option<User>, Problem> {
    let name = username.to_lowercase();
    let named = || schema::users::table.filter(lower(schema::users::username).eq(name.clone())).into_boxed();
    Ok(users::load(core, named).await?.into_iter().next())
}

/// A new account as a file tells it, with all its faults.
pub fn read_new(core: &Core, tree: &Tree) -> Result<NewUser, Problem> {
    let mut faults = Faults::default();
    let (_, new) = users::read_new(tree, &core.divisions, &mut faults);
    faults.finish()?;
    new.ok_or_else(|| Problem::internal("a checked form makes no account"))
}

/// An organisation that accounts may be of.
pub struct Organization {
    /// Its id.
    pub id: Uuid,
    /// Its name.
    pub name: String,
    /// The area it is responsible for.
    pub area_code: String,
}

/// Organisations that stand and have one of these names or ids.
pub async fn organizations(core: &Core, names: Vec<String>) -> Result<Vec<Organization>, Problem> {
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let names = || names.iter().cloned().map(Value::Text).collect();
    let statement = Statement::new(format!(
        "SELECT o.id, o.name, o.area_code FROM {} AS o WHERE NOT o.voided AND (o.ended_on IS NULL OR o.ended_on > ",
        ORGANIZATIONS.name
    ))
    .bind(ColumnType::Day, Value::Day(day_of(core.clock.now(), core.zone)))
    .sql(") AND (o.name = ANY(")
    .column(ColumnType::Text, names())
    .sql(") OR o.id::text = ANY(")
    .column(ColumnType::Text, names())
    .sql(")) ORDER BY o.id")
    .seeing_everything();
    let organization =
        |mut row: Row| Some(Organization { id: row.get(&ID)?, name: row.get(&NAME)?, area_code: row.get(&AREA_CODE)? });
    Ok(core.database.read(&statement).await?.into_iter().filter_map(organization).collect())
}

/// Those of these names that accounts have, in small letters.
pub async fn taken_names(core: &Core, names: Vec<String>) -> Result<BTreeSet<String>, Problem> {
    users::taken_names(core, names).await
}

/// Makes an account and answers its one-time password, which isn't kept.
pub async fn add(core: &Core, new: &NewUser) -> Result<String, Problem> {
    let widest = new.grants.iter().map(|held| held.area_code.clone()).min_by_key(String::len);
    let details = json!({"roles": users::audited(&new.grants)});
    users::add(core, new, entry("user.create", "users", new.id, widest, details)).await
}

/// Gives an account a new one-time password, which isn't kept, and ends its sessions.
pub async fn reset_password(core: &Core, user: &User) -> Result<String, Problem> {
    users::reset_password(core, user.id, noted(user, "user.reset_password", json!({}))).await
}

/// Lets an account sign in or not; answers how many open duties went to somebody else.
pub async fn set_active(core: &Core, user: &User, active: bool) -> Result<usize, Problem> {
    let change = UserChange { active: Some(active), ..UserChange::default() };
    let audit_entry = noted(user, "user.amend", json!({"active": active}));
    users::change(core, user.id, user.revision, change, audit_entry).await?;
    if active { Ok(0) } else { hand_on(core, user).await }
}

/// Puts grants in the place of an account's own; answers how many open duties went to somebody else.
pub async fn set_grants(core: &Core, user: &User, grants: Vec<Grant>) -> Result<usize, Problem> {
    let audit_entry = noted(user, "user.amend", json!({"roles": users::audited(&grants)}));
    let change = UserChange { grants: Some(grants), ..UserChange::default() };
    users::change(core, user.id, user.revision, change, audit_entry).await?;
    hand_on(core, user).await
}

async fn hand_on(core: &Core, user: &User) -> Result<usize, Problem> {
    let handed = duties::hand_on(core, user.id, Uuid::nil()).await?;
    if !handed.is_empty() {
        let audit_entry = noted(user, "user.hand_over_duties", json!({"duties": handed}));
        system_write_all(core, vec![audit_entry], async |_| Ok(())).await?;
    }
    Ok(handed.len())
}

/// API keys without their secrets, the newest first.
pub async fn keys(core: &Core) -> Result<Vec<ApiKey>, Problem> {
    api_keys::load(core, || schema::api_keys::table.order(schema::api_keys::id.desc()).into_boxed()).await
}

/// Ends a key; none where there is none. Once more is no fault.
pub async fn revoke_key(core: &Core, id: Uuid) -> Result<Option<ApiKey>, Problem> {
    let one = || schema::api_keys::table.filter(schema::api_keys::id.eq(id)).into_boxed();
    let Some(key) = api_keys::load(core, one).await?.into_iter().next() else { return Ok(None) };
    if key.revoked_at.is_some() {
        return Ok(Some(key));
    }
    let audit_entry = entry("api_key.revoke", "api_keys", id, Some(key.area_code), json!({}));
    api_keys::revoke(core, id, None, audit_entry).await?;
    Ok(api_keys::load(core, one).await?.into_iter().next())
}

/// A line of the audit about an account, which belongs to the widest of its areas.
fn noted(user: &User, verb: &'static str, details: Json) -> AuditEntry {
    let widest = user.roles.iter().map(|held| held.area_code.clone()).min_by_key(String::len);
    entry(verb, "users", user.id, widest, details)
}

fn entry(
    verb: &'static str,
    subject_kind: &'static str,
    id: Uuid,
    area_code: Option<String>,
    mut details: Json,
) -> AuditEntry {
    kit::json::put(&mut details, "by", "command line");
    let (actor_id, request_id, address) = (None, None, None);
    AuditEntry { actor_id, area_code, verb, subject_kind, subject_id: Some(id), request_id, address, details }
}
