//! Rights told by `/v1/auth/me` are the real ones: for every role and for keys of every scope, against what every
//! operation really answers.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::StreamExt;
use futures_util::stream::iter;
use lianfang::platform::access::{Grant, Role};
use lianfang::platform::http::Operation;
use reqwest::Method;
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::api_keys::{holder, new_key};
use crate::support::{Actor, TestApp, examples};

/// Refusals that don't depend on the target.
const REFUSALS: [&str; 4] = ["forbidden", "key_out_of_scope", "password_change_required", "account_deactivated"];

/// Refusals decided by what the record says: a volunteer signs up himself alone, each step of a case has its own
/// makers, who told a tip is said to whoever received it, a log is its author's, and a company sets up branches and no
/// bureaus. What is attached is written, and its bytes are sent, by whoever writes what it belongs to.
const BY_CONTENT: [(&str, &str); 8] = [
    ("", "attachment_upload"),
    ("", "_attachment"),
    ("volunteer", "shift_assignment"),
    ("volunteer", "shift_attendance"),
    ("", "isolation_case_transition"),
    ("", "reveal_informant"),
    ("", "work_log"),
    ("a company", "organization"),
];

/// Real requests: of each operation, what is sent.
struct Asked {
    id: String,
    method: Method,
    path: String,
    body: Option<String>,
    if_match: bool,
}

/// With the records that there are, as their kinds' paths, and what they were made of.
fn asked(operation: &Operation, records: &BTreeMap<String, (String, Json)>) -> Asked {
    let method: Method = operation.method.as_str().parse().unwrap();
    let base: String = operation.path.split(['{', ':']).next().unwrap().trim_end_matches('/').to_owned();
    let known = records.get(&base);
    let id = known.map_or(Uuid::now_v7().to_string(), |(location, _)| location.rsplit('/').next().unwrap().to_owned());
    let path = operation.path.replace("{id}", &id).replace("{code}", "511802").replace("{token}", &"0".repeat(64));
    let example = operation.body.as_ref().map(|body| body.example.clone());
    let body = match known {
        Some((_, made)) if operation.path == base => Some(made.clone()).filter(|_| method == Method::POST),
        Some((_, made)) if operation.path == format!("{base}:batch") => Some(json!({"items": [made]})),
        _ => example.or((method != Method::GET).then(|| json!({}))),
    };
    Asked {
        id: operation.id.clone(),
        method,
        path,
        body: body.map(|body| body.to_string()),
        if_match: operation.headers.contains(&"If-Match"),
    }
}

/// Where what `me` says isn't what is answered.
async fn differences(
    app: &TestApp,
    records: &BTreeMap<String, (String, Json)>,
    name: &str,
    actor: &Actor,
) -> Vec<String> {
    let me = actor.get("/v1/auth/me").await.expect(200).body;
    let told: BTreeSet<&str> = me["operations"].as_array().unwrap().iter().filter_map(Json::as_str).collect();
    // Ending the session would end the test's, so would changing the password; the stream has no end.
    let skipped = ["end_session", "stream_changes", "change_password", "create_session", "refresh_session"];
    let requests = app.core.operations.iter().filter(|operation| !skipped.contains(&operation.id.as_str()));
    let answers = iter(requests.map(|operation| asked(operation, records))).map(async |asked| {
        let sender = if asked.if_match { actor.with("if-match", "\"1\"") } else { actor.clone() };
        let reply = sender.send(asked.method.clone(), &asked.path, asked.body.clone()).await;
        (asked, reply)
    });
    let mut wrong = Vec::new();
    let mut answers = std::pin::pin!(answers.buffer_unordered(4));
    while let Some((asked, reply)) = answers.next().await {
        // The head alone says no code.
        let code = if asked.method == Method::HEAD { "forbidden" } else { reply.code() };
        let refused = reply.status == 403 && REFUSALS.contains(&code);
        let by_content = BY_CONTENT.iter().any(|(who, what)| name.starts_with(who) && asked.id.ends_with(what));
        let by_content = by_content && code == "forbidden" && told.contains(asked.id.as_str());
        if told.contains(asked.id.as_str()) == refused && !by_content || reply.status >= 500 || reply.status == 401 {
            wrong.push(format!("{name}: {} told {}, got {} {}", asked.id, !refused, reply.status, reply.code()));
        }
    }
    wrong
}

/// A record of every kind in a subdistrict: of its kind's path, where it is and what was posted.
async fn records(app: &TestApp, admin: &Actor) -> BTreeMap<String, (String, Json)> {
    let made = examples::one_of_each(app, admin, "511802005").await;
    made.into_iter().map(|(kind, body, location)| (format!("/v1/{}", kind.path), (location, body))).collect()
}

#[tokio::test]
async fn me_says_of_every_role_what_every_operation_answers() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let records = records(&app, &admin).await;
    let mut wrong = Vec::new();
    for role in Role::ALL {
        let actor = app.actor_of(vec![Grant { role: *role, area_code: "511802".into(), org_id: None }]).await;
        wrong.extend(differences(&app, &records, role.code(), &actor).await);
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test]
async fn me_says_of_keys_what_their_scopes_open() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let records = records(&app, &admin).await;
    let mut wrong = Vec::new();
    let kinds: [(&str, &str, &[&str]); 9] = [
        ("district_admin", "511802", &["read"]),
        ("district_admin", "511802", &["write"]),
        ("district_admin", "511802", &["import"]),
        ("district_admin", "511802", &["export"]),
        ("district_admin", "511802", &["statistics"]),
        ("statistics_reader", "511802", &["statistics"]),
        ("statistics_reader", "511802", &["statistics", "small_cells"]),
        ("statistics_reader", "511802005001", &["statistics"]),
        ("gate_guard", "511802005", &["read", "write"]),
    ];
    for (role, area_code, scopes) in kinds {
        let made = admin.post("/v1/api-keys", &new_key(&app, role, area_code, scopes)).await.expect(201).body;
        let key = holder(&app, &made);
        let me = key.get("/v1/auth/me").await.expect(200).body;
        assert_eq!(me["scopes"], json!(scopes));
        assert_eq!(me["roles"], json!([{"role": role, "area_code": area_code, "org_id": null}]));
        assert_eq!(me["districts"], json!(["511802"]));
        wrong.extend(differences(&app, &records, &format!("a key, {role} {scopes:?}"), &key).await);
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert_eq!(admin.get("/v1/auth/me").await.expect(200).body["scopes"], Json::Null);
}

#[tokio::test]
async fn me_knows_who_judges_nobody_who_sees_no_small_numbers_and_who_must_change_his_password() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let records = records(&app, &admin).await;
    let company = json!({"kind": "enterprise", "name": "虚构公司", "area_code": "511802"});
    let company = admin.post("/v1/organizations", &company).await.expect(201).body["id"].clone();
    let grant = |role, area_code: &str, org_id| Grant { role, area_code: area_code.into(), org_id };
    let company: Option<Uuid> = company.as_str().unwrap().parse().ok();
    let mut wrong = Vec::new();
    let others = [
        ("a company", grant(Role::OrgAdmin, "511802", company), "create_price_rule"),
        ("a narrow reader of figures", grant(Role::StatisticsReader, "511802005001", None), "get_screenings_figures"),
        ("a reader of figures", grant(Role::StatisticsReader, "511802", None), "get_completeness"),
    ];
    for (name, grant, never) in others {
        let actor = app.actor_of(vec![grant]).await;
        let me = actor.get("/v1/auth/me").await.expect(200).body;
        assert!(!me["operations"].as_array().unwrap().contains(&json!(never)), "{name}: {never}");
        wrong.extend(differences(&app, &records, name, &actor).await);
    }
    let id = Uuid::now_v7();
    let password = app.add_user(id, "newcomer", vec![grant(Role::DistrictAdmin, "511802", None)]).await;
    let newcomer = Actor::sign_in(&app, id, "newcomer", &password).await;
    wrong.extend(differences(&app, &records, "a newcomer", &newcomer).await);
    assert!(wrong.is_empty(), "{wrong:#?}");
}
