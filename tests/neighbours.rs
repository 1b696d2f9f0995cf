//! One caller must not stop the others: beside each hostile one a good client, who notices nothing.

use std::net::SocketAddr;
use std::time::Duration;

use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection};
use kit::catalogue::Code;
use kit::database::DatabaseError;
use kit::problem::Problem;
use lianfang::platform::access::{Grant, Role};
use serde_json::{Value as Json, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};
use uuid::Uuid;

use crate::support::patience::by_itself;
use crate::support::{Actor, TestApp, examples};

async fn say(address: SocketAddr, text: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(text.as_bytes()).await.unwrap();
    stream
}

fn announcement(path: &str, token: &str) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\ncontent-type: application/json\r\n\
         content-length: 1000\r\n\r\n"
    )
}

async fn place(actor: &Actor) -> String {
    let place = json!({"kind": "compound_gate", "name": "北门", "area_code": "511802005001"});
    actor.post("/v1/places", &place).await.expect(201).body["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn silent_bodies_take_nobodys_place() {
    let app = TestApp::start_with(|config| {
        config.requests_at_once = 8;
        config.bodies_per_address = 32;
    })
    .await;
    let admin = app.administrator().await;
    let place = place(&admin).await;
    let password = app.add_user(Uuid::now_v7(), "gate.one", vec![grant()]).await;
    let token = admin.token.clone().unwrap();
    let mut silent = Vec::new();
    for _ in 0..60 {
        silent.push(say(app.address, &announcement("/v1/screenings", &token)).await);
        silent.push(say(app.address, &announcement("/v1/auth/login", "")).await);
    }
    // After a second of grace they take places.
    sleep(Duration::from_millis(1_500)).await;
    assert!((30..=64).contains(&app.core.pressure.arriving()), "{}", app.core.pressure.arriving());
    assert_eq!(app.core.pressure.in_work(), 0, "a request counts when its body is there");
    for number in 0..30 {
        admin.post("/v1/screenings", &examples::screening(&place, number)).await.expect(201);
        admin.get("/v1/places").await.expect(200);
        admin.upload_slowly(app.address, &examples::screening(&place, 100 + number)).await;
    }
    Actor::sign_in(&app, Uuid::nil(), "gate.one", &password).await;
    drop(silent);
}

fn grant() -> Grant {
    Grant { role: Role::GateGuard, area_code: "511802005".into(), org_id: None }
}

impl Actor {
    /// Posts a screening as a phone does on a bad network: the body comes behind the head, in two parts.
    async fn upload_slowly(&self, address: SocketAddr, body: &Json) {
        let body = body.to_string();
        let head = announcement("/v1/screenings", self.token.as_deref().unwrap())
            .replace("content-length: 1000", &format!("content-length: {}", body.len()));
        let mut stream = say(address, &head).await;
        let (first, second) = body.as_bytes().split_at(body.len() / 2);
        for part in [first, second] {
            sleep(Duration::from_millis(10)).await;
            stream.write_all(part).await.unwrap();
        }
        let mut answer = vec![0; 4096];
        let length = timeout(Duration::from_secs(5), stream.read(&mut answer)).await.unwrap().unwrap();
        let answer = String::from_utf8_lossy(&answer[..length]).into_owned();
        assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    }
}

/// Signing in has a bound of its own, both ways.
#[tokio::test]
async fn signing_in_and_work_do_not_keep_each_other_out() {
    use lianfang::platform::http::pressure::Lane;
    let app = TestApp::start_with(|config| config.requests_at_once = 8).await;
    let admin = app.administrator().await;
    let password = app.add_user(Uuid::now_v7(), "gate.one", vec![grant()]).await;
    let work: Vec<_> = (0..8).map(|_| app.core.pressure.enter(Lane::Write).unwrap()).collect();
    Actor::sign_in(&app, Uuid::nil(), "gate.one", &password).await;
    drop(work);
    let _sign_ins: Vec<_> = (0..4).map(|_| app.core.pressure.enter(Lane::SignIn).unwrap()).collect();
    admin.get("/v1/places").await.expect(200);
    let login = json!({"username": "gate.one", "password": password});
    assert_eq!(app.nobody().post("/v1/auth/login", &login).await.expect(503).header("retry-after"), "1");
}

/// A locked clock: the write is refused in two seconds, readiness tells it within one, reads go on.
#[tokio::test]
async fn a_locked_clock_is_told_soon() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let place = place(&admin).await;
    app.nobody().get("/readyz").await.expect(200);
    let mut holder = AsyncPgConnection::establish(&app.database_url).await.unwrap();
    holder.batch_execute("BEGIN; SELECT 1 FROM district_clocks FOR UPDATE").await.unwrap();
    let write = async {
        let refused = admin.post("/v1/screenings", &examples::screening(&place, 1)).await.expect(503);
        assert!(refused.header("retry-after").parse::<u32>().unwrap() >= 1);
    };
    let ready = async {
        sleep(Duration::from_millis(600)).await;
        assert!(!app.nobody().get("/readyz").await.expect(503).header("retry-after").is_empty());
    };
    let all = async { tokio::join!(write, ready, admin.get("/v1/places")) };
    let ((), (), read) = by_itself(all).await;
    read.expect(200);
    holder.batch_execute("ROLLBACK").await.unwrap();
    admin.post("/v1/screenings", &examples::screening(&place, 1)).await.expect(201);
    sleep(Duration::from_millis(600)).await;
    app.nobody().get("/readyz").await.expect(200);
}

/// One district's clock is locked: the others write.
#[tokio::test]
async fn a_locked_clock_does_not_stop_another_district() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let other = app.actor_of(vec![Grant { role: Role::DistrictAdmin, area_code: "511803".into(), org_id: None }]).await;
    let name = |area: &str| json!({"kind": "school", "name": "一小", "area_code": area});
    let mut holder = AsyncPgConnection::establish(&app.database_url).await.unwrap();
    let lock = "BEGIN; SELECT 1 FROM district_clocks WHERE district_code = '511802' FOR UPDATE";
    holder.batch_execute(lock).await.unwrap();
    let (here, there) = (name("511802005"), name("511803"));
    let (locked, free) = tokio::join!(admin.post("/v1/organizations", &here), other.post("/v1/organizations", &there));
    locked.expect(503);
    free.expect(201);
}

/// Requests that wait for a connection wait as long as the setting says, and once.
#[tokio::test]
async fn waiting_for_a_connection_is_not_repeated() {
    let app = TestApp::start_with(|config| {
        config.database_connections = 8;
        config.database_wait_ms = 2_000;
    })
    .await;
    let admin = app.administrator().await;
    admin.get("/v1/places").await.expect(200);
    let mut held = Vec::new();
    for _ in 0..8 {
        held.push(app.core.database.connection().await.unwrap());
    }
    assert_eq!(by_itself(admin.get("/v1/places")).await.expect(503).header("retry-after"), "2");
    drop(held);
    admin.get("/v1/places").await.expect(200);
}

/// A statement that doesn't end: its request is answered in time, and its connection keeps nobody waiting.
#[tokio::test]
async fn a_request_is_answered_within_its_deadline() {
    let app = TestApp::start_with(|config| {
        config.read_deadline_ms = 1_900;
        config.database_connections = 2;
    })
    .await;
    let admin = app.administrator().await;
    let mut holder = AsyncPgConnection::establish(&app.database_url).await.unwrap();
    // `lock_timeout` would end the wait for a lock in two seconds: the deadline is shorter.
    holder.batch_execute("BEGIN; LOCK TABLE places").await.unwrap();
    assert_eq!(by_itself(admin.get("/v1/places")).await.expect(503).header("retry-after"), "5");
    // A machine that is busy with other tests may miss one deadline, not five.
    let mut other = admin.get("/v1/organizations").await;
    for _ in 0..4 {
        if other.status == 503 {
            other = admin.get("/v1/organizations").await;
        }
    }
    holder.batch_execute("ROLLBACK").await.unwrap();
    other.expect(200);
    admin.get("/v1/places").await.expect(200);
}

/// A long poll may wait as long as it asked to.
#[tokio::test]
async fn a_long_poll_outlives_the_deadline_of_a_read() {
    let app = TestApp::start_with(|config| config.read_deadline_ms = 3_000).await;
    let admin = app.administrator().await;
    place(&admin).await;
    let head = admin.get("/v1/ledger/head").await.expect(200).body["head"].clone();
    let since = admin.get("/v1/changes?limit=500").await.expect(200).body["next"].clone();
    assert!(head.is_number());
    let since = since.as_str().map_or_else(|| since.to_string(), str::to_owned);
    admin.get(&format!("/v1/changes?since={since}&wait=4")).await.expect(200);
}

/// Where connections are few, silent ones make room for those that come.
#[tokio::test]
async fn idle_connections_go_first() {
    let app = TestApp::start_with(|config| config.connections_per_worker = 24).await;
    let mut silent = Vec::new();
    for _ in 0..200 {
        silent.push(TcpStream::connect(app.address).await.unwrap());
    }
    for _ in 0..20 {
        by_itself(app.nobody().get("/healthz")).await.expect(200);
    }
    drop(silent);
}

/// Errors of PostgreSQL about a full disk are 503 with `Retry-After`.
#[tokio::test]
async fn a_full_disk_is_no_fault_of_the_service() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    app.sql(
        "CREATE FUNCTION full_disk() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
         RAISE EXCEPTION 'could not extend file \"base/1/2\": No space left on device' USING ERRCODE = 'disk_full'; END $$; \
         CREATE TRIGGER full_disk BEFORE INSERT ON organizations FOR EACH ROW EXECUTE FUNCTION full_disk(); \
         CREATE TRIGGER full_disk BEFORE INSERT ON audit_log FOR EACH ROW EXECUTE FUNCTION full_disk()",
    )
    .await;
    let organization = json!({"kind": "school", "name": "一小", "area_code": "511802005"});
    assert_eq!(admin.post("/v1/organizations", &organization).await.expect(503).header("retry-after"), "60");
    let wrong = json!({"current_password": "not the password", "new_password": "雨城区-防疫指挥部-2020"});
    admin.post("/v1/auth/password", &wrong).await.expect(503);
    app.sql("DROP TRIGGER full_disk ON organizations").await;
    admin.post("/v1/organizations", &organization).await.expect(201);
}

/// Of two transactions that wait for each other the database undoes one: whoever it was of may come again.
#[tokio::test]
async fn a_deadlock_is_no_fault_of_the_service() {
    let app = TestApp::start().await;
    let (mut one, mut other) = (app.connection().await, app.connection().await);
    app.sql("CREATE TABLE one (); CREATE TABLE other ()").await;
    one.batch_execute("BEGIN; LOCK TABLE one").await.unwrap();
    other.batch_execute("BEGIN; LOCK TABLE other").await.unwrap();
    let (first, second) = tokio::join!(one.batch_execute("LOCK TABLE other"), other.batch_execute("LOCK TABLE one"));
    let undone = first.and(second).unwrap_err();
    let problem = Problem::from(DatabaseError::from(undone));
    assert_eq!(problem.code(), Code::UNAVAILABLE, "{problem}");
}

/// Questions to the database who somebody is that wait for the answer. The service's workers read accounts as well:
/// they are none of a caller's questions.
async fn lookups_waiting(app: &TestApp) -> i64 {
    let waiting = "SELECT count(*) AS lookups FROM pg_stat_activity WHERE datname = current_database() \
                   AND wait_event_type = 'Lock' AND query LIKE '%AS grants FROM users AS u%'";
    app.rows(waiting).await.remove(0).integer("lookups").unwrap()
}

/// Forty requests of one caller are one question who he is, and leave the other connections to other people.
#[tokio::test]
async fn many_requests_of_one_caller_look_him_up_once() {
    let app = TestApp::start_with(|config| config.database_connections = 8).await;
    let admin = app.administrator().await;
    let token = admin.token.clone().unwrap();
    app.core.accounts.forget_all();
    // Looking him up takes as long as this is held.
    let mut holder = AsyncPgConnection::establish(&app.database_url).await.unwrap();
    holder.batch_execute("BEGIN; LOCK TABLE users").await.unwrap();
    let mut silent = Vec::new();
    for _ in 0..40 {
        silent.push(say(app.address, &announcement("/v1/screenings", &token)).await);
    }
    let begun = async {
        while lookups_waiting(&app).await == 0 {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(Duration::from_secs(10), begun).await.expect("nobody asked who the caller is");
    sleep(Duration::from_millis(300)).await;
    assert_eq!(lookups_waiting(&app).await, 1);
    holder.batch_execute("ROLLBACK").await.unwrap();
    admin.get("/v1/places").await.expect(200);
    drop(silent);
}
