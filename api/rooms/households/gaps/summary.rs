//! Gaps counted by area.

use std::collections::BTreeMap;

use actix_web::http::Method;
use kit::columns;
use kit::problem::Problem;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use super::{rows, uncared, unsurveyed};
use crate::platform::access::keys::KeyScope;
use crate::platform::codes::{DISTRICT_REQUIRED, KEY_OUT_OF_SCOPE, NOT_FOUND};
use crate::platform::http::page::{AREA_CODE, DISTRICT_CODE, one_district};
use crate::platform::http::{Access, Answer, Call, Operation, Tells};
use crate::records::envelope;
use crate::rooms::duties::Holders;
use crate::rooms::households::READERS;
use crate::statistics::polled::{answer, polled};
use crate::statistics::sheet::{Column, numbers, words as named};

columns! {
    /// Targets of an area that nobody reached.
    WAITING "waiting": i64;
}

/// Gaps counted.
#[derive(Clone, Copy, Default, Serialize, ToSchema)]
struct GapCounts {
    /// Targets of the running rounds that are open or attempted.
    #[schema(minimum = 0)]
    unsurveyed: i64,
    /// Key people without active care.
    #[schema(minimum = 0)]
    uncared: i64,
}

/// Gaps of an area.
#[derive(Serialize, ToSchema)]
struct GapLine {
    /// The area, one level below the one asked about.
    #[schema(max_length = 12)]
    key: String,
    /// Its name.
    #[schema(required, max_length = 200)]
    label: Option<String>,
    #[serde(flatten)]
    #[schema(inline)]
    counts: GapCounts,
    /// Each of them.
    #[schema(max_length = 300)]
    gaps_url: String,
}

/// Gaps by area.
#[derive(Serialize, ToSchema)]
struct GapSummary {
    /// A line each.
    #[schema(inline, max_items = 10_000)]
    items: Vec<GapLine>,
    /// All together.
    #[schema(inline)]
    total: GapCounts,
    /// As of this change.
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    as_of_change_no: i64,
}

/// Columns of the lines as a file.
const COLUMNS: &[Column] = &[
    named("key", "区划"),
    named("label", "名称"),
    numbers("unsurveyed", "已登记未摸排"),
    numbers("uncared", "重点人员未落实管控"),
];

/// The operations of this part of the room.
pub fn operations() -> Vec<Operation> {
    let counts = json!({"unsurveyed": 2, "uncared": 1});
    let line = json!({"key": "511802005001", "label": "龙溪社区居委会", "unsurveyed": 2, "uncared": 1, "gaps_url": "/v1/gaps?area_code=511802005001"});
    let operation = Operation::new(Method::GET, "/v1/gaps/summary", "get_gap_summary", summary)
        .described("survey_rounds", "Gaps by area", "How many households the running rounds didn't reach, and how many key people are without the care that they need, one level below `area_code`.")
        .access(Access::Roles(READERS))
        .keys(KeyScope::Read)
        .tells(Tells::SmallNumbers(READERS))
        .answers::<GapSummary>(200, "The counts.", Some(json!({"items": [line], "total": counts, "as_of_change_no": 12894})))
        .problems(&[DISTRICT_REQUIRED, NOT_FOUND, KEY_OUT_OF_SCOPE]);
    vec![polled(operation, [&AREA_CODE, &DISTRICT_CODE])]
}

async fn summary(call: Call) -> Answer {
    let district_code = one_district(call.actor()?, &call.query)?;
    answer(&call, &district_code, COLUMNS, async |now, as_of_change_no| {
        let rounds = unsurveyed::rounds(&call, &district_code, None).await?;
        let mut areas: BTreeMap<String, GapCounts> = BTreeMap::new();
        for round in &rounds {
            let counted = "SELECT w.area_code, count(*) AS waiting FROM w GROUP BY w.area_code";
            let statement = unsurveyed::waiting(&call, &district_code, round, counted)?;
            for mut row in rows(now, &statement).await? {
                let Some(area_code) = row.get(&envelope::AREA_CODE) else { continue };
                areas.entry(below(&call, &area_code)).or_default().unsurveyed += row.get(&WAITING).unwrap_or(0);
            }
        }
        let accounts = Holders::default();
        for item in uncared::items(&call, now, &district_code, &accounts).await? {
            areas.entry(below(&call, &item.area_code)).or_default().uncared += 1;
        }
        Ok(told(&call, areas, as_of_change_no)) as Result<GapSummary, Problem>
    })
    .await
}

/// The area one level below the one asked about: townships of a district, villages of those.
fn below(call: &Call, area_code: &str) -> String {
    let digits = if call.query.text(AREA_CODE.name).is_none_or(|asked| asked.len() < 9) { 9 } else { 12 };
    area_code.get(..digits).unwrap_or(area_code).to_owned()
}

fn told(call: &Call, areas: BTreeMap<String, GapCounts>, as_of_change_no: i64) -> GapSummary {
    let mut total = GapCounts::default();
    let line = |(key, counts): (String, GapCounts)| {
        total.unsurveyed += counts.unsurveyed;
        total.uncared += counts.uncared;
        let label = call.core.divisions.find(&key, None).map(|found| found.name.clone());
        GapLine { gaps_url: format!("/v1/gaps?area_code={key}"), label, key, counts }
    };
    let items = areas.into_iter().map(line).collect();
    GapSummary { items, total, as_of_change_no }
}
