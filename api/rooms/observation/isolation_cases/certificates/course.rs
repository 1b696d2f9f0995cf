//! Course of an observation as its certificate tells it: the unit that issued the notice, and findings meanwhile.

use chrono::NaiveDate;
use kit::problem::Problem;
use kit::statement::Statement;
use kit::time::{day_of, is_plausible};
use serde::Serialize;
use utoipa::ToSchema;

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

/// A finding.
#[derive(Serialize, ToSchema)]
pub struct ShownFinding {
    /// What.
    #[schema(inline, value_type = Finding)]
    finding: &'static str,
    /// On which day.
    #[schema(value_type = String, max_length = 10)]
    on_day: NaiveDate,
}

/// Findings that there are.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(dead_code, reason = "its words stand in the document")]
enum Finding {
    Fever,
    Referral,
    Symptom,
}

impl Course {
    /// Of a case, from all its records: what is certified doesn't depend on who prints it.
    pub async fn of(call: &Call, case: &Record) -> Result<Self, Problem> {
        let zone = call.core.zone;
        let notices = records(call, case, "observation_notices").await?;
        let notices = notices.iter().filter(|notice| {
            notice.values.day("signed_on").is_some_and(|day| is_plausible(day, notice.envelope.occurred_at, zone))
        });
        let last = notices.max_by_key(|notice| (notice.values.day("signed_on"), notice.envelope.occurred_at));
        let issued_by = last.and_then(|notice| notice.values.text("issued_by")).map(str::to_owned);
        let mut findings = Vec::new();
        for name in ["temperature_readings", "follow_up_visits", "isolation_case_transitions"] {
            for record in records(call, case, name).await? {
                let day = day_of(record.envelope.occurred_at, zone);
                findings.extend(found(&record).into_iter().map(|finding| (day, finding)));
            }
        }
        findings.sort_unstable();
        findings.dedup();
        Ok(Self { issued_by, findings })
    }

    /// The findings as they are served.
    pub fn told(&self) -> Vec<ShownFinding> {
        self.findings.iter().map(|(on_day, finding)| ShownFinding { finding, on_day: *on_day }).collect()
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

async fn records(call: &Call, case: &Record, name: &str) -> Result<Vec<Record>, Problem> {
    let kind = call.core.kinds().kind(name).ok_or_else(|| Problem::internal(format!("no kind {name}")))?;
    let district_code = &case.envelope.district_code;
    let statement = Statement::new(format!("SELECT {} FROM {name} AS r WHERE r.district_code = ", kind.select()))
        .text(district_code)
        .sql(format!(" AND NOT r.voided AND {} AND r.case_id = ", has_come("r.")))
        .id(case.envelope.id)
        .sql(" ORDER BY r.occurred_at LIMIT ")
        .integer(MOST)
        .seeing_district(district_code);
    read::load(&call.core, kind, &statement).await
}
