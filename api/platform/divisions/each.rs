//! Districts each by itself: one whose database is away doesn't keep the others.

use std::future::Future;

use futures_util::{StreamExt, stream};
use kit::columns;
use kit::database::{Database, DatabaseError};
use kit::problem::Problem;
use kit::row::Row;
use kit::statement::Statement;

use crate::platform::core::Core;

columns! {
    LAST_NO "last_no": i64;
}

/// The districts that are known, in their order.
pub fn districts(core: &Core) -> Vec<String> {
    core.divisions.districts().map(str::to_owned).collect()
}

/// Rows of all districts, asked for with one statement while all are there; else of each that is there. `make` puts a
/// statement together from the condition that tells which districts it is about.
///
/// # Errors
/// What went wrong, where no district is there.
pub async fn over_all(core: &Core, make: impl Fn(Statement) -> Statement) -> Result<Vec<Row>, DatabaseError> {
    let all = make(Statement::new("true")).seeing_everything();
    let away = match core.database.read(&all).await {
        Err(away @ DatabaseError::Unreachable(_)) => away,
        answer => return answer,
    };
    let (mut rows, mut reached) = (Vec::new(), false);
    for district_code in districts(core) {
        let only = Statement::new("district_code = ").text(&district_code);
        match core.database.read(&make(only).seeing_district(&district_code)).await {
            Ok(found) => {
                reached = true;
                rows.extend(found);
            }
            Err(DatabaseError::Unreachable(error)) => {
                tracing::warn!(district_code, error, "a district whose database is away");
            }
            Err(other) => return Err(other),
        }
    }
    if reached { Ok(rows) } else { Err(away) }
}

/// Districts that are worked on at once: a province's shall not wait for one another, and phones have connections left.
const AT_ONCE: usize = 4;

/// Does a work in every district, a few at once. One in which it fails doesn't keep the others.
///
/// # Errors
/// One of the failures, once all districts were tried.
pub async fn in_each<F>(core: &Core, work: impl Fn(String) -> F) -> Result<(), Problem>
where
    F: Future<Output = Result<(), Problem>>,
{
    let mut done = stream::iter(districts(core))
        .map(|district_code| {
            let done = work(district_code.clone());
            async move { (district_code, done.await) }
        })
        .buffer_unordered(AT_ONCE);
    let mut failure = Ok(());
    while let Some((district_code, done)) = done.next().await {
        if let Err(problem) = done {
            tracing::warn!(district_code, %problem, "a work failed in a district; it is tried again the next time");
            failure = Err(problem);
        }
    }
    failure
}

/// The newest number of a district; none where it has no clock.
pub async fn clock_of(database: &Database, district_code: &str) -> Result<Option<i64>, DatabaseError> {
    let statement = Statement::new("SELECT last_no FROM district_clocks WHERE district_code = ")
        .text(district_code)
        .seeing_district(district_code);
    Ok(database.read(&statement).await?.into_iter().next().and_then(|mut row| row.get(&LAST_NO)))
}

/// The statement that gives a district a clock at 0. None where it had one that was lost: its ledger would begin again
/// at 1 over the entries it has.
pub async fn new_clock(database: &Database, district_code: &str) -> Result<Option<Statement>, DatabaseError> {
    let entries = Statement::new("SELECT first_no FROM ledger_entries WHERE district_code = ")
        .text(district_code)
        .sql(" LIMIT 1")
        .seeing_district(district_code);
    if !database.read(&entries).await?.is_empty() {
        return Ok(None);
    }
    let clock = Statement::new("INSERT INTO district_clocks (district_code, last_no, head, advanced_at) VALUES (")
        .text(district_code)
        .sql(", 0, sha256(")
        .text(district_code)
        .sql("::bytea), statement_timestamp()) ON CONFLICT DO NOTHING")
        .seeing_district(district_code);
    Ok(Some(clock))
}
