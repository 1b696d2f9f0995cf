//! An alert: raised, judged anew, ended; with the record, revision and pointer of each of its figures.

use chrono::NaiveDate;
use kit::time::day_start;
use kit::value::{Value, Values};
use rust_decimal::Decimal;
use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::judge::{Finding, Line, Lines, Rule, Unjudged};
use super::store::Key;
use crate::platform::privacy::blind::derived_id;
use crate::records::Record;
use crate::records::write_context::WriteContext;
use crate::rooms::supply::commodities::{find, rounded};

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
    values.set("place_id", Value::Id(subject.place_id));
    values.set("commodity", Value::Text(subject.commodity.to_owned()));
    values.set("reported_on", Value::Day(subject.day));
    values.set("rule_id", Value::Id(subject.rule.id));
    values.set("state", Value::Text("open".to_owned()));
    let mut record = Record { envelope, values };
    tell(&mut record, finding, subject);
    Some(record)
}

/// An alert as it is now: of what nobody acted on, what doesn't hold any more is dismissed, and what holds again
/// is open again. What people did about it stays.
pub fn settle(record: &mut Record, finding: Result<&Finding, Unjudged>, subject: &Subject<'_>) {
    match finding {
        Ok(finding) => {
            tell(record, finding, subject);
            if !finding.fires {
                cease(record);
            } else if record.values.text("dismissal") == Some("reevaluated") {
                record.values.set("state", Value::Text("open".to_owned()));
                record.values.set("dismissal", Value::Null);
            }
        }
        Err(unjudged) => {
            cease(record);
            record.values.set("unjudged_reason", Value::Text(unjudged.code().to_owned()));
        }
    }
}

/// It doesn't hold any more.
pub fn cease(record: &mut Record) {
    record.values.set("fires", Value::Boolean(false));
    if record.values.text("state") == Some("open") {
        record.values.set("state", Value::Text("dismissed".to_owned()));
        record.values.set("dismissal", Value::Text("reevaluated".to_owned()));
    }
}

/// Writes the figures and where each is from.
fn tell(record: &mut Record, finding: &Finding, subject: &Subject<'_>) {
    let (rule, line) = (subject.rule, subject.line(subject.day));
    let baseline = finding.baseline_on.and_then(|day| Some((day, subject.line(day)?)));
    let unit = find(subject.commodity).map(|commodity| commodity.normal_price_unit()).unwrap_or_default();
    let mut evidence = Vec::new();
    if let Some(line) = line {
        evidence.extend(figures("observed", line, &unit));
    }
    if let Some((_, baseline)) = baseline {
        evidence.extend(figures("baseline", baseline, &unit));
    }
    evidence
        .push(json!({"figure": "threshold_rate", "value": rule.threshold_rate.normalize().to_string(), "unit": null,
        "kind": "price_rules", "id": rule.id, "revision": rule.revision, "pointer": "/threshold_rate"}));
    let side = |line: &Line, day: NaiveDate| {
        json!({"reported_on": day, "price": text(line.retail_price), "purchase_price": text(line.purchase_price),
            "markup_rate": rate(line.markup_rate()), "unit": unit})
    };
    let values = &mut record.values;
    let json_or_null = |json: Option<Json>| json.map_or(Value::Null, Value::Json);
    let decimal = |value: Option<Decimal>| value.map_or(Value::Null, |value| Value::Decimal(four(value)));
    values.set("rule_revision", Value::Integer(rule.revision));
    values.set("rule_kind", Value::Text(rule.rule_kind.clone()));
    values.set("observed", json_or_null(line.map(|line| side(line, subject.day))));
    values.set("baseline", json_or_null(baseline.map(|(day, line)| side(line, day))));
    values.set("change_rate", decimal(finding.change_rate));
    values.set("markup_rate", decimal(finding.markup_rate));
    values.set("threshold_rate", Value::Decimal(four(rule.threshold_rate)));
    values.set("fires", Value::Boolean(finding.fires));
    values.set("unjudged_reason", Value::Null);
    values.set("evidence", Value::Json(Json::Array(evidence)));
}

/// The figures of a line, each with the record, the revision and the place in it from which it is.
fn figures(side: &str, line: &Line, unit: &str) -> Vec<Json> {
    let prices = [
        ("price", line.retail_price, "retail_price_normalized"),
        ("purchase_price", line.purchase_price, "purchase_price_normalized"),
    ];
    let told = prices.into_iter().filter_map(|(name, price, field)| {
        let price = price?.normalize().to_string();
        Some(json!({"figure": format!("{side}.{name}"), "value": price, "unit": unit, "kind": "supply_reports",
            "id": line.report_id, "revision": line.revision, "pointer": format!("/lines/{}/{field}", line.line_no)}))
    });
    told.collect()
}

fn text(price: Option<Decimal>) -> Option<String> {
    price.map(|price| price.normalize().to_string())
}

fn rate(rate: Option<Decimal>) -> Option<String> {
    rate.map(|rate| four(rate).to_string())
}

/// To four places, as rates are told.
fn four(value: Decimal) -> Decimal {
    let mut value = rounded(value, 4);
    value.rescale(4);
    value
}
