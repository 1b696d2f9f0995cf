//! Not one household, not one person left out: doors, memberships, groups, rounds with their lists, coverage.

use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::imports::counts;
use crate::isolation_cases::set_clock;
use crate::shifts::make;
use lianfang::platform::access::Role;

use crate::support::{Actor, TestApp, fake_resident_id};

const VILLAGE: &str = "511802005001";
const NEXT_VILLAGE: &str = "511802005002";

/// A household at a door of the village; answers its id.
async fn household(actor: &Actor, door: &str) -> String {
    make(actor, "households", json!({"area_code": VILLAGE, "door": door})).await
}

fn member(household_id: &str, sequence: u32, since_on: &str) -> Json {
    let person = json!({"name": "张三", "document_type": "resident_id", "document_number": fake_resident_id(sequence), "area_code": VILLAGE});
    json!({"household_id": household_id, "person": person, "since_on": since_on})
}

async fn member_of(actor: &Actor, household_id: &str, sequence: u32, since_on: &str) -> (String, String) {
    let reply = actor.post("/v1/household-members", &member(household_id, sequence, since_on)).await.expect(201);
    let text = |name: &str| reply.body[name].as_str().unwrap().to_owned();
    (text("id"), text("person_id"))
}

async fn round(actor: &Actor, more: Json) -> String {
    let mut body = json!({"area_code": VILLAGE, "name": "第二轮", "series": "households", "target": "households",
        "starts_at": "2020-02-01T08:00:00+08:00", "due_at": "2020-02-03T20:00:00+08:00"});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    make(actor, "survey-rounds", body).await
}

async fn start(actor: &Actor, round: &str) {
    actor.post(&format!("/v1/survey-rounds/{round}:start"), &json!({})).await.expect(200);
}

fn visit(round: &str, household: &str, result: &str) -> Json {
    json!({"round_id": round, "household_id": household, "occurred_at": "2020-02-02T10:00:00+08:00", "channel": "home_visit", "result": result})
}

async fn coverage(actor: &Actor, round: &str) -> Json {
    actor.get(&format!("/v1/survey-rounds/{round}/coverage")).await.expect(200).body
}

async fn people_of(actor: &Actor, household: &str) -> Vec<Json> {
    let body = actor.get(&format!("/v1/households/{household}/people")).await.expect(200).body;
    body["items"].as_array().unwrap().clone()
}

async fn app() -> (TestApp, Actor) {
    let app = TestApp::start().await;
    set_clock(&app, "2020-02-02T12:00:00+08:00");
    let admin = app.administrator().await;
    (app, admin)
}

#[tokio::test]
async fn two_phones_that_list_the_same_door_make_one_household() {
    let (_app, admin) = app().await;
    let (one, other) = (Uuid::now_v7(), Uuid::now_v7());
    let first = admin
        .post("/v1/households", &json!({"id": one, "area_code": VILLAGE, "door": "3栋2单元501室"}))
        .await
        .expect(201);
    let again = admin
        .post(
            "/v1/households",
            &json!({"id": other, "area_code": VILLAGE, "door": "３幢 二单元501", "residency": "renter"}),
        )
        .await;
    assert_eq!(again.status, 200, "{}", again.body);
    assert_eq!(first.body["id"], again.body["id"]);
    assert_eq!(again.body["residency"], "renter");
    // By either of the ids that the phones gave, the same one is found, named and visited.
    for id in [one, other] {
        assert_eq!(admin.get(&format!("/v1/households/{id}")).await.expect(200).body["id"], first.body["id"]);
    }
    let (_, person) = member_of(&admin, &other.to_string(), 1, "2020-01-10").await;
    let people = people_of(&admin, first.body["id"].as_str().unwrap()).await;
    assert_eq!((people.len(), people[0]["person_id"].as_str()), (1, Some(person.as_str())));
    let known = admin.get(&format!("/v1/households/{other}")).await.expect(200).body;
    assert_eq!(
        (&known["status"], &known["share_no"], &known["residency"]),
        (&json!("active"), &json!(1), &json!("renter"))
    );
    // Two families behind one door are told apart.
    let second = admin
        .post("/v1/households", &json!({"area_code": VILLAGE, "door": "3-2-501", "share_no": 2}))
        .await
        .expect(201);
    assert_ne!(first.body["id"], second.body["id"]);
    let street = json!({"area_code": "511802005", "door": "1-1"});
    assert_eq!(admin.post("/v1/households", &street).await.expect(422).faults()[0].1, "village_needed");
}

#[tokio::test]
async fn the_later_membership_ends_the_earlier_and_a_void_brings_it_back() {
    let (_app, admin) = app().await;
    let (one, other) = (household(&admin, "1-1-101").await, household(&admin, "1-1-102").await);
    let (_, person) = member_of(&admin, &one, 1, "2020-02-01").await;
    let second = json!({"household_id": other, "person_id": person, "since_on": "2020-02-02"});
    let moved = admin.post("/v1/household-members", &second).await.expect(201);
    assert_eq!(moved.warnings(), ["moved_from_household"]);
    assert!(moved.body["warnings"][0]["message"].as_str().unwrap().contains(&one));
    let former = &people_of(&admin, &one).await[0];
    assert_eq!((&former["ends_on"], &former["open"]), (&json!("2020-02-02"), &json!(false)));
    assert_eq!(people_of(&admin, &other).await[0]["open"], true);
    let open = async |household: &str| {
        let path = format!("/v1/household-members?household_id={household}&open=true");
        admin.get(&path).await.expect(200).body["items"].as_array().unwrap().len()
    };
    assert_eq!((open(&one).await, open(&other).await), (0, 1));
    let id = moved.body["id"].as_str().unwrap();
    admin.post(&format!("/v1/household-members/{id}:void"), &json!({"reason": "登记错误"})).await.expect(200);
    // A household of another village is told without its id: not everybody who reads the record may read it.
    let far = json!({"area_code": NEXT_VILLAGE, "door": "1-1-101"});
    let far = admin.post("/v1/households", &far).await.expect(201).body["id"].as_str().unwrap().to_owned();
    let gone = json!({"household_id": far, "person_id": person, "since_on": "2020-02-03"});
    let gone = admin.post("/v1/household-members", &gone).await.expect(201);
    assert_eq!(gone.warnings(), ["moved_from_elsewhere"]);
    assert!(!gone.body.to_string().contains(&one));
    let id = gone.body["id"].as_str().unwrap();
    admin.post(&format!("/v1/household-members/{id}:void"), &json!({"reason": "登记错误"})).await.expect(200);
    let former = &people_of(&admin, &one).await[0];
    assert_eq!((&former["ends_on"], &former["open"]), (&Json::Null, &json!(true)));
    assert_eq!((open(&one).await, open(&other).await), (1, 0));
    // Whoever is only registered somewhere lives where he lives.
    let registered =
        json!({"household_id": other, "person_id": person, "basis": "registered", "since_on": "2020-02-02"});
    assert_eq!(admin.post("/v1/household-members", &registered).await.expect(201).warnings(), Vec::<String>::new());
    assert_eq!(open(&one).await, 1);
}

#[tokio::test]
async fn a_group_takes_ten_households_and_a_leader_who_lives_in_it() {
    let (_app, admin) = app().await;
    let group = make(&admin, "household-groups", json!({"area_code": VILLAGE, "name": "3栋联户组"})).await;
    let in_group = |door: &str| json!({"area_code": VILLAGE, "door": door, "household_group_id": group});
    let mut first = String::new();
    for number in 0..9 {
        first = make(&admin, "households", in_group(&format!("3-1-{number}"))).await;
    }
    // Two at once for the last place: one comes in.
    let (left, right) = (household(&admin, "3-2-1").await, household(&admin, "3-2-2").await);
    let join = async |id: &str| {
        let patch = json!({"household_group_id": group});
        admin.patch(&format!("/v1/households/{id}"), "\"1\"", &patch).await
    };
    let (one, other) = tokio::join!(join(&left), join(&right));
    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 422], "{} {}", one.body, other.body);
    let full = admin.post("/v1/households", &in_group("3-3-1")).await.expect(422);
    assert_eq!(full.faults(), [("/household_group_id".to_owned(), "group_full".to_owned())]);
    // A phone's household is never refused for good: it is kept without a group.
    let id = Uuid::now_v7();
    let item = json!({"op": "create", "kind": "households", "id": id, "body": in_group("3-3-2")});
    let pushed = admin.post("/v1/sync/push", &json!({"device_id": "phone-1", "items": [item]})).await;
    assert_eq!(pushed.body["results"][0]["outcome"], "created", "{}", pushed.body);
    let kept = admin.get(&format!("/v1/households/{id}")).await.expect(200);
    assert_eq!((&kept.body["household_group_id"], kept.warnings()), (&Json::Null, vec!["group_full".to_owned()]));
    // The leader lives in one of the group's households.
    let (_, stranger) = member_of(&admin, &household(&admin, "9-9").await, 1, "2020-01-10").await;
    let (_, neighbour) = member_of(&admin, &first, 2, "2020-01-10").await;
    let lead = async |person: &str| {
        let patch = json!({"leader_person_id": person});
        admin.patch(&format!("/v1/household-groups/{group}"), "\"1\"", &patch).await
    };
    assert_eq!(lead(&stranger).await.expect(422).faults()[0].1, "leader_not_member");
    lead(&neighbour).await.expect(200);
    // A policy of the district gives room for more.
    make(
        &admin,
        "household-group-policies",
        json!({"effective_on": "2020-02-01", "max_households": 12, "basis": "区指挥部"}),
    )
    .await;
    admin.post("/v1/households", &in_group("3-3-1")).await.expect(201);
}

#[tokio::test]
async fn a_round_counts_by_the_list_of_its_start_and_names_who_was_missed() {
    let (app, admin) = app().await;
    let mut households = Vec::new();
    for number in 0..6 {
        households.push(household(&admin, &format!("1-{number}")).await);
    }
    // A family of four of which the visit tells of three.
    let mut family = Vec::new();
    for sequence in 1..=4 {
        family.push(member_of(&admin, &households[0], sequence, "2020-01-10").await.1);
    }
    admin
        .post(
            &format!("/v1/survey-rounds/{}:start", round(&admin, json!({"area_code": NEXT_VILLAGE})).await),
            &json!({}),
        )
        .await
        .expect(422);
    let round = round(&admin, json!({"name": "第二轮入户"})).await;
    assert_eq!(admin.get(&format!("/v1/survey-rounds/{round}/coverage")).await.expect(409).code(), "round_not_ready");
    start(&admin, &round).await;
    let record = admin.get(&format!("/v1/survey-rounds/{round}")).await.expect(200).body;
    assert_eq!(
        (&record["state"], &record["frozen"]["households"], &record["frozen"]["persons"]),
        (&json!("running"), &json!(6), &json!(4))
    );
    let told = |status: &str, person: &String| json!({"person_id": person, "status": status});
    let mut seen = visit(&round, &households[0], "reached");
    seen["members"] = json!([told("present", &family[0]), told("away", &family[1]), told("present", &family[2])]);
    admin.post("/v1/survey-visits", &seen).await.expect(201);
    for (household, result) in [(1, "vacant"), (2, "refused"), (3, "not_reached"), (3, "not_reached")] {
        let mut body = visit(&round, &households[household], result);
        body["occurred_at"] = format!("2020-02-02T0{household}:00:00+08:00").into();
        body["id"] = Uuid::now_v7().to_string().into();
        admin.post("/v1/survey-visits", &body).await.expect(201);
    }
    let moved = admin.post("/v1/survey-visits", &visit(&round, &households[4], "moved")).await.expect(201);
    // Registered after the start and visited: beside the list, never in it.
    let late = household(&admin, "1-99").await;
    admin.post("/v1/survey-visits", &visit(&round, &late, "reached")).await.expect(201);
    let counts = coverage(&admin, &round).await;
    let expected = json!({"targets": 6, "done": 3, "reached": 1, "vacant": 1, "moved": 1, "refused": 1, "attempted": 1, "open": 1, "persons": 4, "persons_confirmed": 3, "additional": 1, "rate": "0.5000"});
    assert_eq!(counts["total"], expected);
    assert_eq!((&counts["items"][0]["key"], &counts["unassigned"]), (&json!(VILLAGE), &json!(6)));
    let missed = async |what: &str| {
        let path = format!("/v1/survey-rounds/{round}/missed?what={what}");
        admin.get(&path).await.expect(200).body["items"].as_array().unwrap().clone()
    };
    let mut ids: Vec<String> =
        missed("households").await.iter().map(|item| item["target_id"].as_str().unwrap().to_owned()).collect();
    ids.sort();
    let mut left = vec![households[2].clone(), households[3].clone(), households[5].clone()];
    left.sort();
    assert_eq!(ids, left);
    let person = &missed("persons").await[0];
    let unconfirmed: Vec<&Json> =
        person["members"].as_array().unwrap().iter().filter(|member| member["confirmed"] == false).collect();
    assert_eq!((unconfirmed.len(), unconfirmed[0]["person_id"].as_str()), (1, Some(family[3].as_str())));
    assert_eq!((&person["door"], &unconfirmed[0]["name"]), (&json!("1-0"), &json!("张*")));
    // As a sheet, and unchanged where nothing changed.
    let path = format!("/v1/survey-rounds/{round}/coverage");
    let tag = admin.get(&path).await.expect(200).header("etag").to_owned();
    assert_eq!(admin.with("if-none-match", &tag).get(&path).await.status, 304);
    let (status, _, bytes) = admin.with("accept", "text/csv").download(&path).await;
    let text = String::from_utf8(bytes).unwrap();
    assert!(status == 200 && text.contains(VILLAGE) && text.contains("0.5000"), "{text}");
    // The visit that made it done is void: somebody must look again.
    admin
        .post(&format!("/v1/survey-visits/{}:void", moved.body["id"].as_str().unwrap()), &json!({"reason": "走错门"}))
        .await
        .expect(200);
    assert_eq!(coverage(&admin, &round).await["total"]["open"], 2);
    // Once done, a later attempt in vain changes nothing.
    let mut later = visit(&round, &households[0], "not_reached");
    later["occurred_at"] = "2020-02-02T11:30:00+08:00".into();
    admin.post("/v1/survey-visits", &later).await.expect(201);
    assert_eq!(coverage(&admin, &round).await["total"]["done"], 2);
    // Two households turn out to be one: one target with the visits of both.
    admin
        .post(
            &format!("/v1/households/{}:merge", households[5]),
            &json!({"into_id": households[0], "reason": "同一户"}),
        )
        .await
        .expect(200);
    let total = coverage(&admin, &round).await["total"].clone();
    assert_eq!((&total["targets"], &total["done"], &total["open"]), (&json!(5), &json!(2), &json!(1)));
    admin.post(&format!("/v1/households/{}:unmerge", households[5]), &json!({"reason": "两户"})).await.expect(200);
    assert_eq!(coverage(&admin, &round).await["total"]["targets"], 6);
    // A cadre of the street sees it, one of the next village nothing of it.
    let street = app.town_cadre("大兴街道").await;
    assert_eq!(coverage(&street, &round).await["total"]["targets"], 6);
    let neighbour = app.actor(Role::VillageCadre, "顺路社区居委会").await;
    // The round is the district's; whoever has no part in it has nothing to look for in it.
    neighbour.get(&format!("/v1/survey-rounds/{round}")).await.expect(200);
    for path in ["coverage", "missed", "targets"] {
        neighbour.get(&format!("/v1/survey-rounds/{round}/{path}")).await.expect(404);
    }
    neighbour.get(&format!("/v1/households/{}/people", households[0])).await.expect(404);
    set_clock(&app, "2020-02-03T21:00:00+08:00");
    let admin = app.administrator().await;
    admin.post(&format!("/v1/survey-rounds/{round}:close"), &json!({})).await.expect(200);
    assert_eq!(coverage(&admin, &round).await["state"], "closed");
}

#[tokio::test]
async fn a_running_round_keeps_its_scope_and_a_text_reached_nobody() {
    let (_app, admin) = app().await;
    let home = household(&admin, "1-1").await;
    let first = round(&admin, json!({"channels": ["home_visit"]})).await;
    start(&admin, &first).await;
    let path = format!("/v1/survey-rounds/{first}");
    let tag = admin.get(&path).await.expect(200).header("etag").to_owned();
    for (patch, code) in [
        (json!({"starts_at": "2020-02-01T09:00:00+08:00"}), "round_started"),
        (json!({"scope": {"residencies": ["renter"]}}), "round_started"),
        (json!({"due_at": "2020-02-02T20:00:00+08:00"}), "round_started"),
    ] {
        assert_eq!(admin.patch(&path, &tag, &patch).await.expect(422).faults()[0].1, code, "{patch}");
    }
    let extended = json!({"name": "第二轮(延期)", "due_at": "2020-02-04T20:00:00+08:00"});
    admin.patch(&path, &tag, &extended).await.expect(200);
    let refused = async |change: Json| {
        let mut body = visit(&first, &home, "reached");
        body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        admin.post("/v1/survey-visits", &body).await.expect(422).faults()[0].1.clone()
    };
    assert_eq!(refused(json!({"channel": "sms"})).await, "no_answer_told");
    let (_, person) = member_of(&admin, &home, 1, "2020-01-10").await;
    let present = json!([{"person_id": person, "status": "present"}]);
    assert_eq!(refused(json!({"result": "vacant", "members": present})).await, "contradicts_result");
    assert_eq!(refused(json!({"person_id": person})).await, "exclusive_fields");
    assert_eq!(refused(json!({"household_id": null})).await, "one_of_needed");
    let mut by_text = visit(&first, &home, "reached");
    by_text["channel"] = "sms".into();
    by_text["members"] = json!([{"person_id": person, "status": "present", "temperature_c": "38.2"}]);
    let told = admin.post("/v1/survey-visits", &by_text).await.expect(201);
    assert_eq!(
        (told.warnings(), &told.body["abnormal"], &told.body["members_confirmed"]),
        (vec!["channel_not_of_round".to_owned()], &json!(true), &json!(1))
    );
    // Somebody else comes in with a second round: its number follows.
    let second = round(&admin, json!({})).await;
    assert_eq!(admin.get(&format!("/v1/survey-rounds/{second}")).await.expect(200).body["round_no"], 2);
}

#[tokio::test]
async fn a_list_is_drawn_up_from_what_stood_before_the_start() {
    let (app, admin) = app().await;
    let (stays, ends) = (household(&admin, "1-1").await, household(&admin, "1-2").await);
    let round = round(&admin, json!({})).await;
    // The start is written, and before its list is drawn up the register goes on: as after a process that was ended.
    start(&admin, &round).await;
    let patch = json!({"ended_on": "2020-02-02", "end_reason": "moved_out"});
    admin.patch(&format!("/v1/households/{ends}"), "\"1\"", &patch).await.expect(200);
    let digest = admin.get(&format!("/v1/survey-rounds/{round}")).await.expect(200).body["frozen"]["digest"].clone();
    app.sql("DELETE FROM survey_targets").await;
    app.sql("UPDATE survey_rounds SET frozen = jsonb_set(frozen, '{ready}', 'false')").await;
    let path = format!("/v1/survey-rounds/{round}");
    let ready = crate::support::patience::by_itself(async {
        loop {
            let body = admin.get(&path).await.expect(200).body;
            if body["frozen"]["ready"] == true {
                return body;
            }
            tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        }
    })
    .await;
    assert_eq!((&ready["frozen"]["digest"], &ready["frozen"]["households"]), (&digest, &json!(2)));
    let targets = admin.get(&format!("{path}/targets")).await.expect(200).body;
    let ids: Vec<&str> =
        targets["items"].as_array().unwrap().iter().map(|item| item["target_id"].as_str().unwrap()).collect();
    assert!(ids.contains(&stays.as_str()) && ids.contains(&ends.as_str()), "{ids:?}");
}

#[tokio::test]
async fn a_surveyor_pulls_his_own_morning_page_by_page() {
    let (app, admin) = app().await;
    let leader = app.actor(Role::GroupCadre, "龙溪社区居委会").await;
    let group =
        make(&admin, "household-groups", json!({"area_code": VILLAGE, "name": "一组", "leader_user_id": leader.id}))
            .await;
    for number in 0..5 {
        make(
            &admin,
            "households",
            json!({"area_code": VILLAGE, "door": format!("1-{number}"), "household_group_id": group}),
        )
        .await;
    }
    household(&admin, "2-1").await;
    let round = round(&admin, json!({})).await;
    start(&admin, &round).await;
    let (mut seen, mut path) =
        (Vec::new(), format!("/v1/survey-rounds/{round}/targets?assignee=me&state=open&limit=2"));
    loop {
        let body = leader.get(&path).await.expect(200).body;
        seen.extend(
            body["items"].as_array().unwrap().iter().map(|item| item["target_id"].as_str().unwrap().to_owned()),
        );
        match body["next_cursor"].as_str() {
            Some(cursor) => {
                path = format!("/v1/survey-rounds/{round}/targets?assignee=me&state=open&limit=2&cursor={cursor}")
            }
            None => break,
        }
    }
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 5);
    let by = admin.get(&format!("/v1/survey-rounds/{round}/coverage?by=household_group")).await.expect(200).body;
    assert_eq!(
        (&by["items"][0]["label"], &by["items"][0]["targets"], &by["unassigned"]),
        (&json!("一组"), &json!(5), &json!(1))
    );
}

#[tokio::test]
async fn a_streets_household_book_goes_in_as_one_sheet() {
    let (_app, admin) = app().await;
    let id = |sequence: u32| fake_resident_id(sequence);
    let sheet = format!(
        "大兴街道龙溪社区户口登记册,,,,,\n户号,门牌号,姓名,身份证号,与户主关系,联系电话\n\
         001,3栋2单元501,张三,{},户主,15400000001\n001,3幢2单元501室,李四,{},配偶,15400000002\n001,3-2-501,张小三,{},子女,\n\
         002,,王五,{},户主,15400000004\n002,,赵六,{},配偶,15400000005\n合计：2户5人,,,,,\n",
        id(1),
        id(2),
        id(3),
        id(4),
        id(5)
    );
    let query = format!("&set.area_code={VILLAGE}");
    let import = crate::import_facts::import(&admin, "household_members", &query, &sheet).await;
    assert_eq!(counts(&import), [5, 0, 0, 0, 0], "{import}");
    let households = admin.get("/v1/households?status=active").await.expect(200).body;
    assert_eq!(households["items"].as_array().unwrap().len(), 2, "{households}");
    let first = households["items"].as_array().unwrap().iter().find(|household| !household["door"].is_null()).unwrap();
    let people = people_of(&admin, first["id"].as_str().unwrap()).await;
    let relations: Vec<&str> = people.iter().map(|member| member["relation"].as_str().unwrap()).collect();
    assert_eq!((people.len(), relations.contains(&"head")), (3, true));
    // The book again changes nothing.
    let again = crate::import_facts::import(&admin, "household_members", &query, &sheet).await;
    assert_eq!(counts(&again), [0, 5, 0, 0, 0], "{again}");
}

#[tokio::test]
async fn whoever_comes_to_a_door_after_another_is_another_household() {
    let (_app, admin) = app().await;
    let post = async |body: Json| admin.post("/v1/households", &body).await;
    let at = |door: &str, day: &str| json!({"area_code": VILLAGE, "door": door, "occurred_at": format!("{day}T08:00:00+08:00")});
    let sent = Uuid::now_v7();
    let mut body = at("1-1", "2020-01-20");
    body["id"] = sent.to_string().into();
    let first = post(body.clone()).await.expect(201).body["id"].as_str().unwrap().to_owned();
    // The family moves within the village; a new one takes the flat.
    let patch = json!({"door": "2-2"});
    admin.patch(&format!("/v1/households/{first}"), "\"1\"", &patch).await.expect(200);
    // A phone whose answer was lost sends the first once more: it is still the first.
    assert_eq!(post(body).await.expect(200).body["id"], first.as_str());
    let second = post(at("1-1", "2020-02-01")).await.expect(201).body["id"].as_str().unwrap().to_owned();
    assert_ne!(first, second);
    assert_eq!(post(at("1-1", "2020-02-01")).await.expect(200).body["id"], second.as_str());
    // That one ends, and a third moves in; what a late phone still tells of the second is the second's.
    let ended = json!({"ended_on": "2020-02-02", "end_reason": "moved_out"});
    admin.patch(&format!("/v1/households/{second}"), "\"1\"", &ended).await.expect(200);
    let third = post(at("1-1", "2020-02-02")).await.expect(201).body["id"].as_str().unwrap().to_owned();
    assert!(third != first && third != second);
    assert_eq!(post(at("1-1", "2020-02-01")).await.expect(200).body["id"], second.as_str());
    assert_eq!(post(at("1-1", "2020-02-02")).await.expect(200).body["id"], third.as_str());
}

#[tokio::test]
async fn a_surveyors_sheet_names_doors_and_results() {
    let (_app, admin) = app().await;
    household(&admin, "3栋2单元501").await;
    let sheet = "龙溪社区入户摸排登记表,,,,\n日期:2020年2月2日,,,,\n序号,门牌号,家庭人口,核查方式,核查结果\n1,3幢2单元501室,3,入户,已核\n2,3栋2单元502,2,电话,未联系上\n";
    let query = format!("&set.area_code={VILLAGE}");
    let import = crate::import_facts::import(&admin, "survey_visits", &query, sheet).await;
    assert_eq!(counts(&import), [2, 0, 0, 0, 0], "{import}");
    // The first door was known, the second came with the sheet.
    let households = admin.get("/v1/households").await.expect(200).body["items"].as_array().unwrap().len();
    assert_eq!(households, 2);
    let visits = admin.get("/v1/survey-visits?result=reached").await.expect(200).body;
    assert_eq!(visits["items"][0]["people_counted"], 3);
}
