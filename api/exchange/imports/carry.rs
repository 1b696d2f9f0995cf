//! Books in which several rows share a record: what stands of it in one row holds for those below, until another begins.

use std::collections::HashMap;

use super::header::{Header, Place};
use crate::exchange::files::days::Hints;
use crate::exchange::files::texts::{self, visible};
use crate::records::{Book, Kind};
use kit::text::Text;
use kit::tree::Tree;

use crate::records::Warning;

/// Numbers of records that are remembered.
const MOST: usize = 100_000;

/// A cell by which the row would be of another record than those of the same number.
pub static APART_NOTED: Warning = Warning {
    code: "apart_noted",
    message: Text::new(
        "rows above of the same number don't have it; kept in the note, so that they stay one",
        "同号的上一行未填此项,为避免拆成两户,内容已记入备注",
    ),
};

/// Shared cells of a book so far.
pub struct Carry {
    book: &'static Book,
    /// Columns of the shared record, and of the leader of its group.
    shared: Vec<usize>,
    area: Option<usize>,
    number: Option<usize>,
    apart: Option<usize>,
    begins: Option<usize>,
    above: Option<Vec<String>>,
    by_number: HashMap<String, Vec<String>>,
}

impl Carry {
    /// Of a sheet that is a book; none of any other.
    pub fn of(kind: &Kind, header: &Header) -> Option<Self> {
        let book = kind.rules.book().filter(|_| !header.ours)?;
        let at = |path: &[&str]| {
            header.places.iter().position(|place| matches!(place, Place::Field(column) if column.path == path))
        };
        let is_shared = |place: &Place| match place {
            Place::Field(column) => {
                let first = column.path.first().copied().unwrap_or_default();
                first == book.shared || first == book.groups.column
            }
            _ => false,
        };
        let shared: Vec<usize> =
            header.places.iter().enumerate().filter(|(_, place)| is_shared(place)).map(|(index, _)| index).collect();
        let (number, apart) = (at(&[book.shared, book.number]), at(&[book.shared, book.apart]));
        let carry = Self {
            book,
            area: at(&["area_code"]),
            begins: at(&[book.begins.0]),
            shared,
            number,
            apart,
            above: None,
            by_number: HashMap::new(),
        };
        (number.is_some() || apart.is_some()).then_some(carry)
    }

    /// Fills in what a row leaves to those above; answers the cell that must not tell it apart.
    pub fn fill(&mut self, header: &Header, hints: &Hints, cells: &mut Vec<String>) -> Option<(usize, String)> {
        let said = |cells: &[String], index: Option<usize>| {
            index.and_then(|index| cells.get(index)).map(|cell| visible(cell)).unwrap_or_default()
        };
        let (number, apart) = (said(cells, self.number), said(cells, self.apart));
        let mut noted = None;
        if number.is_empty() && apart.is_empty() {
            if !self.begins(header, hints, cells) {
                self.fill_from(self.above.clone(), cells);
            }
        } else if !number.is_empty() {
            let key = format!("{}\u{0}{number}", said(cells, self.area));
            match self.by_number.get(&key).cloned() {
                Some(first) => {
                    let others = self.apart.and_then(|at| self.shared.iter().position(|index| *index == at));
                    let others = others.and_then(|at| first.get(at)).map(|cell| visible(cell)).unwrap_or_default();
                    if let Some(at) = self.apart.filter(|_| others.is_empty() && !apart.is_empty()) {
                        if let Some(cell) = cells.get_mut(at) {
                            cell.clear();
                        }
                        noted = Some((at, apart));
                    }
                    self.fill_from(Some(first), cells);
                }
                None if self.by_number.len() < MOST => drop(self.by_number.insert(key, self.of_row(cells))),
                None => {}
            }
        }
        self.above = Some(self.of_row(cells));
        noted
    }

    fn begins(&self, header: &Header, hints: &Hints, cells: &[String]) -> bool {
        let place = self.begins.and_then(|index| Some((header.places.get(index)?, cells.get(index)?)));
        let Some((Place::Field(column), text)) = place else { return false };
        texts::member(&column.field.shape, text, hints) == Tree::Text(self.book.begins.1.to_owned())
    }

    fn of_row(&self, cells: &[String]) -> Vec<String> {
        self.shared.iter().map(|index| cells.get(*index).cloned().unwrap_or_default()).collect()
    }

    fn fill_from(&self, above: Option<Vec<String>>, cells: &mut Vec<String>) {
        for (index, text) in self.shared.iter().zip(above.into_iter().flatten()) {
            if cells.len() <= *index {
                cells.resize(index + 1, String::new());
            }
            if let Some(cell) = cells.get_mut(*index).filter(|cell| visible(cell).is_empty()) {
                *cell = text;
            }
        }
    }
}
