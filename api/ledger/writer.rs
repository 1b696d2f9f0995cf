//! The writer: takes what waits, writes it in one transaction, answers after the commit.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use chrono::DateTime;
use diesel_async::{AsyncConnection, AsyncPgConnection, RunQueryDsl, TransactionManager};
use futures_util::future::try_join_all;
use kit::database::DatabaseError;
use kit::link;
use kit::row::Row;
use kit::row_scope::RowScope;
use kit::statement::Statement;
use sha2::{Digest, Sha256};
use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

use super::decision::{Decision, decide};
use super::figures::Figures;
use super::heads::Heads;
use super::merge::merge;
use super::{Append, AppendError, People, Receipt, presences, redo, statement};

/// Appends that share a transaction at most: enough to make the commit cheap, few enough that the
/// last one's caller doesn't wait long.
const BATCH: usize = 256;
/// A statement of the writer that takes longer is ended.
pub(super) const STATEMENT_TIMEOUT: Duration = Duration::from_secs(15);

/// An append and who waits for it.
pub(super) struct Job {
    pub append: Append,
    /// The district's newest number when the append was handed in: what it writes has a higher one.
    pub head_before: i64,
    pub reply: oneshot::Sender<Result<Receipt, AppendError>>,
}

impl Job {
    pub(super) fn answer(self, result: Result<Receipt, AppendError>) {
        // Nobody waits any more where the client went away; what was written stays written.
        let _ = self.reply.send(result);
    }
}

/// The writer's link to the database; made again when it is lost.
pub(super) struct Link {
    url: String,
    people: People,
    connection: Option<link::Link>,
    heads: Heads,
    figures: Figures,
}

type Transactions = <AsyncPgConnection as AsyncConnection>::TransactionManager;

/// Starts the writer's thread. It ends when the queue does.
pub(super) fn spawn(
    url: String,
    people: People,
    mut queue: mpsc::Receiver<Job>,
    heads: Heads,
    figures: Figures,
) -> std::io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let write = move || {
        runtime.block_on(async move {
            let mut link = Link { url, people, connection: None, heads, figures: figures.clone() };
            let mut jobs = Vec::with_capacity(BATCH);
            while queue.recv_many(&mut jobs, BATCH).await > 0 {
                figures.batches.inc();
                figures.appends.inc_by(jobs.len() as u64);
                redo::write(&mut link, std::mem::take(&mut jobs)).await;
            }
        });
    };
    std::thread::Builder::new().name("ledger".into()).spawn(write).map(|_| ())
}

impl Link {
    /// The connection, made if need be.
    pub(super) async fn connection(&mut self) -> Result<&mut AsyncPgConnection, AppendError> {
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => self.open().await?,
        };
        Ok(self.connection.insert(connection))
    }

    /// A connection for writing, which sees every record: rules across rows ask about all of them.
    async fn open(&self) -> Result<link::Link, AppendError> {
        let mut connection = link::Link::open(&self.url, STATEMENT_TIMEOUT).await?;
        connection.see(&RowScope::Everything).await?;
        Ok(connection)
    }

    /// Forgets a connection that may be in any state.
    pub(super) fn lose(&mut self) {
        self.connection = None;
    }

    /// Runs a statement that reads.
    pub(super) async fn read(&mut self, statement: Statement) -> Result<Vec<Row>, AppendError> {
        let rows = statement.load(self.connection().await?).await;
        Ok(rows.map_err(DatabaseError::from)?)
    }

    /// Writes all appends or none. The outcome of each: its receipt, or why rules refused it.
    pub(super) async fn transact(&mut self, jobs: &[Job]) -> Result<Vec<Result<Receipt, AppendError>>, AppendError> {
        let mut districts: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (index, job) in jobs.iter().enumerate() {
            districts.entry(&job.append.district_code).or_default().push(index);
        }
        let more = |job: &Job| !job.append.claims.is_empty() || job.append.tallies.concern_persons();
        let several = jobs.iter().any(more);
        let (heads, people) = (self.heads.clone(), self.people);
        let connection = self.connection().await?;
        let outcomes = match districts.iter().next() {
            // One statement commits itself.
            Some((district, members)) if districts.len() == 1 && !several => {
                write_district(&mut &*connection, people, (district, members), jobs).await
            }
            _ => within_transaction(connection, people, &districts, jobs).await,
        };
        let Written { mut outcomes, last_nos } = outcomes?;
        outcomes.sort_by_key(|(index, _)| *index);
        self.figures.written.inc_by(outcomes.len() as u64);
        for (district_code, last_no) in last_nos {
            heads.note(&district_code, last_no);
        }
        Ok(outcomes.into_iter().map(|(_, outcome)| outcome).collect())
    }
}

/// Outcome of a transaction.
#[derive(Default)]
struct Written {
    outcomes: Vec<(usize, Result<Receipt, AppendError>)>,
    /// The newest number of each district that took one.
    last_nos: Vec<(String, i64)>,
}

async fn within_transaction(
    connection: &mut AsyncPgConnection,
    people: People,
    districts: &BTreeMap<&str, Vec<usize>>,
    jobs: &[Job],
) -> Result<Written, AppendError> {
    Transactions::begin_transaction(connection).await.map_err(DatabaseError::from)?;
    let written = async {
        // All clocks first and in one order, whatever the statements after them: two processes that
        // write the same districts can't hold each other up for ever.
        for district in districts.keys() {
            let lock = Statement::new("SELECT last_no FROM district_clocks WHERE district_code = ")
                .text(*district)
                .sql(" FOR UPDATE");
            let _: Vec<Row> = lock.load(connection).await.map_err(DatabaseError::from)?;
        }
        let shared = &*connection;
        let parts = districts.iter().map(|(district, members)| async move {
            write_district(&mut &*shared, people, (district, members), jobs).await
        });
        let mut all = Written::default();
        for part in try_join_all(parts).await? {
            all.outcomes.extend(part.outcomes);
            all.last_nos.extend(part.last_nos);
        }
        Ok::<Written, AppendError>(all)
    }
    .await;
    match written {
        Ok(outcomes) => Transactions::commit_transaction(connection)
            .await
            .map(|()| outcomes)
            .map_err(|error| DatabaseError::from(error).into()),
        Err(error) => {
            Transactions::rollback_transaction(connection).await.map_err(DatabaseError::from)?;
            Err(error)
        }
    }
}

/// Writes one district's appends with one statement; those that rules refuse stay out of it. What follows for a
/// row that they write themselves comes after it, in the same transaction.
async fn write_district(
    connection: &mut &AsyncPgConnection,
    people: People,
    (district_code, members): (&str, &[usize]),
    jobs: &[Job],
) -> Result<Written, AppendError> {
    let members: Vec<(usize, &Append)> =
        members.iter().filter_map(|index| Some((*index, &jobs.get(*index)?.append))).collect();
    let Decision { refused, following } = decide(connection, district_code, &members).await?;
    let admitted: Vec<(usize, &Append)> =
        members.into_iter().filter(|(index, _)| !refused.contains_key(index)).collect();
    let mut written = Written::default();
    written.outcomes.extend(refused.into_iter().map(|(index, error)| (index, Err(error))));
    let (beside, after) = part(&admitted, following);
    let merged = merge(district_code, admitted.iter().map(|(_, append)| *append).chain(&beside));
    let Some(Receipt { mut first_no, recorded_at }) = write_merged(connection, people, &merged, &mut written).await?
    else {
        // Only asked, and nothing follows: there is no number to tell.
        let nothing = Receipt { first_no: 0, recorded_at: DateTime::UNIX_EPOCH };
        written.outcomes.extend(admitted.into_iter().map(|(index, _)| (index, Ok(nothing))));
        return Ok(written);
    };
    for (index, append) in admitted {
        written.outcomes.push((index, Ok(Receipt { first_no, recorded_at })));
        first_no += append.numbers;
    }
    write_merged(connection, people, &merge(district_code, &after), &mut written).await?;
    Ok(written)
}

/// Parts what follows into what may stand in one statement with the appends, and what revises a row of theirs.
fn part(admitted: &[(usize, &Append)], following: Vec<Append>) -> (Vec<Append>, Vec<Append>) {
    let rows: BTreeSet<(&str, Uuid)> =
        admitted.iter().flat_map(|(_, append)| &append.changes).map(|change| (change.table.name, change.id)).collect();
    let meets = |append: &Append| append.changes.iter().any(|change| rows.contains(&(change.table.name, change.id)));
    following.into_iter().partition(|append| !meets(append))
}

/// Writes one append. No receipt where there is nothing to write.
async fn write_merged(
    connection: &mut &AsyncPgConnection,
    people: People,
    append: &Append,
    written: &mut Written,
) -> Result<Option<Receipt>, AppendError> {
    if append.numbers == 0 {
        return Ok(None);
    }
    let digest =
        append.changes.iter().fold(Sha256::new(), |hash, change| hash.chain_update(change.digest)).finalize().into();
    let rows = run(connection, statement::of_append(append, &digest)).await?;
    let taken = rows.into_iter().next().and_then(|mut row| Some((row.integer("first_no")?, row.instant("at")?)));
    let (first_no, recorded_at) = taken.ok_or_else(|| AppendError::ClockMissing(append.district_code.clone()))?;
    if let Some(settle) = presences::settle(&append.district_code, &append.tallies, &people) {
        run(connection, settle).await?;
    }
    written.last_nos.push((append.district_code.clone(), first_no + append.numbers - 1));
    Ok(Some(Receipt { first_no, recorded_at }))
}

async fn run(connection: &mut &AsyncPgConnection, statement: Statement) -> Result<Vec<Row>, AppendError> {
    Ok(statement.load(connection).await.map_err(DatabaseError::from)?)
}
