//! Coverage of survey rounds, whole and provable: the table of the page, every corner of how a target stands, sheets, and
//! that whoever alters a list or a standing is found.

use serde_json::{Value as Json, json};
use uuid::Uuid;

use lianfang::integrity::{Finding, VerifyError, verify};
use lianfang::platform::access::Role;

use crate::isolation_cases::set_clock;
use crate::shifts::make;
use crate::support::{Actor, TestApp, fake_resident_id};

pub const VILLAGE: &str = "511802005001";
const NEXT_VILLAGE: &str = "511802005002";

pub async fn begun() -> (TestApp, Actor) {
    let app = TestApp::start().await;
    set_clock(&app, "2020-02-02T12:00:00+08:00");
    let admin = app.administrator().await;
    (app, admin)
}

/// Posts in batches; answers the ids.
pub async fn batch(actor: &Actor, kind: &str, bodies: &[Json]) -> Vec<String> {
    let mut made = Vec::new();
    for part in bodies.chunks(500) {
        let reply = actor.post(&format!("/v1/{kind}:batch"), &json!({"items": part})).await.expect(207);
        for result in reply.body["results"].as_array().unwrap() {
            assert_eq!(result["outcome"], "created", "{result}");
            made.push(id(result));
        }
    }
    made
}

fn id(record: &Json) -> String {
    record["id"].as_str().unwrap().to_owned()
}

async fn household(actor: &Actor, door: &str) -> String {
    make(actor, "households", json!({"area_code": VILLAGE, "door": door})).await
}

async fn member(actor: &Actor, household_id: &str, sequence: u32) -> String {
    let person = json!({"name": "张三丰", "document_type": "resident_id", "document_number": fake_resident_id(sequence), "area_code": VILLAGE});
    let body = json!({"household_id": household_id, "person": person, "since_on": "2020-01-10"});
    actor.post("/v1/household-members", &body).await.expect(201).body["person_id"].as_str().unwrap().to_owned()
}

pub async fn started(actor: &Actor, more: Json) -> String {
    let mut body = json!({"area_code": VILLAGE, "name": "第二轮", "series": "households", "target": "households",
        "starts_at": "2020-02-01T08:00:00+08:00", "due_at": "2020-02-03T20:00:00+08:00"});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let round = make(actor, "survey-rounds", body).await;
    actor.post(&format!("/v1/survey-rounds/{round}:start"), &json!({})).await.expect(200);
    round
}

fn visit(round: &str, household: &str, result: &str, at: &str) -> Json {
    json!({"round_id": round, "household_id": household, "occurred_at": format!("2020-02-02T{at}:00+08:00"), "channel": "home_visit", "result": result})
}

fn told(person: &str, status: &str) -> Json {
    json!({"person_id": person, "status": status})
}

async fn post(actor: &Actor, body: &Json) -> String {
    id(&actor.post("/v1/survey-visits", body).await.expect(201).body)
}

pub async fn coverage(actor: &Actor, round: &str, query: &str) -> Json {
    actor.get(&format!("/v1/survey-rounds/{round}/coverage?{query}")).await.expect(200).body
}

async fn total(actor: &Actor, round: &str) -> Json {
    coverage(actor, round, "").await["total"].clone()
}

pub async fn targets(actor: &Actor, round: &str, query: &str) -> Vec<Json> {
    let path = format!("/v1/survey-rounds/{round}/targets?limit=500&{query}");
    let (mut items, mut next) = (Vec::new(), String::new());
    loop {
        let body = actor.get(&format!("{path}{next}")).await.expect(200).body;
        items.extend(body["items"].as_array().unwrap().clone());
        match body["next_cursor"].as_str() {
            Some(cursor) => next = format!("{}cursor={cursor}", if query.is_empty() { "" } else { "&" }),
            None => return items,
        }
    }
}

async fn target(actor: &Actor, round: &str, id: &str) -> Json {
    targets(actor, round, "").await.into_iter().find(|target| target["target_id"] == id).unwrap()
}

async fn missed(actor: &Actor, round: &str, what: &str) -> Vec<Json> {
    let path = format!("/v1/survey-rounds/{round}/missed?limit=500&what={what}");
    actor.get(&path).await.expect(200).body["items"].as_array().unwrap().clone()
}

pub async fn holds(app: &TestApp) {
    verify(&app.core, |_, _| {}).await.map_err(|error| format!("{error:?}")).unwrap();
}

async fn csv(actor: &Actor, path: &str) -> Vec<Vec<String>> {
    let (status, _, bytes) = actor.with("accept", "text/csv").download(path).await;
    let text = String::from_utf8(bytes).unwrap();
    assert_eq!(status, 200, "{text}");
    text.trim_start_matches('\u{feff}')
        .lines()
        .map(|line| line.split(',').map(|cell| cell.trim_matches('"').to_owned()).collect())
        .collect()
}

#[tokio::test]
async fn the_table_of_the_page() {
    let (app, admin) = begun().await;
    let doors: Vec<Json> = (0..600)
        .map(|number| json!({"area_code": VILLAGE, "door": format!("{}-{}", 1 + number / 20, 101 + number % 20)}))
        .collect();
    let households: Vec<String> = batch(&admin, "households", &doors).await;
    let mut family = Vec::new();
    for sequence in 1..=4 {
        family.push(member(&admin, &households[0], sequence).await);
    }
    let round = started(&admin, json!({})).await;
    let mut visits: Vec<Json> =
        households[1..596].iter().map(|household| visit(&round, household, "reached", "09:00")).collect();
    visits.push(visit(&round, &households[596], "vacant", "09:10"));
    visits.push(visit(&round, &households[597], "vacant", "09:20"));
    visits.push(visit(&round, &households[598], "refused", "09:30"));
    visits.push(visit(&round, &households[599], "not_reached", "09:40"));
    visits.push(visit(&round, &households[599], "not_reached", "10:40"));
    let mut of_family = visit(&round, &households[0], "reached", "09:00");
    of_family["members"] = family[..3].iter().map(|person| told(person, "present")).collect();
    visits.push(of_family);
    batch(&admin, "survey-visits", &visits).await;
    let expected = json!({"targets": 600, "done": 598, "reached": 596, "vacant": 2, "moved": 0, "refused": 1, "attempted": 1, "open": 0,
        "persons": 4, "persons_confirmed": 3, "additional": 0, "rate": "0.9967"});
    assert_eq!(total(&admin, &round).await, expected);
    let figures =
        admin.get("/v1/stats/survey-visits?by=total&from_on=2020-02-02&to_on=2020-02-02").await.expect(200).body;
    assert_eq!(figures["total"]["households_surveyed"]["value"], 596, "{figures}");
    assert_eq!(missed(&admin, &round, "households").await.len(), 2);
    // A household of four of which the visit tells of three: it is done, one person is missed.
    let of_persons = missed(&admin, &round, "persons").await;
    let untold: Vec<&Json> =
        of_persons[0]["members"].as_array().unwrap().iter().filter(|one| one["confirmed"] == false).collect();
    assert_eq!((of_persons.len(), untold.len(), untold[0]["person_id"].as_str()), (1, 1, Some(family[3].as_str())));
    assert_eq!(of_persons[0]["state"], "done");
    // One of nobody, found vacant.
    let vacant = target(&admin, &round, &households[596]).await;
    assert_eq!((&vacant["done_as"], &vacant["members"]), (&json!("vacant"), &json!([])));
    // Registered after the start and visited: beside the list.
    let late = household(&admin, "99-1").await;
    post(&admin, &visit(&round, &late, "reached", "10:00")).await;
    let now = total(&admin, &round).await;
    assert_eq!((&now["additional"], &now["targets"], &now["done"]), (&json!(1), &json!(600), &json!(598)));
    // Two of the list turn out to be one: the visits of both count for one target.
    let merge = json!({"into_id": households[599], "reason": "同一户"});
    admin.post(&format!("/v1/households/{}:merge", households[598]), &merge).await.expect(200);
    let now = total(&admin, &round).await;
    assert_eq!(
        (&now["targets"], &now["done"], &now["attempted"], &now["refused"]),
        (&json!(599), &json!(598), &json!(1), &json!(0))
    );
    assert_eq!(target(&admin, &round, &households[599]).await["attempts"], 3);
    holds(&app).await;
    admin.post(&format!("/v1/households/{}:unmerge", households[598]), &json!({"reason": "两户"})).await.expect(200);
    assert_eq!(total(&admin, &round).await["refused"], 1);
    // A visit before the close counts whenever it arrives, one after it doesn't.
    set_clock(&app, "2020-02-03T12:00:00+08:00");
    let admin = app.administrator().await;
    let closed = admin.post(&format!("/v1/survey-rounds/{round}:close"), &json!({})).await.expect(200).body;
    assert!(closed["closed_at"].is_string(), "{closed}");
    set_clock(&app, "2020-02-03T18:00:00+08:00");
    let admin = app.administrator().await;
    post(&admin, &visit(&round, &households[599], "reached", "11:00")).await;
    let mut after = visit(&round, &households[598], "reached", "11:00");
    after["occurred_at"] = "2020-02-03T15:00:00+08:00".into();
    post(&admin, &after).await;
    let now = coverage(&admin, &round, "").await;
    assert_eq!(
        (&now["total"]["done"], &now["total"]["refused"], &now["state"]),
        (&json!(599), &json!(1), &json!("closed"))
    );
    holds(&app).await;
}

#[tokio::test]
async fn how_a_target_stands_in_every_corner() {
    let (app, admin) = begun().await;
    let mut homes = Vec::new();
    for number in 0..8 {
        homes.push(household(&admin, &format!("1-{number}")).await);
    }
    let mut people = Vec::new();
    for sequence in 1..=4 {
        people.push(member(&admin, &homes[usize::try_from(sequence).unwrap() / 3], sequence).await);
    }
    let round = started(&admin, json!({})).await;
    let state = async |home: usize| {
        let target = target(&admin, &round, &homes[home]).await;
        (target["state"].as_str().unwrap().to_owned(), target["done_as"].as_str().map(str::to_owned))
    };
    let is = |state: &str, done_as: Option<&str>| (state.to_owned(), done_as.map(str::to_owned));
    // Reached, then not reached: it stays done. Void: it opens again, as the attempt leaves it, then wholly.
    let reached = post(&admin, &visit(&round, &homes[0], "reached", "09:00")).await;
    let tried = post(&admin, &visit(&round, &homes[0], "not_reached", "10:00")).await;
    assert_eq!(state(0).await, is("done", Some("reached")));
    let void = json!({"reason": "走错门"});
    admin.post(&format!("/v1/survey-visits/{reached}:void"), &void).await.expect(200);
    assert_eq!(state(0).await, is("attempted", None));
    admin.post(&format!("/v1/survey-visits/{tried}:void"), &void).await.expect(200);
    assert_eq!(state(0).await, is("open", None));
    admin.post(&format!("/v1/survey-visits/{reached}:restore"), &void).await.expect(200);
    assert_eq!(state(0).await, is("done", Some("reached")));
    // The latest by when it happened says refused, whenever it arrived; amended it is moved.
    let refused = post(&admin, &visit(&round, &homes[2], "refused", "11:00")).await;
    post(&admin, &visit(&round, &homes[2], "not_reached", "08:00")).await;
    assert_eq!(state(2).await, is("refused", None));
    post(&admin, &visit(&round, &homes[2], "not_reached", "11:30")).await;
    assert_eq!(state(2).await, is("attempted", None));
    admin.patch(&format!("/v1/survey-visits/{refused}"), "\"1\"", &json!({"result": "moved"})).await.expect(200);
    assert_eq!(state(2).await, is("done", Some("moved")));
    // A text that was answered: by members, or by the attempt that somebody called back to.
    let mut text = visit(&round, &homes[3], "reached", "09:00");
    text["channel"] = "sms".into();
    admin.post("/v1/survey-visits", &text).await.expect(422);
    let asked = post(&admin, &visit(&round, &homes[3], "not_reached", "08:00")).await;
    text["answers_visit_id"] = asked.into();
    post(&admin, &text).await;
    assert_eq!(state(3).await, is("done", Some("reached")));
    // Persons: told in a visit, whoever's; not here tells of nobody; a visit of the person confirms.
    let confirmed = async |person: &str| {
        let all = targets(&admin, &round, "").await;
        let mut members = all.iter().flat_map(|target| target["members"].as_array().unwrap());
        members.find(|member| member["person_id"] == person).unwrap()["confirmed"] == true
    };
    let mut telling = visit(&round, &homes[0], "reached", "10:30");
    telling["members"] = json!([told(&people[0], "away"), told(&people[1], "not_here")]);
    let telling = post(&admin, &telling).await;
    assert!(confirmed(&people[0]).await && !confirmed(&people[1]).await);
    let mut elsewhere = visit(&round, &homes[4], "reached", "10:30");
    elsewhere["members"] = json!([told(&people[1], "present")]);
    post(&admin, &elsewhere).await;
    assert!(confirmed(&people[1]).await, "met at the neighbours'");
    let mut person = visit(&round, &homes[0], "reached", "11:00");
    person.as_object_mut().unwrap().remove("household_id");
    (person["person_id"], person["verification"]) = (people[2].clone().into(), "not_found".into());
    let of_person = post(&admin, &person).await;
    assert!(!confirmed(&people[2]).await);
    admin
        .patch(&format!("/v1/survey-visits/{of_person}"), "\"1\"", &json!({"verification": "changed"}))
        .await
        .expect(200);
    assert!(confirmed(&people[2]).await);
    // A visit of a person is no household beside the list.
    assert_eq!(total(&admin, &round).await["additional"], 0);
    // Of whom a visit no longer tells is untold.
    admin.patch(&format!("/v1/survey-visits/{telling}"), "\"1\"", &json!({"members": null})).await.expect(200);
    assert!(!confirmed(&people[0]).await);
    // A family that moves stays a target where it was, and the visit at its new door counts for it.
    let tag = admin.get(&format!("/v1/households/{}", homes[5])).await.expect(200).header("etag").to_owned();
    let moved = json!({"area_code": NEXT_VILLAGE, "door": "7-7"});
    admin.patch(&format!("/v1/households/{}", homes[5]), &tag, &moved).await.expect(200);
    post(&admin, &visit(&round, &homes[5], "reached", "11:00")).await;
    let stands = target(&admin, &round, &homes[5]).await;
    assert_eq!((&stands["area_code"], &stands["state"]), (&json!(VILLAGE), &json!("done")));
    let cadre = app.actor(Role::VillageCadre, "龙溪社区居委会").await;
    assert_eq!(target(&cadre, &round, &homes[5]).await["state"], "done");
    let by_area = coverage(&admin, &round, "by=area").await;
    assert_eq!((by_area["items"].as_array().unwrap().len(), &by_area["items"][0]["targets"]), (1, &json!(8)));
    // People who turn out to be one count once, where the least target is, with what is told of either; and apart again.
    let before = total(&admin, &round).await;
    admin
        .post(&format!("/v1/people/{}:merge", people[3]), &json!({"into_id": people[1], "reason": "同一人"}))
        .await
        .expect(200);
    let now = total(&admin, &round).await;
    assert_eq!(now["persons"].as_i64().unwrap(), before["persons"].as_i64().unwrap() - 1);
    assert_eq!(now["persons_confirmed"], before["persons_confirmed"]);
    holds(&app).await;
    admin.post(&format!("/v1/people/{}:unmerge", people[3]), &json!({"reason": "两人"})).await.expect(200);
    assert_eq!(total(&admin, &round).await, before);
    // Merged one into the other into a third: a chain counts as one, and opens link by link.
    for (from, into) in [(6, 7), (7, 0)] {
        let merge = json!({"into_id": homes[into], "reason": "同一户"});
        admin.post(&format!("/v1/households/{}:merge", homes[from]), &merge).await.expect(200);
    }
    assert_eq!(total(&admin, &round).await["targets"], 6);
    holds(&app).await;
    for (home, left) in [(7, 7), (6, 8)] {
        admin.post(&format!("/v1/households/{}:unmerge", homes[home]), &json!({"reason": "两户"})).await.expect(200);
        assert_eq!(total(&admin, &round).await["targets"], left);
    }
    // A round that was made by mistake stands as it stood.
    let cancelled =
        admin.post(&format!("/v1/survey-rounds/{round}:cancel"), &json!({"reason": "范围有误"})).await.expect(200).body;
    assert_eq!((&cancelled["state"], cancelled["closed_at"].is_string()), (&json!("cancelled"), true));
    assert_eq!(coverage(&admin, &round, "").await["state"], "cancelled");
    let draft = make(
        &admin,
        "survey-rounds",
        json!({"area_code": VILLAGE, "name": "x", "series": "households", "target": "households",
        "starts_at": "2020-02-01T09:00:00+08:00", "due_at": "2020-02-03T20:00:00+08:00"}),
    )
    .await;
    admin.post(&format!("/v1/survey-rounds/{draft}:cancel"), &json!({"reason": "重复"})).await.expect(200);
    assert_eq!(admin.get(&format!("/v1/survey-rounds/{draft}/coverage")).await.expect(409).code(), "round_not_ready");
    holds(&app).await;
}

#[tokio::test]
async fn a_round_of_persons_looks_at_those_of_its_categories() {
    let (app, admin) = begun().await;
    let home = household(&admin, "1-1").await;
    let returnee = async |sequence: u32, until_on: Option<&str>| {
        let mut category = json!({"category": "hubei_returnee", "since_on": "2020-01-20", "source": "列车名单"});
        if let Some(until_on) = until_on {
            category["until_on"] = until_on.into();
        }
        let body = json!({"name": "李四", "document_type": "resident_id", "document_number": fake_resident_id(sequence), "area_code": VILLAGE, "categories": [category]});
        make(&admin, "people", body).await
    };
    let (one, two, three) = (returnee(11, None).await, returnee(12, None).await, returnee(13, None).await);
    let over = returnee(14, Some("2020-02-01")).await;
    let other = member(&admin, &home, 15).await;
    make(&admin, "household-members", json!({"household_id": home, "person_id": one, "since_on": "2020-01-20"})).await;
    let nobody = json!({"target": "persons", "series": "contacts", "scope": {"categories": ["close_contact"]}, "area_code": VILLAGE, "name": "x",
        "starts_at": "2020-02-01T08:00:00+08:00", "due_at": "2020-02-03T20:00:00+08:00"});
    let empty = make(&admin, "survey-rounds", nobody).await;
    let refused = admin.post(&format!("/v1/survey-rounds/{empty}:start"), &json!({})).await.expect(422);
    assert_eq!(refused.faults(), [("/scope".to_owned(), "nothing_in_scope".to_owned())]);
    let round = started(
        &admin,
        json!({"target": "persons", "series": "hubei_returnees", "scope": {"categories": ["hubei_returnee"]}}),
    )
    .await;
    let ids: Vec<String> = targets(&admin, &round, "")
        .await
        .iter()
        .map(|target| target["person_id"].as_str().unwrap().to_owned())
        .collect();
    assert!(
        ids.len() == 3 && [&one, &two, &three].iter().all(|id| ids.contains(id)) && !ids.contains(&over),
        "{ids:?}"
    );
    // Met at home by a visit of the household; visited; tried.
    let mut at_home = visit(&round, &home, "reached", "09:00");
    at_home["members"] = json!([told(&one, "present"), told(&other, "present")]);
    post(&admin, &at_home).await;
    for (person, result) in [(&two, "reached"), (&three, "not_reached")] {
        let mut body = visit(&round, "", result, "10:00");
        body.as_object_mut().unwrap().remove("household_id");
        (body["person_id"], body["verification"]) = (person.as_str().into(), "confirmed".into());
        if result == "not_reached" {
            body.as_object_mut().unwrap().remove("verification");
        }
        post(&admin, &body).await;
    }
    let now = total(&admin, &round).await;
    let count = |name: &str| now[name].as_i64().unwrap();
    assert_eq!(
        ["targets", "done", "reached", "attempted", "open", "persons", "persons_confirmed", "additional"].map(count),
        [3, 2, 2, 1, 0, 3, 2, 0],
        "{now}"
    );
    assert_eq!(missed(&admin, &round, "households").await.len(), 1);
    holds(&app).await;
}

#[tokio::test]
async fn lines_and_sheets_say_whose_work_it_is() {
    let (app, admin) = begun().await;
    let leader = app.actor(Role::GroupCadre, "龙溪社区居委会").await;
    app.sql(&format!("UPDATE users SET display_name = '组长老王' WHERE id = '{}'", leader.id)).await;
    let group =
        make(&admin, "household-groups", json!({"area_code": VILLAGE, "name": "一组", "leader_user_id": leader.id}))
            .await;
    let cell = make(&admin, "grid-cells", json!({"area_code": VILLAGE, "code": "LX-01", "name": "龙溪一网格"})).await;
    let mut homes = Vec::new();
    for number in 0..3 {
        let body = json!({"area_code": VILLAGE, "door": format!("1-{number}"), "household_group_id": group, "grid_cell_id": cell});
        homes.push(make(&admin, "households", body).await);
    }
    homes.push(household(&admin, "9-9").await);
    member(&admin, &homes[1], 1).await;
    let seen = member(&admin, &homes[0], 2).await;
    member(&admin, &homes[0], 3).await;
    // The district's round: who works in a part of it sees that part, and can tell of it.
    let round = started(&admin, json!({"area_code": "511802"})).await;
    let elsewhere = make(&admin, "households", json!({"area_code": NEXT_VILLAGE, "door": "5-5"})).await;
    let mut first = visit(&round, &homes[0], "reached", "09:00");
    first["members"] = json!([told(&seen, "present")]);
    post(&leader, &first).await;
    let mut second = visit(&round, &homes[1], "refused", "10:00");
    second["channel"] = "phone".into();
    post(&leader, &second).await;
    post(&admin, &visit(&round, &elsewhere, "reached", "10:00")).await;
    let whole = total(&admin, &round).await;
    assert_eq!((&whole["targets"], &whole["additional"]), (&json!(4), &json!(1)));
    let part = coverage(&leader, &round, "by=assignee").await;
    assert_eq!(
        (&part["total"]["targets"], &part["total"]["additional"], &part["unassigned"]),
        (&json!(4), &json!(0), &json!(1))
    );
    assert_eq!(
        (&part["items"][0]["key"], &part["items"][0]["label"], &part["items"][0]["done"]),
        (&json!(leader.id), &json!("组长老王"), &json!(1))
    );
    assert_eq!((&part["items"][1]["key"], &part["items"][1]["label"]), (&Json::Null, &json!("无责任人")));
    let english = coverage(&leader.with("accept-language", "en"), &round, "by=assignee").await;
    assert_eq!(english["items"][1]["label"], "nobody answers for it");
    assert_eq!(
        coverage(&leader.with("accept-language", "zh"), &round, "by=grid_cell").await["items"][1]["label"],
        "未划入网格"
    );
    assert_eq!(coverage(&leader, &round, &format!("grid_cell_id={cell}")).await["total"]["targets"], 3);
    let url = part["items"][0]["missed_url"].as_str().unwrap();
    assert_eq!(admin.get(url).await.expect(200).body["items"].as_array().unwrap().len(), 2);
    // By channel and by day a target counts where it was done, else tried last.
    let by = async |by: &str| {
        let lines = coverage(&leader.with("accept-language", "zh"), &round, &format!("by={by}")).await["items"].clone();
        let line = |line: &Json| {
            (
                line["key"].as_str().map(str::to_owned),
                line["label"].as_str().unwrap().to_owned(),
                line["targets"].as_i64().unwrap(),
            )
        };
        lines.as_array().unwrap().iter().map(line).collect::<Vec<_>>()
    };
    let line = |key: Option<&str>, label: &str, targets: i64| (key.map(str::to_owned), label.to_owned(), targets);
    assert_eq!(
        by("channel").await,
        [line(Some("home_visit"), "入户", 1), line(Some("phone"), "电话", 1), line(None, "尚未核查", 2)]
    );
    assert_eq!(by("day").await, [line(Some("2020-02-02"), "2020-02-02", 2), line(None, "尚未核查", 2)]);
    // The sheets.
    let sheet = csv(&leader, &format!("/v1/survey-rounds/{round}/missed?headers=zh")).await;
    assert_eq!(
        sheet[0][..9],
        ["区划代码", "区划", "网格", "十户组", "小区(院落)", "门牌号", "姓名", "核查状态", "责任人"]
    );
    let refused = sheet.iter().find(|row| row[7] == "拒绝").unwrap();
    assert_eq!(
        refused[..11],
        [
            VILLAGE,
            "龙溪社区居委会",
            "龙溪一网格",
            "一组",
            "",
            "1-1",
            "张**",
            "拒绝",
            "组长老王",
            "1",
            "2020-02-02 10:00:00"
        ]
    );
    assert_eq!(sheet.len(), 4, "{sheet:?}");
    let noted = app.rows("SELECT details ->> 'count' AS count FROM audit_log WHERE verb = 'export.begin'").await;
    assert_eq!(noted.into_iter().next().and_then(|mut row| row.text("count")).as_deref(), Some("3"));
    let persons = csv(&leader, &format!("/v1/survey-rounds/{round}/missed?what=persons&headers=zh")).await;
    assert_eq!(persons.len(), 3, "a row a person: {persons:?}");
    for path in ["missed", "missed?what=persons", "coverage?by=channel"] {
        let book = leader.with("accept", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet");
        let (status, _, bytes) = book.download(&format!("/v1/survey-rounds/{round}/{path}")).await;
        assert_eq!(status, 200, "{path}");
        let mut workbook: calamine::Xlsx<_> = calamine::open_workbook_from_rs(std::io::Cursor::new(bytes)).unwrap();
        let sheet = calamine::Reader::worksheet_range_at(&mut workbook, 0).unwrap().unwrap();
        assert!(sheet.height() >= 3, "{path}: {}", sheet.height());
    }
    // Unchanged: nothing is counted.
    let path = format!("/v1/survey-rounds/{round}/coverage?by=area");
    let tag = leader.get(&path).await.expect(200).header("etag").to_owned();
    assert_eq!(leader.with("if-none-match", &tag).get(&path).await.status, 304);
    // A cadre of the next village works in the round as well, and sees nothing of this one.
    let neighbour = app.actor(Role::VillageCadre, "顺路社区居委会").await;
    let theirs = coverage(&neighbour, &round, "").await["total"].clone();
    assert_eq!((&theirs["targets"], &theirs["additional"]), (&json!(0), &json!(1)));
    assert!(targets(&neighbour, &round, "").await.is_empty());
    let (_, _, bytes) =
        neighbour.with("accept", "text/csv").download(&format!("/v1/survey-rounds/{round}/missed")).await;
    assert_eq!(String::from_utf8(bytes).unwrap().lines().count(), 1);
}

#[tokio::test]
async fn whoever_alters_a_list_or_a_standing_is_found() {
    let (app, admin) = begun().await;
    let (one, two) = (household(&admin, "1-1").await, household(&admin, "1-2").await);
    let person = member(&admin, &one, 1).await;
    let ended = household(&admin, "1-3").await;
    let twin = household(&admin, "1-4").await;
    let of_twin = member(&admin, &twin, 2).await;
    admin.post(&format!("/v1/households/{twin}:merge"), &json!({"into_id": two, "reason": "同一户"})).await.expect(200);
    let round = started(&admin, json!({})).await;
    // Members of a household that is another's belong to that one.
    let of_two = target(&admin, &round, &two).await;
    assert_eq!((&of_two["members"][0]["person_id"], of_two["members"].as_array().unwrap().len()), (&json!(of_twin), 1));
    // The register goes on: the list is that of the start, and stays provable.
    let end = json!({"ended_on": "2020-02-02", "end_reason": "moved_out"});
    admin.patch(&format!("/v1/households/{ended}"), "\"1\"", &end).await.expect(200);
    household(&admin, "1-5").await;
    admin.post(&format!("/v1/households/{twin}:unmerge"), &json!({"reason": "两户"})).await.expect(200);
    admin
        .post("/v1/household-members", &json!({"household_id": two, "person_id": person, "since_on": "2020-02-01"}))
        .await
        .expect(201);
    let mut seen = visit(&round, &one, "reached", "09:00");
    seen["members"] = json!([told(&person, "present")]);
    post(&admin, &seen).await;
    holds(&app).await;
    let found = async || match verify(&app.core, |_, _| {}).await {
        Err(VerifyError::Finding(finding)) => finding,
        other => panic!("{other:?}"),
    };
    for (table, alteration, what) in [
        ("survey_targets", format!("DELETE FROM survey_targets WHERE target_id = '{two}'"), "its list"),
        ("survey_targets", "UPDATE survey_targets SET area_code = '511802005002'".to_owned(), "its list"),
        ("survey_target_persons", "DELETE FROM survey_target_persons".to_owned(), "the persons of its list"),
        ("survey_tellings", "UPDATE survey_tellings SET result = 'refused'".to_owned(), "of whom its visits tell"),
        (
            "survey_standings",
            "UPDATE survey_standings SET state = 'done', done_as = 'reached'".to_owned(),
            "how its targets stand",
        ),
        ("survey_standings", "DELETE FROM survey_standings".to_owned(), "how its targets stand"),
    ] {
        app.sql(&format!("CREATE TABLE kept AS TABLE {table}; {alteration}")).await;
        let finding = found().await;
        assert_eq!(
            finding,
            Finding::Kept("511802".into(), "survey_rounds", round.parse().unwrap(), what),
            "{alteration}"
        );
        app.sql(&format!("DELETE FROM {table}; INSERT INTO {table} SELECT * FROM kept; DROP TABLE kept")).await;
        holds(&app).await;
    }
    // The digest stands in the ledger itself.
    app.sql("CREATE TABLE kept AS TABLE survey_rounds; UPDATE survey_rounds SET frozen = jsonb_set(frozen, '{digest}', '\"00\"')").await;
    assert!(matches!(found().await, Finding::Altered { kind, .. } if kind == "survey_rounds"));
    app.sql("UPDATE survey_rounds SET frozen = k.frozen FROM kept AS k; DROP TABLE kept").await;
    // All that is kept beside the ledger can be made anew from it.
    app.sql("DELETE FROM survey_targets; DELETE FROM survey_target_persons; DELETE FROM survey_tellings; DELETE FROM survey_standings; DELETE FROM survey_standing_heads").await;
    lianfang::rooms::households::remake(&app.core, "511802").await.unwrap();
    holds(&app).await;
    assert_eq!(total(&admin, &round).await["done"], 1);
}

#[tokio::test]
async fn after_the_start_only_the_name_and_a_later_end_change() {
    let (_app, admin) = begun().await;
    household(&admin, "1-1").await;
    let round = started(&admin, json!({})).await;
    let path = format!("/v1/survey-rounds/{round}");
    let tag = admin.get(&path).await.expect(200).header("etag").to_owned();
    for patch in [
        json!({"area_code": NEXT_VILLAGE}),
        json!({"channels": ["phone"]}),
        json!({"theme": "re_control"}),
        json!({"due_at": "2020-02-02T20:00:00+08:00"}),
    ] {
        assert_eq!(admin.patch(&path, &tag, &patch).await.expect(422).faults()[0].1, "round_started", "{patch}");
    }
    let visit = visit(&round, &Uuid::now_v7().to_string(), "reached", "09:00");
    assert_eq!(admin.post("/v1/survey-visits", &visit).await.expect(422).faults()[0].1, "unknown_reference");
    admin.patch(&path, &tag, &json!({"name": "延期", "due_at": "2020-02-05T20:00:00+08:00"})).await.expect(200);
}
