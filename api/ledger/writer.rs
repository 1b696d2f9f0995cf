//! The writer: takes what waits, writes it in one transaction a district, answers after the commit.

use std::sync::Arc;
use std::time::Duration;

use diesel_async::{AsyncPgConnection, RunQueryDsl};
use futures_util::future::join_all;
use kit::database::DatabaseError;
use kit::engine::Engine;
use kit::link;
use kit::row::Row;
use kit::row_scope::{Rooms, RowScope};
use kit::statement::Statement;
use kit::supervision::Supervision;
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use super::district::{Outcome, Plan, Written, decide_and_write};
use super::figures::Figures;
use super::flight::{self, Prepared};
use super::heads::Heads;
use super::quarantine::Quarantine;
use super::{Append, AppendError, Families, Receipt, WRITER, redo};

/// Appends that are written at once at most: enough to make the commit cheap, few enough that the
/// last one's caller doesn't wait long.
const BATCH: usize = 256;
/// A statement of the writer that takes longer is ended.
pub(super) const STATEMENT_TIMEOUT: Duration = Duration::from_secs(15);
/// The database answers within [`STATEMENT_TIMEOUT`], or it doesn't answer at all.
const SILENCE: Duration = Duration::from_secs(20);

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
    engine: Engine,
    url: String,
    families: Arc<Families>,
    connection: Option<link::Link>,
    /// Statements that the connection has prepared.
    prepared: Prepared,
    /// Closed rooms that what is being written stands in.
    rooms: Rooms,
    heads: Heads,
    figures: Figures,
}

/// Starts the writer's thread. It ends when the queue does.
pub(super) fn spawn(
    (engine, url): (Engine, String),
    families: Arc<Families>,
    mut queue: mpsc::Receiver<Job>,
    (heads, figures, supervision): (Heads, Figures, Supervision),
) -> std::io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let write = move || {
        runtime.block_on(async move {
            let begin = || Link::new((engine, url.clone()), Arc::clone(&families), heads.clone(), figures.clone());
            let (mut link, mut quarantine) = (begin(), Quarantine::default());
            let mut jobs = Vec::with_capacity(BATCH);
            while queue.recv_many(&mut jobs, BATCH).await > 0 {
                figures.appends.inc_by(jobs.len() as u64);
                for lot in quarantine.divide(std::mem::take(&mut jobs)) {
                    figures.batches.inc();
                    let members = Quarantine::members(&lot);
                    // Whose jobs go down with a panic are told so: their callers send them again.
                    match supervision.caught(WRITER, redo::write(&mut link, lot)).await {
                        Some(()) => quarantine.passed(&members),
                        None => {
                            // The connection may be in any state: the database undoes what wasn't committed.
                            link = begin();
                            quarantine.panicked(members, &supervision).await;
                        }
                    }
                }
            }
        });
    };
    std::thread::Builder::new().name("ledger".into()).spawn(write).map(|_| ())
}

impl Link {
    fn new((engine, url): (Engine, String), families: Arc<Families>, heads: Heads, figures: Figures) -> Self {
        let (prepared, rooms) = (Prepared::default(), Rooms::default());
        Self { engine, url, families, connection: None, prepared, rooms, heads, figures }
    }

    /// The connection, made if need be.
    pub(super) async fn connection(&mut self) -> Result<&mut AsyncPgConnection, AppendError> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => link::Link::open_on(self.engine, &self.url, STATEMENT_TIMEOUT).await?,
        };
        // It sees every record, for rules across rows ask about all of them, and of closed rooms those that it writes.
        connection.see_in(&RowScope::Everything, &self.rooms).await?;
        Ok(self.connection.insert(connection))
    }

    /// Enters the closed rooms that these are written into, and leaves all others.
    pub(super) fn enter<'a>(&mut self, jobs: impl IntoIterator<Item = &'a Job>) {
        let tables = jobs.into_iter().flat_map(|job| &job.append.changes).map(|change| change.table);
        self.rooms = tables.filter(|table| table.closed).map(|table| table.name).collect();
    }

    /// How long a lost connection is tried to be made again before those who wait are told. Where districts are on several
    /// servers, others wait behind whoever waits for one that is away: it is tried once.
    pub(super) fn patience(&self) -> Duration {
        match self.engine {
            Engine::OneServer => redo::PATIENCE,
            Engine::SeveralServers { .. } => Duration::ZERO,
        }
    }

    /// Forgets a connection that may be in any state.
    pub(super) fn lose(&mut self) {
        self.connection = None;
        self.prepared = Prepared::default();
    }

    /// Runs a statement that reads.
    pub(super) async fn read(&mut self, statement: Statement) -> Result<Vec<Row>, AppendError> {
        let rows = statement.on(self.engine).load(self.connection().await?).await;
        Ok(rows.map_err(DatabaseError::from)?)
    }

    /// Writes the jobs of each district in a transaction of its own: all of a district's or none. The outcome of each
    /// job, or the reason why nothing of its district was written.
    pub(super) async fn transact(&mut self, districts: &[Vec<Job>]) -> Vec<Result<Vec<Outcome>, AppendError>> {
        self.enter(districts.iter().flatten());
        if let Err(error) = self.connection().await {
            return districts.iter().map(|_| Err(error.clone())).collect();
        }
        let written = timeout(SILENCE, self.write_districts(districts)).await;
        let no_answer = || districts.iter().map(|_| Err(AppendError::Unreachable("no answer".into()))).collect();
        let written = written.unwrap_or_else(|_| no_answer());
        written.into_iter().zip(districts).map(|(written, jobs)| self.told(written?, jobs)).collect()
    }

    /// Those of which the connection has prepared all that they need are sent together, one behind the other.
    async fn write_districts(&mut self, districts: &[Vec<Job>]) -> Vec<Result<Written, AppendError>> {
        let Some(connection) = self.connection.as_deref() else { return Vec::new() };
        let (mut flights, mut others) = (Vec::new(), Vec::new());
        for (index, jobs) in districts.iter().enumerate() {
            let appends: Vec<&Append> = jobs.iter().map(|job| &job.append).collect();
            let decided = appends.iter().any(|append| !append.claims.is_empty());
            match (!decided).then(|| Plan::of(&appends, &self.families, self.engine)) {
                Some(plan) if self.prepared.have(&plan.steps) => flights.push((index, plan)),
                plan => others.push((index, plan, appends)),
            }
        }
        let sent = flights.into_iter().map(async |(index, mut plan)| {
            let answers = flight::send_prepared(connection, std::mem::take(&mut plan.steps)).await;
            (index, answers.and_then(|answers| plan.read(answers)))
        });
        let mut written = join_all(sent).await;
        for (index, plan, appends) in others {
            let outcome = match plan {
                Some(mut plan) => {
                    let steps = std::mem::take(&mut plan.steps);
                    let answers = flight::send(connection, &mut self.prepared, steps).await;
                    answers.and_then(|answers| plan.read(answers))
                }
                None => decide_and_write(connection, &mut self.prepared, (&self.families, self.engine), &appends).await,
            };
            written.push((index, outcome));
        }
        written.sort_by_key(|(index, _)| *index);
        written.into_iter().map(|(_, outcome)| outcome).collect()
    }

    fn told(&self, written: Written, jobs: &[Job]) -> Result<Vec<Outcome>, AppendError> {
        self.figures.written.inc_by(written.outcomes.len() as u64);
        if let (Some(last_no), Some(job)) = (written.last_no, jobs.first()) {
            self.heads.note(&job.append.district_code, last_no);
        }
        Ok(written.outcomes)
    }
}
