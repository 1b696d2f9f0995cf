//! Rotation of the key of personal data: everything is sealed again while others write, at whatever moment it is broken off;
//! nothing that anybody sees changes, and nothing is lost.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use diesel_async::SimpleAsyncConnection;
use lianfang::integrity::rotation::{Rotated, RotationError, Told, borne, retire, rotate};
use lianfang::integrity::verify;
use lianfang::platform::access::Role;
use lianfang::platform::privacy::numbered::Purpose;
use lianfang::server::routes;
use lianfang::server::start::{self, StartError};
use regex::Regex;
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::attachments::{attach, inspection};
use crate::imports::import;
use crate::purge::{Later, dump, written};
use crate::support::dumps::Scratch;
use crate::support::patience::by_itself;
use crate::support::process::BINARY;
use crate::support::{Actor, TestApp, examples, fake_resident_id, fresh_database, pictures};
use crate::sync::{amend, create, outcomes, push};

/// A service with keys of its own.
pub async fn with_keys(database_url: &str, keys: &Scratch) -> TestApp {
    let directory = keys.0.join("keys");
    TestApp::start_over(database_url, &routes::KINDS, |config| config.keys_dir = Some(directory)).await
}

fn key_file(keys: &Scratch, number: u32) -> PathBuf {
    keys.0.join(format!("keys/data-{number}.key"))
}

/// Envelopes with content anywhere in the database that bear a key, by tables: whatever looks like one in hexadecimal.
async fn bearing(app: &TestApp, number: u32) -> BTreeMap<String, usize> {
    let envelope = Regex::new(&format!("01[0-9a-f]{{64}}01{number:08x}[0-9a-f]{{56}}")).unwrap();
    let found = dump(app).await.into_iter().map(|(name, text)| (name, envelope.find_iter(&text).count()));
    found.filter(|(_, count)| *count > 0).collect()
}

async fn rotated(app: &TestApp) -> Rotated {
    let mut told = Vec::new();
    let mut tell = |now: Told<'_>| {
        if let Told::Written(done, total) = now {
            told.push((done, total));
        }
    };
    let rotated = rotate(&app.core, &app.database_url, Purpose::Data, &mut tell).await.unwrap();
    assert!(told.iter().all(|(done, total)| done <= total) && told.is_sorted(), "{told:?}");
    rotated
}

pub async fn found(actor: &Actor, sought: &Json) -> Vec<Json> {
    let page = actor.post("/v1/people:search", sought).await.expect(200).body;
    page["items"].as_array().unwrap().iter().map(|person| person["id"].clone()).collect()
}

pub fn person(sequence: u32) -> Json {
    json!({"name": "王五", "document_number": fake_resident_id(sequence), "phone": format!("154{sequence:08}"), "area_code": "511802005"})
}

/// Writes sealed values beside records: of phones, files, accounts.
pub async fn written_beside(app: &TestApp, admin: &Actor) {
    let guard = app.gate_guard("大兴街道").await;
    let place = examples::checkpoint(admin, "511802005").await;
    let mut nowhere = create(&place, 900);
    nowhere["body"]["place_id"] = json!(Uuid::now_v7());
    let first = create(&place, 901);
    assert_eq!(outcomes(&push(&guard, json!([nowhere, first])).await), ["held", "created"]);
    let path = format!("/v1/screenings/{}", first["id"].as_str().unwrap());
    let tag = admin.get(&path).await.expect(200).header("etag").to_owned();
    admin.patch(&path, &tag, &json!({"temperature_c": "36.9"})).await.expect(200);
    push(&guard, json!([amend(&first["id"], 1, json!({"temperature_c": "37.1"}))])).await;
    let sheet = format!("卡点,方向,发生时间,人员.姓名\r\n{place},哪里,2020年2月1日 8:00,张三\r\n");
    let told = import(admin, "screenings", "", "text/csv", sheet.into_bytes()).await;
    assert_eq!(told["counts"]["refused"], 1, "{told}");
    let password = app.add_user(Uuid::now_v7(), "device.user", Vec::new()).await;
    let login = json!({"username": "device.user", "password": password, "device_id": "老王的手机"});
    app.nobody().post("/v1/auth/login", &login).await.expect(200);
    let roles = json!([{"role": "gate_guard", "area_code": "511802005"}]);
    let user = json!({"username": "phone.guard", "display_name": "电话", "phone": "15412345678", "roles": roles});
    admin.post("/v1/users", &user).await.expect(201);
}

const ENTRIES: [&str; 2] = ["ledger_entries", "ledger_changes"];

/// Reads all that must be the same afterwards: numbers, digests, figures.
pub async fn counted(app: &TestApp) -> BTreeMap<String, String> {
    let mut all = dump(app).await;
    all.retain(|name, _| name.ends_with("rollups") || name.ends_with("presences") || ENTRIES.contains(&name.as_str()));
    for kind in routes::KINDS.iter() {
        let digests = format!(
            "SELECT string_agg(id || ' ' || revision || ' ' || encode(digest, 'hex'), ' ' ORDER BY id) AS text FROM {}",
            kind.name
        );
        all.insert(format!("{} digests", kind.name), app.rows(&digests).await[0].text("text").unwrap_or_default());
    }
    all
}

#[tokio::test]
async fn everything_is_sealed_again_and_nothing_changes() {
    let (keys, url) = (Scratch::new(), fresh_database().await);
    let app = with_keys(&url, &keys).await;
    let admin = app.administrator().await;
    written(&app, &admin).await;
    written_beside(&app, &admin).await;
    let (picture, reply) = attach(&admin, &inspection(&admin).await, "image/jpeg", &pictures::jpeg(60, 40)).await;
    assert_eq!(reply.status, 204);
    let somebody = admin.post("/v1/people", &person(77)).await.expect(201).body;
    let reveal = format!("/v1/people/{}:reveal", somebody["id"].as_str().unwrap());
    admin.post(&reveal, &json!({"purpose": "medical_follow_up", "reason": "回访"})).await.expect(200);
    let purged = Later::of(&app).await.purged("disinfections").await;
    assert_eq!(purged.len(), 1);
    // Duties that are due by now are written by a worker, whenever its turn comes: none does from here on.
    app.sql("UPDATE worker_leases SET holder = gen_random_uuid(), held_until = now() + interval '1 day'").await;
    let cut = "SELECT count(*) AS count FROM disinfections WHERE octet_length(personal) = 41";
    let cut_before = app.rows(cut).await[0].integer("count").unwrap();
    assert!(cut_before > 0);
    let first = bearing(&app, 1).await;
    assert!(first.len() > 50 && first.contains_key("audit_log"), "{first:?}");
    for table in ["held_items", "sync_conflicts", "import_faults", "users", "sessions", "purges", "record_revisions"] {
        assert!(first.contains_key(table), "{table}: {first:?}");
    }
    let before = counted(&app).await;
    // The one of years later is gone, and nobody waits for it.
    app.sql("DELETE FROM key_holders").await;

    let done = rotated(&app).await;
    assert_eq!((done.key.as_str(), done.left), ("data-2", 0));
    assert_eq!(bearing(&app, 1).await, BTreeMap::new());
    let second = bearing(&app, 2).await;
    assert!(first.iter().all(|(table, count)| second[table] >= *count), "{first:?} {second:?}");
    for (name, counted) in counted(&app).await {
        assert!(counted == before[&name], "{name}");
    }
    assert_eq!(app.rows(cut).await[0].integer("count"), Some(cut_before), "what was purged stays purged");
    let of_all = borne(&app.core, &url, Purpose::Data).await.unwrap();
    assert_eq!(of_all.keys().collect::<Vec<_>>(), [&2], "{of_all:?}");
    assert!(done.written > 100 && done.written <= of_all[&2], "each once: {done:?} {of_all:?}");
    verify(&app.core, |_, _| {}).await.unwrap();
    for sought in [json!({"document_number": fake_resident_id(77)}), json!({"phone": "15400000077"})] {
        assert_eq!(found(&admin, &sought).await, [somebody["id"].clone()], "{sought}");
    }
    let (status, _, bytes) = admin.download(&format!("{picture}/content")).await;
    assert!(status == 200 && bytes.starts_with(b"\xff\xd8\xff"));
    let trail = admin.get("/v1/audit?verb=keys.rotate").await;
    assert!(trail.status == 200, "{}", trail.body);

    // Again: nothing is half done, so one more key follows.
    assert_eq!(rotated(&app).await.key, "data-3");
    assert_eq!(bearing(&app, 2).await, BTreeMap::new());
    verify(&app.core, |_, _| {}).await.unwrap();
}

#[tokio::test]
async fn others_write_and_read_meanwhile() {
    let (keys, url) = (Scratch::new(), fresh_database().await);
    let (app, other) = (with_keys(&url, &keys).await, with_keys(&url, &keys).await);
    let admin = app.administrator().await;
    let there = admin.at(&other);
    for sequence in 0..30 {
        admin.post("/v1/people", &person(sequence)).await.expect(201);
    }
    let done = AtomicBool::new(false);
    let writing = async {
        let mut made = Vec::new();
        for sequence in 100.. {
            let (one, another) = if sequence % 2 == 0 { (&admin, &there) } else { (&there, &admin) };
            let created = one.post("/v1/people", &person(sequence)).await.expect(201).body;
            let path = format!("/v1/people/{}", created["id"].as_str().unwrap());
            let read = another.get(&path).await.expect(200);
            assert_eq!(read.body["name"], created["name"], "what one seals the other one reads");
            let amended = json!({"note": format!("第{sequence}次")});
            another.patch(&path, read.header("etag"), &amended).await.expect(200);
            made.push((sequence, created["id"].clone()));
            if done.load(Ordering::SeqCst) {
                return made;
            }
        }
        made
    };
    let rotating = async {
        let rotated = rotated(&app).await;
        done.store(true, Ordering::SeqCst);
        rotated
    };
    let (rotated, made) = tokio::join!(rotating, writing);
    assert_eq!((rotated.key.as_str(), rotated.left), ("data-2", 0));
    assert!(made.len() > 5, "{}", made.len());
    assert_eq!((app.core.sealer.seals_with(), other.core.sealer.seals_with()), (2, 2));
    assert_eq!(bearing(&app, 1).await, BTreeMap::new());
    // Searches are limited, an hour's worth of them.
    for (sequence, id) in made.into_iter().rev().take(5) {
        assert_eq!(found(&there, &json!({"document_number": fake_resident_id(sequence)})).await, [id]);
    }
    verify(&other.core, |_, _| {}).await.unwrap();
}

/// The command, as its own process.
pub fn command(url: &str, keys: &Scratch, arguments: &[&str]) -> Command {
    let mut command = Command::new(BINARY);
    command.arg("keys").args(arguments).arg("--keys-dir").arg(keys.0.join("keys")).env("DATABASE_URL", url);
    command.env("LC_ALL", "C").env("LIANFANG_ATTACHMENTS_DIR", keys.0.join("files")).current_dir(&keys.0);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command
}

/// Runs a command to its end, the services of this process going on meanwhile.
pub async fn outcome(mut command: Command) -> std::process::Output {
    tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
}

/// Waits until a condition of the database holds, then kills.
pub async fn kill_when(app: &TestApp, mut child: Child, holds: &str) {
    by_itself(async {
        while app.rows(&format!("SELECT 1::bigint AS one WHERE {holds}")).await.is_empty() {
            assert!(child.try_wait().unwrap().is_none(), "it ended before: {holds}");
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
    })
    .await;
    child.kill().unwrap();
    child.wait().unwrap();
}

pub fn state(name: &str, state: &str) -> String {
    format!("EXISTS (SELECT FROM key_fingerprints WHERE name = '{name}' AND state = '{state}')")
}

#[tokio::test]
async fn it_is_killed_at_every_step_and_goes_on() {
    let (keys, url) = (Scratch::new(), fresh_database().await);
    let app = with_keys(&url, &keys).await;
    let admin = app.administrator().await;
    let somebody = admin.post("/v1/people", &person(5)).await.expect(201);
    let path = format!("/v1/people/{}", somebody.body["id"].as_str().unwrap());
    admin.patch(&path, somebody.header("etag"), &json!({"note": "已联系"})).await.expect(200);
    // A process that is there and does nothing of what it should: the command waits for it.
    let stand_in = |data_keys: &str, seals_with: u32| {
        format!(
            "INSERT INTO key_holders VALUES ('00000000-0000-0000-0000-000000000001', 'elsewhere', 7, '{data_keys}', {seals_with}, now() + interval '1 hour') ON CONFLICT (id) DO UPDATE SET data_keys = excluded.data_keys"
        )
    };
    app.sql(&stand_in("[1]", 1)).await;
    let child = command(&url, &keys, &["rotate", "data"]).spawn().unwrap();
    kill_when(&app, child, &state("data-2", "announced")).await;
    let made = std::fs::read(key_file(&keys, 2)).unwrap();
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(app.core.sealer.reads(), [1, 2], "a running service knows it");
    assert_eq!((app.core.sealer.seals_with(), bearing(&app, 2).await.len()), (1, 0), "and nothing is sealed with it");

    app.sql(&stand_in("[1, 2]", 1)).await;
    let child = command(&url, &keys, &["rotate", "data"]).spawn().unwrap();
    kill_when(&app, child, &state("data-2", "current")).await;
    app.sql("DELETE FROM key_holders WHERE host = 'elsewhere'").await;
    assert_eq!(std::fs::read(key_file(&keys, 2)).unwrap(), made, "no second one is made");

    // Somebody holds the history: records are done, their former revisions aren't.
    let mut held = app.connection().await;
    held.batch_execute("BEGIN; SELECT 1 FROM record_revisions FOR UPDATE").await.unwrap();
    let child = command(&url, &keys, &["rotate", "data"]).spawn().unwrap();
    let in_the_middle = "NOT EXISTS (SELECT FROM people WHERE get_byte(personal, 37) = 1) AND EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE 'UPDATE record_revisions%')";
    kill_when(&app, child, in_the_middle).await;
    held.batch_execute("ROLLBACK").await.unwrap();
    let half = bearing(&app, 1).await;
    assert!(half.contains_key("record_revisions") && !half.contains_key("people"), "{half:?}");
    admin.post("/v1/people", &person(6)).await.expect(201);
    verify(&app.core, |_, _| {}).await.unwrap();

    let mut last = command(&url, &keys, &["rotate", "data", "--json"]);
    last.stdout(Stdio::piped());
    let output = outcome(last).await;
    let told: Json = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&told["key"], &told["left"]), (&json!("data-2"), &json!(0)), "{told}");
    assert_eq!(bearing(&app, 1).await, BTreeMap::new());
    assert_eq!(found(&admin, &json!({"document_number": fake_resident_id(5)})).await.len(), 1);
    let revisions = admin.get(&format!("{path}/revisions")).await.expect(200).body;
    assert_eq!(revisions["items"].as_array().unwrap().len(), 2, "{revisions}");
    verify(&app.core, |_, _| {}).await.unwrap();
    retired_at_last(&app, &url, &keys).await;
}

/// The former key goes when nothing bears it, nobody seals with it, and that for an hour.
async fn retired_at_last(app: &TestApp, url: &str, keys: &Scratch) {
    let too_soon = retire(&app.core, url).await.unwrap_err();
    assert!(matches!(too_soon, RotationError::TooSoon(_)), "{too_soon}");
    let an_hour_later =
        "UPDATE key_fingerprints SET changed_at = changed_at - interval '61 minutes' WHERE state = 'left'";
    app.sql(an_hour_later).await;
    let stray =
        "UPDATE people SET personal = set_byte(personal, 37, 1) WHERE id = (SELECT min(id::text)::uuid FROM people)";
    app.sql(stray).await;
    let borne = retire(&app.core, url).await.unwrap_err();
    assert!(matches!(borne, RotationError::Borne(_, 1, Purpose::Data)), "{borne}");
    app.sql(&stray.replace("37, 1", "37, 2")).await;
    assert_eq!(rotated(app).await, Rotated { key: "data-2".to_owned(), written: 0, left: 0 });
    app.sql(an_hour_later).await;
    let listed = |output: std::process::Output| -> Json { serde_json::from_slice(&output.stdout).unwrap() };
    let list = || listed(command(url, keys, &["list", "--json"]).stdout(Stdio::piped()).output().unwrap());
    let before = list();
    assert_eq!(before["keys"].as_array().unwrap().len(), 5, "{before}");
    let output = command(url, keys, &["retire", "--json"]).stdout(Stdio::piped()).output().unwrap();
    assert_eq!(listed(output), json!({"retired": ["data-1"]}));
    assert!(!key_file(keys, 1).exists() && key_file(keys, 2).exists());
    let after = list();
    let state = |name: &str| {
        let all = after["keys"].as_array().unwrap();
        all.iter().find(|key| key["key"] == name).unwrap()["state"].as_str().unwrap().to_owned()
    };
    assert_eq!(
        (state("data-1"), state("data-2"), state("identity")),
        ("retired".into(), "current".into(), "permanent".into())
    );
    assert!(!key_file(keys, 1).exists(), "no start makes it anew");
    let again = with_keys(url, keys).await;
    assert_eq!((again.core.sealer.reads(), again.core.sealer.seals_with()), (vec![2], 2));
    let output = command(url, keys, &["rotate", "identity"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "the others stay");
}

#[tokio::test]
async fn a_start_without_the_key_or_with_another_is_refused() {
    let (keys, url) = (Scratch::new(), fresh_database().await);
    let app = with_keys(&url, &keys).await;
    let admin = app.administrator().await;
    admin.post("/v1/people", &person(9)).await.expect(201);
    rotated(&app).await;
    let config = app.core.config.clone();
    for number in [1, 2] {
        let (file, aside) = (key_file(&keys, number), keys.0.join("aside"));
        std::fs::rename(&file, &aside).unwrap();
        let Err(refused) = start::core(config.clone(), &url, routes::kinds()).await else { panic!("data-{number}") };
        let sentence = refused.to_string();
        assert!(matches!(refused, StartError::Keys(_)) && sentence.contains(&format!("data-{number}")), "{sentence}");
        assert!(!file.exists(), "none is made in its place");
        std::fs::copy(keys.0.join("keys/identity.key"), &file).unwrap();
        let Err(refused) = start::core(config.clone(), &url, routes::kinds()).await else { panic!("data-{number}") };
        assert!(refused.to_string().contains("is not the one"), "{refused}");
        std::fs::rename(&aside, &file).unwrap();
    }
    start::core(config, &url, routes::kinds()).await.map(drop).unwrap();
}

/// A process whose folder lacks the new key isn't given anything sealed with it; it says so, and isn't ready.
#[tokio::test]
async fn nothing_is_sealed_before_all_have_the_key() {
    let (keys, others, url) = (Scratch::new(), Scratch::new(), fresh_database().await);
    let app = with_keys(&url, &keys).await;
    let admin = app.administrator().await;
    std::fs::create_dir_all(others.0.join("keys")).unwrap();
    for file in std::fs::read_dir(keys.0.join("keys")).unwrap() {
        let path = file.unwrap().path();
        std::fs::copy(&path, others.0.join("keys").join(path.file_name().unwrap())).unwrap();
    }
    let apart = with_keys(&url, &others).await;
    let child = command(&url, &keys, &["rotate", "data"]).spawn().unwrap();
    by_itself(async {
        while apart.nobody().get("/readyz").await.status == 200 {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    })
    .await;
    admin.post("/v1/people", &person(3)).await.expect(201);
    assert!(bearing(&app, 2).await.is_empty());
    assert_eq!((app.core.sealer.reads(), apart.core.sealer.reads()), (vec![1, 2], vec![1]));
    std::fs::copy(key_file(&keys, 2), key_file(&others, 2)).unwrap();
    let output = tokio::task::spawn_blocking(move || child.wait_with_output().unwrap()).await.unwrap();
    assert!(output.status.success());
    assert_eq!((bearing(&app, 1).await, apart.core.sealer.seals_with()), (BTreeMap::new(), 2));
    let there = apart.actor(Role::DistrictAdmin, "雨城区").await;
    assert_eq!(found(&there, &json!({"document_number": fake_resident_id(3)})).await.len(), 1);
    assert_eq!(apart.nobody().get("/readyz").await.status, 200);
}

/// Columns of bytes that are no envelopes.
const NO_ENVELOPES: [&str; 12] = [
    "digest",
    "document_blind_index",
    "phone_blind_index",
    "name_blind_index",
    "plate_blind_index",
    "device_blind_index",
    "endpoint_hash",
    "fingerprint",
    "head",
    "ids_digest",
    "item_hash",
    "key_hash",
];
/// The same, of hashes.
const HASHES: [&str; 4] = ["request_digest", "secret_hash", "submission_digest", "token_hash"];

#[tokio::test]
async fn every_column_of_bytes_is_sealed_again_or_says_why_not() {
    let app = TestApp::start().await;
    let columns = "SELECT table_name::text AS name, column_name::text AS column FROM information_schema.columns JOIN information_schema.tables AS t USING (table_schema, table_name) WHERE table_schema = 'public' AND t.table_type = 'BASE TABLE' AND data_type = 'bytea'";
    let kinds: Vec<&str> = routes::KINDS.iter().map(|kind| kind.name).collect();
    let mut found = Vec::new();
    for mut row in app.rows(columns).await {
        let (name, column) = (row.text("name").unwrap(), row.text("column").unwrap());
        let is_record = column == "personal" && kinds.contains(&name.as_str());
        if !is_record && !NO_ENVELOPES.contains(&column.as_str()) && !HASHES.contains(&column.as_str()) {
            found.push((name, column));
        }
    }
    let known = lianfang::integrity::rotation::columns();
    found.sort();
    let mut known: Vec<(String, String)> = known.map(|(table, column)| (table.to_owned(), column.to_owned())).collect();
    known.sort();
    assert_eq!(found, known);
}
