//! Growth of time: input sixteen times as long takes some sixteen times as long, not two hundred and fifty-six.

use std::time::{Duration, Instant};

use kit::faults::Faults;
use kit::tree::Tree;
use kit::walk::note_repeated;
use lianfang::exchange::files::decode::Decoder;
use lianfang::exchange::files::table::Splitter;
use lianfang::records::Draft;

use super::kinds;

const TIMES: usize = 16;

fn fastest(mut work: impl FnMut()) -> Duration {
    let time = |_| {
        let started = Instant::now();
        work();
        started.elapsed()
    };
    (0..5).map(time).min().unwrap()
}

/// Quadratic work would take 256 times as long; a busy machine is allowed six times.
fn require(name: &str, size: usize, input: impl Fn(usize) -> String, work: impl Fn(&str)) {
    let (small, large) = (input(size), input(size * TIMES));
    let (one, other) = (fastest(|| work(&small)), fastest(|| work(&large)));
    let most = one.max(Duration::from_micros(200)) * u32::try_from(TIMES * 6).unwrap();
    println!("{name}: {} bytes in {one:?}, {} in {other:?}", small.len(), large.len());
    assert!(other <= most, "{name}: {one:?}, then {other:?}");
}

#[test]
fn batches_of_many_items() {
    let kind = kinds().kind("screenings").unwrap();
    let item = r#"{"direction":"in","direction":"out","colour":{"a":[1,{"b":2}]},"answers":["none"]},"#;
    require(
        "items",
        20,
        |count| format!("[{}0]", item.repeat(count)),
        |text| {
            let tree = Tree::parse(text.as_bytes()).unwrap();
            note_repeated(&tree, "", &mut Faults::default());
            let Tree::List(items) = &tree else { panic!("no list") };
            for item in items {
                Draft::parse(kind, kinds(), item, "", &mut Faults::default());
            }
        },
    );
}

fn split(text: &str, piece: usize) {
    let (mut splitter, mut rows) = (Splitter::default(), Vec::new());
    for piece in text.as_bytes().chunks(piece) {
        splitter.push(std::str::from_utf8(piece).unwrap(), false, &mut rows);
    }
    splitter.push("", true, &mut rows);
}

#[test]
fn tables_in_large_and_small_pieces() {
    require("rows", 2_000, |count| "a,\"b\"\"c\",d\r\n".repeat(count), |text| split(text, 65_536));
    require("one long line by the byte", 4_000, |count| "abc,".repeat(count), |text| split(text, 1));
    require("open quotes", 4_000, |count| "a,b\n".to_owned() + &"x\",\"\n".repeat(count), |text| split(text, 4_096));
    require(
        "open quotes of short lines",
        4_000,
        |count| "a,b\n".to_owned() + &"\"\"\"\n".repeat(count),
        |text| split(text, 4_096),
    );
    require(
        "hanzi by the byte",
        4_000,
        |count| "姓名".repeat(count),
        |text| {
            let mut decoder = Decoder::new(None).unwrap();
            let mut length = 0;
            let mut push = |bytes: &[u8], last: bool| {
                let mut decoded = String::new();
                decoder.push(bytes, last, &mut decoded).unwrap();
                length += decoded.len();
            };
            text.as_bytes().chunks(1).for_each(|byte| push(byte, false));
            push(&[], true);
            assert_eq!(length, text.len());
        },
    );
}
