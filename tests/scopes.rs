//! Scope: a grant reaches its area and its organisation, for every role and every kind.

use lianfang::platform::access::{Grant, Role};
use lianfang::records::Reach;
use serde_json::json;
use uuid::Uuid;

use crate::support::{TestApp, examples};

/// Where a grant stands: over the record's area, over another, or over its area for another organisation.
const GRANTS: [(&str, Option<u128>); 3] = [("511802005", None), ("511802114", None), ("511802005", Some(9))];

/// With the database's own wall taken down: what it hides, the conditions must hide by themselves.
#[tokio::test]
async fn every_kind_keeps_to_area_and_organisation_for_every_role() {
    let app = TestApp::start().await;
    app.take_down_the_wall().await;
    let admin = app.administrator().await;
    let paths = examples::one_of_each(&app, &admin, "511802005").await;
    let actor = app.actor(Role::GateGuard, "大兴街道").await;
    let mut wrong = Vec::new();
    for role in Role::ALL {
        for (area_code, org_id) in GRANTS {
            let org_id = org_id.map_or("NULL".to_owned(), |org_id| format!("'{}'", Uuid::from_u128(org_id)));
            app.sql(&format!(
                "UPDATE user_grants SET role = '{}', area_code = '{area_code}', org_id = {org_id} WHERE user_id = '{}'",
                role.code(),
                actor.id
            ))
            .await;
            app.core.accounts.forget_all();
            let own = area_code == "511802005" && org_id == "NULL";
            for (kind, body, path) in &paths {
                // Of some kinds a role sees fewer than those of its area: their own tests say which.
                if kind.rules.narrowed(*role).is_some() {
                    continue;
                }
                let reads = kind.readers.contains(role);
                let writes = kind.writers.contains(role);
                let far = kind.reach == Reach::District;
                // A record that belongs to another is seen by whoever reads that one's kind.
                let subject = kind.rules.belongs_to().and_then(|belongs| kind.subject(body[belongs.kind].as_str()?));
                let is_seen = (own || far) && subject.is_none_or(|subject| subject.readers.contains(role));
                let read = match (reads, is_seen) {
                    (false, _) => 403,
                    (true, true) => 200,
                    (true, false) => 404,
                };
                let refused = if writes { "out_of_area" } else { "forbidden" };
                let mut check = |what: &str, status: u16, code: &str, expected: u16, expected_code: &str| {
                    if status != expected || (expected == 403 && code != expected_code) {
                        wrong.push(format!(
                            "{what} {}: {} over {area_code} {org_id}: {status} {code}",
                            kind.name,
                            role.code()
                        ));
                    }
                };
                let got = actor.get(path).await;
                check("get", got.status, got.code(), read, "forbidden");
                let listed = actor.get(&format!("/v1/{}", kind.path)).await;
                check("list", listed.status, listed.code(), if reads { 200 } else { 403 }, "forbidden");
                let seen = listed.body["items"].as_array().is_some_and(|items| !items.is_empty());
                // Records made by its own posts are its organisation's.
                let of_its_organization = area_code == "511802005" && !own;
                if !of_its_organization {
                    check("see", u16::from(seen), "", u16::from(reads && is_seen), "");
                }
                if !own && !kind.writers.is_empty() {
                    let posted = actor.post(&format!("/v1/{}", kind.path), body).await;
                    // The place may be out of sight first, which says no more than that.
                    let hidden = writes
                        && posted.status == 422
                        && posted.faults().iter().all(|(_, code)| code == "unknown_reference");
                    // Bodies without an organisation get that of the grant.
                    if !(hidden || writes && of_its_organization) {
                        check("post", posted.status, posted.code(), 403, refused);
                    }
                    let patched = actor.patch(path, "\"1\"", &json!({"note": "x"})).await;
                    let expected = if writes && reads && !far { 404 } else { 403 };
                    check("patch", patched.status, patched.code(), expected, refused);
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test]
async fn a_grant_for_one_organisation_reaches_only_its_records() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let organization = |name: &str| json!({"kind": "school", "name": name, "area_code": "511802001"});
    let mut ids = Vec::new();
    for name in ["一小", "二小"] {
        let id = admin.post("/v1/organizations", &organization(name)).await.expect(201).body["id"].clone();
        ids.push(Uuid::parse_str(id.as_str().unwrap()).unwrap());
    }
    let grant = |role, org_id| Grant { role, area_code: "511802".into(), org_id: Some(org_id) };
    let first = app.actor_of(vec![grant(Role::OrgAdmin, ids[0])]).await;
    let second = app.actor_of(vec![grant(Role::OrgAdmin, ids[1])]).await;
    let place = json!({"kind": "compound_gate", "name": "校门", "area_code": "511802001", "org_id": ids[0]});
    let gate = first.post("/v1/places", &place).await.expect(201);
    assert_eq!(second.post("/v1/places", &place).await.expect(403).code(), "out_of_area");
    second.get(gate.header("location")).await.expect(200);
    assert_eq!(
        second.patch(gate.header("location"), "\"1\"", &json!({"name": "x"})).await.expect(403).code(),
        "out_of_area"
    );
    let treated =
        json!({"place_id": gate.body["id"], "activity": "disinfection", "area_m2": "120", "agent": "chlorine"});
    let treated = first.post("/v1/disinfections", &treated).await.expect(201);
    assert_eq!(treated.body["org_id"], json!(ids[0]), "of the grant's organisation where nothing is said");
    let path = treated.header("location");
    first.get(path).await.expect(200);
    second.get(path).await.expect(404);
    second.patch(path, "\"1\"", &json!({"area_m2": "130"})).await.expect(404);
    assert_eq!(second.get("/v1/disinfections").await.body["items"], json!([]));
    let moved = first.patch(path, "\"1\"", &json!({"org_id": ids[1]})).await;
    assert_eq!(moved.expect(403).code(), "out_of_area", "handing a record to another organisation");
}

#[tokio::test]
async fn who_reads_but_does_not_write_gets_403_and_who_sees_nothing_404() {
    let app = TestApp::start().await;
    let cadre = app.town_cadre("大兴街道").await;
    let place = json!({"kind": "compound_gate", "name": "门", "area_code": "511802005001"});
    let path = cadre.post("/v1/places", &place).await.expect(201).header("location").to_owned();
    let guard = app.gate_guard("大兴街道").await;
    guard.get(&path).await.expect(200);
    assert_eq!(guard.patch(&path, "\"1\"", &json!({"name": "x"})).await.expect(403).code(), "forbidden");
    let both = app
        .actor_of(vec![
            Grant { role: Role::GateGuard, area_code: "511802005".into(), org_id: None },
            Grant { role: Role::TownCadre, area_code: "511802114".into(), org_id: None },
        ])
        .await;
    assert_eq!(both.patch(&path, "\"1\"", &json!({"name": "x"})).await.expect(403).code(), "out_of_area");
    let elsewhere = app.town_cadre("八步镇").await.patch(&path, "\"1\"", &json!({"name": "x"})).await;
    assert_eq!(elsewhere.expect(403).code(), "out_of_area", "a place is named by everybody, and changed by its own");
}
