//! From a row to a body, and from a body's faults back to the row's columns.

use kit::catalogue::FaultCode;
use kit::faults::Fault;
use kit::problem::Problem;
use kit::text::Language;
use kit::tree::{Tree, TreeFault};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::header::Header;
use super::told::Told;
use super::{table, wording};
use crate::exchange::codes::{ERROR_CELL, LOST_DIGITS, UNCOUNTED_FORMULA, UNREADABLE_ROW};
use crate::exchange::files::table::{Row, RowFlaw};
use crate::records::Warning;

/// A row as it will be created.
pub struct Body {
    /// The body, without an id unless the file gives one.
    pub tree: Tree,
    /// Its id in the system from which it comes.
    pub external_id: Option<String>,
    /// Problem that makes the row unreadable.
    pub problem: Option<Problem>,
    /// Warnings about its rows, which are taken all the same: the row's place among them, and the words.
    pub warnings: Vec<(usize, Json)>,
    /// Texts without a field of their own: the column's name and the text. They go into the note.
    pub noted: Vec<(String, String)>,
    /// Cells as they were typed, by column, of the first row.
    pub texts: Vec<(usize, String)>,
    /// Whether it is a row of an export of ours.
    pub ours: bool,
    /// Values beside those that a client may send.
    pub told: Vec<Told>,
    /// Whether it happened at an hour that nobody said.
    pub time_assumed: bool,
    /// Leader of the group that its shared record belongs to, by name.
    pub leader: Option<String>,
}

impl Default for Body {
    fn default() -> Self {
        let (warnings, noted, texts) = (Vec::new(), Vec::new(), Vec::new());
        let (tree, told) = (Tree::Object(Vec::new()), Vec::new());
        Self {
            tree,
            external_id: None,
            problem: None,
            warnings,
            noted,
            texts,
            ours: false,
            told,
            time_assumed: false,
            leader: None,
        }
    }
}

impl Body {
    /// The same once more.
    pub fn again(&self) -> Self {
        Self {
            tree: self.tree.clone(),
            external_id: self.external_id.clone(),
            problem: self.problem.as_ref().map(Problem::again),
            warnings: self.warnings.clone(),
            noted: self.noted.clone(),
            texts: self.texts.clone(),
            ours: self.ours,
            told: self.told.clone(),
            time_assumed: self.time_assumed,
            leader: self.leader.clone(),
        }
    }

    /// Warnings about one of its rows.
    pub fn warnings_of(&self, row: usize) -> Vec<&Json> {
        self.warnings.iter().filter(|(of_row, _)| *of_row == row).map(|(_, warning)| warning).collect()
    }

    /// Notes a warning about a column of its first row.
    pub fn warn(&mut self, header: &Header, index: usize, warning: &Warning) {
        self.warnings.push((0, table::warning(header, index, warning)));
    }
}

/// A fault of a line, by the line of the file.
fn in_file(fault: TreeFault, line: u64) -> TreeFault {
    match fault {
        TreeFault::Malformed { column, .. } => {
            TreeFault::Malformed { line: usize::try_from(line).unwrap_or(usize::MAX), column }
        }
        TreeFault::TooDeep => fault,
    }
}

/// A flaw as it is told, and in which cell it is.
pub fn told(flaw: RowFlaw) -> (FaultCode, Option<usize>) {
    match flaw {
        RowFlaw::LostDigits(cell) => (LOST_DIGITS, Some(cell)),
        RowFlaw::ErrorCell(cell) => (ERROR_CELL, Some(cell)),
        RowFlaw::Uncounted(cell) => (UNCOUNTED_FORMULA, Some(cell)),
        RowFlaw::Nul(cell) => (FaultCode::NUL_CHARACTER, Some(cell)),
        RowFlaw::TooLong => (UNREADABLE_ROW, None),
    }
}

/// The body of a line of NDJSON.
pub fn of_line(row: &Row) -> Body {
    let text = row.cells.first().map(String::as_str).unwrap_or_default();
    match Tree::parse(text.as_bytes()) {
        Ok(Tree::Object(mut members)) => {
            let position = members.iter().position(|(name, _)| name == "external_id");
            let external_id = position.map(|position| members.remove(position).1);
            let (external_id, problem) = match external_id {
                None | Some(Tree::Null) => (None, None),
                // An empty one says nothing, as in a table: rows that share it are not the same.
                Some(Tree::Text(text)) => (Some(text.trim().to_owned()).filter(|text| !text.is_empty()), None),
                Some(_) => (None, Some(of_wrong_type("/external_id", "string"))),
            };
            Body { tree: Tree::Object(members), external_id, problem, ..Body::default() }
        }
        Ok(tree) => Body { tree, ..Body::default() },
        Err(fault) => Body { tree: Tree::Null, problem: Some(in_file(fault, row.line).problem()), ..Body::default() },
    }
}

fn of_wrong_type(at: &str, expected: &str) -> Problem {
    let values = vec![("type", expected.to_owned())];
    Problem::invalid(vec![Fault { pointer: at.to_owned(), code: FaultCode::WRONG_TYPE, values, hint: None }])
}

/// Puts a member in its place.
pub fn insert(members: &mut Vec<(String, Tree)>, path: &[&'static str], tree: Tree) {
    let Some((first, rest)) = path.split_first() else { return };
    if rest.is_empty() {
        members.push(((*first).to_owned(), tree));
        return;
    }
    let is_it = |(name, member): &(String, Tree)| name == first && matches!(member, Tree::Object(_));
    let position = members.iter().position(is_it).unwrap_or_else(|| {
        members.push(((*first).to_owned(), Tree::Object(Vec::new())));
        members.len() - 1
    });
    if let Some((_, Tree::Object(inner))) = members.get_mut(position) {
        insert(inner, rest, tree);
    }
}

/// A reference that is said twice, by a text and by what it is known by: an id goes before that, any other text behind.
pub fn once(members: &mut Vec<(String, Tree)>) {
    let objects: Vec<String> = members
        .iter()
        .filter(|(_, member)| matches!(member, Tree::Object(_)))
        .map(|(name, _)| name.clone())
        .filter(|name| members.iter().any(|(other, member)| other == name && matches!(member, Tree::Text(_))))
        .collect();
    for name in objects {
        let is_id = |member: &Tree| matches!(member, Tree::Text(text) if Uuid::try_parse(text.trim()).is_ok());
        let has_id = members.iter().any(|(other, member)| *other == name && is_id(member));
        members.retain(|(other, member)| *other != name || matches!(member, Tree::Text(_)) == has_id);
    }
}

/// Faults as they are kept: the column, the pointer, the code, the words in both languages.
pub fn faults(header: Option<&Header>, problem: &Problem) -> Json {
    if problem.faults().is_empty() {
        let title = problem.code().title();
        return json!([{"column": null, "pointer": "", "code": problem.code().code(), "zh": title.zh, "en": title.en}]);
    }
    problem.faults().iter().map(|fault| kept(header, fault)).collect()
}

/// A fault as it is kept.
pub fn kept(header: Option<&Header>, fault: &Fault) -> Json {
    let column = header.and_then(|header| header.column_of(&fault.pointer));
    let label = header.and_then(|header| header.label_of(&fault.pointer));
    let at = header.and_then(|header| header.index_of(&fault.pointer));
    json!({"column": column, "at": at, "label": label.map(|label| json!({"zh": label.zh, "en": label.en})),
        "pointer": fault.pointer, "code": fault.code.code(),
        "zh": wording::message(header, fault, Language::Chinese), "en": wording::message(header, fault, Language::English)})
}
