//! A list as it stood at one change number, read page by page without a long transaction: rows that were
//! changed since are given in their revision of that moment. However slow the reader, nothing is held.

use std::cmp::Reverse;

use chrono::{DateTime, Utc};
use kit::problem::Problem;
use kit::statement::{ColumnType, Statement};
use kit::value::Value;
use uuid::Uuid;

use super::definition::Kind;
use super::leads::Page;
use super::list::Filter;
use super::record::Record;
use super::record_row::{RecordRow, records};
use super::scope::{reached, readable, select};
use crate::platform::access::roles::{Actor, Role};
use crate::platform::core::Core;

/// Where a page ended: instant and id of its last record.
pub type Position = (DateTime<Utc>, Uuid);

/// A list as of a number.
pub struct Snapshot<'a> {
    /// Account that reads.
    pub actor: &'a Actor,
    /// Kind of its records.
    pub kind: &'static Kind,
    /// District of its records.
    pub district_code: &'a str,
    /// Number as of which the list is read.
    pub as_of: i64,
    /// Filter of the records.
    pub filter: &'a Filter<'a>,
    /// For plain values: only where the reader holds one of these roles.
    pub plain_for: Option<&'static [Role]>,
    /// Whether the oldest come first.
    pub oldest_first: bool,
}

impl<'a> Snapshot<'a> {
    /// A list as of a number, masked, the newest first.
    pub fn of(
        actor: &'a Actor,
        kind: &'static Kind,
        district_code: &'a str,
        as_of: i64,
        filter: &'a Filter<'a>,
    ) -> Self {
        Self { actor, kind, district_code, as_of, filter, plain_for: None, oldest_first: false }
    }

    /// The records after a position, in their order.
    pub async fn page(&self, core: &Core, after: Option<Position>, limit: i64) -> Result<Vec<Record>, Problem> {
        records(core, self.kind, &self.rows(core, after, limit).await?)
    }

    /// The same as rows, for who only writes them.
    pub async fn rows(&self, core: &Core, after: Option<Position>, limit: i64) -> Result<Vec<RecordRow>, Problem> {
        self.rows_where(core, after, limit, |statement| statement).await
    }

    /// The same with one more condition on `r`. Current rows before former ones: a row that is revised between the
    /// two is found twice and told once, never missed.
    pub async fn rows_where(
        &self,
        core: &Core,
        after: Option<Position>,
        limit: i64,
        condition: impl Fn(Statement) -> Statement,
    ) -> Result<Vec<RecordRow>, Problem> {
        let page = Page { oldest_first: self.oldest_first, limit };
        let behind = |statement| self.behind(condition(statement), after);
        let unchanged = self.filter.ordered(self.actor, behind(self.unchanged(core)), page);
        let mut found = RecordRow::load(core, self.kind, &unchanged).await?;
        let changed = page.bound("r", behind(self.changed_since(core)));
        found.extend(RecordRow::load(core, self.kind, &changed).await?);
        found.sort_by_key(|row| Reverse(row.position()));
        if self.oldest_first {
            found.reverse();
        }
        found.dedup_by_key(|row| row.id);
        found.truncate(usize::try_from(limit).unwrap_or_default());
        Ok(found)
    }

    /// Rows that stand as they stood.
    pub(super) fn unchanged(&self, core: &Core) -> Statement {
        let statement = select(self.kind.read_select(), self.district_code)
            .sql(format!(" FROM {} AS r WHERE r.district_code = ", self.kind.name))
            .text(self.district_code)
            .sql(" AND r.change_no <= ")
            .integer(self.as_of);
        self.readable(core, statement)
    }

    /// Rows revised since, as they were: their last revision up to the number. What has left the caller's
    /// areas since was in them then, so the district is seen, and the former revision is what is judged. The clock is
    /// asked in the statement itself, which comes after that of the unchanged rows: while nothing was written there is
    /// nothing to look for.
    pub(super) fn changed_since(&self, core: &Core) -> Statement {
        let name = self.kind.name;
        let statement = select(self.kind.read_select(), self.district_code).sql(format!(
            " FROM (SELECT (f.row).* FROM {name} AS c \
             CROSS JOIN LATERAL (SELECT jsonb_populate_record(NULL::{name}, h.body) AS row FROM record_revisions AS h WHERE h.kind = '{name}' AND h.id = c.id AND h.district_code = "
        ))
        .text(self.district_code)
        .sql(" AND h.change_no <= ")
        .integer(self.as_of)
        .sql(" ORDER BY h.revision DESC LIMIT 1) AS f WHERE c.revision > 1 AND c.district_code = ")
        .text(self.district_code)
        .sql(" AND c.change_no > ")
        .integer(self.as_of)
        .sql(" AND EXISTS (SELECT 1 FROM district_clocks AS clock WHERE clock.last_no > ")
        .integer(self.as_of)
        .sql(" AND clock.district_code = ")
        .text(self.district_code)
        .sql(")")
        .sql(") AS r WHERE r.district_code = ")
        .text(self.district_code)
        .seeing_district(self.district_code);
        self.readable(core, statement)
    }

    fn readable(&self, core: &Core, statement: Statement) -> Statement {
        let statement = readable("r", statement.sql(" AND "), self.actor, self.kind);
        let statement = match self.plain_for {
            Some(roles) => reached("r", statement.sql(" AND "), self.actor, roles, true),
            None => statement,
        };
        self.filter.apply(core, statement)
    }

    fn behind(&self, statement: Statement, after: Option<Position>) -> Statement {
        let before = if self.oldest_first { ">" } else { "<" };
        match after {
            Some((occurred_at, id)) => statement
                .sql(format!(" AND (r.occurred_at, r.id) {before} ("))
                .bind(ColumnType::Instant, Value::Instant(occurred_at))
                .sql(", ")
                .id(id)
                .sql(")"),
            None => statement,
        }
    }

    /// Where a record stood, so that a broken download can go on behind it.
    pub async fn position(&self, core: &Core, id: Uuid) -> Result<Option<Position>, Problem> {
        let columns = "occurred_at, id";
        let statement = Statement::new(format!("SELECT {columns} FROM (SELECT r.occurred_at, r.id, r.change_no FROM {0} AS r WHERE r.id = ", self.kind.name))
            .id(id)
            .sql(" AND r.district_code = ")
            .text(self.district_code)
            .sql(format!(
                " UNION ALL SELECT (h.body->>'occurred_at')::timestamptz, h.id, h.change_no FROM record_revisions AS h WHERE h.kind = '{}' AND h.id = ",
                self.kind.name
            ))
            .id(id)
            .sql(" AND h.district_code = ")
            .text(self.district_code)
            .sql(") AS r WHERE change_no <= ")
            .integer(self.as_of)
            .sql(" ORDER BY change_no DESC LIMIT 1")
            .seeing_district(self.district_code)
            .in_rooms(self.kind.room());
        let row = core.database.read(&statement).await?.into_iter().next();
        Ok(row.and_then(|mut row| Some((row.instant("occurred_at")?, row.id("id")?))))
    }
}
