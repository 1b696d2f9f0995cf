//! The draft of a report: all figures as the records have them. Whoever reports confirms it, or says why not.

use actix_web::HttpResponse;
use actix_web::http::Method;
use actix_web::http::header::CACHE_CONTROL;
use chrono::{DateTime, NaiveDate, Utc};
use kit::field::{Field, Shape};
use kit::fields;
use kit::problem::Problem;
use kit::statement::{ColumnType, Statement};
use kit::text::Text;
use kit::time::{InZone, day_of};
use kit::value::Value;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use super::WRITERS;
use super::asked::{AskedFigure, AskedFigures};
use super::computed::{Sums, Wanted};
use super::rules::{due_at, reader};
use crate::platform::access::keys::KeyScope;
use crate::platform::codes::NOT_FOUND;
use crate::platform::http::{Access, Answer, Call, Operation, fault_with};
use crate::records::codes::{ONE_OF_NEEDED, OUT_OF_AREA};
use crate::records::named_figures::{AskedOrg, FigureQuery};
use crate::records::{Record, envelope, read};
use crate::rooms::registers::{ORGANIZATIONS, organization};
use crate::rooms::reporting::report_kinds::ReportKind;
use crate::statistics::figures::records_url;

fields! {
    /// Parameters of a draft.
    static PARAMETERS;
    REPORT_KIND: ReportKind = Field::new("report_kind", Shape::Word(ReportKind::VOCABULARY), Text::new("Kind of report", "报告类别"), "Which report.").required();
    ORG_ID: Uuid = Field::new("org_id", Shape::Id, Text::new("Organisation", "单位"), "Whose; the caller's by default.");
    ON: NaiveDate = Field::new("on", Shape::Day, Text::new("On", "日期"), "Of which day; today by default.").any_day();
}

/// A report as it may be confirmed.
#[derive(Serialize, ToSchema)]
struct DailyReportDraft {
    /// Which report.
    #[schema(value_type = String, max_length = 60)]
    report_kind: ReportKind,
    /// Whose.
    org_id: Uuid,
    /// Its name.
    #[schema(max_length = 200)]
    org_name: String,
    /// The day.
    #[schema(value_type = String, max_length = 10)]
    reported_on: NaiveDate,
    /// The first day of which it tells.
    #[schema(value_type = String, max_length = 10)]
    from_on: NaiveDate,
    /// Until when it is due; null where nobody asks for it.
    #[schema(required, value_type = Option<String>, max_length = 40)]
    due_at: Option<InZone>,
    /// The report that is there already; null where there is none.
    #[schema(required)]
    report_id: Option<Uuid>,
    /// Whether there is nothing to report.
    is_zero: bool,
    /// Figures of the unit and all below it.
    #[schema(inline, max_items = 60)]
    figures: Vec<DraftFigure>,
    /// The same in a sentence.
    #[schema(max_length = 2_000)]
    narrative: String,
    /// Counted as of this change.
    #[schema(minimum = 0, maximum = 9_007_199_254_740_991_i64)]
    as_of_change_no: i64,
}

/// A figure of a draft.
#[derive(Serialize, ToSchema)]
struct DraftFigure {
    /// Its name.
    #[schema(max_length = 100)]
    name: String,
    /// Label of the figure.
    #[schema(max_length = 100)]
    label: &'static str,
    /// Unit of the figure.
    #[schema(max_length = 40)]
    unit: &'static str,
    /// How much.
    #[schema(max_length = 30)]
    computed: String,
    /// The records, for those who may open them.
    #[schema(required, max_length = 500)]
    records_url: Option<String>,
}

/// The operation.
pub fn operation() -> Operation {
    let figure = json!({"name": "screenings.screened", "label": "登记人次", "unit": "人次", "computed": "106", "records_url": null});
    let example = json!({"report_kind": "gate_daily", "org_id": "0198c0de-0001-7000-8000-000000000001", "org_name": "雨城区教育局", "reported_on": "2020-02-02", "from_on": "2020-02-02",
        "due_at": "2020-02-03T00:00:00+08:00", "report_id": null, "is_zero": false, "figures": [figure], "narrative": "登记人次106人次。", "as_of_change_no": 42});
    Operation::new(Method::GET, "/v1/daily-reports/draft", "get_daily_report_draft", draft)
        .described("daily_reports", "Draft of a daily report", "All figures of a kind of report as the unit's own records have them: what a report is held against when it is handed in.")
        .access(Access::Roles(WRITERS))
        .keys(KeyScope::Write)
        .parameters(PARAMETERS.iter().collect())
        .answers::<DailyReportDraft>(200, "The draft.", Some(example))
        .problems(&[NOT_FOUND, OUT_OF_AREA])
}

async fn draft(call: Call) -> Answer {
    let core = &call.core;
    core.refresh_settings().await?;
    let unit = unit(&call).await?;
    let reported_on = call.query.get(&ON).unwrap_or(day_of(core.clock.now(), core.zone));
    let report_kind = call.query.required(&REPORT_KIND)?;
    let wanted = Wanted { org_id: unit.envelope.id, report_kind, reported_on };
    let district_code = &unit.envelope.district_code;
    let context = core.context(core.clock.now(), district_code);
    let reader = reader(&[wanted], &context);
    let statement = reader.statement().seeing_district(district_code);
    let sums = reader.read(core.database.read(&statement).await?);
    let due_at = due_at(wanted, &sums, &context);
    let report_id = known(&call, wanted, district_code).await?;
    let asked = context.settings.of::<AskedFigures>().of(report_kind);
    let body = told(&call, &unit, (wanted, asked), &sums, (due_at, report_id));
    Ok(HttpResponse::Ok().insert_header((CACHE_CONTROL, "no-store")).json(body))
}

/// The organisation for which the caller may report.
async fn unit(call: &Call) -> Result<Record, Problem> {
    let actor = call.actor()?;
    let id = call.query.get(&ORG_ID).or_else(|| actor.default_organization(WRITERS));
    let fields = || vec![("fields", ORG_ID.name().to_owned())];
    let id = id.ok_or_else(|| fault_with("?org_id", ONE_OF_NEEDED, fields()))?;
    let found = read::find_all(&call.core, actor, &ORGANIZATIONS, &[id]).await?.remove(&id);
    let unit = found.filter(|unit| !unit.envelope.voided).ok_or(NOT_FOUND)?;
    if actor.reaches(WRITERS, &unit.envelope.area_code, Some(id)) { Ok(unit) } else { Err(OUT_OF_AREA.into()) }
}

async fn known(call: &Call, wanted: Wanted, district_code: &str) -> Result<Option<Uuid>, Problem> {
    let statement = Statement::new("SELECT r.id FROM daily_reports AS r WHERE NOT r.voided AND r.district_code = ")
        .text(district_code)
        .sql(" AND r.org_id = ")
        .id(wanted.org_id)
        .sql(" AND r.report_kind = ")
        .text(wanted.report_kind.code())
        .sql(" AND r.reported_on = ")
        .bind(ColumnType::Day, Value::Day(wanted.reported_on))
        .seeing_district(district_code);
    Ok(call.core.database.read(&statement).await?.into_iter().find_map(|mut row| row.get(&envelope::ID)))
}

fn told(
    call: &Call,
    unit: &Record,
    (wanted, asked): (Wanted, &[AskedFigure]),
    sums: &Sums,
    (due_at, report_id): (Option<DateTime<Utc>>, Option<Uuid>),
) -> DailyReportDraft {
    let figures: Vec<DraftFigure> = asked.iter().map(|figure| figure_of(call, wanted, figure, sums)).collect();
    let is_zero = asked.iter().all(|figure| sums.of(wanted, figure).is_zero());
    let said = figures.iter().filter(|figure| figure.computed != "0");
    let said: Vec<String> = said.map(|figure| format!("{}{}{}", figure.label, figure.computed, figure.unit)).collect();
    DailyReportDraft {
        report_kind: wanted.report_kind,
        org_id: wanted.org_id,
        org_name: unit.values.get(&organization::NAME).unwrap_or_default().to_owned(),
        reported_on: wanted.reported_on,
        from_on: wanted.first_on(),
        due_at: due_at.map(|due_at| InZone(due_at, call.core.zone)),
        report_id,
        is_zero,
        narrative: if is_zero { "零报告。".to_owned() } else { format!("{}。", said.join("，")) },
        figures,
        as_of_change_no: sums.as_of_change_no,
    }
}

fn figure_of(call: &Call, wanted: Wanted, asked: &AskedFigure, sums: &Sums) -> DraftFigure {
    let query = FigureQuery {
        figure: asked.name().into(),
        org: AskedOrg::Under(wanted.org_id),
        from_on: Some(wanted.first_on()),
        to_on: wanted.reported_on,
        ..FigureQuery::default()
    };
    DraftFigure {
        name: asked.name(),
        label: asked.figure.label.in_language(call.language),
        unit: asked.figure.unit.in_language(call.language),
        computed: sums.of(wanted, asked).normalize().to_string(),
        records_url: records_url(call, asked.kind, &query, &asked.figure.filter_until(wanted.reported_on)),
    }
}
