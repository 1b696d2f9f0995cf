//! The list behind a figure has as many records as it says, however the figure was narrowed and split.

use serde_json::{Value as Json, json};

use crate::duties::supervised;
use crate::figures::{pass, value};
use crate::figures_situation::all;
use crate::isolation_cases::{notified, set_clock, work};
use crate::support::{Actor, TestApp, examples};

/// Follows every link of every line; how many links there were.
async fn follow(actor: &Actor, figures: &str) -> usize {
    let body = actor.get(figures).await.expect(200).body;
    let mut followed = 0;
    for line in body["items"].as_array().unwrap().iter().map(|item| &item["figures"]).chain([&body["total"]]) {
        let Some(url) = line["screened"]["records_url"].as_str() else { continue };
        assert_eq!(all(actor, url).await.len() as i64, value(line, "screened"), "{figures}: {url}");
        followed += 1;
    }
    followed
}

#[tokio::test]
async fn a_narrowed_figure_leads_to_a_narrowed_list() {
    let app = TestApp::start().await;
    let admin = app.administrator().await;
    let (here, there) =
        (examples::checkpoint(&admin, "511802005001").await, examples::checkpoint(&admin, "511802114").await);
    pass(&admin, &here, "2020-02-01T08:30:00+08:00", 0..3, 0).await;
    pass(&admin, &there, "2020-02-01T08:30:00+08:00", 3..8, 0).await;
    let org = admin.post("/v1/organizations", &examples::of_kind("organizations")).await.expect(201).body["id"].clone();
    let mut of_org = examples::screening(&here, 20);
    of_org["occurred_at"] = json!("2020-02-01T09:30:00+08:00");
    of_org["org_id"] = org.clone();
    admin.post("/v1/screenings", &of_org).await.expect(201);
    let org = org.as_str().unwrap();
    for by in ["total", "day", "area", "place", "org"] {
        for narrowed in
            [String::new(), format!("place_id={here}"), format!("org_id={org}"), "area_code=511802005".into()]
        {
            let query = format!("/v1/stats/screenings?from_on=2020-02-01&to_on=2020-02-01&by={by}&{narrowed}");
            assert!(follow(&admin, query.trim_end_matches('&')).await > 0, "{query}");
        }
    }
}

#[tokio::test]
async fn an_areas_own_line_has_no_list_and_nobodys_has_one() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-01-23T05:00:00+08:00");
    let nurse = app.health_worker("八步镇").await;
    notified(&nurse, supervised(1, &[])).await;
    set_clock(&app, "2020-01-23T22:30:00+08:00");
    work(&app).await;
    let nurse = app.health_worker("八步镇").await;
    let town = app.area_code("八步镇");
    for room in ["/v1/duties/summary", "/v1/stats/completeness"] {
        let days = format!("from_on=2020-01-23&to_on=2020-01-23&area_code={town}");
        let line =
            async |by: &str| nurse.get(&format!("{room}?by={by}&{days}")).await.expect(200).body["items"][0].clone();
        let own = line("area").await;
        assert_eq!((&own["key"], &own["missed_url"]), (&json!(town), &Json::Null), "{room}");
        let nobodys = line("org").await;
        assert_eq!(nobodys["key"], Json::Null, "{room}");
        let listed = all(&nurse, nobodys["missed_url"].as_str().unwrap()).await;
        assert_eq!(listed.len() as i64, nobodys["missed"].as_i64().unwrap(), "{room}");
        assert!(!listed.is_empty() && listed.iter().all(|duty| duty["org_id"].is_null()), "{room}");
    }
}
