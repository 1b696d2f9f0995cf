//! Reads workbooks row by row, in memory that does not grow with the sheet, and refuses those that are made
//! to exhaust it before they are opened.

mod error;
mod xlsx;

pub use error::{RowError, RowErrorKind, XlsxError};
pub use xlsx::{XlsxLimits, XlsxRows, XlsxSheet, XlsxTable, read_sheets, read_xlsx};

/// Most cells one row may have.
pub const MAX_CELLS_PER_ROW: usize = 256;

/// Most bytes of UTF-8 text one row may have.
pub const MAX_BYTES_PER_ROW: usize = 256 * 1024;

/// One row of a sheet, as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The sheet's own row number, from 1.
    pub line: u64,
    /// The cells from the first column on; a missing cell means an empty one.
    pub cells: Vec<String>,
}

impl Row {
    /// Whether nothing but white space is in the row.
    fn is_blank(&self) -> bool {
        self.cells.iter().all(|cell| cell.trim().is_empty())
    }
}

/// A table: its header, then its rows, which are read while iterating.
#[derive(Debug)]
pub struct Table<I> {
    /// The first row with any text in it.
    pub header: Row,
    /// The rows after the header.
    pub rows: I,
}

impl<I: Iterator<Item = Result<Row, RowError>>> Iterator for Table<I> {
    type Item = Result<Row, RowError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.rows.next()
    }
}
