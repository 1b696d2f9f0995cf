//! Walking a district's entries from the first to the head. Ranges of numbers are read and their digests computed side
//! by side, the chain is followed in its order: while one range is hashed the next is read, on as many cores as there are.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use kit::columns;
use kit::problem::Problem;
use kit::row::Row;
use kit::statement::Statement;
use kit::value::Value;
use sha2::{Digest, Sha256};
use tokio::task::{JoinHandle, spawn_blocking};
use uuid::Uuid;

use super::checkpoint::Reached;
use super::entries::{Clock, Entry, entries};
use super::index::{self, Line, Lines};
use super::reader::{Reader, Readers};
use super::{Finding, VerifyError};
use crate::platform::core::Core;
use crate::platform::privacy::seal::commitment_of;
use crate::records::proof;
use crate::records::record::owner;
use crate::records::{Kind, Record};

columns! {
    PERSONAL "personal": Box<[u8]>;
    KIND "kind": String;
}

/// Ranges that are read or hashed at once: one more than two cores have hands. Each holds about a page of rows.
const AT_ONCE: usize = 3;

/// Walks a district on from where it was proved before. Beyond the clock's number at the start nothing is looked at:
/// others may be writing.
pub async fn district(
    core: &Arc<Core>,
    readers: &Readers,
    clock: &Arc<Clock>,
    mut reached: Reached,
    mut tell: impl FnMut(&Reached),
) -> Result<Reached, VerifyError> {
    let mut reader = readers.take(core).await?;
    let mut next = reached.last_no + 1;
    let mut under_way: VecDeque<JoinHandle<Result<Range, VerifyError>>> = VecDeque::new();
    loop {
        while under_way.len() < AT_ONCE && next <= clock.last_no {
            let entries = entries(&mut reader, clock, next).await?;
            let Some(last) = entries.last() else { break };
            let until = last.first_no + last.count - 1;
            let task = range(Arc::clone(core), readers.clone(), Arc::clone(clock), entries, (next, until));
            under_way.push_back(tokio::spawn(task));
            next = until + 1;
        }
        let Some(range) = under_way.pop_front() else { break };
        follow(clock, range.await.map_err(Problem::internal)??, &mut reached)?;
        tell(&reached);
    }
    readers.give_back(reader);
    let finding = |number, what| VerifyError::Finding(Finding::Entry(clock.district_code.clone(), number, what));
    if next <= clock.last_no {
        return Err(finding(next, "it is missing"));
    }
    if reached.head == clock.head { Ok(reached) } else { Err(finding(clock.last_no, "the clock's head is another")) }
}

/// Follows the chain through a range that was read.
fn follow(clock: &Clock, range: Range, reached: &mut Reached) -> Result<(), VerifyError> {
    for (entry, rows) in range.entries {
        reached.head = check_entry(clock, &entry, reached.last_no + 1, &reached.head)?;
        let counts = rows.map_err(VerifyError::Finding)?;
        reached.last_no += entry.count;
        reached.entries += 1;
        reached.revisions += counts.revisions;
        reached.in_the_clear += counts.in_the_clear;
    }
    range.beside.map_or(Ok(()), |finding| Err(VerifyError::Finding(finding)))
}

/// Entries with what became of their rows, and what else doesn't hold among their numbers.
struct Range {
    entries: Vec<(Entry, Result<Counts, Finding>)>,
    beside: Option<Finding>,
}

/// Counts of an entry's rows.
#[derive(Clone, Copy, Default)]
struct Counts {
    revisions: u64,
    in_the_clear: u64,
}

async fn range(
    core: Arc<Core>,
    readers: Readers,
    clock: Arc<Clock>,
    entries: Vec<Entry>,
    (from, until): (i64, i64),
) -> Result<Range, VerifyError> {
    let mut reader = readers.take(&core).await?;
    let lines = index::read(&mut reader, &clock, from, until).await?;
    let read = rows(&core, &mut reader, &clock, &lines, from, until).await?;
    readers.give_back(reader);
    let proved = spawn_blocking(move || prove(&core, &clock, entries, &lines, read));
    Ok(proved.await.map_err(Problem::internal)??)
}

fn prove(core: &Core, clock: &Clock, entries: Vec<Entry>, lines: &Lines, read: Read) -> Result<Range, Problem> {
    let mut rows = Rows::new();
    for (kind, row) in read {
        note(core, kind, row, &mut rows)?;
    }
    let told = rows.iter().map(|(key, row)| (*key, row.line.clone())).collect();
    let difference = index::difference(lines, &told);
    let checked = entries.into_iter().map(|entry| {
        let outcome = check_rows(&clock.district_code, &entry, &mut rows);
        (entry, outcome)
    });
    let entries = checked.collect();
    let district_code = || clock.district_code.clone();
    let foreign = rows
        .pop_first()
        .map(|((number, _, id), row)| Finding::Foreign(district_code(), row.kind.to_owned(), id, number));
    Ok(Range { entries, beside: foreign.or(difference.map(|number| Finding::Index(district_code(), number))) })
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

/// Rows as they were read.
type Read = Vec<(&'static Kind, Row)>;

/// Every revision of a range of numbers, current and former, of the kinds that occur in it.
async fn rows(
    core: &Core,
    reader: &mut Reader,
    clock: &Clock,
    lines: &Lines,
    from: i64,
    until: i64,
) -> Result<Read, VerifyError> {
    let range = |statement: Statement| {
        let statement = statement.text(&clock.district_code).sql(" AND change_no >= ").integer(from);
        statement.sql(" AND change_no <= ").integer(until)
    };
    let revised = range(Statement::new("SELECT DISTINCT kind FROM record_revisions WHERE district_code = "));
    let revised: BTreeSet<String> =
        reader.read(revised).await?.into_iter().filter_map(|mut row| row.get(&KIND)).collect();
    let occurring: BTreeSet<&str> = lines.values().map(|line| line.kind.as_str()).collect();
    let mut read = Read::new();
    for kind in core.kinds().kinds().filter(|kind| occurring.contains(kind.name)) {
        let current = Statement::new(format!("SELECT {} FROM {} WHERE district_code = ", kind.select(), kind.name));
        read.extend(reader.read(range(current)).await?.into_iter().map(|row| (kind, row)));
        if revised.contains(kind.name) {
            let former = Statement::new(format!(
                "SELECT {} FROM (SELECT (jsonb_populate_record(NULL::{}, body)).* FROM record_revisions WHERE kind = '{}' AND district_code = ",
                kind.select(),
                kind.name,
                kind.name
            ));
            read.extend(reader.read(range(former).sql(") AS r")).await?.into_iter().map(|row| (kind, row)));
        }
    }
    Ok(read)
}

fn note(core: &Core, kind: &'static Kind, row: Row, found: &mut Rows) -> Result<(), Problem> {
    let mut open = row.clone();
    let (sealed, stored) = (open.get(&PERSONAL).map(Vec::from), proof::chained(&mut open));
    let mut record = Record::from_row(kind, open, &core.sealer)?;
    let opened = sealed.as_deref().map_or(Some(None), |sealed| opened(core, kind, &record, sealed));
    let plaintext = opened.as_ref().and_then(Option::as_deref);
    let (digest, in_the_clear) = proof::of_opened(kind, row.clone(), &record.envelope, &core.sealer, plaintext);
    let intact = opened.is_some() && is_intact(core, kind, row, &mut record, plaintext);
    let computed = digest.filter(|_| intact).unwrap_or_default();
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

/// Content of an envelope: `Some(None)` where it was purged, `None` where it doesn't open or isn't what its commitment
/// says.
fn opened(core: &Core, kind: &Kind, record: &Record, sealed: &[u8]) -> Option<Option<Vec<u8>>> {
    let owner = owner(kind, &record.envelope);
    let plaintext = core.sealer.open(owner, sealed).ok()?;
    let holds = |plaintext: &Vec<u8>| commitment_of(sealed) == Some(&core.sealer.commitment(owner, plaintext));
    plaintext.as_ref().is_none_or(holds).then_some(plaintext)
}

/// Checks what the digest leaves out because keys may be rotated, with the keys there are: the blind indexes are those
/// of what the envelope holds.
fn is_intact(core: &Core, kind: &Kind, mut row: Row, record: &mut Record, plaintext: Option<&[u8]>) -> bool {
    let envelope = &record.envelope;
    if envelope.revision == 1 && envelope.recorded_at != envelope.revised_at {
        return false;
    }
    let Some(plaintext) = plaintext else { return true };
    let blind: Vec<Value> = kind.rules.blind_columns().iter().map(|column| row.take(column)).collect();
    if record.unpack(kind, plaintext).is_err() {
        return false;
    }
    record.is_found_by(kind, &core.keys, &blind)
}

/// Every number of the entry has rows, each is what it was, and together they are what was chained.
fn check_rows(district_code: &str, entry: &Entry, rows: &mut Rows) -> Result<Counts, Finding> {
    let end = entry.first_no + entry.count;
    let rest = rows.split_off(&(end, i16::MIN, Uuid::nil()));
    let of_entry = std::mem::replace(rows, rest);
    let removed = |number| Finding::Removed(district_code.to_owned(), number);
    let (mut hash, mut counts) = (Sha256::new(), Counts::default());
    // The least number that has no row yet.
    let mut without = entry.first_no;
    for ((change_no, _, id), row) in &of_entry {
        if *change_no > without {
            return Err(removed(without));
        }
        without = without.max(change_no + 1);
        if row.computed.as_slice() != row.stored.as_slice() || row.recorded_micros != entry.recorded_micros {
            return Err(Finding::Altered {
                district_code: district_code.to_owned(),
                kind: row.kind.to_owned(),
                id: *id,
                revision: row.line.revision,
                change_no: *change_no,
            });
        }
        hash.update(row.computed);
        counts.revisions += 1;
        counts.in_the_clear += u64::from(row.in_the_clear);
    }
    if without != end {
        return Err(removed(without));
    }
    if hash.finalize().as_slice() == entry.digest.as_slice() {
        return Ok(counts);
    }
    Err(Finding::Entry(district_code.to_owned(), entry.first_no, "its rows are not those that were chained"))
}
