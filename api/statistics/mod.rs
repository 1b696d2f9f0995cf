//! Figures of every kind that has some: events (人次) and different people (人), by day, hour, area, place or
//! organisation, against the period before, each with the list that proves it.
//!
//! - They are read from the rollups that the ledger keeps with each write, so they are exact and cost the same
//!   however many records there are; `as_of_change_no` says as of which write.
//! - What a request asks for: [`asked`]. Reading: [`rollups`]. Lines without gaps, their names: [`lines`].
//!   What no rollup keeps apart is counted from the records, within bounds: [`rows`].
//!   Small numbers, for keys that may not see them: [`cover`]. The answer and its links: [`answer`].
//! - An area of several districts, a prefecture, a province or the country, has the sums of theirs: [`districts`] reads
//!   them side by side, of a kind [`wide`], of other rooms' figures [`polled::answer_by_district`].
//! - Figures by name, of kinds and themes, whatever and however many are asked for: [`figures`].
//! - A poll that finds nothing new is answered from memory: [`tag`].

pub(crate) mod answer;
pub(crate) mod asked;
pub mod codes;
pub(crate) mod cover;
pub mod districts;
pub(crate) mod document;
pub mod figures;
pub(crate) mod lines;
mod of_districts;
pub(crate) mod parameters;
pub(crate) mod people;
pub mod polled;
pub(crate) mod rights;
pub(crate) mod rollups;
pub(crate) mod rows;
mod shares;
pub mod sheet;
mod shown;
pub(crate) mod tag;
mod wide;

pub use cover::cover;
pub use document::operations;
use kit::columns;
use kit::database::Snapshot;
use kit::problem::Problem;
use kit::row::Row;
use kit::statement::Statement;
pub use of_districts::OfDistricts;
pub use rights::{covered, opens_lists};
pub use shares::said_share;

use crate::platform::http::{Answer, Call};
use crate::records::Kind;

columns! {
    LAST_NO "last_no": i64;
}

/// The figures of a kind.
async fn of_kind(kind: &'static Kind, call: Call) -> Answer {
    if let Some(area) = districts::Area::asked(&call.query) {
        return wide::of_kind(kind, &call, area).await;
    }
    let asked = asked::Asked::of(kind, &call)?;
    let tag = tag::Tag::of(&call, &asked.district_code, asked.today)?;
    if let Some(unchanged) = tag.unchanged(&call) {
        return Ok(unchanged);
    }
    let (sheet, head) = counted(&call, &asked).await?;
    let lines = lines::of(&call, &asked, sheet.lines).await?;
    let as_of = answer::AsOf::one(&asked.district_code, head);
    answer::answer(&call, &asked, &answer::Table { lines, total: sheet.total, as_of }, &tag)
}

/// Reads what may be shown of a district, and as of which number.
async fn counted(call: &Call, asked: &asked::Asked) -> Result<(cover::Sheet, i64), Problem> {
    let read = if asked.narrowed { rows::read(call, asked).await? } else { rollups::read(call, asked).await? };
    Ok((cover::sheet(asked, &read), read.head))
}

/// A district's newest number as of a moment, with what else is read then.
pub async fn head_in(snapshot: &mut Snapshot, district_code: &str) -> Result<i64, Problem> {
    Ok(number_of(snapshot.read(&clock(district_code)).await?))
}

/// Query for a district's newest number.
pub fn clock(district_code: &str) -> Statement {
    Statement::new("SELECT c.last_no FROM district_clocks AS c WHERE c.district_code = ")
        .text(district_code)
        .seeing_district(district_code)
}

/// The number that it read.
pub fn number_of(rows: Vec<Row>) -> i64 {
    rows.into_iter().next().and_then(|mut row| row.get(&LAST_NO)).unwrap_or(0)
}
