//! From rows to records: mostly a row a record; where a file gives an item a row, the rows of one record are put
//! together, wherever in the file they stand.

use std::collections::HashMap;

use kit::catalogue::{Code, FaultCode};
use kit::faults::Fault;
use kit::problem::Problem;
use kit::tree::{Tree, to_json};

use super::header::Header;
use super::identity::typed_key;
use super::job::Job;
use super::reader::Form;
use super::row::{self, Body};
use crate::exchange::files::table::Row;
use crate::platform::core::Core;
use crate::platform::http::fault;
use crate::records::{Kind, Lines};

/// More rows than this are no one record.
const MOST_ROWS: usize = 500;
/// Rows of a file that gives an item a row: all of them wait for the end of the file.
const MOST_GATHERED: usize = 100_000;

/// A record as the file has it.
pub struct Item {
    /// The rows that it is made of.
    pub rows: Vec<Row>,
    /// Its body.
    pub body: Body,
    /// Key that makes its rows one record, where there may be several.
    key: Option<String>,
}

impl Item {
    /// A record of a row of its own.
    pub fn of_row(row: &Row, body: Body) -> Self {
        Self { rows: vec![row.clone()], body, key: None }
    }

    /// The same once more.
    pub fn again(&self) -> Self {
        let problem = self.body.problem.as_ref().map(Problem::again);
        let body = Body { tree: self.body.tree.clone(), external_id: self.body.external_id.clone(), problem, warnings: self.body.warnings.clone() };
        Self { rows: self.rows.clone(), body, key: self.key.clone() }
    }

    /// The faults of each row: of items in their own rows, of the record in the first; a row without any says
    /// that another has some.
    pub fn faults(&self, header: Option<&Header>, problem: &Problem) -> Vec<serde_json::Value> {
        if self.rows.len() == 1 || problem.faults().is_empty() {
            return self.rows.iter().map(|_| row::faults(header, problem)).collect();
        }
        let list = header.and_then(Header::lines).map(|lines| lines.list).unwrap_or_default();
        let row_of = |fault: &Fault| {
            let mut steps = fault.pointer.split('/').skip(1);
            let of_list = steps.next() == Some(list);
            steps.next().filter(|_| of_list).and_then(|index| index.parse().ok()).unwrap_or(0)
        };
        let other = Fault { pointer: String::new(), code: FaultCode::OtherRowFaulty, values: Vec::new(), hint: None };
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
    /// Takes rows; 422 where the file has more than can wait for its end.
    pub fn gather(
        &mut self,
        core: &Core,
        kind: &Kind,
        header: &Header,
        lines: Lines,
        rows: &[Row],
    ) -> Result<(), Problem> {
        self.rows += rows.len();
        if self.rows > MOST_GATHERED {
            return Err(Code::TooManyRows.into());
        }
        for row in rows {
            let mut body = row::of_table(core, header, row);
            let key = typed_key(kind, &to_json(&body.tree));
            as_list(&mut body.tree, lines.list);
            let known = key.as_ref().and_then(|key| self.places.get(key)).copied();
            match known.and_then(|place| self.items.get_mut(place)) {
                Some(item) => {
                    join(item, body, lines.list);
                    item.rows.push(row.clone());
                    if item.rows.len() > MOST_ROWS {
                        item.body.problem.get_or_insert_with(too_many);
                    }
                }
                None => {
                    if let Some(key) = &key {
                        self.places.insert(key.clone(), self.items.len());
                    }
                    self.items.push(Item { rows: vec![row.clone()], body, key });
                }
            }
        }
        Ok(())
    }

    /// The records: no more rows come.
    pub fn finish(&mut self) -> Vec<Item> {
        self.places.clear();
        std::mem::take(&mut self.items)
    }
}

impl Job {
    /// The records of rows; the first row of a table is its header.
    pub(super) fn items(&mut self, rows: &[Row]) -> Result<Vec<Item>, Problem> {
        if self.form == Some(Form::Ndjson) {
            return Ok(rows.iter().map(|row| Item::of_row(row, row::of_line(row))).collect());
        }
        let mut rows = rows;
        if self.header.is_none() {
            let Some((first, rest)) = rows.split_first() else { return Ok(Vec::new()) };
            self.header = Some(Header::read(&self.core, self.kind, first)?);
            rows = rest;
        }
        let Some(header) = &self.header else { return Ok(Vec::new()) };
        Ok(match header.lines() {
            Some(lines) => {
                self.gatherer.gather(&self.core, self.kind, header, lines, rows)?;
                Vec::new()
            }
            None => rows.iter().map(|row| Item::of_row(row, row::of_table(&self.core, header, row))).collect(),
        })
    }
}

fn too_many() -> Problem {
    let values = vec![("max", MOST_ROWS.to_string())];
    Problem::invalid(vec![Fault { pointer: String::new(), code: FaultCode::TooMany, values, hint: None }])
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

/// Adds a row: its item to the list; what else it says must be what the rows before it say.
fn join(item: &mut Item, row: Body, list: &str) {
    let index = item.rows.len();
    item.body.warnings.extend(row.warnings.into_iter().map(|(_, warning)| (index, warning)));
    let (Tree::Object(members), Tree::Object(added)) = (&mut item.body.tree, row.tree) else { return };
    for (name, member) in added {
        match (members.iter_mut().find(|(other, _)| *other == name), member) {
            (Some((_, Tree::List(items))), Tree::List(more)) if name == list => items.extend(more),
            (None, member) => members.push((name, member)),
            (Some((_, known)), member) if *known == member => {}
            (Some(_), _) => {
                let at = format!("/{list}/{index}");
                item.body.problem.get_or_insert_with(|| fault(&at, FaultCode::DiffersWithinRecord));
            }
        }
    }
    if let Some(problem) = row.problem {
        let at_row = |fault: &Fault| Fault { pointer: format!("/{list}/{index}"), ..fault.clone() };
        let faults = problem.faults().iter().map(at_row).collect();
        item.body.problem.get_or_insert_with(|| Problem::of_faults(Code::Unprocessable, faults));
    }
}
