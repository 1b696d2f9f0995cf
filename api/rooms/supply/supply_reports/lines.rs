//! A line of a report: what must be there together, and what follows from it.

use chrono::NaiveDate;
use kit::catalogue::FaultCode;
use kit::faults::Faults;
use kit::field::{Field, Write};
use kit::text::Text;
use kit::tree::Tree;
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::Value as Json;

use super::wire::{LINE, LINES, MarkupRateReason, ReportLine, StockDaysReason};
use crate::records::{Context, SheetRow, Warning};
use crate::rooms::supply::commodities::{Commodity, Normal, add_unknown_unit, rounded};

/// A value needs its unit, and the unit must be one that can be converted for this commodity.
pub fn check(line: &ReportLine, commodity: &Commodity, at: impl Fn(&str) -> String, faults: &mut Faults) {
    let priced = line.purchase_price.or(line.retail_price).is_some();
    let counted = line.purchased.or(line.sold).or(line.closing_stock).is_some();
    match line.price_unit.as_deref() {
        None if priced => faults.add(at("price_unit"), FaultCode::REQUIRED),
        Some(told) if commodity.normal_price(Decimal::ONE, told).is_none() => {
            add_unknown_unit(at("price_unit"), commodity, true, faults);
        }
        _ => {}
    }
    match line.quantity_unit.as_deref() {
        None if counted => faults.add(at("quantity_unit"), FaultCode::REQUIRED),
        Some(told) if commodity.normal_quantity(Decimal::ONE, told).is_none() => {
            add_unknown_unit(at("quantity_unit"), commodity, false, faults);
        }
        _ => {}
    }
}

/// Prices beside a unit of quantities: nobody says that they are of that unit.
static PRICE_UNIT_ASSUMED: Warning = Warning {
    code: "price_unit_assumed",
    message: Text::new(
        "no unit of the price is given; it was taken as yuan per that of the quantity",
        "未写价格单位,已按“元/数量单位”登记",
    ),
};

/// Units as a shop's sheet tells them in one column: 元/斤 is of the prices and 斤 of the quantities; 斤 alone is of both.
pub fn tidy(row: &mut SheetRow<'_>) {
    let Tree::Object(members) = &mut *row.body else { return };
    let lines = members.iter_mut().filter(|(name, _)| name == LINES.name());
    let lines = lines.filter_map(|(_, lines)| if let Tree::List(lines) = lines { Some(lines) } else { None }).flatten();
    for (index, line) in lines.enumerate() {
        if let Tree::Object(members) = line
            && tidy_line(members)
        {
            row.warnings.push((format!("/{}/{index}/quantity_unit", LINES.name()), &PRICE_UNIT_ASSUMED));
        }
    }
}

/// Answers whether the unit of its prices was assumed.
fn tidy_line(members: &mut Vec<(String, Tree)>) -> bool {
    let is_there = |members: &[(String, Tree)], name: &str| {
        members.iter().any(|(member, tree)| member == name && !matches!(tree, Tree::Null))
    };
    if is_there(members, "price_unit") {
        return false;
    }
    let priced = is_there(members, "purchase_price") || is_there(members, "retail_price");
    let Some(Tree::Text(unit)) = members.iter_mut().find(|(name, _)| name == "quantity_unit").map(|(_, tree)| tree)
    else {
        return false;
    };
    let told = unit.clone();
    let is_assumed = priced && !told.is_empty();
    let of_price = told.starts_with(['元', '¥', '￥']);
    if of_price {
        *unit = told.split_once(['/', '／', '每']).map_or(String::new(), |(_, unit)| unit.trim().to_owned());
    }
    if of_price || priced {
        members.retain(|(name, tree)| name != "price_unit" && (name != "quantity_unit" || !is_empty(tree)));
        let price_unit = if of_price { told } else { format!("元/{told}") };
        members.push(("price_unit".to_owned(), Tree::Text(price_unit)));
    }
    is_assumed && !of_price
}

fn is_empty(tree: &Tree) -> bool {
    matches!(tree, Tree::Text(text) if text.is_empty())
}

/// The line as it was sent, with what the server adds.
pub fn judged(sent: &Json, context: &Context<'_>, day: NaiveDate) -> Json {
    let Ok(mut line) = ReportLine::deserialize(sent) else { return sent.clone() };
    let Some(commodity) = context.commodity(&line.commodity, day) else { return sent.clone() };
    judge(&mut line, commodity);
    let Ok(Json::Object(mut members)) = serde_json::to_value(line) else { return sent.clone() };
    // Members that a client left out aren't null: they stay left out.
    members.retain(|name, _| sent.get(name).is_some() || LINE.iter().any(|field| is_added(field, name)));
    Json::Object(members)
}

fn is_added(field: &Field, name: &str) -> bool {
    field.name == name && field.write == Write::Never
}

fn judge(line: &mut ReportLine, commodity: &Commodity) {
    let price = |told: Option<Decimal>, unit: Option<&str>| commodity.normal_price(told?, unit?);
    let quantity = |told: Option<Decimal>, unit: Option<&str>| commodity.normal_quantity(told?, unit?);
    let unit = line.price_unit.as_deref();
    let prices = [price(line.purchase_price, unit), price(line.retail_price, unit)];
    let unit = line.quantity_unit.as_deref();
    let quantities = [quantity(line.purchased, unit), quantity(line.sold, unit), quantity(line.closing_stock, unit)];
    line.normalized_unit = unit_of(&prices);
    line.normalized_quantity_unit = unit_of(&quantities);
    [line.purchase_price_normalized, line.retail_price_normalized] = prices.map(value_of);
    [line.purchased_normalized, line.sold_normalized, line.closing_stock_normalized] = quantities.map(value_of);
    let (rate, reason) = markup(line.purchase_price, line.retail_price);
    (line.markup_rate, line.markup_rate_reason) = (rate.map(|rate| rounded(rate, 4)), reason);
    (line.stock_days, line.stock_days_reason) = stock_days(line.closing_stock, line.sold);
}

fn unit_of(normals: &[Option<Normal>]) -> Option<String> {
    normals.iter().flatten().map(|normal| normal.unit.clone()).next()
}

fn value_of(normal: Option<Normal>) -> Option<Decimal> {
    normal.map(|normal| normal.value)
}

/// (retail − purchase) / purchase, exact; else why not.
fn markup(purchase: Option<Decimal>, retail: Option<Decimal>) -> (Option<Decimal>, Option<MarkupRateReason>) {
    match (purchase, retail) {
        (None, _) => (None, Some(MarkupRateReason::NoPurchasePrice)),
        (Some(purchase), _) if purchase.is_zero() => (None, Some(MarkupRateReason::PurchasePriceZero)),
        (_, None) => (None, Some(MarkupRateReason::NoRetailPrice)),
        (Some(purchase), Some(retail)) => ((retail - purchase).checked_div(purchase), None),
    }
}

fn stock_days(stock: Option<Decimal>, sold: Option<Decimal>) -> (Option<Decimal>, Option<StockDaysReason>) {
    match (stock, sold.filter(|sold| !sold.is_zero())) {
        (None, _) => (None, Some(StockDaysReason::NoClosingStock)),
        (_, None) => (None, Some(StockDaysReason::NoSales)),
        (Some(stock), Some(sold)) => (stock.checked_div(sold).map(|days| rounded(days, 1)), None),
    }
}
