//! Scope is where a query begins: what an actor may see of a kind, as SQL.

use kit::row_scope::RowScope;
use kit::statement::{ColumnType, Statement};
use kit::value::{Value, Values};
use ledger::Projection;
use uuid::Uuid;

use super::definition::{Kind, Reach};
use super::envelope::PLACES;
use super::rules::{Belongs, Narrowed, Stood};
use crate::platform::access::roles::{Actor, Grant, Role};
use crate::platform::access::scope::granted;
pub use crate::platform::access::scope::{in_area, reached, successor, within};
use crate::platform::divisions::tree::DISTRICT_DIGITS;

/// `SELECT <columns of the kind> … WHERE` it stands in this district and the actor may see it. Every
/// query on a record table starts here; conditions follow with ` AND …`.
pub fn visible_to(actor: &Actor, kind: &Kind, district_code: &str) -> Statement {
    let select =
        select(kind.read_select(), district_code).sql(format!(" FROM {} AS r WHERE r.district_code = ", kind.name));
    readable("r", select.text(district_code).sql(" AND "), actor, kind)
}

/// `SELECT <columns of rows called r>`, of one district. What a column asks of other rows names it by its value: an engine that
/// spreads districts over servers sends what goes round to one of them only so.
pub fn select(columns: &str, district_code: &str) -> Statement {
    in_district(&format!("SELECT {columns}"), district_code)
}

/// Text in which `r.district_code` is this district.
pub fn in_district(text: &str, district_code: &str) -> Statement {
    let mut parts = text.split("r.district_code");
    let first = Statement::new(parts.next().unwrap_or_default());
    parts.fold(first, |statement, part| statement.text(district_code).sql(part))
}

/// The same, of the rows of these ids.
pub fn visible_by_id(actor: &Actor, kind: &Kind, district_code: &str, ids: &[Uuid]) -> Statement {
    readable("r", by_id(kind.read_select(), kind.name, district_code, ids).sql(" WHERE "), actor, kind)
}

/// `SELECT <columns> FROM <rows of these ids, called r>`, whoever may see them. Each id is looked up by
/// itself (`OFFSET 0` keeps it so): a plan made while the table was small would else read a whole
/// district for `id = ANY(…)` until statistics catch up.
pub fn by_id(columns: &str, table: &str, district_code: &str, ids: &[Uuid]) -> Statement {
    select(columns, district_code)
        .sql(" FROM unnest(")
        .column(ColumnType::Id, ids.iter().copied().map(Value::Id).collect())
        .sql(format!(
            "::uuid[]) AS sought(sought_id) JOIN LATERAL (SELECT * FROM {table} AS t WHERE t.district_code = "
        ))
        .text(district_code)
        .sql(" AND t.id = sought.sought_id OFFSET 0) AS r ON r.district_code = ")
        .text(district_code)
}

/// How a kind follows a case: whoever sees the case sees its records, wherever they stand themselves.
#[derive(Clone, Copy, Debug)]
pub struct Follows {
    /// The kind's column that leads to the case.
    pub column: &'static str,
    /// Id that the column holds: `case_id` (the case's own) or `person_id` (its person's).
    pub names: &'static str,
    /// Roles that see cases.
    pub readers: &'static [Role],
    /// The kind of the cases.
    pub leader: &'static str,
    /// Rows beside the cases, one for each area and organisation from where a case is seen.
    pub sights: &'static Projection,
    /// From where a case is seen that stands here, by its values.
    pub seen_from: fn(&Values, Stood) -> Vec<Stood>,
}

impl Follows {
    /// The column that names the case, of records that belong to one.
    pub fn case(&self) -> Option<&'static str> {
        (self.column == self.names && self.column != PERSON_ID).then_some(self.column)
    }
}

/// Name of a reference to somebody.
const PERSON_ID: &str = "person_id";

/// The condition that the actor may see a row of the kind, which the statement calls `row`: by where it stands,
/// or because he sees the case that it belongs to.
pub fn readable(row: &str, statement: Statement, actor: &Actor, kind: &Kind) -> Statement {
    if let Some(belongs) = kind.rules.belongs_to() {
        return belonging(row, statement, actor, kind, belongs);
    }
    let statement = standing(row, statement.sql("("), actor, kind);
    following(row, statement, actor, kind).sql(")")
}

/// The condition that the actor may see the record to which a row belongs: neither more nor less than of that one
/// itself. Each row asks for its own by key.
fn belonging(row: &str, statement: Statement, actor: &Actor, kind: &Kind, belongs: &Belongs) -> Statement {
    const SUBJECT: &str = "subject";
    let read = kind.subjects().iter().filter(|subject| actor.holds(subject.readers));
    let statement = read.fold(statement.sql(format!("(CASE {row}.{}", belongs.kind)), |statement, subject| {
        let of_kind = statement.sql(format!(
            " WHEN '{0}' THEN (SELECT true FROM {0} AS {SUBJECT} WHERE {SUBJECT}.district_code = {row}.district_code AND {SUBJECT}.id = {row}.{1} AND ",
            subject.name, belongs.id
        ));
        readable(SUBJECT, of_kind, actor, subject).sql(")")
    });
    statement.sql(" WHEN '' THEN false ELSE false END)")
}

/// The condition that the row itself stands where the actor sees the kind: of rows that are only an area and an
/// organisation.
pub fn standing(row: &str, statement: Statement, actor: &Actor, kind: &Kind) -> Statement {
    let mut statement = statement.sql("(false");
    for grant in actor.grants_of(kind.readers) {
        // A closed room opens here, to whoever holds a role that reads it.
        statement = statement.in_rooms(kind.room()).sql(" OR ");
        statement = match kind.reach {
            Reach::Area => {
                let statement =
                    shared(row, granted(row, statement.sql("(("), actor, grant), actor, kind, grant).sql(")");
                let statement = of_read_subjects(row, statement, kind, grant);
                narrowed(row, statement, actor, kind, grant).sql(")")
            }
            Reach::District => {
                let district = grant.area_code.get(..6).unwrap_or(&grant.area_code);
                within(row, statement.seeing(RowScope::of_area(district, None)), district)
            }
        };
    }
    statement.sql(")")
}

/// ` OR` it belongs to a case that the actor sees. The sub-select of a grant is made once a statement, by the index of the areas
/// (`EXISTS` would cost so much more on paper that the planner compiles it). Who sees a whole district sees all that
/// follows its cases anyway.
fn following(row: &str, statement: Statement, actor: &Actor, kind: &Kind) -> Statement {
    let Some(Follows { column, names, readers, sights, .. }) = kind.rules.follows() else { return statement };
    let sees_part = |grant: &&Grant| grant.org_id.is_some() || grant.area_code.len() > DISTRICT_DIGITS;
    let grants = actor.grants_of(kind.readers).filter(|grant| readers.contains(&grant.role)).filter(sees_part);
    grants.fold(statement, |statement, grant| {
        let statement = statement
            .sql(format!(" OR ({row}.{column} IN (SELECT s.{names} FROM {} AS s WHERE s.area_code >= ", sights.table))
            .text(&grant.area_code)
            .sql(" AND s.area_code < ")
            .text(successor(&grant.area_code));
        let statement = match grant.area_code.get(..DISTRICT_DIGITS) {
            Some(district_code) => statement.sql(" AND s.district_code = ").text(district_code),
            None => statement,
        };
        let statement = match actor.organizations_of(grant) {
            Some(organizations) => statement
                .sql(" AND s.org_id = ANY(")
                .column(ColumnType::Id, organizations.into_iter().map(Value::Id).collect())
                .sql(")"),
            None => statement,
        };
        narrowed(row, statement.sql(")"), actor, kind, grant).sql(")")
    })
}

/// Adds what an organisation's people see beside its own: records given to it, and those recorded at the places that it
/// watches. Their organisations aren't known before, so the second wall sees the area.
fn shared(row: &str, statement: Statement, actor: &Actor, kind: &Kind, grant: &Grant) -> Statement {
    let Some(organizations) = actor.organizations_of(grant) else { return statement };
    let area = || RowScope::of_area(&grant.area_code, None);
    let statement = match kind.rules.shared_with() {
        Some(column) => within(row, statement.seeing(area()).sql(" OR ("), &grant.area_code)
            .sql(format!(" AND {row}.{column} = ANY("))
            .column(ColumnType::Id, organizations.iter().copied().map(Value::Id).collect())
            .sql("))"),
        None => statement,
    };
    let Some(column) = place_column(kind).filter(|_| actor.supervises) else { return statement };
    let statement = within(row, statement.seeing(area()).sql(" OR ("), &grant.area_code);
    let statement = watched(row, column, statement, &organizations);
    // Records of a case are read with the case, wherever they happened.
    match kind.rules.follows().and_then(|follows| follows.case()) {
        Some(case) => statement.sql(format!(" AND {row}.{case} IS NULL)")),
        None => statement.sql(")"),
    }
}

/// The column of the place where records of a kind happened.
pub(super) fn place_column(kind: &Kind) -> Option<&'static str> {
    kind.rules.place_column().or_else(|| kind.field("place_id").map(|field| field.name))
}

/// ` AND` it belongs to a record of a kind that the role reads, of kinds whose records belong to others.
fn of_read_subjects(row: &str, statement: Statement, kind: &Kind, grant: &Grant) -> Statement {
    let Some(belongs) = kind.rules.belongs_to() else { return statement };
    let read = kind.subjects().iter().filter(|subject| subject.readers.contains(&grant.role));
    statement
        .sql(format!(" AND {row}.{} = ANY(", belongs.kind))
        .column(ColumnType::Text, read.map(|subject| Value::Text(subject.name.to_owned())).collect())
        .sql(")")
}

/// ` AND` it is one of those that the role sees.
fn narrowed(row: &str, statement: Statement, actor: &Actor, kind: &Kind, grant: &Grant) -> Statement {
    let mine = |statement: Statement| statement.sql(format!("{row}.assignee_id = ")).id(actor.user_id);
    match kind.rules.narrowed(grant.role) {
        None => statement,
        Some(Narrowed::Recorded) if grant.org_id.is_some() => statement,
        Some(Narrowed::Recorded) => statement.sql(format!(" AND {row}.recorded_by = ")).id(actor.user_id),
        Some(Narrowed::Assigned) => mine(statement.sql(" AND ")),
        Some(Narrowed::By(narrowing)) => (narrowing.condition)(statement, row, actor),
    }
}

/// ` AND` it was recorded at a place that one of the organisations watches.
fn watched(row: &str, column: &str, statement: Statement, organizations: &[Uuid]) -> Statement {
    statement
        .sql(format!(
            " AND {row}.{column} IN (SELECT p.id FROM {PLACES} AS p WHERE p.district_code = {row}.district_code AND p.supervising_org_ids ?| "
        ))
        .column(ColumnType::Text, organizations.iter().map(|id| Value::Text(id.to_string())).collect())
        .sql(")")
}

/// The same as [`reached`], of rows with a `place_id`: what happens at the places that its organisations watch, too.
pub fn reached_at_places(row: &str, statement: Statement, actor: &Actor, roles: &'static [Role]) -> Statement {
    let statement = reached(row, statement.sql("("), actor, roles, true);
    let grants = actor.grants_of(roles).filter(|_| actor.supervises);
    let statement = grants.fold(statement, |statement, grant| {
        let Some(organizations) = actor.organizations_of(grant) else { return statement };
        let statement = statement.seeing(RowScope::of_area(&grant.area_code, None));
        watched(row, "place_id", within(row, statement.sql(" OR ("), &grant.area_code), &organizations).sql(")")
    });
    statement.sql(")")
}
