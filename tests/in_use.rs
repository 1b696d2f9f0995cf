//! Entries of registers that others name: they aren't voided, and say what names them.

use lianfang::platform::access::{Grant, Role};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::shifts::make;
use crate::support::{Actor, Reply, TestApp, examples, fake_resident_id};

const VILLAGE: &str = "511802005001";

async fn void(actor: &Actor, kind: &str, id: &str) -> Reply {
    actor.with("accept-language", "en").post(&format!("/v1/{kind}/{id}:void"), &json!({"reason": "录错"})).await
}

/// The one fault of a refusal.
async fn refused(actor: &Actor, kind: &str, id: &str) -> String {
    let reply = void(actor, kind, id).await.expect(409);
    assert_eq!((reply.code(), reply.faults()), ("in_use", vec![(String::new(), "still_named".to_owned())]));
    reply.body["errors"][0]["message"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn every_register_says_what_names_an_entry_and_lets_it_go_afterwards() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let area = |more: Json| {
        let mut body = json!({"area_code": VILLAGE});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let place = make(&admin, "places", area(json!({"kind": "residential_compound", "name": "龙溪苑"}))).await;
    let gate = make(&admin, "places", area(json!({"kind": "compound_gate", "name": "北门", "parent_id": place}))).await;
    let cell = make(&admin, "grid-cells", area(json!({"code": "001", "name": "一格"}))).await;
    let group = make(&admin, "household-groups", area(json!({"name": "一组", "grid_cell_id": cell}))).await;
    let home = area(json!({"door": "1-1", "place_id": place, "grid_cell_id": cell, "household_group_id": group}));
    let home = make(&admin, "households", home).await;
    let person = json!({"name": "张三", "document_type": "resident_id", "document_number": fake_resident_id(1), "area_code": VILLAGE});
    let member =
        admin.post("/v1/household-members", &json!({"household_id": home, "person": person})).await.expect(201);
    let id = |name: &str| member.body[name].as_str().unwrap().to_owned();
    let team = make(&admin, "teams", area(json!({"name": "一队", "team_kind": "temporary_league_branch"}))).await;
    let volunteer = make(
        &admin,
        "volunteers",
        area(json!({"person": {"name": "李四", "phone": "15400000001", "area_code": VILLAGE}, "team_id": team})),
    )
    .await;
    for (kind, entry, says) in [
        ("places", &place, "Place 1, Household 1"),
        ("grid-cells", &cell, "Household group 1, Household 1"),
        ("household-groups", &group, "Household 1"),
        ("households", &home, "1"),
        ("people", &id("person_id"), "records 1"),
        ("teams", &team, "Volunteer 1"),
    ] {
        let told = refused(&admin, kind, entry).await;
        for part in says.split(", ") {
            assert!(told.contains(part), "{kind}: {told}");
        }
    }
    let chinese = admin.post(&format!("/v1/households/{home}:void"), &json!({"reason": "x"})).await.expect(409);
    assert!(chinese.body["errors"][0]["message"].as_str().unwrap().contains("户成员 1"), "{}", chinese.body);
    // An entry that came to an end is taken out of use instead, whoever names it.
    admin.patch(&format!("/v1/grid-cells/{cell}"), "\"1\"", &json!({"active": false})).await.expect(200);
    // One after the other they go, those that lean on others first; restored, they name again.
    for (kind, entry) in [("household-members", &id("id")), ("households", &home), ("people", &id("person_id"))] {
        void(&admin, kind, entry).await.expect(200);
    }
    admin.post(&format!("/v1/households/{home}:restore"), &json!({"reason": "核实"})).await.expect(200);
    assert!(refused(&admin, "household-groups", &group).await.contains("Household 1"));
    for (kind, entry) in [
        ("households", &home),
        ("household-groups", &group),
        ("grid-cells", &cell),
        ("places", &gate),
        ("places", &place),
        ("volunteers", &volunteer),
        ("teams", &team),
    ] {
        void(&admin, kind, entry).await.expect(200);
    }
}

#[tokio::test]
async fn an_organisation_that_works_isnt_voided() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let organization = json!({"kind": "bureau", "name": "商务局", "area_code": "511802"});
    let bureau = make(&admin, "organizations", organization.clone()).await;
    let org_id: Uuid = bureau.parse().unwrap();
    let own =
        app.actor_of(vec![Grant { role: Role::OrgAdmin, area_code: "511802".into(), org_id: Some(org_id) }]).await;
    let mut part = organization.clone();
    part["parent_id"] = bureau.clone().into();
    make(&admin, "organizations", part).await;
    let gate = examples::checkpoint(&admin, "511802005").await;
    admin.patch(&format!("/v1/places/{gate}"), "\"1\"", &json!({"supervising_org_ids": [bureau]})).await.expect(200);
    let treated = json!({"place_id": gate, "activity": "disinfection", "area_m2": "120", "agent": "chlorine"});
    own.post("/v1/disinfections", &treated).await.expect(201);
    let told = refused(&admin, "organizations", &bureau).await;
    for part in ["Organisation 1", "accounts 1", "places it watches 1", "days with records of its own 1"] {
        assert!(told.contains(part), "{told}");
    }
    // It ended, and all that it did stays its own.
    let path = format!("/v1/organizations/{bureau}");
    let ended = admin.patch(&path, "\"1\"", &json!({"ended_on": "2020-02-01"})).await.expect(200);
    assert_eq!(ended.body["ended_on"], "2020-02-01");
    let unused = make(&admin, "organizations", organization).await;
    void(&admin, "organizations", &unused).await.expect(200);
}

/// Whoever was merged into somebody is named by his own id still.
#[tokio::test]
async fn what_names_one_who_was_merged_names_the_other() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let gate = examples::checkpoint(&admin, "511802005").await;
    let passed = admin.post("/v1/screenings", &examples::screening(&gate, 1)).await.expect(201);
    let passer = passed.body["person_id"].as_str().unwrap().to_owned();
    let twin = json!({"name": "王五", "area_code": "511802005", "phone": "15400000099"});
    let twin = make(&admin, "people", twin).await;
    admin.post(&format!("/v1/people/{passer}:merge"), &json!({"into_id": twin, "reason": "同一人"})).await.expect(200);
    refused(&admin, "people", &twin).await;
    let path = passed.header("location").to_owned();
    admin.post(&format!("{path}:void"), &json!({"reason": "录错"})).await.expect(200);
    void(&admin, "people", &twin).await.expect(200);
}

/// A phone that voids a household with its member hands in both at once.
#[tokio::test]
async fn a_phone_voids_what_names_and_what_is_named_in_one_push() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let home = make(&admin, "households", json!({"area_code": VILLAGE, "door": "1-1"})).await;
    let member = make(
        &admin,
        "household-members",
        json!({"household_id": home, "person": {"name": "张三", "phone": "15400000002", "area_code": VILLAGE}}),
    )
    .await;
    let item = |kind: &str, id: &str| json!({"kind": kind, "op": "void", "id": id, "body": {"reason": "录错"}});
    let push =
        json!({"device_id": "phone-1", "items": [item("household_members", &member), item("households", &home)]});
    let pushed = admin.post("/v1/sync/push", &push).await.expect(207).body;
    let outcomes: Vec<&str> =
        pushed["results"].as_array().unwrap().iter().map(|result| result["outcome"].as_str().unwrap()).collect();
    assert_eq!(outcomes, ["revised", "revised"], "{pushed}");
}
