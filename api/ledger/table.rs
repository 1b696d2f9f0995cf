//! Tables as the ledger writes them.

use kit::statement::ColumnType;

/// A column that a change fills. The ledger itself fills `district_code`, `change_no`,
/// `recorded_at` and `revised_at`.
#[derive(Clone, Debug)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// Its type.
    pub column_type: ColumnType,
}

impl Column {
    /// Its name in a statement, quoted: some fields are called as words of SQL are.
    pub fn identifier(&self) -> String {
        format!("\"{}\"", self.name)
    }
}

/// A record table as the ledger sees it.
#[derive(Clone, Debug)]
pub struct Table {
    /// Its name, which is the kind's name.
    pub name: &'static str,
    /// The columns of [`Change::cells`], `id` and `revision` among them.
    pub columns: Vec<Column>,
    /// Whether it is a closed room: its rows are seen only by statements that name it.
    pub closed: bool,
    /// Rows of a list that are kept beside each row, if any.
    pub projection: Option<&'static Projection>,
}

/// Rows that stand beside a record's row so that they can be read fast: the items of a list, each with an index
/// of its own. Made in the record's own statement, so they are exact; those of a former revision go.
#[derive(Debug)]
pub struct Projection {
    /// The table.
    pub table: &'static str,
    /// Its column that names the record.
    pub owner: &'static str,
    /// `SELECT … FROM {written} AS w …`: its rows, from the record's rows just written.
    pub select: &'static str,
}
