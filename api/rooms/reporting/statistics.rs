//! Reporting of a day: of each unit and kind of report that was due whether it came, in time, late or not at all.

mod counts;

use std::collections::{BTreeMap, BTreeSet};

use actix_web::http::Method;
use chrono::{DateTime, NaiveDate, Utc};
use kit::database::Snapshot;
use kit::field::{Field, Shape};
use kit::problem::Problem;
use kit::row::Row;
use kit::statement::{ColumnType, Statement};
use kit::text::Text;
use kit::time::{InZone, day_of};
use kit::value::Value;
use kit::{columns, fields, words};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use self::counts::ReportCounts;
use super::daily_reports::wire::{IS_ZERO, ON_TIME, REPORT_STATUS, ReportStatus, UNEXPLAINED};
use super::daily_reports::{DAILY_REPORTS, READERS};

use super::expected::{Expected, Reporter, expected};
use super::one_a_day::duty_id;
use super::proofs::editions;
use super::report_kinds::ReportKind;
use super::reporting_requirements::in_force::Requirements;
use crate::platform::access::keys::KeyScope;
use crate::platform::codes::{DISTRICT_REQUIRED, NOT_FOUND};
use crate::platform::http::{Access, Answer, Call, Operation};
use crate::records::envelope::{ID, OCCURRED_AT};
use crate::records::list;
use crate::statistics::OfDistricts;
use crate::statistics::districts::{Part, Summed, WIDE_AREA_CODE, merge};
use crate::statistics::polled::{answer_by_district, polled};
use crate::statistics::sheet::{Column, numbers, words};

words! {
    /// How a report that was due stands.
    pub Reported "reported" "Standing" "报送情况" {
        Due "due" "due" "待报";
        OnTime "on_time" "on time" "按时";
        Late "late" "late" "迟报";
        Missing "missing" "missing" "漏报";
        Waived "waived" "waived" "免报";
    }
}

fields! {
    /// Parameters.
    static PARAMETERS;
    ON: NaiveDate = Field::new("on", Shape::Day, Text::new("On", "日期"), "The reported day; today by default.").any_day();
    REPORT_KIND: ReportKind = Field::new("report_kind", Shape::Word(ReportKind::VOCABULARY), Text::new("Kind of report", "报告类别"), "Only this report.");
    AREA_CODE: String = WIDE_AREA_CODE;
    DISTRICT_CODE: String = list::DISTRICT_CODE;
}

columns! {
    SLOT "slot": String;
}

/// The columns of a file.
const COLUMNS: &[Column] = &[
    words("org_name", "单位"),
    words("report_label", "报告"),
    words("standing_label", "报送情况"),
    words("due_at", "截止时间"),
    words("reported_at", "报送时间"),
    words("is_zero", "零报告"),
    words("corrected", "已更正"),
    numbers("late_minutes", "迟报分钟"),
];

/// Reporting of a day.
#[derive(Serialize, ToSchema)]
struct ReportingOfADay {
    /// The reported day.
    #[schema(value_type = String, max_length = 10)]
    on: NaiveDate,
    /// A line a unit and report that was due.
    #[schema(inline, max_items = 1_000_000)]
    items: Vec<ReportOfAUnit>,
    /// The same counted by kind of report.
    #[schema(inline, max_items = 10)]
    by_kind: Vec<CountedReports>,
    /// The same counted by unit.
    #[schema(inline, max_items = 1_000_000)]
    by_org: Vec<CountedReports>,
    /// All together.
    #[schema(inline)]
    total: ReportCounts,
}

/// How a unit's report stands.
#[derive(Serialize, ToSchema)]
struct ReportOfAUnit {
    /// Whose.
    org_id: Uuid,
    /// Its name.
    #[schema(max_length = 200)]
    org_name: String,
    /// Which report.
    #[schema(value_type = String, max_length = 60)]
    report_kind: ReportKind,
    /// That in words.
    #[schema(max_length = 100)]
    report_label: &'static str,
    /// How it stands.
    #[schema(value_type = String, max_length = 20)]
    standing: Reported,
    /// That in words.
    #[schema(max_length = 20)]
    standing_label: &'static str,
    /// Until when it was due.
    #[schema(value_type = String, max_length = 40)]
    due_at: InZone,
    /// When it was made; null where it is not there.
    #[schema(required, value_type = Option<String>, max_length = 40)]
    reported_at: Option<InZone>,
    /// By how many minutes it was late.
    #[schema(required, minimum = 0, maximum = 100_000_000)]
    late_minutes: Option<i64>,
    /// Whether it says that there is nothing.
    is_zero: bool,
    /// Whether it was corrected since.
    corrected: bool,
    /// Whether it differs from the records and nobody said why.
    unexplained: bool,
    /// The report; null where it is not there.
    #[schema(required, max_length = 200)]
    report_url: Option<String>,
}

/// Reports counted, of a unit or of a kind.
#[derive(Serialize, ToSchema)]
struct CountedReports {
    /// The unit or the kind.
    #[schema(max_length = 60)]
    key: String,
    /// Its name.
    #[schema(max_length = 200)]
    label: String,
    #[serde(flatten)]
    #[schema(inline)]
    counts: ReportCounts,
}

/// A report that is there.
struct There {
    id: Uuid,
    path: &'static str,
    occurred_at: DateTime<Utc>,
    on_time: Option<bool>,
    is_zero: bool,
    corrected: bool,
    unexplained: bool,
}

/// The operations of this part of the room.
pub fn operations() -> Vec<Operation> {
    let counts = json!({"expected": 1, "due": 0, "on_time": 0, "late": 0, "missing": 1, "corrected": 0, "zero": 0, "on_time_rate": "0"});
    let mut by_kind = counts.clone();
    kit::json::put(&mut by_kind, "key", "gate_daily");
    kit::json::put(&mut by_kind, "label", "出入日报");
    let item = json!({"org_id": "0198c0de-0001-7000-8000-000000000001", "org_name": "雨城区教育局", "report_kind": "gate_daily", "report_label": "出入日报", "standing": "missing", "standing_label": "漏报",
        "due_at": "2020-02-03T00:00:00+08:00", "reported_at": null, "late_minutes": null, "is_zero": false, "corrected": false, "unexplained": false, "report_url": null});
    let example = json!({"on": "2020-02-02", "items": [item], "by_kind": [by_kind], "by_org": [], "total": counts, "as_of_change_no": 42, "districts": [{"district_code": "511802", "as_of_change_no": 42}]});
    let operation = Operation::new(Method::GET, "/v1/stats/reporting", "get_reporting", reporting)
        .described("stats", "Who reported", "Of each unit and report that was due of a day: due, on time, late, missing, corrected, with names; a waived one isn't expected. A zero counts, silence is missing.")
        .access(Access::Roles(READERS))
        .keys(KeyScope::Read)
        .answers::<OfDistricts<ReportingOfADay>>(200, "The day.", Some(example))
        .problems(&[DISTRICT_REQUIRED, NOT_FOUND]);
    vec![polled(operation, PARAMETERS)]
}

async fn reporting(call: Call) -> Answer {
    call.core.refresh_settings().await?;
    answer_by_district(&call, COLUMNS, of_day).await
}

impl Summed for ReportingOfADay {
    fn add(&mut self, other: Self) {
        self.items.extend(other.items);
        merge(&mut self.by_kind, other.by_kind, |counted| counted.key.clone(), |line, other| line.add(&other));
        self.by_org.extend(other.by_org);
        self.total.add_all(&other.total);
    }

    fn finish(&mut self) {
        let counts = self.by_kind.iter_mut().map(|counted| &mut counted.counts).chain([&mut self.total]);
        counts.for_each(|counts| *counts = counts.clone().finished());
    }
}

impl CountedReports {
    fn add(&mut self, other: &Self) {
        self.counts.add_all(&other.counts);
    }
}

async fn of_day(now: &mut Snapshot, part: &Part) -> Result<ReportingOfADay, Problem> {
    let (call, district_code) = (&part.call, part.district_code.as_str());
    let (core, actor) = (&call.core, call.actor()?);
    let on = call.query.get(&ON).unwrap_or(day_of(core.clock.now(), core.zone));
    let area = call.query.get(&AREA_CODE).unwrap_or(district_code);
    let reporters = now.read(&Reporter::statement(district_code)).await?.into_iter().filter_map(Reporter::of_row);
    let seen = |reporter: &Reporter| {
        let unit = &reporter.unit;
        unit.area_code.starts_with(area) && actor.reaches(READERS, &unit.area_code, Some(unit.id))
    };
    let reporters: Vec<Reporter> = reporters.filter(seen).collect();
    let settings = core.settings();
    let only = call.query.get(&REPORT_KIND);
    let expected = expected(&reporters, settings.of::<Requirements>(), district_code, on, core.zone);
    let expected: Vec<Expected<'_>> =
        expected.into_iter().filter(|one| only.is_none_or(|kind| one.report_kind == kind)).collect();
    let (there, waived) =
        (there(now, district_code, on).await?, waived(call, now, district_code, on, &expected).await?);
    let items: Vec<ReportOfAUnit> =
        expected.iter().map(|one| item(call, one, there.get(&one.slot()), waived.contains(&one.slot()))).collect();
    let of_kind = |item: &ReportOfAUnit| (item.report_kind.code().to_owned(), item.report_label.to_owned());
    let (by_kind, by_org) =
        (counted(&items, of_kind), counted(&items, |item| (item.org_id.to_string(), item.org_name.clone())));
    let mut total = ReportCounts::default();
    items.iter().for_each(|item| total.add(item));
    Ok(ReportingOfADay { on, items, by_kind, by_org, total: total.finished() })
}

/// Reports and bulletins that are there, by whose and which they are.
async fn there(now: &mut Snapshot, district_code: &str, on: NaiveDate) -> Result<BTreeMap<String, There>, Problem> {
    let statement = Statement::new("SELECT r.id, r.org_id::text || '/' || r.report_kind AS slot, r.occurred_at, r.on_time, r.is_zero, r.report_status, r.unexplained FROM daily_reports AS r WHERE NOT r.voided AND r.org_id IS NOT NULL AND (r.capture -> 'awaited') IS NULL AND r.district_code = ")
        .text(district_code)
        .sql(" AND r.reported_on = ")
        .bind(ColumnType::Day, Value::Day(on))
        .seeing_district(district_code);
    let report = |path: &'static str| {
        move |mut row: Row| {
            let slot = row.get(&SLOT)?;
            let there = There {
                id: row.get(&ID)?,
                path,
                occurred_at: row.get(&OCCURRED_AT)?,
                on_time: row.get(&ON_TIME),
                is_zero: row.get(&IS_ZERO).unwrap_or_default(),
                corrected: row.get(&REPORT_STATUS) == Some(ReportStatus::Corrected),
                unexplained: row.get(&UNEXPLAINED).unwrap_or_default(),
            };
            Some((slot, there))
        }
    };
    let reports = now.read(&statement).await?.into_iter().filter_map(report(DAILY_REPORTS.path));
    // A daily report stands for no bulletin, nor the other way round.
    let bulletin = format!("/{}", ReportKind::Bulletin.code());
    let mut all: BTreeMap<String, There> = reports.filter(|(slot, _)| !slot.ends_with(&bulletin)).collect();
    let issued = now.read(&editions(district_code, &[on])).await?;
    for (slot, issued) in issued.into_iter().filter_map(report("bulletin-editions")) {
        let earlier = all.get(&slot).is_some_and(|known| known.occurred_at <= issued.occurred_at);
        if !earlier {
            all.insert(slot, issued);
        }
    }
    Ok(all)
}

/// Reports that somebody waived, by whose and which they are.
async fn waived(
    call: &Call,
    now: &mut Snapshot,
    district_code: &str,
    on: NaiveDate,
    expected: &[Expected<'_>],
) -> Result<BTreeSet<String>, Problem> {
    let write_context = call.core.write_context(call.core.clock.now(), district_code);
    let ids: BTreeMap<Uuid, String> =
        expected.iter().map(|one| (duty_id(&write_context, one.duty_kind(), &one.slot(), on), one.slot())).collect();
    let statement = Statement::new(
        "SELECT r.id FROM duties AS r WHERE r.state = 'waived' AND r.waiver = 'by_hand' AND r.district_code = ",
    )
    .text(district_code)
    .sql(" AND r.id = ANY(")
    .column(ColumnType::Id, ids.keys().copied().map(Value::Id).collect())
    .sql(")")
    .seeing_district(district_code);
    let rows = now.read(&statement).await?.into_iter();
    Ok(rows.filter_map(|mut row| ids.get(&row.get(&ID)?).cloned()).collect())
}

fn item(call: &Call, one: &Expected<'_>, there: Option<&There>, waived: bool) -> ReportOfAUnit {
    let standing = match there {
        Some(there) if there.on_time.unwrap_or(there.occurred_at <= one.due_at) => Reported::OnTime,
        Some(_) => Reported::Late,
        None if waived => Reported::Waived,
        None if one.due_at <= call.core.clock.now() => Reported::Missing,
        None => Reported::Due,
    };
    let label = |vocabulary: &'static kit::vocabulary::Vocabulary, code: &str| {
        vocabulary.find(code).map_or("", |word| word.label.in_language(call.language))
    };
    let late = there.filter(|_| standing == Reported::Late);
    ReportOfAUnit {
        org_id: one.reporter.unit.id,
        org_name: one.reporter.name.clone(),
        report_kind: one.report_kind,
        report_label: label(ReportKind::VOCABULARY, one.report_kind.code()),
        standing,
        standing_label: label(Reported::VOCABULARY, standing.code()),
        due_at: InZone(one.due_at, call.core.zone),
        reported_at: there.map(|there| InZone(there.occurred_at, call.core.zone)),
        late_minutes: late.map(|there| (there.occurred_at - one.due_at).num_minutes().max(0)),
        is_zero: there.is_some_and(|there| there.is_zero),
        corrected: there.is_some_and(|there| there.corrected),
        unexplained: there.is_some_and(|there| there.unexplained),
        report_url: there.map(|there| format!("/v1/{}/{}", there.path, there.id)),
    }
}

fn counted(items: &[ReportOfAUnit], key: impl Fn(&ReportOfAUnit) -> (String, String)) -> Vec<CountedReports> {
    let mut all: BTreeMap<(String, String), ReportCounts> = BTreeMap::new();
    for item in items {
        all.entry(key(item)).or_default().add(item);
    }
    all.into_iter().map(|((key, label), counts)| CountedReports { key, label, counts: counts.finished() }).collect()
}
