//! Judgement of a line by a price rule: exact, and pure.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use kit::row::Row;
use rust_decimal::Decimal;
use uuid::Uuid;

use crate::records::envelope;
use crate::rooms::supply::commodities::CommodityCategory;
use crate::rooms::supply::price_alerts::PriceAlertUnjudgedReason as Unjudged;
use crate::rooms::supply::price_rules::{
    BASELINE_ON, CATEGORIES, COMMODITIES, EFFECTIVE_ON, EXPIRES_ON, ONLY_WITHOUT_BASELINE, PriceRuleKind, RULE_KIND,
    THRESHOLD_RATE,
};

/// Prices a kilogram are kept to six places: so much is each of them off at most, and a little more.
const ROUNDING: Decimal = Decimal::from_parts(6, 0, 0, false, 7);

/// By how much a price lies above another, and how much of that their rounding may have made.
#[derive(Clone, Copy)]
struct Rate {
    value: Decimal,
    slack: Decimal,
}

impl Rate {
    fn of(price: Decimal, above: Decimal) -> Option<Self> {
        let value = (price - above).checked_div(above)?;
        let slack = ROUNDING.checked_mul(price + above)?.checked_div(above.checked_mul(above)?)?;
        Some(Self { value, slack })
    }

    fn less(self, other: Self) -> Self {
        Self { value: self.value - other.value, slack: self.slack + other.slack }
    }

    /// Certainly: 1.35 and 1 yuan for 300 grams are 35 percent apart, though a kilogram's thirds make it more.
    fn exceeds(self, threshold: Decimal) -> bool {
        self.value - self.slack > threshold
    }
}

/// A line of a report that stands, in the unit that is compared.
#[derive(Clone, Debug)]
pub struct Line {
    /// Its report.
    pub report_id: Uuid,
    /// The revision of the report.
    pub revision: i64,
    /// Its place in the report's list.
    pub line_no: i64,
    /// Price that the store pays, in yuan.
    pub purchase_price: Option<Decimal>,
    /// Price that the store charges, in yuan.
    pub retail_price: Option<Decimal>,
    /// Area of the store.
    pub area_code: String,
    /// Organisation of the store.
    pub org_id: Option<Uuid>,
}

impl Line {
    /// (retail − purchase) / purchase.
    pub fn markup_rate(&self) -> Option<Decimal> {
        self.markup().map(|rate| rate.value)
    }

    fn markup(&self) -> Option<Rate> {
        Rate::of(self.retail_price?, self.purchase_price?)
    }
}

/// Lines of a store by commodity and day.
pub type Lines = BTreeMap<(String, NaiveDate), Line>;

/// A commodity by its code, and its group where that is known.
pub type Judged<'a> = (&'a str, Option<CommodityCategory>);

/// A rule as it stands.
#[derive(Clone, Debug)]
pub struct Rule {
    /// The rule.
    pub id: Uuid,
    /// Its revision.
    pub revision: i64,
    /// Kind of the rule: the figure that is compared with the threshold.
    pub rule_kind: PriceRuleKind,
    /// The day of the baseline.
    pub baseline_on: Option<NaiveDate>,
    /// Above it the rule fires.
    pub threshold_rate: Decimal,
    only_without_baseline: bool,
    area_code: String,
    commodities: Vec<String>,
    categories: Vec<CommodityCategory>,
    effective_on: NaiveDate,
    expires_on: Option<NaiveDate>,
}

/// Judgement of a rule about a line.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// Whether the threshold is exceeded.
    pub fires: bool,
    /// The day of the line it was compared with.
    pub baseline_on: Option<NaiveDate>,
    /// Rate by which the price changed.
    pub change_rate: Option<Decimal>,
    /// The line's mark-up rate.
    pub markup_rate: Option<Decimal>,
}

impl Rule {
    /// Reads a row.
    pub fn of_row(mut row: Row) -> Option<Self> {
        Some(Self {
            id: row.get(&envelope::ID)?,
            revision: row.get(&envelope::REVISION)?,
            rule_kind: row.get(&RULE_KIND)?,
            baseline_on: row.get(&BASELINE_ON),
            threshold_rate: row.get(&THRESHOLD_RATE)?,
            only_without_baseline: row.get(&ONLY_WITHOUT_BASELINE)?,
            area_code: row.get(&envelope::AREA_CODE)?,
            commodities: row.get(&COMMODITIES).unwrap_or_default(),
            categories: row.get(&CATEGORIES).unwrap_or_default(),
            effective_on: row.get(&EFFECTIVE_ON)?,
            expires_on: row.get(&EXPIRES_ON),
        })
    }

    /// Whether it is about the price of the day before, not of a fixed day.
    pub fn is_day_on_day(&self) -> bool {
        self.rule_kind == PriceRuleKind::DayOnDay
    }

    /// Whether it speaks of a commodity there on that day.
    pub fn covers(&self, (commodity, category): Judged<'_>, day: NaiveDate, area_code: &str) -> bool {
        let all = self.commodities.is_empty() && self.categories.is_empty();
        let named = self.commodities.iter().any(|code| code == commodity)
            || self.categories.iter().any(|named| Some(*named) == category);
        (all || named)
            && area_code.starts_with(&self.area_code)
            && day >= self.effective_on
            && self.expires_on.is_none_or(|last| day <= last)
    }

    /// Judges a line, or says why the rule says nothing of it.
    pub fn judge(&self, judged: Judged<'_>, day: NaiveDate, lines: &Lines) -> Result<Finding, Unjudged> {
        let (commodity, _) = judged;
        let line = lines.get(&(commodity.to_owned(), day)).ok_or(Unjudged::NoReport)?;
        if !self.covers(judged, day, &line.area_code) {
            return Err(Unjudged::NotCovered);
        }
        match self.rule_kind {
            PriceRuleKind::PriceChange | PriceRuleKind::DayOnDay => {
                let price = line.retail_price.ok_or(Unjudged::NoPrice)?;
                let (baseline_on, baseline) = self.baseline(commodity, day, lines, |line| line.retail_price)?;
                let change = Rate::of(price, baseline).ok_or(self.lacks())?;
                Ok(Finding {
                    fires: change.exceeds(self.threshold_rate),
                    baseline_on: Some(baseline_on),
                    change_rate: Some(change.value),
                    markup_rate: line.markup_rate(),
                })
            }
            PriceRuleKind::Markup => {
                let markup = line.markup().ok_or(Unjudged::NoPrice)?;
                let (baseline_on, baseline) = self.baseline(commodity, day, lines, Line::markup)?;
                let fires = markup.less(baseline).exceeds(self.threshold_rate);
                Ok(Finding {
                    fires,
                    baseline_on: Some(baseline_on),
                    change_rate: None,
                    markup_rate: Some(markup.value),
                })
            }
            PriceRuleKind::MarkupCap => {
                let markup = line.markup().ok_or(Unjudged::NoPrice)?;
                let baseline = self.baseline(commodity, day, lines, |line| line.retail_price).ok();
                if self.only_without_baseline && baseline.is_some() {
                    return Err(Unjudged::HasBaseline);
                }
                let fires = markup.exceeds(self.threshold_rate);
                let baseline_on = baseline.map(|(day, _)| day);
                Ok(Finding { fires, baseline_on, change_rate: None, markup_rate: Some(markup.value) })
            }
        }
    }

    /// Reason to give where there is no line to compare with.
    fn lacks(&self) -> Unjudged {
        if self.is_day_on_day() { Unjudged::NoPreviousDay } else { Unjudged::NoBaseline }
    }

    /// The store's line to compare with, of those that have such a figure: of the day before and no other, or the
    /// last until the baseline's day.
    fn baseline<T>(
        &self,
        commodity: &str,
        day: NaiveDate,
        lines: &Lines,
        figure: impl Fn(&Line) -> Option<T>,
    ) -> Result<(NaiveDate, T), Unjudged> {
        let found = || {
            let before = day.pred_opt()?;
            let until = if self.is_day_on_day() { before } else { self.baseline_on?.min(before) };
            let from = if self.is_day_on_day() { before } else { NaiveDate::MIN };
            let of = |day: NaiveDate| (commodity.to_owned(), day);
            let earlier = lines.range(of(from)..=of(until)).rev();
            earlier.into_iter().find_map(|((_, day), line)| Some((*day, figure(line)?)))
        };
        found().ok_or(self.lacks())
    }
}

#[cfg(test)]
mod tests;
