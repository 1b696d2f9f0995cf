//! A record as a row of a file.

use kit::field::Shape;
use serde_json::Value as Json;

use super::columns::Column;

/// A cell: numbers stay numbers where the format has them.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// Nothing.
    Empty,
    /// Text, to be guarded.
    Text(String),
    /// A number in its own decimal spelling.
    Number(String),
}

/// The cells of a record's JSON.
pub fn cells(columns: &[Column], record: &Json) -> Vec<Cell> {
    columns.iter().map(|column| cell(column, column.value(record))).collect()
}

fn cell(column: &Column, json: &Json) -> Cell {
    match json {
        Json::Null => Cell::Empty,
        Json::Bool(boolean) => Cell::Text(boolean.to_string()),
        Json::Number(number) => Cell::Number(plain(number)),
        Json::String(text) if matches!(column.field.shape, Shape::Decimal { .. }) => Cell::Number(text.clone()),
        Json::String(text) => Cell::Text(text.clone()),
        Json::Array(items) if items.is_empty() => Cell::Empty,
        Json::Array(items) => match items.iter().map(Json::as_str).collect::<Option<Vec<&str>>>() {
            Some(words) if words.iter().all(|word| is_plain(word)) => Cell::Text(words.join(";")),
            Some(_) => Cell::Text(json.to_string()),
            None => codes(items).map_or_else(|| Cell::Text(json.to_string()), Cell::Text),
        },
        Json::Object(_) => Cell::Text(json.to_string()),
    }
}

/// A number without an exponent: in a cell one is taken for a number that lost its digits.
fn plain(number: &serde_json::Number) -> String {
    let text = number.to_string();
    if text.contains('e') { number.as_f64().map_or(text, |number| number.to_string()) } else { text }
}

/// Whether a word of a list comes back from between semicolons as it was.
fn is_plain(word: &str) -> bool {
    word.chars().all(|letter| letter.is_alphanumeric() || matches!(letter, '_' | '-' | '(' | ')' | ' '))
        && word.starts_with(char::is_alphanumeric)
        && word.trim() == word
}

/// Of a record's warnings their codes: `[{code, field, message}]` → `retest_advised;reported_late`.
fn codes(items: &[Json]) -> Option<String> {
    let code = |item: &Json| item.get("message").and(item.get("code")).and_then(Json::as_str).map(str::to_owned);
    items.iter().map(code).collect::<Option<Vec<String>>>().map(|codes| codes.join(";"))
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
