//! How seeds are changed.

use std::io::{Cursor, Read, Write};

use rand::RngExt;
use rand::rngs::StdRng;
use serde_json::{Value as Json, json};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use super::LARGEST;
use super::seeds::TOKENS;

/// Values that fit nowhere, or nearly.
fn odd_value(generator: &mut StdRng) -> Json {
    let values = [
        json!(null),
        json!(true),
        json!(0),
        json!(-1),
        json!(1e-7),
        json!(1e300),
        json!(i64::MIN),
        json!(u64::MAX),
        json!(0.1),
        json!(3.0),
        json!(""),
        json!(" "),
        json!("\0"),
        json!("\u{200b}"),
        json!("'=1"),
        json!("-0.00"),
        json!("36.5"),
        json!("2020-02-29"),
        json!("2016-12-31T23:59:60Z"),
        json!("2020-02-02T08:30:00.1234567+08:00"),
        json!("00000000-0000-0000-0000-000000000000"),
        json!("x".repeat(5_000)),
        json!([]),
        json!({}),
        json!([[]]),
        json!({"a/b": 1, "~": {"": null}, "a\u{1}b": "\0"}),
        json!(["\0", "\0"]),
        json!(vec![0; 600]),
    ];
    values[generator.random_range(0..values.len())].clone()
}

/// Bytes changed in a few places; now and then so many times over that nothing quadratic stays unseen.
pub fn bytes(generator: &mut StdRng, seeds: &[Vec<u8>]) -> Vec<u8> {
    let mut input = one::<Vec<u8>>(generator, seeds).clone();
    edit(generator, &mut input, seeds);
    input
}

fn one<'a, T>(generator: &mut StdRng, of: &'a [T]) -> &'a T {
    &of[generator.random_range(0..of.len())]
}

/// A piece of the bytes, most often a short one.
fn piece(generator: &mut StdRng, length: usize) -> std::ops::Range<usize> {
    let begin = generator.random_range(0..=length);
    let most = if generator.random_bool(0.7) { 8 } else { length };
    begin..(begin + generator.random_range(0..=most)).min(length)
}

fn edit(generator: &mut StdRng, input: &mut Vec<u8>, seeds: &[Vec<u8>]) {
    input.truncate(LARGEST);
    for _ in 0..generator.random_range(1..=5) {
        let range = piece(generator, input.len());
        match generator.random_range(0..9) {
            0 if !range.is_empty() => input[range.start] ^= 1 << generator.random_range(0..8),
            1 if !range.is_empty() => input[range.start] = generator.random(),
            2 => drop(input.splice(range, [])),
            3 => {
                let again = input[range.clone()].to_vec();
                input.splice(range.end..range.end, again);
            }
            4 => {
                let other = one::<Vec<u8>>(generator, seeds);
                let from = piece(generator, other.len());
                input.splice(range, other[from].iter().copied());
            }
            5 => input.truncate(range.end),
            6 => {
                let at = generator.random_range(0..=input.len());
                input.splice(at..at, one::<&[u8]>(generator, TOKENS).iter().copied());
            }
            _ => drop(input.splice(range, one::<&[u8]>(generator, TOKENS).iter().copied())),
        }
    }
    if generator.random_ratio(1, 60) {
        grow(generator, input);
    }
    input.truncate(LARGEST);
}

fn grow(generator: &mut StdRng, input: &mut Vec<u8>) {
    let range = piece(generator, input.len());
    let repeated =
        if range.is_empty() { one::<&[u8]>(generator, TOKENS).to_vec() } else { input[range.clone()].to_vec() };
    let times = generator.random_range(1..=LARGEST / repeated.len());
    input.splice(range.end..range.end, repeated.repeat(times));
}

/// JSON with values and members exchanged; a third of it with bytes changed too.
pub fn json(generator: &mut StdRng, seeds: &[Vec<u8>]) -> Vec<u8> {
    let Ok(mut value) = serde_json::from_slice::<Json>(one::<Vec<u8>>(generator, seeds)) else {
        return bytes(generator, seeds);
    };
    for _ in 0..generator.random_range(1..=3) {
        exchange(generator, &mut value, seeds);
    }
    let mut input = value.to_string().into_bytes();
    if generator.random_ratio(1, 3) {
        edit(generator, &mut input, seeds);
    }
    input.truncate(LARGEST);
    input
}

/// Two bodies, the one after the other as a list.
pub fn json_pair(generator: &mut StdRng, seeds: &[Vec<u8>]) -> Vec<u8> {
    let parsed = |generator: &mut StdRng| serde_json::from_slice::<Json>(one::<Vec<u8>>(generator, seeds)).unwrap();
    let mut value = parsed(generator);
    // Often a body with itself: else hardly a name is the same.
    if generator.random_bool(0.5) {
        value[1] = parsed(generator)[0].clone();
    }
    for _ in 0..generator.random_range(1..=4) {
        exchange(generator, &mut value, seeds);
    }
    value.to_string().into_bytes()
}

fn exchange(generator: &mut StdRng, value: &mut Json, seeds: &[Vec<u8>]) {
    let other = serde_json::from_slice::<Json>(one::<Vec<u8>>(generator, seeds)).unwrap_or_default();
    let (name, given) = one::<String>(generator, &places(&other)).rsplit_once('/').map_or_else(
        || (String::new(), Json::Null),
        |(folder, name)| (name.to_owned(), other.pointer(&format!("{folder}/{name}")).cloned().unwrap_or_default()),
    );
    let given = if generator.random_bool(0.5) { odd_value(generator) } else { given };
    let at = one::<String>(generator, &places(value)).clone();
    let Some(place) = value.pointer_mut(&at) else { return };
    match place {
        Json::Object(members) if generator.random_bool(0.8) => drop(members.insert(name, given)),
        Json::Array(items) if generator.random_bool(0.5) => items.push(given),
        place => *place = given,
    }
}

/// The pointers of everything within.
fn places(value: &Json) -> Vec<String> {
    let mut found = vec![String::new()];
    let inner: Vec<(String, &Json)> = match value {
        Json::Array(items) => items.iter().enumerate().map(|(index, item)| (index.to_string(), item)).collect(),
        Json::Object(members) => {
            members.iter().map(|(name, member)| (name.replace('~', "~0").replace('/', "~1"), member)).collect()
        }
        _ => Vec::new(),
    };
    for (name, member) in inner {
        found.extend(places(member).into_iter().map(|rest| format!("/{name}{rest}")));
    }
    found
}

/// A workbook with one of its parts changed, or the bytes of the archive itself.
pub fn workbook(generator: &mut StdRng, seeds: &[Vec<u8>]) -> Vec<u8> {
    let seed = one::<Vec<u8>>(generator, seeds);
    let parts = if generator.random_ratio(1, 4) { None } else { unpacked(seed) };
    let Some(mut parts) = parts.filter(|parts| !parts.is_empty()) else { return bytes(generator, seeds) };
    let others: Vec<Vec<u8>> = parts.iter().map(|(_, bytes)| bytes.clone()).collect();
    let at = generator.random_range(0..parts.len());
    edit(generator, &mut parts[at].1, &others);
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in parts {
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
        if writer.start_file(name, options).is_ok() {
            writer.write_all(&bytes).unwrap();
        }
    }
    writer.finish().unwrap().into_inner()
}

fn unpacked(bytes: &[u8]) -> Option<Vec<(String, Vec<u8>)>> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).ok()?;
    let mut parts = Vec::new();
    for index in 0..archive.len().min(50) {
        let mut part = Vec::new();
        let entry = archive.by_index(index).ok()?;
        let name = entry.name().ok()?.into_owned();
        entry.take(LARGEST as u64).read_to_end(&mut part).ok()?;
        parts.push((name, part));
    }
    Some(parts)
}
