//! Reads the rows of a worksheet as a stream.

use std::fs::File;
use std::io::BufReader;
use std::panic::{AssertUnwindSafe, catch_unwind};

use calamine::{DataRef, XlsxCellReader};

use super::super::{MAX_BYTES_PER_ROW, MAX_CELLS_PER_ROW, Row, RowError, RowErrorKind};
use super::text::text;

/// The file a workbook is read from.
pub(super) type Input = BufReader<File>;

/// Calls the parser. Its panics, which damaged workbooks can bring about,
/// become errors: a bad upload must not take anything down with it.
pub(super) fn guarded<T>(parse: impl FnOnce() -> Result<T, calamine::XlsxError>) -> Result<T, String> {
    match catch_unwind(AssertUnwindSafe(parse)) {
        Ok(result) => result.map_err(|error| error.to_string()),
        Err(_) => Err("it does not follow the rules of its format".to_owned()),
    }
}

/// A cell with its place, both counted from 0.
struct Placed<'a> {
    row: u32,
    column: u32,
    value: DataRef<'a>,
    style: usize,
}

/// The rows of a worksheet. Cells of merged areas are blank but for the first
/// one; blank cells at the end of a row are left out.
pub struct XlsxRows<'a> {
    reader: XlsxCellReader<'a, Input>,
    /// The first cell of the next row, read already.
    ahead: Option<Placed<'a>>,
    /// The last cell is read; the reader must not be asked again.
    exhausted: bool,
    /// Rows that may still be given.
    left: u32,
    max_rows: u32,
    /// Row number of the latest cell, from 1.
    line: u64,
    /// The same from 0, once there was one.
    latest: Option<u32>,
    ended: bool,
}

impl<'a> XlsxRows<'a> {
    pub(super) fn new(reader: XlsxCellReader<'a, Input>, max_rows: u32) -> Self {
        Self { reader, ahead: None, exhausted: false, left: max_rows, max_rows, line: 1, latest: None, ended: false }
    }

    fn next_cell(&mut self) -> Result<Option<Placed<'a>>, String> {
        if let Some(cell) = self.ahead.take() {
            return Ok(Some(cell));
        }
        if self.exhausted {
            return Ok(None);
        }
        let read = guarded(|| self.reader.next_cell_with_style_id())?;
        self.exhausted = read.is_none();
        Ok(read.map(|(cell, style)| {
            let (row, column) = cell.get_position();
            let value = cell.get_value().clone();
            Placed { row, column, value, style }
        }))
    }

    /// Whether a row comes after the one before: a line must name one row of the sheet.
    fn begun_after(&mut self, number: u32) -> bool {
        self.latest.replace(number).is_none_or(|latest| latest < number)
    }

    /// Reads all cells of the next row, which may be blank.
    fn next_row(&mut self) -> Result<Option<Draft>, String> {
        let Some(first) = self.next_cell()? else {
            return Ok(None);
        };
        let number = first.row;
        if !self.begun_after(number) {
            return Err("its rows are out of order".to_owned());
        }
        self.line = u64::from(number) + 1;
        let mut draft = Draft::new(self.line);
        self.add(&mut draft, &first);
        while let Some(cell) = self.next_cell()? {
            if cell.row != number {
                self.ahead = Some(cell);
                break;
            }
            self.add(&mut draft, &cell);
        }
        Ok(Some(draft))
    }

    fn add(&self, draft: &mut Draft, cell: &Placed) {
        let style = self.reader.styles().get(cell.style);
        let format = style.and_then(|style| style.number_format.as_ref());
        let format = format.map(|format| format.format_code.as_str());
        let column = usize::try_from(cell.column).unwrap_or(usize::MAX);
        let (text, problem) = text(&cell.value, format, column.saturating_add(1));
        draft.put(column, text, problem);
    }

    fn end(&mut self, kind: RowErrorKind) -> RowError {
        self.ended = true;
        RowError::at(self.line, kind)
    }
}

impl XlsxRows<'_> {
    /// The next row with any text, not counted, as befits the header.
    pub(super) fn next_uncounted(&mut self) -> Option<Result<Row, RowError>> {
        while !self.ended {
            let item = match self.next_row() {
                Err(message) => return Some(Err(self.end(RowErrorKind::Broken(message)))),
                Ok(None) => break,
                Ok(Some(draft)) => draft.finish(),
            };
            if item.is_some() {
                return item;
            }
        }
        self.ended = true;
        None
    }
}

impl Iterator for XlsxRows<'_> {
    type Item = Result<Row, RowError>;

    fn next(&mut self) -> Option<Self::Item> {
        let item = self.next_uncounted()?;
        if self.ended {
            return Some(item);
        }
        let Some(left) = self.left.checked_sub(1) else {
            let limit = self.max_rows;
            return Some(Err(self.end(RowErrorKind::TooManyRows { limit })));
        };
        self.left = left;
        Some(item)
    }
}

/// A row being put together.
struct Draft {
    row: Row,
    bytes: usize,
    problem: Option<RowErrorKind>,
    /// Over a limit, so its text is dropped.
    over: bool,
}

impl Draft {
    fn new(line: u64) -> Self {
        let cells = Vec::new();
        Self { row: Row { line, cells }, bytes: 0, problem: None, over: false }
    }

    /// Adds the cell in `column`, counted from 0.
    fn put(&mut self, column: usize, text: String, problem: Option<RowErrorKind>) {
        if text.trim().is_empty() || self.over {
            return;
        }
        self.bytes += text.len();
        if column >= MAX_CELLS_PER_ROW {
            let limit = MAX_CELLS_PER_ROW;
            return self.drop_text(RowErrorKind::TooManyCells { limit });
        }
        if self.bytes > MAX_BYTES_PER_ROW {
            let limit = MAX_BYTES_PER_ROW;
            return self.drop_text(RowErrorKind::TooManyBytes { limit });
        }
        if self.row.cells.len() <= column {
            self.row.cells.resize(column + 1, String::new());
        }
        if let Some(cell) = self.row.cells.get_mut(column) {
            *cell = text;
        }
        if self.problem.is_none() {
            self.problem = problem;
        }
    }

    fn drop_text(&mut self, kind: RowErrorKind) {
        self.over = true;
        self.problem = Some(kind);
        self.row.cells = Vec::new();
    }

    /// The row read; `None` if it is blank.
    fn finish(self) -> Option<Result<Row, RowError>> {
        let line = self.row.line;
        let Some(kind) = self.problem else {
            return (!self.row.is_blank()).then_some(Ok(self.row));
        };
        Some(Err(RowError { row: (!self.over).then_some(self.row), ..RowError::at(line, kind) }))
    }
}
