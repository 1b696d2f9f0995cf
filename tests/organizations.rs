//! Rights by organisation: a bureau with its schools, whoever watches a place, a partner that delivers, a town that
//! sets up its own people.

use lianfang::platform::access::{Grant, Role};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::isolation_cases::set_clock;
use crate::shifts::{DAXING, make};
use crate::support::{Actor, TestApp};

const DAXING_NAME: &str = "大兴街道";

pub async fn organization(admin: &Actor, kind: &str, name: &str, parent_id: Option<&str>) -> String {
    let body = json!({"kind": kind, "name": name, "area_code": "511802", "parent_id": parent_id});
    make(admin, "organizations", body).await
}

/// Somebody with a role in an organisation, over the whole district.
pub async fn of(app: &TestApp, role: Role, area_code: &str, org_id: &str) -> Actor {
    app.actor_of(vec![Grant { role, area_code: area_code.into(), org_id: Some(org_id.parse().unwrap()) }]).await
}

async fn ids(actor: &Actor, path: &str) -> Vec<String> {
    let list = actor.get(path).await.expect(200).body["items"].as_array().unwrap().clone();
    list.iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn the_education_bureau_sees_its_schools_and_no_other_bureau_does() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-02-02T10:00:00+08:00");
    let admin = app.administrator().await;
    let bureau = organization(&admin, "bureau", "区教育局", None).await;
    let school = organization(&admin, "school", "雨城一小", Some(&bureau)).await;
    let other = organization(&admin, "bureau", "区司法局", None).await;
    let (education, justice) =
        (of(&app, Role::OrgAdmin, "511802", &bureau).await, of(&app, Role::OrgAdmin, "511802", &other).await);
    let teacher = of(&app, Role::OrgAdmin, "511802", &school).await;
    let compound = make(
        &teacher,
        "places",
        json!({"kind": "family_compound", "name": "一小家属院", "area_code": DAXING, "org_id": school}),
    )
    .await;
    let treated = json!({"place_id": compound, "activity": "disinfection", "area_m2": "120", "agent": "chlorine", "org_id": school});
    let treated = make(&teacher, "disinfections", treated).await;
    assert_eq!(ids(&education, "/v1/disinfections").await, [treated.clone()]);
    assert!(ids(&justice, "/v1/disinfections").await.is_empty());
    justice.get(&format!("/v1/disinfections/{treated}")).await.expect(404);
    let situation = education.get(&format!("/v1/stats/situation?org_id={bureau}")).await.expect(200).body;
    assert!(situation["units"][0]["figures"].to_string().contains("disinfected_area_m2"), "{situation}");
    // It writes for them, and their changes reach it.
    let made = json!({"place_id": compound, "activity": "disinfection", "area_m2": "80", "agent": "chlorine", "org_id": school});
    make(&education, "disinfections", made).await;
    let changes = education.get("/v1/changes?since=0&kinds=disinfections").await.expect(200).body;
    assert_eq!(changes["items"].as_array().unwrap().len(), 2, "{changes}");
    let pulled = education.get("/v1/sync/pull?limit=500").await.expect(200).body;
    assert!(pulled.to_string().contains(&treated));
    // Its accounts: made and disabled for a school, not for another bureau, never the command.
    let user = |name: &str, role: &str, org: &str| json!({"username": name, "display_name": "某某", "roles": [{"role": role, "area_code": "511802", "org_id": org}]});
    let guard = education.post("/v1/users", &user("yixiao-guard", "gate_guard", &school)).await.expect(201);
    education.post("/v1/users", &user("sifa-guard", "gate_guard", &other)).await.expect(403);
    education.post("/v1/users", &user("chief", "district_admin", &school)).await.expect(403);
    let path = format!("/v1/users/{}", guard.body["id"].as_str().unwrap());
    education.patch(&path, guard.header("etag"), &json!({"active": false})).await.expect(200);
    justice.get(&path).await.expect(404);
}

#[tokio::test]
async fn places_are_named_by_everybody_and_what_is_recorded_there_is_read_by_whoever_watches() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-02-02T10:00:00+08:00");
    let admin = app.administrator().await;
    let commerce = organization(&admin, "bureau", "区经信商务局", None).await;
    let company = organization(&admin, "partner", "雨城超市公司", None).await;
    let store = json!({"kind": "supermarket", "name": "雨城超市", "area_code": DAXING, "org_id": company, "operating_status": "open"});
    let store = make(&admin, "places", store).await;
    let inspector = of(&app, Role::Inspector, "511802", &commerce).await;
    let inspection =
        json!({"place_id": store, "inspectors": ["甲"], "items": [{"code": "emergency_plan", "result": "pass"}]});
    let inspection = make(&inspector, "inspections", inspection).await;
    assert_eq!(ids(&inspector, "/v1/inspections").await, [inspection]);
    let clerk = of(&app, Role::StoreReporter, "511802", &company).await;
    let report = json!({"place_id": store, "reported_on": "2020-02-02", "is_zero": true});
    let report = make(&clerk, "supply-reports", report).await;
    let other = crate::supply::store(&admin, "别家超市").await;
    let meddling = json!({"place_id": other, "reported_on": "2020-02-02", "is_zero": true});
    clerk.post("/v1/supply-reports", &meddling).await.expect(403);
    let others = make(&admin, "supply-reports", meddling).await;
    clerk.get(&format!("/v1/supply-reports/{others}")).await.expect(404);
    let lone = app.actor(Role::StoreReporter, DAXING_NAME).await;
    assert!(ids(&lone, "/v1/supply-reports").await.is_empty(), "of no organisation: only what it wrote itself");
    assert!(ids(&inspector, "/v1/supply-reports").await.is_empty(), "watched by nobody yet");
    let tag = admin.get(&format!("/v1/places/{store}")).await.header("etag").to_owned();
    let watched = json!({"supervising_org_ids": [commerce]});
    admin.patch(&format!("/v1/places/{store}"), &tag, &watched).await.expect(200);
    app.core.accounts.forget_all();
    assert_eq!(ids(&inspector, "/v1/supply-reports").await, [report.clone()]);
    inspector.get(&format!("/v1/supply-reports/{report}")).await.expect(200);
    let stranger = of(&app, Role::Inspector, "511802", &company).await;
    assert_eq!(stranger.get(&format!("/v1/places/{store}")).await.expect(200).body["name"], "雨城超市");
    let changes = inspector.get("/v1/changes?since=0&kinds=supply_reports").await.expect(200).body;
    assert_eq!(changes["items"].as_array().unwrap().len(), 1, "{changes}");
}

#[tokio::test]
async fn a_partners_courier_sees_what_was_given_to_it_and_only_that() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-02-02T10:00:00+08:00");
    let admin = app.administrator().await;
    let coop = organization(&admin, "bureau", "区供销社", None).await;
    let partner = organization(&admin, "partner", "田舍益家合作社", Some(&coop)).await;
    let request = |assigned: Option<&str>| json!({"area_code": DAXING, "household": "王五", "items": [{"item": "大白菜", "quantity": "10", "quantity_unit": "斤"}], "assigned_org_id": assigned});
    let given = make(&admin, "need-requests", request(Some(&partner))).await;
    make(&admin, "need-requests", request(None)).await;
    let courier = of(&app, Role::Volunteer, "511802", &partner).await;
    assert_eq!(ids(&courier, "/v1/need-requests").await, [given.clone()]);
    let delivery = json!({"need_request_id": given, "items": [{"item": "大白菜", "quantity": "10", "quantity_unit": "斤"}], "proof": "signature"});
    make(&courier, "deliveries", delivery).await;
    assert_eq!(courier.get(&format!("/v1/need-requests/{given}")).await.expect(200).body["state"], "delivered");
    let seller = of(&app, Role::OrgAdmin, "511802", &coop).await;
    let figures = seller.get("/v1/stats/deliveries?by=total").await.expect(200).body;
    assert_eq!(figures["total"]["deliveries"]["value"], 1, "{figures}");
}

#[tokio::test]
async fn a_town_sets_up_its_eight_people_and_nobody_beyond() {
    let app = TestApp::start().await;
    let town = app.actor(Role::OrgAdmin, "八步镇").await;
    let area = app.area_code("八步镇");
    let user = |role: &str, area: &str| json!({"username": format!("u{}", Uuid::now_v7().simple()), "display_name": "某某", "roles": [{"role": role, "area_code": area}]});
    let eight = [
        "town_cadre",
        "village_cadre",
        "group_cadre",
        "grid_worker",
        "health_worker",
        "police_officer",
        "gate_guard",
        "volunteer",
    ];
    for role in eight {
        let made = town.post("/v1/users", &user(role, &area)).await.expect(201);
        assert!(made.body["one_time_password"].is_string());
    }
    for role in ["district_admin", "auditor", "org_admin", "cdc_officer", "statistics_reader"] {
        town.post("/v1/users", &user(role, &area)).await.expect(403);
    }
    town.post("/v1/users", &user("volunteer", "511802")).await.expect(403);
    town.post("/v1/users", &user("volunteer", "511802005")).await.expect(403);
    let audit = app.administrator().await.get("/v1/audit?verb=user.create&limit=100").await.expect(200).body;
    let audited =
        audit["items"].as_array().unwrap().iter().filter(|item: &&Json| item["details"].to_string().contains(&area));
    assert_eq!(audited.count(), 8, "{audit}");
}

#[tokio::test]
async fn everybody_reads_his_own_duties_and_the_police_their_key_people() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-02-02T10:00:00+08:00");
    let admin = app.administrator().await;
    let volunteer = app.actor(Role::Volunteer, "大兴街道").await;
    let somebody = crate::shifts::volunteer(&admin, 1, json!({"user_id": volunteer.id})).await;
    let other = crate::shifts::volunteer(&admin, 2, json!({})).await;
    let gate = crate::shifts::gate(&admin, "北门").await;
    let shift = crate::shifts::shift(&admin, &gate, "2020-02-03", 8, 12, crate::shifts::needs("volunteer", 2)).await;
    for who in [&somebody, &other] {
        make(&admin, "shift-assignments", crate::shifts::assignment(&shift, who, "volunteer")).await;
    }
    let own = volunteer.get("/v1/duties?assignee=me").await.expect(200).body;
    assert_eq!(own["items"].as_array().unwrap().len(), 1, "{own}");
    let all = volunteer.get("/v1/duties").await.expect(200).body;
    assert_eq!(all["items"], own["items"], "nobody else's");
    let changes = volunteer.get("/v1/changes?since=0&kinds=duties").await.expect(200).body;
    assert!(changes["items"].as_array().unwrap().iter().all(|item| item["id"] == own["items"][0]["id"]), "{changes}");
    let counted = volunteer.get("/v1/duties/summary?from_on=2020-02-03").await.expect(200).body;
    assert_eq!(counted["total"]["expected"], 1, "{counted}");
    // Stores: an inspector sees what is expected of them, and nothing of anybody's isolation.
    let store = crate::supply::store(&admin, "雨城超市").await;
    crate::isolation_cases::work(&app).await;
    let inspector = app.actor(Role::Inspector, "雨城区").await;
    let seen = inspector.get("/v1/duties?limit=500").await.expect(200).body;
    let lines: Vec<&Json> = seen["items"].as_array().unwrap().iter().map(|duty| &duty["line"]).collect();
    assert!(!lines.is_empty() && lines.iter().all(|line| *line == "store"), "{lines:?}");
    set_clock(&app, "2020-02-02T18:01:00+08:00");
    crate::isolation_cases::work(&app).await;
    let inspector = app.actor(Role::Inspector, "雨城区").await;
    let complete = inspector.get("/v1/stats/completeness").await.expect(200).body;
    assert_eq!(complete["items"][0]["gaps"][0]["subject_id"], json!(store), "{complete}");
    assert_eq!(complete["items"].as_array().unwrap().len(), 1);
    // Passers-by are not key people.
    let admin = app.administrator().await;
    let person = |sequence: u32, categories: Json| json!({"name": "李四", "document_type": "resident_id", "document_number": crate::support::fake_resident_id(sequence), "area_code": DAXING, "categories": categories});
    let passer = make(&admin, "people", person(3, json!([]))).await;
    let ended =
        json!([{"category": "hubei_returnee", "since_on": "2020-01-10", "until_on": "2020-02-01", "source": "x"}]);
    let ended = make(&admin, "people", person(4, ended)).await;
    let key = make(
        &admin,
        "people",
        person(5, json!([{"category": "hubei_returnee", "since_on": "2020-01-22", "source": "x"}])),
    )
    .await;
    let police = app.actor(Role::PoliceOfficer, "大兴街道").await;
    assert_eq!(ids(&police, "/v1/people").await, [key.clone()]);
    for hidden in [passer, ended] {
        police.get(&format!("/v1/people/{hidden}")).await.expect(404);
        let reveal = json!({"purpose": "epidemic_control", "reason": "核查行程"});
        police.post(&format!("/v1/people/{hidden}:reveal"), &reveal).await.expect(404);
    }
    police
        .post(&format!("/v1/people/{key}:reveal"), &json!({"purpose": "epidemic_control", "reason": "核查行程"}))
        .await
        .expect(200);
    // Guards at a gate register whom they let in, and keep no register of people.
    let guard = app.gate_guard("大兴街道").await;
    guard.post("/v1/people", &person(6, json!([]))).await.expect(403);
    let passage = json!({"place_id": gate, "direction": "in", "person": person(6, json!([])), "answers": ["none"], "temperature_c": "36.5"});
    make(&guard, "screenings", passage).await;
}
