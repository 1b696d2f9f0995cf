//! Colleagues: accounts that work where somebody does, above his area, in it or below; to whoever works for one
//! organisation only those of his own. Such accounts he may name, by id or by user name.

use std::collections::{BTreeMap, BTreeSet};

use kit::columns;
use kit::problem::Problem;
use kit::statement::{ColumnType, Statement};
use kit::value::Value;
use uuid::Uuid;

use super::roles::{Actor, Grant};
use crate::platform::core::Core;

columns! {
    ID "id": Uuid;
    USERNAME "username": String;
    IS_COLLEAGUE "is_colleague": bool;
}

/// An account of a user name.
#[derive(Clone, Copy, Debug)]
pub struct Account {
    /// Its id.
    pub id: Uuid,
    /// Whether it is active and works where whoever names it does.
    pub is_colleague: bool,
}

/// The condition that the account `u` works, by its grant `g`, where one of these grants does.
pub fn work_beside<'a>(statement: Statement, actor: &Actor, grants: impl Iterator<Item = &'a Grant>) -> Statement {
    grants.fold(statement.sql("(false"), |statement, own| beside_grant(statement, actor, own)).sql(")")
}

/// Or a role above, in or below a grant's area; where that is of an organisation, of the same or one below it.
fn beside_grant(statement: Statement, actor: &Actor, own: &Grant) -> Statement {
    let statement = statement.sql(" OR ((starts_with(g.area_code, ").text(&own.area_code);
    let statement = statement.sql(") OR starts_with(").text(&own.area_code).sql(", g.area_code))");
    // A company's own people are told of nobody else, however wide their role.
    let supervised = actor.org_id.filter(|id| actor.supervised.contains(id)).map(|id| vec![id]);
    let Some(organizations) = actor.organizations_of(own).or(supervised) else { return statement.sql(")") };
    let ids = || organizations.iter().copied().map(Value::Id).collect();
    let statement = statement.sql(" AND (g.org_id = ANY(").column(ColumnType::Id, ids());
    statement.sql(") OR u.org_id = ANY(").column(ColumnType::Id, ids()).sql(")))")
}

/// Accounts by their user names in small letters, of those names that are of any.
pub async fn by_username(
    core: &Core,
    actor: &Actor,
    names: BTreeSet<String>,
) -> Result<BTreeMap<String, Account>, Problem> {
    if names.is_empty() {
        return Ok(BTreeMap::new());
    }
    let statement = Statement::new(
        "SELECT u.id, lower(u.username) AS username, u.active AND EXISTS (SELECT 1 FROM user_grants AS g WHERE g.user_id = u.id AND ",
    );
    let statement = work_beside(statement, actor, actor.grants.iter())
        .sql(") AS is_colleague FROM users AS u WHERE lower(u.username) = ANY(")
        .column(ColumnType::Text, names.into_iter().map(Value::Text).collect())
        .sql(")");
    let rows = core.database.read(&statement).await?;
    let account = |mut row: kit::row::Row| {
        let account = Account { id: row.get(&ID)?, is_colleague: row.get(&IS_COLLEAGUE)? };
        Some((row.get(&USERNAME)?, account))
    };
    Ok(rows.into_iter().filter_map(account).collect())
}
