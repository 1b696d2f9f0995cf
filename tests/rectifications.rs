//! Rectifications with their due days: posted, or made of lines of inspections and oversight checks, moved on by steps.

use lianfang::platform::access::Role;
use serde_json::{Value as Json, json};

use crate::figures_situation::all;
use crate::support::story::{Story, Unit, Worker};
use crate::support::{Actor, TestApp};

/// A bureau with two inspectors, and a shop of a company that it watches.
struct Market {
    story: Story,
    bureau: Unit,
    company: Unit,
    inspector: Worker,
    colleague: Worker,
    clerk: Worker,
    shop: String,
}

impl Market {
    async fn at(instant: &str) -> Self {
        let story = Story::begin(instant).await;
        let bureau = story.unit("bureau", "区经济合作和商务局", None).await;
        let company = story.unit("enterprise", "雨城商超公司", None).await;
        let inspector = story.takes_on(&bureau.head, Role::Inspector, "511802", Some(&bureau)).await;
        let colleague = story.takes_on(&bureau.head, Role::Inspector, "511802", Some(&bureau)).await;
        let clerk = story.takes_on(&company.head, Role::StoreReporter, "511802", Some(&company)).await;
        let shop = json!({"kind": "supermarket", "name": "雨城超市", "area_code": "511802005001", "org_id": company.org_id,
            "operating_status": "open", "supervising_org_ids": [bureau.org_id]});
        let shop = story.app.administrator().await.post("/v1/places", &shop).await.expect(201).body["id"].clone();
        let shop = shop.as_str().unwrap().to_owned();
        Self { story, bureau, company, inspector, colleague, clerk, shop }
    }

    async fn inspects(&self, requirements: Json) -> String {
        let items = json!([{"code": "disinfection", "result": "fail"}, {"code": "masks", "result": "pass"}]);
        let body = json!({"place_id": self.shop, "items": items, "requirements": requirements});
        self.inspector.records("inspections", body).await
    }

    async fn command(&self) -> Actor {
        self.story.app.administrator().await
    }
}

async fn rectifications(worker: &Worker, query: &str) -> Vec<Json> {
    let mut listed = worker.lists(&format!("/v1/rectifications?{query}")).await;
    listed.sort_by_key(|item| item["line_no"].as_i64());
    listed
}

async fn steps(worker: &Worker, of: &Json, step: &str, more: Json) -> crate::support::Reply {
    let mut body = json!({"rectification_id": of["id"], "step": step});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    worker.post("/v1/rectification-steps", body).await
}

/// State, whether late, line of the duties of a kind, the oldest first.
async fn duties(worker: &Worker, kind: &str) -> Vec<(String, bool, String)> {
    let mut found = worker.lists(&format!("/v1/duties?duty_kind={kind}")).await;
    found.sort_by_key(|duty| duty["opens_at"].as_str().unwrap().to_owned());
    let told = |duty: &Json| {
        let text = |name: &str| duty[name].as_str().unwrap().to_owned();
        (text("state"), duty["late"].as_bool().unwrap(), text("line"))
    };
    found.iter().map(told).collect()
}

fn stands(state: &str, late: bool, line: &str) -> (String, bool, String) {
    (state.to_owned(), late, line.to_owned())
}

/// A figure at the end of a day, and how many records its list has.
async fn figure(actor: &Actor, name: &str, to_on: &str) -> (i64, usize) {
    let query = json!({"queries": [{"figure": name, "to_on": to_on}]});
    let told = actor.post("/v1/figures:evaluate", &query).await.expect(200).body["results"][0].clone();
    let listed = all(actor, told["records_url"].as_str().unwrap_or_else(|| panic!("{told}"))).await;
    (told["value"].as_i64().unwrap_or_else(|| panic!("{told}")), listed.len())
}

#[tokio::test]
async fn what_is_reported_a_day_late_was_missed_at_midnight_and_is_done_late() {
    let market = Market::at("2020-02-02T15:00:00+08:00").await;
    let asked = json!([{"requirement": "补齐消杀记录", "due_on": "2020-02-03"}]);
    market.inspects(asked).await;
    let [made] = rectifications(&market.clerk, "").await.try_into().unwrap();
    assert_eq!((&made["state"], &made["overdue"], &made["line_no"]), (&json!("issued"), &json!(false), &json!(1)));
    assert_eq!((&made["source_kind"], &made["subject_org_id"]), (&json!("inspections"), &json!(market.company.org_id)));
    assert_eq!((&made["place_id"], &made["requirement"]), (&json!(market.shop), &json!("补齐消杀记录")));
    assert!(made["due_at"].as_str().unwrap().starts_with("2020-02-04T00:00:00"), "{made}");
    assert_eq!(duties(&market.clerk, "rectification").await, [stands("open", false, "venue")]);

    market.story.time_passes("2020-02-03T23:59:00+08:00").await;
    assert_eq!(duties(&market.clerk, "rectification").await, [stands("open", false, "venue")]);
    market.story.time_passes("2020-02-04T00:00:30+08:00").await;
    assert_eq!(duties(&market.clerk, "rectification").await, [stands("missed", false, "venue")]);
    let missed = market.inspector.lists("/v1/duties?duty_kind=rectification").await;
    assert_eq!(
        (&missed[0]["escalated_to"], &missed[0]["escalated_to_id"]),
        (&json!("inspector"), &json!(market.inspector.id))
    );
    assert_eq!(rectifications(&market.inspector, "overdue=true&state=issued").await.len(), 1);
    let command = market.command().await;
    for (day, overdue) in [("2020-02-03", 0), ("2020-02-04", 1)] {
        let (value, listed) = figure(&command, "rectifications.overdue", day).await;
        assert_eq!((value, listed), (overdue, overdue as usize), "{day}");
    }

    market.story.time_passes("2020-02-04T08:00:00+08:00").await;
    steps(&market.clerk, &made, "reported", json!({"evidence": "已补齐"})).await.expect(201);
    assert_eq!(duties(&market.clerk, "rectification").await, [stands("done", true, "venue")]);
    assert_eq!(duties(&market.inspector, "rectification_check").await, [stands("open", false, "inspector")]);
    let [reported] = rectifications(&market.clerk, "").await.try_into().unwrap();
    assert_eq!((&reported["state"], &reported["overdue"]), (&json!("reported"), &json!(false)));
    assert!(rectifications(&market.inspector, "overdue=true").await.is_empty());
    assert_eq!(market.inspector.lists("/v1/rectification-steps").await.len(), 1, "who asked reads the report");

    market.story.time_passes("2020-02-05T09:00:00+08:00").await;
    steps(&market.inspector, &made, "verified", json!({})).await.expect(201);
    assert_eq!(duties(&market.inspector, "rectification_check").await, [stands("done", false, "inspector")]);
    let command = market.command().await;
    for (name, day, count) in [
        ("rectifications.rectifications", "2020-02-05", 1),
        ("rectifications.verified", "2020-02-04", 0),
        ("rectifications.verified", "2020-02-05", 1),
        ("rectifications.overdue", "2020-02-04", 0),
        ("rectification_steps.verifications", "2020-02-05", 1),
    ] {
        assert_eq!(figure(&command, name, day).await, (count, count as usize), "{name} {day}");
    }
    lianfang::integrity::verify(&market.story.app.core, |_, _| {}).await.map_err(|error| format!("{error:?}")).unwrap();
}

#[tokio::test]
async fn a_line_follows_what_asks_for_it() {
    let market = Market::at("2020-02-02T15:00:00+08:00").await;
    let line = |text: &str, day: &str| json!({"requirement": text, "due_on": day});
    let id = market.inspects(json!([line("设测温点", "2020-02-03"), line("补齐记录", "2020-02-04")])).await;
    let path = format!("/v1/inspections/{id}");
    let told = async |query: &str| -> Vec<(Json, String, String)> {
        let text = |item: &Json, name: &str| item[name].as_str().unwrap().to_owned();
        let listed = rectifications(&market.inspector, query).await;
        let mut told: Vec<_> = listed
            .iter()
            .map(|item| (item["line_no"].clone(), text(item, "requirement"), text(item, "state")))
            .collect();
        told.sort_by_key(|(_, requirement, _)| requirement.clone());
        told
    };
    let line_of = |line: Json, text: &str, state: &str| (line, text.to_owned(), state.to_owned());
    // The first line goes, the second moves up: it stays the same one.
    let [_, kept] = rectifications(&market.inspector, "").await.try_into().unwrap();
    market.inspector.amends(&path, json!({"requirements": [line("补齐记录", "2020-02-05")]})).await;
    assert_eq!(told("").await, [line_of(json!(1), "补齐记录", "issued"), line_of(Json::Null, "设测温点", "waived")]);
    let now = market.inspector.get(&format!("/v1/rectifications/{}", kept["id"].as_str().unwrap())).await.expect(200);
    assert_eq!((&now.body["requirement"], &now.body["due_on"]), (&json!("补齐记录"), &json!("2020-02-05")));
    let states = |found: Vec<(String, bool, String)>| {
        let mut states: Vec<String> = found.into_iter().map(|(state, ..)| state).collect();
        states.sort();
        states
    };
    assert_eq!(states(duties(&market.clerk, "rectification").await), ["open", "waived"]);
    // Other words in its place are the same line, as long as nobody did anything about it.
    market.inspector.amends(&path, json!({"requirements": [line("补齐消杀记录", "2020-02-05")]})).await;
    assert_eq!(told("state=issued").await, [line_of(json!(1), "补齐消杀记录", "issued")]);
    let [same] = rectifications(&market.inspector, "state=issued").await.try_into().unwrap();
    assert_eq!(same["id"], kept["id"]);
    steps(&market.clerk, &kept, "reported", json!({})).await.expect(201);
    market.inspector.amends(&path, json!({"requirements": [line("更换口罩", "2020-02-06")]})).await;
    let new = told("").await;
    assert_eq!(new.iter().filter(|(.., state)| state == "waived").count(), 2, "{new:?}");
    assert!(new.contains(&line_of(json!(1), "更换口罩", "issued")), "{new:?}");
    // A line that is brought back stands as its steps say.
    market.inspector.amends(&path, json!({"requirements": [line("补齐消杀记录", "2020-02-05")]})).await;
    assert!(told("").await.contains(&line_of(json!(1), "补齐消杀记录", "reported")));
    // A void source asks for nothing; a restored one asks again.
    market.inspector.post(&format!("{path}:void"), json!({"reason": "录错"})).await.expect(200);
    assert!(told("").await.is_empty());
    let open = duties(&market.clerk, "rectification").await;
    assert!(open.iter().all(|(state, ..)| state == "waived" || state == "done"), "{open:?}");
    market.inspector.post(&format!("{path}:restore"), json!({"reason": "误作废"})).await.expect(200);
    assert!(told("").await.contains(&line_of(json!(1), "补齐消杀记录", "reported")));
    // Nobody changes it but where it is asked for.
    let made = format!("/v1/rectifications/{}", kept["id"].as_str().unwrap());
    market.command().await.post(&format!("{made}:void"), &json!({"reason": "免"})).await.expect(403);
    let tag = market.inspector.get(&made).await.header("etag").to_owned();
    let longer = json!({"due_on": "2020-03-01"});
    market.command().await.patch(&made, &tag, &longer).await.expect(403);
    lianfang::integrity::verify(&market.story.app.core, |_, _| {}).await.map_err(|error| format!("{error:?}")).unwrap();
}

#[tokio::test]
async fn steps_follow_one_another_and_nobody_judges_his_own() {
    let market = Market::at("2020-02-02T15:00:00+08:00").await;
    market.inspects(json!([{"requirement": "补齐消杀记录", "due_on": "2020-02-03"}])).await;
    let [made] = rectifications(&market.clerk, "").await.try_into().unwrap();
    let refused = async |worker: &Worker, step: &str, more: Json| {
        steps(worker, &made, step, more).await.expect(422).faults().remove(0)
    };
    let fault = |pointer: &str, code: &str| (pointer.to_owned(), code.to_owned());
    assert_eq!(refused(&market.inspector, "verified", json!({})).await, fault("/step", "illegal_transition"));
    assert_eq!(refused(&market.inspector, "extended", json!({})).await, fault("/due_on", "required"));
    assert_eq!(refused(&market.clerk, "reported", json!({"due_on": "2020-02-05"})).await, fault("/due_on", "only_for"));
    let shorter = json!({"due_on": "2020-02-03"});
    assert_eq!(refused(&market.inspector, "extended", shorter).await, fault("/due_on", "not_extended"));
    // Whoever has to mend it neither extends nor waives it, nor says that it is in order; nor does another unit.
    for step in ["extended", "waived", "verified", "rejected"] {
        let more = if step == "extended" { json!({"due_on": "2020-02-09"}) } else { json!({}) };
        steps(&market.clerk, &made, step, more.clone()).await.expect(403);
        steps(&market.company.head, &made, step, more).await.expect(403);
    }
    let other = market.story.unit("bureau", "区教育局", None).await;
    steps(&other.head, &made, "reported", json!({})).await.expect(422);
    assert!(rectifications(&other.head, "").await.is_empty());

    steps(&market.inspector, &made, "extended", json!({"due_on": "2020-02-05", "reason": "缺料"})).await.expect(201);
    let [extended] = rectifications(&market.clerk, "").await.try_into().unwrap();
    assert_eq!((&extended["extended_to"], &extended["due_on"]), (&json!("2020-02-05"), &json!("2020-02-03")));
    let due = market.clerk.lists("/v1/duties?duty_kind=rectification").await;
    assert!(due[0]["due_at"].as_str().unwrap().starts_with("2020-02-06T00:00:00"), "{due:?}");

    // The inspector types in what the shop says by telephone: another one looks at it.
    let typed = steps(&market.inspector, &made, "reported", json!({})).await.expect(201).body;
    assert_eq!(refused(&market.clerk, "reported", json!({})).await, fault("/step", "illegal_transition"));
    assert_eq!(refused(&market.inspector, "verified", json!({})).await, fault("/step", "own_work"));
    let verified = steps(&market.colleague, &made, "verified", json!({})).await.expect(201).body;
    // Whoever verified can't make the report his own afterwards.
    let path = format!("/v1/rectification-steps/{}", typed["id"].as_str().unwrap());
    let tag = market.colleague.get(&path).await.header("etag").to_owned();
    let amended = json!({"evidence": "已看过"});
    let command = market.command().await;
    command.patch(&path, &tag, &amended).await.expect(200);

    // A verification that is void leaves it reported; a report that is void leaves the verification idle.
    let void = json!({"reason": "录错"});
    let verification = format!("/v1/rectification-steps/{}", verified["id"].as_str().unwrap());
    market.colleague.post(&format!("{verification}:void"), void.clone()).await.expect(200);
    assert_eq!(rectifications(&market.clerk, "").await[0]["state"], "reported");
    market.colleague.post(&format!("{verification}:restore"), json!({"reason": "误作废"})).await.expect(200);
    assert_eq!(rectifications(&market.clerk, "").await[0]["state"], "verified");
    market.inspector.post(&format!("{path}:void"), void).await.expect(200);
    assert_eq!(rectifications(&market.clerk, "").await[0]["state"], "issued");
    market.story.time_passes("2020-02-02T18:00:00+08:00").await;
    // Rejected, it is to be mended again.
    steps(&market.clerk, &made, "reported", json!({})).await.expect(201);
    steps(&market.inspector, &made, "rejected", json!({"reason": "仍缺记录"})).await.expect(201);
    assert_eq!(duties(&market.clerk, "rectification").await, [stands("open", false, "venue")]);
    steps(&market.clerk, &made, "reported", json!({})).await.expect(201);
    steps(&market.inspector, &made, "waived", json!({"reason": "停业"})).await.expect(201);
    assert_eq!(rectifications(&market.clerk, "").await[0]["state"], "waived");
}

/// Two who say at once that it is in order: one of them does.
#[tokio::test]
async fn two_steps_at_once_are_one_after_the_other() {
    let market = Market::at("2020-02-02T15:00:00+08:00").await;
    market.inspects(json!([{"requirement": "补齐消杀记录", "due_on": "2020-02-03"}])).await;
    let [made] = rectifications(&market.clerk, "").await.try_into().unwrap();
    steps(&market.clerk, &made, "reported", json!({})).await.expect(201);
    let (one, other) = futures_util::future::join(
        steps(&market.inspector, &made, "verified", json!({})),
        steps(&market.colleague, &made, "rejected", json!({})),
    )
    .await;
    let mut statuses = [one.status, other.status].map(u16::from);
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 422]);
}

#[tokio::test]
async fn an_oversight_check_asks_a_unit_and_the_unit_answers() {
    let story = Story::begin("2020-02-03T10:00:00+08:00").await;
    let group = story.unit("bureau", "区纪委监委派驻纪检监察组", None).await;
    let justice = story.unit("bureau", "区司法局", None).await;
    let command = story.app.administrator().await;
    let grant = json!({"role": "auditor", "area_code": "511802", "org_id": group.org_id});
    let body = json!({"username": "jijian", "display_name": "某某", "org_id": group.org_id, "roles": [grant]});
    let made = command.post("/v1/users", &body).await.expect(201).body;
    let (id, password) = (made["id"].as_str().unwrap().parse().unwrap(), made["one_time_password"].as_str().unwrap());
    let auditor = Actor::sign_in(&story.app, id, "jijian", password).await;
    auditor
        .post("/v1/auth/password", &json!({"current_password": password, "new_password": "雨城-纪检-2020-02"}))
        .await
        .expect(204);
    let check = json!({"checked_org_id": justice.org_id, "checkers": ["赵刚"], "findings": [
        {"finding": "值班登记不完整", "severity": "minor", "requirement": "补齐值班登记", "due_on": "2020-02-05"},
        {"finding": "未戴口罩", "severity": "serious"}]});
    let early = json!({"checked_org_id": justice.org_id, "findings": [{"finding": "无", "severity": "minor", "due_on": "2020-02-01"}]});
    let faults = auditor.post("/v1/oversight-checks", &early).await.expect(422).faults();
    assert_eq!(faults, [("/findings/0/due_on".to_owned(), "due_before".to_owned())]);
    let own = json!({"checked_org_id": group.org_id, "findings": []});
    auditor.post("/v1/oversight-checks", &own).await.expect(403);
    let made = auditor.post("/v1/oversight-checks", &check).await.expect(201).body;
    assert_eq!(made["passed"], false);
    // The unit reads what was found, mends it, and says so; it can't say that it is in order.
    assert_eq!(justice.head.counts("/v1/oversight-checks").await, 1);
    let [asked] = rectifications(&justice.head, "source_kind=oversight_checks&state=issued").await.try_into().unwrap();
    assert_eq!((&asked["requirement"], &asked["subject_org_id"]), (&json!("补齐值班登记"), &json!(justice.org_id)));
    assert_eq!(duties(&justice.head, "rectification").await, [stands("open", false, "unit")]);
    steps(&justice.head, &asked, "reported", json!({"evidence": "已补齐"})).await.expect(201);
    steps(&justice.head, &asked, "verified", json!({})).await.expect(403);
    auditor
        .post("/v1/rectification-steps", &json!({"rectification_id": asked["id"], "step": "verified"}))
        .await
        .expect(201);
    assert_eq!(rectifications(&justice.head, "").await[0]["state"], "verified");
    for (name, count) in [("oversight_checks", 1), ("findings", 2), ("passed", 0)] {
        let command = story.app.administrator().await;
        assert_eq!(figure(&command, &format!("oversight_checks.{name}"), "2020-02-03").await.0, count, "{name}");
    }
    let stranger = story.unit("bureau", "区教育局", None).await;
    assert_eq!(stranger.head.counts("/v1/oversight-checks").await, 0);
}

#[tokio::test]
async fn venues_that_were_not_inspected_today_are_told_by_name() {
    let market = Market::at("2020-02-02T15:00:00+08:00").await;
    let place = json!({"kind": "hotel", "name": "雨城酒店", "area_code": "511802005001", "org_id": market.company.org_id,
        "operating_status": "open", "supervising_org_ids": [market.bureau.org_id]});
    let command = market.command().await;
    command.post("/v1/places", &place).await.expect(201);
    let mut closed = place.clone();
    (closed["name"], closed["operating_status"]) = ("停业酒楼".into(), "suspended".into());
    command.post("/v1/places", &closed).await.expect(201);
    let mut unwatched = place.clone();
    (unwatched["name"], unwatched["supervising_org_ids"]) = ("他局酒店".into(), json!([]));
    command.post("/v1/places", &unwatched).await.expect(201);
    market.inspects(json!([])).await;
    let path = "/v1/stats/inspection-coverage?on=2020-02-02";
    let told = market.inspector.get(path).await.expect(200).body;
    assert_eq!(
        [&told["active"], &told["inspected"], &told["not_inspected"]],
        [2, 1, 1].map(|number| json!(number)).each_ref()
    );
    assert_eq!((&told["items"][0]["name"], &told["items"][0]["inspected"]), (&json!("雨城酒店"), &json!(false)));
    assert_eq!(told["items"][1]["last_inspected_on"], "2020-02-02");
    let of_all = command.get(path).await.expect(200).body;
    assert_eq!((&of_all["active"], &of_all["not_inspected"]), (&json!(3), &json!(2)));
    let only = market.inspector.get(&format!("{path}&inspected=false")).await.expect(200).body;
    assert_eq!((only["items"].as_array().unwrap().len(), &only["active"]), (1, &json!(2)));
    let tomorrow = market.inspector.get("/v1/stats/inspection-coverage?on=2020-02-03").await.expect(200).body;
    assert_eq!((&tomorrow["inspected"], &tomorrow["items"][1]["last_inspected_on"]), (&json!(0), &json!("2020-02-02")));
    let (_, _, csv) = command.with("accept", "text/csv").download(&format!("{path}&inspected=false")).await;
    let csv = String::from_utf8(csv).unwrap();
    assert!(csv.contains("雨城酒店") && csv.contains("他局酒店") && !csv.contains("雨城超市"), "{csv}");
    let results =
        market.inspector.get("/v1/stats/inspection-results?from_on=2020-02-01&to_on=2020-02-02").await.expect(200);
    let [failed, passed] = [0, 1].map(|index| results.body["items"][index].clone());
    assert_eq!((&failed["item"], &failed["pass_rate"]), (&json!("disinfection"), &json!("0.0000")));
    assert_eq!((&passed["item"], &passed["pass_rate"]), (&json!("masks"), &json!("1.0000")));
    assert_eq!(
        (&results.body["worst"][0]["name"], &results.body["worst"][0]["failed"]),
        (&json!("雨城超市"), &json!(1))
    );
    market.clerk.get(path).await.expect(403);
}

#[tokio::test]
async fn what_is_posted_needs_a_place_or_a_unit_and_is_changed_by_who_asked() {
    let app = TestApp::start().await;
    crate::isolation_cases::set_clock(&app, "2020-02-02T15:00:00+08:00");
    let inspector = app.actor(Role::Inspector, "雨城区").await;
    let shop = json!({"kind": "supermarket", "name": "超市", "area_code": "511802005001"});
    let shop = app.administrator().await.post("/v1/places", &shop).await.expect(201).body["id"].clone();
    let body = json!({"requirement": "设测温点", "due_on": "2020-02-01", "area_code": "511802005"});
    let mut faults = inspector.post("/v1/rectifications", &body).await.expect(422).faults();
    faults.sort();
    assert_eq!(faults, [("/due_on".into(), "due_before".into()), ("/place_id".into(), "one_of_needed".into())]);
    let body = json!({"place_id": shop, "requirement": "设测温点", "due_on": "2020-02-03"});
    let made = inspector.post("/v1/rectifications", &body).await.expect(201).body;
    assert_eq!((&made["state"], &made["area_code"]), (&json!("issued"), &json!("511802005001")));
    let path = format!("/v1/rectifications/{}", made["id"].as_str().unwrap());
    let due = async || crate::duties::duties(&inspector, "duty_kind=rectification").await.remove(0);
    assert!(due().await["due_at"].as_str().unwrap().starts_with("2020-02-04T00:00:00"));
    let tag = inspector.get(&path).await.header("etag").to_owned();
    let moved = inspector.patch(&path, &tag, &json!({"due_on": "2020-02-04"})).await.expect(200).body;
    assert!(moved["due_at"].as_str().unwrap().starts_with("2020-02-05T00:00:00"), "{moved}");
    assert!(due().await["due_at"].as_str().unwrap().starts_with("2020-02-05T00:00:00"));
    inspector.post(&format!("{path}:void"), &json!({"reason": "录错"})).await.expect(200);
    assert_eq!((&due().await["state"], &due().await["waiver"]), (&json!("waived"), &json!("cause_voided")));
    inspector.post(&format!("{path}:restore"), &json!({"reason": "误作废"})).await.expect(200);
    assert_eq!(due().await["state"], "open");
    // As a clerk writes it.
    let sheet = format!("整改场所,存在问题,整改期限\n{},入口未测温,2020-02-06\n", shop.as_str().unwrap());
    let (bytes, _, _) = encoding_rs::GB18030.encode(&sheet);
    let path = "/v1/imports?kind=rectifications";
    let told = inspector.with("content-type", "text/csv").upload(path, bytes.into_owned()).await.expect(200).body;
    assert_eq!(told["counts"]["created"], 1, "{told}");
}
