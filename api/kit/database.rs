//! Connections: one pool, bounded waits, errors that say nothing personal.

use std::time::Duration;

use deadpool::managed::{Object, Pool};
use diesel::deserialize::FromSqlRow;
use diesel::pg::Pg;
use diesel::result::{DatabaseErrorInformation, DatabaseErrorKind, Error as DieselError};
use diesel::sql_types::Untyped;
use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use prometheus_client::metrics::counter::Counter;

use super::catalogue::Code;
use super::engine::Engine;
use super::link::{Link, Opener};
use super::problem::Problem;
use super::raw_row::RawRow;
use super::row::Row;
use super::row_scope::{Rooms, RowScope};
use super::statement::Statement;

/// A pooled connection.
pub type Connection = Object<Opener>;

/// The pool of connections.
#[derive(Clone)]
pub struct Database {
    pool: Pool<Opener>,
    wait: Duration,
    statements: Counter,
}

/// Reason why a statement did not do its work.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// The database can't be reached.
    #[error("no database connection: {0}")]
    Unreachable(String),
    /// No connection was free in time, or somebody else held for too long what a statement needs.
    #[error("the database is busy: {0}")]
    Busy(&'static str),
    /// The database has no room to write.
    #[error("the database has no room left on its disk")]
    Full,
    /// The database takes no writes: it stands by for another one, which is written to, or which it is about to follow.
    #[error("the database takes no writes at the moment")]
    ReadOnly,
    /// A statement ran longer than any may.
    #[error("a statement was ended after its time")]
    TimedOut,
    /// A unique or not-null rule said no; the name tells which.
    #[error("constraint {0}")]
    Constraint(String),
    /// Anything else: a defect of ours.
    #[error("statement failed: {0}")]
    Failed(String),
}

impl Database {
    /// A pool of at most `size` connections; a caller waits at most `wait` for one. Connections are
    /// made when first needed. `statement_timeout` ends any statement that runs longer.
    pub fn new(
        (engine, url): (Engine, &str),
        size: usize,
        wait: Duration,
        statement_timeout: Duration,
    ) -> Result<Self, DatabaseError> {
        let opener = Opener { url: url.to_owned(), statement_timeout, engine };
        let pool =
            Pool::builder(opener).max_size(size).build().map_err(|error| DatabaseError::Failed(error.to_string()))?;
        Ok(Self { pool, wait, statements: Counter::default() })
    }

    /// The engine.
    pub fn engine(&self) -> Engine {
        self.pool.manager().engine
    }

    /// How many statements were read with, for whoever shows it.
    pub fn statements(&self) -> &Counter {
        &self.statements
    }

    /// Number of connections, and of those that are unused.
    pub fn connections(&self) -> (usize, usize) {
        let status = self.pool.status();
        (status.size, status.available)
    }

    /// A connection of the pool for the service's own work: it sees every record that stands in no closed room.
    pub async fn connection(&self) -> Result<Connection, DatabaseError> {
        let mut connection = self.any_connection().await?;
        connection.see(&RowScope::Everything).await?;
        Ok(connection)
    }

    /// The same in closed rooms: for what the service does with the records of every kind.
    pub async fn connection_in(&self, rooms: &Rooms) -> Result<Connection, DatabaseError> {
        let mut connection = self.any_connection().await?;
        connection.see_in(&RowScope::Everything, rooms).await?;
        Ok(connection)
    }

    /// A connection outside the pool, for long work: none of its statements is ended after a time, and it takes no
    /// request's place.
    pub async fn own_connection(&self) -> Result<Link, DatabaseError> {
        let Opener { url, engine, .. } = self.pool.manager();
        Link::open_on(*engine, url, Duration::ZERO).await
    }

    async fn any_connection(&self) -> Result<Connection, DatabaseError> {
        match tokio::time::timeout(self.wait, self.pool.get()).await {
            Ok(Ok(connection)) => Ok(connection),
            Ok(Err(error)) => Err(DatabaseError::Unreachable(error.to_string())),
            Err(_) => Err(DatabaseError::Busy("all connections are taken")),
        }
    }

    /// Runs a statement that only reads; of records it sees what it says it may ([`Statement::row_scope`]). A pooled
    /// connection may turn out dead (the database was restarted): reading again on a new one is safe, so it is
    /// done, as often as there may be dead ones.
    pub async fn read(&self, statement: &Statement) -> Result<Vec<Row>, DatabaseError> {
        self.read_as(statement).await
    }

    /// The same, with the rows left as they came: for what is only written again.
    pub async fn read_raw(&self, statement: &Statement) -> Result<Vec<RawRow>, DatabaseError> {
        self.read_as(statement).await
    }

    async fn read_as<R: FromSqlRow<Untyped, Pg> + Send + 'static>(
        &self,
        statement: &Statement,
    ) -> Result<Vec<R>, DatabaseError> {
        let mut tries = 0;
        loop {
            // Boxed: the futures of what the service does are deep.
            match Box::pin(self.read_once(statement)).await {
                Err(error) if is_dead(&error) && tries < self.pool.status().max_size => tries += 1,
                result => return result,
            }
        }
    }

    /// Asks through diesel what has no scope, as accounts and their sessions: again on a new connection where the pooled
    /// one turned out dead, as [`Self::read`] does.
    pub async fn ask<R>(
        &self,
        query: impl AsyncFn(&mut AsyncPgConnection) -> Result<R, DieselError>,
    ) -> Result<R, DatabaseError> {
        let mut tries = 0;
        loop {
            match self.ask_once(&query).await {
                Err(error) if is_dead(&error) && tries < self.pool.status().max_size => tries += 1,
                result => return result,
            }
        }
    }

    async fn ask_once<R>(
        &self,
        query: &impl AsyncFn(&mut AsyncPgConnection) -> Result<R, DieselError>,
    ) -> Result<R, DatabaseError> {
        let mut connection = self.any_connection().await?;
        connection.see(&RowScope::default()).await?;
        connection.ask();
        self.statements.inc();
        let answer = query(&mut connection).await;
        connection.have_answer();
        Ok(answer?)
    }

    /// Begins to read at one moment: every statement sees what was committed by now, and nothing later.
    pub async fn snapshot(&self) -> Result<Snapshot, DatabaseError> {
        let mut tries = 0;
        loop {
            match Box::pin(self.snapshot_once()).await {
                Err(error) if is_dead(&error) && tries < self.pool.status().max_size => tries += 1,
                result => return result,
            }
        }
    }

    async fn snapshot_once(&self) -> Result<Snapshot, DatabaseError> {
        let mut connection = self.any_connection().await?;
        if self.engine() != Engine::OneServer {
            // A role is taken on before a transaction; what each of its statements sees is told within.
            connection.see(&RowScope::Nothing).await?;
        }
        connection.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
        Ok(Snapshot { engine: self.engine(), connection: Some(connection), statements: self.statements.clone() })
    }

    async fn read_once<R: FromSqlRow<Untyped, Pg> + Send + 'static>(
        &self,
        statement: &Statement,
    ) -> Result<Vec<R>, DatabaseError> {
        let mut connection = self.any_connection().await?;
        connection.see_in(statement.row_scope(), statement.rooms()).await?;
        connection.ask();
        self.statements.inc();
        connection.begin(statement.row_scope(), statement.rooms()).await?;
        let rows = statement.clone().on(self.engine()).load::<R>(&mut connection).await;
        connection.end().await?;
        connection.have_answer();
        Ok(rows?)
    }
}

/// Reads of one moment. A connection whose transaction wasn't ended, because a statement failed or the caller went
/// away, doesn't go back to the pool.
pub struct Snapshot {
    engine: Engine,
    connection: Option<Connection>,
    statements: Counter,
}

impl Snapshot {
    /// Runs a statement that only reads, as [`Database::read`] does.
    pub async fn read(&mut self, statement: &Statement) -> Result<Vec<Row>, DatabaseError> {
        let gone = || DatabaseError::Unreachable("the snapshot has ended".into());
        let connection = self.connection.as_mut().ok_or_else(gone)?;
        connection.see_within(statement.row_scope(), statement.rooms()).await?;
        self.statements.inc();
        Ok(statement.clone().on(self.engine).load::<Row>(connection).await?)
    }

    /// Ends it. By a commit: what the connection may see was told within the transaction and must stay told.
    pub async fn end(mut self) -> Result<(), DatabaseError> {
        if let Some(connection) = &mut self.connection {
            connection.batch_execute("COMMIT").await?;
        }
        // Back to the pool.
        drop(self.connection.take());
        Ok(())
    }
}

impl Drop for Snapshot {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            drop(Object::take(connection));
        }
    }
}

impl From<DieselError> for DatabaseError {
    /// Only names of constraints and kinds of errors pass: details carry values.
    fn from(error: DieselError) -> Self {
        match error {
            DieselError::DatabaseError(kind, information) => of_database(&kind, information.as_ref()),
            DieselError::BrokenTransactionManager => Self::Unreachable("connection lost".into()),
            other => Self::Failed(other.to_string()),
        }
    }
}

fn of_database(kind: &DatabaseErrorKind, information: &dyn DatabaseErrorInformation) -> DatabaseError {
    match kind {
        DatabaseErrorKind::UniqueViolation
        | DatabaseErrorKind::CheckViolation
        | DatabaseErrorKind::ForeignKeyViolation => {
            let named = information.constraint_name().map(|name| DatabaseError::Constraint(base_name(name).to_owned()));
            // A refusal by one of several servers is passed on in its words, without the names beside them.
            named.unwrap_or_else(|| of_texts(information))
        }
        DatabaseErrorKind::NotNullViolation => information.table_name().map_or_else(|| of_texts(information), not_null),
        DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::UnableToSendCommand => {
            DatabaseError::Unreachable("connection lost".into())
        }
        DatabaseErrorKind::ReadOnlyTransaction => DatabaseError::ReadOnly,
        _ => of_texts(information),
    }
}

/// An error by its texts. Where an engine spreads tables over servers, what one of them said comes within an error of
/// another kind.
fn of_texts(information: &dyn DatabaseErrorInformation) -> DatabaseError {
    let texts = || [Some(information.message()), information.details(), information.hint()].into_iter().flatten();
    let says = |text: &str| texts().any(|own| own.contains(text));
    if says(TIMED_OUT) {
        DatabaseError::TimedOut
    } else if says(LOCKED) {
        DatabaseError::Busy("somebody else holds a lock")
    } else if DEADLOCKS.iter().any(|text| says(text)) {
        DatabaseError::Busy("two transactions waited for each other")
    } else if texts().any(is_full) {
        DatabaseError::Full
    } else if texts().any(is_standing_by) {
        DatabaseError::ReadOnly
    } else if says(NOT_REACHED) {
        DatabaseError::Unreachable(ONE_AWAY.into())
    } else if texts().any(is_going_down) {
        DatabaseError::Unreachable("the database is going down or starting".into())
    } else {
        // Refusals by one of several servers are told within; with none, its broken connection says that it went away.
        let gone = || match says("failure on connection marked as essential") {
            true => DatabaseError::Unreachable(ONE_AWAY.into()),
            false => DatabaseError::Failed(information.message().to_owned()),
        };
        texts().find_map(violated).unwrap_or_else(gone)
    }
}

/// The constraint whose violation a text tells of, as PostgreSQL words it.
fn violated(text: &str) -> Option<DatabaseError> {
    let quoted_after = |before: &str| text.split_once(before)?.1.split_once('"').map(|(name, _)| name);
    if text.contains("violates not-null constraint") {
        return quoted_after("of relation \"").map(not_null);
    }
    ["violates unique constraint \"", "violates check constraint \"", "violates foreign key constraint \""]
        .iter()
        .find_map(|before| quoted_after(before))
        .map(|name| DatabaseError::Constraint(base_name(name).to_owned()))
}

fn not_null(table: &str) -> DatabaseError {
    DatabaseError::Constraint(format!("{}_not_null", base_name(table)))
}

/// Digits of the number that the parts of a distributed table have at the end of their names, at least.
const PART_DIGITS: usize = 6;

/// The name of a constraint or a table as the schema has it: that of a distributed table's part ends with the part's
/// number (`screenings_pkey_103081`).
fn base_name(name: &str) -> &str {
    match name.rsplit_once('_') {
        Some((base, part)) if part.len() >= PART_DIGITS && part.bytes().all(|byte| byte.is_ascii_digit()) => base,
        _ => name,
    }
}

/// Error text of PostgreSQL for a statement that ran longer than `statement_timeout`.
const TIMED_OUT: &str = "canceling statement due to statement timeout";

/// Error text of PostgreSQL for a statement that waited longer for a lock than `lock_timeout`.
const LOCKED: &str = "canceling statement due to lock timeout";

/// Error texts where transactions waited for each other and this one was undone: PostgreSQL's, and those of an engine of
/// several servers.
const DEADLOCKS: [&str; 2] = ["deadlock detected", "involved in a distributed deadlock"];

/// Error text of an engine of several servers where it doesn't reach one of them.
const NOT_REACHED: &str = "connection to the remote node";

/// One of several servers is away: another connection would meet it as well.
const ONE_AWAY: &str = "one of the servers is away";

/// Whether an error may be a pooled connection's alone.
fn is_dead(error: &DatabaseError) -> bool {
    matches!(error, DatabaseError::Unreachable(cause) if cause != ONE_AWAY)
}

/// Recognises the error texts of PostgreSQL where its disk is full.
fn is_full(message: &str) -> bool {
    ["No space left on device", "could not extend file", "Disk quota exceeded"]
        .iter()
        .any(|text| message.contains(text))
}

/// Recognises the error texts of PostgreSQL and its driver where a connection ends under a statement. diesel passes no
/// SQLSTATE on, so the texts (fixed by `lc_messages = C`) have to do.
fn is_going_down(message: &str) -> bool {
    [
        "terminating connection",
        // Of a server that stands by and can't wait for a reader any longer.
        "conflict with recovery",
        "connection closed",
        "the database system is",
        "crash of another server process",
        "error communicating with the server",
    ]
    .iter()
    .any(|text| message.contains(text))
}

/// Recognises the error texts of a server that stands by for another: what it is asked to write, or to lock.
fn is_standing_by(message: &str) -> bool {
    ["in a read-only transaction", "during recovery", "recovery is in progress"]
        .iter()
        .any(|text| message.contains(text))
}

impl From<DatabaseError> for Problem {
    fn from(error: DatabaseError) -> Self {
        match error {
            DatabaseError::ReadOnly => Self::unavailable(Code::UNAVAILABLE, 5, error),
            DatabaseError::Unreachable(_) => Self::unavailable(Code::UNAVAILABLE, 2, error),
            DatabaseError::Busy(_) => Self::unavailable(Code::UNAVAILABLE, 2, error),
            DatabaseError::Full => Self::unavailable(Code::UNAVAILABLE, 60, error),
            DatabaseError::TimedOut => Self::unavailable(Code::UNAVAILABLE, 15, error),
            DatabaseError::Constraint(_) | DatabaseError::Failed(_) => Self::internal(error),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    struct Told(&'static str, Option<&'static str>);

    impl DatabaseErrorInformation for Told {
        fn message(&self) -> &str {
            self.0
        }
        fn details(&self) -> Option<&str> {
            self.1
        }
        fn hint(&self) -> Option<&str> {
            None
        }
        fn table_name(&self) -> Option<&str> {
            self.0.is_empty().then_some("record_revisions_102040")
        }
        fn column_name(&self) -> Option<&str> {
            None
        }
        fn constraint_name(&self) -> Option<&str> {
            self.0.is_empty().then_some("screenings_pkey_103081")
        }
        fn statement_position(&self) -> Option<i32> {
            None
        }
    }

    fn read(kind: DatabaseErrorKind, message: &'static str, details: Option<&'static str>) -> DatabaseError {
        DatabaseError::from(DieselError::DatabaseError(kind, Box::new(Told(message, details))))
    }

    #[test]
    fn a_deadlock_is_none_of_the_callers() {
        for told in ["deadlock detected", "canceling the transaction since it was involved in a distributed deadlock"] {
            assert!(matches!(read(DatabaseErrorKind::Unknown, told, None), DatabaseError::Busy(_)), "{told}");
        }
    }

    #[test]
    fn a_conflict_is_one_wherever_it_is_told() {
        let unique = "duplicate key value violates unique constraint \"screenings_pkey_103081\"";
        let wrapped = "failure on connection marked as essential: localhost:9701";
        let told = [
            read(DatabaseErrorKind::UniqueViolation, "", None),
            read(DatabaseErrorKind::UniqueViolation, unique, None),
            read(DatabaseErrorKind::Unknown, unique, None),
            read(DatabaseErrorKind::Unknown, wrapped, Some(unique)),
        ];
        for error in told {
            assert!(matches!(&error, DatabaseError::Constraint(name) if name == "screenings_pkey"), "{error}");
        }
        let null =
            "null value in column \"change_no\" of relation \"record_revisions_102040\" violates not-null constraint";
        for error in [
            read(DatabaseErrorKind::NotNullViolation, "", None),
            read(DatabaseErrorKind::NotNullViolation, null, None),
            read(DatabaseErrorKind::Unknown, null, None),
            read(DatabaseErrorKind::Unknown, wrapped, Some(null)),
        ] {
            assert!(
                matches!(&error, DatabaseError::Constraint(name) if name == "record_revisions_not_null"),
                "{error}"
            );
        }
    }

    #[test]
    fn what_is_no_part_of_a_table_keeps_its_name() {
        for name in ["screenings_pkey", "users_username_key", "covid_19", "a_2026", "people_x12345"] {
            assert_eq!(base_name(name), name);
        }
        assert_eq!(base_name("person_presences_pkey_1030812"), "person_presences_pkey");
    }

    #[test]
    fn a_server_among_several_that_is_away_is_away() {
        let error = read(
            DatabaseErrorKind::Unknown,
            "connection to the remote node lianfang@10.0.0.2:5432 failed with the following error: Connection refused",
            None,
        );
        assert!(matches!(error, DatabaseError::Unreachable(_)), "{error}");
        let died = read(DatabaseErrorKind::Unknown, "failure on connection marked as essential: 10.0.0.2:5432", None);
        assert!(matches!(died, DatabaseError::Unreachable(_)), "{died}");
        assert!(matches!(read(DatabaseErrorKind::Unknown, "syntax error", None), DatabaseError::Failed(_)));
    }
}
