//! Faults of a request, gathered until all are known.

use std::sync::OnceLock;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use super::catalogue::FaultCode;
use super::problem::Problem;
use super::text::{Language, Text};
use super::time::format_instant;
use super::vocabulary::Vocabulary;

/// One fault: where it is and what it is. It never holds the value that was sent.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    /// JSON pointer into the body (RFC 6901), or `?name` for a query parameter.
    pub pointer: String,
    /// Code of the fault.
    pub code: FaultCode,
    /// Values that fill the places of the message: bounds, lists of words.
    pub values: Vec<(&'static str, String)>,
    /// Advice on how to mend it.
    pub hint: Option<Text>,
}

impl Fault {
    /// The value that fills a place of the message.
    pub fn value(&self, place: &str) -> Option<&str> {
        self.values.iter().find(|(name, _)| *name == place).map(|(_, value)| value.as_str())
    }

    /// Message for people: in Chinese with the words of vocabularies and local times, in English with the codes that
    /// programs send.
    pub fn message(&self, language: Language) -> String {
        if language == Language::English {
            return self.code.message().filled(language, &self.values);
        }
        let values: Vec<_> = self.values.iter().map(|(name, value)| (*name, in_chinese(name, value))).collect();
        self.code.message().filled(language, &values)
    }
}

/// Vocabularies whose words fill a place of that name. They are the rooms', which kit doesn't know: told at start.
static WORDS: OnceLock<fn(&str) -> Vec<&'static Vocabulary>> = OnceLock::new();

/// Tells whose words fill which places; once is enough.
pub fn speak_with(words: fn(&str) -> Vec<&'static Vocabulary>) {
    let _ = WORDS.set(words);
}

/// A value as Chinese readers have it: codes by their words, instants as local time. What isn't known stays.
fn in_chinese(name: &str, value: &str) -> String {
    if let Ok(instant) = DateTime::parse_from_rfc3339(value) {
        return instant.format("%Y年%-m月%-d日 %H:%M").to_string();
    }
    let vocabularies = WORDS.get().map(|words| words(name)).unwrap_or_default();
    if vocabularies.is_empty() {
        return value.to_owned();
    }
    let word = |code: &str| {
        let found = vocabularies.iter().find_map(|vocabulary| vocabulary.find(code));
        found.map_or_else(|| code.to_owned(), |word| word.label.zh.to_owned())
    };
    value.split(", ").map(word).collect::<Vec<_>>().join("、")
}

/// Faults with the instants that they tell in a zone: a fault itself doesn't know where its reader is.
pub fn in_zone(mut faults: Vec<Fault>, zone: Tz) -> Vec<Fault> {
    for (_, value) in faults.iter_mut().flat_map(|fault| &mut fault.values) {
        if let Ok(instant) = DateTime::parse_from_rfc3339(value) {
            *value = format_instant(instant.with_timezone(&Utc), zone);
        }
    }
    faults
}

/// All faults found so far.
#[derive(Clone, Debug, Default)]
pub struct Faults {
    list: Vec<Fault>,
}

/// More faults than this are not listed: nobody reads them, and an answer must stay small.
const MAX_LISTED: usize = 200;

impl Faults {
    /// Notes a fault.
    pub fn add(&mut self, pointer: impl Into<String>, code: FaultCode) {
        self.push(Fault { pointer: pointer.into(), code, values: Vec::new(), hint: None });
    }

    /// Notes a fault whose message has places to fill.
    pub fn add_with(&mut self, pointer: impl Into<String>, code: FaultCode, values: Vec<(&'static str, String)>) {
        self.push(Fault { pointer: pointer.into(), code, values, hint: None });
    }

    fn push(&mut self, fault: Fault) {
        debug_assert!(!fault.message(Language::English).contains('{'), "{}: a place is left empty", fault.code.code());
        let is_known = |list: &[Fault]| list.iter().any(|f| f.pointer == fault.pointer && f.code == fault.code);
        if self.list.len() < MAX_LISTED && !is_known(&self.list) {
            self.list.push(fault);
        }
    }

    /// Takes back the faults of a code at this pointer and below it.
    pub fn forgive(&mut self, pointer: &str, code: FaultCode) {
        let is_below = |at: &str| at.strip_prefix(pointer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
        self.list.retain(|fault| fault.code != code || !is_below(&fault.pointer));
    }

    /// Whether a fault was noted at this pointer or below it: what depends on it need not be judged.
    pub fn touches(&self, pointer: &str) -> bool {
        self.list.iter().any(|fault| {
            fault.pointer.strip_prefix(pointer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
    }

    /// Whether nothing was found.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The faults in the order in which they were found.
    pub fn list(&self) -> &[Fault] {
        &self.list
    }

    /// Takes over the faults of another check.
    pub fn append(&mut self, other: Self) {
        for fault in other.list {
            self.push(fault);
        }
    }

    /// `Err` with one problem that lists all faults, if there are any: 400 where one is of syntax
    /// or names an unknown field, otherwise 422.
    pub fn finish(self) -> Result<(), Problem> {
        if self.list.is_empty() { Ok(()) } else { Err(Problem::invalid(self.list)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::FaultDescription;

    const TOO_EARLY: FaultDescription =
        FaultDescription::new("too_early", Text::new("must not be before {from}", "不得早于 {from}"));

    #[test]
    fn times_are_local_in_chinese_and_exact_in_english() {
        let values = vec![("from", "2020-02-05T16:00:00+00:00".to_owned())];
        let fault = Fault { pointer: String::new(), code: FaultCode::new(&TOO_EARLY), values, hint: None };
        let told = in_zone(vec![fault], chrono_tz::Asia::Shanghai);
        let message = |language| told.iter().map(|fault| fault.message(language)).collect::<String>();
        assert_eq!(message(Language::Chinese), "不得早于 2020年2月6日 00:00");
        assert_eq!(message(Language::English), "must not be before 2020-02-06T00:00:00+08:00");
    }
}
