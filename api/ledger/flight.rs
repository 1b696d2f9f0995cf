//! Statements that are sent together: the database works through them in turn, and none waits until the answer to the
//! one before has come back.
//!
//! The driver sends what it has prepared at once and in the order asked; what it hasn't is prepared first, and others
//! would overtake it. So a flight whose statements aren't all known to the connection goes one by one.

use std::collections::HashSet;

use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use futures_util::future::join_all;
use kit::database::DatabaseError;
use kit::row::Row;
use kit::statement::Statement;

use super::AppendError;

/// Step of a flight.
#[derive(Debug)]
pub(super) enum Step {
    /// Begins a transaction.
    Begin,
    /// A statement, which answers rows.
    Run(Box<Statement>),
    /// Ends the transaction: whole, or not at all where a statement of it failed.
    Commit,
}

impl Step {
    pub(super) fn run(statement: Statement) -> Self {
        Self::Run(Box::new(statement))
    }
}

/// Texts of the statements that a connection has prepared.
#[derive(Debug, Default)]
pub(super) struct Prepared(HashSet<u64>);

impl Prepared {
    /// Whether these go without a word in between.
    pub(super) fn have(&self, steps: &[Step]) -> bool {
        texts(steps).all(|text| self.0.contains(&text))
    }
}

fn texts(steps: &[Step]) -> impl Iterator<Item = u64> {
    steps.iter().filter_map(|step| match step {
        Step::Run(statement) => Some(statement.fingerprint()),
        Step::Begin | Step::Commit => None,
    })
}

/// Sends all steps, at once where the connection has prepared them. The rows of each statement, or the first failure,
/// after which no transaction is open.
pub(super) async fn send(
    connection: &AsyncPgConnection,
    prepared: &mut Prepared,
    steps: Vec<Step>,
) -> Result<Vec<Vec<Row>>, AppendError> {
    if prepared.have(&steps) {
        return send_prepared(connection, steps).await;
    }
    let texts: Vec<u64> = texts(&steps).collect();
    let mut rows = Vec::new();
    for step in steps {
        match take(connection, step).await {
            Ok(answer) => rows.extend(answer),
            Err(error) => {
                undo(connection).await?;
                return Err(error);
            }
        }
    }
    prepared.0.extend(texts);
    Ok(rows)
}

/// The same of steps that the connection has prepared: those of several flights don't mix.
pub(super) async fn send_prepared(
    connection: &AsyncPgConnection,
    steps: Vec<Step>,
) -> Result<Vec<Vec<Row>>, AppendError> {
    // Committing what failed undoes it.
    let ends = steps.iter().any(|step| matches!(step, Step::Commit)) || steps.len() == 1;
    let answers = join_all(steps.into_iter().map(|step| take(connection, step))).await;
    let rows: Result<Vec<Vec<Row>>, AppendError> = answers.into_iter().filter_map(Result::transpose).collect();
    if rows.is_err() && !ends {
        undo(connection).await?;
    }
    rows
}

/// Undoes the transaction that is open; where none is, the database only warns.
pub(super) async fn undo(connection: &AsyncPgConnection) -> Result<(), AppendError> {
    batch(connection, "ROLLBACK").await
}

async fn take(connection: &AsyncPgConnection, step: Step) -> Result<Option<Vec<Row>>, AppendError> {
    match step {
        Step::Begin => batch(connection, "BEGIN").await.map(|()| None),
        Step::Commit => batch(connection, "COMMIT").await.map(|()| None),
        Step::Run(statement) => Ok(Some((*statement).load(&mut &*connection).await.map_err(DatabaseError::from)?)),
    }
}

async fn batch(connection: &AsyncPgConnection, text: &str) -> Result<(), AppendError> {
    Ok((&*connection).batch_execute(text).await.map_err(DatabaseError::from)?)
}
