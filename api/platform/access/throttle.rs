//! Guessing passwords is made slow, without locking anybody out of his own account: a failure makes the next try
//! wait, never refuses the right password for long.
//!
//! - Tries of one account from one address follow each other, after a few free ones with a pause that doubles.
//! - A device from which the account signed in before has a queue of its own: whoever floods the account from
//!   elsewhere doesn't touch it. Only one whose name can't be guessed counts: those that pages of old sent were the
//!   same for all.
//! - Where an address or an account has many failures, each of its tries takes longer, beside each other.
//!
//! A name that nobody has is treated like any other, so the answer tells nothing. The counts live in
//! this process; with several, an attacker has as many times the tries.

use std::net::IpAddr;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use diesel::dsl::{exists, select};
use diesel::{ExpressionMethods, QueryDsl};
use diesel_async::RunQueryDsl;
use kit::limiter::Pacing;
use kit::problem::Problem;
use uuid::Uuid;

use super::sessions::of_device;
use crate::platform::core::Core;
use crate::platform::http::network;
use crate::platform::privacy::holder;
use crate::platform::schema::sessions;

const PERIOD: TimeDelta = TimeDelta::minutes(15);
const SLOWEST: TimeDelta = TimeDelta::seconds(4);
const BY_ACCOUNT_AND_ADDRESS: Pacing = Pacing { free: 10, period: PERIOD, slowest: SLOWEST, in_line: true };
const BY_KNOWN_DEVICE: Pacing = Pacing { free: 20, ..BY_ACCOUNT_AND_ADDRESS };
/// Many share an office's address; only failures count.
const BY_ADDRESS: Pacing = Pacing { free: 200, period: PERIOD, slowest: TimeDelta::seconds(2), in_line: false };
const BY_ACCOUNT: Pacing = Pacing { free: 50, period: PERIOD, slowest: TimeDelta::seconds(4), in_line: false };
/// How long an account's devices are remembered.
const KNOWN_FOR: TimeDelta = TimeDelta::days(30);
/// A device's name that is shorter may be guessed.
const UNGUESSABLE: usize = 20;

/// An attempt to sign in, counted as failed until it succeeded.
pub struct Attempt {
    taken: Vec<String>,
    /// How long it waits before its password is looked at.
    pub wait: Duration,
}

/// Counts an attempt; 429 where too many wait before it.
pub async fn begin(
    core: &Core,
    username: &str,
    user_id: Option<Uuid>,
    address: Option<IpAddr>,
    device_id: Option<&str>,
) -> Result<Attempt, Problem> {
    let (name, from) = (username.to_lowercase(), address.map_or_else(|| "unknown".to_owned(), network));
    let now = core.clock.now();
    let mut attempt = Attempt { taken: Vec::new(), wait: Duration::ZERO };
    // Asked for names that nobody has, too: both answers take the same time.
    let asked = user_id.unwrap_or_default();
    if let Some(device_id) = device_id.filter(|device_id| device_id.len() >= UNGUESSABLE)
        && is_known_device(core, asked, device_id, now).await?
    {
        attempt.take(core, format!("device|{asked}|{device_id}"), BY_KNOWN_DEVICE, now)?;
        return Ok(attempt);
    }
    attempt.take(core, format!("pair|{name}|{from}"), BY_ACCOUNT_AND_ADDRESS, now)?;
    attempt.take(core, format!("address|{from}"), BY_ADDRESS, now)?;
    attempt.take(core, format!("account|{name}"), BY_ACCOUNT, now)?;
    Ok(attempt)
}

impl Attempt {
    fn take(&mut self, core: &Core, key: String, pacing: Pacing, now: DateTime<Utc>) -> Result<(), Problem> {
        self.wait = self.wait.max(core.limiter.pace(&key, pacing, now)?);
        self.taken.push(key);
        Ok(())
    }

    /// It was no failure.
    pub fn succeeded(self, core: &Core) {
        for key in &self.taken {
            core.limiter.give_back(key);
        }
    }
}

async fn is_known_device(core: &Core, user_id: Uuid, device_id: &str, now: DateTime<Utc>) -> Result<bool, Problem> {
    let finding = holder::finding(core).await?;
    let lately = || {
        let own = sessions::table.filter(sessions::user_id.eq(user_id));
        own.filter(sessions::created_at.gt(now - KNOWN_FOR)).filter(of_device(&finding, device_id))
    };
    Ok(core.database.ask(async |connection| select(exists(lately())).get_result(connection).await).await?)
}
