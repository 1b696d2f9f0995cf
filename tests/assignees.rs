//! Assignees of duties: whose duty something is, who may change that, and what his phone is told.

use lianfang::platform::access::Role;
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::duties::{duties, supervised};
use crate::isolation_cases::{make, notified, set_clock};
use crate::support::{Actor, TestApp};

#[tokio::test]
async fn a_duty_is_handed_over_and_waived_by_those_who_may() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-01-23T05:00:00+08:00");
    let nurse = app.health_worker("八步镇").await;
    let (village, neighbour) =
        (app.actor(Role::VillageCadre, "八步镇").await, app.actor(Role::VillageCadre, "八步镇").await);
    let far = app.actor(Role::VillageCadre, "大兴街道").await;
    let id = notified(&nurse, supervised(1, &[("village", &village)])).await;
    let of_village = duties(&village, "assignee=me&state=open&duty_kind=village_check").await;
    let path = format!("/v1/duties/{}", of_village[0]["id"].as_str().unwrap());
    let give = |actor: &Actor| json!({"assignee_id": actor.id});
    neighbour.post(&format!("{path}:hand-over"), &give(&neighbour)).await.expect(403);
    far.post(&format!("{path}:hand-over"), &give(&far)).await.expect(404);
    assert_eq!(
        village.post(&format!("{path}:hand-over"), &give(&far)).await.expect(422).faults()[0].1,
        "unknown_account"
    );
    village.post(&format!("{path}:hand-over"), &give(&neighbour)).await.expect(200);
    assert!(duties(&neighbour, "assignee=me").await.iter().any(|duty| duty["id"] == of_village[0]["id"]));
    village.post(&format!("{path}:waive"), &json!({"reason": "x"})).await.expect(403);
    nurse.post(&format!("{path}:waive"), &json!({})).await.expect(422);
    let waived = nurse.post(&format!("{path}:waive"), &json!({"reason": "家属代购"})).await.expect(200).body;
    assert_eq!(
        (&waived["state"], &waived["waiver"], &waived["reason"]),
        (&json!("waived"), &json!("by_hand"), &json!("家属代购"))
    );
    nurse.post(&format!("{path}:waive"), &json!({"reason": "家属代购"})).await.expect(200);
    // Done all the same: the proof counts.
    set_clock(&app, "2020-01-23T09:05:00+08:00");
    let nurse = app.health_worker("八步镇").await;
    let village = app.actor(Role::VillageCadre, "八步镇").await;
    make(
        &village,
        "errands",
        json!({"case_id": id, "state": "nothing_needed", "occurred_at": "2020-01-23T09:00:00+08:00"}),
    )
    .await;
    assert_eq!(nurse.get(&path).await.body["state"], "done");
    nurse.post(&format!("{path}:waive"), &json!({"reason": "x"})).await.expect(409);
    nurse.patch(&path, "\"1\"", &json!({"note": "x"})).await.expect(405);
    let admin = app.administrator().await;
    let pushed =
        json!({"device_id": "x", "items": [{"kind": "duties", "op": "create", "id": Uuid::now_v7(), "body": {}}]});
    assert_eq!(admin.post("/v1/sync/push", &pushed).await.expect(207).body["results"][0]["outcome"], "refused");
}

#[tokio::test]
async fn a_pull_tells_supervisors_plainly_who_is_theirs_and_nobody_else() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-01-23T05:00:00+08:00");
    let nurse = app.health_worker("八步镇").await;
    let (village, other) =
        (app.actor(Role::VillageCadre, "八步镇").await, app.actor(Role::VillageCadre, "八步镇").await);
    let mut own = supervised(1, &[("village", &village)]);
    own["address"] = "二组12号".into();
    let own = notified(&nurse, own).await;
    notified(&nurse, supervised(2, &[])).await;
    let pull = async |actor: &Actor| {
        actor.get("/v1/sync/pull?limit=500").await.expect(200).body["changes"].as_array().unwrap().clone()
    };
    let told =
        |changes: &[Json]| changes.iter().filter(|change| !change["person"].is_null()).cloned().collect::<Vec<_>>();
    let mine = told(&pull(&village).await);
    let case = mine.iter().find(|change| change["kind"] == "isolation_cases").unwrap();
    assert_eq!(case["id"], json!(own));
    let person = &case["person"];
    assert_eq!(
        (&person["name"], &person["phone"], &person["address"]),
        (&json!("李四"), &json!("15400000001"), &json!("二组12号"))
    );
    assert_eq!(case["record"]["address"], "***", "the record itself stays masked");
    let whose: std::collections::BTreeSet<String> =
        mine.iter().map(|change| change["person"]["id"].to_string()).collect();
    assert_eq!(whose.len(), 1);
    assert!(told(&pull(&other).await).is_empty());
    // With a duty of the case, the other one is told, too.
    let check = duties(&village, "assignee=me&state=open&duty_kind=village_check").await;
    let give = format!("/v1/duties/{}:hand-over", check[0]["id"].as_str().unwrap());
    village.post(&give, &json!({"assignee_id": other.id})).await.expect(200);
    let handed = told(&pull(&other).await);
    assert!(handed.iter().any(|change| change["kind"] == "duties" && change["person"]["name"] == "李四"));
    let log = format!("/v1/people/{}/access-log", person["id"].as_str().unwrap());
    let lines = app.administrator().await.get(&log).await.expect(200).body;
    let pulls = lines["items"].as_array().unwrap().iter().filter(|line| line["verb"] == "sync.pull_plain");
    assert_eq!(pulls.count(), 2, "one a pull that told somebody");
}

#[tokio::test]
async fn nobody_makes_somebody_elses_people_his_own_by_naming_himself() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-01-23T05:00:00+08:00");
    let (nurse, far) = (app.health_worker("大兴街道").await, app.actor(Role::GridWorker, "八步镇").await);
    let person = |sequence: u32| json!({"name": "王五", "document_type": "resident_id", "document_number": crate::support::fake_resident_id(sequence), "phone": "15400000009", "area_code": "511802005"});
    let plain = async |actor: &Actor| {
        let page = actor.get("/v1/sync/pull?limit=500").await.expect(200).body;
        let changes = page["changes"].as_array().unwrap().clone();
        changes.iter().filter(|change| !change["person"].is_null()).count()
    };
    // Somebody of another town, looked up; a case of him made in one's own.
    let one = make(&nurse, "people", person(1)).await;
    let document = json!({"document_number": crate::support::fake_resident_id(1)});
    far.post("/v1/screenings:lookup", &document).await.expect(200);
    let mut own = supervised(1, &[("village", &far)]);
    own.as_object_mut().unwrap().remove("person");
    own["person_id"] = one.into();
    make(&far, "isolation-cases", own.clone()).await;
    assert_eq!(plain(&far).await, 0);
    // Of a case that others made he names himself.
    let command = app.administrator().await;
    own["person_id"] = make(&nurse, "people", person(2)).await.into();
    let supervisors = own["supervisors"].take();
    own["supervisors"] = json!([]);
    let id = make(&command, "isolation-cases", own.clone()).await;
    let path = format!("/v1/isolation-cases/{id}");
    far.patch(&path, "\"1\"", &json!({"supervisors": supervisors})).await.expect(200);
    command.patch(&path, "\"2\"", &json!({"note": "核对"})).await.expect(200);
    assert_eq!(plain(&far).await, 0, "whoever wrote after him");
    // Named by others he is told, whatever he writes then.
    command.patch(&path, "\"3\"", &json!({"supervisors": []})).await.expect(200);
    command.patch(&path, "\"4\"", &json!({"supervisors": supervisors})).await.expect(200);
    far.patch(&path, "\"5\"", &json!({"note": "已上门"})).await.expect(200);
    assert!(plain(&far).await > 0);
}

#[tokio::test]
async fn naming_shows_nobody_plainly_unless_the_line_is_ones_own_or_a_revealer_named_him() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-01-23T05:00:00+08:00");
    let nurse = app.health_worker("八步镇").await;
    let (group, village) = (app.actor(Role::GroupCadre, "八步镇").await, app.actor(Role::VillageCadre, "八步镇").await);
    let neighbour = app.actor(Role::VillageCadre, "八步镇").await;
    let plain = async |actor: &Actor| {
        let page = actor.get("/v1/sync/pull?limit=500").await.expect(200).body;
        let changes = page["changes"].as_array().unwrap().clone();
        changes.iter().filter(|change| !change["person"].is_null()).count()
    };
    let id = notified(&nurse, supervised(1, &[])).await;
    let path = format!("/v1/isolation-cases/{id}");
    let name = async |by: &Actor, level: &str, who: &Actor| {
        let supervisors = supervised(1, &[(level, who)])["supervisors"].clone();
        let tag = by.get(&path).await.expect(200).header("etag").to_owned();
        by.patch(&path, &tag, &json!({"supervisors": supervisors})).await.expect(200);
    };
    for level in ["health_center", "police_station", "town", "village"] {
        name(&group, level, &group).await;
        assert_eq!(plain(&group).await, 0, "{level}: he reads the register, masked");
        name(&village, level, &group).await;
        assert_eq!(plain(&group).await, 0, "{level}: whoever named him couldn't show him either");
    }
    name(&group, "group", &group).await;
    assert!(plain(&group).await > 0, "it is his line");
    name(&village, "village", &neighbour).await;
    assert_eq!(plain(&group).await, 0);
    assert!(plain(&neighbour).await > 0);
    name(&nurse, "town", &group).await;
    assert!(plain(&group).await > 0, "the health centre may show him, and did");
    // A duty handed over is a naming as well.
    name(&nurse, "village", &village).await;
    let check = duties(&village, "assignee=me&state=open&duty_kind=village_check").await;
    let give = format!("/v1/duties/{}:hand-over", check[0]["id"].as_str().unwrap());
    village.post(&give, &json!({"assignee_id": group.id})).await.expect(200);
    assert_eq!(plain(&group).await, 0);
    nurse.post(&give, &json!({"assignee_id": village.id})).await.expect(200);
    nurse.post(&give, &json!({"assignee_id": group.id})).await.expect(200);
    assert!(plain(&group).await > 0);
}

#[tokio::test]
async fn items_and_own_lists_tell_plainly_whom_to_call_and_nobody_else() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-01-23T05:00:00+08:00");
    let nurse = app.health_worker("八步镇").await;
    let (village, other) =
        (app.actor(Role::VillageCadre, "八步镇").await, app.actor(Role::VillageCadre, "八步镇").await);
    let id = notified(&nurse, supervised(1, &[("village", &village)])).await;
    let path = format!("/v1/isolation-cases/{id}");
    let case = village.get(&path).await.expect(200).body;
    assert_eq!(
        (&case["person_plain"]["name"], &case["person_plain"]["phone"]),
        (&json!("李四"), &json!("15400000001")),
        "{case}"
    );
    assert_eq!(other.get(&path).await.expect(200).body["person_plain"], Json::Null);
    let own = village.get("/v1/isolation-cases?assignee=me").await.expect(200).body;
    assert_eq!(own["items"][0]["person_plain"]["name"], "李四", "{own}");
    assert_eq!(other.get("/v1/isolation-cases?assignee=me").await.expect(200).body["items"], json!([]));
    assert_eq!(
        village.get("/v1/isolation-cases").await.expect(200).body["items"][0]["person_plain"],
        Json::Null,
        "not all lists"
    );
    let listed = duties(&village, "assignee=me").await;
    assert!(!listed.is_empty() && listed.iter().all(|duty| duty["person_plain"]["name"] == "李四"), "{listed:?}");
    let person = village.get(&format!("/v1/people/{}", case["person_id"].as_str().unwrap())).await.expect(200).body;
    assert_eq!((&person["name"], &person["person_plain"]["name"]), (&json!("李*"), &json!("李四")), "{person}");
    let audit = app.administrator().await.get("/v1/audit?verb=people.read_plain&limit=100").await.expect(200).body;
    assert_eq!(audit["items"].as_array().unwrap().len(), 4, "one line a reading: {audit}");
}

#[tokio::test]
async fn whoever_has_an_open_duty_about_a_person_is_told_plainly_and_nobody_else() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-02-02T09:00:00+08:00");
    let admin = app.administrator().await;
    let place = crate::support::examples::checkpoint(&admin, "511802005").await;
    let mut passage = crate::support::examples::screening(&place, 1);
    passage["temperature_c"] = "39.1".into();
    app.gate_guard("大兴街道").await.post("/v1/screenings", &passage).await.expect(201);
    let (nurse, colleague) = (app.health_worker("大兴街道").await, app.health_worker("大兴街道").await);
    let (neighbour, cadre) =
        (app.actor(Role::VillageCadre, "大兴街道").await, app.actor(Role::VillageCadre, "大兴街道").await);
    let duty = duties(&admin, "duty_kind=gate_follow_up").await[0].clone();
    let path = format!("/v1/duties/{}", duty["id"].as_str().unwrap());
    let give = async |by: &Actor, to: &Actor| {
        by.post(&format!("{path}:hand-over"), &json!({"assignee_id": to.id})).await.expect(200);
    };
    let plain = async |actor: &Actor| {
        let page = actor.get("/v1/sync/pull?limit=500").await.expect(200).body;
        let told = |change: &&Json| change["person"]["name"] == "王五";
        let kinds = page["changes"].as_array().unwrap().iter().filter(told).map(|change| change["kind"].to_string());
        kinds.collect::<std::collections::BTreeSet<_>>()
    };
    assert!(plain(&nurse).await.is_empty(), "nobody answers for it yet");
    give(&admin, &nurse).await;
    let own = nurse.get("/v1/duties?assignee=me").await.expect(200).body;
    let person = &own["items"][0]["person_plain"];
    assert_eq!((&person["name"], &person["phone"]), (&json!("王五"), &json!("15400000001")), "{own}");
    assert!(person.get("document_number").is_none(), "whom to call, not his papers");
    assert!(plain(&nurse).await.contains("\"duties\""));
    assert!(plain(&colleague).await.is_empty(), "it is not hers");
    // Given to somebody else it is his: not of that line, but by whoever may show the person.
    give(&admin, &cadre).await;
    assert!(plain(&nurse).await.is_empty() && !plain(&cadre).await.is_empty());
    // He who couldn't show the person shows nobody by handing on.
    give(&cadre, &neighbour).await;
    assert!(plain(&neighbour).await.is_empty() && plain(&cadre).await.is_empty());
    let audit = admin.get("/v1/audit?verb=people.read_plain&limit=100").await.expect(200).body;
    assert_eq!(audit["items"][0]["details"]["purpose"], "epidemic_control", "{audit}");
}
