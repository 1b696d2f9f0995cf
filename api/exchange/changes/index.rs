//! Reading the index of changes: which kinds occur in a stretch of numbers, so that only their tables are asked. Closed
//! rooms among them: that a kind occurs tells nobody anything, and what it holds is asked only for those who read it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use kit::problem::Problem;
use kit::statement::{ColumnType, Statement};
use kit::value::Value;
use tokio::sync::Mutex as AsyncMutex;
use uuid::Uuid;

use crate::platform::config::Config;
use crate::platform::core::{Core, Extension};
use crate::records::Kind;

/// Numbers near the head that are remembered: what followers ask for again and again.
const REMEMBERED: i64 = 4_096;

/// A stretch of numbers, and what the index says of it.
#[derive(Debug)]
pub struct Stretch {
    /// Its last number.
    pub until: i64,
    /// The kinds that occur.
    kinds: BTreeMap<String, Lines>,
}

/// Lines of a kind in a stretch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Lines {
    count: i64,
    /// Whether a revision beyond the first is among them.
    revises: bool,
}

impl Stretch {
    /// Whether a kind occurs.
    pub fn has(&self, kind: &Kind) -> bool {
        self.names(kind.name)
    }

    /// Whether a kind of that name occurs.
    pub fn names(&self, kind: &str) -> bool {
        self.kinds.contains_key(kind)
    }

    /// Whether a record of a kind was revised in it.
    pub fn revises(&self, kind: &Kind) -> bool {
        self.kinds.get(kind.name).is_some_and(|lines| lines.revises)
    }

    /// Number of its lines.
    pub fn lines(&self) -> i64 {
        self.kinds.values().map(|lines| lines.count).sum()
    }

    /// Number of its lines of these kinds.
    pub fn lines_of(&self, kinds: &[&'static Kind]) -> i64 {
        kinds.iter().filter_map(|kind| self.kinds.get(kind.name)).map(|lines| lines.count).sum()
    }
}

/// The stretch beyond a number, up to the head: of about so many changes, and never ending within a number.
pub async fn stretch(core: &Core, district_code: &str, since: i64, head: i64, size: i64) -> Result<Stretch, Problem> {
    if head - since <= size.min(REMEMBERED)
        && let Some(kinds) = core.ext::<Tails>().kinds_between(core, district_code, since, head).await?
    {
        return Ok(Stretch { until: head, kinds });
    }
    let statement =
        Statement::new("WITH s AS (SELECT change_no, kind, revision FROM ledger_changes WHERE district_code = ")
            .text(district_code)
            .sql(" AND change_no > ")
            .integer(since)
            .sql(" AND change_no <= ")
            .integer(head)
            .sql(" ORDER BY change_no FETCH FIRST (")
            .integer(size)
            .sql(
                ") ROWS WITH TIES) SELECT kind, bool_or(revision > 1) AS revises, count(*) AS changes, \
         max(change_no) AS last_no FROM s GROUP BY kind",
            )
            .seeing_district(district_code)
            .in_rooms(core.kinds().rooms());
    let mut kinds = BTreeMap::new();
    let (mut changes, mut last_no) = (0, since);
    for mut row in core.database.read(&statement).await? {
        let count = row.integer("changes").unwrap_or_default();
        changes += count;
        last_no = last_no.max(row.integer("last_no").unwrap_or_default());
        kinds.extend(
            row.text("kind").map(|kind| (kind, Lines { count, revises: row.boolean("revises") == Some(true) })),
        );
    }
    Ok(Stretch { until: if changes < size { head } else { last_no }, kinds })
}

/// The kinds of which former revisions stand in a stretch.
pub async fn kinds_with_former(
    core: &Core,
    district_code: &str,
    since: i64,
    until: i64,
) -> Result<BTreeSet<String>, Problem> {
    let statement = Statement::new("SELECT DISTINCT kind FROM record_revisions WHERE district_code = ")
        .text(district_code)
        .sql(" AND change_no > ")
        .integer(since)
        .sql(" AND change_no <= ")
        .integer(until)
        .seeing_district(district_code)
        .in_rooms(core.kinds().rooms());
    Ok(core.database.read(&statement).await?.into_iter().filter_map(|mut row| row.text("kind")).collect())
}

/// The ids among these that are records of some district, by kind.
pub async fn kinds_of_ids(
    core: &Core,
    district_codes: &[String],
    ids: &[Uuid],
) -> Result<BTreeMap<String, BTreeSet<Uuid>>, Problem> {
    let mut kinds: BTreeMap<String, BTreeSet<Uuid>> = BTreeMap::new();
    for district_code in district_codes {
        let statement = Statement::new("SELECT DISTINCT kind, id FROM ledger_changes WHERE district_code = ")
            .text(district_code)
            .sql(" AND id = ANY(")
            .column(ColumnType::Id, ids.iter().copied().map(Value::Id).collect())
            .sql(")")
            .seeing_district(district_code)
            .in_rooms(core.kinds().rooms());
        for mut row in core.database.read(&statement).await? {
            if let (Some(kind), Some(id)) = (row.text("kind"), row.id("id")) {
                kinds.entry(kind).or_default().insert(id);
            }
        }
    }
    Ok(kinds)
}

/// The newest part of each district's index: one reader for all who follow it.
#[derive(Default)]
pub struct Tails(Mutex<BTreeMap<String, Arc<AsyncMutex<Tail>>>>);

/// All changes beyond `from`, up to `until`.
#[derive(Default)]
struct Tail {
    from: i64,
    until: i64,
    changes: VecDeque<(i64, &'static str, bool)>,
}

impl Extension for Tails {
    fn begin(_: &Config) -> Self {
        Self::default()
    }
}

impl Tails {
    fn of(&self, district_code: &str) -> Arc<AsyncMutex<Tail>> {
        let mut tails = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(tails.entry(district_code.to_owned()).or_default())
    }

    /// The kinds that occur between two numbers, the latter of which was a head; none where that is too long ago.
    /// Whoever comes while another one reads finds what that one read.
    async fn kinds_between(
        &self,
        core: &Core,
        district_code: &str,
        since: i64,
        head: i64,
    ) -> Result<Option<BTreeMap<String, Lines>>, Problem> {
        let tail = self.of(district_code);
        let mut tail = tail.lock().await;
        if tail.until < head {
            tail.read_up_to(core, district_code, head).await?;
        }
        Ok((tail.from <= since).then(|| tail.kinds(since, head)))
    }
}

impl Tail {
    async fn read_up_to(&mut self, core: &Core, district_code: &str, head: i64) -> Result<(), Problem> {
        if self.until < head - REMEMBERED {
            *self = Self { from: head - REMEMBERED, until: head - REMEMBERED, changes: VecDeque::new() };
        }
        let statement = Statement::new(
            "SELECT change_no, kind, revision > 1 AS revises FROM ledger_changes WHERE district_code = ",
        )
        .text(district_code)
        .sql(" AND change_no > ")
        .integer(self.until)
        .sql(" AND change_no <= ")
        .integer(head)
        .sql(" ORDER BY change_no")
        .seeing_district(district_code)
        .in_rooms(core.kinds().rooms());
        let rows = core.database.read(&statement).await?;
        for mut row in rows {
            let kind = row.text("kind").and_then(|name| core.kinds().kind(&name));
            if let (Some(number), Some(kind)) = (row.integer("change_no"), kind) {
                self.changes.push_back((number, kind.name, row.boolean("revises") == Some(true)));
            }
        }
        self.until = head;
        self.from = self.from.max(head - REMEMBERED);
        while self.changes.front().is_some_and(|(number, ..)| *number <= self.from) {
            self.changes.pop_front();
        }
        Ok(())
    }

    fn kinds(&self, since: i64, until: i64) -> BTreeMap<String, Lines> {
        let mut kinds: BTreeMap<String, Lines> = BTreeMap::new();
        let first = self.changes.partition_point(|(number, ..)| *number <= since);
        for (_, kind, revises) in self.changes.range(first..).take_while(|(number, ..)| *number <= until) {
            if !kinds.contains_key(*kind) {
                kinds.insert((*kind).to_owned(), Lines::default());
            }
            if let Some(lines) = kinds.get_mut(*kind) {
                lines.count += 1;
                lines.revises |= revises;
            }
        }
        kinds
    }
}
