//! Purging: what is said of people is erased, of every kind and wherever a copy lies; the record, its numbers and every figure
//! stay, and the ledger proves whole.

use std::collections::BTreeMap;
use std::process::Command;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use lianfang::integrity::checkpoint::Checkpoint;
use lianfang::integrity::purge::{Certificate, Counts, KEPT_AT_LEAST_DAYS, Order, Plan, Stage, before_at, plan, purge};
use lianfang::integrity::{Told, verify, verify_from};
use lianfang::platform::core::Core;
use lianfang::records::Kind;
use lianfang::server::{routes, start};
use reqwest::Method;
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};

use crate::imports::import;
use crate::isolation_cases::set_clock;
use crate::support::process::BINARY;
use crate::support::{Actor, TestApp, cluster_directory, examples, fake_resident_id, pictures};
use crate::sync::{amend, create, outcomes, push};

/// Text that stands in a sealed field.
pub const MARK: &str = "桂花巷口述";
/// Bytes of an envelope before its ciphertext.
const HEAD: usize = 50;

fn order(kind: &'static Kind, year: i32) -> Order {
    let before_on = NaiveDate::from_ymd_opt(year, 1, 1).unwrap();
    Order { kind, before_on, reason: "保存期限届满".to_owned(), by: None, policy_id: None }
}

fn kind(app: &TestApp, name: &str) -> &'static Kind {
    app.core.kinds().kind(name).unwrap()
}

/// The service years later, when all that was written is old. It serves nobody and its workers don't run.
pub struct Later {
    core: Arc<Core>,
    year: i32,
    database_url: String,
}

impl Later {
    /// When even what examples say of the year 2120 is over.
    pub async fn of(app: &TestApp) -> Self {
        Self::in_year(app, 2130).await
    }

    async fn in_year(app: &TestApp, year: i32) -> Self {
        let core = start::core(app.core.config.clone(), &app.database_url, routes::kinds()).await.unwrap();
        let at: DateTime<Utc> = format!("{year}-06-01T08:00:00Z").parse().unwrap();
        core.clock.shift(at - core.clock.now());
        Self { core, year, database_url: app.database_url.clone() }
    }

    async fn planned(&self, name: &str) -> Plan {
        let kind = self.core.kinds().kind(name).unwrap();
        plan(&self.core, &self.database_url, "511802", &order(kind, self.year)).await.unwrap()
    }

    pub async fn purged(&self, name: &str) -> Vec<Certificate> {
        let kind = self.core.kinds().kind(name).unwrap();
        purge(&self.core, &self.database_url, "511802", &order(kind, self.year), &mut |_, _| {}).await.unwrap()
    }

    async fn purged_all(&self) -> Vec<Certificate> {
        let mut all = Vec::new();
        for kind in self.core.kinds().kinds() {
            all.extend(self.purged(kind.name).await);
        }
        all
    }
}

/// Everything in the database, a text a table.
pub async fn dump(app: &TestApp) -> BTreeMap<String, String> {
    let tables = "SELECT relname::text AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'public' AND relkind IN ('r', 'p')";
    let mut found = BTreeMap::new();
    for mut table in app.rows(tables).await {
        let name = table.text("name").unwrap();
        let all =
            format!("SELECT string_agg(to_jsonb(t)::text, ' ' ORDER BY to_jsonb(t)::text) AS text FROM {name} AS t");
        found.insert(name, app.rows(&all).await[0].text("text").unwrap_or_default());
    }
    found
}

/// The ciphertexts of the envelopes in a column, in hexadecimal.
async fn ciphertexts(app: &TestApp, table: &str, column: &str) -> Vec<String> {
    let sql = format!("SELECT encode({column}, 'hex') AS sealed FROM {table} WHERE {column} IS NOT NULL");
    let sealed = app.rows(&sql).await.into_iter().filter_map(|mut row| row.text("sealed"));
    sealed.filter(|hex| hex.len() > 2 * HEAD).map(|hex| hex[2 * HEAD..].to_owned()).collect()
}

/// Those of all records, former revisions and what lies beside them.
async fn all_ciphertexts(app: &TestApp) -> Vec<String> {
    let former = "(SELECT decode(substr(body ->> 'personal', 3), 'hex') AS sealed FROM record_revisions) AS h";
    let mut all = ciphertexts(app, former, "sealed").await;
    for (table, column) in [("held_items", "item"), ("sync_conflicts", "patch"), ("import_faults", "\"row\"")] {
        all.extend(ciphertexts(app, table, column).await);
    }
    for kind in app.core.kinds().kinds() {
        all.extend(ciphertexts(app, kind.name, "personal").await);
    }
    all
}

/// Those of a kind's records and their former revisions.
async fn ciphertexts_of(app: &TestApp, kind: &str) -> Vec<String> {
    let former = format!(
        "(SELECT decode(substr(body ->> 'personal', 3), 'hex') AS sealed FROM record_revisions WHERE kind = '{kind}') AS h"
    );
    let mut all = ciphertexts(app, &former, "sealed").await;
    all.extend(ciphertexts(app, kind, "personal").await);
    all
}

pub async fn figures(app: &TestApp) -> BTreeMap<String, String> {
    let mut all = dump(app).await;
    all.retain(|name, _| name.ends_with("rollups") || name.ends_with("presences"));
    assert!(all.len() > 3, "{:?}", all.keys());
    all
}

/// Verifies from the beginning, and from a checkpoint.
async fn require_whole(app: &TestApp, checkpoint: &mut Checkpoint) {
    verify(&app.core, |_, _| {}).await.unwrap();
    let mut reached = checkpoint.clone();
    let mut note = |told: Told<'_>| {
        if let Told::Reached(checkpoint) = told {
            reached = checkpoint.clone();
        }
    };
    verify_from(&app.core, checkpoint.clone(), &mut note).await.unwrap();
    *checkpoint = reached;
}

/// Names of what is sealed of a kind, with the part of an item of a list.
fn sealed_names(kind: &Kind) -> Vec<&'static str> {
    kind.personal_fields()
        .filter(|field| !matches!(field.shape, kit::field::Shape::Inline(..)))
        .map(|field| field.name)
        .collect()
}

/// A record of every kind, most amended once.
pub async fn written(app: &TestApp, admin: &Actor) -> Vec<(&'static Kind, String)> {
    let made = examples::one_of_each(app, admin, &app.area_code("大兴街道")).await;
    let made: Vec<(&'static Kind, String)> = made.into_iter().map(|(of, _, path)| (kind(app, of.name), path)).collect();
    let mut amended = 0;
    for (kind, path) in &made {
        if kind.takes_note {
            let tag = format!("\"{}\"", admin.get(path).await.expect(200).body["revision"]);
            let reply = admin.patch(path, &tag, &json!({"note": format!("{MARK}:已电话联系")})).await;
            amended += usize::from(reply.status == 200);
        }
    }
    assert!(amended > 40, "{amended}");
    made
}

#[tokio::test]
async fn every_kind_is_purged_and_the_ledger_holds() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let made = written(&app, &admin).await;
    let mut checkpoint = Checkpoint::default();
    require_whole(&app, &mut checkpoint).await;
    let ciphertexts = all_ciphertexts(&app).await;
    assert!(ciphertexts.len() > 100, "{}", ciphertexts.len());
    // Duties that are due by now are written by a worker, whenever its turn comes: none does from here on.
    app.sql("UPDATE worker_leases SET holder = gen_random_uuid(), held_until = now() + interval '1 day'").await;
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    let later = Later::of(&app).await;
    let (before, figures_before) = (dump(&app).await, figures(&app).await);
    let planned = later.planned("people").await;
    assert!(planned.counts.records > 3 && planned.oldest_at <= planned.newest_at, "{planned:?}");
    let after_plan = dump(&app).await;
    for name in before.keys().filter(|name| !["worker_leases", "key_holders"].contains(&name.as_str())) {
        assert!(before[name] == after_plan[name], "a dry run changes nothing: {name}");
    }

    let certificates = later.purged_all().await;
    let people = certificates.iter().find(|one| one.kind == "people").unwrap();
    assert_eq!(people.counts.records, planned.counts.records);
    let ids = app.rows("SELECT id FROM people ORDER BY id").await;
    let ids = ids.into_iter().map(|mut row| row.id("id").unwrap());
    let digest = ids.fold(Sha256::new(), |hash, id| hash.chain_update(id.as_bytes()));
    assert_eq!(people.ids_digest, digest.finalize().to_vec(), "anybody can make it again");

    for (name, figures) in figures(&app).await {
        assert!(figures == figures_before[&name], "{name}");
    }
    require_whole(&app, &mut checkpoint).await;
    let left = dump(&app).await;
    let whole: Vec<&str> = certificates.iter().filter(|one| one.counts.left > 0).map(|one| one.kind.as_str()).collect();
    println!("left whole, for figures count what is sealed: {whole:?}");
    assert!(whole.len() < 8, "{whole:?}");
    let former = "SELECT kind || ' ' || (body ->> 'occurred_at') || ' ' || revision AS one FROM record_revisions WHERE length(body ->> 'personal') > 84";
    let former: Vec<String> = app.rows(former).await.into_iter().filter_map(|mut row| row.text("one")).collect();
    let former: Vec<&String> = former.iter().filter(|one| !whole.iter().any(|kind| one.starts_with(kind))).collect();
    assert!(former.is_empty(), "{former:?}");
    let mut of_whole = Vec::new();
    for name in &whole {
        of_whole.extend(ciphertexts_of(&app, name).await);
    }
    for (name, text) in &left {
        for ciphertext in ciphertexts.iter().filter(|ciphertext| !of_whole.contains(ciphertext)) {
            assert!(!text.contains(ciphertext.as_str()), "{name} has {ciphertext}");
        }
    }
    let blind = app.rows("SELECT count(*) AS count FROM people WHERE num_nonnulls(document_blind_index, phone_blind_index, name_blind_index) > 0").await;
    assert_eq!(blind.into_iter().next().unwrap().integer("count"), Some(0));
    shown(&app, &admin, &made, &whole).await;
    assert!(later.purged_all().await.is_empty(), "there is nothing left to purge");
    let trail = admin.get("/v1/audit?verb=records.purge&limit=200").await.expect(200).body;
    let noted: Vec<&Json> = trail["items"].as_array().unwrap().iter().map(|item| &item["details"]).collect();
    assert_eq!(noted.len(), certificates.len());
    let noted = noted.iter().find(|details| details["kind"] == "people").unwrap();
    assert_eq!(
        (&noted["reason"], &noted["ids_digest"]),
        (&json!("保存期限届满"), &json!(hex::encode(&people.ids_digest)))
    );
}

/// Everything is served with when it was purged, and without what was.
async fn shown(app: &TestApp, admin: &Actor, made: &[(&'static Kind, String)], whole: &[&str]) {
    let mut with_sealed = 0;
    let require_null = |kind: &Kind, record: &Json, whence: &str| {
        for name in sealed_names(kind) {
            assert_eq!(record[name], Json::Null, "{whence} {} {name}: {record}", kind.name);
        }
        assert_eq!(record["note"], Json::Null, "{whence} {}", kind.name);
    };
    for (kind, path) in made.iter().filter(|(kind, _)| !whole.contains(&kind.name)) {
        let item = admin.get(path).await.expect(200);
        require_null(kind, &item.body, "item");
        let list = admin.get(&format!("/v1/{}?limit=500&include_voided=true", kind.path)).await.expect(200).body;
        let listed = list["items"].as_array().unwrap().iter().find(|one| one["id"] == item.body["id"]).unwrap();
        assert_eq!(listed["purged_at"], item.body["purged_at"], "{}", kind.name);
        require_null(kind, listed, "list");
        if item.body["purged_at"].is_null() {
            continue;
        }
        with_sealed += 1;
        assert!(item.body["purged_at"].as_str().unwrap().starts_with("2130-06-01T16:0"), "{}", item.body);
        let revisions = admin.get(&format!("{path}/revisions")).await.expect(200).body;
        for revision in revisions["items"].as_array().unwrap() {
            require_null(kind, revision, "revision");
        }
        if kind.writers.is_empty() || !kind.takes_note {
            continue;
        }
        let refused = admin.patch(path, item.header("etag"), &json!({"note": MARK})).await;
        assert!([403, 409, 412, 428].contains(&refused.status), "{}: {}", kind.name, refused.body);
    }
    assert!(with_sealed > 40, "{with_sealed}");
    let file = admin.with("accept", "application/x-ndjson").download("/v1/screenings").await.2;
    assert!(!String::from_utf8(file).unwrap().contains(MARK));
    let mut since = 0;
    let mut told = 0;
    loop {
        let feed = admin.get(&format!("/v1/changes?since={since}&limit=200")).await.expect(200).body;
        for item in feed["items"].as_array().unwrap() {
            let kind = kind(app, item["kind"].as_str().unwrap());
            if !whole.contains(&kind.name) {
                require_null(kind, &item["record"], "feed");
                told += 1;
            }
        }
        let next = feed["next"].as_i64().unwrap();
        if next == since {
            break;
        }
        since = next;
    }
    assert!(told > 80, "{told}");
}

#[tokio::test]
async fn who_asks_or_sends_again_is_told_and_brings_nothing_back() {
    let app = TestApp::start().await;
    let (admin, guard) = (app.administrator().await, app.gate_guard("大兴街道").await);
    let place = examples::checkpoint(&admin, "511802005").await;
    let mut item = create(&place, 1);
    item["body"]["note"] = MARK.into();
    assert_eq!(outcomes(&push(&guard, json!([item])).await), ["created"]);
    let path = format!("/v1/screenings/{}", item["id"].as_str().unwrap());
    let record = admin.get(&path).await.expect(200);
    let person = format!("/v1/people/{}", record.body["person_id"].as_str().unwrap());
    let sought = json!({"document_type": "resident_id", "document_number": fake_resident_id(1)});
    assert_eq!(admin.post("/v1/people:search", &sought).await.expect(200).body["items"].as_array().unwrap().len(), 1);
    let later = Later::in_year(&app, 2030).await;
    later.purged("people").await;
    assert_ne!(admin.get(&person).await.body["purged_at"], Json::Null);
    later.purged("screenings").await;
    let now = admin.get(&path).await.expect(200);
    assert_ne!(now.header("etag"), record.header("etag"));
    let stale = admin.with("if-none-match", record.header("etag")).get(&path).await;
    assert_eq!(stale.status, 200, "what a client keeps is not what it is any more");
    assert_eq!(admin.post("/v1/people:search", &sought).await.expect(200).body["items"], json!([]));

    // The same once more: it is there, and said to be purged.
    let again = push(&guard, json!([item])).await;
    assert_eq!(outcomes(&again), ["same"], "{again:#?}");
    let warned = again[0]["warnings"].as_array().unwrap().iter();
    assert!(warned.clone().any(|warning| warning["code"] == "purged_already"), "{again:#?}");
    // Another body under the id, an amendment, a void: refused, and not kept.
    let mut other = item.clone();
    other["body"]["temperature_c"] = "37.9".into();
    let void = json!({"kind": "screenings", "op": "void", "id": item["id"], "body": {"reason": MARK}});
    let refused = push(&guard, json!([other, amend(&item["id"], 1, json!({"note": MARK})), void])).await;
    assert_eq!(outcomes(&refused), ["refused"; 3], "{refused:#?}");
    assert!(refused.iter().all(|result| result["problem"]["code"] == "record_purged"), "{refused:#?}");
    assert_eq!(guard.get("/v1/held-items").await.expect(200).body["items"], json!([]));
    let patched = admin.patch(&path, now.header("etag"), &json!({"note": MARK})).await;
    assert_eq!(patched.expect(409).code(), "record_purged");
    for act in ["void", "restore"] {
        let reply = admin.post(&format!("{path}:{act}"), &json!({"reason": MARK})).await;
        assert!(act == "restore" && reply.status == 200 || reply.expect(409).code() == "record_purged", "{act}");
    }

    // Somebody who was met before is not told anew by who met him then, and is by who meets him now.
    let mut before = create(&place, 1);
    before["occurred_at"] = "2020-02-03T08:30:00+08:00".into();
    before["body"]["occurred_at"] = before["occurred_at"].clone();
    let late = push(&guard, json!([before])).await;
    assert_eq!(outcomes(&late), ["created"], "{late:#?}");
    assert_eq!(admin.get(&person).await.body["name"], Json::Null);
    set_clock(&app, "2030-06-02T08:30:00Z");
    let (admin, guard) = (app.administrator().await, app.gate_guard("大兴街道").await);
    let mut met = examples::screening(&place, 1);
    met["occurred_at"] = "2030-06-02T16:30:00+08:00".into();
    guard.post("/v1/screenings", &met).await.expect(201);
    let back = admin.get(&person).await.expect(200).body;
    assert_eq!((&back["name"], &back["purged_at"]), (&json!("王*"), &Json::Null));
    assert_eq!(admin.post("/v1/people:search", &sought).await.expect(200).body["items"].as_array().unwrap().len(), 1);
    verify(&app.core, |_, _| {}).await.unwrap();
    // Named by a younger record he stays, though he was registered long ago.
    let order = Order { before_on: NaiveDate::from_ymd_opt(2030, 5, 2).unwrap(), ..order(kind(&app, "people"), 2030) };
    let made = purge(&app.core, &app.database_url, "511802", &order, &mut |_, _| {}).await.unwrap();
    assert!(made.is_empty(), "{made:?}");
}

#[tokio::test]
async fn what_phones_and_files_left_is_purged_with_it() {
    let app = TestApp::start().await;
    let (admin, guard) = (app.administrator().await, app.gate_guard("大兴街道").await);
    let place = examples::checkpoint(&admin, "511802005").await;
    // Held: no such place. A conflict: two creations with one id. Refused: no such direction.
    let mut nowhere = create(&place, 1);
    nowhere["body"]["place_id"] = "0198c0de-0000-7000-8000-0000000000ff".into();
    let mut first = create(&place, 2);
    first["body"]["note"] = MARK.into();
    let mut other = first.clone();
    other["body"]["person"]["name"] = "赵六".into();
    assert_eq!(outcomes(&push(&guard, json!([nowhere, first])).await), ["held", "created"]);
    assert_eq!(outcomes(&push(&guard, json!([other])).await), ["conflict"]);
    let file = format!(
        "卡点,方向,发生时间,人员.姓名,身份证号,手机号,体温(℃),询问结果\r\n{place},横,2020年2月2日 8:30,张三,{},15400000009,36.5,均无\r\n",
        fake_resident_id(9)
    );
    let imported = import(&admin, "screenings", "", "text/csv", file.into_bytes()).await;
    assert_eq!(imported["counts"]["refused"], 1, "{imported}");
    let ciphertexts = all_ciphertexts(&app).await;
    let later = Later::of(&app).await;
    let planned = later.planned("screenings").await;
    let certificate = later.purged("screenings").await.pop().unwrap();
    later.purged("people").await;
    let expected = Counts { records: 1, held_items: 1, conflicts: 1, import_faults: 1, ..Counts::default() };
    assert_eq!((planned.counts, certificate.counts), (expected, expected));
    let left = dump(&app).await;
    for (name, text) in &left {
        assert!(ciphertexts.iter().all(|ciphertext| !text.contains(ciphertext.as_str())), "{name}");
    }
    // As long as they are listed they are served, empty.
    let held = guard.get("/v1/held-items?state=discarded").await.expect(200).body["items"].clone();
    assert_eq!(held.as_array().unwrap().len(), 1, "{held}");
    let conflicts = guard.get("/v1/conflicts?state=resolved").await.expect(200).body["items"].clone();
    assert_eq!(conflicts[0]["phone_values"], json!({}), "{conflicts}");
    let url = imported["errors_url"].as_str().unwrap();
    assert_eq!(admin.download(url).await.0, 200);
}

#[tokio::test]
async fn attachments_go_with_their_record() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let place = json!({"kind": "supermarket", "name": "惠民超市", "area_code": "511802005"});
    let place = admin.post("/v1/places", &place).await.expect(201).body;
    let mut body = examples::of_kind("inspections");
    body["place_id"] = place["id"].clone();
    for field in ["id", "area_code"] {
        body.as_object_mut().unwrap().remove(field);
    }
    let subject = admin.post("/v1/inspections", &body).await.expect(201).body;
    let bytes = pictures::png(200, 200, &[]);
    let declare = async |note: Json| {
        let body = json!({"subject_kind": "inspections", "subject_id": subject["id"], "attachment_kind": "price_tag", "note": note,
            "media_type": "image/png", "byte_count": bytes.len(), "sha256": hex::encode(Sha256::digest(&bytes))});
        admin.post("/v1/attachments", &body).await.expect(201).header("location").to_owned()
    };
    let (kept, awaited) = (declare(json!(MARK)).await, declare(Json::Null).await);
    let send = async |path: &str, bytes: &[u8]| {
        let sender = admin.with("content-type", "application/offset+octet-stream").with("upload-offset", "0");
        sender.send_bytes(Method::PATCH, &format!("{path}/content"), bytes.to_vec()).await
    };
    send(&kept, &bytes).await.expect(204);
    send(&awaited, &bytes[..50]).await.expect(204);
    assert_eq!(admin.download(&format!("{kept}/content")).await.0, 200);
    let folder = app.core.config.attachments_dir();
    assert_eq!(files_below(&folder), 3, "bytes, thumbnail, a part");
    let mut checkpoint = Checkpoint::default();
    require_whole(&app, &mut checkpoint).await;
    let later = Later::of(&app).await;
    let certificate = later.purged("inspections").await.pop().unwrap();
    assert_eq!(certificate.counts.attached, 2);
    assert_eq!(files_below(&folder), 0);
    for path in [&kept, &awaited] {
        let record = admin.get(path).await.expect(200).body;
        assert_eq!((&record["content_state"], &record["note"]), (&json!("purged"), &Json::Null));
        let refused = admin.get(&format!("{path}/content")).await;
        assert_eq!(refused.expect(410).code(), "content_purged");
    }
    assert_eq!(send(&awaited, &bytes).await.expect(410).code(), "content_purged");
    require_whole(&app, &mut checkpoint).await;
    assert!(later.purged("inspections").await.is_empty());
}

fn files_below(folder: &std::path::Path) -> usize {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| if entry.path().is_dir() { files_below(&entry.path()) } else { 1 }).sum()
}

/// A screening with something sealed.
pub fn screening(place: &str, sequence: u32) -> Json {
    let mut body = examples::screening(place, sequence);
    body["note"] = MARK.into();
    body
}

/// Screenings of so many people, posted in batches.
pub async fn many(admin: &Actor, place: &str, count: u32) {
    for first in (0..count).step_by(500) {
        let items: Vec<Json> = (first..count.min(first + 500)).map(|sequence| screening(place, sequence)).collect();
        let reply = admin.post("/v1/screenings:batch", &json!({"items": items})).await.expect(207).body;
        assert!(reply["results"].as_array().unwrap().iter().all(|result| result["status"] == 201), "{reply}");
    }
}

pub async fn whole_screenings(app: &TestApp) -> i64 {
    let rows = app.rows("SELECT count(*) AS count FROM screenings WHERE octet_length(personal) > 41").await;
    rows.into_iter().next().unwrap().integer("count").unwrap()
}

#[tokio::test]
async fn killed_at_any_moment_it_goes_on_and_certifies_all_of_it() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let place = examples::checkpoint(&admin, "511802005").await;
    many(&admin, &place, 1_000).await;
    let command = || {
        let mut command = Command::new(BINARY);
        command
            .args(["purge", "--kind", "screenings", "--before", "2020-03-01", "--reason", "到期", "--json"])
            .args(["--keys-dir".as_ref(), cluster_directory().join("keys").as_os_str()])
            .env("DATABASE_URL", &app.database_url);
        command
    };
    let (mut kills, mut partly) = (0, 0);
    loop {
        let mut child = command().stdout(std::process::Stdio::piped()).spawn().unwrap();
        let before = whole_screenings(&app).await;
        while before == whole_screenings(&app).await && child.try_wait().unwrap().is_none() {
            tokio::time::sleep(std::time::Duration::from_millis(2)).await;
        }
        child.kill().unwrap();
        child.wait().unwrap();
        kills += 1;
        let left = whole_screenings(&app).await;
        partly += usize::from(left > 0 && left < 1_000);
        verify(&app.core, |_, _| {}).await.unwrap();
        if left == 0 || kills == 3 {
            break;
        }
    }
    assert!(partly > 0, "killed {kills} times, never in the middle");
    // Beside writers, and two at once.
    let children =
        [command(), command()].map(|mut command| command.stdout(std::process::Stdio::piped()).spawn().unwrap());
    for sequence in 0..20 {
        let mut body = screening(&place, 5_000 + sequence);
        body["occurred_at"] = "2020-04-01T08:30:00+08:00".into();
        admin.post("/v1/screenings", &body).await.expect(201);
    }
    for child in children {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success());
    }
    assert_eq!(whole_screenings(&app).await, 20, "those of April stay");
    verify(&app.core, |_, _| {}).await.unwrap();
    let certificates = lianfang::integrity::purge::certificates(&app.core, "511802", None, 10).await.unwrap();
    assert_eq!(certificates.len(), 1, "{certificates:?}");
    assert_eq!(certificates[0].stage, Stage::Complete);
    assert_eq!((certificates[0].counts.records, certificates[0].reason.as_str()), (1_000, "到期"));
    let said = command().output().unwrap();
    let said: Json = serde_json::from_slice(&said.stdout).unwrap();
    assert_eq!(said, json!({"certificates": []}));
}

#[tokio::test]
async fn nothing_of_the_last_weeks_is_purged() {
    let app = TestApp::start().await;
    let of = |days| {
        let today = kit::time::day_of(app.core.clock.now(), app.core.zone);
        today - chrono::TimeDelta::days(days)
    };
    assert!(before_at(&app.core, of(KEPT_AT_LEAST_DAYS)).is_ok());
    for days in [KEPT_AT_LEAST_DAYS - 1, 0, -400] {
        let problem = before_at(&app.core, of(days)).unwrap_err();
        assert_eq!(problem.faults()[0].code, lianfang::records::codes::KEPT_LONGER);
        let order = Order { before_on: of(days), ..order(kind(&app, "people"), 2030) };
        assert!(purge(&app.core, &app.database_url, "511802", &order, &mut |_, _| {}).await.is_err());
    }
    let admin = app.administrator().await;
    admin
        .post("/v1/people", &json!({"name": "王五", "phone": "15400000001", "area_code": "511802005"}))
        .await
        .expect(201);
    let order = Order { before_on: of(KEPT_AT_LEAST_DAYS), ..order(kind(&app, "people"), 2030) };
    assert_eq!(plan(&app.core, &app.database_url, "511802", &order).await.unwrap(), Plan::default());
    let command = |arguments: &[&str]| {
        let mut command = Command::new(BINARY);
        command.arg("purge").args(arguments).arg("--keys-dir").arg(cluster_directory().join("keys"));
        command.env("DATABASE_URL", &app.database_url).output().unwrap().status.code()
    };
    assert_eq!(command(&["--kind", "people", "--before", &of(3).to_string()]), Some(2));
    assert_eq!(command(&["--kind", "peoples", "--before", "2020-01-01"]), Some(2));
    assert_eq!(command(&["--kind", "people", "--before", "2020-01-01", "--district", "511899"]), Some(2));
    assert_eq!(command(&["--kind", "people", "--before", "2020-01-01", "--dry-run"]), Some(0));
}
