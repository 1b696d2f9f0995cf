//! The index of changes against the rows it was written with: what it leaves out or adds would be read wrongly by all
//! who follow the ledger.

use std::collections::BTreeMap;

use chrono::DateTime;
use chrono::Utc;
use kit::columns;
use kit::row::Row;
use kit::statement::Statement;
use uuid::Uuid;

use super::entries::Clock;
use super::reader::Reader;
use super::{Finding, VerifyError};
use crate::platform::core::Core;

columns! {
    CHANGE_NO "change_no": i64;
    SEQUENCE "sequence": i64;
    ID "id": Uuid;
    KIND "kind": String;
    REVISION "revision": i64;
    OPERATION "operation": String;
    AREA_CODE "area_code": String;
    ORG_ID "org_id": Uuid;
    REVISED_BY "revised_by": Uuid;
    REVISED_AT "revised_at": DateTime<Utc>;
}

/// Numbers of which rows without a line of the index are looked for at a time.
const PAGE: i64 = 100_000;

/// Line of the index of changes, with the values that its row must have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The kind.
    pub kind: String,
    /// The revision.
    pub revision: i64,
    /// Whether it voids the record or leaves it void.
    pub voided: bool,
    /// The area.
    pub area_code: String,
    /// The organisation.
    pub org_id: Option<Uuid>,
    /// The author.
    pub revised_by: Uuid,
    /// Time of the revision, in microseconds since 1970.
    pub revised_micros: i64,
}

/// Lines by number, place of the kind and id.
pub type Lines = BTreeMap<(i64, i16, Uuid), Line>;

/// The lines of a range of numbers.
pub async fn read(reader: &mut Reader, clock: &Clock, from: i64, until: i64) -> Result<Lines, VerifyError> {
    let statement = range(
        Statement::new(
            "SELECT change_no, sequence::bigint AS sequence, kind, id, revision, operation, area_code, org_id, \
             revised_by, revised_at FROM ledger_changes AS r WHERE r.district_code = ",
        ),
        clock,
        from,
        until,
    );
    Ok(reader.read(statement).await?.into_iter().filter_map(line).collect())
}

fn line(mut row: Row) -> Option<((i64, i16, Uuid), Line)> {
    let key = (row.get(&CHANGE_NO)?, i16::try_from(row.get(&SEQUENCE)?).ok()?, row.get(&ID)?);
    let line = Line {
        kind: row.get(&KIND)?,
        revision: row.get(&REVISION)?,
        voided: row.get(&OPERATION)? == "void",
        area_code: row.get(&AREA_CODE)?,
        org_id: row.get(&ORG_ID),
        revised_by: row.get(&REVISED_BY)?,
        revised_micros: row.get(&REVISED_AT)?.timestamp_micros(),
    };
    Some((key, line))
}

/// The first number at which lines and rows don't agree. A record that was amended while void is void in both, though
/// its line says that it was amended.
pub fn difference(lines: &Lines, rows: &Lines) -> Option<i64> {
    let agree =
        |one: &Line, other: &Line| *one == Line { voided: one.voided, ..other.clone() } && one.voided <= other.voided;
    let missing = lines.keys().find(|key| !rows.contains_key(key)).map(|(number, ..)| *number);
    let other = rows.iter().find(|(key, row)| lines.get(key).is_none_or(|line| !agree(line, row)));
    missing.into_iter().chain(other.map(|((number, ..), _)| *number)).min()
}

/// Rows that stand in no line of the index, whatever the kind.
pub async fn require_lines(core: &Core, reader: &mut Reader, clock: &Clock) -> Result<(), VerifyError> {
    let mut from = 1;
    while from <= clock.last_no {
        let until = (from + PAGE - 1).min(clock.last_no);
        let former = ("record_revisions", "r.kind".to_owned());
        let current = core.kinds().kinds().map(|kind| (kind.name, format!("'{}'", kind.name)));
        for (table, kind) in current.chain([former]) {
            let rows = Statement::new(format!(
                "SELECT {kind} AS kind, r.id, r.change_no FROM {table} AS r WHERE NOT EXISTS (SELECT 1 FROM ledger_changes AS c \
                 WHERE c.district_code = r.district_code AND c.change_no = r.change_no AND c.id = r.id AND c.kind = {kind}) \
                 AND r.district_code = "
            ));
            let statement = range(rows, clock, from, until).sql(" LIMIT 1");
            let Some(mut row) = reader.read(statement).await?.into_iter().next() else { continue };
            return Err(VerifyError::Finding(Finding::Foreign(
                clock.district_code.clone(),
                row.get(&KIND).unwrap_or_default(),
                row.get(&ID).unwrap_or_default(),
                row.get(&CHANGE_NO).unwrap_or_default(),
            )));
        }
        from = until + 1;
    }
    Ok(())
}

fn range(statement: Statement, clock: &Clock, from: i64, until: i64) -> Statement {
    statement
        .text(&clock.district_code)
        .sql(" AND r.change_no >= ")
        .integer(from)
        .sql(" AND r.change_no <= ")
        .integer(until)
}
