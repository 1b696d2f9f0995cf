//! A week with the roster, as an organiser and as two volunteers live it: made from a template, filled by sign-up,
//! swapped, come to, forgotten, corrected, and read at its end.

use lianfang::platform::access::Role;
use serde_json::{Value as Json, json};

use crate::isolation_cases::{set_clock, work};
use crate::shifts::{DAXING, codes, gate, later, make, needs, volunteer};
use crate::support::{Actor, TestApp};

async fn items(actor: &Actor, path: &str) -> Vec<Json> {
    actor.get(path).await.expect(200).body["items"].as_array().unwrap().clone()
}

fn id(item: &Json) -> String {
    item["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_week_is_planned_lived_and_accounted_for() {
    let app = TestApp::start().await;
    set_clock(&app, "2020-02-02T08:00:00+08:00");
    let admin = app.administrator().await;
    let place = gate(&admin, "北门").await;
    let (mut one, mut two) =
        (app.actor(Role::Volunteer, "大兴街道").await, app.actor(Role::Volunteer, "大兴街道").await);
    let own = volunteer(&admin, 1, json!({"user_id": one.id})).await;
    let other = volunteer(&admin, 2, json!({"user_id": two.id})).await;
    let template = json!({"area_code": DAXING, "name": "早班", "needs": needs("volunteer", 1), "slots": [{"title": "早班", "starts_minute": 480, "duration_minutes": 240}]});
    let template = make(&admin, "shift-templates", template).await;
    let days = json!({"place_ids": [place], "from_on": "2020-02-03", "to_on": "2020-02-09"});
    admin.post(&format!("/v1/shift-templates/{template}:generate"), &days).await.expect(200);
    let shifts = items(&one, &format!("/v1/shifts?place_id={place}&order=oldest")).await;
    assert_eq!(shifts.len(), 7);
    // The first signs up for five days, the second for one; the seventh lacks somebody.
    let mut taken = Vec::new();
    for (index, shift) in shifts.iter().take(6).enumerate() {
        let (actor, volunteer) = if index < 5 { (&one, &own) } else { (&two, &other) };
        taken.push(
            make(
                actor,
                "shift-assignments",
                json!({"shift_id": id(shift), "volunteer_id": volunteer, "role": "volunteer"}),
            )
            .await,
        );
    }
    let missing = items(&admin, "/v1/shifts/unfilled?within_hours=192").await;
    assert_eq!((missing.len(), &missing[0]["shift_id"]), (1, &shifts[6]["id"]));
    // Wednesday is offered to the second, who takes it.
    one.post(&format!("/v1/shift-assignments/{}:swap", taken[2]), &json!({"volunteer_id": other})).await.expect(202);
    let asked = items(&two, &format!("/v1/shift-assignments?offered_to_id={other}")).await;
    let path = format!("/v1/shift-assignments/{}:accept-swap", id(&asked[0]));
    taken[2] = id(&two.post(&path, &json!({})).await.expect(201).body);
    assert!(items(&two, &format!("/v1/shift-assignments?offered_to_id={other}")).await.is_empty(), "answered");
    let calendar = two.post(&format!("/v1/volunteers/{other}:calendar"), &json!(null)).await;
    let url = calendar.expect(201).body["url"].as_str().unwrap().to_owned();
    let (_, _, bytes) = app.nobody().download(&url).await;
    assert_eq!(String::from_utf8(bytes).unwrap().matches("BEGIN:VEVENT").count(), 2);
    // Day after day: he comes and goes; on Tuesday forgets to check out, on Thursday stays long, on Friday stays away.
    let marks: [&[(&str, &str)]; 6] = [
        &[("check_in", "07:50"), ("check_out", "12:10")],
        &[("check_in", "08:05")],
        &[("check_in", "08:00"), ("check_out", "12:00")],
        &[("check_in", "08:00"), ("check_out", "16:30")],
        &[],
        &[("check_in", "08:00"), ("check_out", "11:00")],
    ];
    for (index, marks) in marks.iter().enumerate() {
        let day = format!("2020-02-0{}", index + 3);
        for (action, at) in *marks {
            let at = format!("{day}T{at}:00+08:00");
            set_clock(&app, &at);
            (one, two) = (later(&one).await, later(&two).await);
            let actor = if [2, 5].contains(&index) { &two } else { &one };
            let stranger = if [2, 5].contains(&index) { &one } else { &two };
            let mark = json!({"assignment_id": taken[index], "action": action, "occurred_at": at});
            stranger.post("/v1/shift-attendances", &mark).await.expect(403);
            assert_eq!(actor.post("/v1/shift-attendances", &mark).await.expect(201).warnings(), Vec::<String>::new());
        }
        set_clock(&app, &format!("{day}T23:00:00+08:00"));
        work(&app).await;
    }
    let admin = app.administrator().await;
    (one, two) = (later(&one).await, later(&two).await);
    let attendance: Vec<Json> = items(&admin, "/v1/shift-assignments?state=assigned&order=oldest").await;
    let attendance: Vec<&str> = attendance.iter().map(|item| item["attendance"].as_str().unwrap()).collect();
    assert_eq!(attendance, ["completed", "completed", "completed", "completed", "no_show", "completed"]);
    let minutes = async |actor: &Actor, volunteer: &str| {
        let path = format!("/v1/volunteers/{volunteer}/hours?from_on=2020-02-03&to_on=2020-02-09");
        actor.get(&path).await.expect(200).body["service_minutes"].as_i64().unwrap()
    };
    // 240 of Monday, 235 of Tuesday, 240 of Thursday; what is beyond the shift is his own word.
    assert_eq!((minutes(&one, &own).await, minutes(&two, &other).await), (715, 420));
    let waiting = items(&admin, "/v1/service-records?confirmation=unconfirmed").await;
    assert_eq!((waiting.len(), &waiting[0]["unconfirmed_minutes"]), (1, &json!(210)));
    let path = format!("/v1/service-records/{}", id(&waiting[0]));
    one.post(&format!("{path}:confirm"), &json!({})).await.expect(403);
    // An organiser who knows that he stayed until two says so: that is confirmed, and no more waits.
    let tag = admin.get(&path).await.header("etag").to_owned();
    let known = admin.patch(&path, &tag, &json!({"ends_at": "2020-02-06T14:00:00+08:00"})).await.expect(200).body;
    assert_eq!(
        (&known["service_hours"], &known["confirmation"], &known["unconfirmed_minutes"]),
        (&json!("6.00"), &json!("confirmed"), &json!(0))
    );
    assert!(items(&admin, "/v1/service-records?confirmation=unconfirmed").await.is_empty());
    assert_eq!(minutes(&one, &own).await, 835);
    // Shifts that are past are over: nobody gives up, nor offers, nor takes one that he was at.
    let cancelled = one.post(&format!("/v1/shift-assignments/{}:cancel", taken[0]), &json!({"reason": "x"})).await;
    assert_eq!(codes(&cancelled.expect(422)), ["too_late"]);
    let offered = one.post(&format!("/v1/shift-assignments/{}:swap", taken[0]), &json!({"volunteer_id": other})).await;
    assert_eq!(codes(&offered.expect(422)), ["too_late"]);
    // The sheet of a day and the week's figures say the same as the records.
    let sheet = admin.get(&format!("/v1/places/{place}/day-sheet?on=2020-02-05")).await.expect(200).body;
    assert_eq!(sheet["shifts"][0]["people"][0]["assignment_id"], json!(taken[2]));
    let week = "from_on=2020-02-03&to_on=2020-02-09";
    let figures = admin.get(&format!("/v1/stats/volunteers?{week}&by=volunteer")).await.expect(200).body;
    assert_eq!((&figures["total"]["service_minutes"], &figures["total"]["person_times"]), (&json!(1_255), &json!(5)));
    for line in figures["items"].as_array().unwrap() {
        let behind = items(&admin, line["records_url"].as_str().unwrap()).await;
        let sum: i64 = behind.iter().map(|record| record["service_minutes"].as_i64().unwrap()).sum();
        assert_eq!(line["service_minutes"], json!(sum));
    }
    let counted = admin.get(&format!("/v1/stats/service-records?{week}")).await.expect(200).body;
    assert_eq!(crate::figures::value(&counted["total"], "service_minutes"), 1_255);
    lianfang::integrity::verify(&app.core, |_, _| {}).await.map_err(|error| format!("{error:?}")).unwrap();
}
