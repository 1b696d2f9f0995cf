//! Figures as dashboards read them: series without gaps, links that prove them, tags, files, small numbers.

use std::time::Duration;

use chrono::TimeDelta;
use lianfang::auth::{Grant, Role};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::isolation_cases::set_clock;
use crate::support::{Actor, TestApp, examples};

/// So many passages of different people at a place, so many of them with a fever.
async fn pass(actor: &Actor, place: &str, at: &str, people: std::ops::Range<u32>, fevers: u32) {
    if people.is_empty() {
        return;
    }
    let items: Vec<Json> = people
        .enumerate()
        .map(|(index, sequence)| {
            let mut body = examples::screening(place, sequence);
            body["occurred_at"] = at.into();
            body["temperature_c"] = if (index as u32) < fevers { "38.5".into() } else { "36.5".into() };
            body
        })
        .collect();
    let reply = actor.post("/v1/screenings:batch", &json!({"items": items})).await.expect(207).body;
    assert!(reply["results"].as_array().unwrap().iter().all(|result| result["status"] == 201), "{reply}");
}

fn value(figures: &Json, name: &str) -> i64 {
    figures[name]["value"].as_i64().unwrap_or_else(|| panic!("{name}: {figures}"))
}

async fn key(app: &TestApp, admin: &Actor, scopes: &[&str]) -> Actor {
    let expires_at = (app.service.clock.now() + TimeDelta::days(30)).to_rfc3339();
    let body = json!({"name": "看板", "role": "statistics_reader", "area_code": "511802", "scopes": scopes, "expires_at": expires_at});
    let created = admin.post("/v1/api-keys", &body).await.expect(201).body;
    let mut key = app.nobody();
    key.token = created["key"].as_str().map(str::to_owned);
    key
}

#[tokio::test]
async fn a_series_has_no_gaps_and_every_figure_leads_to_its_records() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let place = examples::checkpoint(&admin, "511802005001").await;
    pass(&admin, &place, "2020-02-01T08:30:00+08:00", 0..3, 1).await;
    pass(&admin, &place, "2020-02-03T23:59:59+08:00", 1..6, 2).await;
    let series = admin.get("/v1/stats/screenings?from_on=2020-02-01&to_on=2020-02-04").await.expect(200).body;
    let items = series["items"].as_array().unwrap();
    let days: Vec<(&str, i64, i64)> = items
        .iter()
        .map(|item| {
            (item["key"].as_str().unwrap(), value(&item["figures"], "screened"), value(&item["figures"], "persons"))
        })
        .collect();
    assert_eq!(days, [("2020-02-01", 3, 3), ("2020-02-02", 0, 0), ("2020-02-03", 5, 5), ("2020-02-04", 0, 0)]);
    assert_eq!(items[1]["figures"]["screened"]["previous"], 3, "beside the day before");
    assert_eq!((value(&series["total"], "screened"), value(&series["total"], "persons")), (8, 6), "人次 and 人");
    assert_eq!(series["persons_counted"], "distinct", "from the month's first day on");
    for line in items.iter().map(|item| &item["figures"]).chain([&series["total"]]) {
        for name in ["screened", "abnormal", "screened_in", "complete"] {
            let url = line[name]["records_url"].as_str().unwrap();
            let listed = admin.get(&format!("{url}&limit=500")).await.expect(200).body;
            assert_eq!(listed["items"].as_array().unwrap().len() as i64, value(line, name), "{name}: {url}");
        }
    }
    let hours = admin.get("/v1/stats/screenings?from_on=2020-02-03&by=hour").await.expect(200).body;
    let last = &hours["items"][23];
    assert_eq!((last["key"].as_str(), value(&last["figures"], "abnormal")), (Some("2020-02-03T23:00:00+08:00"), 2));
    let listed = admin.get(last["figures"]["abnormal"]["records_url"].as_str().unwrap()).await.expect(200).body;
    assert_eq!(listed["items"].as_array().unwrap().len(), 2);
    let areas = admin.get("/v1/stats/screenings?from_on=2020-02-03&by=area").await.expect(200).body;
    let areas = areas["items"].as_array().unwrap();
    let daxing = areas.iter().find(|item| item["key"] == "511802005").unwrap();
    assert_eq!((daxing["label"].as_str(), value(&daxing["figures"], "screened")), (Some("大兴街道"), 5));
    assert!(areas.len() > 10, "townships without records are there, too");
    let places =
        admin.get("/v1/stats/screenings?from_on=2020-02-03&by=place&area_code=511802005").await.expect(200).body;
    assert_eq!(
        (places["items"][0]["label"].as_str(), places["items"][0]["key"].as_str()),
        (Some("北门"), Some(&*place))
    );
    admin.get("/v1/stats/screenings?from_on=2020-02-03&to_on=2020-02-01").await.expect(422);
    admin.get("/v1/stats/screenings?from_on=2020-01-01&to_on=2020-02-01&by=hour").await.expect(400);
    admin.get("/v1/stats/screenings?cumulative=true&by=day").await.expect(422);
}

#[tokio::test]
async fn a_file_of_figures_is_what_a_spreadsheet_opens() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let place = examples::checkpoint(&admin, "511802005001").await;
    pass(&admin, &place, "2020-02-01T08:30:00+08:00", 0..3, 1).await;
    let path = "/v1/stats/screenings?from_on=2020-02-01&to_on=2020-02-02";
    let csv = admin.with("accept", "text/csv");
    let (status, headers, bytes) = csv.download(path).await;
    let text = String::from_utf8(bytes).unwrap();
    assert_eq!(status, 200);
    assert!(headers["content-type"].to_str().unwrap().starts_with("text/csv"));
    assert_eq!(text.lines().next(), Some("day,label,persons,screened,screened_in,screened_out,abnormal,complete"));
    assert_eq!(text.lines().nth(1), Some("2020-02-01,2020-02-01,3,3,3,0,1,3"));
    let (_, _, bytes) = csv.download(&format!("{path}&headers=zh&by=area")).await;
    let text = String::from_utf8(bytes).unwrap();
    assert!(text.starts_with("\u{feff}区划,名称,人数(人),登记人次(人次)"), "{text}");
}

#[tokio::test]
async fn a_poll_that_finds_nothing_new_is_304_until_something_is_written_anywhere_or_a_day_ends() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-02-02T23:59:00+08:00");
    let other = app.another().await;
    set_clock(&other, "2020-02-02T23:59:00+08:00");
    let admin = app.administrator().await;
    let place = examples::checkpoint(&admin, "511802005001").await;
    pass(&admin, &place, "2020-02-02T08:30:00+08:00", 0..3, 0).await;
    let path = "/v1/stats/screenings";
    let first = admin.get(path).await.expect(200);
    let tag = first.header("etag").to_owned();
    assert_eq!(value(&first.body["total"], "screened"), 3);
    // The first poll makes the service look at the clocks regularly; from then on it answers from memory.
    let poll = async |tag: &str| admin.with("if-none-match", tag).get(path).await;
    assert!([200, 304].contains(&poll(&tag).await.status));
    tokio::time::sleep(Duration::from_millis(700)).await;
    let unchanged = poll(&tag).await.expect(304);
    assert_eq!(unchanged.header("etag"), tag);
    assert_eq!(
        admin.with("if-none-match", &tag).get("/v1/stats/screenings?by=hour").await.status,
        200,
        "other parameters"
    );
    let english = admin.with("accept-language", "en").with("if-none-match", &tag).get(path).await;
    assert_eq!(english.status, 200, "another language");
    pass(&admin.at(&other), &place, "2020-02-02T09:30:00+08:00", 3..4, 0).await;
    tokio::time::sleep(Duration::from_millis(700)).await;
    let changed = poll(&tag).await.expect(200);
    assert_eq!(value(&changed.body["total"], "screened"), 4, "another process wrote");
    let tag = changed.header("etag").to_owned();
    poll(&tag).await.expect(304);
    set_clock(&app, "2020-02-03T00:00:01+08:00");
    let tomorrow = poll(&tag).await.expect(200);
    assert_eq!((value(&tomorrow.body["total"], "screened"), &tomorrow.body["to_on"]), (0, &json!("2020-02-03")));
    assert_eq!(tomorrow.body["total"]["screened"]["previous"], 4);
}

/// Every value that a caller is told, walked for what may not be seen.
fn small(figures: &Json) -> Vec<(String, i64)> {
    let names = ["screened", "abnormal", "screened_in", "screened_out", "complete", "persons"];
    let told = |name: &str, of: &str| figures[name][of].as_i64();
    let both = names.iter().flat_map(|name| ["value", "previous"].map(|of| (format!("{name}.{of}"), told(name, of))));
    both.filter_map(|(name, value)| Some((name, value.filter(|value| (1..10).contains(value))?))).collect()
}

#[tokio::test]
async fn a_restricted_key_sees_no_small_number_nor_a_difference_of_that_size() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-02-06T12:00:00+08:00");
    let admin = app.administrator().await;
    let (one, two) =
        (examples::checkpoint(&admin, "511802005001").await, examples::checkpoint(&admin, "511802114203").await);
    let mut sequence = 0;
    for (day, here, there, fevers) in
        [(1, 12, 3, 2), (2, 40, 7, 11), (3, 0, 9, 1), (4, 23, 14, 21), (5, 10, 10, 10), (6, 1, 1, 1)]
    {
        let at = format!("2020-02-0{day}T08:30:00+08:00");
        pass(&admin, &one, &at, sequence..sequence + here, fevers).await;
        pass(&admin, &two, &at, sequence + here..sequence + here + there, 0).await;
        sequence += here + there;
    }
    let restricted = key(&app, &admin, &["statistics"]).await;
    let exact = key(&app, &admin, &["statistics", "small_cells"]).await;
    let ask = async |query: &str| restricted.get(&format!("/v1/stats/screenings?{query}")).await.expect(200).body;
    let number = |figures: &Json, name: &str| figures[name]["value"].as_i64().unwrap_or(0);
    let townships = ["511802005", "511802114"];
    for first in 1..=6 {
        for last in first..=6 {
            let period = format!("from_on=2020-02-0{first}&to_on=2020-02-0{last}");
            let whole = ask(&format!("{period}&by=area")).await;
            assert_eq!(small(&whole["total"]), [], "{period}");
            for name in ["screened", "abnormal", "screened_in", "complete"] {
                let all = number(&whole["total"], name);
                let mut parts = 0;
                for township in townships {
                    let item = whole["items"].as_array().unwrap().iter().find(|item| item["key"] == township).unwrap();
                    let part = number(&item["figures"], name);
                    assert!(!(1..10).contains(&part) && part % 5 == 0, "{period} {township} {name} {part}");
                    let alone = ask(&format!("{period}&by=total&area_code={township}")).await;
                    assert_eq!(number(&alone["total"], name), part, "the same cell whichever way it is asked");
                    assert!(!(1..10).contains(&(all - part)), "{period} {township} {name}: {all} - {part}");
                    let screened = number(&item["figures"], "screened");
                    assert!(!(1..10).contains(&(screened - part)), "{period} {township}: {screened} - {name} {part}");
                    parts += part;
                }
                assert_eq!(all, parts, "{period} {name}");
                if last < 6 {
                    let longer = ask(&format!("from_on=2020-02-0{first}&to_on=2020-02-0{}&by=total", last + 1)).await;
                    let more = number(&longer["total"], name) - all;
                    assert!(!(1..10).contains(&more.abs()), "{period} and a day more: {name} {more}");
                }
            }
            let days = ask(&format!("{period}&by=day")).await;
            for item in days["items"].as_array().unwrap() {
                assert_eq!(small(&item["figures"]), [], "{period} {}", item["key"]);
                assert!(item["figures"]["screened"]["records_url"].is_null(), "no drill-down");
            }
        }
        let day = format!("from_on=2020-02-0{first}");
        let of_areas = ask(&format!("{day}&by=area")).await;
        let all = number(&of_areas["total"], "persons");
        let parts: i64 =
            of_areas["items"].as_array().unwrap().iter().map(|item| number(&item["figures"], "persons")).sum();
        let hidden = of_areas["total"]["persons"]["suppressed"] == true;
        assert!(hidden || !(1..10).contains(&(all - parts)), "{day}: {all} people, {parts} in the townships");
    }
    let hidden = ask("from_on=2020-02-06").await;
    assert_eq!(
        (&hidden["total"]["screened"]["value"], &hidden["total"]["screened"]["suppressed"]),
        (&Json::Null, &json!(true))
    );
    for query in ["by=hour", "by=place", "by=org", "area_code=511802005001", "area_code=511802005&by=area"] {
        assert_eq!(
            restricted.get(&format!("/v1/stats/screenings?{query}")).await.expect(403).code(),
            "key_out_of_scope"
        );
        exact.get(&format!("/v1/stats/screenings?{query}")).await.expect(200);
    }
    restricted.get(&format!("/v1/stats/screenings?place_id={one}")).await.expect(403);
    restricted.get("/v1/stats/situation").await.expect(403);
    restricted.get("/v1/stats/completeness").await.expect(403);
    let plain = exact.get("/v1/stats/screenings?from_on=2020-02-06").await.expect(200).body;
    assert_eq!(value(&plain["total"], "screened"), 2);
    assert!(plain["total"]["screened"]["records_url"].is_null(), "a key for figures opens no list");
}

#[tokio::test]
async fn figures_end_where_the_caller_does() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let (here, there) =
        (examples::checkpoint(&admin, "511802005001").await, examples::checkpoint(&admin, "511802114203").await);
    pass(&admin, &here, "2020-02-01T08:30:00+08:00", 0..3, 0).await;
    pass(&admin, &there, "2020-02-01T08:30:00+08:00", 2..6, 0).await;
    let cadre = app.town_cadre("大兴街道").await;
    let own = cadre.get("/v1/stats/screenings?from_on=2020-02-01").await.expect(200).body;
    assert_eq!((value(&own["total"], "screened"), value(&own["total"], "persons")), (3, 3));
    assert_eq!(own["area_code"], "511802005", "whoever has one area means that one");
    let all = cadre.get("/v1/stats/screenings?from_on=2020-02-01&area_code=511802").await.expect(200).body;
    assert_eq!(value(&all["total"], "screened"), 3);
    assert!(all["total"].get("persons").is_none(), "how many of the district's people isn't his to know");
    let elsewhere = cadre.get("/v1/stats/screenings?from_on=2020-02-01&area_code=511802114").await.expect(200).body;
    assert_eq!(value(&elsewhere["total"], "screened"), 0);
    let organization = json!({"kind": "bureau", "name": "雨城区教育局", "area_code": "511802"});
    let organization = admin.post("/v1/organizations", &organization).await.expect(201).body["id"].clone();
    let org_id: Uuid = organization.as_str().unwrap().parse().unwrap();
    let bureau =
        app.actor_of(vec![Grant { role: Role::OrgAdmin, area_code: "511802".into(), org_id: Some(org_id) }]).await;
    let none = bureau.get("/v1/stats/screenings?from_on=2020-02-01").await.expect(200).body;
    assert_eq!(value(&none["total"], "screened"), 0);
    let mut body = examples::screening(&here, 9);
    body["org_id"] = organization.clone();
    admin.post("/v1/screenings", &body).await.expect(201);
    let one = bureau.get("/v1/stats/screenings?from_on=2020-02-02&by=org").await.expect(200).body;
    assert_eq!((one["items"][0]["label"].as_str(), value(&one["total"], "screened")), (Some("雨城区教育局"), 1));
}
