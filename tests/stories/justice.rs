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

#[tokio::test]
async fn the_justice_bureau_leads_six_groups_reports_daily_and_keeps_its_subjects_to_itself() {
    let story = Story::begin("2020-01-24T09:00:00+08:00").await;
    let bureau = story.unit("bureau", "区司法局", None).await;
    let officer = story.takes_on(&bureau.head, Role::JusticeOfficer, "511802", Some(&bureau)).await;
    let force = json!({"area_code": "511802", "name": "区司法局疫情防控工作领导小组", "established_on": "2020-01-24", "members": [{"role": "leader", "name": "陈静"}, {"role": "member", "name": "王五"}]});
    bureau.head.records("task-forces", force).await;
    let six = [
        "legality_review",
        "major_penalty_guidance",
        "major_reconsideration_guidance",
        "major_dispute_mediation",
        "legal_service_emergency",
        "legal_publicity",
    ];
    for kind in six {
        officer
            .records(
                "working-groups",
                json!({"area_code": "511802", "group_kind": kind, "established_on": "2020-01-24"}),
            )
            .await;
    }
    assert_eq!(bureau.head.evaluates("working_groups.justice_groups", "2020-01-25").await, 6);
    let asked = json!({"area_code": "511802", "group_kind": "legal_service_emergency", "applicant_kind": "enterprise", "matter": "labor", "summary": "停工期间工资如何支付", "status": "received"});
    officer.records("legal-service-items", asked).await;
    // Staff who are away, and who came back.
    for (name, arrived_on) in [("张三", json!(null)), ("李四", json!("2020-01-24"))] {
        let travel = json!({"person": {"name": name, "phone": "15400000031", "area_code": DAXING}, "capacity": "staff", "left_on": "2020-01-18", "arrived_on": arrived_on});
        bureau.head.records("travels", travel).await;
    }
    assert_eq!(bureau.head.counts("/v1/travels?capacity=staff&state=away").await, 1);
    // A dispute, and those under corrections, of whom nobody else hears.
    story.at("2020-01-25T09:00:00+08:00");
    let dispute = json!({"area_code": DAXING, "dispute_kind": "tenancy", "caused_by_epidemic": true, "people": 2, "severity": "general", "status": "found"});
    let dispute = officer.records("disputes", dispute).await;
    let mut subjects = Vec::new();
    for name in ["钱七", "孙八"] {
        let subject = json!({"area_code": DAXING, "name": name, "control_kind": "suspended", "term_from": "2019-06-01", "term_to": "2021-05-31"});
        subjects.push(officer.records("corrections-subjects", subject).await);
    }
    let check = json!({"area_code": DAXING, "subject_id": subjects[0], "channel": "phone", "temperature_c": "36.5", "symptoms": ["none"], "epidemic_contact": "none", "result": "normal"});
    officer.records("corrections-checks", check).await;
    let unchecked = officer.get("/v1/corrections-subjects/unchecked?on=2020-01-25").await.expect(200).body;
    assert_eq!(unchecked["items"].as_array().unwrap().len(), 1, "{unchecked}");
    bureau.head.get("/v1/corrections-subjects").await.expect(403);
    officer.amends(&format!("/v1/disputes/{dispute}"), json!({"status": "settled"})).await;
    assert_eq!(officer.evaluates("disputes.disputes", "2020-01-25").await, 1);
    // The discipline inspection looks in, and what it finds has to be put right.
    let command = story.head_of("511802").await;
    let auditor = story.app.actor(Role::Auditor, "雨城区").await;
    let look = json!({"checked_org_id": bureau.org_id, "checkers": ["赵刚"], "findings": [{"finding": "值班登记不完整", "severity": "minor", "requirement": "补齐值班登记", "due_on": "2020-01-27"}]});
    auditor.post("/v1/oversight-checks", &look).await.expect(201);
    assert_eq!(bureau.head.counts("/v1/rectifications?source_kind=oversight_checks").await, 1);
    // Every day a report, also of nothing; silence is missed.
    let daily = json!({"area_code": "511802", "report_kind": "dispute_daily", "required_org_id": bureau.org_id, "effective_on": "2020-01-26", "every_days": 1, "due_minute": 1440, "basis": "区指挥部通知"});
    command.records("reporting-requirements", daily).await;
    story.time_passes("2020-01-26T18:00:00+08:00").await;
    let nothing = json!({"area_code": "511802", "org_id": bureau.org_id, "report_kind": "dispute_daily", "reported_on": "2020-01-26", "is_zero": true, "figures": []});
    officer.records("daily-reports", nothing).await;
    story.time_passes("2020-01-28T00:05:00+08:00").await;
    let told = async |on: &str, status: &str| {
        let body = bureau.head.get(&format!("/v1/stats/reporting?on={on}")).await.expect(200).body;
        assert!(body.to_string().contains(&format!("\"{status}\"")), "{on} {status}: {body}");
    };
    told("2020-01-26", "on_time").await;
    told("2020-01-27", "missing").await;
}
