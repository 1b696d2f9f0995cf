//! Course of an observation as its certificate tells it: the unit that issued the notice, and findings meanwhile.

use crate::records::Kind;
use crate::rooms::observation::isolation_cases::{
    FOLLOW_UP_VISITS, ISOLATION_CASE_TRANSITIONS, OBSERVATION_NOTICES, TEMPERATURE_READINGS,
};
use chrono::NaiveDate;
use kit::problem::Problem;
use kit::statement::Statement;
use kit::time::{day_of, is_plausible};
use serde_json::{Value as Json, json};

use crate::platform::http::Call;
use crate::records::awaited::has_come;
use crate::records::{Record, read};

/// More records of a kind no case has.
const MOST: i64 = 5_000;

/// Course of an observation.
pub struct Course {
    /// The unit that issued the notice.
    pub issued_by: Option<String>,
    /// Findings with their days, the oldest first, each once a day.
    findings: Vec<(NaiveDate, &'static str)>,
}

/// A finding as it is called on paper.
fn label(finding: &str) -> &'static str {
    match finding {
        "fever" => "发热",
        "referral" => "转诊",
        _ => "有症状",
    }
}

/// The list of findings in the document.
pub fn schema() -> Json {
    json!({"type": "array", "maxItems": 1_000, "description": "What was recorded meanwhile, the oldest first; nothing where all was well.",
        "items": {"type": "object", "description": "A finding.", "required": ["finding", "on_day"], "properties": {
            "finding": {"type": "string", "enum": ["fever", "referral", "symptom"], "description": "What."},
            "on_day": {"type": "string", "maxLength": 10, "description": "On which day."}}}})
}

impl Course {
    /// Of a case, from all its records: what is certified doesn't depend on who prints it.
    pub async fn of(call: &Call, case: &Record) -> Result<Self, Problem> {
        let zone = call.core.zone;
        let notices = records(call, case, &OBSERVATION_NOTICES).await?;
        let notices = notices.iter().filter(|notice| {
            notice.values.day("signed_on").is_some_and(|day| is_plausible(day, notice.envelope.occurred_at, zone))
        });
        let last = notices.max_by_key(|notice| (notice.values.day("signed_on"), notice.envelope.occurred_at));
        let issued_by = last.and_then(|notice| notice.values.text("issued_by")).map(str::to_owned);
        let mut findings = Vec::new();
        for kind in [&TEMPERATURE_READINGS, &FOLLOW_UP_VISITS, &ISOLATION_CASE_TRANSITIONS] {
            for record in records(call, case, kind).await? {
                let day = day_of(record.envelope.occurred_at, zone);
                findings.extend(found(&record).into_iter().map(|finding| (day, finding)));
            }
        }
        findings.sort_unstable();
        findings.dedup();
        Ok(Self { issued_by, findings })
    }

    /// The findings in JSON.
    pub fn told(&self) -> Vec<Json> {
        self.findings.iter().map(|(day, finding)| json!({"finding": finding, "on_day": day})).collect()
    }

    /// How it went, on paper.
    pub fn sentence(&self) -> String {
        if self.findings.is_empty() {
            return "期满无异常".to_owned();
        }
        let listed: Vec<String> =
            self.findings.iter().map(|(day, finding)| format!("{day} {}", label(finding))).collect();
        format!("期间记录:{};期满", listed.join("、"))
    }
}

/// Findings of one record: a fever, a symptom, a referral.
fn found(record: &Record) -> Vec<&'static str> {
    let values = &record.values;
    let symptom = values.codes("symptoms").iter().any(|code| *code != "none");
    [
        (values.boolean("fever") == Some(true), "fever"),
        (symptom, "symptom"),
        (values.text("to") == Some("suspended_referral"), "referral"),
    ]
    .into_iter()
    .filter_map(|(holds, finding)| holds.then_some(finding))
    .collect()
}

async fn records(call: &Call, case: &Record, kind: &'static Kind) -> Result<Vec<Record>, Problem> {
    let district_code = &case.envelope.district_code;
    let statement =
        Statement::new(format!("SELECT {} FROM {} AS r WHERE r.district_code = ", kind.select(), kind.name))
            .text(district_code)
            .sql(format!(" AND NOT r.voided AND {} AND r.case_id = ", has_come("r.")))
            .id(case.envelope.id)
            .sql(" ORDER BY r.occurred_at LIMIT ")
            .integer(MOST)
            .seeing_district(district_code);
    read::load(&call.core, kind, &statement).await
}
