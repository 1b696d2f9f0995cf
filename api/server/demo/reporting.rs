//! Directives and requirements from above (自1月21日…以来), keepers of logs on the street, and the justice bureau's daily
//! reports, even where there is nothing.

use chrono::NaiveDate;
use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::bureau::Part;
use super::cast::{EDUCATION, STREET, organization_id};
use super::chance::Chance;
use super::people::Resident;
use super::timeline::{Accounts, Step};

/// Position of the justice bureau among the units.
const JUSTICE: usize = 2;
/// Area of the street.
const STREET_AREA: &str = "511802005";
/// Accounts of the street that keep a log.
const KEEPERS: [&str; 2] = ["demo.cadre.daxing", "demo.grid.1"];

fn id(seed: u64, what: &'static str, index: usize) -> Uuid {
    Chance::of(seed, what, index).id()
}

/// Records that are there from the first day on.
pub fn first(seed: u64, residents: &[Resident], accounts: &Accounts, first_on: NaiveDate) -> Vec<Part> {
    let directive = json!({"id": id(seed, "directive", 0), "area_code": "511802", "occurred_at": "2020-01-21T15:00:00+08:00",
        "issuer_level": "district", "issuer": "雨城区人民政府", "title": "省市区新型冠状病毒感染的肺炎疫情防控工作会议", "held_on": "2020-01-21"});
    let requirement = |index: usize, kind: &str, unit: usize, basis: &str| {
        json!({"id": id(seed, "requirement", index), "area_code": "511802", "report_kind": kind, "required_org_id": organization_id(seed, unit),
            "effective_on": first_on, "every_days": 1, "due_minute": 1320, "basis": basis})
    };
    let requirements = vec![
        requirement(0, "dispute_daily", JUSTICE, "涉疫矛盾纠纷日报告"),
        requirement(1, "corrections_daily", JUSTICE, "社区矫正对象感染情况日报告"),
        requirement(2, "gate_daily", EDUCATION, "家属大院出入情况日报告"),
    ];
    let keepers = KEEPERS.iter().zip(residents).enumerate().filter_map(|(index, (account, resident))| {
        Some(json!({"id": id(seed, "keeper", index), "org_id": organization_id(seed, STREET), "area_code": STREET_AREA,
            "person": {"name": resident.name, "document_number": resident.document_number}, "post": "摸排监控人员",
            "since_on": "2020-01-21", "user_id": accounts.get(*account)?, "keeps_work_log": true}))
    });
    let keepers: Vec<Json> = keepers.collect();
    vec![("directives", vec![directive]), ("reporting_requirements", requirements), ("org_members", keepers)]
}

/// Reports and logs of a day.
pub fn evening(seed: u64, day: NaiveDate, days: usize) -> Vec<Step> {
    let zero = |index: usize, kind: &str| {
        json!({"id": id(seed, "report", days * 2 + index), "org_id": organization_id(seed, JUSTICE), "report_kind": kind,
            "reported_on": day, "is_zero": true, "occurred_at": format!("{day}T20:10:00+08:00")})
    };
    let log = json!({"id": id(seed, "log", days), "area_code": STREET_AREA, "level": "subdistrict", "worked_on": day,
        "content": "走访各社区,督促网格员再摸排、再核实、再比对", "occurred_at": format!("{day}T20:30:00+08:00")});
    vec![
        Step::records("demo.justice", "daily_reports", vec![zero(0, "dispute_daily"), zero(1, "corrections_daily")]),
        Step::records("demo.cadre.daxing", "work_logs", vec![log]),
    ]
}
