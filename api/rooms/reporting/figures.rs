//! Reporting by name: what was due, came in time, came late, is missing, was corrected.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use futures_util::future::LocalBoxFuture;
use kit::problem::Problem;
use kit::text::Text;

use super::daily_reports::{DAILY_REPORTS, READERS};
use crate::platform::access::Role;
use crate::platform::access::roles::with_statistics;
use crate::platform::http::Call;
use crate::records::Kind;
use crate::records::figure::{COPIES, Privacy, Quantity};
use crate::records::named_figures::{
    CatalogueEntry, Evaluated, FigureAmount, FigureQuery, NamedFigures, Reading, Taken, Withheld,
};
use crate::rooms::duties::{DUTIES, SUPERVISORS};
use crate::statistics::figures::records_url;
use crate::statistics::figures::totals::{self, Measures, Slice};

/// Figures of reporting.
pub struct ReportingFigures;
/// The same.
pub static REPORTING_FIGURES: ReportingFigures = ReportingFigures;

/// Something that is counted.
struct Counted {
    name: &'static str,
    label: Text,
    kind: &'static Kind,
    readers: &'static [Role],
    measure: &'static str,
    filter: &'static str,
}

/// Duties know what is expected, due and missing; reports what came and was corrected.
const COUNTED: [Counted; 6] = [
    of_duties(
        "reporting.expected",
        Text::new("Reports expected", "应报日报"),
        "daily_report.expected",
        "duty_kind=daily_report",
    ),
    of_duties(
        "reporting.due",
        Text::new("Reports due", "待报日报"),
        "daily_report.open",
        "duty_kind=daily_report&state=open",
    ),
    of_reports("reporting.on_time", Text::new("Reports on time", "按时报送"), "on_time", "on_time=true"),
    of_reports("reporting.late", Text::new("Reports late", "迟报"), "late", "on_time=false"),
    of_duties(
        "reporting.missing",
        Text::new("Reports missing", "漏报日报"),
        "daily_report.missed",
        "duty_kind=daily_report&state=missed",
    ),
    of_reports("reporting.corrected", Text::new("Reports corrected", "更正"), "corrected", "report_status=corrected"),
];

const fn of_duties(name: &'static str, label: Text, measure: &'static str, filter: &'static str) -> Counted {
    Counted { name, label, kind: &DUTIES, readers: SUPERVISORS, measure, filter }
}

const fn of_reports(name: &'static str, label: Text, measure: &'static str, filter: &'static str) -> Counted {
    Counted { name, label, kind: &DAILY_REPORTS, readers: READERS, measure, filter }
}

impl NamedFigures for ReportingFigures {
    fn entries<'a>(
        &'a self,
        call: &'a Call,
        _district_code: &'a str,
        _on: NaiveDate,
    ) -> LocalBoxFuture<'a, Result<Vec<CatalogueEntry>, Problem>> {
        let entries = COUNTED.iter().map(|counted| entry(call, counted)).collect();
        Box::pin(async move { Ok(entries) })
    }

    fn evaluate<'a>(
        &'a self,
        reading: &'a mut Reading<'_>,
        queries: &'a [&'a FigureQuery],
    ) -> LocalBoxFuture<'a, Result<Vec<Evaluated>, Problem>> {
        Box::pin(async move {
            let district_code = reading.district_code;
            let find = |query: &FigureQuery| COUNTED.iter().find(|counted| counted.name == query.figure);
            let slices: BTreeSet<Slice> =
                queries.iter().filter_map(|query| Some(slice(district_code, find(query)?, query))).collect();
            let measures = Measures::Named(COUNTED.iter().map(|counted| counted.measure).collect());
            let seen =
                vec![(DUTIES.name, with_statistics(SUPERVISORS)), (DAILY_REPORTS.name, with_statistics(READERS))];
            let totals = totals::read(reading, &seen, slices, &measures).await?;
            let told = |query: &&FigureQuery| {
                let Some(counted) = find(query) else { return Evaluated::withheld(Withheld::NotKept) };
                let members = query.org.members(reading.tree);
                let total = totals.sum(&slice(district_code, counted, query), counted.measure, members.as_ref());
                Evaluated {
                    records_url: records_url(reading.call, counted.kind, query, counted.filter),
                    ..Evaluated::new(FigureAmount::Count(i64::try_from(total).unwrap_or(i64::MAX)))
                }
            };
            Ok(queries.iter().map(told).collect())
        })
    }
}

fn entry(call: &Call, counted: &Counted) -> CatalogueEntry {
    CatalogueEntry {
        name: counted.name.into(),
        kind: counted.kind.name,
        label: counted.label.in_language(call.language).into(),
        unit: COPIES.in_language(call.language).into(),
        scale: 0,
        quantity: Quantity::Exact,
        takes: vec![Taken::Organization, Taken::Area, Taken::From],
        filters: Vec::new(),
        privacy: Privacy::Open,
        from_records: false,
        moving: false,
        as_it_stands: false,
        readers: counted.readers,
    }
}

fn slice(district_code: &str, counted: &Counted, query: &FigureQuery) -> Slice {
    Slice {
        kind: counted.kind.name,
        area_code: query.area_code.clone().unwrap_or_else(|| district_code.to_owned()),
        place_id: None,
        from_on: query.from_on,
        to_on: query.to_on,
    }
}
