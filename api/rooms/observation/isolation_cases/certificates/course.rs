//! Course of an observation as its certificate tells it: the unit that issued the notice, and findings meanwhile.

use chrono::NaiveDate;
use kit::problem::Problem;
use kit::statement::Statement;
use kit::time::{day_of, is_plausible};
use serde::Serialize;
use utoipa::ToSchema;

use crate::platform::http::Call;
use crate::records::awaited::has_come;
use crate::records::{Kind, Record, read};
use crate::rooms::checkpoints::Symptom;
use crate::rooms::observation::isolation_cases::notices::{ISSUED_BY, SIGNED_ON};
use crate::rooms::observation::isolation_cases::readings::FEVER;
use crate::rooms::observation::isolation_cases::transitions::{IsolationTransition, TO};
use crate::rooms::observation::isolation_cases::{
    FOLLOW_UP_VISITS, ISOLATION_CASE_TRANSITIONS, OBSERVATION_NOTICES, SYMPTOMS, TEMPERATURE_READINGS,
};

/// More records of a kind no case has.
const MOST: i64 = 5_000;

/// Course of an observation.
pub struct Course {
    /// The unit that issued the notice.
    pub issued_by: Option<String>,
    /// Findings with their days, the oldest first, each once a day.
    findings: Vec<Finding>,
}

/// Kinds of findings, in the order in which a day tells them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum Found {
    Fever,
    Referral,
    Symptom,
}

impl Found {
    /// Name on paper.
    const fn label(self) -> &'static str {
        match self {
            Self::Fever => "发热",
            Self::Referral => "转诊",
            Self::Symptom => "有症状",
        }
    }
}

/// A finding.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct Finding {
    /// Kind of the finding.
    #[schema(inline)]
    finding: Found,
    /// On which day.
    #[schema(value_type = String, max_length = 10)]
    on_day: NaiveDate,
}

impl Course {
    /// Of a case, from all its records: what is certified doesn't depend on who prints it.
    pub async fn of(call: &Call, case: &Record) -> Result<Self, Problem> {
        let zone = call.core.zone;
        let notices = records(call, case, &OBSERVATION_NOTICES).await?;
        let notices = notices.iter().filter(|notice| {
            notice.values.get(&SIGNED_ON).is_some_and(|day| is_plausible(day, notice.envelope.occurred_at, zone))
        });
        let last = notices.max_by_key(|notice| (notice.values.get(&SIGNED_ON), notice.envelope.occurred_at));
        let issued_by = last.and_then(|notice| notice.values.get(&ISSUED_BY)).map(str::to_owned);
        let mut findings = Vec::new();
        for kind in [&TEMPERATURE_READINGS, &FOLLOW_UP_VISITS, &ISOLATION_CASE_TRANSITIONS] {
            for record in records(call, case, kind).await? {
                let on_day = day_of(record.envelope.occurred_at, zone);
                findings.extend(found(&record).map(|finding| Finding { on_day, finding }));
            }
        }
        findings.sort_unstable_by_key(|found: &Finding| (found.on_day, found.finding));
        findings.dedup();
        Ok(Self { issued_by, findings })
    }

    /// The findings.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// How it went, on paper.
    pub fn sentence(&self) -> String {
        if self.findings.is_empty() {
            return "期满无异常".to_owned();
        }
        let line = |Finding { finding, on_day }: &Finding| format!("{on_day} {}", finding.label());
        let listed: Vec<String> = self.findings.iter().map(line).collect();
        format!("期间记录:{};期满", listed.join("、"))
    }
}

/// Findings of one record: a fever, a symptom, a referral.
fn found(record: &Record) -> impl Iterator<Item = Found> {
    let values = &record.values;
    let findings = [
        (values.get(&FEVER) == Some(true), Found::Fever),
        (values.list(&SYMPTOMS).any(|symptom| symptom != Symptom::None), Found::Symptom),
        (values.get(&TO) == Some(IsolationTransition::SuspendedReferral), Found::Referral),
    ];
    findings.into_iter().filter_map(|(holds, finding)| holds.then_some(finding))
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
