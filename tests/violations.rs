//! Violations: of a case, and nobody's case: at a place, by a person.

use lianfang::platform::access::{Grant, Role};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::import_facts::import;
use crate::imports::counts;
use crate::isolation_cases::{case, notified, set_clock};
use crate::shifts::make;
use crate::support::{Actor, TestApp, fake_resident_id};

const BABU: &str = "511802114";

async fn ids(actor: &Actor, query: &str) -> Vec<String> {
    let body = actor.get(&format!("/v1/violations?{query}")).await.expect(200).body;
    body["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap().to_owned()).collect()
}

struct World {
    app: TestApp,
    admin: Actor,
    nurse: Actor,
    inspector: Actor,
    /// A restaurant that the health centre's organisation watches.
    place: String,
    center: String,
    case: String,
    person: String,
}

async fn world() -> World {
    let app = TestApp::start().await;
    set_clock(&app, "2020-02-03T12:00:00+08:00");
    let (admin, nurse) = (app.administrator().await, app.health_worker("八步镇").await);
    let inspector = app.actor(Role::Inspector, "八步镇").await;
    let center = json!({"kind": "health_center", "name": "八步镇卫生院", "area_code": BABU});
    let center = make(&admin, "organizations", center).await;
    let place = json!({"kind": "catering", "name": "农家乐", "area_code": BABU, "supervising_org_ids": [center]});
    let place = make(&admin, "places", place).await;
    let case = notified(&nurse, case(1, json!({}))).await;
    let read = nurse.get(&format!("/v1/isolation-cases/{case}")).await.expect(200).body;
    let person = read["person_id"].as_str().unwrap().to_owned();
    World { app, admin, nurse, inspector, place, center, case, person }
}

#[tokio::test]
async fn one_of_case_place_and_person_is_enough() {
    let World { app, admin, nurse, inspector, place, case, person, .. } = world().await;
    let nothing = inspector.post("/v1/violations", &json!({"violation_kind": "rumor"})).await.expect(422);
    assert!(nothing.faults().contains(&("/case_id".to_owned(), "one_of_needed".to_owned())), "{:?}", nothing.faults());
    let zh = nothing.body["errors"].to_string();
    assert!(zh.contains("至少填写一项:case_id, place_id, person_id"), "{zh}");
    // Market supervision at a place, the police and the village about somebody or a place.
    let banquet =
        json!({"place_id": place, "violation_kind": "group_banquet", "outcome": "warned", "description": "坝坝宴"});
    let banquet = inspector.post("/v1/violations", &banquet).await.expect(201);
    assert_eq!((&banquet.body["area_code"], &banquet.body["case_id"]), (&json!(BABU), &Json::Null), "{}", banquet.body);
    let police = app.actor(Role::PoliceOfficer, "八步镇").await;
    make(&police, "violations", json!({"person_id": person, "violation_kind": "rumor"})).await;
    let village = app.actor(Role::VillageCadre, "八步镇").await;
    for kind in ["price_gouging", "hoarding", "forced_bundling", "no_price_tag"] {
        make(&village, "violations", json!({"place_id": place, "violation_kind": kind})).await;
    }
    // Of a case it is the case's person's, and nobody else's.
    let of_case = json!({"case_id": case, "place_id": place, "violation_kind": "went_out"});
    let own = nurse.post("/v1/violations", &of_case).await.expect(201);
    assert_eq!(own.body["person_id"], json!(person));
    let other = json!({"name": "赵六", "phone": "15400000077", "area_code": BABU});
    let other = make(&admin, "people", other).await;
    let wrong = json!({"case_id": case, "person_id": other, "violation_kind": "went_out"});
    assert_eq!(
        nurse.post("/v1/violations", &wrong).await.expect(422).faults(),
        [("/person_id".to_owned(), "other_case".to_owned())]
    );
    // Amendments change the place; never to whom or to which case it belongs.
    let path = banquet.header("location");
    for (patch, at) in [(json!({"case_id": case}), "/case_id"), (json!({"person_id": person}), "/person_id")] {
        let refused = admin.patch(path, "\"1\"", &patch).await.expect(422).faults();
        assert_eq!(refused, [(at.to_owned(), "create_only".to_owned())]);
    }
    let emptied = admin.patch(path, "\"1\"", &json!({"place_id": null})).await.expect(422).faults();
    assert_eq!(emptied, [("/case_id".to_owned(), "one_of_needed".to_owned())]);
    inspector.patch(path, "\"1\"", &json!({"outcome": "rectified"})).await.expect(200);
    // The case's own views know only what is the case's; duties follow from none of it.
    let timeline = nurse.get(&format!("/v1/isolation-cases/{case}/timeline")).await.expect(200).body;
    let told = timeline["items"].as_array().unwrap().iter().filter(|item| item["kind"] == "violations");
    assert_eq!(told.map(|item| item["id"].clone()).collect::<Vec<_>>(), [own.body["id"].clone()]);
    assert_eq!(ids(&nurse, "case_id=none").await.len(), 6);
    assert_eq!(ids(&nurse, &format!("person_id={person}")).await.len(), 2);
    // A row that a former release wrote says nothing of the person; it is read and amended as it was.
    let old = own.body["id"].as_str().unwrap();
    app.sql(&format!("UPDATE violations SET person_id = NULL WHERE id = '{old}'")).await;
    assert_eq!(nurse.get(own.header("location")).await.expect(200).body["person_id"], Json::Null);
    let patched = nurse.patch(own.header("location"), "\"1\"", &json!({"outcome": "educated"})).await.expect(200);
    assert_eq!(patched.body["case_id"], json!(case));
}

/// Neither the place nor the person leads to a case's violation whoever may not read it.
#[tokio::test]
async fn what_is_of_a_case_is_read_with_the_case_alone() {
    let World { app, admin, nurse, inspector, place, center, case, person } = world().await;
    let of_case = json!({"case_id": case, "place_id": place, "violation_kind": "went_out"});
    let own = nurse.post("/v1/violations", &of_case).await.expect(201);
    let (own_id, path) = (own.body["id"].as_str().unwrap().to_owned(), own.header("location").to_owned());
    let banquet = make(&inspector, "violations", json!({"place_id": place, "violation_kind": "group_banquet"})).await;
    nurse.patch(&path, "\"1\"", &json!({"outcome": "educated"})).await.expect(200);
    let center: Uuid = center.parse().unwrap();
    let of_center = |role| Grant { role, area_code: "511802".into(), org_id: Some(center) };
    let watching = app.actor_of(vec![of_center(Role::HealthWorker)]).await;
    let department = app.actor_of(vec![of_center(Role::OrgAdmin)]).await;
    let district = app.actor(Role::Inspector, "雨城区").await;
    for (who, actor) in
        [("inspector", &inspector), ("watching", &watching), ("department", &department), ("district", &district)]
    {
        for query in
            ["", &format!("place_id={place}"), "case_id=none", "violation_kind=went_out", "include_voided=true"]
        {
            let seen = ids(actor, query).await;
            assert!(!seen.contains(&own_id), "{who} {query}");
            assert_eq!(seen.contains(&banquet), query != "violation_kind=went_out", "{who} {query}");
        }
        for query in [format!("person_id={person}"), format!("case_id={case}")] {
            assert!(ids(actor, &query).await.is_empty(), "{who} {query}");
        }
        actor.get(&path).await.expect(404);
        actor.get(&format!("{path}/revisions")).await.expect(404);
        let (status, _, file) = actor.with("accept", "text/csv").download("/v1/violations").await;
        assert!(status == 200 && !String::from_utf8(file).unwrap().contains(&own_id), "{who}");
        for from in ["/v1/changes?kinds=violations", "/v1/sync/pull"] {
            let fed = actor.get(from).await.expect(200).body.to_string();
            assert!(!fed.contains(&own_id) && fed.contains(&banquet), "{who} {from}: {fed}");
        }
    }
    for actor in [&inspector, &department] {
        assert_eq!(actor.get("/v1/stats/violations").await.expect(403).code(), "forbidden");
        let figures = actor.post("/v1/violations", &of_case).await.expect(422).faults();
        assert_eq!(figures, [("/case_id".to_owned(), "unknown_reference".to_owned())]);
        let about = json!({"person_id": person, "violation_kind": "rumor"});
        let refused = actor.post("/v1/violations", &about).await.expect(422).faults();
        assert!(refused.contains(&("/person_id".to_owned(), "unknown_reference".to_owned())), "{refused:?}");
        actor.patch(&path, "\"2\"", &json!({"outcome": "unfounded"})).await.expect(404);
        actor.post(&format!("{path}:void"), &json!({"reason": "x"})).await.expect(404);
    }
    // A feed from between two revisions, once it moved to where others are.
    let since = inspector.get("/v1/changes?kinds=violations").await.body["next_since"].as_str().unwrap().to_owned();
    nurse.patch(&path, "\"2\"", &json!({"outcome": "warned"})).await.expect(200);
    admin.patch(&format!("/v1/violations/{banquet}"), "\"1\"", &json!({"area_code": "511802005001"})).await.expect(200);
    let fed = inspector.get(&format!("/v1/changes?kinds=violations&since={since}")).await.expect(200).body.to_string();
    assert!(!fed.contains(&own_id) && fed.contains(&banquet), "{fed}");
    inspector.get(&format!("/v1/violations/{banquet}")).await.expect(404);
    // Those who see the case, and those of its area, read on.
    for role in [Role::VillageCadre, Role::PoliceOfficer, Role::CdcOfficer] {
        app.actor(role, "八步镇").await.get(&path).await.expect(200);
    }
    app.actor(Role::VillageCadre, "大兴街道").await.get(&path).await.expect(404);
    // A shop judges no shop, and no village beyond its own.
    let shop = make(&admin, "organizations", json!({"kind": "enterprise", "name": "超市", "area_code": BABU})).await;
    let shop = Grant { role: Role::OrgAdmin, area_code: "511802".into(), org_id: Some(shop.parse().unwrap()) };
    let hoarding = json!({"place_id": place, "violation_kind": "hoarding"});
    assert_eq!(app.actor_of(vec![shop]).await.post("/v1/violations", &hoarding).await.expect(403).code(), "forbidden");
    let elsewhere = app.actor(Role::VillageCadre, "大兴街道").await.post("/v1/violations", &hoarding).await.expect(403);
    assert_eq!(elsewhere.code(), "out_of_area");
}

#[tokio::test]
async fn sheets_tell_of_places_people_and_cases() {
    let World { app: _app, admin, nurse, inspector, case, .. } = world().await;
    let sheet = "场所,违规类型,发生时间,情况说明,处理结果\n农家乐,聚餐,2020-02-01,坝坝宴,告诫\n农家乐,未明码标价,2020-02-01,,整改\n农家乐,造谣,2020-02-01,,教育劝阻\n";
    let first = import(&inspector, "violations", "", sheet).await;
    assert_eq!(counts(&first), [3, 0, 0, 0, 0], "{first}");
    let again = import(&inspector, "violations", "", sheet).await;
    assert_eq!(counts(&again), [0, 3, 0, 0, 0], "{again}");
    // Whoever has a case then is meant by his document; who has none is told by himself.
    let other = json!({"name": "赵六", "document_type": "resident_id", "document_number": fake_resident_id(9), "area_code": BABU});
    make(&admin, "people", other).await;
    let sheet = format!(
        "姓名,证件号码,违规类型,发生时间\n李四,{},擅自外出,2020-02-02 10:00\n赵六,{},违规聚餐,2020-02-02 10:00\n",
        fake_resident_id(1),
        fake_resident_id(9)
    );
    let told = import(&nurse, "violations", "", &sheet).await;
    assert_eq!(counts(&told), [2, 0, 0, 0, 0], "{told}");
    assert_eq!(ids(&nurse, &format!("case_id={case}&violation_kind=went_out")).await.len(), 1);
    assert_eq!(ids(&nurse, "case_id=none&violation_kind=group_banquet&place_id=none").await.len(), 1);
    let again = import(&nurse, "violations", "", &sheet).await;
    assert_eq!(counts(&again), [0, 2, 0, 0, 0], "{again}");
    let nobody = import(&nurse, "violations", "", "违规类型,发生时间\n聚餐,2020-02-02\n").await;
    assert_eq!(counts(&nobody), [0, 0, 0, 0, 1], "{nobody}");
    // Lateness is told of work at a place, not of a case's records.
    let late = json!({"case_id": case, "violation_kind": "went_out", "occurred_at": "2020-01-25T10:00:00+08:00"});
    let late = nurse.post("/v1/violations", &late).await.expect(201).warnings();
    assert!(!late.contains(&"reported_late".to_owned()), "{late:?}");
}
