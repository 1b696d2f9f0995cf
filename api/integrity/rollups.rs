//! Recounting the figures, in one snapshot and in memory that doesn't grow with what is counted.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::NaiveDate;
use kit::problem::Problem;
use kit::row::Row;
use kit::statement::Statement;
use ledger::Tallies;
use tokio::task::{JoinHandle, spawn_blocking};
use uuid::Uuid;

use super::figures::{Figures, KEPT, Key, PRESENCES, Sums, gather};
use super::persons::{self, COUNTS, PersonFigures, Persons};
use super::reader::{Reader, Readers};
use super::{Finding, VerifyError};
use crate::platform::core::Core;
use crate::records::{Kind, Record, counted, envelope};

/// Rows read at a time.
const PAGE: i64 = 4_000;

/// Recounts a district's figures; answers how many there are. Count and figures are read in one snapshot,
/// so that whoever writes meanwhile is no finding.
pub async fn district(
    core: &Arc<Core>,
    readers: &Readers,
    district_code: &str,
    tell: &mut dyn FnMut(u64),
) -> Result<u64, VerifyError> {
    let mut reader = readers.take(core).await?;
    reader.begin().await?;
    let figures = compare(core, &mut reader, district_code, tell).await?;
    reader.end().await?;
    readers.give_back(reader);
    Ok(figures)
}

async fn compare(
    core: &Arc<Core>,
    reader: &mut Reader,
    district_code: &str,
    tell: &mut dyn FnMut(u64),
) -> Result<u64, VerifyError> {
    let Compared { counted, kept, persons, rows } = sum_up(core, reader, district_code, tell).await?;
    if let Some(((table, kind, on_day), _)) = counted.differing(&kept).into_iter().next() {
        let is_it = |key: &Key| (key.table, &key.kind, key.on_day) == (table, &kind, on_day);
        let (counted, kept) = by_keys(core, reader, district_code, is_it).await?;
        let what = first_difference(&counted, &kept).map_or_else(|| table.to_owned(), Key::told);
        return Err(VerifyError::Finding(Finding::Figure(district_code.to_owned(), what, kind, on_day)));
    }
    let kept = persons::kept(reader, district_code).await?;
    agree_on_persons(district_code, &persons, &kept)?;
    let of_persons = kept.values().flatten().filter(|count| **count != 0).count() as u64;
    Ok(rows + of_persons)
}

/// Figures of a district as they are counted and as they are kept.
pub struct Compared {
    /// As records count.
    pub counted: Sums,
    /// As they are kept.
    pub kept: Sums,
    /// Different people, from the presences that are kept.
    pub persons: PersonFigures,
    /// How many figures are kept.
    pub rows: u64,
}

/// Counts and reads all figures of a district. `tell` is told how many records were counted.
pub async fn sum_up(
    core: &Arc<Core>,
    reader: &mut Reader,
    district_code: &str,
    tell: &mut dyn FnMut(u64),
) -> Result<Compared, VerifyError> {
    let secret = rand::random();
    let (mut counted, mut kept, mut rows) = (Sums::new(secret), Sums::new(secret), 0);
    count(core, reader, district_code, tell, |tallies| counted.add(&tallies)).await?;
    let mut persons = Persons::begin(reader, district_code, core.kinds().families()?).await?;
    for table in KEPT {
        let note = |key: Key, total: i128| {
            rows += 1;
            kept.add_figure(&key, total);
            if table.0 == PRESENCES {
                persons.meet(&key, total);
            }
        };
        stream(reader, district_code, table, note).await?;
    }
    Ok(Compared { counted, kept, persons: persons.figures(), rows })
}

/// Figures of different people from the presences that are kept.
pub async fn persons(core: &Arc<Core>, reader: &mut Reader, district_code: &str) -> Result<PersonFigures, VerifyError> {
    let mut persons = Persons::begin(reader, district_code, core.kinds().families()?).await?;
    for table in KEPT.into_iter().filter(|(table, _)| *table == PRESENCES) {
        stream(reader, district_code, table, |key, total| persons.meet(&key, total)).await?;
    }
    Ok(persons.figures())
}

/// Figures by key, as they are counted and as they are kept, of those that are wanted.
pub async fn by_keys(
    core: &Arc<Core>,
    reader: &mut Reader,
    district_code: &str,
    wanted: impl Fn(&Key) -> bool,
) -> Result<(Figures, Figures), VerifyError> {
    let (mut counted, mut kept) = (Figures::new(), Figures::new());
    count(core, reader, district_code, &mut |_| {}, |tallies| gather(&mut counted, &tallies, &wanted)).await?;
    for table in KEPT {
        let note = |key: Key, total: i128| {
            if wanted(&key) {
                kept.insert(key, total);
            }
        };
        stream(reader, district_code, table, note).await?;
    }
    counted.retain(|_, total| *total != 0);
    Ok((counted, kept))
}

/// The first key at which one has another figure than the other.
fn first_difference<'a, K: Ord, V: PartialEq>(one: &'a BTreeMap<K, V>, other: &'a BTreeMap<K, V>) -> Option<&'a K> {
    let differs = |figures: &'a BTreeMap<K, V>, others: &BTreeMap<K, V>| {
        figures.iter().find(|(key, total)| others.get(*key) != Some(*total)).map(|(key, _)| key)
    };
    differs(one, other).or_else(|| differs(other, one))
}

fn agree_on_persons(district_code: &str, counted: &PersonFigures, kept: &PersonFigures) -> Result<(), VerifyError> {
    let Some(key) = first_difference(counted, kept) else { return Ok(()) };
    let of = |figures: &PersonFigures| figures.get(key).copied().unwrap_or_default();
    let both = COUNTS.into_iter().zip(of(counted).into_iter().zip(of(kept)));
    let name = both.into_iter().find(|(_, (one, other))| one != other).map_or("persons", |(name, _)| name);
    let (kind, scope, on_day): &(String, String, NaiveDate) = key;
    let what = format!("{scope} {name}");
    Err(VerifyError::Finding(Finding::Figure(district_code.to_owned(), what, kind.clone(), *on_day)))
}

/// Hands over everything that the records of a district count as, page by page: while one is counted the next is read.
pub async fn count(
    core: &Arc<Core>,
    reader: &mut Reader,
    district_code: &str,
    tell: &mut dyn FnMut(u64),
    mut take: impl FnMut(Tallies),
) -> Result<(), VerifyError> {
    let mut done = 0;
    for kind in core.kinds().kinds() {
        let mut after = Some(Uuid::nil());
        let mut counting: Option<JoinHandle<Result<Tallies, Problem>>> = None;
        while let Some(from) = after {
            let select = format!("SELECT {} FROM {} WHERE district_code = ", kind.select(), kind.name);
            let page = Statement::new(select).text(district_code).sql(" AND id > ").id(from);
            let rows = reader.read(page.sql(" ORDER BY id LIMIT ").integer(PAGE)).await?;
            if let Some(counted) = counting.take() {
                take(counted.await.map_err(Problem::internal)??);
            }
            let full = rows.len() as u64 == PAGE.unsigned_abs();
            after = rows.last().cloned().and_then(|mut row| row.get(&envelope::ID)).filter(|_| full);
            done += rows.len() as u64;
            tell(done);
            let core = Arc::clone(core);
            counting = Some(spawn_blocking(move || count_page(&core, kind, rows)));
        }
        if let Some(counted) = counting {
            take(counted.await.map_err(Problem::internal)??);
        }
    }
    Ok(())
}

fn count_page(core: &Core, kind: &'static Kind, rows: Vec<Row>) -> Result<Tallies, Problem> {
    let mut tallies = Tallies::default();
    for row in rows {
        let record = Record::from_row(kind, row, &core.sealer)?;
        counted::add(&mut tallies, kind, &record, 1, (core.zone, &*core.keys));
    }
    tallies.sum_up();
    Ok(tallies)
}

/// Hands over the figures that a table keeps of a district, one after another.
async fn stream(
    reader: &mut Reader,
    district_code: &str,
    (table, select): (&'static str, &str),
    mut note: impl FnMut(Key, i128),
) -> Result<(), VerifyError> {
    // A cursor takes no parameters; codes of districts are digits.
    let district_code: String = district_code.chars().filter(char::is_ascii_alphanumeric).collect();
    let order = if table == PRESENCES { " ORDER BY person_id, kind, on_day" } else { "" };
    reader
        .run(&format!(
            "DECLARE kept_{table} NO SCROLL CURSOR FOR {select} WHERE total <> 0 AND district_code = '{district_code}'{order}"
        ))
        .await?;
    loop {
        let rows = reader.read(Statement::new(format!("FETCH {PAGE} FROM kept_{table}"))).await?;
        if rows.is_empty() {
            return Ok(reader.run(&format!("CLOSE kept_{table}")).await?);
        }
        rows.into_iter().filter_map(|row| Key::of_row(table, row)).for_each(|(key, total)| note(key, total));
    }
}
