//! Reading clocks and entries.

use kit::columns;
use kit::row::Row;
use kit::statement::Statement;

use super::VerifyError;
use super::reader::Reader;

columns! {
    DISTRICT_CODE "district_code": String;
    LAST_NO "last_no": i64;
    HEAD "head": Box<[u8]>;
    FIRST_NO "first_no": i64;
    CHANGE_COUNT "change_count": i64;
    DIGEST "digest": Box<[u8]>;
    MICROS "micros": i64;
}

/// Numbers read at a time: memory stays flat, and no statement takes long.
const PAGE: i64 = 4_000;

/// A district's clock.
pub struct Clock {
    /// The district.
    pub district_code: String,
    /// The newest number.
    pub last_no: i64,
    /// The head of its chain.
    pub head: Vec<u8>,
}

impl Clock {
    /// Reads a clock's row.
    pub fn of_row(mut row: Row) -> Option<Self> {
        Some(Self {
            district_code: row.get(&DISTRICT_CODE)?,
            last_no: row.get(&LAST_NO)?,
            head: row.get(&HEAD).map(Vec::from)?,
        })
    }
}

/// An entry.
pub struct Entry {
    /// Its first number.
    pub first_no: i64,
    /// Count of numbers it took.
    pub count: i64,
    /// The digest of its rows.
    pub digest: Vec<u8>,
    /// The chain's head after it.
    pub head: Vec<u8>,
    /// When it was taken, in microseconds since 1970.
    pub recorded_micros: i64,
}

const SELECT: &str = "SELECT first_no, change_count, digest, head, (extract(epoch FROM recorded_at) * 1000000)::bigint AS micros FROM ledger_entries WHERE district_code = ";

impl Entry {
    fn of_row(mut row: Row) -> Option<Self> {
        Some(Self {
            first_no: row.get(&FIRST_NO)?,
            count: row.get(&CHANGE_COUNT)?,
            digest: row.get(&DIGEST).map(Vec::from)?,
            head: row.get(&HEAD).map(Vec::from)?,
            recorded_micros: row.get(&MICROS)?,
        })
    }
}

/// The entry that holds a number.
pub async fn entry_of(reader: &mut Reader, clock: &Clock, number: i64) -> Result<Option<Entry>, VerifyError> {
    let statement = Statement::new(SELECT).text(&clock.district_code).sql(" AND first_no <= ").integer(number);
    let rows = reader.read(statement.sql(" ORDER BY first_no DESC LIMIT 1")).await?;
    Ok(rows.into_iter().next().and_then(Entry::of_row))
}

/// The next entries from a number on: about a page of numbers.
pub async fn entries(reader: &mut Reader, clock: &Clock, from: i64) -> Result<Vec<Entry>, VerifyError> {
    let statement = Statement::new(SELECT)
        .text(&clock.district_code)
        .sql(" AND first_no >= ")
        .integer(from)
        .sql(" AND first_no <= ")
        .integer(clock.last_no)
        .sql(" ORDER BY first_no LIMIT ")
        .integer(PAGE);
    let rows = reader.read(statement).await?;
    let mut count = 0;
    // Whole entries, about a page of numbers.
    Ok(rows
        .into_iter()
        .filter_map(Entry::of_row)
        .take_while(|entry| {
            let fits = count == 0 || count + entry.count <= PAGE;
            count += entry.count;
            fits
        })
        .collect())
}
