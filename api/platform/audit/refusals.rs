//! Requests that somebody had no right to: counted each, noted in the audit once a minute a caller. Whoever tries
//! nineteen thousand is told of in as many lines as he took minutes, not in nineteen thousand.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use prometheus_client::metrics::counter::Counter;
use serde_json::json;
use uuid::Uuid;

use super::AuditEntry;
use crate::platform::core::Core;

/// The verb of a line.
const VERB: &str = "privilege.refused";
/// One line in so much time.
const ONE_IN: TimeDelta = TimeDelta::minutes(1);
/// How often it is looked for callers whose minute is over.
const LOOK: Duration = Duration::from_secs(1);

/// A refusal: the deed, which operation and why.
pub struct Refusal {
    /// Entry with who, where, in which request; its verb and details are put in here.
    pub audit_entry: AuditEntry,
    /// The operation.
    pub operation: String,
    /// The problem's code.
    pub code: &'static str,
}

/// Refusals of a caller since his last line.
struct Window {
    since: DateTime<Utc>,
    more: u64,
    operations: BTreeMap<String, u64>,
    last: AuditEntry,
}

/// The refusals of the last minute.
#[derive(Default)]
pub struct Refusals {
    windows: Mutex<HashMap<Uuid, Window>>,
    denied: Counter,
}

impl Refusals {
    /// Counter of all refusals.
    pub fn denied(&self) -> &Counter {
        &self.denied
    }

    fn windows(&self) -> MutexGuard<'_, HashMap<Uuid, Window>> {
        self.windows.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a refusal; whether it is the first of a minute, and has to be noted now.
    fn count(&self, caller: Uuid, refusal: &Refusal, now: DateTime<Utc>) -> bool {
        self.denied.inc();
        let mut windows = self.windows();
        let Some(window) = windows.get_mut(&caller) else {
            let last = refusal.audit_entry.clone();
            windows.insert(caller, Window { since: now, more: 0, operations: BTreeMap::new(), last });
            return true;
        };
        window.more += 1;
        *window.operations.entry(refusal.operation.clone()).or_default() += 1;
        window.last.clone_from(&refusal.audit_entry);
        false
    }

    /// Lines of callers whose minute is over, or of all. Who went on has another minute.
    fn due(&self, now: DateTime<Utc>, all: bool) -> Vec<AuditEntry> {
        let mut due = Vec::new();
        self.windows().retain(|_, window| {
            if !all && now - window.since < ONE_IN {
                return true;
            }
            if window.more == 0 {
                return false;
            }
            let operations = std::mem::take(&mut window.operations);
            let details = json!({"requests": std::mem::take(&mut window.more), "operations": operations});
            due.push(AuditEntry { verb: VERB, subject_id: None, details, ..window.last.clone() });
            window.since = now;
            true
        });
        due
    }
}

/// Notes a refusal. It stands even where that can't be written.
pub async fn note(core: &Core, refusal: Refusal) {
    let caller = refusal.audit_entry.actor_id.unwrap_or_default();
    if core.refusals.count(caller, &refusal, core.clock.now()) {
        let details = json!({"operation": refusal.operation, "code": refusal.code});
        write(core, vec![AuditEntry { verb: VERB, details, ..refusal.audit_entry }]).await;
    }
}

async fn write(core: &Core, audit_entries: Vec<AuditEntry>) {
    if audit_entries.is_empty() {
        return;
    }
    if let Err(unwritten) = super::system_write_all(core, audit_entries, async |_| Ok(())).await {
        tracing::error!(error = %unwritten, "refusals could not be noted in the audit");
    }
}

/// Notes what is due until the service is gone.
pub async fn work(core: Weak<Core>) {
    while let Some(core) = core.upgrade() {
        write(&core, core.refusals.due(core.clock.now(), false)).await;
        drop(core);
        tokio::time::sleep(LOOK).await;
    }
}

/// Notes what is left, at the end.
pub async fn finish(core: &Arc<Core>) {
    write(core, core.refusals.due(core.clock.now(), true)).await;
}
