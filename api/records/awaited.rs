//! Claims about the future. What happened later than now (and a phone's clock) is kept, and proves nothing: it counts
//! as nothing, rules across rows don't see it. Once its time has come it is judged as if it had just arrived.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use kit::problem::Problem;
use kit::row::Row;
use kit::statement::{ColumnType, Statement};
use kit::time::{day_of, format_instant};
use kit::value::Value;
use ledger::AppendError;
use serde_json::{Map, Value as Json, json};
use uuid::Uuid;

use super::change::Changes;
use super::context::Context;
use super::definition::Kind;
use super::draft::Draft;
use super::read;
use super::record::Record;
use super::warnings::{Noted, REFUSED_WHEN_DUE};
use crate::platform::core::Core;

/// Records judged in one round and district; the rest goes in the next.
const TOGETHER: i64 = 500;

/// Condition of SQL: a record of that alias (with its dot, or none) that isn't awaited.
pub fn has_come(alias: &str) -> String {
    format!("({alias}capture -> 'awaited') IS NULL")
}

/// Until when a record proves nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Awaited {
    /// Instant at which its time has come.
    pub comes_at: DateTime<Utc>,
    /// Whether it is counted already, on its own later day.
    pub counted: bool,
    /// Whether the rules refused it when its time came; then it waits for somebody to mend it.
    pub refused: bool,
}

impl Awaited {
    /// Finds the instant that a judged draft awaits; none where all that it tells has happened.
    pub fn of(draft: &Draft, context: &Context<'_>) -> Option<Self> {
        let rules = draft.kind.rules;
        let comes_at = rules.happens_at(draft, context)?;
        if rules.stands_when_known() || context.has_come(comes_at) {
            return None;
        }
        let later_day = day_of(comes_at, context.zone) > context.today();
        // Records judged by rules across rows count once those have judged.
        Some(Self { comes_at, counted: later_day && !rules.judged_across_rows(), refused: false })
    }

    /// Makes the JSON in which the envelope keeps it.
    pub fn to_stored(&self) -> Json {
        json!({"comes_at": format_instant(self.comes_at, chrono_tz::UTC), "counted": self.counted, "refused": self.refused})
    }

    /// Reads it from the envelope.
    pub fn from_stored(capture: &Map<String, Json>) -> Option<Self> {
        let stored = capture.get("awaited")?;
        let flag = |name: &str| stored.get(name).and_then(Json::as_bool) == Some(true);
        let comes_at = stored.get("comes_at")?.as_str()?.parse().ok()?;
        Some(Self { comes_at, counted: flag("counted"), refused: flag("refused") })
    }
}

/// Judges what was awaited and whose time has come.
pub async fn judge_arrived(core: &Core, district_code: &str) -> Result<(), Problem> {
    let until = core.clock.now() + core.config.clock_tolerance();
    let statement = Statement::new("SELECT kind, id FROM awaited_records WHERE district_code = ")
        .text(district_code)
        .sql(" AND comes_at <= ")
        .bind(ColumnType::Instant, Value::Instant(until))
        .sql(" ORDER BY comes_at LIMIT ")
        .integer(TOGETHER)
        .seeing_district(district_code);
    let mut due: BTreeMap<String, Vec<Uuid>> = BTreeMap::new();
    for mut row in core.database.read(&statement).await? {
        let (kind, id): (Option<String>, Option<Uuid>) = keys(&mut row);
        due.entry(kind.unwrap_or_default()).or_default().extend(id);
    }
    for (name, ids) in due {
        let mut judged = Vec::new();
        if let Some(kind) = core.kinds().kind(&name) {
            let mut records: Vec<Record> =
                read::find_unscoped(core, kind, district_code, &ids).await?.into_values().collect();
            // In the order in which it happened: whoever was first has the slot.
            records.sort_by_key(|record| (record.envelope.occurred_at, record.envelope.change_no));
            for record in records {
                if judge(core, kind, &record, until).await? {
                    judged.push(record.envelope.id);
                }
            }
        }
        forget(core, district_code, &name, &judged, until).await?;
    }
    Ok(())
}

fn keys(row: &mut Row) -> (Option<String>, Option<Uuid>) {
    (row.text("kind"), row.id("id"))
}

/// Judges one; `false` where somebody else wrote it meanwhile, and it must be looked at again.
async fn judge(core: &Core, kind: &'static Kind, record: &Record, until: DateTime<Utc>) -> Result<bool, Problem> {
    let awaited = record.envelope.awaited.as_ref().filter(|awaited| !awaited.refused && awaited.comes_at <= until);
    if awaited.is_none() || record.envelope.voided {
        return Ok(true);
    }
    let mut next = record.clone();
    next.envelope.awaited = None;
    let faults = match write(core, kind, record, next.clone()).await {
        Err(AppendError::Refused(faults)) => faults,
        other => return written(other),
    };
    let mut draft = Draft::of_record(kind, record);
    draft.values.set("occurred_at", Value::Instant(record.envelope.occurred_at));
    draft.warnings.clone_from(&record.envelope.warnings);
    if kind.rules.relax_on_conflict(&mut draft, &faults) {
        next.values = draft.values;
        next.envelope.warnings = draft.warnings;
        match write(core, kind, record, next).await {
            Err(AppendError::Refused(_)) => {}
            other => return written(other),
        }
    }
    written(write(core, kind, record, refused(record)).await)
}

/// The record that the rules refuse: kept, told, and for whoever wrote it to mend.
fn refused(record: &Record) -> Record {
    let mut next = record.clone();
    if let Some(awaited) = &mut next.envelope.awaited {
        (awaited.refused, awaited.counted) = (true, false);
    }
    next.envelope.warnings.push(Noted::new(&REFUSED_WHEN_DUE, ""));
    next
}

fn written(outcome: Result<(), AppendError>) -> Result<bool, Problem> {
    match outcome {
        Ok(()) => Ok(true),
        Err(AppendError::Conflict(_) | AppendError::Busy) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// The next revision, still signed by whoever wrote the last one: it is his claim that is judged.
async fn write(core: &Core, kind: &'static Kind, former: &Record, mut next: Record) -> Result<(), AppendError> {
    next.envelope.revision = former.envelope.revision + 1;
    let write_context = core.write_context(core.clock.now(), &former.envelope.district_code);
    let mut changes = Changes::default();
    changes.next_number();
    changes.put(kind, Some(former.clone()), next);
    let append = changes.into_append(&write_context).map_err(|problem| AppendError::Failed(problem.to_string()))?;
    core.ledger.append(append).await.map(|_| ())
}

/// Looks at none of these again, unless one was moved to a later time meanwhile.
async fn forget(
    core: &Core,
    district_code: &str,
    kind: &str,
    ids: &[Uuid],
    until: DateTime<Utc>,
) -> Result<(), Problem> {
    let statement = Statement::new("DELETE FROM awaited_records WHERE district_code = ")
        .text(district_code)
        .sql(" AND kind = ")
        .text(kind)
        .sql(" AND comes_at <= ")
        .bind(ColumnType::Instant, Value::Instant(until))
        .sql(" AND id = ANY(")
        .column(ColumnType::Id, ids.iter().copied().map(Value::Id).collect())
        .sql(")");
    crate::platform::audit::job_write(core, vec![statement]).await
}
