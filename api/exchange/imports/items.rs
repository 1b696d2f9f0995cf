//! From rows to records: mostly a row a record; where a file gives an item a row, the rows of one record are put
//! together, wherever in the file they stand.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use kit::catalogue::{Code, FaultCode};
use kit::faults::{Fault, Faults};
use kit::problem::Problem;
use kit::tree::{Tree, to_json};

use super::header::Header;
use super::identity::typed_key;
use super::returned::Met;
use super::row::{self, Body};
use super::wide::CellAt;
use crate::exchange::codes::{DIFFERS_WITHIN_RECORD, OTHER_ROW_FAULTY};
use crate::exchange::files::table::Row;
use crate::platform::http::fault;
use crate::records::codes::TOO_MANY_ROWS;
use crate::records::wide::NotDone;
use crate::records::{Context, Draft, Kind, Registry};

/// More rows than this are no one record.
const MOST_ROWS: usize = 500;
/// Rows of a file that gives an item a row: all of them wait for the end of the file.
const MOST_GATHERED: usize = 100_000;

/// A body as the rules read it, and their faults.
pub struct Checked {
    /// The draft.
    pub draft: Draft,
    /// Faults of it.
    pub faults: Faults,
}

impl Checked {
    /// Checks a body.
    pub fn of(kind: &'static Kind, kinds: &Registry, tree: &Tree, context: &Context<'_>) -> Self {
        let mut faults = Faults::default();
        let mut draft = Draft::parse(kind, kinds, tree, "", &mut faults);
        for (_, inner) in &mut draft.inline {
            inner.kind.rules.check(inner, context, &mut faults);
        }
        kind.rules.check(&mut draft, context, &mut faults);
        Self { draft, faults }
    }
}

/// A record as the file has it.
pub struct Item {
    /// The rows that it is made of.
    pub rows: Vec<Row>,
    /// Its body.
    pub body: Body,
    /// The header of its table; none of a line of JSON.
    pub header: Option<Arc<Header>>,
    /// Its body as it was checked, while nothing of it has changed since.
    pub checked: Option<Checked>,
    /// The cells that it is made of, of a wide sheet.
    pub cells: Option<Vec<CellAt>>,
    /// Key that makes its rows one record, where there may be several.
    key: Option<String>,
    /// The record that a row of ours is of.
    pub met: Option<Met>,
    /// Reason for which it is none: it only explains something.
    pub absence: Option<&'static NotDone>,
}

impl Item {
    /// A record of a row of its own.
    pub fn of_row(row: &Row, body: Body) -> Self {
        Self {
            rows: vec![row.clone()],
            body,
            header: None,
            checked: None,
            cells: None,
            key: None,
            met: None,
            absence: None,
        }
    }

    /// A record of a row of a table.
    pub fn of_table(row: Row, body: Body, header: &Arc<Header>) -> Self {
        let header = Some(Arc::clone(header));
        Self { rows: vec![row], body, header, checked: None, cells: None, key: None, met: None, absence: None }
    }

    /// It is made of these cells of a wide sheet.
    pub fn in_cells(self, cells: Vec<CellAt>) -> Self {
        Self { cells: Some(cells), ..self }
    }

    /// It only says why there is nothing.
    pub fn explaining(self, absence: &'static NotDone) -> Self {
        Self { absence: Some(absence), ..self }
    }

    /// Weight in the counts: its rows, or its cells of a wide sheet.
    pub fn weight(&self) -> u64 {
        self.cells.as_ref().map_or(self.rows.len(), |cells| cells.len().max(1)) as u64
    }

    /// Whether it is of the same row of a wide sheet as another one.
    pub fn is_beside(&self, other: &Self) -> bool {
        let line = |item: &Self| item.rows.first().map(|row| row.line);
        self.cells.is_some() && other.cells.is_some() && line(self) == line(other)
    }

    /// Whether it is good, and of no record that stands.
    pub fn is_new(&self) -> bool {
        self.body.problem.is_none() && self.met.is_none()
    }

    /// The part of it that some of its rows are; they are its own no more.
    pub fn part(&mut self, taken: &BTreeSet<usize>) -> Self {
        let (header, key, body) = (self.header.clone(), self.key.clone(), Body::default());
        let mut part =
            Self { rows: Vec::new(), header, body, checked: None, cells: None, key, met: None, absence: None };
        let (mut rows, mut place) = (Vec::new(), BTreeMap::new());
        for (index, row) in std::mem::take(&mut self.rows).into_iter().enumerate() {
            if taken.contains(&index) {
                part.rows.push(row);
            } else {
                place.insert(index, rows.len());
                rows.push(row);
            }
        }
        self.rows = rows;
        let warnings = std::mem::take(&mut self.body.warnings).into_iter();
        self.body.warnings = warnings.filter_map(|(row, warning)| Some((*place.get(&row)?, warning))).collect();
        part
    }

    /// The same once more.
    pub fn again(&self) -> Self {
        let (rows, header) = (self.rows.clone(), self.header.clone());
        let (cells, key) = (self.cells.clone(), self.key.clone());
        let (met, absence) = (self.met, self.absence);
        Self { rows, body: self.body.again(), header, checked: None, cells, key, met, absence }
    }

    /// The faults of each row: of items in their own rows, of the record in the first; a row without any says
    /// that another has some.
    pub fn faults(&self, problem: &Problem) -> Vec<serde_json::Value> {
        let header = self.header.as_deref();
        if let Some(cells) = &self.cells {
            return self.faults_by_cell(cells, problem);
        }
        if self.rows.len() == 1 || problem.faults().is_empty() {
            return self.rows.iter().map(|_| row::faults(header, problem)).collect();
        }
        let lists = header.map(Header::row_lists).unwrap_or_default();
        let row_of = |fault: &Fault| {
            let mut steps = fault.pointer.split('/').skip(1);
            let of_list = steps.next().is_some_and(|step| lists.contains(&step));
            steps.next().filter(|_| of_list).and_then(|index| index.parse().ok()).unwrap_or(0)
        };
        let other = Fault { pointer: String::new(), code: OTHER_ROW_FAULTY, values: Vec::new(), hint: None };
        let of_row = |index: usize| {
            let own: Vec<_> = problem.faults().iter().filter(|fault| row_of(fault) == index).collect();
            let told = if own.is_empty() { vec![&other] } else { own };
            told.into_iter().map(|fault| row::kept(header, fault)).collect()
        };
        (0..self.rows.len()).map(of_row).collect()
    }
}

/// Puts rows together. A record is whole where the file ends: a sheet may be sorted by commodity, not by store.
#[derive(Default)]
pub struct Gatherer {
    items: Vec<Item>,
    places: HashMap<String, usize>,
    rows: usize,
}

impl Gatherer {
    /// Takes a row; 422 where the file has more than can wait for its end.
    pub fn gather(&mut self, kind: &Kind, lists: &[&'static str], mut item: Item) -> Result<(), Problem> {
        self.rows += 1;
        if self.rows > MOST_GATHERED {
            return Err(TOO_MANY_ROWS.into());
        }
        item.key = match item.body.tree.member("id") {
            Some(Tree::Text(id)) if item.body.ours => Some(format!("id:{}", id.trim())),
            _ => typed_key(kind, &to_json(&item.body.tree)),
        };
        lists.iter().for_each(|list| as_list(&mut item.body.tree, list));
        let known = item.key.as_ref().and_then(|key| self.places.get(key)).copied();
        match known.and_then(|place| self.items.get_mut(place)) {
            Some(known) => {
                join_cells(known, item.cells.take(), lists.first().copied().unwrap_or_default());
                join(known, item.body, lists);
                known.rows.extend(item.rows);
                if known.rows.len() > MOST_ROWS {
                    known.body.problem.get_or_insert_with(too_many);
                }
            }
            None => {
                if let Some(key) = &item.key {
                    self.places.insert(key.clone(), self.items.len());
                }
                self.items.push(item);
            }
        }
        Ok(())
    }

    /// The records: no more rows come.
    pub fn finish(&mut self) -> Vec<Item> {
        self.places.clear();
        self.rows = 0;
        std::mem::take(&mut self.items)
    }
}

fn too_many() -> Problem {
    let values = vec![("max", MOST_ROWS.to_string())];
    Problem::invalid(vec![Fault { pointer: String::new(), code: FaultCode::TOO_MANY, values, hint: None }])
}

/// The item of a row becomes a list of one.
fn as_list(tree: &mut Tree, list: &str) {
    let Tree::Object(members) = tree else { return };
    for (_, member) in members.iter_mut().filter(|(name, _)| name == list) {
        if matches!(member, Tree::Object(_)) {
            *member = Tree::List(vec![member.clone()]);
        }
    }
}

/// Adds the cells of another row: their items stand behind those of the rows before.
fn join_cells(known: &mut Item, cells: Option<Vec<CellAt>>, list: &str) {
    let items = match known.body.tree.member(list) {
        Some(Tree::List(items)) => items.len(),
        _ => 0,
    };
    let (rows, before) = (known.rows.len(), format!("/{list}/"));
    let moved = |cell: CellAt| {
        let rest = cell.pointer.strip_prefix(&before).unwrap_or_default();
        let (index, member) = rest.split_once('/').unwrap_or((rest, ""));
        let pointer = match index.parse::<usize>() {
            Ok(index) => format!("{before}{}/{member}", index + items),
            Err(_) => cell.pointer.clone(),
        };
        CellAt { pointer, row: cell.row + rows, ..cell }
    };
    if let (Some(own), Some(cells)) = (&mut known.cells, cells) {
        own.extend(cells.into_iter().map(moved));
    }
}

/// Adds a row: its item to the list; what else it says must be what the rows before it say.
fn join(item: &mut Item, row: Body, lists: &[&str]) {
    let (index, list) = (item.rows.len(), lists.first().copied().unwrap_or_default());
    item.body.noted.extend(row.noted);
    item.body.warnings.extend(row.warnings.into_iter().map(|(_, warning)| (index, warning)));
    let (Tree::Object(members), Tree::Object(added)) = (&mut item.body.tree, row.tree) else { return };
    for (name, member) in added {
        match (members.iter_mut().find(|(other, _)| *other == name), member) {
            (Some((_, Tree::List(items))), Tree::List(more)) if lists.contains(&name.as_str()) => items.extend(more),
            (None, member) => members.push((name, member)),
            (Some((_, known)), member) if *known == member => {}
            // A note of each row is one of the record.
            (Some((_, Tree::Text(_))), Tree::Text(text)) if name == "note" => {
                item.body.noted.push(("备注".to_owned(), text))
            }
            (Some(_), _) => {
                let at = format!("/{list}/{index}");
                item.body.problem.get_or_insert_with(|| fault(&at, DIFFERS_WITHIN_RECORD));
            }
        }
    }
    if let Some(problem) = row.problem {
        let at_row = |fault: &Fault| Fault { pointer: format!("/{list}/{index}"), ..fault.clone() };
        let faults = problem.faults().iter().map(at_row).collect();
        item.body.problem.get_or_insert_with(|| Problem::of_faults(Code::UNPROCESSABLE, faults));
    }
}
