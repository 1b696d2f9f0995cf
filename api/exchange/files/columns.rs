//! The columns of a kind: its fields laid flat. An object becomes a column each member
//! (`vehicle.plate_number`), a list of words one cell with semicolons. Of a list of objects an export gives an item a
//! row, a column each member; beside what is only an id there stands its name.

use kit::field::{Field, Shape, Write};
use kit::text::{Language, Text};
use serde_json::Value as Json;

use crate::records::rules::Told;
use crate::records::{Kind, Registry, envelope};

/// Part of a record that a column shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// A value.
    Value,
    /// A value of one item of the list with which its path begins: a row an item.
    Item,
    /// The name of what a value is the id of.
    Name,
}

/// A column.
#[derive(Clone, Debug)]
pub struct Column {
    /// Where its value stands in the JSON of a record.
    pub path: Vec<&'static str>,
    /// The field it ends in.
    pub field: &'static Field,
    /// Part of the record that it shows.
    pub part: Part,
    /// Headers in English and Chinese.
    headers: [String; 2],
    names: Vec<String>,
}

impl Column {
    fn new(path: Vec<&'static str>, labels: &[Text], field: &'static Field) -> Self {
        let joined = |text: fn(&Text) -> &'static str| labels.iter().map(text).collect::<Vec<_>>().join(".");
        let mut names = vec![path.join("."), joined(|label| label.zh), joined(|label| label.en)];
        if let Some(label) = labels.last() {
            names.extend([field.name, label.zh, label.en].map(str::to_owned));
        }
        names.extend(field.also.iter().map(|name| (*name).to_owned()));
        if matches!(field.shape, Shape::Reference(_)) {
            names.push(with_ending(joined(|label| label.zh), "编号"));
        }
        names.iter_mut().for_each(|name| *name = folded(name));
        let headers = [path.join("."), joined(|label| label.zh)];
        Self { path, field, part: Part::Value, headers, names }
    }

    /// The column beside it, of the name of what it is the id of; itself says in its header that it is but an id.
    fn beside(&mut self) -> Self {
        let [english, chinese] = self.headers.clone();
        let stem = english.strip_suffix("_id").or_else(|| english.strip_suffix("_code")).unwrap_or(&english);
        let named = match self.field.shape {
            Shape::Area => format!("{}名称", chinese.trim_end_matches("代码")),
            _ => {
                self.headers = [english.clone(), with_ending(chinese.clone(), "编号")];
                chinese.trim_end_matches("编号").to_owned()
            }
        };
        let headers = [format!("{stem}_name"), named];
        Self { path: self.path.clone(), field: self.field, part: Part::Name, names: folded_all(&headers), headers }
    }

    /// The same under other headers.
    fn headed(self, headers: [String; 2]) -> Self {
        Self { names: folded_all(&headers), headers, ..self }
    }

    /// Its header in English: the dotted name of the field.
    pub fn name(&self) -> String {
        self.path.join(".")
    }

    /// Its header.
    pub fn header(&self, language: Language) -> String {
        let [english, chinese] = &self.headers;
        if language == Language::Chinese { chinese.clone() } else { english.clone() }
    }

    /// Every header that means this column, whatever the spelling of its letters.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The value in a record's JSON; of a list with a row an item, not of one of them.
    pub fn value<'a>(&self, record: &'a Json) -> &'a Json {
        self.path.iter().fold(record, |json, step| json.get(step).unwrap_or(&Json::Null))
    }

    /// The value that stands in one of a record's rows.
    pub fn value_in<'a>(&self, record: &'a Json, row: usize) -> &'a Json {
        let (Part::Item, Some((list, rest))) = (self.part, self.path.split_first()) else { return self.value(record) };
        let item = record.get(list).and_then(|list| list.get(row)).unwrap_or(&Json::Null);
        rest.iter().fold(item, |json, step| json.get(step).unwrap_or(&Json::Null))
    }
}

/// How many rows a record takes: as many as the longest of its lists has items, and one at least.
pub fn rows_of(columns: &[Column], record: &Json) -> usize {
    let items = |column: &&Column| column.part == Part::Item;
    let length = |column: &Column| record.get(column.path.first()?)?.as_array().map(Vec::len);
    columns.iter().filter(items).filter_map(length).max().unwrap_or_default().max(1)
}

fn with_ending(text: String, ending: &str) -> String {
    if text.ends_with(ending) { text } else { text + ending }
}

fn folded_all(headers: &[String; 2]) -> Vec<String> {
    headers.iter().map(|header| folded(header)).collect()
}

/// A header as it is compared: without case, spaces and the brackets' width.
pub fn folded(header: &str) -> String {
    let half = |letter: char| match letter {
        '（' => '(',
        '）' => ')',
        '．' | '。' => '.',
        other => other,
    };
    let visible = |letter: &char| !letter.is_whitespace() && !matches!(letter, '\u{feff}' | '\u{200b}' | '*' | '＊');
    header.chars().filter(visible).map(half).flat_map(char::to_lowercase).collect()
}

/// Fields that tell the machine more than a reader of a file.
const INTERNAL: [&str; 3] = ["claims", "merge_reason", "operating_status_history"];

/// The columns of an export: what a client sends, then what the server added. `named` puts names beside ids.
pub fn exported(kind: &Kind, kinds: &Registry, named: bool) -> Vec<Column> {
    let mut columns: Vec<Column> = Vec::new();
    for field in kind.body_fields() {
        if matches!(field.shape, Shape::Inline(..)) || INTERNAL.contains(&field.name) || field.name == "area_edition" {
            continue;
        }
        let mut own = Vec::new();
        match (field.shape, field.write) {
            (Shape::List { of: Shape::Object(members), .. }, Write::Always | Write::OnCreate) => {
                for member in *members {
                    lay_flat(member, &mut vec![field.name], &mut vec![field.label], &mut own);
                }
                own.iter_mut().for_each(|column| column.part = Part::Item);
            }
            _ => lay_flat(field, &mut Vec::new(), &mut Vec::new(), &mut own),
        }
        for mut column in own {
            let name = (named && is_named(&column, kinds)).then(|| column.beside());
            columns.push(column);
            columns.extend(name);
        }
    }
    for field in envelope::SERVED {
        let mut column = Column::new(vec![field.name], &[field.label], field);
        let name = (named && is_account(field)).then(|| column.beside());
        columns.push(column);
        columns.extend(name);
    }
    apart(columns)
}

/// A column of names whose header another column has already is called after its id.
fn apart(columns: Vec<Column>) -> Vec<Column> {
    let all: Vec<[String; 2]> = columns.iter().map(|column| column.headers.clone()).collect();
    let is_taken = |index: usize, column: &Column| {
        let [english, chinese] = &column.headers;
        let shares = |(other, [en, zh]): (usize, &[String; 2])| other != index && (en == english || zh == chinese);
        column.part == Part::Name && all.iter().enumerate().any(shares)
    };
    let called = |(index, column): (usize, Column)| match is_taken(index, &column) {
        true => {
            let [_, chinese] = column.headers.clone();
            let headers = [format!("{}.name", column.name()), format!("{chinese}(按编号)")];
            column.headed(headers)
        }
        false => column,
    };
    columns.into_iter().enumerate().map(called).collect()
}

/// Whether what a column is the id of has a name.
fn is_named(column: &Column, kinds: &Registry) -> bool {
    match column.field.shape {
        _ if column.part != Part::Value => false,
        Shape::Area => true,
        Shape::Id | Shape::Account => is_account(column.field),
        Shape::Reference(name) => kinds.kind(name).is_some_and(|kind| naming(kind).is_some()),
        _ => false,
    }
}

/// Whether a field is the id of an account.
pub fn is_account(field: &Field) -> bool {
    let is_noted = field.name.ends_with("_by") || field.name.ends_with("user_id");
    matches!(field.shape, Shape::Account) || (matches!(field.shape, Shape::Id) && is_noted)
}

/// How a record is called for people.
#[derive(Clone, Copy, Debug)]
pub enum Naming {
    /// By its own name.
    Own,
    /// As somebody whom it names, by this field.
    Through(&'static Field),
}

/// How the records of a kind are called; none where nothing of them is a name.
pub fn naming(kind: &Kind) -> Option<Naming> {
    if kind.field("name").is_some() {
        return Some(Naming::Own);
    }
    let through = kind.field("person_id").filter(|field| matches!(field.shape, Shape::Reference(_)));
    through.map(Naming::Through)
}

/// The columns that an import takes: what a client sends, inline records laid flat too. Of the
/// envelope of an inline record only its area is asked for.
pub fn imported(kind: &Kind, kinds: &Registry) -> Vec<Column> {
    let mut columns = Vec::new();
    for field in kind.body_fields().into_iter().filter(|field| field.write != Write::Never) {
        let Shape::Inline(name, _) = field.shape else {
            lay_flat(field, &mut Vec::new(), &mut Vec::new(), &mut columns);
            for inner in told_by(kind, field, kinds).unwrap_or_default() {
                lay_flat(inner, &mut vec![field.name], &mut vec![field.label], &mut columns);
            }
            if let (Shape::List { of: Shape::Object(members), .. }, true) = (field.shape, is_lines(kind, field)) {
                // A row an item.
                for member in members.iter().filter(|member| member.write != Write::Never) {
                    lay_flat(member, &mut vec![field.name], &mut vec![field.label], &mut columns);
                }
            }
            continue;
        };
        let inner = kinds.kind(name).map(|kind| kind.fields).unwrap_or_default();
        for inner in inner.iter().filter(|field| field.write != Write::Never) {
            lay_flat(inner, &mut vec![field.name], &mut vec![field.label], &mut columns);
        }
    }
    for field in kind.rules.sheet_fields() {
        lay_flat(field, &mut Vec::new(), &mut Vec::new(), &mut columns);
    }
    columns
}

/// Fields by which somebody is known whom a record names.
const KNOWN_BY: [&str; 4] = ["name", "document_type", "document_number", "phone"];

/// Of a reference to somebody whose identity the server derives: the fields by which a sheet names him, where he can't
/// be given inline.
pub fn told_by(kind: &Kind, field: &Field, kinds: &Registry) -> Option<Vec<&'static Field>> {
    let Shape::Reference(name) = field.shape else { return None };
    if let Some((other, told)) = kinds.kind(name).and_then(|other| Some((other, other.rules.told()?))) {
        return Some(through(kind, other, told, kinds));
    }
    let other = kinds.kind(name).filter(|other| other.is_people())?;
    let inline = kind.is_told_inline(field.name);
    (!inline).then(|| other.fields.iter().filter(|field| KNOWN_BY.contains(&field.name)).collect())
}

/// Of a reference to what is told by somebody, or by values of its own: the fields by which a sheet tells it. Where the
/// kind names that somebody itself, it is found by him.
fn through(kind: &Kind, other: &Kind, told: &Told, kinds: &Registry) -> Vec<&'static Field> {
    let mut fields = Vec::new();
    for field in told.by.iter().filter_map(|name| other.field(name)) {
        match field.shape {
            Shape::Reference(name) if kinds.kind(name).is_some_and(Kind::is_people) => {
                let names_him =
                    |own: &Field| matches!(own.shape, Shape::Reference(of) | Shape::Inline(of, _) if of == name);
                if !kind.body_fields().into_iter().any(names_him) {
                    let people = kinds.kind(name).map(|people| people.fields).unwrap_or_default();
                    fields.extend(people.iter().filter(|field| KNOWN_BY.contains(&field.name)));
                }
            }
            _ => fields.push(field),
        }
    }
    fields
}

fn is_lines(kind: &Kind, field: &Field) -> bool {
    kind.rules.lines().is_some_and(|lines| lines.list == field.name)
}

fn lay_flat(field: &'static Field, path: &mut Vec<&'static str>, labels: &mut Vec<Text>, columns: &mut Vec<Column>) {
    path.push(field.name);
    labels.push(field.label);
    match field.shape {
        Shape::Object(members) => members.iter().for_each(|member| lay_flat(member, path, labels, columns)),
        _ => columns.push(Column::new(path.clone(), labels, field)),
    }
    path.pop();
    labels.pop();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::routes::KINDS;

    #[test]
    fn every_kind_has_headers_of_its_own_in_both_languages() {
        let kinds = Registry::new(&KINDS);
        for kind in kinds.kinds() {
            for columns in [exported(kind, &kinds, false), exported(kind, &kinds, true), imported(kind, &kinds)] {
                for language in [Language::English, Language::Chinese] {
                    let mut headers: Vec<String> = columns.iter().map(|column| column.header(language)).collect();
                    let count = headers.len();
                    headers.sort();
                    headers.dedup();
                    assert_eq!(headers.len(), count, "{} {language:?}", kind.name);
                }
            }
        }
    }

    #[test]
    fn headers_are_known_however_they_are_typed() {
        let kinds = Registry::new(&KINDS);
        let columns = imported(kinds.kind("screenings").unwrap(), &kinds);
        let find = |header: &str| {
            let column = columns.iter().find(|column| column.names().contains(&folded(header)));
            column.map(Column::name).unwrap_or_default()
        };
        assert_eq!(find(" 体温（℃） "), "temperature_c");
        assert_eq!(find("Temperature_C"), "temperature_c");
        assert_eq!(find("人员.姓名*"), "person.name");
        assert_eq!(find("身份证号"), "person.document_number");
        assert_eq!(find("vehicle.plate_number"), "vehicle.plate_number");
        assert_eq!(find("nothing"), "");
    }
}
