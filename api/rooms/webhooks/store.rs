//! Endpoints in the database.

use diesel_async::RunQueryDsl;
use kit::problem::Problem;
use kit::row::Row;
use kit::statement::{ColumnType, Statement};
use kit::value::Value;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value as Json;
use uuid::Uuid;

use super::actions::BY_HAND;
use super::codes::TOO_MANY_ENDPOINTS;
use super::endpoint::{
    BEHIND, COUNT, CREATED_AT, CURSOR_NO, DISTRICT_CODE, Endpoint, FORMER_SECRET, FORMER_UNTIL, ID, KEY_ID,
    NEXT_ATTEMPT_AT, ORG_ID, Owner, PROGRESS, REPLAY, REVISION, SECRET, SETTINGS, STATE, STATE_REASON, UNTESTED,
    USER_ID, WebhookState,
};
use super::worker::NAME;
use crate::platform::access::Role;
use crate::platform::access::roles::Actor;
use crate::platform::audit::{AuditEntry, system_write_all};
use crate::platform::codes::NOT_FOUND;
use crate::platform::core::Core;
use crate::platform::divisions::tree::DISTRICT_DIGITS;
use crate::platform::http::Call;
use crate::platform::privacy::seal;

/// Endpoints of a district at most.
const MOST_OF_A_DISTRICT: i64 = 50;

const SELECT: &str = "SELECT e.district_code, e.id, e.settings, e.state, e.state_reason, e.untested, e.revision, e.key_id, \
    e.user_id, e.org_id, e.secret, e.former_secret, e.former_until, e.cursor_no, e.progress, e.replay, e.next_attempt_at, \
    e.created_at, greatest(c.last_no - e.cursor_no, 0) AS behind FROM webhook_endpoints AS e \
    JOIN district_clocks AS c ON c.district_code = e.district_code WHERE ";

/// Endpoints that a caller sees: his own; the command those of its district, a unit those of its organisations.
pub fn visible(actor: &Actor, owner: Owner) -> Statement {
    let districts = actor.districts.iter().cloned().map(Value::Text).collect();
    let own = Statement::new(SELECT).sql("e.district_code = ANY(").column(ColumnType::Text, districts).sql(") AND (");
    let own = match owner {
        Owner::Key(id) => return own.sql("e.key_id = ").id(id).sql(")").seeing_everything(),
        Owner::User(id) => own.sql("e.user_id = ").id(id),
    };
    let command = actor.grants_of(&[Role::DistrictAdmin]).filter(|grant| grant.area_code.len() <= DISTRICT_DIGITS);
    let seen = command
        .filter(|grant| grant.org_id.is_none())
        .fold(own, |seen, grant| seen.sql(" OR starts_with(e.district_code, ").text(&grant.area_code).sql(")"));
    let units = actor.grants_of(&[Role::OrgAdmin]).filter_map(|grant| actor.organizations_of(grant));
    let seen = units.fold(seen, |seen, organizations| {
        let organizations = organizations.into_iter().map(Value::Id).collect();
        seen.sql(" OR e.org_id = ANY(").column(ColumnType::Id, organizations).sql(")")
    });
    seen.sql(")").seeing_everything()
}

/// Those of them that fail or were switched off otherwise than by hand, or the others; all where it isn't asked.
pub fn troubled(statement: Statement, in_trouble: Option<bool>) -> Statement {
    let Some(in_trouble) = in_trouble else { return statement };
    let is = if in_trouble { "IS TRUE" } else { "IS NOT TRUE" };
    statement
        .sql(" AND (e.state = ")
        .text(WebhookState::Failing.code())
        .sql(" OR (e.state <> ")
        .text(WebhookState::Active.code())
        .sql(" AND e.state_reason IS DISTINCT FROM ")
        .text(BY_HAND)
        .sql(format!(")) {is}"))
}

/// An endpoint that the caller sees, else 404.
pub async fn find(call: &Call, owner: Owner, id: Uuid) -> Result<Endpoint, Problem> {
    let statement = visible(call.actor()?, owner).sql(" AND e.id = ").id(id);
    read(&call.core, &statement).await?.pop().ok_or_else(|| NOT_FOUND.into())
}

/// An endpoint, whoever sees it; none where it was removed.
pub async fn load(core: &Core, district_code: &str, id: Uuid) -> Result<Option<Endpoint>, Problem> {
    let statement = Statement::new(SELECT)
        .sql("e.district_code = ")
        .text(district_code)
        .sql(" AND e.id = ")
        .id(id)
        .seeing_everything();
    Ok(read(core, &statement).await?.pop())
}

/// The endpoints of a statement.
pub async fn read(core: &Core, statement: &Statement) -> Result<Vec<Endpoint>, Problem> {
    let rows = core.database.read(statement).await?;
    let lacking = || Problem::internal("an endpoint's row lacks a column");
    rows.into_iter().map(|row| of_row(row).ok_or_else(lacking)).collect()
}

fn of_row(mut row: Row) -> Option<Endpoint> {
    fn object<T: DeserializeOwned>(json: Json) -> Option<T> {
        serde_json::from_value(json).ok()
    }
    Some(Endpoint {
        district_code: row.get(&DISTRICT_CODE)?,
        id: row.get(&ID)?,
        settings: object(row.get(&SETTINGS)?)?,
        state: row.get(&STATE)?,
        state_reason: row.get(&STATE_REASON),
        untested: row.get(&UNTESTED)?,
        revision: row.get(&REVISION)?,
        owner: match row.get(&KEY_ID) {
            Some(key_id) => Owner::Key(key_id),
            None => Owner::User(row.get(&USER_ID)?),
        },
        org_id: row.get(&ORG_ID),
        secret: row.get(&SECRET).map(Vec::from),
        former_secret: row.get(&FORMER_SECRET).map(Vec::from),
        former_until: row.get(&FORMER_UNTIL),
        cursor_no: row.get(&CURSOR_NO)?,
        progress: object(row.get(&PROGRESS)?)?,
        replay: row.get(&REPLAY).and_then(object),
        next_attempt_at: row.get(&NEXT_ATTEMPT_AT),
        created_at: row.get(&CREATED_AT)?,
        behind: row.get(&BEHIND)?,
    })
}

/// Owner of an endpoint's sealed secrets.
pub fn sealed_for(endpoint: &Endpoint) -> seal::Owner<'_> {
    seal::Owner { kind: "webhook_endpoints", field: "secret", id: endpoint.id, district_code: &endpoint.district_code }
}

fn json(value: &impl Serialize) -> Result<Value, Problem> {
    serde_json::to_value(value).map(Value::Json).map_err(Problem::internal)
}

fn optional<T>(value: Option<T>, some: impl FnOnce(T) -> Value) -> Value {
    value.map_or(Value::Null, some)
}

/// Writes a new endpoint; 409 where the district has as many as it may.
pub async fn add(core: &Core, endpoint: &Endpoint, audit_entry: AuditEntry) -> Result<(), Problem> {
    let (key_id, user_id) = match endpoint.owner {
        Owner::Key(id) => (Some(id), None),
        Owner::User(id) => (None, Some(id)),
    };
    let statement = Statement::new("INSERT INTO webhook_endpoints (district_code, id, settings, state, key_id, user_id, org_id, secret, cursor_no, progress, created_at) VALUES (")
        .text(&endpoint.district_code).sql(", ").id(endpoint.id)
        .sql(", ").bind(ColumnType::Json, json(&endpoint.settings)?)
        .sql(", ").text(endpoint.state.code())
        .sql(", ").bind(ColumnType::Id, optional(key_id, Value::Id))
        .sql(", ").bind(ColumnType::Id, optional(user_id, Value::Id))
        .sql(", ").bind(ColumnType::Id, optional(endpoint.org_id, Value::Id))
        .sql(", ").bind(ColumnType::Bytes, optional(endpoint.secret.clone(), Value::Bytes))
        .sql(", ").integer(endpoint.cursor_no)
        .sql(", ").bind(ColumnType::Json, json(&endpoint.progress)?)
        .sql(", ").bind(ColumnType::Instant, Value::Instant(endpoint.created_at)).sql(")");
    // Additions wait for each other: counted under the lock of the district's endpoints.
    let lock = Statement::new("SELECT pg_advisory_xact_lock(hashtext('webhook_endpoints' || ")
        .text(&endpoint.district_code)
        .sql("))::text AS locked");
    let count = Statement::new("SELECT count(*) AS count FROM webhook_endpoints WHERE district_code = ")
        .text(&endpoint.district_code);
    system_write_all(core, vec![audit_entry], async |connection| {
        let _: Vec<Row> = lock.load(connection).await?;
        let rows: Vec<Row> = count.load(connection).await?;
        if rows.into_iter().next().and_then(|mut row| row.get(&COUNT)).unwrap_or(0) >= MOST_OF_A_DISTRICT {
            return Err(Problem::new(TOO_MANY_ENDPOINTS).into());
        }
        let _: Vec<Row> = statement.load(connection).await?;
        Ok(())
    })
    .await
}

/// Writes what somebody set, under the next revision: whether it was still the one read; 409 STALE is the caller's.
pub async fn change(core: &Core, endpoint: &Endpoint, audit_entry: AuditEntry) -> Result<bool, Problem> {
    let statement = state_of(endpoint)?
        .sql(", settings = ")
        .bind(ColumnType::Json, json(&endpoint.settings)?)
        .sql(", untested = ")
        .bind(ColumnType::Boolean, Value::Boolean(endpoint.untested))
        .sql(", secret = ")
        .bind(ColumnType::Bytes, optional(endpoint.secret.clone(), Value::Bytes))
        .sql(", former_secret = ")
        .bind(ColumnType::Bytes, optional(endpoint.former_secret.clone(), Value::Bytes))
        .sql(", former_until = ")
        .bind(ColumnType::Instant, optional(endpoint.former_until, Value::Instant))
        .sql(", revision = revision + 1");
    written(core, of_revision(statement, endpoint), None, vec![audit_entry]).await
}

/// How deliveries went: whether nobody set something meanwhile. `attempt` notes an attempt with it.
pub async fn note(
    core: &Core,
    endpoint: &Endpoint,
    attempt: Option<Statement>,
    audit_entries: Vec<AuditEntry>,
) -> Result<bool, Problem> {
    let statement = state_of(endpoint)?.sql(", cursor_no = ").integer(endpoint.cursor_no);
    written(core, of_revision(statement, endpoint), attempt, audit_entries).await
}

fn state_of(endpoint: &Endpoint) -> Result<Statement, Problem> {
    let replay = endpoint.replay.as_ref().map(json).transpose()?;
    Ok(Statement::new("UPDATE webhook_endpoints SET state = ")
        .text(endpoint.state.code())
        .sql(", state_reason = ")
        .bind(ColumnType::Text, optional(endpoint.state_reason.clone(), Value::Text))
        .sql(", progress = ")
        .bind(ColumnType::Json, json(&endpoint.progress)?)
        .sql(", replay = ")
        .bind(ColumnType::Json, replay.unwrap_or(Value::Null))
        .sql(", next_attempt_at = ")
        .bind(ColumnType::Instant, optional(endpoint.next_attempt_at, Value::Instant)))
}

fn of_revision(statement: Statement, endpoint: &Endpoint) -> Statement {
    statement
        .sql(" WHERE district_code = ")
        .text(&endpoint.district_code)
        .sql(" AND id = ")
        .id(endpoint.id)
        .sql(" AND revision = ")
        .integer(endpoint.revision)
        .sql(" RETURNING id")
}

/// Runs the write; its audit entries are noted only where it wrote.
async fn written(
    core: &Core,
    statement: Statement,
    attempt: Option<Statement>,
    audit_entries: Vec<AuditEntry>,
) -> Result<bool, Problem> {
    let outcome = system_write_all(core, audit_entries, async |connection| {
        let rows: Vec<Row> = statement.load(connection).await?;
        if rows.is_empty() {
            return Err(Problem::new(NOT_FOUND).into());
        }
        if let Some(attempt) = attempt {
            let _: Vec<Row> = attempt.load(connection).await?;
        }
        Ok(())
    })
    .await;
    match outcome {
        Ok(()) => Ok(true),
        Err(problem) if problem.code() == NOT_FOUND => Ok(false),
        Err(problem) => Err(problem),
    }
}

/// Removes an endpoint and what is known of its deliveries.
pub async fn remove(core: &Core, endpoint: &Endpoint, audit_entry: AuditEntry) -> Result<(), Problem> {
    let of = |sql: &str| Statement::new(sql).text(&endpoint.district_code);
    let deliveries =
        of("DELETE FROM webhook_deliveries WHERE district_code = ").sql(" AND endpoint_id = ").id(endpoint.id);
    let own = of("DELETE FROM webhook_endpoints WHERE district_code = ").sql(" AND id = ").id(endpoint.id);
    let lease = Statement::new("DELETE FROM worker_leases WHERE name = ").text(format!("{NAME}:{}", endpoint.id));
    system_write_all(core, vec![audit_entry], async |connection| {
        let _: Vec<Row> = lease.load(connection).await?;
        let _: Vec<Row> = deliveries.load(connection).await?;
        let _: Vec<Row> = own.load(connection).await?;
        Ok(())
    })
    .await
}
