//! Figures as dashboards read them: series without gaps, links that prove them, tags, files, small numbers.

use std::time::Duration;

use lianfang::platform::access::{Grant, Role};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use crate::isolation_cases::set_clock;
use crate::support::{Actor, TestApp, examples};

/// So many passages of different people at a place, so many of them with a fever.
pub async fn pass(actor: &Actor, place: &str, at: &str, people: std::ops::Range<u32>, fevers: u32) {
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

pub fn value(figures: &Json, name: &str) -> i64 {
    figures[name]["value"].as_i64().unwrap_or_else(|| panic!("{name}: {figures}"))
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
    let village = admin.get("/v1/stats/screenings?from_on=2020-02-03&by=area&area_code=511802005001").await.expect(200);
    let itself = &village.body["items"][0];
    assert_eq!((&itself["label"], value(&itself["figures"], "screened")), (&json!("本级"), 5));
    assert!(itself["figures"].get("persons").is_none() && itself["figures"]["screened"]["records_url"].is_null());
    assert_eq!(value(&village.body["total"], "screened"), 5);
    let month = "from_on=2020-02-02&to_on=2020-02-03";
    let (days, all) = (format!("/v1/stats/screenings?{month}"), format!("/v1/stats/screenings?{month}&by=total"));
    assert!(admin.get(&days).await.body["total"]["screened"]["previous"].is_null(), "days have no period before");
    assert_eq!(admin.get(&all).await.body["total"]["screened"]["previous"], 3);
    admin.get("/v1/stats/screenings?from_on=2020-02-03&to_on=2020-02-01").await.expect(422);
    admin.get("/v1/stats/screenings?from_on=2020-01-01&to_on=2020-02-01&by=hour").await.expect(422);
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
    assert_eq!(
        text.lines().next(),
        Some("day,label,persons,screened,screened_in,screened_out,abnormal,complete,vehicles")
    );
    assert_eq!(text.lines().nth(1), Some("2020-02-01,2020-02-01,3,3,3,0,1,3,0"));
    let (_, _, bytes) = csv.download(&format!("{path}&headers=zh&by=area")).await;
    let text = String::from_utf8(bytes).unwrap();
    assert!(text.starts_with("\u{feff}区划,名称,人数(人),登记人次(人次)"), "{text}");
    let (_, _, bytes) = csv.download("/v1/stats/screenings?cumulative=true&to_on=2020-02-02&headers=zh").await;
    assert_eq!(String::from_utf8(bytes).unwrap().lines().nth(1), Some(",合计,3,3,3,0,1,3,0"), "all together is a line");
    for path in ["prices", "supply", "volunteers", "completeness", "situation"] {
        let (status, headers, bytes) = csv.download(&format!("/v1/stats/{path}?headers=zh")).await;
        assert_eq!((status, bytes.starts_with("\u{feff}".as_bytes())), (200, true), "{path}");
        assert!(headers["content-type"].to_str().unwrap().starts_with("text/csv"), "{path}");
    }
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

/// Figures of other rooms are polled like those of kinds, in whichever process.
#[tokio::test]
async fn figures_of_every_room_have_a_tag_and_the_number_they_are_of() {
    let app = TestApp::start().await;
    let other = app.another().await;
    let admin = app.administrator().await;
    examples::checkpoint(&admin, "511802005001").await;
    for path in [
        "/v1/stats/prices",
        "/v1/stats/price-index?baseline_on=2020-01-23",
        "/v1/stats/supply",
        "/v1/stats/volunteers",
        "/v1/stats/completeness",
        "/v1/stats/situation",
        "/v1/stocks",
        "/v1/duties/summary",
    ] {
        let first = admin.get(path).await.expect(200);
        let elsewhere = admin.at(&other).get(path).await.expect(200);
        assert_eq!(
            (first.body["as_of_change_no"].as_i64(), &elsewhere.body["as_of_change_no"]),
            (Some(1), &json!(1)),
            "{path}"
        );
        assert_eq!(first.header("etag"), elsewhere.header("etag"), "{path}");
        tokio::time::sleep(Duration::from_millis(600)).await;
        admin.with("if-none-match", first.header("etag")).get(path).await.expect(304);
    }
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
