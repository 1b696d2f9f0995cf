//! Keys that may not see small numbers, nor what gives them away.

use chrono::TimeDelta;
use serde_json::{Value as Json, json};

use crate::figures::{pass, value};
use crate::isolation_cases::set_clock;
use crate::support::{Actor, TestApp, examples};

async fn key(app: &TestApp, admin: &Actor, scopes: &[&str]) -> Actor {
    let expires_at = (app.service.clock.now() + TimeDelta::days(30)).to_rfc3339();
    let body = json!({"name": "看板", "role": "statistics_reader", "area_code": "511802", "scopes": scopes, "expires_at": expires_at});
    let created = admin.post("/v1/api-keys", &body).await.expect(201).body;
    let mut key = app.nobody();
    key.token = created["key"].as_str().map(str::to_owned);
    key
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
