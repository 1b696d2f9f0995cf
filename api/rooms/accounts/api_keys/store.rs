//! Keys in the database.

use chrono::{DateTime, Utc};
use diesel::{ExpressionMethods, QueryDsl};
use diesel_async::RunQueryDsl;
use kit::catalogue::Code;
use kit::problem::Problem;
use kit::row::Row;
use kit::statement::Statement;
use kit::time::InZone;
use kit::value::Value;
use serde_json::Value as Json;
use uuid::Uuid;

use super::wire::ApiKey;
use crate::platform::access::keys::new_key;
use crate::platform::access::roles::{Actor, Grant};
use crate::platform::audit::{AuditEntry, system_write};
use crate::platform::core::Core;
use crate::platform::schema::api_keys;
use crate::records::scope::reached;
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
pub async fn revoke(core: &Core, id: Uuid, revoked_by: Uuid, audit_entry: AuditEntry) -> Result<(), Problem> {
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

/// A statement that selects the keys which an actor administers; conditions follow with ` AND …`.
pub fn visible_to(actor: &Actor) -> Statement {
    let columns =
        "r.id, r.name, r.role, r.area_code, r.org_id, r.scopes, r.created_by, r.created_at, r.expires_at, r.revoked_at";
    let statement = Statement::new(format!("SELECT {columns} FROM api_keys AS r WHERE "));
    reached("r", statement, actor, ADMINISTRATORS, true)
}

/// Reads the keys that a statement of [`visible_to`] selects.
pub async fn load(core: &Core, statement: &Statement) -> Result<Vec<ApiKey>, Problem> {
    let rows = core.database.read(statement).await?;
    rows.into_iter().map(|row| view(core, row)).collect()
}

/// One key that an actor administers, else 404.
pub async fn find(core: &Core, actor: &Actor, id: Uuid) -> Result<ApiKey, Problem> {
    let statement = visible_to(actor).sql(" AND r.id = ").id(id);
    load(core, &statement).await?.into_iter().next().ok_or_else(|| Code::NotFound.into())
}

fn view(core: &Core, mut row: Row) -> Result<ApiKey, Problem> {
    let lacks = || Problem::internal("a key lacks a column");
    let scopes = match row.take("scopes") {
        Value::Json(scopes) => serde_json::from_value(scopes).map_err(Problem::internal)?,
        _ => Vec::new(),
    };
    Ok(ApiKey {
        id: row.id("id").ok_or_else(lacks)?,
        name: row.text("name").ok_or_else(lacks)?,
        role: row.text("role").ok_or_else(lacks)?,
        area_code: row.text("area_code").ok_or_else(lacks)?,
        org_id: row.id("org_id"),
        scopes,
        created_by: row.id("created_by").ok_or_else(lacks)?,
        created_at: InZone(row.instant("created_at").ok_or_else(lacks)?, core.zone),
        expires_at: InZone(row.instant("expires_at").ok_or_else(lacks)?, core.zone),
        revoked_at: row.instant("revoked_at").map(|instant| InZone(instant, core.zone)),
    })
}
