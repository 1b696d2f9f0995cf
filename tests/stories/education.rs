//! 区教育局 and its schools: four duties at the family courtyards, one sheet for the bureau.

use lianfang::platform::access::Role;
use serde_json::json;

use crate::shifts::DAXING;
use crate::support::examples;
use crate::support::story::Story;

#[tokio::test]
async fn the_education_bureau_reads_what_its_schools_do_at_their_courtyards() {
    let story = Story::begin("2020-02-01T08:00:00+08:00").await;
    let bureau = story.unit("bureau", "区教育局", None).await;
    let schools =
        [story.unit("school", "雨城一小", Some(&bureau)).await, story.unit("school", "雨城二小", Some(&bureau)).await];
    let mut guards = Vec::new();
    let (mut courtyards, mut gates) = (Vec::new(), Vec::new());
    for school in &schools {
        let courtyard =
            json!({"kind": "family_compound", "name": "家属大院", "area_code": DAXING, "org_id": school.org_id});
        courtyards.push(school.head.records("places", courtyard).await);
        let gate = json!({"kind": "compound_gate", "name": "大院门口", "area_code": DAXING, "org_id": school.org_id});
        gates.push(school.head.records("places", gate).await);
        guards.push(story.takes_on(&school.head, Role::GateGuard, DAXING, Some(school)).await);
    }
    let mut sequence = 0;
    for day in ["2020-02-01", "2020-02-02"] {
        story.at(&format!("{day}T18:00:00+08:00"));
        for (((school, guard), courtyard), gate) in schools.iter().zip(&guards).zip(&courtyards).zip(&gates) {
            // 卫生员、宣传员 and 调查员 through the school, 守护员 at the gate.
            school
                .head
                .records(
                    "disinfections",
                    json!({"place_id": courtyard, "activity": "disinfection", "area_m2": "500", "agent": "84 消毒液"}),
                )
                .await;
            school.head.records("publicity-activities", json!({"place_id": courtyard, "method": "leaflet_to_household", "topic": "epidemic_policy", "copies": 40, "households_reached": 35})).await;
            for _ in 0..5 {
                sequence += 1;
                let mut passage = examples::screening(gate, sequence);
                passage["occurred_at"] = format!("{day}T09:00:00+08:00").into();
                guard.records("screenings", passage).await;
            }
        }
    }
    // The bulletin of 2 February, by the bureau: its schools together, and each for itself.
    let of = async |name: &str| bureau.head.figure(&bureau, "2020-02-02", name).await;
    assert_eq!(of("compounds").await, 2, "家属大院");
    assert_eq!(of("screened").await, 20, "登记出入人次");
    assert_eq!(of("disinfected_area_m2").await, "2000.00", "消杀面积");
    assert_eq!(of("households_reached").await, 140);
    assert_eq!(bureau.head.figure(&schools[0], "2020-02-02", "screened").await, 10);
    assert_eq!(bureau.head.figure(&bureau, "2020-02-01", "screened").await, 10, "as it was the day before");
    assert_eq!((bureau.head.counts("/v1/screenings").await, guards[0].counts("/v1/screenings").await), (20, 10));
    let registered = guards[0].lists("/v1/screenings?from_on=2020-02-02&to_on=2020-02-02").await;
    assert!(registered.len() == 5 && registered.iter().all(|passage| passage["complete"] == true), "{registered:?}");
    // One school sees nothing of the other, and writes nothing for it.
    assert_eq!(schools[0].head.counts("/v1/disinfections").await, 2);
    let others = json!({"place_id": courtyards[1], "activity": "disinfection", "area_m2": "1", "agent": "84 消毒液", "org_id": schools[1].org_id});
    schools[0].head.is_refused("disinfections", others).await;
    guards[0].is_refused("places", json!({"kind": "compound_gate", "name": "后门", "area_code": DAXING})).await;
    guards[0].get("/v1/isolation-cases").await.expect(403);
}

#[tokio::test]
async fn schools_speak_with_their_communities_and_empty_their_mask_bins() {
    let story = Story::begin("2020-01-31T09:00:00+08:00").await;
    let bureau = story.unit("bureau", "区教育局", None).await;
    let school = story.unit("school", "雨城一小", Some(&bureau)).await;
    let court =
        json!({"kind": "family_compound", "name": "雨城一小家属大院", "area_code": DAXING, "org_id": school.org_id});
    let court = school.head.records("places", court).await;
    let owner = json!({"place_id": court, "partner_org_id": school.org_id, "partnership_kind": "owner", "starts_on": "2020-01-31"});
    school.head.records("compound-partnerships", owner).await;
    let bin = json!({"kind": "mask_disposal_point", "name": "口罩弃置点", "area_code": DAXING, "org_id": school.org_id, "parent_id": court, "established_on": "2020-01-31"});
    let bin = school.head.records("places", bin).await;
    let spoken = json!({"area_code": DAXING, "with_area_code": "511802005001", "channel": "meeting", "topic": "家属大院摸排分工", "agreed": "学校入户,社区供名册"});
    school.head.records("liaisons", spoken).await;
    let rumour = json!({"area_code": DAXING, "incident_kind": "rumor", "channel": "wechat", "description": "群内转发谣言", "stopped": true, "outcome": "educated"});
    school.head.records("incidents", rumour).await;
    // Looked at on the first two days, forgotten on the third.
    for day in ["2020-02-01", "2020-02-02"] {
        story.time_passes(&format!("{day}T18:00:00+08:00")).await;
        let collected = json!({"place_id": bin, "bags": 2, "disinfected": true, "destination": "medical_waste"});
        school.head.records("mask-collections", collected).await;
    }
    story.time_passes("2020-02-03T12:00:00+08:00").await;
    story.time_passes("2020-02-04T00:10:00+08:00").await;
    let missed = school.head.lists("/v1/duties?duty_kind=mask_collection&state=missed").await;
    assert_eq!(missed.len(), 1, "{missed:?}");
    assert_eq!(bureau.head.evaluates("mask_collections.bags", "2020-02-03").await, 4);
    assert_eq!(bureau.head.evaluates("incidents.rumors", "2020-02-03").await, 1);
    assert_eq!(bureau.head.counts("/v1/liaisons").await, 1, "the bureau reads what its schools agreed");
}
