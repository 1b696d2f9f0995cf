//! Closed rooms tried from outside: by every other role, by keys of programs, by files, feeds, pulls and searches, by figures,
//! by statements of the service's own role; and what is noted of who is let in.

use std::collections::BTreeSet;

use diesel_async::RunQueryDsl;
use kit::field::Shape;
use kit::link::Link;
use kit::row::Row;
use kit::row_scope::RowScope;
use kit::statement::Statement;
use lianfang::platform::access::{Grant, Role};
use lianfang::records::Kind;
use lianfang::server::routes;
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::api_keys::{holder, new_key};
use crate::isolation_cases::set_clock;
use crate::support::process::{Folder, Served};
use crate::support::{Actor, TestApp, examples};

const DISTRICT: &str = "511802";
const SECRET: &str = "15400000805";
const DOCUMENT: &str = "51999919650101001X";

fn closed() -> impl Iterator<Item = &'static Kind> {
    routes::KINDS.iter().copied().filter(|kind| kind.closed)
}

/// One record of each closed kind, by its own role; kind and id.
async fn filled(app: &TestApp) -> Vec<(&'static Kind, String)> {
    set_clock(app, "2020-02-03T10:00:00+08:00");
    let mut made = Vec::new();
    let mut subject = Json::Null;
    for name in ["corrections_subjects", "corrections_checks", "counseling_sessions"] {
        let kind = closed().find(|kind| kind.name == name).unwrap();
        let own = own(app, kind).await;
        let mut body = examples::of_kind(name);
        match name {
            "corrections_checks" => body["subject_id"] = subject.clone(),
            "corrections_subjects" => known_by(&mut body),
            _ => {}
        }
        let id = own.post(&format!("/v1/{}", kind.path), &body).await.expect(201).body["id"].clone();
        // A former revision, too.
        let path = format!("/v1/{}/{}", kind.path, id.as_str().unwrap());
        let tag = own.get(&path).await.expect(200).header("etag").to_owned();
        let patch = match name {
            "corrections_subjects" => json!({"term_to": "2021-06-30"}),
            "corrections_checks" => json!({"result": "isolated"}),
            _ => json!({"minutes": 50}),
        };
        own.patch(&path, &tag, &patch).await.expect(200);
        if name == "corrections_subjects" {
            subject = id.clone();
        }
        made.push((kind, id.as_str().unwrap().to_owned()));
    }
    assert_eq!(made.len(), closed().count());
    made
}

/// Tells a subject by document and phone.
fn known_by(body: &mut Json) {
    body["document_number"] = json!(DOCUMENT);
    body["phone"] = json!(SECRET);
}

async fn own(app: &TestApp, kind: &Kind) -> Actor {
    app.actor(kind.readers[0], "雨城区").await
}

fn tells(text: &str, made: &[(&Kind, String)]) -> bool {
    made.iter().any(|(_, id)| text.contains(id)) || text.contains("钱七") || text.contains(SECRET)
}

#[tokio::test]
async fn every_other_role_finds_nothing_of_them_anywhere() {
    find_nothing(TestApp::start().await).await;
}

/// As on an engine that doesn't take the second wall: the conditions of the statements hide as much by themselves.
#[tokio::test]
async fn nor_does_it_where_the_second_wall_is_down() {
    let app = TestApp::start().await;
    app.take_down_the_wall().await;
    find_nothing(app).await;
}

async fn find_nothing(app: TestApp) {
    let made = filled(&app).await;
    let from = json!({"q": "钱七", "name": "钱七", "phone": SECRET});
    for role in Role::ALL.iter().filter(|role| closed().all(|kind| !kind.readers.contains(role))) {
        let actor = app.actor(*role, "雨城区").await;
        for (kind, id) in &made {
            let path = format!("/v1/{}", kind.path);
            for path in [path.clone(), format!("{path}/{id}"), format!("{path}/{id}/revisions")] {
                assert_eq!(actor.get(&path).await.status, 403, "{role:?} {path}");
            }
            for media_type in ["text/csv", "application/x-ndjson"] {
                assert_eq!(actor.with("accept", media_type).download(&path).await.0, 403, "{role:?} {media_type}");
            }
            assert_eq!(actor.post(&path, &examples::of_kind(kind.name)).await.status, 403, "{role:?} {path}");
            let template = format!("/v1/imports/template?kind={}", kind.name);
            assert_eq!(actor.get(&template).await.status, 403, "{role:?}");
            let named = actor.get(&format!("/v1/names?kind={}&ids={id}", kind.name)).await;
            assert!(!named.body.to_string().contains(id) && named.status == 422, "{role:?} {named:?}");
            let feed = actor.get(&format!("/v1/changes?since=0&kinds={}", kind.name)).await;
            assert!(!tells(&feed.body.to_string(), &made), "{role:?}");
        }
        for path in [
            "/v1/changes?since=0",
            "/v1/sync/pull",
            "/v1/imports",
            "/v1/held-items",
            "/v1/sync/conflicts",
            "/v1/situation?on=2020-02-03",
            "/v1/reports/situation",
            "/v1/audit",
            "/v1/duties",
            "/v1/figures",
        ] {
            let reply = actor.get(path).await;
            let text = reply.body.to_string();
            // Readers of a closed room are told to those who audit: by the id of what they looked at, no word of it.
            let is_trail = path == "/v1/audit";
            assert!(is_trail || !tells(&text, &made), "{role:?} {path} {text}");
            assert!(!text.contains("钱七") && !text.contains(SECRET), "{role:?} {path}");
            let writes: Vec<&Json> = reply.body["items"]
                .as_array()
                .into_iter()
                .flatten()
                .filter(|line| is_trail && line["verb"].as_str().is_some_and(|verb| verb.ends_with(".create")))
                .collect();
            assert!(!tells(&json!(writes).to_string(), &made), "{role:?} {writes:?}");
        }
        let found = actor.post("/v1/people:search", &from).await;
        assert!(!tells(&found.body.to_string(), &made), "{role:?}");
    }
}

#[tokio::test]
async fn no_key_of_a_program_gets_in_whatever_its_scopes() {
    let app = TestApp::start().await;
    let made = filled(&app).await;
    let admin = app.administrator().await;
    let scopes = ["read", "write", "import", "statistics", "small_cells"];
    for role in ["justice_officer", "counselor", "district_admin"] {
        let key =
            holder(&app, &admin.post("/v1/api-keys", &new_key(&app, role, DISTRICT, &scopes)).await.expect(201).body);
        for (kind, id) in made.iter().filter(|(kind, _)| kind.readers.iter().any(|reader| reader.code() == role)) {
            let path = format!("/v1/{}", kind.path);
            for path in [
                path.clone(),
                format!("{path}/{id}"),
                format!("{path}/{id}/revisions"),
                format!("/v1/stats/{}", kind.path),
                format!("/v1/imports/template?kind={}", kind.name),
            ] {
                assert_eq!(key.get(&path).await.expect(403).code(), "key_out_of_scope", "{role} {path}");
            }
            assert_eq!(key.post(&path, &examples::of_kind(kind.name)).await.expect(403).code(), "key_out_of_scope");
            let item =
                json!({"kind": kind.name, "op": "create", "id": Uuid::now_v7(), "body": examples::of_kind(kind.name)});
            let pushed = key.post("/v1/sync/push", &json!({"device_id": "x", "items": [item]})).await;
            assert_eq!(pushed.expect(403).code(), "key_out_of_scope");
        }
        for path in ["/v1/sync/pull", "/v1/changes?since=0", "/v1/figures"] {
            let reply = key.get(path).await;
            assert!(!tells(&reply.body.to_string(), &made), "{role} {path}");
            assert!(path != "/v1/figures" || !reply.body.to_string().contains("corrections_"), "{role}");
        }
        for figure in ["counseling_sessions.sessions", "corrections_checks.checks", "corrections_subjects.subjects"] {
            let queries = json!({"queries": [{"figure": figure, "to_on": "2020-02-03"}]});
            assert_eq!(
                key.post("/v1/figures:evaluate", &queries).await.expect(403).code(),
                "key_out_of_scope",
                "{role}"
            );
        }
    }
}

#[tokio::test]
async fn a_statement_that_does_not_name_the_room_sees_no_row_of_it() {
    let app = TestApp::start().await;
    let made = filled(&app).await;
    let count = async |sql: String, room: Option<&'static str>| {
        let statement = Statement::new(sql).seeing_everything().in_rooms(room);
        app.core.database.read(&statement).await.unwrap().pop().unwrap().integer("count").unwrap()
    };
    for (kind, _) in &made {
        let name = kind.name;
        let others: BTreeSet<&str> = closed().map(|kind| kind.name).filter(|other| *other != name).collect();
        for sql in [
            format!("SELECT count(*) AS count FROM {name}"),
            format!("SELECT count(*) AS count FROM record_revisions WHERE kind = '{name}'"),
            format!("SELECT count(*) AS count FROM ledger_changes WHERE kind = '{name}'"),
        ] {
            assert_eq!(count(sql.clone(), None).await, 0, "{sql}");
            for other in others.iter().copied() {
                assert_eq!(count(sql.clone(), Some(other)).await, 0, "{sql}: another room's word");
            }
            assert!(count(sql.clone(), Some(name)).await > 0, "{sql}");
        }
    }
    // As the service's own role, over a connection of somebody's own.
    let mut link = Link::open(&app.database_url, std::time::Duration::from_secs(5)).await.unwrap();
    link.see(&RowScope::Everything).await.unwrap();
    for (kind, id) in &made {
        for sql in [
            format!("SELECT id FROM {} WHERE id = '{id}'", kind.name),
            format!("UPDATE {} SET voided = true WHERE id = '{id}' RETURNING id", kind.name),
            format!("SELECT id FROM record_revisions WHERE id = '{id}'"),
        ] {
            let rows: Vec<Row> = Statement::new(&sql).load(&mut link).await.unwrap();
            assert!(rows.is_empty(), "{sql}");
        }
    }
    lianfang::integrity::verify(&app.core, |_, _| {}).await.map_err(|error| format!("{error:?}")).unwrap();
}

#[tokio::test]
async fn what_says_it_is_closed_is_closed_in_the_database_and_the_other_way_round() {
    let app = TestApp::start().await;
    let rooms = app.core.kinds().rooms();
    assert_eq!(rooms, closed().map(|kind| kind.name).collect());
    lianfang::platform::row_security::check_rooms(&app.database_url, &rooms).await.unwrap();
    let fewer = rooms.iter().copied().skip(1).collect();
    assert!(lianfang::platform::row_security::check_rooms(&app.database_url, &fewer).await.is_err());
    let more = rooms.iter().copied().chain(["people"]).collect();
    assert!(lianfang::platform::row_security::check_rooms(&app.database_url, &more).await.is_err());
}

fn references(shape: &Shape, found: &mut Vec<&'static str>) {
    match shape {
        Shape::Reference(name) | Shape::Inline(name, _) => found.push(name),
        Shape::List { of, .. } => references(of, found),
        Shape::Object(fields) => fields.iter().for_each(|field| references(&field.shape, found)),
        _ => {}
    }
}

#[test]
fn no_open_kind_names_a_closed_one_and_none_of_them_joins_people() {
    let names: BTreeSet<&str> = closed().map(|kind| kind.name).collect();
    assert!(names.len() >= 3);
    for kind in routes::KINDS.iter() {
        let mut named = Vec::new();
        kind.fields.iter().for_each(|field| references(&field.shape, &mut named));
        if kind.closed {
            assert!(!named.contains(&"people"), "{}", kind.name);
            assert!(kind.rules.blind_columns().is_empty(), "{}: nothing to hold against another register", kind.name);
            assert!(kind.rules.figures().iter().all(|figure| !figure.distinct), "{}", kind.name);
            assert!(kind.rules.follows().is_none() && kind.rules.shared_with().is_none(), "{}", kind.name);
        } else {
            assert!(named.iter().all(|name| !names.contains(name)), "{} names {named:?}", kind.name);
        }
    }
}

#[tokio::test]
async fn each_reading_is_noted_and_a_phone_of_the_own_role_carries_them() {
    let app = TestApp::start().await;
    let made = filled(&app).await;
    let noted = async || {
        let sql = "SELECT count(*) AS count FROM audit_log WHERE verb = 'closed_room.read'";
        app.rows(sql).await.pop().unwrap().integer("count").unwrap()
    };
    for (kind, id) in &made {
        let own = own(&app, kind).await;
        let before = noted().await;
        own.get(&format!("/v1/{}/{id}", kind.path)).await.expect(200);
        assert_eq!(noted().await, before + 1, "{}", kind.name);
        let listed = own.get(&format!("/v1/{}", kind.path)).await.expect(200).body["items"].as_array().unwrap().len();
        assert_eq!(noted().await, before + 1 + listed as i64, "{}: a line each", kind.name);
        own.get(&format!("/v1/{}/{id}/revisions", kind.path)).await.expect(200);
        let before = noted().await;
        let pulled = own.get("/v1/sync/pull").await.expect(200).body.to_string();
        assert!(pulled.contains(id.as_str()), "{}", kind.name);
        assert!(noted().await > before);
        assert!(!pulled.contains("钱七") && !pulled.contains(SECRET), "masked");
        let feed = own.get("/v1/changes?since=0").await.expect(200).body.to_string();
        assert!(!tells(&feed, &made), "the feed is followed by many");
    }
    // The other closed room is as closed to them as to anybody.
    let counselor = app.actor(Role::Counselor, "雨城区").await;
    counselor.get("/v1/corrections-subjects").await.expect(403);
    assert!(!counselor.get("/v1/sync/pull").await.expect(200).body.to_string().contains(&made[0].1));
    // And who is of another area finds nothing by its id.
    let afar = vec![Grant { role: Role::JusticeOfficer, area_code: "511802114".into(), org_id: None }];
    let afar = app.actor_of(afar).await;
    assert_eq!(afar.get(&format!("/v1/corrections-subjects/{}", made[0].1)).await.status, 404);
    assert_eq!(afar.get("/v1/corrections-subjects").await.expect(200).body["items"], json!([]));
}

#[tokio::test]
async fn held_items_and_files_of_a_closed_room_are_shown_to_nobody_else() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-02-03T10:00:00+08:00");
    let officer = app.actor(Role::JusticeOfficer, "雨城区").await;
    let mut check = examples::of_kind("corrections_checks");
    check["subject_id"] = json!(Uuid::now_v7());
    let item = json!({"kind": "corrections_checks", "op": "create", "id": Uuid::now_v7(), "body": check});
    let pushed = officer.post("/v1/sync/push", &json!({"device_id": "x", "items": [item]})).await.expect(207).body;
    assert_eq!(pushed["results"][0]["outcome"], "held", "{pushed}");
    let sheet = "姓名,矫正类别,矫正开始日期,矫正结束日期\n钱七,不存在,2019-07-01,2020-12-31\n";
    let import = officer
        .with("content-type", "text/csv")
        .upload("/v1/imports?kind=corrections_subjects", sheet.into())
        .await
        .expect(200)
        .body;
    assert_eq!(import["counts"]["refused"], 1, "{import}");
    let id = import["id"].as_str().unwrap();
    assert_eq!(officer.get("/v1/held-items").await.expect(200).body["items"].as_array().unwrap().len(), 1);
    let command = app.command().await;
    assert_eq!(command.get("/v1/held-items").await.expect(200).body["items"], json!([]));
    assert_eq!(command.get("/v1/imports").await.expect(200).body["items"], json!([]));
    command.get(&format!("/v1/imports/{id}")).await.expect(404);
    command.get(&format!("/v1/imports/{id}/errors")).await.expect(404);
    let undone = command.send(reqwest::Method::POST, &format!("/v1/imports/{id}:undo"), None).await;
    assert_eq!(undone.status, 404);
}

#[tokio::test]
async fn nothing_of_them_is_in_the_log() {
    let folder = Folder::new("closed");
    let served = Served::start(&folder);
    let output = folder.run(&["user", "add", "officer", "--role", "justice_officer", "--area", DISTRICT, "--json"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let account: Json = serde_json::from_slice(&output.stdout).unwrap();
    let token = served.sign_in(&account, "雨城区-防疫值守-2020").await;
    let mut taken = examples::of_kind("corrections_subjects");
    known_by(&mut taken);
    let mut refused = taken.clone();
    refused["control_kind"] = json!("钱七");
    for (body, status) in [(taken.clone(), 201), (refused, 422)] {
        assert_eq!(served.send("POST", "/v1/corrections-subjects", &token, &body).await.0, status);
    }
    served.send("POST", "/v1/corrections-subjects:nothing", &token, &taken).await;
    let log = std::fs::read_to_string(folder.0.join("serve.log")).unwrap();
    assert!(log.contains("listening"), "{log}");
    for secret in ["钱七", SECRET, DOCUMENT, "某巷"] {
        assert!(!log.contains(secret), "{secret}");
    }
}
