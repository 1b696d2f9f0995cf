//! Reading single values: the same rules for JSON bodies and query parameters.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt::Display;
use std::str::FromStr;

use chrono::{DateTime, Datelike, NaiveDate, SubsecRound, Utc};
use regex::Regex;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use uuid::Uuid;

use super::catalogue::FaultCode;
use super::text::is_invisible;
use super::value::Value;

/// A fault without its pointer: the code and what fills its message.
pub type Flaw = (FaultCode, Vec<(&'static str, String)>);

/// A value or what is wrong with it.
pub type Reading = Result<Value, Flaw>;

/// A flaw whose message has nothing to fill.
pub fn flaw(code: FaultCode) -> Flaw {
    (code, Vec::new())
}

/// The flaw of another type than the one expected.
pub fn wrong_type(expected: &str) -> Flaw {
    (FaultCode::WRONG_TYPE, vec![("type", expected.to_owned())])
}

fn out_of_range(min: impl Display, max: impl Display) -> Flaw {
    (FaultCode::OUT_OF_RANGE, vec![("min", format!("{min}")), ("max", format!("{max}"))])
}

/// Text: surrounding white space goes; length counts characters; no control characters but line
/// breaks and tabs.
pub fn read_text(text: &str, min: usize, max: usize, pattern: Option<&'static str>) -> Reading {
    let text = text.trim();
    let length = text.chars().count();
    // A name that nobody can see is none.
    let shown = text.chars().any(|letter| !is_invisible(letter) && !letter.is_whitespace());
    if length < min || (min > 0 && !shown) {
        return Err((FaultCode::TOO_SHORT, vec![("min", min.to_string())]));
    }
    if length > max {
        return Err((FaultCode::TOO_LONG, vec![("max", max.to_string())]));
    }
    if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
        return Err(flaw(FaultCode::CONTROL_CHARACTER));
    }
    if pattern.is_some_and(|pattern| !matches_pattern(pattern, text)) {
        return Err(flaw(FaultCode::BAD_FORMAT));
    }
    Ok(Value::Text(text.to_owned()))
}

/// A secret is kept as it is, white space and all.
pub fn read_secret(text: &str, min: usize, max: usize) -> Reading {
    match text.chars().count() {
        length if length < min => Err((FaultCode::TOO_SHORT, vec![("min", min.to_string())])),
        length if length > max => Err((FaultCode::TOO_LONG, vec![("max", max.to_string())])),
        _ => Ok(Value::Text(text.to_owned())),
    }
}

/// Compiled patterns: field tables are static, so there are few and they stay. Each thread has its own: no lock to wait
/// for, and a pattern's scratch space, which the threads that share one take turns with, is this thread's alone.
fn matches_pattern(pattern: &'static str, text: &str) -> bool {
    thread_local!(static COMPILED: RefCell<HashMap<&'static str, Option<Regex>>> = RefCell::default());
    COMPILED.with_borrow_mut(|compiled| {
        let compiled = compiled.entry(pattern).or_insert_with(|| Regex::new(&format!("^(?:{pattern})$")).ok());
        // A pattern that doesn't compile lets nothing through; `tests/contract.rs` compiles them all.
        compiled.as_ref().is_some_and(|regex| regex.is_match(text))
    })
}

/// Up to so many decimal places, all are always shown.
const FIXED_PLACES: u32 = 2;

/// A decimal in plain notation (`36.5`, `-0.20`), never with an exponent.
pub fn read_decimal(text: &str, scale: u32, min: &str, max: &str) -> Reading {
    let plain = text.strip_prefix('-').unwrap_or(text);
    let form = plain.len() <= 28
        && plain.chars().all(|c| c.is_ascii_digit() || c == '.')
        && plain.starts_with(|c: char| c.is_ascii_digit())
        && plain.ends_with(|c: char| c.is_ascii_digit());
    let decimal = if form { Decimal::from_str(text).ok() } else { None };
    let decimal = decimal.ok_or_else(|| flaw(FaultCode::BAD_FORMAT))?.normalize();
    if decimal.scale() > scale {
        return Err((FaultCode::TOO_MANY_DECIMALS, vec![("scale", scale.to_string())]));
    }
    let bound = |text: &str| Decimal::from_str(text).unwrap_or_default();
    if decimal < bound(min) || decimal > bound(max) {
        return Err(out_of_range(min, max));
    }
    // Temperatures and areas have one spelling; finer quantities are kept with the places they were given.
    let mut kept = Decimal::from_str(text).unwrap_or(decimal);
    if scale <= FIXED_PLACES || kept.scale() > scale {
        kept.rescale(scale);
    }
    Ok(Value::Decimal(kept))
}

/// A JSON number as an integer: `3`, `3.0` and `3e0` are the same number (JSON Schema, 6.1.1).
pub fn integral(number: &serde_json::Number) -> Option<i64> {
    /// Beyond it not every integer is a number of its own in JSON.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let whole = || number.as_f64().filter(|n| n.fract() == 0.0 && n.abs() <= EXACT)?.to_i64();
    number.as_i64().or_else(whole)
}

/// An integer within bounds.
pub fn read_integer(number: Option<i64>, min: i64, max: i64) -> Reading {
    let number = number.ok_or_else(|| wrong_type("integer"))?;
    if (min..=max).contains(&number) { Ok(Value::Integer(number)) } else { Err(out_of_range(min, max)) }
}

/// A number within bounds.
pub fn read_number(number: Option<f64>, min: f64, max: f64) -> Reading {
    let number = number.filter(|n| n.is_finite()).ok_or_else(|| wrong_type("number"))?;
    if (min..=max).contains(&number) { Ok(Value::Number(number)) } else { Err(out_of_range(min, max)) }
}

/// An instant: RFC 3339 with an offset, to the microsecond, 1900 to 2199. A leap second (`23:59:60`) is the first
/// of the next minute, as the database has it: else a row would differ from what its digest was made of.
pub fn read_instant(text: &str) -> Reading {
    let instant = DateTime::parse_from_rfc3339(text).map_err(|_| flaw(FaultCode::BAD_FORMAT))?;
    let micros = instant.with_timezone(&Utc).trunc_subsecs(6).timestamp_micros();
    let instant = DateTime::from_timestamp_micros(micros).ok_or_else(|| flaw(FaultCode::BAD_FORMAT))?;
    if (1900..2200).contains(&instant.year()) { Ok(Value::Instant(instant)) } else { Err(out_of_range(1900, 2199)) }
}

/// A day: `YYYY-MM-DD`, 1900 to 2199.
pub fn read_day(text: &str) -> Reading {
    let form = text.len() == 10 && text.is_ascii();
    let day = if form { NaiveDate::parse_from_str(text, "%Y-%m-%d").ok() } else { None };
    let day = day.ok_or_else(|| flaw(FaultCode::BAD_FORMAT))?;
    if (1900..2200).contains(&day.year()) { Ok(Value::Day(day)) } else { Err(out_of_range(1900, 2199)) }
}

/// An id: a UUID in the usual form with hyphens, any case. The nil id names nothing.
pub fn read_id(text: &str) -> Reading {
    let id = if text.len() == 36 { Uuid::try_parse(text).ok() } else { None };
    id.filter(|id| !id.is_nil()).map(Value::Id).ok_or_else(|| flaw(FaultCode::BAD_FORMAT))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decimal(text: &str) -> Result<String, FaultCode> {
        match read_decimal(text, 1, "32.0", "43.0") {
            Ok(Value::Decimal(decimal)) => Ok(decimal.to_string()),
            Ok(other) => panic!("{other:?}"),
            Err((code, _)) => Err(code),
        }
    }

    #[test]
    fn decimals_are_plain_and_bounded() {
        assert_eq!(decimal("36.5"), Ok("36.5".into()));
        assert_eq!(decimal("36.50"), Ok("36.5".into()));
        assert_eq!(decimal("37"), Ok("37.0".into()));
        assert_eq!(decimal("43.0"), Ok("43.0".into()));
        assert_eq!(decimal("43.1"), Err(FaultCode::OUT_OF_RANGE));
        assert_eq!(decimal("36.55"), Err(FaultCode::TOO_MANY_DECIMALS));
        for text in ["", "-", ".5", "36.", "3,65", "36,5", "+36.5", "3e1", " 36.5", "٣٦", "NaN", "36.5.1"] {
            assert_eq!(decimal(text), Err(FaultCode::BAD_FORMAT), "{text}");
        }
        assert_eq!(decimal(&"9".repeat(40)), Err(FaultCode::BAD_FORMAT));
    }

    #[test]
    fn fine_quantities_are_kept_as_they_were_given() {
        let fine = |text: &str| match read_decimal(text, 4, "0", "100") {
            Ok(Value::Decimal(decimal)) => decimal.to_string(),
            other => panic!("{other:?}"),
        };
        for (sent, kept) in [("3.30", "3.30"), ("3", "3"), ("0.1250", "0.1250"), ("3.300000", "3.3000")] {
            assert_eq!(fine(sent), kept);
        }
    }

    #[test]
    fn instants_need_an_offset() {
        assert!(read_instant("2020-02-01T08:00:00+08:00").is_ok());
        assert!(read_instant("2020-02-01T08:00:00.123456789Z").is_ok());
        for text in ["2020-02-01T08:00:00", "2020-02-30T08:00:00Z", "2020-02-01", "2020-02-01T24:00:00Z", ""] {
            assert!(read_instant(text).is_err(), "{text}");
        }
        assert!(read_instant("9999-02-01T08:00:00Z").is_err());
        let leap = read_instant("2016-12-31T23:59:60.5Z").unwrap();
        assert_eq!(leap, read_instant("2017-01-01T00:00:00.5Z").unwrap());
    }

    #[test]
    fn texts_are_trimmed_and_clean() {
        assert_eq!(read_text("  张三 ", 1, 2, None), Ok(Value::Text("张三".into())));
        assert_eq!(read_text("  ", 1, 2, None).unwrap_err().0, FaultCode::TOO_SHORT);
        assert_eq!(read_text(" \u{200b}\u{200b}", 1, 2, None).unwrap_err().0, FaultCode::TOO_SHORT);
        assert_eq!(read_text("abc", 1, 2, None).unwrap_err().0, FaultCode::TOO_LONG);
        assert_eq!(read_text("a\u{7}", 1, 2, None).unwrap_err().0, FaultCode::CONTROL_CHARACTER);
        assert_eq!(read_text("ab", 1, 9, Some("[0-9]+")).unwrap_err().0, FaultCode::BAD_FORMAT);
        assert!(read_text("12", 1, 9, Some("[0-9]+")).is_ok());
    }

    #[test]
    fn days_and_ids_have_one_form() {
        assert!(read_day("2020-02-29").is_ok());
        assert!(["2019-02-29", "2020-2-1", "20200201", "2020-02-01 "].iter().all(|t| read_day(t).is_err()));
        assert!(read_id("018f3a5e-0000-7000-8000-000000000001").is_ok());
        assert!(read_id("018f3a5e00007000800000000000000100").is_err());
        assert!(read_id("00000000-0000-0000-0000-000000000000").is_err());
    }
}
