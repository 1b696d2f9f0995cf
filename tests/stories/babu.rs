//! 八步镇: five answer for each person at home, twice a day somebody measures, nobody drops out of sight.

use lianfang::platform::access::Role;
use serde_json::json;

use crate::support::fake_resident_id;
use crate::support::story::Story;

const BABU: &str = "511802114";

#[tokio::test]
async fn the_town_keeps_somebody_at_home_by_its_five_and_knows_what_was_missed() {
    let story = Story::begin("2020-01-23T05:00:00+08:00").await;
    let head = story.head_of(BABU).await;
    let town = story.takes_on(&head, Role::TownCadre, BABU, None).await;
    let village = story.takes_on(&head, Role::VillageCadre, BABU, None).await;
    let group = story.takes_on(&head, Role::GroupCadre, BABU, None).await;
    let doctor = story.takes_on(&head, Role::HealthWorker, BABU, None).await;
    let police = story.takes_on(&head, Role::PoliceOfficer, BABU, None).await;
    let five = [
        ("town", &town),
        ("village", &village),
        ("group", &group),
        ("health_center", &doctor),
        ("police_station", &police),
    ];
    let supervisors: Vec<_> =
        five.iter().map(|(level, who)| json!({"level": level, "name": "某某", "user_id": who.id})).collect();
    let person = json!({"name": "李四", "document_type": "resident_id", "document_number": fake_resident_id(1), "phone": "15400000001", "area_code": BABU});
    let case = json!({"area_code": BABU, "person": person, "categories": ["hubei_returnee"], "anchor": "departure", "anchored_on": "2020-01-22", "address": "八步镇某村1组12号", "supervisors": supervisors, "occurred_at": "2020-01-23T05:00:00+08:00"});
    let case = village.records("isolation-cases", case).await;
    let path = format!("/v1/isolation-cases/{case}");
    // 签订告知书: only the doctor tells him.
    let notify = json!({"case_id": case, "to": "notified"});
    village.is_refused("isolation-case-transitions", notify.clone()).await;
    doctor
        .records(
            "observation-notices",
            json!({"case_id": case, "signed_on": "2020-01-23", "issued_by": "八步镇卫生院"}),
        )
        .await;
    doctor.records("isolation-case-transitions", notify).await;
    // Two days, twice measured a day; the evening of the second is missed.
    for (day, evening) in [("2020-01-23", true), ("2020-01-24", false)] {
        story.time_passes(&format!("{day}T08:00:00+08:00")).await;
        doctor
            .records(
                "temperature-readings",
                json!({"case_id": case, "temperature_c": "36.5", "home_visit": true, "symptoms": ["none"]}),
            )
            .await;
        story.at(&format!("{day}T10:00:00+08:00"));
        let visit = json!({"case_id": case, "line": "town", "health_status": "well", "symptoms": ["none"], "living_needs": "大米", "door_notice_posted": true, "visitors_declined_informed": true, "medical_guidance_given": true});
        town.records("follow-up-visits", visit).await;
        police.records("spot-checks", json!({"case_id": case, "present": true, "compliant": true})).await;
        story.at(&format!("{day}T11:00:00+08:00"));
        let errand =
            village.records("errands", json!({"case_id": case, "state": "asked", "items": ["大米10斤"]})).await;
        village.amends(&format!("/v1/errands/{errand}"), json!({"state": "delivered"})).await;
        story.at(&format!("{day}T16:00:00+08:00"));
        group.records("patrol-logs", json!({"case_id": case, "in_order": true, "visit_stopped": false})).await;
        if evening {
            doctor
                .records(
                    "temperature-readings",
                    json!({"case_id": case, "temperature_c": "36.7", "home_visit": true, "symptoms": ["none"]}),
                )
                .await;
        }
    }
    let violation = json!({"case_id": case, "violation_kind": "received_visitors", "description": "亲友来访,已劝返", "outcome": "educated"});
    group.records("violations", violation).await;
    story.time_passes("2020-01-25T07:00:00+08:00").await;
    let read = doctor.get(&path).await.expect(200).body;
    assert_eq!(
        (&read["state"], &read["person_plain"]["name"]),
        (&json!("under_observation"), &json!("李四")),
        "{read}"
    );
    let counts = [
        ("temperature-readings", 3),
        ("follow-up-visits", 2),
        ("spot-checks", 2),
        ("errands", 2),
        ("patrol-logs", 2),
        ("violations", 1),
    ];
    for (kind, count) in counts {
        assert_eq!(town.counts(&format!("/v1/{kind}")).await, count, "{kind}");
    }
    // Misses are known to the town: the doctor's, of the evening of the second day.
    let missed = doctor.lists("/v1/duties?assignee=me&state=missed").await;
    let kinds: Vec<_> = missed.iter().map(|duty| duty["duty_kind"].as_str().unwrap()).collect();
    assert!(kinds.contains(&"pm_reading"), "{kinds:?}");
    let readings = town.get("/v1/stats/completeness?from_on=2020-01-24&to_on=2020-01-24").await.expect(200).body;
    let evening = readings["items"].as_array().unwrap().iter().find(|line| line["key"] == "pm_reading").unwrap();
    assert_eq!((&evening["expected"], &evening["missed"]), (&json!(1), &json!(1)), "{readings}");
    let days = town.get(&format!("{path}/days")).await.expect(200).body;
    assert!(days.to_string().contains("2020-01-24"), "{days}");
    // Not everything is everybody's: no release by the police, no spot check by the village, no register of the street.
    let release = json!({"case_id": case, "to": "completed"});
    police.is_refused("isolation-case-transitions", release.clone()).await;
    let early = doctor.post("/v1/isolation-case-transitions", release).await.expect(422);
    assert!(early.faults().iter().any(|(_, code)| code == "too_early"), "{:?}", early.faults());
    village.is_refused("spot-checks", json!({"case_id": case, "present": true, "compliant": true})).await;
    head.get("/v1/people").await.expect(403);
    police.get("/v1/supply-reports").await.expect(403);
}

#[tokio::test]
async fn group_cadres_stop_visits_and_the_public_tells_what_it_sees() {
    let story = Story::begin("2020-01-25T08:00:00+08:00").await;
    let head = story.head_of(BABU).await;
    let village = story.takes_on(&head, Role::VillageCadre, BABU, None).await;
    let group = story.takes_on(&head, Role::GroupCadre, BABU, None).await;
    for day in 25..=31 {
        story.time_passes(&format!("2020-01-{day}T19:00:00+08:00")).await;
        let stopped =
            json!({"area_code": BABU, "incident_kind": "family_visit", "stopped": true, "description": "劝返走亲访友"});
        group.records("incidents", stopped).await;
    }
    let tip = json!({"area_code": BABU, "channel": "hotline", "informant": "周先生", "content": "有住户聚众打牌", "status": "received"});
    let tip = village.records("tips", tip).await;
    let read = group.get(&format!("/v1/tips/{tip}")).await;
    assert!(!read.body.to_string().contains("周先生"), "{}", read.body);
    village.amends(&format!("/v1/tips/{tip}"), json!({"status": "handled"})).await;
    assert_eq!(head.evaluates("incidents.family_visits", "2020-01-31").await, 7);
}
