//! Rows that a former release wrote in the clear: read, amended and proved as they stand; moved into their envelopes,
//! and read, amended and proved as before.

use std::collections::BTreeMap;
use std::process::Command;

use kit::field::{Field, Privacy, Shape};
use lianfang::integrity::sealing::{Sealed, seal};
use lianfang::integrity::{Finding, VerifyError, verify};
use lianfang::platform::access::{Grant, Role};
use lianfang::records::record::owner;
use lianfang::records::{Definition, Kind, Record, proof};
use lianfang::server::routes;
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::support::process::BINARY;
use crate::support::{Actor, TestApp, cluster_directory, examples, fresh_database};
use crate::sync::{amend, create, outcomes};

/// Text that must be nowhere in the clear afterwards.
const MARK: &str = "桂花巷口述";

/// A field as the former release had it.
fn formerly(field: &Field) -> Field {
    let mut former = *field;
    if field.formerly_open {
        (former.formerly_open, former.privacy) = (false, Privacy::Open);
    }
    if let Shape::List { of: Shape::Object(members), max } = field.shape {
        let open = |member: &Field| Field { privacy: Privacy::Open, ..*member };
        let members: Vec<Field> = members.iter().map(open).collect();
        former.shape = Shape::List { of: Box::leak(Box::new(Shape::Object(members.leak()))), max };
    }
    former
}

/// The kinds as the former release had them.
fn former_definitions() -> Vec<&'static Kind> {
    let former = |kind: &&'static Kind| -> &'static Kind {
        let fields = kind.fields.iter().map(formerly).collect::<Vec<Field>>().leak();
        Box::leak(Box::new(Kind::of(Definition { fields, ..***kind })))
    };
    routes::KINDS.iter().map(former).collect()
}

async fn finding(app: &TestApp) -> Option<Finding> {
    match verify(&app.core, |_, _| {}).await {
        Ok(_) => None,
        Err(VerifyError::Finding(finding)) => Some(finding),
        Err(VerifyError::Problem(problem)) => panic!("{problem}"),
    }
}

/// How many rows of each table have the mark in the clear.
async fn marked(app: &TestApp) -> BTreeMap<String, usize> {
    let tables = "SELECT relname::text AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'public' AND relkind = 'r'";
    let mut found = BTreeMap::new();
    for mut table in app.rows(tables).await {
        let name = table.text("name").unwrap();
        let rows = app.rows(&format!("SELECT 1 AS one FROM {name} AS t WHERE to_jsonb(t)::text LIKE '%{MARK}%'")).await;
        if !rows.is_empty() {
            found.insert(name, rows.len());
        }
    }
    found
}

async fn sealed(app: &TestApp) -> Sealed {
    let mut told = Vec::new();
    let sealed = seal(&app.core, &app.database_url, &mut |done, total| told.push((done, total))).await.unwrap();
    assert!(told.iter().all(|(done, total)| done <= total) && told.is_sorted(), "{told:?}");
    sealed
}

/// A person with categories, a volunteer with skills, a request with items and a delivery, each amended once; paths.
async fn written(admin: &Actor) -> Vec<String> {
    let category = |code: &str| json!({"category": code, "since_on": "2020-01-20", "source": format!("{MARK}电话")});
    let person = json!({"name": "王五", "phone": "15400000001", "area_code": "511802005", "categories": [category("close_contact"), category("other")]});
    let volunteer = json!({"person": {"name": "赵六", "phone": "15400000002"}, "skills": [format!("{MARK}开车")], "area_code": "511802005"});
    let item = json!({"item": format!("{MARK}的药"), "quantity": "2", "quantity_unit": "盒"});
    let need = json!({"household": "张三", "items": [item], "note": "敲门", "area_code": "511802005"});
    let mut paths = Vec::new();
    for (kind, body) in [("people", person), ("volunteers", volunteer), ("need-requests", need)] {
        paths.push(admin.post(&format!("/v1/{kind}"), &body).await.expect(201).header("location").to_owned());
    }
    let changes = [
        json!({"categories": [category("close_contact")]}),
        json!({"skills": [format!("{MARK}护理")], "party_member": true}),
        json!({"note": "电话联系"}),
    ];
    for (path, change) in paths.iter().zip(changes) {
        admin.patch(path, "\"1\"", &change).await.expect(200);
    }
    let need_id = paths[2].rsplit('/').next().unwrap().to_owned();
    let delivery = json!({"need_request_id": need_id, "items": [{"item": format!("{MARK}的药"), "quantity": "1", "quantity_unit": "盒"}],
        "proof": "signature", "proof_reference": format!("{MARK}签收单"), "area_code": "511802005"});
    paths.push(admin.post("/v1/deliveries", &delivery).await.expect(201).header("location").to_owned());
    // Writes that follow from a delivery go by the rules of today; this is as the former release wrote a request.
    admin.patch(&paths[2], "\"3\"", &json!({"note": "敲门三次"})).await.expect(200);
    paths
}

async fn read(actor: &Actor, paths: &[String]) -> Vec<Json> {
    let mut all = Vec::new();
    for path in paths {
        all.push(actor.get(path).await.expect(200).body);
        all.push(actor.get(&format!("{path}/revisions")).await.expect(200).body);
    }
    all
}

#[tokio::test]
async fn rows_of_a_former_release_are_read_amended_moved_and_proved() {
    let former = TestApp::start_over(&fresh_database().await, &former_definitions(), |_| {}).await;
    let his = former.administrator().await;
    let paths = written(&his).await;
    let before = read(&his, &paths).await;
    let app = TestApp::start_over(&former.database_url, &routes::KINDS, |_| {}).await;
    let admin = app.administrator().await;
    assert_eq!(finding(&former).await, None);
    assert!(verify(&app.core, |_, _| {}).await.unwrap().in_the_clear >= 7, "as it stands; told");
    assert_eq!(read(&admin, &paths).await, before);
    assert_eq!(before[0]["categories"][0]["source"], format!("{MARK}电话"));
    let clear = marked(&app).await;
    assert_eq!(
        clear.keys().collect::<Vec<_>>(),
        ["deliveries", "need_requests", "people", "record_revisions", "volunteers"]
    );

    // Amended, the current revision is at rest; the former one is as it was.
    admin.patch(&paths[1], "\"2\"", &json!({"active": false})).await.expect(200);
    assert_eq!(marked(&app).await.get("volunteers"), None);
    let before = read(&admin, &paths).await;
    assert_eq!(before[2]["skills"], json!([format!("{MARK}护理")]));
    assert_eq!(finding(&app).await, None);

    let first = sealed(&app).await;
    assert_eq!((first.left, first.revisions >= 7), (0, true), "{first:?}");
    assert_eq!(marked(&app).await, BTreeMap::new());
    assert_eq!(sealed(&app).await, Sealed::default(), "there is nothing left to do");
    assert_eq!(verify(&app.core, |_, _| {}).await.unwrap().in_the_clear, 0);
    assert_eq!(read(&admin, &paths).await, before, "nobody sees a difference");
    assert_eq!(finding(&app).await, None, "the chain is as it was");

    // Moved rows go on as others do.
    let more = json!({"category": "suspected", "since_on": "2020-01-22", "source": format!("{MARK}医院")});
    admin.patch(&paths[0], "\"2\"", &json!({"categories": [more]})).await.expect(200);
    let need_id = paths[2].rsplit('/').next().unwrap();
    let rest = json!({"need_request_id": need_id, "items": [{"item": format!("{MARK}的药"), "quantity": "1", "quantity_unit": "盒"}], "proof": "signature", "area_code": "511802005"});
    admin.post("/v1/deliveries", &rest).await.expect(201);
    assert_eq!(
        admin.get(&paths[2]).await.expect(200).body["state"],
        "delivered",
        "counted with what was brought before"
    );
    let suspected = admin.get("/v1/people?category=suspected&in_force_on=2020-01-23").await.expect(200).body;
    assert_eq!(suspected["items"][0]["categories"][0]["source"], format!("{MARK}医院"), "found by SQL, told whole");
    assert_eq!(marked(&app).await, BTreeMap::new());
    assert_eq!(finding(&app).await, None);
}

#[tokio::test]
async fn whatever_is_altered_in_a_moved_row_is_found() {
    let former = TestApp::start_over(&fresh_database().await, &former_definitions(), |_| {}).await;
    let paths = written(&former.administrator().await).await;
    assert_eq!(paths.len(), 4);
    let app = TestApp::start_over(&former.database_url, &routes::KINDS, |_| {}).await;
    // Before it was moved: the clear value is proved where it stands, and nothing is moved that isn't.
    app.sql("CREATE TABLE kept AS TABLE volunteers; UPDATE volunteers SET skills = '[\"x\"]'").await;
    assert!(matches!(finding(&app).await, Some(Finding::Altered { kind, .. }) if kind == "volunteers"));
    let first = sealed(&app).await;
    assert_eq!(first.left, 1, "{first:?}");
    app.sql("DELETE FROM volunteers; INSERT INTO volunteers SELECT * FROM kept; DROP TABLE kept").await;
    assert_eq!(finding(&app).await, None);
    assert_eq!(sealed(&app).await, Sealed { revisions: 1, ..Sealed::default() }, "it goes on where it was");

    let alterations = [
        ("volunteers", "personal = set_byte(personal, 60, get_byte(personal, 60) # 1)"),
        ("volunteers", "personal = set_byte(personal, 5, get_byte(personal, 5) # 1)"),
        ("volunteers", "personal = NULL"),
        ("volunteers", "digest = substr(digest, 1, 32)"),
        ("volunteers", "digest = substr(digest, 1, 63)"),
        ("volunteers", "digest = digest || digest"),
        ("volunteers", "digest = set_byte(digest, 3, get_byte(digest, 3) # 1)"),
        ("volunteers", "digest = set_byte(digest, 40, get_byte(digest, 40) # 1)"),
        ("volunteers", "skills = '[\"x\"]'"),
        ("volunteers", "party_member = NOT party_member"),
        ("volunteers", "capture = capture || '{\"device_id\": \"x\"}'"),
        ("people", "categories = jsonb_set(categories, '{0,since_on}', '\"2020-01-21\"')"),
        ("people", "categories = jsonb_set(categories, '{0,source}', '\"x\"')"),
        ("people", "categories = '[]'"),
        ("need_requests", "items = '[]'"),
    ];
    for (table, alteration) in alterations {
        app.sql(&format!(
            "CREATE TABLE kept AS TABLE {table}; UPDATE {table} SET {alteration} WHERE length(digest) = 64"
        ))
        .await;
        match finding(&app).await {
            Some(Finding::Altered { kind, .. }) => assert_eq!(kind, table, "{alteration}"),
            other => panic!("{table}: {alteration}: {other:?}"),
        }
        app.sql(&format!("DELETE FROM {table}; INSERT INTO {table} SELECT * FROM kept; DROP TABLE kept")).await;
        assert_eq!(finding(&app).await, None, "put back");
    }
    for body in [
        "body || '{\"skills\": [\"x\"]}'",
        "body || '{\"party_member\": true}'",
        "jsonb_set(body, '{digest}', to_jsonb(left(body->>'digest', 66)))",
    ] {
        app.sql(&format!("CREATE TABLE kept AS TABLE record_revisions; UPDATE record_revisions SET body = {body} WHERE kind = 'volunteers'")).await;
        assert!(matches!(finding(&app).await, Some(Finding::Altered { kind, .. }) if kind == "volunteers"), "{body}");
        app.sql("DELETE FROM record_revisions; INSERT INTO record_revisions SELECT * FROM kept; DROP TABLE kept").await;
    }
    // A purge leaves the chain whole, and what still stands there is still proved.
    app.sql("UPDATE volunteers SET personal = substr(personal, 1, 33)").await;
    assert_eq!(finding(&app).await, None);
    app.sql("UPDATE volunteers SET party_member = NOT party_member").await;
    assert!(matches!(finding(&app).await, Some(Finding::Altered { .. })));
}

/// The newest revision of a screening as a former release wrote it: the device in the open, its digest chained.
async fn with_device_in_the_open(app: &TestApp, id: &str) {
    let kind = app.core.kinds().kind("screenings").unwrap();
    let select = format!("SELECT {} FROM screenings WHERE id = '{id}'", kind.select());
    let row = app.rows(&select).await.remove(0);
    let sealer = &app.core.sealer;
    let envelope = Record::from_row(kind, row.clone(), sealer).unwrap().envelope;
    let device_id = envelope.device_id.clone().unwrap();
    let opened = sealer.open(owner(kind, &envelope), &row.clone().bytes("personal").unwrap()).unwrap().unwrap();
    let mut members: Json = serde_json::from_slice(&opened).unwrap();
    members.as_object_mut().unwrap().remove("device_id").unwrap();
    let personal = hex::encode(sealer.seal(owner(kind, &envelope), members.to_string().as_bytes()).unwrap());
    app.sql(&format!(
        "UPDATE screenings SET personal = '\\x{personal}', capture = capture || '{{\"device_id\": \"{device_id}\"}}' WHERE id = '{id}'"
    ))
    .await;
    let digest = hex::encode(proof::of_row(kind, app.rows(&select).await.remove(0), &envelope, sealer).unwrap());
    let (district, number) = (&envelope.district_code, envelope.change_no);
    app.sql(&format!(
        "UPDATE screenings SET digest = '\\x{digest}' WHERE id = '{id}';
         UPDATE ledger_entries AS e SET digest = sha256('\\x{digest}'), head = sha256(f.head || int8send(e.first_no) || int8send(e.change_count) || sha256('\\x{digest}') || int8send((extract(epoch FROM e.recorded_at) * 1000000)::bigint))
           FROM ledger_entries AS f WHERE f.district_code = e.district_code AND f.first_no + f.change_count = e.first_no AND e.first_no = {number} AND e.district_code = '{district}';
         UPDATE district_clocks AS c SET head = e.head FROM ledger_entries AS e WHERE e.district_code = c.district_code AND e.first_no = {number} AND c.last_no = {number} AND c.district_code = '{district}'"
    ))
    .await;
}

#[tokio::test]
async fn devices_and_reasons_of_a_former_release_come_to_rest() {
    let app = TestApp::start().await;
    let (admin, guard) = (app.administrator().await, app.gate_guard("大兴街道").await);
    let place = examples::checkpoint(&admin, "511802005").await;
    let (sent, mut broken) = (create(&place, 1), create(&place, 2));
    broken["body"]["temperature_c"] = "hot".into();
    let device = format!("{MARK}-phone-of-a-guard");
    let path = format!("/v1/screenings/{}", sent["id"].as_str().unwrap());
    let push = async |items: Json| {
        guard.post("/v1/sync/push", &json!({"device_id": device, "items": items})).await.expect(207);
    };
    push(json!([sent, broken])).await;
    push(json!([amend(&sent["id"], 1, json!({"note": "一"}))])).await;
    with_device_in_the_open(&app, sent["id"].as_str().unwrap()).await;
    assert_eq!(finding(&app).await, None, "as a former release wrote it");
    // The device that amended goes on from its own revision, whatever it was told.
    let results = guard
        .post("/v1/sync/push", &json!({"device_id": device, "items": [amend(&sent["id"], 1, json!({"note": "二"}))]}))
        .await;
    assert_eq!(outcomes(results.expect(207).body["results"].as_array().unwrap()), ["revised"]);

    let reason = format!("{MARK}电话随访");
    let person = admin.get(&path).await.expect(200).body["person_id"].as_str().unwrap().to_owned();
    let why = json!({"purpose": "medical_follow_up", "reason": reason});
    admin.post(&format!("/v1/people/{person}:reveal"), &why).await.expect(200);
    let grants = vec![Grant { role: Role::GateGuard, area_code: "511802005".into(), org_id: None }];
    let mut secret = app.add_user(Uuid::now_v7(), "gate.one", grants).await;
    let login = async |password: &str| {
        let body = json!({"username": "gate.one", "password": password, "device_id": device});
        app.nobody().post("/v1/auth/login", &body).await.expect(200).body["access_token"].as_str().unwrap().to_owned()
    };
    let mut owner = app.nobody();
    owner.token = Some(login(&secret).await);
    let new = json!({"current_password": secret, "new_password": "雨城-一二三四五六七八九"});
    owner.post("/v1/auth/password", &new).await.expect(204);
    secret = new["new_password"].as_str().unwrap().to_owned();
    owner.token = Some(login(&secret).await);
    app.sql(&format!(
        "UPDATE sessions SET device_id = '{device}', device = NULL, device_blind_index = NULL WHERE device IS NOT NULL;
         UPDATE held_items SET device_id = '{device}', device = NULL;
         UPDATE audit_log SET details = details || '{{\"reason\": \"{reason}\"}}' WHERE verb = 'people.reveal'"
    ))
    .await;
    let seen = async |owner: &Actor| {
        [
            owner.get("/v1/auth/sessions").await.expect(200).body,
            guard.get("/v1/held-items").await.expect(200).body,
            admin.get("/v1/audit?verb=people.reveal").await.expect(200).body,
            admin.get(&format!("{path}/revisions")).await.expect(200).body,
        ]
    };
    let before = seen(&owner).await;
    assert_eq!(before[0]["items"][0]["device_id"], device);
    assert_eq!(before[1]["items"][0]["device_id"], device);
    assert_eq!(before[2]["items"][0]["details"]["reason"], reason);
    assert_eq!(
        marked(&app).await.keys().collect::<Vec<_>>(),
        ["audit_log", "held_items", "record_revisions", "sessions"]
    );

    let first = sealed(&app).await;
    assert!(first.revisions == 1 && first.others >= 3 && first.left == 0, "{first:?}");
    assert_eq!(marked(&app).await, BTreeMap::new());
    assert_eq!(sealed(&app).await, Sealed::default());
    assert_eq!(seen(&owner).await, before, "whoever may read them does");
    assert_eq!(finding(&app).await, None);
    // Signing in again on that device ends its former session, as ever.
    owner.token = Some(login(&secret).await);
    let sessions = owner.get("/v1/auth/sessions").await.expect(200).body["items"].clone();
    assert_eq!(sessions.as_array().unwrap().len(), 1, "{sessions}");
}

fn command(name: &str, url: &str) -> Json {
    let mut command = Command::new(BINARY);
    command.args([name, "--json", "--database-url", url, "--keys-dir"]).arg(cluster_directory().join("keys"));
    let output = command.env_remove("DATABASE_URL").current_dir("/").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

#[tokio::test]
async fn the_command_moves_rows_beside_a_service_that_writes() {
    let former = TestApp::start_over(&fresh_database().await, &former_definitions(), |_| {}).await;
    let his = former.administrator().await;
    let mut paths = Vec::new();
    for number in 0..40 {
        let volunteer = json!({"person": {"name": "赵六", "phone": format!("154000001{number:02}")}, "skills": [format!("{MARK}开车")], "area_code": "511802005"});
        paths.push(his.post("/v1/volunteers", &volunteer).await.expect(201).header("location").to_owned());
    }
    let app = TestApp::start_over(&former.database_url, &routes::KINDS, |_| {}).await;
    let (admin, url) = (app.administrator().await, app.database_url.clone());
    assert_eq!(command("verify", &url)["in_the_clear"], 40);
    let sealing = tokio::task::spawn_blocking(move || command("seal", &url));
    // Each row is amended before, while or after it is moved.
    for path in &paths {
        let amended = admin.patch(path, "\"1\"", &json!({"league_member": true})).await.expect(200).body;
        assert_eq!((&amended["skills"], &amended["revision"]), (&json!([format!("{MARK}开车")]), &json!(2)));
    }
    let told = sealing.await.unwrap();
    assert_eq!(told["left"], 0, "{told}");
    command("seal", &app.database_url);
    assert_eq!(marked(&app).await, BTreeMap::new());
    assert_eq!(command("verify", &app.database_url)["in_the_clear"], 0);
}
