//! One attempt: the letter is signed, sent, and what became of it is noted, with the cursor in the same transaction.

use std::time::{Duration, Instant};

use actix_web::http::header::HeaderName;
use chrono::{DateTime, Utc};
use kit::problem::Problem;
use serde_json::{Value as Json, json};

use super::endpoint::{Endpoint, LastFailure, WebhookSigning, WebhookState};
use super::event::Letter;
use super::schedule::{FAILING_AFTER, wait};
use super::store::{self, sealed_for};
use super::{log, signer};
use crate::platform::audit::AuditEntry;
use crate::platform::core::Core;
use crate::platform::outbound::sender::Sender;

/// Causes of failures that the answer itself tells.
const REDIRECTED: &str = "redirected";
const STATUS: &str = "status";
const GONE: &str = "gone";
const URL: &str = "url_not_allowed";
/// Reasons for which an endpoint is disabled.
pub const RIGHTS_ENDED: &str = "rights_ended";
const EXHAUSTED: &str = "retries_exhausted";

/// The longest that an attempt takes.
pub const LONGEST: Duration = Duration::from_secs(16);
/// Header that tells why a test failed.
pub static REASON_HEADER: HeaderName = HeaderName::from_static("webhook-failure");

/// Outcome of an attempt.
#[derive(Debug)]
pub struct Attempt {
    /// When it was made.
    pub at: DateTime<Utc>,
    /// How long it took.
    pub took: Duration,
    /// Status of the answer, where there was one.
    pub status: Option<u16>,
    /// Why it failed; none where it was taken.
    pub reason: Option<&'static str>,
    retry_after: Option<Duration>,
}

/// Sends a letter once.
pub async fn send(core: &Core, endpoint: &Endpoint, letter: &Letter) -> Result<Attempt, Problem> {
    let (at, began, sender) = (core.clock.now(), Instant::now(), core.ext::<Sender>());
    let attempt = |status, reason, retry_after| Attempt { at, took: began.elapsed(), status, reason, retry_after };
    // Judged anew: what was allowed when it was made may not be any more.
    let Some(target) = sender.judge.target(&endpoint.settings.url) else { return Ok(attempt(None, Some(URL), None)) };
    let headers = [
        ("content-type", "application/json".to_owned()),
        ("webhook-id", letter.id.clone()),
        ("webhook-timestamp", at.timestamp().to_string()),
        ("webhook-signature", signatures(core, endpoint, letter, at)?),
    ];
    Ok(match sender.post(&target, &headers, letter.body.clone().into()).await {
        Err(cause) => attempt(None, Some(cause), None),
        Ok(answered) => {
            let reason = match answered.status {
                200..=299 => None,
                300..=399 => Some(REDIRECTED),
                410 => Some(GONE),
                _ => Some(STATUS),
            };
            let asks = matches!(answered.status, 429 | 503);
            attempt(Some(answered.status), reason, answered.retry_after.filter(|_| asks))
        }
    })
}

/// The signatures of a letter: during a rotation two, of which either is good.
fn signatures(core: &Core, endpoint: &Endpoint, letter: &Letter, at: DateTime<Utc>) -> Result<String, Problem> {
    let timestamp = at.timestamp();
    if endpoint.settings.signing == WebhookSigning::PublicKey {
        return Ok(signer::by_key(&core.keys.webhook, &letter.id, timestamp, &letter.body));
    }
    let former = endpoint.former_secret.as_ref().filter(|_| endpoint.former_until.is_some_and(|until| at < until));
    let mut signatures = Vec::new();
    for sealed in endpoint.secret.iter().chain(former) {
        let secret = core.sealer.open(sealed_for(endpoint), sealed).map_err(Problem::internal)?.unwrap_or_default();
        signatures.push(signer::by_secret(&secret, &letter.id, timestamp, &letter.body)?);
    }
    Ok(signatures.join(" "))
}

/// Notes an attempt that was taken: the endpoint's cursor stands where it was moved to. False where somebody set
/// something meanwhile: then nothing is noted, and the letter is sent once more.
pub async fn taken(core: &Core, endpoint: &mut Endpoint, letter: &Letter, attempt: &Attempt) -> Result<bool, Problem> {
    let progress = &mut endpoint.progress;
    let number = progress.failed + 1;
    (progress.failed, progress.failing_since, progress.last_success_at) = (0, None, Some(attempt.at));
    (endpoint.state, endpoint.next_attempt_at) = (WebhookState::Active, None);
    store::note(core, endpoint, Some(log::statement(endpoint, letter, attempt, number)), Vec::new()).await
}

/// Notes an attempt that failed, and when the next one is due.
pub async fn failed(core: &Core, endpoint: &mut Endpoint, letter: &Letter, attempt: &Attempt) -> Result<(), Problem> {
    let progress = &mut endpoint.progress;
    progress.failed += 1;
    let (number, now) = (progress.failed, attempt.at);
    let since = *progress.failing_since.get_or_insert(now);
    let reason = attempt.reason.unwrap_or(STATUS);
    progress.last_failure = Some(LastFailure { at: now, status: attempt.status, reason: reason.to_owned() });
    let pause = wait(number, attempt.retry_after, rand::random::<f64>()).filter(|_| reason != GONE);
    endpoint.next_attempt_at = pause.map(|pause| now + pause);
    let audit_entry = match pause {
        None => {
            let why = if reason == GONE { GONE } else { EXHAUSTED };
            Some(disabled(endpoint, why))
        }
        Some(_) if now - since >= FAILING_AFTER && endpoint.state == WebhookState::Active => {
            endpoint.state = WebhookState::Failing;
            Some(entry(endpoint, "webhook_endpoint.failing", json!({"cause": reason})))
        }
        Some(_) => None,
    };
    let attempted = log::statement(endpoint, letter, attempt, number);
    store::note(core, endpoint, Some(attempted), audit_entry.into_iter().collect()).await.map(|_| ())
}

/// Ends the deliveries of an endpoint whose owner may not be told anything any more.
pub async fn end(core: &Core, endpoint: &mut Endpoint, why: &'static str) -> Result<(), Problem> {
    endpoint.next_attempt_at = None;
    let audit_entry = disabled(endpoint, why);
    store::note(core, endpoint, None, vec![audit_entry]).await.map(|_| ())
}

fn disabled(endpoint: &mut Endpoint, why: &'static str) -> AuditEntry {
    (endpoint.state, endpoint.state_reason) = (WebhookState::Disabled, Some(why.to_owned()));
    entry(endpoint, "webhook_endpoint.disabled", json!({"cause": why}))
}

/// A line of the audit of which nobody's request is the cause.
fn entry(endpoint: &Endpoint, verb: &'static str, details: Json) -> AuditEntry {
    AuditEntry {
        actor_id: None,
        area_code: Some(endpoint.district_code.clone()),
        verb,
        subject_kind: "webhook_endpoints",
        subject_id: Some(endpoint.id),
        request_id: None,
        address: None,
        details,
    }
}
