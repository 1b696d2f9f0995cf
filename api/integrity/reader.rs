//! Connections of a verification. They are its own, outside the pool: what takes minutes must neither be ended by the
//! bound of a request's statement nor take a request's place.

use std::sync::{Arc, Mutex, PoisonError};

use diesel_async::SimpleAsyncConnection;
use kit::database::DatabaseError;
use kit::link::Link;
use kit::row::Row;
use kit::row_scope::RowScope;
use kit::statement::Statement;

use crate::platform::core::Core;

/// A connection that sees every record of every kind.
pub struct Reader(Link);

impl Reader {
    async fn open(core: &Core) -> Result<Self, DatabaseError> {
        let mut link = core.database.own_connection().await?;
        link.see_in(&RowScope::Everything, &core.kinds().rooms()).await?;
        Ok(Self(link))
    }

    /// Runs a statement that reads.
    pub async fn read(&mut self, statement: Statement) -> Result<Vec<Row>, DatabaseError> {
        self.0.run(statement).await
    }

    /// Runs a statement without parameters.
    pub async fn run(&mut self, sql: &str) -> Result<(), DatabaseError> {
        Ok(self.0.batch_execute(sql).await?)
    }

    /// Begins to read at one moment, for as long as it takes.
    pub async fn begin(&mut self) -> Result<(), DatabaseError> {
        self.run("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
        self.run("SET LOCAL idle_in_transaction_session_timeout = 0").await
    }

    /// Ends that.
    pub async fn end(&mut self) -> Result<(), DatabaseError> {
        self.run("ROLLBACK").await
    }
}

/// Connections that are free.
#[derive(Clone, Default)]
pub struct Readers(Arc<Mutex<Vec<Reader>>>);

impl Readers {
    /// A free connection, or a new one.
    pub async fn take(&self, core: &Core) -> Result<Reader, DatabaseError> {
        let free = self.0.lock().unwrap_or_else(PoisonError::into_inner).pop();
        match free {
            Some(reader) => Ok(reader),
            None => Reader::open(core).await,
        }
    }

    /// Gives a connection back of which no statement failed.
    pub fn give_back(&self, reader: Reader) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(reader);
    }
}
