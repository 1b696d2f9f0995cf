//! A file's layout as it is kept and told: its sheets with their header rows, what each column was taken for, what
//! wasn't read.

use serde::{Deserialize, Serialize};

/// How a file was read.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Layout {
    /// The sheets that were read, by the number that their lines carry.
    pub names: Vec<String>,
    /// Their tables.
    pub sheets: Vec<TableLayout>,
    /// Sheets that weren't read.
    pub not_read: Vec<LeftSheet>,
}

/// A table that was found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TableLayout {
    /// Its sheet; none of text.
    pub name: Option<String>,
    /// The line on which its header begins.
    pub header_line: u64,
    /// How many rows the header has.
    pub header_rows: usize,
    /// Shape: `rows`, a row a record, or `wide`.
    #[serde(default)]
    pub shape: String,
    /// Its columns.
    pub columns: Vec<ColumnLayout>,
    /// Values that the titles or the caller give all rows.
    pub constants: Vec<Constant>,
    /// How many of its rows the sheet doesn't show; they are read.
    #[serde(default)]
    pub hidden_rows: usize,
    /// The day that the titles name.
    #[serde(default)]
    pub title_day: Option<String>,
    /// The year that they name.
    #[serde(default)]
    pub title_year: Option<i32>,
}

/// A column with a name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ColumnLayout {
    /// Name as it is written.
    pub header: String,
    /// The field that it was taken for.
    pub field: Option<String>,
    /// Of a wide sheet: the day or thing of its cells.
    #[serde(default)]
    pub axis: Option<String>,
    /// Use: `taken`, `noted`, `ignored` or `refused`.
    #[serde(rename = "use")]
    pub used: String,
    /// Certainty: `given`, `exact`, `synonym`, `stripped` or `none`.
    pub certainty: String,
    /// The field that is proposed for a column which nobody knows.
    pub proposal: Option<String>,
}

/// A value of all rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Constant {
    /// The field.
    pub field: String,
    /// The text; none of what may be somebody's.
    pub text: Option<String>,
}

/// A sheet that wasn't read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LeftSheet {
    /// Its name.
    pub name: String,
    /// Reason: `hidden`, `empty`, `not_asked` or `no_table`.
    pub reason: String,
}
