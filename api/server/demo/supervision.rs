//! Rectifications that the commerce bureau asked of shops, findings of the discipline inspection at the justice bureau,
//! the school's talk with its street, and what people said in 大兴 and 八步.

use chrono::{Days, NaiveDate};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::bureau::Units;
use super::cast::organization_id;
use super::chance::Chance;
use super::timeline::Step;

/// The justice bureau, by its place among the units.
const JUSTICE: usize = 2;
/// Requirements of the bureau, with how far each is.
const ASKED: [(&str, &[&str]); 3] = [
    ("入口处配备专人测量体温", &["reported", "verified"]),
    ("补齐每日消杀登记", &["reported"]),
    ("更新应急预案并张贴", &[]),
];

/// Work of the last days, each step by the account that does it.
pub fn evening(seed: u64, units: Units, commerce: Uuid, stores: &[Uuid], until_on: NaiveDate) -> Vec<Step> {
    let id = |what: &str, index: usize| Chance::of(seed, what, index).id();
    let due_on = until_on.checked_add_days(Days::new(3)).unwrap_or(until_on);
    let asked = stores.iter().zip(ASKED).enumerate().map(|(index, (place_id, (requirement, _)))| {
        json!({"id": id("rectification", index), "org_id": commerce, "place_id": place_id, "requirement": requirement, "due_on": due_on,
            "occurred_at": format!("{until_on}T15:{:02}:00+08:00", 30 + index)})
    });
    let of_step = |step: &'static str, at: &'static str| -> Vec<Json> {
        let reached = ASKED.iter().enumerate().filter(|(_, (_, steps))| steps.contains(&step));
        let one = reached.map(|(index, _)| {
            json!({"id": id(step, index), "rectification_id": id("rectification", index), "step": step, "occurred_at": format!("{until_on}T{at}:00+08:00")})
        });
        one.collect()
    };
    let check = json!({"id": id("oversight", 0), "area_code": "511802", "checked_org_id": organization_id(seed, JUSTICE), "checkers": ["赵刚"],
        "occurred_at": format!("{until_on}T10:00:00+08:00"),
        "findings": [{"finding": "值班登记不完整", "severity": "minor", "requirement": "补齐值班登记", "due_on": due_on}]});
    let liaison = json!({"id": id("liaison", 0), "org_id": units.school, "area_code": "511802005", "with_area_code": "511802005001", "channel": "meeting",
        "topic": "家属大院摸排分工", "agreed": "社区提供住户名册，学校入户核查", "occurred_at": format!("{until_on}T09:00:00+08:00")});
    let rumor = json!({"id": id("incident", 0), "area_code": "511802005", "incident_kind": "rumor", "channel": "wechat", "description": "群内转发不实消息",
        "outcome": "educated", "occurred_at": format!("{until_on}T11:00:00+08:00")});
    let visit = json!({"id": id("incident", 1), "area_code": "511802114203", "incident_kind": "family_visit", "channel": "in_person", "stopped": true,
        "occurred_at": format!("{until_on}T12:00:00+08:00")});
    let tip = json!({"id": id("tip", 0), "area_code": "511802114", "channel": "hotline", "content": "有人准备外出拜年", "status": "verified",
        "occurred_at": format!("{until_on}T11:30:00+08:00")});
    vec![
        Step::records("demo.inspector", "rectifications", asked.collect()),
        Step::records("demo.commerce", "rectification_steps", of_step("reported", "18:00")),
        Step::records("demo.inspector", "rectification_steps", of_step("verified", "19:00")),
        Step::records("demo.auditor", "oversight_checks", vec![check]),
        Step::records("demo.command", "liaisons", vec![liaison]),
        Step::records("demo.cadre.daxing", "incidents", vec![rumor]),
        Step::records("demo.cadre.babu", "tips", vec![tip]),
        Step::records("demo.group.babu", "incidents", vec![visit]),
    ]
}
