//! Keys in the database.

use chrono::{DateTime, Utc};
use diesel::pg::Pg;
use diesel::sql_types::Bool;
use diesel::{
    BoolExpressionMethods, ExpressionMethods, IntoSql, NullableExpressionMethods, QueryDsl, Queryable, Selectable,
    SelectableHelper,
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use kit::problem::Problem;
use kit::time::InZone;
use serde_json::Value as Json;
use uuid::Uuid;

use super::wire::ApiKey;
use crate::platform::access::accounts::{lower, of_user};
use crate::platform::access::keys::new_key;
use crate::platform::access::roles::{Actor, Grant};
use crate::platform::audit::{AuditEntry, system_write};
use crate::platform::codes::NOT_FOUND;
use crate::platform::core::Core;
use crate::platform::schema::{api_keys, users};
use crate::records::scope::successor;
use crate::rooms::accounts::users::ADMINISTRATORS;

/// A key to be made.
pub struct NewKey {
    /// Its id.
    pub id: Uuid,
    /// Name, which says its purpose.
    pub name: String,
    /// Role that it acts with, and where.
    pub grant: Grant,
    /// Purposes that it may be used for, a list of codes.
    pub scopes: Json,
    /// Time until which it works.
    pub expires_at: DateTime<Utc>,
}

/// The active account of a name, that keys may be made for.
pub async fn owner(core: &Core, username: &str) -> Result<Option<Actor>, Problem> {
    let read = async |connection: &mut AsyncPgConnection| {
        users::table
            .filter(lower(users::username).eq(username.to_lowercase()))
            .select(users::id)
            .load::<Uuid>(connection)
            .await
    };
    match core.database.ask(read).await?.into_iter().next() {
        Some(id) => Ok(of_user(core, id).await?.filter(|actor| !actor.grants.is_empty())),
        None => Ok(None),
    }
}

/// Makes a key and answers its text, which isn't kept.
pub async fn add(core: &Core, new: &NewKey, created_by: Uuid, audit_entry: AuditEntry) -> Result<String, Problem> {
    let (text, secret_hash) = new_key(new.id);
    let now = core.clock.now();
    system_write(core, audit_entry, async |connection| {
        diesel::insert_into(api_keys::table)
            .values((
                api_keys::id.eq(new.id),
                api_keys::name.eq(&new.name),
                api_keys::secret_hash.eq(secret_hash),
                api_keys::role.eq(new.grant.role.code()),
                api_keys::area_code.eq(&new.grant.area_code),
                api_keys::org_id.eq(new.grant.org_id),
                api_keys::scopes.eq(&new.scopes),
                api_keys::created_by.eq(created_by),
                api_keys::created_at.eq(now),
                api_keys::expires_at.eq(new.expires_at),
            ))
            .execute(connection)
            .await?;
        Ok(())
    })
    .await?;
    Ok(text)
}

/// Ends a key at once in this process, in others within three seconds.
pub async fn revoke(core: &Core, id: Uuid, revoked_by: Option<Uuid>, audit_entry: AuditEntry) -> Result<(), Problem> {
    let now = core.clock.now();
    system_write(core, audit_entry, async |connection| {
        diesel::update(api_keys::table.find(id))
            .set((api_keys::revoked_at.eq(now), api_keys::revoked_by.eq(revoked_by)))
            .execute(connection)
            .await?;
        Ok(())
    })
    .await?;
    core.accounts.forget_key(id);
    Ok(())
}

/// Keys that an actor administers, to be narrowed further.
pub fn visible_to(actor: &Actor) -> api_keys::BoxedQuery<'static, Pg> {
    let none = api_keys::table.filter(false.into_sql::<Bool>()).into_boxed();
    actor.grants_of(ADMINISTRATORS).fold(none, |keys, own| {
        let below = api_keys::area_code.ge(own.area_code.clone());
        let below = below.and(api_keys::area_code.lt(successor(&own.area_code)));
        match actor.organizations_of(own) {
            Some(own) => keys.or_filter(below.and(api_keys::org_id.assume_not_null().eq_any(own))),
            None => keys.or_filter(below),
        }
    })
}

/// Columns of a key that are shown.
#[derive(Queryable, Selectable)]
#[diesel(table_name = api_keys)]
struct Columns {
    id: Uuid,
    name: String,
    role: String,
    area_code: String,
    org_id: Option<Uuid>,
    scopes: Json,
    created_by: Uuid,
    created_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
    revoked_at: Option<DateTime<Utc>>,
}

/// Reads keys.
pub async fn load(core: &Core, keys: impl Fn() -> api_keys::BoxedQuery<'static, Pg>) -> Result<Vec<ApiKey>, Problem> {
    let read = async |connection: &mut AsyncPgConnection| keys().select(Columns::as_select()).load(connection).await;
    let found: Vec<Columns> = core.database.ask(read).await?;
    found.into_iter().map(|key| view(core, key)).collect()
}

/// One key that an actor administers, else 404.
pub async fn find(core: &Core, actor: &Actor, id: Uuid) -> Result<ApiKey, Problem> {
    let found = load(core, || visible_to(actor).filter(api_keys::id.eq(id))).await?;
    found.into_iter().next().ok_or_else(|| NOT_FOUND.into())
}

fn view(core: &Core, key: Columns) -> Result<ApiKey, Problem> {
    Ok(ApiKey {
        id: key.id,
        name: key.name,
        role: key.role,
        area_code: key.area_code,
        org_id: key.org_id,
        scopes: serde_json::from_value(key.scopes).map_err(Problem::internal)?,
        created_by: key.created_by,
        created_at: InZone(key.created_at, core.zone),
        expires_at: InZone(key.expires_at, core.zone),
        revoked_at: key.revoked_at.map(|instant| InZone(instant, core.zone)),
    })
}
