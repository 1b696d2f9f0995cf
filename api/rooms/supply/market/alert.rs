//! An alert: raised, judged anew, ended; with the record, revision and pointer of each of its figures.

use chrono::NaiveDate;
use kit::time::day_start;
use kit::typed::TypedField;
use kit::value::Values;
use rust_decimal::Decimal;
use uuid::Uuid;

use super::judge::{Finding, Line, Lines, Rule};
use super::store::Key;
use crate::platform::privacy::blind::derived_id;
use crate::records::Record;
use crate::records::write_context::WriteContext;
use crate::rooms::supply::commodities::own::Goods;
use crate::rooms::supply::commodities::rounded;
use crate::rooms::supply::price_alerts::{
    AlertEvidence, AlertSide, BASELINE, CHANGE_RATE, COMMODITY, DISMISSAL, EVIDENCE, FIRES, MARKUP_RATE, OBSERVED,
    PLACE_ID, PriceAlertDismissal, PriceAlertState, PriceAlertUnjudgedReason, REPORTED_ON, RULE_ID, RULE_KIND,
    RULE_REVISION, STATE, THRESHOLD_RATE, UNJUDGED_REASON,
};
use crate::rooms::supply::price_rules::{self, PRICE_RULES};
use crate::rooms::supply::supply_reports::{LINES, SUPPLY_REPORTS};

/// Subject of an alert.
pub struct Subject<'a> {
    /// Its id.
    pub id: Uuid,
    /// The store.
    pub place_id: Uuid,
    /// The commodity.
    pub commodity: &'a str,
    /// The day.
    pub day: NaiveDate,
    /// The rule.
    pub rule: &'a Rule,
    /// The store's lines.
    pub lines: &'a Lines,
    /// The district's own entries of goods.
    pub goods: &'a Goods,
}

/// Derives the id of an alert from the rule, the store, the commodity and the day, which make it one.
pub fn id_of(write_context: &WriteContext, rule_id: Uuid, place_id: Uuid, (commodity, day): &Key) -> Uuid {
    let (rule_id, place_id) = (rule_id.to_string(), place_id.to_string());
    derived_id(&write_context.keys.identity, &["price_alert", &rule_id, &place_id, commodity, &day.to_string()])
}

impl Subject<'_> {
    fn line(&self, day: NaiveDate) -> Option<&Line> {
        self.lines.get(&(self.commodity.to_owned(), day))
    }
}

/// A new alert.
pub fn raised(subject: &Subject<'_>, finding: &Finding, write_context: &WriteContext, by: Uuid) -> Option<Record> {
    let line = subject.line(subject.day)?;
    let begins_at = day_start(subject.day, write_context.zone)?;
    let envelope = write_context.envelope(subject.id, &line.area_code, line.org_id, begins_at, by);
    let mut values = Values::default();
    values.set(&PLACE_ID, subject.place_id);
    values.set(&COMMODITY, subject.commodity);
    values.set(&REPORTED_ON, subject.day);
    values.set(&RULE_ID, subject.rule.id);
    values.set(&STATE, PriceAlertState::Open);
    let mut record = Record { envelope, values };
    tell(&mut record, finding, subject);
    Some(record)
}

/// An alert as it is now: of what nobody acted on, what doesn't hold any more is dismissed, and what holds again
/// is open again. What people did about it stays.
pub fn settle(record: &mut Record, finding: Result<&Finding, PriceAlertUnjudgedReason>, subject: &Subject<'_>) {
    match finding {
        Ok(finding) => {
            tell(record, finding, subject);
            if !finding.fires {
                cease(record);
            } else if record.values.get(&DISMISSAL) == Some(PriceAlertDismissal::Reevaluated) {
                record.values.set(&STATE, PriceAlertState::Open);
                record.values.clear(&DISMISSAL);
            }
        }
        Err(unjudged) => {
            cease(record);
            record.values.set(&UNJUDGED_REASON, unjudged);
        }
    }
}

/// It doesn't hold any more.
pub fn cease(record: &mut Record) {
    record.values.set(&FIRES, false);
    if record.values.get(&STATE) == Some(PriceAlertState::Open) {
        record.values.set(&STATE, PriceAlertState::Dismissed);
        record.values.set(&DISMISSAL, PriceAlertDismissal::Reevaluated);
    }
}

/// Writes the figures and where each is from.
fn tell(record: &mut Record, finding: &Finding, subject: &Subject<'_>) {
    let (rule, line) = (subject.rule, subject.line(subject.day));
    let baseline = finding.baseline_on.and_then(|day| Some((day, subject.line(day)?)));
    let known = subject.goods.known(subject.commodity, subject.day);
    let unit = known.map(|commodity| commodity.normal_price_unit()).unwrap_or_default();
    let mut evidence = Vec::new();
    if let Some(line) = line {
        evidence.extend(figures(&OBSERVED, line, &unit));
    }
    if let Some((_, baseline)) = baseline {
        evidence.extend(figures(&BASELINE, baseline, &unit));
    }
    evidence.push(threshold(rule));
    let values = &mut record.values;
    values.set(&RULE_REVISION, rule.revision);
    values.set(&RULE_KIND, rule.rule_kind);
    values.set_or_clear(&OBSERVED, line.map(|line| side(line, subject.day, &unit)));
    values.set_or_clear(&BASELINE, baseline.map(|(day, line)| side(line, day, &unit)));
    values.set_or_clear(&CHANGE_RATE, finding.change_rate.map(four));
    values.set_or_clear(&MARKUP_RATE, finding.markup_rate.map(four));
    values.set(&THRESHOLD_RATE, four(rule.threshold_rate));
    values.set(&FIRES, finding.fires);
    values.clear(&UNJUDGED_REASON);
    values.set(&EVIDENCE, evidence);
}

fn side(line: &Line, reported_on: NaiveDate, unit: &str) -> AlertSide {
    AlertSide {
        reported_on,
        price: line.retail_price.map(|price| price.normalize()),
        purchase_price: line.purchase_price.map(|price| price.normalize()),
        markup_rate: line.markup_rate().map(four),
        unit: unit.to_owned(),
    }
}

fn threshold(rule: &Rule) -> AlertEvidence {
    AlertEvidence {
        figure: THRESHOLD_RATE.to_string(),
        value: rule.threshold_rate.normalize().to_string(),
        unit: None,
        kind: PRICE_RULES.name.to_owned(),
        id: rule.id,
        revision: rule.revision,
        pointer: price_rules::THRESHOLD_RATE.pointer(),
    }
}

/// The figures of a line, each with the record, the revision and the place in it from which it is.
fn figures(side: &TypedField<AlertSide>, line: &Line, unit: &str) -> Vec<AlertEvidence> {
    let prices = [
        ("price", line.retail_price, "retail_price_normalized"),
        ("purchase_price", line.purchase_price, "purchase_price_normalized"),
    ];
    let told = prices.into_iter().filter_map(|(name, price, member)| {
        Some(AlertEvidence {
            figure: format!("{side}.{name}"),
            value: price?.normalize().to_string(),
            unit: Some(unit.to_owned()),
            kind: SUPPLY_REPORTS.name.to_owned(),
            id: line.report_id,
            revision: line.revision,
            pointer: format!("/{LINES}/{}/{member}", line.line_no),
        })
    });
    told.collect()
}

/// To four places, as rates are told.
fn four(value: Decimal) -> Decimal {
    let mut value = rounded(value, 4);
    value.rescale(4);
    value
}
