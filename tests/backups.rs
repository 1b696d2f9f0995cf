//! Restore drills, as DEPLOYMENT.md describes them: what was dumped comes back, and holds.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use lianfang::integrity::verify;
use lianfang::platform::privacy::keys::Keys;
use lianfang::server::routes;
use serde_json::{Value as Json, json};

use crate::support::dumps::{Scratch, back_up, require_success, restore};
use crate::support::process::BINARY;
use crate::support::{Actor, TestApp, cluster_directory, examples, fake_resident_id};

const DISTRICT: &str = "511802";
const AREA: &str = "511802005";

/// The keys of every service of this run.
fn keys() -> PathBuf {
    cluster_directory().join("keys")
}

/// The binary over a database, with these keys.
fn lianfang(command: &str, url: &str, keys: &Path) -> Output {
    let listen = if command == "serve" { &["--listen", "127.0.0.1:0"][..] } else { &[] };
    // One that starts although it shouldn't would serve for ever.
    let mut process = Command::new("timeout");
    process.args(["30", BINARY, command, "--json", "--database-url", url, "--keys-dir"]).arg(keys).args(listen);
    // Settings of whoever runs the tests, in the environment or the folder, are not the drill's.
    process.env_remove("DATABASE_URL").current_dir("/").output().unwrap()
}

/// Writes some of every kind, amends and voids; the paths of what was written.
async fn written(admin: &Actor) -> Vec<String> {
    let mut paths = Vec::new();
    for kind in ["organizations", "places", "people", "screenings"] {
        let mut body = examples::of_kind(kind);
        if kind == "screenings" {
            body = examples::screening(&examples::checkpoint(admin, AREA).await, 1);
            body["vehicle"] = json!({"plate_number": "川T12345"});
        }
        paths.push(admin.post(&format!("/v1/{kind}"), &body).await.expect(201).header("location").to_owned());
    }
    let screening = paths.last().unwrap().clone();
    admin.patch(&screening, "\"1\"", &json!({"temperature_c": "38.0"})).await.expect(200);
    admin.post(&format!("{}:void", paths[0]), &json!({"reason": "x"})).await.expect(200);
    paths.push(format!("{screening}/revisions"));
    paths.push("/v1/changes?since=0&limit=500".into());
    paths.push("/v1/ledger/head".into());
    paths.push(format!("/v1/places?area_code={AREA}"));
    paths
}

/// Answers to each path, with their tags.
async fn answers(actor: &Actor, paths: &[String]) -> Vec<(String, String, Json)> {
    let mut answers = Vec::new();
    for path in paths {
        let reply = actor.get(path).await.expect(200);
        answers.push((path.clone(), reply.header("etag").to_owned(), reply.body));
    }
    answers
}

#[tokio::test]
async fn a_restored_dump_holds_and_reads_back_the_same() {
    let (scratch, app) = (Scratch::new(), TestApp::start().await);
    let admin = app.administrator().await;
    let paths = written(&admin).await;
    let (before, counted) = (answers(&admin, &paths).await, verify(&app.core, |_, _| {}).await.unwrap());
    let file = back_up(&app.database_url, &scratch.0);
    // Records written after the dump are not in it.
    let later = json!({"name": "x", "phone": "15400000099", "area_code": AREA});
    let lost = admin.post("/v1/people", &later).await.expect(201).header("location").to_owned();
    drop(app);

    let url = restore(&file).await;
    let output = lianfang("verify", &url, &keys());
    require_success("verify", &output);
    let verified: Json = serde_json::from_slice(&output.stdout).unwrap();
    let expected = [counted.districts, counted.entries, counted.revisions, counted.figures];
    assert_eq!(["districts", "entries", "revisions", "figures"].map(|name| verified[name].as_u64().unwrap()), expected);
    assert!(counted.revisions >= 8, "{counted:?}");

    let restored = TestApp::start_over(&url, &routes::KINDS, |_| {}).await;
    // Signed in before the dump, signed in after it: sessions are in the dump, their keys in the keys directory.
    let admin = admin.at(&restored);
    assert_eq!(answers(&admin, &paths).await, before);
    admin.get(&lost).await.expect(404);
    let head = before.iter().find(|(path, ..)| path == "/v1/ledger/head").unwrap().2["head"].as_i64().unwrap();
    let again = admin.post("/v1/people", &later).await.expect(201);
    assert_eq!(again.body["change_no"], head + 1, "the ledger goes on where the dump ended");
    // The register finds whom it knew: the keys of the search are the same.
    let known = json!({"name": "王五", "document_type": "resident_id", "document_number": fake_resident_id(1), "area_code": AREA});
    admin.post("/v1/people", &known).await.expect(200);
    verify(&restored.core, |_, _| {}).await.unwrap();

    // It was this database that held: altered, it holds no longer, and the command says so.
    restored.sql("UPDATE screenings SET temperature_c = 36.9").await;
    let output = lianfang("verify", &url, &keys());
    let sentence = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{sentence}");
    assert!(sentence.contains("was altered"), "{sentence}");
}

#[tokio::test]
async fn a_restored_dump_is_not_opened_with_other_keys() {
    let (scratch, app) = (Scratch::new(), TestApp::start().await);
    written(&app.administrator().await).await;
    let file = back_up(&app.database_url, &scratch.0);
    drop(app);
    let url = restore(&file).await;
    let (none, others, half) = (scratch.0.join("none"), scratch.0.join("others"), scratch.0.join("half"));
    Keys::load_or_create(&others, |_| false).map(drop).unwrap();
    // The right keys but for one: the mix-up of two districts' backups.
    std::fs::create_dir(&half).unwrap();
    for entry in std::fs::read_dir(keys()).unwrap() {
        let path = entry.unwrap().path();
        std::fs::copy(&path, half.join(path.file_name().unwrap())).unwrap();
    }
    std::fs::copy(others.join("blind-index-1.key"), half.join("blind-index-1.key")).unwrap();
    for (directory, told) in [
        (&none, "the key `data-1` that this database was written with is missing"),
        (&others, "the key `data-1` in the keys directory is not the one"),
        (&half, "the key `blind-index-1` in the keys directory is not the one"),
    ] {
        for command in ["serve", "verify"] {
            let output = lianfang(command, &url, directory);
            let sentence = String::from_utf8_lossy(&output.stderr).into_owned();
            assert_eq!(output.status.code(), Some(3), "{command}: {sentence}");
            assert!(sentence.contains(told) && sentence.contains("--keys-dir"), "{command}: {sentence}");
        }
    }
    // Being refused left nothing behind that would refuse the right ones.
    require_success("verify", &lianfang("verify", &url, &keys()));
}

/// Journal of what writers were told: ids by the number they got.
type Journal = Arc<Mutex<BTreeMap<i64, String>>>;

/// Posts screenings one after the other until told to stop.
async fn write(actor: Actor, place: String, writer: u32, stop: Arc<AtomicBool>, journal: Journal) {
    let mut sequence = writer * 10_000;
    while !stop.load(Ordering::Relaxed) {
        sequence += 1;
        let reply = actor.post("/v1/screenings", &examples::screening(&place, sequence)).await.expect(201);
        let id = reply.body["id"].as_str().unwrap().to_owned();
        let number = reply.body["change_no"].as_i64().unwrap();
        assert_eq!(journal.lock().unwrap().insert(number, id), None, "the number {number} was given twice");
    }
}

/// Waits until the writers were told of so many records more.
async fn more(journal: &Journal, count: usize) {
    let goal = journal.lock().unwrap().len() + count;
    let grown = async {
        while journal.lock().unwrap().len() < goal {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), grown).await.expect("the writers came to a halt");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dump_taken_under_writers_is_one_moment_of_the_ledger() {
    let (scratch, app) = (Scratch::new(), TestApp::start().await);
    let admin = app.administrator().await;
    let place = examples::checkpoint(&admin, AREA).await;
    let (stop, journal) = (Arc::new(AtomicBool::new(false)), Journal::default());
    let writers: Vec<_> = (0..8)
        .map(|writer| tokio::spawn(write(admin.clone(), place.clone(), writer, Arc::clone(&stop), journal.clone())))
        .collect();
    more(&journal, 40).await;
    let acknowledged = journal.lock().unwrap().clone();
    let (url, into) = (app.database_url.clone(), scratch.0.clone());
    let file = tokio::task::spawn_blocking(move || back_up(&url, &into)).await.unwrap();
    let during = journal.lock().unwrap().len() - acknowledged.len();
    // Some that are surely later than the dump.
    more(&journal, 16).await;
    stop.store(true, Ordering::Relaxed);
    for writer in writers {
        writer.await.unwrap();
    }
    // How many depends on the machine; that there are some makes it a dump under writers.
    assert!(during > 0, "nothing was written while the dump was taken");

    let restored = TestApp::start_over(&restore(&file).await, &routes::KINDS, |_| {}).await;
    let verified = verify(&restored.core, |_, _| {}).await.unwrap();
    let selects = ["organizations", "places", "people", "screenings", "record_revisions"]
        .map(|table| format!("SELECT change_no FROM {table} WHERE district_code = '{DISTRICT}'"));
    let numbers = column(
        &restored,
        &format!("SELECT DISTINCT change_no AS n FROM ({}) AS t ORDER BY 1", selects.join(" UNION ALL ")),
    )
    .await;
    let heads =
        column(&restored, &format!("SELECT last_no AS n FROM district_clocks WHERE district_code = '{DISTRICT}'"))
            .await;
    assert_eq!(numbers, (1..=heads[0]).collect::<Vec<_>>(), "gapless up to the head");
    assert!(verified.revisions > heads[0] as u64, "each screening brought a person under its number");

    // Up to the head everything that was acknowledged, beyond it nothing.
    let newest = *acknowledged.keys().next_back().unwrap();
    let written = journal.lock().unwrap().clone();
    assert!((newest..*written.keys().next_back().unwrap()).contains(&heads[0]), "{newest} {heads:?}");
    for (number, id) in &written {
        let expected = if *number <= heads[0] { 200 } else { 404 };
        let reply = admin.at(&restored).get(&format!("/v1/screenings/{id}")).await;
        assert_eq!(reply.status, expected, "number {number}, head {heads:?}");
    }
}

async fn column(app: &TestApp, sql: &str) -> Vec<i64> {
    app.rows(sql).await.into_iter().map(|mut row| row.integer("n").unwrap()).collect()
}

/// Readers that followed the ledger beyond what was restored are told, also once it has passed their number again.
#[tokio::test]
async fn readers_of_before_a_restore_begin_anew() {
    let (scratch, app) = (Scratch::new(), TestApp::start().await);
    let admin = app.administrator().await;
    let place = examples::checkpoint(&admin, AREA).await;
    let screen = async |admin: &Actor, sequence: u32| {
        admin.post("/v1/screenings", &examples::screening(&place, sequence)).await.expect(201);
    };
    let head = async |admin: &Actor| {
        let page = admin.get("/v1/changes?since=0&limit=500").await.expect(200).body;
        assert_eq!(page["next"], page["head"]);
        (page["next"].as_i64().unwrap(), page["next_since"].as_str().unwrap().to_owned())
    };
    screen(&admin, 1).await;
    let (_, kept) = head(&admin).await;
    let file = back_up(&app.database_url, &scratch.0);
    for sequence in 2..5 {
        screen(&admin, sequence).await;
    }
    let (lost_number, lost) = head(&admin).await;
    // Nothing was restored here: both forms are taken, and a stream too.
    admin.get(&format!("/v1/changes?since={lost_number}")).await.expect(200);
    admin.get(&format!("/v1/changes?since={lost}")).await.expect(200);
    admin.get("/v1/changes?since=1.000000000000000000000000").await.expect(410);
    for wrong in ["x", "1.", "1.zz", "9223372036854775808", "-1", ""] {
        admin.get(&format!("/v1/changes?since={wrong}")).await.expect(400);
    }
    drop(app);

    let restored = TestApp::start_over(&restore(&file).await, &routes::KINDS, |_| {}).await;
    let admin = admin.at(&restored);
    assert_eq!(admin.get(&format!("/v1/changes?since={lost}")).await.expect(410).code(), "resync_required");
    for sequence in 10..20 {
        screen(&admin, sequence).await;
    }
    let (now, newest) = head(&admin).await;
    assert!(now > lost_number, "the ledger has passed the reader");
    for since in [lost.clone(), lost_number.to_string(), "1".to_owned()] {
        admin.get(&format!("/v1/changes?since={since}")).await.expect(410);
        assert_eq!(admin.stream(&format!("/v1/changes/stream?since={since}")).await.status(), 410);
    }
    assert_eq!(admin.with("last-event-id", &lost).stream("/v1/changes/stream").await.status(), 410);
    let since_kept = admin.get(&format!("/v1/changes?since={kept}&limit=500")).await.expect(200).body;
    assert_eq!(since_kept["items"].as_array().unwrap().iter().filter(|item| item["kind"] == "screenings").count(), 10);
    admin.get(&format!("/v1/changes?since={newest}")).await.expect(200);

    // A stream gives ids that can be resumed.
    let mut stream = admin.stream(&format!("/v1/changes/stream?since={kept}")).await;
    let mut text = String::new();
    while !text.contains("\nid: ") && !text.starts_with("id: ") {
        let piece = tokio::time::timeout(Duration::from_secs(20), stream.chunk()).await.unwrap().unwrap().unwrap();
        text.push_str(std::str::from_utf8(&piece).unwrap());
    }
    let id = text.lines().find_map(|line| line.strip_prefix("id: ")).unwrap().to_owned();
    assert_eq!(id, newest);
    assert_eq!(admin.with("last-event-id", &id).stream("/v1/changes/stream").await.status(), 200);
    // Another start of the same database is no restore of it.
    assert!(restored.another().await.core.restored && !TestApp::start().await.core.restored);
}

/// A restored database is not served before its rights are there, and it is said what to do.
#[tokio::test]
async fn a_restore_without_migrate_says_what_to_do() {
    let app = TestApp::start().await;
    app.sql("REVOKE ALL ON ALL TABLES IN SCHEMA public FROM lianfang_service").await;
    let output = lianfang("serve", &app.database_url, &keys());
    let sentence = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(3), "{sentence}");
    assert!(sentence.contains("run `lianfang migrate`"), "{sentence}");
    require_success("migrate", &lianfang("migrate", &app.database_url, &keys()));
    TestApp::start_over(&app.database_url, &routes::KINDS, |_| {}).await;
}

/// Many first migrations at once: one runs them, the others find them run.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn first_migrations_at_once_all_succeed() {
    for _ in 0..3 {
        let url = crate::support::empty_database().await;
        let run = |_| {
            let url = url.clone();
            // Migrations block in place.
            tokio::spawn(
                async move { lianfang::server::migrations::migrate(&url).await.map_err(|error| error.to_string()) },
            )
        };
        let runs: Vec<_> = (0..4).map(run).collect();
        let mut counts = Vec::new();
        for run in runs {
            counts.push(run.await.unwrap().unwrap());
        }
        assert_eq!(counts.iter().filter(|count| **count > 0).count(), 1, "{counts:?}");
    }
}

/// An index that a migration left half built when it was broken off stands in nobody's way.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_migration_that_was_broken_off_in_an_index_runs_again() {
    let app = TestApp::start().await;
    app.sql("DELETE FROM __diesel_schema_migrations WHERE version = '20261128010400'").await;
    app.sql("UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'record_revisions_offers_idx'::regclass").await;
    assert_eq!(lianfang::server::migrations::migrate(&app.database_url).await.unwrap(), 1);
    let valid = "SELECT 1 FROM pg_index WHERE indisvalid AND indexrelid = 'record_revisions_offers_idx'::regclass";
    assert_eq!(app.rows(valid).await.len(), 1);
}
