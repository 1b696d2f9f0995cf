//! How many different people are shown.

use std::collections::BTreeMap;

use super::asked::{Asked, By, Persons};
use super::cover::{Sheet, Shown, cover, is_small};
use super::rollups::{Cell, Read};

/// How people are compared with the period before: a month's first days have no like.
fn compared(persons: Persons, previous: i64) -> Option<i64> {
    (persons != Persons::Distinct("new_in_month")).then_some(previous)
}

/// People as they are counted.
pub fn plain(asked: &Asked, sheet: &mut Sheet, read: &Read) {
    let Some(name) = asked.kind.rules.figures().iter().find(|figure| figure.is_of_people()).map(|figure| figure.name)
    else {
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

/// Fills in figures that count a thing once a day, as people: days add up to periods.
pub fn kept(asked: &Asked, sheet: &mut Sheet, read: &Read) {
    for figure in asked.kind.rules.figures().iter().filter(|figure| figure.kept_as.is_some()) {
        let different = figure.different.is_some();
        let shown = |persons: Persons| {
            move |cell: &Cell| Shown {
                value: cell.value,
                previous: if different { compared(persons, cell.previous) } else { Some(cell.previous) },
                ..Shown::default()
            }
        };
        let of_figure =
            |cells: &'_ [Cell]| cells.iter().filter(|cell| cell.measure == figure.measure).cloned().collect::<Vec<_>>();
        for cell in of_figure(&read.kept) {
            if asked.by != By::Place || sheet.lines.contains_key(&cell.key) {
                sheet.lines.entry(cell.key.clone()).or_default().insert(figure.name, shown(asked.persons)(&cell));
            }
        }
        let zero = Shown { previous: Some(0), ..Shown::default() };
        let total = of_figure(&read.kept_in_all).first().map_or(zero, shown(asked.persons_in_all));
        sheet.total.insert(figure.name, total);
    }
}

/// People of a day: of a township as it is; of the district only where none of its townships is hidden and those
/// elsewhere aren't few, else the sum of what is shown: from the difference a hidden one could be guessed. Of
/// longer periods nothing.
pub fn covered(asked: &Asked, sheet: &mut Sheet, read: &Read) {
    let Some(name) = asked.kind.rules.figures().iter().find(|figure| figure.is_of_people()).map(|figure| figure.name)
    else {
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
            let told = |shown: &Guarded| shown.get(*scope).copied().unwrap_or((0, true));
            let ((value, hidden), (previous, previous_hidden)) = (told(&now), told(&before));
            let shown = Shown { value, previous: Some(previous), hidden, previous_hidden };
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

/// How many people of a scope are shown, and whether something of them is hidden.
type Guarded = BTreeMap<String, (i64, bool)>;

fn guarded(area: &str, scopes: &BTreeMap<&str, &Cell>, side: fn(&Cell) -> i64) -> Guarded {
    let covered = |scope: &&str| {
        let shown = cover(scopes.get(*scope).map_or(0, |cell| side(cell)));
        ((*scope).to_owned(), (shown.unwrap_or(0), shown.is_none()))
    };
    let mut shown: Guarded = scopes.keys().map(covered).collect();
    let parts = || scopes.iter().filter(|(scope, _)| **scope != area);
    let of_parts: i64 = parts().filter_map(|(scope, _)| shown.get(*scope)).map(|(value, _)| value).sum();
    let any_hidden = parts().any(|(scope, _)| shown.get(*scope).is_some_and(|(_, hidden)| *hidden));
    if let Some(whole) = shown.get_mut(area).filter(|_| area.len() < 9) {
        let exact = scopes.get(area).map_or(0, |cell| side(cell)) - parts().map(|(_, cell)| side(cell)).sum::<i64>();
        if any_hidden || is_small(exact) || is_small(whole.0 - of_parts) {
            *whole = (of_parts, true);
        }
    }
    shown
}
