//! Faults in a clerk's words: the column as his sheet calls it, the words that a cell takes instead of their codes, the
//! form that is expected.

use kit::catalogue::FaultCode;
use kit::faults::Fault;
use kit::field::{Field, Shape};
use kit::text::{Language, Text};
use kit::vocabulary::Vocabulary;

use super::header::Header;
use crate::records::codes::{EXCLUSIVE_FIELDS, ONE_OF, UNKNOWN_AREA, UNKNOWN_REFERENCE};

/// Words that a message lists at most; a template has all of them.
const MOST_WORDS: usize = 24;

/// Forms of texts that have one, by the name of their field.
const FORMS: [(&str, Text); 4] = [
    ("phone", Text::new("such as 15400000001 or 0835-1234567", "如 15400000001 或 0835-1234567")),
    ("document_number", Text::new("such as the 18 characters of an identity card", "如 18 位居民身份证号码")),
    ("plate_number", Text::new("such as 川T12345", "如 川T12345")),
    ("external_id", Text::new("as text", "应为文本")),
];

/// A fault in one language.
pub fn message(header: Option<&Header>, fault: &Fault, language: Language) -> String {
    let field = header.and_then(|header| header.field_of(&fault.pointer));
    let chinese = language == Language::Chinese;
    if chinese {
        let shape = field.map(|field| field.shape);
        if let Some(words) = shape.and_then(|shape| words(fault, &shape)) {
            return format!("应为 {words}");
        }
        let form = shape.filter(|_| fault.code == FaultCode::WRONG_TYPE).and_then(|shape| type_of(&shape));
        if let Some(form) = form {
            return form.to_owned();
        }
    }
    let fault = if chinese { named(header, fault) } else { fault.clone() };
    let between = if chinese { "," } else { "; " };
    let form = field.and_then(|field| expected(fault.code, field));
    let form = form.map(|form| format!("{between}{}", form.in_language(language))).unwrap_or_default();
    format!("{}{form}", fault.message(language))
}

/// The words that a cell takes, as a clerk writes them, where a fault lists their codes.
fn words(fault: &Fault, shape: &Shape) -> Option<String> {
    let (Shape::Word(vocabulary) | Shape::List { of: Shape::Word(vocabulary), .. }) = shape else { return None };
    (fault.code == FaultCode::NOT_IN_VOCABULARY).then(|| listed(vocabulary))
}

fn listed(vocabulary: &Vocabulary) -> String {
    let words: Vec<&str> = vocabulary.words.iter().filter(|word| !word.closed).map(|word| word.label.zh).collect();
    match words.get(..MOST_WORDS) {
        Some(first) if words.len() > MOST_WORDS => {
            format!("{} 等 {} 项之一,详见导入模板", first.join("、"), words.len())
        }
        _ => words.join("、"),
    }
}

/// Words in the place of a type's name, which only programs know.
fn type_of(shape: &Shape) -> Option<&'static str> {
    match shape {
        Shape::Integer { .. } => Some("应为整数,如 12"),
        Shape::Number { .. } | Shape::Decimal { .. } => Some("应为数字,如 36.5"),
        Shape::Boolean => Some("应为 是、否"),
        Shape::List { .. } => Some("应为多项,用分号隔开"),
        _ => None,
    }
}

/// A fault that names fields, with the columns or labels in the place of their names.
fn named(header: Option<&Header>, fault: &Fault) -> Fault {
    let mut fault = fault.clone();
    let Some(header) = header.filter(|_| [EXCLUSIVE_FIELDS, ONE_OF].contains(&fault.code)) else { return fault };
    for (_, value) in fault.values.iter_mut().filter(|(place, _)| ["other", "fields"].contains(place)) {
        let name = |name: &str| {
            let pointer = format!("/{}", name.replace('.', "/"));
            let column = header.column_of(&pointer).map(str::to_owned);
            column.or_else(|| header.label_of(&pointer).map(|label| label.zh.to_owned())).unwrap_or(name.to_owned())
        };
        *value = value.split(", ").map(name).collect::<Vec<_>>().join("、");
    }
    fault
}

/// The form that a value should have, where its fault doesn't say.
fn expected(code: FaultCode, field: &Field) -> Option<Text> {
    let is_of_form = [FaultCode::BAD_FORMAT, FaultCode::WRONG_TYPE].contains(&code);
    match field.shape {
        Shape::Reference(_) if code == UNKNOWN_REFERENCE => {
            Some(Text::new("give the name or the id of one that is registered", "请填写已登记的名称或编号"))
        }
        Shape::Area if is_of_form || code == UNKNOWN_AREA => {
            Some(Text::new("such as 511802005 or 大兴街道", "如 大兴街道 或 511802005"))
        }
        shape => is_of_form.then(|| form(field, &shape)).flatten(),
    }
}

fn form(field: &Field, shape: &Shape) -> Option<Text> {
    match shape {
        Shape::Day => Some(Text::new("such as 2020-02-03", "如 2020-02-03 或 2月3日")),
        Shape::Instant => Some(Text::new("such as 2020-02-03 08:05", "如 2020-02-03 8:05")),
        Shape::Decimal { .. } | Shape::Number { .. } => Some(Text::new("such as 36.5", "如 36.5")),
        Shape::Integer { .. } => Some(Text::new("such as 12", "如 12")),
        Shape::Boolean => Some(Text::new("true or false", "应为 是、否")),
        Shape::Reference(_) | Shape::Id => Some(Text::new("the name or the id", "请填写名称或编号")),
        Shape::Account => Some(Text::new("the user name or the id", "请填写用户名或账号编号")),
        _ => FORMS.iter().find(|(name, _)| *name == field.name).map(|(_, form)| *form),
    }
}
