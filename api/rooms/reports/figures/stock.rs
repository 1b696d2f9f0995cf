//! Goods in stock, by commodity; and of commodities that are told as one and in one unit, together.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use futures_util::future::LocalBoxFuture;
use kit::problem::Problem;
use kit::text::Language;

use crate::platform::http::Call;
use crate::records::figure::{Privacy, Quantity};
use crate::records::named_figures::{
    CatalogueEntry, Evaluated, FigureAmount, FigureQuery, NamedFigures, Reading, Taken, Withheld,
};
use crate::rooms::reports::READERS;
use crate::rooms::supply::commodities::own::Goods;
use crate::rooms::supply::commodities::{Commodity, goods_cache, spoken};
use crate::rooms::supply::stock_movements::{BALANCE, quantity};
use crate::statistics::figures::records_url;
use crate::statistics::figures::totals::{self, Measures, Slice, Totals};

/// The kind of the records behind it.
const KIND: &str = "stock_movements";
/// First part of the names.
const PREFIX: &str = "stock.";

/// Figures of goods in stock.
pub struct StockFigures;
/// The same.
pub static STOCK_FIGURES: StockFigures = StockFigures;

impl NamedFigures for StockFigures {
    fn entries<'a>(
        &'a self,
        call: &'a Call,
        district_code: &'a str,
        on: NaiveDate,
    ) -> LocalBoxFuture<'a, Result<Vec<CatalogueEntry>, Problem>> {
        Box::pin(async move {
            let goods = goods_cache::believed(&call.core).await?;
            let goods = goods.of(district_code);
            let known: Vec<&Commodity> = goods.codes().filter_map(|code| goods.known(code, on)).collect();
            let mut entries: BTreeMap<String, CatalogueEntry> = BTreeMap::new();
            for commodity in &known {
                if let Some(group) = commodity.group() {
                    let label = group.label.in_language(call.language).to_owned();
                    let one = entry(call, group.code, label, &commodity.quantity_unit);
                    entries.insert(group.code.to_owned(), one);
                }
            }
            // A commodity goes before a group of its name.
            for commodity in known {
                let one = entry(call, &commodity.code, named(call, commodity), &commodity.quantity_unit);
                entries.insert(commodity.code.clone().into_owned(), one);
            }
            Ok(entries.into_values().collect())
        })
    }

    fn evaluate<'a>(
        &'a self,
        reading: &'a mut Reading<'_>,
        queries: &'a [&'a FigureQuery],
    ) -> LocalBoxFuture<'a, Result<Vec<Evaluated>, Problem>> {
        Box::pin(async move {
            let goods = goods_cache::believed(&reading.call.core).await?;
            let goods = goods.of(reading.district_code);
            let district_code = reading.district_code;
            let slices: BTreeSet<Slice> = queries.iter().map(|query| slice(district_code, query)).collect();
            let seen = totals::seen(reading.call);
            let totals = totals::read(reading, &seen, slices, &Measures::All).await?;
            Ok(queries.iter().map(|query| told(reading, goods, &totals, query)).collect())
        })
    }
}

fn entry(call: &Call, code: &str, label: String, unit: &str) -> CatalogueEntry {
    CatalogueEntry {
        name: format!("{PREFIX}{code}").into(),
        kind: KIND,
        label: label.into(),
        unit: spoken(unit, call.language).to_owned().into(),
        scale: 6,
        quantity: Quantity::Exact,
        takes: vec![Taken::Organization, Taken::Area, Taken::Place],
        filters: Vec::new(),
        privacy: Privacy::Open,
        from_records: false,
        moving: true,
        as_it_stands: false,
        readers: READERS,
    }
}

fn named(call: &Call, commodity: &Commodity) -> String {
    let chinese = call.language == Language::Chinese;
    if chinese { &commodity.name_zh } else { &commodity.name_en }.clone().into_owned()
}

fn slice(district_code: &str, query: &FigureQuery) -> Slice {
    Slice {
        kind: KIND,
        area_code: query.area_code.clone().unwrap_or_else(|| district_code.to_owned()),
        place_id: query.place_id,
        from_on: None,
        to_on: query.to_on,
    }
}

/// The group of a commodity, by the name of its figure.
pub fn group_of(goods: &Goods, name: &str, on: NaiveDate) -> Option<String> {
    let group = goods.known(name.strip_prefix(PREFIX)?, on)?.group()?;
    Some(format!("{PREFIX}{}", group.code))
}

fn told(reading: &Reading<'_>, goods: &Goods, totals: &Totals, query: &FigureQuery) -> Evaluated {
    let slice = slice(reading.district_code, query);
    let members = query.org.members(reading.tree);
    let sum = |code: &str| totals.sum(&slice, &format!("{BALANCE}{code}"), members.as_ref());
    let Some(code) = query.figure.strip_prefix(PREFIX) else { return Evaluated::withheld(Withheld::NotKept) };
    let url = |code: &str| {
        let kind = reading.call.core.kinds().kind(KIND)?;
        records_url(reading.call, kind, query, &format!("commodity={code}"))
    };
    let amount = |total: i128| FigureAmount::Decimal(quantity(total).to_string());
    if let Some(commodity) = goods.known(code, query.to_on) {
        let unit = spoken(&commodity.quantity_unit, reading.call.language).to_owned();
        return Evaluated {
            records_url: url(code),
            label: Some(named(reading.call, commodity).into()),
            unit: Some(unit.into()),
            ..Evaluated::new(amount(sum(code)))
        };
    }
    let held = totals.measures(&slice).filter_map(|measure| goods.known(measure.strip_prefix(BALANCE)?, query.to_on));
    let held = held.filter(|one| one.group().is_some_and(|group| group.code == code));
    let held: Vec<(&Commodity, i128)> =
        held.map(|one| (one, sum(&one.code))).filter(|(_, total)| *total != 0).collect();
    let units: BTreeSet<&str> = held.iter().map(|(one, _)| one.quantity_unit.as_ref()).collect();
    if units.len() > 1 {
        return Evaluated::withheld(Withheld::NotKept);
    }
    let parts = held.iter().map(|(one, _)| (format!("{PREFIX}{}", one.code), url(&one.code)));
    Evaluated {
        sum_of: Some(parts.collect()),
        unit: units.first().map(|unit| spoken(unit, reading.call.language).to_owned().into()),
        ..Evaluated::new(amount(held.iter().map(|(_, total)| total).sum()))
    }
}
