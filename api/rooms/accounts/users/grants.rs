//! Grants in the database, and those that were taken away.

use chrono::{DateTime, Utc};
use diesel::{ExpressionMethods, QueryDsl};
use diesel_async::{AsyncPgConnection, RunQueryDsl};
use kit::ids::new_id;
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::platform::access::roles::Grant;
use crate::platform::audit::SystemWriteError;
use crate::platform::schema::{former_grants, user_grants};

/// A grant of an account: by whom it was given, and when.
type Given<'a> = (&'a Grant, Option<Uuid>, DateTime<Utc>);

/// A grant as it is kept: role, area, organisation, by whom it was given, and when.
type Held = (String, String, Option<Uuid>, Option<Uuid>, DateTime<Utc>);

/// Gives an account grants.
pub async fn grant(
    connection: &mut AsyncPgConnection,
    user_id: Uuid,
    grants: &[Grant],
    granted_by: Option<Uuid>,
    now: DateTime<Utc>,
) -> Result<(), SystemWriteError> {
    insert(connection, user_id, grants.iter().map(|grant| (grant, granted_by, now)).collect()).await
}

async fn insert(
    connection: &mut AsyncPgConnection,
    user_id: Uuid,
    grants: Vec<Given<'_>>,
) -> Result<(), SystemWriteError> {
    let rows: Vec<_> = grants
        .into_iter()
        .map(|(grant, granted_by, granted_at)| {
            (
                user_grants::user_id.eq(user_id),
                user_grants::role.eq(grant.role.code()),
                user_grants::area_code.eq(&grant.area_code),
                user_grants::org_id.eq(grant.org_id),
                user_grants::granted_by.eq(granted_by),
                user_grants::granted_at.eq(granted_at),
            )
        })
        .collect();
    diesel::insert_into(user_grants::table).values(rows).execute(connection).await?;
    Ok(())
}

/// Puts grants in the place of an account's own. One that it keeps stays given by whoever gave it, and since then.
pub async fn replace(
    connection: &mut AsyncPgConnection,
    user_id: Uuid,
    grants: &[Grant],
    granted_by: Option<Uuid>,
    now: DateTime<Utc>,
) -> Result<(), SystemWriteError> {
    keep_former(connection, user_id, grants, now).await?;
    let held: Vec<Held> = user_grants::table
        .filter(user_grants::user_id.eq(user_id))
        .select((
            user_grants::role,
            user_grants::area_code,
            user_grants::org_id,
            user_grants::granted_by,
            user_grants::granted_at,
        ))
        .load(connection)
        .await?;
    let given_before = |grant: &Grant| {
        let is_it = |role: &str, area_code: &str, org_id| {
            grant.role.code() == role && grant.area_code == area_code && grant.org_id == org_id
        };
        let kept = held.iter().find(|(role, area_code, org_id, ..)| is_it(role, area_code, *org_id));
        kept.map(|(.., by, at)| (*by, *at))
    };
    let given = |grant| {
        let (by, at) = given_before(grant).unwrap_or((granted_by, now));
        (grant, by, at)
    };
    let grants: Vec<Given<'_>> = grants.iter().map(given).collect();
    diesel::delete(user_grants::table.filter(user_grants::user_id.eq(user_id))).execute(connection).await?;
    insert(connection, user_id, grants).await
}

/// Keeps the grants that are taken away: what was captured under them is still accepted for a time.
async fn keep_former(
    connection: &mut AsyncPgConnection,
    user_id: Uuid,
    staying: &[Grant],
    now: DateTime<Utc>,
) -> Result<(), SystemWriteError> {
    let held: Vec<(String, String, Option<Uuid>)> = user_grants::table
        .filter(user_grants::user_id.eq(user_id))
        .select((user_grants::role, user_grants::area_code, user_grants::org_id))
        .load(connection)
        .await?;
    let stays = |(role, area_code, org_id): &(String, String, Option<Uuid>)| {
        staying.iter().any(|grant| grant.role.code() == role && grant.covers(area_code, *org_id))
    };
    let rows: Vec<_> = held
        .into_iter()
        .filter(|grant| !stays(grant))
        .map(|(role, area_code, org_id)| {
            (
                former_grants::id.eq(new_id()),
                former_grants::user_id.eq(user_id),
                former_grants::role.eq(role),
                former_grants::area_code.eq(area_code),
                former_grants::org_id.eq(org_id),
                former_grants::revoked_at.eq(now),
            )
        })
        .collect();
    diesel::insert_into(former_grants::table).values(rows).execute(connection).await?;
    Ok(())
}

/// Form in which the audit keeps grants.
pub fn audited(grants: &[Grant]) -> Json {
    grants
        .iter()
        .map(|grant| json!({"role": grant.role.code(), "area_code": grant.area_code, "org_id": grant.org_id}))
        .collect()
}
