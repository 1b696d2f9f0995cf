//! Files of imports, and cells out and in again.

use std::cell::RefCell;
use std::io::Write;

use actix_web::dev::Payload;
use bytes::Bytes;
use chrono::TimeDelta;
use futures_util::stream;
use kit::check::check_shape;
use kit::faults::Faults;
use kit::field::Shape;
use kit::tree::Tree;
use kit::value::Value;
use lianfang::exchange::files::cells::csv_line;
use lianfang::exchange::files::columns::{Column, imported};
use lianfang::exchange::files::days::Hints;
use lianfang::exchange::files::guard::unguarded;
use lianfang::exchange::files::rows::{Cell, Writing};
use lianfang::exchange::files::table::{Row, Splitter};
use lianfang::exchange::files::{texts, workbook, xlsx};
use lianfang::exchange::imports::reader::{Form, Reader, Source};
use lianfang::platform::http::Arriving;
use lianfang::rooms::attachments::{judged, media_type_of};
use rand::RngExt;
use rand::rngs::StdRng;
use serde_json::{Value as Json, json};

use super::{json, kinds, require_message, seeds};

const ZONE: chrono_tz::Tz = chrono_tz::Asia::Shanghai;
/// More than a row may have of either is a flaw of it.
const MOST_CELLS: usize = 256;
const MOST_TEXT: usize = 256 * 1024;

/// Pictures and papers, good ones and others.
pub fn pictures() -> Vec<Vec<u8>> {
    use crate::support::pictures::{bomb, heic, jpeg, pdf, png, webp};
    vec![jpeg(32, 24), png(24, 32, &[]), webp(20, 20), heic(), pdf(), bomb()]
}

/// Bytes that are kept of any others are the same when they are judged once more.
pub fn picture(bytes: &[u8], random: &mut StdRng) {
    let Some(media_type) = media_type_of(bytes) else { return };
    let keep_position = random.random_bool(0.5);
    let Ok(kept) = judged(bytes, media_type, keep_position) else { return };
    assert_eq!(media_type_of(&kept.bytes), Some(media_type));
    let again = judged(&kept.bytes, media_type, keep_position).expect("what was kept may be kept");
    assert!(again.bytes == kept.bytes && again.size == kept.size, "{media_type}");
}

/// The rows of a file that comes in these pieces.
fn rows(pieces: Vec<Bytes>, form: Form) -> Result<Vec<Row>, &'static str> {
    thread_local! {
        static RUNTIME: RefCell<tokio::runtime::Runtime> =
            RefCell::new(tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap());
    }
    let payload: Payload = Payload::Stream { payload: Box::pin(stream::iter(pieces.into_iter().map(Ok))) };
    let source = Source::Request(Arriving::new(payload, &lianfang::platform::config::Config::default()));
    let mut reader = Reader::text(source, form, None, u64::MAX).unwrap();
    let all = async {
        let mut rows = Vec::new();
        while let Some(more) = reader.next(500).await.map_err(|problem| problem.code().code())? {
            rows.extend(more);
        }
        Ok(rows)
    };
    RUNTIME.with_borrow_mut(|runtime| runtime.block_on(all))
}

/// However the bytes are cut on their way, the rows are the same.
fn require_rows(bytes: &[u8], form: Form, generator: &mut StdRng) -> Vec<Row> {
    let whole = rows(vec![Bytes::copy_from_slice(bytes)], form);
    let most = if bytes.len() < 2_000 { 4 } else { 3_000 };
    let (mut rest, mut pieces) = (bytes, Vec::new());
    while !rest.is_empty() {
        let (piece, after) = rest.split_at(generator.random_range(1..=most).min(rest.len()));
        pieces.push(Bytes::copy_from_slice(piece));
        rest = after;
    }
    assert_eq!(rows(pieces, form), whole, "in pieces above, whole below");
    let rows = whole.unwrap_or_default();
    let newlines = bytes.iter().filter(|byte| matches!(byte, b'\r' | b'\n')).count() as u64;
    assert!(rows.windows(2).all(|pair| pair[0].line < pair[1].line), "lines go back");
    assert!(rows.iter().all(|row| (1..=newlines + 1).contains(&row.line)), "a line that isn't in the file");
    require_bounds(&rows);
    rows
}

fn require_bounds(rows: &[Row]) {
    for row in rows.iter().filter(|row| row.flaw.is_none()) {
        assert!(row.cells.len() <= MOST_CELLS, "line {}: {} cells", row.line, row.cells.len());
    }
}

/// Cells are judged as those of some kind, and refused in words.
fn require_judged(rows: &[Row], generator: &mut StdRng) {
    let columns = columns();
    let from = generator.random_range(0..columns.len());
    for row in rows.iter().take(50) {
        for (text, column) in row.cells.iter().zip(columns[from..].iter().cycle()) {
            let mut faults = Faults::default();
            let by_clerks = Hints { ours: false, ..hints() };
            if let Some(tree) = texts::of_field(column.field, text, &by_clerks).tree {
                check_shape(&column.field.shape, &tree, "", &mut faults);
            }
            faults.list().iter().for_each(require_message);
        }
    }
}

/// A file of ours, read today.
fn hints() -> Hints {
    Hints { ours: true, ..Hints::new(ZONE, chrono::Utc::now()) }
}

/// The columns of every kind.
fn columns() -> Vec<Column> {
    kinds().kinds().flat_map(|kind| imported(kind, kinds())).collect()
}

pub fn csv(bytes: &[u8], generator: &mut StdRng) {
    let rows = require_rows(bytes, Form::Csv, generator);
    let text: usize = rows.iter().flat_map(|row| &row.cells).map(String::len).sum();
    // One byte of GB18030 may be three of ours: 0x80 is the euro sign.
    assert!(text <= bytes.len() * 3 + 3, "more text than came");
    require_judged(&rows, generator);
    require_back(&rows);
}

/// Rows that were read, written as a table and read again, are the same.
fn require_back(rows: &[Row]) {
    let good: Vec<&Row> = rows.iter().filter(|row| row.flaw.is_none() && row.cells.len() < MOST_CELLS).collect();
    let line = |row: &&Row| csv_line(&row.cells.iter().cloned().map(Cell::Text).collect::<Vec<_>>());
    // A line of ours first, so that commas part the cells.
    let table = "a,b\r\n".to_owned() + &good.iter().map(line).collect::<String>();
    let (mut splitter, mut again) = (Splitter::default(), Vec::new());
    splitter.push(&table, true, &mut again);
    let read = |row: &Row| row.cells.iter().map(|cell| unguarded(cell).to_owned()).collect::<Vec<_>>();
    let again: Vec<Vec<String>> = again.iter().skip(1).map(read).collect();
    assert_eq!(again, good.iter().map(|row| row.cells.clone()).collect::<Vec<_>>(), "{table:?}");
}

pub fn ndjson(bytes: &[u8], generator: &mut StdRng) {
    for row in require_rows(bytes, Form::Ndjson, generator) {
        json::parsed(row.cells[0].as_bytes());
    }
}

pub fn xlsx(bytes: &[u8], generator: &mut StdRng) {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    let read = || workbook::read(&file, None).map_err(|error| error.to_string());
    let rows = read();
    let told = |sheets: &Result<Vec<workbook::Sheet>, String>| match sheets {
        Ok(sheets) => sheets.iter().flat_map(|sheet| sheet.rows.clone()).collect::<Vec<Row>>(),
        Err(_) => Vec::new(),
    };
    let again = read();
    assert_eq!((told(&again), again.is_err()), (told(&rows), rows.is_err()), "read twice, it is another");
    let rows = told(&rows);
    require_bounds(&rows);
    assert!(rows.iter().all(|row| row.cells.iter().map(String::len).sum::<usize>() <= MOST_TEXT));
    require_judged(&rows, generator);
}

pub fn texts() -> Vec<Vec<u8>> {
    let texts =
        ["张三", "=1+1", "'quoted", "川T·12345", "北门;南门", "[1]", "a\r\nb", "say \"x\"", "36.5℃", "a,b\tc", "是"];
    texts.iter().map(|text| text.as_bytes().to_vec()).chain(seeds::strings("document", &["others.txt"])).collect()
}

/// A value that a kind takes, written as a cell of a table or a workbook and read back, is the same.
pub fn cell(bytes: &[u8], generator: &mut StdRng) {
    let columns = columns();
    let text = String::from_utf8_lossy(bytes);
    for column in &columns[generator.random_range(0..columns.len())..].iter().take(40).collect::<Vec<_>>() {
        let candidate = candidate(&column.field.shape, &text, generator);
        let mut faults = Faults::default();
        let Some(taken) = check_shape(&column.field.shape, &Tree::from_json(&candidate), "", &mut faults) else {
            continue;
        };
        let value = taken.to_json(ZONE);
        // In words an export gives an item a row; what only the server writes is told, and not read again.
        let is_laid_out = matches!(column.field.shape, Shape::List { of: Shape::Object(_), .. });
        let ways = Writing::all(ZONE).into_iter().filter(|writing| !writing.words || !is_laid_out);
        let written: Vec<Vec<Cell>> = ways.map(|writing| vec![writing.cell(column.field, &value)]).collect();
        let mut found: Vec<String> = written.iter().map(|cells| in_table(&csv_line(cells))).collect();
        // A number is kept by a workbook to fifteen digits; making one takes long.
        if value.is_string() && value.to_string().len() < 15 && generator.random_ratio(1, 40) {
            let mut writer = xlsx::Writer::new(&["a".into()], &[(*column).clone()]).unwrap();
            writer.write(&written[generator.random_range(0..written.len())]).unwrap();
            let mut file = tempfile::tempfile().unwrap();
            file.write_all(&writer.finish().unwrap()).unwrap();
            let rows = workbook::read(&file, None).unwrap().remove(0).rows;
            found.push(rows.get(1).map(|row| row.cells[0].clone()).unwrap_or_default());
        }
        for text in found {
            let read = texts::of_field(column.field, &text, &hints()).tree.unwrap_or(Tree::Null);
            let back = check_shape(&column.field.shape, &read, "", &mut faults);
            let is_nothing = matches!(read, Tree::Null) && is_blank(&value);
            // A workbook keeps no zeros at a number's end: as a number it is the same.
            let same = back.as_ref() == Some(&taken)
                || back.as_ref().map(|back| visible(&back.to_json(ZONE))) == Some(visible(&value))
                || to_the_second(back.as_ref()).is_some_and(|second| Some(second) == to_the_second(Some(&taken)));
            assert!(same || is_nothing, "{}: {value} is {text:?} and then {back:?}", column.name());
        }
    }
}

/// Moments as people write them have no fractions.
fn to_the_second(value: Option<&Value>) -> Option<i64> {
    if let Some(Value::Instant(instant)) = value { Some(instant.timestamp()) } else { None }
}

fn in_table(line: &str) -> String {
    let mut rows = Vec::new();
    Splitter::default().push(&format!("a,b\r\nx,{line}"), true, &mut rows);
    rows.get(1).map(|row| row.cells[1].clone()).unwrap_or_default()
}

/// Without what takes no room on the screen: it goes where a cell is read.
fn visible(value: &Json) -> Json {
    match value {
        Json::String(text) => {
            let shown =
                text.chars().filter(|letter| !matches!(letter, '\u{feff}' | '\u{200b}'..='\u{200f}' | '\u{2060}'));
            json!(shown.collect::<String>().trim())
        }
        Json::Array(items) => items.iter().map(visible).collect(),
        Json::Object(members) => members.iter().map(|(name, member)| (name.clone(), visible(member))).collect(),
        other => other.clone(),
    }
}

/// Nothing, as a file has it: an empty list is none.
fn is_blank(value: &Json) -> bool {
    value.as_array().is_some_and(Vec::is_empty) || visible(value) == json!("")
}

/// Makes a value for a field of this shape, from this text or by chance.
fn candidate(shape: &Shape, text: &str, generator: &mut StdRng) -> Json {
    match shape {
        Shape::Text { max, .. } | Shape::Secret { max, .. } => json!(text.chars().take(*max).collect::<String>()),
        Shape::Word(vocabulary) => json!(vocabulary.codes()[generator.random_range(0..vocabulary.codes().len())]),
        Shape::Decimal { scale, .. } => {
            let places = generator.random_range(0..=*scale) as usize;
            let whole = generator.random_range(-99..1_000_i64) / generator.random_range(1..50);
            json!(if places == 0 {
                whole.to_string()
            } else {
                format!("{whole}.{:0places$}", generator.random_range(0..10))
            })
        }
        Shape::Integer { min, max } => json!(generator.random_range(*min..=*max)),
        Shape::Number { min, max } => {
            let number = generator.random_range(*min..=*max);
            json!(if generator.random_bool(0.3) { number * 1e-9 } else { number })
        }
        Shape::Boolean => json!(generator.random_bool(0.5)),
        Shape::Instant => {
            let at = chrono::DateTime::UNIX_EPOCH
                + TimeDelta::microseconds(generator.random_range(-2_000_000_000_000_000..7_000_000_000_000_000));
            json!(at.to_rfc3339())
        }
        Shape::Day => {
            json!((chrono::NaiveDate::default() + TimeDelta::days(generator.random_range(-25_000..80_000))).to_string())
        }
        Shape::Id | Shape::Account | Shape::Reference(_) => json!(uuid::Uuid::from_u128(generator.random())),
        Shape::Area => json!(["511802005", "51", "511802005-01"][generator.random_range(0..3)]),
        Shape::Inline(..) => json!({}),
        Shape::List { of, max } => {
            let parts: Vec<&str> = text.split_inclusive(char::is_whitespace).collect();
            let count = generator.random_range(0..=(*max).min(4)).min(parts.len());
            parts[..count].iter().map(|part| candidate(of, part, generator)).collect()
        }
        Shape::Object(fields) => {
            let members = fields.iter().map(|field| (field.name.to_owned(), candidate(&field.shape, text, generator)));
            members.collect()
        }
    }
}
