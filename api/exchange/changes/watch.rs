//! One look at the clocks for all who wait: writes of other processes are noticed, too. Only clocks that somebody waits for
//! are read: in a province that is a few of many, and where each district has a place of its own the others aren't asked.

use std::collections::BTreeMap;
use std::sync::Weak;
use std::time::{Duration, Instant};

use kit::row::Row;
use kit::statement::{ColumnType, Statement};
use kit::value::Value;
use ledger::heads::Head;

use crate::platform::core::Core;
use crate::platform::divisions::each::over_all;

/// How often the clocks are looked at while somebody waits.
const LOOK: Duration = Duration::from_millis(200);

/// Looks at the clocks while anybody waits, until the service is gone.
pub async fn watch_heads(core: Weak<Core>) {
    loop {
        tokio::time::sleep(LOOK).await;
        let Some(core) = core.upgrade() else { return };
        let watched: Vec<Value> = core.ledger.heads().watched().into_iter().map(Value::Text).collect();
        if watched.is_empty() {
            continue;
        }
        let began = Instant::now();
        let heads = |only| {
            Statement::new("SELECT district_code, last_no, head FROM district_clocks WHERE ")
                .then(only)
                .sql(" AND district_code = ANY(")
                .column(ColumnType::Text, watched.clone())
                .sql(")")
        };
        match over_all(&core, heads).await {
            Ok(rows) => {
                let seen: BTreeMap<String, Head> = rows.into_iter().filter_map(clock).collect();
                core.ledger.heads().looked(began, seen);
            }
            Err(error) => tracing::warn!(%error, "the clocks can't be looked at"),
        }
    }
}

fn clock(mut row: Row) -> Option<(String, Head)> {
    Some((row.text("district_code")?, Head { number: row.integer("last_no")?, chain: row.bytes("head")?.into() }))
}
