//! Purging: what a record says of people is erased when its time is over, and the record stays.
//!
//! Of an envelope its version and commitment are left, and when it was purged; blind indexes are emptied; the same in
//! former revisions, and in what phones and files left beside ([`beside`]); what themes keep elsewhere goes with it
//! ([`Erasers`]). No row, number, digest or figure changes, so that `lianfang verify` holds before, after and meanwhile.
//!
//! Only whoever owns the tables does it: the role of the service has no right to change a former revision, and gets none
//! for this. A right for this one purpose would be there for every statement of the service at any time, and what it
//! overwrites is gone for good; a connection of its own is opened for a purge that somebody ordered, and closed after it.
//!
//! It goes page by page. The clock of the district is held for one page: nobody writes meanwhile, so that no revision
//! slips by, and whoever waits does so for milliseconds. What is cut says so itself; broken off at any moment it goes
//! on with what is left. Two at once share the work and the certificate.
//!
//! A record of which a figure counts what is sealed stays whole where the kind doesn't say what stands for it
//! ([`crate::records::Rules::counted_as`]): no figure changes.
//!
//! A record's time runs from when it happened. One that a younger record names stays whole: a person who passed a gate last
//! week, the case of a visit.

mod beside;
mod certificate;
mod rows;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use kit::columns;
use kit::connect::connect;
use kit::database::DatabaseError;
use kit::faults::Faults;
use kit::problem::Problem;
use kit::row::Row;
use kit::statement::Statement;
use kit::time::{day_of, day_start};
use kit::value::Value;
use ledger::Tallies;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use self::certificate::{Certificate, certificates};
use self::rows::{Target, targets};
use super::sealing;
use crate::platform::core::Core;
use crate::platform::privacy::seal;
use crate::records::codes::KEPT_LONGER;
use crate::records::theme::Erasers;
use crate::records::{Kind, Record, counted};

columns! {
    COUNT "count": i64;
    OLDEST_AT "oldest_at": DateTime<Utc>;
    NEWEST_AT "newest_at": DateTime<Utc>;
}

/// Nothing is purged that happened less than so many days ago, whatever is ordered: that would be hiding, not forgetting.
pub const KEPT_AT_LEAST_DAYS: i64 = 30;

/// An order to purge.
#[derive(Clone)]
pub struct Order {
    /// The kind.
    pub kind: &'static Kind,
    /// What happened before this day is purged.
    pub before_on: NaiveDate,
    /// Why, in words.
    pub reason: String,
    /// The account that ordered it; none at the command line.
    pub by: Option<Uuid>,
}

/// Numbers of what a purge erases, or would.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Counts {
    /// Records, current or former revisions of which had something sealed.
    pub records: u64,
    /// Records that belonged to those, as attachments do.
    pub attached: u64,
    /// Items that phones sent and that were held.
    pub held_items: u64,
    /// Conflicts between phones.
    pub conflicts: u64,
    /// Rows of files that were refused.
    pub import_faults: u64,
    /// Records left as they are: a figure is made of what is sealed of them, or they aren't what the ledger took.
    pub left: u64,
}

/// What a purge would do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// How many.
    pub counts: Counts,
    /// When the oldest of the records happened.
    pub oldest_at: Option<DateTime<Utc>>,
    /// When the newest of them did.
    pub newest_at: Option<DateTime<Utc>>,
}

/// The owner's connection, and who is told how far it is.
struct Work<'a> {
    core: &'a Core,
    owner: AsyncPgConnection,
    done: u64,
    total: u64,
    progress: &'a mut (dyn FnMut(u64, u64) + Send),
}

impl Work<'_> {
    async fn begin<'a>(
        core: &'a Core,
        owner_url: &str,
        progress: &'a mut (dyn FnMut(u64, u64) + Send),
    ) -> Result<Work<'a>, Problem> {
        let mut owner = connect(owner_url).await?;
        owner.batch_execute("SET timezone = 'UTC'; SET lock_timeout = '30s'").await.map_err(DatabaseError::from)?;
        Ok(Work { core, owner, done: 0, total: 0, progress })
    }

    async fn run(&mut self, statement: Statement) -> Result<Vec<Row>, Problem> {
        Ok(statement.load(&mut self.owner).await.map_err(DatabaseError::from)?)
    }

    async fn execute(&mut self, sql: &str) -> Result<(), Problem> {
        Ok(self.owner.batch_execute(sql).await.map_err(DatabaseError::from)?)
    }

    /// Counts the rows of a statement that selects `count`.
    async fn count(&mut self, statement: Statement) -> Result<u64, Problem> {
        let rows = self.run(statement).await?;
        let count = rows.into_iter().next().and_then(|mut row| row.get(&COUNT));
        Ok(count.and_then(|count| u64::try_from(count).ok()).unwrap_or_default())
    }

    fn tell(&mut self, more: usize) {
        self.done += more as u64;
        (self.progress)(self.done, self.total.max(self.done));
    }
}

/// The instant before which an order purges. 422 where that is too lately.
pub fn before_at(core: &Core, before_on: NaiveDate) -> Result<DateTime<Utc>, Problem> {
    let latest = day_of(core.clock.now(), core.zone) - TimeDelta::days(KEPT_AT_LEAST_DAYS);
    let mut faults = Faults::default();
    if before_on > latest {
        faults.add_with("/before_on", KEPT_LONGER, vec![("days", KEPT_AT_LEAST_DAYS.to_string())]);
    }
    faults.finish()?;
    day_start(before_on, core.zone).ok_or_else(|| Problem::internal("a day has no beginning"))
}

/// What an order would purge in a district; nothing is written.
pub async fn plan(core: &Core, owner_url: &str, district_code: &str, order: &Order) -> Result<Plan, Problem> {
    let before_at = before_at(core, order.before_on)?;
    let mut nobody = |_, _| {};
    let mut work = Work::begin(core, owner_url, &mut nobody).await?;
    planned(&mut work, district_code, order.kind, before_at).await
}

async fn planned(
    work: &mut Work<'_>,
    district_code: &str,
    kind: &'static Kind,
    before_at: DateTime<Utc>,
) -> Result<Plan, Problem> {
    let mut plan = Plan::default();
    for target in targets(work.core, kind) {
        let rows = work.run(target.counted(work.core, district_code, before_at)).await?;
        let Some(mut row) = rows.into_iter().next() else { continue };
        let count = row.get(&COUNT).unwrap_or_default().unsigned_abs();
        if target.is_of_subject() {
            plan.counts.attached += count;
        } else {
            plan.counts.records = count;
            (plan.oldest_at, plan.newest_at) = (row.get(&OLDEST_AT), row.get(&NEWEST_AT));
        }
    }
    beside::count(work, district_code, kind, before_at, &mut plan.counts).await?;
    Ok(plan)
}

/// Purges in a district as ordered; goes first on with what was broken off of that kind, which has a certificate of its
/// own. None where there is nothing to purge. `progress` is told records done and records in all.
pub async fn purge(
    core: &Core,
    owner_url: &str,
    district_code: &str,
    order: &Order,
    progress: &mut (dyn FnMut(u64, u64) + Send),
) -> Result<Vec<Certificate>, Problem> {
    let before_at = before_at(core, order.before_on)?;
    let mut work = Work::begin(core, owner_url, progress).await?;
    let mut made = Vec::new();
    if let Some(broken_off) = certificate::running(core, district_code, order.kind).await? {
        for eraser in core.ext::<Erasers>().0 {
            (eraser.go_on)(core, district_code).await?;
        }
        made.extend(carry_out(&mut work, order.kind, broken_off).await?);
    }
    let planned = planned(&mut work, district_code, order.kind, before_at).await?;
    // Those that a purge left before are left again: that is no purge.
    if planned.counts != (Counts { records: left_before(&mut work, district_code, order).await?, ..Counts::default() })
    {
        let begun = certificate::begin(core, district_code, order, before_at).await?;
        made.extend(carry_out(&mut work, order.kind, begun).await?);
    }
    Ok(made)
}

/// How many records the last purge of a kind left, whatever its day.
async fn left_before(work: &mut Work<'_>, district_code: &str, order: &Order) -> Result<u64, Problem> {
    let statement = Statement::new(
        "SELECT coalesce((counts ->> 'left')::bigint, 0) AS count FROM purges WHERE state = 'complete' AND district_code = ",
    );
    let statement = statement.text(district_code).sql(" AND kind = ").text(order.kind.name);
    work.count(statement.sql(" ORDER BY id DESC LIMIT 1")).await
}

async fn carry_out(
    work: &mut Work<'_>,
    kind: &'static Kind,
    running: Certificate,
) -> Result<Option<Certificate>, Problem> {
    let (district_code, before_at) = (running.district_code.as_str(), running.before_at);
    let plan = planned(work, district_code, kind, before_at).await?;
    work.total += plan.counts.records + plan.counts.attached;
    let mut touched = vec!["record_revisions"];
    let mut counts = Counts::default();
    for target in targets(work.core, kind) {
        // What a former release left in the clear comes under seal first: only what is sealed can be cut.
        counts.left += sealing::seal_kind(work.core, &mut work.owner, target.kind, district_code).await?;
        target.purge(work, &running).await?;
        touched.push(target.kind.name);
    }
    counts.left += planned(work, district_code, kind, before_at).await?.counts.records;
    touched.extend(beside::purge(work, kind, &running, &mut counts).await?);
    for table in touched {
        // The old versions of the rows have it still.
        work.execute(&format!("VACUUM {table}")).await?;
    }
    certificate::complete(work.core, kind, running, counts).await
}

/// A record that is cut, and what is left in its blind indexes where its kind leaves something.
type Cut = (Uuid, Option<Vec<Value>>);

impl Target {
    /// Purges all rows.
    async fn purge(&self, work: &mut Work<'_>, running: &Certificate) -> Result<(), Problem> {
        let mut after = None;
        loop {
            let page = work.run(self.page(work.core, running, after)).await?;
            let found: Vec<(DateTime<Utc>, Uuid)> =
                page.into_iter().filter_map(|mut row| Some((row.instant("occurred_at")?, row.id("id")?))).collect();
            let Some(last) = found.last().copied() else { return Ok(()) };
            let ids: Vec<Uuid> = found.iter().map(|(_, id)| *id).collect();
            for eraser in work.core.ext::<Erasers>().0.iter().filter(|eraser| eraser.kind == self.kind.name) {
                (eraser.erase)(work.core, &running.district_code, &ids).await?;
            }
            self.cut_page(work, running, &ids).await?;
            work.tell(ids.len());
            after = Some(last);
        }
    }

    /// Cuts what is due of a page, the clock held: all of it or nothing.
    async fn cut_page(&self, work: &mut Work<'_>, running: &Certificate, ids: &[Uuid]) -> Result<(), Problem> {
        work.execute("BEGIN").await?;
        let cut = self.cut_under_clock(work, running, ids).await;
        work.execute(if cut.is_ok() { "COMMIT" } else { "ROLLBACK" }).await?;
        cut
    }

    async fn cut_under_clock(&self, work: &mut Work<'_>, running: &Certificate, ids: &[Uuid]) -> Result<(), Problem> {
        let clock = "SELECT last_no FROM district_clocks WHERE district_code = ";
        work.run(Statement::new(clock).text(&running.district_code).sql(" FOR UPDATE")).await?;
        // Whoever shares the work may have ended it; younger records may name some by now.
        let is_over = work.run(certificate::still_running(running)).await?.is_empty();
        let due = work.run(self.still_due(work.core, running, ids)).await?;
        let due: Vec<Uuid> = due.into_iter().filter_map(|mut row| row.id("id")).collect();
        if is_over || due.is_empty() {
            return Ok(());
        }
        let mut cut = Vec::with_capacity(due.len());
        for row in work.run(self.read(running, &due)).await? {
            let Some((id, left)) = self.counts_the_same(work.core, row, running)? else { continue };
            cut.push(id);
            if let Some(left) = left {
                work.run(self.cut_leaving(running, id, left)).await?;
            }
        }
        let due = cut;
        for statement in self.cut(running, &due).into_iter().chain(beside::of_records(self.kind, running, &due)) {
            work.run(statement).await?;
        }
        Ok(())
    }

    /// The record of a row, with what a purge leaves in its blind indexes, if figures count it afterwards as before. None
    /// where they are made of what is sealed: it stays whole, for no figure changes.
    fn counts_the_same(&self, core: &Core, row: Row, running: &Certificate) -> Result<Option<Cut>, Problem> {
        let (mut cut, record) = (row.clone(), Record::from_row(self.kind, row, &core.sealer)?);
        if let Some(sealed) = cut.bytes("personal") {
            cut.put("personal", Value::Bytes(seal::cut(&sealed, running.purged_at)));
        }
        let left = self.kind.rules.counted_as().map(|counted_as| counted_as(&record, &core.keys));
        for (column, value) in self.kind.rules.blind_columns().iter().zip(left.iter().flatten()) {
            cut.put(column, value.clone());
        }
        let cut = Record::from_row(self.kind, cut, &core.sealer)?;
        let (mut difference, counting) = (Tallies::default(), (core.zone, &*core.keys));
        counted::add(&mut difference, self.kind, &record, 1, counting);
        counted::add(&mut difference, self.kind, &cut, -1, counting);
        difference.sum_up();
        let is_same = difference.totals.iter().all(|(_, amount)| *amount == 0)
            && difference.presences.iter().all(|(_, amount)| *amount == 0);
        Ok(is_same.then_some((record.envelope.id, left)))
    }
}
