//! Figures of a prefecture and a province: the sums of what their districts show.

use lianfang::platform::access::{Grant, Role};
use serde_json::{Value as Json, json};

use crate::figures::{pass, value};
use crate::isolation_cases::set_clock;
use crate::small_cells::key_of;
use crate::support::{Actor, TestApp, examples};

async fn commander(app: &TestApp, area_code: &str) -> Actor {
    app.actor_of(vec![Grant { role: Role::DistrictAdmin, area_code: area_code.into(), org_id: None }]).await
}

/// A prefecture in which two of eight districts have seen people; some of them both.
async fn prefecture() -> (TestApp, Actor) {
    let app = TestApp::start().await;
    set_clock(&app, "2020-02-03T18:00:00+08:00");
    let admin = commander(&app, "51").await;
    let here = examples::checkpoint(&admin, "511802005").await;
    let there = examples::checkpoint(&admin, "511803001").await;
    pass(&admin, &here, "2020-02-01T08:30:00+08:00", 0..12, 2).await;
    pass(&admin, &here, "2020-02-03T08:30:00+08:00", 6..15, 0).await;
    pass(&admin, &there, "2020-02-03T09:30:00+08:00", 10..31, 3).await;
    (app, admin)
}

fn told(items: &Json, name: &str) -> Vec<(String, i64)> {
    let items = items.as_array().unwrap().iter();
    items.map(|item| (item["key"].as_str().unwrap().to_owned(), value(&item["figures"], name))).collect()
}

#[tokio::test]
async fn a_province_is_the_sum_of_its_districts() {
    let (_app, admin) = prefecture().await;
    let period = "from_on=2020-02-01&to_on=2020-02-03";
    let ask = async |query: String| admin.get(&format!("/v1/stats/screenings?{query}")).await.expect(200).body;
    let days = ask(format!("area_code=51&{period}")).await;
    let of_days = [("2020-02-01".to_owned(), 12), ("2020-02-02".to_owned(), 0), ("2020-02-03".to_owned(), 30)];
    assert_eq!(told(&days["items"], "screened"), of_days);
    assert_eq!(days["items"][2]["figures"]["screened"]["previous"], 0, "beside the day before");
    assert_eq!((value(&days["total"], "screened"), value(&days["total"], "abnormal")), (42, 5));
    // 15 here and 21 there: who was in both is counted by each.
    assert_eq!((value(&days["total"], "persons"), &days["persons_counted"]), (36, &json!("distinct_by_district")));
    assert_eq!((&days["district_code"], &days["area_code"]), (&Json::Null, &json!("51")));
    assert_eq!(days["as_of_change_no"], Json::Null, "each district has its own");
    let districts = days["districts"].as_array().unwrap();
    assert_eq!(districts.len(), 8);
    for of in districts {
        let district_code = of["district_code"].as_str().unwrap();
        let own = ask(format!("district_code={district_code}")).await;
        assert_eq!(own["as_of_change_no"], of["as_of_change_no"]);
        assert_eq!(own["districts"], json!([of]));
    }
    let no_list = |figures: &Json| figures.as_object().unwrap().values().all(|of| of["records_url"].is_null());
    assert!(no_list(&days["total"]) && no_list(&days["items"][0]["figures"]), "no list is of several districts");

    let areas = ask(format!("area_code=51&{period}&by=area")).await;
    assert_eq!(told(&areas["items"], "screened"), [("5118".to_owned(), 42)]);
    assert!(no_list(&areas["items"][0]["figures"]));
    let districts = ask(format!("area_code=5118&{period}&by=area")).await;
    let found: Vec<(String, i64)> =
        told(&districts["items"], "screened").into_iter().filter(|(_, value)| *value > 0).collect();
    assert_eq!(found, [("511802".to_owned(), 21), ("511803".to_owned(), 21)]);
    assert_eq!(districts["items"].as_array().unwrap().len(), 8, "those that saw nobody, too");
    for item in districts["items"].as_array().unwrap() {
        let own = ask(format!("district_code={}&{period}&by=total", item["key"].as_str().unwrap())).await;
        for name in ["screened", "abnormal", "persons", "complete"] {
            assert_eq!(item["figures"][name]["value"], own["total"][name]["value"], "{name}");
            assert_eq!(item["figures"][name]["previous"], own["total"][name]["previous"], "{name}");
        }
        let url = item["figures"]["screened"]["records_url"].as_str().unwrap();
        let listed = admin.get(&format!("{url}&limit=500")).await.expect(200).body;
        assert_eq!(listed["items"].as_array().unwrap().len() as i64, value(&item["figures"], "screened"), "{url}");
    }
    // As people write the codes of prefectures and provinces; by the hour, all there ever was, and of some only.
    assert_eq!(ask(format!("area_code=510000&{period}")).await["total"], days["total"]);
    assert_eq!(ask(format!("area_code=511800&{period}")).await["total"], days["total"]);
    let hours = ask("area_code=51&from_on=2020-02-03&by=hour".into()).await;
    let hours: Vec<i64> = told(&hours["items"], "screened").into_iter().map(|(_, value)| value).collect();
    assert_eq!(hours[8..10], [9, 21]);
    let ever = ask("area_code=51&cumulative=true".into()).await;
    assert_eq!((value(&ever["total"], "screened"), value(&ever["total"], "persons")), (42, 36));
    let (status, _, file) =
        admin.with("accept", "text/csv").download(&format!("/v1/stats/screenings?area_code=51&{period}")).await;
    let file = String::from_utf8(file).unwrap();
    assert!(status == 200 && file.lines().any(|line| line.starts_with("2020-02-03,2020-02-03,30,")), "{file}");
}

#[tokio::test]
async fn a_poll_of_a_province_sees_each_districts_writes_and_what_has_no_sum_is_refused() {
    let (_app, admin) = prefecture().await;
    let path = "/v1/stats/screenings?area_code=5118&from_on=2020-02-03";
    let tag = admin.get(path).await.expect(200).header("etag").to_owned();
    assert_eq!(admin.with("if-none-match", &tag).get(path).await.status, 304);
    let gate = examples::checkpoint(&admin, "511803001").await;
    let newer = admin.with("if-none-match", &tag).get(path).await.expect(200);
    assert_ne!(newer.header("etag"), tag);
    pass(&admin, &gate, "2020-02-03T10:00:00+08:00", 60..61, 0).await;
    assert_eq!(value(&admin.get(path).await.expect(200).body["total"], "screened"), 31);

    let place = format!("/v1/stats/screenings?area_code=51&by=place&place_id={gate}&org_id={gate}");
    let refused = admin.get(&place).await.expect(422).body;
    let pointers: Vec<&str> =
        refused["errors"].as_array().unwrap().iter().map(|fault| fault["pointer"].as_str().unwrap()).collect();
    assert_eq!(pointers, ["?org_id", "?place_id", "?by"], "{refused}");
    admin.get("/v1/stats/screenings?area_code=50").await.expect(404);
}

/// Whoever has less than all of it is told what he reaches of it, as of a district.
#[tokio::test]
async fn a_province_tells_nobody_more_than_its_districts_do() {
    let (app, admin) = prefecture().await;
    let clerk = commander(&app, "511803").await;
    let own = clerk.get("/v1/stats/screenings?area_code=51&from_on=2020-02-03&by=total").await.expect(200).body;
    assert_eq!((value(&own["total"], "screened"), own["districts"].as_array().unwrap().len()), (21, 1));
    let key = key_of(&app, &admin, "51", &["statistics"]).await;
    for day in 1..=3 {
        let total = async |area: &str| {
            let path = format!("/v1/stats/screenings?{area}&from_on=2020-02-0{day}&by=total");
            key.get(&path).await.expect(200).body["total"].clone()
        };
        let (all, here, there) =
            (total("area_code=51").await, total("district_code=511802").await, total("district_code=511803").await);
        for name in ["screened", "abnormal", "complete", "persons"] {
            let shown = |figures: &Json| figures[name]["value"].as_i64().unwrap_or(0);
            assert_eq!(shown(&all), shown(&here) + shown(&there), "{name} of day {day}");
            let suppressed = |figures: &Json| figures[name]["suppressed"] == true;
            assert_eq!(suppressed(&all), suppressed(&here) || suppressed(&there), "{name} of day {day}");
        }
    }
    // Small numbers are those of the day on which nine passed, and of the few that had a fever.
    let small = key.get("/v1/stats/screenings?area_code=5118&from_on=2020-02-03&by=area").await.expect(200).body;
    let of = |code: &str| small["items"].as_array().unwrap().iter().find(|item| item["key"] == code).unwrap().clone();
    assert_eq!(of("511802")["figures"]["screened"]["value"], Json::Null);
    assert_eq!(of("511803")["figures"]["screened"]["value"], 20);
}
