//! Nobody judges himself or his competitors: rules, dismissals and inspections are the supervising bureau's.

use lianfang::platform::access::{Grant, Role};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::isolation_cases::set_clock;
use crate::price_rules::{alerts, reports, rule};
use crate::support::{Actor, TestApp, examples};

const DISTRICT: &str = "511802";

async fn organization(admin: &Actor, kind: &str) -> Uuid {
    let body = json!({"kind": kind, "name": format!("虚构{kind}"), "area_code": DISTRICT});
    let made = admin.post("/v1/organizations", &body).await.expect(201).body;
    made["id"].as_str().unwrap().parse().unwrap()
}

async fn of_organization(app: &TestApp, role: Role, org_id: Uuid) -> Actor {
    app.actor_of(vec![Grant { role, area_code: DISTRICT.into(), org_id: Some(org_id) }]).await
}

async fn store_of(admin: &Actor, org_id: Uuid) -> String {
    let body = json!({"kind": "supermarket", "name": "虚构超市", "area_code": "511802001", "org_id": org_id});
    admin.post("/v1/places", &body).await.expect(201).body["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_company_makes_no_rules_and_judges_no_store() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-01-31T17:00:00+08:00");
    let admin = app.administrator().await;
    let (company, bureau) = (organization(&admin, "enterprise").await, organization(&admin, "bureau").await);
    let (own, officer) =
        (of_organization(&app, Role::OrgAdmin, company).await, of_organization(&app, Role::OrgAdmin, bureau).await);
    let inspector = of_organization(&app, Role::Inspector, company).await;
    let of = |kind: &str, org_id: Uuid, place: Option<&String>| {
        let mut body = examples::of_kind(kind);
        let members = body.as_object_mut().unwrap();
        members.retain(|name, _| !["id", "alert_id"].contains(&name.as_str()));
        members.insert("org_id".into(), json!(org_id));
        members.insert("area_code".into(), DISTRICT.into());
        if let Some(place) = place {
            members.insert("place_id".into(), json!(place));
        }
        body
    };
    let (store, supervised) = (store_of(&admin, company).await, store_of(&admin, bureau).await);
    for (path, kind, judged) in [
        ("commodity-entries", "commodity_entries", false),
        ("price-rules", "price_rules", false),
        ("price-observations", "price_observations", false),
        ("stock-targets", "stock_targets", false),
        ("inspections", "inspections", true),
        ("enforcement-actions", "enforcement_actions", true),
    ] {
        let body = |org_id, place| {
            let mut body = of(kind, org_id, Some(place).filter(|_| judged));
            if kind == "commodity_entries" {
                examples::entry_of_its_own(&mut body);
            }
            body
        };
        for actor in [&own, &inspector] {
            let reply = actor.post(&format!("/v1/{path}"), &body(company, &store)).await.expect(403);
            assert_eq!(reply.code(), "forbidden", "{path}");
        }
        let made = officer.post(&format!("/v1/{path}"), &body(bureau, &supervised)).await.expect(201);
        // Nor does it amend or void what stands as its own.
        let foreign = admin.post(&format!("/v1/{path}"), &body(company, &store)).await.expect(201);
        own.patch(foreign.header("location"), foreign.header("etag"), &json!({"note": "x"})).await.expect(403);
        own.post(&format!("{}:void", foreign.header("location")), &json!({"reason": "x"})).await.expect(403);
        officer.patch(made.header("location"), made.header("etag"), &json!({"note": "x"})).await.expect(200);
    }
    // It doesn't become a bureau by saying so.
    let path = format!("/v1/organizations/{company}");
    let mine = json!({"kind": "bureau", "name": "虚构局", "area_code": DISTRICT, "org_id": company});
    own.post("/v1/organizations", &mine).await.expect(403);
    let read = own.get(&path).await.expect(200);
    own.patch(&path, read.header("etag"), &json!({"kind": "bureau"})).await.expect(403);
}

#[tokio::test]
async fn a_company_explains_its_alerts_and_others_dismiss_them() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-01-31T17:00:00+08:00");
    let admin = app.administrator().await;
    let company = organization(&admin, "enterprise").await;
    let own = of_organization(&app, Role::OrgAdmin, company).await;
    let store = store_of(&admin, company).await;
    reports(&admin, &store).await;
    admin.post("/v1/price-rules", &rule("0.15")).await.expect(201);
    crate::isolation_cases::work(&app).await;
    // As its reports are its own, so are its alerts.
    app.sql(&format!("UPDATE price_alerts SET org_id = '{company}'")).await;
    let alert: Json = alerts(&own, "").await[0].clone();
    let path = format!("/v1/price-alerts/{}", alert["id"].as_str().unwrap());
    own.post(&format!("{path}:explain"), &json!({"reason": "进价上涨"})).await.expect(200);
    own.post(&format!("{path}:dismiss"), &json!({"reason": "没有问题"})).await.expect(403);
    admin.post(&format!("{path}:dismiss"), &json!({"reason": "核实无误"})).await.expect(200);
    // Reports that it owes it doesn't waive either.
    let owed = own.get("/v1/duties?duty_kind=supply_report&state=open").await.expect(200).body["items"].clone();
    let waive = format!("/v1/duties/{}:waive", owed[0]["id"].as_str().unwrap());
    own.post(&waive, &json!({"reason": "不想报"})).await.expect(403);
    admin.post(&waive, &json!({"reason": "停业"})).await.expect(200);
}
