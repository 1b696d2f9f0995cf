//! Purges that are ordered over HTTP, and policies that say how long personal data is kept: carried out once, from their day
//! on, by whoever has the owner's connection.

use std::process::Command;
use std::time::Duration;

use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection};
use lianfang::integrity::verify;
use lianfang::platform::access::{Grant, Role};
use lianfang::rooms::retention::look_after;
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};

use crate::isolation_cases::set_clock;
use crate::purge::{MARK, figures, many, screening, whole_screenings};
use crate::support::process::BINARY;
use crate::support::{Actor, TestApp, cluster_directory, examples, fresh_database};

/// An order of which all that the tests write in 2020 is due.
fn order(kind: &str) -> Json {
    json!({"kind": kind, "before_on": "2021-01-01", "reason": "保存期限届满"})
}

/// Lets no worker purge by itself: another process seems to have the lease.
async fn hold_the_worker(app: &TestApp) {
    app.sql(
        "INSERT INTO worker_leases (name, holder, held_until) VALUES ('purges', gen_random_uuid(), now() + interval '1 day') \
         ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, held_until = excluded.held_until",
    )
    .await;
}

async fn count(app: &TestApp, sql: &str) -> i64 {
    app.rows(&format!("SELECT count(*) AS count FROM {sql}")).await[0].integer("count").unwrap()
}

/// Those who watch purges and who order them, signed in at the moment.
struct People {
    admin: Actor,
    auditor: Actor,
}

async fn people(app: &TestApp) -> People {
    People { admin: app.command().await, auditor: app.actor(Role::Auditor, "雨城区").await }
}

async fn listed(actor: &Actor) -> Vec<Json> {
    actor.get("/v1/purges").await.expect(200).body["items"].as_array().unwrap().clone()
}

/// Whether nothing is said of people where a purge is told.
fn require_nothing_personal(told: &Json) {
    let text = told.to_string();
    assert!(!text.contains(MARK) && !text.contains("张三") && !text.contains("5199"), "{text}");
}

#[tokio::test]
async fn an_order_is_told_taken_carried_out_and_certified() {
    let app = TestApp::start().await;
    hold_the_worker(&app).await;
    let People { admin, auditor } = people(&app).await;
    let place = examples::checkpoint(&admin, "511802005").await;
    many(&admin, &place, 3).await;
    let figures_before = figures(&app).await;

    let mut asked = order("screenings");
    asked["validate_only"] = true.into();
    let plan = admin.post("/v1/purges", &asked).await.expect(200).body;
    assert_eq!((&plan["counts"]["records"], &plan["district_code"]), (&json!(3), &json!("511802")), "{plan}");
    assert!(plan["oldest_at"].as_str().unwrap().starts_with("2020-02-0"), "{plan}");
    assert_eq!(count(&app, "purges").await, 0, "only told");
    assert_eq!(whole_screenings(&app).await, 3);

    let ordered = admin.with("idempotency-key", "once").post("/v1/purges", &order("screenings")).await.expect(202);
    assert_eq!((&ordered.body["state"], &ordered.body["counts"]), (&json!("ordered"), &Json::Null), "{}", ordered.body);
    assert_eq!((&ordered.body["purged_at"], &ordered.body["policy_id"]), (&Json::Null, &Json::Null));
    assert_eq!(ordered.body["ordered_by"], json!(admin.id));
    let path = ordered.header("location").to_owned();
    let again = admin.with("idempotency-key", "once").post("/v1/purges", &order("screenings")).await.expect(202);
    assert_eq!((again.header("idempotency-replayed"), again.header("location")), ("true", path.as_str()));
    let other = admin.with("idempotency-key", "once").post("/v1/purges", &order("people")).await;
    assert_eq!(other.expect(422).code(), "idempotency_key_reused");
    let twice = admin.post("/v1/purges", &order("screenings")).await;
    assert_eq!(twice.expect(409).code(), "purge_under_way");
    assert_eq!(whole_screenings(&app).await, 3, "nothing was purged yet");

    look_after(&app.core).await.unwrap();
    assert_eq!(whole_screenings(&app).await, 0);
    let done = auditor.get(&path).await.expect(200).body;
    require_nothing_personal(&done);
    assert_eq!((&done["state"], &done["counts"]["records"]), (&json!("complete"), &json!(3)), "{done}");
    let ids = app.rows("SELECT id FROM screenings ORDER BY id").await;
    let digest = ids.into_iter().fold(Sha256::new(), |hash, mut row| hash.chain_update(row.id("id").unwrap()));
    assert_eq!(done["ids_digest"], json!(hex::encode(digest.finalize())), "anybody can make it again");
    assert_eq!(listed(&auditor).await, [done.clone()]);
    let shown = admin.get("/v1/screenings").await.expect(200).body;
    assert_eq!(shown["items"][0]["purged_at"], done["purged_at"], "{shown}");
    assert_eq!(figures(&app).await, figures_before);
    verify(&app.core, |_, _| {}).await.unwrap();

    // The account that ordered it stands in the audit, twice.
    for verb in ["purge.order", "records.purge"] {
        let trail = auditor.get(&format!("/v1/audit?verb={verb}")).await.expect(200).body;
        let line = &trail["items"][0];
        assert_eq!(
            (&line["actor_id"], &line["details"]["reason"]),
            (&json!(admin.id), &json!("保存期限届满")),
            "{trail}"
        );
        assert_eq!((&line["area_code"], &line["subject_id"]), (&json!("511802"), &done["id"]), "{trail}");
    }
    // Another one finds nothing and says so; then there is a certificate each, in pages.
    admin.post("/v1/purges", &order("screenings")).await.expect(202);
    look_after(&app.core).await.unwrap();
    let page = auditor.get("/v1/purges?limit=1").await.expect(200).body;
    assert_eq!((&page["items"][0]["counts"]["records"], &page["items"][0]["state"]), (&json!(0), &json!("complete")));
    let next = page["next_cursor"].as_str().unwrap();
    let next = auditor.get(&format!("/v1/purges?limit=1&cursor={next}")).await.expect(200).body;
    assert_eq!((&next["items"][0], &next["next_cursor"]), (&done, &Json::Null));
}

#[tokio::test]
async fn who_may_not_order_is_told_and_all_faults_at_once() {
    let app = TestApp::start().await;
    hold_the_worker(&app).await;
    let People { admin, auditor } = people(&app).await;
    let today = kit::time::day_of(app.core.clock.now(), app.core.zone);
    let late = (today - chrono::TimeDelta::days(29)).to_string();
    let faults = |list: &[(&str, &str)]| -> Vec<(String, String)> {
        list.iter().map(|(pointer, code)| ((*pointer).to_owned(), (*code).to_owned())).collect()
    };
    let wrong = admin.post("/v1/purges", &json!({"kind": "screening", "before_on": late})).await.expect(422);
    let expected = [("/before_on", "kept_longer"), ("/kind", "no_personal_data"), ("/reason", "required")];
    assert_eq!(wrong.faults(), faults(&expected));
    // Works of young people are of nobody.
    let nobodys = admin.post("/v1/purges", &order("youth_works")).await.expect(422);
    assert_eq!(nobodys.faults(), faults(&[("/kind", "no_personal_data")]));
    admin.post("/v1/purges", &json!([])).await.expect(400);

    let town = app.actor(Role::DistrictAdmin, "大兴街道").await;
    let of_unit = Grant {
        role: Role::DistrictAdmin,
        area_code: "511802".into(),
        org_id: Some("0198c0de-0000-7000-8000-0000000000aa".parse().unwrap()),
    };
    let of_unit = app.actor_of(vec![of_unit]).await;
    for narrow in [&town, &of_unit] {
        assert_eq!(narrow.post("/v1/purges", &order("screenings")).await.expect(403).code(), "out_of_area");
        let mut asked = order("screenings");
        asked["validate_only"] = true.into();
        assert_eq!(narrow.post("/v1/purges", &asked).await.expect(403).code(), "out_of_area");
    }
    let mut elsewhere = order("screenings");
    elsewhere["district_code"] = "511803".into();
    assert_eq!(admin.post("/v1/purges", &elsewhere).await.expect(403).code(), "out_of_area");
    let path = admin.post("/v1/purges", &order("screenings")).await.expect(202).header("location").to_owned();
    for narrow in [&town, &of_unit] {
        narrow.get(&path).await.expect(404);
        assert!(listed(narrow).await.is_empty());
    }
    assert_eq!(auditor.post("/v1/purges", &order("people")).await.expect(403).code(), "forbidden");
    // Counts of a closed room are told to those who read it.
    let head = app.administrator().await;
    let mut asked = order("corrections_subjects");
    asked["validate_only"] = true.into();
    assert_eq!(admin.post("/v1/purges", &asked).await.expect(200).body["counts"], Json::Null);
    assert_eq!(head.post("/v1/purges", &asked).await.expect(200).body["counts"]["records"], json!(0));
    let closed = admin.post("/v1/purges", &order("corrections_subjects")).await.expect(202);
    look_after(&app.core).await.unwrap();
    let path = closed.header("location");
    assert_eq!(auditor.get(path).await.expect(200).body["counts"], Json::Null);
    assert_eq!(head.get(path).await.expect(200).body["counts"]["records"], json!(0));
}

/// Figures of all but the policies themselves.
async fn of_screenings(app: &TestApp) -> Vec<String> {
    let figures = figures(app).await.into_values().collect::<String>();
    let counts = figures.split('}').filter(|count| count.contains("screenings"));
    counts.map(|count| count.trim().to_owned()).collect()
}

fn policy(kind: &str, kept_days: i64, effective_on: &str) -> Json {
    json!({"record_kind": kind, "kept_days": kept_days, "effective_on": effective_on, "basis": "区指挥部个人信息留存规定"})
}

/// A day's policy is carried out in every district where it can be.
#[tokio::test]
async fn a_district_whose_purge_fails_keeps_no_other_waiting() {
    let app = TestApp::start().await;
    hold_the_worker(&app).await;
    set_clock(&app, "2020-06-01T10:00:00+08:00");
    for (district_code, township) in [("511802", "511802005"), ("511803", "511803001")] {
        let head = app.head_of(district_code).await;
        let place = examples::checkpoint(&head, township).await;
        many(&head, &place, 3).await;
        let mut body = policy("screenings", 100, "2020-06-10");
        body["area_code"] = district_code.into();
        head.post("/v1/retention-policies", &body).await.expect(201);
    }
    app.sql(
        "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'the disk is full'; END $$; \
         CREATE TRIGGER refuse BEFORE INSERT OR UPDATE ON purges FOR EACH ROW WHEN (NEW.district_code = '511802') EXECUTE FUNCTION refuse()",
    )
    .await;
    set_clock(&app, "2020-06-10T00:01:00+08:00");
    assert!(look_after(&app.core).await.is_err(), "the failure is told");
    let certified = async |district_code: &str| {
        count(&app, &format!("purges WHERE state = 'complete' AND district_code = '{district_code}'")).await
    };
    assert_eq!((certified("511802").await, certified("511803").await), (0, 1));
    assert_eq!(whole_screenings(&app).await, 3, "those of the other district");
    // A district that was done isn't done again, and one that failed is.
    app.sql("DROP TRIGGER refuse ON purges").await;
    look_after(&app.core).await.unwrap();
    assert_eq!((certified("511802").await, certified("511803").await), (1, 1));
    assert_eq!(whole_screenings(&app).await, 0);
}

#[tokio::test]
async fn a_policy_purges_from_its_day_on_and_not_before() {
    let app = TestApp::start().await;
    let another = app.another().await;
    hold_the_worker(&app).await;
    set_clock(&app, "2020-06-01T10:00:00+08:00");
    set_clock(&another, "2020-06-01T10:00:00+08:00");
    let admin = app.command().await;
    let place = examples::checkpoint(&admin, "511802005").await;
    many(&admin, &place, 3).await;
    // Of 2 February 2020; the younger one of 10 May stays in each case.
    let mut young = screening(&place, 900);
    young["occurred_at"] = "2020-05-10T08:30:00+08:00".into();
    admin.post("/v1/screenings", &young).await.expect(201);
    let figures_before = of_screenings(&app).await;
    let made = admin.post("/v1/retention-policies", &policy("screenings", 100, "2020-06-10")).await.expect(201).body;
    assert_eq!((&made["area_code"], &made["kept_days"]), (&json!("511802"), &json!(100)), "{made}");
    let longer = admin.post("/v1/retention-policies", &policy("screenings", 36_500, "2020-06-10")).await.expect(201);
    let void = format!("{}:void", longer.header("location"));
    admin.post(&void, &json!({"reason": "误录"})).await.expect(200);

    let look = async |at: &str| {
        for app in [&app, &another] {
            set_clock(app, at);
        }
        let (first, second) = tokio::join!(look_after(&app.core), look_after(&another.core));
        first.unwrap();
        second.unwrap();
    };
    assert_eq!(admin.get("/v1/retention").await.expect(200).body["items"], json!([]));
    look("2020-06-09T23:59:00+08:00").await;
    assert_eq!((whole_screenings(&app).await, count(&app, "purges").await), (4, 0), "a day too early");
    look("2020-06-10T00:01:00+08:00").await;
    assert_eq!(whole_screenings(&app).await, 1, "those of February");
    let auditor = people(&app).await.auditor;
    let in_force = auditor.get("/v1/retention").await.expect(200).body["items"].clone();
    let expected = json!([{"district_code": "511802", "record_kind": "screenings", "policy_id": made["id"], "kept_days": 100,
        "basis": "区指挥部个人信息留存规定", "before_on": "2020-03-02"}]);
    assert_eq!(in_force, expected);
    let certificates = listed(&auditor).await;
    assert_eq!(certificates.len(), 1, "two processes share one: {certificates:?}");
    let one = &certificates[0];
    require_nothing_personal(one);
    assert_eq!((&one["counts"]["records"], &one["before_on"]), (&json!(3), &json!("2020-03-02")), "{one}");
    assert_eq!((&one["ordered_by"], &one["policy_id"]), (&Json::Null, &made["id"]), "{one}");
    assert!(one["reason"].as_str().unwrap().contains("区指挥部个人信息留存规定"), "{one}");
    look("2020-06-10T12:00:00+08:00").await;
    look("2020-06-11T00:01:00+08:00").await;
    assert_eq!(count(&app, "purges").await, 1, "none when nothing was due");

    // One that keeps less holds from its own day on; one that was superseded doesn't count any more.
    app.command().await.post("/v1/retention-policies", &policy("screenings", 30, "2020-06-14")).await.expect(201);
    look("2020-06-13T12:00:00+08:00").await;
    assert_eq!(whole_screenings(&app).await, 1);
    look("2020-06-14T12:00:00+08:00").await;
    assert_eq!((whole_screenings(&app).await, count(&app, "purges").await), (0, 2));
    assert_eq!(of_screenings(&app).await, figures_before);
    verify(&app.core, |_, _| {}).await.unwrap();
}

#[tokio::test]
async fn a_policy_holds_for_the_district_and_is_never_backdated() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-06-01T10:00:00+08:00");
    let admin = app.command().await;
    let refused = async |body: Json| {
        let faults = admin.post("/v1/retention-policies", &body).await.expect(422).faults();
        faults.into_iter().map(|(pointer, code)| format!("{pointer} {code}")).collect::<Vec<_>>()
    };
    assert_eq!(
        refused(json!({"record_kind": "screening", "kept_days": 29, "effective_on": "2020-05-31", "area_code": "511802005", "basis": "文件"})).await,
        ["/area_code whole_district", "/effective_on not_backdated", "/kept_days out_of_range", "/record_kind no_personal_data"]
    );
    assert_eq!(refused(policy("youth_works", 30, "2020-06-01")).await, ["/record_kind no_personal_data"]);
    assert_eq!(
        refused(json!({"record_kind": "people", "kept_days": 36_501})).await,
        ["/basis required", "/kept_days out_of_range"]
    );
    let today = admin
        .post("/v1/retention-policies", &json!({"record_kind": "people", "kept_days": 400, "basis": "文件"}))
        .await;
    let today = today.expect(201);
    assert_eq!(today.body["effective_on"], "2020-06-01", "today by default");
    // It isn't changed afterwards, but for what it is based on.
    let path = today.header("location").to_owned();
    let change = json!({"kept_days": 30, "effective_on": "2020-07-01", "record_kind": "screenings"});
    let faults = admin.patch(&path, "\"1\"", &change).await.expect(422).faults();
    assert_eq!(faults.iter().map(|(_, code)| code.as_str()).collect::<Vec<_>>(), ["create_only"; 3]);
    set_clock(&app, "2020-06-03T10:00:00+08:00");
    let later = app.command().await;
    later.patch(&path, "\"1\"", &json!({"basis": "区发〔2020〕5号"})).await.expect(200);
    // A phone that was away is judged by today, whatever it says of when it was written.
    let mut late = policy("screenings", 60, "2020-06-02");
    late["occurred_at"] = "2020-06-01T09:00:00+08:00".into();
    let faults = later.post("/v1/retention-policies", &late).await.expect(422).faults();
    assert_eq!(faults, [("/effective_on".to_owned(), "not_backdated".to_owned())]);

    let town = app.actor(Role::DistrictAdmin, "大兴街道").await;
    let mut named = policy("screenings", 60, "2020-07-01");
    assert_eq!(town.post("/v1/retention-policies", &named).await.expect(403).code(), "forbidden");
    named["area_code"] = "511802".into();
    assert_eq!(town.post("/v1/retention-policies", &named).await.status, 403);
    let officer = app.actor(Role::CdcOfficer, "雨城区").await;
    assert_eq!(officer.post("/v1/retention-policies", &named).await.expect(403).code(), "forbidden");
    let auditor = app.actor(Role::Auditor, "雨城区").await;
    let seen = auditor.get("/v1/retention-policies?record_kind=people").await.expect(200).body;
    assert_eq!(seen["items"].as_array().unwrap().len(), 1, "{seen}");
}

#[tokio::test]
async fn broken_off_at_any_moment_another_process_goes_on() {
    let app = TestApp::start().await;
    let another = app.another().await;
    hold_the_worker(&app).await;
    let People { admin, auditor } = people(&app).await;
    let place = examples::checkpoint(&admin, "511802005").await;
    many(&admin, &place, 1_000).await;
    admin.post("/v1/purges", &order("screenings")).await.expect(202);
    let partly = async {
        while whole_screenings(&app).await == 1_000 {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    // Ends in the middle, as a killed process does, or one that lost its lease.
    tokio::select! {
        done = look_after(&app.core) => done.unwrap(),
        () = partly => {}
    }
    assert!((1..1_000).contains(&whole_screenings(&app).await), "in the middle");
    verify(&app.core, |_, _| {}).await.unwrap();
    let state = listed(&auditor).await[0].clone();
    assert_eq!((&state["state"], &state["counts"]), (&json!("running"), &Json::Null), "{state}");
    assert_eq!(admin.post("/v1/purges", &order("screenings")).await.expect(409).code(), "purge_under_way");
    let (first, second) = tokio::join!(look_after(&app.core), look_after(&another.core));
    first.unwrap();
    second.unwrap();
    assert_eq!(whole_screenings(&app).await, 0);
    let certificates = listed(&auditor).await;
    assert_eq!(certificates.len(), 1, "{certificates:?}");
    assert_eq!((&certificates[0]["state"], &certificates[0]["counts"]["records"]), (&json!("complete"), &json!(1_000)));
    verify(&app.core, |_, _| {}).await.unwrap();
}

#[tokio::test]
async fn without_the_owners_connection_orders_wait_for_the_command() {
    let database_url = fresh_database().await;
    let lodger = format!("lodger_{}", uuid::Uuid::now_v7().simple());
    let mut owner = AsyncPgConnection::establish(&database_url).await.unwrap();
    let admit = format!("CREATE ROLE {lodger} LOGIN PASSWORD 'here' IN ROLE lianfang_service");
    owner.batch_execute(&admit).await.unwrap();
    let (scheme, rest) = database_url.split_once("://").unwrap();
    let (_, place) = rest.split_once('@').unwrap();
    let url = format!("{scheme}://{lodger}:here@{place}");
    let app = TestApp::start_over(&url, &lianfang::server::routes::KINDS, |_| {}).await;
    let admin = app.command().await;
    let checkpoint = examples::checkpoint(&admin, "511802005").await;
    many(&admin, &checkpoint, 2).await;
    let ordered = admin.post("/v1/purges", &order("screenings")).await.expect(202);
    assert_eq!(ordered.body["state"], "waiting", "{}", ordered.body);
    look_after(&app.core).await.unwrap();
    let path = ordered.header("location");
    assert_eq!(admin.get(path).await.expect(200).body["state"], "waiting");
    let output = Command::new(BINARY)
        .args(["purge", "--ordered", "--json"])
        .args(["--keys-dir".as_ref(), cluster_directory().join("keys").as_os_str()])
        .env("DATABASE_URL", &database_url)
        .output()
        .unwrap();
    let said: Json = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(said["certificates"][0]["counts"]["records"], 2, "{said}");
    let done = admin.get(path).await.expect(200).body;
    assert_eq!((&done["state"], &done["counts"]["records"]), (&json!("complete"), &json!(2)), "{done}");
}
