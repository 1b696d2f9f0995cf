//! Justice and how units set themselves up: task forces, working groups, legal services, disputes with their duty,
//! subjects of corrections with whom nobody checked.

use lianfang::platform::access::{Grant, Role};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::duties::duties;
use crate::isolation_cases::{set_clock, work};
use crate::shifts::make;
use crate::support::{Actor, TestApp};

const DISTRICT: &str = "511802";
const DAXING: &str = "511802005";

async fn app(at: &str) -> TestApp {
    let app = TestApp::start().await;
    set_clock(&app, at);
    app
}

/// The justice bureau, and an officer of it.
async fn bureau(app: &TestApp) -> (Uuid, Actor) {
    let org = json!({"name": "雨城区司法局", "kind": "bureau", "area_code": DISTRICT});
    let org_id: Uuid = make(&app.command().await, "organizations", org).await.parse().unwrap();
    (org_id, officer_of(app, org_id).await)
}

async fn officer_of(app: &TestApp, org_id: Uuid) -> Actor {
    let grant = Grant { role: Role::JusticeOfficer, area_code: DISTRICT.into(), org_id: Some(org_id) };
    app.actor_of(vec![grant]).await
}

async fn amend(actor: &Actor, path: &str, patch: Json) -> Json {
    let tag = actor.get(path).await.expect(200).header("etag").to_owned();
    actor.patch(path, &tag, &patch).await.expect(200).body
}

async fn items(actor: &Actor, path: &str) -> Vec<Json> {
    actor.get(path).await.expect(200).body["items"].as_array().unwrap().clone()
}

async fn figure(actor: &Actor, name: &str, more: Json) -> Json {
    let mut query = json!({"figure": name, "to_on": "2020-02-05"});
    query.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    actor.post("/v1/figures:evaluate", &json!({"queries": [query]})).await.expect(200).body["results"][0].clone()
}

/// The figure is as long as the list behind it.
async fn counted(actor: &Actor, name: &str, expected: i64) {
    let told = figure(actor, name, json!({})).await;
    assert_eq!(told["value"], expected, "{name} {told}");
    let listed = items(actor, told["records_url"].as_str().unwrap()).await;
    assert_eq!(listed.len() as i64, expected, "{name}");
}

fn force(leaders: usize) -> Json {
    let role = |index: usize| if index < leaders { "leader" } else { "member" };
    let members: Vec<Json> = (0..3).map(|index| json!({"role": role(index), "name": format!("成员{index}")})).collect();
    json!({"area_code": DISTRICT, "name": "疫情防控工作领导小组", "established_on": "2020-01-24", "members": members})
}

const SIX: [&str; 6] = [
    "legality_review",
    "major_penalty_guidance",
    "major_reconsideration_guidance",
    "major_dispute_mediation",
    "legal_service_emergency",
    "legal_publicity",
];

#[tokio::test]
async fn one_task_force_and_six_groups_are_open_at_a_time() {
    let app = app("2020-02-05T10:00:00+08:00").await;
    let (_, officer) = bureau(&app).await;
    for leaders in [0, 2] {
        let faults = officer.post("/v1/task-forces", &force(leaders)).await.expect(422).faults();
        assert_eq!(faults, [("/members".to_owned(), "one_leader".to_owned())]);
    }
    let made = officer.post("/v1/task-forces", &force(1)).await.expect(201).body;
    assert_eq!((&made["status"], &made["occurred_at"]), (&json!("active"), &json!("2020-01-24T00:00:00+08:00")));
    let again = officer.post("/v1/task-forces", &force(1)).await.expect(422);
    assert_eq!(again.faults(), [("/org_id".to_owned(), "open_one_exists".to_owned())]);
    let path = format!("/v1/task-forces/{}", made["id"].as_str().unwrap());
    assert!(again.body.to_string().contains(&path), "{}", again.body);
    // Another unit has its own.
    let other = json!({"name": "雨城区教育局", "kind": "bureau", "area_code": DISTRICT});
    let other: Uuid = make(&app.command().await, "organizations", other).await.parse().unwrap();
    let grant = Grant { role: Role::OrgAdmin, area_code: DISTRICT.into(), org_id: Some(other) };
    let educator = app.actor_of(vec![grant]).await;
    make(&educator, "task-forces", force(1)).await;
    assert_eq!(items(&educator, "/v1/task-forces").await.len(), 1, "only its own");

    let group = |kind: &str| json!({"area_code": DISTRICT, "group_kind": kind, "task_force_id": made["id"], "leader": "刘洋", "established_on": "2020-01-24"});
    let mut groups = Vec::new();
    for kind in SIX {
        groups.push(make(&officer, "working-groups", group(kind)).await);
    }
    let twice = officer.post("/v1/working-groups", &group(SIX[5])).await.expect(422).faults();
    assert_eq!(twice, [("/group_kind".to_owned(), "open_one_exists".to_owned())]);
    counted(&officer, "working_groups.justice_groups", 6).await;
    let wrong = json!({"dissolved_on": "2020-01-01"});
    let tag = officer.get(&format!("/v1/working-groups/{}", groups[5])).await.expect(200).header("etag").to_owned();
    let faults = officer.patch(&format!("/v1/working-groups/{}", groups[5]), &tag, &wrong).await.expect(422).faults();
    assert_eq!(faults, [("/dissolved_on".to_owned(), "invalid_order".to_owned())]);
    let ended =
        amend(&officer, &format!("/v1/working-groups/{}", groups[5]), json!({"dissolved_on": "2020-02-04"})).await;
    assert_eq!(ended["status"], "dissolved");
    counted(&officer, "working_groups.justice_groups", 5).await;
    let before = figure(&officer, "working_groups.justice_groups", json!({"to_on": "2020-02-03"})).await;
    assert_eq!(before["value"], 6, "as it stood then");
    assert_eq!(items(&officer, before["records_url"].as_str().unwrap()).await.len(), 6);
    // The sixth may be set up again; then what was dissolved can't be taken back.
    make(&officer, "working-groups", group(SIX[5])).await;
    counted(&officer, "working_groups.justice_groups", 6).await;
    let path = format!("/v1/working-groups/{}", groups[5]);
    let tag = officer.get(&path).await.expect(200).header("etag").to_owned();
    let back = officer.patch(&path, &tag, &json!({"dissolved_on": null})).await.expect(422).faults();
    assert_eq!(back, [("/group_kind".to_owned(), "open_one_exists".to_owned())]);
    // Two at once: one of them.
    let logistics = group("logistics");
    let (one, two) =
        tokio::join!(officer.post("/v1/working-groups", &logistics), officer.post("/v1/working-groups", &logistics));
    let mut statuses = [one.status, two.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 422]);
    lianfang::integrity::verify(&app.core, |_, _| {}).await.map_err(|error| format!("{error:?}")).unwrap();
}

#[tokio::test]
async fn the_six_groups_stand_with_their_items() {
    let app = app("2020-02-05T10:00:00+08:00").await;
    let (_, officer) = bureau(&app).await;
    make(
        &officer,
        "working-groups",
        json!({"area_code": DISTRICT, "group_kind": "legal_service_emergency", "established_on": "2020-01-24"}),
    )
    .await;
    let item = |group: &str, status: &str| json!({"area_code": DISTRICT, "occurred_at": "2020-02-02T09:00:00+08:00", "group_kind": group, "applicant_kind": "enterprise", "matter": "labor", "status": status, "summary": "停工期间工资"});
    let first = make(&officer, "legal-service-items", item("legal_service_emergency", "received")).await;
    make(&officer, "legal-service-items", item("legal_service_emergency", "in_progress")).await;
    make(&officer, "legal-service-items", item("legality_review", "closed")).await;
    let path = format!("/v1/legal-service-items/{first}");
    let early = json!({"status": "closed", "closed_at": "2020-02-01T00:00:00+08:00"});
    let tag = officer.get(&path).await.expect(200).header("etag").to_owned();
    assert_eq!(officer.patch(&path, &tag, &early).await.expect(422).faults()[0].1, "invalid_order");
    let closed = amend(&officer, &path, json!({"status": "closed"})).await;
    assert!(closed["closed_at"].as_str().unwrap().starts_with("2020-02-05T10:00"), "{closed}");
    counted(&officer, "legal_service_items.legal_service_items", 3).await;
    counted(&officer, "legal_service_items.legal_service_emergency", 2).await;
    counted(&officer, "legal_service_items.closed", 2).await;
    counted(&officer, "legal_service_items.pending", 1).await;
    let then = figure(&officer, "legal_service_items.pending", json!({"to_on": "2020-02-04"})).await;
    assert_eq!(then["value"], 3, "{then}");
    assert_eq!(items(&officer, then["records_url"].as_str().unwrap()).await.len(), 3);
    let six = items(&officer, "/v1/legal-service-items/groups?on=2020-02-05").await;
    let of = |kind: &str| six.iter().find(|group| group["group_kind"] == kind).unwrap();
    assert_eq!(six.len(), 6);
    let emergency = of("legal_service_emergency");
    assert_eq!((&emergency["received"], &emergency["pending"]), (&json!(2), &json!(1)));
    assert_eq!(emergency["working_group_ids"].as_array().unwrap().len(), 1);
    assert_eq!(of("legal_publicity")["working_group_ids"], json!([]));
    // The command reads, and writes nothing.
    let command = app.command().await;
    assert_eq!(items(&command, "/v1/legal-service-items").await.len(), 3);
    command.post("/v1/legal-service-items", &item("legality_review", "received")).await.expect(403);
    app.town_cadre("大兴街道").await.get("/v1/legal-service-items").await.expect(403);
}

#[tokio::test]
async fn a_dispute_asks_for_its_handling_until_it_was_handled() {
    let app = app("2020-02-02T10:00:00+08:00").await;
    let (org_id, officer) = bureau(&app).await;
    let dispute = |severity: &str, at: &str| json!({"area_code": DAXING, "occurred_at": at, "dispute_kind": "tenancy", "caused_by_epidemic": true, "people": 4, "severity": severity, "status": "found", "parties": "房东与租户"});
    let major = make(&officer, "disputes", dispute("major", "2020-02-02T09:55:00+08:00")).await;
    let general = make(&officer, "disputes", dispute("general", "2020-02-02T09:55:00+08:00")).await;
    let own = duties(&officer, "duty_kind=dispute_handling").await;
    let due = |id: &str| own.iter().find(|duty| duty["subject_id"] == id).unwrap()["due_at"].clone();
    assert_eq!(due(&major), "2020-02-03T09:55:00+08:00");
    assert_eq!(due(&general), "2020-02-05T09:55:00+08:00");
    assert!(own.iter().all(|duty| duty["assignee_id"] == officer.id.to_string() && duty["line"] == "unit"));
    // Given to the bureau by a town: its officer answers.
    let cadre = app.town_cadre("大兴街道").await;
    let mut given = dispute("general", "2020-02-02T09:58:00+08:00");
    given["handled_by_org_id"] = json!(org_id);
    let given = make(&cadre, "disputes", given).await;
    assert!(items(&officer, "/v1/disputes").await.iter().any(|one| one["id"] == *given), "its people read it");
    work(&app).await;
    let own = duties(&officer, "duty_kind=dispute_handling").await;
    assert!(
        own.iter().any(|duty| duty["subject_id"] == *given && duty["assignee_id"] == officer.id.to_string()),
        "{own:?}"
    );
    // Handled in time, told late; another one missed.
    set_clock(&app, "2020-02-05T12:00:00+08:00");
    work(&app).await;
    let (officer, command) = (officer_of(&app, org_id).await, app.command().await);
    let settled = json!({"status": "settled", "handled_at": "2020-02-05T09:00:00+08:00"});
    amend(&officer, &format!("/v1/disputes/{general}"), settled).await;
    let own = duties(&command, "duty_kind=dispute_handling").await;
    let of = |id: &str| own.iter().find(|duty| duty["subject_id"] == id).unwrap();
    assert_eq!(
        (&of(&general)["state"], &of(&general)["reported_late"], &of(&general)["late"]),
        (&json!("done"), &json!(true), &json!(false))
    );
    assert_eq!(of(&general)["proof"], json!({"kind": "disputes", "id": general}));
    assert_eq!(of(&major)["state"], "missed");
    amend(&officer, &format!("/v1/disputes/{major}"), json!({"status": "transferred"})).await;
    let own = duties(&command, "duty_kind=dispute_handling").await;
    assert_eq!(own.iter().find(|duty| duty["subject_id"] == *major).unwrap()["late"], true);
    // Taken up again, it isn't handled; a void one asks for nothing.
    assert_eq!(
        amend(&officer, &format!("/v1/disputes/{general}"), json!({"status": "mediating", "handled_at": null})).await["handled_at"],
        Json::Null
    );
    officer.post(&format!("/v1/disputes/{general}:void"), &json!({"reason": "重复"})).await.expect(200);
    let own = duties(&command, "duty_kind=dispute_handling").await;
    let waived = own.iter().find(|duty| duty["subject_id"] == *general).unwrap();
    assert_eq!((&waived["state"], &waived["waiver"]), (&json!("waived"), &json!("cause_voided")));
    counted(&officer, "disputes.transferred", 1).await;
    counted(&command, "disputes.caused_by_epidemic", 2).await;
    lianfang::integrity::verify(&app.core, |_, _| {}).await.map_err(|error| format!("{error:?}")).unwrap();
}

#[tokio::test]
async fn whom_nobody_checked_is_told_to_the_bureau_alone() {
    let app = app("2020-02-02T20:00:00+08:00").await;
    let (_, officer) = bureau(&app).await;
    let subject = |number: u32| json!({"area_code": DAXING, "name": "钱七", "document_number": crate::support::fake_resident_id(number), "phone": format!("1540000{number:04}"), "control_kind": "suspended", "term_from": "2019-06-01", "term_to": "2021-05-31"});
    let mut subjects = Vec::new();
    for number in 1..=4 {
        subjects.push(make(&officer, "corrections-subjects", subject(number)).await);
    }
    let mut over = subject(5);
    over["term_to"] = json!("2020-01-31");
    make(&officer, "corrections-subjects", over).await;
    // The same once more is the same, and gains what was empty.
    let again = officer.post("/v1/corrections-subjects", &subject(1)).await.expect(200).body;
    assert_eq!(again["id"], json!(subjects[0]));
    assert_eq!(again["name"], "钱*");
    let check = |id: &str, result: &str| json!({"subject_id": id, "occurred_at": "2020-02-02T09:00:00+08:00", "channel": "phone", "temperature_c": "36.5", "symptoms": ["none"], "epidemic_contact": "none", "result": result});
    make(&officer, "corrections-checks", check(&subjects[0], "normal")).await;
    make(&officer, "corrections-checks", check(&subjects[1], "unreachable")).await;
    let ill = json!({"subject_id": subjects[2], "channel": "phone", "temperature_c": "38.2", "epidemic_contact": "returnee", "result": "normal"});
    assert_eq!(officer.post("/v1/corrections-checks", &ill).await.expect(201).warnings(), ["normal_with_symptoms"]);
    let told = officer.get("/v1/corrections-subjects/unchecked?on=2020-02-02").await.expect(200).body;
    assert_eq!((&told["subjects"], &told["checked"]), (&json!(4), &json!(2)));
    let mut open: Vec<(String, i64)> = told["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| (item["subject_id"].as_str().unwrap().to_owned(), item["attempts"].as_i64().unwrap()))
        .collect();
    open.sort_by_key(|(_, attempts)| *attempts);
    assert_eq!(open, [(subjects[3].clone(), 0), (subjects[1].clone(), 1)]);
    let next = officer.get("/v1/corrections-subjects/unchecked?on=2020-02-03").await.expect(200).body;
    assert_eq!((&next["subjects"], &next["checked"]), (&json!(4), &json!(0)), "each day anew");
    let plain = officer
        .send(reqwest::Method::POST, &format!("/v1/corrections-subjects/{}:reveal", subjects[0]), None)
        .await
        .expect(200)
        .body;
    assert_eq!((&plain["name"], &plain["phone"]), (&json!("钱七"), &json!("15400000001")));
    // Each id is its own: the people's register derives another one of the same document.
    let person = json!({"area_code": DAXING, "name": "钱七", "document_type": "resident_id", "document_number": crate::support::fake_resident_id(1)});
    let person = app.command().await.post("/v1/people", &person).await.expect(201).body["id"].clone();
    assert_ne!(person, json!(subjects[0]));
    // A sheet as a clerk writes it.
    let sheet = format!(
        "姓名,身份证号码,联系电话,矫正类别,矫正开始日期,矫正结束日期,所属街道\n孙八,{},15400000099,缓刑,2019-07-01,2020-12-31,大兴街道\n",
        crate::support::fake_resident_id(99)
    );
    let reply = officer
        .with("content-type", "text/csv")
        .upload("/v1/imports?kind=corrections_subjects", sheet.into_bytes())
        .await
        .expect(200);
    assert_eq!(reply.body["counts"]["created"], 1, "{}", reply.body);
    lianfang::integrity::verify(&app.core, |_, _| {}).await.map_err(|error| format!("{error:?}")).unwrap();
}
