//! Finding the table in a sheet: titles above it, a header of one row or two, constants that stand in the titles.

use chrono::NaiveDate;
use kit::field::Shape;
use kit::text::is_han;

use super::dictionary::Dictionary;
use super::header::Header;
use crate::exchange::files::columns::Column;
use crate::exchange::files::days::{day_within, year_in};
use crate::exchange::files::table::Row;
use crate::exchange::files::tabular::MAX_CELLS_PER_ROW;
use crate::exchange::files::texts::words_in;

/// Rows in which a header is looked for.
pub const LOOK: usize = 60;

/// Letters of a unit above the table; a longer text is somebody's name.
const MOST_OF_UNIT: usize = 10;
/// Words with which units end; any other text behind 单位 is an organisation's name.
const UNITS: [&str; 30] = [
    "公斤", "千克", "斤", "克", "吨", "升", "毫升", "kg", "g", "l", "ml", "t", "箱", "袋", "包", "盒", "瓶", "个",
    "只", "件", "套", "桶", "支", "卷", "双", "台", "副", "片", "条", "把",
];

/// Whether a text is a unit: 公斤, 元/斤.
fn is_unit(text: &str) -> bool {
    let bare = text.split(['(', '（']).next().unwrap_or_default().trim().to_lowercase();
    let known = UNITS.contains(&bare.as_str()) || bare.starts_with(['元', '¥', '￥']);
    known && text.chars().count() <= MOST_OF_UNIT
}

/// A table that was found.
pub struct Found {
    /// Its header.
    pub header: Header,
    /// The rows of the header, counted from 0 among those looked at: the first and the one behind the last.
    pub rows: (usize, usize),
    /// Values that the titles give all rows.
    pub constants: Vec<(Column, String)>,
    /// The year that they name.
    pub year: Option<i32>,
    /// The day that they name.
    pub day: Option<NaiveDate>,
}

/// Finds the table among the first rows of a sheet; none where no row is a header.
pub fn find(dictionary: &Dictionary, rows: &[Row], title: &str) -> Option<Found> {
    let mut best: Option<(usize, usize, Header)> = None;
    for (index, row) in rows.iter().take(LOOK).enumerate() {
        if row.flaw.is_some() || row.cells.len() > MAX_CELLS_PER_ROW {
            continue;
        }
        let mut candidates = vec![(1, dictionary.read(&row.cells))];
        if let Some(below) = rows.get(index + 1).filter(|below| below.flaw.is_none()) {
            let alone = dictionary.read(&below.cells).known();
            let both = joined(dictionary, &row.cells, &below.cells).map(|names| dictionary.read(&names));
            let both = both.filter(|both| both.known() > alone);
            // A row that only parts the columns below merged cells is none of the table, though it be told no better.
            let parts = is_below_spans(&row.cells, &below.cells);
            let own = candidates.first().map_or(0, |(_, header)| header.known());
            if parts && both.as_ref().is_some_and(|both| both.known() == own) {
                candidates.clear();
            }
            candidates.extend(both.map(|both| (2, both)));
        }
        for (height, header) in candidates {
            let known = header.known();
            let is_better = match &best {
                Some((.., other)) => known > other.known(),
                None => true,
            };
            if is_header(&header) && is_better {
                best = Some((index, height, header));
            }
        }
    }
    let (first, height, mut header) = best?;
    dictionary.propose(&mut header);
    let above = rows.get(..first).unwrap_or_default();
    let titles: Vec<&str> = above.iter().flat_map(|row| &row.cells).map(|cell| cell.trim()).collect();
    let all = || std::iter::once(title).chain(titles.iter().copied());
    let constants = constants(dictionary, &header, above);
    let day = all().find_map(day_within);
    let year = all().find_map(year_in);
    Some(Found { header, rows: (first, first + height), constants, year, day })
}

/// Whether names are a header: two known columns at least, and a third of all; or half of what there is.
fn is_header(header: &Header) -> bool {
    let (known, named) = (header.known(), header.named());
    (known >= 2 && known * 3 >= named) || (known >= 1 && known * 2 >= named)
}

/// Two rows as one header: what stands above several columns, and what stands below it. None where the second row
/// is no part of a header.
fn joined(dictionary: &Dictionary, above: &[String], below: &[String]) -> Option<Vec<String>> {
    // A number is a value, unless it is of a unit, or a day below its month.
    let is_name = |cell: &String| cell.chars().any(is_han) && dictionary.read(std::slice::from_ref(cell)).known() > 0;
    let is_value = |cell: &String| {
        cell.chars().any(|letter| letter.is_ascii_digit())
            && !is_name(cell)
            && !dictionary.is_axis(cell)
            && !dictionary.is_axis(&format!("1月{cell}"))
    };
    let filled =
        |cells: &[String], index: usize| cells.get(index).map(|cell| cell.trim()).unwrap_or_default().to_owned();
    if below.iter().any(is_value) || below.iter().all(|cell| cell.trim().is_empty()) {
        return None;
    }
    let width = above.len().max(below.len());
    let (mut names, mut carried, mut shares) = (Vec::with_capacity(width), String::new(), false);
    for index in 0..width {
        let (top, sub) = (filled(above, index), filled(below, index));
        if !top.is_empty() {
            carried.clone_from(&top);
        }
        shares |= (top.is_empty() && !sub.is_empty()) || (!top.is_empty() && (sub.is_empty() || sub == top));
        names.push(match (top.is_empty(), sub.is_empty()) {
            (_, true) => top,
            (false, false) if top == sub => top,
            // Both names together are most telling, else the lower one.
            _ => {
                let both = format!("{carried}{sub}");
                let is_known = |name: &String| dictionary.read(std::slice::from_ref(name)).known() > 0;
                if !is_known(&both) && is_known(&sub) && !dictionary.is_axis(&both) { sub } else { both }
            }
        });
    }
    shares.then_some(names)
}

/// Whether the cells of the second row stand only below such of the first as reach over several columns.
fn is_below_spans(above: &[String], below: &[String]) -> bool {
    let is_empty = |cells: &[String], index: usize| cells.get(index).is_none_or(|cell| cell.trim().is_empty());
    // Cells of a workbook that are merged repeat what they say.
    let goes_on = |index: usize| {
        is_empty(above, index + 1) && index + 1 < above.len()
            || above.get(index + 1).is_some_and(|next| above.get(index) == Some(next))
    };
    let of_span = |index: usize| is_empty(above, index) || goes_on(index) || (index > 0 && goes_on(index - 1));
    let same =
        |index: usize| above.get(index).is_some_and(|top| below.get(index).is_some_and(|sub| top.trim() == sub.trim()));
    (0..below.len()).filter(|index| !is_empty(below, *index) && !same(*index)).all(of_span)
}

/// `卡点：北门` above the table says it of all rows, where no column does.
fn constants(dictionary: &Dictionary, header: &Header, above: &[Row]) -> Vec<(Column, String)> {
    let mut found: Vec<(Column, String)> = Vec::new();
    for row in above {
        let mut cells = row.cells.iter().map(|cell| cell.trim()).filter(|cell| !cell.is_empty()).peekable();
        while let Some(cell) = cells.next() {
            for part in cell.split([' ', '\u{3000}', ';', '；', '\n']).filter(|part| !part.is_empty()) {
                let Some((name, text)) = part.split_once(['：', ':']) else { continue };
                // The value may stand in the next cell.
                let text = if text.trim().is_empty() { cells.peek().copied().unwrap_or_default() } else { text };
                let read = dictionary.read(&[name.to_owned()]);
                let Some(super::header::Place::Field(column)) = read.places.into_iter().next() else { continue };
                // A phone above the table is its author's, not everybody's: only where and when is said of all rows.
                let is_meant = match column.field.shape {
                    Shape::Reference(_) | Shape::Area | Shape::Day => true,
                    // A text that means no word may be anything.
                    Shape::Word(vocabulary) => {
                        vocabulary.open || words_in(vocabulary, text).iter().all(|word| vocabulary.find(word).is_some())
                    }
                    _ => false,
                };
                let is_open = is_meant && dictionary.is_open(column.field);
                // The unit of a card of one thing.
                let is_unit = matches!(column.field.shape, Shape::Text { .. })
                    && column.field.name.ends_with("_unit")
                    && !column.field.is_personal()
                    && is_unit(text.trim());
                let of_list = header.kind.rules.lines().is_some_and(|lines| column.path.first() == Some(&lines.list));
                let of_all = (column.path.len() == 1 && is_open) || (is_unit && (column.path.len() == 1 || of_list));
                if !of_all {
                    continue;
                }
                let known = header.has(&column.path) || found.iter().any(|(other, _)| other.path == column.path);
                if !known && !text.trim().is_empty() {
                    found.push((column, text.trim().to_owned()));
                }
            }
        }
    }
    found
}
