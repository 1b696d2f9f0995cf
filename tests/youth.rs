//! Youth: counselling that knows nobody, and what young people made.

use lianfang::platform::access::{Grant, Role};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::isolation_cases::set_clock;
use crate::shifts::make;
use crate::support::{Actor, TestApp};

const DISTRICT: &str = "511802";
const DAXING: &str = "511802005";

/// The youth league, its administrator, and a counsellor of it.
async fn league(app: &TestApp) -> (Uuid, Actor, Actor) {
    let org = json!({"name": "共青团雨城区委", "kind": "mass_organization", "area_code": DISTRICT});
    let org_id: Uuid = make(&app.command().await, "organizations", org).await.parse().unwrap();
    let of = |role| vec![Grant { role, area_code: DISTRICT.into(), org_id: Some(org_id) }];
    (org_id, app.actor_of(of(Role::OrgAdmin)).await, app.actor_of(of(Role::Counselor)).await)
}

fn session(area_code: &str, band: &str, more: Json) -> Json {
    let mut body = json!({"area_code": area_code, "occurred_at": "2020-02-02T21:37:12+08:00", "campaign": "疫情防控、从心出发", "channel": "hotline",
        "client_age_band": band, "topic": "anxiety", "minutes": 40, "referred": false, "crisis": false});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

async fn figure(actor: &Actor, name: &str, more: Json) -> Json {
    let mut query = json!({"figure": name, "to_on": "2020-02-05"});
    query.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    actor.post("/v1/figures:evaluate", &json!({"queries": [query]})).await.expect(200).body["results"][0].clone()
}

#[tokio::test]
async fn a_session_says_the_day_and_nothing_in_words() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-02-03T10:00:00+08:00");
    let (_, _, counselor) = league(&app).await;
    let made =
        counselor.post("/v1/counseling-sessions", &session(DISTRICT, "age_12_17", json!({}))).await.expect(201).body;
    assert_eq!((&made["occurred_at"], &made["is_minor"]), (&json!("2020-02-02T00:00:00+08:00"), &json!(true)));
    let unknown = counselor
        .post("/v1/counseling-sessions", &session(DISTRICT, "unknown", json!({"occurred_at": null})))
        .await
        .expect(201)
        .body;
    assert_eq!((&unknown["occurred_at"], &unknown["is_minor"]), (&json!("2020-02-03T00:00:00+08:00"), &Json::Null));
    for (field, text) in [
        ("note", "来访者称父亲在武汉"),
        ("campaign", "来访者13岁"),
        ("campaign", "十三岁女生"),
        ("campaign", "她说爸爸在隔离，很害怕。"),
        ("campaign", "来访者自述多日难以入睡且不敢告诉家里任何人"),
    ] {
        let reply = counselor
            .post("/v1/counseling-sessions", &session(DISTRICT, "age_12_17", json!({field: text})))
            .await
            .expect(422);
        assert_eq!(reply.faults(), [(format!("/{field}"), "no_free_text".to_owned())], "{text}");
        assert!(!reply.body.to_string().contains(text));
    }
    // Every fault at once.
    let faults = counselor
        .post("/v1/counseling-sessions", &session(DISTRICT, "13", json!({"note": "x", "minutes": 0})))
        .await
        .expect(422)
        .faults();
    let codes: Vec<&str> = faults.iter().map(|(_, code)| code.as_str()).collect();
    assert_eq!(codes, ["not_in_vocabulary", "out_of_range", "no_free_text"]);
    // Amended, it is of a day still.
    let path = format!("/v1/counseling-sessions/{}", made["id"].as_str().unwrap());
    let tag = counselor.get(&path).await.expect(200).header("etag").to_owned();
    let moved = counselor.patch(&path, &tag, &json!({"occurred_at": "2020-02-01T09:30:00+08:00"})).await.expect(200);
    assert_eq!(moved.body["occurred_at"], "2020-02-01T00:00:00+08:00");
    let noted = counselor.patch(&path, moved.header("etag"), &json!({"note": "x"})).await.expect(422);
    assert_eq!(noted.faults(), [("/note".to_owned(), "no_free_text".to_owned())]);
    // A sheet as the league writes it.
    let sheet = "时间,活动名称,咨询方式,年龄段,咨询主题,时长(分钟),是否转介,是否危机\n2020-02-02,疫情防控、从心出发,微信,18至35岁,睡眠,30,否,否\n";
    let reply = counselor
        .with("content-type", "text/csv")
        .upload("/v1/imports?kind=counseling_sessions", sheet.into())
        .await
        .expect(200);
    assert_eq!(reply.body["counts"]["created"], 1, "{}", reply.body);
    lianfang::integrity::verify(&app.core, |_, _| {}).await.map_err(|error| format!("{error:?}")).unwrap();
}

#[tokio::test]
async fn its_figures_are_open_to_units_and_the_command_and_hide_a_few_below_the_district() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-02-03T10:00:00+08:00");
    let (org_id, league, counselor) = league(&app).await;
    for referred in [true, false] {
        make(&counselor, "counseling-sessions", session(DAXING, "age_12_17", json!({"referred": referred}))).await;
    }
    let command = app.command().await;
    for reader in [&command, &league, &counselor] {
        for (name, value) in [("sessions", 2), ("minutes", 80), ("referrals", 1), ("minors", 2)] {
            let told = figure(reader, &format!("counseling_sessions.{name}"), json!({})).await;
            assert_eq!((&told["value"], &told["records_url"]), (&json!(value), &Json::Null), "{name} {told}");
        }
        let total = reader.get("/v1/stats/counseling-sessions?cumulative=true&to_on=2020-02-05&by=total").await;
        assert_eq!(total.expect(200).body["total"]["sessions"]["value"], 2);
    }
    // Its own work the league knows; of a township nobody else does.
    assert_eq!(figure(&league, "counseling_sessions.sessions", json!({"under_org_id": org_id})).await["value"], 2);
    let of_unit = figure(&command, "counseling_sessions.sessions", json!({"under_org_id": org_id})).await;
    assert_eq!(of_unit["withheld"]["code"], "small_numbers");
    let township = figure(&command, "counseling_sessions.minors", json!({"area_code": DAXING})).await;
    assert_eq!((&township["value"], &township["suppressed"]), (&Json::Null, &json!(true)), "{township}");
    let township = command
        .get(&format!("/v1/stats/counseling-sessions?cumulative=true&to_on=2020-02-05&by=total&area_code={DAXING}"))
        .await;
    let minors = township.expect(200).body["total"]["minors"].clone();
    assert_eq!((&minors["value"], &minors["suppressed"]), (&Json::Null, &json!(true)));
    assert_eq!(figure(&counselor, "counseling_sessions.minors", json!({"area_code": DAXING})).await["value"], 2);
    // The counsellor's list is as long as the figure.
    let stats =
        counselor.get("/v1/stats/counseling-sessions?cumulative=true&to_on=2020-02-05&by=total").await.expect(200).body;
    let list = counselor.get(stats["total"]["referrals"]["records_url"].as_str().unwrap()).await.expect(200).body;
    assert_eq!(list["items"].as_array().unwrap().len(), 1);
    for (role, code) in
        [(Role::TownCadre, "forbidden"), (Role::StatisticsReader, "forbidden"), (Role::VillageCadre, "forbidden")]
    {
        let other = app.actor(role, "雨城区").await;
        assert_eq!(
            figure(&other, "counseling_sessions.sessions", json!({})).await["withheld"]["code"],
            code,
            "{role:?}"
        );
        other.get("/v1/stats/counseling-sessions").await.expect(403);
    }
}

#[tokio::test]
async fn works_of_young_people_are_counted_and_nobody_is_named() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-02-03T10:00:00+08:00");
    let (_, league, _) = league(&app).await;
    let volunteer = app.actor(Role::Volunteer, "雨城区").await;
    let works = |kind: &str, works: i64| json!({"area_code": DISTRICT, "occurred_at": "2020-02-02T18:00:00+08:00", "work_kind": kind, "platform": "douyin", "works": works, "participants": 20});
    make(&league, "youth-works", works("video", 12)).await;
    make(&volunteer, "youth-works", works("letter", 30)).await;
    let sheet = "时间,作品类型,发布平台,作品数,参与人数\n2020-02-02,小报,校园,8,8\n2020-02-02,快板,微信,2,5\n";
    let reply =
        league.with("content-type", "text/csv").upload("/v1/imports?kind=youth_works", sheet.into()).await.expect(200);
    assert_eq!(reply.body["counts"]["created"], 2, "{}", reply.body);
    let noted = json!({"note": "三年级二班李某某", "area_code": DISTRICT, "work_kind": "video", "works": 1});
    assert_eq!(
        league.post("/v1/youth-works", &noted).await.expect(422).faults(),
        [("/note".to_owned(), "no_free_text".to_owned())]
    );
    let command = app.command().await;
    for (name, value, records) in
        [("works", 52, 4), ("videos", 12, 1), ("letters", 30, 1), ("newspapers", 8, 1), ("kuaiban", 2, 1)]
    {
        let told = figure(&command, &format!("youth_works.{name}"), json!({})).await;
        assert_eq!(told["value"], value, "{name}");
        let list = command.get(told["records_url"].as_str().unwrap()).await.expect(200).body;
        assert_eq!(list["items"].as_array().unwrap().len(), records, "{name}");
        let sum: i64 = list["items"].as_array().unwrap().iter().map(|item| item["works"].as_i64().unwrap()).sum();
        assert_eq!(sum, value, "{name}");
    }
}
