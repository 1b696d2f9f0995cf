//! The answer: each figure with its like in the period before and the list that proves it; or CSV.

use std::collections::BTreeMap;

use actix_web::HttpResponse;
use actix_web::http::header::{CONTENT_DISPOSITION, ETAG};
use rust_decimal::Decimal;
use sha2::{Digest, Sha256};

use super::asked::{Asked, By, Persons};
use super::cover::Shown;
use super::districts::shown;
use super::lines::Line;
use super::rights::opens_lists;
use super::sheet;
use super::shown::{DistrictAsOf, Entry, Figures, ShownFigure, ShownLine, Statistics};
use super::tag::{CACHING, Tag};
use crate::platform::http::formats::{self, AS_OF_HEADER, Format};
use crate::platform::http::{Answer, Call};
use crate::records::Figure;

/// Lines, and all of them together.
pub struct Table {
    pub lines: Vec<Line>,
    pub total: BTreeMap<&'static str, Shown>,
    pub as_of: AsOf,
}

/// The districts whose figures an answer has, each as of a number of its own.
pub struct AsOf(pub Vec<DistrictAsOf>);

impl AsOf {
    /// One district's.
    pub fn one(district_code: &str, change_no: i64) -> Self {
        Self(vec![DistrictAsOf { district_code: district_code.to_owned(), as_of_change_no: Some(change_no) }])
    }

    /// The number, where there is one for all.
    pub fn change_no(&self) -> Option<i64> {
        match self.0.as_slice() {
            [only] => only.as_of_change_no,
            _ => None,
        }
    }

    /// Text that changes with any of the numbers, and where a district is away.
    pub fn version(&self) -> String {
        self.change_no().map_or_else(|| self.digest(), |number| number.to_string())
    }

    fn digest(&self) -> String {
        let hash = self.0.iter().fold(Sha256::new(), |hash, of| {
            hash.chain_update(format!("{} {:?}\n", of.district_code, of.as_of_change_no))
        });
        hex::encode(hash.finalize()).chars().take(16).collect()
    }
}

/// Answers as the caller asked.
pub fn answer(call: &Call, asked: &Asked, table: &Table, tag: &Tag) -> Answer {
    let version = table.as_of.version();
    if let Some(known) = tag.known(call, &version) {
        return Ok(known);
    }
    let mut response = HttpResponse::Ok();
    response.insert_header((ETAG, tag.text(&version))).insert_header(CACHING);
    if formats::asked(call) != Some(Format::Csv) {
        return Ok(response.json(body(call, asked, table)));
    }
    let name = format!("attachment; filename=\"{}-{version}.csv\"", asked.kind.path);
    response.insert_header((CONTENT_DISPOSITION, name));
    if let Some(number) = table.as_of.change_no() {
        response.insert_header((AS_OF_HEADER.clone(), number.to_string()));
    }
    Ok(response.content_type(sheet::CSV).body(sheet::of_figures(call, asked, table)))
}

/// The figures that this answer can tell.
pub fn told(asked: &Asked) -> impl Iterator<Item = &'static Figure> + '_ {
    let known =
        |figure: &&'static Figure| asked.tells(figure, asked.persons) || asked.tells(figure, asked.persons_in_all);
    asked.kind.rules.figures().iter().filter(known)
}

fn body<'a>(call: &Call, asked: &'a Asked, table: &'a Table) -> Statistics<'a> {
    let period = match asked.from_on {
        Some(from_on) => format!("from_on={from_on}&to_on={}", asked.to_on),
        None => format!("to_on={}", asked.to_on),
    };
    // Parameters of a line's own filter stand in its link once.
    let own = match asked.by {
        By::Area => "area_code",
        By::Place => "place_id",
        By::Org => "org_id",
        By::Total | By::Day | By::Hour => "",
    };
    let (narrowing, beside) = (narrowing(call, asked, ""), narrowing(call, asked, own));
    let items = table
        .lines
        .iter()
        .map(|line| {
            let own_period = matches!(asked.by, By::Day | By::Hour);
            let parts = line.filter.as_deref().map(|filter| [if own_period { "" } else { &period }, filter, &beside]);
            let figures = figures(call, asked, &line.figures, of_line(asked, line), parts.as_ref());
            ShownLine { key: line.key.as_deref(), label: &line.label, figures }
        })
        .collect();
    let entry = |figure: &Figure| Entry {
        name: figure.name,
        label: figure.label.in_language(call.language),
        unit: figure.unit.in_language(call.language),
    };
    let catalogue = told(asked).map(entry).collect();
    let parts = [period.as_str(), "", &narrowing];
    // No list is of several districts.
    let parts = (!asked.is_wide()).then_some(&parts);
    let total = figures(call, asked, &total_of(asked, table), asked.persons_in_all, parts);
    let counted = match asked.persons_in_all {
        Persons::Distinct(_) if asked.is_wide() => Some("distinct_by_district"),
        Persons::Distinct(_) => Some("distinct"),
        Persons::Days => Some("person_days"),
        Persons::Unknown => None,
    };
    let persons_counted = asked.kind.rules.figures().iter().find(|figure| figure.is_of_different()).and(counted);
    Statistics {
        kind: asked.kind.name,
        by: asked.by.code(),
        district_code: (!asked.is_wide()).then_some(asked.district_code.as_str()),
        area_code: asked.area_code.as_deref().map(shown),
        org_id: asked.org_id,
        place_id: asked.place_id,
        from_on: asked.from_on,
        to_on: asked.to_on,
        cumulative: asked.from_on.is_none(),
        catalogue,
        items,
        total,
        persons_counted,
        as_of_change_no: table.as_of.change_no().filter(|_| !asked.is_wide()),
        districts: &table.as_of.0,
    }
}

/// All lines together. Days are each held against the day before: their sums make no period before of the same
/// length, unless it is one day.
fn total_of(asked: &Asked, table: &Table) -> BTreeMap<&'static str, Shown> {
    let mut total = table.total.clone();
    if asked.by == By::Day && asked.from_on != Some(asked.to_on) {
        for figure in asked.kind.rules.figures() {
            total.entry(figure.name).or_default().previous = None;
        }
    }
    total
}

/// How people are counted of a line.
pub fn of_line(asked: &Asked, line: &Line) -> Persons {
    if line.has_persons { asked.persons } else { Persons::Unknown }
}

fn narrowing(call: &Call, asked: &Asked, without: &str) -> String {
    let parts = [
        ("area_code", asked.area_code.clone()),
        ("place_id", asked.place_id.map(|id| id.to_string())),
        ("org_id", asked.org_id.map(|id| id.to_string())),
    ];
    let conditions = asked.kind.rules.narrowed_by().iter().map(|condition| condition.parameter.name);
    let conditions = conditions.map(|name| {
        let value = call.query.get(name).map(|value| value.to_json(call.core.zone));
        (name, value.map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned)))
    });
    let named = parts.into_iter().chain(conditions).filter(|(name, _)| *name != without);
    named.filter_map(|(name, value)| Some(format!("{name}={}", value?))).collect::<Vec<_>>().join("&")
}

fn figures(
    call: &Call,
    asked: &Asked,
    shown: &BTreeMap<&'static str, Shown>,
    persons: Persons,
    parts: Option<&[&str; 3]>,
) -> Figures {
    let reads = opens_lists(call, asked.kind.readers);
    let mut figures = Figures::default();
    for figure in told(asked).filter(|figure| asked.tells(figure, persons)) {
        let cell = shown.get(figure.name).copied().unwrap_or(Shown { previous: Some(0), ..Shown::default() });
        // By how many more stand so is proven by no list; how many do, is.
        let listed = !figure.moving || asked.from_on.is_none();
        let url = parts.filter(|_| reads && listed).map(|parts| records_url(asked, figure, persons, parts));
        figures.0.insert(figure.name, figure_of(figure, cell, url));
    }
    figures
}

/// A figure: a count as a number, an amount as a decimal text; null where it is hidden.
fn figure_of(figure: &Figure, cell: Shown, records_url: Option<String>) -> ShownFigure {
    let value = Some(cell.value).filter(|value| !cell.hidden || *value > 0);
    let previous = cell.previous.filter(|value| !cell.previous_hidden || *value > 0);
    let amount = |value: Option<i64>| {
        value.filter(|_| figure.scale > 0).map(|value| Decimal::new(value, figure.scale).to_string())
    };
    let count = |value: Option<i64>| value.filter(|_| figure.scale == 0);
    ShownFigure {
        value: count(value),
        amount: amount(value),
        previous: count(previous),
        previous_amount: amount(previous),
        suppressed: cell.hidden,
        records_url,
    }
}

fn records_url(asked: &Asked, figure: &Figure, persons: Persons, parts: &[&str; 3]) -> String {
    let filter = figure.filter_until(asked.to_on);
    // A list of people has as many lines as there are people.
    let once = match persons {
        _ if !figure.is_of_people() => "",
        Persons::Days => "people_once=day",
        Persons::Distinct(_) | Persons::Unknown => "people_once=period",
    };
    let parts = parts.iter().copied().chain([filter.as_str(), once]);
    let parts: Vec<&str> = parts.filter(|part| !part.is_empty()).collect();
    format!("/v1/{}?{}", asked.kind.path, parts.join("&"))
}
