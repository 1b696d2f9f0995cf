//! Workbooks, written row by row.

use rust_xlsxwriter::{Workbook, XlsxError};

use super::guard::unguarded;
use super::rows::Cell;
use super::texts::visible;

/// The most rows of a workbook that we write or read.
pub const MOST_ROWS: usize = 100_000;

/// A workbook with one sheet, under construction. Rows go to a temporary file at once.
pub struct Writer {
    workbook: Workbook,
    row: u32,
}

impl Writer {
    /// A workbook with these headers.
    pub fn new(headers: &[String]) -> Result<Self, XlsxError> {
        let mut writer = Self { workbook: Workbook::new(), row: 0 };
        writer.workbook.add_worksheet_with_constant_memory()?;
        let headers: Vec<Cell> = headers.iter().cloned().map(Cell::Text).collect();
        writer.write(&headers)?;
        Ok(writer)
    }

    /// Adds a row. Text is text in a workbook, so nothing in it is ever run; only what an import would take for a
    /// guard has one.
    pub fn write(&mut self, cells: &[Cell]) -> Result<(), XlsxError> {
        let row = self.row;
        let sheet = self.workbook.worksheet_from_index(0)?;
        for (column, cell) in (0_u16..).zip(cells) {
            match cell {
                Cell::Empty => {}
                Cell::Text(text) if is_taken_for_guarded(text) => {
                    sheet.write_string(row, column, format!("'{text}"))?;
                }
                Cell::Text(text) => drop(sheet.write_string(row, column, text.as_str())?),
                Cell::Number(number) => match number.parse::<f64>() {
                    Ok(value) => drop(sheet.write_number(row, column, value)?),
                    Err(_) => drop(sheet.write_string(row, column, number.as_str())?),
                },
            }
        }
        self.row += 1;
        Ok(())
    }

    /// The finished workbook.
    pub fn finish(mut self) -> Result<Vec<u8>, XlsxError> {
        self.workbook.save_to_buffer()
    }
}

fn is_taken_for_guarded(text: &str) -> bool {
    let text = visible(text);
    unguarded(&text) != text
}
