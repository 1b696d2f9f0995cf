//! Writing about somebody of another town: it is a claim, seen first where he belongs, and no way of finding out.

use lianfang::platform::access::Role;
use serde_json::{Value as Json, json};

use crate::isolation_cases::{case, make, step};
use crate::support::{Actor, TestApp, examples, fake_resident_id};

const HERE: &str = "511802005";
const THERE: &str = "511802114";

fn person(number: &str, area: &str, change: Json) -> Json {
    let mut body = json!({"name": "赵六", "document_number": number, "phone": "15400000001", "area_code": area});
    body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    body
}

fn confirmed(source: &str) -> Json {
    json!({"categories": [{"category": "confirmed", "since_on": "2020-01-25", "source": source}]})
}

/// Somebody who registers people of an area.
async fn registrar(app: &TestApp, area: &str) -> Actor {
    app.actor(Role::VillageCadre, area).await
}

async fn needs_attention(actor: &Actor, number: &str) -> Json {
    let found = actor.post("/v1/screenings:lookup", &json!({"document_number": number})).await.expect(200);
    found.body["items"][0]["needs_attention"].clone()
}

async fn checks(actor: &Actor) -> Vec<Json> {
    let list = actor.get("/v1/duties?duty_kind=claim_check").await.expect(200).body;
    list["items"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_category_from_elsewhere_warns_nobody_until_it_is_confirmed_at_home() {
    let app = TestApp::start().await;
    let (home, nurse) = (registrar(&app, "八步镇").await, app.health_worker("八步镇").await);
    let (guard, cadre) = (app.gate_guard("大兴街道").await, registrar(&app, "大兴街道").await);
    let number = fake_resident_id(1);
    let path =
        home.post("/v1/people", &person(&number, THERE, json!({}))).await.expect(201).header("location").to_owned();
    cadre.post("/v1/people", &person(&number, HERE, confirmed("听说"))).await.expect(200);
    // At a gate it is told in passing.
    let place = examples::checkpoint(&app.administrator().await, HERE).await;
    let passage = json!({"place_id": place, "direction": "in", "person": person(&number, HERE, confirmed("听说"))});
    guard.post("/v1/screenings", &passage).await.expect(201);
    assert_eq!(
        (needs_attention(&guard, &number).await, needs_attention(&home, &number).await),
        (json!(false), json!(false))
    );
    let read = nurse.get(&path).await.expect(200).body;
    assert_eq!(read["categories"], json!([]));
    let claim = &read["claims"][0];
    assert_eq!(
        (&claim["field"], &claim["value"], &claim["since_on"], &claim["source"], &claim["claimed_by"]),
        (&json!("categories"), &json!("confirmed"), &json!("2020-01-25"), &json!("听说"), &json!(cadre.id))
    );
    let asked = checks(&nurse).await;
    assert_eq!((asked.len(), &asked[0]["subject_id"], &asked[0]["state"]), (1, &read["id"], &json!("open")));
    assert_eq!((&asked[0]["area_code"], &asked[0]["line"]), (&json!(THERE), &json!("health_center")));

    let tag = format!("\"{}\"", read["revision"]);
    nurse.patch(&path, &tag, &confirmed("卫生院核实")).await.expect(200);
    assert_eq!(needs_attention(&guard, &number).await, true);
    let done = checks(&nurse).await;
    assert_eq!((done.len(), &done[0]["state"], &done[0]["proof"]["id"]), (1, &json!("done"), &read["id"]));
    // In one's own scope it is what it says.
    let own = fake_resident_id(500);
    home.post("/v1/people", &person(&own, THERE, json!({}))).await.expect(201);
    home.post("/v1/people", &person(&own, THERE, confirmed("本人申报"))).await.expect(200);
    assert_eq!(needs_attention(&home, &own).await, true);
    lianfang::integrity::verify(&app.core, |_, _| {}).await.map_err(|error| format!("{error:?}")).unwrap();
}

#[tokio::test]
async fn whoever_goes_on_claiming_fills_nothing() {
    let app = TestApp::start().await;
    let (admin, home) = (app.administrator().await, registrar(&app, "八步镇").await);
    let number = fake_resident_id(1);
    let path =
        home.post("/v1/people", &person(&number, THERE, json!({}))).await.expect(201).header("location").to_owned();
    let mut guards = Vec::new();
    for _ in 0..3 {
        guards.push(registrar(&app, "大兴街道").await);
    }
    for (index, guard) in guards.iter().enumerate() {
        for round in 0..20 {
            let body = json!({"phone": format!("155{index:04}{round:04}"), "name": format!("赵{round}{index}"),
                "categories": [{"category": "suspected", "since_on": format!("2019-{:02}-{:02}", index + 1, round + 1), "source": "x"}]});
            guard.post("/v1/people", &person(&number, HERE, body.clone())).await.expect(200);
            guard.post("/v1/people", &person(&number, HERE, body)).await.expect(200);
        }
    }
    let read = admin.get(&path).await.expect(200).body;
    assert_eq!(read["claims"].as_array().unwrap().len(), 3 * 3 * 3, "three a field and account");
    assert_eq!(read["revision"], 1 + 3 * 3);
    assert_eq!(checks(&admin).await.len(), 1);

    // The history tells page by page what changed, and no more.
    let first = admin.get(&format!("{path}/revisions?limit=4")).await.expect(200).body;
    let items = first["items"].as_array().unwrap();
    assert_eq!((items.len(), &items[0]["changed"], &items[0]["sex"]), (4, &Json::Null, &json!("female")));
    assert_eq!(items[1]["changed"], json!(["claims"]));
    assert!(items[1].get("sex").is_none() && items[1].get("name").is_none() && items[1].get("claims").is_some());
    let mut cursor = first["next_cursor"].clone();
    let mut seen = 4;
    while let Some(text) = cursor.as_str() {
        let next = admin.get(&format!("{path}/revisions?limit=4&cursor={text}")).await.expect(200).body;
        let items = next["items"].as_array().unwrap();
        assert_eq!((&items[0]["revision"], &items[0]["changed"]), (&json!(seen + 1), &json!(["claims"])));
        (seen, cursor) = (seen + items.len(), next["next_cursor"].clone());
    }
    assert_eq!(json!(seen), read["revision"]);
}

#[tokio::test]
async fn what_is_stored_is_not_found_by_guessing_it() {
    let app = TestApp::start().await;
    let (home, cadre) = (registrar(&app, "八步镇").await, app.town_cadre("八步镇").await);
    let neighbour = registrar(&app, "八步镇").await;
    let guard = registrar(&app, "大兴街道").await;
    let number = fake_resident_id(1);
    home.post("/v1/people", &person(&number, THERE, json!({}))).await.expect(201);
    let admin = app.administrator().await;
    let places =
        json!({HERE: examples::checkpoint(&admin, HERE).await, THERE: examples::checkpoint(&admin, THERE).await});
    let [right, wrong] = ["15400000001", "15400000009"];
    let differs = |reply: &crate::support::Reply| reply.warnings().contains(&"differs_from_register".to_owned());
    for asking in [&guard, &neighbour] {
        let area = if asking.id == guard.id { HERE } else { THERE };
        let mut told = Vec::new();
        for phone in [wrong, right] {
            let body = person(&number, area, json!({"phone": phone}));
            let reply = asking.post("/v1/people", &body).await.expect(200);
            assert!(!differs(&reply), "{phone}");
            let passage = json!({"place_id": places[area], "direction": "in", "person": body});
            assert!(!differs(&asking.post("/v1/screenings", &passage).await.expect(201)), "{phone} in passing");
            told.push((reply.header("etag").to_owned(), reply.body["revision"].clone()));
        }
        if asking.id == guard.id {
            assert_eq!(told[0], told[1], "a revision tells nothing either");
        }
    }
    // Whoever may see it, or wrote it, is told.
    for asking in [&cadre, &home] {
        let body = person(&number, THERE, json!({"phone": "15400000010"}));
        assert!(differs(&asking.post("/v1/people", &body).await.expect(200)));
    }
}

#[tokio::test]
async fn masks_leave_too_much_to_be_tried() {
    let app = TestApp::start().await;
    let home = registrar(&app, "八步镇").await;
    let number = fake_resident_id(1);
    let made = home.post("/v1/people", &person(&number, THERE, json!({}))).await.expect(201);
    let read = home.get(made.header("location")).await.expect(200).body;
    let masked = read["document_number"].as_str().unwrap();
    assert_eq!(masked, format!("51{}{}", "*".repeat(14), &number[16..]));
    assert_eq!(read["birth_year"], "1950s");
    // Sent back it is refused, and isn't taken for the year.
    let back = home.patch(made.header("location"), "\"1\"", &json!({"birth_year": read["birth_year"]})).await;
    assert_eq!(back.expect(422).faults()[0].1, "wrong_type");
    let plain = app.health_worker("八步镇").await;
    let reveal = json!({"purpose": "medical_follow_up", "reason": "随访"});
    let revealed = plain.post(&format!("{}:reveal", made.header("location")), &reveal).await.expect(200).body;
    assert_eq!((&revealed["document_number"], &revealed["birth_year"]), (&json!(number), &json!(1950)));
}

#[tokio::test]
async fn whoever_is_isolated_needs_attention() {
    let app = TestApp::start().await;
    let (nurse, guard) = (app.health_worker("八步镇").await, app.gate_guard("大兴街道").await);
    let number = fake_resident_id(1);
    let id = make(&nurse, "isolation-cases", case(1, json!({}))).await;
    assert_eq!(needs_attention(&guard, &number).await, true);
    step(&nurse, &id, "dismissed", json!({"reason": "误登记"})).await.expect(201);
    assert_eq!(needs_attention(&guard, &number).await, false);
}
