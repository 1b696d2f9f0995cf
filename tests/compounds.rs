//! Compounds: who helps them and when, disposal points collected day by day, and all of one on a sheet.

use lianfang::integrity::verify;
use lianfang::platform::access::{Grant, Role};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::duties::duties;
use crate::import_facts::import;
use crate::imports::counts;
use crate::isolation_cases::{set_clock, work};
use crate::shifts::make;
use crate::support::{Actor, TestApp};

const VILLAGE: &str = "511802005001";
const OTHER: &str = "511802005002";

async fn organization(admin: &Actor, kind: &str, name: &str) -> String {
    make(admin, "organizations", json!({"kind": kind, "name": name, "area_code": "511802"})).await
}

async fn place(admin: &Actor, kind: &str, name: &str, more: Json) -> String {
    let mut body = json!({"kind": kind, "name": name, "area_code": VILLAGE});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    make(admin, "places", body).await
}

async fn of_organization(app: &TestApp, role: Role, org_id: &str) -> Actor {
    let org_id = Some(org_id.parse::<Uuid>().unwrap());
    app.actor_of(vec![Grant { role, area_code: "511802".into(), org_id }]).await
}

fn partnership(place: &str, partner: &str, starts_on: &str, ends_on: Option<&str>) -> Json {
    json!({"place_id": place, "partner_org_id": partner, "partnership_kind": "lian_bao_bang", "starts_on": starts_on, "ends_on": ends_on})
}

/// A figure, evaluated: its value or amount, and the ids behind it.
pub async fn figure(actor: &Actor, query: Json) -> (Json, usize) {
    let body = json!({"queries": [query]});
    let result = actor.post("/v1/figures:evaluate", &body).await.expect(200).body["results"][0].clone();
    assert_eq!(result["withheld"], Json::Null, "{result}");
    let value = if result["value"].is_null() { &result["amount"] } else { &result["value"] };
    let behind = match (result["record_ids"].as_array(), result["records_url"].as_str()) {
        (Some(ids), _) => ids.len(),
        (None, Some(url)) => crate::figures_situation::all(actor, url).await.len(),
        (None, None) => usize::MAX,
    };
    (value.clone(), behind)
}

#[tokio::test]
async fn a_compound_has_each_partner_once_at_a_time() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-02-02T12:00:00+08:00");
    let admin = app.administrator().await;
    let (commerce, education) =
        (organization(&admin, "bureau", "区经商局").await, organization(&admin, "bureau", "区教育局").await);
    let compound = place(&admin, "family_compound", "一号院", json!({})).await;
    let alone = place(&admin, "residential_compound", "二号院", json!({"area_code": OTHER})).await;
    // The unit's own account enters what its people do; another unit's doesn't read it, the partner's does.
    let (unit, partner) = (
        of_organization(&app, Role::OrgAdmin, &commerce).await,
        of_organization(&app, Role::OrgAdmin, &education).await,
    );
    let january = partnership(&compound, &commerce, "2020-01-21", Some("2020-01-31"));
    let first = unit.post("/v1/compound-partnerships", &january).await.expect(201);
    let (path, id) = (first.header("location").to_owned(), first.body["id"].clone());
    assert_eq!((&first.body["area_code"], &first.body["org_id"]), (&json!(VILLAGE), &json!(commerce)));
    let entered = partnership(&compound, &education, "2020-01-24", None);
    let by_command = admin.post("/v1/compound-partnerships", &entered).await.expect(201);
    let listed =
        async |actor: &Actor| crate::figures_situation::all(actor, "/v1/compound-partnerships?to_on=2020-02-09").await;
    assert_eq!(
        listed(&partner).await.iter().map(|one| one["id"].clone()).collect::<Vec<_>>(),
        [by_command.body["id"].clone()]
    );
    assert_eq!(listed(&unit).await.iter().map(|one| one["id"].clone()).collect::<Vec<_>>(), [id]);
    let stranger = app.actor(Role::VillageCadre, "顺路社区居委会").await;
    assert!(listed(&stranger).await.is_empty());
    stranger.post("/v1/compound-partnerships", &january).await.expect(403);
    // A day in common is refused, the day after the last one is not; another kind is another bond.
    let refused = unit
        .post("/v1/compound-partnerships", &partnership(&compound, &commerce, "2020-01-31", None))
        .await
        .expect(422);
    assert_eq!(refused.faults(), [("/starts_on".to_owned(), "overlaps_partnership".to_owned())]);
    let message = refused.body["errors"].to_string();
    assert!(message.contains("2020-01-21") && message.contains("2020-01-31"), "{message}");
    let again = partnership(&compound, &commerce, "2020-02-01", None);
    let again = unit.post("/v1/compound-partnerships", &again).await.expect(201).header("location").to_owned();
    let mut paired = partnership(&compound, &commerce, "2020-01-25", None);
    paired["partnership_kind"] = "party_pairing".into();
    unit.post("/v1/compound-partnerships", &paired).await.expect(201);
    let moved = unit.patch(&path, "\"1\"", &json!({"ends_on": "2020-02-01"})).await.expect(422);
    assert_eq!(moved.faults()[0].1, "overlaps_partnership");
    // Void, it makes room; restored, it is asked again.
    unit.post(&format!("{again}:void"), &json!({"reason": "录错"})).await.expect(200);
    unit.patch(&path, "\"1\"", &json!({"ends_on": "2020-02-01"})).await.expect(200);
    let back = unit.post(&format!("{again}:restore"), &json!({"reason": "核实"})).await.expect(422);
    assert_eq!(back.faults()[0].1, "overlaps_partnership");
    // Of two writers at once one is taken.
    let both = partnership(&alone, &commerce, "2020-02-02", None);
    let (one, other) =
        tokio::join!(unit.post("/v1/compound-partnerships", &both), unit.post("/v1/compound-partnerships", &both));
    assert_eq!([one.status, other.status].iter().sum::<u16>(), 201 + 422, "{} {}", one.body, other.body);
    let at_gate = place(&admin, "compound_gate", "大门", json!({"parent_id": compound})).await;
    let wrong = unit.post("/v1/compound-partnerships", &partnership(&at_gate, &commerce, "2020-01-21", None)).await;
    assert_eq!(wrong.expect(422).faults(), [("/place_id".to_owned(), "wrong_kind_of_place".to_owned())]);
    let backwards = partnership(&compound, &commerce, "2020-03-02", Some("2020-03-01"));
    assert_eq!(
        unit.post("/v1/compound-partnerships", &backwards).await.expect(422).faults(),
        [("/ends_on".to_owned(), "invalid_order".to_owned())]
    );

    // Compounds by partner are counted once each, and as of a day; those without one are told.
    let partnered = |on: &str, more: Json| {
        let mut query = json!({"figure": "compounds.partnered", "to_on": on});
        query.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        query
    };
    assert_eq!(figure(&admin, partnered("2020-02-02", json!({}))).await, (json!(2), 2));
    assert_eq!(figure(&admin, partnered("2020-01-22", json!({}))).await, (json!(1), 1));
    assert_eq!(figure(&admin, partnered("2020-01-20", json!({}))).await, (json!(0), 0));
    assert_eq!(figure(&admin, partnered("2020-02-02", json!({"org_id": education}))).await, (json!(1), 1));
    assert_eq!(figure(&partner, partnered("2020-02-02", json!({"org_id": education}))).await, (json!(1), 1));
    let pairing = json!({"where": {"partnership_kind": "party_pairing"}});
    assert_eq!(figure(&admin, partnered("2020-02-02", pairing)).await, (json!(1), 1));
    let without = |on: &str| json!({"figure": "compounds.without_partner", "to_on": on});
    assert_eq!(figure(&admin, without("2020-02-02")).await, (json!(0), 0));
    assert_eq!(figure(&admin, without("2020-01-22")).await, (json!(1), 1));
    assert_eq!(figure(&admin, without("2020-01-20")).await, (json!(2), 2));
    let standing = admin.get("/v1/compound-partnerships?standing_on=2020-01-22").await.expect(200).body;
    assert_eq!(standing["items"].as_array().map(Vec::len), Some(1));
    verify(&app.core, |_, _| {}).await.unwrap();
}

#[tokio::test]
async fn a_clerks_sheets_of_compounds_go_in() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-02-02T20:00:00+08:00");
    let admin = app.administrator().await;
    let commerce = organization(&admin, "bureau", "区经商局").await;
    let compound = place(&admin, "family_compound", "一号院", json!({})).await;
    place(&admin, "mask_disposal_point", "一号院口罩弃置点", json!({"parent_id": compound})).await;
    let unit = of_organization(&app, Role::OrgAdmin, &commerce).await;
    let sheet =
        "大院名称,包帮单位,结对类型,结对日期,负责人,联系电话\n一号院,区经商局,联包帮,2020-01-24,李强,15400000051\n";
    let done = import(&unit, "compound_partnerships", "", sheet).await;
    assert_eq!(counts(&done), [1, 0, 0, 0, 0], "{done}");
    let again = import(&unit, "compound_partnerships", "", sheet).await;
    assert_eq!(counts(&again), [0, 1, 0, 0, 0], "{again}");
    let volunteer = app.actor(Role::Volunteer, "龙溪社区居委会").await;
    let sheet = "日期时间,口罩弃置点,袋数,重量(公斤),是否消毒,去向,收运人,车牌号\n2020-02-02 18:30,一号院口罩弃置点,3,4.5,是,医废处置,李强,川T12345\n2020-02-01 18:30,一号院口罩弃置点,0,,是,焚烧厂,李强,\n";
    let done = import(&volunteer, "mask_collections", "", sheet).await;
    assert_eq!(counts(&done), [2, 0, 0, 0, 0], "{done}");
    let read = volunteer.get("/v1/mask-collections?order=newest").await.expect(200).body;
    let newest = &read["items"][0];
    assert_eq!(
        (&newest["bags"], &newest["weight_kg"], &newest["destination"]),
        (&json!(3), &json!("4.5"), &json!("medical_waste"))
    );
    assert!(!newest["plate_number"].as_str().unwrap().contains("12345"), "{newest}");
    // Figures of collected masks: collections, bags, kilograms, each with its list.
    for (name, value, behind) in
        [("mask_collections", json!(2), 2), ("bags", json!(3), 2), ("weight_kg", json!("4.5"), 2)]
    {
        let query = json!({"figure": format!("mask_collections.{name}"), "to_on": "2020-02-02"});
        assert_eq!(figure(&admin, query).await, (value, behind), "{name}");
    }
    let template = unit.with("accept", "text/csv").download("/v1/imports/template?kind=mask_collections").await;
    assert_eq!(template.0, 200, "{}", String::from_utf8_lossy(&template.2));
}

struct Points {
    app: TestApp,
    point: String,
    compound: String,
    unit: Actor,
    org_id: String,
}

/// A compound that the bureau helps, with a point that was set up the day before.
async fn points() -> Points {
    let app = TestApp::start().await;
    set_clock(&app, "2020-02-01T08:00:00+08:00");
    let admin = app.administrator().await;
    let org_id = organization(&admin, "bureau", "区教育局").await;
    let compound = place(&admin, "family_compound", "一号院", json!({})).await;
    make(&admin, "compound-partnerships", partnership(&compound, &org_id, "2020-01-24", None)).await;
    let more = json!({"parent_id": compound, "established_on": "2020-01-31"});
    let point = place(&admin, "mask_disposal_point", "口罩弃置点", more).await;
    let unit = of_organization(&app, Role::OrgAdmin, &org_id).await;
    Points { app, point, compound, unit, org_id }
}

fn collection(point: &str, at: &str, bags: i64) -> Json {
    json!({"place_id": point, "bags": bags, "disinfected": true, "destination": "medical_waste", "occurred_at": at})
}

/// State of a point's duties by day.
async fn states(actor: &Actor, point: &str) -> Vec<String> {
    let found = duties(actor, &format!("duty_kind=mask_collection&subject_id={point}")).await;
    let told =
        |duty: &Json| format!("{} {}", &duty["opens_at"].as_str().unwrap()[5..10], duty["state"].as_str().unwrap());
    found.iter().map(told).collect()
}

#[tokio::test]
async fn a_point_is_looked_at_each_day_and_an_empty_one_too() {
    let Points { app, point, unit, org_id, .. } = points().await;
    work(&app).await;
    // Whose duty it is: the partner's, whose account sees it as its own; nobody else's.
    let mine = duties(&unit, "duty_kind=mask_collection&assignee=me").await;
    assert_eq!(mine.len(), 2, "today and tomorrow: {mine:?}");
    assert_eq!(
        (&mine[0]["line"], &mine[0]["org_id"], &mine[0]["due_at"]),
        (&json!("unit"), &json!(org_id), &json!("2020-02-02T00:00:00+08:00"))
    );
    let other = organization(&app.administrator().await, "bureau", "区司法局").await;
    let stranger = of_organization(&app, Role::OrgAdmin, &other).await;
    assert!(duties(&stranger, "duty_kind=mask_collection").await.is_empty());
    work(&app).await;
    assert_eq!(states(&unit, &point).await, ["02-01 open", "02-02 open"], "made once");

    // 0 bags at ten to midnight: somebody looked. None the next day: missed at midnight.
    set_clock(&app, "2020-02-01T23:50:00+08:00");
    let volunteer = app.actor(Role::Volunteer, "龙溪社区居委会").await;
    let empty = make(&volunteer, "mask-collections", collection(&point, "2020-02-01T23:50:00+08:00", 0)).await;
    set_clock(&app, "2020-02-02T00:01:00+08:00");
    work(&app).await;
    let unit = crate::shifts::later(&unit).await;
    assert_eq!(states(&unit, &point).await, ["02-01 done", "02-02 open", "02-03 open"]);
    let done = duties(&unit, "duty_kind=mask_collection&state=done").await;
    assert_eq!((&done[0]["proof"]["id"], &done[0]["late"]), (&json!(empty), &json!(false)));
    set_clock(&app, "2020-02-03T00:00:30+08:00");
    work(&app).await;
    let unit = crate::shifts::later(&unit).await;
    assert_eq!(states(&unit, &point).await, ["02-01 done", "02-02 missed", "02-03 open", "02-04 open"]);
    // One of the next day is the next day's, and takes nothing of the silence back.
    set_clock(&app, "2020-02-03T09:00:00+08:00");
    let (unit, volunteer) = (crate::shifts::later(&unit).await, crate::shifts::later(&volunteer).await);
    make(&unit, "mask-collections", collection(&point, "2020-02-03T08:30:00+08:00", 2)).await;
    work(&app).await;
    assert_eq!(states(&unit, &point).await[1..3], ["02-02 missed", "02-03 done"]);
    // A phone that had no network hands in what was done in time: done, told late. Void, it is missed again.
    let item = json!({"kind": "mask_collections", "op": "create", "id": Uuid::now_v7(), "body": collection(&point, "2020-02-02T19:00:00+08:00", 1)});
    let pushed =
        volunteer.post("/v1/sync/push", &json!({"device_id": "phone", "items": [item]})).await.expect(207).body;
    assert_eq!(pushed["results"][0]["outcome"], "created", "{pushed}");
    work(&app).await;
    let late = duties(&unit, "duty_kind=mask_collection&from_on=2020-02-02&to_on=2020-02-02").await;
    assert_eq!(
        (late.len(), &late[0]["state"], &late[0]["late"], &late[0]["reported_late"]),
        (1, &json!("done"), &json!(false), &json!(true))
    );
    let id = pushed["results"][0]["id"].as_str().unwrap();
    volunteer.post(&format!("/v1/mask-collections/{id}:void"), &json!({"reason": "录错"})).await.expect(200);
    work(&app).await;
    assert_eq!(states(&unit, &point).await[1], "02-02 missed");
    verify(&app.core, |_, _| {}).await.unwrap();
}

#[tokio::test]
async fn a_point_that_comes_or_goes_owes_what_it_can() {
    let Points { app, point, compound, unit, .. } = points().await;
    let admin = app.administrator().await;
    let more = json!({"parent_id": compound, "established_on": "2020-02-01"});
    let new = place(&admin, "mask_disposal_point", "新弃置点", more).await;
    work(&app).await;
    assert_eq!(states(&unit, &new).await, ["02-02 open"], "not on the day on which it was set up");
    let patch = async |actor: &Actor, id: &str, patch: Json| {
        let path = format!("/v1/places/{id}");
        let tag = actor.get(&path).await.expect(200).header("etag").to_owned();
        actor.patch(&path, &tag, &patch).await.expect(200)
    };
    // Out of use it owes nothing; in use again it does.
    patch(&admin, &new, json!({"operating_status": "suspended"})).await;
    work(&app).await;
    assert_eq!(states(&unit, &new).await, ["02-02 waived"]);
    patch(&admin, &new, json!({"operating_status": "open"})).await;
    work(&app).await;
    assert_eq!(states(&unit, &new).await, ["02-02 open"]);
    // Taken away today it is emptied once more: whoever removes the bin isn't rid of the day.
    patch(&admin, &point, json!({"dismantled_on": "2020-02-01"})).await;
    work(&app).await;
    assert_eq!(states(&unit, &point).await, ["02-01 open", "02-02 waived"]);
    set_clock(&app, "2020-02-02T00:00:30+08:00");
    work(&app).await;
    let (admin, unit) = (app.administrator().await, crate::shifts::later(&unit).await);
    assert_eq!(states(&unit, &point).await, ["02-01 missed", "02-02 waived"]);
    // Said to have been gone before, what was missed stays missed: it is explained, not talked away.
    patch(&admin, &point, json!({"dismantled_on": "2020-01-31"})).await;
    work(&app).await;
    assert_eq!(states(&unit, &point).await[0], "02-01 missed");
    let wrong = admin.patch(&format!("/v1/places/{new}"), "\"3\"", &json!({"dismantled_on": "2020-01-01"})).await;
    assert_eq!(wrong.expect(422).faults(), [("/dismantled_on".to_owned(), "invalid_order".to_owned())]);
    // Closed with its compound.
    patch(&admin, &compound, json!({"operating_status": "closed"})).await;
    work(&app).await;
    assert!(states(&unit, &new).await.iter().all(|state| state.ends_with("waived")), "{:?}", states(&unit, &new).await);
}

#[tokio::test]
async fn points_without_a_collection_are_listed_by_hours() {
    let Points { app, point, unit, org_id, .. } = points().await;
    let admin = app.administrator().await;
    let elsewhere =
        place(&admin, "mask_disposal_point", "别处弃置点", json!({"area_code": OTHER, "established_on": "2020-01-20"}))
            .await;
    make(&admin, "mask-collections", collection(&point, "2020-01-31T20:00:00+08:00", 1)).await;
    let listed = async |actor: &Actor, query: &str| {
        let body = actor.get(&format!("/v1/mask-collections/uncollected?{query}")).await.expect(200).body;
        let items = body["items"].as_array().unwrap().clone();
        let ids: Vec<String> = items.iter().map(|item| item["place_id"].as_str().unwrap().to_owned()).collect();
        (ids, items, body["points"].clone())
    };
    let (ids, items, all) = listed(&admin, "hours=12").await;
    assert_eq!((ids, all), (vec![elsewhere.clone(), point.clone()], json!(2)));
    assert_eq!(
        (&items[1]["hours"], &items[1]["org_id"], &items[1]["compound_name"]),
        (&json!(12), &json!(org_id), &json!("一号院"))
    );
    assert_eq!(items[0]["last_collected_at"], Json::Null);
    assert_eq!(listed(&admin, "hours=13").await.0, [elsewhere.clone()]);
    assert_eq!(listed(&admin, "").await.0, [elsewhere]);
    // A unit sees its own, a village its village's.
    assert_eq!(listed(&unit, "hours=1").await.0, [point.clone()]);
    let neighbour = app.actor(Role::VillageCadre, "顺路社区居委会").await;
    assert!(!listed(&neighbour, "hours=1").await.0.contains(&point));
    let points = json!({"figure": "compounds.mask_points", "to_on": "2020-02-01"});
    assert_eq!(figure(&admin, points.clone()).await, (json!(2), 2));
    assert_eq!(figure(&unit, points).await, (json!(1), 1));
    let before = json!({"figure": "compounds.mask_points", "to_on": "2020-01-25"});
    assert_eq!(figure(&admin, before).await, (json!(1), 1));
    let standing = admin.get("/v1/places?kind=mask_disposal_point&standing_on=2020-01-25").await.expect(200).body;
    assert_eq!(standing["items"].as_array().map(Vec::len), Some(1));
    for wrong in ["hours=0", "hours=x", "on=2020-01-01"] {
        assert!(
            [400, 422].contains(&admin.get(&format!("/v1/mask-collections/uncollected?{wrong}")).await.status),
            "{wrong}"
        );
    }
    let bad = json!({"place_id": point, "bags": -1, "disinfected": "x", "destination": "sea"});
    let faults = admin.post("/v1/mask-collections", &bad).await.expect(422).faults();
    assert_eq!(faults.len(), 3, "{faults:?}");
}

#[tokio::test]
async fn a_compounds_sheet_tells_each_what_he_may_see() {
    let Points { app, point, compound, unit, .. } = points().await;
    let admin = app.administrator().await;
    let gate = place(&admin, "compound_gate", "大门", json!({"parent_id": compound})).await;
    make(&admin, "disinfections", json!({"place_id": gate, "area_m2": "350.5"})).await;
    make(&admin, "mask-collections", collection(&point, "2020-02-01T07:00:00+08:00", 1)).await;
    make(&admin, "households", json!({"area_code": VILLAGE, "door": "3-1-101", "place_id": compound})).await;
    let round = json!({"area_code": VILLAGE, "name": "第一轮", "series": "households", "target": "households", "starts_at": "2020-02-01T09:00:00+08:00", "due_at": "2020-02-01T20:00:00+08:00"});
    let round = make(&admin, "survey-rounds", round).await;
    admin.post(&format!("/v1/survey-rounds/{round}:start"), &json!({})).await.expect(200);
    work(&app).await;
    let path = format!("/v1/compounds/{compound}/sheet");
    let sheet = admin.get(&path).await.expect(200).body;
    let total = |sheet: &Json, part: &str| (sheet[part]["told"].clone(), sheet[part]["total"].clone());
    for part in ["partners", "gates", "mask_points", "mask_collections", "disinfections"] {
        assert_eq!(total(&sheet, part), (json!(true), json!(1)), "{part} {sheet}");
    }
    assert_eq!((&sheet["compound"]["id"], &sheet["gates"]["items"][0]["id"]), (&json!(compound), &json!(gate)));
    assert_eq!(
        (&sheet["rounds"][0]["round_id"], &sheet["rounds"][0]["targets"]),
        (&json!(round), &json!(1)),
        "{sheet}"
    );
    let covered = sheet["rounds"][0]["coverage_url"].as_str().unwrap();
    admin.get(covered).await.expect(200);
    // A police officer reads no disinfections; a unit what is its own; another village nothing but the places.
    let police = app.actor(Role::PoliceOfficer, "大兴街道").await.get(&path).await.expect(200).body;
    assert_eq!(total(&police, "disinfections"), (json!(false), json!(0)));
    assert_eq!(total(&police, "partners").1, 1);
    let own = unit.get(&path).await.expect(200).body;
    assert_eq!((total(&own, "partners").1, total(&own, "disinfections").1), (json!(1), json!(0)));
    let stranger = app.actor(Role::VillageCadre, "顺路社区居委会").await;
    let theirs = stranger.get(&path).await.expect(200).body;
    assert_eq!((total(&theirs, "partners").1, total(&theirs, "mask_collections").1), (json!(0), json!(0)));
    assert_eq!(theirs["rounds"], json!([]));
    admin.get(&format!("/v1/compounds/{gate}/sheet")).await.expect(404);
    admin.get(&format!("/v1/compounds/{}/sheet", Uuid::now_v7())).await.expect(404);
}

#[tokio::test]
async fn checkpoints_are_counted_by_who_set_them_up() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-02-02T12:00:00+08:00");
    let admin = app.administrator().await;
    let (commerce, education) =
        (organization(&admin, "bureau", "区经商局").await, organization(&admin, "bureau", "区教育局").await);
    let set_up = |on: &str, by: &str| json!({"established_on": on, "established_by_org_id": by});
    for (kind, name, more) in [
        ("compound_gate", "一号院大门", set_up("2020-01-25", &commerce)),
        ("compound_gate", "二号院大门", set_up("2020-01-28", &commerce)),
        ("village_entrance", "村口", set_up("2020-01-28", &education)),
        ("compound_gate", "无人设置", json!({})),
        ("mask_disposal_point", "弃置点", set_up("2020-01-25", &commerce)),
    ] {
        place(&admin, kind, name, more).await;
    }
    let asked = |more: Json| {
        let mut query = json!({"figure": "places.checkpoints_set_up", "to_on": "2020-02-02"});
        query.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        query
    };
    for (more, count) in [
        (json!({}), 3),
        (json!({"org_id": commerce}), 2),
        (json!({"to_on": "2020-01-26"}), 1),
        (json!({"from_on": "2020-01-28"}), 2),
        (json!({"area_code": OTHER}), 0),
        (json!({"where": {"kind": "village_entrance"}}), 1),
    ] {
        assert_eq!(figure(&admin, asked(more.clone())).await, (json!(count), count), "{more}");
    }
    let listed = admin.get(&format!("/v1/places?established_by_org_id={commerce}")).await.expect(200).body;
    assert_eq!(listed["items"].as_array().map(Vec::len), Some(3));
}
