//! Transfers: a case goes to another township with all that is about it, two cases of
//! one person become one, and duties are of those who can do them.

use lianfang::platform::access::{Grant, Role};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::duties::{duties, states, supervised};
use crate::isolation_cases::{case, make, notified, set_clock, step, work};
use crate::support::{Actor, TestApp, examples};

pub const DAXING: &str = "511802005";

async fn verify(app: &TestApp) {
    lianfang::integrity::verify(&app.core, |_, _| {}).await.map_err(|error| format!("{error:?}")).unwrap();
}

pub async fn handed_over(town: &Actor, id: &str) {
    let step_out = json!({"receiving_area_code": DAXING, "reason": "搬至亲属家"});
    step(town, id, "transferred_out", step_out).await.expect(201);
}

/// Readings of the first day, and the person, as somebody sees them.
async fn seen(actor: &Actor, id: &str) -> (u16, Json) {
    let case = actor.get(&format!("/v1/isolation-cases/{id}")).await;
    let days = actor.get(&format!("/v1/isolation-cases/{id}/days")).await.body;
    (case.status, days["items"][0]["readings"].clone())
}

#[tokio::test]
async fn who_takes_a_case_on_sees_all_of_it_and_until_then_both_do() {
    for wall in [true, false] {
        let app = TestApp::start().await;
        if !wall {
            app.take_down_the_wall().await;
        }
        set_clock(&app, "2020-01-23T05:00:00+08:00");
        let (nurse, town) = (app.health_worker("八步镇").await, app.town_cadre("八步镇").await);
        let id = notified(&nurse, supervised(1, &[("health_center", &nurse), ("town", &town)])).await;
        set_clock(&app, "2020-01-23T09:00:00+08:00");
        let (nurse, town) = (app.health_worker("八步镇").await, app.town_cadre("八步镇").await);
        let reading = json!({"case_id": id, "temperature_c": "36.5", "occurred_at": "2020-01-23T08:30:00+08:00"});
        let reading = make(&nurse, "temperature-readings", reading).await;
        let person = nurse.get(&format!("/v1/isolation-cases/{id}")).await.body["person_id"].clone();
        let person = format!("/v1/people/{}", person.as_str().unwrap());
        let new_nurse = app.health_worker("大兴街道").await;
        new_nurse.get(&person).await.expect(404);
        assert_eq!(seen(&new_nurse, &id).await.0, 404);
        let before = duties(&nurse, &format!("subject_id={id}")).await;
        handed_over(&town, &id).await;

        // The same case, the same state, the whole history; for both.
        for who in [&nurse, &new_nurse] {
            assert_eq!(seen(who, &id).await, (200, json!("1/2")));
            let read = who.get(&format!("/v1/isolation-cases/{id}")).await.body;
            assert_eq!(
                (&read["state"], &read["area_code"], &read["ended_at"]),
                (&json!("under_observation"), &json!(DAXING), &Json::Null)
            );
            who.get(&person).await.expect(200);
            who.get(&format!("/v1/temperature-readings/{reading}")).await.expect(200);
            let timeline = who.get(&format!("/v1/isolation-cases/{id}/timeline")).await.expect(200).body;
            assert_eq!(timeline["items"].as_array().unwrap().len(), 5, "notice, three steps, reading");
        }
        let reveal = json!({"purpose": "medical_follow_up", "reason": "随访"});
        new_nurse.post(&format!("{person}:reveal"), &reveal).await.expect(200);
        // Duties that are open move, those done stay where they were done.
        let after = duties(&new_nurse, &format!("subject_id={id}")).await;
        assert_eq!(after.len(), before.len() + 1);
        for duty in &after {
            let area = if duty["state"] == "open" { DAXING } else { "511802114" };
            assert_eq!(duty["area_code"], area, "{duty}");
        }
        let accept = after.iter().find(|duty| duty["duty_kind"] == "accept_transfer").unwrap();
        assert_eq!(
            (&accept["line"], &accept["state"], &accept["assignee_id"]),
            (&json!("health_center"), &json!("open"), &Json::Null)
        );
        assert!(accept["due_at"].as_str().unwrap().starts_with("2020-01-23T13:0"), "240 minutes: {accept}");
        // Township that gave it away doesn't take it on.
        let own = step(&town, &id, "transfer_accepted", json!({})).await.expect(422);
        assert_eq!(own.faults(), [("/to".to_owned(), "nothing_to_accept".to_owned())]);
        step(&new_nurse, &id, "transfer_accepted", json!({})).await.expect(201);
        let again = step(&new_nurse, &id, "transfer_accepted", json!({})).await.expect(422);
        assert_eq!(again.faults()[0].1, "nothing_to_accept");
        assert_eq!(states(&duties(&new_nurse, &format!("subject_id={id}")).await, "accept_transfer"), ["done"]);
        assert_eq!(seen(&nurse, &id).await.0, 404);
        nurse.get(&format!("/v1/temperature-readings/{reading}")).await.expect(200);
        let left = duties(&nurse, &format!("subject_id={id}&state=open")).await;
        assert!(left.is_empty(), "nothing is open about a case that they can't open: {left:?}");
        assert_eq!(seen(&new_nurse, &id).await, (200, json!("1/2")));
        let open = duties(&new_nurse, &format!("subject_id={id}&state=open")).await;
        assert!(open.iter().all(|duty| duty["assignee_id"].is_null()), "those of the old town can't do them");
        verify(&app).await;
    }
}

#[tokio::test]
async fn past_figures_stay_where_they_were_and_a_fever_is_answered_by_no_transfer() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-01-23T05:00:00+08:00");
    let admin = app.administrator().await;
    let id = notified(&admin, case(1, json!({}))).await;
    let reading = json!({"case_id": id, "temperature_c": "36.5", "symptoms": ["cough"]});
    make(&admin, "temperature-readings", reading).await;
    let figures = async |admin: &Actor, area: &str, day: &str| {
        let path = format!("/v1/stats/isolation-cases?cumulative=true&to_on={day}&area_code={area}");
        let total = admin.get(&path).await.expect(200).body["total"].clone();
        ["isolation_cases", "under_observation", "persons"].map(|name| crate::figures::value(&total, name))
    };
    let duty_figures = async |admin: &Actor, area: &str| {
        let path = format!("/v1/duties/summary?from_on=2020-01-23&area_code={area}");
        admin.get(&path).await.expect(200).body["total"].clone()
    };
    set_clock(&app, "2020-01-25T05:00:00+08:00");
    work(&app).await;
    let admin = app.administrator().await;
    let past =
        (figures(&admin, "511802114", "2020-01-24").await, duty_figures(&admin, "511802114").await["missed"].clone());
    assert_eq!(past.0, [1, 1, 1]);
    let path = format!("/v1/isolation-cases/{id}");
    let tag = admin.get(&path).await.header("etag").to_owned();
    admin.patch(&path, &tag, &json!({"area_code": DAXING})).await.expect(200);
    assert_eq!(figures(&admin, "511802114", "2020-01-24").await, past.0);
    assert_eq!(duty_figures(&admin, "511802114").await["missed"], past.1);
    assert_eq!(figures(&admin, DAXING, "2020-01-24").await, [0, 0, 0]);
    assert_eq!(figures(&admin, "511802114", "2020-01-25").await, [1, 0, 1], "it came there and left");
    assert_eq!(figures(&admin, DAXING, "2020-01-25").await, [0, 1, 0]);
    let of_case = duties(&admin, &format!("subject_id={id}")).await;
    assert_eq!(states(&of_case, "symptom_alert"), ["missed"], "a transfer is no answer");
    assert_eq!(states(&of_case, "accept_transfer"), ["open"], "by amendment as well");
    // Back again: nobody needs to accept what he never let go of.
    let tag = admin.get(&path).await.header("etag").to_owned();
    admin.patch(&path, &tag, &json!({"area_code": "511802114"})).await.expect(200);
    assert_eq!(states(&duties(&admin, &format!("subject_id={id}")).await, "accept_transfer"), ["waived"]);
    // Within a township nobody is asked.
    let tag = admin.get(&path).await.header("etag").to_owned();
    let village = app
        .core
        .divisions
        .rows()
        .iter()
        .find(|row| row.current && row.code.len() == 12 && row.code.starts_with("511802114"))
        .unwrap()
        .code
        .clone();
    admin.patch(&path, &tag, &json!({"area_code": village})).await.expect(200);
    assert_eq!(states(&duties(&admin, &format!("subject_id={id}")).await, "accept_transfer"), ["waived"]);
    verify(&app).await;
}

#[tokio::test]
async fn of_two_open_cases_of_one_person_one_goes_on() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-01-23T05:00:00+08:00");
    let admin = app.administrator().await;
    let first = notified(&admin, case(1, json!({}))).await;
    let second = notified(&admin, case(2, json!({"area_code": DAXING}))).await;
    let reading = json!({"case_id": second, "temperature_c": "36.5", "occurred_at": "2020-01-23T05:00:00+08:00"});
    let reading = make(&admin, "temperature-readings", reading).await;
    let read = async |id: &str| admin.get(&format!("/v1/isolation-cases/{id}")).await.expect(200).body;
    let (one, two) = (read(&first).await["person_id"].clone(), read(&second).await["person_id"].clone());
    let merge = |kept: Json| json!({"into_id": one, "reason": "登记两次", "open_case_id": kept});
    let path = format!("/v1/people/{}:merge", two.as_str().unwrap());
    let unknown = admin.post(&path, &merge(json!(Uuid::now_v7()))).await.expect(422);
    assert_eq!(unknown.faults(), [("/open_case_id".to_owned(), "unknown_reference".to_owned())]);
    admin.post(&path, &merge(Json::Null)).await.expect(200);
    let (kept, closed) = (read(&first).await, read(&second).await);
    assert_eq!((&kept["state"], &closed["state"]), (&json!("notified"), &json!("merged")), "the older goes on");
    assert!(closed["ended_at"].is_string());
    let open = duties(&admin, "state=open&duty_kind=am_reading&from_on=2020-01-23&to_on=2020-01-23").await;
    assert_eq!(open.len(), 1, "{open:?}");
    assert!(
        states(&duties(&admin, &format!("subject_id={second}")).await, "pm_reading")
            .iter()
            .all(|state| state == "waived")
    );
    let steps = admin.get(&format!("/v1/isolation-case-transitions?case_id={second}")).await.body;
    let step_of = steps["items"].as_array().unwrap().iter().find(|item| item["to"] == "merged").unwrap().clone();
    assert_eq!(step_of["reason"], "merged");
    // Readable from both.
    for (nurse, own) in [(app.health_worker("八步镇").await, &first), (app.health_worker("大兴街道").await, &second)]
    {
        for id in [&first, &second] {
            nurse.get(&format!("/v1/isolation-cases/{id}")).await.expect(200);
        }
        nurse.get(&format!("/v1/temperature-readings/{reading}")).await.expect(200);
        let timeline = nurse.get(&format!("/v1/isolation-cases/{own}/timeline")).await.expect(200).body;
        let kinds: Vec<&str> =
            timeline["items"].as_array().unwrap().iter().map(|item| item["kind"].as_str().unwrap()).collect();
        assert!(kinds.contains(&"temperature_readings"), "{kinds:?}");
    }
    // Whichever name he is given, he has a case.
    for person in [&one, &two] {
        let third = json!({"area_code": DAXING, "person_id": person, "categories": ["hubei_returnee"], "anchor": "departure", "anchored_on": "2020-01-22"});
        let refused = admin.post("/v1/isolation-cases", &third).await.expect(422);
        assert_eq!(refused.faults()[0].1, "active_case_exists");
    }
    let inline = case(2, json!({"area_code": DAXING}));
    assert_eq!(admin.post("/v1/isolation-cases", &inline).await.expect(422).faults()[0].1, "active_case_exists");
    verify(&app).await;
    // The caller names which.
    let (third, fourth) = (notified(&admin, case(3, json!({}))).await, notified(&admin, case(4, json!({}))).await);
    let (three, four) = (read(&third).await["person_id"].clone(), read(&fourth).await["person_id"].clone());
    let named = json!({"into_id": three, "reason": "x", "open_case_id": fourth});
    admin.post(&format!("/v1/people/{}:merge", four.as_str().unwrap()), &named).await.expect(200);
    assert_eq!((&read(&third).await["state"], &read(&fourth).await["state"]), (&json!("merged"), &json!("notified")));
}

/// An account of an organisation.
async fn of_organization(app: &TestApp, admin: &Actor, role: Role, kind: &str, name: &str) -> (Actor, Json) {
    let org = json!({"kind": kind, "name": name, "area_code": "511802114"});
    let org = admin.post("/v1/organizations", &org).await.expect(201).body["id"].clone();
    let actor = app.actor(role, "八步镇").await;
    app.sql(&format!("UPDATE users SET org_id = '{}' WHERE id = '{}'", org.as_str().unwrap(), actor.id)).await;
    (actor, org)
}

#[tokio::test]
async fn a_duty_is_of_the_organisation_of_whoever_answers_for_its_line() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-01-23T05:00:00+08:00");
    let admin = app.administrator().await;
    let (nurse, clinic) = of_organization(&app, &admin, Role::HealthWorker, "health_center", "八步镇卫生院").await;
    let (police, station) = of_organization(&app, &admin, Role::PoliceOfficer, "police_station", "八步派出所").await;
    let (village, committee) = of_organization(&app, &admin, Role::VillageCadre, "village_committee", "村委会").await;
    let mut body = supervised(1, &[("health_center", &nurse), ("police_station", &police), ("village", &village)]);
    body["org_id"] = committee.clone();
    let id = notified(&admin, body).await;
    let of = |all: &[Json], kind: &str| all.iter().find(|duty| duty["duty_kind"] == kind).unwrap()["org_id"].clone();
    let all = duties(&admin, &format!("subject_id={id}")).await;
    for (kind, org) in [
        ("am_reading", &clinic),
        ("notice_signing", &clinic),
        ("police_check", &station),
        ("village_check", &committee),
        ("town_visit", &Json::Null),
    ] {
        assert_eq!(of(&all, kind), *org, "{kind}");
    }
    set_clock(&app, "2020-01-23T23:00:00+08:00");
    work(&app).await;
    let admin = app.administrator().await;
    let summary = admin.get("/v1/duties/summary?by=org&from_on=2020-01-23").await.expect(200).body;
    let missed = |org: &Json| {
        summary["items"].as_array().unwrap().iter().find(|item| item["key"] == *org).unwrap()["missed"].clone()
    };
    assert_eq!((missed(&clinic), missed(&committee)), (json!(2), json!(1)), "{summary}");
    // Somebody else answers: his organisation has it then.
    let (other, hospital) = of_organization(&app, &admin, Role::HealthWorker, "health_center", "区医院").await;
    let path = format!("/v1/isolation-cases/{id}");
    let five = supervised(1, &[("health_center", &other), ("police_station", &police), ("village", &village)]);
    let tag = admin.get(&path).await.header("etag").to_owned();
    admin.patch(&path, &tag, &json!({"supervisors": five["supervisors"]})).await.expect(200);
    let open = duties(&admin, &format!("subject_id={id}&state=open")).await;
    assert_eq!(of(&open, "am_reading"), hospital);
    assert_eq!(of(&open, "police_check"), station);
}

#[tokio::test]
async fn a_supervisor_is_an_active_account_that_reaches_the_case() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-01-23T05:00:00+08:00");
    let admin = app.administrator().await;
    let (village, town) = (app.actor(Role::VillageCadre, "八步镇").await, app.town_cadre("八步镇").await);
    let (far, guard, gone) = (
        app.actor(Role::VillageCadre, "大兴街道").await,
        app.gate_guard("八步镇").await,
        app.town_cadre("八步镇").await,
    );
    let deactivate = async |id: Uuid| {
        let path = format!("/v1/users/{id}");
        let tag = admin.get(&path).await.header("etag").to_owned();
        admin.patch(&path, &tag, &json!({"active": false})).await.expect(200).body
    };
    assert_eq!(deactivate(gone.id).await["handed_over_duties"], json!([]));
    let nobody = Uuid::now_v7();
    for id in [far.id, guard.id, gone.id, nobody] {
        let mut body = supervised(1, &[]);
        body["supervisors"][1]["user_id"] = json!(id);
        let refused = admin.post("/v1/isolation-cases", &body).await.expect(422);
        assert_eq!(refused.faults(), [("/supervisors/1/user_id".to_owned(), "unknown_account".to_owned())]);
    }
    let id = notified(&admin, supervised(1, &[("village", &village), ("town", &town)])).await;
    let path = format!("/v1/isolation-cases/{id}");
    let tag = admin.get(&path).await.header("etag").to_owned();
    let bad = supervised(1, &[("village", &far), ("town", &town)]);
    let refused = admin.patch(&path, &tag, &json!({"supervisors": bad["supervisors"]})).await.expect(422);
    assert_eq!(refused.faults()[0].1, "unknown_account");

    // Duties that he leaves open go to the next above, are listed and noted.
    let own = duties(&village, "assignee=me&state=open").await;
    assert!(!own.is_empty());
    let left = deactivate(village.id).await;
    let handed = left["handed_over_duties"].as_array().unwrap();
    assert_eq!(handed.len(), own.len(), "{left}");
    assert!(handed.iter().all(|duty| duty["assignee_id"] == json!(town.id) && duty["line"] == "village"), "{left}");
    assert_eq!(duties(&town, "assignee=me&state=open&line=village").await.len(), own.len());
    let audit = admin.get("/v1/audit?verb=user.hand_over_duties").await.expect(200).body;
    assert_eq!(audit["items"][0]["details"]["duties"].as_array().unwrap().len(), own.len(), "{audit}");
    // Duties made later are his who stands above, too; and an amendment of something else asks nobody again.
    set_clock(&app, "2020-01-24T05:00:00+08:00");
    work(&app).await;
    let admin = app.administrator().await;
    let checks = duties(&admin, &format!("subject_id={id}&duty_kind=village_check&state=open")).await;
    assert!(!checks.is_empty() && checks.iter().all(|duty| duty["assignee_id"] == json!(town.id)), "{checks:?}");
    let tag = admin.get(&path).await.header("etag").to_owned();
    admin.patch(&path, &tag, &json!({"evidence": "车票"})).await.expect(200);
    // Interrupted: the worker makes up for it.
    app.sql(&format!("UPDATE users SET active = false WHERE id = '{}'", town.id)).await;
    work(&app).await;
    let left = duties(&admin, &format!("state=open&assignee_id={}", town.id)).await;
    assert!(left.is_empty(), "{left:?}");
    verify(&app).await;
}

#[tokio::test]
async fn two_of_five_taken_away_is_a_duty_again() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-01-23T05:00:00+08:00");
    let nurse = app.health_worker("八步镇").await;
    let id = notified(&nurse, supervised(1, &[("health_center", &nurse)])).await;
    let assignments =
        async |nurse: &Actor| states(&duties(nurse, &format!("subject_id={id}")).await, "supervisor_assignment");
    assert!(assignments(&nurse).await.is_empty());
    let path = format!("/v1/isolation-cases/{id}");
    let amend = async |nurse: &Actor, supervisors: Json| {
        let tag = nurse.get(&path).await.header("etag").to_owned();
        nurse.patch(&path, &tag, &json!({"supervisors": supervisors})).await.expect(200);
    };
    let five = supervised(1, &[("health_center", &nurse)])["supervisors"].clone();
    let three = Json::Array(five.as_array().unwrap()[2..].to_vec());
    for expected in [vec!["open", "done"], vec!["open", "done", "done"]] {
        amend(&nurse, three.clone()).await;
        assert_eq!(assignments(&nurse).await.iter().filter(|state| *state == "open").count(), 1, "once each time");
        amend(&nurse, five.clone()).await;
        assert_eq!(assignments(&nurse).await.len(), expected.len() - 1);
        assert!(assignments(&nurse).await.iter().all(|state| state == "done"));
    }
}

#[tokio::test]
async fn silence_goes_up_a_level_an_hour_each_once_whoever_restarts() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-01-23T08:00:00+08:00");
    let nurse = app.health_worker("八步镇").await;
    let (village, town) = (app.actor(Role::VillageCadre, "八步镇").await, app.town_cadre("八步镇").await);
    let id =
        notified(&nurse, supervised(1, &[("health_center", &nurse), ("village", &village), ("town", &town)])).await;
    step(&nurse, &id, "under_observation", json!({})).await.expect(201);
    // A day later somebody asks for contact, and nobody answers.
    let look = async |at: &str, kind: &str| {
        set_clock(&app, at);
        work(&app).await;
        work(&app).await;
        let nurse = app.health_worker("八步镇").await;
        let all = duties(&nurse, &format!("subject_id={id}&duty_kind={kind}")).await;
        let duty = all.first().cloned().unwrap_or_default();
        let levels: Vec<String> = duty["escalations"]
            .as_array()
            .cloned()
            .unwrap_or_default()
            .iter()
            .map(|level| level["line"].as_str().unwrap().to_owned())
            .collect();
        (levels, duty)
    };
    assert_eq!(look("2020-01-24T08:30:00+08:00", "no_contact_alert").await.1["state"], "open");
    let (levels, duty) = look("2020-01-24T10:31:00+08:00", "no_contact_alert").await;
    assert_eq!((levels.as_slice(), &duty["escalated_to_id"]), (&["town".to_owned()][..], &json!(town.id)));
    assert_eq!(look("2020-01-24T11:30:30+08:00", "no_contact_alert").await.0, ["town"], "not before its hour is over");
    let (levels, duty) = look("2020-01-24T11:31:30+08:00", "no_contact_alert").await;
    assert_eq!((levels, &duty["escalated_to"]), (vec!["town".to_owned(), "district".to_owned()], &json!("district")));
    assert_eq!(look("2020-01-24T15:00:00+08:00", "no_contact_alert").await.0.len(), 2, "there is no further level");
    // A daily check goes one level up and no further: its cadence says so.
    let check =
        duties(&app.health_worker("八步镇").await, &format!("subject_id={id}&duty_kind=group_check&state=missed"))
            .await;
    assert_eq!(check[0]["escalations"].as_array().unwrap().len(), 1);
    // Until it says otherwise.
    let admin = app.administrator().await;
    let cadence = json!({"area_code": "511802", "effective_on": "2020-01-23", "duty_kind": "group_check", "active": true, "opens_minute": 480, "due_minute": 1320, "escalation_levels": 2, "source": "区指"});
    admin.post("/v1/duty-cadences", &cadence).await.expect(201);
    let (levels, duty) = look("2020-01-24T15:10:00+08:00", "group_check&state=missed").await;
    assert_eq!((levels, &duty["escalated_to_id"]), (vec!["village".to_owned(), "town".to_owned()], &json!(town.id)));
    assert_eq!(look("2020-01-24T19:10:00+08:00", "group_check&state=missed").await.0.len(), 2);
    verify(&app).await;
}

#[tokio::test]
async fn a_grant_for_one_organisation_follows_the_cases_of_that_organisation() {
    let app = TestApp::start().await;
    app.take_down_the_wall().await;
    set_clock(&app, "2020-01-23T09:00:00+08:00");
    let admin = app.administrator().await;
    let (nurse, clinic) = of_organization(&app, &admin, Role::HealthWorker, "health_center", "卫生院").await;
    let clinic_id: Uuid = clinic.as_str().unwrap().parse().unwrap();
    let narrowed =
        |org_id| vec![Grant { role: Role::HealthWorker, area_code: "511802114".into(), org_id: Some(org_id) }];
    let (own, other) = (app.actor_of(narrowed(clinic_id)).await, app.actor_of(narrowed(Uuid::from_u128(9))).await);
    let id = notified(&admin, case(1, json!({"org_id": clinic}))).await;
    // Of another organisation than the case, and of none.
    let reading = make(&admin, "temperature-readings", json!({"case_id": id, "temperature_c": "36.5"})).await;
    for (who, status) in [(&own, 200), (&other, 404), (&nurse, 200)] {
        who.get(&format!("/v1/isolation-cases/{id}")).await.expect(status);
        who.get(&format!("/v1/temperature-readings/{reading}")).await.expect(status);
    }
    examples::checkpoint(&admin, DAXING).await;
}
