//! Cells written as JSON from their bytes: what [`Value::in_zone`] says of them, without the values in between.

use std::io::Write as _;
use std::ops::Range;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use serde::Serialize;
use serde_json::Value as Json;

use super::raw_row::{Cell, CellError, types};
use super::time::InZone;
use super::value::Value;

/// JSON under construction.
pub struct JsonWriter {
    out: Vec<u8>,
    zone: Tz,
    /// The last instant and where it was written: a record that was never amended tells one twice.
    last: Option<(DateTime<Utc>, Range<usize>)>,
}

impl JsonWriter {
    /// Nothing yet, with room for so many bytes; instants are given in the zone.
    pub fn with_room(bytes: usize, zone: Tz) -> Self {
        Self { out: Vec::with_capacity(bytes), zone, last: None }
    }

    /// Bytes written.
    pub fn into_bytes(self) -> Vec<u8> {
        self.out
    }

    /// How many bytes were written.
    pub fn len(&self) -> usize {
        self.out.len()
    }

    /// Whether nothing was written.
    pub fn is_empty(&self) -> bool {
        self.out.is_empty()
    }

    /// Takes back what was written behind so many bytes.
    pub fn truncate(&mut self, bytes: usize) {
        self.out.truncate(bytes);
        self.last.take_if(|(_, place)| place.end > bytes);
    }

    /// Text that is JSON already.
    pub fn raw(&mut self, json: &str) {
        self.out.extend_from_slice(json.as_bytes());
    }

    /// A member's name behind what separates it from what stands before it. Names of fields have nothing to escape.
    pub fn name(&mut self, separator: char, name: &str) {
        self.out.push(separator as u8);
        self.out.push(b'"');
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(b"\":");
    }

    /// Anything that can be serialised.
    pub fn serialize(&mut self, value: &(impl Serialize + ?Sized)) -> Result<(), CellError> {
        Ok(serde_json::to_writer(&mut self.out, value)?)
    }

    /// A value.
    pub fn value(&mut self, value: &Value) -> Result<(), CellError> {
        self.serialize(&value.in_zone(self.zone))
    }

    /// An instant.
    pub fn instant(&mut self, instant: DateTime<Utc>) -> Result<(), CellError> {
        match &self.last {
            Some((last, place)) if *last == instant => self.out.extend_from_within(place.clone()),
            _ => {
                let start = self.out.len();
                write!(self.out, "\"{}\"", InZone(instant, self.zone))?;
                self.last = Some((instant, start..self.out.len()));
            }
        }
        Ok(())
    }

    /// A cell; null where there is none.
    pub fn cell(&mut self, cell: Option<Cell<'_>>) -> Result<(), CellError> {
        let Some(cell) = cell else {
            self.raw("null");
            return Ok(());
        };
        match cell.type_id {
            types::BOOLEAN => self.raw(if cell.boolean()? { "true" } else { "false" }),
            types::TEXT | types::VARCHAR => self.serialize(cell.text()?)?,
            types::BIG_INTEGER | types::INTEGER => self.serialize(&cell.integer()?)?,
            types::INSTANT => self.instant(cell.instant()?)?,
            types::DECIMAL => write!(self.out, "\"{}\"", cell.decimal()?)?,
            types::ID => {
                let mut letters = [0; 36];
                let id = cell.id()?.as_hyphenated().encode_lower(&mut letters).as_bytes();
                self.out.push(b'"');
                self.out.extend_from_slice(id);
                self.out.push(b'"');
            }
            types::JSON => self.json(cell.json_text()?)?,
            _ => self.value(&cell.value()?)?,
        }
        Ok(())
    }

    /// JSON as the database prints it, copied in the form in which it would be served had it been read.
    fn json(&mut self, text: &str) -> Result<(), CellError> {
        let start = self.out.len();
        if copy(text, &mut self.out).is_some() {
            return Ok(());
        }
        self.out.truncate(start);
        let json: Json = serde_json::from_str(text)?;
        self.serialize(&json)
    }
}

/// Deeper JSON is read before it is written.
const MOST_DEPTH: usize = 64;
/// Whole numbers of so many digits are themselves in whatever type they are read.
const SAFE_DIGITS: usize = 18;

/// Copies JSON without blanks and with the members of objects in the order of their names (the database puts shorter
/// names first). `None` where a copy might differ from what is written after reading; then `out` has some of it.
fn copy(text: &str, out: &mut Vec<u8>) -> Option<()> {
    let mut source = Source { rest: text.as_bytes() };
    source.value(out, MOST_DEPTH)?;
    source.skip_blanks();
    source.rest.is_empty().then_some(())
}

struct Source<'a> {
    rest: &'a [u8],
}

impl<'a> Source<'a> {
    fn skip_blanks(&mut self) {
        while let [b' ' | b'\n' | b'\r' | b'\t', rest @ ..] = self.rest {
            self.rest = rest;
        }
    }

    /// Goes past a byte, if it comes next.
    fn passes(&mut self, byte: u8) -> bool {
        self.skip_blanks();
        match self.rest.split_first() {
            Some((first, rest)) if *first == byte => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }

    fn take(&mut self, bytes: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(bytes)?;
        self.rest = rest;
        Some(taken)
    }

    fn value(&mut self, out: &mut Vec<u8>, depth: usize) -> Option<()> {
        self.skip_blanks();
        let depth = depth.checked_sub(1)?;
        match self.rest.first()? {
            b'"' => self.string(out).map(|_| ()),
            b'[' => self.list(out, depth),
            b'{' => self.object(out, depth),
            b't' => self.word(b"true", out),
            b'f' => self.word(b"false", out),
            b'n' => self.word(b"null", out),
            _ => self.number(out),
        }
    }

    fn word(&mut self, word: &[u8], out: &mut Vec<u8>) -> Option<()> {
        self.rest = self.rest.strip_prefix(word)?;
        out.extend_from_slice(word);
        Some(())
    }

    fn number(&mut self, out: &mut Vec<u8>) -> Option<()> {
        let is_part = |byte: &u8| byte.is_ascii_digit() || matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E');
        let length = self.rest.iter().position(|byte| !is_part(byte)).unwrap_or(self.rest.len());
        let number = self.take(length)?;
        let digits = number.strip_prefix(b"-").unwrap_or(number);
        let is_whole = digits.len() <= SAFE_DIGITS && digits.iter().all(u8::is_ascii_digit);
        if is_whole && matches!((number, digits), (b"0", _) | (_, [b'1'..=b'9', ..])) {
            out.extend_from_slice(number);
            return Some(());
        }
        let number: Json = serde_json::from_slice(number).ok()?;
        serde_json::to_writer(out, &number).ok()
    }

    /// A text, and whether it has escapes. Those of the database are the same letter by letter as ours.
    fn string(&mut self, out: &mut Vec<u8>) -> Option<bool> {
        let mut length = 1;
        let mut has_escapes = false;
        loop {
            let rest = self.rest.get(length..)?;
            length += rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..=0x1f))?;
            match self.rest.get(length..)? {
                [b'"', ..] => break,
                [b'\\', b'"' | b'\\' | b'b' | b'f' | b'n' | b'r' | b't', ..] => length += 2,
                [b'\\', b'u', b'0', b'0', b'0', b'0'..=b'7' | b'b' | b'e' | b'f', ..]
                | [b'\\', b'u', b'0', b'0', b'1', b'0'..=b'9' | b'a'..=b'f', ..] => length += 6,
                _ => return None,
            }
            has_escapes = true;
        }
        out.extend_from_slice(self.take(length + 1)?);
        Some(has_escapes)
    }

    fn list(&mut self, out: &mut Vec<u8>, depth: usize) -> Option<()> {
        self.take(1)?;
        out.push(b'[');
        if !self.passes(b']') {
            loop {
                self.value(out, depth)?;
                if self.passes(b']') {
                    break;
                }
                if !self.passes(b',') {
                    return None;
                }
                out.push(b',');
            }
        }
        out.push(b']');
        Some(())
    }

    fn object(&mut self, out: &mut Vec<u8>, depth: usize) -> Option<()> {
        self.take(1)?;
        out.push(b'{');
        let start = out.len();
        // Of each member: where it begins, where its name ends, where it ends.
        let mut members: Vec<(usize, usize, usize)> = Vec::new();
        if !self.passes(b'}') {
            loop {
                self.skip_blanks();
                let from = out.len();
                if self.rest.first() != Some(&b'"') || self.string(out)? || !self.passes(b':') {
                    return None;
                }
                let name_end = out.len();
                out.push(b':');
                self.value(out, depth)?;
                members.push((from, name_end, out.len()));
                if self.passes(b'}') {
                    break;
                }
                if !self.passes(b',') {
                    return None;
                }
                out.push(b',');
            }
            in_order(out, start, &mut members)?;
        }
        out.push(b'}');
        Some(())
    }
}

/// Puts the members of an object that begin at `start` into the order of their names, if they aren't.
fn in_order(out: &mut Vec<u8>, start: usize, members: &mut [(usize, usize, usize)]) -> Option<()> {
    // Without its quotes: the closing one is greater than some letters.
    let name = |member: &(usize, usize, usize)| out.get(member.0 + 1..member.1 - 1);
    if members.is_sorted_by(|one, other| name(one) < name(other)) {
        return Some(());
    }
    members.sort_by(|one, other| name(one).cmp(&name(other)));
    // The same name twice: only the last would be read.
    if !members.is_sorted_by(|one, other| name(one) < name(other)) {
        return None;
    }
    let written = out.get(start..)?.to_vec();
    out.truncate(start);
    for (index, (from, _, to)) in members.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        out.extend_from_slice(written.get(from - start..to - start)?);
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn copied(text: &str) -> Option<String> {
        let mut out = Vec::new();
        copy(text, &mut out).map(|()| String::from_utf8(out).unwrap())
    }

    fn written(cell: Cell<'_>) -> String {
        let mut writer = JsonWriter::with_room(0, chrono_tz::Asia::Shanghai);
        writer.cell(Some(cell)).unwrap();
        String::from_utf8(writer.into_bytes()).unwrap()
    }

    #[test]
    fn json_is_copied_as_it_would_be_written_after_reading() {
        let texts = [
            "null",
            "true",
            "false",
            "[]",
            "{}",
            r#""""#,
            "0",
            "-1",
            "12",
            "999999999999999999",
            "[[], {}, [{}]]",
            r#"["none", "hubei_stay_14d"]"#,
            r#"{"b": 1, "a": 2}"#,
            r#"{"kind": "x", "origin": null, "plate_kind": "ordinary", "plate_number": "川T·12345"}"#,
            r#"{"z": {"d": [1, 2, {"b": 1, "aa": 2}], "cc": 3}, "aa": ", \"b\": {"}"#,
            r#"{"ab": 1, "a": 2, "a!": 3, "a b": 4, "": 5}"#,
            r#"{"𠮷": 1, "吉": 2, "é": 3}"#,
            r#"["\\", "\"", "\b\f\n\r\t", "\u0001\u001f\u000b\u000e", "𠮷👩‍⚕️", "\\u0041", "a/b", "\\\"", ""]"#,
            "[1.5, 1.50, -0.0, 0.1, 1e3, 1E-7, 12345678901234567890, 123456789012345678901, 36.60, 3.0]",
            "[1000000000000000000, 9223372036854775807, -9223372036854775808]",
            "[ 1 ,\t2\n, 3 ]",
        ];
        for text in texts {
            let read: Json = serde_json::from_str(text).unwrap();
            assert_eq!(copied(text).as_deref(), Some(read.to_string().as_str()), "{text}");
        }
    }

    #[test]
    fn what_a_copy_would_not_get_right_is_read() {
        let texts = [
            r#""\u0041""#,
            r#""\/""#,
            r#""\u000a""#,
            r#""\u001F""#,
            r#"{"\"": 1}"#,
            r#"{"a": 1, "a": 2}"#,
            r#"["\ud842\udfb7"]"#,
        ];
        for text in texts {
            assert_eq!(copied(text), None, "{text}");
            let bytes = [b"\x01", text.as_bytes()].concat();
            let read: Json = serde_json::from_str(text).unwrap();
            assert_eq!(written(Cell { type_id: types::JSON, bytes: &bytes }), read.to_string());
        }
        let deep = "[".repeat(70) + &"]".repeat(70);
        assert_eq!(copied(&deep), None);
        for broken in [
            "",
            "[",
            "[1",
            "[1,]",
            "{",
            r#"{"a"}"#,
            r#"{"a":}"#,
            r#"{"a": 1,}"#,
            "tru",
            "01",
            "-",
            "1 2",
            "\"a",
            "[1}",
            "\"\u{1}\"",
            "{1: 2}",
            "+1",
            ".",
        ] {
            assert_eq!(copied(broken), None, "{broken}");
        }
    }

    #[test]
    fn cells_are_written_as_their_values_are() {
        let (id, micros) = ([0xab; 16], 633_830_400_120_000_i64.to_be_bytes());
        let decimal = [0, 2, 0, 0, 0, 0, 0, 1, 0, 36, 0x13, 0x88];
        let cells = [
            (types::BOOLEAN, &[1][..]),
            (types::BOOLEAN, &[0]),
            (types::BYTES, b"secret"),
            (types::BIG_INTEGER, &i64::MIN.to_be_bytes()),
            (types::INTEGER, &(-7_i32).to_be_bytes()),
            (types::TEXT, "张三 \"\\\u{8}\u{9}\n\u{c}\r\u{1}\u{1f}\u{7f}/𠮷".as_bytes()),
            (types::VARCHAR, b""),
            (types::NUMBER, &103.000_001_f64.to_be_bytes()),
            (types::NUMBER, &f64::NAN.to_be_bytes()),
            (types::NUMBER, &3.0_f64.to_be_bytes()),
            (types::DAY, &7336_i32.to_be_bytes()),
            (types::INSTANT, &micros),
            (types::DECIMAL, &decimal),
            (types::ID, &id),
            (types::JSON, b"\x01[\"none\", 1.50]"),
        ];
        for (type_id, bytes) in cells {
            let cell = Cell { type_id, bytes };
            let value = cell.value().unwrap();
            let expected = serde_json::to_string(&value.in_zone(chrono_tz::Asia::Shanghai)).unwrap();
            assert_eq!(written(cell), expected, "{value:?}");
            assert_eq!(expected, value.to_json(chrono_tz::Asia::Shanghai).to_string(), "{value:?}");
        }
    }

    #[test]
    fn an_instant_told_twice_is_the_same() {
        let (one, other) = (DateTime::UNIX_EPOCH, DateTime::<Utc>::MAX_UTC);
        let mut writer = JsonWriter::with_room(0, chrono_tz::UTC);
        for instant in [one, one, other, one] {
            writer.instant(instant).unwrap();
        }
        let text = String::from_utf8(writer.into_bytes()).unwrap();
        let each = |instant| format!("\"{}\"", InZone(instant, chrono_tz::UTC));
        assert_eq!(text, [each(one), each(one), each(other), each(one)].concat());
    }
}
