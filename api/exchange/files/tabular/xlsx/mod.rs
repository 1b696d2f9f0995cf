//! Reads workbooks in the XLSX format.

mod audit;
mod hidden;
#[cfg(test)]
mod hostile_tests;
mod open;
mod part;
mod rows;
#[cfg(test)]
mod tests;
mod text;

pub use open::{XlsxSheet, XlsxTable, read_sheets, read_xlsx};
pub use rows::XlsxRows;

/// How much of a workbook is read before it is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct XlsxLimits {
    /// Largest file, in bytes. 20 MiB by default.
    pub max_file_bytes: u64,
    /// Most bytes the archive may unpack to, all entries together. 200 MiB by
    /// default.
    pub max_inflated_bytes: u64,
    /// Most rows below the header. 100 000 by default.
    pub max_rows: u32,
}

impl Default for XlsxLimits {
    fn default() -> Self {
        Self { max_file_bytes: 20 << 20, max_inflated_bytes: 200 << 20, max_rows: 100_000 }
    }
}
