//! From a row to a body, and from a body's faults back to the row's columns.

use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::app::Service;
use crate::files::columns::{Column, exported, folded, imported};
use crate::files::table::{Row, RowFlaw};
use crate::files::texts;
use crate::kit::catalogue::{Code, FaultCode};
use crate::kit::faults::{Fault, Faults};
use crate::kit::problem::Problem;
use crate::kit::text::Language;
use crate::kit::tree::{Tree, to_json};
use crate::privacy::blind::derived_id;
use crate::records::Kind;

/// What a column of the file is.
#[derive(Clone, Debug)]
pub enum Place {
    /// A field.
    Field(Column),
    /// The row's id in the system from which it comes.
    ExternalId,
    /// What an export of ours added: left out.
    Ignored,
}

/// The columns of a file: as they are written, and what they are.
pub struct Header {
    /// As they are written.
    pub names: Vec<String>,
    places: Vec<Place>,
}

const EXTERNAL_ID: [&str; 3] = ["external_id", "外部编号", "externalid"];

impl Header {
    /// The header of a CSV file or a workbook; every unknown or repeated column is a fault.
    pub fn read(service: &Service, kind: &Kind, row: &Row) -> Result<Self, Problem> {
        let columns = imported(kind, &service.kinds);
        let added = exported(kind);
        let mut faults = Faults::default();
        let mut places: Vec<Place> = Vec::with_capacity(row.cells.len());
        for (index, name) in row.cells.iter().enumerate() {
            let name = folded(name);
            let place = place(&columns, &added, &name);
            let repeated = matches!(&place, Some(Place::Field(column)) if places.iter().any(|other| matches!(other, Place::Field(other) if other.path == column.path)));
            match place {
                Some(_) if repeated => faults.add(format!("/header/{index}"), FaultCode::RepeatedColumn),
                None => faults.add(format!("/header/{index}"), FaultCode::UnknownColumn),
                Some(_) => {}
            }
            places.push(place.unwrap_or(Place::Ignored));
        }
        match faults.finish() {
            Ok(()) => Ok(Self { names: row.cells.clone(), places }),
            Err(problem) => Err(Problem::of_faults(Code::UnknownColumns, problem.faults().to_vec())),
        }
    }

    /// The name of the column in which a fault stands.
    fn column_of(&self, pointer: &str) -> Option<&str> {
        let steps: Vec<&str> = pointer.split('/').skip(1).collect();
        let is_it = |place: &Place| match place {
            Place::Field(column) => {
                column.path.iter().zip(&steps).all(|(one, other)| one == other)
                    && column.path.len() <= steps.len().max(1)
            }
            _ => false,
        };
        let index = self.places.iter().position(is_it)?;
        self.names.get(index).map(String::as_str)
    }
}

/// The most telling name first: a column of an inline record is meant by a bare label only where no other
/// column has that label.
fn place(columns: &[Column], added: &[Column], name: &str) -> Option<Place> {
    if name.is_empty() {
        return Some(Place::Ignored);
    }
    if EXTERNAL_ID.contains(&name) {
        return Some(Place::ExternalId);
    }
    let exact = columns.iter().find(|column| column.names().iter().take(3).any(|other| other == name));
    let meant = exact.or_else(|| columns.iter().find(|column| column.names().iter().any(|other| other == name)));
    if let Some(column) = meant {
        return Some(Place::Field(column.clone()));
    }
    let ours = added.iter().any(|column| column.names().iter().take(3).any(|other| other == name));
    let faults = ["错误", "faults"].contains(&name);
    (ours || faults).then_some(Place::Ignored)
}

/// A row as it will be created.
pub struct Body {
    /// The body.
    pub tree: Tree,
    /// What makes the row unreadable.
    pub problem: Option<Problem>,
}

/// The body of a row of a table.
pub fn of_table(service: &Service, kind: &Kind, header: &Header, row: &Row, source: Option<&str>) -> Body {
    let mut members = Vec::new();
    let mut external_id = None;
    for (place, text) in header.places.iter().zip(&row.cells) {
        match place {
            Place::Field(column) => {
                if let Some(tree) = texts::of_field(column.field, text, service.zone) {
                    insert(&mut members, &column.path, tree);
                }
            }
            Place::ExternalId => external_id = Some(text.trim()).filter(|text| !text.is_empty()),
            Place::Ignored => {}
        }
    }
    let code = match row.flaw {
        Some(RowFlaw::LostDigits) => Some(FaultCode::LostDigits),
        Some(RowFlaw::ErrorCell) => Some(FaultCode::ErrorCell),
        Some(RowFlaw::Nul) => Some(FaultCode::NulCharacter),
        Some(RowFlaw::TooLong) => Some(FaultCode::UnreadableRow),
        None if row.cells.iter().skip(header.names.len()).any(|cell| !cell.trim().is_empty()) => {
            Some(FaultCode::MoreCells)
        }
        None => None,
    };
    let tree = identified(service, kind, Tree::Object(members), external_id, source);
    Body { tree, problem: code.map(|code| crate::operations::fault("", code)) }
}

/// The body of a line of NDJSON.
pub fn of_line(service: &Service, kind: &Kind, row: &Row, source: Option<&str>) -> Body {
    let text = row.cells.first().map(String::as_str).unwrap_or_default();
    match Tree::parse(text.as_bytes()) {
        Ok(Tree::Object(mut members)) => {
            let position = members.iter().position(|(name, _)| name == "external_id");
            let external_id = position.map(|position| members.remove(position).1);
            let external_id = match &external_id {
                Some(Tree::Text(text)) => Some(text.as_str()),
                _ => None,
            };
            Body { tree: identified(service, kind, Tree::Object(members), external_id, source), problem: None }
        }
        Ok(tree) => Body { tree, problem: None },
        Err(_) => Body { tree: Tree::Null, problem: Some(Code::MalformedJson.into()) },
    }
}

fn insert(members: &mut Vec<(String, Tree)>, path: &[&'static str], tree: Tree) {
    let Some((first, rest)) = path.split_first() else { return };
    if rest.is_empty() {
        members.push(((*first).to_owned(), tree));
        return;
    }
    let position = members.iter().position(|(name, _)| name == first).unwrap_or_else(|| {
        members.push(((*first).to_owned(), Tree::Object(Vec::new())));
        members.len() - 1
    });
    if let Some((_, Tree::Object(inner))) = members.get_mut(position) {
        insert(inner, rest, tree);
    }
}

/// Gives a row without an id one that follows from what it is: the same file twice changes nothing. Kinds
/// whose identity the server derives anyway need none.
fn identified(service: &Service, kind: &Kind, tree: Tree, external_id: Option<&str>, source: Option<&str>) -> Tree {
    if tree.member("id").is_some() || kind.field("aliases").is_some() {
        return tree;
    }
    let json = to_json(&tree);
    let key = &service.keys.identity;
    let id = match (external_id, source) {
        (Some(external_id), Some(source)) => derived_id(key, &["import", kind.name, "external", source, external_id]),
        _ => derived_id(key, &["import", kind.name, "natural", &natural_key(kind, &json)]),
    };
    with_id(tree, id)
}

fn with_id(tree: Tree, id: Uuid) -> Tree {
    match tree {
        Tree::Object(mut members) => {
            members.push(("id".to_owned(), Tree::Text(id.to_string())));
            Tree::Object(members)
        }
        other => other,
    }
}

fn natural_key(kind: &Kind, json: &Json) -> String {
    let names = kind.rules.natural_key();
    if names.is_empty() {
        return json.to_string();
    }
    let value = |name: &&str| {
        let value = name.split('.').fold(json, |json, step| json.get(step).unwrap_or(&Json::Null));
        let text = value.as_str().map_or_else(|| value.to_string(), |text| text.trim().to_uppercase());
        // Instants to the second, however they are written.
        chrono::DateTime::parse_from_rfc3339(&text).map_or(text, |instant| instant.timestamp().to_string())
    };
    json!(names.iter().map(value).collect::<Vec<_>>()).to_string()
}

/// A row's faults as they are kept: the column, the pointer, the code, the words in both languages.
pub fn faults(header: Option<&Header>, problem: &Problem) -> Json {
    let of_fault = |fault: &Fault| {
        let column = header.and_then(|header| header.column_of(&fault.pointer));
        let words = |language| fault.code.message().filled(language, &fault.values);
        json!({"column": column, "pointer": fault.pointer, "code": fault.code.code(),
            "zh": words(Language::Chinese), "en": words(Language::English)})
    };
    if problem.faults().is_empty() {
        let title = problem.code().title();
        return json!([{"column": null, "pointer": "", "code": problem.code().code(), "zh": title.zh, "en": title.en}]);
    }
    problem.faults().iter().map(of_fault).collect()
}
