//! Vehicles, capacities and categories of those who pass; what makes a passage complete; people by category.

use lianfang::integrity;
use lianfang::platform::access::Role;
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::isolation_cases::{make, set_clock};
use crate::support::{Actor, TestApp, examples, fake_resident_id};

async fn pass(actor: &Actor, place: &str, sequence: u32, change: Json) -> Json {
    let mut body = examples::screening(place, sequence);
    body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
    body.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    actor.post("/v1/screenings", &body).await.expect(201).body
}

async fn figures(actor: &Actor, query: &str) -> Json {
    actor.get(&format!("/v1/stats/screenings?{query}")).await.expect(200).body
}

fn count(figures: &Json, name: &str) -> i64 {
    figures[name]["value"].as_i64().unwrap_or(-1)
}

fn in_car(plate: &str, group: Option<Uuid>) -> Json {
    json!({"vehicle": {"plate_number": plate}, "pass_group_id": group})
}

async fn listed(actor: &Actor, query: &str) -> usize {
    actor.get(&format!("/v1/{query}")).await.expect(200).body["items"].as_array().unwrap().len()
}

#[tokio::test]
async fn a_vehicle_passes_once_however_many_sit_in_it() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-02-03T12:00:00+08:00");
    let admin = app.administrator().await;
    let place = examples::checkpoint(&admin, "511802005").await;
    let other_place = examples::checkpoint(&admin, "511802114").await;
    let group = Uuid::now_v7();
    // Four in one car; two cars of one group; one alone; one on foot; the same car again.
    let mut family = Vec::new();
    for sequence in 1..=4 {
        family.push(pass(&admin, &place, sequence, in_car("川T12345", Some(group))).await);
    }
    pass(&admin, &place, 5, in_car("川T·12346", Some(group))).await;
    let alone = pass(&admin, &place, 6, in_car("川T12347", None)).await;
    pass(&admin, &place, 7, json!({"person_kind": "delivery"})).await;
    pass(&admin, &other_place, 8, in_car("川T12345", None)).await;
    pass(
        &admin,
        &place,
        1,
        json!({"occurred_at": "2020-02-03T08:30:00+08:00", "vehicle": {"plate_number": "川T12345"}}),
    )
    .await;
    let on = "from_on=2020-02-02&to_on=2020-02-02";
    let day = figures(&admin, on).await;
    assert_eq!((count(&day["total"], "screened"), count(&day["total"], "vehicles")), (8, 4), "{day}");
    let entry = day["catalogue"].as_array().unwrap().iter().find(|entry| entry["name"] == "vehicles").unwrap().clone();
    assert_eq!((&entry["label"], &entry["unit"]), (&json!("车辆"), &json!("辆次")));
    let list = day["total"]["vehicles"]["records_url"].as_str().unwrap().trim_start_matches("/v1/").to_owned();
    assert!(list.contains("has_vehicle=true"), "{list}");
    assert_eq!(listed(&admin, &list).await, 7, "the passages of people in those vehicles");
    let both = figures(&admin, "from_on=2020-02-02&to_on=2020-02-03").await;
    let by_day: Vec<i64> =
        both["items"].as_array().unwrap().iter().map(|item| count(&item["figures"], "vehicles")).collect();
    assert_eq!((by_day, count(&both["total"], "vehicles")), (vec![4, 1], 5));
    for (query, vehicles) in [
        (format!("{on}&by=total"), 4),
        (format!("{on}&area_code=511802005"), 3),
        (format!("{on}&area_code=511802114"), 1),
        (format!("{on}&place_id={place}&by=total"), 3),
        ("cumulative=true".to_owned(), 5),
        ("from_on=2020-01-20&to_on=2020-02-03&by=total".to_owned(), 5),
    ] {
        assert_eq!(count(&figures(&admin, &query).await["total"], "vehicles"), vehicles, "{query}");
    }
    let towns = figures(&admin, &format!("{on}&by=area")).await;
    let town = |code: &str| towns["items"].as_array().unwrap().iter().find(|item| item["key"] == code).unwrap().clone();
    assert_eq!(
        (count(&town("511802005")["figures"], "vehicles"), count(&town("511802114")["figures"], "vehicles")),
        (3, 1)
    );
    let csv = admin.with("accept", "text/csv").download(&format!("/v1/stats/screenings?{on}&headers=zh")).await.2;
    assert!(String::from_utf8(csv).unwrap().contains("车辆(辆次)"));
    // Taken back: one of four is still there, all four aren't; what gets a plate counts.
    let void = async |record: &Json| {
        let path = format!("/v1/screenings/{}:void", record["id"].as_str().unwrap());
        admin.post(&path, &json!({"reason": "重复"})).await.expect(200);
    };
    void(&family[0]).await;
    assert_eq!(count(&figures(&admin, on).await["total"], "vehicles"), 4);
    for record in &family[1..] {
        void(record).await;
    }
    assert_eq!(count(&figures(&admin, on).await["total"], "vehicles"), 3);
    let path = format!("/v1/screenings/{}", alone["id"].as_str().unwrap());
    admin.patch(&path, "\"1\"", &json!({"vehicle": null})).await.expect(200);
    assert_eq!(count(&figures(&admin, on).await["total"], "vehicles"), 2);
    admin.patch(&path, "\"2\"", &json!({"vehicle": {"plate_number": "川T12399"}})).await.expect(200);
    assert_eq!(count(&figures(&admin, on).await["total"], "vehicles"), 3);
    integrity::verify(&app.core, |_, _| {}).await.unwrap();
    integrity::recount::recount(&app.core, "511802").await.unwrap();
    assert_eq!(count(&figures(&admin, on).await["total"], "vehicles"), 3, "counted anew");
    // No plate in any list's address; by search it is found.
    admin.get("/v1/screenings?plate=x").await.expect(400);
    admin.get("/v1/screenings?plate_number=x").await.expect(400);
    let found = admin.post("/v1/screenings:search", &json!({"plate_number": "川T12346"})).await.expect(200).body;
    assert_eq!(found["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn passages_are_told_apart_by_vehicle_capacity_and_category() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-02-03T12:00:00+08:00");
    let admin = app.administrator().await;
    let place = examples::checkpoint(&admin, "511802005").await;
    let held = |since: &str, until: Json| json!([{"category": "hubei_returnee", "since_on": since, "until_on": until, "source": "名单"}]);
    let register = async |sequence: u32, area_code: &str, categories: Json| {
        let body = json!({"name": "王五", "document_type": "resident_id", "document_number": fake_resident_id(sequence), "area_code": area_code, "categories": categories});
        make(&admin, "people", body).await
    };
    register(1, "511802114", held("2020-01-25", Json::Null)).await;
    register(2, "511802005", held("2020-01-10", json!("2020-02-01"))).await;
    let third = register(3, "511802005", json!([])).await;
    let twin = json!({"name": "王五", "document_type": "passport", "document_number": "E12345678", "area_code": "511802005", "categories": held("2020-02-02", Json::Null)});
    let twin = make(&admin, "people", twin).await;
    admin.post(&format!("/v1/people/{twin}:merge"), &json!({"into_id": third, "reason": "同一人"})).await.expect(200);
    pass(&admin, &place, 1, json!({"person_kind": "resident", "vehicle": {"plate_number": "川T12345"}})).await;
    pass(&admin, &place, 2, json!({"person_kind": "visitor"})).await;
    pass(&admin, &place, 3, json!({"person_kind": "visitor", "direction": "out", "temperature_c": "37.5"})).await;
    pass(&admin, &place, 4, json!({"person_kind": "delivery", "vehicle": {"plate_number": "川T12346"}})).await;
    pass(&admin, &place, 3, json!({"occurred_at": "2020-02-01T08:30:00+08:00", "person_kind": "visitor"})).await;
    let on = "from_on=2020-02-02&to_on=2020-02-02";
    for (filter, screened, vehicles, out) in [
        ("has_vehicle=true", 2, 2, 0),
        ("has_vehicle=false", 2, 0, 1),
        ("person_kind=visitor", 2, 0, 1),
        ("person_kind=delivery&has_vehicle=true", 1, 1, 0),
        // Registered elsewhere; merged; no longer, not yet.
        ("category=hubei_returnee", 2, 1, 1),
        ("category=hubei_returnee&person_kind=visitor", 1, 0, 1),
        ("category=close_contact", 0, 0, 0),
    ] {
        assert_eq!(listed(&admin, &format!("screenings?{on}&{filter}")).await, screened, "{filter}");
        let told = figures(&admin, &format!("{on}&{filter}")).await;
        let total = &told["total"];
        let counts = (count(total, "screened"), count(total, "vehicles"), count(total, "screened_out"));
        assert_eq!(counts, (i64::try_from(screened).unwrap(), vehicles, out), "{filter} {told}");
        assert_eq!(total["persons"], Json::Null);
        let url = total["screened"]["records_url"].as_str().unwrap().trim_start_matches("/v1/").to_owned();
        assert_eq!(listed(&admin, &url).await, screened, "{url}");
        let by_place = figures(&admin, &format!("{on}&{filter}&by=place")).await;
        assert_eq!(count(&by_place["total"], "vehicles"), vehicles);
    }
    let visitors = figures(&admin, "from_on=2020-02-01&to_on=2020-02-02&person_kind=visitor").await;
    let days: Vec<(i64, i64)> = visitors["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| (count(&item["figures"], "screened"), item["figures"]["screened"]["previous"].as_i64().unwrap()))
        .collect();
    assert_eq!(days, [(1, 0), (2, 1)], "each against the day before");
    let hours = figures(&admin, &format!("{on}&by=hour&has_vehicle=true")).await;
    assert_eq!(count(&hours["items"][8]["figures"], "screened"), 2);
    for bad in ["cumulative=true&has_vehicle=true", "from_on=2019-10-01&to_on=2020-02-02&has_vehicle=true"] {
        admin.get(&format!("/v1/stats/screenings?{bad}")).await.expect(422);
    }
    // Of people: who is in a category on a day, and how many.
    let people = async |query: &str| listed(&admin, &format!("people?{query}")).await;
    assert_eq!(people("category=hubei_returnee&in_force_on=2020-01-26").await, 2);
    assert_eq!(people("category=hubei_returnee&in_force_on=2020-02-02").await, 2, "one of them merged");
    assert_eq!(people("category=hubei_returnee").await, 2, "today");
    assert_eq!(people("in_force_on=2020-02-01").await, 2);
    assert_eq!(people("category=hubei_returnee&area_code=511802005").await, 1);
    assert_eq!(people("category=confirmed").await, 0);
    let told = admin.get("/v1/stats/people-by-category?in_force_on=2020-02-02").await.expect(200).body;
    let line =
        told["items"].as_array().unwrap().iter().find(|line| line["category"] == "hubei_returnee").unwrap().clone();
    assert_eq!((&line["persons"], &told["total"]["persons"]), (&json!(2), &json!(2)));
    assert_eq!(people(line["records_url"].as_str().unwrap().split_once('?').unwrap().1).await, 2);
    let town = app.town_cadre("八步镇").await.get("/v1/stats/people-by-category").await.expect(200).body;
    assert_eq!(town["total"]["persons"], 1, "of his own area");
    let again = admin.get("/v1/stats/people-by-category?in_force_on=2020-01-15").await.expect(200);
    let unchanged = admin
        .with("if-none-match", again.header("etag"))
        .get("/v1/stats/people-by-category?in_force_on=2020-01-15")
        .await;
    assert_eq!((&again.body["total"]["persons"], unchanged.status), (&json!(1), 304));
    let csv = admin
        .with("accept", "text/csv")
        .download("/v1/stats/people-by-category?in_force_on=2020-02-02&headers=zh")
        .await
        .2;
    assert!(String::from_utf8(csv).unwrap().contains("hubei_returnee"));
}

#[tokio::test]
async fn a_name_alone_registers_nobody() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-02-03T12:00:00+08:00");
    let admin = app.administrator().await;
    let place = examples::checkpoint(&admin, "511802005").await;
    let named = json!({"person": {"name": "王五", "phone": "15400000001"}});
    let by_name = pass(&admin, &place, 1, named).await;
    assert_eq!(by_name["complete"], false);
    let codes = |record: &Json| -> Vec<String> {
        record["warnings"]
            .as_array()
            .unwrap()
            .iter()
            .map(|warning| warning["code"].as_str().unwrap().to_owned())
            .collect()
    };
    assert!(codes(&by_name).contains(&"not_registered".to_owned()), "{by_name}");
    // It stays so through amendments.
    let path = format!("/v1/screenings/{}", by_name["id"].as_str().unwrap());
    let amended = admin.patch(&path, "\"1\"", &json!({"temperature_c": "36.6"})).await.expect(200).body;
    assert_eq!((&amended["complete"], codes(&amended).contains(&"not_registered".to_owned())), (&json!(false), true));
    assert_eq!(pass(&admin, &place, 2, json!({})).await["complete"], true, "a document");
    // By link: a resident is known, a visitor without a document isn't.
    let person = by_name["person_id"].clone();
    let linked = |kind: Json| json!({"person": null, "person_id": person, "person_kind": kind});
    assert_eq!(pass(&admin, &place, 3, linked(json!("resident"))).await["complete"], true);
    assert_eq!(pass(&admin, &place, 3, linked(Json::Null)).await["complete"], true);
    assert_eq!(pass(&admin, &place, 3, linked(json!("visitor"))).await["complete"], false);
    let nobody = pass(&admin, &place, 3, json!({"person": null})).await;
    assert_eq!((&nobody["complete"], codes(&nobody).contains(&"not_registered".to_owned())), (&json!(false), true));
}

#[tokio::test]
async fn answers_stand_for_a_day() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-02-04T12:00:00+08:00");
    let admin = app.administrator().await;
    let place = examples::checkpoint(&admin, "511802005").await;
    let at = |at: &str, change: Json| {
        let mut body = json!({"occurred_at": at});
        body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        body
    };
    let silent = json!({"answers": null});
    let complete = async |record: &Json| {
        admin.get(&format!("/v1/screenings/{}", record["id"].as_str().unwrap())).await.expect(200).body["complete"]
            .clone()
    };
    // The second passage comes first: phones hand in when they can.
    let second = pass(&admin, &place, 1, at("2020-02-03T18:00:00+08:00", silent.clone())).await;
    let later = pass(&admin, &place, 1, at("2020-02-04T08:31:00+08:00", silent.clone())).await;
    assert_eq!((&second["complete"], &later["complete"]), (&json!(false), &json!(false)));
    let first = pass(&admin, &place, 1, at("2020-02-03T08:30:00+08:00", json!({}))).await;
    assert_eq!((complete(&second).await, complete(&later).await), (json!(true), json!(false)), "not after 24 hours");
    let third = pass(&admin, &place, 1, at("2020-02-03T20:00:00+08:00", silent.clone())).await;
    assert_eq!(third["complete"], true, "known at once");
    assert_eq!(
        pass(&admin, &place, 1, at("2020-02-03T08:00:00+08:00", silent.clone())).await["complete"],
        false,
        "before"
    );
    assert_eq!(
        pass(&admin, &place, 2, at("2020-02-03T20:00:00+08:00", silent.clone())).await["complete"],
        false,
        "of another"
    );
    let unmeasured = at("2020-02-03T20:00:00+08:00", json!({"answers": null, "temperature_c": null}));
    assert_eq!(pass(&admin, &place, 1, unmeasured).await["complete"], false);
    let refused = at("2020-02-03T20:00:00+08:00", json!({"answers": ["refused"]}));
    assert_eq!(pass(&admin, &place, 1, refused).await["complete"], false, "who refuses now has said nothing");
    let total = async || count(&figures(&admin, "from_on=2020-02-03&to_on=2020-02-03").await["total"], "complete");
    assert_eq!(total().await, 3);
    // Moved, then taken back: what stood on them falls.
    let path = format!("/v1/screenings/{}", first["id"].as_str().unwrap());
    admin.patch(&path, "\"1\"", &json!({"occurred_at": "2020-02-03T19:00:00+08:00"})).await.expect(200);
    assert_eq!(
        (complete(&second).await, complete(&third).await, complete(&later).await),
        (json!(false), json!(true), json!(true))
    );
    let of_third = format!("/v1/screenings/{}", third["id"].as_str().unwrap());
    let amended = admin.patch(&of_third, "\"1\"", &json!({"temperature_c": "36.8"})).await.expect(200).body;
    assert_eq!(amended["complete"], true, "an amendment asks anew");
    admin.post(&format!("{path}:void"), &json!({"reason": "录错"})).await.expect(200);
    assert_eq!((complete(&third).await, complete(&later).await, total().await), (json!(false), json!(false), 0));
    // A phone hands in a day at once.
    let item = |at: &str, answers: Json| {
        let mut body = examples::screening(&place, 9);
        body["occurred_at"] = at.into();
        if answers.is_null() {
            body.as_object_mut().unwrap().remove("answers");
        } else {
            body["answers"] = answers;
        }
        body
    };
    let items = json!({"items": [item("2020-02-03T17:00:00+08:00", Json::Null), item("2020-02-03T07:00:00+08:00", json!(["none"]))]});
    let results = admin.post("/v1/screenings:batch", &items).await.expect(207).body;
    let id = results["results"][0]["id"].clone();
    assert_eq!(complete(&json!({"id": id})).await, true);
    integrity::verify(&app.core, |_, _| {}).await.unwrap();
    let guard = app.actor(Role::GateGuard, "大兴街道").await;
    assert_eq!(pass(&guard, &place, 9, at("2020-02-04T06:00:00+08:00", silent)).await["complete"], true);
}
