//! Subscriptions of browsers and phones: where to, and by which keys. Kept sealed: who knows them may write on a screen.

use actix_web::HttpResponse;
use actix_web::http::Method;
use actix_web::http::header::{CACHE_CONTROL, LOCATION};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use diesel_async::RunQueryDsl;
use kit::columns;
use kit::faults::Faults;
use kit::field::{Field, Shape};
use kit::fields;
use kit::ids::new_id;
use kit::problem::Problem;
use kit::row::Row;
use kit::statement::{ColumnType, Statement};
use kit::text::{Language, Text};
use kit::value::Value;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{encrypt, vapid};
use crate::platform::audit::system_write;
use crate::platform::codes::NOT_FOUND;
use crate::platform::core::Core;
use crate::platform::http::{Access, Answer, Call, Form, Operation};
use crate::platform::outbound::judge::MOST_CHARACTERS;
use crate::platform::outbound::sender::Sender;
use crate::platform::privacy::keys::keyed_hash;
use crate::platform::privacy::seal::Owner;
use crate::rooms::notifications::codes::{NOT_A_KEY, TOO_MANY_SUBSCRIPTIONS};

const TAG: &str = "notifications";
/// Subscriptions of an account at most: its phones and browsers.
const MOST: i64 = 10;

fields! {
    /// Fields of a new subscription.
    static NEW;
    ENDPOINT: String = Field::new("endpoint", Shape::Text { min: 9, max: MOST_CHARACTERS, pattern: Some("[Hh][Tt][Tt][Pp][Ss]?://[^\\s]+") }, Text::new("Endpoint", "推送地址"), "As the browser gives it.").required();
    P256DH: String = Field::new("p256dh", Shape::Text { min: 86, max: 88, pattern: Some("[A-Za-z0-9_-]+=?") }, Text::new("Public key", "公钥"), "The browser's key, base64url.").required();
    AUTH: String = Field::new("auth", Shape::Text { min: 22, max: 24, pattern: Some("[A-Za-z0-9_-]+={0,2}") }, Text::new("Secret", "密钥"), "The browser's secret, base64url.").required();
}

const NEW_SUBSCRIPTION: Form = Form::new("NewPushSubscription", NEW, "A browser's subscription.");

columns! {
    /// A row's id.
    pub ID "id": Uuid;
    /// Whose it is.
    pub USER_ID "user_id": Uuid;
    /// The sealed subscription.
    pub SUBSCRIPTION "subscription": Box<[u8]>;
    COUNT "count": i64;
}

/// Content of a subscription, as it is sealed.
#[derive(Serialize, Deserialize)]
pub struct Subscription {
    pub endpoint: String,
    pub p256dh: String,
    pub auth: String,
    /// Whether its texts are Chinese.
    pub is_chinese: bool,
}

impl Subscription {
    /// Language of its texts.
    pub fn language(&self) -> Language {
        if self.is_chinese { Language::Chinese } else { Language::English }
    }

    /// Its keys; none where they are none.
    pub fn receiver(&self) -> Option<encrypt::Receiver> {
        let bytes = |text: &str| URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok();
        encrypt::receiver(&bytes(&self.p256dh)?, &bytes(&self.auth)?)
    }
}

/// The owner that a subscription is sealed for.
pub fn owner(id: Uuid) -> Owner<'static> {
    Owner { kind: "push_subscriptions", field: "subscription", id, district_code: "" }
}

/// Key with which a browser subscribes.
#[derive(Serialize, ToSchema)]
struct PushKey {
    /// The `applicationServerKey` of `pushManager.subscribe`.
    #[schema(max_length = 100)]
    public_key: String,
}

/// A subscription that was taken.
#[derive(Serialize, ToSchema)]
struct PushSubscription {
    /// Its id, by which it is ended.
    id: Uuid,
}

/// The operations of this part of the room.
pub fn operations() -> Vec<Operation> {
    let id = json!({"id": "0198c0de-0000-7000-8000-0000000000f1"});
    let sent = json!({"endpoint": "https://push.example.com/send/abc", "p256dh": "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4", "auth": "BTBZMqHH6r4Tts7J_aSIgg"});
    let key = json!({"public_key": "BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8"});
    vec![
        Operation::new(Method::GET, "/v1/push-key", "get_push_key", get_key)
            .described(TAG, "Get the key to subscribe with", "The service's public key (VAPID, RFC 8292).")
            .access(Access::SignedIn)
            .answers::<PushKey>(200, "The key.", Some(key)),
        Operation::new(Method::POST, "/v1/push-subscriptions", "create_push_subscription", post)
            .described(TAG, "Subscribe a phone", "What the browser's `pushManager.subscribe` gives. From then on the phone is told that something waits (`GET /v1/notifications`), without a name. The same again is the same subscription; of an account ten at most.")
            .access(Access::SignedIn)
            .takes(NEW_SUBSCRIPTION, sent)
            .answers::<PushSubscription>(201, "Taken.", Some(id))
            .with_headers(&["Location"])
            .problems(&[TOO_MANY_SUBSCRIPTIONS]),
        Operation::new(Method::DELETE, "/v1/push-subscriptions/{id}", "delete_push_subscription", delete)
            .described(TAG, "End a subscription", "One's own.")
            .access(Access::SignedIn)
            .answers_nothing(204, "Ended."),
    ]
}

async fn get_key(call: Call) -> Answer {
    let public_key = vapid::public_key(&call.core.keys.push)?;
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(PushKey { public_key }))
}

async fn post(call: Call) -> Answer {
    let form = call.form(NEW).await?;
    let text = |given: Option<&str>| given.unwrap_or_default().to_owned();
    let subscription = Subscription {
        endpoint: text(form.get(&ENDPOINT)),
        p256dh: text(form.get(&P256DH)),
        auth: text(form.get(&AUTH)),
        is_chinese: call.language == Language::Chinese,
    };
    let mut faults = Faults::default();
    if call.core.ext::<Sender>().judge.target(&subscription.endpoint).is_none() {
        faults.add(ENDPOINT.pointer(), crate::platform::codes::URL_NOT_ALLOWED);
    }
    if subscription.receiver().is_none() {
        faults.add(P256DH.pointer(), NOT_A_KEY);
    }
    faults.finish()?;
    let id = add(&call, &subscription).await?;
    let location = format!("/v1/push-subscriptions/{id}");
    Ok(HttpResponse::Created().insert_header((LOCATION, location)).json(PushSubscription { id }))
}

/// Keeps a subscription; the id of the account's one that has this endpoint.
async fn add(call: &Call, subscription: &Subscription) -> Result<Uuid, Problem> {
    let (core, user_id) = (&call.core, call.actor()?.user_id);
    // The same endpoint of the same account is the same subscription: its id follows from both.
    let hash = keyed_hash(&core.keys.commitment, &[b"push", user_id.as_bytes(), subscription.endpoint.as_bytes()]);
    let known = Statement::new("SELECT id FROM push_subscriptions WHERE endpoint_hash = ").bytes(hash.to_vec());
    let known = core.database.read(&known).await?.into_iter().next().and_then(|mut row| row.get(&ID));
    let id = known.unwrap_or_else(new_id);
    let text = serde_json::to_vec(subscription).map_err(Problem::internal)?;
    let sealed = core.sealer.seal(owner(id), &text).map_err(Problem::internal)?;
    let count = Statement::new("SELECT count(*) AS count FROM push_subscriptions WHERE user_id = ")
        .id(user_id)
        .sql(" AND id <> ")
        .id(id);
    let insert = Statement::new(
        "INSERT INTO push_subscriptions (id, user_id, endpoint_hash, subscription, told, created_at) VALUES (",
    )
    .id(id)
    .sql(", ")
    .id(user_id)
    .sql(", ")
    .bytes(hash.to_vec())
    .sql(", ")
    .bytes(sealed)
    .sql(", '[]', ")
    .bind(ColumnType::Instant, Value::Instant(core.clock.now()))
    .sql(") ON CONFLICT (endpoint_hash) DO UPDATE SET subscription = excluded.subscription RETURNING id");
    let audit_entry = call.audit_entry("push_subscription.create", "push_subscriptions", Some(id), json!({}));
    system_write(core, audit_entry, async |connection| {
        let rows: Vec<Row> = count.load(connection).await?;
        if rows.into_iter().next().and_then(|mut row| row.get(&COUNT)).unwrap_or(0) >= MOST {
            return Err(Problem::new(TOO_MANY_SUBSCRIPTIONS).into());
        }
        let _: Vec<Row> = insert.load(connection).await?;
        Ok(id)
    })
    .await
}

async fn delete(call: Call) -> Answer {
    let (id, user_id) = (call.path_id()?, call.actor()?.user_id);
    let audit_entry = call.audit_entry("push_subscription.delete", "push_subscriptions", Some(id), json!({}));
    let statement = Statement::new("DELETE FROM push_subscriptions WHERE id = ")
        .id(id)
        .sql(" AND user_id = ")
        .id(user_id)
        .sql(" RETURNING id");
    system_write(&call.core, audit_entry, async |connection| {
        let rows: Vec<Row> = statement.load(connection).await?;
        if rows.is_empty() { Err(Problem::new(NOT_FOUND).into()) } else { Ok(()) }
    })
    .await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Opens the subscription of a row; none where it was sealed with another key.
pub fn opened(core: &Core, id: Uuid, sealed: &[u8]) -> Option<Subscription> {
    let text = core.sealer.open(owner(id), sealed).ok().flatten()?;
    serde_json::from_slice(&text).ok()
}
