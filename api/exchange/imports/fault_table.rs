//! The refused rows of a sheet as a table: a title where titles said the day, the sheet's own header, one column of
//! faults and one of lines. Cells stand as they were typed: what is sent again must read as it did.

use std::collections::BTreeMap;

use kit::catalogue::FaultCode;
use kit::text::Language;

use super::answer::{Remark, in_words, remarks};
use super::sheet_layout::TableLayout;
use super::store::{Import, Refused};
use crate::exchange::codes::{LOST_DIGITS, NOTHING_ABOVE, UNCOUNTED_FORMULA};
use crate::exchange::files::cells::raw_csv_line;

/// Columns that a fault file adds: the faults and the line, in each language. An import passes them over.
pub const ADDED: [[&str; 2]; 2] = [["Error", "Line no."], ["错误", "行号"]];
/// Text for a cell that shows nothing, though it means something: a formula without a result, 同上 with nothing above.
/// Sent again it is no empty cell.
const NO_RESULT: &str = "#N/A";

/// The table of a sheet.
pub struct FaultTable {
    /// The day, or the year, that the sheet's titles say of all rows.
    pub title: Option<String>,
    /// Its own columns.
    pub header: Vec<String>,
    /// The two that are added.
    pub added: [&'static str; 2],
    language: Language,
}

/// A row of it.
pub struct FaultRow {
    /// Its cells.
    pub cells: Vec<String>,
    /// Faults by the column in which they stand.
    pub faulty: BTreeMap<usize, &'static str>,
    /// All faults in words.
    pub words: String,
    /// The line of the original file.
    pub line: i64,
}

impl FaultTable {
    /// The table of a sheet, by the number that its lines carry.
    pub fn of_sheet(import: &Import, sheet: i64, language: Language) -> Self {
        let [english, chinese] = ADDED;
        let added = if language == Language::Chinese { chinese } else { english };
        let header = import.header(sheet).cloned().unwrap_or_default();
        Self { title: import.table_layout(sheet).and_then(title), header, added, language }
    }

    /// A refused row of the sheet.
    pub fn row(&self, import: &Import, refused: &Refused) -> FaultRow {
        let mut cells = refused.cells.clone();
        cells.resize(self.header.len(), String::new());
        let at = |remark: &Remark| {
            let named = || self.header.iter().position(|column| Some(column) == remark.column.as_ref());
            remark.at.or_else(named)
        };
        let told = remarks(Some(&refused.faults), self.language);
        let code = |remark: &Remark| {
            let told = [LOST_DIGITS, UNCOUNTED_FORMULA, NOTHING_ABOVE].into_iter().map(FaultCode::code);
            told.into_iter().find(|code| *code == remark.code)
        };
        let faulty: BTreeMap<usize, &'static str> =
            told.iter().filter_map(|remark| Some((at(remark)?, code(remark).unwrap_or_default()))).collect();
        for (index, code) in &faulty {
            if let Some(cell) = cells.get_mut(*index).filter(|_| *code != LOST_DIGITS.code() && !code.is_empty()) {
                NO_RESULT.clone_into(cell);
            }
        }
        FaultRow { cells, faulty, words: in_words(&told), line: import.place(refused.line).line }
    }

    /// Text before the first row of a CSV file. Spreadsheets take a file for the local charset unless told.
    pub fn prologue(&self) -> String {
        let title = self.title.iter().map(|title| raw_csv_line([title.as_str()])).collect::<String>();
        let names = self.header.iter().map(String::as_str).chain(self.added);
        format!("\u{feff}{title}{}", raw_csv_line(names))
    }

    /// A row of a CSV file.
    pub fn line(&self, import: &Import, refused: &Refused) -> String {
        let mut row = self.row(import, refused);
        for (index, code) in &row.faulty {
            if let Some(cell) = row.cells.get_mut(*index).filter(|_| *code == LOST_DIGITS.code()) {
                // Text has no sign of what it lost: as a spreadsheet shows it, it is no number of anybody.
                *cell = shortened(cell);
            }
        }
        let line = row.line.to_string();
        raw_csv_line(row.cells.iter().map(String::as_str).chain([row.words.as_str(), line.as_str()]))
    }
}

/// Day, else year, that the titles of a sheet name, so that the rows mean the same without the other titles, in which
/// people may be named.
fn title(layout: &TableLayout) -> Option<String> {
    layout.title_day.clone().or_else(|| layout.title_year.map(|year| format!("{year}年")))
}

/// `511802199003071000` as `5.11802199003071E+17`.
fn shortened(text: &str) -> String {
    text.parse::<f64>().map_or_else(|_| text.to_owned(), |number| format!("{number:E}").replace('E', "E+"))
}
