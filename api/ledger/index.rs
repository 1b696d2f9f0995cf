//! The index of changes: one row a revision, whatever its kind, written with it. What spans kinds (feed, pull, trail,
//! receipts, verification) reads it first, and then only the tables of the kinds that occur.

use kit::statement::{ColumnType, Statement};
use kit::value::Value;
use uuid::Uuid;

use super::Change;
use super::statement::Parts;

/// Effect of a revision on its record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// The first revision.
    Create,
    /// Another content, or none.
    Amend,
    /// It counts no longer.
    Void,
    /// It counts again.
    Restore,
}

impl Act {
    /// Its word in the index.
    pub fn word(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Amend => "amend",
            Self::Void => "void",
            Self::Restore => "restore",
        }
    }
}

/// Area and organisation that a revision belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Belonging {
    /// The area.
    pub area_code: String,
    /// The organisation.
    pub org_id: Option<Uuid>,
}

/// Entry of a change in the index, beside its number.
#[derive(Clone, Debug)]
pub struct Indexed {
    /// Effect of the revision on its record.
    pub act: Act,
    /// Area and organisation that the record belongs to now.
    pub belonging: Belonging,
    /// Area and organisation of the revision before; none for the first.
    pub former: Option<Belonging>,
    /// The author of the revision.
    pub revised_by: Uuid,
}

/// The part of the append that writes the index.
pub(super) fn write(parts: &mut Parts<'_>) {
    let append = parts.append;
    let column = |value: fn(&Change) -> Value| -> Vec<Value> { append.changes.iter().map(value).collect() };
    let former = |change: &Change| change.indexed.former.clone();
    let id = |id: Option<Uuid>| id.map_or(Value::Null, Value::Id);
    let former_areas =
        append.changes.iter().map(former).map(|one| one.map_or(Value::Null, |one| Value::Text(one.area_code)));
    let former_orgs = append.changes.iter().map(former).map(|one| id(one.and_then(|one| one.org_id)));
    parts.add("indexed", |part| {
        Statement::new(
            "INSERT INTO ledger_changes (district_code, change_no, sequence, kind, id, revision, \
             operation, area_code, org_id, former_area_code, former_org_id, revised_by, revised_at) SELECT \
             clock.district_code, clock.base + u.number, u.sequence, u.kind, u.id, u.revision, u.operation, u.area_code, \
             u.org_id, u.former_area_code, u.former_org_id, u.revised_by, clock.at",
        )
        .then(part.clock())
        .sql(", ")
        .table(vec![
            (ColumnType::Integer, column(|change| Value::Integer(change.number))),
            (ColumnType::Integer, column(|change| Value::Integer(change.sequence.into()))),
            (ColumnType::Text, column(|change| Value::Text(change.table.name.to_owned()))),
            (ColumnType::Id, column(|change| Value::Id(change.id))),
            (ColumnType::Integer, column(|change| Value::Integer(change.revision))),
            (ColumnType::Text, column(|change| Value::Text(change.indexed.act.word().to_owned()))),
            (ColumnType::Text, column(|change| Value::Text(change.indexed.belonging.area_code.clone()))),
            (ColumnType::Id, append.changes.iter().map(|change| id(change.indexed.belonging.org_id)).collect()),
            (ColumnType::Text, former_areas.collect()),
            (ColumnType::Id, former_orgs.collect()),
            (ColumnType::Id, column(|change| Value::Id(change.indexed.revised_by))),
        ])
        .sql(
            " AS u(number, sequence, kind, id, revision, operation, area_code, org_id, former_area_code, \
             former_org_id, revised_by)",
        )
    });
}
