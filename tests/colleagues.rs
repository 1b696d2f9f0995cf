//! Colleagues: told as far as naming them needs, to whoever may name somebody, and no further than he works.

use lianfang::platform::access::{Grant, Role};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::duties::{duties, supervised};
use crate::isolation_cases::{notified, set_clock};
use crate::support::{Actor, TestApp};

async fn names(actor: &Actor, query: &str) -> Vec<String> {
    let body = actor.get(&format!("/v1/colleagues?limit=500&{query}")).await.expect(200).body;
    let items = body["items"].as_array().unwrap().iter();
    items.map(|item| item["id"].as_str().unwrap().to_owned()).collect()
}

fn is_among(names: &[String], actor: &Actor) -> bool {
    names.contains(&actor.id.to_string())
}

#[tokio::test]
async fn a_village_finds_its_own_and_nobody_elses() {
    let app = TestApp::start().await;
    let (village, guard, town, command) = (
        app.actor(Role::VillageCadre, "八步镇").await,
        app.gate_guard("八步镇").await,
        app.town_cadre("八步镇").await,
        app.command().await,
    );
    let far = app.actor(Role::VillageCadre, "大兴街道").await;
    let reader = app.actor(Role::StatisticsReader, "雨城区").await;
    let found = names(&village, "").await;
    for (who, is_there) in
        [(&village, true), (&guard, true), (&town, true), (&command, true), (&far, false), (&reader, false)]
    {
        assert_eq!(is_among(&found, who), is_there, "{}", who.id);
    }
    assert!(is_among(&names(&command, "").await, &far));
    let of_area = names(&command, &format!("area_code={}", app.area_code("大兴街道"))).await;
    assert!(is_among(&of_area, &far) && is_among(&of_area, &command) && !is_among(&of_area, &village));
    assert_eq!(
        names(&village, &format!("area_code={}&role=village_cadre", app.area_code("大兴街道"))).await,
        Vec::<String>::new()
    );
    let guards = names(&village, "role=gate_guard").await;
    assert!(is_among(&guards, &guard) && !is_among(&guards, &village));
    for caller in [&guard, &reader] {
        assert_eq!(caller.get("/v1/colleagues").await.expect(403).code(), "forbidden");
    }
    app.nobody().get("/v1/colleagues").await.expect(401);

    let told = village.get("/v1/colleagues?role=gate_guard").await.expect(200).body;
    let members: Vec<&String> = told["items"][0].as_object().unwrap().keys().collect();
    assert_eq!(members, ["display_name", "id", "organization", "roles", "username"]);
    app.sql(&format!("UPDATE users SET active = false WHERE id = '{}'", guard.id)).await;
    assert!(!is_among(&names(&village, "").await, &guard), "who left can't be named");
}

#[tokio::test]
async fn it_is_sought_paged_and_bears_hostile_words() {
    let app = TestApp::start().await;
    let admin = app.command().await;
    for number in 0..5 {
        let roles =
            json!([{"role": "volunteer", "area_code": "511802005"}, {"role": "gate_guard", "area_code": "511802005"}]);
        let body =
            json!({"username": format!("Piece.{number}"), "display_name": format!("100%_王{number}"), "roles": roles});
        admin.post("/v1/users", &body).await.expect(201);
    }
    assert_eq!(names(&admin, "q=piece.").await.len(), 5);
    assert_eq!(names(&admin, "q=%E7%8E%8B3").await.len(), 1);
    assert_eq!(names(&admin, "q=%25_").await.len(), 5, "no wildcard");
    assert_eq!(names(&admin, "q=%25x").await.len(), 0);
    assert_eq!(names(&admin, "q=%27%20OR%201=1--").await.len(), 0);
    let (mut seen, mut path) = (Vec::new(), "/v1/colleagues?q=Piece&limit=2".to_owned());
    loop {
        let page = admin.get(&path).await.expect(200).body;
        seen.extend(page["items"].as_array().unwrap().iter().map(|item| item["username"].as_str().unwrap().to_owned()));
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        path = format!("/v1/colleagues?q=Piece&limit=2&cursor={cursor}");
    }
    assert_eq!(seen, ["Piece.0", "Piece.1", "Piece.2", "Piece.3", "Piece.4"], "each once, in order");
    for (query, code) in [
        ("role=king", "bad_parameter"),
        ("area_code=99", "unknown_area"),
        ("q=", "bad_parameter"),
        ("colour=1", "unknown_parameter"),
    ] {
        let reply = admin.get(&format!("/v1/colleagues?{query}")).await;
        assert!(matches!(reply.status, 400 | 422), "{query}: {}", reply.body);
        assert_eq!(reply.faults()[0].1, code, "{query}");
    }
    assert_eq!(admin.get("/v1/colleagues?cursor=x").await.expect(400).code(), "bad_cursor");
}

#[tokio::test]
async fn a_company_is_told_of_its_own_people_only() {
    let app = TestApp::start().await;
    let admin = app.command().await;
    let body = json!({"kind": "enterprise", "name": "大兴食品", "area_code": "511802005"});
    let company = admin.post("/v1/organizations", &body).await.expect(201).body;
    let id: Uuid = company["id"].as_str().unwrap().parse().unwrap();
    let grant = |role| Grant { role, area_code: "511802005".into(), org_id: Some(id) };
    let (chief, clerk) =
        (app.actor_of(vec![grant(Role::OrgAdmin)]).await, app.actor_of(vec![grant(Role::StoreReporter)]).await);
    let town = app.town_cadre("大兴街道").await;
    let found = names(&chief, "").await;
    assert!(is_among(&found, &clerk) && is_among(&found, &chief));
    assert!(!is_among(&found, &town) && !is_among(&found, &admin));
    assert!(is_among(&names(&town, "").await, &clerk));
}

#[tokio::test]
async fn a_duty_is_handed_over_by_a_user_name_as_well() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-01-23T05:00:00+08:00");
    let nurse = app.health_worker("八步镇").await;
    let (village, neighbour) =
        (app.actor(Role::VillageCadre, "八步镇").await, app.actor(Role::VillageCadre, "八步镇").await);
    notified(&nurse, supervised(1, &[("village", &village)])).await;
    let own = duties(&village, "assignee=me&state=open&duty_kind=village_check").await;
    let path = format!("/v1/duties/{}:hand-over", own[0]["id"].as_str().unwrap());
    let told = village.get("/v1/colleagues?limit=500").await.expect(200).body;
    let username = told["items"].as_array().unwrap().iter().find(|item| item["id"] == json!(neighbour.id)).unwrap();
    let username = username["username"].as_str().unwrap().to_uppercase();
    for (body, pointer, code) in [
        (json!({}), "/assignee_id", "one_of"),
        (json!({"assignee_id": neighbour.id, "assignee_username": username}), "/assignee_id", "one_of"),
        (json!({"assignee_username": "nobody.here"}), "/assignee_username", "unknown_account"),
        (json!({"assignee_username": "' OR true--"}), "/assignee_username", "bad_format"),
    ] {
        let reply = village.post(&path, &body).await.expect(422);
        assert_eq!(reply.faults()[0], (pointer.to_owned(), code.to_owned()), "{body}");
    }
    let given = village.post(&path, &json!({"assignee_username": username})).await.expect(200).body;
    assert_eq!(given["assignee_id"], json!(neighbour.id));
    let _: &Json = &given;
}

#[tokio::test]
async fn all_duties_of_somebody_go_to_somebody_else_after_a_look() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-01-23T05:00:00+08:00");
    let nurse = app.health_worker("八步镇").await;
    let (village, neighbour) =
        (app.actor(Role::VillageCadre, "八步镇").await, app.actor(Role::VillageCadre, "八步镇").await);
    let far = app.actor(Role::VillageCadre, "大兴街道").await;
    for number in 1..4 {
        notified(&nurse, supervised(number, &[("village", &village)])).await;
    }
    let open = async |actor: &Actor| duties(actor, "assignee=me&state=open").await.len();
    let before = open(&village).await;
    assert!(before >= 3, "{before}");
    let told = village.get("/v1/colleagues?limit=500").await.expect(200).body;
    let name_of = |actor: &Actor| {
        let found = told["items"].as_array().unwrap().iter().find(|item| item["id"] == json!(actor.id)).unwrap();
        found["username"].as_str().unwrap().to_owned()
    };
    let body = |to: &str, dry_run: bool| json!({"from": name_of(&village), "to": to, "dry_run": dry_run});
    let outcomes = |body: &Json| -> Vec<String> {
        let results = body["results"].as_array().unwrap().iter();
        results.map(|result| format!("{} {}", result["outcome"].as_str().unwrap(), result["status"])).collect()
    };
    // A cadre who neither sees them nor stands above moves nothing; nobody learns who has an account.
    let stranger = far.post("/v1/duties:reassign", &body(&name_of(&neighbour), false)).await.expect(207).body;
    assert_eq!(stranger, json!({"results": [], "more": false}));
    let nobody = json!({"from": "nobody.here", "to": "x.y"});
    assert_eq!(far.post("/v1/duties:reassign", &nobody).await.expect(207).body, stranger);
    let aside = neighbour.post("/v1/duties:reassign", &body(&name_of(&neighbour), false)).await.expect(207).body;
    assert!(outcomes(&aside).iter().all(|outcome| outcome == "refused 403"), "{aside}");
    let away = village.post("/v1/duties:reassign", &body(&far.id.to_string(), false)).await.expect(207).body;
    assert!(outcomes(&away).iter().all(|outcome| outcome == "refused 422"), "{away}");
    assert_eq!(away["results"][0]["problem"]["errors"][0]["pointer"], "/to");
    assert_eq!(open(&village).await, before);

    let tried = village.post("/v1/duties:reassign", &body(&name_of(&neighbour), true)).await.expect(207).body;
    assert_eq!(outcomes(&tried), vec!["valid 200"; before]);
    assert_eq!(open(&village).await, before, "nothing is written");
    let mut some = body(&neighbour.id.to_string(), false);
    some["filter"] = json!({"duty_kind": "village_check", "area_code": app.area_code("八步镇")});
    let done = nurse.post("/v1/duties:reassign", &some).await.expect(207).body;
    let moved = outcomes(&done);
    assert!(!moved.is_empty() && moved.iter().all(|outcome| outcome == "reassigned 200"), "{done}");
    assert!(done["results"].as_array().unwrap().iter().all(|result| result["duty_kind"] == "village_check"));
    village.post("/v1/duties:reassign", &body(&name_of(&neighbour), false)).await.expect(207);
    assert_eq!((open(&village).await, open(&neighbour).await), (0, before));
    for (bad, pointer) in [
        (json!({}), "/from"),
        (json!({"from": "' OR 1=1", "to": "abc"}), "/from"),
        (json!({"from": "abc", "to": "abc", "filter": {"colour": 1}}), "/filter/colour"),
        (json!({"from": "abc", "to": "abc", "filter": {"duty_kind": "king"}}), "/filter/duty_kind"),
        (json!([]), ""),
    ] {
        let reply = village.post("/v1/duties:reassign", &bad).await;
        assert!(matches!(reply.status, 400 | 422), "{}", reply.body);
        assert_eq!(reply.faults()[0].0, pointer);
    }
    lianfang::integrity::verify(&app.core, |_, _| {}).await.unwrap();
}

#[tokio::test]
async fn a_duty_that_is_offered_goes_over_when_it_is_taken() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-01-23T05:00:00+08:00");
    let nurse = app.health_worker("八步镇").await;
    let (village, neighbour) =
        (app.actor(Role::VillageCadre, "八步镇").await, app.actor(Role::VillageCadre, "八步镇").await);
    let (third, guard) = (app.actor(Role::VillageCadre, "八步镇").await, app.gate_guard("八步镇").await);
    notified(&nurse, supervised(1, &[("village", &village)])).await;
    let own = duties(&village, "assignee=me&state=open&duty_kind=village_check").await;
    let path = format!("/v1/duties/{}", own[0]["id"].as_str().unwrap());
    let stands = async || {
        let duty = village.get(&path).await.expect(200).body;
        (duty["assignee_id"].clone(), duty["offered_to"].clone())
    };
    let offer = |to: &Actor| json!({"assignee_id": to.id});

    // By whoever answers for it, to whoever sees it there.
    neighbour.post(&format!("{path}:offer"), &offer(&neighbour)).await.expect(403);
    let blind = village.post(&format!("{path}:offer"), &offer(&guard)).await.expect(422);
    assert_eq!(blind.faults()[0], ("/assignee_id".to_owned(), "unknown_account".to_owned()));
    village.post(&format!("{path}:offer"), &offer(&neighbour)).await.expect(200);
    assert_eq!(stands().await, (json!(village.id), json!(neighbour.id)), "whose it was until it is taken");
    let offered = duties(&neighbour, &format!("offered_to={}", neighbour.id)).await;
    assert_eq!((offered.len(), &offered[0]["id"]), (1, &own[0]["id"]));

    // By nobody else; declined it stays, and so it does when it is offered to him whose it is.
    assert_eq!(third.post(&format!("{path}:accept"), &json!({})).await.expect(409).code(), "not_offered");
    neighbour.post(&format!("{path}:decline"), &json!({})).await.expect(200);
    assert_eq!(stands().await, (json!(village.id), Json::Null));
    assert_eq!(neighbour.post(&format!("{path}:accept"), &json!({})).await.expect(409).code(), "not_offered");
    village.post(&format!("{path}:offer"), &offer(&third)).await.expect(200);
    village.post(&format!("{path}:offer"), &offer(&village)).await.expect(200);
    assert_eq!(stands().await, (json!(village.id), Json::Null), "withdrawn");

    // Taken, once, however often it is sent; and the history tells all of it.
    village.post(&format!("{path}:offer"), &offer(&third)).await.expect(200);
    for _ in 0..2 {
        third.post(&format!("{path}:accept"), &json!({})).await.expect(200);
    }
    assert_eq!(stands().await, (json!(third.id), Json::Null));
    let revisions = village.get(&format!("{path}/revisions")).await.expect(200).body;
    let told = revisions["items"].as_array().unwrap().iter().map(|revision| revision["offered_to"].clone());
    assert_eq!(told.filter(|to| !to.is_null()).count(), 3, "{revisions}");

    // A duty that was done or missed meanwhile is nobody's to take.
    third.post(&format!("{path}:offer"), &offer(&neighbour)).await.expect(200);
    set_clock(&app, "2020-01-25T05:00:00+08:00");
    lianfang::rooms::duties::look_after(&app.core).await.unwrap();
    let late = app.actor(Role::VillageCadre, "八步镇").await;
    assert_eq!(late.post(&format!("{path}:accept"), &json!({})).await.expect(409).code(), "already_ended");
    let missed = late.get(&path).await.expect(200).body;
    assert_eq!((&missed["assignee_id"], &missed["offered_to"]), (&json!(third.id), &Json::Null));
}
