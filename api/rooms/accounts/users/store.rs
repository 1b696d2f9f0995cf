//! Accounts in the database.

use diesel::{ExpressionMethods, QueryDsl};
use diesel_async::RunQueryDsl;
use kit::catalogue::Code;
use kit::database::DatabaseError;
use kit::problem::Problem;
use kit::row::Row;
use kit::statement::{ColumnType, Statement};
use kit::time::InZone;
use kit::value::Value;
use uuid::Uuid;

use super::grants::{grant, keep_former};
use super::wire::User;
use crate::platform::access::passwords;
use crate::platform::access::roles::{Actor, Grant, Role};
use crate::platform::audit::{AuditEntry, SystemWriteError, system_write};
use crate::platform::core::Core;
use crate::platform::privacy::mask::mask_phone;
use crate::platform::privacy::seal::Owner;
use crate::platform::schema::{sessions, user_grants, users};
use crate::records::scope::successor;

/// The roles that administer accounts.
pub const ADMINISTRATORS: &[Role] = &[Role::DistrictAdmin, Role::OrgAdmin];

/// An account to be made.
#[derive(Clone, Debug)]
pub struct NewUser {
    /// Its id.
    pub id: Uuid,
    /// Its name for signing in.
    pub username: String,
    /// Its name for people.
    pub display_name: String,
    /// Its phone, in the clear.
    pub phone: Option<String>,
    /// Its organisation.
    pub org_id: Option<Uuid>,
    /// Its roles.
    pub grants: Vec<Grant>,
}

/// Makes an account and answers its one-time password. 409 where the name is taken.
pub async fn add(core: &Core, new: &NewUser, audit_entry: AuditEntry) -> Result<String, Problem> {
    let password = passwords::one_time();
    let hash = passwords::hash(password.clone()).await?;
    let phone = new.phone.as_deref().map(|phone| seal_phone(core, new.id, phone)).transpose()?;
    let now = core.clock.now();
    let granted_by = audit_entry.actor_id;
    system_write(core, audit_entry, async |connection| {
        diesel::insert_into(users::table)
            .values((
                users::id.eq(new.id),
                users::username.eq(&new.username),
                users::display_name.eq(&new.display_name),
                users::phone.eq(phone),
                users::org_id.eq(new.org_id),
                users::password_hash.eq(hash),
                users::password_change_required.eq(true),
                users::created_at.eq(now),
                users::updated_at.eq(now),
            ))
            .execute(connection)
            .await
            .map_err(taken)?;
        grant(connection, new.id, &new.grants, granted_by, now).await
    })
    .await?;
    Ok(password)
}

/// Gives an account a new one-time password and ends its sessions.
pub async fn reset_password(core: &Core, id: Uuid, audit_entry: AuditEntry) -> Result<String, Problem> {
    let password = passwords::one_time();
    let hash = passwords::hash(password.clone()).await?;
    let now = core.clock.now();
    system_write(core, audit_entry, async |connection| {
        diesel::update(users::table.find(id))
            .set((
                users::password_hash.eq(hash),
                users::password_change_required.eq(true),
                users::revision.eq(users::revision + 1),
                users::updated_at.eq(now),
            ))
            .execute(connection)
            .await?;
        diesel::update(sessions::table.filter(sessions::user_id.eq(id)).filter(sessions::ended_at.is_null()))
            .set((sessions::ended_at.eq(now), sessions::end_reason.eq("password_reset")))
            .execute(connection)
            .await?;
        Ok(())
    })
    .await?;
    core.accounts.forget_all();
    Ok(password)
}

/// Changes to an account; `None` leaves as it is.
#[derive(Clone, Debug, Default)]
pub struct UserChange {
    /// Name for people.
    pub display_name: Option<String>,
    /// Phone; `Some(None)` takes it out.
    pub phone: Option<Option<String>>,
    /// Organisation; `Some(None)` takes it out.
    pub org_id: Option<Option<Uuid>>,
    /// All roles anew.
    pub grants: Option<Vec<Grant>>,
    /// Whether it may sign in.
    pub active: Option<bool>,
}

/// Amends an account of that revision; 412 where it was changed meanwhile.
pub async fn change(
    core: &Core,
    id: Uuid,
    revision: i64,
    change: UserChange,
    audit_entry: AuditEntry,
) -> Result<(), Problem> {
    let phone = match &change.phone {
        Some(Some(phone)) => Some(Some(seal_phone(core, id, phone)?)),
        Some(None) => Some(None),
        None => None,
    };
    let now = core.clock.now();
    let granted_by = audit_entry.actor_id;
    let expected = i32::try_from(revision).map_err(Problem::internal)?;
    system_write(core, audit_entry, async |connection| {
        let changed = diesel::update(users::table.find(id).filter(users::revision.eq(expected)))
            .set((
                change.display_name.map(|name| users::display_name.eq(name)),
                phone.map(|phone| users::phone.eq(phone)),
                change.org_id.map(|org_id| users::org_id.eq(org_id)),
                change
                    .active
                    .map(|active| (users::active.eq(active), users::deactivated_at.eq((!active).then_some(now)))),
                users::revision.eq(expected + 1),
                users::updated_at.eq(now),
            ))
            .execute(connection)
            .await?;
        if changed == 0 {
            return Err(Problem::new(Code::Stale).into());
        }
        if let Some(grants) = change.grants {
            keep_former(connection, id, &grants, now).await?;
            diesel::delete(user_grants::table.filter(user_grants::user_id.eq(id))).execute(connection).await?;
            grant(connection, id, &grants, granted_by, now).await?;
        }
        Ok(())
    })
    .await?;
    core.accounts.forget_all();
    Ok(())
}

/// A statement that selects the accounts which an actor administers; conditions follow with ` AND …`.
pub fn visible_to(actor: &Actor) -> Statement {
    let statement = Statement::new(
        "SELECT u.id, u.username, u.display_name, u.phone, u.org_id, u.active, u.password_change_required, u.revision, u.created_at, \
         COALESCE((SELECT jsonb_agg(jsonb_build_object('role', g.role, 'area_code', g.area_code, 'org_id', g.org_id) ORDER BY g.role, g.area_code) \
         FROM user_grants AS g WHERE g.user_id = u.id), '[]') AS roles FROM users AS u WHERE EXISTS \
         (SELECT 1 FROM user_grants AS g WHERE g.user_id = u.id AND (false",
    );
    let statement = actor.grants_of(ADMINISTRATORS).fold(statement, |statement, own| {
        let statement = statement
            .sql(" OR (g.area_code >= ")
            .text(&own.area_code)
            .sql(" AND g.area_code < ")
            .text(successor(&own.area_code));
        let statement = match actor.organizations_of(own) {
            Some(own) => statement
                .sql(" AND g.org_id = ANY(")
                .column(ColumnType::Id, own.into_iter().map(Value::Id).collect())
                .sql(")"),
            None => statement,
        };
        statement.sql(")")
    });
    statement.sql("))")
}

/// Reads the accounts that a statement of [`visible_to`] selects.
pub async fn load(core: &Core, statement: &Statement) -> Result<Vec<User>, Problem> {
    let rows = core.database.read(statement).await?;
    rows.into_iter().map(|row| user(core, row)).collect()
}

/// One account that an actor administers, else 404.
pub async fn find(core: &Core, actor: &Actor, id: Uuid) -> Result<User, Problem> {
    let statement = visible_to(actor).sql(" AND u.id = ").bind(ColumnType::Id, Value::Id(id));
    load(core, &statement).await?.into_iter().next().ok_or_else(|| Code::NotFound.into())
}

fn user(core: &Core, mut row: Row) -> Result<User, Problem> {
    let id = row.id("id").ok_or_else(|| Problem::internal("an account has no id"))?;
    let sealed = row.bytes("phone");
    let phone = sealed
        .map(|sealed| core.sealer.open(phone_owner(id), &sealed))
        .transpose()
        .map_err(Problem::internal)?
        .flatten();
    let phone = phone.map(|phone| mask_phone(&String::from_utf8_lossy(&phone)));
    let lacks = || Problem::internal("an account lacks a column");
    let roles = match row.take("roles") {
        Value::Json(roles) => serde_json::from_value(roles).map_err(Problem::internal)?,
        _ => Vec::new(),
    };
    Ok(User {
        id,
        username: row.text("username").ok_or_else(lacks)?,
        display_name: row.text("display_name").ok_or_else(lacks)?,
        phone,
        org_id: row.id("org_id"),
        roles,
        active: row.boolean("active").ok_or_else(lacks)?,
        password_change_required: row.boolean("password_change_required").ok_or_else(lacks)?,
        revision: row.integer("revision").ok_or_else(lacks)?,
        created_at: InZone(row.instant("created_at").ok_or_else(lacks)?, core.zone),
    })
}

fn taken(error: diesel::result::Error) -> SystemWriteError {
    match DatabaseError::from(error) {
        DatabaseError::Constraint(name) if name == "users_username_key" => Problem::new(Code::UsernameTaken).into(),
        other => SystemWriteError::Database(other),
    }
}

fn seal_phone(core: &Core, id: Uuid, phone: &str) -> Result<Vec<u8>, Problem> {
    core.sealer.seal(phone_owner(id), phone.as_bytes()).map_err(Problem::internal)
}

fn phone_owner(id: Uuid) -> Owner<'static> {
    Owner { kind: "users", field: "phone", id, district_code: "" }
}
