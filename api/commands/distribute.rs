//! `distribute`: the districts of a database over the servers of a Citus.

use lianfang::platform::config::Config;
use lianfang::server::distribution;
use lianfang::server::start::{Backend, StartError};
use serde_json::json;

use super::progress::Progress;
use super::{Failure, print};

/// Spreads tables and says how many now stand where.
pub async fn distribute(config: &Config, shards: u32, json: bool) -> Result<(), Failure> {
    if config.database_url.is_none() {
        return Err(Failure::Refused(
            "the embedded database is one PostgreSQL; name the coordinator of a Citus by --database-url".into(),
        ));
    }
    let backend = Backend::start(config).await?;
    let mut progress = Progress::begin()?;
    let mut tell = |done: u64, total: u64, table: &str| {
        progress.tell(done, total, "tables", || format!("{done} of {total} tables, {table}"));
    };
    let spread = distribution::distribute(&backend.url, config.row_security, shards, &mut tell).await;
    progress.finish();
    backend.leave().await?;
    let spread = spread.map_err(|error| match error {
        StartError::Distribution(_) => Failure::Refused(error.to_string()),
        error => Failure::Start(error),
    })?;
    print(&if json {
        json!({"by_district": spread.by_district, "on_every_server": spread.on_every_server, "on_the_coordinator": spread.on_the_coordinator, "tables_moved": spread.moved}).to_string()
    } else {
        format!(
            "{} tables moved. By district: {}, on every server: {}, on the coordinator: {}.",
            spread.moved, spread.by_district, spread.on_every_server, spread.on_the_coordinator
        )
    })
}
