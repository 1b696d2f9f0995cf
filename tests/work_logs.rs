//! Work logs: they write themselves from the author's own records, each level keeps them, silence is missed.

use lianfang::platform::access::{Grant, Role};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::support::fake_resident_id;
use crate::support::story::{Story, Unit, Worker};

const STREET: &str = "511802005";
const VILLAGE: &str = "511802005001";

/// The street puts somebody on its roll who keeps a log.
async fn keeps(head: &Worker, street: &Unit, worker: &Worker, sequence: u32) -> String {
    let person = json!({"name": "张三", "document_type": "resident_id", "document_number": fake_resident_id(sequence), "area_code": STREET});
    let body = json!({"org_id": street.org_id, "person": person, "since_on": "2020-01-20", "user_id": worker.id, "keeps_work_log": true});
    head.records("org-members", body).await
}

/// The street with a cadre of each level, all of whom keep logs.
async fn street(story: &Story) -> (Unit, [Worker; 3], [String; 3]) {
    let street = story.unit("subdistrict", "大兴街道", None).await;
    let town = story.takes_on(&story.head_of(STREET).await, Role::TownCadre, STREET, None).await;
    let village = story.takes_on(&story.head_of(STREET).await, Role::VillageCadre, VILLAGE, None).await;
    let group = story.takes_on(&story.head_of(STREET).await, Role::GroupCadre, VILLAGE, None).await;
    let head = &street.head;
    let members = [
        keeps(head, &street, &town, 11).await,
        keeps(head, &street, &village, 12).await,
        keeps(head, &street, &group, 13).await,
    ];
    (street, [town, village, group], members)
}

async fn duty(worker: &Worker, on: &str) -> Json {
    let duties = worker.lists("/v1/duties?duty_kind=work_log&order=oldest").await;
    let of_day =
        |duty: &Json| duty["opens_at"] == format!("{on}T00:00:00+08:00") && duty["assignee_id"] == json!(worker.id);
    duties.into_iter().find(of_day).unwrap_or(Json::Null)
}

#[tokio::test]
async fn each_level_keeps_its_logs_and_silence_is_missed_at_ten() {
    let story = Story::begin("2020-02-02T08:00:00+08:00").await;
    let (street, [town, village, group], members) = street(&story).await;
    story.time_passes("2020-02-02T08:01:00+08:00").await;
    for (worker, line) in [(&town, "town"), (&village, "village"), (&group, "group")] {
        let duty = duty(worker, "2020-02-02").await;
        assert_eq!(
            (&duty["line"], &duty["state"], &duty["due_at"]),
            (&json!(line), &json!("open"), &json!("2020-02-02T22:00:00+08:00"))
        );
        assert_eq!(duty["subject_kind"], "org_members");
    }
    story.at("2020-02-02T21:00:00+08:00");
    let rest = json!({"level": "subdistrict", "worked_on": "2020-02-02", "is_zero": true});
    let refused = town.post("/v1/work-logs", rest.clone()).await.expect(422);
    assert_eq!(refused.faults(), [("/zero_reason".to_owned(), "required".to_owned())]);
    let mut rest = rest;
    rest["zero_reason"] = "rest".into();
    rest["area_code"] = STREET.into();
    let log = town.records("work-logs", rest.clone()).await;
    let met = town.post("/v1/work-logs", rest).await.expect(409);
    assert_eq!((met.code(), met.header("location")), ("report_exists", format!("/v1/work-logs/{log}").as_str()));
    assert_eq!(duty(&town, "2020-02-02").await["state"], "done");
    let told = json!({"level": "village", "worked_on": "2020-02-02", "content": "张贴温馨提示", "counts": {"gatherings_stopped": 1}});
    village.records("work-logs", told).await;
    story.time_passes("2020-02-02T22:00:30+08:00").await;
    assert_eq!(duty(&village, "2020-02-02").await["state"], "done");
    let missed = duty(&group, "2020-02-02").await;
    assert_eq!(
        (&missed["state"], &missed["escalated_to"], &missed["escalated_to_id"]),
        (&json!("missed"), &json!("village"), &json!(village.id))
    );
    // Missing logs by level, each with its list.
    let command = story.app.administrator().await;
    let summary = command.get("/v1/duties/summary?by=line&from_on=2020-02-02").await.expect(200).body;
    let line = |key: &str| summary["items"].as_array().unwrap().iter().find(|line| line["key"] == key).unwrap().clone();
    assert_eq!(
        [line("town")["missed"].clone(), line("village")["missed"].clone(), line("group")["missed"].clone()],
        [json!(0), json!(0), json!(1)]
    );
    let query = |figure: &str| json!({"figure": figure, "from_on": "2020-02-02", "to_on": "2020-02-02"});
    let names = ["work_logs.work_logs", "work_logs.village", "work_logs.zero", "duties.work_log.missed"];
    let asked = json!({"queries": names.map(query)});
    let evaluated = command.post("/v1/figures:evaluate", &asked).await.expect(200).body;
    let results = evaluated["results"].as_array().unwrap();
    let values: Vec<i64> = results.iter().map(|result| result["value"].as_i64().unwrap()).collect();
    assert_eq!(values, [2, 1, 1, 1], "{evaluated:#}");
    for (result, value) in results.iter().zip(values) {
        let listed = crate::figures_situation::all(&command, result["records_url"].as_str().unwrap()).await;
        assert_eq!(listed.len() as i64, value, "{result}");
    }
    // A late log is late; whoever left the roll is asked no more.
    story.at("2020-02-02T23:00:00+08:00");
    let late = json!({"level": "group", "worked_on": "2020-02-02", "content": "巡查"});
    group.records("work-logs", late).await;
    let done = duty(&group, "2020-02-02").await;
    assert_eq!((&done["state"], &done["late"]), (&json!("done"), &json!(true)));
    assert_eq!(duty(&group, "2020-02-03").await["state"], "open");
    street.head.amends(&format!("/v1/org-members/{}", members[2]), json!({"until_on": "2020-02-03"})).await;
    story.time_passes("2020-02-02T23:01:00+08:00").await;
    assert_eq!(duty(&group, "2020-02-03").await["waiver"], "lapsed");
    assert_eq!(duty(&group, "2020-02-02").await["state"], "done");
}

#[tokio::test]
async fn a_log_writes_itself_from_its_authors_records_and_nobody_elses() {
    let story = Story::begin("2020-02-02T18:00:00+08:00").await;
    let (_, [_, village, group], _) = street(&story).await;
    let visit = async |worker: &Worker, door: &str, channel: &str| {
        let household = worker.records("households", json!({"area_code": VILLAGE, "door": door})).await;
        let body = json!({"household_id": household, "channel": channel, "result": "reached", "occurred_at": "2020-02-02T10:00:00+08:00"});
        worker.records("survey-visits", body).await
    };
    visit(&village, "1-1-101", "home_visit").await;
    let second = visit(&village, "1-1-102", "home_visit").await;
    visit(&village, "1-1-103", "phone").await;
    visit(&group, "1-1-104", "home_visit").await;
    let leaflets = json!({"area_code": VILLAGE, "method": "leaflet_to_household", "topic": "protection_knowledge", "copies": 40, "households_reached": 40, "occurred_at": "2020-02-02T11:00:00+08:00"});
    village.records("publicity-activities", leaflets).await;
    let draft = village.get("/v1/work-logs/draft?on=2020-02-02").await.expect(200).body;
    assert_eq!(draft["counts"], json!({"households_visited": 2, "calls": 1, "copies": 40}), "{draft:#}");
    assert_eq!(draft["content_zh"], "2月2日:入户摸排2户，电话核查1次，发放资料40份。");
    assert_eq!(draft["content_en"], "2020-02-02. households visited: 2; calls: 1; copies given out: 40.");
    assert_eq!((&draft["level"], &draft["is_zero"], &draft["log_id"]), (&json!("village"), &json!(false), &Json::Null));
    let of_group = group.get("/v1/work-logs/draft?on=2020-02-02").await.expect(200).body;
    assert_eq!((&of_group["counts"], &of_group["level"]), (&json!({"households_visited": 1}), &json!("group")));
    // A confirmed count has no warning; one that differs is kept and told.
    let log = json!({"level": "village", "worked_on": "2020-02-02", "content": draft["content_zh"], "counts": draft["counts"]});
    let taken = village.post("/v1/work-logs", log).await.expect(201);
    assert_eq!((taken.warnings(), &taken.body["user_id"]), (Vec::<String>::new(), &json!(village.id)));
    assert_eq!(taken.body["computed"]["households_visited"], 2);
    let path = format!("/v1/work-logs/{}", taken.body["id"].as_str().unwrap());
    assert_eq!(village.get("/v1/work-logs/draft?on=2020-02-02").await.body["log_id"], taken.body["id"]);
    let differs = village.amends(&path, json!({"counts": {"households_visited": 5, "persons_found": 1}})).await;
    assert_eq!(differs["warnings"][0]["code"], "differs_from_records");
    // A void visit counts no more; the log stays as it was written, until somebody writes it anew.
    village.post(&format!("/v1/survey-visits/{second}:void"), json!({"reason": "录错"})).await.expect(200);
    assert_eq!(village.amends(&path, json!({})).await["revision"], 2);
    assert_eq!(village.get("/v1/work-logs/draft?on=2020-02-02").await.body["counts"]["households_visited"], 1);
    // A group's cadre sees his own logs, the village those of its groups; nobody writes another one's.
    let own = json!({"level": "group", "worked_on": "2020-02-02", "is_zero": true, "zero_reason": "other_duty"});
    let zero = group.post("/v1/work-logs", own).await.expect(201);
    assert_eq!(zero.warnings(), ["records_exist"]);
    assert_eq!((group.counts("/v1/work-logs").await, village.counts("/v1/work-logs").await), (1, 2));
    group.get(&path).await.expect(404);
    let others = format!("/v1/work-logs/{}", zero.body["id"].as_str().unwrap());
    let tag = village.get(&others).await.header("etag").to_owned();
    let body = json!({"device_id": "phone-1", "items": [{"kind": "work_logs", "op": "amend", "id": zero.body["id"], "base_revision": 1, "body": {"content": "改"}}]});
    let pushed = village.post("/v1/sync/push", body).await.expect(207).body;
    assert_ne!(pushed["results"][0]["outcome"], "revised", "{pushed:#} {tag}");
    let full = json!({"level": "group", "worked_on": "2020-02-01", "is_zero": true, "zero_reason": "rest", "counts": {"calls": 3}});
    assert_eq!(group.post("/v1/work-logs", full).await.expect(422).faults()[0].1, "not_for_zero");
    let empty = json!({"level": "group", "worked_on": "2020-02-01"});
    assert_eq!(group.post("/v1/work-logs", empty).await.expect(422).faults()[0].1, "one_of_needed");
}

#[tokio::test]
async fn somebody_belongs_to_a_unit_once_at_a_time() {
    let story = Story::begin("2020-02-02T18:00:00+08:00").await;
    let school = story.unit("school", "第一小学", None).await;
    let person = json!({"name": "张三", "document_type": "resident_id", "document_number": fake_resident_id(21), "area_code": STREET});
    let body = |since_on: &str| json!({"org_id": school.org_id, "person": person, "since_on": since_on, "post": "教师", "keeps_work_log": true});
    let first = school.head.post("/v1/org-members", body("2019-09-01")).await.expect(201);
    assert!(first.warnings().contains(&"no_account".to_owned()), "{}", first.body);
    let again = school.head.post("/v1/org-members", body("2020-01-01")).await.expect(422);
    assert_eq!(again.faults(), [("/since_on".to_owned(), "open_one_exists".to_owned())]);
    let path = format!("/v1/org-members/{}", first.body["id"].as_str().unwrap());
    school.head.amends(&path, json!({"until_on": "2020-01-01"})).await;
    let second = school.head.post("/v1/org-members", body("2020-01-01")).await.expect(201).body;
    assert_eq!(school.head.counts("/v1/org-members?open=true").await, 1);
    assert_eq!(school.head.lists("/v1/org-members?open=false").await[0]["id"], first.body["id"]);
    // Another unit may have the same person, and sees no roll but its own.
    let other = story.unit("school", "第二小学", None).await;
    let mut elsewhere = body("2020-01-01");
    elsewhere["org_id"] = json!(other.org_id);
    other.head.post("/v1/org-members", elsewhere).await.expect(201);
    assert_eq!(other.head.counts("/v1/org-members").await, 1);
    other.head.get(&format!("/v1/org-members/{}", second["id"].as_str().unwrap())).await.expect(404);
    let nobody = json!({"org_id": school.org_id, "since_on": "2020-01-01", "until_on": "2019-01-01"});
    let faults = school.head.post("/v1/org-members", nobody).await.expect(422).faults();
    assert_eq!(
        faults,
        [("/person_id".to_owned(), "required".to_owned()), ("/until_on".to_owned(), "invalid_order".to_owned())]
    );
}

#[tokio::test]
async fn a_clerk_brings_a_log_as_a_sheet_and_a_phone_brings_one_later() {
    let story = Story::begin("2020-02-02T18:00:00+08:00").await;
    let (_, [_, village, _], _) = street(&story).await;
    let grant = Grant { role: Role::VillageCadre, area_code: VILLAGE.into(), org_id: None };
    let clerk = story.app.actor_of(vec![grant]).await;
    let sheet = "级别,工作日期,工作内容,入户数,劝阻次数\n村(社区),2020-02-01,入户排查,0,2\n";
    let taken = crate::imports::import(&clerk, "work_logs", "", "text/csv", sheet.into()).await;
    assert_eq!(crate::imports::counts(&taken)[0], 1, "{taken:#}");
    let body = json!({"level": "village", "worked_on": "2020-02-01", "content": "值守"});
    let item = json!({"kind": "work_logs", "op": "create", "id": Uuid::now_v7(), "occurred_at": "2020-02-01T21:30:00+08:00", "body": body});
    let second = json!({"kind": "work_logs", "op": "create", "id": Uuid::now_v7(), "occurred_at": "2020-02-01T21:40:00+08:00", "body": body});
    let push = json!({"device_id": "phone-1", "items": [item, second]});
    let pushed = village.post("/v1/sync/push", push).await.expect(207).body;
    assert_eq!(crate::sync::outcomes(pushed["results"].as_array().unwrap()), ["created", "held"]);
}
