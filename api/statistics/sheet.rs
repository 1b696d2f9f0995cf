//! Figures as a file that a spreadsheet opens: in Chinese with a byte order mark, or by the names of the figures.

use kit::columns;
use kit::problem::Problem;
use kit::text::{Language, Text};
use rust_decimal::Decimal;
use serde_json::Value as Json;

use super::answer::{Table, of_line, told};
use super::asked::{Asked, By, Persons};
use super::cover::Shown;
use crate::exchange::files::cells::csv_line;
use crate::exchange::files::rows::Cell;
use crate::exchange::files::xlsx::{MOST_ROWS, Writer};
use crate::platform::http::Call;
use crate::records::Figure;
use crate::records::codes::TOO_MANY_ROWS;

columns! {
    HEADERS "headers": String;
}

/// The media type.
pub const CSV: &str = "text/csv; charset=utf-8; header=present";
/// The column that names the figures of which something is hidden: those are at least so much.
const HIDDEN: Text = Text::new("suppressed", "含隐去小数的指标");
const LABEL: Text = Text::new("label", "名称");

/// Whether headers are to be Chinese.
pub fn is_chinese(call: &Call) -> bool {
    call.query.get(&HEADERS) == Some("zh")
}

fn written(chinese: bool, rows: impl Iterator<Item = Vec<Cell>>) -> String {
    rows.fold(if chinese { "\u{feff}" } else { "" }.to_owned(), |text, row| text + &csv_line(&row))
}

/// A line a line of figures; of figures all together, one.
pub fn of_figures(call: &Call, asked: &Asked, table: &Table) -> String {
    let chinese = is_chinese(call);
    let named = |text: &Text| Cell::Text(if chinese { text.zh } else { text.en }.to_owned());
    let columns: Vec<&Figure> = told(asked).filter(|figure| asked.tells(figure, counting(asked))).collect();
    let key = if chinese { asked.by.label() } else { asked.by.code() };
    let mut header = vec![Cell::Text(key.to_owned()), named(&LABEL)];
    header.extend(columns.iter().map(|figure| Cell::Text(title(figure, chinese))));
    header.extend(asked.covered.then(|| named(&HIDDEN)));
    let mut rows = vec![header];
    for line in &table.lines {
        let head = [line.key.clone().unwrap_or_default(), line.label.clone()];
        let persons = of_line(asked, line);
        rows.push(row(asked, head, &columns, |figure| {
            asked.tells(figure, persons).then(|| line.figures.get(figure.name).copied().unwrap_or_default())
        }));
    }
    if asked.by == By::Total {
        let label = if chinese { asked.by.label() } else { asked.by.code() };
        rows.push(row(asked, [String::new(), label.to_owned()], &columns, |figure| {
            asked.tells(figure, asked.persons_in_all).then(|| table.total.get(figure.name).copied().unwrap_or_default())
        }));
    }
    written(chinese, rows.into_iter())
}

fn counting(asked: &Asked) -> Persons {
    if asked.by == By::Total { asked.persons_in_all } else { asked.persons }
}

fn title(figure: &Figure, chinese: bool) -> String {
    if chinese {
        format!("{}({})", figure.label.in_language(Language::Chinese), figure.unit.in_language(Language::Chinese))
    } else {
        figure.name.to_owned()
    }
}

fn row(asked: &Asked, head: [String; 2], columns: &[&Figure], of: impl Fn(&Figure) -> Option<Shown>) -> Vec<Cell> {
    let mut cells: Vec<Cell> = head.into_iter().map(Cell::Text).collect();
    let mut hidden = Vec::new();
    for figure in columns {
        let Some(shown) = of(figure) else {
            cells.push(Cell::Empty);
            continue;
        };
        if shown.hidden {
            hidden.push(figure.name);
        }
        cells.push(match shown.hidden && shown.value == 0 {
            true => Cell::Empty,
            false => Cell::Number(Decimal::new(shown.value, figure.scale).to_string()),
        });
    }
    cells.extend(asked.covered.then(|| Cell::Text(hidden.join(" "))));
    cells
}

/// A column of a list that isn't of a kind's figures.
pub struct Column {
    /// The member of the list's items.
    pub name: &'static str,
    /// Name for people.
    pub label: &'static str,
    /// Whether its texts are numbers.
    pub numeric: bool,
}

/// A column of words.
pub const fn words(name: &'static str, label: &'static str) -> Column {
    Column { name, label, numeric: false }
}

/// A column of numbers.
pub const fn numbers(name: &'static str, label: &'static str) -> Column {
    Column { name, label, numeric: true }
}

/// A line an item.
pub fn of_items(call: &Call, columns: &[Column], items: &[Json]) -> String {
    of_rows(call, columns, rows(columns, items))
}

/// A line a row.
pub fn of_rows(call: &Call, columns: &[Column], rows: impl IntoIterator<Item = Vec<Cell>>) -> String {
    let header = titles(call, columns).map(Cell::Text).collect();
    written(is_chinese(call), std::iter::once(header).chain(rows))
}

/// The same as a workbook.
pub fn book(call: &Call, columns: &[Column], rows: impl IntoIterator<Item = Vec<Cell>>) -> Result<Vec<u8>, Problem> {
    let titles: Vec<String> = titles(call, columns).collect();
    let mut writer = Writer::new(&titles, &[]).map_err(Problem::internal)?;
    for (index, row) in rows.into_iter().enumerate() {
        if index == MOST_ROWS {
            return Err(TOO_MANY_ROWS.into());
        }
        writer.write(&row).map_err(Problem::internal)?;
    }
    writer.finish().map_err(Problem::internal)
}

/// The cells of items.
pub fn rows(columns: &[Column], items: &[Json]) -> Vec<Vec<Cell>> {
    let cell = |column: &Column, item: &Json| match item.get(column.name) {
        Some(Json::String(text)) if column.numeric => Cell::Number(text.clone()),
        Some(Json::String(text)) => Cell::Text(text.clone()),
        Some(Json::Number(number)) => Cell::Number(number.to_string()),
        Some(Json::Bool(flag)) => Cell::Text(flag.to_string()),
        Some(Json::Array(items)) => Cell::Text(items.iter().filter_map(Json::as_str).collect::<Vec<_>>().join(" ")),
        _ => Cell::Empty,
    };
    items.iter().map(|item| columns.iter().map(|column| cell(column, item)).collect()).collect()
}

fn titles(call: &Call, columns: &[Column]) -> impl Iterator<Item = String> {
    let chinese = is_chinese(call);
    columns.iter().map(move |column| if chinese { column.label } else { column.name }.to_owned())
}
