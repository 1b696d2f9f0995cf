//! Turns the value of a cell into the text its author sees.

use calamine::{DataRef, ExcelDateTime};
use chrono::{DurationRound, TimeDelta};

use super::super::RowErrorKind;

/// Days Excel can show: from 1900 to 9999.
const SERIALS: std::ops::Range<f64> = 0.0..2_958_466.0;

/// Excel keeps fifteen digits; from here on integers have more.
const SIXTEEN_DIGITS: f64 = 1e15;

/// The text of a cell, and what is wrong with it, if anything. `format` is
/// the code of the cell's number format, `column` counts from 1.
pub(super) fn text(value: &DataRef, format: Option<&str>, column: usize) -> (String, Option<RowErrorKind>) {
    match value {
        DataRef::Empty => (String::new(), None),
        DataRef::String(text) => checked(text, column),
        DataRef::SharedString(text) => checked(text, column),
        DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => checked(text, column),
        DataRef::Bool(value) => (value.to_string(), None),
        DataRef::Int(value) => number(*value as f64, column),
        DataRef::Float(value) => number(*value, column),
        DataRef::DateTime(value) if SERIALS.contains(&value.as_f64()) => (moment(value, format), None),
        DataRef::DateTime(value) => number(value.as_f64(), column),
        DataRef::Error(error) => error_value(error.to_string(), column),
    }
}

fn error_value(value: String, column: usize) -> (String, Option<RowErrorKind>) {
    let kind = RowErrorKind::ErrorValue { column, value: value.clone() };
    (value, Some(kind))
}

fn checked(text: &str, column: usize) -> (String, Option<RowErrorKind>) {
    let nul = text.contains('\0').then_some(RowErrorKind::Nul { column });
    (text.to_owned(), nul)
}

fn number(value: f64, column: usize) -> (String, Option<RowErrorKind>) {
    if !value.is_finite() {
        return error_value("#NUM!".to_owned(), column);
    }
    let lost = value.abs() >= SIXTEEN_DIGITS;
    let problem = lost.then_some(RowErrorKind::DigitsLost { column });
    (plain(value), problem)
}

/// The number in the fifteen digits Excel itself shows, so that 36.5 does not
/// come out as 36.499999999999993, and never in scientific notation.
fn plain(value: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    let rounded: f64 = format!("{value:.14e}").parse().unwrap_or(value);
    rounded.to_string()
}

/// A date or time.
fn moment(value: &ExcelDateTime, format: Option<&str>) -> String {
    let serial = value.as_f64();
    let shown = Shown::by(format);
    if value.is_duration() || (serial < 1.0 && (shown.time || !shown.date)) {
        return time_of(serial);
    }
    let second = TimeDelta::seconds(1);
    let rounded = value.as_datetime().and_then(|t| t.duration_round(second).ok());
    let Some(moment) = rounded else {
        return plain(serial);
    };
    let whole = serial.fract() == 0.0;
    if (shown.date || whole) && !shown.time {
        return moment.format("%Y-%m-%d").to_string();
    }
    moment.format("%Y-%m-%dT%H:%M:%S").to_string()
}

/// Hours and minutes, and seconds if there are any.
fn time_of(days: f64) -> String {
    // In the range of serials, so the cast cannot be off.
    let seconds = (days * 86_400.0).round() as u64;
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match seconds {
        0 => format!("{hours:02}:{minutes:02}"),
        _ => format!("{hours:02}:{minutes:02}:{seconds:02}"),
    }
}

/// Date and time as a number format shows them. Neither if it is not known, as with the
/// built-in formats that depend on the country.
#[derive(Default)]
struct Shown {
    date: bool,
    time: bool,
}

impl Shown {
    fn by(format: Option<&str>) -> Self {
        let code = match format {
            None | Some("General") => return Self::default(),
            Some(code) => symbols(code),
        };
        let time = code.contains(['h', 's']);
        let date = code.contains(['y', 'd', 'e']) || (code.contains('m') && !time);
        Self { date, time }
    }
}

/// The letters of the first section of a format that stand for something:
/// without quoted text, escapes and brackets, in lower case.
fn symbols(code: &str) -> String {
    let mut symbols = String::new();
    let mut chars = code.chars();
    while let Some(ch) = chars.next() {
        match ch {
            ';' => break,
            '"' => skip_to(&mut chars, '"'),
            '[' => skip_to(&mut chars, ']'),
            '\\' | '_' | '*' => {
                chars.next();
            }
            _ => symbols.push(ch.to_ascii_lowercase()),
        }
    }
    symbols
}

fn skip_to(chars: &mut std::str::Chars, end: char) {
    for ch in chars {
        if ch == end {
            return;
        }
    }
}
