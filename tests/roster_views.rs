//! Views of rosters: who is missing, hours and figures traced to records, the day sheet, the calendar.

use serde_json::{Value as Json, json};

use crate::isolation_cases::set_clock;
use crate::shifts::{gate, make, shift, volunteer};
use crate::support::TestApp;

#[tokio::test]
async fn the_leagues_figures_are_read_and_traced_to_records() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-02-01T06:00:00+08:00");
    let admin = app.administrator().await;
    let league = make(
        &admin,
        "organizations",
        json!({"kind": "mass_organization", "name": "共青团雨城区委", "area_code": "511802"}),
    )
    .await;
    let (north, south) = (gate(&admin, "北门").await, gate(&admin, "南门").await);
    let mut members = Vec::new();
    for (number, place) in [(1, &north), (2, &south)] {
        let team = json!({"team_kind": "temporary_league_branch", "name": format!("{number}支部"), "place_id": place, "area_code": "511802005", "secretary": "刘洋", "org_id": league});
        let team = make(&admin, "teams", team).await;
        for member in 0..2 {
            members.push((
                volunteer(&admin, number * 10 + member, json!({"team_id": team, "org_id": league})).await,
                place.clone(),
                team.clone(),
            ));
        }
    }
    let mut marks = Vec::new();
    for day in ["2020-02-01", "2020-02-02"] {
        for (index, (member, place, _)) in members.iter().enumerate() {
            let from = 7 + i64::try_from(index % 2).unwrap() * 5;
            let shift = make(&admin, "shifts", json!({"place_id": place, "starts_at": format!("{day}T{from:02}:00:00+08:00"), "ends_at": format!("{day}T{:02}:00:00+08:00", from + 5), "needs": [{"role": "volunteer", "count": 1}], "org_id": league})).await;
            let assignment = make(
                &admin,
                "shift-assignments",
                json!({"shift_id": shift, "volunteer_id": member, "role": "volunteer", "org_id": league}),
            )
            .await;
            for (action, hour) in [("check_in", from), ("check_out", from + 5)] {
                marks.push(json!({"assignment_id": assignment, "action": action, "occurred_at": format!("{day}T{hour:02}:00:00+08:00")}));
            }
        }
    }
    set_clock(&app, "2020-02-02T18:00:00+08:00");
    let admin = app.administrator().await;
    for mark in marks {
        make(&admin, "shift-attendances", mark).await;
    }
    let path = "/v1/stats/volunteers?from_on=2020-02-01&to_on=2020-02-02";
    let figures = admin.get(path).await.expect(200).body;
    let total = &figures["total"];
    assert_eq!(
        (&total["posts"], &total["members"], &total["person_times"], &total["service_hours"]),
        (&json!(2), &json!(4), &json!(8), &json!("40.00"))
    );
    assert_eq!((&figures["teams"]["temporary_league_branch"], &figures["league_members"]), (&json!(2), &json!(4)));
    for by in ["team", "org", "place", "volunteer", "day"] {
        let figures = admin.get(&format!("{path}&by={by}")).await.expect(200).body;
        let items = figures["items"].as_array().unwrap();
        assert_eq!(
            items.len(),
            match by {
                "org" => 1,
                "volunteer" => 4,
                _ => 2,
            },
            "{by}"
        );
        for item in items {
            let behind = admin.get(item["records_url"].as_str().unwrap()).await.expect(200).body;
            let behind = behind["items"].as_array().unwrap();
            assert_eq!(behind.len() as u64, item["person_times"].as_u64().unwrap(), "{by} {item}");
            let minutes: u64 = behind.iter().map(|record| record["service_minutes"].as_u64().unwrap()).sum();
            assert_eq!(minutes, item["service_minutes"].as_u64().unwrap());
        }
    }
    let hours = admin
        .get(&format!("/v1/volunteers/{}/hours?from_on=2020-02-01&to_on=2020-02-02", members[0].0))
        .await
        .expect(200)
        .body;
    assert_eq!((&hours["service_hours"], &hours["person_times"]), (&json!("10.00"), &json!(2)));
}

#[tokio::test]
async fn a_posts_day_is_on_a_sheet_and_its_gaps_are_named() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-02-02T20:00:00+08:00");
    let admin = app.administrator().await;
    let place = gate(&admin, "北<门>").await;
    let one = volunteer(&admin, 1, json!({})).await;
    let needs = json!([{"role": "temperature_taker", "count": 1}, {"role": "volunteer", "count": 2}]);
    let morning = shift(&admin, &place, "2020-02-03", 7, 12, needs.clone()).await;
    shift(&admin, &place, "2020-02-05", 7, 12, needs).await;
    make(&admin, "shift-assignments", json!({"shift_id": morning, "volunteer_id": one, "role": "temperature_taker"}))
        .await;
    let unfilled = admin.get("/v1/shifts/unfilled").await.expect(200).body;
    let items = unfilled["items"].as_array().unwrap();
    assert_eq!(
        (items.len(), &items[0]["shift_id"], &items[0]["missing"]),
        (1, &json!(morning), &json!([{"role": "volunteer", "count": 2}]))
    );
    assert_eq!(admin.get("/v1/shifts/unfilled?within_hours=100").await.body["items"].as_array().unwrap().len(), 2);
    let path = format!("/v1/places/{place}/day-sheet?on=2020-02-03");
    let sheet = admin.get(&path).await.expect(200).body;
    let first = &sheet["shifts"][0];
    assert_eq!((&first["people"][0]["name"], &first["missing"][0]["count"]), (&json!("陈*"), &json!(2)));
    let (status, _, page) = admin.download(&path.replace("day-sheet", "day-sheet.html")).await;
    let page = String::from_utf8(page).unwrap();
    assert!(
        status == 200 && page.contains("陈静") && page.contains("缺 2 人") && page.contains("北&lt;门&gt;"),
        "{page}"
    );
    let person = admin.get(&format!("/v1/volunteers/{one}")).await.body["person_id"].as_str().unwrap().to_owned();
    let log = admin.get(&format!("/v1/people/{person}/access-log")).await.expect(200).body;
    assert!(log.to_string().contains("day sheet"), "{log}");
}

#[tokio::test]
async fn a_calendar_is_read_by_its_secret_address_until_that_is_taken_back() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-02-02T20:00:00+08:00");
    let admin = app.administrator().await;
    let place = gate(&admin, "北门").await;
    let one = volunteer(&admin, 1, json!({})).await;
    let night = shift(&admin, &place, "2020-02-03", 22, 27, json!([{"role": "temperature_taker", "count": 1}])).await;
    make(&admin, "shift-assignments", json!({"shift_id": night, "volunteer_id": one, "role": "temperature_taker"}))
        .await;
    let create = async || {
        admin.post(&format!("/v1/volunteers/{one}:calendar"), &json!({})).await.expect(201).body["url"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let url = create().await;
    let read = async |url: &str| {
        let (status, headers, body) = app.nobody().download(url).await;
        (status, headers["content-type"].to_str().unwrap().to_owned(), String::from_utf8(body).unwrap())
    };
    let (status, media_type, text) = read(&url).await;
    assert_eq!((status, media_type.as_str()), (200, "text/calendar; charset=utf-8"));
    assert!(text.contains("DTSTART:20200203T140000Z") && text.contains("DTEND:20200203T190000Z"), "{text}");
    assert!(text.contains("SUMMARY:测温") && text.contains("LOCATION:北门") && !text.contains("陈静"), "{text}");
    let other = create().await;
    assert_eq!(read(&url).await.0, 404, "the former address ended");
    admin.post(&format!("/v1/volunteers/{one}:revoke-calendar"), &json!({})).await.expect(204);
    assert_eq!(read(&other).await.0, 404);
    assert_eq!(read("/v1/calendars/x").await.0, 404);
    let kept: Vec<Json> = app
        .rows("SELECT count(*) AS total FROM calendar_tokens")
        .await
        .into_iter()
        .map(|mut row| json!(row.integer("total")))
        .collect();
    assert_eq!(kept, [json!(0)]);
}
