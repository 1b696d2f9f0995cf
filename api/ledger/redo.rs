//! Handling of a batch that doesn't go through: no neighbour is spoiled, nothing is lost, nothing is written twice.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::pin::Pin;
use std::time::{Duration, Instant};

use kit::row::Row;
use kit::statement::{ColumnType, Statement};
use kit::value::Value;
use tokio::time::timeout;
use uuid::Uuid;

use super::merge::divide;
use super::writer::{Job, Link};
use super::{AppendError, Change, Operation, Receipt};

/// How long a lost connection is tried to be made again before those who wait are told.
pub(super) const PATIENCE: Duration = Duration::from_secs(8);
/// The pause between two tries.
const PAUSE: Duration = Duration::from_millis(100);

/// Writes jobs and answers each.
pub(super) async fn write(link: &mut Link, jobs: Vec<Job>) {
    let (own, overlapping) = divide(jobs);
    write_own(link, own).await;
    // Jobs that touch the same rows are told to look again: the row of the first of them is there now.
    for job in overlapping {
        job.answer(Err(AppendError::Conflict("a row of the same batch".into())));
    }
}

fn write_own(link: &mut Link, jobs: Vec<Job>) -> Pin<Box<dyn Future<Output = ()> + '_>> {
    Box::pin(async move {
        let mut districts: BTreeMap<String, Vec<Job>> = BTreeMap::new();
        for job in jobs {
            districts.entry(job.append.district_code.clone()).or_default().push(job);
        }
        let districts: Vec<Vec<Job>> = districts.into_values().collect();
        let outcomes = link.transact(&districts).await;
        let mut unreachable: Option<(Vec<Job>, String)> = None;
        for (jobs, outcomes) in districts.into_iter().zip(outcomes) {
            match outcomes {
                Ok(outcomes) => jobs.into_iter().zip(outcomes).for_each(|(job, outcome)| job.answer(outcome)),
                Err(AppendError::Unreachable(cause)) => unreachable.get_or_insert((Vec::new(), cause)).0.extend(jobs),
                Err(error) => again(link, jobs, error).await,
            }
        }
        if let Some((jobs, cause)) = unreachable {
            recover(link, jobs, &cause).await;
        }
    })
}

/// Writes what can be written of a district's jobs, of which nothing was.
async fn again(link: &mut Link, jobs: Vec<Job>, error: AppendError) {
    match error {
        // The next write looks for the server that takes writes now.
        AppendError::ReadOnly => {
            link.lose();
            jobs.into_iter().for_each(|job| job.answer(Err(error.clone())));
        }
        // Trying each by itself would take as long each time.
        AppendError::Busy | AppendError::Full | AppendError::ClockMissing(_) => {
            jobs.into_iter().for_each(|job| job.answer(Err(error.clone())));
        }
        error if jobs.len() == 1 => jobs.into_iter().for_each(|job| job.answer(Err(error.clone()))),
        AppendError::Conflict(_) => part(link, jobs).await,
        // One of them can't be written: halves find it in a few steps, the others go through.
        _ => halve(link, jobs).await,
    }
}

async fn halve(link: &mut Link, mut jobs: Vec<Job>) {
    let second = jobs.split_off(jobs.len() / 2);
    write_own(link, jobs).await;
    write_own(link, second).await;
}

/// Takes out those that meet rows already there, by a new statement that sees them, and writes the
/// rest. Numbers weren't spent: the whole statement was undone.
async fn part(link: &mut Link, jobs: Vec<Job>) {
    let met = match find_met(link, &jobs).await {
        Ok(met) => met,
        Err(AppendError::Unreachable(cause)) => return recover(link, jobs, &cause).await,
        Err(error) => return jobs.into_iter().for_each(|job| job.answer(Err(error.clone()))),
    };
    let meets =
        |job: &Job| job.append.changes.iter().any(|change| met.contains(&key(&job.append.district_code, change)));
    let (meeting, others): (Vec<Job>, Vec<Job>) = jobs.into_iter().partition(meets);
    let none_met = meeting.is_empty();
    meeting.into_iter().for_each(|job| job.answer(Err(AppendError::Conflict("a row that exists".into()))));
    if none_met { halve(link, others).await } else { write_own(link, others).await }
}

/// The connection is gone, perhaps between a commit and its answer. On a new one, what was written is
/// found by its row and digest and answered as written; the rest is written now.
async fn recover(link: &mut Link, jobs: Vec<Job>, cause: &str) {
    let until = Instant::now() + link.patience();
    tracing::warn!(cause, waiting = jobs.len(), "the ledger lost its connection");
    loop {
        link.lose();
        let found = timeout(PATIENCE, find_settled(link, &jobs)).await;
        match found.unwrap_or_else(|_| Err(AppendError::Unreachable("no answer".into()))) {
            Ok(written) => {
                let mut missing = Vec::new();
                for (index, job) in jobs.into_iter().enumerate() {
                    match written.get(&index) {
                        // The same content stood there before this was handed in: it is a retry of that.
                        Some(receipt) if receipt.first_no <= job.head_before => {
                            job.answer(Err(AppendError::Conflict("a row that exists".into())));
                        }
                        Some(receipt) => job.answer(Ok(*receipt)),
                        None => missing.push(job),
                    }
                }
                // Another write may fail again at once: each caller sends his own himself.
                if link.patience().is_zero() {
                    let gone = || Err(AppendError::Unreachable(cause.to_owned()));
                    return missing.into_iter().for_each(|job: Job| job.answer(gone()));
                }
                tracing::info!(again = missing.len(), "the ledger has its connection again");
                return write_own(link, missing).await;
            }
            Err(error) if Instant::now() > until => {
                return jobs.into_iter().for_each(|job| job.answer(Err(AppendError::Unreachable(error.to_string()))));
            }
            Err(_) => tokio::time::sleep(PAUSE).await,
        }
    }
}

type Key = (String, &'static str, Uuid);

fn key(district_code: &str, change: &Change) -> Key {
    (district_code.to_owned(), change.table.name, change.id)
}

/// Ids by district and table.
fn ids(jobs: &[Job]) -> BTreeMap<(String, &'static str), Vec<Uuid>> {
    let mut ids: BTreeMap<(String, &'static str), Vec<Uuid>> = BTreeMap::new();
    for job in jobs {
        for change in &job.append.changes {
            ids.entry((job.append.district_code.clone(), change.table.name)).or_default().push(change.id);
        }
    }
    ids
}

fn select(columns: &str, table: &str, district_code: &str, ids: Vec<Uuid>) -> Statement {
    Statement::new(format!("SELECT {columns} FROM {table} WHERE district_code = "))
        .text(district_code)
        .sql(" AND id = ANY(")
        .column(ColumnType::Id, ids.into_iter().map(Value::Id).collect())
        .sql(")")
}

/// The rows that can't be written as asked: new ones that exist, revisions that aren't the next.
async fn find_met(link: &mut Link, jobs: &[Job]) -> Result<BTreeSet<Key>, AppendError> {
    link.enter(jobs);
    let mut revisions: BTreeMap<Key, i64> = BTreeMap::new();
    for ((district_code, table), ids) in ids(jobs) {
        for mut row in link.read(select("id, revision", table, &district_code, ids)).await? {
            if let (Some(id), Some(revision)) = (row.id("id"), row.integer("revision")) {
                revisions.insert((district_code.clone(), table, id), revision);
            }
        }
    }
    let mut met = BTreeSet::new();
    for job in jobs {
        for change in &job.append.changes {
            let key = key(&job.append.district_code, change);
            let expected = if change.operation == Operation::Create { None } else { Some(change.revision - 1) };
            if revisions.get(&key).copied() != expected {
                met.insert(key);
            }
        }
    }
    Ok(met)
}

/// The jobs that are written and stay so. A commit that waited for its standby when the database crashed is there after it
/// started again, and perhaps not yet on the standby; so is what its caller would be told. One commit more waits for all
/// that lies before it. A server that stands by for another takes none: the next try finds the other.
async fn find_settled(link: &mut Link, jobs: &[Job]) -> Result<BTreeMap<usize, Receipt>, AppendError> {
    let found = find_written(link, jobs).await?;
    let districts: BTreeSet<&str> = jobs.iter().map(|job| job.append.district_code.as_str()).collect();
    for district_code in districts {
        let settle = Statement::new("SELECT 1 AS settled FROM district_clocks WHERE district_code = ")
            .text(district_code)
            .sql(" FOR NO KEY UPDATE");
        link.read(settle).await?;
    }
    Ok(found)
}

/// The jobs whose last row stands in the database with its digest, now or in the history.
async fn find_written(link: &mut Link, jobs: &[Job]) -> Result<BTreeMap<usize, Receipt>, AppendError> {
    link.enter(jobs);
    let mut found: BTreeMap<(Key, Vec<u8>), (i64, chrono::DateTime<chrono::Utc>)> = BTreeMap::new();
    let mut note = |district_code: &str, table: &'static str, rows: Vec<Row>| {
        for mut row in rows {
            let columns = (row.id("id"), row.bytes("digest"), row.integer("change_no"), row.instant("revised_at"));
            if let (Some(id), Some(digest), Some(change_no), Some(at)) = columns {
                found.insert(((district_code.to_owned(), table, id), digest), (change_no, at));
            }
        }
    };
    for ((district_code, table), ids) in ids(jobs) {
        let current = select("id, digest, change_no, revised_at", table, &district_code, ids.clone());
        note(&district_code, table, link.read(current).await?);
        let former = "id, decode(substr(body->>'digest', 3), 'hex') AS digest, change_no, (body->>'revised_at')::timestamptz AS revised_at";
        let former = select(former, "record_revisions", &district_code, ids).sql(format!(" AND kind = '{table}'"));
        note(&district_code, table, link.read(former).await?);
    }
    let receipt = |job: &Job| {
        let last = job.append.changes.last()?;
        let (change_no, recorded_at) = found.get(&(key(&job.append.district_code, last), last.digest.to_vec()))?;
        Some(Receipt { first_no: change_no - last.number + 1, recorded_at: *recorded_at })
    };
    Ok(jobs.iter().enumerate().filter_map(|(index, job)| Some((index, receipt(job)?))).collect())
}
