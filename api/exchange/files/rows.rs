//! A record as rows of a file.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, NaiveDateTime};
use chrono_tz::Tz;
use kit::field::{Field, Shape};
use kit::text::Language;
use kit::vocabulary::Vocabulary;
use serde_json::Value as Json;

use super::columns::{Column, Part, rows_of};
use super::names::Names;
use crate::platform::core::Core;
use crate::records::own_words::{Asked, OwnWordSources};

/// A cell: what it is stays so where the format has it; each has the text of formats that don't.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// Nothing.
    Empty,
    /// Text, to be guarded.
    Text(String),
    /// A number in its own decimal spelling.
    Number(String),
    /// Yes or no.
    Boolean(bool, String),
    /// A day.
    Day(NaiveDate, String),
    /// A moment, by the clocks of the district.
    Moment(NaiveDateTime, String),
}

/// Labels of the words that a district added to open vocabularies, by vocabulary and code.
#[derive(Clone, Debug, Default)]
pub struct OwnLabels(Arc<BTreeMap<(&'static str, String), String>>);

impl OwnLabels {
    /// Those of a district as they hold on a day.
    pub fn of(core: &Core, district_code: &str, on: NaiveDate) -> Self {
        let asked = Asked { district_code, on, of_list: false };
        let mut labels = BTreeMap::new();
        for source in core.ext::<OwnWordSources>().0 {
            let all = (source.all)(&core.settings(), &asked).into_iter();
            let own = all.filter(|(code, _)| source.vocabulary.find(code).is_none());
            labels.extend(own.map(|(code, label)| ((source.vocabulary.name, code), label)));
        }
        Self(Arc::new(labels))
    }

    fn label(&self, vocabulary: &Vocabulary, code: &str) -> Option<&str> {
        let is_it = |(name, own): &(&'static str, String)| *name == vocabulary.name && own == code;
        if !vocabulary.open || self.0.is_empty() {
            return None;
        }
        self.0.iter().find(|(key, _)| is_it(key)).map(|(_, label)| label.as_str())
    }
}

/// How cells are written.
#[derive(Clone, Debug)]
pub struct Writing {
    /// Language of words.
    pub language: Language,
    /// Whether words stand for codes, and days and moments as people write them.
    pub words: bool,
    /// The district's zone.
    pub zone: Tz,
    /// Labels of the district's own words: they have a Chinese one.
    pub own: OwnLabels,
}

impl Writing {
    /// Every way in which a cell of ours may have been written.
    pub fn all(zone: Tz) -> [Self; 3] {
        let writing = |language, words| Self { language, words, zone, own: OwnLabels::default() };
        [writing(Language::Chinese, true), writing(Language::English, true), writing(Language::English, false)]
    }

    /// The same with the labels of a district's own words.
    pub fn with_own(self, own: &OwnLabels) -> Self {
        Self { own: own.clone(), ..self }
    }

    /// The rows of a record's JSON: one, or as many as its lists have items.
    pub fn rows(&self, columns: &[Column], record: &Json, names: &Names) -> Vec<Vec<Cell>> {
        let row = |row: usize| {
            let cell = |column: &Column| match column.part {
                Part::Name => names.name(column, record).map_or(Cell::Empty, |name| Cell::Text(name.to_owned())),
                Part::Value | Part::Item => self.cell(column.field, column.value_in(record, row)),
            };
            columns.iter().map(cell).collect()
        };
        (0..rows_of(columns, record)).map(row).collect()
    }

    /// The cell of a field's value.
    pub fn cell(&self, field: &Field, json: &Json) -> Cell {
        self.of_shape(&field.shape, json)
    }

    /// The same as text.
    pub fn text(&self, shape: &Shape, json: &Json) -> String {
        self.of_shape(shape, json).into_text()
    }

    fn of_shape(&self, shape: &Shape, json: &Json) -> Cell {
        match (json, shape) {
            (Json::Null, _) => Cell::Empty,
            (Json::Bool(boolean), _) => Cell::Boolean(*boolean, self.yes_or_no(*boolean)),
            (Json::Number(number), _) => Cell::Number(plain(number)),
            (Json::String(text), Shape::Decimal { .. }) => Cell::Number(text.clone()),
            (Json::String(text), Shape::Day) => {
                text.parse().map_or_else(|_| Cell::Text(text.clone()), |day| Cell::Day(day, text.clone()))
            }
            (Json::String(text), Shape::Instant) => self.moment(text),
            (Json::String(text), Shape::Word(vocabulary)) => Cell::Text(self.word(vocabulary, text)),
            (Json::String(text), _) => Cell::Text(text.clone()),
            (Json::Array(items), _) if items.is_empty() => Cell::Empty,
            (Json::Array(items), Shape::List { of, .. }) => Cell::Text(self.list(of, items, json)),
            (Json::Array(items), _) => Cell::Text(self.told(items).unwrap_or_else(|| json.to_string())),
            (Json::Object(_), _) => Cell::Text(json.to_string()),
        }
    }

    fn yes_or_no(&self, boolean: bool) -> String {
        match (self.words, self.language, boolean) {
            (false, ..) => boolean.to_string(),
            (true, Language::Chinese, true) => "是".to_owned(),
            (true, Language::Chinese, false) => "否".to_owned(),
            (true, Language::English, true) => "yes".to_owned(),
            (true, Language::English, false) => "no".to_owned(),
        }
    }

    fn moment(&self, text: &str) -> Cell {
        let Ok(instant) = DateTime::parse_from_rfc3339(text) else { return Cell::Text(text.to_owned()) };
        let local = instant.with_timezone(&self.zone).naive_local();
        let written = if self.words { local.format("%Y-%m-%d %H:%M:%S").to_string() } else { text.to_owned() };
        Cell::Moment(local, written)
    }

    fn word(&self, vocabulary: &Vocabulary, code: &str) -> String {
        let word = vocabulary.find(code).filter(|_| self.words);
        let own = || {
            let label = self.own.label(vocabulary, code).filter(|_| self.words && self.language == Language::Chinese);
            label.unwrap_or(code).to_owned()
        };
        word.map_or_else(own, |word| word.label.in_language(self.language).to_owned())
    }

    fn list(&self, of: &Shape, items: &[Json], json: &Json) -> String {
        if let (Shape::Object(members), true) = (of, self.words)
            && !members.iter().any(|member| has_objects(&member.shape))
        {
            let described = items.iter().map(|item| self.described(members, item));
            return described.collect::<Vec<_>>().join("；");
        }
        if let Shape::Word(vocabulary) = of {
            let words = items.iter().map(|item| self.word(vocabulary, item.as_str().unwrap_or_default()));
            return words.collect::<Vec<_>>().join(";");
        }
        let words: Option<Vec<&str>> = items.iter().map(Json::as_str).collect();
        match words {
            Some(words) if words.iter().all(|word| is_plain(word)) => words.join(";"),
            _ if matches!(of, Shape::Integer { .. }) && self.words => {
                items.iter().map(Json::to_string).collect::<Vec<_>>().join(";")
            }
            _ => json.to_string(),
        }
    }

    /// An item of a list that only the server writes, in words.
    fn described(&self, members: &[Field], item: &Json) -> String {
        let part = |member: &Field| {
            let text = self.text(&member.shape, item.get(member.name).unwrap_or(&Json::Null));
            let label = member.label.in_language(self.language);
            (!text.is_empty()).then(|| format!("{label}：{text}"))
        };
        members.iter().filter_map(part).collect::<Vec<_>>().join("，")
    }

    /// A record's warnings: their codes, `retest_advised;reported_late`, or what they say.
    fn told(&self, items: &[Json]) -> Option<String> {
        let (member, between) = if self.words { ("message", "；") } else { ("code", ";") };
        let told = |item: &Json| {
            let is_warning = item.get("message").is_some() && item.get("code").is_some();
            item.get(member).filter(|_| is_warning).and_then(Json::as_str).map(str::to_owned)
        };
        items.iter().map(told).collect::<Option<Vec<String>>>().map(|parts| parts.join(between))
    }
}

impl Cell {
    /// The cell as text.
    pub fn into_text(self) -> String {
        match self {
            Self::Empty => String::new(),
            Self::Text(text)
            | Self::Number(text)
            | Self::Boolean(_, text)
            | Self::Day(_, text)
            | Self::Moment(_, text) => text,
        }
    }
}

/// Whether objects stand in a shape: words of such are read back by nobody.
fn has_objects(shape: &Shape) -> bool {
    match shape {
        Shape::Object(_) => true,
        Shape::List { of, .. } => has_objects(of),
        _ => false,
    }
}

/// A number without an exponent: in a cell one is taken for a number that lost its digits.
fn plain(number: &serde_json::Number) -> String {
    let text = number.to_string();
    if text.contains('e') { number.as_f64().map_or(text, |number| number.to_string()) } else { text }
}

/// Whether a word of a list comes back from between semicolons as it was.
fn is_plain(word: &str) -> bool {
    word.chars().all(|letter| letter.is_alphanumeric() || matches!(letter, '_' | '-' | '(' | ')' | ' ' | '*' | '·'))
        && word.starts_with(|letter: char| letter.is_alphanumeric() || letter == '*')
        && word.trim() == word
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_no_exponent() {
        for (number, text) in [(8.1e-8, "0.000000081"), (-1e-7, "-0.0000001"), (3.0, "3.0"), (103.05, "103.05")] {
            assert_eq!(plain(&serde_json::Number::from_f64(number).unwrap()), text);
        }
        assert_eq!(plain(&7.into()), "7");
    }
}
