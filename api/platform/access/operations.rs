//! Signing in and out, changing the password, who am I, the public keys.

use actix_web::HttpResponse;
use actix_web::http::Method;
use actix_web::http::header::CACHE_CONTROL;
use chrono::TimeDelta;
use diesel::{ExpressionMethods, OptionalExtension, QueryDsl};
use diesel_async::RunQueryDsl;
use kit::catalogue::Code;
use kit::database::DatabaseError;
use kit::limiter::Allowance;
use kit::problem::Problem;
use kit::time::format_instant;
use serde_json::json;
use uuid::Uuid;

use super::accounts::Credential;
use super::keys::KeyScope;
use super::roles::Actor;
use super::sessions::{self, Refreshed};
use super::wire::{LOGIN, Me, PASSWORD, REFRESH, TokenPair, UserGrant};
use super::{accounts, own_sessions, passwords, throttle, tokens};
use crate::platform::audit::{AuditEntry, system_write};
use crate::platform::codes::{BAD_CREDENTIALS, INVALID_TOKEN, SAME_PASSWORD, WRONG_PASSWORD};
use crate::platform::http::Caller;
use crate::platform::http::schema::form;
use crate::platform::http::{Access, Answer, Call, Operation, fault, fault_with};
use crate::platform::schema::users;

/// How often an account may try to change its password: whoever holds a stolen token mustn't guess it, nor keep
/// others from signing in by the work it takes.
const PASSWORD_TRIES: Allowance = Allowance { times: 10, period: TimeDelta::minutes(15) };

/// The operations of this room.
pub fn operations() -> Vec<Operation> {
    let mut operations = signing_in();
    operations.extend(own_sessions::operations());
    operations
}

fn signing_in() -> Vec<Operation> {
    let pair = json!({
        "access_token": "eyJ0eXAiOiJhdCtqd3QiLCJhbGciOiJFZERTQSJ9.e30.c2lnbmF0dXJl", "token_type": "Bearer", "expires_in": 600,
        "refresh_token": "lfr_0198c0de000070008000000000000001_1_mac", "refresh_expires_at": "2020-03-03T08:30:00+08:00",
        "password_change_required": false,
    });
    vec![
        Operation::new(Method::POST, "/v1/auth/login", "create_session", login)
            .described("auth", "Sign in", "Opens a session for one device. A wrong name and a wrong password are answered alike.")
            .access(Access::Public)
            .body(form(LOGIN), json!({"username": "zhou.min", "password": "a one-time or chosen password"}))
            .answers::<TokenPair>(200, "Signed in.", Some(pair.clone()))
            .problems(&[BAD_CREDENTIALS, Code::TOO_MANY_REQUESTS]),
        Operation::new(Method::POST, "/v1/auth/refresh", "refresh_session", refresh)
            .described("auth", "Refresh the tokens", "Answers a new pair. Where the answer was lost, the same token gives the same successor until that is used; after that, reuse ends the session.")
            .access(Access::Public)
            .body(form(REFRESH), json!({"refresh_token": "lfr_0198c0de000070008000000000000001_1_mac"}))
            .answers::<TokenPair>(200, "Refreshed.", Some(pair))
            .problems(&[INVALID_TOKEN]),
        Operation::new(Method::POST, "/v1/auth/logout", "end_session", logout)
            .described("auth", "Sign out", "Ends the session of the token; its refresh tokens are worth nothing from now on.")
            .access(Access::SignedInOnce)
            .answers_nothing(204, "Signed out."),
        Operation::new(Method::POST, "/v1/auth/password", "change_password", change_password)
            .described("auth", "Change the password", "Needed once with a one-time password before anything else. Other sessions of the account end.")
            .access(Access::SignedInOnce)
            .body(form(PASSWORD), json!({"current_password": "kx3m2-abcde-fghjk-mnpqr", "new_password": "雨城区-防疫值守-一碗清汤"}))
            .answers_nothing(204, "Changed."),
        Operation::new(Method::GET, "/v1/auth/me", "get_me", me)
            .described("auth", "Who am I", "The account or the key, its roles, where it holds them, and the operations that it is let in to: what an app needs to build its menus. Where the target of one must lie, the roles say.")
            .access(Access::SignedInOnce)
            .keys(KeyScope::Any)
            .answers::<Me>(200, "The account.", None),
        Operation::new(Method::GET, "/.well-known/jwks.json", "get_jwks", jwks)
            .described("auth", "Public keys of access tokens", "RFC 7517; for services that check tokens themselves.")
            .access(Access::Public)
            .answers_with(200, "The keys.", Some(json!({"type": "object", "description": "A JWK set.", "additionalProperties": true})), None),
    ]
}

async fn login(call: Call) -> Answer {
    let form = call.form(LOGIN).await?;
    let username = form.text("username").unwrap_or_default();
    let account = find_login(&call, username).await?;
    let (user_id, device_id) = (account.as_ref().map(|(id, ..)| *id), form.text("device_id"));
    let attempt = throttle::begin(&call.core, username, user_id, call.address(), device_id).await?;
    if !attempt.wait.is_zero() {
        call.turn().rest();
        tokio::time::sleep(attempt.wait).await;
        call.turn().go_on()?;
    }
    let hash = account.as_ref().map(|(_, hash, _)| hash.clone());
    let matches = passwords::verify(form.text("password").unwrap_or_default().to_owned(), hash).await?;
    let account = account.filter(|_| matches);
    let Some((user_id, _, password_change_required)) = account else {
        let audit_entry = call.audit_entry("session.refused", "users", user_id, json!({}));
        system_write(&call.core, audit_entry, async |_| Ok(())).await?;
        return Err(BAD_CREDENTIALS.into());
    };
    attempt.succeeded(&call.core);
    let area_code = accounts::of_user(&call.core, user_id).await?.and_then(|actor| actor.own_area());
    let audit_entry = call.audit_entry("session.open", "users", Some(user_id), json!({}));
    let audit_entry = AuditEntry { actor_id: Some(user_id), area_code, ..audit_entry };
    let opened = sessions::open(&call.core, user_id, device_id.map(str::to_owned), audit_entry).await?;
    token_pair(&call, &opened, password_change_required)
}

async fn find_login(call: &Call, username: &str) -> Result<Option<(Uuid, String, bool)>, Problem> {
    let mut connection = call.core.database.connection().await?;
    let found = users::table
        .filter(accounts::lower(users::username).eq(username.to_lowercase()))
        .filter(users::active)
        .select((users::id, users::password_hash, users::password_change_required))
        .first(&mut connection)
        .await
        .optional();
    Ok(found.map_err(DatabaseError::from)?)
}

async fn refresh(call: Call) -> Answer {
    let form = call.form(REFRESH).await?;
    let audit_entry = call.audit_entry("session.refresh", "sessions", None, json!({}));
    let refreshed = sessions::refresh(&call.core, form.text("refresh_token").unwrap_or_default(), audit_entry).await?;
    let actor = accounts::of_user(&call.core, refreshed.user_id).await?.ok_or(INVALID_TOKEN)?;
    token_pair(&call, &refreshed, actor.password_change_required)
}

fn token_pair(call: &Call, refreshed: &Refreshed, password_change_required: bool) -> Answer {
    let access_token = call.core.tokens.issue(refreshed.user_id, refreshed.session_id, call.core.clock.now())?;
    let pair = TokenPair {
        access_token,
        token_type: "Bearer",
        expires_in: tokens::LIFETIME.num_seconds(),
        refresh_token: refreshed.refresh_token.clone(),
        refresh_expires_at: format_instant(refreshed.expires_at, call.core.zone),
        password_change_required,
    };
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(pair))
}

async fn logout(call: Call) -> Answer {
    let session_id = call.session_id()?;
    let audit_entry = call.audit_entry("session.end", "sessions", Some(session_id), json!({}));
    sessions::end(&call.core, session_id, audit_entry).await?;
    Ok(HttpResponse::NoContent().finish())
}

async fn change_password(call: Call) -> Answer {
    let form = call.form(PASSWORD).await?;
    let actor = call.actor()?;
    let text = |name: &str| form.text(name).unwrap_or_default().to_owned();
    let (current, new) = (text("current_password"), text("new_password"));
    let key = format!("password|{}", actor.user_id);
    call.core.limiter.take(&key, PASSWORD_TRIES, call.core.clock.now())?;
    let stored = find_login(&call, &actor.username).await?.map(|(_, hash, _)| hash);
    if !passwords::verify(current.clone(), stored).await? {
        let audit_entry = call.audit_entry("user.refuse_password", "users", Some(actor.user_id), json!({}));
        system_write(&call.core, audit_entry, async |_| Ok(())).await?;
        return Err(fault("/current_password", WRONG_PASSWORD));
    }
    call.core.limiter.give_back(&key);
    if new == current {
        return Err(fault("/new_password", SAME_PASSWORD));
    }
    if let Some(code) = passwords::weakness(&new, &[&actor.username, &actor.display_name]) {
        return Err(fault_with("/new_password", code, vec![("min", passwords::MIN_CHARACTERS.to_string())]));
    }
    let hash = passwords::hash(new).await?;
    store_password(&call, actor.user_id, hash).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Stores a new password. Every other session ends: whoever knew the old one is out.
async fn store_password(call: &Call, user_id: Uuid, hash: String) -> Result<(), Problem> {
    use crate::platform::schema::sessions::dsl;
    let (session_id, now) = (call.session_id()?, call.core.clock.now());
    let audit_entry = call.audit_entry("user.change_password", "users", Some(user_id), json!({}));
    system_write(&call.core, audit_entry, async |connection| {
        diesel::update(users::table.find(user_id))
            .set((users::password_hash.eq(hash), users::password_change_required.eq(false), users::updated_at.eq(now)))
            .execute(connection)
            .await?;
        diesel::update(
            dsl::sessions
                .filter(dsl::user_id.eq(user_id))
                .filter(dsl::ended_at.is_null())
                .filter(dsl::id.ne(session_id)),
        )
        .set((dsl::ended_at.eq(now), dsl::end_reason.eq("password_changed")))
        .execute(connection)
        .await?;
        Ok(())
    })
    .await?;
    call.core.accounts.forget_all();
    Ok(())
}

async fn me(call: Call) -> Answer {
    let actor = call.actor()?;
    let caller = Caller::of(call.signed_in()?);
    let operations = call.core.rights.of(caller, &call.core.operations);
    let me = Me {
        id: actor.user_id,
        username: actor.username.clone(),
        display_name: actor.display_name.clone(),
        org_id: actor.org_id,
        roles: grants_view(actor),
        districts: actor.districts.clone(),
        scopes: match call.credential() {
            Some(Credential::Key(scopes)) => Some(scopes),
            _ => None,
        },
        operations: &operations,
        password_change_required: actor.password_change_required,
    };
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(me))
}

/// An account's grants as they are served.
pub fn grants_view(actor: &Actor) -> Vec<UserGrant> {
    let view = |grant: &super::Grant| UserGrant {
        role: grant.role.code().to_owned(),
        area_code: grant.area_code.clone(),
        org_id: grant.org_id,
    };
    actor.grants.iter().map(view).collect()
}

async fn jwks(call: Call) -> Answer {
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "public, max-age=300")).json(call.core.tokens.jwks()))
}
