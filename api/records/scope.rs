//! Scope is where a query begins: what an actor may see of a kind, as SQL.

use super::definition::{Kind, Reach};
use crate::auth::roles::{Actor, Grant, Role};
use uuid::Uuid;

use crate::kit::sight::Sight;
use crate::kit::statement::{ColumnType, Statement};
use crate::kit::value::Value;

/// `SELECT <columns of the kind> … WHERE` it stands in this district and the actor may see it. Every
/// query on a record table starts here; conditions follow with ` AND …`.
pub fn visible_to(actor: &Actor, kind: &Kind, district_code: &str) -> Statement {
    let select = format!("SELECT {} FROM {} AS r WHERE r.district_code = ", kind.select(), kind.name);
    readable("r", Statement::new(select).text(district_code).sql(" AND "), actor, kind)
}

/// The same, of the rows of these ids.
pub fn visible_by_id(actor: &Actor, kind: &Kind, district_code: &str, ids: &[Uuid]) -> Statement {
    readable("r", by_id(kind.select(), kind.name, district_code, ids).sql(" WHERE "), actor, kind)
}

/// `SELECT <columns> FROM <rows of these ids, called r>`, whoever may see them. Each id is looked up by
/// itself (`OFFSET 0` keeps it so): a plan made while the table was small would else read a whole
/// district for `id = ANY(…)` until statistics catch up.
pub fn by_id(columns: &str, table: &str, district_code: &str, ids: &[Uuid]) -> Statement {
    Statement::new(format!("SELECT {columns} FROM unnest("))
        .column(ColumnType::Id, ids.iter().copied().map(Value::Id).collect())
        .sql(format!(
            "::uuid[]) AS sought(sought_id) CROSS JOIN LATERAL (SELECT * FROM {table} AS t WHERE t.district_code = "
        ))
        .text(district_code)
        .sql(" AND t.id = sought.sought_id OFFSET 0) AS r")
}

/// The condition that the actor may see a row of the kind, which the statement calls `row`.
pub fn readable(row: &str, statement: Statement, actor: &Actor, kind: &Kind) -> Statement {
    let mut statement = statement.sql("(false");
    for grant in actor.grants_of(kind.readers) {
        statement = statement.sql(" OR ");
        statement = match kind.reach {
            Reach::Area => granted(row, statement, grant),
            Reach::District => {
                let district = grant.area_code.get(..6).unwrap_or(&grant.area_code);
                within(row, statement.seeing(Sight::of_area(district, None)), district)
            }
        };
    }
    statement.sql(")")
}

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
    let statement = grants.fold(statement.sql("(false"), |statement, grant| granted(row, statement.sql(" OR "), grant));
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

/// What the grant's holder may see, said twice: as a condition here, and to the database's own wall.
fn granted(row: &str, statement: Statement, grant: &Grant) -> Statement {
    let statement = statement.seeing(Sight::of_area(&grant.area_code, grant.org_id));
    let statement = within(row, statement.sql("("), &grant.area_code);
    let statement = match grant.org_id {
        Some(org_id) => statement.sql(format!(" AND {row}.org_id = ")).id(org_id),
        None => statement,
    };
    statement.sql(")")
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
