//! Workbooks, as rows of an import.

use std::fs::File;
use std::os::fd::AsRawFd;

use super::table::{Row, RowFlaw};
use super::tabular::{RowError, RowErrorKind, XlsxError, XlsxLimits, read_sheets};
use super::xlsx::MOST_ROWS;

/// The largest workbook, in bytes.
pub const MOST_BYTES: u64 = 20 * 1024 * 1024;

/// Why a workbook can't be read.
#[derive(Debug, thiserror::Error)]
pub enum WorkbookError {
    /// Too large, or it would inflate to too much.
    #[error("the workbook is too large")]
    TooLarge,
    /// Too many rows.
    #[error("the workbook has too many rows")]
    TooManyRows,
    /// No workbook.
    #[error("the file is no workbook that can be read: {0}")]
    Unreadable(String),
}

/// A sheet of a workbook.
pub struct Sheet {
    /// Its name.
    pub name: String,
    /// Whether it is shown; one that isn't is read only where it is asked for.
    pub visible: bool,
    /// Its rows with any text.
    pub rows: Vec<Row>,
    /// The lines of rows that it doesn't show.
    pub hidden_lines: Vec<u64>,
}

/// The sheets of a workbook; the rows of a hidden one only where it is asked for.
pub fn read(file: &File, asked: Option<&str>) -> Result<Vec<Sheet>, WorkbookError> {
    // The file has no name of its own.
    let path = format!("/proc/self/fd/{}", file.as_raw_fd());
    let limits = XlsxLimits { max_rows: u32::try_from(MOST_ROWS).unwrap_or(u32::MAX), ..XlsxLimits::default() };
    let mut sheets = Vec::new();
    for sheet in read_sheets(path, limits, asked)? {
        let rows: Result<Vec<Row>, WorkbookError> = sheet
            .rows
            .into_iter()
            .map(|row| match row {
                Ok(row) => Ok(Row { line: row.line, cells: row.cells, flaw: None }),
                Err(error) => flawed(error),
            })
            .collect();
        let rows = rows?;
        let is_read = |line: &u64| rows.binary_search_by_key(line, |row| row.line).is_ok();
        let hidden_lines = sheet.hidden_rows.into_iter().filter(is_read).collect();
        sheets.push(Sheet { name: sheet.name, visible: sheet.visible, rows, hidden_lines });
    }
    Ok(sheets)
}

/// A row that was read, but not faithfully; or the end of the reading.
fn flawed(error: RowError) -> Result<Row, WorkbookError> {
    let flaw = match &error.kind {
        RowErrorKind::TooManyRows { .. } => return Err(WorkbookError::TooManyRows),
        // There they are counted from 1.
        RowErrorKind::DigitsLost { column } => RowFlaw::LostDigits(column.saturating_sub(1)),
        RowErrorKind::ErrorValue { column, .. } => RowFlaw::ErrorCell(column.saturating_sub(1)),
        RowErrorKind::Uncounted { column } => RowFlaw::Uncounted(column.saturating_sub(1)),
        RowErrorKind::Nul { column } => RowFlaw::Nul(column.saturating_sub(1)),
        RowErrorKind::TooManyCells { .. } | RowErrorKind::TooManyBytes { .. } => RowFlaw::TooLong,
        other => return Err(WorkbookError::Unreadable(other.to_string())),
    };
    Ok(Row { line: error.line, cells: error.row.map(|row| row.cells).unwrap_or_default(), flaw: Some(flaw) })
}

impl From<XlsxError> for WorkbookError {
    fn from(error: XlsxError) -> Self {
        match error {
            XlsxError::FileTooLarge { .. } | XlsxError::TooManyEntries { .. } | XlsxError::InflatesTooLarge { .. } => {
                Self::TooLarge
            }
            other => Self::Unreadable(other.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn kept(bytes: &[u8]) -> File {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        file
    }

    #[test]
    fn what_is_no_workbook_is_told() {
        assert!(matches!(read(&kept(b"PK\x03\x04 rubbish"), None), Err(WorkbookError::Unreadable(_))));
        assert!(matches!(read(&kept(b""), None), Err(WorkbookError::Unreadable(_))));
    }

    #[test]
    fn cells_come_as_people_see_them() {
        let mut workbook = rust_xlsxwriter::Workbook::new();
        let sheet = workbook.add_worksheet();
        let date = rust_xlsxwriter::Format::new().set_num_format("yyyy-mm-dd hh:mm");
        sheet.write_string(1, 0, "姓名").unwrap();
        sheet.write_number(2, 0, 36.5).unwrap();
        sheet.write_number_with_format(3, 0, 43864.5, &date).unwrap();
        sheet.write_number(4, 0, 511_802_199_003_071_234.0).unwrap();
        let rows = read(&kept(&workbook.save_to_buffer().unwrap()), None).unwrap().remove(0).rows;
        let cells: Vec<(u64, &str)> = rows.iter().map(|row| (row.line, row.cells[0].as_str())).collect();
        assert_eq!(cells[..2], [(2, "姓名"), (3, "36.5")]);
        assert!(cells[2].1.starts_with("2020-02-03") && cells[2].1.contains("12:00"), "{}", cells[2].1);
        assert_eq!(rows[3].flaw, Some(RowFlaw::LostDigits(0)));
    }

    #[test]
    fn rows_that_are_not_shown_are_read_and_told() {
        let mut workbook = rust_xlsxwriter::Workbook::new();
        for name in ["登记", "名单"] {
            let sheet = workbook.add_worksheet().set_name(name).unwrap();
            for row in 0..4 {
                sheet.write_string(row, 0, format!("{name}{row}")).unwrap();
            }
            sheet.set_row_hidden(2).unwrap().set_row_hidden(9).unwrap();
        }
        workbook.worksheet_from_index(1).unwrap().set_hidden(true);
        let file = kept(&workbook.save_to_buffer().unwrap());
        let told = |asked| -> Vec<(usize, Vec<u64>)> {
            read(&file, asked).unwrap().into_iter().map(|sheet| (sheet.rows.len(), sheet.hidden_lines)).collect()
        };
        assert_eq!(told(None), [(4, vec![3]), (0, vec![])], "a hidden sheet isn't read");
        assert_eq!(told(Some("名单")), [(4, vec![3]), (4, vec![3])], "unless it is asked for");
    }

    #[test]
    fn a_sheet_that_names_its_farthest_cell_takes_no_memory() {
        let mut workbook = rust_xlsxwriter::Workbook::new();
        let sheet = workbook.add_worksheet();
        sheet.write_string(0, 0, "x").unwrap();
        sheet.write_string(1_048_575, 16_383, "y").unwrap();
        let rows = read(&kept(&workbook.save_to_buffer().unwrap()), None).unwrap().remove(0).rows;
        assert_eq!((rows.len(), rows[1].flaw), (2, Some(RowFlaw::TooLong)));
    }
}
