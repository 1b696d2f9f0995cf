//! Walking a district's entries from the first to the head.

use std::collections::{BTreeMap, BTreeSet};

use kit::columns;
use kit::row::Row;
use kit::statement::Statement;
use kit::value::Value;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::entries::{Clock, Entry, entries};
use super::index::{self, Line, Lines};
use super::{Finding, Verified, VerifyError};
use crate::platform::core::Core;
use crate::platform::privacy::seal::PURGED_BYTES;
use crate::records::proof;
use crate::records::{Kind, Record};

columns! {
    PERSONAL "personal": Box<[u8]>;
}

/// Walks a district. Beyond the clock's number at the start nothing is looked at: others may be writing.
pub async fn district(
    core: &Core,
    clock: &Clock,
    verified: &mut Verified,
    mut progress: impl FnMut(u64),
) -> Result<(), VerifyError> {
    let mut head = Sha256::digest(&clock.district_code).to_vec();
    let mut next = 1;
    while next <= clock.last_no {
        let entries = entries(core, clock, next).await?;
        let Some(last) = entries.last() else {
            return Err(VerifyError::Finding(Finding::Entry(clock.district_code.clone(), next, "it is missing")));
        };
        let until = last.first_no + last.count - 1;
        let lines = index::read(core, clock, next, until).await?;
        let mut rows = rows(core, clock, &lines, next, until).await?;
        let told = rows.iter().map(|(key, row)| (*key, row.line.clone())).collect();
        let difference = index::difference(&lines, &told);
        for entry in entries {
            head = check_entry(clock, &entry, next, &head)?;
            check_rows(clock, &entry, &mut rows, verified)?;
            next += entry.count;
            verified.entries += 1;
        }
        if let Some(((number, _, id), row)) = rows.pop_first() {
            return Err(VerifyError::Finding(Finding::Foreign(
                clock.district_code.clone(),
                row.kind.to_owned(),
                id,
                number,
            )));
        }
        if let Some(number) = difference {
            return Err(VerifyError::Finding(Finding::Index(clock.district_code.clone(), number)));
        }
        progress(u64::try_from(next - 1).unwrap_or(0));
    }
    if head == clock.head {
        Ok(())
    } else {
        Err(VerifyError::Finding(Finding::Entry(
            clock.district_code.clone(),
            clock.last_no,
            "the clock's head is another",
        )))
    }
}

fn check_entry(clock: &Clock, entry: &Entry, expected_no: i64, former: &[u8]) -> Result<Vec<u8>, VerifyError> {
    let finding = |what| VerifyError::Finding(Finding::Entry(clock.district_code.clone(), entry.first_no, what));
    if entry.first_no != expected_no {
        return Err(finding("numbers before it are missing"));
    }
    let hash = Sha256::new()
        .chain_update(former)
        .chain_update(entry.first_no.to_be_bytes())
        .chain_update(entry.count.to_be_bytes());
    let head = hash.chain_update(&entry.digest).chain_update(entry.recorded_micros.to_be_bytes()).finalize().to_vec();
    if head == entry.head { Ok(head) } else { Err(finding("the chain is broken")) }
}

/// A row of the ledger, recomputed.
struct Found {
    kind: &'static str,
    line: Line,
    stored: Vec<u8>,
    computed: [u8; 32],
    recorded_micros: i64,
    in_the_clear: bool,
}

type Rows = BTreeMap<(i64, i16, Uuid), Found>;

/// Every revision of a range of numbers, current and former, of the kinds that occur in it.
async fn rows(core: &Core, clock: &Clock, lines: &Lines, from: i64, until: i64) -> Result<Rows, VerifyError> {
    let mut found = Rows::new();
    let occurring: BTreeSet<&str> = lines.values().map(|line| line.kind.as_str()).collect();
    for kind in core.kinds().kinds().filter(|kind| occurring.contains(kind.name)) {
        let range = |statement: Statement| {
            statement
                .text(&clock.district_code)
                .seeing_district(&clock.district_code)
                .sql(" AND change_no >= ")
                .integer(from)
                .sql(" AND change_no <= ")
                .integer(until)
        };
        let current = Statement::new(format!("SELECT {} FROM {} WHERE district_code = ", kind.select(), kind.name));
        let former = Statement::new(format!(
            "SELECT {} FROM (SELECT (jsonb_populate_record(NULL::{}, body)).* FROM record_revisions WHERE kind = '{}' AND district_code = ",
            kind.select(),
            kind.name,
            kind.name
        ));
        for statement in [range(current), range(former).sql(") AS r")] {
            for row in core.database.read(&statement).await? {
                note(core, kind, row, &mut found)?;
            }
        }
    }
    Ok(found)
}

fn note(core: &Core, kind: &'static Kind, row: Row, found: &mut Rows) -> Result<(), VerifyError> {
    let mut open = row.clone();
    let (sealed, stored) = (open.get(&PERSONAL).map(Vec::from), proof::chained(&mut open));
    let record = Record::from_row(kind, open, &core.sealer)?;
    let in_the_clear = proof::is_in_the_clear(kind, row.clone());
    let computed = match is_intact(core, kind, row.clone(), &record, sealed.as_deref()) {
        true => proof::of_row(kind, row, &record.envelope, &core.sealer).unwrap_or_default(),
        false => [0; 32],
    };
    let envelope = &record.envelope;
    let recorded_micros = envelope.revised_at.timestamp_micros();
    let line = Line {
        kind: kind.name.to_owned(),
        revision: envelope.revision,
        voided: envelope.voided,
        area_code: envelope.area_code.clone(),
        org_id: envelope.org_id,
        revised_by: envelope.revised_by,
        revised_micros: recorded_micros,
    };
    let key = (envelope.change_no, kind.sequence, envelope.id);
    found.insert(key, Found { kind: kind.name, line, stored, computed, recorded_micros, in_the_clear });
    Ok(())
}

/// Checks what the digest leaves out because keys may be rotated, with the keys there are: the
/// envelope opens to its commitment, the blind indexes are those of what it holds.
fn is_intact(core: &Core, kind: &Kind, mut row: Row, record: &Record, sealed: Option<&[u8]>) -> bool {
    let envelope = &record.envelope;
    if envelope.revision == 1 && envelope.recorded_at != envelope.revised_at {
        return false;
    }
    let Some(sealed) = sealed else { return true };
    if !record.commitment_holds(kind, sealed, &core.sealer) {
        return false;
    }
    let blind: Vec<Value> = kind.rules.blind_columns().iter().map(|column| row.take(column)).collect();
    if sealed.len() == PURGED_BYTES {
        return true;
    }
    row.put("personal", Value::Bytes(sealed.to_vec()));
    let context = core.context(envelope.recorded_at, &envelope.district_code);
    Record::from_row(kind, row, &core.sealer).is_ok_and(|whole| kind.rules.blind_values(&whole, &context) == blind)
}

/// Every number of the entry has rows, each is what it was, and together they are what was chained.
fn check_rows(clock: &Clock, entry: &Entry, rows: &mut Rows, verified: &mut Verified) -> Result<(), VerifyError> {
    let end = entry.first_no + entry.count;
    let rest = rows.split_off(&(end, i16::MIN, Uuid::nil()));
    let of_entry = std::mem::replace(rows, rest);
    let mut hash = Sha256::new();
    let mut numbers = entry.first_no..end;
    let mut expected = numbers.next();
    for ((change_no, _, id), row) in &of_entry {
        while expected.is_some_and(|number| number < *change_no) {
            if !of_entry.keys().any(|(number, ..)| Some(*number) == expected) {
                return Err(VerifyError::Finding(Finding::Removed(clock.district_code.clone(), expected.unwrap_or(0))));
            }
            expected = numbers.next();
        }
        if row.computed.as_slice() != row.stored.as_slice() || row.recorded_micros != entry.recorded_micros {
            return Err(VerifyError::Finding(Finding::Altered {
                district_code: clock.district_code.clone(),
                kind: row.kind.to_owned(),
                id: *id,
                revision: row.line.revision,
                change_no: *change_no,
            }));
        }
        hash.update(row.computed);
        verified.revisions += 1;
        verified.in_the_clear += u64::from(row.in_the_clear);
    }
    let last = of_entry.keys().map(|(number, ..)| *number).max();
    if last != Some(end - 1) {
        return Err(VerifyError::Finding(Finding::Removed(
            clock.district_code.clone(),
            last.map_or(entry.first_no, |last| last + 1),
        )));
    }
    if hash.finalize().as_slice() == entry.digest.as_slice() {
        return Ok(());
    }
    Err(VerifyError::Finding(Finding::Entry(
        clock.district_code.clone(),
        entry.first_no,
        "its rows are not those that were chained",
    )))
}
