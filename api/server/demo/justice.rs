//! Work of the justice bureau and the youth league by the source text's second of February: a task force and its six
//! groups, what came to them, a dispute that was settled, subjects of corrections who were all asked; counselling
//! sessions of nobody, and what the young pioneers made.

use chrono::{Days, NaiveDate};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::chance::Chance;
use super::timeline::Step;

/// The account of the justice bureau, that of the counsellor, and the command.
const OFFICER: &str = "demo.justice";
const COUNSELOR: &str = "demo.counselor";
const COMMAND: &str = "demo.command";

/// The six groups of the justice bureau.
const SIX: [&str; 6] = [
    "legality_review",
    "major_penalty_guidance",
    "major_reconsideration_guidance",
    "major_dispute_mediation",
    "legal_service_emergency",
    "legal_publicity",
];
/// Communities to which subjects of corrections belong.
const AREAS: [&str; 3] = ["511802005001", "511802005002", "511802114200"];
/// Subjects of corrections.
const SUBJECTS: usize = 6;
/// Counselling sessions of the fortnight.
const SESSIONS: usize = 24;

/// The units whose work it is.
#[derive(Clone, Copy)]
pub struct Units {
    pub justice: Uuid,
    pub league: Uuid,
}

/// How the bureau set itself up.
pub fn first(seed: u64, units: Units) -> Vec<Step> {
    let force = Chance::of(seed, "task_force", 0).id();
    let body = json!({"id": force, "org_id": units.justice, "area_code": "511802", "name": "区司法局疫情防控工作领导小组", "established_on": "2020-01-24",
        "members": [{"role": "leader", "name": "陈静", "post": "局长"}, {"role": "deputy", "name": "刘洋", "post": "副局长"}, {"role": "member", "name": "王五"}]});
    let group = |(index, kind): (usize, &&str)| json!({"id": Chance::of(seed, "working_group", index).id(), "org_id": units.justice, "area_code": "511802", "task_force_id": force, "group_kind": kind, "established_on": "2020-01-24"});
    vec![
        Step::records(OFFICER, "task_forces", vec![body]),
        Step::records(OFFICER, "working_groups", SIX.iter().enumerate().map(group).collect()),
        Step::records(
            OFFICER,
            "corrections_subjects",
            (0..SUBJECTS).map(|index| subject(seed, units, index)).collect(),
        ),
    ]
}

/// Work done until the evening of the last day.
pub fn evening(seed: u64, units: Units, until_on: NaiveDate) -> Vec<Step> {
    let back = |days: usize| until_on.checked_sub_days(Days::new(days as u64)).unwrap_or(until_on);
    let item = |(index, kind): (usize, &&str)| {
        let closed = index % 3 != 0;
        json!({"id": Chance::of(seed, "legal_service_item", index).id(), "org_id": units.justice, "area_code": "511802", "occurred_at": format!("{}T09:30:00+08:00", back(index % 4)),
            "group_kind": kind, "applicant_kind": (["agency", "enterprise", "citizen"]).get(index % 3), "matter": "review", "status": if closed { "closed" } else { "in_progress" },
            "closed_at": closed.then(|| format!("{until_on}T17:00:00+08:00"))})
    };
    let dispute = json!({"id": Chance::of(seed, "dispute", 0).id(), "org_id": units.justice, "area_code": "511802005001", "occurred_at": format!("{until_on}T09:00:00+08:00"),
        "dispute_kind": "tenancy", "caused_by_epidemic": true, "people": 2, "severity": "general", "status": "settled", "handled_at": format!("{until_on}T16:00:00+08:00")});
    let session = |index: usize| {
        json!({"id": Chance::of(seed, "counseling_session", index).id(), "org_id": units.league, "area_code": "511802", "occurred_at": format!("{}T00:00:00+08:00", back(index % 7)),
            "campaign": "疫情防控、从心出发", "channel": (["hotline", "wechat", "qq"]).get(index % 3), "client_age_band": (["age_12_17", "age_18_35", "under_12"]).get(index % 3),
            "topic": (["anxiety", "study", "sleep", "family"]).get(index % 4), "minutes": 20 + 5 * (index % 5), "referred": index == 0, "crisis": false})
    };
    let works = |(index, (kind, platform, works)): (usize, (&str, &str, i64))| {
        json!({"id": Chance::of(seed, "youth_work", index).id(), "org_id": units.league, "area_code": "511802", "occurred_at": format!("{until_on}T18:00:00+08:00"),
            "work_kind": kind, "platform": platform, "works": works, "participants": works})
    };
    let made = [
        ("video", "wechat", 20),
        ("video", "douyin", 15),
        ("newspaper", "school", 30),
        ("letter", "school", 12),
        ("kuaiban", "douyin", 3),
    ];
    vec![
        Step::records(OFFICER, "legal_service_items", SIX.iter().enumerate().map(item).collect()),
        Step::records(OFFICER, "disputes", vec![dispute]),
        Step::records(
            OFFICER,
            "corrections_checks",
            (0..SUBJECTS).map(|index| check(seed, units, index, until_on)).collect(),
        ),
        Step::records(COUNSELOR, "counseling_sessions", (0..SESSIONS).map(session).collect()),
        Step::records(COMMAND, "youth_works", made.into_iter().enumerate().map(works).collect()),
    ]
}

fn subject_id(seed: u64, index: usize) -> Uuid {
    Chance::of(seed, "corrections_subject", index).id()
}

/// Somebody without a document: the id is the one that is given here.
fn subject(seed: u64, units: Units, index: usize) -> Json {
    json!({"id": subject_id(seed, index), "org_id": units.justice, "area_code": AREAS.get(index % AREAS.len()), "name": format!("对象{}", index + 1),
        "control_kind": (["suspended", "parole"]).get(index % 2), "term_from": "2019-06-01", "term_to": "2021-05-31"})
}

fn check(seed: u64, units: Units, index: usize, on: NaiveDate) -> Json {
    json!({"id": Chance::of(seed, "corrections_check", index).id(), "org_id": units.justice, "subject_id": subject_id(seed, index), "occurred_at": format!("{on}T10:{:02}:00+08:00", index),
        "channel": "phone", "temperature_c": "36.5", "symptoms": ["none"], "epidemic_contact": "none", "result": "normal"})
}
