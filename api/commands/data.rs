//! `migrate`, `seal`: what works on the data, whether the service runs or not.

use indicatif::{ProgressBar, ProgressStyle};
use lianfang::integrity::sealing::{self, Sealed};
use lianfang::platform::config::Config;
use lianfang::server::migrations;
use lianfang::server::routes;
use lianfang::server::start::{self, Backend};
use serde_json::json;

use super::{Failure, prepare, print};

/// Runs the migrations that are missing.
pub async fn migrate(config: &Config, json: bool) -> Result<(), Failure> {
    let backend = Backend::start(config).await?;
    let run = migrations::migrate(&backend.url).await;
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
    let bar = ProgressBar::new(0);
    bar.set_style(
        ProgressStyle::with_template("{bar:40} {pos}/{len} rows, {per_sec}, {eta} left").map_err(Failure::other)?,
    );
    let sealed = sealing::seal(&core, &backend.url, &mut |done, total| {
        bar.set_length(total);
        bar.set_position(done);
    })
    .await;
    bar.finish_and_clear();
    Ok(sealed?)
}
