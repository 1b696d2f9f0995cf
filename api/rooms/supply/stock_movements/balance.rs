//! Balances under the lock: from the rollups of each day, so the cost is that of days, not of movements.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::NaiveDate;
use kit::faults::Fault;
use kit::row::Row;
use kit::statement::{ColumnType, Statement};
use kit::time::day_of;
use kit::value::{Value, Values};
use ledger::decide::{Claim, Decider, State};
use uuid::Uuid;

use super::{BALANCE, COMMODITY, MEASURE, ON_DAY, PLACE_ID, QUANTITY, TOTAL, millionths, quantity};
use crate::records::envelope;
use crate::records::write_context::WriteContext;
use crate::rooms::supply::codes::INSUFFICIENT_STOCK;

/// Decides whether a movement leaves no day's balance below zero.
pub struct StockDecider(pub Arc<WriteContext>);

/// A commodity at a place.
type Key = (Uuid, String);

struct Balances {
    write_context: Arc<WriteContext>,
    /// Amounts that each day adds, in millionths of the commodity's unit.
    days: BTreeMap<Key, BTreeMap<NaiveDate, i128>>,
}

fn key(values: &Values) -> Option<Key> {
    Some((values.get(&PLACE_ID)?, values.get(&COMMODITY)?.to_owned()))
}

impl Decider for StockDecider {
    fn group(&self) -> &'static str {
        "stock_movements"
    }

    fn load(&self, district_code: &str, claims: &[&Claim]) -> Vec<Statement> {
        let keys: Vec<Key> =
            claims.iter().flat_map(|claim| claim.former.iter().chain(&claim.next)).filter_map(key).collect();
        let measure = |(_, commodity): &Key| Value::Text(format!("{BALANCE}{commodity}"));
        let statement = Statement::new("SELECT r.place_id, r.measure, r.on_day, sum(r.total) AS total FROM record_rollups AS r WHERE r.kind = 'stock_movements' AND r.district_code = ")
            .text(district_code)
            .sql(" AND r.place_id = ANY(")
            .column(ColumnType::Id, keys.iter().map(|(place_id, _)| Value::Id(*place_id)).collect())
            .sql(") AND r.measure = ANY(")
            .column(ColumnType::Text, keys.iter().map(measure).collect())
            .sql(") GROUP BY 1, 2, 3");
        vec![statement]
    }

    fn begin(&self, rows: Vec<Vec<Row>>) -> Result<Box<dyn State>, String> {
        let mut days: BTreeMap<Key, BTreeMap<NaiveDate, i128>> = BTreeMap::new();
        for mut row in rows.into_iter().flatten() {
            let (Some(place_id), Some(measure), Some(day), Some(total)) =
                (row.get(&PLACE_ID), row.get(&MEASURE), row.get(&ON_DAY), row.get(&TOTAL))
            else {
                continue;
            };
            let Some(commodity) = measure.strip_prefix(BALANCE) else { continue };
            days.entry((place_id, commodity.to_owned())).or_default().insert(day, total);
        }
        Ok(Box::new(Balances { write_context: Arc::clone(&self.0), days }))
    }
}

impl State for Balances {
    fn admit(&mut self, claim: &Claim) -> Result<(), Vec<Fault>> {
        let Some(key) = claim.next.as_ref().or(claim.former.as_ref()).and_then(key) else { return Ok(()) };
        let days = self.days.entry(key.clone()).or_default();
        let before = days.clone();
        let mut first = NaiveDate::MAX;
        for (values, sign) in [(&claim.former, -1), (&claim.next, 1)] {
            let Some(values) = values else { continue };
            let day =
                day_of(values.get(&envelope::OCCURRED_AT).unwrap_or(self.write_context.now), self.write_context.zone);
            *days.entry(day).or_default() += sign * millionths(values).map_or(0, i128::from);
            first = first.min(day);
        }
        // Only what this made worse is its fault.
        match lowest(days, first).filter(|(_, balance)| *balance < 0) {
            Some((day, balance)) if running(&before, day) > balance => {
                let known = self.write_context.goods().known(&key.1, day);
                let unit = known.map(|commodity| commodity.quantity_unit.clone().into_owned());
                let fault = insufficient(unit.unwrap_or_default(), day, running(&before, day).max(0));
                *days = before;
                Err(vec![fault])
            }
            _ => Ok(()),
        }
    }
}

/// The balance at the end of a day.
fn running(days: &BTreeMap<NaiveDate, i128>, day: NaiveDate) -> i128 {
    days.range(..=day).map(|(_, added)| added).sum()
}

/// The lowest balance of a day from `first` on.
fn lowest(days: &BTreeMap<NaiveDate, i128>, first: NaiveDate) -> Option<(NaiveDate, i128)> {
    let mut balance = days.range(..first).map(|(_, added)| added).sum::<i128>();
    let ends = days.range(first..).map(|(day, added)| {
        balance += added;
        (*day, balance)
    });
    ends.min_by_key(|(_, balance)| *balance)
}

fn insufficient(unit: String, day: NaiveDate, available: i128) -> Fault {
    let values = vec![("available", quantity(available).to_string()), ("unit", unit), ("day", day.to_string())];
    Fault { pointer: QUANTITY.pointer(), code: INSUFFICIENT_STOCK, values, hint: None }
}
