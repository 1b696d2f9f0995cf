//! Marks of an account's read notifications: one row of it.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use kit::columns;
use kit::problem::Problem;
use kit::statement::{ColumnType, Statement};
use kit::value::Value;
use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::wire::Found;
use crate::platform::audit::job_write;
use crate::platform::core::Core;

/// Marks of so long ago are of notifications that are told no more.
const KEPT: TimeDelta = TimeDelta::days(15);

columns! {
    UP_TO "up_to": DateTime<Utc>;
    UP_TO_READ_AT "up_to_read_at": DateTime<Utc>;
    READS "reads": Json;
}

/// Notifications that an account has read: all up to an instant, and single ones.
#[derive(Default)]
pub struct Marks {
    up_to: Option<(DateTime<Utc>, DateTime<Utc>)>,
    reads: BTreeMap<String, DateTime<Utc>>,
}

impl Marks {
    /// Those of an account.
    pub async fn of(core: &Core, user_id: Uuid) -> Result<Self, Problem> {
        let statement =
            Statement::new("SELECT up_to, up_to_read_at, reads FROM notification_reads WHERE user_id = ").id(user_id);
        let Some(mut row) = core.database.read(&statement).await?.into_iter().next() else {
            return Ok(Self::default());
        };
        let up_to = row.get(&UP_TO).zip(row.get(&UP_TO_READ_AT));
        let reads = row.get(&READS).and_then(|json| serde_json::from_value(json).ok()).unwrap_or_default();
        Ok(Self { up_to, reads })
    }

    /// When a notification was read; none where it wasn't.
    pub fn read_at(&self, found: &Found) -> Option<DateTime<Utc>> {
        let passed = self.up_to.filter(|(up_to, _)| found.at <= *up_to).map(|(_, at)| at);
        // Marks of a former release are of what had come by then.
        let former = found.former_id().and_then(|id| self.reads.get(&id)).filter(|read_at| **read_at >= found.at);
        self.reads.get(&found.id()).or(former).copied().into_iter().chain(passed).min()
    }
}

/// Notes that all up to an instant, or some, were read. What was read stays so, whichever phone says it first.
pub async fn note(core: &Core, user_id: Uuid, up_to: Option<DateTime<Utc>>, ids: &[String]) -> Result<(), Problem> {
    let now = core.clock.now();
    let reads: BTreeMap<&String, DateTime<Utc>> = ids.iter().map(|id| (id, now)).collect();
    let instant = |at: Option<DateTime<Utc>>| at.map_or(Value::Null, Value::Instant);
    let statement = Statement::new("INSERT INTO notification_reads AS n (user_id, up_to, up_to_read_at, reads) VALUES (")
        .id(user_id)
        .sql(", ")
        .bind(ColumnType::Instant, instant(up_to))
        .sql(", ")
        .bind(ColumnType::Instant, instant(up_to.map(|_| now)))
        .sql(", ")
        .bind(ColumnType::Json, Value::Json(json!(reads)))
        .sql(
            ") ON CONFLICT (user_id) DO UPDATE SET up_to = greatest(n.up_to, excluded.up_to), \
             up_to_read_at = CASE WHEN excluded.up_to > n.up_to OR n.up_to IS NULL THEN excluded.up_to_read_at ELSE n.up_to_read_at END, \
             reads = coalesce((SELECT jsonb_object_agg(e.key, e.value) FROM jsonb_each(excluded.reads || n.reads) AS e \
             WHERE (e.value #>> '{}')::timestamptz > ",
        )
        .bind(ColumnType::Instant, Value::Instant(now - KEPT))
        .sql("), '{}')");
    job_write(core, vec![statement]).await
}
