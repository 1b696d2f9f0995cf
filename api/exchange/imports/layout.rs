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

/// Rows in which a header is looked for.
pub const LOOK: usize = 60;

/// A table that was found.
pub struct Found {
    /// Its header.
    pub header: Header,
    /// The rows of the header, counted from 0 among those looked at: the first and the one behind the last.
    pub rows: (usize, usize),
    /// What the titles say of all rows.
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
            candidates.extend(both.filter(|both| both.known() > alone).map(|both| (2, both)));
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
            // What both say together is most telling, else what the lower one says.
            _ => {
                let both = format!("{carried}{sub}");
                let is_known = |name: &String| dictionary.read(std::slice::from_ref(name)).known() > 0;
                if !is_known(&both) && is_known(&sub) && !dictionary.is_axis(&both) { sub } else { both }
            }
        });
    }
    shares.then_some(names)
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
                let of_all = column.path.len() == 1
                    && matches!(column.field.shape, Shape::Reference(_) | Shape::Area | Shape::Day)
                    && dictionary.is_open(column.field);
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
