//! Telling the figures of units, each with what proves it.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use kit::problem::Problem;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::{KnownFormat, ObjectBuilder, SchemaFormat, Type};
use uuid::Uuid;

use super::AREA_CODE;
use super::units::Unit;
use crate::platform::http::answered::{Characters, Said, Saying};
use crate::records::named_figures::{AskedOrg, CatalogueEntry, Evaluated, FigureAmount, FigureQuery, Reading};
use crate::rooms::reports::figures::{COMPOUNDS, STAFF, group_of};
use crate::rooms::supply::commodities::goods_cache;
use crate::rooms::supply::commodities::own::Goods;
use crate::statistics::districts::{add_amount, add_count, add_proof};
use crate::statistics::figures::{Catalogue, evaluate};

/// A figure of a unit.
#[derive(Serialize, ToSchema)]
pub struct ShownFigure {
    /// The kind of the records behind it.
    #[schema(required, value_type = Option<String>, max_length = 60)]
    kind: String,
    /// The figure.
    #[schema(required, value_type = Option<String>, max_length = 100)]
    name: String,
    /// Label that people see.
    #[schema(required, value_type = Option<String>, max_length = 100)]
    label: String,
    /// Unit of the figure.
    #[schema(required, value_type = Option<String>, max_length = 40)]
    unit: String,
    /// How many.
    #[schema(required, minimum = -9_007_199_254_740_991_i64, maximum = 9_007_199_254_740_991_i64)]
    pub value: Option<i64>,
    /// How much, as a decimal, of what isn't counted in whole numbers.
    #[schema(required, max_length = 40)]
    pub amount: Option<String>,
    /// The list of the records behind it, of the unit and all below it, for those who may read them.
    #[schema(required, max_length = 500)]
    records_url: Option<String>,
    /// A second list, where records of two kinds stand behind it: of `staff` the hours served. Each person in the two
    /// counts once.
    #[schema(required, max_length = 500)]
    further_records_url: Option<String>,
    /// Ids of the records counted, where no list has exactly these: of `compounds` the places.
    #[schema(required, inline, value_type = Option<Vec<IdOfThem>>, max_items = 10_000)]
    record_ids: Option<Vec<Uuid>>,
    /// The figures that it is the sum of: of fertilisers each one.
    #[schema(required, inline, value_type = Option<Vec<NameOfFigure>>, max_items = 100)]
    sum_of: Option<Vec<String>>,
}

/// Said of an id among others.
pub struct OneOfThem;
/// An id in a list that says what it is of.
pub type IdOfThem = Saying<OneOfThem>;

impl Said for OneOfThem {
    fn schema() -> ObjectBuilder {
        let id =
            ObjectBuilder::new().schema_type(Type::String).format(Some(SchemaFormat::KnownFormat(KnownFormat::Uuid)));
        id.description(Some("One of them."))
    }
}

/// Said of the name of a figure among others.
struct FigureName;
/// The name of a figure in a list.
type NameOfFigure = Saying<FigureName>;

impl Said for FigureName {
    fn schema() -> ObjectBuilder {
        Characters::<100>::schema().description(Some("A figure's name."))
    }
}

/// Names of figures of goods begin so.
const STOCK: &str = "stock.";

/// The figures of units, those that aren't 0: all are asked of the evaluator at once.
pub async fn of_units(
    reading: &mut Reading<'_>,
    catalogue: &Catalogue,
    units: &[Unit],
    as_of_on: NaiveDate,
) -> Result<Vec<Vec<ShownFigure>>, Problem> {
    let goods = goods_cache::believed(&reading.call.core).await?;
    let goods = goods.of(reading.district_code);
    let entries: Vec<&CatalogueEntry> = named(reading, catalogue);
    let area_code = reading.call.query.get(&AREA_CODE).map(str::to_owned);
    let query = |unit: &Unit, entry: &CatalogueEntry| FigureQuery {
        figure: entry.name.clone(),
        org: unit.id.map_or(AskedOrg::Nobody, AskedOrg::Under),
        area_code: area_code.clone(),
        to_on: as_of_on,
        ..FigureQuery::default()
    };
    let queries: Vec<FigureQuery> =
        units.iter().flat_map(|unit| entries.iter().map(|entry| query(unit, entry))).collect();
    let found = evaluate(reading, catalogue, &queries).await?;
    let of_unit = |found: &[Evaluated]| told(goods, &entries, found, as_of_on);
    Ok(found.chunks(entries.len().max(1)).map(of_unit).collect())
}

/// The figures that a situation tells: of the units themselves, of each kind, of goods.
fn named<'a>(reading: &Reading<'_>, catalogue: &'a Catalogue) -> Vec<&'a CatalogueEntry> {
    let units = [STAFF, COMPOUNDS].into_iter().filter_map(|name| catalogue.entry(name)).map(|entry| &entry.shown);
    let events = reading.call.core.kinds().kinds().filter(|kind| !kind.closed).flat_map(|kind| {
        let events = kind.rules.figures().iter().filter(|figure| !figure.distinct);
        events.filter_map(|figure| catalogue.entry(&format!("{}.{}", kind.name, figure.name)))
    });
    let goods = catalogue.entries().iter().filter(|entry| entry.shown.name.starts_with(STOCK));
    units.chain(events.chain(goods).map(|entry| &entry.shown)).collect()
}

/// One unit's. A group of goods stands behind the first of them, where it is more than that one.
fn told(goods: &Goods, entries: &[&CatalogueEntry], found: &[Evaluated], as_of_on: NaiveDate) -> Vec<ShownFigure> {
    let (mut told, mut groups) = (Vec::new(), BTreeSet::new());
    for (entry, figure) in entries.iter().zip(found).filter(|(_, figure)| is_something(figure)) {
        if !entry.name.starts_with(STOCK) {
            told.push(ShownFigure::of(entry, figure));
            continue;
        }
        if figure.sum_of.is_some() {
            continue;
        }
        told.push(ShownFigure::of(entry, figure));
        let Some(group) = group_of(goods, &entry.name, as_of_on).filter(|group| groups.insert(group.clone())) else {
            continue;
        };
        let of_group = entries
            .iter()
            .zip(found)
            .find(|(entry, figure)| entry.name == group && figure.sum_of.as_ref().is_some_and(|parts| parts.len() > 1));
        told.extend(of_group.map(|(entry, figure)| ShownFigure::of(entry, figure)));
    }
    told
}

fn is_something(figure: &Evaluated) -> bool {
    match &figure.amount {
        Ok(FigureAmount::Count(count)) => *count != 0,
        Ok(FigureAmount::Decimal(text)) => text.chars().any(|digit| matches!(digit, '1'..='9')),
        Err(_) => false,
    }
}

impl ShownFigure {
    /// The figure that it is, among those of other districts: their own goods may be told in another unit.
    pub fn key(&self) -> (String, String, String) {
        (self.kind.clone(), self.name.clone(), self.unit.clone())
    }

    /// Adds another district's; no list has both.
    pub fn add(&mut self, other: Self) {
        add_count(&mut self.value, other.value);
        add_amount(&mut self.amount, other.amount);
        (self.records_url, self.further_records_url) = (None, None);
        add_proof((&mut self.record_ids, other.record_ids), (&mut self.sum_of, other.sum_of));
    }

    fn of(entry: &CatalogueEntry, figure: &Evaluated) -> Self {
        let (value, amount) = match &figure.amount {
            Ok(FigureAmount::Count(count)) => (Some(*count), None),
            Ok(FigureAmount::Decimal(text)) => (None, Some(text.clone())),
            Err(_) => (None, None),
        };
        Self {
            kind: entry.kind.to_owned(),
            name: name(&entry.name),
            label: figure.label.as_ref().unwrap_or(&entry.label).clone().into_owned(),
            unit: figure.unit.as_ref().unwrap_or(&entry.unit).clone().into_owned(),
            value,
            amount,
            records_url: figure.records_url.clone(),
            further_records_url: figure.further_records_url.clone(),
            record_ids: figure.record_ids.clone(),
            sum_of: figure.sum_of.as_ref().map(|parts| parts.iter().map(|(part, _)| name(part)).collect()),
        }
    }
}

/// The name within its kind; of goods with `stock_` before it.
fn name(figure: &str) -> String {
    match figure.split_once('.') {
        Some(("stock", code)) => format!("stock_{code}"),
        Some((_, name)) => name.to_owned(),
        None => figure.to_owned(),
    }
}
