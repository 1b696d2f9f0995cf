//! Cover of figures: what is shown of them; and for keys that may not see small numbers, what is shown instead.
//!
//! Such a key sees the grid of whole days and townships. Each cell of it is covered by itself: 1 to 9 is hidden,
//! the rest rounded to 5. Everything larger is the *sum of what is shown of its cells*, so no subtraction of one
//! answer from another gives back a hidden cell: days from periods, townships from districts. Parts of a figure
//! (abnormal of screened) are hidden, too, where what is left of the whole would be small.

use std::collections::{BTreeMap, BTreeSet};

use super::asked::{Asked, By};
use super::people;
use super::rollups::{Cell, Read};
use crate::records::Figure;
use crate::records::figure::Privacy;

/// Numbers below this are small.
pub const SMALL: i64 = 10;
/// Numbers are rounded to this.
const STEP: i64 = 5;

/// A figure as it is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Shown {
    /// How much; of what is hidden nothing.
    pub value: i64,
    /// How much in the period before; none where that isn't known.
    pub previous: Option<i64>,
    /// Whether something of it is hidden.
    pub hidden: bool,
    /// Whether something of the period before is.
    pub previous_hidden: bool,
}

impl Shown {
    fn add(&mut self, other: Self) {
        self.value += other.value;
        self.previous = Some(self.previous.unwrap_or(0) + other.previous.unwrap_or(0));
        self.hidden |= other.hidden;
        self.previous_hidden |= other.previous_hidden;
    }

    /// Adds what another district shows. What one of them has nothing to compare with, both have not.
    fn add_district(&mut self, other: Self) {
        let previous = self.previous.zip(other.previous).map(|(own, theirs)| own + theirs);
        self.add(other);
        self.previous = previous;
    }
}

/// Figures by name.
pub type Row = BTreeMap<&'static str, Shown>;

/// Figures by line and name, and of all lines together.
#[derive(Default)]
pub struct Sheet {
    pub lines: BTreeMap<String, Row>,
    pub total: Row,
}

impl Sheet {
    /// Adds a district's line, and what it has in all.
    pub fn add_district(&mut self, lines: impl IntoIterator<Item = (String, Row)>, total: Row) {
        for (key, figures) in lines {
            add_row(self.lines.entry(key).or_default(), figures);
        }
        add_row(&mut self.total, total);
    }
}

fn add_row(row: &mut Row, figures: Row) {
    for (name, shown) in figures {
        row.entry(name).and_modify(|own| own.add_district(shown)).or_insert(shown);
    }
}

/// Makes the sheet that may be shown of the figures read.
pub fn sheet(asked: &Asked, read: &Read) -> Sheet {
    let figures = asked.kind.rules.figures();
    let mut sheet = Sheet::default();
    let shown = if asked.covered { covered(asked, figures, &read.cells) } else { plain(figures, &read.cells) };
    for (key, name, cell) in shown {
        sheet.total.entry(name).or_default().add(cell);
        sheet.lines.entry(key).or_default().entry(name).or_default().add(cell);
    }
    if asked.covered {
        people::covered(asked, &mut sheet, read);
    } else {
        people::plain(asked, &mut sheet, read);
        people::kept(asked, &mut sheet, read);
    }
    sheet
}

type Cells = Vec<(String, &'static str, Shown)>;

fn plain(figures: &'static [Figure], cells: &[Cell]) -> Cells {
    let of = |cell: &Cell| {
        let named = figures
            .iter()
            .filter(|figure| !figure.distinct && figure.measure == cell.measure)
            .map(|figure| figure.name);
        let shown = Shown { value: cell.value, previous: Some(cell.previous), ..Shown::default() };
        named.map(|name| (cell.key.clone(), name, shown)).collect::<Vec<_>>()
    };
    cells.iter().flat_map(of).collect()
}

/// 1 to 9 is hidden, more or less; the rest rounded.
pub fn cover(value: i64) -> Option<i64> {
    if is_small(value) { None } else { Some((value.abs() + STEP / 2) / STEP * STEP * value.signum()) }
}

/// Whether a number is small, more or less.
pub fn is_small(value: i64) -> bool {
    (1..SMALL).contains(&value.abs())
}

/// The same of an amount, in its whole units.
fn cover_amount(value: i64, scale: u32) -> Option<i64> {
    let unit = 10_i64.pow(scale);
    cover(value.signum() * ((value.abs() + unit / 2) / unit))
        .filter(|_| value == 0 || value.abs() >= SMALL * unit)
        .map(|rounded| rounded * unit)
}

/// Covers each cell of the grid; the line it belongs to is its day, its township, or all.
fn covered(asked: &Asked, figures: &'static [Figure], cells: &[Cell]) -> Cells {
    let mut grid: BTreeMap<&str, BTreeMap<&str, (i64, i64)>> = BTreeMap::new();
    for cell in cells {
        grid.entry(&cell.key).or_default().insert(&cell.measure, (cell.value, cell.previous));
    }
    let mut shown = Vec::new();
    for (key, measures) in grid {
        let (day, area) = key.split_once(' ').unwrap_or((key, ""));
        let line = match asked.by {
            By::Area => area,
            By::Day => day,
            _ => "",
        };
        let of = |side: fn(&(i64, i64)) -> i64| {
            cover_cell(figures, &measures.iter().map(|(name, pair)| (*name, side(pair))).collect())
        };
        let (now, before) = (of(|pair| pair.0), of(|pair| pair.1));
        for figure in figures.iter().filter(|figure| !figure.distinct) {
            let (value, previous) =
                (now.get(figure.name).copied().flatten(), before.get(figure.name).copied().flatten());
            let hidden = value.is_none();
            let shown_cell = Shown {
                value: value.unwrap_or(0),
                previous: Some(previous.unwrap_or(0)),
                hidden,
                previous_hidden: previous.is_none(),
            };
            shown.push((line.to_owned(), figure.name, shown_cell));
        }
    }
    shown
}

/// Covers the figures of one cell together.
pub fn cover_cell(figures: &'static [Figure], values: &BTreeMap<&str, i64>) -> BTreeMap<&'static str, Option<i64>> {
    let value = |figure: &Figure| values.get(figure.measure).copied().unwrap_or(0);
    let counted = || figures.iter().filter(|figure| !figure.distinct);
    let of_figure = |figure: &Figure| match figure.privacy {
        Privacy::Open => Some(value(figure)),
        Privacy::Personal => cover_amount(value(figure), figure.scale),
    };
    let mut shown: BTreeMap<&'static str, Option<i64>> =
        counted().map(|figure| (figure.name, of_figure(figure))).collect();
    // Hours or distances of few people tell of those few.
    if counted().next().is_some_and(|records| shown.get(records.name) == Some(&None)) {
        for amount in counted().filter(|figure| figure.scale > 0 && figure.privacy == Privacy::Personal) {
            shown.insert(amount.name, None);
        }
    }
    for whole in counted().filter(|figure| figure.privacy == Privacy::Personal) {
        let parts: Vec<&Figure> = counted().filter(|figure| figure.part_of == Some(whole.name)).collect();
        let Some(of_whole) = shown.get(whole.name).copied().flatten() else {
            // A part of what is hidden is hidden; nothing of nothing is no secret.
            parts.iter().for_each(|part| {
                shown.insert(part.name, None);
            });
            continue;
        };
        for part in &parts {
            if is_small(value(whole) - value(part)) {
                shown.insert(part.name, None);
            }
        }
        leave_no_rest(&mut shown, of_whole, &parts);
    }
    shown
}

/// Removes the smallest shares until what is left of the whole, when all shares that are shown are taken away, isn't
/// small.
fn leave_no_rest(shown: &mut BTreeMap<&'static str, Option<i64>>, of_whole: i64, parts: &[&Figure]) {
    loop {
        let shares = parts.iter().filter(|part| part.is_share);
        let known = shares.filter_map(|part| {
            let value = shown.get(part.name).copied().flatten().filter(|value| *value != 0)?;
            Some((value.abs(), part.name, value))
        });
        let known: BTreeSet<(i64, &'static str, i64)> = known.collect();
        let rest = of_whole - known.iter().map(|(_, _, value)| value).sum::<i64>();
        match known.first() {
            Some((_, smallest, _)) if is_small(rest) => {
                shown.insert(smallest, None);
            }
            _ => return,
        }
    }
}
