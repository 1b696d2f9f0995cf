//! The trail: deeds from the audit log and writes from the ledger, newest first, as one list.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use diesel::{ExpressionMethods, QueryDsl};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use kit::problem::Problem;
use kit::row::Row;
use kit::statement::{ColumnType, Statement};
use kit::time::InZone;
use kit::value::Value;
use serde::Serialize;
use serde_json::{Map, Value as Json};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{EXPORTED_PLAIN, PULLED_PLAIN};
use crate::platform::access::roles::{Actor, Role};
use crate::platform::access::scope::reached;
use crate::platform::core::Core;
use crate::platform::http::answered::AnyObject;
use crate::platform::schema::{api_keys, users};

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
    shown: AuditLine,
}

/// A line of the audit.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct AuditLine {
    /// When.
    #[schema(value_type = DateTime<Utc>)]
    occurred_at: InZone,
    /// Account or key that acted; null for the command line and for nobody known.
    #[schema(required)]
    actor_id: Option<Uuid>,
    /// The name of who it was.
    #[schema(required, max_length = 100)]
    actor_name: Option<String>,
    /// The area that it concerns.
    #[schema(required, max_length = 100)]
    area_code: Option<String>,
    /// Action, `subject.verb`.
    #[schema(required, max_length = 100)]
    verb: Option<String>,
    /// On what kind of thing.
    #[schema(required, max_length = 100)]
    subject_kind: Option<String>,
    /// On which one.
    #[schema(required)]
    subject_id: Option<Uuid>,
    /// For writes: the number in the district's ledger.
    #[schema(required, minimum = 1)]
    change_no: Option<i64>,
    /// For writes: the revision made.
    #[schema(required, minimum = 1)]
    revision: Option<i64>,
    /// In which request.
    #[schema(required, max_length = 100)]
    request_id: Option<String>,
    /// From which address.
    #[schema(required, max_length = 100)]
    address: Option<String>,
    /// More: codes, counts, purpose and reason; never personal values.
    #[schema(inline, value_type = AnyObject)]
    details: Json,
}

impl Line {
    /// The line as it is served, with the names of those who acted.
    pub fn shown(self, names: &BTreeMap<Uuid, String>) -> AuditLine {
        let actor_name = self.shown.actor_id.and_then(|id| names.get(&id).cloned());
        AuditLine { actor_name, ..self.shown }
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
    let (id, occurred_at) = (row.id("id")?, row.instant("occurred_at")?);
    let shown = AuditLine {
        occurred_at: InZone(occurred_at, core.zone),
        actor_id: row.id("actor_id"),
        actor_name: None,
        area_code: row.text("area_code"),
        verb: row.text("verb"),
        subject_kind: row.text("subject_kind"),
        subject_id: row.id("subject_id"),
        change_no: None,
        revision: None,
        request_id: row.text("request_id"),
        address: row.text("address"),
        details: super::opened(core, id, row.take("details").to_json(core.zone)),
    };
    Some(Line { occurred_at, deed_id: Some(id), change_no: None, subject: String::new(), shown })
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
        let (occurred_at, subject) = (row.instant("revised_at")?, format!("{kind}:{id}"));
        let shown = AuditLine {
            occurred_at: InZone(occurred_at, core.zone),
            actor_id: row.id("revised_by"),
            actor_name: None,
            area_code: row.text("area_code"),
            verb: Some(format!("{kind}.{operation}")),
            subject_kind: Some(kind),
            subject_id: Some(id),
            change_no: Some(change_no),
            revision: Some(revision),
            request_id: None,
            address: None,
            details: Json::Object(Map::new()),
        };
        Some(Self { occurred_at, deed_id: None, change_no: Some(change_no), subject, shown })
    }
}

/// The names of those who acted in these lines: accounts and keys.
pub async fn names(core: &Core, lines: &[Line]) -> Result<BTreeMap<Uuid, String>, Problem> {
    let ids: BTreeSet<Uuid> = lines.iter().filter_map(|line| line.shown.actor_id).collect();
    let ids: Vec<Uuid> = ids.into_iter().collect();
    let read = async |connection: &mut AsyncPgConnection| {
        let accounts = users::table.filter(users::id.eq_any(ids.clone())).select((users::id, users::username));
        let keys = api_keys::table.filter(api_keys::id.eq_any(ids.clone())).select((api_keys::id, api_keys::name));
        let accounts: Vec<(Uuid, String)> = accounts.load(connection).await?;
        let keys: Vec<(Uuid, String)> = keys.load(connection).await?;
        Ok((accounts, keys))
    };
    let (accounts, keys) = core.database.ask(read).await?;
    Ok(accounts.into_iter().chain(keys.into_iter().map(|(id, name)| (id, format!("key:{name}")))).collect())
}
