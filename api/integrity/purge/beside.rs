//! Content that phones and files left beside records: items that were held, conflicts, rows that were refused.

use chrono::{DateTime, Utc};
use kit::problem::Problem;
use kit::statement::{ColumnType, Statement};
use kit::value::Value;
use uuid::Uuid;

use super::Counts;
use super::certificate::Certificate;
use super::plan::Reads;
use super::rows::{cut, has_content};
use crate::integrity::owner::Work;
use crate::platform::core::Core;
use crate::platform::privacy::seal::COMMITMENT_END;
use crate::records::Kind;

/// Rows of one statement.
const PAGE: i64 = 500;

/// A table that keeps what was sent.
struct Kept {
    table: &'static str,
    /// The envelope.
    column: &'static str,
    /// Columns by which its rows are told apart.
    key: &'static str,
    /// The condition of its rows `t` that were sent before, and of which kinds, as far as it goes without values.
    sent: &'static str,
    /// Other columns set where one is purged; it ends as nobody can do anything with it any more.
    ending: &'static str,
    count: fn(&mut Counts) -> &mut u64,
}

static KEPT: [Kept; 3] = [
    Kept {
        table: "held_items",
        column: "item",
        key: "id",
        sent: "t.kind = ANY({kinds}) AND t.held_at < {before}",
        ending: ", state = CASE WHEN state = 'open' THEN 'discarded' ELSE state END, ended_at = coalesce(ended_at, {now})",
        count: |counts| &mut counts.held_items,
    },
    Kept {
        table: "sync_conflicts",
        column: "patch",
        key: "id",
        sent: "t.kind = ANY({kinds}) AND t.found_at < {before}",
        ending: ", taken = coalesce(taken, 'server'), state = 'resolved', ended_at = coalesce(ended_at, {now})",
        count: |counts| &mut counts.conflicts,
    },
    Kept {
        table: "import_faults",
        column: "\"row\"",
        key: "(import_id, line)",
        sent: "EXISTS (SELECT FROM imports AS i WHERE i.district_code = t.district_code AND i.id = t.import_id AND i.kind = ANY({kinds}) AND i.started_at < {before})",
        ending: "",
        count: |counts| &mut counts.import_faults,
    },
];

/// The kinds of which what was sent tells of records of a kind: itself, and those that introduce people, where it is they.
fn telling(core: &Core, kind: &Kind) -> Vec<Value> {
    let tells = |other: &&'static Kind| other.name == kind.name || (kind.is_people() && other.tells_people());
    core.kinds().kinds().filter(tells).map(|kind| Value::Text(kind.name.to_owned())).collect()
}

/// Text with places for values.
fn filled(text: &str, value: impl Fn(Statement, &str) -> Statement) -> Statement {
    let mut statement = Statement::new("");
    let mut rest = text;
    while let Some((before, (name, after))) =
        rest.split_once('{').and_then(|(before, behind)| Some((before, behind.split_once('}')?)))
    {
        statement = value(statement.sql(before), name);
        rest = after;
    }
    statement.sql(rest)
}

impl Kept {
    fn due(&self, core: &Core, district_code: &str, kind: &Kind, before_at: DateTime<Utc>) -> Statement {
        let sent = filled(self.sent, |statement, name| match name {
            "kinds" => statement.column(ColumnType::Text, telling(core, kind)),
            _ => statement.bind(ColumnType::Instant, Value::Instant(before_at)),
        });
        Statement::new(format!("{} AND t.district_code = ", has_content(&format!("t.{}", self.column))))
            .text(district_code)
            .sql(" AND ")
            .then(sent)
    }

    fn update(&self, purged_at: DateTime<Utc>) -> Statement {
        let ending = filled(self.ending, |statement, _| statement.bind(ColumnType::Instant, Value::Instant(purged_at)));
        Statement::new(format!("UPDATE {} SET {} = ", self.table, self.column))
            .then(cut(self.column, purged_at))
            .then(ending)
    }
}

/// Counts what of it is due.
pub async fn count(
    reads: &mut Reads<'_, '_>,
    district_code: &str,
    kind: &Kind,
    before_at: DateTime<Utc>,
    counts: &mut Counts,
) -> Result<(), Problem> {
    for kept in &KEPT {
        let statement = Statement::new(format!("SELECT count(*) AS count FROM {} AS t WHERE ", kept.table));
        let due = statement.then(kept.due(reads.core(), district_code, kind, before_at));
        *(kept.count)(counts) += reads.count(due).await?;
    }
    Ok(())
}

/// Statements that cut what is held of certain records, whenever it was sent.
pub fn of_records(kind: &Kind, running: &Certificate, ids: &[Uuid]) -> impl Iterator<Item = Statement> {
    let of_record = move |kept: &Kept| {
        let ids = ids.iter().copied().map(Value::Id).collect();
        kept.update(running.purged_at)
            .sql(format!(" WHERE {} AND district_code = ", has_content(kept.column)))
            .text(&running.district_code)
            .sql(" AND kind = ")
            .text(kind.name)
            .sql(" AND record_id = ANY(")
            .column(ColumnType::Id, ids)
            .sql(")")
    };
    KEPT.iter().filter(|kept| kept.key == "id").map(of_record)
}

/// Cuts what was sent before; names of the tables in which something was cut.
pub async fn purge(
    work: &mut Work<'_>,
    kind: &Kind,
    running: &Certificate,
    counts: &mut Counts,
) -> Result<Vec<&'static str>, Problem> {
    for kept in &KEPT {
        loop {
            let due = Statement::new(format!(
                " WHERE {} IN (SELECT {} FROM {} AS t WHERE ",
                kept.key,
                kept.key.trim_matches(['(', ')']),
                kept.table
            ))
            .then(kept.due(work.core, &running.district_code, kind, running.before_at))
            .sql(" LIMIT ")
            .integer(PAGE)
            .sql(") AND district_code = ")
            .text(&running.district_code)
            .sql(" RETURNING 1 AS one");
            let cut = work.owner.run(kept.update(running.purged_at).then(due)).await?.len();
            if cut == 0 {
                break;
            }
        }
    }
    // Counted whole at the end, with what went in other pages.
    for kept in &KEPT {
        let statement = Statement::new(format!(
            "SELECT count(*) AS count FROM {} WHERE NOT {} AND substr({}, {}) = int8send(",
            kept.table,
            has_content(kept.column),
            kept.column,
            COMMITMENT_END + 1
        ))
        .integer(running.purged_at.timestamp_micros())
        .sql("::bigint) AND district_code = ")
        .text(&running.district_code);
        *(kept.count)(counts) = work.owner.count(statement).await?;
    }
    Ok(KEPT.iter().map(|kept| kept.table).collect())
}
