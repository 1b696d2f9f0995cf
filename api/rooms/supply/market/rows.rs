//! The state of a batch's stores, from the rows that [`super::load`] asked for.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::NaiveDate;
use kit::row::Row;
use kit::value::{Value, Values};
use uuid::Uuid;

use super::Market;
use super::judge::{Line, Rule};
use super::store::Store;
use crate::records::locked_row::LockedRow;
use crate::records::write_context::WriteContext;
use crate::rooms::duties::matching::Contact;

/// The state of those rows.
pub fn market(write_context: &Arc<WriteContext>, rows: Vec<Vec<Row>>) -> Result<Market, String> {
    let mut lists = rows.into_iter();
    let mut next = || lists.next().unwrap_or_default();
    let rules = next().into_iter().filter_map(Rule::of_row).collect();
    let mut stores: BTreeMap<Uuid, Store> = BTreeMap::new();
    for mut row in next() {
        let Some((place_id, contact)) = row.id("place_id").zip(contact(&mut row)) else { continue };
        let Some(day) = contact.values.day("reported_on") else { continue };
        stores.entry(place_id).or_insert_with(|| Store::new(place_id)).reports.insert(day, contact);
    }
    for mut row in (0..4).flat_map(|_| next()) {
        let rule_id = row.id("rule_id");
        let Some((place_id, key, line)) = line(row) else { continue };
        let store = stores.entry(place_id).or_insert_with(|| Store::new(place_id));
        store.dependants.extend(rule_id.map(|rule_id| (rule_id, key.clone())));
        store.lines.insert(key, line);
    }
    for duty in write_context.records("duties", next())? {
        let Some(place_id) = duty.values.id("subject_id") else { continue };
        stores.entry(place_id).or_insert_with(|| Store::new(place_id)).hold_duty(duty);
    }
    for alert in write_context.records("price_alerts", next())? {
        let Some(place_id) = alert.values.id("place_id") else { continue };
        let store = stores.entry(place_id).or_insert_with(|| Store::new(place_id));
        store.alerts.insert(alert.envelope.id, LockedRow::stored(alert));
    }
    Ok(Market { write_context: Arc::clone(write_context), rules, stores })
}

fn contact(row: &mut Row) -> Option<Contact> {
    let mut values = Values::default();
    values.set("reported_on", row.take("reported_on"));
    values.set("awaited", row.take("awaited"));
    let (occurred_at, known_at) = (row.instant("occurred_at")?, row.instant("recorded_at")?);
    Some(Contact { kind: "supply_reports", id: row.id("id")?, occurred_at, known_at, values })
}

fn line(mut row: Row) -> Option<(Uuid, (String, NaiveDate), Line)> {
    let mut decimal = |name: &str| match row.take(name) {
        Value::Decimal(decimal) => Some(decimal),
        _ => None,
    };
    let (purchase_price, retail_price) = (decimal("purchase_price"), decimal("retail_price"));
    let Value::Day(day) = row.take("reported_on") else { return None };
    let line = Line {
        report_id: row.id("report_id")?,
        revision: row.integer("revision")?,
        line_no: row.integer("line_no")?,
        purchase_price,
        retail_price,
        area_code: row.text("area_code")?,
        org_id: row.id("org_id"),
    };
    Some((row.id("place_id")?, (row.text("commodity")?, day), line))
}
