//! The operations on API keys.

use actix_web::HttpResponse;
use actix_web::http::Method;
use actix_web::http::header::{CACHE_CONTROL, LOCATION};
use chrono::TimeDelta;
use diesel::{ExpressionMethods, QueryDsl};
use kit::faults::Faults;
use kit::ids::new_id;
use kit::json::put;
use kit::problem::Problem;
use kit::value::Values;
use serde_json::json;
use uuid::Uuid;

use super::store::{self, NewKey};
use super::wire::{self, AREA_CODE, ApiKey, CreatedApiKey, EXPIRES_AT, MOST_DAYS, NAME, NEW, ORG_ID, ROLE, SCOPES};
use crate::platform::access::roles::{Grant, Role};
use crate::platform::http::page::Page;
use crate::platform::http::{Access, Answer, Call, Operation, page};
use crate::platform::schema::api_keys;
use crate::records::codes::{TOO_FAR_AHEAD, UNKNOWN_AREA};
use crate::records::list::{CURSOR, LIMIT};
use crate::rooms::accounts::codes::{GRANT_TOO_WIDE, IN_THE_PAST};
use crate::rooms::accounts::users::{ADMINISTRATORS, require_grantable};

/// How long a key holds of which nobody said: a season, not for ever.
const BY_DEFAULT: TimeDelta = TimeDelta::days(90);

/// The operations of this room.
pub fn operations() -> Vec<Operation> {
    let created = {
        let mut json = wire::example();
        put(&mut json, "key", "lf_0198c0de00007000800000000000000c_secret");
        json
    };
    vec![
        Operation::new(Method::POST, "/v1/api-keys", "create_api_key", post)
            .described(
                "api_keys",
                "Make an API key",
                "Answers the key, this once. Nobody gives a key a role or an area wider than his own.",
            )
            .access(Access::Roles(ADMINISTRATORS))
            .takes(wire::NEW_API_KEY, wire::example_new())
            .answers::<CreatedApiKey>(201, "Made.", Some(created))
            .with_headers(&["Location"])
            .problems(&[GRANT_TOO_WIDE]),
        Operation::new(Method::GET, "/v1/api-keys", "list_api_keys", list)
            .described(
                "api_keys",
                "List API keys",
                "Those of areas that the caller administers, the newest first; ended ones too.",
            )
            .access(Access::Roles(ADMINISTRATORS))
            .parameters(vec![&LIMIT, &CURSOR])
            .answers::<Page<ApiKey>>(200, "A page.", Some(json!({"items": [wire::example()], "next_cursor": null})))
            .with_headers(&["Link"]),
        Operation::new(Method::GET, "/v1/api-keys/{id}", "get_api_key", get)
            .described("api_keys", "Get an API key", "Without its secret. Out of reach answers like absent.")
            .access(Access::Roles(ADMINISTRATORS))
            .answers::<ApiKey>(200, "The key.", Some(wire::example())),
        Operation::new(Method::POST, "/v1/api-keys/{id}:revoke", "revoke_api_key", revoke)
            .described(
                "api_keys",
                "Revoke an API key",
                "It is worth nothing within five seconds. Once more is no fault.",
            )
            .access(Access::Roles(ADMINISTRATORS))
            .answers::<ApiKey>(200, "The key.", Some(wire::example())),
    ]
}

async fn post(call: Call) -> Answer {
    let tree = call.tree().await?;
    let mut faults = Faults::default();
    let form = kit::check::check_object(&NEW.iter().collect::<Vec<_>>(), &tree, "", &mut faults);
    let grant = grant(&call, &form, &mut faults);
    check_expiry(&call, &form, &mut faults);
    faults.finish()?;
    let grant = grant.ok_or_else(|| Problem::internal("a checked form of a key grants nothing"))?;
    let expires_at = form.get(&EXPIRES_AT).unwrap_or_else(|| call.core.clock.now() + BY_DEFAULT);
    require_grantable(call.actor()?, std::slice::from_ref(&grant))?;
    let name = form.required(&NAME)?.to_owned();
    let new = NewKey { id: new_id(), name, grant, scopes: form.list(&SCOPES).collect(), expires_at };
    let details = json!({"role": new.grant.role.code(), "area_code": new.grant.area_code, "org_id": new.grant.org_id, "scopes": new.scopes});
    let audit_entry = call.audit_entry("api_key.create", "api_keys", Some(new.id), details);
    let key = store::add(&call.core, &new, call.actor()?.user_id, audit_entry).await?;
    let api_key = store::find(&call.core, call.actor()?, new.id).await?;
    let location = format!("/v1/api-keys/{}", new.id);
    Ok(HttpResponse::Created()
        .insert_header((LOCATION, location))
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(CreatedApiKey { api_key, key }))
}

fn grant(call: &Call, form: &Values, faults: &mut Faults) -> Option<Grant> {
    let role = form.get(&ROLE).and_then(Role::of_code)?;
    let placement = call.core.divisions.place(form.get(&AREA_CODE)?, None);
    match placement.filter(|placement| placement.warning.is_none()) {
        Some(placement) => Some(Grant { role, area_code: placement.area_code, org_id: form.get(&ORG_ID) }),
        None => {
            faults.add(AREA_CODE.pointer(), UNKNOWN_AREA);
            None
        }
    }
}

fn check_expiry(call: &Call, form: &Values, faults: &mut Faults) {
    let now = call.core.clock.now();
    match form.get(&EXPIRES_AT) {
        Some(instant) if instant <= now => faults.add(EXPIRES_AT.pointer(), IN_THE_PAST),
        Some(instant) if instant > now + TimeDelta::days(MOST_DAYS) => {
            faults.add_with(EXPIRES_AT.pointer(), TOO_FAR_AHEAD, vec![("days", MOST_DAYS.to_string())]);
        }
        _ => {}
    }
}

async fn list(call: Call) -> Answer {
    let actor = call.actor()?;
    let binding = format!("api_keys|{}", actor.user_id);
    let after = page::position(&call, &binding)?.and_then(|text| text.parse::<Uuid>().ok());
    let limit = i64::try_from(page::limit(&call)).map_err(Problem::internal)? + 1;
    let page = || {
        let mut keys = store::visible_to(actor);
        if let Some(id) = after {
            keys = keys.filter(api_keys::id.lt(id));
        }
        keys.order(api_keys::id.desc()).limit(limit)
    };
    let keys = store::load(&call.core, page).await?;
    Ok(page::answer(&call, &binding, keys, |key| key.id.to_string(), |key| key))
}

async fn get(call: Call) -> Answer {
    let key = store::find(&call.core, call.actor()?, call.path_id()?).await?;
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(key))
}

async fn revoke(call: Call) -> Answer {
    let id = call.path_id()?;
    let actor = call.actor()?;
    let key = store::find(&call.core, actor, id).await?;
    if key.revoked_at.is_none() {
        let audit_entry = call.audit_entry("api_key.revoke", "api_keys", Some(id), json!({}));
        store::revoke(&call.core, id, Some(actor.user_id), audit_entry).await?;
    }
    get(call).await
}
