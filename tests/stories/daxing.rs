//! 大兴街道: 四再四不. Surveys again, explains again, holds its gates, leaves nobody out.

use lianfang::platform::access::Role;
use serde_json::{Value as Json, json};

use crate::shifts::DAXING;
use crate::support::story::Story;
use crate::support::{examples, fake_resident_id};

#[tokio::test]
async fn the_subdistrict_surveys_again_and_leaves_nobody_out() {
    let story = Story::begin("2020-02-01T08:00:00+08:00").await;
    // The street sets its own people up, by itself.
    let head = story.head_of(DAXING).await;
    let cadre = story.takes_on(&head, Role::TownCadre, DAXING, None).await;
    let grid = story.takes_on(&head, Role::GridWorker, "511802005001", None).await;
    let other_grid = story.takes_on(&head, Role::GridWorker, "511802005002", None).await;
    let guard = story.takes_on(&head, Role::GateGuard, "511802005001", None).await;
    // 再排查: those of the four kinds, house by house.
    let categories = ["hubei_returnee", "hubei_transit_returnee", "hubei_returnee_contact", "outside_city_returnee"];
    let person = |sequence: u32, category: &str, area: &str| json!({"name": "李四", "document_type": "resident_id", "document_number": fake_resident_id(sequence), "phone": format!("154{sequence:08}"), "area_code": area, "categories": [{"category": category, "since_on": "2020-01-22", "source": "入户排查"}]});
    for (sequence, category) in (1..).zip(categories) {
        grid.records("people", person(sequence, category, "511802005001")).await;
    }
    let other = other_grid.records("people", person(9, "hubei_returnee", "511802005002")).await;
    let again = grid.post("/v1/people", person(1, "hubei_returnee", "511802005001")).await.expect(200);
    assert_eq!(again.body["categories"].as_array().unwrap().len(), 1, "surveyed again, he is there once");
    let counted = cadre.get("/v1/stats/people-by-category?in_force_on=2020-02-01").await.expect(200).body;
    assert_eq!(counted["total"]["persons"], 5, "{counted}");
    assert_eq!(grid.counts("/v1/people?category=hubei_returnee").await, 1, "of his own grid");
    // 再宣传, by every way; 卡点 for people and vehicles.
    for (method, copies, households) in [
        ("leaflet_to_household", 300, 280),
        ("mobile_loudspeaker", 0, 0),
        ("wechat_group", 0, 0),
        ("bulletin_board", 2, 0),
    ] {
        let told = json!({"method": method, "topic": "epidemic_policy", "copies": copies, "households_reached": households, "area_code": DAXING});
        cadre.records("publicity-activities", told).await;
    }
    let gate = head
        .records("places", json!({"kind": "compound_gate", "name": "小区门口卡点", "area_code": "511802005001"}))
        .await;
    for (day, passages) in [("2020-02-01", 3), ("2020-02-02", 4)] {
        story.at(&format!("{day}T18:00:00+08:00"));
        for number in 0..passages {
            let mut passage = examples::screening(&gate, 20 + number);
            passage["occurred_at"] = format!("{day}T08:3{number}:00+08:00").into();
            passage["vehicle"] = json!({"plate_number": "川T12345"});
            if number == 0 {
                passage["temperature_c"] = "37.6".into();
            }
            guard.records("screenings", passage).await;
        }
    }
    let figures = guard.get("/v1/stats/screenings?by=day&from_on=2020-02-01&to_on=2020-02-02").await.expect(200).body;
    assert_eq!(figures["total"]["screened"]["value"], 7, "{figures}");
    assert_eq!(figures["total"]["persons"]["value"], 4, "the same four people: {figures}");
    assert_eq!(guard.counts("/v1/screenings?abnormal=true").await, 2);
    // 应管尽管: a returnee is put under observation by the grid; what is missing stands on the street's list.
    let case = json!({"area_code": "511802005001", "person": person(1, "hubei_returnee", "511802005001"), "categories": ["hubei_returnee"], "anchor": "departure", "anchored_on": "2020-01-22"});
    let mut case = case;
    case["person"].as_object_mut().unwrap().remove("categories");
    grid.records("isolation-cases", case).await;
    story.time_passes("2020-02-04T10:00:00+08:00").await;
    let missed = cadre.lists("/v1/duties?state=missed").await;
    assert!(missed.iter().any(|duty| duty["duty_kind"] == "notice_signing"), "{missed:?}");
    let complete = cadre.get("/v1/stats/completeness?from_on=2020-02-01&to_on=2020-02-04").await.expect(200).body;
    assert_eq!(complete["total"]["missed"], json!(missed.len()), "{complete}");
    // A grid ends at its border, and a guard keeps no register.
    grid.get(&format!("/v1/people/{other}")).await.expect(404);
    assert_eq!(other_grid.counts("/v1/isolation-cases").await, 0);
    guard.is_refused("people", person(8, "hubei_returnee", "511802005001")).await;
    let beyond = json!({"username": "beyond", "display_name": "某某", "roles": [{"role": "grid_worker", "area_code": "511802114"}]});
    head.post("/v1/users", beyond).await.expect(403);
    let names: Vec<Json> = grid.lists("/v1/people").await.into_iter().map(|person| person["name"].clone()).collect();
    assert!(names.iter().all(|name| name.as_str().unwrap().ends_with('*')), "masked in lists: {names:?}");
}

#[tokio::test]
async fn the_three_levels_keep_their_logs_and_rumours_are_dealt_with() {
    let story = Story::begin("2020-02-01T08:00:00+08:00").await;
    let head = story.head_of(DAXING).await;
    let village = story.takes_on(&head, Role::VillageCadre, "511802005001", None).await;
    let group = story.takes_on(&head, Role::GroupCadre, "511802005001", None).await;
    let street = story.takes_on(&head, Role::TownCadre, DAXING, None).await;
    story.at("2020-02-01T19:00:00+08:00");
    for (worker, level, area) in
        [(&street, "subdistrict", DAXING), (&village, "village", "511802005001"), (&group, "group", "511802005001")]
    {
        let log = json!({"area_code": area, "level": level, "worked_on": "2020-02-01", "content": "入户排查返乡人员"});
        worker.records("work-logs", log.clone()).await;
        worker.post("/v1/work-logs", log).await.expect(409);
    }
    assert_eq!(head.counts("/v1/work-logs").await, 3);
    let panic = json!({"area_code": "511802005001", "incident_kind": "panic", "channel": "wechat", "description": "群内称要封城"});
    let panic = village.records("incidents", panic).await;
    story.time_passes("2020-02-01T20:00:00+08:00").await;
    assert_eq!(village.counts("/v1/duties?duty_kind=incident_handling&state=open").await, 1);
    village.amends(&format!("/v1/incidents/{panic}"), json!({"stopped": true, "outcome": "educated"})).await;
    story.time_passes("2020-02-02T09:00:00+08:00").await;
    assert_eq!(village.counts("/v1/duties?duty_kind=incident_handling&state=done").await, 1);
}
