//! A line of a report: what must be there together, and what follows from it.

use kit::catalogue::FaultCode;
use kit::faults::Faults;
use rust_decimal::Decimal;
use serde_json::Value as Json;

use crate::rooms::supply::commodities::{Commodity, add_unknown_unit, find, rounded};

const PRICES: [(&str, &str); 2] =
    [("purchase_price", "purchase_price_normalized"), ("retail_price", "retail_price_normalized")];
const QUANTITIES: [(&str, &str); 3] =
    [("purchased", "purchased_normalized"), ("sold", "sold_normalized"), ("closing_stock", "closing_stock_normalized")];

fn decimal(line: &Json, name: &str) -> Option<Decimal> {
    line.get(name).and_then(Json::as_str)?.parse().ok()
}

fn text<'a>(line: &'a Json, name: &str) -> Option<&'a str> {
    line.get(name).and_then(Json::as_str)
}

fn commodity(line: &Json) -> Option<&'static Commodity> {
    find(text(line, "commodity")?)
}

/// A value needs its unit, and the unit must be one that can be converted for this commodity.
pub fn check(line: &Json, at: &str, faults: &mut Faults) {
    let Some(commodity) = commodity(line) else { return };
    for (names, unit, of_prices) in [(&PRICES[..], "price_unit", true), (&QUANTITIES[..], "quantity_unit", false)] {
        let given = names.iter().any(|(name, _)| decimal(line, name).is_some());
        let known = |unit: &str| match of_prices {
            true => commodity.normal_price(Decimal::ONE, unit).is_some(),
            false => commodity.normal_quantity(Decimal::ONE, unit).is_some(),
        };
        match text(line, unit) {
            None if given => faults.add(format!("{at}/{unit}"), FaultCode::REQUIRED),
            Some(told) if !known(told) => add_unknown_unit(format!("{at}/{unit}"), commodity, of_prices, faults),
            _ => {}
        }
    }
}

/// The line with what the server adds.
pub fn judged(line: &Json) -> Json {
    let (Some(commodity), Json::Object(sent)) = (commodity(line), line) else { return line.clone() };
    let mut members = sent.clone();
    let mut put = |name: &str, value: Option<Json>| drop(members.insert(name.to_owned(), value.unwrap_or(Json::Null)));
    let of_decimal = |value: Decimal| Json::from(value.to_string());
    let mut units: [Option<String>; 2] = [None, None];
    for (name, normalized) in PRICES {
        let normal = decimal(line, name).zip(text(line, "price_unit"));
        let normal = normal.and_then(|(price, unit)| commodity.normal_price(price, unit));
        put(normalized, normal.as_ref().map(|normal| of_decimal(normal.value)));
        units[0] = units[0].take().or(normal.map(|normal| normal.unit));
    }
    for (name, normalized) in QUANTITIES {
        let normal = decimal(line, name).zip(text(line, "quantity_unit"));
        let normal = normal.and_then(|(quantity, unit)| commodity.normal_quantity(quantity, unit));
        put(normalized, normal.as_ref().map(|normal| of_decimal(normal.value)));
        units[1] = units[1].take().or(normal.map(|normal| normal.unit));
    }
    let [price_unit, quantity_unit] = units;
    put("normalized_unit", price_unit.map(Json::from));
    put("normalized_quantity_unit", quantity_unit.map(Json::from));
    let (rate, reason) = markup(decimal(line, "purchase_price"), decimal(line, "retail_price"));
    put("markup_rate", rate.map(|rate| of_decimal(rounded(rate, 4))));
    put("markup_rate_reason", reason.map(Json::from));
    let (days, reason) = stock_days(decimal(line, "closing_stock"), decimal(line, "sold"));
    put("stock_days", days.map(of_decimal));
    put("stock_days_reason", reason.map(Json::from));
    Json::Object(members)
}

/// (retail − purchase) / purchase, exact; else why not.
pub fn markup(purchase: Option<Decimal>, retail: Option<Decimal>) -> (Option<Decimal>, Option<&'static str>) {
    match (purchase, retail) {
        (None, _) => (None, Some("no_purchase_price")),
        (Some(purchase), _) if purchase.is_zero() => (None, Some("purchase_price_zero")),
        (_, None) => (None, Some("no_retail_price")),
        (Some(purchase), Some(retail)) => ((retail - purchase).checked_div(purchase), None),
    }
}

fn stock_days(stock: Option<Decimal>, sold: Option<Decimal>) -> (Option<Decimal>, Option<&'static str>) {
    match (stock, sold.filter(|sold| !sold.is_zero())) {
        (None, _) => (None, Some("no_closing_stock")),
        (_, None) => (None, Some("no_sales")),
        (Some(stock), Some(sold)) => (stock.checked_div(sold).map(|days| rounded(days, 1)), None),
    }
}
