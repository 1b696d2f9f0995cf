//! Where an actor's grants reach, as a condition of a statement: areas and organisations.

use kit::row_scope::RowScope;
use kit::statement::{ColumnType, Statement};
use kit::value::Value;

use super::roles::{Actor, Grant, Role};

/// The condition that a row stands where the actor holds one of the roles. `of_organizations` says
/// whether the row has an `org_id` that narrows grants; without one they count for nothing.
pub fn reached(
    row: &str,
    statement: Statement,
    actor: &Actor,
    roles: &'static [Role],
    of_organizations: bool,
) -> Statement {
    let grants = actor.grants_of(roles).filter(|grant| of_organizations || grant.org_id.is_none());
    let statement =
        grants.fold(statement.sql("(false"), |statement, grant| granted(row, statement.sql(" OR "), actor, grant));
    statement.sql(")")
}

/// The row's `area_code` is that division or below it.
pub fn within(row: &str, statement: Statement, area_code: &str) -> Statement {
    // Codes are digits (and a hyphen for groups), compared as bytes: the prefix's range ends before
    // its successor. The CASE keeps the condition a filter: planned for unknown bounds, a plain range
    // is thought to leave next to nothing, and the planner then sorts a whole district for one page.
    let statement = statement.sql(format!("CASE WHEN {row}.area_code COLLATE \"C\" >= ")).text(area_code);
    let statement = statement.sql(format!(" AND {row}.area_code COLLATE \"C\" < ")).text(successor(area_code));
    statement.sql(" THEN true ELSE false END")
}

/// Organisations that the second wall compares one by one; a department with more sees its area there.
const MOST_ORGANIZATIONS: usize = 16;

/// ` AND` it stands in an area, where one is asked for.
pub fn in_area(row: &str, statement: Statement, area_code: Option<&str>) -> Statement {
    match area_code {
        Some(area_code) => within(row, statement.sql(" AND "), area_code),
        None => statement,
    }
}

/// Condition for rows that the grant's holder may see, given twice: here, and to the database's own wall.
pub fn granted(row: &str, statement: Statement, actor: &Actor, grant: &Grant) -> Statement {
    let Some(organizations) = actor.organizations_of(grant) else {
        let statement = statement.seeing(RowScope::of_area(&grant.area_code, None));
        return within(row, statement, &grant.area_code);
    };
    let statement = if organizations.len() > MOST_ORGANIZATIONS {
        statement.seeing(RowScope::of_area(&grant.area_code, None))
    } else {
        let each = organizations.iter().map(|org_id| RowScope::of_area(&grant.area_code, Some(*org_id)));
        each.fold(statement, Statement::seeing)
    };
    within(row, statement.sql("("), &grant.area_code)
        .sql(format!(" AND {row}.org_id = ANY("))
        .column(ColumnType::Id, organizations.into_iter().map(Value::Id).collect())
        .sql("))")
}

/// The first code after all that begin with a prefix.
pub fn successor(prefix: &str) -> String {
    let mut characters: Vec<char> = prefix.chars().collect();
    if let Some(last) = characters.last_mut() {
        *last = char::from_u32(u32::from(*last) + 1).unwrap_or(char::MAX);
    }
    characters.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_range_holds_what_is_below_and_nothing_else() {
        let inside = |code: &str, area: &str| code >= area && code < successor(area).as_str();
        assert!(inside("511802005", "511802005") && inside("511802005001", "511802005"));
        assert!(inside("511802005001-01", "511802005001") && inside("511809", "51180"));
        assert!(!inside("511802006", "511802005") && !inside("511802", "511802005"));
        assert!(!inside("511902", "5118"));
    }
}
