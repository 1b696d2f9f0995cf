//! Webhooks: each change reaches the receiver in order, whatever happens to either; nobody is told more than he may see,
//! and no address is called that may not be.

mod many;
pub mod receiver;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::TimeDelta;
use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection};
use hmac::{Hmac, KeyInit, Mac};
use lianfang::platform::access::{Grant, Role};
use lianfang::platform::config::Config;
use lianfang::platform::outbound::Seam;
use lianfang::records::Registry;
use lianfang::server::{routes, serve, start};
use reqwest::Method;
use serde_json::{Value as Json, json};
use sha2::Sha256;

use self::receiver::{Reaction, Received, Receiver};
use crate::api_keys::{holder, new_key};
use crate::support::patience::by_itself;
use crate::support::{Actor, TestApp, cluster_directory, examples};

const DISTRICT: &str = "511802";

/// A service that may send to loopback: a seam in code, which no setting reaches.
async fn app() -> TestApp {
    TestApp::start_with(|config| config.outbound = seam()).await
}

fn seam() -> Seam {
    let names = |_: &str| vec![IpAddr::from([127, 0, 0, 1])];
    Seam { loopback: true, names: Some(Arc::new(names)), whole: None }
}

fn body(receiver: &Receiver) -> Json {
    json!({"url": receiver.url(), "district_code": DISTRICT, "description": "看板", "kinds": ["screenings"]})
}

fn with(mut body: Json, more: &Json) -> Json {
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    body
}

/// Makes an endpoint; its path and all that is told of it.
async fn endpoint(actor: &Actor, body: &Json) -> (String, Json) {
    let made = actor.post("/v1/webhook-endpoints", body).await.expect(201);
    (made.header("location").to_owned(), made.body)
}

async fn act(actor: &Actor, path: &str, verb: &str) -> Json {
    actor.send(Method::POST, &format!("{path}:{verb}"), None).await.expect(200).body
}

/// Waits until so much was received.
async fn received(receiver: &Receiver, count: usize) -> Vec<Received> {
    by_itself(async {
        while receiver.all().len() < count {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    receiver.all()
}

/// Waits until so many attempts in a row have failed, and the next has its time; the endpoint's state then.
async fn failed(app: &TestApp, attempts: usize) -> String {
    let rows = format!("SELECT state FROM webhook_endpoints WHERE (progress->>'failed')::int >= {attempts}");
    by_itself(async {
        loop {
            if let Some(mut row) = app.rows(&rows).await.pop() {
                return row.text("state").unwrap();
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await
}

/// Waits until an endpoint is as asked.
async fn until(actor: &Actor, path: &str, is_so: impl Fn(&Json) -> bool) -> Json {
    by_itself(async {
        loop {
            let endpoint = actor.get(path).await.expect(200).body;
            if is_so(&endpoint) {
                return endpoint;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    })
    .await
}

async fn screenings(actor: &Actor, place: &str, sequences: std::ops::Range<u32>) -> Vec<String> {
    let mut paths = Vec::new();
    for sequence in sequences {
        let made = actor.post("/v1/screenings", &examples::screening(place, sequence)).await.expect(201);
        paths.push(made.header("location").to_owned());
    }
    paths
}

fn signature(secret: &Json, received: &Received) -> String {
    let secret = STANDARD.decode(secret.as_str().unwrap().strip_prefix("whsec_").unwrap()).unwrap();
    let mut mac = Hmac::<Sha256>::new_from_slice(&secret).unwrap();
    mac.update(format!("{}.{}.", received.header("webhook-id"), received.header("webhook-timestamp")).as_bytes());
    mac.update(&received.raw);
    format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
}

/// Numbers of the changes that were received, those of batches too.
fn numbers(received: &[Received]) -> Vec<i64> {
    let of = |one: &Received| match one.json["data"]["items"].as_array() {
        Some(items) => items.iter().map(|item| item["change_no"].as_i64().unwrap()).collect(),
        None => vec![one.json["data"]["change_no"].as_i64().unwrap()],
    };
    received.iter().flat_map(of).collect()
}

#[tokio::test]
async fn each_change_is_told_once_in_order_and_signed() {
    let (app, receiver) = (app().await, Receiver::start(|_, _| Reaction::Status(204)).await);
    let admin = app.administrator().await;
    let place = examples::checkpoint(&admin, "511802005").await;
    screenings(&admin, &place, 0..1).await;
    let (path, made) = endpoint(&admin, &body(&receiver)).await;
    let paths = screenings(&admin, &place, 1..3).await;
    admin.patch(&paths[0], "\"1\"", &json!({"temperature_c": "38.0"})).await.expect(200);
    admin.post(&format!("{}:void", paths[1]), &json!({"reason": "x"})).await.expect(200);
    let all = received(&receiver, 4).await;
    let types: Vec<&str> = all.iter().map(|one| one.json["type"].as_str().unwrap()).collect();
    assert_eq!(types, ["screenings.created", "screenings.created", "screenings.amended", "screenings.voided"]);
    let feed = admin.get("/v1/changes?since=2&kinds=screenings").await.expect(200).body;
    for (one, item) in all.iter().zip(feed["items"].as_array().unwrap()) {
        let mut item = item.clone();
        item.as_object_mut().unwrap().remove("record");
        assert_eq!(one.json["data"], item, "as the feed tells it");
        assert_eq!(one.json["timestamp"], item["recorded_at"]);
        assert_eq!(one.header("webhook-signature"), signature(&made["secret"], one));
        assert_eq!((one.header("content-type"), one.header("user-agent")), ("application/json", "Lianfang/0.1.0"));
        let id = item["id"].as_str().unwrap().replace('-', "");
        assert_eq!(one.header("webhook-id"), format!("evt_511802_{}_1_{id}", item["change_no"]));
        assert!(!one.header("webhook-id").contains('.') && one.header("cookie").is_empty());
    }
    let told = until(&admin, &path, |one| one["behind"] == 0).await;
    assert_eq!((&told["state"], &told["cursor"]), (&json!("active"), &feed["head"]));
    assert!(told.get("secret").is_none() && !told["last_success_at"].is_null());
    let attempts = admin.get(&format!("{path}/deliveries?limit=3")).await.expect(200).body;
    assert_eq!(attempts["items"].as_array().unwrap().len(), 3);
    assert_eq!((&attempts["items"][0]["status"], &attempts["items"][0]["reason"]), (&json!(204), &Json::Null));
    assert_eq!(receiver.all().len(), 4, "nothing is told twice");
    let kept = app.rows("SELECT row_to_json(e)::text AS row FROM webhook_endpoints e").await;
    let secret = made["secret"].as_str().unwrap().replace("whsec_", "");
    assert!(kept.into_iter().all(|mut row| !row.text("row").unwrap().contains(&secret)));
}

#[tokio::test]
async fn the_whole_record_is_masked_and_batches_have_bounds() {
    let (app, receiver) = (app().await, Receiver::start(|_, _| Reaction::Status(200)).await);
    let admin = app.administrator().await;
    let place = examples::checkpoint(&admin, "511802005").await;
    screenings(&admin, &place, 0..5).await;
    let more = json!({"kinds": ["people", "screenings"], "payload": "full", "batch": 4, "from_change_no": 1});
    endpoint(&admin, &with(body(&receiver), &more)).await;
    let all = received(&receiver, 3).await;
    let feed = admin.get("/v1/changes?since=0&kinds=people,screenings").await.expect(200).body;
    let items: Vec<Json> = all.iter().flat_map(|one| one.json["data"]["items"].as_array().unwrap().clone()).collect();
    assert_eq!(Json::from(items), feed["items"]);
    assert!(all.iter().all(|one| one.json["type"] == "changes.batch" && one.raw.len() < 256 * 1024));
    assert_eq!(all[0].json["data"]["items"][0]["record"]["name"], "王*");
    assert_eq!(all[2].json["data"]["next"], feed["head"]);
}

/// The clock is set through the whole schedule; meanwhile the ledger goes on.
#[tokio::test]
async fn a_receiver_that_was_down_for_days_is_told_all_of_it() {
    let app = app().await;
    let is_up = Arc::new(AtomicUsize::new(0));
    let up = Arc::clone(&is_up);
    let receiver =
        Receiver::start(move |_, _| Reaction::Status(if up.load(Ordering::SeqCst) == 1 { 200 } else { 503 })).await;
    let admin = app.administrator().await;
    let place = examples::checkpoint(&admin, "511802005").await;
    let (path, _) = endpoint(&admin, &with(body(&receiver), &json!({"batch": 25}))).await;
    screenings(&admin, &place, 0..60).await;
    received(&receiver, 1).await;
    let mut states = Vec::new();
    for (attempt, wait_s) in [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400].into_iter().enumerate() {
        states.push(failed(&app, attempt + 1).await);
        app.core.clock.shift(TimeDelta::seconds(wait_s + wait_s / 10 + 1));
    }
    received(&receiver, 10).await;
    assert_eq!(states, ["active", "active", "active", "active", "failing", "failing", "failing", "failing", "failing"]);
    // Signed in anew: days have passed.
    let admin = app.administrator().await;
    let told = until(&admin, &path, |one| one["state"] == "disabled").await;
    assert_eq!((&told["state_reason"], &told["cursor"]), (&json!("retries_exhausted"), &json!(1)));
    assert_eq!(told["last_failure"]["status"], 503);
    let audited = app.rows("SELECT verb FROM audit_log WHERE subject_kind = 'webhook_endpoints' ORDER BY id").await;
    let verbs: Vec<String> = audited.into_iter().filter_map(|mut row| row.text("verb")).collect();
    assert_eq!(verbs, ["webhook_endpoint.create", "webhook_endpoint.failing", "webhook_endpoint.disabled"]);
    by_itself(async {
        while !app.core.metrics.text(&app.core).unwrap().contains("lianfang_webhook_endpoints{state=\"disabled\"} 1") {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    })
    .await;
    screenings(&admin, &place, 60..70).await;
    is_up.store(1, Ordering::SeqCst);
    act(&admin, &path, "resume").await;
    until(&admin, &path, |one| one["behind"] == 0).await;
    assert_eq!(numbers(&receiver.taken()), (2..72).collect::<Vec<i64>>(), "all in order, each once");
    let first: Vec<&Received> =
        receiver.all().leak().iter().filter(|one| one.header("webhook-id").contains("_2_1_")).collect();
    assert!(first.windows(2).all(|pair| pair[0].raw == pair[1].raw), "a batch has the same extent each time");
    assert_eq!(
        app.rows("SELECT 1 AS one FROM information_schema.tables WHERE table_name LIKE '%queue%'").await.len(),
        0
    );
}

/// Killed after the receiver took it and before the cursor was written: told again, under the same id.
#[tokio::test]
async fn what_was_taken_by_a_process_that_died_is_told_again_under_the_same_id() {
    let (app, receiver) = (app().await, Receiver::start(|_, _| Reaction::Wait).await);
    // This process sends nothing itself.
    app.core.ledger.heads().close();
    let admin = app.administrator().await;
    let place = examples::checkpoint(&admin, "511802005").await;
    let (path, _) = endpoint(&admin, &body(&receiver)).await;
    screenings(&admin, &place, 0..3).await;
    let mut child = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["webhooks::a_process_that_sends", "--exact", "--ignored"])
        .env("LIANFANG_TEST_SENDS", &app.database_url)
        .env("LIANFANG_TEST_KEYS", cluster_directory().join("keys"))
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    received(&receiver, 1).await;
    // The cursor can't be written while the table is locked; the receiver has taken it all the same.
    let mut lock = AsyncPgConnection::establish(&app.database_url).await.unwrap();
    lock.batch_execute("BEGIN; LOCK TABLE webhook_endpoints IN SHARE MODE").await.unwrap();
    receiver.answer(Reaction::Status(200));
    by_itself(async {
        let waits = "SELECT pid::bigint AS pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
        while app.rows(waits).await.is_empty() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    child.kill().unwrap();
    child.wait().unwrap();
    app.rows("SELECT pg_terminate_backend(pid)::text AS ended FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'").await;
    drop(lock);
    app.sql("DELETE FROM worker_leases").await;
    let second = TestApp::start_over(&app.database_url, &routes::KINDS, |config| config.outbound = seam()).await;
    let all = received(&receiver, 4).await;
    let ids: Vec<&str> = all.iter().map(|one| one.header("webhook-id")).collect();
    assert_eq!(ids[0], ids[1], "the one that was in flight");
    assert_eq!(numbers(&all), [2, 2, 3, 4]);
    until(&admin.at(&second), &path, |one| one["behind"] == 0).await;
    assert_eq!(receiver.all().len(), 4);
}

/// Not a test by itself: a process that sends and is killed.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "run by another test, in a process of its own"]
async fn a_process_that_sends() {
    let Some(database_url) = std::env::var_os("LIANFANG_TEST_SENDS") else { return };
    let config = Config {
        keys_dir: std::env::var_os("LIANFANG_TEST_KEYS").map(Into::into),
        workers: 1,
        database_connections: 4,
        outbound: seam(),
        ..Config::default()
    };
    let core = start::core(config, database_url.to_str().unwrap(), Registry::new(&routes::KINDS)).await.unwrap();
    let listener = lianfang::platform::http::transport::listen("127.0.0.1:0").unwrap();
    let (_stopping, stopped) = tokio::sync::watch::channel(false);
    let _ = serve::server(&core, listener, stopped).unwrap().await;
}

#[tokio::test]
async fn no_address_is_called_that_may_not_be() {
    let receiver = Receiver::start(|_, _| Reaction::Status(200)).await;
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&asked);
    let names = move |_: &str| -> Vec<IpAddr> {
        let lists =
            [vec!["127.0.0.1"], vec!["93.184.216.34", "127.0.0.1"], vec!["::ffff:127.0.0.1"], vec!["10.0.0.1"], vec![]];
        let list = &lists[counter.fetch_add(1, Ordering::SeqCst).min(lists.len() - 1)];
        list.iter().map(|text| text.parse().unwrap()).collect()
    };
    let port = receiver.port;
    let app = TestApp::start_with(move |config| {
        config.webhook_ports = vec![port];
        config.outbound = Seam { loopback: false, names: Some(Arc::new(names)), whole: None };
    })
    .await;
    let admin = app.administrator().await;
    for url in [
        "https://user@host/",
        "http://host/",
        "https://host:22/",
        "https://2130706433/",
        "https://127.1/",
        "https://[::1]/",
        "https://host/#a",
    ] {
        let faults = admin
            .post("/v1/webhook-endpoints", &with(body(&receiver), &json!({"url": url})))
            .await
            .expect(422)
            .faults();
        assert_eq!(faults, [("/url".to_owned(), "url_not_allowed".to_owned())], "{url}");
    }
    let url = format!("https://receiver.test:{port}/");
    let (path, _) = endpoint(&admin, &with(body(&receiver), &json!({"url": url}))).await;
    for _ in 0..5 {
        let refused = admin.send(Method::POST, &format!("{path}:test"), None).await.expect(422);
        assert_eq!((refused.code(), refused.header("webhook-failure")), ("test_failed", "address_not_allowed"));
    }
    assert_eq!(
        (asked.load(Ordering::SeqCst), receiver.connections()),
        (5, 0),
        "judged each time, and nobody was called"
    );
}

#[tokio::test]
async fn nobody_is_followed_elsewhere_and_who_is_gone_is_left() {
    let elsewhere = Receiver::start(|_, _| Reaction::Status(200)).await;
    let location = elsewhere.url();
    let statuses = Arc::new(AtomicUsize::new(302));
    let status = Arc::clone(&statuses);
    let receiver = Receiver::start(move |_, _| match status.load(Ordering::SeqCst) {
        302 => Reaction::Redirect(location.clone()),
        other => Reaction::Status(u16::try_from(other).unwrap()),
    })
    .await;
    let app = app().await;
    let admin = app.administrator().await;
    let place = examples::checkpoint(&admin, "511802005").await;
    let (path, _) = endpoint(&admin, &body(&receiver)).await;
    screenings(&admin, &place, 0..1).await;
    let told = until(&admin, &path, |one| !one["last_failure"].is_null()).await;
    assert_eq!((&told["last_failure"]["reason"], elsewhere.connections()), (&json!("redirected"), 0));
    statuses.store(410, Ordering::SeqCst);
    app.core.clock.shift(TimeDelta::seconds(6));
    let told = until(&admin, &path, |one| one["state"] == "disabled").await;
    assert_eq!(told["state_reason"], "gone");
}

#[tokio::test]
async fn a_slow_receiver_holds_up_nobody_else() {
    let (slow, quick) =
        (Receiver::start(|_, _| Reaction::Drip).await, Receiver::start(|_, _| Reaction::Status(200)).await);
    let app = TestApp::start_with(|config| {
        config.outbound = Seam { whole: Some(Duration::from_secs(2)), ..seam() };
    })
    .await;
    let admin = app.administrator().await;
    let place = examples::checkpoint(&admin, "511802005").await;
    let (path, _) = endpoint(&admin, &body(&slow)).await;
    endpoint(&admin, &body(&quick)).await;
    screenings(&admin, &place, 0..10).await;
    received(&quick, 10).await;
    let told = until(&admin, &path, |one| !one["last_failure"].is_null()).await;
    assert_eq!((&told["last_failure"]["reason"], &told["cursor"]), (&json!("timeout"), &json!(1)));
}

#[tokio::test]
async fn both_secrets_sign_while_they_are_exchanged() {
    let (app, receiver) = (app().await, Receiver::start(|_, _| Reaction::Status(200)).await);
    let admin = app.administrator().await;
    let place = examples::checkpoint(&admin, "511802005").await;
    let (path, made) = endpoint(&admin, &body(&receiver)).await;
    let rotated = admin.post(&format!("{path}:rotate-secret"), &json!({"overlap_minutes": 5})).await.expect(200).body;
    assert_ne!(rotated["secret"], made["secret"]);
    screenings(&admin, &place, 0..1).await;
    let one = received(&receiver, 1).await.pop().unwrap();
    let both = [signature(&rotated["secret"], &one), signature(&made["secret"], &one)];
    assert_eq!(one.header("webhook-signature"), both.join(" "));
    app.core.clock.shift(TimeDelta::minutes(6));
    screenings(&admin, &place, 1..2).await;
    let two = received(&receiver, 2).await.pop().unwrap();
    assert_eq!(two.header("webhook-signature"), signature(&rotated["secret"], &two));
    let (keyed, made) = endpoint(&admin, &with(body(&receiver), &json!({"signing": "v1a"}))).await;
    assert_eq!(made["secret"], Json::Null);
    assert_eq!(admin.post(&format!("{keyed}:rotate-secret"), &json!({})).await.expect(409).code(), "no_secret");
    act(&admin, &keyed, "test").await;
    let three = received(&receiver, 3).await.pop().unwrap();
    let keys = app.nobody().get("/.well-known/webhook-keys.json").await.expect(200).body;
    let decode = |text: &str, prefix: &str| STANDARD.decode(text.strip_prefix(prefix).unwrap()).unwrap();
    let public: [u8; 32] = decode(keys["keys"][0]["public_key"].as_str().unwrap(), "whpk_").try_into().unwrap();
    let signed = ed25519_dalek::Signature::from_slice(&decode(three.header("webhook-signature"), "v1a,")).unwrap();
    let content =
        [format!("{}.{}.", three.header("webhook-id"), three.header("webhook-timestamp")).as_bytes(), &three.raw]
            .concat();
    let public = ed25519_dalek::VerifyingKey::from_bytes(&public).unwrap();
    assert!(ed25519_dalek::Verifier::verify(&public, &content, &signed).is_ok());
    assert_eq!(three.json["type"], "webhook.test");
}

#[tokio::test]
async fn an_endpoint_tells_what_its_owner_may_see_at_that_moment() {
    let app = app().await;
    let is_up = Arc::new(AtomicUsize::new(0));
    let up = Arc::clone(&is_up);
    let receiver =
        Receiver::start(move |_, _| Reaction::Status(if up.load(Ordering::SeqCst) == 1 { 200 } else { 500 })).await;
    let admin = app.administrator().await;
    let (here, there) =
        (examples::checkpoint(&admin, "511802005").await, examples::checkpoint(&admin, "511802114").await);
    let grants = |area: &str| vec![Grant { role: Role::OrgAdmin, area_code: area.into(), org_id: None }];
    let owner = app.actor_of(grants("511802")).await;
    let more = json!({"kinds": ["screenings"]});
    let (path, _) = endpoint(&owner, &with(body(&receiver), &more)).await;
    let paths = screenings(&admin, &here, 0..2).await;
    screenings(&admin, &there, 2..4).await;
    // One that he met leaves what will be his.
    admin.patch(&paths[1], "\"1\"", &json!({"place_id": there})).await.expect(200);
    until(&owner, &path, |one| !one["last_failure"].is_null()).await;
    app.sql(&format!("UPDATE user_grants SET area_code = '511802005' WHERE user_id = '{}'", owner.id)).await;
    app.core.accounts.forget_all();
    is_up.store(1, Ordering::SeqCst);
    act(&owner, &path, "resume").await;
    until(&owner, &path, |one| one["behind"] == 0).await;
    let taken = receiver.taken();
    let told: Vec<(i64, &str)> = taken
        .iter()
        .map(|one| (one.json["data"]["change_no"].as_i64().unwrap(), one.json["type"].as_str().unwrap()))
        .collect();
    assert_eq!(told, [(3, "screenings.created"), (4, "screenings.created"), (7, "screenings.access_revoked")]);
    assert_eq!(taken[2].json["data"]["area_code"], Json::Null);
    // A closed room is told to nobody, whatever he reads.
    let closed = with(body(&receiver), &json!({"kinds": ["counseling_sessions", "dragons"]}));
    let faults = admin.post("/v1/webhook-endpoints", &closed);
    let pointers: Vec<String> = faults.await.expect(422).faults().into_iter().map(|(pointer, _)| pointer).collect();
    assert_eq!(pointers, ["/kinds/0", "/kinds/1"]);
}

#[tokio::test]
async fn closed_rooms_are_told_to_nobody() {
    let (app, receiver) = (app().await, Receiver::start(|_, _| Reaction::Status(200)).await);
    let admin = app.administrator().await;
    let more = json!({"kinds": null, "batch": 100, "payload": "full"});
    let (path, _) = endpoint(&admin, &with(body(&receiver), &more)).await;
    let made = examples::one_of_each(&app, &admin, "511802005").await;
    until(&admin, &path, |one| one["behind"] == 0).await;
    let mut told: BTreeMap<String, usize> = BTreeMap::new();
    for one in receiver.taken() {
        for item in one.json["data"]["items"].as_array().unwrap() {
            *told.entry(item["kind"].as_str().unwrap().to_owned()).or_default() += 1;
        }
    }
    for (kind, ..) in &made {
        assert_eq!(told.contains_key(kind.name), !kind.closed, "{}", kind.name);
    }
    assert!(made.iter().any(|(kind, ..)| kind.closed));
}

#[tokio::test]
async fn a_key_has_endpoints_of_its_own_which_end_with_it() {
    let (app, receiver) = (app().await, Receiver::start(|_, _| Reaction::Status(200)).await);
    let admin = app.administrator().await;
    let place = examples::checkpoint(&admin, "511802005").await;
    let key =
        admin.post("/v1/api-keys", &new_key(&app, "gate_guard", "511802005", &["webhooks"])).await.expect(201).body;
    let reader =
        admin.post("/v1/api-keys", &new_key(&app, "gate_guard", "511802005", &["read"])).await.expect(201).body;
    let (partner, reader) = (holder(&app, &key), holder(&app, &reader));
    assert_eq!(reader.post("/v1/webhook-endpoints", &body(&receiver)).await.expect(403).code(), "key_out_of_scope");
    let guard = app.gate_guard("大兴街道").await;
    guard.post("/v1/webhook-endpoints", &body(&receiver)).await.expect(403);
    let (path, made) = endpoint(&partner, &body(&receiver)).await;
    assert_eq!((&made["key_id"], &made["user_id"]), (&key["id"], &Json::Null));
    let (own, _) = endpoint(&admin, &with(body(&receiver), &json!({"area_code": "511802114"}))).await;
    partner.get(&own).await.expect(404);
    assert_eq!(partner.get("/v1/webhook-endpoints").await.expect(200).body["items"].as_array().unwrap().len(), 1);
    assert_eq!(admin.get("/v1/webhook-endpoints").await.expect(200).body["items"].as_array().unwrap().len(), 2);
    screenings(&admin, &place, 0..1).await;
    received(&receiver, 1).await;
    admin.send(Method::POST, &format!("/v1/api-keys/{}:revoke", key["id"].as_str().unwrap()), None).await.expect(200);
    screenings(&admin, &place, 1..2).await;
    let told = until(&admin, &path, |one| one["state"] == "disabled").await;
    assert_eq!((&told["state_reason"], receiver.all().len()), (&json!("rights_ended"), 1));
    admin.send(Method::DELETE, &path, None).await.expect(204);
    admin.get(&path).await.expect(404);
}

#[tokio::test]
async fn what_was_given_is_sent_again_with_the_same_ids_beside_what_is_new() {
    let (app, receiver) = (app().await, Receiver::start(|_, _| Reaction::Status(200)).await);
    let admin = app.administrator().await;
    let place = examples::checkpoint(&admin, "511802005").await;
    let (path, _) = endpoint(&admin, &body(&receiver)).await;
    screenings(&admin, &place, 0..4).await;
    let first = received(&receiver, 4).await;
    until(&admin, &path, |one| one["behind"] == 0).await;
    let replay = async |body: Json| admin.post(&format!("{path}:replay"), &body).await;
    assert_eq!(replay(json!({"from_change_no": 99})).await.expect(422).faults()[0].1, "not_yet_given");
    assert_eq!(
        replay(json!({"from_change_no": 4, "to_change_no": 3})).await.expect(422).faults()[0].1,
        "invalid_order"
    );
    replay(json!({"from_change_no": 3, "to_change_no": 4})).await.expect(200);
    screenings(&admin, &place, 4..5).await;
    received(&receiver, 7).await;
    let told = until(&admin, &path, |one| one["replay_to_change_no"].is_null() && one["behind"] == 0).await;
    assert_eq!(told["cursor"], 6);
    let mut again: Vec<String> = receiver.all()[4..].iter().map(|one| one.header("webhook-id").to_owned()).collect();
    again.retain(|id| first.iter().any(|one| one.header("webhook-id") == id));
    assert_eq!(again, [first[1].header("webhook-id"), first[2].header("webhook-id")]);
    assert_eq!(receiver.all().len(), 7);
}

#[tokio::test]
async fn a_changed_address_is_tested_before_it_is_used() {
    let (app, receiver) = (app().await, Receiver::start(|_, _| Reaction::Status(200)).await);
    let admin = app.administrator().await;
    let place = examples::checkpoint(&admin, "511802005").await;
    let (path, _) = endpoint(&admin, &with(body(&receiver), &json!({"url": "http://nobody.test:9/"}))).await;
    assert_eq!(admin.send(Method::PATCH, &path, Some("{}".into())).await.expect(428).code(), "if_match_required");
    let changed = admin.patch(&path, "\"1\"", &json!({"url": receiver.url(), "kinds": null})).await.expect(200);
    assert_eq!((&changed.body["state"], changed.header("etag")), (&json!("paused"), "\"2\""));
    assert_eq!(changed.body["kinds"], Json::Null);
    assert_eq!(admin.send(Method::POST, &format!("{path}:resume"), None).await.expect(409).code(), "test_needed");
    admin.patch(&path, "\"1\"", &json!({"batch": 2})).await.expect(412);
    act(&admin, &path, "test").await;
    screenings(&admin, &place, 0..1).await;
    assert_eq!(receiver.all().len(), 1);
    act(&admin, &path, "resume").await;
    until(&admin, &path, |one| one["behind"] == 0).await;
    assert!(receiver.all().len() > 1);
}

/// With a certificate of the district's own authority, and not without.
#[tokio::test]
async fn a_receiver_is_known_by_its_certificate() {
    let (receiver, authority) = Receiver::start_tls("receiver.test", |_, _| Reaction::Status(200)).await;
    let file = std::env::temp_dir().join(format!("lianfang-authority-{}.pem", std::process::id()));
    std::fs::write(&file, authority).unwrap();
    let (trusting, other) = (file.clone(), TestApp::start_with(|config| config.outbound = seam()).await);
    let app =
        TestApp::start_with(move |config| (config.outbound, config.webhook_ca_file) = (seam(), Some(trusting))).await;
    for (app, name, reason) in
        [(&app, "receiver.test", ""), (&app, "another.test", "tls_failed"), (&other, "receiver.test", "tls_failed")]
    {
        let admin = app.administrator().await;
        let url = format!("https://{name}:{}/", receiver.port);
        let (path, _) = endpoint(&admin, &with(body(&receiver), &json!({"url": url}))).await;
        let tested = admin.send(Method::POST, &format!("{path}:test"), None).await;
        assert_eq!(
            (tested.status, tested.header("webhook-failure")),
            (if reason.is_empty() { 200 } else { 422 }, reason),
            "{name}"
        );
    }
    assert_eq!(receiver.all().len(), 1);
    std::fs::remove_file(file).unwrap();
}

#[tokio::test]
async fn a_district_has_fifty_endpoints() {
    let (app, receiver) = (app().await, Receiver::start(|_, _| Reaction::Status(200)).await);
    let admin = app.administrator().await;
    for _ in 0..50 {
        endpoint(&admin, &body(&receiver)).await;
    }
    assert_eq!(admin.post("/v1/webhook-endpoints", &body(&receiver)).await.expect(409).code(), "too_many_endpoints");
}
