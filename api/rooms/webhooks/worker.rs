//! The worker: looks which endpoints have something to be told and isn't waited for, and tells each by a task of its own,
//! so that none waits for another. Of several processes one does it for an endpoint: a lease says which.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use kit::problem::Problem;
use kit::statement::{ColumnType, Statement};
use kit::value::Value;
use tokio::sync::Semaphore;
use uuid::Uuid;

use super::endpoint::{BEHIND, COUNT, DISTRICT_CODE, ID, STATE, WebhookState};
use super::log;
use super::run::tell;
use crate::platform::core::Core;
use crate::platform::divisions::each::over_all;

/// Pause between two looks.
const PAUSE: Duration = Duration::from_millis(500);
/// Each so many looks all owners' rights are looked at, whether or not there is something to tell.
const RIGHTS_EACH: u64 = 40;
/// Each so many looks the figures are told.
const FIGURES_EACH: u64 = 10;
/// Each so many looks what is old is forgotten.
const SWEEP_EACH: u64 = 7_200;
/// Endpoints that are told at once.
const AT_ONCE: usize = 64;
/// Name of this worker.
pub const NAME: &str = "webhooks";

/// Endpoints that this process is telling at the moment.
struct Telling {
    holder: Uuid,
    running: Mutex<BTreeSet<Uuid>>,
    places: Arc<Semaphore>,
}

/// Works until the service ends.
pub async fn work(core: Weak<Core>) {
    let places = Arc::new(Semaphore::new(AT_ONCE));
    let telling = Arc::new(Telling { holder: Uuid::new_v4(), running: Mutex::default(), places });
    for looks in 0_u64.. {
        let Some(core) = core.upgrade() else { return };
        if core.ledger.heads().is_closing() {
            return;
        }
        if let Err(problem) = look(&core, &telling, looks).await {
            tracing::warn!(%problem, "webhooks could not be looked after; tried again in a moment");
        }
        drop(core);
        tokio::time::sleep(PAUSE).await;
    }
}

async fn look(core: &Arc<Core>, telling: &Arc<Telling>, looks: u64) -> Result<(), Problem> {
    for (district_code, id) in due(core, looks.is_multiple_of(RIGHTS_EACH)).await? {
        let is_new = telling.running.lock().unwrap_or_else(PoisonError::into_inner).insert(id);
        let Ok(place) = Arc::clone(&telling.places).try_acquire_owned() else {
            if is_new {
                telling.end(id);
            }
            break;
        };
        if !is_new {
            continue;
        }
        let (core, telling) = (Arc::clone(core), Arc::clone(telling));
        tokio::spawn(async move {
            let told = core.supervision.caught(NAME, Box::pin(tell(&core, telling.holder, &district_code, id))).await;
            if let Some(Err(problem)) = told {
                tracing::warn!(%problem, endpoint = %id, "a webhook could not be told; tried again in a moment");
            }
            telling.end(id);
            drop(place);
        });
    }
    if looks.is_multiple_of(FIGURES_EACH) {
        figures(core).await?;
    }
    if looks.is_multiple_of(SWEEP_EACH) {
        log::sweep(core).await?;
    }
    Ok(())
}

impl Telling {
    fn end(&self, id: Uuid) {
        self.running.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
    }
}

/// Endpoints that have something to be told, and of which the time has come; `all` those that may.
async fn due(core: &Core, all: bool) -> Result<Vec<(String, Uuid)>, Problem> {
    let now = core.clock.now();
    let due = |only| {
        Statement::new(
            "SELECT district_code, id FROM (SELECT e.district_code, e.id, e.next_attempt_at FROM webhook_endpoints AS e \
             JOIN district_clocks AS c ON c.district_code = e.district_code \
             WHERE e.state IN ('active', 'failing') AND (e.next_attempt_at IS NULL OR e.next_attempt_at <= ",
        )
        .bind(ColumnType::Instant, Value::Instant(now))
        .sql(") AND (c.last_no > e.cursor_no OR e.replay IS NOT NULL OR ")
        .bind(ColumnType::Boolean, Value::Boolean(all))
        .sql(")) AS p WHERE ")
        .then(only)
        .sql(" ORDER BY next_attempt_at NULLS FIRST, id")
    };
    let rows = over_all(core, due).await?;
    Ok(rows.into_iter().filter_map(|mut row| Some((row.get(&DISTRICT_CODE)?, row.get(&ID)?))).collect())
}

/// Tells how many endpoints stand how, and how far the last one is behind.
async fn figures(core: &Core) -> Result<(), Problem> {
    let counted = |only| {
        Statement::new(
            "SELECT state, count(*) AS count, max(behind) AS behind FROM (SELECT e.district_code, e.state, \
             greatest(c.last_no - e.cursor_no, 0) AS behind FROM webhook_endpoints AS e \
             JOIN district_clocks AS c ON c.district_code = e.district_code) AS p WHERE ",
        )
        .then(only)
        .sql(" GROUP BY state")
    };
    let mut figures: BTreeMap<&'static str, (i64, i64)> =
        WebhookState::ALL.iter().map(|state| (state.code(), (0, 0))).collect();
    for mut row in over_all(core, counted).await? {
        if let (Some(state), Some(count), Some(behind)) = (row.get(&STATE), row.get(&COUNT), row.get(&BEHIND)) {
            let figure = figures.entry(state.code()).or_default();
            *figure = (figure.0 + count, behind.max(figure.1));
        }
    }
    figures.into_iter().for_each(|(state, (count, behind))| core.metrics.webhooks(state, count, behind));
    Ok(())
}
