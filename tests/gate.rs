//! Every way of changing passes the same gate: what is void is restored before anything is done with it, and a
//! restoration asks everything again.

use std::collections::BTreeSet;

use kit::field::{Field, Shape, Write};
use lianfang::integrity::verify;
use lianfang::platform::access::{Grant, Role};
use lianfang::server::routes;
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::isolation_cases::{case, make, notified, set_clock, step, work};
use crate::support::{Actor, TestApp, examples, fake_resident_id};

const BABU: &str = "511802114";
const DAXING: &str = "511802005";

/// Members that are the same after a void and a restoration: all but those that say that they were.
fn lasting(record: &Json) -> Json {
    let mut record = record.clone();
    for name in ["revision", "change_no", "revised_at", "revised_by", "void_reason", "restore_reason", "voided_at"] {
        record.as_object_mut().unwrap().remove(name);
    }
    // Warnings, settled anew by the service, are looked at by the tests of each room.
    record.as_object_mut().unwrap().remove("warnings");
    record
}

async fn void(actor: &Actor, path: &str) {
    actor.post(&format!("{path}:void"), &json!({"reason": "录错"})).await.expect(200);
}

async fn restore(actor: &Actor, path: &str) -> crate::support::Reply {
    actor.post(&format!("{path}:restore"), &json!({"reason": "核实无误"})).await
}

#[tokio::test]
async fn a_record_of_every_kind_is_restored_as_it_was() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let made = examples::one_of_each(&app, &admin, DAXING).await;
    let mut stays = BTreeSet::new();
    // Those that lean on others first.
    for (kind, _, path) in made.iter().rev().filter(|(kind, ..)| !kind.writers.is_empty()) {
        let before = admin.get(path).await.expect(200).body;
        let voided = admin.post(&format!("{path}:void"), &json!({"reason": "录错"})).await;
        if voided.status != 200 {
            stays.insert((kind.name, voided.status));
            continue;
        }
        assert_eq!(admin.get(path).await.body["void_reason"], "录错", "{}", kind.name);
        let tag = voided.header("etag").to_owned();
        let stale = admin.with("if-match", "\"1000\"").post(&format!("{path}:restore"), &json!({"reason": "x"})).await;
        assert_eq!(stale.expect(412).code(), "stale", "{}", kind.name);
        let keyed = admin.with("idempotency-key", &format!("restore-{}", kind.name)).with("if-match", &tag);
        let restored = restore(&keyed, path).await.expect(200);
        assert_eq!(
            (&restored.body["voided_at"], &restored.body["void_reason"], &restored.body["restore_reason"]),
            (&json!(null), &json!(null), &json!("核实无误")),
            "{}",
            kind.name
        );
        assert_eq!(lasting(&admin.get(path).await.body), lasting(&before), "{}", kind.name);
        // Sent again under its key it answers the same; without one it is no fault and changes nothing.
        assert_eq!(restore(&keyed, path).await.expect(200).body["revision"], restored.body["revision"]);
        assert_eq!(restore(&admin, path).await.expect(200).body["revision"], restored.body["revision"]);
        restore(&admin, path).await.expect(200);
        let verb = format!("{}.restore", kind.name);
        let id = restored.body["id"].as_str().unwrap();
        let line = admin.get(&format!("/v1/audit?verb={verb}&subject_id={id}")).await.expect(200).body;
        // Nobody's trail tells of writes in a closed room.
        let told = usize::from(!kind.closed);
        assert_eq!(line["items"].as_array().map(Vec::len), Some(told), "{verb}: {line}");
    }
    let named = [("households", 409), ("organizations", 409), ("people", 409), ("volunteers", 409)];
    assert_eq!(
        stays,
        BTreeSet::from([("isolation_case_transitions", 422)]).into_iter().chain(named).collect(),
        "a step stands, and whatever others name"
    );
    verify(&app.core, |_, _| {}).await.unwrap();
}

#[tokio::test]
async fn whoever_posts_what_is_void_is_told_so() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let place = examples::checkpoint(&admin, DAXING).await;
    let body = examples::screening(&place, 1);
    let path = admin.post("/v1/screenings", &body).await.expect(201).header("location").to_owned();
    void(&admin, &path).await;
    let again = admin.post("/v1/screenings", &body).await.expect(200);
    assert!(again.warnings().contains(&"voided_already".to_owned()), "{}", again.body);
    let mut other = body.clone();
    other["temperature_c"] = "36.9".into();
    assert_eq!(admin.post("/v1/screenings", &other).await.expect(409).code(), "record_voided");
    let items = json!({"items": [body, other]});
    let batch = admin.post("/v1/screenings:batch", &items).await.expect(207).body;
    assert_eq!(batch["results"][0]["warnings"].to_string().matches("voided_already").count(), 1, "{batch}");
    assert_eq!(batch["results"][1]["problem"]["code"], "record_voided");
    let item = json!({"kind": "screenings", "op": "restore", "id": body["id"], "body": {"reason": "确有其事"}});
    let pushed = admin.post("/v1/sync/push", &json!({"device_id": "phone-1", "items": [item]})).await.expect(207).body;
    assert_eq!(pushed["results"][0]["outcome"], "revised", "{pushed}");
    assert_eq!(admin.get(&path).await.body["voided_at"], json!(null));
    assert!(!admin.get(&path).await.warnings().contains(&"voided_already".to_owned()), "it is of an answer only");

    // Of somebody who is void too, by whatever way he comes again.
    let person = json!({"name": "王五", "document_type": "resident_id", "document_number": fake_resident_id(2), "area_code": DAXING});
    let id = make(&admin, "people", person.clone()).await;
    void(&admin, &format!("/v1/people/{id}")).await;
    assert!(admin.post("/v1/people", &person).await.expect(200).warnings().contains(&"voided_already".to_owned()));
    let passage = admin.post("/v1/screenings", &examples::screening(&place, 2)).await.expect(201);
    let told = passage.body["warnings"].to_string();
    assert!(told.contains("reference_voided") && told.contains("\"/person\""), "{told}");
    let of_case = admin.post("/v1/isolation-cases", &case(2, json!({"area_code": DAXING}))).await.expect(422);
    assert_eq!(of_case.faults(), [("/person_id".to_owned(), "person_voided".to_owned())]);
    restore(&admin, &format!("/v1/people/{id}")).await.expect(200);
    admin.post("/v1/isolation-cases", &case(2, json!({"area_code": DAXING}))).await.expect(201);
}

#[tokio::test]
async fn a_restoration_asks_all_rules_again() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-01-23T12:00:00+08:00");
    let (admin, nurse) = (app.administrator().await, app.health_worker("八步镇").await);
    // Rules across rows: a second open case, a slot that was taken meanwhile, a day that has its report.
    let id = notified(&nurse, case(1, json!({}))).await;
    let path = format!("/v1/isolation-cases/{id}");
    let reading = json!({"case_id": id, "temperature_c": "36.5", "occurred_at": "2020-01-23T08:00:00+08:00"});
    let one = make(&nurse, "temperature-readings", reading.clone()).await;
    void(&nurse, &format!("/v1/temperature-readings/{one}")).await;
    let two = make(&nurse, "temperature-readings", reading.clone()).await;
    let path_of_reading = format!("/v1/temperature-readings/{one}");
    let beside = restore(&nurse, &path_of_reading).await.expect(200);
    assert_eq!((&beside.body["slot"], beside.warnings()), (&json!("extra"), vec!["slot_taken".to_owned()]));
    assert_eq!(nurse.get(&format!("/v1/temperature-readings/{two}")).await.body["slot"], "am");
    void(&admin, &path).await;
    let second = make(&nurse, "isolation-cases", case(1, json!({}))).await;
    assert_eq!(restore(&admin, &path).await.expect(422).faults()[0].1, "active_case_exists");
    void(&admin, &format!("/v1/isolation-cases/{second}")).await;
    // Roles: by those who may void it.
    assert_eq!(restore(&nurse, &path).await.expect(403).code(), "forbidden");
    restore(&admin, &path).await.expect(200);

    let shop = json!({"kind": "supermarket", "name": "超市", "area_code": BABU});
    let store = make(&admin, "places", shop).await;
    let report = json!({"place_id": store, "reported_on": "2020-01-23", "is_zero": true, "lines": []});
    let first = make(&admin, "supply-reports", report.clone()).await;
    void(&admin, &format!("/v1/supply-reports/{first}")).await;
    make(&admin, "supply-reports", report).await;
    let met = restore(&admin, &format!("/v1/supply-reports/{first}")).await.expect(409);
    assert_eq!((met.code(), met.header("location").is_empty()), ("report_exists", false));

    // References: what it names must still be within reach.
    let (north, south) = (examples::checkpoint(&admin, DAXING).await, app.town_cadre("大兴街道").await);
    let passage = south.post("/v1/screenings", &examples::screening(&north, 9)).await.expect(201);
    let passage = passage.header("location").to_owned();
    void(&south, &passage).await;
    app.sql(&format!("UPDATE people SET area_code = '{BABU}' WHERE area_code = '{DAXING}'")).await;
    // Whoever passes a gate may live anywhere: sent anew, the passage would be taken, too.
    restore(&south, &passage).await.expect(200);
    let need = json!({"area_code": DAXING, "household": "王五", "items": [{"item": "大白菜", "quantity": "5", "quantity_unit": "斤"}]});
    let need = make(&south, "need-requests", need).await;
    let delivery = json!({"need_request_id": need, "items": [{"item": "大白菜", "quantity": "5", "quantity_unit": "斤"}], "proof": "signature"});
    let delivery = format!("/v1/deliveries/{}", make(&south, "deliveries", delivery).await);
    void(&south, &delivery).await;
    app.sql(&format!("UPDATE need_requests SET area_code = '{BABU}'")).await;
    let gone = restore(&south, &delivery).await.expect(422);
    assert_eq!(gone.faults(), [("/need_request_id".to_owned(), "unknown_reference".to_owned())]);
}

/// State of the duties of a kind, by their due time.
async fn duties(actor: &Actor, case_id: &str) -> Vec<(String, String)> {
    let list = actor.get(&format!("/v1/duties?subject_id={case_id}&limit=500")).await.expect(200).body;
    let text = |duty: &Json, name: &str| duty[name].as_str().unwrap_or_default().to_owned();
    let mut duties: Vec<_> = list["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|duty| (format!("{} {}", text(duty, "duty_kind"), text(duty, "due_at")), text(duty, "state")))
        .collect();
    duties.sort();
    duties
}

#[tokio::test]
async fn a_void_taken_back_leaves_no_duty_less() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-01-23T05:00:00+08:00");
    let nurse = app.health_worker("八步镇").await;
    let id = notified(&nurse, case(1, json!({}))).await;
    let reading =
        json!({"case_id": id, "temperature_c": "36.5", "occurred_at": "2020-01-23T05:05:00+08:00", "slot": "am"});
    set_clock(&app, "2020-01-23T05:05:00+08:00");
    make(&nurse, "temperature-readings", reading).await;
    set_clock(&app, "2020-01-24T23:30:00+08:00");
    let (admin, nurse) = (app.administrator().await, app.health_worker("八步镇").await);
    work(&app).await;
    let before = duties(&nurse, &id).await;
    let states: BTreeSet<&str> = before.iter().map(|(_, state)| state.as_str()).collect();
    assert!(states.contains("missed") && states.contains("open"), "{before:?}");
    let path = format!("/v1/isolation-cases/{id}");
    void(&admin, &path).await;
    assert!(duties(&nurse, &id).await.iter().all(|(_, state)| state != "open" && state != "missed"));
    restore(&admin, &path).await.expect(200);
    assert_eq!(duties(&nurse, &id).await, before);
    // It goes on as it stood.
    assert_eq!(nurse.get(&path).await.body["state"], "under_observation");
    step(&nurse, &id, "suspended_referral", json!({"hospital": "市医院", "reason": "发热"})).await.expect(201);
}

#[tokio::test]
async fn nobody_who_is_looked_after_is_voided() {
    let app = TestApp::start().await;
    let (admin, nurse) = (app.administrator().await, app.health_worker("八步镇").await);
    let id = notified(&nurse, case(1, json!({}))).await;
    make(&nurse, "temperature-readings", json!({"case_id": id, "temperature_c": "36.5"})).await;
    let person = nurse.get(&format!("/v1/isolation-cases/{id}")).await.body["person_id"].as_str().unwrap().to_owned();
    let path = format!("/v1/people/{person}");
    let guard = app.gate_guard("八步镇").await;
    for actor in [&guard, &nurse] {
        let refused = actor.post(&format!("{path}:void"), &json!({"reason": "x"})).await.expect(403);
        assert_eq!(refused.code(), "forbidden");
    }
    let item = json!({"kind": "people", "op": "void", "id": person, "body": {"reason": "x"}});
    let pushed = guard.post("/v1/sync/push", &json!({"device_id": "phone-1", "items": [item]})).await.expect(207).body;
    assert_ne!(pushed["results"][0]["outcome"], "revised", "{pushed}");
    let english = admin.with("accept-language", "en");
    let refused = english.post(&format!("{path}:void"), &json!({"reason": "x"})).await.expect(409);
    assert_eq!((refused.code(), &refused.body["errors"][0]["code"]), ("in_use", &json!("in_use")));
    let told = refused.body["errors"][0]["message"].as_str().unwrap();
    let duties = admin.get(&format!("/v1/duties?subject_id={id}&state=open&limit=500")).await.expect(200).body;
    let open = duties["items"].as_array().unwrap().len();
    assert!(told.contains("1 open cases") && told.contains(&format!("{open} open duties")), "{told}");
    assert!(told.contains("2 records of his isolation"), "a notice and a reading: {told}");
    // Nor under another id: who was merged into him is he.
    let twin = json!({"name": "李四", "area_code": BABU, "phone": "15400000099"});
    let twin = make(&admin, "people", twin).await;
    let merge = json!({"into_id": twin, "reason": "同一人"});
    admin.post(&format!("{path}:merge"), &merge).await.expect(200);
    let refused = admin.post(&format!("/v1/people/{twin}:void"), &json!({"reason": "x"})).await.expect(409);
    assert_eq!(refused.code(), "in_use");
    admin.post(&format!("{path}:unmerge"), &json!({"reason": "两人"})).await.expect(200);
    void(&admin, &format!("/v1/people/{twin}")).await;
    // Without his case he can be; and comes back.
    void(&admin, &format!("/v1/isolation-cases/{id}")).await;
    void(&admin, &path).await;
    assert_eq!(restore(&guard, &path).await.expect(403).code(), "forbidden");
    assert_eq!(restore(&admin, &path).await.expect(200).body["voided_at"], json!(null));
}

#[tokio::test]
async fn a_void_and_a_case_of_one_person_never_both_pass() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    for sequence in 1..=8 {
        let person = json!({"name": "李四", "document_type": "resident_id", "document_number": fake_resident_id(sequence), "area_code": BABU});
        let id = make(&admin, "people", person).await;
        let path = format!("/v1/people/{id}:void");
        let (reason, body) = (json!({"reason": "x"}), case(sequence, json!({})));
        let (voided, begun) = tokio::join!(admin.post(&path, &reason), admin.post("/v1/isolation-cases", &body));
        assert_eq!(
            (voided.status == 200, begun.status == 201).0,
            begun.status != 201,
            "{} {}",
            voided.body,
            begun.body
        );
    }
}

#[tokio::test]
async fn an_import_is_undone_by_whoever_brought_it() {
    let app = TestApp::start().await;
    let cadre = app.town_cadre("大兴街道").await;
    let file = format!("姓名,证件号码,区划\n王五,{},{DAXING}\n", fake_resident_id(1));
    let import =
        cadre.with("content-type", "text/csv").upload("/v1/imports?kind=people", file.clone().into_bytes()).await;
    let import = import.expect(200).body;
    let undo = format!("/v1/imports/{}:undo", import["id"].as_str().unwrap());
    assert_eq!(cadre.send(reqwest::Method::POST, &undo, None).await.expect(200).body["voided"], 1);
    // The same file again brings him again.
    let again = cadre.with("content-type", "text/csv").upload("/v1/imports?kind=people", file.into_bytes()).await;
    assert_eq!(again.body["counts"]["created"], 1, "{}", again.body);
}

#[tokio::test]
async fn nothing_is_done_with_what_is_void() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let made = examples::one_of_each(&app, &admin, DAXING).await;
    // These change nothing about the record: they show it, or take back what it gave.
    let reads = ["reveal", "informant", "revoke-calendar"];
    let mut tried = BTreeSet::new();
    for operation in routes::operations(&routes::kinds()) {
        let of_kind = made.iter().find(|(kind, ..)| operation.path.starts_with(&format!("/v1/{}/{{id}}:", kind.path)));
        let Some((kind, _, path)) = of_kind else { continue };
        let act = operation.path.rsplit(':').next().unwrap();
        if ["void", "restore"].contains(&act) || reads.contains(&act) {
            continue;
        }
        app.sql(&format!("UPDATE {} SET voided = true", kind.name)).await;
        let id = path.rsplit('/').next().unwrap();
        let mut body = operation.body.as_ref().map_or(json!({}), |body| body.example.clone());
        for (name, value) in [("assignee_id", admin.id.to_string()), ("into_id", id.to_owned())] {
            if body.get(name).is_some() {
                body[name] = value.into();
            }
        }
        let reply = admin.post(&operation.path.replace("{id}", id), &body).await;
        assert_eq!((reply.status, reply.code()), (409, "record_voided"), "{}: {}", operation.path, reply.body);
        app.sql(&format!("UPDATE {} SET voided = false", kind.name)).await;
        tried.insert(operation.id);
    }
    for act in [
        "waive_duty",
        "hand_over_duty",
        "offer_duty",
        "accept_duty",
        "explain_price_alert",
        "dismiss_price_alert",
        "merge_person",
        "unmerge_person",
        "cancel_shift_assignment",
        "swap_shift_assignment",
        "generate_shifts",
    ] {
        assert!(tried.contains(act), "{act} was not tried: {tried:?}");
    }
}

/// Where a shape takes a closed word: what stands around it, given the word.
fn closed_places(shape: &Shape) -> Vec<Box<dyn Fn() -> Json>> {
    match shape {
        Shape::Word(vocabulary) => {
            let words = vocabulary.words.iter().filter(|word| word.closed);
            words.map(|word| Box::new(|| json!(word.code)) as Box<dyn Fn() -> Json>).collect()
        }
        Shape::List { of, .. } => {
            let inner = closed_places(of).into_iter();
            inner.map(|make| Box::new(move || json!([make()])) as Box<dyn Fn() -> Json>).collect()
        }
        Shape::Object(fields) => {
            let of_field = |field: &'static Field| {
                let inner = closed_places(&field.shape).into_iter();
                inner.map(move |make| Box::new(move || json!({field.name: make()})) as Box<dyn Fn() -> Json>)
            };
            fields.iter().flat_map(of_field).collect()
        }
        _ => Vec::new(),
    }
}

#[tokio::test]
async fn a_closed_word_is_closed_at_every_door() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let made = examples::one_of_each(&app, &admin, DAXING).await;
    let mut doors = BTreeSet::new();
    for (kind, sent, path) in made.iter().filter(|(kind, ..)| !kind.writers.is_empty()) {
        for field in kind.body_fields().into_iter().filter(|field| field.write != Write::Never) {
            for value in closed_places(&field.shape) {
                let mut body = sent.clone();
                body["id"] = json!(Uuid::now_v7());
                body[field.name] = value();
                let closed =
                    |reply: &crate::support::Reply| reply.faults().iter().any(|(_, code)| code == "closed_category");
                let created = admin.post(&format!("/v1/{}", kind.path), &body).await.expect(422);
                assert!(closed(&created), "{} {}: {}", kind.name, field.name, created.body);
                let batch =
                    admin.post(&format!("/v1/{}:batch", kind.path), &json!({"items": [body]})).await.expect(207);
                assert!(batch.body.to_string().contains("closed_category"), "{}", batch.body);
                let item = json!({"kind": kind.name, "op": "create", "id": body["id"], "body": body});
                let push =
                    admin.post("/v1/sync/push", &json!({"device_id": "phone-1", "items": [item]})).await.expect(207);
                assert_eq!(push.body["results"][0]["outcome"], "held", "{}", push.body);
                let row = format!("{body}\n");
                let import = admin.with("content-type", "application/x-ndjson");
                let import = import.upload(&format!("/v1/imports?kind={}", kind.name), row.into_bytes()).await;
                assert_eq!(import.body["counts"]["created"].as_i64().unwrap_or_default(), 0, "{}", import.body);
                if field.write == Write::Always {
                    let tag = admin.get(path).await.header("etag").to_owned();
                    let patched = admin.patch(path, &tag, &json!({field.name: value()})).await.expect(422);
                    assert!(closed(&patched), "{}", patched.body);
                }
                doors.insert((kind.name, field.name));
            }
        }
    }
    for door in [("people", "categories"), ("isolation_cases", "categories")] {
        assert!(doors.contains(&door), "{doors:?}");
    }
    let words = admin.get("/v1/vocabularies").await.expect(200).body.to_string();
    assert!(words.contains(r#""closed":true"#));
}

#[tokio::test]
async fn a_closed_word_that_stood_before_stays_until_its_field_is_written() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let id = make(&admin, "isolation-cases", case(1, json!({}))).await;
    app.sql("UPDATE isolation_cases SET categories = '[\"corrections_subject\"]'").await;
    let path = format!("/v1/isolation-cases/{id}");
    let amended = admin.patch(&path, "\"1\"", &json!({"note": "电话更正"})).await.expect(200);
    assert_eq!(amended.body["categories"], json!(["corrections_subject"]));
    let written = admin.patch(&path, "\"2\"", &json!({"categories": ["corrections_subject"]})).await.expect(422);
    assert_eq!(written.faults(), [("/categories/0".to_owned(), "closed_category".to_owned())]);
}

#[tokio::test]
async fn nothing_stands_below_itself_over_however_many_steps() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let bodies = [
        ("organizations", json!({"kind": "town", "name": "镇", "area_code": BABU})),
        ("places", json!({"kind": "compound_gate", "name": "门", "area_code": BABU})),
    ];
    for (kind, body) in bodies {
        let mut ids = Vec::new();
        for _ in 0..3 {
            ids.push(make(&admin, kind, body.clone()).await);
        }
        let under = async |low: usize, high: usize| {
            let path = format!("/v1/{kind}/{}", ids[low]);
            let tag = admin.get(&path).await.header("etag").to_owned();
            admin.patch(&path, &tag, &json!({"parent_id": ids[high]})).await
        };
        let cyclic = [("/parent_id".to_owned(), "cyclic".to_owned())];
        under(1, 0).await.expect(200);
        assert_eq!(under(0, 1).await.expect(422).faults(), cyclic, "{kind}: two steps");
        under(2, 1).await.expect(200);
        assert_eq!(under(0, 2).await.expect(422).faults(), cyclic, "{kind}: three steps");
        // Nor through one that is void and may come back.
        app.sql(&format!("UPDATE {kind} SET voided = true WHERE id = '{}'", ids[1])).await;
        assert_eq!(under(0, 2).await.expect(422).faults(), cyclic, "{kind}");
        restore(&admin, &format!("/v1/{kind}/{}", ids[1])).await.expect(200);
        // All at once: one of two that would close a circle.
        let (one, two) = (make(&admin, kind, body.clone()).await, make(&admin, kind, body.clone()).await);
        let put = async |low: &str, high: &str| {
            admin.patch(&format!("/v1/{kind}/{low}"), "\"1\"", &json!({"parent_id": high})).await.status
        };
        let (first, second) = tokio::join!(put(&one, &two), put(&two, &one));
        assert_eq!(BTreeSet::from([first, second]), BTreeSet::from([200, 422]), "{kind}");
    }
}

#[tokio::test]
async fn what_names_a_void_place_is_kept_and_said() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let made = examples::one_of_each(&app, &admin, DAXING).await;
    app.sql("UPDATE places SET voided = true").await;
    tokio::time::sleep(std::time::Duration::from_millis(2_100)).await;
    let mut tried = BTreeSet::new();
    for (kind, sent, _) in &made {
        let client = kind.field("place_id").is_some_and(|field| field.write != Write::Never);
        if !client || sent.get("place_id").is_none() {
            continue;
        }
        let mut body = sent.clone();
        // A day and a slot of its own, where there is only one.
        for (name, value) in [
            ("reported_on", "2020-02-20"),
            ("due_on", "2020-02-25"),
            ("occurred_at", "2020-02-20T08:00:00+08:00"),
            ("starts_at", "2120-02-20T08:00:00+08:00"),
            ("ends_at", "2120-02-20T12:00:00+08:00"),
            ("door", "7栋1单元701"),
            ("partnership_kind", "party_pairing"),
        ] {
            if body.get(name).is_some() {
                body[name] = value.into();
            }
        }
        let reply = admin.post(&format!("/v1/{}", kind.path), &body).await.expect(201);
        assert!(reply.warnings().contains(&"reference_voided".to_owned()), "{}: {}", kind.name, reply.body);
        tried.insert(kind.name);
    }
    for kind in ["screenings", "gate_tallies", "disinfections", "inspections", "supply_reports", "shifts"] {
        assert!(tried.contains(kind), "{kind}: {tried:?}");
    }
}

#[tokio::test]
async fn what_lies_outside_a_case_is_kept_and_said() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-02-10T12:00:00+08:00");
    let (admin, nurse) = (app.administrator().await, app.health_worker("八步镇").await);
    let id = notified(&nurse, case(1, json!({"occurred_at": "2020-01-24T09:00:00+08:00"}))).await;
    let warnings = async |kind: &str, at: &str, more: Json| {
        let mut body = json!({"case_id": id, "occurred_at": at});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let reply = admin.post(&format!("/v1/{kind}"), &body).await.expect(201);
        let own = ["before_case", "case_ended"];
        reply.warnings().into_iter().filter(|code| own.contains(&code.as_str())).collect::<Vec<_>>()
    };
    let none: [&str; 0] = [];
    let reading = || json!({"temperature_c": "36.5"});
    assert_eq!(warnings("temperature-readings", "2020-01-22T20:00:00+08:00", reading()).await, ["before_case"]);
    assert_eq!(warnings("temperature-readings", "2020-01-23T08:00:00+08:00", reading()).await, none, "its first day");
    assert_eq!(
        warnings("spot-checks", "2020-01-20T08:00:00+08:00", json!({"present": true, "compliant": true})).await,
        ["before_case"]
    );
    step(&nurse, &id, "under_observation", json!({})).await;
    let ended =
        json!({"reason": "转至外地", "receiving_area_code": "511803", "occurred_at": "2020-02-07T08:00:00+08:00"});
    step(&admin, &id, "transferred_out", ended).await.expect(201);
    assert_eq!(warnings("temperature-readings", "2020-02-08T08:00:00+08:00", reading()).await, ["case_ended"]);
}

#[tokio::test]
async fn tallies_that_overlap_are_kept_and_said() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-02-03T20:00:00+08:00");
    let admin = app.administrator().await;
    let (place, other) = (examples::checkpoint(&admin, DAXING).await, examples::checkpoint(&admin, DAXING).await);
    let tally = |place: &str, from: &str, to: &str| {
        let at = |hour: &str| format!("2020-02-03T{hour}:00+08:00");
        json!({"place_id": place, "period_starts_at": at(from), "period_ends_at": at(to), "measured": 10, "abnormal": 0})
    };
    // The database's clock isn't moved with the service's: what is amended seems late.
    let overlaps = |reply: &crate::support::Reply| reply.warnings().iter().any(|code| code == "tally_overlaps");
    let post = async |body: Json| admin.post("/v1/gate-tallies", &body).await.expect(201);
    assert!(!overlaps(&post(tally(&place, "08:00", "10:00")).await));
    assert!(!overlaps(&post(tally(&place, "10:00", "12:00")).await), "one after the other");
    assert!(!overlaps(&post(tally(&other, "08:00", "10:00")).await), "elsewhere");
    let third = post(tally(&place, "09:00", "11:00")).await;
    assert!(overlaps(&third));
    let path = third.header("location").to_owned();
    let moved = json!({"period_starts_at": "2020-02-03T13:00:00+08:00", "period_ends_at": "2020-02-03T14:00:00+08:00"});
    assert!(!overlaps(&admin.patch(&path, "\"1\"", &moved).await.expect(200)));
    let back = json!({"period_starts_at": "2020-02-03T11:00:00+08:00"});
    assert!(overlaps(&admin.patch(&path, "\"2\"", &back).await.expect(200)));
    void(&admin, &path).await;
    assert!(!overlaps(&post(tally(&place, "13:00", "14:00")).await), "what is void counts nobody");
    assert!(overlaps(&restore(&admin, &path).await.expect(200)));
    // Of any number at once all but one are told.
    let at_once = (0..6).map(|_| post(tally(&place, "15:00", "16:00")));
    let told = futures_util::future::join_all(at_once).await;
    assert_eq!(told.iter().filter(|reply| overlaps(reply)).count(), 5);
    let rows = (0..2).map(|minute| json!({"place_id": place, "period_starts_at": format!("2020-02-03T17:0{minute}:00+08:00"), "period_ends_at": "2020-02-03T18:00:00+08:00", "measured": 1, "abnormal": 0}));
    let batch = json!({"items": rows.collect::<Vec<_>>()});
    let batch = admin.post("/v1/gate-tallies:batch?atomic=true", &batch).await.expect(207).body;
    assert_eq!(batch["results"].to_string().matches("tally_overlaps").count(), 1, "{batch}");
}

#[tokio::test]
async fn what_follows_from_ones_write_is_signed_by_him_whoever_shares_the_batch() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-02-03T11:00:00+08:00");
    let grants = |role| vec![Grant { role, area_code: "511802".into(), org_id: None }];
    let admin = app.administrator().await;
    let mut authors = Vec::new();
    for _ in 0..5 {
        authors.push(app.actor_of(grants(Role::DistrictAdmin)).await);
    }
    // Each author's write, and where what follows from it stands.
    let mut writes: Vec<(String, Json, &str)> = Vec::new();
    let mut cases = Vec::new();
    for sequence in 1..=2 {
        let id = notified(
            &admin,
            case(sequence, json!({"occurred_at": "2020-02-03T07:00:00+08:00", "anchored_on": "2020-02-02"})),
        )
        .await;
        cases.push(id);
    }
    let reading = json!({"case_id": cases[0], "temperature_c": "36.5"});
    let voided = make(&admin, "temperature-readings", json!({"case_id": cases[1], "temperature_c": "36.4"})).await;
    writes.push(("temperature-readings".into(), reading, "SELECT revised_by FROM duties WHERE state = 'done' AND duty_kind = 'am_reading' AND subject_id = (SELECT id FROM isolation_cases WHERE id::text = '{0}')"));
    writes.push((format!("temperature-readings/{voided}:void"), json!({"reason": "录错"}), "SELECT revised_by FROM duties WHERE state <> 'done' AND duty_kind = 'am_reading' AND revision > 1 AND subject_id = (SELECT id FROM isolation_cases WHERE id::text = '{1}')"));
    let need = json!({"area_code": BABU, "household": "1组", "items": [{"item": "rice", "quantity": "10", "quantity_unit": "kg"}]});
    let mut needs = Vec::new();
    for _ in 0..2 {
        needs.push(make(&admin, "need-requests", merged(examples::of_kind("need_requests"), need.clone())).await);
    }
    for id in &needs {
        let mut body = merged(
            examples::of_kind("deliveries"),
            json!({"need_request_id": id, "area_code": BABU, "completes": true}),
        );
        body.as_object_mut().unwrap().remove("id");
        body.as_object_mut().unwrap().remove("place_id");
        writes.push((
            "deliveries".into(),
            body,
            "SELECT revised_by FROM need_requests WHERE state = 'delivered' AND id::text = '{id}'",
        ));
    }
    let shop = make(&admin, "places", json!({"kind": "supermarket", "name": "超市", "area_code": BABU})).await;
    work(&app).await;
    let report = json!({"place_id": shop, "reported_on": "2020-02-03", "is_zero": true, "lines": []});
    writes.push((
        "supply-reports".into(),
        report,
        "SELECT revised_by FROM duties WHERE duty_kind = 'supply_report' AND state = 'done'",
    ));

    // The clock's row is held: what is sent meanwhile waits, and goes in one batch after the first.
    let batches = app.core.ledger.figures().batches.get();
    let url = app.database_url.clone();
    let (held, release) = (tokio::sync::oneshot::channel(), tokio::sync::oneshot::channel::<()>());
    let holder = tokio::spawn(async move {
        use diesel_async::{AsyncConnection, SimpleAsyncConnection};
        let mut connection = diesel_async::AsyncPgConnection::establish(&url).await.unwrap();
        connection.batch_execute("BEGIN; SELECT last_no FROM district_clocks FOR UPDATE").await.unwrap();
        held.0.send(()).unwrap();
        release.1.await.unwrap();
        connection.batch_execute("COMMIT").await.unwrap();
    });
    held.1.await.unwrap();
    let mut sent = vec![{
        let (admin, body) = (admin.clone(), json!({"kind": "town", "name": "镇", "area_code": BABU}));
        tokio::spawn(async move { admin.post("/v1/organizations", &body).await })
    }];
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    for ((path, body, _), author) in writes.iter().zip(&authors) {
        let (author, path, body) = (author.clone(), format!("/v1/{path}"), body.clone());
        sent.push(tokio::spawn(async move { author.post(&path, &body).await }));
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    release.0.send(()).unwrap();
    holder.await.unwrap();
    for reply in sent {
        let reply = reply.await.unwrap();
        assert!(reply.status < 300, "{}", reply.body);
    }
    assert_eq!(app.core.ledger.figures().batches.get() - batches, 2, "they shared a batch");
    let ids = [&needs[0], &needs[1]];
    let mut delivered = ids.iter();
    for ((path, _, sql), author) in writes.iter().zip(&authors) {
        let mut sql = sql.replace("{0}", &cases[0]).replace("{1}", &cases[1]);
        if sql.contains("{id}") {
            sql = sql.replace("{id}", delivered.next().unwrap());
        }
        let signed: Vec<Uuid> = app.rows(&sql).await.into_iter().filter_map(|mut row| row.id("revised_by")).collect();
        assert_eq!(signed, [author.id], "{path}");
    }
}

/// An example with other values.
fn merged(mut example: Json, change: Json) -> Json {
    example.as_object_mut().unwrap().remove("id");
    let known: Vec<String> = example.as_object().unwrap().keys().cloned().collect();
    let change = change.as_object().unwrap().clone().into_iter();
    example
        .as_object_mut()
        .unwrap()
        .extend(change.filter(|(name, _)| known.contains(name) || name == "completes" || name == "area_code"));
    example
}
