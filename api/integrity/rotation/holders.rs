//! Processes that must know of a key before anything is done with it.

use kit::columns;
use kit::problem::Problem;
use kit::statement::Statement;

use super::super::owner::Work;
use crate::platform::privacy::numbered::Purpose;

columns! {
    HOST "host": String;
    PROCESS_NO "process_no": i64;
}

/// A process that said nothing for so long while a key follows another is gone: it would have said something every two seconds.
const GONE_AFTER: &str = "interval '15 seconds'";

/// Processes that were there in so long say something every minute at least.
const LATELY: &str = "interval '150 seconds'";

/// Condition until which processes are waited for.
#[derive(Clone, Copy)]
pub enum Until {
    /// They read a key.
    Reads,
    /// They write with it.
    Writes,
}

impl Until {
    fn condition(self, (purpose, number): (Purpose, u32)) -> Statement {
        let (reads, writes_with) = match purpose {
            Purpose::Data => ("h.data_keys", "h.seals_with"),
            Purpose::BlindIndex => ("h.index_keys", "h.indexes_with"),
        };
        match self {
            Self::Reads => Statement::new(format!("{reads} @> to_jsonb(")).integer(number.into()).sql("::bigint)"),
            Self::Writes => Statement::new(format!("{writes_with} = ")).integer(number.into()),
        }
    }
}

/// Processes that are there and don't yet what they are to do since the state of a key changed, each by its machine and number.
pub async fn waited_for(
    work: &mut Work<'_>,
    key: (Purpose, u32),
    name: &str,
    until: Until,
) -> Result<Vec<String>, Problem> {
    let statement = Statement::new(format!(
        "SELECT h.host, h.process_no FROM key_holders AS h JOIN key_fingerprints AS k ON greatest(h.seen_at, k.changed_at) > now() - {GONE_AFTER} WHERE k.name = "
    ))
    .text(name)
    .sql(" AND NOT ")
    .then(until.condition(key))
    .sql(" ORDER BY h.host, h.process_no");
    named(work, statement).await
}

/// Processes that were there lately and don't say which keys of blind indexes they have: a former release has one.
pub async fn of_former_release(work: &mut Work<'_>) -> Result<Vec<String>, Problem> {
    let statement = format!(
        "SELECT h.host, h.process_no FROM key_holders AS h WHERE h.seen_at > now() - {LATELY} AND h.seals_with <> 0 AND h.indexes_with = 0 ORDER BY h.host, h.process_no"
    );
    named(work, Statement::new(statement)).await
}

async fn named(work: &mut Work<'_>, statement: Statement) -> Result<Vec<String>, Problem> {
    let rows = work.owner.run(statement).await?;
    let told = |mut row: kit::row::Row| {
        let (host, process_no) = (row.get(&HOST).unwrap_or_default(), row.get(&PROCESS_NO).unwrap_or_default());
        format!("{host}, process {process_no}")
    };
    Ok(rows.into_iter().map(told).collect())
}

/// Forgets processes that are gone and would be waited for again.
pub async fn forget_gone(work: &mut Work<'_>, key: (Purpose, u32), until: Until) -> Result<(), Problem> {
    let gone = format!("DELETE FROM key_holders AS h WHERE h.seen_at < now() - {GONE_AFTER} AND NOT ");
    work.owner.run(Statement::new(gone).then(until.condition(key))).await.map(drop)
}

/// Processes that were there in the last minutes and write with another key, as far as they said.
pub async fn writing_otherwise(work: &mut Work<'_>, key: (Purpose, u32)) -> Result<u64, Problem> {
    let others = format!(
        "SELECT count(*) AS count FROM key_holders AS h WHERE h.seen_at > now() - {LATELY} AND h.seals_with <> 0 AND NOT "
    );
    work.owner.count(Statement::new(others).then(Until::Writes.condition(key))).await
}
