//! Accounts in the database.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use diesel::pg::Pg;
use diesel::sql_types::Bool;
use diesel::{
    BoolExpressionMethods, ExpressionMethods, IntoSql, NullableExpressionMethods, QueryDsl, Queryable, Selectable,
    SelectableHelper,
};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use kit::catalogue::Code;
use kit::database::DatabaseError;
use kit::problem::Problem;
use kit::time::InZone;
use uuid::Uuid;

use super::grants::{grant, replace};
use super::wire::User;
use crate::platform::access::accounts::lower;
use crate::platform::access::roles::{Actor, Grant, Role};
use crate::platform::access::{UserGrant, passwords};
use crate::platform::audit::{AuditEntry, SystemWriteError, system_write};
use crate::platform::codes::NOT_FOUND;
use crate::platform::core::Core;
use crate::platform::privacy::mask::mask_phone;
use crate::platform::privacy::seal::Owner;
use crate::platform::schema::{sessions, user_grants, users};
use crate::records::scope::successor;
use crate::rooms::accounts::codes::USERNAME_TAKEN;

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

/// Those of these names that accounts have, in small letters.
pub async fn taken_names(core: &Core, names: Vec<String>) -> Result<BTreeSet<String>, Problem> {
    let names: Vec<String> = names.into_iter().map(|name| name.to_lowercase()).collect();
    let read = async |connection: &mut AsyncPgConnection| {
        users::table
            .filter(lower(users::username).eq_any(&names))
            .select(users::username)
            .load::<String>(connection)
            .await
    };
    Ok(core.database.ask(read).await?.into_iter().map(|name| name.to_ascii_lowercase()).collect())
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
            return Err(Problem::new(Code::STALE).into());
        }
        if let Some(grants) = change.grants {
            replace(connection, id, &grants, granted_by, now).await?;
        }
        Ok(())
    })
    .await?;
    core.accounts.forget_all();
    Ok(())
}

/// Accounts that an actor administers, to be narrowed further.
pub fn visible_to(actor: &Actor) -> users::BoxedQuery<'static, Pg> {
    let nobody = user_grants::table.select(user_grants::user_id).filter(false.into_sql::<Bool>()).into_boxed::<Pg>();
    let held = actor.grants_of(ADMINISTRATORS).fold(nobody, |held, own| {
        let below = user_grants::area_code.ge(own.area_code.clone());
        let below = below.and(user_grants::area_code.lt(successor(&own.area_code)));
        match actor.organizations_of(own) {
            Some(own) => held.or_filter(below.and(user_grants::org_id.assume_not_null().eq_any(own))),
            None => held.or_filter(below),
        }
    });
    users::table.filter(users::id.eq_any(held)).into_boxed()
}

/// Columns of an account that are shown.
#[derive(Queryable, Selectable)]
#[diesel(table_name = users)]
struct Columns {
    id: Uuid,
    username: String,
    display_name: String,
    phone: Option<Vec<u8>>,
    org_id: Option<Uuid>,
    active: bool,
    password_change_required: bool,
    revision: i32,
    created_at: DateTime<Utc>,
}

/// Reads accounts with their grants.
pub async fn load(core: &Core, accounts: impl Fn() -> users::BoxedQuery<'static, Pg>) -> Result<Vec<User>, Problem> {
    let read = async |connection: &mut AsyncPgConnection| {
        let found: Vec<Columns> = accounts().select(Columns::as_select()).load(connection).await?;
        let ids: Vec<Uuid> = found.iter().map(|account| account.id).collect();
        let held: Vec<(Uuid, String, String, Option<Uuid>)> = user_grants::table
            .filter(user_grants::user_id.eq_any(ids))
            .order((user_grants::role, user_grants::area_code))
            .select((user_grants::user_id, user_grants::role, user_grants::area_code, user_grants::org_id))
            .load(connection)
            .await?;
        Ok((found, held))
    };
    let (found, held) = core.database.ask(read).await?;
    let mut roles: BTreeMap<Uuid, Vec<UserGrant>> = BTreeMap::new();
    for (user_id, role, area_code, org_id) in held {
        roles.entry(user_id).or_default().push(UserGrant { role, area_code, org_id });
    }
    found.into_iter().map(|account| user(core, &mut roles, account)).collect()
}

/// One account that an actor administers, else 404.
pub async fn find(core: &Core, actor: &Actor, id: Uuid) -> Result<User, Problem> {
    let found = load(core, || visible_to(actor).filter(users::id.eq(id))).await?;
    found.into_iter().next().ok_or_else(|| NOT_FOUND.into())
}

fn user(core: &Core, roles: &mut BTreeMap<Uuid, Vec<UserGrant>>, account: Columns) -> Result<User, Problem> {
    let id = account.id;
    let opened = account.phone.map(|sealed| core.sealer.open(phone_owner(id), &sealed));
    let phone = opened.transpose().map_err(Problem::internal)?.flatten();
    Ok(User {
        id,
        username: account.username,
        display_name: account.display_name,
        phone: phone.map(|phone| mask_phone(&String::from_utf8_lossy(&phone))),
        org_id: account.org_id,
        roles: roles.remove(&id).unwrap_or_default(),
        active: account.active,
        password_change_required: account.password_change_required,
        revision: account.revision.into(),
        created_at: InZone(account.created_at, core.zone),
    })
}

fn taken(error: diesel::result::Error) -> SystemWriteError {
    match DatabaseError::from(error) {
        DatabaseError::Constraint(name) if name == "users_username_key" => Problem::new(USERNAME_TAKEN).into(),
        other => SystemWriteError::Database(other),
    }
}

fn seal_phone(core: &Core, id: Uuid, phone: &str) -> Result<Vec<u8>, Problem> {
    core.sealer.seal(phone_owner(id), phone.as_bytes()).map_err(Problem::internal)
}

fn phone_owner(id: Uuid) -> Owner<'static> {
    Owner { kind: "users", field: "phone", id, district_code: "" }
}
