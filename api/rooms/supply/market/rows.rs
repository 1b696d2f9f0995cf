//! The state of a batch's stores, from the rows that [`super::load`] asked for.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::NaiveDate;
use kit::columns;
use kit::row::Row;
use kit::value::Values;
use rust_decimal::Decimal;
use uuid::Uuid;

use super::Market;
use super::judge::{Line, Rule};
use super::store::Store;
use crate::records::envelope;
use crate::records::locked_row::LockedRow;
use crate::records::write_context::WriteContext;
use crate::rooms::duties::wire::SUBJECT_ID;
use crate::rooms::duties::{Contact, DUTIES};
use crate::rooms::supply::commodities::COMMODITY;
use crate::rooms::supply::price_alerts::PRICE_ALERTS;
use crate::rooms::supply::price_alerts::{self, RULE_ID};
use crate::rooms::supply::supply_reports::{PLACE_ID, REPORTED_ON, SUPPLY_REPORTS};

columns! {
    /// The report of a line.
    REPORT_ID "report_id": Uuid;
    /// Its place in the report's list.
    LINE_NO "line_no": i64;
    /// Price that the store pays, in the unit that is compared.
    PURCHASE_PRICE "purchase_price": Decimal;
    /// Price that the store charges, in the unit that is compared.
    RETAIL_PRICE "retail_price": Decimal;
}

/// The state of those rows.
pub fn market(write_context: &Arc<WriteContext>, rows: Vec<Vec<Row>>) -> Result<Market, String> {
    let mut lists = rows.into_iter();
    let mut next = || lists.next().unwrap_or_default();
    let rules = next().into_iter().filter_map(Rule::of_row).collect();
    let mut stores: BTreeMap<Uuid, Store> = BTreeMap::new();
    for mut row in next() {
        let Some((place_id, contact)) = row.get(&PLACE_ID).zip(contact(&mut row)) else { continue };
        let Some(day) = contact.values.get(&REPORTED_ON) else { continue };
        stores.entry(place_id).or_insert_with(|| Store::new(place_id)).reports.insert(day, contact);
    }
    for mut row in (0..4).flat_map(|_| next()) {
        let rule_id = row.get(&RULE_ID);
        let Some((place_id, key, line)) = line(row) else { continue };
        let store = stores.entry(place_id).or_insert_with(|| Store::new(place_id));
        store.dependants.extend(rule_id.map(|rule_id| (rule_id, key.clone())));
        store.lines.insert(key, line);
    }
    for duty in write_context.records(&DUTIES, next())? {
        let Some(place_id) = duty.values.get(&SUBJECT_ID) else { continue };
        stores.entry(place_id).or_insert_with(|| Store::new(place_id)).hold_duty(duty);
    }
    for alert in write_context.records(&PRICE_ALERTS, next())? {
        let Some(place_id) = alert.values.get(&price_alerts::PLACE_ID) else { continue };
        let store = stores.entry(place_id).or_insert_with(|| Store::new(place_id));
        store.alerts.insert(alert.envelope.id, LockedRow::stored(alert));
    }
    Ok(Market { write_context: Arc::clone(write_context), rules, stores })
}

fn contact(row: &mut Row) -> Option<Contact> {
    let mut values = Values::default();
    values.set_or_clear(&REPORTED_ON, row.get(&REPORTED_ON));
    values.set_or_clear(&envelope::AWAITED, row.get(&envelope::AWAITED));
    let (occurred_at, known_at) = (row.get(&envelope::OCCURRED_AT)?, row.get(&envelope::RECORDED_AT)?);
    Some(Contact { kind: SUPPLY_REPORTS.name, id: row.get(&envelope::ID)?, occurred_at, known_at, values })
}

fn line(mut row: Row) -> Option<(Uuid, (String, NaiveDate), Line)> {
    let (place_id, key) = (row.get(&PLACE_ID)?, (row.get(&COMMODITY)?, row.get(&REPORTED_ON)?));
    let line = Line {
        report_id: row.get(&REPORT_ID)?,
        revision: row.get(&envelope::REVISION)?,
        line_no: row.get(&LINE_NO)?,
        purchase_price: row.get(&PURCHASE_PRICE),
        retail_price: row.get(&RETAIL_PRICE),
        area_code: row.get(&envelope::AREA_CODE)?,
        org_id: row.get(&envelope::ORG_ID),
    };
    Some((place_id, key, line))
}
