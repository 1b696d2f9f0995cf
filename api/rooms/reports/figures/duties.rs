//! Figures of duties: expected, done, missed, by kind of duty.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use futures_util::future::LocalBoxFuture;
use kit::problem::Problem;
use kit::text::{Language, Text};

use crate::platform::access::roles::with_statistics;
use crate::platform::http::Call;
use crate::records::figure::{Privacy, Quantity, TIMES};
use crate::records::named_figures::{
    CatalogueEntry, Evaluated, FigureAmount, FigureQuery, NamedFigures, Reading, Taken, Withheld,
};
use crate::rooms::duties::summary::COLUMNS;
use crate::rooms::duties::{COUNTED, DutyKind, SUPERVISORS};
use crate::statistics::figures::records_url;
use crate::statistics::figures::totals::{self, Measures, Slice};

/// The kind of the records behind it.
const KIND: &str = "duties";

/// Figures of duties.
pub struct DutyFigures;
/// The same.
pub static DUTY_FIGURES: DutyFigures = DutyFigures;

impl NamedFigures for DutyFigures {
    fn entries<'a>(
        &'a self,
        call: &'a Call,
        _district_code: &'a str,
        _on: NaiveDate,
    ) -> LocalBoxFuture<'a, Result<Vec<CatalogueEntry>, Problem>> {
        let kinds = DutyKind::VOCABULARY.words.iter();
        let entries =
            kinds.flat_map(|word| COUNTED.into_iter().map(|counted| entry(call, word.code, word.label, counted)));
        let entries = entries.collect();
        Box::pin(async move { Ok(entries) })
    }

    fn evaluate<'a>(
        &'a self,
        reading: &'a mut Reading<'_>,
        queries: &'a [&'a FigureQuery],
    ) -> LocalBoxFuture<'a, Result<Vec<Evaluated>, Problem>> {
        Box::pin(async move {
            let district_code = reading.district_code;
            let slices: BTreeSet<Slice> = queries.iter().map(|query| slice(district_code, query)).collect();
            let seen = vec![(KIND, with_statistics(SUPERVISORS))];
            let totals = totals::read(reading, &seen, slices, &Measures::All).await?;
            let told = |query: &&FigureQuery| {
                let Some((kind, counted)) = parts(&query.figure) else { return Evaluated::withheld(Withheld::NotKept) };
                let (slice, members) = (slice(district_code, query), query.org.members(reading.tree));
                let own = totals.measures(&slice).filter(|measure| is_of(measure, kind, counted));
                let total: i128 = own.map(|measure| totals.sum(&slice, measure, members.as_ref())).sum();
                let list = reading.call.core.kinds().kind(KIND);
                let filter = format!("duty_kind={kind}{}", filter(counted));
                Evaluated {
                    records_url: list.and_then(|list| records_url(reading.call, list, query, &filter)),
                    ..Evaluated::new(FigureAmount::Count(i64::try_from(total).unwrap_or(i64::MAX)))
                }
            };
            Ok(queries.iter().map(told).collect())
        })
    }
}

fn entry(call: &Call, kind: &str, label: Text, counted: &str) -> CatalogueEntry {
    let column = COLUMNS.iter().find(|column| column.name == counted);
    let label = match call.language {
        Language::Chinese => format!("{}{}", label.zh, column.map_or(counted, |column| column.label)),
        Language::English => format!("{}: {}", label.en, counted.replace('_', " ")),
    };
    CatalogueEntry {
        name: format!("{KIND}.{kind}.{counted}").into(),
        kind: KIND,
        label: label.into(),
        unit: TIMES.in_language(call.language).into(),
        scale: 0,
        quantity: Quantity::Exact,
        takes: vec![Taken::Organization, Taken::Area, Taken::From],
        filters: Vec::new(),
        privacy: Privacy::Personal,
        from_records: false,
        moving: false,
        as_it_stands: false,
        readers: SUPERVISORS,
    }
}

fn slice(district_code: &str, query: &FigureQuery) -> Slice {
    Slice {
        kind: KIND,
        area_code: query.area_code.clone().unwrap_or_else(|| district_code.to_owned()),
        place_id: None,
        from_on: query.from_on,
        to_on: query.to_on,
    }
}

/// The kind of duty, and what is counted of it.
fn parts(figure: &str) -> Option<(&str, &str)> {
    figure.strip_prefix(KIND)?.strip_prefix('.')?.split_once('.')
}

/// Whether a measure counts that, on whatever line.
fn is_of(measure: &str, kind: &str, counted: &str) -> bool {
    let own = measure.split_once('.').filter(|(_, of)| *of == counted).map(|(own, _)| own);
    own.is_some_and(|own| own.split_once('@').map_or(own, |(own, _)| own) == kind)
}

/// Filter of the list behind it, beside the kind of duty.
fn filter(counted: &str) -> String {
    match counted {
        "expected" => String::new(),
        "late" | "reported_late" => format!("&{counted}=true"),
        state => format!("&state={state}"),
    }
}
