//! Figures by name: every one there is, each as its statistics and the situation say, each with its records; of one
//! moment, whoever asks within his rights, with few statements.

use std::collections::{BTreeMap, BTreeSet};

use lianfang::platform::access::Role;
use lianfang::platform::access::roles::Grant;
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};

use crate::figures::pass;
use crate::figures_situation::all;
use crate::isolation_cases::set_clock;
use crate::shifts::make;
use crate::small_cells::key;
use crate::support::{Actor, TestApp, examples};

const VILLAGE: &str = "511802005001";
const TOWNSHIP: &str = "511802005";

/// Figures whose records count more than one each, or things beside themselves.
const WEIGHTED: &[&str] = &[
    "works",
    "videos",
    "newspapers",
    "letters",
    "kuaiban",
    "people_involved",
    "issue_recipients",
    "copies",
    "households_reached",
    "service_minutes",
    "places_needed",
    "lines",
    "items_failed",
    "tallied",
    "tallied_abnormal",
    "tallied_vehicles",
    "members_confirmed",
    "officer_person_times",
    "participants",
    "attendees",
    "bags",
    "weight_kg",
    "tables",
    "diners",
    "tables_cancelled",
    "diners_cancelled",
    "tables_postponed",
    "diners_postponed",
    "tables_held",
    "diners_held",
    "findings",
];

async fn evaluate(actor: &Actor, queries: &[Json]) -> Vec<Json> {
    let reply = actor.post("/v1/figures:evaluate", &json!({"queries": queries})).await.expect(200);
    reply.body["results"].as_array().unwrap().clone()
}

async fn value(actor: &Actor, query: Json) -> Json {
    let result = evaluate(actor, &[query]).await.remove(0);
    assert_eq!(result["withheld"], Json::Null, "{result}");
    result["value"].clone()
}

async fn catalogue(actor: &Actor) -> Vec<Json> {
    actor.get("/v1/figures").await.expect(200).body["items"].as_array().unwrap().clone()
}

async fn organization(admin: &Actor, name: &str, parent: Option<&str>) -> String {
    make(admin, "organizations", json!({"kind": "bureau", "name": name, "area_code": "511802", "parent_id": parent}))
        .await
}

async fn household(admin: &Actor, door: &str) -> String {
    make(admin, "households", json!({"area_code": VILLAGE, "door": door})).await
}

fn visit(household: &str, on: &str, more: Json) -> Json {
    let mut body = json!({"household_id": household, "occurred_at": format!("{on}T10:00:00+08:00"), "channel": "home_visit", "result": "reached"});
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

async fn verify(app: &TestApp) {
    lianfang::integrity::verify(&app.core, |_, _| {}).await.map_err(|error| format!("{error:?}")).unwrap();
}

/// Conditions of a list, whatever their order.
fn conditions(url: &Json) -> BTreeSet<String> {
    url.as_str().unwrap_or_default().split(['?', '&']).map(str::to_owned).collect()
}

#[tokio::test]
async fn every_figure_is_in_the_catalogue_and_is_what_its_statistics_say() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    examples::one_of_each(&app, &admin, VILLAGE).await;
    let entries = catalogue(&admin).await;
    let names: BTreeSet<&str> = entries.iter().map(|entry| entry["name"].as_str().unwrap()).collect();
    assert_eq!(names.len(), entries.len(), "a name stands for one figure");
    let kinds: Vec<_> = app.core.kinds().kinds().filter(|kind| !kind.rules.figures().is_empty()).collect();
    for kind in &kinds {
        for figure in kind.rules.figures() {
            assert!(names.contains(format!("{}.{}", kind.name, figure.name).as_str()), "{} {}", kind.name, figure.name);
        }
    }
    for name in ["units.staff", "units.compounds", "stock.agri_fertilizer", "coverage.rate", "duties.am_reading.missed"]
    {
        assert!(names.contains(name), "{name}");
    }
    let today = app.core.clock.now().with_timezone(&app.core.zone).date_naive().to_string();
    let own = |entry: &&Json| !entry["name"].as_str().unwrap().starts_with("coverage.");
    let queries: Vec<Json> =
        entries.iter().filter(own).map(|entry| json!({"figure": entry["name"], "to_on": today})).collect();
    let mut found: BTreeMap<String, Json> = BTreeMap::new();
    for queries in queries.chunks(200) {
        for result in evaluate(&admin, queries).await {
            assert_eq!(result["withheld"], Json::Null, "{result}");
            assert!(result["value"].is_i64() || result["amount"].is_string(), "{result}");
            found.insert(result["query"]["figure"].as_str().unwrap().to_owned(), result);
        }
    }
    let mut something = 0;
    for kind in kinds {
        let path = format!("/v1/stats/{}?cumulative=true&by=total", kind.path);
        let total = admin.get(&path).await.expect(200).body["total"].clone();
        for figure in kind.rules.figures() {
            let (told, own) = (&found[&format!("{}.{}", kind.name, figure.name)], &total[figure.name]);
            assert_eq!((&told["value"], &told["amount"]), (&own["value"], &own["amount"]), "{told} {own}");
            // By name nobody is shown a way into a closed room.
            let listed = if kind.closed { &Json::Null } else { &own["records_url"] };
            assert_eq!(conditions(&told["records_url"]), conditions(listed), "{} {}", kind.name, figure.name);
            let counted = figure.scale == 0 && !figure.distinct && !WEIGHTED.contains(&figure.name);
            something += i64::from(told["value"].as_i64().unwrap_or(0) > 0);
            if counted && let Some(url) = told["records_url"].as_str() {
                assert_eq!(all(&admin, url).await.len() as i64, told["value"].as_i64().unwrap(), "{told}");
            }
        }
    }
    assert!(something > 30, "{something}");
}

#[tokio::test]
async fn a_situation_and_its_figures_by_name_are_one() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-02-03T12:00:00+08:00");
    let admin = app.administrator().await;
    let bureau = organization(&admin, "教育局", None).await;
    let school = organization(&admin, "一小", Some(&bureau)).await;
    let compound =
        make(&admin, "places", json!({"kind": "family_compound", "name": "教师院", "area_code": VILLAGE})).await;
    for (org, count) in [(Some(&bureau), 1), (Some(&school), 2), (None, 3)] {
        for index in 0..count {
            let body = json!({"org_id": org, "place_id": compound, "activity": "disinfection", "area_m2": "10.5", "agent": "84", "method": "spray", "occurred_at": format!("2020-02-0{}T09:00:00+08:00", 1 + index)});
            make(&admin, "disinfections", body).await;
        }
    }
    for (commodity, quantity) in [("agri_fertilizer_urea", "300"), ("agri_fertilizer_compound", "130")] {
        let body = json!({"org_id": school, "place_id": compound, "commodity": commodity, "direction": "in", "quantity": quantity, "quantity_unit": "吨", "occurred_at": "2020-02-01T09:00:00+08:00"});
        make(&admin, "stock-movements", body).await;
    }
    let situation = admin.get("/v1/stats/situation?on=2020-02-02").await.expect(200).body;
    let mut queries = Vec::new();
    let mut told = Vec::new();
    for unit in situation["units"].as_array().unwrap() {
        for figure in unit["figures"].as_array().unwrap() {
            let name = figure["name"].as_str().unwrap();
            let name = match (figure["kind"].as_str().unwrap(), name.strip_prefix("stock_")) {
                ("stock_movements", Some(code)) if code != "movements" => format!("stock.{code}"),
                ("shift_assignments", None) if name == "staff" => "units.staff".to_owned(),
                ("places", None) => format!("units.{name}"),
                (kind, _) => format!("{kind}.{name}"),
            };
            let mut query = json!({"figure": name, "to_on": "2020-02-02"});
            match unit["org_id"].as_str() {
                Some(id) => query["under_org_id"] = id.into(),
                None => query["no_org"] = true.into(),
            }
            queries.push(query);
            told.push(figure.clone());
        }
    }
    assert!(queries.len() >= 9, "{situation:#}");
    for (result, figure) in evaluate(&admin, &queries).await.iter().zip(told) {
        for member in ["value", "amount", "label", "unit", "records_url", "further_records_url", "record_ids"] {
            assert_eq!(result[member], figure[member], "{member} of {figure}");
        }
    }
    let one = |query: Json| async { evaluate(&admin, &[query]).await.remove(0) };
    let fertilizer =
        one(json!({"figure": "stock.agri_fertilizer", "under_org_id": bureau, "to_on": "2020-02-02"})).await;
    assert_eq!(fertilizer["amount"], "430");
    assert_eq!(fertilizer["sum_of"], json!(["stock.agri_fertilizer_compound", "stock.agri_fertilizer_urea"]));
    let kinds = |kind: &str| json!({"figure": "units.compounds", "to_on": "2020-02-02", "where": {"place_kind": kind}});
    assert_eq!(
        (one(kinds("family_compound")).await["value"].as_i64(), one(kinds("courtyard")).await["value"].as_i64()),
        (Some(1), Some(0))
    );
    let day = one(json!({"figure": "disinfections.disinfections", "from_on": "2020-02-02", "to_on": "2020-02-02", "org_id": school, "area_code": TOWNSHIP, "place_id": compound})).await;
    assert_eq!(day["value"], 1);
    assert_eq!(all(&admin, day["records_url"].as_str().unwrap()).await.len(), 1);
    // A district's goods by their own names, and in the reader's language.
    let english = admin.with("accept-language", "en");
    assert_eq!(
        evaluate(&english, &[json!({"figure": "units.staff", "to_on": "2020-02-02"})]).await[0]["label"],
        "Staff on duty"
    );
}

#[tokio::test]
async fn a_household_counts_once_by_all_its_names_and_twice_again_when_they_part() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-03-10T12:00:00+08:00");
    let admin = app.administrator().await;
    let (one, two) = (organization(&admin, "甲局", None).await, organization(&admin, "乙局", None).await);
    let under = organization(&admin, "甲局一科", Some(&one)).await;
    let mut homes = Vec::new();
    for door in ["1-101", "1-102", "1-103", "1-104"] {
        homes.push(household(&admin, door).await);
    }
    for (home, on, org) in [
        (0, "2020-02-01", &one),
        (0, "2020-02-03", &two),
        (1, "2020-02-02", &under),
        (2, "2020-02-20", &one),
        (2, "2020-03-01", &one),
        (3, "2020-03-02", &two),
    ] {
        make(&admin, "survey-visits", visit(&homes[home], on, json!({"org_id": org}))).await;
    }
    make(&admin, "survey-visits", visit(&homes[3], "2020-02-02", json!({"result": "not_reached", "channel": "phone"})))
        .await;
    let of = |more: Json| {
        let mut query = json!({"figure": "survey_visits.households_surveyed", "to_on": "2020-03-10"});
        query.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        query
    };
    // All, a month, some days, an organisation, with those below it, in an area, of nobody.
    let queries = [
        of(json!({})),
        of(json!({"from_on": "2020-02-01", "to_on": "2020-02-29"})),
        of(json!({"from_on": "2020-02-02", "to_on": "2020-03-01"})),
        of(json!({"org_id": one})),
        of(json!({"under_org_id": one})),
        of(json!({"under_org_id": two, "area_code": VILLAGE})),
        of(json!({"no_org": true})),
        of(json!({"under_org_id": one, "from_on": "2020-02-01", "to_on": "2020-02-02"})),
    ];
    let counts = async || -> Vec<i64> {
        evaluate(&admin, &queries).await.iter().map(|result| result["value"].as_i64().unwrap()).collect()
    };
    let computed: Vec<Json> =
        evaluate(&admin, &queries).await.iter().map(|result| result["computed"].clone()).collect();
    assert_eq!(computed, ["rollup", "rollup", "records", "records", "records", "records", "records", "records"]);
    assert_eq!(counts().await, [4, 3, 3, 2, 3, 2, 0, 2]);
    let stats = async || {
        let body = admin.get("/v1/stats/survey-visits?cumulative=true&by=total").await.expect(200).body;
        body["total"]["households_surveyed"]["value"].clone()
    };
    assert_eq!(stats().await, 4);
    let merge = async |from: usize, into: usize| {
        let body = json!({"into_id": homes[into], "reason": "同一户"});
        admin.post(&format!("/v1/households/{}:merge", homes[from]), &body).await.expect(200);
    };
    // To the root, not one step only: 0 is 1, which is 2.
    merge(0, 1).await;
    assert_eq!((counts().await, stats().await), (vec![3, 2, 2, 2, 2, 2, 0, 1], json!(3)));
    merge(1, 2).await;
    assert_eq!((counts().await, stats().await), (vec![2, 1, 1, 1, 1, 2, 0, 1], json!(2)));
    verify(&app).await;
    let register = json!({"figure": "households.households", "to_on": "2020-03-10"});
    assert_eq!(value(&admin, register.clone()).await, 2);
    for home in [1, 0] {
        let path = format!("/v1/households/{}:unmerge", homes[home]);
        admin.post(&path, &json!({"reason": "两户"})).await.expect(200);
    }
    assert_eq!((counts().await, stats().await), (vec![4, 3, 3, 2, 3, 2, 0, 2], json!(4)));
    assert_eq!(value(&admin, register).await, 4);
    verify(&app).await;
    // Counted anew, as after an upgrade, they are the same.
    merge(0, 1).await;
    app.sql("DELETE FROM person_rollups; UPDATE service_settings SET value = '1' WHERE name = 'figures'").await;
    lianfang::integrity::recount::where_needed(&app.core, &lianfang::server::routes::BEFORE_RECOUNT).await.unwrap();
    verify(&app).await;
    assert_eq!((counts().await, stats().await), (vec![3, 2, 2, 2, 2, 2, 0, 1], json!(3)));
    // Parts by channel.
    let part = |channel: &str| json!({"figure": "survey_visits.survey_visits", "to_on": "2020-03-10", "where": {"channel": channel}});
    let parts = evaluate(&admin, &[part("home_visit"), part("phone"), part("gate")]).await;
    assert_eq!(parts.iter().map(|part| part["value"].as_i64().unwrap()).collect::<Vec<_>>(), [6, 1, 0]);
    assert_eq!(
        (&parts[1]["label"], all(&admin, parts[1]["records_url"].as_str().unwrap()).await.len()),
        (&json!("电话核查"), 1)
    );
}

#[tokio::test]
async fn a_household_leaves_the_register_on_the_day_it_ends() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-03-10T12:00:00+08:00");
    let admin = app.administrator().await;
    let mut paths = Vec::new();
    for (door, on) in [("1-101", "2020-02-01"), ("1-102", "2020-02-01"), ("1-103", "2020-02-05")] {
        let body = json!({"area_code": VILLAGE, "door": door, "occurred_at": format!("{on}T09:00:00+08:00")});
        paths.push(admin.post("/v1/households", &body).await.expect(201).header("location").to_owned());
    }
    let tag = admin.get(&paths[0]).await.header("etag").to_owned();
    let ended = json!({"ended_on": "2020-02-10", "end_reason": "demolished"});
    admin.patch(&paths[0], &tag, &ended).await.expect(200);
    let queries: Vec<Json> = ["01-31", "02-01", "02-05", "02-09", "02-10", "03-10"]
        .iter()
        .map(|day| json!({"figure": "households.households", "to_on": format!("2020-{day}")}))
        .collect();
    let mut counts = Vec::new();
    for result in evaluate(&admin, &queries).await {
        counts.push(result["value"].as_i64().unwrap());
        assert_eq!(
            all(&admin, result["records_url"].as_str().unwrap()).await.len() as i64,
            counts[counts.len() - 1],
            "{result}"
        );
    }
    assert_eq!(counts, [0, 2, 3, 3, 2, 2]);
    verify(&app).await;
}

#[tokio::test]
async fn people_of_an_organisation_are_counted_from_its_records() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-02-10T12:00:00+08:00");
    let admin = app.administrator().await;
    let org = organization(&admin, "教育局", None).await;
    let gate = examples::checkpoint(&admin, VILLAGE).await;
    let mut people = Vec::new();
    for (sequence, on, own) in [(1, 1, true), (1, 2, true), (2, 2, true), (3, 3, false), (4, 4, true)] {
        let mut body = examples::screening(&gate, sequence);
        body["occurred_at"] = format!("2020-02-0{on}T09:00:00+08:00").into();
        body["org_id"] = if own { org.clone().into() } else { Json::Null };
        people.push(admin.post("/v1/screenings", &body).await.expect(201).body["person_id"].clone());
    }
    let of = |more: Json| {
        let mut query = json!({"figure": "screenings.persons", "to_on": "2020-02-10"});
        query.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        query
    };
    let queries = [
        of(json!({})),
        of(json!({"org_id": org})),
        of(json!({"from_on": "2020-02-02", "to_on": "2020-02-03"})),
        of(json!({"org_id": org, "from_on": "2020-02-02", "place_id": gate})),
        of(json!({"place_id": gate})),
    ];
    let counts = async || -> Vec<i64> {
        evaluate(&admin, &queries).await.iter().map(|result| result["value"].as_i64().unwrap()).collect()
    };
    assert_eq!(counts().await, [4, 3, 3, 3, 4]);
    let merged = json!({"into_id": people[4], "reason": "同一人"});
    admin.post(&format!("/v1/people/{}:merge", people[0].as_str().unwrap()), &merged).await.expect(200);
    assert_eq!(counts().await, [3, 2, 3, 2, 3]);
}

#[tokio::test]
async fn each_caller_is_told_what_he_may_be_and_why_not_the_rest() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-02-06T12:00:00+08:00");
    let admin = app.administrator().await;
    let (org, other) = (organization(&admin, "教育局", None).await, organization(&admin, "卫健局", None).await);
    let gate = examples::checkpoint(&admin, VILLAGE).await;
    pass(&admin, &gate, "2020-02-05T08:30:00+08:00", 0..12, 3).await;
    let home = household(&admin, "1-101").await;
    make(&admin, "survey-visits", visit(&home, "2020-02-05", json!({"org_id": org}))).await;
    let of = |name: &str, more: Json| {
        let mut query = json!({"figure": name, "to_on": "2020-02-06"});
        query.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        query
    };
    let queries = [
        of("screenings.screened", json!({})),
        of("screenings.screened", json!({"area_code": "511802114"})),
        of("survey_visits.survey_visits", json!({"org_id": other})),
        of("screenings.persons", json!({"area_code": VILLAGE})),
        of("screenings.screened", json!({"under_org_id": uuid::Uuid::now_v7()})),
        of("units.staff", json!({})),
        of("screenings.screened", json!({"place_id": uuid::Uuid::now_v7()})),
        of("screenings.screened", json!({"area_code": "519999"})),
        of("screenings.screened", json!({"where": {"abnormal": true}})),
    ];
    let told = async |actor: &Actor| -> Vec<Json> {
        let results = evaluate(actor, &queries).await;
        let told = |result: &Json| match &result["withheld"] {
            Json::Null => json!([result["value"], result["suppressed"]]),
            why => {
                assert!(result["value"].is_null() && result["records_url"].is_null() && why["message"].is_string());
                why["code"].clone()
            }
        };
        results.iter().map(told).collect()
    };
    let out = json!("out_of_scope");
    let here = json!([12, false]);
    let expected = [
        here.clone(),
        json!([0, false]),
        json!([0, false]),
        here.clone(),
        out.clone(),
        json!([0, false]),
        out.clone(),
        out.clone(),
        json!([3, false]),
    ];
    assert_eq!(told(&admin).await, expected, "the command");
    // Of a township: neither another one, nor a figure of less than its own.
    let town = app.actor_of(vec![Grant { role: Role::TownCadre, area_code: TOWNSHIP.into(), org_id: None }]).await;
    let of_town = told(&town).await;
    assert_eq!((&of_town[0], &of_town[1], &of_town[3]), (&here, &out, &here));
    let elsewhere =
        app.actor_of(vec![Grant { role: Role::TownCadre, area_code: "511802114".into(), org_id: None }]).await;
    assert_eq!(told(&elsewhere).await[..4], [json!([0, false]), json!([0, false]), json!([0, false]), out.clone()]);
    // Of an organisation: not another's.
    let own = Grant { role: Role::OrgAdmin, area_code: "511802".into(), org_id: Some(org.parse().unwrap()) };
    let of_org = app.actor_of(vec![own]).await;
    let results = evaluate(
        &of_org,
        &[
            of("survey_visits.households_surveyed", json!({})),
            of("survey_visits.survey_visits", json!({"org_id": other})),
        ],
    )
    .await;
    assert_eq!(
        (&results[0]["value"], &results[0]["computed"], &results[1]["withheld"]["code"]),
        (&json!(1), &json!("records"), &out)
    );
    // Somebody at a gate reads no figures of units.
    let guard = app.gate_guard("大兴街道").await;
    let of_guard = told(&guard).await;
    assert_eq!(of_guard[5], "forbidden");
    let readable: BTreeMap<String, bool> = catalogue(&guard)
        .await
        .iter()
        .map(|entry| (entry["name"].as_str().unwrap().to_owned(), entry["readable"] == true))
        .collect();
    assert_eq!((readable["units.staff"], readable["screenings.screened"]), (false, true));
    // A key that may not see small numbers is told the sums of what is shown, and nothing narrower.
    let restricted = key(&app, &admin, &["statistics"]).await;
    let of_key = told(&restricted).await;
    let small = json!("small_numbers");
    assert_eq!((&of_key[0], &of_key[2], &of_key[3], &of_key[5]), (&json!([10, false]), &small, &small, &small));
    assert_eq!(of_key[8], json!([null, true]));
    let restricted_stats = restricted.get("/v1/stats/screenings?cumulative=true&by=total").await.expect(200).body;
    assert_eq!(restricted_stats["total"]["screened"]["value"], 10);
    let exact = key(&app, &admin, &["statistics", "small_cells"]).await;
    assert_eq!(told(&exact).await[0], here);
    let no_figures = key(&app, &admin, &["read"]).await;
    no_figures.post("/v1/figures:evaluate", &json!({"queries": [queries[0]]})).await.expect(403);
}

#[tokio::test]
async fn every_fault_of_the_queries_is_told_at_once() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let id = uuid::Uuid::now_v7();
    let query = |more: Json| {
        let mut query = json!({"figure": "screenings.screened", "to_on": "2020-02-06"});
        query.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        query
    };
    let ask = async |body: Json| {
        let reply = admin.post("/v1/figures:evaluate", &body).await;
        let faults = reply.body["errors"].as_array().cloned().unwrap_or_default();
        let told = |fault: &Json| format!("{} {}", fault["pointer"].as_str().unwrap(), fault["code"].as_str().unwrap());
        (reply.status, faults.iter().map(told).collect::<Vec<_>>(), reply.body)
    };
    let queries = json!([
        query(json!({"figure": "screenings.nothing"})),
        query(json!({"org_id": id, "under_org_id": id})),
        query(json!({"from_on": "2020-02-07"})),
        query(json!({"where": {"channel": "phone"}})),
        query(json!({"round_id": id})),
        query(json!({"figure": "coverage.rate"})),
        query(json!({"figure": "units.staff", "place_id": id})),
        query(json!({"figure": "stock.agri_pesticide", "from_on": "2020-02-01"})),
    ]);
    let (status, mut faults, body) = ask(json!({"queries": queries})).await;
    faults.sort();
    let expected = [
        "/queries/0/figure unknown_figure",
        "/queries/1/under_org_id exclusive_fields",
        "/queries/2/to_on invalid_order",
        "/queries/3/where no_measure_of_its_own",
        "/queries/4/round_id not_narrowed_by",
        "/queries/5/round_id required",
        "/queries/5/to_on not_yet",
        "/queries/6/place_id not_narrowed_by",
        "/queries/7/from_on not_narrowed_by",
    ];
    assert_eq!((status, faults), (422, expected.iter().map(|fault| (*fault).to_owned()).collect()), "{body:#}");
    let message = body["errors"]
        .as_array()
        .unwrap()
        .iter()
        .find(|fault| fault["code"] == "no_measure_of_its_own")
        .unwrap()["message"]
        .to_string();
    assert!(message.contains("abnormal=true") && message.contains("direction=in"), "{message}");
    for body in [
        json!({}),
        json!({"queries": []}),
        json!({"queries": [1]}),
        json!({"queries": [{"figure": "screenings.screened"}]}),
        json!({"queries": [query(json!({"where": 1}))]}),
        json!({"queries": [query(json!({"where": {"channel": 1}}))]}),
        json!({"queries": [query(json!({"where": {"Ä": "1"}}))]}),
        json!({"queries": [query(json!({"when": 1}))]}),
        json!({"queries": vec![query(json!({})); 201]}),
        json!({"queries": [query(json!({}))], "as_of_change_no": 1_000_000}),
    ] {
        let (status, faults, told) = ask(body).await;
        assert!((400..=422).contains(&status) && !faults.is_empty(), "{told}");
    }
    let head = admin.get("/v1/ledger/head").await.expect(200).body["head"].as_i64().unwrap();
    let place = examples::checkpoint(&admin, VILLAGE).await;
    let now = admin.get("/v1/ledger/head").await.expect(200).body["head"].as_i64().unwrap();
    assert!(now > head && !place.is_empty());
    let at = |number: i64| json!({"queries": [query(json!({}))], "as_of_change_no": number});
    assert_eq!(ask(at(now)).await.2["as_of_change_no"], now);
    assert_eq!(ask(at(head)).await.1, ["/as_of_change_no not_yet"]);
    let then = json!({"queries": [query(json!({}))], "as_of": "2020-02-01T08:00:00+08:00"});
    assert_eq!(ask(then).await.1, ["/as_of not_yet"]);
}

#[tokio::test]
async fn two_hundred_figures_cost_as_many_statements_as_a_few() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-02-10T12:00:00+08:00");
    let admin = app.administrator().await;
    let mut orgs = Vec::new();
    for index in 0..20 {
        orgs.push(organization(&admin, &format!("单位{index}"), None).await);
    }
    let home = household(&admin, "1-101").await;
    make(&admin, "survey-visits", visit(&home, "2020-02-05", json!({"org_id": orgs[0]}))).await;
    let names = [
        "screenings.screened",
        "screenings.abnormal",
        "disinfections.disinfected_area_m2",
        "survey_visits.survey_visits",
        "survey_visits.households_surveyed",
        "screenings.persons",
        "units.staff",
        "units.compounds",
        "stock.agri_fertilizer",
        "duties.am_reading.missed",
    ];
    let queries = |orgs: &[String]| -> Vec<Json> {
        let of = |org: &String| names.map(|name| json!({"figure": name, "under_org_id": org, "to_on": "2020-02-09"}));
        orgs.iter().flat_map(of).collect()
    };
    let (few, many) = (queries(&orgs[..1]), queries(&orgs));
    assert_eq!((few.len(), many.len()), (10, 200));
    evaluate(&admin, &few).await;
    let statements =
        async |queries: &[Json]| app.fewest_statements(async || drop(evaluate(&admin, queries).await)).await;
    let (of_few, of_many) = (statements(&few).await, statements(&many).await);
    assert!(of_many <= of_few.max(14), "{of_few} statements for ten figures, {of_many} for two hundred");
}

#[tokio::test]
async fn a_digest_is_that_of_the_records_counted() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-02-10T12:00:00+08:00");
    let admin = app.administrator().await;
    let org = organization(&admin, "教育局", None).await;
    let homes = [household(&admin, "1-101").await, household(&admin, "1-102").await];
    for home in &homes {
        make(&admin, "survey-visits", visit(home, "2020-02-05", json!({"org_id": org}))).await;
    }
    let query = json!({"figure": "survey_visits.survey_visits", "under_org_id": org, "to_on": "2020-02-09"});
    let digest = async || {
        let body = json!({"queries": [query, {"figure": "units.staff", "to_on": "2020-02-09"}], "digest": true});
        admin.post("/v1/figures:evaluate", &body).await.expect(200).body["results"][0].clone()
    };
    let result = digest().await;
    let expected = async || {
        let records = all(&admin, result["records_url"].as_str().unwrap()).await;
        let line = |record: &Json| format!("survey_visits/{}/{}", record["id"].as_str().unwrap(), record["revision"]);
        let lines: BTreeSet<String> = records.iter().map(line).collect();
        hex::encode(Sha256::digest(lines.into_iter().collect::<Vec<_>>().join("\n")))
    };
    assert_eq!(result["record_digest"], expected().await);
    let visit = all(&admin, result["records_url"].as_str().unwrap()).await[0].clone();
    let path = format!("/v1/survey-visits/{}", visit["id"].as_str().unwrap());
    let tag = admin.get(&path).await.header("etag").to_owned();
    admin.patch(&path, &tag, &json!({"people_counted": 3})).await.expect(200);
    let after = digest().await;
    assert_eq!(after["record_digest"], expected().await);
    assert!(after["value"] == result["value"] && after["record_digest"] != result["record_digest"]);
    // A query that would look at too much is refused before it does; sums cost the same however many there are.
    app.sql("UPDATE record_rollups SET total = 3000000 WHERE measure = 'survey_visits'").await;
    let wide = json!({"figure": "survey_visits.households_surveyed", "org_id": org, "to_on": "2020-02-09"});
    let reply = admin.post("/v1/figures:evaluate", &json!({"queries": [query, wide]})).await.expect(422).body;
    assert_eq!(
        (&reply["errors"][0]["pointer"], &reply["errors"][0]["code"]),
        (&json!("/queries/1"), &json!("too_wide"))
    );
    assert_eq!(value(&admin, query.clone()).await, 3_000_000);
}

#[tokio::test]
async fn the_coverage_of_a_round_and_the_duties_are_figures_too() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-02-02T12:00:00+08:00");
    let admin = app.administrator().await;
    let homes = [household(&admin, "1-101").await, household(&admin, "1-102").await, household(&admin, "1-103").await];
    let body = json!({"area_code": VILLAGE, "name": "第二轮", "series": "households", "target": "households", "starts_at": "2020-02-01T08:00:00+08:00", "due_at": "2020-02-03T20:00:00+08:00"});
    let round = make(&admin, "survey-rounds", body).await;
    let of = |name: &str| json!({"figure": format!("coverage.{name}"), "round_id": round, "to_on": "2020-02-02"});
    let early = evaluate(&admin, &[of("targets")]).await;
    assert_eq!(early[0]["withheld"]["code"], "not_kept", "no list yet");
    admin.post(&format!("/v1/survey-rounds/{round}:start"), &json!({})).await.expect(200);
    make(&admin, "survey-visits", visit(&homes[0], "2020-02-02", json!({"round_id": round}))).await;
    make(&admin, "survey-visits", visit(&homes[1], "2020-02-02", json!({"round_id": round, "result": "refused"})))
        .await;
    let path = format!("/v1/survey-rounds/{round}/coverage");
    let mut coverage = admin.get(&path).await;
    for _ in 0..100 {
        if coverage.status == 200 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        coverage = admin.get(&path).await;
    }
    let total = coverage.expect(200).body["total"].clone();
    let names: Vec<&str> = total.as_object().unwrap().keys().map(String::as_str).collect();
    let results = evaluate(&admin, &names.iter().map(|name| of(name)).collect::<Vec<_>>()).await;
    for (name, result) in names.iter().zip(&results) {
        let told = if *name == "rate" { &result["amount"] } else { &result["value"] };
        assert_eq!(*told, total[*name], "{name}: {result}");
    }
    let done = evaluate(&admin, &[of("done")]).await[0].clone();
    let listed = admin.get(done["records_url"].as_str().unwrap()).await.expect(200).body;
    assert_eq!((listed["items"].as_array().unwrap().len(), &done["value"]), (1, &json!(1)));
    let elsewhere =
        app.actor_of(vec![Grant { role: Role::TownCadre, area_code: "511802114".into(), org_id: None }]).await;
    assert_eq!(evaluate(&elsewhere, &[of("done")]).await[0]["withheld"]["code"], "out_of_scope");
    let summary = admin.get("/v1/duties/summary?from_on=2020-02-01&to_on=2020-02-02").await.expect(200).body;
    for item in summary["items"].as_array().unwrap() {
        let kind = item["key"].as_str().unwrap();
        let query =
            json!({"figure": format!("duties.{kind}.expected"), "from_on": "2020-02-01", "to_on": "2020-02-02"});
        assert_eq!(value(&admin, query).await, item["expected"], "{kind}");
    }
}
