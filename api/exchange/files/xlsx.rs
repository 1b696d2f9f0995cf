//! Workbooks, written row by row.

use chrono::{NaiveDate, NaiveDateTime, Timelike};
use kit::field::Shape;
use rust_xlsxwriter::{Format, Workbook, Worksheet, XlsxError};

use super::columns::{Column, Part};
use super::guard::unguarded;
use super::rows::Cell;
use super::texts::visible;

/// The most rows of a workbook that we write or read.
pub const MOST_ROWS: usize = 100_000;
/// A spreadsheet keeps so many digits of a number; what has more is text.
const MOST_DIGITS: usize = 15;

/// A workbook with one sheet, under construction. Rows go to a temporary file at once.
pub struct Writer {
    workbook: Workbook,
    row: u32,
    forms: Forms,
}

/// Forms of cells.
struct Forms {
    header: Format,
    text: Format,
    day: Format,
    moment: Format,
}

impl Writer {
    /// A workbook with these headers, over columns of fields; those beyond are text.
    pub fn new(headers: &[String], columns: &[Column]) -> Result<Self, XlsxError> {
        let forms = Forms {
            header: Format::new().set_bold(),
            text: Format::new().set_num_format("@"),
            day: Format::new().set_num_format("yyyy-mm-dd"),
            moment: Format::new().set_num_format("yyyy-mm-dd hh:mm:ss"),
        };
        let mut writer = Self { workbook: Workbook::new(), row: 1, forms };
        let sheet = writer.workbook.add_worksheet_with_constant_memory()?;
        sheet.set_freeze_panes(1, 0)?;
        for (index, header) in (0_u16..).zip(headers) {
            let column = columns.get(usize::from(index));
            let of_header = header.chars().map(|letter| if letter.is_ascii() { 1.1 } else { 2.1 }).sum::<f64>() + 2.0;
            sheet.set_column_width(index, column.map_or(40.0, width).max(of_header.min(30.0)))?;
            // Rows that somebody adds keep what he types, an identity number above all.
            if let Some(format) = column.and_then(|column| writer.forms.of(column)) {
                sheet.set_column_format(index, format)?;
            }
        }
        for (index, header) in (0_u16..).zip(headers) {
            sheet.write_string_with_format(0, index, header, &writer.forms.header)?;
        }
        Ok(writer)
    }

    /// Adds a row. Text is text in a workbook, so nothing in it is ever run; only what an import would take for a
    /// guard has one.
    pub fn write(&mut self, cells: &[Cell]) -> Result<(), XlsxError> {
        let (row, forms) = (self.row, &self.forms);
        let sheet = self.workbook.worksheet_from_index(0)?;
        for (column, cell) in (0_u16..).zip(cells) {
            match cell {
                Cell::Empty => {}
                Cell::Text(text) => write_text(sheet, (row, column), text, &forms.text)?,
                Cell::Number(number) => match number.parse::<f64>() {
                    Ok(value) if digits(number) <= MOST_DIGITS => drop(sheet.write_number(row, column, value)?),
                    _ => write_text(sheet, (row, column), number, &forms.text)?,
                },
                Cell::Boolean(boolean, _) => drop(sheet.write_boolean(row, column, *boolean)?),
                Cell::Day(day, text) => match serial(day.and_time(chrono::NaiveTime::MIN)) {
                    Some(serial) => drop(sheet.write_number_with_format(row, column, serial, &forms.day)?),
                    None => write_text(sheet, (row, column), text, &forms.text)?,
                },
                Cell::Moment(moment, text) => match serial(*moment) {
                    Some(serial) => drop(sheet.write_number_with_format(row, column, serial, &forms.moment)?),
                    None => write_text(sheet, (row, column), text, &forms.text)?,
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

impl Forms {
    /// The form of a column's empty cells.
    fn of(&self, column: &Column) -> Option<&Format> {
        match column.field.shape {
            _ if column.part == Part::Name => Some(&self.text),
            Shape::Day => Some(&self.day),
            Shape::Instant => Some(&self.moment),
            Shape::Decimal { .. } | Shape::Integer { .. } | Shape::Number { .. } | Shape::Boolean => None,
            _ => Some(&self.text),
        }
    }
}

fn write_text(sheet: &mut Worksheet, (row, column): (u32, u16), text: &str, format: &Format) -> Result<(), XlsxError> {
    let guarded = if is_taken_for_guarded(text) { format!("'{text}") } else { text.to_owned() };
    sheet.write_string_with_format(row, column, guarded, format).map(drop)
}

fn digits(number: &str) -> usize {
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    digits.trim_start_matches('0').len()
}

/// A spreadsheet's number of a moment; none of days that it doesn't show right, or that are read as other numbers.
fn serial(moment: NaiveDateTime) -> Option<f64> {
    let first = NaiveDate::from_ymd_opt(1930, 1, 2)?;
    let last = NaiveDate::from_ymd_opt(2099, 12, 31)?;
    if !(first..=last).contains(&moment.date()) {
        return None;
    }
    let days = moment.date().signed_duration_since(NaiveDate::from_ymd_opt(1899, 12, 30)?).num_days();
    let days = f64::from(i32::try_from(days).ok()?);
    Some(days + f64::from(moment.time().num_seconds_from_midnight()) / 86_400.0)
}

/// A width in which most values are seen whole.
fn width(column: &Column) -> f64 {
    match column.field.shape {
        _ if column.part == Part::Name => 18.0,
        Shape::Id | Shape::Account | Shape::Reference(_) => 14.0,
        Shape::Day => 12.0,
        Shape::Instant => 20.0,
        Shape::Boolean => 8.0,
        Shape::Decimal { .. } | Shape::Integer { .. } | Shape::Number { .. } => 12.0,
        Shape::Word(_) | Shape::Area => 14.0,
        Shape::Text { max, .. } if max <= 20 => 20.0,
        Shape::Text { .. } => 24.0,
        _ => 30.0,
    }
}

fn is_taken_for_guarded(text: &str) -> bool {
    let text = visible(text);
    unguarded(&text) != text
}
