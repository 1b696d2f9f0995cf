//! Asking the register who somebody is: no way of asking tells what the caller can't read, and none lets documents be
//! tried out.

use chrono::TimeDelta;
use lianfang::platform::access::Role;
use serde_json::{Value as Json, json};

use crate::isolation_cases::{case, make, step};
use crate::support::{Actor, TestApp, fake_resident_id};

const HERE: &str = "511802005";

fn case_here(sequence: u32) -> Json {
    let mut body = case(sequence, json!({"area_code": HERE}));
    body["person"]["area_code"] = HERE.into();
    body
}

async fn dry_run(actor: &Actor, bodies: &[Json]) -> Vec<Json> {
    let reply = actor.post("/v1/isolation-cases:batch?validate_only=true", &json!({"items": bodies})).await.expect(207);
    reply.body["results"].as_array().unwrap().clone()
}

async fn look_up(actor: &Actor, number: &str) -> crate::support::Reply {
    actor.post("/v1/screenings:lookup", &json!({"document_number": number})).await
}

/// A number with its check digit: the region, the birthday, the sequence.
fn resident_id(region: &str, birthday: &str, sequence: &str) -> String {
    let body = format!("{region}{birthday}{sequence}");
    let weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
    let sum: u32 = body.bytes().zip(weights).map(|(digit, weight)| u32::from(digit - b'0') * weight).sum();
    format!("{body}{}", "10X98765432".as_bytes()[(sum % 11) as usize] as char)
}

#[tokio::test]
async fn a_dry_run_tells_nobody_who_is_isolated_elsewhere() {
    let app = TestApp::start().await;
    let (nurse, cadre) = (app.health_worker("八步镇").await, app.town_cadre("大兴街道").await);
    let (admin, auditor) = (app.administrator().await, app.actor(Role::Auditor, "雨城区").await);
    make(&nurse, "isolation-cases", case(1, json!({}))).await;
    let results = dry_run(&cadre, &[case_here(1), case_here(2)]).await;
    assert_eq!((&results[0]["outcome"], &results[1]["outcome"]), (&json!("valid"), &json!("valid")), "{results:#?}");
    let bare = |result: &Json| {
        let mut result = result.clone();
        result.as_object_mut().unwrap().retain(|name, _| name != "index");
        result
    };
    assert_eq!(bare(&results[0]), bare(&results[1]), "both answers are the same");
    let lines = auditor.get("/v1/audit?verb=people.dry_run").await.expect(200).body["items"].clone();
    assert_eq!((&lines[0]["actor_id"], &lines[0]["details"]["people"]), (&json!(cadre.id), &json!(2)));

    // It is taken as any other, and the command is asked which stands. Whoever sent it isn't told.
    let id = make(&cadre, "isolation-cases", case_here(1)).await;
    make(&cadre, "isolation-cases", case_here(2)).await;
    let duties = async |actor: &Actor| {
        actor.get("/v1/duties?duty_kind=duplicate_case").await.expect(200).body["items"].as_array().unwrap().clone()
    };
    let asked = duties(&admin).await;
    assert_eq!((asked.len(), &asked[0]["cause_id"], &asked[0]["state"]), (1, &json!(id), &json!("open")));
    assert!(duties(&cadre).await.is_empty() && duties(&nurse).await.is_empty());
    assert!(!cadre.get("/v1/sync/pull?limit=500").await.expect(200).body.to_string().contains("duplicate_case"));
    // Nor does it go along with the case: it is the district's, whoever has the case.
    let path = format!("/v1/isolation-cases/{id}");
    admin.patch(&path, "*", &json!({"area_code": "511802001"})).await.expect(200);
    let moved = app.town_cadre("东城街道").await;
    assert!(duties(&moved).await.is_empty());
    assert_eq!(duties(&admin).await[0]["area_code"], "511802");
    step(&admin, &id, "dismissed", json!({"reason": "误登记"})).await.expect(201);
    assert_eq!(duties(&admin).await[0]["state"], "done");
    // Readers of the case that stands are told of it, in a dry run as in truth.
    let told = dry_run(&admin, &[case_here(2)]).await;
    assert_eq!(told[0]["problem"]["errors"][0]["code"], "active_case_exists");
    let told = cadre.post("/v1/isolation-cases", &case_here(2)).await.expect(422);
    assert_eq!(told.faults()[0].1, "active_case_exists");
    lianfang::integrity::verify(&app.core, |_, _| {}).await.map_err(|error| format!("{error:?}")).unwrap();
}

#[tokio::test]
async fn a_dry_run_counts_as_so_many_questions() {
    let app = TestApp::start().await;
    let cadre = app.town_cadre("大兴街道").await;
    let bodies: Vec<Json> = (0..59).map(case_here).collect();
    dry_run(&cadre, &bodies).await;
    look_up(&cadre, &fake_resident_id(1)).await.expect(200);
    look_up(&cadre, &fake_resident_id(1)).await.expect(429);
    let search = json!({"document_number": fake_resident_id(1)});
    cadre.post("/v1/people:search", &search).await.expect(429);
    cadre.post("/v1/screenings:search", &search).await.expect(429);
    let path = "/v1/isolation-cases:batch?validate_only=true";
    let refused = cadre.post(path, &json!({"items": bodies})).await.expect(429);
    assert!(refused.header("retry-after").parse::<u32>().unwrap() <= 61);
    let file = "name,document_number\n某某,x\n";
    let import = cadre.with("content-type", "text/csv");
    import.upload("/v1/imports?kind=people&validate_only=true", file.into()).await.expect(429);
    // Records without people ask nothing of the register.
    let place = json!({"kind": "mall", "name": "商场", "area_code": HERE});
    cadre.post("/v1/places:batch?validate_only=true", &json!({"items": [place]})).await.expect(207);
    app.core.clock.shift(TimeDelta::seconds(61));
    dry_run(&cadre, &bodies).await;
}

#[tokio::test]
async fn the_third_of_near_documents_pauses_whoever_tries_them_and_tells_the_command() {
    let app = TestApp::start().await;
    let (guard, there) = (app.gate_guard("大兴街道").await, app.actor(Role::VillageCadre, "八步镇").await);
    let (admin, auditor) = (app.administrator().await, app.actor(Role::Auditor, "雨城区").await);
    let number = |birthday: &str| resident_id("519999", birthday, "002");
    let sought = number("19900309");
    there
        .post("/v1/people", &json!({"name": "赵六", "document_number": sought, "area_code": "511802114"}))
        .await
        .expect(201);
    for birthday in ["19900307", "19900308"] {
        assert_eq!(look_up(&guard, &number(birthday)).await.expect(200).body["items"], json!([]));
    }
    // The right one isn't told any more.
    let refused = look_up(&guard, &sought).await.expect(429);
    assert!((3_500..=3_601).contains(&refused.header("retry-after").parse::<i64>().unwrap()));
    look_up(&guard, &fake_resident_id(9_999)).await.expect(429);
    let duties = admin.get("/v1/duties?duty_kind=lookup_check").await.expect(200).body["items"].clone();
    assert_eq!((&duties[0]["subject_id"], &duties[0]["line"]), (&json!(guard.id), &json!("district")));
    let lines = auditor.get("/v1/audit?verb=people.near_misses").await.expect(200).body["items"].clone();
    assert_eq!(lines[0]["actor_id"], json!(guard.id));
    // Nobody else is held up, and his passages aren't.
    look_up(&there, &sought).await.expect(200);
    let place = crate::support::examples::checkpoint(&admin, HERE).await;
    guard.post("/v1/screenings", &crate::support::examples::screening(&place, 1)).await.expect(201);
    app.core.clock.shift(TimeDelta::minutes(61));
    let guard_again = app.gate_guard("大兴街道").await;
    look_up(&guard_again, &sought).await.expect(200);
}

#[tokio::test]
async fn a_gate_that_meets_strangers_all_day_is_not_hindered() {
    let app = TestApp::start().await;
    let guard = app.gate_guard("大兴街道").await;
    for minute in 0..8_u32 {
        for number in 0..60_u32 {
            let index = minute * 60 + number;
            look_up(&guard, &fake_resident_id(index.wrapping_mul(2_654_435_761) % 20_000_000)).await.expect(200);
        }
        // The token holds for ten minutes.
        app.core.clock.shift(TimeDelta::seconds(61));
    }
}

#[tokio::test]
async fn posting_documents_is_a_question_too() {
    let app = TestApp::start().await;
    let (guard, there) =
        (app.actor(Role::VillageCadre, "大兴街道").await, app.actor(Role::VillageCadre, "八步镇").await);
    let auditor = app.actor(Role::Auditor, "雨城区").await;
    let person = |birthday: &str, area: &str| json!({"name": "赵六", "document_number": resident_id("519999", birthday, "002"), "area_code": area});
    let id = there.post("/v1/people", &person("19900309", "511802114")).await.expect(201).body["id"].clone();
    for birthday in ["19900307", "19900308"] {
        guard.post("/v1/people", &person(birthday, HERE)).await.expect(201);
    }
    guard.post("/v1/people", &person("19900309", HERE)).await.expect(200);
    look_up(&guard, &fake_resident_id(9_999)).await.expect(429);
    let log = auditor.get(&format!("/v1/people/{}/access-log", id.as_str().unwrap())).await.expect(200).body;
    assert!(log["items"].as_array().unwrap().iter().any(|line| line["verb"] == "people.meet"), "{log}");
    // Whoever meets whom he registered himself is no matter.
    there.post("/v1/people", &person("19900309", "511802114")).await.expect(200);
    look_up(&there, &fake_resident_id(9_999)).await.expect(200);
}
