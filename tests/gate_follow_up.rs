//! Follow-up of an abnormal passage: somebody of the health centre looks after the person, and a guard can open a
//! case from it.

use lianfang::platform::access::Role;
use serde_json::{Value as Json, json};

use crate::duties::duties;
use crate::isolation_cases::{make, set_clock, step, work};
use crate::support::{Actor, TestApp, examples, fake_resident_id};

/// Posts a passage with a fever and two risk answers, changed so; answers it.
async fn passage(guard: &Actor, place: &str, sequence: u32, change: Json) -> Json {
    let mut body = examples::screening(place, sequence);
    body["occurred_at"] = Json::Null;
    body["temperature_c"] = "39.1".into();
    body["answers"] = json!(["hubei_stay_14d", "contact_case"]);
    body["disposition"] = "admitted".into();
    body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    guard.post("/v1/screenings", &body).await.expect(201).body
}

async fn follow_ups(actor: &Actor) -> Vec<Json> {
    duties(actor, "duty_kind=gate_follow_up").await
}

/// State and kind of the proof of the only one.
async fn only(actor: &Actor) -> (String, Json) {
    let all = follow_ups(actor).await;
    assert_eq!(all.len(), 1, "{all:?}");
    (all[0]["state"].as_str().unwrap().to_owned(), all[0]["proof"]["kind"].clone())
}

fn open() -> (String, Json) {
    ("open".to_owned(), Json::Null)
}

fn done(kind: &str) -> (String, Json) {
    ("done".to_owned(), json!(kind))
}

async fn void(actor: &Actor, kind: &str, id: &str) {
    actor.post(&format!("/v1/{kind}/{id}:void"), &json!({"reason": "录错"})).await.expect(200);
}

#[tokio::test]
async fn an_abnormal_passage_calls_the_health_centre() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-02-03T08:30:00+08:00");
    let admin = app.administrator().await;
    let place = examples::checkpoint(&admin, "511802005").await;
    let guard = app.gate_guard("大兴街道").await;
    passage(&guard, &place, 1, json!({"answers": ["none"], "temperature_c": "36.5"})).await;
    assert!(follow_ups(&admin).await.is_empty(), "nothing was abnormal");

    let seen = passage(&guard, &place, 2, json!({})).await;
    let duty = follow_ups(&admin).await.pop().unwrap();
    assert_eq!(
        (&duty["line"], &duty["state"], &duty["area_code"]),
        (&json!("health_center"), &json!("open"), &json!("511802005"))
    );
    assert_eq!((&duty["subject_kind"], &duty["subject_id"]), (&json!("people"), &seen["person_id"]));
    assert_eq!(duty["cause_id"], seen["id"]);
    assert!(duty["due_at"].as_str().unwrap().starts_with("2020-02-03T10:30:"), "{duty}");
    let nurse = app.health_worker("大兴街道").await;
    assert_eq!(duties(&nurse, "state=open&line=health_center").await.len(), 1);
    assert!(follow_ups(&app.health_worker("八步镇").await).await.is_empty());
    // Nobody came: it is missed and goes up, and an answer is late then.
    set_clock(&app, "2020-02-03T10:31:00+08:00");
    work(&app).await;
    let (nurse, admin) = (app.health_worker("大兴街道").await, app.administrator().await);
    let missed = follow_ups(&nurse).await.pop().unwrap();
    assert_eq!((&missed["state"], &missed["escalated_to"]), (&json!("missed"), &json!("district")));
    let path = format!("/v1/duties/{}:answer", missed["id"].as_str().unwrap());
    let village = app.actor(Role::VillageCadre, "大兴街道").await;
    village.post(&path, &json!({"note": "已随访"})).await.expect(403);
    nurse.post(&path, &json!({})).await.expect(422);
    let answered = nurse.post(&path, &json!({"note": "电话随访,已退热"})).await.expect(200).body;
    assert_eq!((&answered["state"], &answered["late"]), (&json!("done"), &json!(true)));
    assert_eq!((&answered["proof"]["kind"], &answered["answer"]), (&json!("duties"), &json!("电话随访,已退热")));
    assert_eq!(answered["answered_by"], nurse.id.to_string());
    assert_eq!(nurse.post(&path, &json!({"note": "再次"})).await.expect(409).code(), "already_ended");
    let other = duties(&admin, "").await;
    assert!(other.iter().all(|duty| duty["duty_kind"] == "gate_follow_up"), "{other:?}");
}

#[tokio::test]
async fn a_reading_a_case_a_visit_of_that_person_proves_it() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-02-03T08:30:00+08:00");
    let admin = app.administrator().await;
    let place = examples::checkpoint(&admin, "511802005").await;
    let seen = passage(&admin, &place, 2, json!({"occurred_at": "2020-02-03T08:25:00+08:00"})).await;
    let person = seen["person_id"].as_str().unwrap().to_owned();
    let reading =
        |at: &str| json!({"person_id": person, "area_code": "511802005", "temperature_c": "36.6", "occurred_at": at});
    make(&admin, "temperature-readings", reading("2020-02-03T08:20:00+08:00")).await;
    assert_eq!(only(&admin).await, open(), "before the passage");
    let first = make(&admin, "temperature-readings", reading("2020-02-03T08:29:00+08:00")).await;
    assert_eq!(only(&admin).await, done("temperature_readings"));
    void(&admin, "temperature-readings", &first).await;
    assert_eq!(only(&admin).await, open());
    let tomorrow = make(&admin, "temperature-readings", reading("2020-02-04T08:30:00+08:00")).await;
    assert_eq!(only(&admin).await, open(), "what hasn't happened proves nothing");
    void(&admin, "temperature-readings", &tomorrow).await;
    // Somebody else's reading.
    let other = passage(&admin, &place, 3, json!({"answers": ["none"], "temperature_c": "36.5"})).await;
    let of_other = json!({"person_id": other["person_id"], "area_code": "511802005", "temperature_c": "36.6"});
    make(&admin, "temperature-readings", of_other).await;
    assert_eq!(only(&admin).await, open());
    // A case of that person, under another id that was merged into his.
    let twin =
        json!({"name": "王五", "document_type": "passport", "document_number": "E12345678", "area_code": "511802005"});
    let twin = make(&admin, "people", twin).await;
    admin.post(&format!("/v1/people/{twin}:merge"), &json!({"into_id": person, "reason": "同一人"})).await.expect(200);
    let case = json!({"person_id": twin, "area_code": "511802005", "categories": ["close_contact"], "anchor": "last_exposure", "anchored_on": "2020-02-02"});
    let case = make(&admin, "isolation-cases", case).await;
    assert_eq!(only(&admin).await, done("isolation_cases"));
    // The next passage asks anew: a visit of the health centre's line answers, the village's doesn't.
    set_clock(&app, "2020-02-03T15:00:00+08:00");
    let admin = app.administrator().await;
    passage(&admin, &place, 2, json!({})).await;
    let states = async || -> Vec<Json> { follow_ups(&admin).await.iter().map(|duty| duty["state"].clone()).collect() };
    assert_eq!(states().await, ["done", "open"]);
    let visit = |line: &str| json!({"case_id": case, "line": line, "health_status": "well"});
    make(&admin, "follow-up-visits", visit("village")).await;
    assert_eq!(states().await, ["done", "open"]);
    let visit = make(&admin, "follow-up-visits", visit("health_center")).await;
    assert_eq!(states().await, ["done", "done"]);
    void(&admin, "follow-up-visits", &visit).await;
    assert_eq!(states().await, ["done", "open"]);
}

#[tokio::test]
async fn what_asked_for_it_may_change() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-02-03T08:30:00+08:00");
    let admin = app.administrator().await;
    let place = examples::checkpoint(&admin, "511802005").await;
    // Registered elsewhere in the district: that health centre is called.
    let register = json!({"name": "赵六", "document_type": "resident_id", "document_number": fake_resident_id(9), "area_code": "511802114"});
    let person = make(&admin, "people", register).await;
    let change = json!({"person": null, "person_id": person});
    let seen = passage(&admin, &place, 9, change).await;
    assert_eq!(follow_ups(&admin).await[0]["area_code"], "511802114");
    let path = format!("/v1/screenings/{}", seen["id"].as_str().unwrap());
    let normal = json!({"temperature_c": "36.5", "answers": ["none"]});
    admin.patch(&path, "\"1\"", &normal).await.expect(200);
    assert_eq!(follow_ups(&admin).await[0]["waiver"], "cause_voided");
    admin
        .patch(&path, "\"2\"", &json!({"temperature_c": "38.0", "occurred_at": "2020-02-03T08:26:00+08:00"}))
        .await
        .expect(200);
    let again = follow_ups(&admin).await.pop().unwrap();
    assert_eq!(
        (&again["state"], &again["waiver"], &again["due_at"]),
        (&json!("open"), &Json::Null, &json!("2020-02-03T10:26:00+08:00"))
    );
    admin.post(&format!("{path}:void"), &json!({"reason": "录错"})).await.expect(200);
    assert_eq!(follow_ups(&admin).await[0]["state"], "waived");
    // Of tomorrow: nothing yet. Told late: due from then on. Told after a fortnight: nothing any more.
    let none = |at: &str| json!({"occurred_at": at, "answers": ["none"]});
    passage(&admin, &place, 11, none("2020-02-04T08:30:00+08:00")).await;
    passage(&admin, &place, 12, none("2020-01-19T08:00:00+08:00")).await;
    assert_eq!(follow_ups(&admin).await.len(), 1);
    passage(&admin, &place, 13, none("2020-02-02T20:00:00+08:00")).await;
    let late = duties(&admin, "duty_kind=gate_follow_up&state=open").await;
    assert_eq!(late.len(), 1);
    assert!(late[0]["due_at"].as_str().unwrap().starts_with("2020-02-03T10:30:"), "{late:?}");
    // Nobody was registered: it is about the passage, and an answer closes it.
    let nobody = passage(&admin, &place, 14, json!({"person": null})).await;
    let about = duties(&admin, &format!("subject_id={}", nobody["id"].as_str().unwrap())).await;
    assert_eq!((&about[0]["subject_kind"], &about[0]["state"]), (&json!("screenings"), &json!("open")));
    let answer = format!("/v1/duties/{}:answer", about[0]["id"].as_str().unwrap());
    assert_eq!(admin.post(&answer, &json!({"note": "未找到本人"})).await.expect(200).body["state"], "done");
    let signing = make(&admin, "isolation-cases", crate::isolation_cases::case(21, json!({}))).await;
    let signing = duties(&admin, &format!("subject_id={signing}")).await;
    let path = format!("/v1/duties/{}:answer", signing[0]["id"].as_str().unwrap());
    let refused = admin.post(&path, &json!({"note": "x"})).await.expect(422);
    assert_eq!(refused.faults(), [(String::new(), "not_answerable".to_owned())]);
}

#[tokio::test]
async fn a_guard_opens_a_case_from_his_passage() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-02-03T08:30:00+08:00");
    let admin = app.administrator().await;
    let place = examples::checkpoint(&admin, "511802005").await;
    let guard = app.gate_guard("大兴街道").await;
    let seen = passage(&guard, &place, 2, json!({})).await;
    let path = format!("/v1/screenings/{}:open-case", seen["id"].as_str().unwrap());
    let case = guard.post(&path, &json!({})).await.expect(201);
    let body = &case.body;
    assert_eq!(
        (&body["state"], &body["person_id"], &body["area_code"]),
        (&json!("identified"), &seen["person_id"], &json!("511802005"))
    );
    assert_eq!(
        (&body["anchor"], &body["anchored_on"], &body["starts_on"]),
        (&json!("last_exposure"), &json!("2020-02-03"), &json!("2020-02-04"))
    );
    assert_eq!(body["categories"], json!(["hubei_returnee", "close_contact"]));
    assert_eq!((&body["supervisors_complete"], &body["recorded_by"]), (&json!(false), &json!(guard.id.to_string())));
    assert_eq!(body["org_id"], Json::Null);
    let location = case.header("location").to_owned();
    guard.get(&location).await.expect(403);
    // Its duties call those who answer for it; what the passage asked for is done by it.
    let nurse = app.health_worker("大兴街道").await;
    let mut kinds: Vec<String> =
        duties(&nurse, "state=open").await.iter().map(|duty| duty["duty_kind"].as_str().unwrap().to_owned()).collect();
    kinds.sort();
    assert_eq!(kinds, ["notice_signing", "supervisor_assignment"]);
    assert_eq!(only(&nurse).await, done("isolation_cases"));
    // Once more is no fault; a guard sees it as it was opened, whatever was added since.
    let supervisors = json!({"supervisors": [{"level": "town", "name": "张一", "phone": "15400000031"}]});
    nurse.patch(&location, "\"1\"", &supervisors).await.expect(200);
    let again = guard.post(&path, &json!({"anchored_on": "2020-01-30"})).await.expect(200);
    assert_eq!(
        (&again.body["id"], &again.body["supervisors"], &again.body["revision"]),
        (&body["id"], &Json::Null, &json!(1))
    );
    assert_eq!(nurse.post(&path, &json!({})).await.expect(200).body["revision"], 2);
    let listed = admin.get("/v1/isolation-cases").await.expect(200).body;
    assert_eq!(listed["items"].as_array().unwrap().len(), 1);
    let log =
        admin.get(&format!("/v1/people/{}/access-log", seen["person_id"].as_str().unwrap())).await.expect(200).body;
    let opened = log["items"].as_array().unwrap().iter().filter(|line| line["verb"] == "screenings.open_case");
    assert_eq!(opened.count(), 1, "{log}");
    // Whoever has a case gets no second one; whoever isn't registered or abnormal none.
    let next = passage(&guard, &place, 2, json!({})).await;
    let refused = async |id: &Json, body: Json| {
        let path = format!("/v1/screenings/{}:open-case", id.as_str().unwrap());
        guard.post(&path, &body).await.expect(422).faults()
    };
    assert_eq!(refused(&next["id"], json!({})).await, [("/person_id".to_owned(), "active_case_exists".to_owned())]);
    let nobody = passage(&guard, &place, 3, json!({"person": null})).await;
    assert_eq!(refused(&nobody["id"], json!({})).await, [("/person_id".to_owned(), "required".to_owned())]);
    let normal = passage(&guard, &place, 4, json!({"answers": ["none"], "temperature_c": "36.5"})).await;
    assert_eq!(refused(&normal["id"], json!({})).await, [("/abnormal".to_owned(), "not_abnormal".to_owned())]);
    let feverish = passage(&guard, &place, 5, json!({"answers": ["none"]})).await;
    let later = refused(&feverish["id"], json!({"anchored_on": "2020-02-04"})).await;
    assert_eq!(later, [("/anchored_on".to_owned(), "too_far_ahead".to_owned())]);
    let path = format!("/v1/screenings/{}:open-case", feverish["id"].as_str().unwrap());
    app.gate_guard("八步镇").await.post(&path, &json!({})).await.expect(404);
    let nothing = json!({});
    let two = tokio::join!(guard.post(&path, &nothing), guard.post(&path, &nothing));
    assert_eq!(two.0.body["id"], two.1.body["id"], "{:?}", (two.0.status, two.1.status));
    assert_eq!((&two.0.body["anchor"], &two.0.body["starts_on"]), (&json!("observation_start"), &json!("2020-02-03")));
    // Somebody registered elsewhere has his case there, where a guard has no right at all.
    let register = json!({"name": "赵六", "document_type": "resident_id", "document_number": fake_resident_id(9), "area_code": "511802114"});
    let person = make(&admin, "people", register).await;
    let elsewhere = passage(&admin, &place, 9, json!({"person": null, "person_id": person})).await;
    let path = format!("/v1/screenings/{}:open-case", elsewhere["id"].as_str().unwrap());
    assert_eq!(guard.post(&path, &json!({})).await.expect(201).body["area_code"], "511802114");
    step(
        &app.health_worker("八步镇").await,
        guard.post(&path, &json!({})).await.body["id"].as_str().unwrap(),
        "dismissed",
        json!({"reason": "误报"}),
    )
    .await
    .expect(201);
}
