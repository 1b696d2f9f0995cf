//! `demo`.

use chrono::NaiveDate;
use indicatif::{ProgressBar, ProgressStyle};
use lianfang::platform::config::Config;
use lianfang::server::demo::{Demo, Made, make};
use lianfang::server::routes;
use lianfang::server::start::{self, Backend};
use serde_json::{Value as Json, json};

use super::{Failure, prepare, print};

/// Fills a district to play with. Works while the service runs.
pub async fn demo(config: Config, demo: Demo, json: bool) -> Result<(), Failure> {
    let backend = Backend::start(&config).await?;
    let made = fill(&backend, config, demo).await;
    backend.leave().await?;
    tell(&made?, json)
}

async fn fill(backend: &Backend, config: Config, demo: Demo) -> Result<Made, Failure> {
    prepare(backend).await?;
    let core = start::core(config, &backend.service_url, routes::kinds()).await?;
    // Nothing is drawn where stderr is no terminal.
    let bar = ProgressBar::new(0);
    bar.set_style(
        ProgressStyle::with_template("{bar:40} {pos}/{len} records, {per_sec}, {eta} left").map_err(Failure::other)?,
    );
    let made = make(&core, demo, |done, total| {
        bar.set_length(total);
        bar.set_position(done);
    })
    .await;
    bar.finish_and_clear();
    Ok(made?)
}

fn tell(made: &Made, json: bool) -> Result<(), Failure> {
    if json {
        let accounts: Vec<Json> = made
            .accounts
            .iter()
            .map(|(username, password)| json!({"username": username, "one_time_password": password}))
            .collect();
        return print(&json!({"created": made.created, "same": made.same, "accounts": accounts}).to_string());
    }
    let created: Vec<String> = made.created.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
    print(&format!("A district to play with: {}; {} were there already.", created.join(", "), made.same))?;
    if made.accounts.is_empty() {
        return print("All accounts were there already; their passwords are as they were.");
    }
    print("Accounts, each with a one-time password to be changed at first sign-in:")?;
    for (username, password) in &made.accounts {
        print(&format!("  {username:<22} {password}"))?;
    }
    Ok(())
}

/// The day of an argument.
pub fn day(text: &str) -> Result<NaiveDate, String> {
    text.parse().map_err(|_| "a day is YYYY-MM-DD".to_owned())
}
