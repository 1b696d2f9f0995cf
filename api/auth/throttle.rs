//! Guessing passwords is made slow, without locking anybody out of his own account:
//!
//! - failures count by account and address, by address, and by account;
//! - a device from which the account signed in before has a count of its own: whoever floods the
//!   account from elsewhere doesn't touch it;
//! - from an address it used before, an account stays reachable while others try it from all over.
//!
//! A name that nobody has is counted like any other, so the answer tells nothing. The counts live in
//! this process; with several, an attacker has as many times the tries.

use std::net::IpAddr;

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use crate::app::Service;
use crate::kit::limiter::Allowance;
use crate::kit::problem::Problem;
use crate::kit::statement::{ColumnType, Statement};
use crate::kit::value::Value;

const PERIOD: TimeDelta = TimeDelta::minutes(15);
const BY_ACCOUNT_AND_ADDRESS: Allowance = Allowance { times: 10, period: PERIOD };
const BY_KNOWN_DEVICE: Allowance = Allowance { times: 20, period: PERIOD };
/// Many share an office's address; only failures count.
const BY_ADDRESS: Allowance = Allowance { times: 200, period: PERIOD };
const BY_ACCOUNT: Allowance = Allowance { times: 100, period: PERIOD };
/// How long an account's devices and addresses are remembered.
const KNOWN_FOR: TimeDelta = TimeDelta::days(30);

/// An attempt to sign in, counted as failed until it succeeded.
pub struct Attempt {
    taken: Vec<String>,
}

/// Counts an attempt; 429 where there were too many.
pub async fn begin(
    service: &Service,
    username: &str,
    user_id: Option<Uuid>,
    address: Option<IpAddr>,
    device_id: Option<&str>,
) -> Result<Attempt, Problem> {
    let (name, from, now) = (username.to_lowercase(), network(address), service.clock.now());
    let mut attempt = Attempt { taken: Vec::new() };
    // Asked for names that nobody has, too: both answers take the same time.
    let asked = user_id.unwrap_or_default();
    if let Some(device_id) = device_id
        && is_known_device(service, asked, device_id, now).await?
    {
        attempt.take(service, format!("device|{asked}|{device_id}"), BY_KNOWN_DEVICE, now)?;
        return Ok(attempt);
    }
    attempt.take(service, format!("pair|{name}|{from}"), BY_ACCOUNT_AND_ADDRESS, now)?;
    attempt.take(service, format!("address|{from}"), BY_ADDRESS, now)?;
    if let Err(problem) = attempt.take(service, format!("account|{name}"), BY_ACCOUNT, now) {
        let known = match (user_id, address) {
            (Some(user_id), Some(address)) => is_known_address(service, user_id, address, now).await?,
            _ => false,
        };
        if !known {
            return Err(problem);
        }
    }
    Ok(attempt)
}

impl Attempt {
    fn take(
        &mut self,
        service: &Service,
        key: String,
        allowance: Allowance,
        now: DateTime<Utc>,
    ) -> Result<(), Problem> {
        service.limiter.take(&key, allowance, now)?;
        self.taken.push(key);
        Ok(())
    }

    /// It was no failure.
    pub fn succeeded(self, service: &Service) {
        for key in &self.taken {
            service.limiter.give_back(key);
        }
    }
}

/// An address, of IPv6 the network: one customer has 2⁶⁴ of those.
fn network(address: Option<IpAddr>) -> String {
    match address {
        Some(IpAddr::V6(address)) if address.to_ipv4_mapped().is_none() => {
            hex::encode(address.octets().get(..8).unwrap_or_default())
        }
        Some(address) => address.to_canonical().to_string(),
        None => "unknown".to_owned(),
    }
}

async fn is_known_device(
    service: &Service,
    user_id: Uuid,
    device_id: &str,
    now: DateTime<Utc>,
) -> Result<bool, Problem> {
    let statement = Statement::new("SELECT id FROM sessions WHERE user_id = ")
        .id(user_id)
        .sql(" AND device_id = ")
        .text(device_id)
        .sql(" AND created_at > ")
        .bind(ColumnType::Instant, Value::Instant(now - KNOWN_FOR))
        .sql(" LIMIT 1");
    Ok(!service.database.read(&statement).await?.is_empty())
}

async fn is_known_address(
    service: &Service,
    user_id: Uuid,
    address: IpAddr,
    now: DateTime<Utc>,
) -> Result<bool, Problem> {
    let statement = Statement::new("SELECT id FROM audit_log WHERE verb = 'session.open' AND subject_id = ")
        .id(user_id)
        .sql(" AND address = ")
        .text(address.to_string())
        .sql(" AND occurred_at > ")
        .bind(ColumnType::Instant, Value::Instant(now - KNOWN_FOR))
        .sql(" LIMIT 1");
    Ok(!service.database.read(&statement).await?.is_empty())
}
