//! What a rule says of a line: exact, and pure.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde_json::Value as Json;
use uuid::Uuid;

use crate::commodities::{find, rounded};
use crate::kit::row::Row;
use crate::kit::value::Value;

/// Places to which a rate is compared.
const RATE_PLACES: u32 = 6;

/// A line of a report that stands, in the unit that is compared.
#[derive(Clone, Debug)]
pub struct Line {
    /// Its report.
    pub report_id: Uuid,
    /// The revision of the report.
    pub revision: i64,
    /// Its place in the report's list.
    pub line_no: i64,
    /// What the store pays.
    pub purchase_price: Option<Decimal>,
    /// What the store charges.
    pub retail_price: Option<Decimal>,
    /// Where the store is.
    pub area_code: String,
    /// Whose it is.
    pub org_id: Option<Uuid>,
}

impl Line {
    /// (retail − purchase) / purchase.
    pub fn markup_rate(&self) -> Option<Decimal> {
        let (purchase, retail) = (self.purchase_price?, self.retail_price?);
        (retail - purchase).checked_div(purchase)
    }
}

/// Lines of a store by commodity and day.
pub type Lines = BTreeMap<(String, NaiveDate), Line>;

/// A rule as it stands.
#[derive(Clone, Debug)]
pub struct Rule {
    /// The rule.
    pub id: Uuid,
    /// Its revision.
    pub revision: i64,
    /// What is compared with what.
    pub rule_kind: String,
    /// The day of the baseline.
    pub baseline_on: Option<NaiveDate>,
    /// Above it the rule fires.
    pub threshold_rate: Decimal,
    only_without_baseline: bool,
    area_code: String,
    commodities: Vec<String>,
    categories: Vec<String>,
    effective_on: NaiveDate,
    expires_on: Option<NaiveDate>,
}

/// What a rule found of a line.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// Whether the threshold is exceeded.
    pub fires: bool,
    /// The day of the line it was compared with.
    pub baseline_on: Option<NaiveDate>,
    /// By how much the price changed.
    pub change_rate: Option<Decimal>,
    /// The line's mark-up rate.
    pub markup_rate: Option<Decimal>,
}

impl Rule {
    /// Reads a row.
    pub fn of_row(mut row: Row) -> Option<Self> {
        let mut codes = |name: &str| match row.take(name) {
            Value::Json(Json::Array(items)) => {
                items.iter().filter_map(Json::as_str).map(str::to_owned).collect::<Vec<_>>()
            }
            _ => Vec::new(),
        };
        let (commodities, categories) = (codes("commodities"), codes("categories"));
        let mut day = |name: &str| match row.take(name) {
            Value::Day(day) => Some(day),
            _ => None,
        };
        let (baseline_on, effective_on, expires_on) = (day("baseline_on"), day("effective_on")?, day("expires_on"));
        let Value::Decimal(threshold_rate) = row.take("threshold_rate") else { return None };
        Some(Self {
            id: row.id("id")?,
            revision: row.integer("revision")?,
            rule_kind: row.text("rule_kind")?,
            baseline_on,
            threshold_rate,
            only_without_baseline: row.boolean("only_without_baseline")?,
            area_code: row.text("area_code")?,
            commodities,
            categories,
            effective_on,
            expires_on,
        })
    }

    /// Whether it is about the price of the report before, not of a fixed day.
    pub fn is_day_on_day(&self) -> bool {
        self.rule_kind == "day_on_day"
    }

    /// Whether it speaks of a commodity there on that day.
    pub fn covers(&self, commodity: &str, day: NaiveDate, area_code: &str) -> bool {
        let category = find(commodity).map(|commodity| commodity.category).unwrap_or_default();
        let all = self.commodities.is_empty() && self.categories.is_empty();
        let named = self.commodities.iter().any(|code| code == commodity)
            || self.categories.iter().any(|code| code == category);
        (all || named)
            && area_code.starts_with(&self.area_code)
            && day >= self.effective_on
            && self.expires_on.is_none_or(|last| day <= last)
    }

    /// What it says of a line; none where there is nothing to compare with, or nothing to compare.
    pub fn judge(&self, commodity: &str, day: NaiveDate, lines: &Lines) -> Option<Finding> {
        let line = lines.get(&(commodity.to_owned(), day))?;
        if !self.covers(commodity, day, &line.area_code) {
            return None;
        }
        match self.rule_kind.as_str() {
            "price_change" | "day_on_day" => {
                let (baseline_on, baseline) = self.baseline(commodity, day, lines, |line| line.retail_price)?;
                let change_rate = (line.retail_price? - baseline).checked_div(baseline)?;
                Some(Finding {
                    fires: self.is_exceeded_by(change_rate),
                    baseline_on: Some(baseline_on),
                    change_rate: Some(change_rate),
                    markup_rate: line.markup_rate(),
                })
            }
            "markup" => {
                let (baseline_on, baseline) = self.baseline(commodity, day, lines, Line::markup_rate)?;
                let markup_rate = line.markup_rate()?;
                let fires = self.is_exceeded_by(markup_rate - baseline);
                Some(Finding {
                    fires,
                    baseline_on: Some(baseline_on),
                    change_rate: None,
                    markup_rate: Some(markup_rate),
                })
            }
            _ => {
                let markup_rate = line.markup_rate()?;
                let baseline = self.baseline(commodity, day, lines, |line| line.retail_price);
                if self.only_without_baseline && baseline.is_some() {
                    return None;
                }
                let fires = self.is_exceeded_by(markup_rate);
                let baseline_on = baseline.map(|(day, _)| day);
                Some(Finding { fires, baseline_on, change_rate: None, markup_rate: Some(markup_rate) })
            }
        }
    }

    /// Whether a rate lies above the threshold: to six places, as the prices are that it is made of. 1.35 and 1 yuan
    /// for 300 grams are 35 percent apart, though a kilogram's third of a fen makes it a little more.
    fn is_exceeded_by(&self, rate: Decimal) -> bool {
        rounded(rate, RATE_PLACES) > self.threshold_rate
    }

    /// The store's last line that has such a figure: before the day, or until the baseline's day.
    fn baseline(
        &self,
        commodity: &str,
        day: NaiveDate,
        lines: &Lines,
        figure: impl Fn(&Line) -> Option<Decimal>,
    ) -> Option<(NaiveDate, Decimal)> {
        let before = day.pred_opt()?;
        let until = if self.is_day_on_day() { before } else { self.baseline_on?.min(before) };
        let of = |day: NaiveDate| (commodity.to_owned(), day);
        let earlier = lines.range(of(NaiveDate::MIN)..=of(until)).rev();
        earlier.into_iter().find_map(|((_, day), line)| Some((*day, figure(line)?)))
    }
}

#[cfg(test)]
mod tests;
