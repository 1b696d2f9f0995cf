//! Sessions: one family of refresh tokens a device and sign-in.
//!
//! A refresh token is `lfr_<session>_<generation>_<mac>`; the MAC makes it unguessable and lets the
//! server give the same successor again without storing it. The session remembers the highest
//! generation ever presented (`used`):
//! - generation `used + 1` is the newest: it is used now, its successor is answered;
//! - generation `used` is the one before: its answer was lost, the same successor is answered again;
//! - anything older is reuse: a copy is in other hands, the whole family ends.

use chrono::{DateTime, TimeDelta, Utc};
use diesel::dsl::{Eq, EqAny, Or};
use diesel::{
    BoolExpressionMethods, ExpressionMethods, JoinOnDsl, NullableExpressionMethods, OptionalExtension, QueryDsl,
};
use diesel_async::RunQueryDsl;
use kit::ids::new_id;
use kit::problem::Problem;
use subtle::ConstantTimeEq;
use uuid::Uuid;

use super::accounts::HANDING_IN;
use crate::platform::audit::{AuditEntry, system_write};
use crate::platform::codes::INVALID_TOKEN;
use crate::platform::core::Core;
use crate::platform::privacy::blind::Finding;
use crate::platform::privacy::device::Device;
use crate::platform::privacy::holder;
use crate::platform::privacy::keys::{Key, keyed_hash};
use crate::platform::schema::{sessions, users};

/// How long a session lives after its last refresh.
pub const LIFETIME: TimeDelta = TimeDelta::days(30);

/// A session just opened or refreshed.
pub struct Refreshed {
    /// The session.
    pub session_id: Uuid,
    /// Its account.
    pub user_id: Uuid,
    /// The refresh token to use next.
    pub refresh_token: String,
    /// When it ends unless used.
    pub expires_at: DateTime<Utc>,
}

/// Opens a session for an account.
pub async fn open(
    core: &Core,
    user_id: Uuid,
    device_id: Option<String>,
    audit_entry: AuditEntry,
) -> Result<Refreshed, Problem> {
    let (session_id, now) = (new_id(), core.clock.now());
    let expires_at = now + LIFETIME;
    let sealed = |name: &String| place(session_id).seal(&core.sealer, name);
    let device = device_id.as_ref().map(sealed).transpose()?;
    let writing = core.keys.blind_indexes.writing()?;
    let index = device_id.as_ref().map(|device_id| Device::blind_index(&writing, device_id));
    let finding = holder::finding(core).await?;
    system_write(core, audit_entry, async |connection| {
        // One family a device: whoever signs in there again doesn't use the former one any more.
        if let Some(device_id) = &device_id {
            let former = sessions::table.filter(sessions::user_id.eq(user_id)).filter(sessions::ended_at.is_null());
            diesel::update(former.filter(of_device(&finding, device_id)))
                .set((sessions::end_reason.eq("replaced"), sessions::ended_at.eq(now)))
                .execute(connection)
                .await?;
        }
        diesel::insert_into(sessions::table)
            .values((
                sessions::used_generation.eq(0),
                sessions::id.eq(session_id),
                sessions::user_id.eq(user_id),
                sessions::device.eq(device),
                sessions::device_blind_index.eq(index),
                sessions::created_at.eq(now),
                sessions::expires_at.eq(expires_at),
            ))
            .execute(connection)
            .await?;
        Ok(())
    })
    .await?;
    Ok(Refreshed { session_id, user_id, refresh_token: token(&core.keys.refresh, session_id, 1), expires_at })
}

/// Under one of these indexes, or under the name itself.
type OfDevice = Or<EqAny<sessions::device_blind_index, Vec<Vec<u8>>>, Eq<sessions::device_id, String>>;

/// The condition of a session of that device, whatever release opened it, and under whatever key its index is.
pub fn of_device(finding: &Finding, device_id: &str) -> OfDevice {
    let indexes = Device::blind_indexes(finding, device_id);
    sessions::device_blind_index.eq_any(indexes).or(sessions::device_id.eq(device_id.to_owned()))
}

/// Where a session keeps what its device calls itself.
pub fn place(session_id: Uuid) -> Device<'static> {
    Device { table: "sessions", id: session_id, district_code: "" }
}

/// Gives the successor of a refresh token; 401 where it is none of ours, over, or reused.
pub async fn refresh(core: &Core, presented: &str, audit_entry: AuditEntry) -> Result<Refreshed, Problem> {
    let (session_id, generation) = parse(&core.keys.refresh, presented).ok_or(INVALID_TOKEN)?;
    let now = core.clock.now();
    let expires_at = now + LIFETIME;
    let audit_entry = AuditEntry { subject_id: Some(session_id), ..audit_entry };
    let outcome = system_write(core, audit_entry, async |connection| {
        let session: Option<(Uuid, i64)> = sessions::table
            .inner_join(users::table.on(users::id.eq(sessions::user_id)))
            .filter(sessions::id.eq(session_id).and(sessions::ended_at.is_null()).and(sessions::expires_at.gt(now)))
            .filter(users::active.nullable().or(users::deactivated_at.gt(now - HANDING_IN)))
            .select((sessions::user_id, sessions::used_generation))
            .for_update()
            .first(connection)
            .await
            .optional()?;
        let Some((user_id, used)) = session else { return Ok(None) };
        if generation < used {
            diesel::update(sessions::table.find(session_id))
                .set((sessions::ended_at.eq(now), sessions::end_reason.eq("reuse")))
                .execute(connection)
                .await?;
            return Ok(None);
        }
        diesel::update(sessions::table.find(session_id))
            .set((sessions::used_generation.eq(generation), sessions::expires_at.eq(expires_at)))
            .execute(connection)
            .await?;
        Ok(Some(user_id))
    })
    .await?;
    let Some(user_id) = outcome else {
        core.accounts.forget(session_id);
        return Err(INVALID_TOKEN.into());
    };
    let refresh_token = token(&core.keys.refresh, session_id, generation + 1);
    Ok(Refreshed { session_id, user_id, refresh_token, expires_at })
}

/// Ends a session.
pub async fn end(core: &Core, session_id: Uuid, audit_entry: AuditEntry) -> Result<(), Problem> {
    let now = core.clock.now();
    system_write(core, audit_entry, async |connection| {
        diesel::update(sessions::table.find(session_id).filter(sessions::ended_at.is_null()))
            .set((sessions::ended_at.eq(now), sessions::end_reason.eq("logout")))
            .execute(connection)
            .await?;
        Ok(())
    })
    .await?;
    core.accounts.forget(session_id);
    Ok(())
}

fn token(key: &Key, session_id: Uuid, generation: i64) -> String {
    let mac = keyed_hash(key, &[session_id.as_bytes(), &generation.to_be_bytes()]);
    format!("lfr_{}_{generation}_{}", session_id.simple(), hex::encode(mac))
}

/// Session and generation of a token whose MAC is right. The successor of a token that was never
/// given out can't be made without the key, so a generation beyond `used + 1` doesn't occur.
fn parse(key: &Key, presented: &str) -> Option<(Uuid, i64)> {
    let (session, rest) = presented.strip_prefix("lfr_")?.split_once('_')?;
    let (generation, _) = rest.split_once('_')?;
    let (session_id, generation) = (Uuid::try_parse(session).ok()?, generation.parse().ok()?);
    let genuine: bool = token(key, session_id, generation).as_bytes().ct_eq(presented.as_bytes()).into();
    genuine.then_some((session_id, generation))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_can_not_be_made_up() {
        let key = Key::default();
        let session_id = Uuid::from_u128(7);
        let one = token(&key, session_id, 1);
        assert_eq!(parse(&key, &one), Some((session_id, 1)));
        assert_eq!(parse(&key, &one.replace("_1_", "_2_")), None);
        assert_eq!(parse(&Key::new([1; 32]), &one), None);
        for text in ["", "lfr_", "lfr_x_1_y", &one[..one.len() - 1], &format!("{one}0")] {
            assert_eq!(parse(&key, text), None);
        }
    }
}
