//! Matters that communities hear and answer: liaison, incidents, tips from the public.

use lianfang::platform::access::{Grant, Role};
use serde_json::{Value as Json, json};

use crate::duties::duties;
use crate::figures_situation::all;
use crate::isolation_cases::{make, set_clock, work};
use crate::support::story::Story;
use crate::support::{Actor, TestApp};

const VILLAGE: &str = "511802005001";
const NEIGHBOUR: &str = "511802005002";
/// Name and number of the informant.
const INFORMANT: &str = "周先生 15400000021";

async fn village_cadre(app: &TestApp, area_code: &str) -> Actor {
    app.actor_of(vec![Grant { role: Role::VillageCadre, area_code: area_code.to_owned(), org_id: None }]).await
}

async fn amend(actor: &Actor, path: &str, body: Json) -> Json {
    let tag = actor.get(path).await.expect(200).header("etag").to_owned();
    actor.patch(path, &tag, &body).await.expect(200).body
}

async fn figure(actor: &Actor, name: &str, to_on: &str) -> (i64, usize) {
    let query = json!({"queries": [{"figure": name, "to_on": to_on}]});
    let told = actor.post("/v1/figures:evaluate", &query).await.expect(200).body["results"][0].clone();
    let listed = all(actor, told["records_url"].as_str().unwrap_or_else(|| panic!("{told}"))).await;
    (told["value"].as_i64().unwrap_or_else(|| panic!("{told}")), listed.len())
}

#[tokio::test]
async fn a_rumour_is_dealt_with_within_half_a_day() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-02-02T08:00:00+08:00");
    let cadre = village_cadre(&app, VILLAGE).await;
    let incident = |kind: &str, more: Json| {
        let mut body =
            json!({"incident_kind": kind, "channel": "wechat", "description": "群内转发", "area_code": VILLAGE});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let first = make(&cadre, "incidents", incident("rumor", json!({}))).await;
    let second = make(&cadre, "incidents", incident("panic", json!({}))).await;
    make(&cadre, "incidents", incident("family_visit", json!({"stopped": true}))).await;
    make(&cadre, "incidents", incident("rumor", json!({"outcome": "educated"}))).await;
    let asked = async |actor: &Actor| -> Vec<(String, String)> {
        let text = |duty: &Json, name: &str| duty[name].as_str().unwrap().to_owned();
        let mut found: Vec<_> = duties(actor, "duty_kind=incident_handling").await;
        found.sort_by_key(|duty| duty["cause_id"] != first.as_str());
        found.iter().map(|duty| (text(duty, "state"), text(duty, "due_at")[..16].to_owned())).collect()
    };
    let stands = |state: &str| (state.to_owned(), "2020-02-02T20:00".to_owned());
    assert_eq!(asked(&cadre).await, [stands("open"), stands("open")]);
    assert!(asked(&village_cadre(&app, NEIGHBOUR).await).await.is_empty());
    // A correction proves it, as an outcome does.
    let publicity = json!({"method": "wechat_group", "topic": "anti_rumor", "copies": 1, "area_code": VILLAGE});
    let correction = make(&cadre, "publicity-activities", publicity).await;
    let told = amend(&cadre, &format!("/v1/incidents/{first}"), json!({"correction_id": correction})).await;
    assert!(told["handled_at"].as_str().unwrap().starts_with("2020-02-02T08:00"), "{told}");
    assert_eq!(asked(&cadre).await, [stands("done"), stands("open")]);
    set_clock(&app, "2020-02-02T20:01:00+08:00");
    work(&app).await;
    let cadre = village_cadre(&app, VILLAGE).await;
    assert_eq!(asked(&cadre).await[1], stands("missed"));
    let path = format!("/v1/incidents/{second}");
    amend(&cadre, &path, json!({"outcome": "unfounded"})).await;
    let late = duties(&cadre, "duty_kind=incident_handling&late=true").await;
    assert_eq!((late.len(), &late[0]["cause_id"]), (1, &json!(second)));
    // A void incident asks for nothing; restored, it is done as it was.
    cadre.post(&format!("/v1/incidents/{first}:void"), &json!({"reason": "录错"})).await.expect(200);
    assert_eq!(asked(&cadre).await[0], stands("waived"));
    cadre.post(&format!("/v1/incidents/{first}:restore"), &json!({"reason": "误作废"})).await.expect(200);
    assert_eq!(asked(&cadre).await[0], stands("done"));
    let admin = app.administrator().await;
    for (name, count) in
        [("incidents", 4), ("rumors", 2), ("panics", 1), ("family_visits", 1), ("stopped", 1), ("gatherings", 0)]
    {
        assert_eq!(figure(&admin, &format!("incidents.{name}"), "2020-02-02").await, (count, count as usize), "{name}");
    }
    assert_eq!(all(&admin, "/v1/incidents?incident_kind=rumor").await.len(), 2);
}

#[tokio::test]
async fn who_told_a_tip_is_known_to_who_received_it_and_the_command() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-02-02T08:00:00+08:00");
    let town = app.town_cadre("大兴街道").await;
    let tip = json!({"channel": "hotline", "informant": INFORMANT, "content": "有住户聚众打牌", "about_area_code": VILLAGE, "status": "received"});
    let made = town.post("/v1/tips", &tip).await.expect(201).body;
    assert_eq!((&made["area_code"], &made["informant"]), (&json!(VILLAGE), &json!("***")));
    let id = made["id"].as_str().unwrap();
    let cadre = village_cadre(&app, VILLAGE).await;
    let admin = app.administrator().await;
    let duty = duties(&cadre, "duty_kind=tip_check").await.remove(0);
    assert_eq!((&duty["state"], &duty["area_code"]), (&json!("open"), &json!(VILLAGE)));
    assert!(duty["due_at"].as_str().unwrap().starts_with("2020-02-03T08:00"), "{duty}");

    // Nobody finds it by any of the ways, whoever he is.
    let mut told = String::new();
    for actor in [&town, &cadre, &admin] {
        for path in [
            "/v1/tips".to_owned(),
            format!("/v1/tips/{id}"),
            format!("/v1/tips/{id}/revisions"),
            "/v1/changes?since=0&kinds=tips".to_owned(),
            "/v1/sync/pull?limit=500".to_owned(),
        ] {
            let (status, _, bytes) = actor.download(&path).await;
            assert!(status == 200 || status == 403, "{path} {status}");
            told.push_str(&String::from_utf8(bytes).unwrap());
        }
        for media_type in ["text/csv", "application/x-ndjson"] {
            let path = "/v1/tips?unmasked=true&purpose=epidemic_control";
            let (_, _, bytes) = actor.with("accept", media_type).download(path).await;
            told.push_str(&String::from_utf8(bytes).unwrap());
        }
    }
    assert!(told.contains("有住户聚众打牌") && told.contains("***"));
    assert!(!told.contains("周先生") && !told.contains("15400000021"), "{told}");
    let asking = json!({"purpose": "epidemic_control", "reason": "回访核实"});
    let path = format!("/v1/tips/{id}:informant");
    cadre.post(&path, &asking).await.expect(403);
    let colleague = app.town_cadre("大兴街道").await;
    colleague.post(&path, &asking).await.expect(403);
    app.town_cadre("八步镇").await.post(&path, &asking).await.expect(404);
    town.post(&path, &json!({"purpose": "epidemic_control"})).await.expect(422);
    for actor in [&town, &admin] {
        assert_eq!(actor.post(&path, &asking).await.expect(200).body["informant"], INFORMANT);
    }
    let noted = app.rows("SELECT count(*) AS total FROM audit_log WHERE verb = 'tips.informant'").await;
    assert_eq!(noted.into_iter().next().unwrap().integer("total"), Some(2));
    for table in ["tips", "record_revisions", "audit_log", "held_items"] {
        let sql = format!("SELECT count(*) AS total FROM {table} AS t WHERE t::text LIKE '%周先生%'");
        assert_eq!(app.rows(&sql).await.remove(0).integer("total"), Some(0), "{table}");
    }
    // It isn't changed into something that somebody knows.
    let tag = cadre.get(&format!("/v1/tips/{id}")).await.header("etag").to_owned();
    let own = json!({"informant": "王五"});
    let faults = cadre.patch(&format!("/v1/tips/{id}"), &tag, &own).await.expect(422).faults();
    assert_eq!(faults, [("/informant".to_owned(), "create_only".to_owned())]);

    amend(&cadre, &format!("/v1/tips/{id}"), json!({"status": "verified"})).await;
    assert_eq!(duties(&cadre, "duty_kind=tip_check").await[0]["state"], "done");
    assert_eq!(town.post(&path, &asking).await.expect(200).body["informant"], INFORMANT, "an amendment keeps it");
    assert_eq!(figure(&admin, "tips.verified", "2020-02-02").await, (1, 1));
    let unknown = json!({"channel": "hotline", "content": "甲", "about_area_code": "519999001", "status": "received", "area_code": VILLAGE});
    assert_eq!(town.post("/v1/tips", &unknown).await.expect(422).faults()[0].1, "unknown_area");
    // A sheet of the hotline.
    let sheet = "线索来源,线索内容,举报人,涉及村社区,办理情况\n热线,有人外出拜年,赵某,511802005001,已受理\n";
    let (bytes, _, _) = encoding_rs::GB18030.encode(sheet);
    let told = town
        .with("content-type", "text/csv")
        .upload("/v1/imports?kind=tips", bytes.into_owned())
        .await
        .expect(200)
        .body;
    assert_eq!(told["counts"]["created"], 1, "{told}");
}

#[tokio::test]
async fn a_school_and_its_community_speak_and_both_read_it() {
    let story = Story::begin("2020-02-01T09:00:00+08:00").await;
    let bureau = story.unit("bureau", "区教育局", None).await;
    let school = story.unit("school", "雨城中学", Some(&bureau)).await;
    let street = story.unit("subdistrict", "大兴街道办事处", None).await;
    let body = |more: Json| {
        let mut body = json!({"channel": "meeting", "topic": "家属大院摸排分工", "area_code": "511802005"});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    let faults = school.head.post("/v1/liaisons", body(json!({}))).await.expect(422).faults();
    assert_eq!(faults, [("/with_org_id".to_owned(), "one_of_needed".to_owned())]);
    let with_street = json!({"with_org_id": street.org_id, "agreed": "社区提供名册"});
    school.head.records("liaisons", body(with_street)).await;
    school.head.records("liaisons", body(json!({"with_area_code": VILLAGE, "channel": "phone"}))).await;
    let nowhere = body(json!({"with_area_code": "999999"}));
    school.head.post("/v1/liaisons", nowhere).await.expect(422);
    assert_eq!(street.head.counts("/v1/liaisons").await, 1, "its own side of it");
    assert_eq!(school.head.counts(&format!("/v1/liaisons?with_org_id={}", street.org_id)).await, 1);
    let other = story.unit("school", "八步小学", Some(&bureau)).await;
    assert_eq!(other.head.counts("/v1/liaisons").await, 0);
    let admin = story.app.administrator().await;
    let pair = format!(
        "/v1/stats/liaisons?from_on=2020-02-01&to_on=2020-02-01&org_id={}&with_org_id={}",
        school.org_id, street.org_id
    );
    let told = admin.get(&pair).await.expect(200).body;
    assert_eq!(told["total"]["liaisons"]["value"], 1, "{told}");
    assert_eq!(figure(&admin, "liaisons.liaisons", "2020-02-01").await, (2, 2));
    // The clerk's sheet of the month.
    let sheet = "沟通社区,沟通方式,沟通事项,沟通结果\n511802005001,电话,口罩弃置点,由社区清运\n";
    let (bytes, _, _) = encoding_rs::GB18030.encode(sheet);
    let head = Actor::clone(&admin);
    let told = head
        .with("content-type", "text/csv")
        .upload("/v1/imports?kind=liaisons&set.area_code=511802005", bytes.into_owned())
        .await;
    assert_eq!(told.expect(200).body["counts"]["created"], 1);
}

/// 组干部 by phone, out of reach of the network: he stopped a visit of which a villager had told the village.
#[tokio::test]
async fn a_group_cadre_stops_a_visit_while_offline() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-02-02T12:00:00+08:00");
    let grant = |role| Grant { role, area_code: VILLAGE.to_owned(), org_id: None };
    let village = app.actor_of(vec![grant(Role::VillageCadre)]).await;
    let group = app.actor_of(vec![grant(Role::GroupCadre)]).await;
    let tip =
        json!({"channel": "in_person", "informant": INFORMANT, "content": "有人要外出拜年", "status": "received"});
    let tip = make(&village, "tips", tip).await;
    let id = uuid::Uuid::now_v7();
    let body = json!({"incident_kind": "family_visit", "channel": "in_person", "stopped": true, "tip_id": tip, "occurred_at": "2020-02-02T10:00:00+08:00"});
    let item = json!({"kind": "incidents", "op": "create", "id": id, "body": body});
    let pushed = group.post("/v1/sync/push", &json!({"device_id": "phone", "items": [item]})).await.expect(207).body;
    assert_eq!(pushed["results"][0]["outcome"], "created", "{pushed}");
    assert!(duties(&group, "duty_kind=incident_handling").await.is_empty(), "nobody is asked to deal with it");
    let listed = all(&village, "/v1/incidents?incident_kind=family_visit&stopped=true").await;
    assert_eq!((listed.len(), &listed[0]["id"]), (1, &json!(id)));
    assert_eq!(all(&group, &format!("/v1/incidents?tip_id={tip}")).await.len(), 1);
    assert_eq!(figure(&village, "incidents.stopped", "2020-02-02").await, (1, 1));
    assert_eq!(village_cadre(&app, NEIGHBOUR).await.get(&format!("/v1/tips/{tip}")).await.status, 404);
}
