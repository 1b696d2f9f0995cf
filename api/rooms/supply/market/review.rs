//! A rule that was given, amended or voided looks at all reports there are: store by store, in lots, so that
//! phones go on meanwhile. Reports written after the rule was are judged by it in their own transaction, so
//! nothing falls between.

use std::sync::Weak;
use std::time::Duration;

use chrono::NaiveDate;
use kit::problem::Problem;
use kit::row::Row;
use kit::statement::Statement;
use kit::value::{Value, Values};
use ledger::{Append, Claim};
use uuid::Uuid;

use super::{MarketDecider, REVIEW};
use crate::platform::core::Core;
use crate::platform::divisions::each::over_all;
use crate::platform::leases::under_lease;
use crate::records::envelope;
use crate::rooms::registers::VENUE_KINDS;
use crate::rooms::supply::price_alerts::RULE_ID;
use crate::rooms::supply::price_rules::EFFECTIVE_ON;

/// How often it looks for rules that changed.
const PAUSE: Duration = Duration::from_secs(1);
/// Stores of one transaction.
const TOGETHER: i64 = 10;
/// Between two lots, others write.
const BREATH: Duration = Duration::from_millis(20);

/// Works until the service ends.
pub async fn work(core: Weak<Core>) {
    let holder = Uuid::new_v4();
    while let Some(core) = core.upgrade() {
        if let Err(problem) = work_once(&core, holder).await {
            tracing::warn!(%problem, "price rules could not be looked after; tried again in a moment");
        }
        drop(core);
        tokio::time::sleep(PAUSE).await;
    }
}

async fn work_once(core: &Core, holder: Uuid) -> Result<(), Problem> {
    if pending(core, None).await?.is_empty() {
        return Ok(());
    }
    under_lease(core, "price_rules", holder, review_all(core, None)).await
}

/// Reviews what is pending, in one district or in all, whoever holds the lease: twice does no harm.
pub async fn review_all(core: &Core, district_code: Option<&str>) -> Result<(), Problem> {
    let mut failure = Ok(());
    for rule in pending(core, district_code).await? {
        // One that fails doesn't keep the others.
        if let Err(problem) = review_rule(core, &rule).await {
            tracing::warn!(district_code = rule.district_code, rule_id = %rule.rule_id, %problem, "a price rule was not reviewed to its end");
            failure = Err(problem);
        }
    }
    failure
}

async fn review_rule(core: &Core, rule: &Pending) -> Result<(), Problem> {
    while !review_some(core, rule).await? {
        tokio::time::sleep(BREATH).await;
    }
    Ok(())
}

struct Pending {
    district_code: String,
    rule_id: Uuid,
    revision: i64,
    effective_on: NaiveDate,
}

async fn pending(core: &Core, district_code: Option<&str>) -> Result<Vec<Pending>, Problem> {
    let unfinished = |only| {
        Statement::new(
            "SELECT district_code, id, revision, effective_on FROM (SELECT r.district_code, r.id, r.revision, r.effective_on, r.change_no FROM price_rules AS r LEFT JOIN price_rule_reviews AS v ON v.district_code = r.district_code AND v.rule_id = r.id WHERE (v.rule_id IS NULL OR v.revision < r.revision OR NOT v.finished)) AS p WHERE ",
        )
        .then(only)
        .sql(" ORDER BY change_no")
    };
    let rows = match district_code {
        Some(district_code) => {
            let only = Statement::new("district_code = ").text(district_code);
            core.database.read(&unfinished(only).seeing_district(district_code)).await?
        }
        None => over_all(core, unfinished).await?,
    };
    let pending = |mut row: Row| {
        Some(Pending {
            district_code: row.get(&envelope::DISTRICT_CODE)?,
            rule_id: row.get(&envelope::ID)?,
            revision: row.get(&envelope::REVISION)?,
            effective_on: row.get(&EFFECTIVE_ON)?,
        })
    };
    Ok(rows.into_iter().filter_map(pending).collect())
}

/// Reviews the next stores; `true` where these were the last.
async fn review_some(core: &Core, rule: &Pending) -> Result<bool, Problem> {
    let places = next_places(core, rule).await?;
    core.refresh_settings().await?;
    let write_context = core.write_context(core.clock.now(), &rule.district_code);
    let claim = |id: &Uuid| {
        let mut next = Values::default();
        next.set(&RULE_ID, rule.rule_id);
        next.set(&EFFECTIVE_ON, rule.effective_on);
        Claim {
            decider: MarketDecider::of(&write_context),
            kind: REVIEW,
            id: *id,
            by: Uuid::nil(),
            former: None,
            next: Some(next),
        }
    };
    let claims: Vec<Claim> = places.iter().map(claim).collect();
    let Some(last) = places.last() else {
        note(core, rule, Uuid::nil(), true).await?;
        return Ok(true);
    };
    core.ledger.append(Append::asking(&rule.district_code, claims)).await?;
    note(core, rule, *last, false).await?;
    Ok(false)
}

async fn next_places(core: &Core, rule: &Pending) -> Result<Vec<Uuid>, Problem> {
    let kinds = VENUE_KINDS.iter().map(|kind| Value::Text(kind.code().to_owned())).collect();
    let statement = Statement::new("SELECT p.id FROM places AS p WHERE p.district_code = ")
        .text(&rule.district_code)
        .sql(" AND p.kind = ANY(")
        .column(kit::statement::ColumnType::Text, kinds)
        .sql(") AND p.id > coalesce((SELECT v.after_place_id FROM price_rule_reviews AS v WHERE v.district_code = p.district_code AND v.rule_id = ")
        .id(rule.rule_id)
        .sql(" AND v.revision = ")
        .integer(rule.revision)
        .sql("), '00000000-0000-0000-0000-000000000000') AND EXISTS (SELECT 1 FROM supply_lines AS l WHERE l.district_code = p.district_code AND l.place_id = p.id) ORDER BY p.id LIMIT ")
        .integer(TOGETHER)
        .seeing_district(&rule.district_code);
    let rows = core.database.read(&statement).await?;
    Ok(rows.into_iter().filter_map(|mut row| row.get(&envelope::ID)).collect())
}

async fn note(core: &Core, rule: &Pending, after: Uuid, finished: bool) -> Result<(), Problem> {
    let statement = Statement::new("INSERT INTO price_rule_reviews (district_code, rule_id, revision, after_place_id, finished) SELECT ")
        .text(&rule.district_code)
        .sql(", ")
        .id(rule.rule_id)
        .sql(", ")
        .integer(rule.revision)
        .sql(", ")
        .id(after)
        .sql(format!(", {finished} ON CONFLICT (district_code, rule_id) DO UPDATE SET revision = excluded.revision, after_place_id = excluded.after_place_id, finished = excluded.finished"));
    crate::platform::audit::job_write(core, vec![statement]).await
}
