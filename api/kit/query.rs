//! Strict reading of query strings: unknown and repeated parameters are faults, never ignored.

use std::cell::LazyCell;

use super::catalogue::FaultCode;
use super::check::{is_code, read_from_text};
use super::faults::Faults;
use super::field::{Absence, Field, NONE, Shape};
use super::problem::Problem;
use super::value::{Value, Values};

/// Reads a query string against a table of parameters; all faults in one answer.
pub fn read_query(query: &str, parameters: &[&Field]) -> Result<Values, Problem> {
    let mut values = Values::default();
    let mut faults = Faults::default();
    // Made once, however many names are wrong.
    let known = LazyCell::new(|| names(parameters));
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, text) = pair.split_once('=').unwrap_or((pair, ""));
        let (Some(name), Some(text)) = (decode(name), decode(text)) else {
            faults.add("?", FaultCode::BAD_PARAMETER);
            continue;
        };
        let Some(field) = parameters.iter().find(|field| field.name == name) else {
            let there_is = ("parameters", known.clone());
            faults.add_with(format!("?{}", harmless(&name)), FaultCode::UNKNOWN_PARAMETER, vec![there_is]);
            continue;
        };
        let at = format!("?{}", field.name);
        if values.has(field.name) {
            faults.add(at, FaultCode::REPEATED_PARAMETER);
            continue;
        }
        match read_parameter(field, &text) {
            Ok(value) => values.set(field.name, value),
            Err((code, places)) => {
                faults.add_with(at.clone(), code, places);
                faults.add(at, FaultCode::BAD_PARAMETER);
            }
        }
    }
    for field in parameters.iter().filter(|field| field.required && !values.has(field.name)) {
        let at = format!("?{}", field.name);
        if !faults.touches(&at) {
            faults.add(at, FaultCode::REQUIRED);
        }
    }
    faults.finish().map(|()| values)
}

/// The names of a table, for whoever wrote another one.
fn names(parameters: &[&Field]) -> String {
    let mut names: Vec<&str> = parameters.iter().map(|field| field.name).collect();
    names.sort_unstable();
    if names.is_empty() { "—".to_owned() } else { names.join(", ") }
}

/// Parameters beside those of a table.
pub type Open = Vec<(String, String)>;

/// Most parameters whose names go on with something of the caller's, and most characters of one.
const MOST_OPEN: usize = 100;
const MOST_OPEN_TEXT: usize = 500;

/// Parts a query string: what is read against a table, and the parameters whose names begin with one of `prefixes`.
pub fn split_open(query: &str, prefixes: &[&str]) -> Result<(String, Open), Problem> {
    let (mut closed, mut open, mut faults) = (Vec::new(), Open::new(), Faults::default());
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, text) = pair.split_once('=').unwrap_or((pair, ""));
        let name = decode(name).filter(|name| prefixes.iter().any(|prefix| name.starts_with(prefix)));
        let Some(name) = name else {
            closed.push(pair);
            continue;
        };
        let text = decode(text).filter(|text| !text.contains('\0') && text.len() <= MOST_OPEN_TEXT);
        match text.filter(|_| name.len() <= MOST_OPEN_TEXT && !name.contains('\0') && open.len() < MOST_OPEN) {
            Some(text) if open.iter().all(|(other, _)| *other != name) => open.push((name, text)),
            Some(_) => faults.add(format!("?{}", harmless(&name)), FaultCode::REPEATED_PARAMETER),
            None => faults.add(format!("?{}", harmless(&name)), FaultCode::BAD_PARAMETER),
        }
    }
    faults.finish().map(|()| (closed.join("&"), open))
}

fn read_parameter(field: &Field, text: &str) -> super::scalars::Reading {
    if text.contains('\0') {
        return Err(super::scalars::flaw(FaultCode::NUL_CHARACTER));
    }
    match field.absence {
        Absence::Sought if text == NONE => return Ok(Value::Null),
        Absence::Impossible if text == NONE => return Err(super::scalars::flaw(FaultCode::NEVER_NONE)),
        _ => {}
    }
    let shape = &field.shape;
    // `+08:00` typed without percent-encoding arrives as a space.
    match shape {
        Shape::Instant => read_from_text(shape, &text.replace(' ', "+")),
        // Records are sought by codes: a name would find none, and nobody would be told why.
        Shape::Word(vocabulary) if vocabulary.open && !is_code(text) => {
            Err((FaultCode::NOT_IN_VOCABULARY, vec![("words", vocabulary.codes().join(", "))]))
        }
        _ => read_from_text(shape, text),
    }
}

/// A parameter's name as it may be repeated: what looks like a name, and nothing of what was typed
/// in its place.
fn harmless(name: &str) -> &str {
    let is_name = name.len() <= 40 && name.chars().all(|c| c.is_ascii_lowercase() || c == '_');
    if is_name { name } else { "" }
}

fn decode(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let [first, tail @ ..] = rest {
        rest = tail;
        match first {
            b'+' => decoded.push(b' '),
            b'%' => {
                let [high, low, tail @ ..] = rest else { return None };
                let digit = |byte: &u8| char::from(*byte).to_digit(16);
                decoded.push(u8::try_from(digit(high)? * 16 + digit(low)?).ok()?);
                rest = tail;
            }
            other => decoded.push(*other),
        }
    }
    String::from_utf8(decoded).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::{Language, Text};

    static LIMIT: Field = Field::new("limit", Shape::Integer { min: 1, max: 500 }, Text::new("l", "数"), "");
    static FROM: Field = Field::new("from", Shape::Instant, Text::new("f", "从"), "");

    #[test]
    fn those_that_have_none_are_sought_where_there_may_be_some() {
        const GROUP: Field = Field::new("group_id", Shape::Reference("groups"), Text::new("g", "组"), "");
        static SOUGHT: Field = Field { absence: Absence::Sought, ..GROUP };
        static IMPOSSIBLE: Field = Field { absence: Absence::Impossible, ..GROUP };
        let sought = read_query("group_id=none", &[&SOUGHT]).unwrap();
        assert!(sought.has("group_id") && sought.get("group_id").is_none());
        assert!(read_query("group_id=None", &[&SOUGHT]).is_err() && read_query("group_id=none", &[&GROUP]).is_err());
        assert!(read_query("group_id=none&group_id=none", &[&SOUGHT]).is_err());
        let problem = read_query("group_id=none", &[&IMPOSSIBLE]).unwrap_err();
        assert!(format!("{problem:?}").contains("never_none"), "{problem:?}");
    }

    #[test]
    fn parameters_are_strict() {
        let read = |query: &str| read_query(query, &[&LIMIT, &FROM]);
        assert_eq!(read("limit=5").unwrap().integer("limit"), Some(5));
        assert!(read("").is_ok() && read("&").is_ok());
        assert!(read("from=2020-02-01T00:00:00%2B08:00").unwrap().instant("from").is_some());
        assert!(read("from=2020-02-01T00:00:00+08:00").unwrap().instant("from").is_some());
        for query in [
            "limit=0",
            "limit=501",
            "limit=x",
            "limit",
            "limt=5",
            "limit=5&limit=6",
            "limit=%zz",
            "%ff=1",
            "limit=5%00",
        ] {
            assert!(read(query).is_err(), "{query}");
        }
        let told = read("limt=5")
            .unwrap_err()
            .faults()
            .iter()
            .map(|fault| fault.message(Language::Chinese))
            .collect::<String>();
        assert_eq!(told, "没有此查询参数,可用:from, limit");
    }
}
