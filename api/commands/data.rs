//! `migrate`, `seal`, `purge`: what works on the data, whether the service runs or not.

use chrono::NaiveDate;
use indicatif::{ProgressBar, ProgressStyle};
use lianfang::integrity::purge::{self, Certificate, Order, Plan};
use lianfang::integrity::sealing::{self, Sealed};
use lianfang::platform::config::Config;
use lianfang::platform::core::Core;
use lianfang::rooms::retention;
use lianfang::server::migrations;
use lianfang::server::routes;
use lianfang::server::start::{self, Backend};
use serde_json::json;

use super::{Failure, prepare, print};

/// Runs the migrations that are missing.
pub async fn migrate(config: &Config, json: bool) -> Result<(), Failure> {
    let backend = Backend::start(config).await?;
    let run = migrations::migrate_with(&backend.url, config.row_security).await;
    backend.leave().await?;
    let count = run?;
    print(&if json { json!({"migrations_run": count}).to_string() } else { format!("{count} migration(s) run.") })
}

/// Brings to rest what a former release left in the clear.
pub async fn seal(config: Config, json: bool) -> Result<(), Failure> {
    let backend = Backend::start(&config).await?;
    let sealed = seal_at(&backend, config).await;
    backend.leave().await?;
    let sealed = sealed?;
    print(&if json {
        json!({"revisions": sealed.revisions, "others": sealed.others, "left": sealed.left}).to_string()
    } else {
        format!("Sealed: {} revisions, {} other rows.", sealed.revisions, sealed.others)
    })?;
    match sealed.left {
        0 => Ok(()),
        left => Err(Failure::Other(format!(
            "{left} revisions aren't what the ledger took and stay as they are; run `lianfang verify`"
        ))),
    }
}

async fn seal_at(backend: &Backend, config: Config) -> Result<Sealed, Failure> {
    prepare(backend).await?;
    let core = start::core(config, &backend.service_url, routes::kinds()).await?;
    let bar = bar()?;
    let sealed = sealing::seal(&core, &backend.url, &mut |done, total| {
        bar.set_length(total);
        bar.set_position(done);
    })
    .await;
    bar.finish_and_clear();
    Ok(sealed?)
}

fn bar() -> Result<ProgressBar, Failure> {
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} rows, {per_sec}, {eta} left");
    let bar = ProgressBar::new(0);
    bar.set_style(style.map_err(Failure::other)?);
    Ok(bar)
}

/// Task of `purge`.
pub enum Purge {
    /// Records of a kind.
    Of {
        /// The kind, by its name.
        kind: String,
        /// Records from before this day are purged.
        before_on: NaiveDate,
        /// Why.
        reason: String,
        /// Whether it only says what it would do.
        dry_run: bool,
    },
    /// Purges that were ordered over HTTP, and those that policies ask for.
    Ordered,
}

/// Purges personal data whose time is over, in one district or in all.
pub async fn purge(config: Config, asked: Purge, district_code: Option<String>, json: bool) -> Result<(), Failure> {
    let backend = Backend::start(&config).await?;
    let told = purge_at(&backend, config, (asked, district_code), json).await;
    backend.leave().await?;
    print(&told?)
}

async fn purge_at(
    backend: &Backend,
    config: Config,
    (asked, only): (Purge, Option<String>),
    json: bool,
) -> Result<String, Failure> {
    prepare(backend).await?;
    let core = start::core(config, &backend.service_url, routes::kinds()).await?;
    let mut districts = lianfang::platform::divisions::each::districts(&core);
    if let Some(only) = &only {
        districts.retain(|code| code == only);
        if districts.is_empty() {
            return Err(Failure::Usage(format!("unknown district: {only}")));
        }
    }
    let (asked, dry_run) = order_of(&core, asked)?;
    let (mut plans, mut certificates, bar) = (Vec::new(), Vec::new(), bar()?);
    for district_code in districts {
        let mut tell = |done, total| {
            bar.set_length(total);
            bar.set_position(done);
        };
        match &asked {
            Some(order) if dry_run => {
                let plan = purge::plan(&core, &backend.url, &district_code, order).await?;
                plans.push((district_code, plan));
            }
            Some(order) => {
                certificates.extend(purge::purge(&core, &backend.url, &district_code, order, &mut tell).await?);
            }
            None => certificates.extend(retention::carry_out(&core, &backend.url, &district_code, &mut tell).await?),
        }
    }
    bar.finish_and_clear();
    plans.retain(|(_, plan)| *plan != Plan::default());
    Ok(if json { told_as_json(&plans, &certificates, dry_run) } else { told(&plans, &certificates, dry_run) })
}

/// The order that is meant, and whether it is only to be told; none where those are that were given before.
fn order_of(core: &Core, asked: Purge) -> Result<(Option<Order>, bool), Failure> {
    let Purge::Of { kind, before_on, reason, dry_run } = asked else { return Ok((None, false)) };
    let kind = core.kinds().kind(&kind).ok_or_else(|| Failure::Usage(format!("unknown kind: {kind}")))?;
    purge::before_at(core, before_on)
        .map_err(|_| Failure::Usage(format!("--before must be at least {} days ago", purge::KEPT_AT_LEAST_DAYS)))?;
    Ok((Some(Order { kind, before_on, reason, by: None, policy_id: None }), dry_run))
}

fn told_as_json(plans: &[(String, Plan)], certificates: &[Certificate], dry_run: bool) -> String {
    let planned = |(district_code, plan): &(String, Plan)| json!({"district_code": district_code, "counts": plan.counts, "oldest_at": plan.oldest_at, "newest_at": plan.newest_at});
    let certified = |one: &Certificate| json!({"id": one.id, "district_code": one.district_code, "kind": one.kind, "before_on": one.before_on, "counts": one.counts, "oldest_at": one.oldest_at, "newest_at": one.newest_at, "ids_digest": hex(&one.ids_digest)});
    match dry_run {
        true => json!({"would_purge": plans.iter().map(planned).collect::<Vec<_>>()}).to_string(),
        false => json!({"certificates": certificates.iter().map(certified).collect::<Vec<_>>()}).to_string(),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn told(plans: &[(String, Plan)], certificates: &[Certificate], dry_run: bool) -> String {
    let beside = |counts: &purge::Counts| {
        format!(
            "{} attached, {} held items, {} conflicts, {} refused rows; {} left",
            counts.attached, counts.held_items, counts.conflicts, counts.import_faults, counts.left
        )
    };
    let planned = plans.iter().map(|(district_code, plan)| {
        format!("{district_code}: {} records would be purged; {}.", plan.counts.records, beside(&plan.counts))
    });
    let certified = certificates.iter().map(|one| {
        let (counts, digest) = (&one.counts, hex(&one.ids_digest));
        format!(
            "{}: {} {} purged; {}. Certificate {}, ids {digest}.",
            one.district_code,
            counts.records,
            one.kind,
            beside(counts),
            one.id
        )
    });
    let lines: Vec<String> = if dry_run { planned.collect() } else { certified.collect() };
    if lines.is_empty() { "There is nothing to purge.".to_owned() } else { lines.join("\n") }
}
