//! A connection as the service uses it: in the service's role, and with what it may see at the moment.

use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use deadpool::managed::{Manager, Metrics, RecycleError, RecycleResult};
use diesel_async::pooled_connection::PoolableConnection;
use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use futures_util::future::join_all;

use super::connect::connect;
use super::database::DatabaseError;
use super::engine::Engine;
use super::row::Row;
use super::row_scope::{Rooms, RowScope, setting_of};
use super::statement::Statement;

/// The role of the service's statements: it owns no table and passes no policy by (`api/platform/row_security`).
pub const SERVICE_ROLE: &str = "lianfang_service";
/// The role of what sees everything, where an engine of several servers refuses to write in one that is behind policies: it
/// owns no table either, and passes policies by.
pub const WRITER_ROLE: &str = "lianfang_writer";

/// A connection and what it sees now; `None` while that isn't known.
pub struct Link {
    connection: AsyncPgConnection,
    row_scope: Option<(RowScope, Rooms)>,
    /// Time since which a statement awaits its answer.
    asked_at: Option<Instant>,
    /// Generation of the plans that the database keeps for its statements.
    generation: u32,
    engine: Engine,
    /// The role that it is in.
    role: &'static str,
    /// Whether a transaction is open in which it was told what it sees.
    within: bool,
}

/// Generation of plans that are used now: of this process, since tables are one for all its connections.
static GENERATION: AtomicU32 = AtomicU32::new(0);

/// Lets every connection plan its statements anew. A plan that was made while a table was all but empty may read it from
/// end to end, and would until the database gathers statistics by itself; so whoever sees tables grow says so.
pub fn plan_anew() {
    GENERATION.fetch_add(1, Ordering::Relaxed);
}

fn generation() -> u32 {
    // Spelled out: diesel's `load` is in scope.
    AtomicU32::load(&GENERATION, Ordering::Relaxed)
}

/// A statement waits so long at most for what others have locked.
const LOCK_TIMEOUT: Duration = Duration::from_secs(2);
/// A connection whose caller went away is used again where its statement is this young: the next one hardly waits.
const SOON: Duration = Duration::from_secs(1);

impl Link {
    /// A new connection to one PostgreSQL, that sees nothing yet. `statement_timeout` ends any statement that runs longer.
    pub async fn open(url: &str, statement_timeout: Duration) -> Result<Self, DatabaseError> {
        Self::open_on(Engine::OneServer, url, statement_timeout).await
    }

    /// The same to an engine.
    pub async fn open_on(engine: Engine, url: &str, statement_timeout: Duration) -> Result<Self, DatabaseError> {
        let unreachable = |error: &dyn std::fmt::Display| DatabaseError::Unreachable(error.to_string());
        let mut connection = connect(url).await?;
        // Compiling a statement, or starting workers for it, takes longer than any of ours runs.
        let settings = format!(
            "SET ROLE {SERVICE_ROLE}; SET statement_timeout = {}; SET lock_timeout = {}; SET timezone = 'UTC'; \
             SET idle_in_transaction_session_timeout = '30s'; SET jit = off; \
             SET max_parallel_workers_per_gather = 0; {}",
            statement_timeout.as_millis(),
            LOCK_TIMEOUT.as_millis(),
            engine.settings()
        );
        let generation = generation();
        connection.batch_execute(&settings).await.map_err(|error| unreachable(&error))?;
        let row_scope = Some((RowScope::Nothing, Rooms::default()));
        Ok(Self { connection, row_scope, asked_at: None, generation, engine, role: SERVICE_ROLE, within: false })
    }

    /// Runs a statement as the engine takes it best.
    ///
    /// # Errors
    /// What the database refuses.
    pub async fn run(&mut self, statement: Statement) -> Result<Vec<Row>, DatabaseError> {
        Ok(statement.on(self.engine).load(&mut self.connection).await?)
    }

    /// A statement is on its way.
    pub fn ask(&mut self) {
        self.asked_at = Some(Instant::now());
    }

    /// Its answer is there.
    pub fn have_answer(&mut self) {
        self.asked_at = None;
    }

    /// Lets the statements to come see that, and no closed room. It is told to the database where it differs from
    /// before; until the database has answered nothing is believed, for the caller may go away meanwhile.
    pub async fn see(&mut self, row_scope: &RowScope) -> Result<(), DatabaseError> {
        static NONE: Rooms = Rooms::new();
        self.see_in(row_scope, &NONE).await
    }

    /// The same, and what stands in these closed rooms. Plans of a former generation are forgotten on the way.
    pub async fn see_in(&mut self, row_scope: &RowScope, rooms: &Rooms) -> Result<(), DatabaseError> {
        if self.engine != Engine::OneServer {
            let role = if self.engine.tells_within() && *row_scope == RowScope::Everything {
                WRITER_ROLE
            } else {
                SERVICE_ROLE
            };
            return Box::pin(self.go_on_as(role)).await;
        }
        let is_told = self.row_scope.as_ref().is_some_and(|(scope, within)| (scope, within) == (row_scope, rooms));
        if is_told && self.generation == generation() {
            return Ok(());
        }
        // Boxed: it is rarely run, and stands within every future that reads.
        Box::pin(self.tell(row_scope, rooms)).await
    }

    /// Takes on a role, where it isn't in it.
    async fn go_on_as(&mut self, role: &'static str) -> Result<(), DatabaseError> {
        self.plan_anew().await?;
        if self.role != role {
            self.role = "";
            self.connection.batch_execute(&format!("SET ROLE {role}")).await?;
            self.role = role;
        }
        Ok(())
    }

    /// Begins a transaction in which a statement sees what it may, where each server has to be told: what a session is told
    /// stays with the one that leads them. To be ended by [`Self::end`].
    pub(crate) async fn begin(&mut self, row_scope: &RowScope, rooms: &Rooms) -> Result<(), DatabaseError> {
        let sees_all_or_nothing = matches!(row_scope, RowScope::Everything | RowScope::Nothing);
        if !self.engine.tells_within() || sees_all_or_nothing {
            return Ok(());
        }
        self.within = true;
        let mut texts = vec!["BEGIN".to_owned()];
        texts.extend(told_within(row_scope, rooms));
        Box::pin(self.send(&texts)).await
    }

    /// Sends these one behind the other, before the first is answered.
    async fn send(&self, texts: &[String]) -> Result<(), DatabaseError> {
        let answers = join_all(texts.iter().map(|text| batch(&self.connection, text))).await;
        answers.into_iter().collect()
    }

    /// Ends what [`Self::begin`] began.
    pub(crate) async fn end(&mut self) -> Result<(), DatabaseError> {
        if self.within {
            // Committing what failed undoes it.
            Box::pin(self.connection.batch_execute("COMMIT")).await?;
            self.within = false;
        }
        Ok(())
    }

    /// Lets the statements to come of an open transaction see that.
    pub(crate) async fn see_within(&mut self, row_scope: &RowScope, rooms: &Rooms) -> Result<(), DatabaseError> {
        if self.engine == Engine::OneServer {
            return self.see_in(row_scope, rooms).await;
        }
        if self.engine.tells_within() {
            Box::pin(self.send(&told_within(row_scope, rooms))).await?;
        }
        Ok(())
    }

    async fn plan_anew(&mut self) -> Result<(), DatabaseError> {
        let generation = generation();
        if self.generation != generation {
            self.connection.batch_execute("DISCARD PLANS").await?;
            self.generation = generation;
        }
        Ok(())
    }

    async fn tell(&mut self, row_scope: &RowScope, rooms: &Rooms) -> Result<(), DatabaseError> {
        self.row_scope = None;
        self.plan_anew().await?;
        let tell = Statement::new("SELECT set_config('lianfang.sight', ")
            .text(row_scope.setting())
            .sql(", false), set_config('lianfang.rooms', ")
            .text(setting_of(rooms))
            .sql(", false)");
        tell.load::<Row>(&mut self.connection).await?;
        self.row_scope = Some((row_scope.clone(), rooms.clone()));
        Ok(())
    }
}

async fn batch(connection: &AsyncPgConnection, text: &str) -> Result<(), DatabaseError> {
    Ok((&*connection).batch_execute(text).await?)
}

/// Texts that tell the servers behind, one setting each: a transaction's settings are handed on to them as they stand here,
/// and none that a function made. Codes of areas, ids and names of tables have no quote; whoever had one would see less.
fn told_within(row_scope: &RowScope, rooms: &Rooms) -> [String; 4] {
    let set = |name: &str, value: String| format!("SET LOCAL lianfang.{name} = '{}'", value.replace('\'', ""));
    [
        set("sight", row_scope.setting()),
        set("sight_areas", row_scope.areas()),
        set("sight_districts", row_scope.districts()),
        set("rooms", setting_of(rooms)),
    ]
}

impl Deref for Link {
    type Target = AsyncPgConnection;

    fn deref(&self) -> &AsyncPgConnection {
        &self.connection
    }
}

impl DerefMut for Link {
    fn deref_mut(&mut self) -> &mut AsyncPgConnection {
        &mut self.connection
    }
}

/// Opens a pool's connections.
pub struct Opener {
    /// The database.
    pub url: String,
    /// Time after which PostgreSQL ends a statement.
    pub statement_timeout: Duration,
    /// The engine.
    pub engine: Engine,
}

impl Manager for Opener {
    type Type = Link;
    type Error = DatabaseError;

    async fn create(&self) -> Result<Link, DatabaseError> {
        Link::open_on(self.engine, &self.url, self.statement_timeout).await
    }

    /// No ping: one at each checkout would double the round trips of a short request.
    async fn recycle(&self, link: &mut Link, _: &Metrics) -> RecycleResult<DatabaseError> {
        let stuck = link.asked_at.is_some_and(|asked_at| asked_at.elapsed() > SOON);
        if std::thread::panicking() || stuck || link.within || link.connection.is_broken() {
            return Err(RecycleError::message("broken"));
        }
        Ok(())
    }
}
