//! Actions on an endpoint: it is tested, paused, resumed, its changes sent again, its secret exchanged.

use actix_web::HttpResponse;
use actix_web::http::Method;
use chrono::TimeDelta;
use kit::catalogue::Code;
use kit::ids::new_id;
use kit::problem::Problem;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use super::codes::{NO_SECRET, NOT_YET_GIVEN, TEST_FAILED, TEST_NEEDED};
use super::endpoint::{Endpoint, Position, Replay, WebhookSigning, WebhookState};
use super::owner::{self, MAKERS};
use super::routes::{answer, entry, exchange_secret};
use super::wire::{
    FROM_CHANGE_NO, OVERLAP_MINUTES, REPLAY, REPLAYED, ROTATED, ROTATION, TO_CHANGE_NO, WebhookEndpoint,
    WebhookEndpointSecret, example, view,
};
use super::{delivery, event, log, store};
use crate::platform::access::keys::KeyScope;
use crate::platform::codes::INVALID_ORDER;
use crate::platform::http::{Access, Answer, Call, Operation, fault, fault_with};

/// Why an endpoint is paused that somebody paused.
pub const BY_HAND: &str = "by_hand";
/// How long both secrets sign, in minutes, where nobody says.
const OVERLAP: i64 = 1_440;

/// The operations of this part of the room.
pub fn operations() -> Vec<Operation> {
    const TAG: &str = "webhook_endpoints";
    let own = |operation: Operation| operation.access(Access::RolesOrKeys(MAKERS)).keys(KeyScope::Webhooks);
    let one = |operation: Operation| {
        own(operation).answers::<WebhookEndpoint>(200, "The endpoint.", Some(example())).with_headers(&["ETag"])
    };
    let rotated = {
        let mut json = example();
        kit::json::put(&mut json, "secret", "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD");
        json
    };
    vec![
        own(Operation::new(Method::POST, "/v1/webhook-endpoints/{id}:test", "send_webhook_test", test))
            .described(TAG, "Test an endpoint", "Sends `webhook.test` now, once, and says what became of it.")
            .answers::<WebhookTest>(200, "It was taken.", Some(json!({"webhook_id": "evt_test_0198c0de000070008000000000000001", "status": 204, "duration_ms": 84})))
            .problems(&[TEST_FAILED]),
        one(Operation::new(Method::POST, "/v1/webhook-endpoints/{id}:pause", "pause_webhook_endpoint", pause)
            .described(TAG, "Pause an endpoint", "Nothing is sent; the cursor stays.")),
        one(Operation::new(Method::POST, "/v1/webhook-endpoints/{id}:resume", "resume_webhook_endpoint", resume)
            .described(TAG, "Resume an endpoint", "Goes on from the cursor, whatever happened in between; one that was disabled, too.")
            .problems(&[TEST_NEEDED])),
        one(Operation::new(Method::POST, "/v1/webhook-endpoints/{id}:replay", "replay_webhook_endpoint", replay)
            .described(TAG, "Send changes again", "Beside what is new, with the same `webhook-id`.")
            .takes(REPLAY, json!({"from_change_no": 1}))),
        own(Operation::new(Method::POST, "/v1/webhook-endpoints/{id}:rotate-secret", "rotate_webhook_secret", rotate))
            .described(TAG, "Exchange the secret", "Answers the new one, this once. Meanwhile both sign, and either signature is good.")
            .takes(ROTATION, json!({"overlap_minutes": 60}))
            .answers::<WebhookEndpointSecret>(200, "Exchanged.", Some(rotated))
            .with_headers(&["ETag"])
            .problems(&[NO_SECRET]),
    ]
}

/// Outcome of a test that was taken.
#[derive(Serialize, ToSchema)]
struct WebhookTest {
    /// Its `webhook-id`.
    #[schema(max_length = 100)]
    webhook_id: String,
    /// Status of the answer.
    #[schema(minimum = 200, maximum = 299)]
    status: Option<u16>,
    /// How long it took, in milliseconds.
    #[schema(minimum = 0, maximum = 60_000)]
    duration_ms: u64,
}

async fn found(call: &Call) -> Result<Endpoint, Problem> {
    store::find(call, owner::caller(call)?, call.path_id()?).await
}

async fn test(call: Call) -> Answer {
    let (core, mut endpoint) = (&call.core, found(&call).await?);
    let webhook_id = format!("evt_test_{}", new_id().simple());
    let letter = event::test(core, &endpoint, webhook_id.clone(), core.clock.now());
    // As long as a receiver may take, and not as a request of the service's own.
    call.turn().extend(delivery::LONGEST);
    let attempt = delivery::send(core, &endpoint, &letter).await?;
    log::add(core, &endpoint, &letter, &attempt).await?;
    if let Some(reason) = attempt.reason {
        return Err(Problem::new(TEST_FAILED).with_header(delivery::REASON_HEADER.clone(), reason.to_owned()));
    }
    if endpoint.untested {
        endpoint.untested = false;
        store::change(core, &endpoint, entry(&call, "webhook_endpoint.test", &endpoint)).await?;
    }
    let duration_ms = u64::try_from(attempt.took.as_millis()).unwrap_or(u64::MAX);
    Ok(HttpResponse::Ok().json(WebhookTest { webhook_id, status: attempt.status, duration_ms }))
}

/// Sets something of an endpoint, however often a delivery or somebody else comes in between.
async fn set(
    call: &Call,
    verb: &'static str,
    change: impl Fn(&mut Endpoint) -> Result<(), Problem>,
) -> Result<Endpoint, Problem> {
    for _ in 0..5 {
        let mut endpoint = found(call).await?;
        change(&mut endpoint)?;
        if store::change(&call.core, &endpoint, entry(call, verb, &endpoint)).await? {
            return found(call).await;
        }
    }
    Err(Code::STALE.into())
}

async fn pause(call: Call) -> Answer {
    let endpoint = set(&call, "webhook_endpoint.pause", |endpoint| {
        (endpoint.state, endpoint.state_reason) = (WebhookState::Paused, Some(BY_HAND.to_owned()));
        Ok(())
    })
    .await?;
    Ok(answer(HttpResponse::Ok(), &endpoint, view(&call.core, &endpoint)))
}

async fn resume(call: Call) -> Answer {
    let endpoint = set(&call, "webhook_endpoint.resume", |endpoint| {
        if endpoint.untested {
            return Err(TEST_NEEDED.into());
        }
        (endpoint.state, endpoint.state_reason, endpoint.next_attempt_at) = (WebhookState::Active, None, None);
        (endpoint.progress.failed, endpoint.progress.failing_since) = (0, None);
        Ok(())
    })
    .await?;
    Ok(answer(HttpResponse::Ok(), &endpoint, view(&call.core, &endpoint)))
}

async fn replay(call: Call) -> Answer {
    let form = call.form(REPLAYED).await?;
    let (from, to) = (form.required(&FROM_CHANGE_NO)?, form.get(&TO_CHANGE_NO));
    if to.is_some_and(|to| to < from) {
        return Err(fault_with(&TO_CHANGE_NO.pointer(), INVALID_ORDER, vec![("other", FROM_CHANGE_NO.name().into())]));
    }
    let endpoint = set(&call, "webhook_endpoint.replay", |endpoint| {
        if from > endpoint.cursor_no {
            return Err(fault(&FROM_CHANGE_NO.pointer(), NOT_YET_GIVEN));
        }
        let until = to.map_or(endpoint.cursor_no, |to| to.min(endpoint.cursor_no));
        endpoint.replay = Some(Replay { position: Position { cursor: from - 1, within: None }, until });
        Ok(())
    })
    .await?;
    Ok(answer(HttpResponse::Ok(), &endpoint, view(&call.core, &endpoint)))
}

async fn rotate(call: Call) -> Answer {
    let overlap = call.form(ROTATED).await?.get(&OVERLAP_MINUTES).unwrap_or(OVERLAP);
    let mut endpoint = found(&call).await?;
    if endpoint.settings.signing == WebhookSigning::PublicKey {
        return Err(NO_SECRET.into());
    }
    endpoint.former_secret = endpoint.secret.take();
    endpoint.former_until = Some(call.core.clock.now() + TimeDelta::minutes(overlap));
    let secret = exchange_secret(&call.core, &mut endpoint)?;
    let audit_entry = entry(&call, "webhook_endpoint.rotate_secret", &endpoint);
    if !store::change(&call.core, &endpoint, audit_entry).await? {
        return Err(Code::STALE.into());
    }
    let endpoint = found(&call).await?;
    Ok(answer(HttpResponse::Ok(), &endpoint, WebhookEndpointSecret { endpoint: view(&call.core, &endpoint), secret }))
}
