//! The columns of a kind: its fields laid flat. An object becomes a column each member
//! (`vehicle.plate_number`), a list of words one cell with semicolons, a list of objects JSON.

use kit::field::{Field, Shape, Write};
use kit::text::{Language, Text};
use serde_json::Value as Json;

use crate::records::rules::Told;
use crate::records::{Kind, Registry, envelope};

/// A column.
#[derive(Clone, Debug)]
pub struct Column {
    /// Where its value stands in the JSON of a record.
    pub path: Vec<&'static str>,
    /// Names for people; of nested ones, each step.
    labels: Vec<Text>,
    /// The field it ends in.
    pub field: &'static Field,
    names: Vec<String>,
}

impl Column {
    fn new(path: Vec<&'static str>, labels: Vec<Text>, field: &'static Field) -> Self {
        let joined = |text: fn(&Text) -> &'static str| labels.iter().map(text).collect::<Vec<_>>().join(".");
        let mut names = vec![path.join("."), joined(|label| label.zh), joined(|label| label.en)];
        if let Some(label) = labels.last() {
            names.extend([field.name, label.zh, label.en].map(str::to_owned));
        }
        names.extend(field.also.iter().map(|name| (*name).to_owned()));
        names.iter_mut().for_each(|name| *name = folded(name));
        Self { path, labels, field, names }
    }

    /// Its header in English: the dotted name of the field.
    pub fn name(&self) -> String {
        self.path.join(".")
    }

    /// Its header.
    pub fn header(&self, language: Language) -> String {
        match language {
            Language::English => self.name(),
            Language::Chinese => self.labels.iter().map(|label| label.zh).collect::<Vec<_>>().join("."),
        }
    }

    /// Every header that means this column, whatever the spelling of its letters.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The value in a record's JSON.
    pub fn value<'a>(&self, record: &'a Json) -> &'a Json {
        self.path.iter().fold(record, |json, step| json.get(step).unwrap_or(&Json::Null))
    }
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

/// The columns of an export: what a client sends, then what the server added.
pub fn exported(kind: &Kind) -> Vec<Column> {
    let mut columns = Vec::new();
    for field in kind.body_fields() {
        if matches!(field.shape, Shape::Inline(..)) || INTERNAL.contains(&field.name) || field.name == "area_edition" {
            continue;
        }
        lay_flat(field, &mut Vec::new(), &mut Vec::new(), &mut columns);
    }
    columns.extend(envelope::SERVED.iter().map(|field| Column::new(vec![field.name], vec![field.label], field)));
    columns
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
    columns
}

/// What somebody is known by whom a record names.
const KNOWN_BY: [&str; 4] = ["name", "document_type", "document_number", "phone"];

/// Of a reference to somebody whose identity the server derives: the fields by which a sheet names him, where he can't
/// be given inline.
pub fn told_by(kind: &Kind, field: &Field, kinds: &Registry) -> Option<Vec<&'static Field>> {
    let Shape::Reference(name) = field.shape else { return None };
    if let Some((other, told)) = kinds.kind(name).and_then(|other| Some((other, other.rules.told()?))) {
        return Some(through(kind, other, told, kinds));
    }
    let other = kinds.kind(name).filter(|other| other.field("aliases").is_some())?;
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
        _ => columns.push(Column::new(path.clone(), labels.clone(), field)),
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
            for columns in [exported(kind), imported(kind, &kinds)] {
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
