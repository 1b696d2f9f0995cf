//! Revisions of duties as notifications need them: since when a duty is somebody's, and what became of his offers.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use kit::columns;
use kit::problem::Problem;
use kit::statement::{ColumnType, Statement};
use kit::value::Value;
use uuid::Uuid;

use crate::platform::core::Core;
use crate::records::Record;
use crate::records::envelope::{ID, REVISED_AT, REVISED_BY, REVISION};
use crate::records::scope::in_district;
use crate::rooms::duties::DUTIES;

columns! {
    TAKEN "taken": bool;
}

/// Revision by which something came about.
#[derive(Clone, Copy)]
pub struct Turn {
    /// Its number.
    pub revision: i64,
    /// When it was written.
    pub at: DateTime<Utc>,
    /// Whose it is.
    pub by: Uuid,
}

/// Answer of somebody to whom a duty was offered.
pub struct Answered {
    /// The duty.
    pub id: Uuid,
    /// Whether he took it.
    pub taken: bool,
    /// The revision by which he answered.
    pub turn: Turn,
}

/// All revisions of a duty, the current one among them, as `n`; `r` is the duty of which they are.
fn revisions() -> String {
    format!(
        "(SELECT h.revision, (h.body->>'revised_at')::timestamptz AS revised_at, (h.body->>'revised_by')::uuid AS revised_by, h.body->>'offered_to' AS offered_to, h.body->>'assignee_id' AS assignee_id \
         FROM record_revisions AS h WHERE h.district_code = r.district_code AND h.kind = '{kind}' AND h.id = r.id \
         UNION ALL SELECT d.revision, d.revised_at, d.revised_by, d.offered_to::text, d.assignee_id::text FROM {kind} AS d WHERE d.district_code = r.district_code AND d.id = r.id) AS n",
        kind = DUTIES.name
    )
}

/// The revision by which the value of a column came to be what it is now, of those duties that had another one before:
/// one that `was` says.
pub async fn came(
    core: &Core,
    district_code: &str,
    duties: &[Record],
    column: &str,
    was: &str,
    now: Uuid,
) -> Result<BTreeMap<Uuid, Turn>, Problem> {
    let revised = duties.iter().filter(|duty| duty.envelope.revision > 1);
    let ids: Vec<Value> = revised.map(|duty| Value::Id(duty.envelope.id)).collect();
    if ids.is_empty() {
        return Ok(BTreeMap::new());
    }
    let statement = Statement::new(format!(
        "SELECT r.id, n.revision, n.revised_at, n.revised_by FROM (SELECT f.district_code, f.id, max(f.revision) AS revision FROM record_revisions AS f WHERE f.kind = '{}' AND (f.body->>'{column}')::uuid {was} ",
        DUTIES.name
    ))
    .id(now)
    .sql(" AND f.district_code = ")
    .text(district_code)
    .sql(" AND f.id = ANY(")
    .column(ColumnType::Id, ids)
    .sql(format!(
        ") GROUP BY f.district_code, f.id) AS r JOIN LATERAL {} ON n.revision = r.revision + 1",
        revisions()
    ))
    .seeing_district(district_code);
    let rows = core.database.read(&statement).await?;
    Ok(rows.into_iter().filter_map(|mut row| Some((row.get(&ID)?, turn(&mut row)?))).collect())
}

/// Answers to what an account offered, the newest offers first.
pub async fn answered(core: &Core, district_code: &str, by: Uuid, most: i64) -> Result<Vec<Answered>, Problem> {
    // As its index says it: only what was offered has a line there.
    let statement = Statement::new(format!(
        "SELECT r.id, a.revision, a.revised_at, a.revised_by, a.assignee_id = r.offered_to AS taken \
         FROM (SELECT f.district_code, f.id, f.revision, f.body->>'offered_to' AS offered_to FROM record_revisions AS f \
         WHERE f.kind = '{}' AND f.body->>'offered_to' IS NOT NULL AND f.body->>'revised_by' = ",
        DUTIES.name
    ))
    .text(by.to_string())
    .sql(" AND f.district_code = ")
    .text(district_code)
    .sql(" ORDER BY f.change_no DESC LIMIT ")
    .integer(most)
    .sql(") AS r CROSS JOIN LATERAL (SELECT n.* FROM ")
    .then(in_district(&revisions(), district_code))
    .sql(
        " WHERE n.revision > r.revision AND n.offered_to IS DISTINCT FROM r.offered_to ORDER BY n.revision LIMIT 1) AS a \
         WHERE a.revised_by::text = r.offered_to",
    )
    .seeing_district(district_code);
    let rows = core.database.read(&statement).await?;
    let answered =
        |mut row: kit::row::Row| Some(Answered { id: row.get(&ID)?, taken: row.get(&TAKEN)?, turn: turn(&mut row)? });
    Ok(rows.into_iter().filter_map(answered).collect())
}

fn turn(row: &mut kit::row::Row) -> Option<Turn> {
    Some(Turn { revision: row.get(&REVISION)?, at: row.get(&REVISED_AT)?, by: row.get(&REVISED_BY)? })
}
