//! Attendance at shifts: who came, what was served, what was forgotten.

use serde_json::json;

use crate::isolation_cases::{set_clock, work};
use crate::shifts::{DAXING, assignment, codes, gate, make, needs, shift, volunteer};
use crate::support::TestApp;

#[tokio::test]
async fn who_came_what_was_served_and_what_was_forgotten() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-02-01T08:00:00+08:00");
    let admin = app.administrator().await;
    let place = gate(&admin, "北门").await;
    let (came, forgot, absent) = (
        volunteer(&admin, 1, json!({})).await,
        volunteer(&admin, 2, json!({})).await,
        volunteer(&admin, 3, json!({})).await,
    );
    let shift = shift(&admin, &place, "2020-02-03", 7, 12, needs("volunteer", 3)).await;
    let mut assignments = Vec::new();
    for id in [&came, &forgot, &absent] {
        assignments.push(make(&admin, "shift-assignments", assignment(&shift, id, "volunteer")).await);
    }
    set_clock(&app, "2020-02-03T07:30:00+08:00");
    let admin = app.administrator().await;
    let mark = |index: usize, action: &str, at: &str| json!({"assignment_id": assignments[index], "action": action, "occurred_at": format!("2020-02-03T{at}:00+08:00"), "longitude": 103.1, "latitude": 30.0});
    let far = admin.post("/v1/shift-attendances", &mark(0, "check_in", "06:55")).await.expect(201);
    assert_eq!(far.warnings(), ["far_away"], "a position never refuses");
    admin.post("/v1/shift-attendances", &mark(1, "check_in", "07:05")).await.expect(201);
    work(&app).await;
    let attendance = async |index: usize| {
        app.administrator().await.get(&format!("/v1/shift-assignments/{}", assignments[index])).await.expect(200).body["attendance"].as_str().unwrap().to_owned()
    };
    assert_eq!([attendance(0).await, attendance(1).await, attendance(2).await], ["present", "present", "no_show"]);
    let missed = admin.get("/v1/duties?state=missed&limit=500&from_on=2020-02-03").await.expect(200).body;
    let missed: Vec<&str> =
        missed["items"].as_array().unwrap().iter().map(|duty| duty["duty_kind"].as_str().unwrap()).collect();
    assert!(missed.contains(&"shift_attendance") && missed.contains(&"manned_post"), "{missed:?}");
    set_clock(&app, "2020-02-03T14:05:00+08:00");
    let admin = app.administrator().await;
    admin.post("/v1/shift-attendances", &mark(0, "check_out", "11:40")).await.expect(201);
    work(&app).await;
    let records = async || {
        let list =
            admin.get("/v1/service-records?order=oldest").await.expect(200).body["items"].as_array().unwrap().clone();
        list.iter()
            .map(|item| {
                (
                    item["volunteer_id"].as_str().unwrap().to_owned(),
                    item["service_hours"].as_str().unwrap().to_owned(),
                    item["origin"].as_str().unwrap().to_owned(),
                )
            })
            .collect::<Vec<_>>()
    };
    let expected = [
        (came.clone(), "4.75".to_owned(), "attendance".to_owned()),
        (forgot.clone(), "4.92".to_owned(), "rule".to_owned()),
    ];
    assert_eq!(records().await, expected);
    // The check-out comes after all, from a phone that was offline: the hours are those.
    admin.post("/v1/shift-attendances", &mark(1, "check_out", "12:05")).await.expect(201);
    assert_eq!(records().await[1], (forgot.clone(), "5.00".to_owned(), "attendance".to_owned()));
    // Corrected by hand, with its history; the service leaves it alone then.
    let list = admin.get(&format!("/v1/service-records?volunteer_id={forgot}")).await.body;
    let (id, tag) =
        (list["items"][0]["id"].as_str().unwrap().to_owned(), format!("\"{}\"", list["items"][0]["revision"]));
    let right = json!({"ends_at": "2020-02-03T11:05:00+08:00"});
    let corrected = admin.patch(&format!("/v1/service-records/{id}"), &tag, &right).await.expect(200).body;
    assert_eq!((&corrected["service_hours"], &corrected["corrected"]), (&json!("4.00"), &json!(true)));
    admin.post("/v1/shift-attendances", &mark(1, "check_out", "13:00")).await.expect(201);
    assert_eq!(records().await[1].1, "4.00");
    let history = admin.get(&format!("/v1/service-records/{id}/revisions")).await.expect(200).body;
    assert!(history["items"].as_array().unwrap().len() >= 3);
    // Nobody serves twice at a time.
    let twice = json!({"volunteer_id": came, "starts_at": "2020-02-03T10:00:00+08:00", "ends_at": "2020-02-03T13:00:00+08:00", "area_code": DAXING});
    assert_eq!(codes(&admin.post("/v1/service-records", &twice).await.expect(422)), ["overlaps"]);
    // Records that somebody voided stay void, whatever a phone brings afterwards.
    let list = admin.get(&format!("/v1/service-records?volunteer_id={came}")).await.body;
    let path = format!("/v1/service-records/{}", list["items"][0]["id"].as_str().unwrap());
    admin.post(&format!("{path}:void"), &json!({"reason": "核实未到岗"})).await.expect(200);
    admin.post("/v1/shift-attendances", &mark(0, "check_out", "11:55")).await.expect(201);
    assert!(!admin.get(&path).await.expect(200).body["voided_at"].is_null());
    lianfang::integrity::verify(&app.core, |_, _| {}).await.map_err(|error| format!("{error:?}")).unwrap();
}
