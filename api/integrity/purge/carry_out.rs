//! Carrying out: page by page, the clock held, until nothing is left.

use std::time::Duration;

use chrono::{DateTime, Utc};
use kit::problem::Problem;
use kit::row::Row;
use kit::statement::Statement;
use kit::value::Value;
use ledger::Tallies;
use uuid::Uuid;

use super::certificate::{self, Certificate, Stage};
use super::plan::{Reads, planned};
use super::rows::{Target, targets};
use super::{Counts, Order, before_at, beside, completion, orders};
use crate::integrity::owner::{OwnerConnection, Work};
use crate::integrity::sealing;
use crate::platform::core::Core;
use crate::platform::privacy::seal;
use crate::records::theme::Erasers;
use crate::records::{Kind, Record, counted};

/// A statement waits so long at most for whoever writes.
const LOCK_TIMEOUT: Duration = Duration::from_secs(30);

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
    let mut owner = OwnerConnection::open(owner_url, LOCK_TIMEOUT).await?;
    let mut work = Work::begin(core, &mut owner, progress);
    let mut made = Vec::new();
    if let Some(broken_off) = certificate::running(core, district_code, order.kind).await? {
        made.extend(go_on(&mut work, order.kind, broken_off).await?);
    }
    let planned = planned(&mut Reads::Owner(&mut work), district_code, order.kind, before_at).await?;
    // Those that a purge left before are left again: that is no purge.
    let left_before = left_before(&mut work, district_code, order.kind).await?;
    if planned.counts != (Counts { records: left_before, ..Counts::default() }) {
        let begun = certificate::begin(core, district_code, order, before_at).await?;
        made.extend(carry_out(&mut work, order.kind, begun).await?);
    }
    Ok(made)
}

/// Carries out what was ordered in a district and isn't done, and goes on with what was broken off, the oldest first.
pub async fn carry_out_ordered(
    core: &Core,
    owner_url: &str,
    district_code: &str,
    progress: &mut (dyn FnMut(u64, u64) + Send),
) -> Result<Vec<Certificate>, Problem> {
    let under_way = orders::under_way(core, district_code).await?;
    let mut made = Vec::new();
    if under_way.is_empty() {
        return Ok(made);
    }
    let mut owner = OwnerConnection::open(owner_url, LOCK_TIMEOUT).await?;
    let mut work = Work::begin(core, &mut owner, progress);
    for one in under_way {
        // A release that knows more kinds took the order: it carries it out.
        let Some(kind) = core.kinds().kind(&one.kind) else { continue };
        let done = match one.stage {
            Stage::Ordered => match orders::start(core, &one).await? {
                Some(started) => carry_out(&mut work, kind, started).await?,
                // Another one of the kind is under way: after it.
                None => None,
            },
            Stage::Running | Stage::Complete => go_on(&mut work, kind, one).await?,
        };
        made.extend(done);
    }
    Ok(made)
}

/// Goes on with what was broken off.
async fn go_on(
    work: &mut Work<'_>,
    kind: &'static Kind,
    broken_off: Certificate,
) -> Result<Option<Certificate>, Problem> {
    for eraser in work.core.ext::<Erasers>().0 {
        (eraser.go_on)(work.core, &broken_off.district_code).await?;
    }
    carry_out(work, kind, broken_off).await
}

/// How many records the last purge of a kind left, whatever its day.
async fn left_before(work: &mut Work<'_>, district_code: &str, kind: &Kind) -> Result<u64, Problem> {
    let statement = Statement::new(
        "SELECT coalesce((counts ->> 'left')::bigint, 0) AS count FROM purges WHERE state = 'complete' AND district_code = ",
    );
    let statement = statement.text(district_code).sql(" AND kind = ").text(kind.name);
    work.owner.count(statement.sql(" ORDER BY id DESC LIMIT 1")).await
}

async fn carry_out(
    work: &mut Work<'_>,
    kind: &'static Kind,
    running: Certificate,
) -> Result<Option<Certificate>, Problem> {
    let (district_code, before_at) = (running.district_code.as_str(), running.before_at);
    let plan = planned(&mut Reads::Owner(work), district_code, kind, before_at).await?;
    work.total += plan.counts.records + plan.counts.attached;
    let mut touched = vec!["record_revisions"];
    let mut counts = Counts::default();
    for target in targets(work.core, kind) {
        // Values that a former release left in the clear come under seal first: only what is sealed can be cut.
        counts.left += sealing::seal_kind(work.core, work.owner, target.kind, district_code).await?;
        target.purge(work, &running).await?;
        touched.push(target.kind.name);
    }
    counts.left += planned(&mut Reads::Owner(work), district_code, kind, before_at).await?.counts.records;
    touched.extend(beside::purge(work, kind, &running, &mut counts).await?);
    for table in touched {
        work.owner.clean(table).await?;
    }
    completion::complete(work.core, kind, running, counts).await
}

/// A record that is cut, and what is left in its blind indexes where its kind leaves something.
type Cut = (Uuid, Option<Vec<Value>>);

impl Target {
    /// Purges all rows.
    async fn purge(&self, work: &mut Work<'_>, running: &Certificate) -> Result<(), Problem> {
        let mut after = None;
        loop {
            let page = work.owner.run(self.page(work.core, running, after)).await?;
            let found: Vec<(DateTime<Utc>, Uuid)> =
                page.into_iter().filter_map(|mut row| Some((row.instant("occurred_at")?, row.id("id")?))).collect();
            let Some(last) = found.last().copied() else { return Ok(()) };
            let ids: Vec<Uuid> = found.iter().map(|(_, id)| *id).collect();
            for eraser in work.core.ext::<Erasers>().0.iter().filter(|eraser| eraser.kind == self.kind.name) {
                (eraser.erase)(work.core, &running.district_code, &ids).await?;
            }
            // Without `Work::together`: of its closure the compiler doesn't see that a worker's thread may run it.
            work.owner.begin().await?;
            let cut = self.cut_page(work, running, &ids).await;
            work.owner.end(cut).await?;
            work.tell(ids.len());
            after = Some(last);
        }
    }

    /// Cuts what is due of a page, the clock held.
    async fn cut_page(&self, work: &mut Work<'_>, running: &Certificate, ids: &[Uuid]) -> Result<(), Problem> {
        work.hold_clock(&running.district_code).await?;
        // Whoever shares the work may have ended it; younger records may name some by now.
        let is_over = work.owner.run(certificate::still_running(running)).await?.is_empty();
        let due = work.owner.run(self.still_due(work.core, running, ids)).await?;
        let due: Vec<Uuid> = due.into_iter().filter_map(|mut row| row.id("id")).collect();
        if is_over || due.is_empty() {
            return Ok(());
        }
        let mut cut = Vec::with_capacity(due.len());
        for row in work.owner.run(self.read(running, &due)).await? {
            let Some((id, left)) = self.counts_the_same(work.core, row, running)? else { continue };
            cut.push(id);
            if let Some(left) = left {
                work.owner.run(self.cut_leaving(running, id, left)).await?;
            }
        }
        let due = cut;
        for statement in self.cut(running, &due).into_iter().chain(beside::of_records(self.kind, running, &due)) {
            work.owner.run(statement).await?;
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
