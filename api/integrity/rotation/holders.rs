//! Processes that must know of a key before anything is done with it.

use kit::columns;
use kit::problem::Problem;
use kit::statement::Statement;

use super::super::owner::Work;

columns! {
    HOST "host": String;
    PROCESS_NO "process_no": i64;
}

/// A process that said nothing for so long while a key follows another is gone: it would have said something every two seconds.
const GONE_AFTER: &str = "interval '15 seconds'";

/// Condition until which processes are waited for.
#[derive(Clone, Copy)]
pub enum Until {
    /// They read a key.
    Reads,
    /// They seal with it.
    Seals,
}

impl Until {
    fn condition(self, number: u32) -> Statement {
        match self {
            Self::Reads => Statement::new("h.data_keys @> to_jsonb(").integer(number.into()).sql("::bigint)"),
            Self::Seals => Statement::new("h.seals_with = ").integer(number.into()),
        }
    }
}

/// Processes that are there and don't yet what they are to do since the state of a key changed, each by its machine and number.
pub async fn waited_for(work: &mut Work<'_>, number: u32, name: &str, until: Until) -> Result<Vec<String>, Problem> {
    let statement = Statement::new(format!(
        "SELECT h.host, h.process_no FROM key_holders AS h JOIN key_fingerprints AS k ON greatest(h.seen_at, k.changed_at) > now() - {GONE_AFTER} WHERE k.name = "
    ))
    .text(name)
    .sql(" AND NOT ")
    .then(until.condition(number))
    .sql(" ORDER BY h.host, h.process_no");
    let rows = work.owner.run(statement).await?;
    let told = |mut row: kit::row::Row| {
        let (host, process_no) = (row.get(&HOST).unwrap_or_default(), row.get(&PROCESS_NO).unwrap_or_default());
        format!("{host}, process {process_no}")
    };
    Ok(rows.into_iter().map(told).collect())
}

/// Forgets processes that are gone and would be waited for again.
pub async fn forget_gone(work: &mut Work<'_>, number: u32, until: Until) -> Result<(), Problem> {
    let gone = format!("DELETE FROM key_holders AS h WHERE h.seen_at < now() - {GONE_AFTER} AND NOT ");
    work.owner.run(Statement::new(gone).then(until.condition(number))).await.map(drop)
}

/// Processes that were there in the last minutes and seal with another key, as far as they said.
pub async fn sealing_otherwise(work: &mut Work<'_>, number: u32) -> Result<u64, Problem> {
    let others = Statement::new(
        "SELECT count(*) AS count FROM key_holders AS h WHERE h.seen_at > now() - interval '150 seconds' AND h.seals_with <> 0 AND NOT ",
    );
    work.owner.count(others.then(Until::Seals.condition(number))).await
}
