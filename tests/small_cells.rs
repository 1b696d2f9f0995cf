//! Keys that may not see small numbers, nor what gives them away.

use chrono::TimeDelta;
use serde_json::{Value as Json, json};

use crate::figures::{pass, value};
use crate::isolation_cases::set_clock;
use crate::support::{Actor, TestApp, examples};

pub async fn key(app: &TestApp, admin: &Actor, scopes: &[&str]) -> Actor {
    key_of(app, admin, "511802", scopes).await
}

pub async fn key_of(app: &TestApp, admin: &Actor, area_code: &str, scopes: &[&str]) -> Actor {
    let expires_at = (app.core.clock.now() + TimeDelta::days(30)).to_rfc3339();
    let body = json!({"name": "看板", "role": "statistics_reader", "area_code": area_code, "scopes": scopes, "expires_at": expires_at});
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
    // Townships, and a gate of the district itself, which is in none; on some days somebody passes at several.
    let own = examples::checkpoint(&admin, "511802").await;
    let third = examples::checkpoint(&admin, "511802001").await;
    for (day, here, there, elsewhere, between, fevers) in [
        (1, 12, 3, 11, 0, 2),
        (2, 40, 7, 0, 4, 11),
        (3, 0, 9, 8, 0, 1),
        (4, 23, 14, 0, 9, 21),
        (5, 10, 10, 30, 0, 10),
        (6, 1, 1, 0, 0, 1),
    ] {
        let at = format!("2020-02-0{day}T08:30:00+08:00");
        let mut next = |count: u32| {
            sequence += count;
            sequence - count..sequence
        };
        let (first, second, of_district) = (next(here), next(there), next(elsewhere));
        pass(&admin, &one, &at, first.clone(), fevers).await;
        pass(&admin, &two, &at, second, 0).await;
        pass(&admin, &own, &at, of_district, 0).await;
        // The same people once more, in another township.
        pass(&admin, &third, &at.replace("08:30", "09:30"), first.start..(first.start + between).min(first.end), 0)
            .await;
    }
    let restricted = key(&app, &admin, &["statistics"]).await;
    let exact = key(&app, &admin, &["statistics", "small_cells"]).await;
    let ask = async |query: &str| restricted.get(&format!("/v1/stats/screenings?{query}")).await.expect(200).body;
    let number = |figures: &Json, name: &str| figures[name]["value"].as_i64().unwrap_or(0);
    let cells = ["511802001", "511802005", "511802114", "511802"];
    let townships = ["511802005", "511802114"];
    for first in 1..=6 {
        for last in first..=6 {
            let period = format!("from_on=2020-02-0{first}&to_on=2020-02-0{last}");
            let whole = ask(&format!("{period}&by=area")).await;
            assert_eq!(small(&whole["total"]), [], "{period}");
            for name in ["screened", "abnormal", "screened_in", "complete"] {
                let all = number(&whole["total"], name);
                let mut parts = 0;
                for township in cells {
                    let items = whole["items"].as_array().unwrap();
                    let Some(item) = items.iter().find(|item| item["key"] == township) else { continue };
                    let part = number(&item["figures"], name);
                    assert!(!(1..10).contains(&part) && part % 5 == 0, "{period} {township} {name} {part}");
                    if townships.contains(&township) {
                        let alone = ask(&format!("{period}&by=total&area_code={township}")).await;
                        assert_eq!(number(&alone["total"], name), part, "the same cell whichever way it is asked");
                    }
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
        let (all, events) = (number(&of_areas["total"], "persons"), number(&of_areas["total"], "screened"));
        let items = of_areas["items"].as_array().unwrap();
        let parts: i64 = items.iter().map(|item| number(&item["figures"], "persons")).sum();
        assert!(!(1..10).contains(&(all - parts).abs()), "{day}: {all} people, {parts} in the townships");
        let any_hidden = items.iter().any(|item| item["figures"]["persons"]["suppressed"] == true);
        if any_hidden {
            assert_eq!((all, &of_areas["total"]["persons"]["suppressed"]), (parts, &json!(true)), "{day}");
            assert!(all <= events, "{day}: {all} people, {events} person-times");
        }
        let itself = items.iter().find(|item| item["key"] == "511802");
        assert!(itself.is_none_or(|item| item["figures"].get("persons").is_none()), "{day}: no count of those is kept");
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
    restricted.get("/v1/stats/volunteers").await.expect(403);
    exact.get("/v1/stats/volunteers").await.expect(200);
    restricted.get("/v1/stats/completeness").await.expect(403);
    let plain = exact.get("/v1/stats/screenings?from_on=2020-02-06").await.expect(200).body;
    assert_eq!(value(&plain["total"], "screened"), 2);
    assert!(plain["total"]["screened"]["records_url"].is_null(), "a key for figures opens no list");
}

#[tokio::test]
async fn a_right_to_read_that_the_role_lacks_uncovers_nothing_and_a_narrow_grant_is_no_township() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-02-06T12:00:00+08:00");
    let admin = app.administrator().await;
    let place = examples::checkpoint(&admin, "511802005001").await;
    pass(&admin, &place, "2020-02-06T08:30:00+08:00", 0..3, 0).await;
    let reading = key(&app, &admin, &["statistics", "read"]).await;
    let told = reading.get("/v1/stats/screenings").await.expect(200).body;
    assert_eq!(told["total"]["screened"]["suppressed"], true);
    reading.get("/v1/stats/screenings?by=place").await.expect(403);
    reading.get("/v1/stats/completeness").await.expect(403);
    let narrow = key_of(&app, &admin, "511802005001", &["statistics"]).await;
    for area in ["", "&area_code=511802005", "&area_code=511802"] {
        assert_eq!(
            narrow.get(&format!("/v1/stats/screenings?by=total{area}")).await.expect(403).code(),
            "key_out_of_scope"
        );
    }
    let exact = key(&app, &admin, &["statistics", "small_cells"]).await;
    let completeness = exact.get("/v1/stats/completeness?from_on=2020-02-05&to_on=2020-02-06").await.expect(200).body;
    for item in completeness["items"].as_array().unwrap() {
        assert_eq!((&item["gaps"], &item["missed_url"]), (&json!([]), &Json::Null), "figures, no names");
    }
}

#[tokio::test]
async fn what_few_spent_is_hidden_with_them() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let mut items = Vec::new();
    for day in ["2020-02-03", "2020-02-04"] {
        for index in 0..if day == "2020-02-03" { 1 } else { 12 } {
            let mut errand = examples::of_kind("errands");
            errand.as_object_mut().unwrap().retain(|name, _| !["id", "case_id"].contains(&name.as_str()));
            errand["occurred_at"] = format!("{day}T{:02}:30:00+08:00", 8 + index).into();
            items.push(errand);
        }
    }
    let case = admin.post("/v1/isolation-cases", &examples::of_kind("isolation_cases")).await.expect(201).body;
    for mut errand in items {
        errand["case_id"] = case["id"].clone();
        admin.post("/v1/errands", &errand).await.expect(201);
    }
    let restricted = key(&app, &admin, &["statistics"]).await;
    let ask = async |day: &str| restricted.get(&format!("/v1/stats/errands?from_on={day}")).await.expect(200).body;
    let one = ask("2020-02-03").await;
    assert_eq!((&one["total"]["errands"]["value"], &one["total"]["cost_cny"]["amount"]), (&Json::Null, &Json::Null));
    let many = ask("2020-02-04").await;
    assert_eq!(many["total"]["errands"]["value"], 10);
    let cost = many["total"]["cost_cny"]["amount"].as_str().unwrap().parse::<f64>().unwrap();
    assert_eq!(cost % 5.0, 0.0, "whole yuan, rounded to five");
}

#[tokio::test]
async fn an_account_that_only_reads_statistics_sees_what_such_a_key_sees() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-02-06T12:00:00+08:00");
    let admin = app.administrator().await;
    let place = examples::checkpoint(&admin, "511802005001").await;
    pass(&admin, &place, "2020-02-06T08:30:00+08:00", 0..3, 0).await;
    let reader = app.actor(lianfang::platform::access::Role::StatisticsReader, "雨城区").await;
    let restricted = key(&app, &admin, &["statistics"]).await;
    for query in ["by=area&from_on=2020-02-06&to_on=2020-02-06", "area_code=511802005", ""] {
        let path = format!("/v1/stats/screenings?{query}");
        let [of_account, of_key] =
            [reader.get(&path).await, restricted.get(&path).await].map(|reply| (reply.status, reply.body));
        let told = |body: &Json| {
            let mut body = body.clone();
            body.as_object_mut().unwrap().remove("computed_at");
            body
        };
        assert_eq!((of_account.0, told(&of_account.1)), (of_key.0, told(&of_key.1)), "{query}");
        assert!(small(&of_account.1["total"]).is_empty(), "{}", of_account.1);
    }
    // Whoever reads the records themselves is shown the numbers.
    let both = app.town_cadre("大兴街道").await;
    let figures = both.get("/v1/stats/screenings?from_on=2020-02-06&to_on=2020-02-06").await.expect(200).body;
    assert_eq!(value(&figures["total"], "screened"), 3);
}
