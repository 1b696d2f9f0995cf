//! Workbooks, read. What they inflate to is counted before they are opened: a few kilobytes can be made
//! to fill the memory.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, sink};

use calamine::{Data, Reader, Xlsx};

use super::table::{Row, RowFlaw};
use super::xlsx::MOST_ROWS;

/// The largest workbook, in bytes.
pub const MOST_BYTES: u64 = 20 * 1024 * 1024;
/// The most that it may inflate to, in bytes.
pub const MOST_INFLATED: u64 = 200 * 1024 * 1024;
/// More parts than this no workbook has.
const MOST_PARTS: usize = 1_000;
/// From here on a number has lost digits: an identity number that was not kept as text.
const EXACT: f64 = 1e15;

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
    #[error("the file is no workbook that can be read")]
    Unreadable,
}

/// The rows of the first sheet that has any.
pub fn read(mut file: File) -> Result<Vec<Row>, WorkbookError> {
    count_inflated(&mut file)?;
    file.seek(SeekFrom::Start(0)).map_err(|_| WorkbookError::Unreadable)?;
    let mut workbook = Xlsx::new(std::io::BufReader::new(file)).map_err(|_| WorkbookError::Unreadable)?;
    for name in workbook.sheet_names() {
        let range = workbook.worksheet_range(&name).map_err(|_| WorkbookError::Unreadable)?;
        if range.is_empty() {
            continue;
        }
        let first_line = u64::from(range.start().map_or(0, |(row, _)| row)) + 1;
        let rows = range.rows().zip(first_line..).map(|(cells, line)| row(cells, line));
        let rows: Vec<Row> =
            rows.filter(|row| row.flaw.is_some() || !row.cells.is_empty()).take(MOST_ROWS + 2).collect();
        return if rows.len() > MOST_ROWS + 1 { Err(WorkbookError::TooManyRows) } else { Ok(rows) };
    }
    Ok(Vec::new())
}

/// Inflates every part into nothing, and stops at the bound. What the parts say of their size isn't believed.
fn count_inflated(file: &mut File) -> Result<(), WorkbookError> {
    let bytes = file.seek(SeekFrom::End(0)).map_err(|_| WorkbookError::Unreadable)?;
    if bytes > MOST_BYTES {
        return Err(WorkbookError::TooLarge);
    }
    let mut archive = zip::ZipArchive::new(file).map_err(|_| WorkbookError::Unreadable)?;
    if archive.len() > MOST_PARTS {
        return Err(WorkbookError::TooLarge);
    }
    let mut left = MOST_INFLATED;
    for index in 0..archive.len() {
        let part = archive.by_index(index).map_err(|_| WorkbookError::Unreadable)?;
        let inflated = std::io::copy(&mut part.take(left + 1), &mut sink()).map_err(|_| WorkbookError::Unreadable)?;
        left = left.checked_sub(inflated).ok_or(WorkbookError::TooLarge)?;
    }
    Ok(())
}

fn row(cells: &[Data], line: u64) -> Row {
    let mut flaw = None;
    let mut texts: Vec<String> = cells.iter().map(|cell| text(cell, &mut flaw)).collect();
    while texts.last().is_some_and(String::is_empty) {
        texts.pop();
    }
    Row { line, cells: texts, flaw }
}

fn text(cell: &Data, flaw: &mut Option<RowFlaw>) -> String {
    match cell {
        Data::Empty => String::new(),
        Data::String(text) => text.clone(),
        Data::Bool(boolean) => boolean.to_string(),
        Data::Int(integer) => integer.to_string(),
        Data::Float(number) if number.abs() >= EXACT => {
            flaw.get_or_insert(RowFlaw::LostDigits);
            number.to_string()
        }
        // The shortest text that means the same number: 36.5, not 36.499999.
        Data::Float(number) => number.to_string(),
        Data::DateTime(serial) => {
            let instant = super::texts::of_serial(serial.as_f64());
            instant
                .map_or_else(|| serial.as_f64().to_string(), |instant| instant.format("%Y-%m-%dT%H:%M:%S").to_string())
        }
        Data::DateTimeIso(text) | Data::DurationIso(text) => text.clone(),
        Data::Error(_) => {
            flaw.get_or_insert(RowFlaw::ErrorCell);
            String::new()
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::time::Instant;

    use super::*;

    #[test]
    fn a_bomb_fails_fast() {
        let mut archive = zip::ZipWriter::new(tempfile::tempfile().unwrap());
        archive.start_file("xl/worksheets/sheet1.xml", zip::write::SimpleFileOptions::default()).unwrap();
        let zeros = vec![b' '; 1 << 20];
        for _ in 0..256 {
            archive.write_all(&zeros).unwrap();
        }
        let file = archive.finish().unwrap();
        let started = Instant::now();
        assert!(matches!(read(file), Err(WorkbookError::TooLarge)));
        assert!(started.elapsed().as_secs() < 5, "{:?}", started.elapsed());
    }

    #[test]
    fn what_is_no_workbook_is_told() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(b"PK\x03\x04 rubbish").unwrap();
        assert!(matches!(read(file), Err(WorkbookError::Unreadable)));
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
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&workbook.save_to_buffer().unwrap()).unwrap();
        let rows = read(file).unwrap();
        let cells: Vec<(u64, &str)> = rows.iter().map(|row| (row.line, row.cells[0].as_str())).collect();
        assert_eq!(cells[..3], [(2, "姓名"), (3, "36.5"), (4, "2020-02-03T12:00:00")]);
        assert_eq!(rows[3].flaw, Some(RowFlaw::LostDigits));
    }
}
