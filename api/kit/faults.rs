//! Faults of a request, gathered until all are known.

use super::catalogue::FaultCode;
use super::problem::Problem;
use super::text::{Language, Text};

/// One fault: where it is and what it is. It never holds the value that was sent.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    /// JSON pointer into the body (RFC 6901), or `?name` for a query parameter.
    pub pointer: String,
    /// Which fault.
    pub code: FaultCode,
    /// What fills the places of the message: bounds, lists of words.
    pub values: Vec<(&'static str, String)>,
    /// What to do about it.
    pub hint: Option<Text>,
}

impl Fault {
    /// What it says.
    pub fn message(&self, language: Language) -> String {
        self.code.message().filled(language, &self.values)
    }
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

    /// Notes a fault with advice.
    pub fn add_hinted(&mut self, pointer: impl Into<String>, code: FaultCode, hint: Text) {
        self.push(Fault { pointer: pointer.into(), code, values: Vec::new(), hint: Some(hint) });
    }

    fn push(&mut self, fault: Fault) {
        debug_assert!(!fault.message(Language::English).contains('{'), "{}: a place is left empty", fault.code.code());
        let is_known = |list: &[Fault]| list.iter().any(|f| f.pointer == fault.pointer && f.code == fault.code);
        if self.list.len() < MAX_LISTED && !is_known(&self.list) {
            self.list.push(fault);
        }
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
