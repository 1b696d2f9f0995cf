//! Errors of reading a table.

use super::Row;

/// A row that could not be read, or not faithfully.
#[derive(Debug, thiserror::Error)]
#[error("line {line}: {kind}")]
pub struct RowError {
    /// Where the trouble is: the row number of the sheet.
    pub line: u64,
    /// The last line this error stands for. Greater than `line` if the row
    /// spans several lines, all of which are lost with it.
    pub last_line: u64,
    /// Fault of the row.
    pub kind: RowErrorKind,
    /// The row as far as it could be read, to be shown to its author. Only
    /// there for troubles with one cell of an XLSX row.
    pub row: Option<Row>,
}

impl RowError {
    /// An error of the one line `line`, without a row to show.
    pub(super) fn at(line: u64, kind: RowErrorKind) -> Self {
        Self { line, last_line: line, kind, row: None }
    }

    /// Whether no more rows follow this error.
    pub fn is_final(&self) -> bool {
        use RowErrorKind as Kind;
        matches!(self.kind, Kind::NoHeader | Kind::TooManyRows { .. } | Kind::Io(_) | Kind::Broken(_))
    }
}

/// Faults of a row. Columns are counted from 1.
#[derive(Debug, thiserror::Error)]
pub enum RowErrorKind {
    /// The row has more than `limit` cells.
    #[error("more than {limit} cells in the row")]
    TooManyCells {
        /// The most cells allowed.
        limit: usize,
    },
    /// The row has more than `limit` bytes of text.
    #[error("more than {limit} bytes in the row")]
    TooManyBytes {
        /// The most bytes allowed.
        limit: usize,
    },
    /// The table has more than `limit` rows below its header.
    #[error("more than {limit} rows in the table")]
    TooManyRows {
        /// The most rows allowed.
        limit: u32,
    },
    /// A cell holds a NUL character, as in a binary file.
    #[error("column {column}: the cell holds a NUL character")]
    Nul {
        /// The column of the cell.
        column: usize,
    },
    /// A number has more digits than the spreadsheet could keep.
    #[error("column {column}: the number has lost digits; format the column as text")]
    DigitsLost {
        /// The column of the cell.
        column: usize,
    },
    /// A cell holds an error value, such as `#N/A`.
    #[error("column {column}: the cell holds the error {value}")]
    ErrorValue {
        /// The column of the cell.
        column: usize,
        /// The error as the spreadsheet shows it.
        value: String,
    },
    /// A formula of which the workbook keeps no result.
    #[error("column {column}: the formula has no result; open the workbook and save it")]
    Uncounted {
        /// The column of the cell.
        column: usize,
    },
    /// The file has no row with any text.
    #[error("the file has no header")]
    NoHeader,
    /// The file could not be read.
    #[error("the file could not be read: {0}")]
    Io(std::io::Error),
    /// The workbook is damaged, in or just after the row named.
    #[error("the workbook is damaged: {0}")]
    Broken(String),
}

/// Why a workbook could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum XlsxError {
    /// The file could not be read.
    #[error("the file could not be read: {0}")]
    Io(#[from] std::io::Error),
    /// The file is an old `.xls`, or an XLSX with a password: both are kept
    /// in the same kind of container.
    #[error("an old .xls file, or one with a password; save it as .xlsx without a password")]
    OldOrEncrypted,
    /// The file is not a ZIP archive, so it cannot be XLSX.
    #[error("not an .xlsx file")]
    NotXlsx,
    /// The file is larger than `limit` bytes.
    #[error("the file is larger than {limit} bytes")]
    FileTooLarge {
        /// The most bytes allowed.
        limit: u64,
    },
    /// The archive has more than `limit` entries.
    #[error("the archive has more than {limit} entries")]
    TooManyEntries {
        /// The most entries allowed.
        limit: usize,
    },
    /// The archive unpacks to more than `limit` bytes.
    #[error("the file unpacks to more than {limit} bytes")]
    InflatesTooLarge {
        /// The most bytes allowed.
        limit: u64,
    },
    /// A part of the workbook is built to make its reader use far more
    /// memory than the part is long.
    #[error("the workbook cannot be read safely: {0}")]
    Unsafe(&'static str),
    /// The workbook is damaged or not made by the rules.
    #[error("the workbook is damaged: {0}")]
    Broken(String),
    /// No visible worksheet has any text.
    #[error("no visible worksheet has any content")]
    NoContent,
    /// The header row itself could not be read.
    #[error("the header row cannot be read: {0}")]
    Header(#[source] RowError),
}
