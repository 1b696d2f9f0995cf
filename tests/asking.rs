//! Parameters of a list beside its filters: ids of records, some of their members, what they name, pieces of names.

use lianfang::platform::access::Role;
use lianfang::server::routes;
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::duties::supervised;
use crate::isolation_cases::{notified, set_clock};
use crate::support::{Actor, TestApp, examples};

const DAXING: &str = "511802005";
const BABU: &str = "511802114";

fn ids(list: &Json) -> Vec<&str> {
    list["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap()).collect()
}

/// Checkpoints of an area, the newest first.
async fn checkpoints(actor: &Actor, area_code: &str, many: usize) -> Vec<String> {
    let mut made = Vec::new();
    for _ in 0..many {
        made.insert(0, examples::checkpoint(actor, area_code).await);
    }
    made
}

/// A screening at each of these places, the newest first.
async fn screenings(actor: &Actor, places: &[String]) -> Vec<String> {
    let mut made = Vec::new();
    for (sequence, place) in (1..).zip(places) {
        let reply = actor.post("/v1/screenings", &examples::screening(place, sequence)).await.expect(201);
        made.push(reply.body["id"].as_str().unwrap().to_owned());
    }
    made
}

#[tokio::test]
async fn records_are_listed_by_their_ids_with_every_other_filter_and_paging() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let made = checkpoints(&admin, DAXING, 4).await;
    let named = format!("{},{},{}", made[0], made[3], Uuid::now_v7());
    let list = admin.get(&format!("/v1/places?ids={named}")).await.expect(200).body;
    assert_eq!(ids(&list), [&made[0], &made[3]]);
    assert_eq!(list["next_cursor"], Json::Null);
    let none = admin.get(&format!("/v1/places?ids={named}&operating_status=open&area_code={BABU}")).await;
    assert!(ids(&none.expect(200).body).is_empty());
    let first = admin.get(&format!("/v1/places?ids={named}&limit=1&counted=true")).await.expect(200);
    assert_eq!((ids(&first.body), first.header("total-count")), (vec![made[0].as_str()], "2"));
    let cursor = first.body["next_cursor"].as_str().unwrap();
    let second = admin.get(&format!("/v1/places?ids={named}&limit=1&cursor={cursor}")).await.expect(200).body;
    assert_eq!(ids(&second), [&made[3]]);
    // A cursor is of the ids that it was given for.
    let other = admin.get(&format!("/v1/places?ids={}&limit=1&cursor={cursor}", made[1])).await;
    assert_eq!((other.status, other.code()), (400, "bad_cursor"));
    let file = admin.with("accept", "application/x-ndjson").download(&format!("/v1/places?ids={named}")).await.2;
    assert_eq!(String::from_utf8(file).unwrap().lines().count(), 3, "two records and the end");
}

#[tokio::test]
async fn ids_show_nobody_more_than_he_sees() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let here = checkpoints(&admin, DAXING, 1).await;
    let there = checkpoints(&admin, BABU, 1).await;
    let made = screenings(&admin, &[here, there].concat()).await;
    let path = format!("/v1/screenings?ids={}", made.join(","));
    assert_eq!(ids(&admin.get(&path).await.expect(200).body).len(), 2);
    let narrow = app.actor(Role::GateGuard, "大兴街道").await;
    let wall_up = narrow.get(&path).await.expect(200).body;
    assert_eq!(ids(&wall_up), [&made[0]]);
    app.take_down_the_wall().await;
    assert_eq!(narrow.get(&path).await.expect(200).body, wall_up);
}

#[tokio::test]
async fn two_hundred_ids_cost_what_one_costs_and_bad_ones_are_pointed_at() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let made = checkpoints(&admin, DAXING, 2).await;
    let list = |many: usize| {
        let others = std::iter::repeat_with(|| Uuid::now_v7().to_string());
        made.iter().cloned().chain(others).take(many).collect::<Vec<_>>().join(",")
    };
    let asked = async |many: usize| {
        let path = format!("/v1/places?ids={}", list(many));
        app.fewest_statements(async || drop(admin.get(&path).await.expect(200))).await
    };
    assert_eq!(asked(1).await, asked(200).await);
    let faults = async |text: &str| {
        let reply = admin.get(&format!("/v1/places?ids={text}")).await;
        (reply.status, reply.faults().iter().any(|(pointer, _)| pointer == "?ids"), reply.faults())
    };
    let too_many = faults(&list(201)).await;
    assert!(too_many.0 == 400 && too_many.2.contains(&("?ids".into(), "too_many".into())), "{too_many:?}");
    for text in ["", "1", "x,y", &format!("{},", made[0]), &format!("{0},{0}", made[0]), "%00"] {
        let (status, pointed, faults) = faults(text).await;
        assert!(status == 400 && pointed, "{text}: {status} {faults:?}");
    }
}

#[tokio::test]
async fn a_list_tells_only_the_members_asked_for() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    examples::one_of_each(&app, &admin, "511802005001").await;
    let mut compared = 0;
    for kind in routes::KINDS.iter() {
        let whole = admin.get(&format!("/v1/{}", kind.path)).await.expect(200).body;
        let Some(one) = whole["items"][0].as_object() else { continue };
        let names: Vec<&str> = one.keys().map(String::as_str).collect();
        let unsealed = names.iter().copied().filter(|name| kind.fields_with_seals().all(|field| field.name != *name));
        let parts = [
            names.iter().copied().step_by(2).collect(),
            names.iter().copied().skip(1).step_by(2).collect(),
            unsealed.filter(|name| !["note", "void_reason", "restore_reason"].contains(name)).collect::<Vec<_>>(),
        ];
        for part in parts {
            let list = admin.get(&format!("/v1/{}?fields={}", kind.path, part.join(","))).await.expect(200).body;
            assert_eq!(list["items"].as_array().unwrap().len(), whole["items"].as_array().unwrap().len());
            for (told, all) in list["items"].as_array().unwrap().iter().zip(whole["items"].as_array().unwrap()) {
                let mut expected = all.as_object().unwrap().clone();
                expected.retain(|name, _| name == "id" || part.contains(&name.as_str()));
                assert_eq!(told, &Json::Object(expected), "{}", kind.name);
                compared += 1;
            }
        }
    }
    assert!(compared > 150, "{compared}");
}

#[tokio::test]
async fn unknown_members_and_names_are_told_what_exists() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    for (path, known) in [("people?fields=name,salary", "birth_year"), ("duties?include=person,wage", "organization")] {
        let reply = admin.with("accept-language", "en").get(&format!("/v1/{path}")).await;
        let parameter = path.split(['?', '=']).nth(1).unwrap();
        assert_eq!(reply.status / 100, 4, "{:?}", reply.body);
        assert!(reply.faults().contains(&(format!("?{parameter}"), "not_in_vocabulary".into())), "{:?}", reply.body);
        assert!(reply.body.to_string().contains(known), "{:?}", reply.body);
        let csv = admin.with("accept", "text/csv").get(&format!("/v1/people?{parameter}=id")).await;
        assert!(csv.status / 100 == 4, "{:?}", csv.body);
    }
}

#[tokio::test]
async fn names_stand_beside_ids_for_one_statement_a_kind_as_far_as_the_caller_sees() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let here = checkpoints(&admin, DAXING, 2).await;
    let made = screenings(&admin, &here).await;
    let list = admin.get("/v1/screenings?include=place,person").await.expect(200).body;
    assert_eq!(list["included"]["place"][&here[0]]["name"], "北门");
    assert_eq!(list["included"].as_object().unwrap().len(), 2);
    let first = admin.get(&format!("/v1/screenings/{}", made[0])).await.expect(200).body;
    let person_id = first["person_id"].as_str().unwrap();
    let masked = admin.get(&format!("/v1/people/{person_id}")).await.expect(200).body;
    let person = &list["included"]["person"][person_id];
    assert!(person["name"] != "王五" && person["phone"].is_string());
    for name in ["name", "phone", "address", "sex"] {
        assert_eq!(person[name], masked[name]);
    }
    let alone = admin.get(&format!("/v1/screenings/{}?include=person", made[0])).await.expect(200).body;
    assert_eq!(&alone["included"]["person"][person_id], person);
    let cost = async |path: &str| app.fewest_statements(async || drop(admin.get(path).await.expect(200))).await;
    assert_eq!(cost("/v1/screenings").await + 2, cost("/v1/screenings?include=place,person").await);
    // A reporter of a store elsewhere reads places and no people.
    let guard = app.actor(Role::StoreReporter, "大兴街道").await;
    let places = guard.get("/v1/places?include=person,organization").await.expect(200).body;
    assert_eq!(places["included"]["person"], json!({}));
}

#[tokio::test]
async fn a_doctors_morning_is_one_request_that_names_who_is_hers() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-01-23T05:00:00+08:00");
    let doctor = app.health_worker("八步镇").await;
    let mut hers = supervised(1, &[("health_center", &doctor)]);
    hers["anchored_on"] = "2020-01-14".into();
    hers["address"] = "大兴路5号".into();
    let case_id = notified(&doctor, hers).await;
    let case = doctor.get(&format!("/v1/isolation-cases/{case_id}")).await.expect(200).body;
    let person_id = case["person_id"].as_str().unwrap();
    let others = doctor.get("/v1/isolation-cases?include=person").await.expect(200).body;
    assert_eq!(others["included"]["person"][person_id]["name"], "李*", "not all lists");
    let noted = async || app.rows("SELECT id FROM audit_log WHERE verb = 'people.read_plain'").await.len();
    let before = noted().await;
    let morning = doctor.get("/v1/duties?assignee=me&include=case,person").await.expect(200).body;
    assert!(!morning["items"].as_array().unwrap().is_empty(), "{morning}");
    let (of_case, person) = (&morning["included"]["case"][&case_id], &morning["included"]["person"][person_id]);
    assert_eq!((&of_case["day"], &of_case["days"]), (&json!(9), &json!(14)), "{of_case}");
    assert_eq!((&person["name"], &person["phone"]), (&json!("李四"), &json!("15400000001")), "{person}");
    assert!(person["address"].as_str().is_some_and(|address| !address.contains('*')), "{person}");
    assert_eq!(noted().await, before + 1, "noted once");
    let colleague = app.health_worker("八步镇").await;
    let seen = colleague.get("/v1/duties?include=case,person").await.expect(200).body;
    assert_eq!(seen["included"]["person"][person_id]["name"], "李*");
    let far = app.health_worker("大兴街道").await.get("/v1/duties?include=case,person").await.expect(200).body;
    assert_eq!(far["included"], json!({"case": {}, "person": {}}));
}

#[tokio::test]
async fn what_is_called_so_is_found_by_a_piece_of_its_name_and_its_first_letters() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let mut made = Vec::new();
    for (name, area_code) in [("惠民超市", DAXING), ("大兴卡口", DAXING), ("八步惠民药店", BABU)] {
        let body = json!({"name": name, "kind": "supermarket", "area_code": area_code});
        made.push(admin.post("/v1/places", &body).await.expect(201).body["id"].as_str().unwrap().to_owned());
    }
    for (q, found) in [("惠民", vec![2, 0]), ("hmcs", vec![0]), ("HM", vec![2, 0]), ("dx", vec![1]), ("xyz", vec![])]
    {
        let list = admin.get(&format!("/v1/places?q={}", percent(q))).await.expect(200).body;
        assert_eq!(ids(&list), found.iter().map(|index: &usize| made[*index].as_str()).collect::<Vec<_>>(), "{q}");
    }
    // Pages go on behind what is called so, and other filters hold.
    let first = admin.get(&format!("/v1/places?q={}&limit=1", percent("惠民"))).await.expect(200).body;
    let next = first["next_cursor"].as_str().unwrap();
    let second = admin.get(&format!("/v1/places?q={}&limit=1&cursor={next}", percent("惠民"))).await.expect(200).body;
    assert_eq!((ids(&first), ids(&second)), (vec![made[2].as_str()], vec![made[0].as_str()]));
    let there = admin.get(&format!("/v1/places?q={}&area_code={BABU}", percent("惠民"))).await.expect(200).body;
    assert_eq!(ids(&there), [made[2].as_str()]);
    // Somebody of another street finds what he sees in lists and nothing beside it.
    let stranger = app.actor(Role::VillageCadre, "八步镇").await;
    let seen = stranger.get("/v1/places").await.expect(200).body;
    let found = stranger.get("/v1/places?q=hm").await.expect(200).body;
    assert!(!ids(&found).is_empty() && ids(&found).iter().all(|id| ids(&seen).contains(id)), "{found}");
    // Names of people are masked in lists: a piece of one can't be sought there.
    admin.get("/v1/people?q=zs").await.expect(400);
    admin.get("/v1/places?q=%20").await.expect(400);
}

#[tokio::test]
async fn accounts_and_colleagues_are_found_by_first_letters() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let body = json!({"username": "village.daxing", "display_name": "王小五", "roles": [{"role": "town_cadre", "area_code": DAXING}]});
    let id = admin.post("/v1/users", &body).await.expect(201).body["id"].as_str().unwrap().to_owned();
    for list in ["/v1/users", "/v1/colleagues"] {
        for q in ["wxw", "小五", "daxing"] {
            let found = admin.get(&format!("{list}?q={}", percent(q))).await.expect(200).body;
            assert_eq!(ids(&found), [id.as_str()], "{list} {q}");
        }
        let none = admin.get(&format!("{list}?q=wwx")).await.expect(200).body;
        assert_eq!(ids(&none), [""; 0], "{list}");
    }
}

fn percent(text: &str) -> String {
    kit::text::percent_encoded(text.as_bytes())
}
