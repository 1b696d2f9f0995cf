//! 共青团雨城区委: temporary branches at checkpoints, posts that the young take near their homes, leaflets and calls.

use lianfang::platform::access::Role;
use serde_json::json;

use crate::shifts::{DAXING, needs};
use crate::support::story::Story;
use crate::support::{examples, fake_resident_id};

#[tokio::test]
async fn the_league_sets_posts_and_its_members_take_temperatures_there() {
    let story = Story::begin("2020-02-01T07:00:00+08:00").await;
    let street = story.head_of(DAXING).await;
    let gate =
        street.records("places", json!({"kind": "compound_gate", "name": "交通要道卡点", "area_code": DAXING})).await;
    let league = story.unit("mass_organization", "共青团雨城区委", None).await;
    let members = [
        story.takes_on(&league.head, Role::Volunteer, DAXING, Some(&league)).await,
        story.takes_on(&league.head, Role::Volunteer, DAXING, Some(&league)).await,
    ];
    // A branch at a gate that is the street's own; two of its members, who live near.
    let branch = json!({"team_kind": "temporary_league_branch", "name": "卡点临时团支部", "place_id": gate, "established_on": "2020-01-30", "secretary": "刘洋"});
    let branch = league.head.records("teams", branch).await;
    let mut volunteers = Vec::new();
    for (sequence, member) in (1..).zip(&members) {
        let person = json!({"name": "陈静", "document_type": "resident_id", "document_number": fake_resident_id(sequence), "area_code": DAXING});
        let body = json!({"area_code": DAXING, "person": person, "team_id": branch, "user_id": member.id, "roles": ["temperature_taker"], "home_area_code": DAXING, "league_member": true});
        volunteers.push(league.head.records("volunteers", body).await);
    }
    let unfilled = async || {
        let body = league.head.get("/v1/shifts/unfilled?within_hours=48").await.expect(200).body;
        body["items"].as_array().unwrap().len()
    };
    let mut sequence = 10;
    for day in ["2020-02-02", "2020-02-03"] {
        let shift = json!({"place_id": gate, "starts_at": format!("{day}T08:00:00+08:00"), "ends_at": format!("{day}T12:00:00+08:00"), "needs": needs("temperature_taker", 2)});
        let shift = league.head.records("shifts", shift).await;
        assert_eq!(unfilled().await, 1);
        let mut assignments = Vec::new();
        for (member, volunteer) in members.iter().zip(&volunteers) {
            let own = json!({"shift_id": shift, "volunteer_id": volunteer, "role": "temperature_taker"});
            assignments.push(member.records("shift-assignments", own).await);
        }
        assert_eq!(unfilled().await, 0);
        story.at(&format!("{day}T07:58:00+08:00"));
        // One of the two stays away on the second day.
        let present = if day == "2020-02-03" { 1 } else { 2 };
        for (member, own) in members.iter().zip(&assignments).take(present) {
            member.records("shift-attendances", json!({"assignment_id": own, "action": "check_in"})).await;
            sequence += 1;
            let mut passage = examples::screening(&gate, sequence);
            passage["occurred_at"] = format!("{day}T07:58:00+08:00").into();
            member.records("screenings", passage).await;
        }
        story.at(&format!("{day}T12:00:00+08:00"));
        for (member, own) in members.iter().zip(&assignments).take(present) {
            member.records("shift-attendances", json!({"assignment_id": own, "action": "check_out"})).await;
        }
        let leaflets = json!({"method": "leaflet_to_household", "topic": "epidemic_policy", "document": "notice", "copies": 60, "households_reached": 50, "area_code": DAXING});
        members[0].records("publicity-activities", leaflets).await;
    }
    story.time_passes("2020-02-03T20:00:00+08:00").await;
    let served = league.head.get("/v1/stats/volunteers?from_on=2020-02-01&to_on=2020-02-03").await.expect(200).body;
    assert_eq!(
        (&served["total"]["person_times"], &served["total"]["service_minutes"]),
        (&json!(3), &json!(720)),
        "{served}"
    );
    assert_eq!((&served["league_members"], &served["teams"]["temporary_league_branch"]), (&json!(2), &json!(1)));
    assert_eq!(league.head.figure(&league, "2020-02-03", "households_reached").await, 100);
    assert_eq!(league.head.figure(&league, "2020-02-03", "screened").await, 3);
    let missed = members[1].lists("/v1/duties?assignee=me&state=missed").await;
    assert_eq!(missed.len(), 1, "who stayed away is told: {missed:?}");
    assert_eq!(members[0].counts("/v1/duties?assignee=me&state=missed").await, 0);
    // A member puts nobody else on a post, and opens no register.
    let shift = json!({"place_id": gate, "starts_at": "2020-02-04T08:00:00+08:00", "ends_at": "2020-02-04T12:00:00+08:00", "needs": needs("temperature_taker", 2)});
    members[0].is_refused("shifts", shift.clone()).await;
    let shift = league.head.records("shifts", shift).await;
    let other = json!({"shift_id": shift, "volunteer_id": volunteers[1], "role": "temperature_taker"});
    members[0].is_refused("shift-assignments", other).await;
    members[0].is_refused("people", json!({"name": "王五", "area_code": DAXING})).await;
}

#[tokio::test]
async fn the_league_listens_to_minors_and_children_wish_the_town_well() {
    let story = Story::begin("2020-02-01T08:00:00+08:00").await;
    let league = story.unit("mass_organization", "共青团雨城区委", None).await;
    let counselor = story.takes_on(&league.head, Role::Counselor, "511802", Some(&league)).await;
    for day in 1..=7 {
        story.at(&format!("2020-02-0{day}T20:00:00+08:00"));
        for band in ["age_12_17", "age_18_35"] {
            let session = json!({"area_code": "511802", "campaign": "疫情防控、从心出发", "channel": "hotline", "client_age_band": band, "topic": "anxiety", "minutes": 40, "referred": day == 7, "crisis": false});
            counselor.records("counseling-sessions", session).await;
        }
        let (kind, platform) = if day % 2 == 0 { ("video", "douyin") } else { ("letter", "school") };
        let works =
            json!({"area_code": "511802", "work_kind": kind, "platform": platform, "works": 5, "participants": 8});
        league.head.records("youth-works", works).await;
    }
    let told = counselor.post("/v1/counseling-sessions", json!({"area_code": "511802", "channel": "hotline", "client_age_band": "age_12_17", "topic": "family", "minutes": 30, "referred": false, "crisis": false, "note": "他说……"}));
    let faults = told.await.expect(422).faults();
    assert!(faults.iter().any(|(_, code)| code == "no_free_text"), "{faults:?}");
    league.head.get("/v1/counseling-sessions").await.expect(403);
    assert_eq!(league.head.evaluates("youth_works.works", "2020-02-07").await, 35);
    let command = story.head_of("511802").await;
    assert_eq!(command.evaluates("counseling_sessions.minutes", "2020-02-07").await, 560);
}
