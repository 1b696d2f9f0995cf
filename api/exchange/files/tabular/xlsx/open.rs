//! Opens a workbook and finds its table.

use std::fs::File;
use std::io::{BufReader, Seek, SeekFrom};
use std::path::Path;

use calamine::{Reader, Sheet, SheetType, SheetVisible, Xlsx};

use super::super::{Row, RowError, RowErrorKind, Table, XlsxError};
use super::XlsxLimits;
use super::audit::audit;
use super::rows::{Input, XlsxRows, guarded};

/// A workbook opened at its first visible worksheet with any text.
pub struct XlsxTable {
    book: Xlsx<Input>,
    sheet: String,
    header: Row,
    max_rows: u32,
}

/// Opens the workbook at `path` and reads the header of its first visible
/// worksheet with any text. The header is the first row there with any.
///
/// The file must not change until the table is dropped.
///
/// # Errors
/// If the file cannot be read, is not XLSX, is over one of the `limits` or
/// built to exhaust memory, if no sheet has any text, or if the header row
/// holds error values or numbers with digits lost.
pub fn read_xlsx(path: impl AsRef<Path>, limits: XlsxLimits) -> Result<XlsxTable, XlsxError> {
    let mut input = BufReader::new(File::open(path)?);
    audit(&mut input, &limits)?;
    input.seek(SeekFrom::Start(0))?;
    let mut book = guarded(|| Xlsx::new(input)).map_err(XlsxError::Broken)?;
    let sheets: Vec<Sheet> = book.sheets_metadata().to_vec();
    let visible = sheets.into_iter().filter(|s| s.typ == SheetType::WorkSheet && s.visible == SheetVisible::Visible);
    for Sheet { name, .. } in visible {
        let first = rows(&mut book, &name, limits.max_rows)?.next_uncounted();
        if let Some(header) = first {
            let header = header.map_err(no_header)?;
            let max_rows = limits.max_rows;
            return Ok(XlsxTable { book, sheet: name, header, max_rows });
        }
    }
    Err(XlsxError::NoContent)
}

impl XlsxTable {
    /// The name of the worksheet.
    pub fn sheet(&self) -> &str {
        &self.sheet
    }

    /// The header.
    pub fn header(&self) -> &Row {
        &self.header
    }

    /// The table, from its first row on at every call. The rows are read from
    /// the file while iterating; only the texts that the workbook keeps apart
    /// from its sheets are in memory.
    ///
    /// # Errors
    /// If the worksheet cannot be read any more.
    pub fn table(&mut self) -> Result<Table<XlsxRows<'_>>, XlsxError> {
        let mut rows = rows(&mut self.book, &self.sheet, self.max_rows)?;
        let header = match rows.next_uncounted() {
            Some(header) => header.map_err(no_header)?,
            None => return Err(XlsxError::NoContent),
        };
        Ok(Table { header, rows })
    }
}

fn no_header(error: RowError) -> XlsxError {
    match error.kind {
        RowErrorKind::Broken(message) => XlsxError::Broken(message),
        _ => XlsxError::Header(error),
    }
}

fn rows<'a>(book: &'a mut Xlsx<Input>, sheet: &str, max_rows: u32) -> Result<XlsxRows<'a>, XlsxError> {
    let reader = guarded(|| book.worksheet_cells_reader(sheet)).map_err(XlsxError::Broken)?;
    Ok(XlsxRows::new(reader, max_rows))
}
