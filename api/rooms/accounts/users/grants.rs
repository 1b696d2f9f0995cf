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

/// Gives an account grants.
pub async fn grant(
    connection: &mut AsyncPgConnection,
    user_id: Uuid,
    grants: &[Grant],
    granted_by: Option<Uuid>,
    now: DateTime<Utc>,
) -> Result<(), SystemWriteError> {
    let rows: Vec<_> = grants
        .iter()
        .map(|grant| {
            (
                user_grants::user_id.eq(user_id),
                user_grants::role.eq(grant.role.code()),
                user_grants::area_code.eq(&grant.area_code),
                user_grants::org_id.eq(grant.org_id),
                user_grants::granted_by.eq(granted_by),
                user_grants::granted_at.eq(now),
            )
        })
        .collect();
    diesel::insert_into(user_grants::table).values(rows).execute(connection).await?;
    Ok(())
}

/// Keeps the grants that are taken away: what was captured under them is still accepted for a time.
pub async fn keep_former(
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
