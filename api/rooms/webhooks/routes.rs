//! Endpoints: made, listed, amended, removed.

use actix_web::http::Method;
use actix_web::http::header::{CACHE_CONTROL, ETAG, LOCATION};
use actix_web::{HttpResponse, HttpResponseBuilder};
use kit::catalogue::Code;
use kit::check::check_object;
use kit::etag::{self, IfMatch};
use kit::faults::Faults;
use kit::field::Field;
use kit::ids::new_id;
use kit::json::put;
use kit::problem::Problem;
use kit::value::Values;
use serde::Serialize;
use serde_json::json;
use uuid::Uuid;

use super::codes::{NOT_YET_GIVEN, TOO_MANY_ENDPOINTS};
use super::endpoint::{Endpoint, Progress, Settings, WebhookPayload, WebhookSigning, WebhookState};
use super::owner::{self, MAKERS};
use super::signer::{self, SECRET_BYTES};
use super::store::{self, sealed_for};
use super::wire::{
    self, AREA_CODE, BATCH, DESCRIPTION, DISTRICT_CODE, ENDPOINT_PATCH, FROM_CHANGE_NO, IN_TROUBLE, KINDS, NEW,
    NEW_ENDPOINT, OPS, PATCH, PAYLOAD, SIGNING, URL, WebhookEndpoint, WebhookEndpointSecret, example, view,
};
use crate::exchange::changes;
use crate::platform::access::Role;
use crate::platform::access::keys::KeyScope;
use crate::platform::codes::{IF_MATCH_REQUIRED, URL_NOT_ALLOWED};
use crate::platform::core::Core;
use crate::platform::http::page::{self, Page};
use crate::platform::http::{Access, Answer, Call, Operation};
use crate::platform::outbound::sender::Sender;
use crate::records::codes::{UNKNOWN_AREA, UNKNOWN_REFERENCE};
use crate::records::list::{CURSOR, LIMIT};

const TAG: &str = "webhook_endpoints";
/// Why an endpoint is paused whose address was changed.
pub const URL_CHANGED: &str = "url_changed";

/// The operations of this room.
pub fn operations() -> Vec<Operation> {
    let created = {
        let mut json = example();
        put(&mut json, "secret", "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD");
        json
    };
    let own = |operation: Operation| operation.access(Access::RolesOrKeys(MAKERS)).keys(KeyScope::Webhooks);
    vec![
        own(Operation::new(Method::POST, "/v1/webhook-endpoints", "create_webhook_endpoint", post))
            .described(TAG, "Make an endpoint", "Each change that the caller's feed tells is POSTed there, in order, until it is taken. Answers the secret, this once. It belongs to the key or the account that makes it, and tells what that one may see at each moment.")
            .takes(NEW_ENDPOINT, wire::example_new())
            .answers::<WebhookEndpointSecret>(201, "Made.", Some(created))
            .with_headers(&["ETag", "Location"])
            .problems(&[TOO_MANY_ENDPOINTS, Code::LEDGER_UNAVAILABLE]),
        own(Operation::new(Method::GET, "/v1/webhook-endpoints", "list_webhook_endpoints", list))
            .described(TAG, "List endpoints", "The caller's own, the newest first; to the command all of its district, to a unit those of its organisations.")
            .parameters(vec![&IN_TROUBLE.field, &LIMIT, &CURSOR])
            .answers::<Page<WebhookEndpoint>>(200, "A page.", Some(json!({"items": [example()], "next_cursor": null})))
            .with_headers(&["Link"]),
        own(Operation::new(Method::GET, "/v1/webhook-endpoints/{id}", "get_webhook_endpoint", get))
            .described(TAG, "Get an endpoint", "Without its secret. Out of reach answers like absent.")
            .answers::<WebhookEndpoint>(200, "The endpoint.", Some(example()))
            .with_headers(&["ETag"]),
        own(Operation::new(Method::PATCH, "/v1/webhook-endpoints/{id}", "amend_webhook_endpoint", patch))
            .described(TAG, "Amend an endpoint", "A merge patch. With another address it is paused until a test was taken there (`:test`, then `:resume`).")
            .headers(&["If-Match"])
            .takes(ENDPOINT_PATCH, json!({"batch": 50}))
            .answers::<WebhookEndpoint>(200, "The endpoint.", Some(example()))
            .with_headers(&["ETag"]),
        own(Operation::new(Method::DELETE, "/v1/webhook-endpoints/{id}", "delete_webhook_endpoint", delete))
            .described(TAG, "Remove an endpoint", "With what is known of its deliveries.")
            .answers_nothing(204, "Removed."),
        Operation::new(Method::GET, "/.well-known/webhook-keys.json", "get_webhook_keys", keys)
            .described(TAG, "Public keys of webhooks", "By which receivers check signatures of the form `v1a` (Ed25519, Standard Webhooks 1.0.0).")
            .access(Access::Public)
            .answers::<WebhookKeys>(200, "The keys.", Some(json!({"keys": [{"key_id": "webhook-1", "algorithm": "ed25519", "public_key": "whpk_A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg="}]}))),
    ]
}

/// Public keys by which signatures are checked.
#[derive(Serialize, utoipa::ToSchema)]
struct WebhookKeys {
    /// The keys.
    #[schema(inline, max_items = 10)]
    keys: Vec<PublicKey>,
}

/// A public key.
#[derive(Serialize, utoipa::ToSchema)]
struct PublicKey {
    /// Its name.
    #[schema(max_length = 40)]
    key_id: &'static str,
    /// Algorithm of its signatures.
    #[schema(max_length = 20)]
    algorithm: &'static str,
    /// The key as Standard Webhooks writes it.
    #[schema(max_length = 100)]
    public_key: String,
}

async fn keys(call: Call) -> Answer {
    let public_key = signer::public_key(&call.core.keys.webhook);
    let keys = vec![PublicKey { key_id: "webhook-1", algorithm: "ed25519", public_key }];
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "public, max-age=3600")).json(WebhookKeys { keys }))
}

async fn post(call: Call) -> Answer {
    let (core, actor, tree) = (&call.core, call.actor()?, call.tree().await?);
    let mut faults = Faults::default();
    let form = check_object(&NEW.iter().collect::<Vec<_>>(), &tree, "", &mut faults);
    let district_code = form.get(&DISTRICT_CODE).filter(|code| actor.districts.iter().any(|own| own == code));
    if form.has(&DISTRICT_CODE) && district_code.is_none() {
        faults.add(DISTRICT_CODE.pointer(), UNKNOWN_AREA);
    }
    check(core, &form, district_code, &mut faults);
    let head = match district_code {
        Some(district_code) => changes::newest(core, district_code, i64::MAX).await?,
        None => 0,
    };
    if form.get(&FROM_CHANGE_NO).is_some_and(|from| from > head + 1) {
        faults.add(FROM_CHANGE_NO.pointer(), NOT_YET_GIVEN);
    }
    faults.finish()?;
    let mut endpoint = new(&call, &form, head)?;
    let secret = exchange_secret(core, &mut endpoint)?;
    let audit_entry = entry(&call, "webhook_endpoint.create", &endpoint);
    store::add(core, &endpoint, audit_entry).await?;
    let mut response = HttpResponse::Created();
    response.insert_header((LOCATION, format!("/v1/webhook-endpoints/{}", endpoint.id)));
    Ok(answer(response, &endpoint, WebhookEndpointSecret { endpoint: view(core, &endpoint), secret }))
}

/// Gives an endpoint a new secret and tells it; none where the service's key signs.
pub fn exchange_secret(core: &Core, endpoint: &mut Endpoint) -> Result<Option<String>, Problem> {
    if endpoint.settings.signing == WebhookSigning::PublicKey {
        return Ok(None);
    }
    let secret: [u8; SECRET_BYTES] = rand::random();
    endpoint.secret = Some(core.sealer.seal(sealed_for(endpoint), &secret).map_err(Problem::internal)?);
    Ok(Some(signer::told(&secret)))
}

fn new(call: &Call, form: &Values, head: i64) -> Result<Endpoint, Problem> {
    let (actor, now) = (call.actor()?, call.core.clock.now());
    let cursor_no = form.get(&FROM_CHANGE_NO).map_or(head, |from| from - 1);
    let of_unit = actor.grants_of(&[Role::OrgAdmin]).find_map(|grant| grant.org_id);
    let settings = Settings {
        url: form.required(&URL)?.to_owned(),
        description: form.required(&DESCRIPTION)?.to_owned(),
        kinds: form.get(&KINDS).map(Iterator::collect),
        ops: form.get(&OPS).map(Iterator::collect),
        area_code: form.get(&AREA_CODE).map(str::to_owned),
        payload: form.get(&PAYLOAD).unwrap_or(WebhookPayload::Thin),
        batch: form.get(&BATCH).unwrap_or(1),
        signing: form.get(&SIGNING).unwrap_or(WebhookSigning::Secret),
    };
    Ok(Endpoint {
        district_code: form.required(&DISTRICT_CODE)?.to_owned(),
        id: new_id(),
        settings,
        state: WebhookState::Active,
        state_reason: None,
        untested: false,
        revision: 1,
        owner: owner::caller(call)?,
        org_id: of_unit.or_else(|| actor.grants.first().and_then(|grant| grant.org_id)),
        secret: None,
        former_secret: None,
        former_until: None,
        cursor_no,
        progress: Progress::default(),
        replay: None,
        next_attempt_at: None,
        created_at: now,
        behind: (head - cursor_no).max(0),
    })
}

/// Checks what the form's fields can't say by themselves.
fn check(core: &Core, form: &Values, district_code: Option<&str>, faults: &mut Faults) {
    if form.get(&URL).is_some_and(|url| core.ext::<Sender>().judge.target(url).is_none()) {
        faults.add(URL.pointer(), URL_NOT_ALLOWED);
    }
    for (index, name) in form.list(&KINDS).enumerate() {
        // A closed room is told to nobody: it is as if it weren't there.
        if core.kinds().kind(&name).is_none_or(|kind| kind.closed) {
            faults.add(format!("{}/{index}", KINDS.pointer()), UNKNOWN_REFERENCE);
        }
    }
    let is_there = |code: &str| {
        let placement = core.divisions.place(code, None).filter(|placement| placement.warning.is_none());
        placement.is_some() && district_code.is_none_or(|district| code.starts_with(district))
    };
    if form.get(&AREA_CODE).is_some_and(|code| !is_there(code)) {
        faults.add(AREA_CODE.pointer(), UNKNOWN_AREA);
    }
}

async fn list(call: Call) -> Answer {
    let owner = owner::caller(&call)?;
    let in_trouble = call.query.get(&IN_TROUBLE);
    let binding = format!("webhook_endpoints|{owner:?}|{in_trouble:?}");
    let after = page::position(&call, &binding)?.and_then(|text| text.parse::<Uuid>().ok());
    let statement = store::troubled(store::visible(call.actor()?, owner), in_trouble);
    let statement = match after {
        Some(id) => statement.sql(" AND e.id < ").id(id),
        None => statement,
    };
    let limit = i64::try_from(page::limit(&call)).map_err(Problem::internal)? + 1;
    let endpoints = store::read(&call.core, &statement.sql(" ORDER BY e.id DESC LIMIT ").integer(limit)).await?;
    Ok(page::answer(&call, &binding, endpoints, |one| one.id.to_string(), |one| view(&call.core, &one)))
}

async fn get(call: Call) -> Answer {
    let endpoint = store::find(&call, owner::caller(&call)?, call.path_id()?).await?;
    Ok(answer(HttpResponse::Ok(), &endpoint, view(&call.core, &endpoint)))
}

async fn patch(call: Call) -> Answer {
    let if_match = IfMatch::of_request(&call.request)?.ok_or(IF_MATCH_REQUIRED)?;
    let tree = call.tree().await?;
    let mut endpoint = store::find(&call, owner::caller(&call)?, call.path_id()?).await?;
    if_match.require(endpoint.revision)?;
    let mut faults = Faults::default();
    let form = check_object(&PATCH.iter().collect::<Vec<&Field>>(), &tree, "", &mut faults);
    check(&call.core, &form, Some(&endpoint.district_code), &mut faults);
    faults.finish()?;
    amend(&mut endpoint, &form);
    let audit_entry = entry(&call, "webhook_endpoint.amend", &endpoint);
    if !store::change(&call.core, &endpoint, audit_entry).await? {
        return Err(Code::STALE.into());
    }
    get(call).await
}

/// The endpoint as the patch would have it.
fn amend(endpoint: &mut Endpoint, form: &Values) {
    let settings = &mut endpoint.settings;
    if let Some(url) = form.get(&URL).filter(|url| *url != settings.url) {
        url.clone_into(&mut settings.url);
        endpoint.untested = true;
        (endpoint.state, endpoint.state_reason) = (WebhookState::Paused, Some(URL_CHANGED.to_owned()));
    }
    if let Some(description) = form.get(&DESCRIPTION) {
        description.clone_into(&mut settings.description);
    }
    if form.has(&KINDS) {
        settings.kinds = form.get(&KINDS).map(Iterator::collect);
    }
    if form.has(&OPS) {
        settings.ops = form.get(&OPS).map(Iterator::collect);
    }
    if form.has(&AREA_CODE) {
        settings.area_code = form.get(&AREA_CODE).map(str::to_owned);
    }
    settings.payload = form.get(&PAYLOAD).unwrap_or(settings.payload);
    settings.batch = form.get(&BATCH).unwrap_or(settings.batch);
}

async fn delete(call: Call) -> Answer {
    let endpoint = store::find(&call, owner::caller(&call)?, call.path_id()?).await?;
    store::remove(&call.core, &endpoint, entry(&call, "webhook_endpoint.delete", &endpoint)).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// A line of the audit: who is called by it, without what an address may hide in its path.
pub fn entry(call: &Call, verb: &'static str, endpoint: &Endpoint) -> crate::platform::audit::AuditEntry {
    let origin = call.core.ext::<Sender>().judge.target(&endpoint.settings.url).map(|target| target.origin());
    let details = json!({"origin": origin, "payload": endpoint.settings.payload, "state": endpoint.state});
    call.audit_entry(verb, TAG, Some(endpoint.id), details)
}

/// An answer about an endpoint.
pub fn answer(mut response: HttpResponseBuilder, endpoint: &Endpoint, body: impl Serialize) -> HttpResponse {
    let tag = etag::of_revision(endpoint.revision);
    response.insert_header((ETAG, tag)).insert_header((CACHE_CONTROL, "no-store")).json(body)
}
