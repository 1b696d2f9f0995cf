//! 区司法局: a team of party members helps to survey, the law is explained, supervised people stay out of it all.

use lianfang::platform::access::Role;
use serde_json::json;

use crate::shifts::{DAXING, needs};
use crate::support::fake_resident_id;
use crate::support::story::Story;

#[tokio::test]
async fn the_justice_bureau_leads_its_volunteers_and_explains_the_law() {
    let story = Story::begin("2020-02-01T07:00:00+08:00").await;
    let bureau = story.unit("bureau", "区司法局", None).await;
    let officer = story.takes_on(&bureau.head, Role::JusticeOfficer, "511802", Some(&bureau)).await;
    let member = story.takes_on(&bureau.head, Role::Volunteer, DAXING, Some(&bureau)).await;
    let post = json!({"kind": "compound_gate", "name": "社区排查点", "area_code": DAXING, "org_id": bureau.org_id});
    let post = bureau.head.records("places", post).await;
    let team = bureau.head.records("teams", json!({"team_kind": "volunteer_team", "name": "司法局党员志愿服务队", "established_on": "2020-01-30", "area_code": DAXING})).await;
    let person = json!({"name": "陈静", "document_type": "resident_id", "document_number": fake_resident_id(1), "area_code": DAXING});
    let volunteer = json!({"area_code": DAXING, "person": person, "affiliation": "staff", "team_id": team, "user_id": member.id, "roles": ["surveyor"], "party_member": true});
    let volunteer = bureau.head.records("volunteers", volunteer).await;
    for day in ["2020-02-02", "2020-02-03"] {
        let shift = json!({"place_id": post, "starts_at": format!("{day}T08:00:00+08:00"), "ends_at": format!("{day}T12:00:00+08:00"), "needs": needs("surveyor", 1)});
        let shift = bureau.head.records("shifts", shift).await;
        let own = json!({"shift_id": shift, "volunteer_id": volunteer, "role": "surveyor"});
        let own = member.records("shift-assignments", own).await;
        story.at(&format!("{day}T07:58:00+08:00"));
        member.records("shift-attendances", json!({"assignment_id": own, "action": "check_in"})).await;
        story.at(&format!("{day}T12:00:00+08:00"));
        member.records("shift-attendances", json!({"assignment_id": own, "action": "check_out"})).await;
        for (method, copies) in [("new_media", 1), ("leaflet_to_household", 200)] {
            let told = json!({"method": method, "topic": "legal_education", "copies": copies, "area_code": DAXING});
            officer.records("publicity-activities", told).await;
        }
    }
    story.time_passes("2020-02-03T20:00:00+08:00").await;
    let hours = member.get(&format!("/v1/volunteers/{volunteer}/hours")).await.expect(200).body;
    assert_eq!((&hours["person_times"], &hours["service_minutes"]), (&json!(2), &json!(480)), "{hours}");
    let served = bureau.head.get("/v1/stats/volunteers?from_on=2020-02-01&to_on=2020-02-03").await.expect(200).body;
    assert_eq!((&served["volunteers"], &served["party_members"]), (&json!(1), &json!(1)), "{served}");
    assert_eq!(bureau.head.figure(&bureau, "2020-02-03", "staff").await, 1);
    assert_eq!(bureau.head.figure(&bureau, "2020-02-03", "copies").await, 402);
    assert_eq!(officer.counts("/v1/publicity-activities?topic=legal_education").await, 4);
    // Nobody is marked as supervised outside the bureau's own files, and no service record is one's own word.
    let marked = json!({"name": "王五", "area_code": DAXING, "categories": [{"category": "corrections_subject", "since_on": "2020-01-22", "source": "x"}]});
    officer.is_refused("people", marked).await;
    let claimed = json!({"volunteer_id": volunteer, "place_id": post, "starts_at": "2020-02-03T13:00:00+08:00", "ends_at": "2020-02-03T18:00:00+08:00", "content": "自报"});
    member.is_refused("service-records", claimed).await;
    officer.get("/v1/isolation-cases").await.expect(403);
}
