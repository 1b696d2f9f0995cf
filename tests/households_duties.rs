//! Duties of those who look after households, and the gaps that they leave: shares of rounds, leaders of groups, those
//! found ill, key people.

use lianfang::platform::access::Role;
use lianfang::rooms::duties as worker;
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::duties::{duties, states};
use crate::isolation_cases::{set_clock, work};
use crate::shifts::make;
use crate::support::{Actor, TestApp, fake_resident_id};

const VILLAGE: &str = "511802005001";
const NEXT_VILLAGE: &str = "511802005002";
const VILLAGE_NAME: &str = "龙溪社区居委会";
const NEXT_VILLAGE_NAME: &str = "顺路社区居委会";

async fn app(at: &str) -> (TestApp, Actor) {
    let app = TestApp::start().await;
    set_clock(&app, at);
    let admin = app.administrator().await;
    (app, admin)
}

/// Time passes, and the worker looks.
async fn at(app: &TestApp, at: &str) -> Actor {
    set_clock(app, at);
    work(app).await;
    app.administrator().await
}

async fn household(actor: &Actor, door: &str, more: Json) -> String {
    let mut body = json!({"area_code": VILLAGE, "door": door});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    make(actor, "households", body).await
}

async fn person(actor: &Actor, sequence: u32, more: Json) -> String {
    let mut body = json!({"name": "张三", "document_type": "resident_id", "document_number": fake_resident_id(sequence), "area_code": VILLAGE});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    make(actor, "people", body).await
}

async fn moves_in(actor: &Actor, household: &str, person: &str, since_on: &str) -> String {
    let body = json!({"household_id": household, "person_id": person, "since_on": since_on});
    make(actor, "household-members", body).await
}

async fn amend(actor: &Actor, path: &str, patch: Json) -> Json {
    let tag = actor.get(path).await.expect(200).header("etag").to_owned();
    actor.patch(path, &tag, &patch).await.expect(200).body
}

async fn void(actor: &Actor, path: &str) {
    actor.post(&format!("{path}:void"), &json!({"reason": "录错"})).await.expect(200);
}

/// A round of the village that runs.
async fn running(actor: &Actor, starts_at: &str, due_at: &str) -> String {
    let body = json!({"area_code": VILLAGE, "name": "第二轮", "series": "households", "target": "households", "starts_at": starts_at, "due_at": due_at});
    let id = make(actor, "survey-rounds", body).await;
    actor.post(&format!("/v1/survey-rounds/{id}:start"), &json!({})).await.expect(200);
    id
}

async fn visit(actor: &Actor, round: &str, household: &str, result: &str, at: &str) -> String {
    let body = json!({"round_id": round, "household_id": household, "occurred_at": at, "channel": "home_visit", "result": result});
    make(actor, "survey-visits", body).await
}

async fn shares(actor: &Actor) -> Vec<Json> {
    duties(actor, "duty_kind=survey_share").await
}

async fn share_of(actor: &Actor, subject: &str) -> Json {
    let found = shares(actor).await.into_iter().find(|duty| duty["subject_id"] == subject);
    found.unwrap_or_else(|| panic!("no share of {subject}"))
}

async fn items(actor: &Actor, path: &str) -> Vec<Json> {
    actor.get(path).await.expect(200).body["items"].as_array().unwrap().clone()
}

#[tokio::test]
async fn each_share_of_a_round_is_whose_it_is() {
    // Started at night: it can be done from the morning on, and is due then.
    let (app, admin) = app("2020-01-31T23:00:00+08:00").await;
    let cadre = app.actor(Role::VillageCadre, VILLAGE_NAME).await;
    let leader = app.actor(Role::GroupCadre, VILLAGE_NAME).await;
    let grid = app.actor(Role::GridWorker, VILLAGE_NAME).await;
    let cell = make(
        &admin,
        "grid-cells",
        json!({"code": "LX-01", "name": "龙溪一网格", "area_code": VILLAGE, "worker_user_ids": [grid.id]}),
    )
    .await;
    let group = make(
        &admin,
        "household-groups",
        json!({"area_code": VILLAGE, "name": "3栋联户组", "leader_user_id": leader.id}),
    )
    .await;
    let mut grouped = Vec::new();
    for door in ["3-1-101", "3-1-102", "3-1-103"] {
        grouped.push(household(&admin, door, json!({"household_group_id": group})).await);
    }
    let of_cell = household(&admin, "4-1-101", json!({"grid_cell_id": cell})).await;
    let alone = household(&admin, "5-1-101", json!({})).await;
    let round = running(&admin, "2020-02-01T08:00:00+08:00", "2020-02-01T20:00:00+08:00").await;
    // Two processes that work at once make each once.
    let other = app.another().await;
    set_clock(&other, "2020-01-31T23:00:00+08:00");
    let (one, two) = tokio::join!(worker::look_after(&app.core), worker::look_after(&other.core));
    one.unwrap();
    two.unwrap();
    work(&app).await;
    let all = shares(&admin).await;
    assert_eq!(all.len(), 3, "{all:?}");
    for duty in &all {
        assert_eq!(
            (&duty["line"], &duty["state"], &duty["area_code"]),
            (&json!("grid"), &json!("open"), &json!(VILLAGE))
        );
        assert_eq!(duty["cause_id"], round);
        assert!(duty["opens_at"].as_str().unwrap().starts_with("2020-02-01T08:00"), "{duty}");
        assert!(duty["due_at"].as_str().unwrap().starts_with("2020-02-01T20:00"), "{duty}");
    }
    let told = |duty: &Json| (duty["subject_kind"].clone(), duty["assignee_id"].clone());
    assert_eq!(told(&share_of(&admin, &group).await), (json!("household_groups"), json!(leader.id)));
    assert_eq!(told(&share_of(&admin, &cell).await), (json!("grid_cells"), json!(grid.id)));
    assert_eq!(told(&share_of(&admin, &round).await), (json!("survey_rounds"), json!(cadre.id)));
    assert_eq!(duties(&leader, "assignee=me&state=open").await.len(), 1);
    let neighbour = app.actor(Role::VillageCadre, NEXT_VILLAGE_NAME).await;
    assert!(shares(&neighbour).await.is_empty());
    // Whoever looks again writes nothing.
    let written = async || {
        app.rows("SELECT count(*) AS n FROM ledger_changes WHERE kind = 'duties'").await.remove(0).integer("n")
    };
    let before = written().await;
    set_clock(&app, "2020-01-31T23:20:00+08:00");
    worker::work_once(&app.core, Uuid::now_v7()).await.unwrap();
    worker::work_once(&other.core, Uuid::now_v7()).await.unwrap();
    work(&app).await;
    assert_eq!(written().await, before);

    let admin = at(&app, "2020-02-01T12:00:00+08:00").await;
    for (household, result, hour) in [(0, "reached", "09"), (1, "refused", "10"), (2, "not_reached", "11")] {
        visit(&admin, &round, &grouped[household], result, &format!("2020-02-01T{hour}:00:00+08:00")).await;
    }
    work(&app).await;
    assert_eq!(share_of(&admin, &group).await["state"], "open", "one was tried in vain");
    let last = visit(&admin, &round, &grouped[2], "vacant", "2020-02-01T11:30:00+08:00").await;
    visit(&admin, &round, &grouped[0], "not_reached", "2020-02-01T11:50:00+08:00").await;
    work(&app).await;
    let done = share_of(&admin, &group).await;
    assert_eq!((&done["state"], &done["proof"]), (&json!("done"), &json!({"kind": "survey_visits", "id": last})));
    void(&admin, &format!("/v1/survey-visits/{last}")).await;
    work(&app).await;
    let open = share_of(&admin, &group).await;
    assert_eq!((&open["state"], &open["proof"]), (&json!("open"), &Json::Null));
    // The day is over: what nobody did goes up to the village, and a phone's visit that comes late says so.
    let in_time = visit(&admin, &round, &of_cell, "reached", "2020-02-01T11:00:00+08:00").await;
    work(&app).await;
    let admin = at(&app, "2020-02-01T20:01:00+08:00").await;
    assert_eq!(share_of(&admin, &cell).await["proof"]["id"], in_time);
    let missed = share_of(&admin, &group).await;
    assert_eq!(
        (&missed["state"], &missed["escalated_to"], &missed["escalated_to_id"]),
        (&json!("missed"), &json!("village"), &json!(cadre.id))
    );
    let told_late = visit(&admin, &round, &grouped[2], "reached", "2020-02-01T18:00:00+08:00").await;
    let late = visit(&admin, &round, &alone, "reached", "2020-02-01T20:00:30+08:00").await;
    work(&app).await;
    let reported = share_of(&admin, &group).await;
    assert_eq!(
        (&reported["proof"]["id"], &reported["late"], &reported["reported_late"]),
        (&json!(told_late), &json!(false), &json!(true))
    );
    let done_late = share_of(&admin, &round).await;
    assert_eq!((&done_late["proof"]["id"], &done_late["late"]), (&json!(late), &json!(true)));
    let summary = admin.get("/v1/duties/summary?by=line&from_on=2020-02-01").await.expect(200).body;
    let grid = summary["items"].as_array().unwrap().iter().find(|line| line["key"] == "grid").unwrap().clone();
    assert_eq!(
        (&grid["expected"], &grid["done"], &grid["reported_late"]),
        (&json!(3), &json!(3), &json!(1)),
        "{summary}"
    );
    let completeness = admin.get("/v1/stats/completeness?from_on=2020-02-01&by=kind").await.expect(200).body;
    let kinds = completeness["items"].as_array().unwrap();
    let shares = kinds.iter().find(|item| item["key"] == "survey_share").unwrap();
    assert_eq!((&shares["expected"], &shares["late"]), (&json!(3), &json!(1)), "{completeness}");
}

#[tokio::test]
async fn a_round_that_ends_or_goes_on_takes_its_shares_along() {
    let (app, admin) = app("2020-02-01T07:00:00+08:00").await;
    let cadre = app.actor(Role::VillageCadre, VILLAGE_NAME).await;
    let home = household(&admin, "1-1", json!({})).await;
    let (starts, due) = ("2020-02-01T08:00:00+08:00", "2020-02-01T20:00:00+08:00");
    let cancelled = running(&admin, starts, due).await;
    let extended = running(&admin, starts, due).await;
    let closed = running(&admin, starts, due).await;
    let voided = running(&admin, starts, due).await;
    work(&app).await;
    assert_eq!(states(&shares(&admin).await, "survey_share"), ["open"; 4]);
    admin.post(&format!("/v1/survey-rounds/{cancelled}:cancel"), &json!({"reason": "范围有误"})).await.expect(200);
    void(&admin, &format!("/v1/survey-rounds/{voided}")).await;
    amend(&admin, &format!("/v1/survey-rounds/{extended}"), json!({"due_at": "2020-02-02T20:00:00+08:00"})).await;
    work(&app).await;
    let told = async |round: &str| {
        let duty = share_of(&admin, round).await;
        (duty["state"].as_str().unwrap().to_owned(), duty["waiver"].as_str().unwrap_or_default().to_owned())
    };
    assert_eq!(told(&cancelled).await, ("waived".to_owned(), "lapsed".to_owned()));
    assert_eq!(told(&voided).await, ("waived".to_owned(), "cause_voided".to_owned()));
    assert!(share_of(&admin, &extended).await["due_at"].as_str().unwrap().starts_with("2020-02-02T20:00"));
    // A round taken back asks again.
    admin.post(&format!("/v1/survey-rounds/{voided}:restore"), &json!({"reason": "误作废"})).await.expect(200);
    work(&app).await;
    assert_eq!(told(&voided).await.0, "open");
    // Given on by hand it stays with whom it was given to, also when the round's end moves.
    let other = app.actor(Role::GridWorker, VILLAGE_NAME).await;
    let duty = share_of(&admin, &extended).await;
    assert_eq!(duty["assignee_id"], json!(cadre.id));
    admin
        .post(&format!("/v1/duties/{}:hand-over", duty["id"].as_str().unwrap()), &json!({"assignee_id": other.id}))
        .await
        .expect(200);
    amend(&admin, &format!("/v1/survey-rounds/{extended}"), json!({"due_at": "2020-02-03T20:00:00+08:00"})).await;
    work(&app).await;
    let kept = share_of(&admin, &extended).await;
    assert_eq!(kept["assignee_id"], json!(other.id), "{kept}");
    assert!(kept["due_at"].as_str().unwrap().starts_with("2020-02-03"), "{kept}");
    // Whoever leaves hands on what is open, and the next pass finds who answers.
    let user = format!("/v1/users/{}", other.id);
    let tag = admin.get(&user).await.expect(200).header("etag").to_owned();
    let gone = admin.patch(&user, &tag, &json!({"active": false})).await;
    assert_eq!(gone.status, 200, "{}", gone.body);
    work(&app).await;
    assert_eq!(share_of(&admin, &extended).await["assignee_id"], json!(cadre.id));
    // Closed before its time: due then; a visit made before that and told later counts, and says so.
    let admin = at(&app, "2020-02-01T15:00:00+08:00").await;
    admin.post(&format!("/v1/survey-rounds/{closed}:close"), &json!({})).await.expect(200);
    work(&app).await;
    let admin = at(&app, "2020-02-01T15:01:00+08:00").await;
    assert_eq!(share_of(&admin, &closed).await["state"], "missed");
    visit(&admin, &closed, &home, "reached", "2020-02-01T14:30:00+08:00").await;
    work(&app).await;
    let done = share_of(&admin, &closed).await;
    assert_eq!((&done["state"], &done["late"], &done["reported_late"]), (&json!("done"), &json!(false), &json!(true)));
}

#[tokio::test]
async fn a_group_needs_a_leader_who_lives_in_it() {
    let (app, admin) = app("2020-02-01T08:00:00+08:00").await;
    let cadre = app.actor(Role::VillageCadre, VILLAGE_NAME).await;
    let neighbour = app.actor(Role::VillageCadre, NEXT_VILLAGE_NAME).await;
    let group = make(&admin, "household-groups", json!({"area_code": VILLAGE, "name": "一组"})).await;
    let other = make(&admin, "household-groups", json!({"area_code": VILLAGE, "name": "二组"})).await;
    let gaps = async |actor: &Actor, gap: &str| items(actor, &format!("/v1/household-groups/gaps?gap={gap}")).await;
    let ids = |items: &[Json]| -> Vec<String> {
        items.iter().map(|item| item["household_group_id"].as_str().unwrap().to_owned()).collect()
    };
    work(&app).await;
    let asked = duties(&cadre, "duty_kind=group_leader").await;
    assert_eq!(asked.len(), 2);
    assert_eq!((&asked[0]["line"], &asked[0]["assignee_id"]), (&json!("village"), &json!(cadre.id)));
    assert!(asked[0]["due_at"].as_str().unwrap().starts_with("2020-02-02T08:00"), "{asked:?}");
    assert!(duties(&neighbour, "duty_kind=group_leader").await.is_empty());
    assert_eq!(gaps(&cadre, "no_leader").await.len(), 2);
    assert_eq!(gaps(&cadre, "no_leader").await[0]["closed_by_id"], json!(cadre.id));
    assert!(gaps(&neighbour, "no_leader").await.is_empty());

    let home = household(&admin, "1-1", json!({"household_group_id": group})).await;
    let elsewhere = household(&admin, "1-2", json!({"household_group_id": other})).await;
    let leader = person(&admin, 1, json!({})).await;
    moves_in(&admin, &home, &leader, "2020-01-10").await;
    amend(&admin, &format!("/v1/household-groups/{group}"), json!({"leader_person_id": leader})).await;
    work(&app).await;
    let of_group = async |admin: &Actor| -> Vec<(String, Json)> {
        let own = duties(admin, "duty_kind=group_leader").await.into_iter().filter(|duty| duty["subject_id"] == group);
        own.map(|duty| (duty["state"].as_str().unwrap().to_owned(), duty["proof"].clone())).collect()
    };
    assert_eq!(of_group(&admin).await, [("done".to_owned(), json!({"kind": "household_groups", "id": group}))]);
    assert_eq!(ids(&gaps(&admin, "no_leader").await), [other.clone()]);
    // The leader moves to a household of the other group: a gap at the next read, a duty at the next pass.
    set_clock(&app, "2020-02-03T09:00:00+08:00");
    let admin = app.administrator().await;
    let moved = moves_in(&admin, &elsewhere, &leader, "2020-02-03").await;
    let gap = gaps(&admin, "leader_not_member").await;
    assert_eq!((ids(&gap), &gap[0]["leader_name"]), (vec![group.clone()], &json!("张*")));
    work(&app).await;
    assert_eq!(of_group(&admin).await.iter().map(|(state, _)| state.as_str()).collect::<Vec<_>>(), ["done", "open"]);
    // The membership was a mistake: the leader lives there again.
    void(&admin, &format!("/v1/household-members/{moved}")).await;
    work(&app).await;
    assert!(gaps(&admin, "leader_not_member").await.is_empty());
    assert_eq!(of_group(&admin).await.iter().map(|(state, _)| state.as_str()).collect::<Vec<_>>(), ["done", "done"]);
    // Whoever turned out to be another, and a household that turned out to be another, are that one.
    let twin = make(
        &admin,
        "people",
        json!({"name": "张三", "document_type": "passport", "document_number": "E12345678", "area_code": VILLAGE}),
    )
    .await;
    admin.post(&format!("/v1/people/{leader}:merge"), &json!({"into_id": twin, "reason": "同一人"})).await.expect(200);
    let same = household(&admin, "1-1甲", json!({"household_group_id": group})).await;
    admin
        .post(&format!("/v1/households/{home}:merge"), &json!({"into_id": same, "reason": "同一户"}))
        .await
        .expect(200);
    work(&app).await;
    assert!(gaps(&admin, "leader_not_member").await.is_empty());
    // A group that isn't used any more asks for nobody.
    amend(&admin, &format!("/v1/household-groups/{other}"), json!({"active": false})).await;
    work(&app).await;
    let all = duties(&admin, "duty_kind=group_leader&state=missed").await;
    assert_eq!(all.len(), 1, "what was missed was: {all:?}");
    assert!(gaps(&admin, "no_leader").await.is_empty());
}

#[tokio::test]
async fn gaps_of_groups_and_households_are_told_by_page() {
    let (app, admin) = app("2020-02-01T08:00:00+08:00").await;
    let cadre = app.actor(Role::VillageCadre, VILLAGE_NAME).await;
    let group = make(&admin, "household-groups", json!({"area_code": VILLAGE, "name": "一组"})).await;
    for number in 0..3 {
        household(&admin, &format!("1-{number}"), json!({"household_group_id": group})).await;
    }
    for number in 0..3 {
        household(&admin, &format!("2-{number}"), json!({})).await;
    }
    let path = "/v1/household-groups/gaps?gap=ungrouped&limit=2";
    let first = cadre.get(path).await.expect(200).body;
    let next = first["next_cursor"].as_str().unwrap();
    let second = cadre.get(&format!("{path}&cursor={next}")).await.expect(200).body;
    assert_eq!((first["items"].as_array().unwrap().len(), second["items"].as_array().unwrap().len()), (2, 1));
    assert_eq!(second["next_cursor"], Json::Null);
    assert!(first["items"][0]["door"].as_str().unwrap().starts_with("2-"), "{first}");
    assert!(items(&cadre, "/v1/household-groups/gaps?gap=over_full").await.is_empty());
    // A narrower policy comes into force: the group is over full, nobody is put out.
    make(
        &admin,
        "household-group-policies",
        json!({"area_code": "511802", "effective_on": "2020-02-01", "max_households": 2, "basis": "区指挥部"}),
    )
    .await;
    let full = items(&cadre, "/v1/household-groups/gaps?gap=over_full").await;
    assert_eq!((&full[0]["households"], &full[0]["max_households"], full.len()), (&json!(3), &json!(2), 1));
    // The group is in no cell: told once, not household by household; those without a group each.
    let without = items(&cadre, "/v1/household-groups/gaps?gap=no_grid_cell").await;
    assert_eq!((without.len(), without.iter().filter(|item| item["household_id"].is_null()).count()), (4, 1));
    let area = format!("/v1/household-groups/gaps?gap=ungrouped&area_code={NEXT_VILLAGE}");
    assert!(items(&admin, &area).await.is_empty());
    assert_eq!(admin.get("/v1/household-groups/gaps").await.expect(422).faults()[0].1, "required");
    admin.get("/v1/household-groups/gaps?gap=in_list_unregistered").await.expect(400);
    let neighbour = app.actor(Role::VillageCadre, NEXT_VILLAGE_NAME).await;
    assert!(items(&neighbour, "/v1/household-groups/gaps?gap=ungrouped").await.is_empty());
    // Rules in force can be read, also where the district says nothing.
    let rules = admin.get("/v1/care-policies/in-force").await.expect(200).body;
    assert_eq!((&rules["max_households"], rules["care"].as_array().unwrap().len()), (&json!(2), 5), "{rules}");
    let before = admin.get("/v1/care-policies/in-force?on=2020-01-30").await.expect(200).body;
    assert_eq!(
        (&before["max_households"], &before["max_households_basis"]),
        (&json!(10), &json!("八步镇防控工作要求"))
    );
    assert_eq!(admin.get("/v1/care-policies/in-force?on=2020-01-20").await.expect(200).body["care"], json!([]));
}

#[tokio::test]
async fn whoever_a_survey_finds_ill_is_looked_at() {
    let (app, admin) = app("2020-02-02T12:00:00+08:00").await;
    let nurse = app.health_worker("大兴街道").await;
    let home = household(&admin, "1-1", json!({})).await;
    let (ill, well) = (person(&admin, 1, json!({})).await, person(&admin, 2, json!({})).await);
    for who in [&ill, &well] {
        moves_in(&admin, &home, who, "2020-01-10").await;
    }
    let told = json!({"household_id": home, "occurred_at": "2020-02-02T11:58:00+08:00", "channel": "home_visit", "result": "reached",
        "members": [{"person_id": ill, "status": "present", "temperature_c": "38.4"}, {"person_id": well, "status": "present", "temperature_c": "36.5"}]});
    let first = make(&admin, "survey-visits", told.clone()).await;
    work(&app).await;
    let checks = async |actor: &Actor| duties(actor, "duty_kind=symptom_check").await;
    let asked = checks(&nurse).await;
    assert_eq!(asked.len(), 1, "{asked:?}");
    assert_eq!(
        (&asked[0]["line"], &asked[0]["subject_id"], &asked[0]["cause_id"]),
        (&json!("health_center"), &json!(ill), &json!(first))
    );
    assert_eq!(asked[0]["assignee_id"], json!(nurse.id), "the only one there");
    assert!(asked[0]["due_at"].as_str().unwrap().starts_with("2020-02-02T15:58"), "{asked:?}");
    assert!(checks(&app.health_worker("八步镇").await).await.is_empty());
    let reading = |who: &str, at: &str| json!({"person_id": who, "area_code": VILLAGE, "temperature_c": "36.6", "occurred_at": at});
    make(&admin, "temperature-readings", reading(&ill, "2020-02-02T11:50:00+08:00")).await;
    make(&admin, "temperature-readings", reading(&well, "2020-02-02T11:59:00+08:00")).await;
    work(&app).await;
    assert_eq!(checks(&admin).await[0]["state"], "open", "before it, and of somebody else");
    let measured = make(&admin, "temperature-readings", reading(&ill, "2020-02-02T11:59:30+08:00")).await;
    work(&app).await;
    assert_eq!(checks(&admin).await[0]["proof"], json!({"kind": "temperature_readings", "id": measured}));
    void(&admin, &format!("/v1/temperature-readings/{measured}")).await;
    work(&app).await;
    assert_eq!(checks(&admin).await[0]["state"], "open");
    // A cadre's second look is none of a health worker; a nurse's is, whichever id the person goes by.
    let again = |at: &str| json!({"household_id": home, "occurred_at": at, "channel": "home_visit", "result": "reached", "members": [{"person_id": ill, "status": "present", "temperature_c": "36.8"}]});
    make(&admin, "survey-visits", again("2020-02-02T12:00:30+08:00")).await;
    work(&app).await;
    assert_eq!(checks(&admin).await[0]["state"], "open");
    let by_nurse = make(&nurse, "survey-visits", again("2020-02-02T12:01:00+08:00")).await;
    let twin = make(
        &admin,
        "people",
        json!({"name": "张三", "document_type": "passport", "document_number": "E12345678", "area_code": VILLAGE}),
    )
    .await;
    admin.post(&format!("/v1/people/{ill}:merge"), &json!({"into_id": twin, "reason": "同一人"})).await.expect(200);
    work(&app).await;
    assert_eq!(checks(&admin).await[0]["proof"], json!({"kind": "survey_visits", "id": by_nurse}));
    void(&admin, &format!("/v1/survey-visits/{by_nurse}")).await;
    work(&app).await;
    assert_eq!(checks(&admin).await[0]["state"], "open");
    // The visit was a mistake: nothing is expected. Nobody named: the household is looked at.
    void(&admin, &format!("/v1/survey-visits/{first}")).await;
    let vague = json!({"household_id": home, "occurred_at": "2020-02-02T12:00:40+08:00", "channel": "phone", "result": "reached", "health": "symptomatic"});
    make(&admin, "survey-visits", vague).await;
    work(&app).await;
    let all = checks(&admin).await;
    let by = |kind: &str| all.iter().find(|duty| duty["subject_kind"] == kind).unwrap();
    assert_eq!((&by("people")["state"], &by("people")["waiver"]), (&json!("waived"), &json!("cause_voided")));
    assert_eq!((&by("households")["state"], &by("households")["subject_id"]), (&json!("open"), &json!(home)));
    let case = json!({"person_id": well, "area_code": VILLAGE, "categories": ["close_contact"], "anchor": "last_exposure", "anchored_on": "2020-02-01"});
    set_clock(&app, "2020-02-02T12:30:00+08:00");
    make(&app.administrator().await, "isolation-cases", case).await;
    // Nobody looks: it is missed and goes up.
    let admin = at(&app, "2020-02-02T12:31:00+08:00").await;
    let all = checks(&admin).await;
    assert_eq!(
        all.iter().find(|duty| duty["subject_kind"] == "households").unwrap()["proof"]["kind"],
        "isolation_cases"
    );
}

fn category(name: &str, since_on: &str) -> Json {
    json!({"category": name, "since_on": since_on, "source": "排查"})
}

#[tokio::test]
async fn a_key_person_is_cared_for_within_a_day() {
    let (app, admin) = app("2020-02-02T12:00:00+08:00").await;
    let cadre = app.actor(Role::VillageCadre, VILLAGE_NAME).await;
    let neighbour = app.actor(Role::VillageCadre, NEXT_VILLAGE_NAME).await;
    let care = async |actor: &Actor| duties(actor, "duty_kind=key_person_care").await;
    let uncared = async |actor: &Actor| items(actor, "/v1/gaps?gap=uncared").await;
    let two =
        json!({"categories": [category("hubei_returnee", "2020-01-30"), category("close_contact", "2020-02-01")]});
    let key = person(&admin, 1, two).await;
    let daily = person(&admin, 2, json!({"categories": [category("outside_city_returnee", "2020-02-01")]})).await;
    person(&admin, 3, json!({"categories": [category("recovered", "2020-02-01")]})).await;
    person(&admin, 4, json!({"categories": [category("hubei_returnee", "2020-01-05")]})).await;
    work(&app).await;
    let asked = care(&cadre).await;
    assert_eq!(asked.len(), 2, "one a person; none without care, none whose days are over: {asked:?}");
    assert_eq!(
        (&asked[0]["line"], &asked[0]["assignee_id"], &asked[0]["state"]),
        (&json!("village"), &json!(cadre.id), &json!("open"))
    );
    assert!(asked[0]["due_at"].as_str().unwrap().starts_with("2020-02-03T12:00"), "{asked:?}");
    assert!(care(&neighbour).await.is_empty());
    let gaps = uncared(&cadre).await;
    assert_eq!(gaps.len(), 2);
    let of = |gaps: &[Json], who: &str| gaps.iter().find(|gap| gap["person_id"] == who).cloned().unwrap_or_default();
    let gap = of(&gaps, &key);
    assert_eq!(
        (&gap["reasons"], &gap["care"], &gap["name"]),
        (&json!(["no_case"]), &json!("isolation"), &json!("张*"))
    );
    assert_eq!(gap["categories"], json!(["close_contact", "hubei_returnee"]));
    assert_eq!((&gap["closed_by_line"], &gap["closed_by_id"]), (&json!("village"), &json!(cadre.id)));
    assert_eq!(of(&gaps, &daily)["reasons"], json!(["no_reading"]));
    assert!(uncared(&neighbour).await.is_empty());
    assert!(uncared(&app.actor(Role::Volunteer, VILLAGE_NAME).await).await.is_empty());

    // A reading is enough for whom it is asked of; observation at home needs a case.
    let reading = |who: &str| json!({"person_id": who, "area_code": VILLAGE, "temperature_c": "36.6"});
    make(&admin, "temperature-readings", reading(&daily)).await;
    make(&admin, "temperature-readings", reading(&key)).await;
    work(&app).await;
    let state = async |admin: &Actor, who: &str| {
        let all = care(admin).await;
        let own: Vec<&Json> = all.iter().filter(|duty| duty["subject_id"] == who).collect();
        own.iter().map(|duty| duty["state"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(
        (state(&admin, &daily).await, state(&admin, &key).await),
        (vec!["done".to_owned()], vec!["open".to_owned()])
    );
    let supervisors: Vec<Json> = ["town", "village", "group", "health_center"]
        .iter()
        .map(|level| json!({"level": level, "name": "某某"}))
        .collect();
    let case = json!({"person_id": key, "area_code": VILLAGE, "categories": ["hubei_returnee"], "anchor": "departure", "anchored_on": "2020-01-30", "supervisors": supervisors});
    let case = make(&admin, "isolation-cases", case).await;
    work(&app).await;
    let proven = care(&admin).await.into_iter().find(|duty| duty["subject_id"] == key).unwrap();
    assert_eq!(proven["proof"], json!({"kind": "isolation_cases", "id": case}));
    let step = json!({"case_id": case, "to": "notified", "area_code": VILLAGE});
    admin.post("/v1/isolation-case-transitions", &step).await;
    let admin = at(&app, "2020-02-03T12:30:00+08:00").await;
    let cadre = app.actor(Role::VillageCadre, VILLAGE_NAME).await;
    let gaps = uncared(&cadre).await;
    assert!(of(&gaps, &daily).is_null(), "measured yesterday: {gaps:?}");
    let reasons = of(&gaps, &key)["reasons"].clone();
    assert!([json!(["no_case"]), json!(["supervisors_missing"])].contains(&reasons), "{gaps:?}");

    // The twin of somebody with a duty has none of its own; what is found out about both is one.
    let twin = json!({"name": "张三", "document_type": "passport", "document_number": "E12345678", "area_code": VILLAGE, "categories": [category("hubei_returnee", "2020-02-02")]});
    let twin = make(&admin, "people", twin).await;
    work(&app).await;
    assert_eq!(state(&admin, &twin).await, ["open"]);
    admin.post(&format!("/v1/people/{twin}:merge"), &json!({"into_id": key, "reason": "同一人"})).await.expect(200);
    work(&app).await;
    assert_eq!(
        (state(&admin, &twin).await, state(&admin, &key).await),
        (vec!["waived".to_owned()], vec!["done".to_owned()])
    );
    // A category that ends, and a policy that asks nothing any more, cancel what is open.
    let (ends, asks) = (
        person(&admin, 5, json!({"categories": [category("close_contact", "2020-02-03")]})).await,
        person(&admin, 6, json!({"categories": [category("hubei_returnee_contact", "2020-02-03")]})).await,
    );
    work(&app).await;
    assert_eq!(
        (state(&admin, &ends).await, state(&admin, &asks).await),
        (vec!["open".to_owned()], vec!["open".to_owned()])
    );
    let mut over = category("close_contact", "2020-02-02");
    over["until_on"] = "2020-02-02".into();
    amend(&admin, &format!("/v1/people/{ends}"), json!({"categories": [over]})).await;
    make(&admin, "care-policies", json!({"area_code": "511802", "effective_on": "2020-02-03", "category": "hubei_returnee_contact", "care": "none", "window_days": 0, "basis": "区指挥部"})).await;
    work(&app).await;
    assert_eq!(
        (state(&admin, &ends).await, state(&admin, &asks).await),
        (vec!["waived".to_owned()], vec!["waived".to_owned()])
    );
    // It comes into force again: one duty, open again.
    make(&admin, "care-policies", json!({"area_code": VILLAGE, "effective_on": "2020-02-03", "category": "hubei_returnee_contact", "care": "isolation", "window_days": 14, "basis": "区指挥部"})).await;
    work(&app).await;
    assert_eq!(state(&admin, &asks).await, ["open"]);
}

#[tokio::test]
async fn gaps_are_told_by_area_and_polled() {
    let (app, admin) = app("2020-02-01T12:00:00+08:00").await;
    let cadre = app.actor(Role::VillageCadre, VILLAGE_NAME).await;
    let neighbour = app.actor(Role::VillageCadre, NEXT_VILLAGE_NAME).await;
    let mut homes = Vec::new();
    for number in 0..4 {
        homes.push(household(&admin, &format!("1-{number}"), json!({})).await);
    }
    household(&admin, "9-1", json!({"area_code": NEXT_VILLAGE})).await;
    let body = json!({"area_code": "511802005", "name": "街道", "series": "households", "target": "households", "starts_at": "2020-02-01T08:00:00+08:00", "due_at": "2020-02-03T20:00:00+08:00"});
    let round = make(&admin, "survey-rounds", body).await;
    admin.post(&format!("/v1/survey-rounds/{round}:start"), &json!({})).await.expect(200);
    for (home, result) in [(0, "reached"), (1, "refused"), (2, "not_reached")] {
        visit(&admin, &round, &homes[home], result, "2020-02-01T10:00:00+08:00").await;
    }
    person(&admin, 1, json!({"categories": [category("hubei_returnee", "2020-01-30")]})).await;
    // The street's round, as the cadre of one of its villages sees it.
    let own = cadre.get("/v1/gaps?gap=unsurveyed").await.expect(200).body;
    assert_eq!(
        (&own["total"], &own["truncated"], own["items"].as_array().unwrap().len()),
        (&json!(2), &json!(false), 2)
    );
    let states: Vec<&Json> = own["items"].as_array().unwrap().iter().map(|item| &item["state"]).collect();
    assert!(states.contains(&&json!("open")) && states.contains(&&json!("attempted")), "{own}");
    assert_eq!((&own["items"][0]["closed_by_id"], &own["items"][0]["round_id"]), (&json!(cadre.id), &json!(round)));
    assert!(own["items"][0]["door"].as_str().unwrap().starts_with("1-"));
    let of_round = neighbour.get(&format!("/v1/gaps?round_id={round}")).await.expect(200).body;
    assert_eq!((&of_round["total"], &of_round["items"][0]["area_code"]), (&json!(1), &json!(NEXT_VILLAGE)));
    admin.get(&format!("/v1/gaps?round_id={}", Uuid::now_v7())).await.expect(404);
    admin.get("/v1/gaps?gap=in_list_unregistered").await.expect(400);
    let all = admin.get("/v1/gaps").await.expect(200);
    assert_eq!(all.body["total"], 4);
    let summary = admin.get("/v1/gaps/summary?area_code=511802005").await.expect(200).body;
    assert_eq!(summary["total"], json!({"unsurveyed": 3, "uncared": 1}));
    assert_eq!(
        (&summary["items"][0]["key"], &summary["items"][0]["unsurveyed"], &summary["items"][0]["uncared"]),
        (&json!(VILLAGE), &json!(2), &json!(1))
    );
    assert_eq!(cadre.get("/v1/gaps/summary").await.expect(200).body["total"], json!({"unsurveyed": 2, "uncared": 1}));
    for path in ["/v1/gaps", "/v1/gaps/summary"] {
        let tag = admin.get(path).await.expect(200).header("etag").to_owned();
        assert_eq!(admin.with("if-none-match", &tag).get(path).await.status, 304, "{path}");
        let (status, _, bytes) = admin.with("accept", "text/csv").download(path).await;
        let text = String::from_utf8(bytes).unwrap();
        assert!(status == 200 && text.contains("511802005"), "{text}");
    }
    let (_, _, bytes) = admin.with("accept", "text/csv").download("/v1/gaps?gap=uncared").await;
    let text = String::from_utf8(bytes).unwrap();
    assert!(text.contains("hubei_returnee") && text.contains("no_case") && text.contains("张*"), "{text}");
}

#[tokio::test]
async fn ten_thousand_households_cost_a_few_statements() {
    let (app, admin) = app("2020-02-01T07:00:00+08:00").await;
    let group = make(&admin, "household-groups", json!({"area_code": VILLAGE, "name": "一组"})).await;
    let home = household(&admin, "1-1", json!({"household_group_id": group})).await;
    // Copied behind the service's back: a thousand groups of ten.
    app.sql(&format!(
        "INSERT INTO household_groups SELECT (jsonb_populate_record(NULL::household_groups, to_jsonb(g) || jsonb_build_object('id', ('00000000-0000-7000-8000-' || lpad(n::text, 12, '0')), 'change_no', -n, 'personal', NULL))).* \
         FROM household_groups AS g, generate_series(1, 1000) AS n WHERE g.id = '{group}'; \
         INSERT INTO households SELECT (jsonb_populate_record(NULL::households, to_jsonb(h) || jsonb_build_object('id', gen_random_uuid(), 'change_no', -n, 'personal', NULL, 'household_group_id', ('00000000-0000-7000-8000-' || lpad((n % 1000 + 1)::text, 12, '0'))))).* \
         FROM households AS h, generate_series(1, 10000) AS n WHERE h.id = '{home}'; \
         ANALYZE household_groups, households"
    ))
    .await;
    let round = running(&admin, "2020-02-01T08:00:00+08:00", "2020-02-01T20:00:00+08:00").await;
    let so_far = || app.core.database.statements().get();
    // The service's other workers ask meanwhile, the more the slower the machine: as many as in a time like it without.
    let statements = async || {
        let (before, begun) = (so_far(), std::time::Instant::now());
        work(&app).await;
        let (asked, took) = (so_far() - before, begun.elapsed());
        let (before, alike) = (so_far(), took.min(std::time::Duration::from_secs(4)));
        tokio::time::sleep(alike).await;
        let others = (so_far() - before) as f64 * took.as_secs_f64() / alike.as_secs_f64();
        println!("{asked} in {took:?}, {others} of others");
        asked.saturating_sub(others as u64)
    };
    let first = statements().await;
    let count = async |condition: &str| {
        let sql = format!("SELECT count(*) AS n FROM duties WHERE duty_kind = 'survey_share' AND {condition}");
        app.rows(&sql).await.remove(0).integer("n").unwrap()
    };
    assert_eq!(count("state = 'open'").await, 1_001);
    let idle = statements().await;
    assert!(first < idle + 300, "{first} statements for a thousand shares, {idle} where nothing moved");
    // All of them but one are looked at.
    app.sql(&format!(
        "INSERT INTO survey_visits (district_code, id, revision, change_no, area_code, occurred_at, recorded_at, recorded_by, revised_at, revised_by, voided, capture, submission_digest, digest, round_id, household_id, channel, result, members_confirmed, abnormal) \
         SELECT h.district_code, gen_random_uuid(), 1, -row_number() OVER (), h.area_code, '2020-02-01T09:00:00+08:00', '2020-02-01T09:00:00+08:00', h.recorded_by, h.revised_at, h.revised_by, false, h.capture, h.submission_digest, h.digest, '{round}', h.id, 'home_visit', 'reached', 0, false FROM households AS h WHERE h.id <> '{home}'; \
         ANALYZE survey_visits"
    ))
    .await;
    // Visits written behind the service's back count in the round only once all is made anew.
    lianfang::rooms::households::remake(&app.core, "511802").await.map_err(|problem| problem.to_string()).unwrap();
    set_clock(&app, "2020-02-01T12:00:00+08:00");
    let done = statements().await;
    assert_eq!((count("state = 'done'").await, count("state = 'open'").await), (1_000, 1));
    assert!(done < idle + 600, "{done} statements for a thousand proofs, {idle} where nothing moved");
}
