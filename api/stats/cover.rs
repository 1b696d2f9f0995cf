//! What is shown of figures; and for keys that may not see small numbers, what is shown instead.
//!
//! Such a key sees the grid of whole days and townships. Each cell of it is covered by itself: 1 to 9 is hidden,
//! the rest rounded to 5. Everything larger is the *sum of what is shown of its cells*, so no subtraction of one
//! answer from another gives back a hidden cell: days from periods, townships from districts. Parts of a figure
//! (abnormal of screened) are hidden, too, where what is left of the whole would be small.

use std::collections::{BTreeMap, BTreeSet};

use super::asked::{Asked, By, Persons};
use super::rollups::{Cell, Read};
use crate::records::Figure;
use crate::records::figure::Privacy;

/// Numbers below this are small.
const SMALL: i64 = 10;
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
}

/// Figures by line and name, and of all lines together.
pub struct Sheet {
    pub lines: BTreeMap<String, BTreeMap<&'static str, Shown>>,
    pub total: BTreeMap<&'static str, Shown>,
}

/// What is shown of what was read.
pub fn sheet(asked: &Asked, read: &Read) -> Sheet {
    let figures = asked.kind.rules.figures();
    let mut sheet = Sheet { lines: BTreeMap::new(), total: BTreeMap::new() };
    let shown = if asked.covered { covered(asked, figures, &read.cells) } else { plain(figures, &read.cells) };
    for (key, name, cell) in shown {
        sheet.total.entry(name).or_default().add(cell);
        sheet.lines.entry(key).or_default().entry(name).or_default().add(cell);
    }
    if asked.covered {
        covered_persons(asked, &mut sheet, read)
    } else {
        persons(asked, &mut sheet, read)
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

/// How people are compared with the period before: a month's first days have no like.
fn compared(persons: Persons, previous: i64) -> Option<i64> {
    (persons != Persons::Distinct("new_in_month")).then_some(previous)
}

fn persons(asked: &Asked, sheet: &mut Sheet, read: &Read) {
    let Some(name) = asked.kind.rules.figures().iter().find(|figure| figure.distinct).map(|figure| figure.name) else {
        return;
    };
    let shown = |persons: Persons, cell: &Cell| Shown {
        value: cell.value,
        previous: compared(persons, cell.previous),
        ..Shown::default()
    };
    for cell in &read.persons {
        // Of places only those that the caller sees have lines.
        if asked.by != By::Place || sheet.lines.contains_key(&cell.key) {
            sheet.lines.entry(cell.key.clone()).or_default().insert(name, shown(asked.persons, cell));
        }
    }
    if asked.persons_in_all != Persons::Unknown {
        let zero = Cell { key: String::new(), measure: String::new(), value: 0, previous: 0 };
        let cell = read.persons_in_all.as_ref().unwrap_or(&zero);
        sheet.total.insert(name, shown(asked.persons_in_all, cell));
    }
}

/// 1 to 9 is hidden, more or less; the rest rounded.
fn cover(value: i64) -> Option<i64> {
    if is_small(value) { None } else { Some((value.abs() + STEP / 2) / STEP * STEP * value.signum()) }
}

fn is_small(value: i64) -> bool {
    (1..SMALL).contains(&value.abs())
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
fn cover_cell(figures: &'static [Figure], values: &BTreeMap<&str, i64>) -> BTreeMap<&'static str, Option<i64>> {
    let value = |figure: &Figure| values.get(figure.measure).copied().unwrap_or(0);
    let counted = || figures.iter().filter(|figure| !figure.distinct);
    let mut shown: BTreeMap<&'static str, Option<i64>> = counted()
        .map(|figure| {
            (figure.name, if figure.privacy == Privacy::Open { Some(value(figure)) } else { cover(value(figure)) })
        })
        .collect();
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

/// What is left of the whole, when all shares that are shown are taken away, must not be small: the smallest
/// shares go until it isn't.
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

/// People of a day: of a township as it is; of the district, where it is near the sum of its townships, that sum:
/// from the difference a hidden one could be guessed. Of longer periods nothing.
fn covered_persons(asked: &Asked, sheet: &mut Sheet, read: &Read) {
    let Some(name) = asked.kind.rules.figures().iter().find(|figure| figure.distinct).map(|figure| figure.name) else {
        return;
    };
    let single = asked.persons != Persons::Unknown;
    let one_day = asked.from_on == Some(asked.to_on);
    let mut days: BTreeMap<&str, BTreeMap<&str, &Cell>> = BTreeMap::new();
    for cell in &read.persons {
        let (day, scope) = cell.key.split_once(' ').unwrap_or(("", &cell.key));
        days.entry(day).or_default().insert(scope, cell);
    }
    for (day, scopes) in days.into_iter().filter(|_| single) {
        let of = |side: fn(&Cell) -> i64| guarded(asked.area(), &scopes, side);
        let (now, before) = (of(|cell| cell.value), of(|cell| cell.previous));
        for scope in scopes.keys() {
            let value = |shown: &BTreeMap<String, Option<i64>>| shown.get(*scope).copied().flatten();
            let (value, previous) = (value(&now), value(&before));
            let shown = Shown {
                value: value.unwrap_or(0),
                previous: Some(previous.unwrap_or(0)),
                hidden: value.is_none(),
                previous_hidden: previous.is_none(),
            };
            let whole = *scope == asked.area();
            match asked.by {
                By::Day if whole => {
                    sheet.lines.entry(day.to_owned()).or_default().insert(name, shown);
                }
                By::Area if !whole => {
                    sheet.lines.entry((*scope).to_owned()).or_default().insert(name, shown);
                }
                _ => {}
            }
            if whole && one_day {
                sheet.total.insert(name, shown);
            }
        }
    }
}

fn guarded(area: &str, scopes: &BTreeMap<&str, &Cell>, side: fn(&Cell) -> i64) -> BTreeMap<String, Option<i64>> {
    let mut shown: BTreeMap<String, Option<i64>> =
        scopes.iter().map(|(scope, cell)| ((*scope).to_owned(), cover(side(cell)))).collect();
    let parts: i64 = shown.iter().filter(|(scope, _)| *scope != area).filter_map(|(_, value)| *value).sum();
    if let Some(whole) = shown.get_mut(area) {
        let near = whole.is_some_and(|value| (1..SMALL).contains(&(value - parts).abs()));
        if near && area.len() < 9 {
            *whole = Some(parts);
        }
    }
    shown
}
