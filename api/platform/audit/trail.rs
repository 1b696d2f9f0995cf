//! The trail: deeds from the audit log and writes from the ledger, newest first, as one list.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use kit::problem::Problem;
use kit::row::Row;
use kit::statement::{ColumnType, Statement};
use kit::time::format_instant;
use kit::value::Value;
use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::{EXPORTED_PLAIN, PULLED_PLAIN};
use crate::platform::access::roles::{Actor, Role};
use crate::platform::access::scope::reached;
use crate::platform::core::Core;

/// Roles that read the trail.
pub const AUDITORS: &[Role] = &[Role::DistrictAdmin, Role::Auditor];

/// Where a page ended: the last deed, and the last write by its number and subject.
pub type Position = (Option<(DateTime<Utc>, Uuid)>, Option<(i64, String)>);

/// Filters of the trail.
#[derive(Clone, Debug, Default)]
pub struct Trail {
    /// Only by this account or key.
    pub actor_id: Option<Uuid>,
    /// Only this verb, `subject.verb`.
    pub verb: Option<String>,
    /// Only about this kind of thing.
    pub subject_kind: Option<String>,
    /// Only about these; about anything where empty.
    pub subject_ids: Vec<Uuid>,
    /// Instant from which lines are shown.
    pub from: Option<DateTime<Utc>>,
    /// Instant before which lines are shown.
    pub to: Option<DateTime<Utc>>,
    /// Whether the lines of other areas are shown too: where the subject itself is in the reader's scope.
    pub of_all_areas: bool,
    /// The district whose writes are joined in; none for deeds alone.
    pub district_code: Option<String>,
    /// Where the page before ended: the deed, and the write by its number and [`Line::subject`].
    pub after: Position,
    /// Lines at most.
    pub limit: usize,
}

/// A line of the trail.
#[derive(Clone, Debug)]
pub struct Line {
    /// Time of the deed or write.
    pub occurred_at: DateTime<Utc>,
    /// The deed's id; none for a write.
    pub deed_id: Option<Uuid>,
    /// The write's number; none for a deed.
    pub change_no: Option<i64>,
    /// Kind and id of the subject of a write: several may share a number.
    pub subject: String,
    actor_id: Option<Uuid>,
    json: Json,
}

impl Line {
    /// The line in JSON, with the names of those who acted.
    pub fn to_json(&self, names: &BTreeMap<Uuid, String>) -> Json {
        let mut json = self.json.clone();
        kit::json::put(&mut json, "actor_name", self.actor_id.and_then(|id| names.get(&id).cloned()));
        json
    }
}

/// The lines that are asked for, one more than the limit where there are more.
pub async fn read(core: &Core, actor: &Actor, trail: &Trail) -> Result<Vec<Line>, Problem> {
    let mut lines = audit_entries(core, actor, trail).await?;
    if let Some(district_code) = &trail.district_code {
        lines.extend(super::writes::read(core, actor, trail, district_code).await?);
    }
    lines.sort_by(|one, other| other.order().cmp(&one.order()));
    lines.truncate(trail.limit + 1);
    Ok(lines)
}

/// All that was done to or looked up about subjects that the reader was allowed to name.
pub fn about(subject_ids: Vec<Uuid>, district_code: &str, limit: usize) -> Trail {
    Trail { subject_ids, district_code: Some(district_code.to_owned()), of_all_areas: true, limit, ..Trail::default() }
}

async fn audit_entries(core: &Core, actor: &Actor, trail: &Trail) -> Result<Vec<Line>, Problem> {
    let mut statement = Statement::new(
        "SELECT r.id, r.occurred_at, r.actor_id, r.area_code, r.verb, r.subject_kind, r.subject_id, r.request_id, \
         r.address, r.details FROM audit_log AS r WHERE ",
    );
    statement = if trail.of_all_areas { statement.sql("true") } else { in_scope(statement, actor) };
    if let Some(id) = trail.actor_id {
        statement = statement.sql(" AND r.actor_id = ").id(id);
    }
    for (condition, text) in [(" AND r.verb = ", &trail.verb), (" AND r.subject_kind = ", &trail.subject_kind)] {
        if let Some(text) = text {
            statement = statement.sql(condition).text(text);
        }
    }
    if !trail.subject_ids.is_empty() {
        let ids = trail.subject_ids.iter().copied().map(Value::Id).collect();
        let texts: Vec<Value> = trail.subject_ids.iter().map(|id| Value::Text(id.to_string())).collect();
        statement = statement.sql(" AND (r.subject_id = ANY(").column(ColumnType::Id, ids).sql(")");
        // Each verb has an index of its own over the people it names.
        for verb in [PULLED_PLAIN, EXPORTED_PLAIN] {
            let named = format!(" OR (r.verb = '{verb}' AND r.details->'people' ?| ");
            statement = statement.sql(named).column(ColumnType::Text, texts.clone()).sql(")");
        }
        statement = statement.sql(")");
    }
    for (condition, instant) in [(" AND r.occurred_at >= ", trail.from), (" AND r.occurred_at < ", trail.to)] {
        if let Some(instant) = instant {
            statement = statement.sql(condition).bind(ColumnType::Instant, Value::Instant(instant));
        }
    }
    if let Some((occurred_at, id)) = trail.after.0 {
        let instant = Value::Instant(occurred_at);
        statement = statement.sql(" AND (r.occurred_at, r.id) < (").bind(ColumnType::Instant, instant);
        statement = statement.sql(", ").id(id).sql(")");
    }
    let limit = i64::try_from(trail.limit).unwrap_or(i64::MAX - 1) + 1;
    let statement = statement.sql(" ORDER BY r.occurred_at DESC, r.id DESC LIMIT ").integer(limit);
    let rows = core.database.read(&statement).await?;
    Ok(rows.into_iter().filter_map(|row| audit_entry(core, row)).collect())
}

/// Lines that concern no area (a wrong name at sign-in) are for those who audit a whole district.
fn in_scope(statement: Statement, actor: &Actor) -> Statement {
    let whole_district = actor.grants_of(AUDITORS).any(|grant| grant.area_code.len() <= 6 && grant.org_id.is_none());
    let statement = reached("r", statement.sql("("), actor, AUDITORS, false);
    if whole_district { statement.sql(" OR r.area_code IS NULL)") } else { statement.sql(")") }
}

fn audit_entry(core: &Core, mut row: Row) -> Option<Line> {
    let (id, occurred_at, actor_id) = (row.id("id")?, row.instant("occurred_at")?, row.id("actor_id"));
    let json = json!({
        "occurred_at": format_instant(occurred_at, core.zone),
        "actor_id": actor_id,
        "area_code": row.text("area_code"),
        "verb": row.text("verb"),
        "subject_kind": row.text("subject_kind"),
        "subject_id": row.id("subject_id"),
        "change_no": null,
        "revision": null,
        "request_id": row.text("request_id"),
        "address": row.text("address"),
        "details": super::opened(core, id, row.take("details").to_json(core.zone)),
    });
    Some(Line { occurred_at, deed_id: Some(id), change_no: None, subject: String::new(), actor_id, json })
}

impl Line {
    /// Key by which the trail is sorted, backwards.
    pub(super) fn order(&self) -> (DateTime<Utc>, Option<i64>, &str, Option<Uuid>) {
        (self.occurred_at, self.change_no, &self.subject, self.deed_id)
    }

    /// A line of a write, from a row of [`super::writes`].
    pub(super) fn of_write(core: &Core, mut row: Row) -> Option<Self> {
        let (kind, id, operation) = (row.text("kind")?, row.id("id")?, row.text("operation")?);
        let (revision, change_no) = (row.integer("revision")?, row.integer("change_no")?);
        let (occurred_at, actor_id) = (row.instant("revised_at")?, row.id("revised_by"));
        let json = json!({
            "occurred_at": format_instant(occurred_at, core.zone),
            "actor_id": actor_id,
            "area_code": row.text("area_code"),
            "verb": format!("{kind}.{operation}"),
            "subject_kind": kind,
            "subject_id": id,
            "change_no": change_no,
            "revision": revision,
            "request_id": null,
            "address": null,
            "details": {},
        });
        let subject = format!("{kind}:{id}");
        Some(Self { occurred_at, deed_id: None, change_no: Some(change_no), subject, actor_id, json })
    }
}

/// The names of those who acted in these lines: accounts and keys.
pub async fn names(core: &Core, lines: &[Line]) -> Result<BTreeMap<Uuid, String>, Problem> {
    let ids: BTreeSet<Uuid> = lines.iter().filter_map(|line| line.actor_id).collect();
    let ids = || ids.iter().copied().map(Value::Id).collect();
    let statement = Statement::new("SELECT id, username AS name FROM users WHERE id = ANY(")
        .column(ColumnType::Id, ids())
        .sql(") UNION ALL SELECT id, 'key:' || name FROM api_keys WHERE id = ANY(")
        .column(ColumnType::Id, ids())
        .sql(")");
    let rows = core.database.read(&statement).await?;
    Ok(rows.into_iter().filter_map(|mut row| Some((row.id("id")?, row.text("name")?))).collect())
}
