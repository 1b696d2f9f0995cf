//! From the rows of a file to its records: sheet by sheet, the table in each found first.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::Datelike;
use kit::catalogue::FaultCode;
use kit::faults::Fault;
use kit::field::{Field, Shape, Write};
use kit::problem::Problem;
use kit::text::Text;
use serde_json::json;

use super::dictionary::Dictionary;
use super::header::{Header, Place};
use super::items::Item;
use super::job::Job;
use super::layout::{self, Found, LOOK};
use super::no_records::{END, NOT_DONE, Reason, TITLE};
use super::outcomes::Listed;
use super::reader::Form;
use super::row;
use super::sheet_layout::{Layout, LeftSheet, TableLayout};
use super::store::{Headers, LINES_OF_A_SHEET};
use super::table::{Table, Taken, of_row};
use super::told;
use super::wide::{CellAt, Unfolded};
use super::wide_header;
use super::wide_lots::line_of_cell;
use crate::exchange::codes::{UNKNOWN_COLUMN, UNKNOWN_COLUMNS};
use crate::exchange::files::columns::Column;
use crate::exchange::files::days::{Hints, day_alone, short_day_within};
use crate::exchange::files::table::Row;
use crate::exchange::files::texts::YEAR_ASSUMED;
use crate::exchange::files::workbook::Sheet;
use crate::platform::http::fault;
use crate::records::Warning;

/// A row that its sheet doesn't show: a filter that was left on hides rows that are meant, too.
static HIDDEN_ROW: Warning = Warning {
    code: "hidden_row",
    message: Text::new("the sheet hides this row; it was read like the others", "该行在表格中被隐藏,已照常读取"),
};

/// Bytes that a title has at most; what is longer explains.
const LONGEST_TITLE: usize = 600;

/// Where an import stands in its file.
#[derive(Default)]
pub struct Sheets {
    /// The names of the sheets that are read, in the order of the numbers that their lines carry.
    pub names: Vec<String>,
    /// Lines of rows that their sheets don't show.
    hidden: BTreeSet<u64>,
    /// Sheets that are not read, and why.
    pub left: Vec<LeftSheet>,
    /// The number of the sheet under way.
    current: u64,
    /// Its first rows, while its table isn't found.
    head: Vec<Row>,
    /// Its table.
    pub table: Option<Table>,
    /// Whether it has none: its rows are passed over.
    passing: bool,
    /// Columns of the tables so far, with those of what the titles say.
    pub headers: Headers,
    /// Tables so far, as they are told.
    told: Vec<TableLayout>,
    /// Parameters that would say outright what the titles name.
    pub(super) proposals: BTreeSet<String>,
    /// Why the first sheet without a table has none.
    fault: Option<Problem>,
}

impl Sheets {
    /// The rows of a workbook, one sheet behind the other; only those of one sheet where it is named.
    pub fn of_workbook(sheets: Vec<Sheet>, only: Option<&str>) -> Result<(Vec<Row>, Self), Problem> {
        let (mut rows, mut told) = (Vec::new(), Self::default());
        if let Some(only) = only
            && sheets.iter().all(|sheet| sheet.name != only)
        {
            return Err(fault("?sheet", FaultCode::BAD_PARAMETER));
        }
        for sheet in sheets {
            let reason = match only {
                Some(only) if only != sheet.name => Some("not_asked"),
                None if !sheet.visible => Some("hidden"),
                _ if sheet.rows.is_empty() => Some("empty"),
                _ => None,
            };
            if let Some(reason) = reason {
                told.left.push(LeftSheet { name: sheet.name, reason: reason.to_owned() });
                continue;
            }
            let number = i64::try_from(told.names.len()).unwrap_or_default();
            let before = u64::try_from(number * LINES_OF_A_SHEET).unwrap_or_default();
            told.hidden.extend(sheet.hidden_lines.iter().map(|line| line + before));
            rows.extend(sheet.rows.into_iter().map(|row| Row { line: row.line + before, ..row }));
            told.names.push(sheet.name);
        }
        Ok((rows, told))
    }

    /// How the file was read, once something was.
    pub fn layout(&self) -> Option<Layout> {
        let told = !self.told.is_empty() || !self.left.is_empty();
        let layout = || Layout { names: self.names.clone(), sheets: self.told.clone(), not_read: self.left.clone() };
        told.then(layout)
    }
}

impl Job {
    /// The records of rows. Those of a list with a row an item wait for the end of the sheet.
    pub(super) async fn items(&mut self, rows: &[Row]) -> Result<Vec<Item>, Problem> {
        if self.form == Some(Form::Ndjson) {
            return Ok(rows.iter().filter_map(|row| self.of_line(row)).collect());
        }
        let mut items = Vec::new();
        for row in rows {
            let of_sheets = i64::try_from(row.line).unwrap_or_default() / LINES_OF_A_SHEET;
            let sheet = if self.form.is_none() { u64::try_from(of_sheets).unwrap_or_default() } else { 0 };
            if sheet != self.sheets.current {
                items.extend(self.end_of_sheet().await?);
                self.sheets.current = sheet;
            }
            if self.sheets.passing {
                continue;
            }
            if self.sheets.table.is_some() {
                items.extend(self.take(row)?);
                continue;
            }
            self.sheets.head.push(row.clone());
            if self.sheets.head.len() >= LOOK {
                items.extend(self.begin_table().await?);
            }
        }
        Ok(items)
    }

    /// The records that waited for the end of the file. 422 where no sheet had a table.
    pub(super) async fn end_of_file(&mut self) -> Result<Vec<Item>, Problem> {
        let items = self.end_of_sheet().await?;
        match self.sheets.fault.take().filter(|_| self.sheets.told.is_empty()) {
            Some(problem) => Err(problem),
            None => Ok(items),
        }
    }

    async fn end_of_sheet(&mut self) -> Result<Vec<Item>, Problem> {
        let mut items = if self.sheets.head.is_empty() { Vec::new() } else { self.begin_table().await? };
        items.extend(self.gatherer.finish());
        self.sheets.table = None;
        self.sheets.passing = false;
        Ok(items)
    }

    /// How many rows the sheet under way doesn't show.
    fn hidden_rows(&self) -> usize {
        let begin = self.sheets.current * LINES_OF_A_SHEET.unsigned_abs();
        self.sheets.hidden.range(begin..begin + LINES_OF_A_SHEET.unsigned_abs()).count()
    }

    fn sheet_name(&self) -> Option<&str> {
        let index = usize::try_from(self.sheets.current).ok()?;
        self.sheets.names.get(index).map(String::as_str)
    }

    /// Finds the table in the rows put aside, and reads those behind its header.
    async fn begin_table(&mut self) -> Result<Vec<Item>, Problem> {
        let head = std::mem::take(&mut self.sheets.head);
        let dictionary = Dictionary::new(&self.core, self.kind, self.options.given.clone());
        let given = dictionary.constants()?;
        let title = self.sheet_name().unwrap_or_default().to_owned();
        let Some(mut found) = layout::find(&dictionary, &head, &title) else {
            return self.pass_over(&dictionary, &head, &title).map(|()| Vec::new());
        };
        found.header.require()?;
        let of_table = head.iter().take(found.rows.0).flat_map(|row| &row.cells).map(|cell| cell.trim());
        let titles = std::iter::once(title.trim())
            .chain(of_table)
            .filter(|title| !title.is_empty() && title.len() <= LONGEST_TITLE);
        let titles: Vec<String> = titles.map(str::to_owned).collect();
        let hints =
            Hints { year: self.options.year.or(found.year), ..Hints::new(self.core.zone, self.core.clock.now()) };
        if found.day.is_none() {
            let short = || titles.iter().find_map(|title| short_day_within(title, &hints));
            found.day = day_alone(&title, &hints).map(|(day, _)| day).or_else(short);
            if found.day.is_some() && hints.year.is_none() {
                self.told_once.insert(YEAR_ASSUMED.code);
            }
        }
        self.day_of_title(&dictionary, &mut found, &given);
        let several = self.read_titles(&dictionary, &mut found, &titles, &given).await?;
        let Found { rows: (first, behind), day, year: found_year, .. } = found;
        let hints = Hints { year: self.options.year, ..Hints::new(self.core.zone, self.core.clock.now()) };
        let is_wide = found.header.wide.is_some();
        let year = hints.year.or(found.year).or(found.day.map(|day| day.year()));
        let above = head.iter().take(first).flat_map(|row| &row.cells).map(String::as_str);
        let month = std::iter::once(title.as_str()).chain(above).find_map(wide_header::month_in);
        let days = wide_header::days(&found.header, (year, month), self.options.first_day);
        let (days, problem) = days.map_or_else(|problem| (Vec::new(), Some(problem)), |days| (days, None));
        let table = Table::new((self.kind, self.core.kinds()), found, given, (hints, days), self.form.is_none());
        let table = table.which_may_be(several);
        let line = head.get(first).map_or(0, |row| row.line) % u64::try_from(LINES_OF_A_SHEET).unwrap_or(u64::MAX);
        let told = TableLayout {
            name: self.sheet_name().map(str::to_owned),
            header_line: line,
            header_rows: behind - first,
            shape: if is_wide { "wide" } else { "rows" }.to_owned(),
            columns: table.header.told(),
            constants: table.constants_told(self.core.kinds()),
            title_day: day.map(|day| day.to_string()),
            title_year: found_year,
            hidden_rows: self.hidden_rows(),
        };
        self.sheets.told.push(told);
        self.sheets.headers.insert(i64::try_from(self.sheets.current).unwrap_or_default(), table.names());
        if let Some(problem) = problem {
            return Err(problem);
        }
        self.sheets.table = Some(table);
        let mut items = Vec::new();
        for (index, row) in head.iter().enumerate() {
            if index < first {
                self.no_record(row, &TITLE);
            } else if index >= behind {
                items.extend(self.take(row)?);
            }
        }
        Ok(items)
    }

    /// The day that the titles name is that of every row, where each must say one and no column does.
    fn day_of_title(&self, dictionary: &Dictionary, found: &mut Found, given: &[(Column, String)]) {
        let Some(day) = found.day else { return };
        let is_said = |name: &'static str| {
            found.header.has(&[name]) || found.constants.iter().chain(given).any(|(column, _)| column.path == [name])
        };
        let has_day = found.header.is_of_days() || found.header.places.iter().any(|place| matches!(place, Place::Day));
        let needed = |field: &&Field| {
            field.required && matches!(field.shape, Shape::Day) && field.write != Write::Never && !is_said(field.name)
        };
        let needed: Vec<&Field> = self.kind.fields.iter().filter(needed).collect();
        let [one] = needed.as_slice() else { return };
        if let Some(column) = dictionary.column(one.name).filter(|_| !has_day) {
            found.constants.push((column.clone(), day.to_string()));
        }
    }

    /// A sheet without a table. Of a file that is one table it is told why; other sheets may have one.
    fn pass_over(&mut self, dictionary: &Dictionary, head: &[Row], name: &str) -> Result<(), Problem> {
        let Some(first) = head.first() else { return Ok(()) };
        Header::require_whole(first)?;
        // Its first row may be somebody's data: nothing of it is kept.
        let problem = dictionary.read(&first.cells).refused();
        if self.form.is_some() {
            return Err(problem);
        }
        self.sheets.left.push(LeftSheet { name: name.to_owned(), reason: "no_table".to_owned() });
        self.sheets.fault.get_or_insert(problem);
        self.sheets.passing = true;
        Ok(())
    }

    fn take(&mut self, row: &Row) -> Result<Vec<Item>, Problem> {
        let Some(table) = &mut self.sheets.table else { return Ok(Vec::new()) };
        let lists = table.header.row_lists();
        match (table.take(row), lists) {
            (Taken::NotARecord(reason), _) => {
                self.no_record(row, reason);
                Ok(Vec::new())
            }
            (Taken::Wide(taken), _) => {
                let (row, mut unfolded) = *taken;
                if let Some((body, _)) = unfolded.parts.first_mut().filter(|_| self.sheets.hidden.contains(&row.line)) {
                    body.warnings.push((0, of_row("", &HIDDEN_ROW)));
                }
                self.take_wide(&row, unfolded)
            }
            (Taken::Body(taken), lists) => {
                let (row, mut body) = *taken;
                if self.sheets.hidden.contains(&row.line) {
                    body.warnings.push((0, of_row("", &HIDDEN_ROW)));
                }
                let item = Item::of_table(row, body, &table.header);
                // A record of ours without any item is whole in its row.
                let has_item = lists.iter().any(|list| item.body.tree.member(list).is_some());
                if lists.is_empty() || (item.body.ours && !has_item) {
                    return Ok(vec![item]);
                }
                self.gatherer.gather(self.kind, &lists, item).map(|()| Vec::new())
            }
        }
    }

    /// The records of a row of a wide sheet. Cells are counted, not rows.
    fn take_wide(&mut self, row: &Row, unfolded: Unfolded) -> Result<Vec<Item>, Problem> {
        let Some(header) = self.sheets.table.as_ref().map(|table| Arc::clone(&table.header)) else {
            return Ok(Vec::new());
        };
        self.counts.note_row(unfolded.blank, unfolded.not_done.len() as u64);
        for (column, absence) in unfolded.not_done {
            let reason = Reason { code: NOT_DONE, message: absence.meaning };
            self.list(Listed {
                line: line_of_cell(row.line, column),
                outcome: "not_a_record",
                record_id: None,
                details: json!({"reason": reason.kept()}),
            });
        }
        // A time that nobody says follows from the header, not from a clock.
        self.assumed |= unfolded.parts.iter().any(|(body, _)| body.time_assumed);
        let mut items = Vec::new();
        for (body, column, absence) in unfolded.absent {
            let cells = vec![CellAt { pointer: String::new(), column, row: 0 }];
            items.push(Item::of_table(row.clone(), body, &header).in_cells(cells).explaining(absence));
        }
        for (body, cells) in unfolded.parts {
            let item = Item::of_table(row.clone(), body, &header).in_cells(cells);
            match self.kind.rules.lines() {
                Some(lines) => self.gatherer.gather(self.kind, &[lines.list], item)?,
                None => items.push(item),
            }
        }
        Ok(items)
    }

    /// The record of a line of JSON; none of the end of an export.
    fn of_line(&mut self, row: &Row) -> Option<Item> {
        if row.cells.first().is_some_and(|text| told::is_end(text)) {
            self.no_record(row, &END);
            return None;
        }
        let mut body = row::of_line(row);
        told::part(self.kind, &mut body);
        Some(Item::of_row(row, body))
    }

    /// Tells a row that is no record.
    fn no_record(&mut self, row: &Row, reason: &Reason) {
        self.counts.read += 1;
        self.counts.not_a_record += 1;
        self.list(Listed {
            line: row.line,
            outcome: "not_a_record",
            record_id: None,
            details: json!({"reason": reason.kept()}),
        });
    }
}

impl Header {
    /// Why it is no header: every column that nobody knows.
    fn refused(&self) -> Problem {
        let unknown_column = |index: usize| Fault {
            pointer: format!("/header/{index}"),
            code: UNKNOWN_COLUMN,
            values: Vec::new(),
            hint: None,
        };
        let unknown = (0..self.names.len()).filter(|index| self.is_unknown(*index));
        Problem::of_faults(UNKNOWN_COLUMNS, unknown.map(unknown_column).collect())
    }
}
