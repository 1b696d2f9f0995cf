//! Opens a workbook and finds its table.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, Seek, SeekFrom};
use std::path::Path;

use calamine::{DataRef, Dimensions, Reader, Sheet, SheetType, SheetVisible, Xlsx};

use super::super::{MAX_CELLS_PER_ROW, Row, RowError, RowErrorKind, Table, XlsxError};
use super::XlsxLimits;
use super::audit::audit;
use super::hidden::hidden_rows;
use super::rows::{Input, XlsxRows, guarded};

/// Most merged areas of a sheet.
const MAX_MERGED: usize = 100_000;
/// Most bytes that merged areas are filled with.
const MAX_FILLED: usize = 64 << 20;

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

/// A worksheet, whole.
pub struct XlsxSheet {
    /// Its name.
    pub name: String,
    /// Whether it is shown.
    pub visible: bool,
    /// Its rows with any text, cells of merged areas filled. None of a sheet that isn't shown, unless it was asked for.
    pub rows: Vec<Result<Row, RowError>>,
    /// The numbers of rows that it doesn't show, in order.
    pub hidden_rows: Vec<u64>,
}

/// Reads all worksheets of the workbook at `path`, in their order; those that aren't shown only where `asked` names
/// them. `max_rows` bounds all of them together.
///
/// # Errors
/// As [`read_xlsx`].
pub fn read_sheets(
    path: impl AsRef<Path>,
    limits: XlsxLimits,
    asked: Option<&str>,
) -> Result<Vec<XlsxSheet>, XlsxError> {
    let mut input = BufReader::new(File::open(path)?);
    audit(&mut input, &limits)?;
    input.seek(SeekFrom::Start(0))?;
    let mut hidden = hidden_rows(&mut input);
    input.seek(SeekFrom::Start(0))?;
    let mut book = guarded(|| Xlsx::new(input)).map_err(XlsxError::Broken)?;
    let sheets: Vec<Sheet> = book.sheets_metadata().to_vec();
    // Headers are no rows.
    let mut left = limits.max_rows.saturating_add(u32::try_from(sheets.len()).unwrap_or(u32::MAX));
    let mut all = Vec::new();
    for sheet in sheets.into_iter().filter(|sheet| sheet.typ == SheetType::WorkSheet) {
        let visible = sheet.visible == SheetVisible::Visible;
        let is_read = visible || asked == Some(sheet.name.as_str());
        let rows = if is_read { sheet_rows(&mut book, &sheet.name, left)? } else { Vec::new() };
        left = left.saturating_sub(u32::try_from(rows.len()).unwrap_or(u32::MAX));
        let hidden_rows = hidden.remove(&sheet.name).unwrap_or_default();
        all.push(XlsxSheet { name: sheet.name, visible, rows, hidden_rows });
    }
    if all.iter().all(|sheet| sheet.rows.is_empty()) {
        return Err(XlsxError::NoContent);
    }
    Ok(all)
}

fn sheet_rows(book: &mut Xlsx<Input>, name: &str, max_rows: u32) -> Result<Vec<Result<Row, RowError>>, XlsxError> {
    let merged = guarded(|| book.merge_cells_by_sheet_name(name)).map_err(XlsxError::Broken)?;
    let uncounted = uncounted(book, name, max_rows)?;
    let mut sheet: Vec<Result<Row, RowError>> = rows(book, name, max_rows)?.collect();
    fill(&mut sheet, &merged)?;
    for row in &mut sheet {
        let Ok(read) = row else { continue };
        let line = read.line;
        if let Some(column) = uncounted.get(&line) {
            let kind = RowErrorKind::Uncounted { column: *column };
            let read = std::mem::replace(read, Row { line, cells: Vec::new() });
            *row = Err(RowError { row: Some(read), ..RowError::at(line, kind) });
        }
    }
    Ok(sheet)
}

/// The first formula of a line that the workbook keeps no result of, by line and column from 1: the programme that wrote
/// it never counted.
fn uncounted(book: &mut Xlsx<Input>, name: &str, max_rows: u32) -> Result<BTreeMap<u64, usize>, XlsxError> {
    let mut reader = guarded(|| book.worksheet_cells_reader(name)).map_err(XlsxError::Broken)?;
    let mut found = BTreeMap::new();
    while let Some(cell) = guarded(|| reader.next_cell_with_formula_metadata()).map_err(XlsxError::Broken)? {
        if cell.formula.is_some() && matches!(cell.value, DataRef::Empty) {
            let (row, column) = cell.pos;
            let column = usize::try_from(column).unwrap_or(usize::MAX).saturating_add(1);
            found.entry(u64::from(row) + 1).or_insert(column);
            if found.len() > usize::try_from(max_rows).unwrap_or(usize::MAX) {
                return Err(XlsxError::Unsafe("too many formulas without a result"));
            }
        }
    }
    Ok(found)
}

/// Writes the text of a merged area into all its cells, so far as there are rows.
fn fill(sheet: &mut [Result<Row, RowError>], merged: &[Dimensions]) -> Result<(), XlsxError> {
    let mut filled = 0_usize;
    if merged.len() > MAX_MERGED {
        return Err(XlsxError::Unsafe("too many merged cells"));
    }
    let line = |row: &Result<Row, RowError>| match row {
        Ok(row) => row.line,
        Err(error) => error.line,
    };
    for area in merged {
        let (top, bottom) = (u64::from(area.start.0) + 1, u64::from(area.end.0) + 1);
        let (left, right) = (area.start.1 as usize, (area.end.1 as usize).min(MAX_CELLS_PER_ROW - 1));
        let begin = sheet.partition_point(|row| line(row) < top);
        let text = match sheet.get(begin) {
            Some(Ok(row)) if row.line == top => row.cells.get(left).cloned().unwrap_or_default(),
            _ => String::new(),
        };
        if text.trim().is_empty() {
            continue;
        }
        for row in sheet.iter_mut().skip(begin).take_while(|row| line(row) <= bottom) {
            let Ok(row) = row else { continue };
            if row.cells.len() <= right {
                row.cells.resize(right + 1, String::new());
            }
            for cell in row.cells.iter_mut().take(right + 1).skip(left).filter(|cell| cell.trim().is_empty()) {
                filled += text.len();
                cell.clone_from(&text);
            }
            if filled > MAX_FILLED {
                return Err(XlsxError::Unsafe("merged cells cover too much"));
            }
        }
    }
    Ok(())
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
