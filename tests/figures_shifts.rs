//! Figures of shifts: who takes one, who didn't come and what was needed stand on the same day, the shift's.

use serde_json::{Value as Json, json};

use crate::figures::value;
use crate::isolation_cases::{set_clock, work};
use crate::shifts::{assignment, gate, make, needs, shift, volunteer};
use crate::support::{Actor, TestApp};

/// The figures of assignments on a day; each with as many records behind it.
async fn on(admin: &Actor, day: &str) -> [i64; 4] {
    let body = admin.get(&format!("/v1/stats/shift-assignments?from_on={day}")).await.expect(200).body;
    let names = ["assignments", "no_shows", "assignments_cancelled", "assignments_swapped"];
    for name in names {
        let url = body["total"][name]["records_url"].as_str().unwrap();
        let listed = admin.get(&format!("{url}&limit=500")).await.expect(200).body;
        assert_eq!(listed["items"].as_array().unwrap().len() as i64, value(&body["total"], name), "{name}: {url}");
    }
    names.map(|name| value(&body["total"], name))
}

async fn move_to(admin: &Actor, shift: &str, day: &str) -> Json {
    let path = format!("/v1/shifts/{shift}");
    let tag = admin.get(&path).await.expect(200).header("etag").to_owned();
    let times = json!({"starts_at": format!("{day}T07:00:00+08:00"), "ends_at": format!("{day}T12:00:00+08:00")});
    admin.patch(&path, &tag, &times).await.expect(200).body
}

#[tokio::test]
async fn an_assignment_counts_on_the_day_of_its_shift_wherever_that_is_moved() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-11-25T08:00:00+08:00");
    let admin = app.administrator().await;
    let place = gate(&admin, "北门").await;
    let early = shift(&admin, &place, "2020-12-01", 7, 12, needs("volunteer", 3)).await;
    let mut taken = Vec::new();
    for sequence in 1..=3 {
        let one = volunteer(&admin, sequence, json!({})).await;
        taken.push(make(&admin, "shift-assignments", assignment(&early, &one, "volunteer")).await);
    }
    assert_eq!((on(&admin, "2020-11-25").await, on(&admin, "2020-12-01").await), ([0; 4], [3, 0, 0, 0]));
    let made = admin.get(&format!("/v1/shift-assignments/{}", taken[0])).await.expect(200).body;
    assert_eq!((&made["occurred_at"], &made["warnings"]), (&json!("2020-12-01T07:00:00+08:00"), &json!([])));
    // Given up and given away: on that day, too.
    let path = |index: usize, action: &str| format!("/v1/shift-assignments/{}:{action}", taken[index]);
    admin.post(&path(0, "cancel"), &json!({"reason": "有事"})).await.expect(200);
    let other = volunteer(&admin, 4, json!({})).await;
    admin.post(&path(1, "swap"), &json!({"volunteer_id": other})).await.expect(201);
    assert_eq!(on(&admin, "2020-12-01").await, [2, 0, 1, 1]);
    // Assignments amended or voided still count where they belong.
    let amended = json!({"note": "带伞", "occurred_at": "2020-11-25T08:00:00+08:00"});
    let third = format!("/v1/shift-assignments/{}", taken[2]);
    admin.patch(&third, "\"1\"", &amended).await.expect(200);
    assert_eq!((on(&admin, "2020-11-25").await, on(&admin, "2020-12-01").await), ([0; 4], [2, 0, 1, 1]));
    move_to(&admin, &early, "2020-12-02").await;
    assert_eq!((on(&admin, "2020-12-01").await, on(&admin, "2020-12-02").await), ([0; 4], [2, 0, 1, 1]));
    let needed = admin.get("/v1/stats/shifts?from_on=2020-12-02").await.expect(200).body;
    assert_eq!(value(&needed["total"], "places_needed"), 3, "beside what was needed");
    // Nobody came: on the day when somebody was due.
    set_clock(&app, "2020-12-02T09:00:00+08:00");
    work(&app).await;
    let admin = app.administrator().await;
    assert_eq!((on(&admin, "2020-11-25").await, on(&admin, "2020-12-02").await), ([0; 4], [2, 2, 1, 1]));
    admin.post(&format!("{third}:void"), &json!({"reason": "误排"})).await.expect(200);
    assert_eq!(on(&admin, "2020-12-02").await, [1, 1, 1, 1]);
    lianfang::integrity::verify(&app.core, |_, _| {}).await.map_err(|error| format!("{error:?}")).unwrap();
}

#[tokio::test]
async fn who_takes_a_shift_while_it_is_moved_takes_it_as_it_is_then() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-11-25T08:00:00+08:00");
    let admin = app.administrator().await;
    let place = gate(&admin, "北门").await;
    for sequence in 1..=8 {
        let one = volunteer(&admin, sequence, json!({})).await;
        let own = shift(&admin, &place, "2020-12-01", 7, 12, needs("volunteer", 1)).await;
        let body = assignment(&own, &one, "volunteer");
        let (taken, moved) =
            futures_util::future::join(admin.post("/v1/shift-assignments", &body), move_to(&admin, &own, "2020-12-03"))
                .await;
        assert_eq!((taken.status, &moved["starts_at"]), (201, &json!("2020-12-03T07:00:00+08:00")), "{}", taken.body);
    }
    work(&app).await;
    assert_eq!((on(&admin, "2020-12-01").await, on(&admin, "2020-12-03").await), ([0; 4], [8, 0, 0, 0]));
}

#[tokio::test]
async fn what_an_earlier_release_counted_when_somebody_signed_up_is_counted_anew() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-11-25T08:00:00+08:00");
    let admin = app.administrator().await;
    let place = gate(&admin, "北门").await;
    let own = shift(&admin, &place, "2020-12-01", 7, 12, needs("volunteer", 1)).await;
    let one = volunteer(&admin, 1, json!({})).await;
    make(&admin, "shift-assignments", assignment(&own, &one, "volunteer")).await;
    app.sql("UPDATE shift_assignments SET occurred_at = '2020-11-25T08:00:00+08:00'; UPDATE service_settings SET value = '2' WHERE name = 'figures'").await;
    lianfang::integrity::recount::where_needed(&app.core, &lianfang::server::routes::BEFORE_RECOUNT).await.unwrap();
    assert_eq!((on(&admin, "2020-11-25").await, on(&admin, "2020-12-01").await), ([0; 4], [1, 0, 0, 0]));
}
