//! Travels: who is away and who came, of a unit's staff and of people who come home.

use lianfang::platform::access::{Grant, Role};
use serde_json::{Value as Json, json};

use crate::imports::import;
use crate::isolation_cases::set_clock;
use crate::support::{Actor, TestApp};

const VILLAGE: &str = "511802005001";

fn travel(capacity: &str, name: &str, days: Json) -> Json {
    let mut travel = json!({"capacity": capacity, "occurred_at": "2020-01-29T18:00:00+08:00",
        "person": {"name": name, "phone": format!("154{:08}", name.chars().map(|c| c as u32).sum::<u32>()), "area_code": VILLAGE}});
    travel.as_object_mut().unwrap().extend(days.as_object().unwrap().clone());
    travel
}

async fn bureau(app: &TestApp, admin: &Actor, name: &str) -> (String, Actor) {
    let organization = json!({"kind": "bureau", "name": name, "area_code": "511802"});
    let id = admin.post("/v1/organizations", &organization).await.expect(201).body["id"].as_str().unwrap().to_owned();
    let grant = Grant { role: Role::OrgAdmin, area_code: "511802".to_owned(), org_id: Some(id.parse().unwrap()) };
    let own = app.actor_of(vec![grant]).await;
    (id, own)
}

#[tokio::test]
async fn a_unit_knows_who_of_its_staff_is_away_and_no_other_unit_does() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-02-02T12:00:00+08:00");
    let admin = app.administrator().await;
    let (justice, own) = bureau(&app, &admin, "区司法局").await;
    let (_, others) = bureau(&app, &admin, "区供销社").await;
    let mut away = travel("staff", "张三", json!({"left_on": "2020-01-20", "expected_back_on": "2020-02-05"}));
    away["org_id"] = json!(justice);
    let away = own.post("/v1/travels", &away).await.expect(201).body;
    assert_eq!(away["state"], "away");
    let mut back = travel("staff", "李四", json!({"left_on": "2020-01-18", "arrived_on": "2020-01-29"}));
    back["org_id"] = json!(justice);
    assert_eq!(own.post("/v1/travels", &back).await.expect(201).body["state"], "arrived");
    let count = async |actor: &Actor, query: &str| {
        let list = actor.get(&format!("/v1/travels?{query}")).await.expect(200).body;
        list["items"].as_array().unwrap().len()
    };
    let of_staff = format!("capacity=staff&under_org_id={justice}");
    assert_eq!(count(&own, &format!("{of_staff}&state=away")).await, 1);
    assert_eq!(count(&others, "capacity=staff").await, 0);
    let figures =
        own.get(&format!("/v1/stats/travels?org_id={justice}&cumulative=true&to_on=2020-02-02")).await.expect(200).body;
    assert_eq!(
        (&figures["total"]["staff_away"]["value"], &figures["total"]["staff_returned"]["value"]),
        (&json!(1), &json!(1)),
        "{figures}"
    );
    // He comes back: the same record, the other figure.
    let path = format!("/v1/travels/{}", away["id"].as_str().unwrap());
    let came = own.patch(&path, "\"1\"", &json!({"arrived_on": "2020-02-01"})).await.expect(200).body;
    assert_eq!(came["state"], "arrived");
    assert_eq!(count(&own, &format!("{of_staff}&state=away")).await, 0);
}

#[tokio::test]
async fn days_and_stops_are_in_order_and_all_that_is_wrong_is_told_at_once() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-02-02T12:00:00+08:00");
    let admin = app.administrator().await;
    let stops = json!([{"place_name": "武汉", "arrived_on": "2020-01-22", "left_on": "2020-01-21", "stop_kind": "stay"},
        {"place_name": "宜昌", "arrived_on": "2020-01-20", "stop_kind": "transit"}]);
    let wrong =
        travel("returnee", "王五", json!({"left_on": "2020-01-25", "arrived_on": "2020-01-24", "stops": stops}));
    let faults = admin.post("/v1/travels", &wrong).await.expect(422).faults();
    let told: Vec<(&str, &str)> = faults.iter().map(|(pointer, code)| (pointer.as_str(), code.as_str())).collect();
    assert_eq!(
        told,
        [
            ("/arrived_on", "invalid_order"),
            ("/stops/0/left_on", "invalid_order"),
            ("/stops/1/arrived_on", "invalid_order")
        ]
    );
    let nobody = json!({"capacity": "returnee"});
    let faults = admin.post("/v1/travels", &nobody).await.expect(422).faults();
    assert_eq!(faults.len(), 2, "{faults:?}");
    let transit =
        json!([{"place_name": "武汉", "arrived_on": "2020-01-20", "left_on": "2020-01-23", "stop_kind": "transit"}]);
    let long = travel("returnee", "赵六", json!({"arrived_on": "2020-01-24", "stops": transit}));
    assert_eq!(admin.post("/v1/travels", &long).await.expect(201).warnings(), ["long_transit"]);
}

#[tokio::test]
async fn a_units_sheet_of_its_staff_goes_in() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-02-02T12:00:00+08:00");
    let admin = app.administrator().await;
    let (justice, own) = bureau(&app, &admin, "区司法局").await;
    let sheet = "区司法局职工离雅返雅情况统计表\n姓名,电话,身份,离雅时间,返雅时间,外出事由,是否接触病例\n张三,15400000001,干部职工,1月20日,1月29日,探亲,无\n李四,15400000002,干部职工,2020.1.22,,旅游,无\n";
    let query = format!("&set.org_id={justice}&set.area_code=511802");
    let done = import(&own, "travels", &query, "text/csv", sheet.into()).await;
    assert_eq!((&done["counts"]["created"], &done["counts"]["refused"]), (&json!(2), &json!(0)), "{done}");
    let away = own.get("/v1/travels?capacity=staff&state=away").await.expect(200).body;
    assert_eq!(away["items"].as_array().unwrap().len(), 1);
}
