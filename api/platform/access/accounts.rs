//! Accounts as the server knows them: looked up for each session, kept for three seconds.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::http::header::AUTHORIZATION;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use kit::cache::{Cache, Kept};
use kit::columns;
use kit::database::DatabaseError;
use kit::problem::Problem;
use kit::row::Row;
use kit::statement::{ColumnType, Statement};
use kit::time::day_of;
use kit::value::Value;
use serde_json::Value as Json;
use tokio::sync::{Mutex, OwnedMutexGuard};
use uuid::Uuid;

use super::keys::{self, KnownKey};
use super::roles::{Actor, Below, Grant, Role};
use crate::platform::codes::{INVALID_TOKEN, UNAUTHENTICATED};
use crate::platform::core::Core;

/// How long what was looked up is believed: the contract gives a revocation five seconds.
/// The kinds whose premises bureaus supervise: they are judged, and judge nobody.
pub const SUPERVISED: [&str; 4] = ["school", "cooperative", "enterprise", "partner"];

const BELIEVED: Duration = Duration::from_secs(3);

/// How long a deactivated account may hand in what its phone still holds.
pub const HANDING_IN: TimeDelta = TimeDelta::days(14);

/// Whoever signed in, and by what.
#[derive(Clone, Debug)]
pub struct SignedIn {
    /// The account, or what a key may do.
    pub actor: Arc<Actor>,
    /// Credential with which it signed in.
    pub credential: Credential,
}

/// Credential that a caller showed.
#[derive(Clone, Debug)]
pub enum Credential {
    /// An access token of this session.
    Session(Uuid),
    /// An API key with these scopes.
    Key(Arc<Vec<String>>),
}

/// Accounts by session, and keys by id.
pub struct Accounts {
    actors: Cache<Uuid, Actor>,
    pub(super) keys: Cache<Uuid, KnownKey>,
    /// Accounts being looked up at the moment, so that a thousand requests of one caller are one question.
    asked: Cache<Uuid, Mutex<()>>,
}

impl Default for Accounts {
    fn default() -> Self {
        Self {
            actors: Cache::new(100_000, Kept::For(BELIEVED)),
            keys: Cache::new(10_000, Kept::For(BELIEVED)),
            asked: Cache::new(10_000, Kept::WhileUsed(BELIEVED)),
        }
    }
}

impl Accounts {
    /// Forgets a session at once in this process; others follow within three seconds.
    pub fn forget(&self, session_id: Uuid) {
        self.actors.invalidate(&session_id);
    }

    /// Forgets everybody: an account's grants changed.
    pub fn forget_all(&self) {
        self.actors.invalidate_all();
    }

    /// The turn to look a session or a key up: whoever waited for it finds what the one before found.
    pub(super) async fn turn(&self, id: Uuid) -> OwnedMutexGuard<()> {
        self.asked.get_with(id, Mutex::default).lock_owned().await
    }

    /// Forgets a key.
    pub fn forget_key(&self, id: Uuid) {
        self.keys.invalidate(&id);
    }
}

diesel::define_sql_function! {
    /// Case doesn't matter in user names.
    fn lower(text: diesel::sql_types::Text) -> diesel::sql_types::Text;
}

/// Finds who sent a request: 401 without a token, or where the token, the session or the account is over.
pub async fn authenticate(core: &Core, request: &HttpRequest) -> Result<SignedIn, Problem> {
    let mut headers = request.headers().get_all(AUTHORIZATION);
    let header = headers.next().ok_or(UNAUTHENTICATED)?;
    if headers.next().is_some() {
        return Err(INVALID_TOKEN.into());
    }
    let text = header.to_str().map_err(|_| Problem::new(INVALID_TOKEN))?;
    let (scheme, token) = text.split_once(' ').ok_or(INVALID_TOKEN)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(INVALID_TOKEN.into());
    }
    if keys::is_key(token.trim()) {
        return keys::authenticate(core, token.trim()).await;
    }
    let claims = core.tokens.verify(token.trim(), core.clock.now())?;
    let actor = of_session(core, claims.sid).await?;
    if actor.user_id == claims.sub {
        Ok(SignedIn { actor, credential: Credential::Session(claims.sid) })
    } else {
        Err(INVALID_TOKEN.into())
    }
}

async fn of_session(core: &Core, session_id: Uuid) -> Result<Arc<Actor>, Problem> {
    if let Some(actor) = core.accounts.actors.get(&session_id) {
        return Ok(actor);
    }
    let _turn = core.accounts.turn(session_id).await;
    if let Some(actor) = core.accounts.actors.get(&session_id) {
        return Ok(actor);
    }
    let statement = select_actor()
        .sql(" JOIN sessions AS s ON s.user_id = u.id WHERE s.ended_at IS NULL AND s.expires_at > ")
        .bind(ColumnType::Instant, Value::Instant(core.clock.now()))
        .sql(" AND (u.active OR u.deactivated_at > ")
        .bind(ColumnType::Instant, Value::Instant(core.clock.now() - HANDING_IN))
        .sql(")")
        .sql(" AND s.id = ")
        .id(session_id);
    let rows = core.database.read(&statement).await?;
    let mut actor = rows.into_iter().next().and_then(|row| actor_of_row(core, row)).ok_or(INVALID_TOKEN)?;
    know_organizations(core, &mut actor).await?;
    let actor = Arc::new(actor);
    core.accounts.actors.insert(session_id, Arc::clone(&actor));
    Ok(actor)
}

/// The account of an id, active or not, as it is now.
pub async fn of_user(core: &Core, user_id: Uuid) -> Result<Option<Actor>, Problem> {
    let rows = core.database.read(&select_actor().sql(" WHERE u.id = ").id(user_id)).await?;
    let Some(mut actor) = rows.into_iter().next().and_then(|row| actor_of_row(core, row)) else { return Ok(None) };
    know_organizations(core, &mut actor).await?;
    Ok(Some(actor))
}

/// The account of an id with its grants, those of somebody who left among them: whose words are let through by others.
pub async fn of_author(core: &Core, user_id: Uuid) -> Result<Option<Actor>, Problem> {
    let rows = core.database.read(&select_actor().sql(" WHERE u.id = ").id(user_id)).await?;
    let with_grants = |mut row: Row| {
        row.put("active", Value::Boolean(true));
        actor_of_row(core, row)
    };
    let Some(mut actor) = rows.into_iter().next().and_then(with_grants) else { return Ok(None) };
    know_organizations(core, &mut actor).await?;
    Ok(Some(actor))
}

columns! {
    /// Since when a grant is held.
    GRANTED_AT "granted_at": DateTime<Utc>;
}

/// Since when an account holds each of its grants.
pub struct GrantedSince(Vec<(Grant, DateTime<Utc>)>);

impl GrantedSince {
    /// Since when it holds a grant; none of one that it doesn't hold now.
    pub fn of(&self, grant: &Grant) -> Option<DateTime<Utc>> {
        self.0.iter().find(|(held, _)| held == grant).map(|(_, at)| *at)
    }
}

/// Since when an account holds what it holds.
pub async fn granted_since(core: &Core, user_id: Uuid) -> Result<GrantedSince, Problem> {
    let statement =
        Statement::new("SELECT role, area_code, org_id, granted_at FROM user_grants WHERE user_id = ").id(user_id);
    let held = |mut row: Row| {
        let role = Role::of_code(&row.text("role")?)?;
        let grant = Grant { role, area_code: row.text("area_code")?, org_id: row.id("org_id") };
        Some((grant, row.get(&GRANTED_AT)?))
    };
    let rows = core.database.read(&statement).await?;
    Ok(GrantedSince(rows.into_iter().filter_map(held).collect()))
}

/// The kinds of organisations that bureaus supervise.
fn supervised() -> Vec<Value> {
    SUPERVISED.iter().map(|kind| Value::Text((*kind).to_owned())).collect()
}

fn select_actor() -> Statement {
    Statement::new(
        "SELECT u.id, u.username, u.display_name, u.org_id, u.password_change_required, u.active, \
         (SELECT jsonb_agg(jsonb_build_object('role', g.role, 'area_code', g.area_code, 'org_id', g.org_id) ORDER BY g.role, g.area_code, g.org_id) \
          FROM user_grants AS g WHERE g.user_id = u.id) AS grants FROM users AS u",
    )
}

/// Tells an actor what day it is, the organisations that its grants name, with all below each, which of its own are
/// supervised, and whether they watch a place, as things stand now. Each district is asked by itself: one whose database
/// is away doesn't shut out whoever reaches others, who sees less until it is back.
pub(super) async fn know_organizations(core: &Core, actor: &mut Actor) -> Result<(), Problem> {
    actor.today = day_of(core.clock.now(), core.zone);
    let named: BTreeSet<Uuid> = actor.grants.iter().filter_map(|grant| grant.org_id).collect();
    let asked: BTreeSet<Uuid> = named.iter().copied().chain(actor.org_id).collect();
    if asked.is_empty() {
        return Ok(());
    }
    let mut below: BTreeMap<Uuid, Vec<Uuid>> = named.iter().map(|id| (*id, vec![*id])).collect();
    for district_code in actor.districts.clone() {
        let rows = match core.database.read(&organizations_of(&district_code, &asked)).await {
            Err(DatabaseError::Unreachable(error)) if actor.districts.len() > 1 => {
                tracing::warn!(district_code, error, "the organisations of a district can't be asked for");
                continue;
            }
            rows => rows?,
        };
        for mut row in rows {
            let Some((top, id)) = row.id("top").zip(row.id("id")) else { continue };
            if top == id && row.boolean("supervised") == Some(true) {
                actor.supervised.push(id);
            }
            if let Some(ids) = below.get_mut(&top) {
                actor.supervises |= row.boolean("supervises") == Some(true);
                ids.extend((top != id).then_some(id));
            }
        }
    }
    actor.below = Arc::new(below);
    Ok(())
}

fn organizations_of(district_code: &str, asked: &BTreeSet<Uuid>) -> Statement {
    Statement::new("WITH RECURSIVE tree(top, id) AS (SELECT u.id, u.id FROM unnest(")
        .column(ColumnType::Id, asked.iter().copied().map(Value::Id).collect())
        .sql("::uuid[]) AS u(id) UNION SELECT t.top, o.id FROM tree AS t JOIN organizations AS o ON o.parent_id = t.id WHERE o.district_code = ")
        .text(district_code)
        .sql(" AND NOT o.voided) SELECT top, id, EXISTS (SELECT 1 FROM organizations AS k WHERE k.district_code = ")
        .text(district_code)
        .sql(" AND k.id = tree.id AND k.kind = ANY(")
        .column(ColumnType::Text, supervised())
        .sql(")) AS supervised, EXISTS (SELECT 1 FROM places AS p WHERE p.district_code = ")
        .text(district_code)
        .sql(" AND NOT p.voided AND p.supervising_org_ids ? tree.id::text) AS supervises FROM tree")
        // The service's own question.
        .seeing_district(district_code)
}

fn actor_of_row(core: &Core, mut row: Row) -> Option<Actor> {
    let mut list = |column: &str| match row.take(column) {
        Value::Json(Json::Array(items)) => items,
        _ => Vec::new(),
    };
    let grants: Vec<Grant> = list("grants").iter().filter_map(grant_of_json).collect();
    let districts = districts_of(core, &grants);
    let active = row.boolean("active")?;
    let left_area = grants.iter().map(|grant| grant.area_code.clone()).min_by_key(String::len).filter(|_| !active);
    Some(Actor {
        left_area,
        supervised: Vec::new(),
        user_id: row.id("id")?,
        username: row.text("username")?,
        display_name: row.text("display_name")?,
        org_id: row.id("org_id"),
        password_change_required: row.boolean("password_change_required")?,
        grants: if active { grants } else { Vec::new() },
        below: Below::default(),
        supervises: false,
        today: NaiveDate::MIN,
        districts,
    })
}

/// The districts that grants reach, of those that are known: nobody asks the districts' own tables for it, of which one
/// may be away. One whose clock is missing still shows: its writes must fail loudly, not vanish.
pub(super) fn districts_of(core: &Core, grants: &[Grant]) -> Vec<String> {
    let reached = |district: &&str| grants.iter().any(|grant| meets(district, &grant.area_code));
    let mut districts: Vec<String> = core.divisions.districts().filter(reached).map(str::to_owned).collect();
    districts.extend(grants.iter().filter_map(|grant| grant.area_code.get(..6)).map(str::to_owned));
    districts.sort();
    districts.dedup();
    districts
}

/// Whether a district lies in an area or the area in the district.
fn meets(district: &str, area_code: &str) -> bool {
    district.starts_with(area_code) || area_code.starts_with(district)
}

fn grant_of_json(json: &Json) -> Option<Grant> {
    let text = |name: &str| json.get(name).and_then(Json::as_str);
    Some(Grant {
        role: Role::of_code(text("role")?)?,
        area_code: text("area_code")?.to_owned(),
        org_id: text("org_id").and_then(|id| id.parse().ok()),
    })
}
