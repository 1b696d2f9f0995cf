//! Venues: how many are closed on a day, banquets and the bans that they break, undertakings.

use lianfang::integrity::verify;
use lianfang::platform::access::{Grant, Role};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::compounds::figure;
use crate::duties::duties;
use crate::figures_situation::all;
use crate::import_facts::import;
use crate::imports::counts;
use crate::isolation_cases::{set_clock, work};
use crate::shifts::make;
use crate::support::{Actor, TestApp, fake_resident_id};

const VILLAGE: &str = "511802005001";
const BABU: &str = "511802114";

async fn restaurant(admin: &Actor, name: &str, more: Json) -> String {
    let mut body = json!({"kind": "large_catering", "name": name, "area_code": VILLAGE, "seats": 300, "occurred_at": "2020-01-20T09:00:00+08:00"});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    make(admin, "places", body).await
}

async fn organization(admin: &Actor, kind: &str, name: &str) -> String {
    make(admin, "organizations", json!({"kind": kind, "name": name, "area_code": "511802"})).await
}

async fn of_organization(app: &TestApp, role: Role, org_id: &str) -> Actor {
    let org_id = Some(org_id.parse::<Uuid>().unwrap());
    app.actor_of(vec![Grant { role, area_code: "511802".into(), org_id }]).await
}

fn banquet(place: &str, planned_on: &str, tables: i64, status: &str) -> Json {
    json!({"place_id": place, "planned_on": planned_on, "tables": tables, "diners": tables * 10, "status": status})
}

fn ban(area_code: &str, effective_on: &str, max_tables: i64) -> Json {
    json!({"area_code": area_code, "effective_on": effective_on, "max_tables": max_tables, "basis": "紧急通知"})
}

async fn amend(actor: &Actor, path: &str, patch: Json) -> Json {
    let tag = actor.get(path).await.expect(200).header("etag").to_owned();
    actor.patch(path, &tag, &patch).await.expect(200).body
}

async fn void(actor: &Actor, path: &str) {
    actor.post(&format!("{path}:void"), &json!({"reason": "录错"})).await.expect(200);
}

/// Violations that stand.
async fn violations(actor: &Actor) -> Vec<Json> {
    all(actor, "/v1/violations?violation_kind=group_banquet").await
}

#[tokio::test]
async fn venues_stand_as_their_histories_say() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-02-02T12:00:00+08:00");
    let admin = app.administrator().await;
    let commerce = organization(&admin, "bureau", "区经商局").await;
    let suspended = json!({"operating_status": "suspended", "operating_status_since_at": "2020-01-24T10:00:00+08:00", "supervising_org_ids": [commerce]});
    let mut ids = Vec::new();
    for number in 0..18 {
        ids.push(restaurant(&admin, &format!("大酒楼{number}"), suspended.clone()).await);
    }
    restaurant(&admin, "外卖店", json!({"operating_status": "takeaway_only"})).await;
    restaurant(&admin, "未报店", json!({})).await;
    let shop = json!({"kind": "supermarket", "name": "超市", "area_code": BABU, "operating_status": "open", "occurred_at": "2020-01-20T09:00:00+08:00"});
    make(&admin, "places", shop).await;
    let status =
        async |actor: &Actor, query: &str| actor.get(&format!("/v1/stats/venue-status?{query}")).await.expect(200).body;
    let now = status(&admin, "kind=large_catering&on=2020-02-02").await;
    assert_eq!(
        ["open", "takeaway_only", "suspended", "closed", "unknown", "total"].map(|name| now[name].clone()),
        [0, 1, 18, 0, 1, 20].map(|count| json!(count))
    );
    assert_eq!((&now["suspended_rate"], &now["said"]), (&json!("0.9000"), &json!("基本")));
    assert_eq!(all(&admin, now["suspended_url"].as_str().unwrap()).await.len(), 18);
    // Told today of the twenty-fourth: the day before nobody had told.
    let before = status(&admin, "kind=large_catering&on=2020-01-23").await;
    assert_eq!((&before["suspended"], &before["unknown"], &before["said"]), (&json!(0), &json!(19), &json!("0%")));
    let then = status(&admin, "kind=large_catering&on=2020-01-24").await;
    assert_eq!((&then["suspended"], &then["unknown"]), (&json!(18), &json!(1)));
    let everything = status(&admin, "on=2020-02-02").await;
    assert_eq!((&everything["total"], &everything["items"].as_array().map(Vec::len)), (&json!(21), &Some(2)));
    assert_eq!(status(&admin, &format!("on=2020-02-02&area_code={BABU}")).await["total"], 1);
    for wrong in ["kind=warehouse", "kind=x", "on=x"] {
        assert!([400, 422].contains(&admin.get(&format!("/v1/stats/venue-status?{wrong}")).await.status), "{wrong}");
    }
    // The same as figures by name, with exactly the places behind them.
    let large = |name: &str, on: &str| json!({"figure": name, "to_on": on, "where": {"kind": "large_catering"}});
    for (name, on, value, behind) in [
        ("venues.suspended_rate", "2020-02-02", json!("0.9000"), 18),
        ("venues.suspended", "2020-02-02", json!(18), 18),
        ("venues.suspended", "2020-01-23", json!(0), 0),
        ("venues.unknown", "2020-01-23", json!(19), 19),
        ("venues.total", "2020-02-02", json!(20), 20),
        ("venues.takeaway_only_rate", "2020-02-02", json!("0.0500"), 1),
    ] {
        assert_eq!(figure(&admin, large(name, on)).await, (value, behind), "{name} {on}");
    }
    // Of the bureau are those that it watches.
    let watched = json!({"figure": "venues.suspended_rate", "to_on": "2020-02-02", "org_id": commerce});
    assert_eq!(figure(&admin, watched).await, (json!("1.0000"), 18));
    let reader = app.actor(Role::StatisticsReader, "雨城区").await;
    assert_eq!(status(&reader, "kind=large_catering&on=2020-02-02").await["suspended"], 18);
    // One that was taken down isn't counted any more; all the others suspended are all of them.
    amend(&admin, &format!("/v1/places/{}", ids[0]), json!({"dismantled_on": "2020-02-01"})).await;
    assert_eq!(status(&admin, "kind=large_catering&on=2020-02-02").await["total"], 19);
    assert_eq!(figure(&admin, large("venues.suspended", "2020-02-02")).await, (json!(17), 17));
}

#[tokio::test]
async fn a_banquet_held_under_a_ban_is_a_violation_in_the_same_append() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-01-26T12:00:00+08:00");
    let (admin, inspector) = (app.administrator().await, app.actor(Role::Inspector, "雨城区").await);
    let place = restaurant(&admin, "雅鱼大酒楼", json!({})).await;
    make(&admin, "gathering-bans", ban("511802", "2020-01-25", 0)).await;
    inspector.post("/v1/gathering-bans", &ban("511802", "2020-01-25", 0)).await.expect(403);
    let held = async |on: &str, tables: i64| {
        let made = inspector.post("/v1/banquets", &banquet(&place, on, tables, "held")).await.expect(201);
        (made.header("location").to_owned(), made.body)
    };
    let (_, before) = held("2020-01-24", 20).await;
    assert_eq!((&before["ban_in_force"], &before["violation_id"]), (&json!(false), &Json::Null), "{before}");
    let (path, after) = held("2020-01-25", 12).await;
    assert_eq!((&after["ban_in_force"], &after["revision"]), (&json!(true), &json!(1)));
    let found = violations(&inspector).await;
    assert_eq!(found.len(), 1);
    assert_eq!(
        (&found[0]["id"], &found[0]["place_id"], &found[0]["banquet_id"], &found[0]["recorded_by"]),
        (&after["violation_id"], &json!(place), &after["id"], &json!(inspector.id))
    );
    assert!(found[0]["occurred_at"].as_str().unwrap().starts_with("2020-01-25"), "{}", found[0]);
    assert_eq!(found[0]["change_no"].as_i64(), after["change_no"].as_i64().map(|number| number + 1));
    // Amended away it is void, and again it holds; what people noted of it stays.
    let violation = format!("/v1/violations/{}", after["violation_id"].as_str().unwrap());
    amend(&inspector, &violation, json!({"outcome": "warned", "description": "已现场制止"})).await;
    let amended = amend(&inspector, &path, json!({"status": "cancelled"})).await;
    assert_eq!(amended["violation_id"], Json::Null);
    assert!(violations(&inspector).await.is_empty());
    assert!(!inspector.get(&violation).await.expect(200).body["void_reason"].is_null());
    amend(&inspector, &path, json!({"status": "held"})).await;
    let again = violations(&inspector).await;
    assert_eq!(
        (again.len(), &again[0]["outcome"], &again[0]["description"]),
        (1, &json!("warned"), &json!("已现场制止"))
    );
    // Fewer tables, another day, void and restored: each time as bans and banquet say.
    amend(&inspector, &path, json!({"tables": 0})).await;
    assert!(violations(&inspector).await.is_empty(), "no more tables than are allowed");
    amend(&inspector, &path, json!({"tables": 3})).await;
    amend(&inspector, &path, json!({"planned_on": "2020-01-24"})).await;
    assert!(violations(&inspector).await.is_empty());
    amend(&inspector, &path, json!({"planned_on": "2020-01-26"})).await;
    void(&inspector, &path).await;
    assert!(violations(&inspector).await.is_empty());
    inspector.post(&format!("{path}:restore"), &json!({"reason": "核实"})).await.expect(200);
    assert_eq!(violations(&inspector).await.len(), 1);
    // Somebody's own void is nobody's to take back.
    void(&inspector, &violation).await;
    amend(&inspector, &path, json!({"tables": 4})).await;
    assert!(violations(&inspector).await.is_empty());
    // Held at home it is a violation too, of nobody whom the register knows; the police note what came of it.
    let at_home = json!({"address": "龙溪路坝子", "area_code": VILLAGE, "planned_on": "2020-01-26", "tables": 8, "diners": 80, "status": "held", "host": "王五"});
    let village = app.actor(Role::VillageCadre, "龙溪社区居委会").await;
    let made = village.post("/v1/banquets", &at_home).await.expect(201).body;
    assert_eq!(made["host"], "王*");
    let police = app.actor(Role::PoliceOfficer, "大兴街道").await;
    let of_home = format!("/v1/violations/{}", made["violation_id"].as_str().unwrap());
    assert_eq!(amend(&police, &of_home, json!({"outcome": "educated"})).await["place_id"], Json::Null);
    let listed = police.get(&format!("/v1/violations?banquet_id={}", made["id"].as_str().unwrap())).await.expect(200);
    assert_eq!(listed.body["items"].as_array().map(Vec::len), Some(1));
    // Faults of an impossible banquet are told at once.
    let wrong = json!({"planned_on": "2020-02-20", "tables": 1001, "diners": -1, "status": "held"});
    let faults = inspector.post("/v1/banquets", &wrong).await.expect(422).faults();
    let expected = [
        ("/diners", "out_of_range"),
        ("/place_id", "one_of_needed"),
        ("/planned_on", "too_far_ahead"),
        ("/tables", "out_of_range"),
    ];
    assert!(expected.iter().all(|(at, code)| faults.contains(&((*at).into(), (*code).into()))), "{faults:?}");
    verify(&app.core, |_, _| {}).await.unwrap();
}

#[tokio::test]
async fn bans_are_dated_overlap_and_may_be_told_late() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-01-27T12:00:00+08:00");
    let admin = app.administrator().await;
    let place = restaurant(&admin, "雅鱼大酒楼", json!({})).await;
    let babu = restaurant(&admin, "八步农家乐", json!({"kind": "catering", "area_code": BABU})).await;
    for (place, on, tables) in
        [(&place, "2020-01-22", 9), (&place, "2020-01-25", 6), (&babu, "2020-01-25", 6), (&babu, "2020-01-26", 2)]
    {
        make(&admin, "banquets", banquet(place, on, tables, "held")).await;
    }
    assert!(violations(&admin).await.is_empty(), "nothing is shipped");
    let dates = async || {
        let mut dates: Vec<String> = violations(&admin)
            .await
            .iter()
            .map(|one| {
                format!("{} {}", &one["occurred_at"].as_str().unwrap()[5..10], one["area_code"].as_str().unwrap())
            })
            .collect();
        dates.sort();
        dates
    };
    // A ban told later than the banquets: those it is about become violations as it is told.
    let five = make(&admin, "gathering-bans", ban("511802", "2020-01-24", 5)).await;
    assert_eq!(dates().await, [format!("01-25 {VILLAGE}"), format!("01-25 {BABU}")].to_vec());
    // A stricter one of a town counts beside it: the strictest decides.
    let none = make(&admin, "gathering-bans", ban(BABU, "2020-01-26", 0)).await;
    assert_eq!(dates().await.len(), 3);
    // Amended to a longer past it takes in more, cut off it lets go, void it is as if it had never been.
    amend(&admin, &format!("/v1/gathering-bans/{five}"), json!({"effective_on": "2020-01-20"})).await;
    assert_eq!(dates().await.len(), 4);
    amend(&admin, &format!("/v1/gathering-bans/{five}"), json!({"until_on": "2020-01-24"})).await;
    assert_eq!(dates().await, [format!("01-22 {VILLAGE}"), format!("01-26 {BABU}")].to_vec());
    let banquets = all(&admin, "/v1/banquets?ban_in_force=true").await;
    assert_eq!(banquets.len(), 2);
    assert_eq!(all(&admin, "/v1/banquets?ban_in_force=false").await.len(), 2);
    void(&admin, &format!("/v1/gathering-bans/{five}")).await;
    assert_eq!(dates().await, [format!("01-26 {BABU}")].to_vec());
    void(&admin, &format!("/v1/gathering-bans/{none}")).await;
    assert!(dates().await.is_empty());
    admin.post(&format!("/v1/gathering-bans/{five}:restore"), &json!({"reason": "核实"})).await.expect(200);
    assert_eq!(dates().await, [format!("01-22 {VILLAGE}")].to_vec());
    let backwards =
        json!({"area_code": "511802", "effective_on": "2020-02-02", "until_on": "2020-02-01", "basis": "x"});
    assert_eq!(admin.post("/v1/gathering-bans", &backwards).await.expect(422).faults()[0].0, "/until_on");
    let silent = json!({"area_code": "511802", "effective_on": "2020-03-01", "basis": "紧急通知"});
    assert_eq!(admin.post("/v1/gathering-bans", &silent).await.expect(201).body["max_tables"], 0);
    // A company's administrator bans nothing.
    let company = organization(&admin, "enterprise", "某餐饮公司").await;
    let company = of_organization(&app, Role::OrgAdmin, &company).await;
    company.post("/v1/gathering-bans", &ban("511802", "2020-03-01", 0)).await.expect(403);
    verify(&app.core, |_, _| {}).await.unwrap();
}

#[tokio::test]
async fn banquets_are_counted_in_events_tables_and_diners() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-01-24T12:00:00+08:00");
    let admin = app.administrator().await;
    let place = restaurant(&admin, "雅鱼大酒楼", json!({})).await;
    let mut paths = Vec::new();
    for (tables, diners) in [(12, 120), (20, 200), (8, 80), (5, 50)] {
        let mut body = banquet(&place, "2020-01-28", tables, "planned");
        body["diners"] = diners.into();
        body["occurred_at"] = "2020-01-23T09:00:00+08:00".into();
        paths.push(admin.post("/v1/banquets", &body).await.expect(201).header("location").to_owned());
    }
    // Three are called off, one the day after.
    for path in &paths[..2] {
        amend(&admin, path, json!({"status": "cancelled", "refund_settled": true})).await;
    }
    set_clock(&app, "2020-01-25T12:00:00+08:00");
    let admin = app.administrator().await;
    amend(&admin, &paths[2], json!({"status": "cancelled"})).await;
    amend(&admin, &paths[3], json!({"status": "postponed"})).await;
    let of =
        async |name: &str, on: &str| figure(&admin, json!({"figure": format!("banquets.{name}"), "to_on": on})).await;
    for (name, amount) in [("banquets_cancelled", 3), ("tables_cancelled", 40), ("diners_cancelled", 400)] {
        assert_eq!(of(name, "2020-01-25").await, (json!(amount), 3), "{name}");
    }
    assert_eq!((of("banquets", "2020-01-25").await, of("tables", "2020-01-25").await.0), ((json!(4), 4), json!(45)));
    assert_eq!(of("banquets_postponed", "2020-01-25").await, (json!(1), 1));
    // As it was known on the day before, and before that.
    assert_eq!(of("tables_cancelled", "2020-01-24").await, (json!(32), 2));
    assert_eq!(of("banquets_cancelled", "2020-01-23").await, (json!(0), 0));
    let by_status = json!({"figure": "banquets.tables", "to_on": "2020-01-25", "where": {"status": "cancelled"}});
    assert_eq!(figure(&admin, by_status).await, (json!(40), 3));
    // Held after all: it leaves the cancelled. Void, it counts as nothing.
    amend(&admin, &paths[2], json!({"status": "planned"})).await;
    assert_eq!(of("tables_cancelled", "2020-01-25").await, (json!(32), 2));
    void(&admin, &paths[0]).await;
    assert_eq!(of("tables_cancelled", "2020-01-25").await, (json!(20), 1));
    let stats = admin.get("/v1/stats/banquets?cumulative=true&by=total&to_on=2020-01-25").await.expect(200).body;
    assert_eq!(stats["total"]["tables_cancelled"]["value"], 20, "{stats}");
    verify(&app.core, |_, _| {}).await.unwrap();
}

#[tokio::test]
async fn a_banquet_planned_under_a_ban_is_an_inspectors_to_call_off() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-01-25T12:00:00+08:00");
    let admin = app.administrator().await;
    let commerce = organization(&admin, "bureau", "区经商局").await;
    let inspector = of_organization(&app, Role::Inspector, &commerce).await;
    let watched = json!({"supervising_org_ids": [commerce]});
    let place = restaurant(&admin, "雅鱼大酒楼", watched).await;
    let planned = async |on: &str| make(&inspector, "banquets", banquet(&place, on, 12, "planned")).await;
    let (first, second) = (planned("2020-01-28").await, planned("2020-01-29").await);
    let of = async |id: &str| duties(&inspector, &format!("duty_kind=banquet_follow_up&subject_id={id}")).await;
    work(&app).await;
    assert!(of(&first).await.is_empty(), "no ban holds yet");
    let ban_id = make(&admin, "gathering-bans", ban("511802", "2020-01-25", 0)).await;
    work(&app).await;
    let asked = of(&first).await;
    assert_eq!(
        (asked.len(), &asked[0]["line"], &asked[0]["assignee_id"], &asked[0]["due_at"], &asked[0]["state"]),
        (1, &json!("inspector"), &json!(inspector.id), &json!("2020-01-28T10:00:00+08:00"), &json!("open"))
    );
    assert_eq!(duties(&inspector, "duty_kind=banquet_follow_up&assignee=me&state=open").await.len(), 2);
    // Called off by the inspector, it is done; planned again it is open again; moved, it is due on the other day.
    let path = format!("/v1/banquets/{first}");
    amend(&inspector, &path, json!({"status": "cancelled"})).await;
    work(&app).await;
    let done = of(&first).await;
    assert_eq!((&done[0]["state"], &done[0]["proof"]["id"]), (&json!("done"), &json!(first)));
    amend(&inspector, &path, json!({"status": "planned", "planned_on": "2020-01-30"})).await;
    work(&app).await;
    let again = of(&first).await;
    assert_eq!((&again[0]["state"], &again[0]["due_at"]), (&json!("open"), &json!("2020-01-30T10:00:00+08:00")));
    // Nobody called the other one off: missed at ten of its day, and late afterwards.
    set_clock(&app, "2020-01-29T10:00:30+08:00");
    work(&app).await;
    let (admin, inspector) = (app.administrator().await, crate::shifts::later(&inspector).await);
    let of = async |id: &str| duties(&inspector, &format!("duty_kind=banquet_follow_up&subject_id={id}")).await;
    let missed = of(&second).await;
    assert_eq!((&missed[0]["state"], &missed[0]["escalated_to"]), (&json!("missed"), &json!("district")));
    set_clock(&app, "2020-01-29T10:10:00+08:00");
    amend(&inspector, &format!("/v1/banquets/{second}"), json!({"status": "simplified", "tables": 0})).await;
    work(&app).await;
    let late = of(&second).await;
    assert_eq!((&late[0]["state"], &late[0]["late"]), (&json!("done"), &json!(true)));
    // Without the ban nothing is asked for; a void banquet asks for nothing either.
    void(&admin, &format!("/v1/gathering-bans/{ban_id}")).await;
    work(&app).await;
    assert_eq!((&of(&first).await[0]["state"], &of(&first).await[0]["waiver"]), (&json!("waived"), &json!("lapsed")));
    admin.post(&format!("/v1/gathering-bans/{ban_id}:restore"), &json!({"reason": "核实"})).await.expect(200);
    work(&app).await;
    assert_eq!(of(&first).await[0]["state"], "open");
    void(&inspector, &path).await;
    work(&app).await;
    assert_eq!(of(&first).await[0]["waiver"], "cause_voided");
}

#[tokio::test]
async fn a_venue_tells_of_itself_and_of_no_other() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-01-26T12:00:00+08:00");
    let admin = app.administrator().await;
    let (mine, theirs) =
        (organization(&admin, "enterprise", "雅鱼公司").await, organization(&admin, "enterprise", "别家公司").await);
    let own = restaurant(&admin, "雅鱼大酒楼", json!({"org_id": mine})).await;
    let other = restaurant(&admin, "别家酒楼", json!({"org_id": theirs})).await;
    let (reporter, competitor) = (
        of_organization(&app, Role::StoreReporter, &mine).await,
        of_organization(&app, Role::StoreReporter, &theirs).await,
    );
    make(&admin, "gathering-bans", ban("511802", "2020-01-25", 5)).await;
    let mut body = banquet(&own, "2020-01-28", 12, "cancelled");
    body["found_by"] = "venue_report".into();
    let made = reporter.post("/v1/banquets", &body).await.expect(201);
    assert_eq!(made.body["org_id"], json!(mine));
    let path = made.header("location").to_owned();
    reporter.post("/v1/banquets", &banquet(&other, "2020-01-28", 12, "held")).await.expect(422);
    reporter.post("/v1/banquets", &banquet(&other, "2020-01-25", 12, "held")).await.expect(403);
    let at_home = json!({"address": "某处", "area_code": VILLAGE, "planned_on": "2020-01-25", "tables": 1, "diners": 9, "status": "held"});
    reporter.post("/v1/banquets", &at_home).await.expect(403);
    let signed = |place: &str| json!({"place_id": place, "commitment_kind": "no_banquet", "signed_on": "2020-01-25"});
    let committed = reporter.post("/v1/commitments", &signed(&own)).await.expect(201).header("location").to_owned();
    reporter.post("/v1/commitments", &signed(&other)).await.expect(403);
    let household =
        json!({"committed_org_id": theirs, "commitment_kind": "staff_undertaking", "signed_on": "2020-01-25"});
    reporter.post("/v1/commitments", &household).await.expect(403);
    for hidden in [&path, &committed] {
        competitor.get(hidden).await.expect(404);
        competitor.patch(hidden, "\"1\"", &json!({"note": "x"})).await.expect(404);
    }
    assert!(all(&competitor, "/v1/banquets?to_on=2020-01-31").await.is_empty());
    assert_eq!(all(&reporter, "/v1/banquets?to_on=2020-01-31").await.len(), 1);
    // The figures of one's own, no others'.
    let tables = json!({"figure": "banquets.tables", "to_on": "2020-01-26"});
    assert_eq!(figure(&reporter, tables.clone()).await.0, 12);
    assert_eq!(figure(&competitor, tables).await.0, 0);
    // An honest reporter's own banquet is a violation as well, which is not his to judge.
    let held =
        reporter.patch(&path, "\"1\"", &json!({"status": "held", "planned_on": "2020-01-25"})).await.expect(200).body;
    let violation = held["violation_id"].as_str().unwrap();
    reporter.get(&format!("/v1/violations/{violation}")).await.expect(403);
    let inspector = app.actor(Role::Inspector, "雨城区").await;
    assert_eq!(inspector.get(&format!("/v1/violations/{violation}")).await.expect(200).body["place_id"], json!(own));
    let gate = json!({"kind": "compound_gate", "name": "大门", "area_code": VILLAGE});
    let gate = make(&admin, "places", gate).await;
    let wrong = inspector.post("/v1/banquets", &banquet(&gate, "2020-01-28", 1, "planned")).await.expect(422);
    assert_eq!(wrong.faults(), [("/place_id".to_owned(), "wrong_kind_of_place".to_owned())]);
}

#[tokio::test]
async fn undertakings_count_those_who_signed() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-01-30T12:00:00+08:00");
    let admin = app.administrator().await;
    let commerce = organization(&admin, "bureau", "区经商局").await;
    let (one, other) =
        (restaurant(&admin, "雅鱼大酒楼", json!({})).await, restaurant(&admin, "别家酒楼", json!({})).await);
    let unit = of_organization(&app, Role::OrgAdmin, &commerce).await;
    let signed = |more: Json| {
        let mut body = json!({"commitment_kind": "no_banquet", "signed_on": "2020-01-25"});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    for _ in 0..2 {
        make(&unit, "commitments", signed(json!({"place_id": one}))).await;
    }
    let grid = app.actor(Role::GridWorker, "龙溪社区居委会").await;
    let household = make(&grid, "households", json!({"area_code": VILLAGE, "door": "3-1-101"})).await;
    let person = json!({"name": "王五", "document_type": "resident_id", "document_number": fake_resident_id(3), "area_code": VILLAGE});
    let person = make(&grid, "people", person).await;
    let kind = json!({"household_id": household, "commitment_kind": "household_undertaking"});
    make(&grid, "commitments", signed(kind.clone())).await;
    make(&grid, "commitments", signed(kind)).await;
    make(&grid, "commitments", signed(json!({"person_id": person, "commitment_kind": "household_undertaking"}))).await;
    make(&unit, "commitments", signed(json!({"committed_org_id": commerce, "area_code": "511802"}))).await;
    for wrong in [json!({}), json!({"place_id": one, "household_id": household})] {
        let refused = grid.post("/v1/commitments", &signed(wrong)).await.expect(422).faults();
        assert_eq!(refused, [("/place_id".to_owned(), "one_of".to_owned())]);
    }
    let publicity = json!({"place_id": other, "method": "poster", "topic": "epidemic_policy", "copies": 3});
    make(&unit, "publicity-activities", publicity).await;
    let of = async |name: &str| figure(&admin, json!({"figure": name, "to_on": "2020-01-30"})).await;
    assert_eq!(of("commitments.commitments").await, (json!(6), 6));
    assert_eq!(of("commitments.households_committed").await.0, 1);
    assert_eq!(of("commitments.persons").await.0, 1);
    assert_eq!(of("venues.committed").await, (json!(1), 1));
    assert_eq!(of("venues.mobilized").await, (json!(2), 2));
    let of_unit = json!({"figure": "venues.mobilized", "to_on": "2020-01-30", "org_id": commerce});
    assert_eq!(figure(&unit, of_unit).await, (json!(2), 2));
    // Sheets as a clerk keeps them.
    let sheet = "店名,承诺书类型,签订日期,承诺人\n别家酒楼,不承办聚餐,2020-01-26,李强\n";
    assert_eq!(counts(&import(&unit, "commitments", "", sheet).await), [1, 0, 0, 0, 0]);
    let sheet = "酒店,宴席事由,办宴日期,桌数,人数,宴席状态,是否退款,主办人\n雅鱼大酒楼,婚宴,2020-01-28,12,120,取消,是,王五\n雅鱼大酒楼,寿宴,2020-01-29,8,80,延期,否,张三\n";
    let done = import(&unit, "banquets", "", sheet).await;
    assert_eq!(counts(&done), [2, 0, 0, 0, 0], "{done}");
    assert_eq!(of("banquets.tables_cancelled").await.0, 12);
    verify(&app.core, |_, _| {}).await.unwrap();
}
