//! Balances under the lock: from the rollups of each day, so the cost is that of days, not of movements.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use kit::faults::{Fault, Faults};
use kit::row::Row;
use kit::statement::{ColumnType, Statement};
use kit::time::day_of;
use kit::typed::TypedField;
use kit::value::{Value, Values};
use ledger::Append;
use ledger::decide::{Claim, Decider, State};
use uuid::Uuid;

use super::made::Made;
use super::sources::{Entry, ITEMS, Key, StockSource};
use super::{
    BALANCE, COMMODITY, MEASURE, ON_DAY, PLACE_ID, QUANTITY, SOURCE_ID, SOURCE_KIND, STOCK_MOVEMENTS, TOTAL,
    millionths, quantity,
};
use crate::records::change::Changes;
use crate::records::write_context::WriteContext;
use crate::records::{Record, envelope};
use crate::rooms::supply::codes::{INSUFFICIENT_STOCK, KEPT_BY_SOURCE};
use crate::rooms::supply::commodities::add_unknown_unit;

/// Decides whether a movement, or a record that makes some, leaves no day's balance below zero.
pub struct StockDecider(pub Arc<WriteContext>);

struct Balances {
    write_context: Arc<WriteContext>,
    /// Amounts that each day adds, in millionths of the commodity's unit.
    days: BTreeMap<Key, BTreeMap<NaiveDate, i128>>,
    /// Movements of the records that make some.
    made: Made,
}

/// Gain of a day, in millionths; negative for a loss.
struct Flow {
    key: Key,
    day: NaiveDate,
    amount: i128,
}

/// A day on which there would be less than nothing, and what was there before.
struct Lack {
    key: Key,
    day: NaiveDate,
    available: i128,
}

fn key(values: &Values) -> Option<Key> {
    Some((values.get(&PLACE_ID)?, values.get(&COMMODITY)?.to_owned()))
}

fn source_of(claim: &Claim) -> Option<StockSource> {
    StockSource::of_code(claim.kind)
}

fn keys(claim: &Claim) -> Vec<Key> {
    let values = claim.former.iter().chain(&claim.next);
    match source_of(claim) {
        Some(source) => values.flat_map(|values| source.entries(values)).map(|entry| entry.key).collect(),
        None => values.filter_map(key).collect(),
    }
}

impl Decider for StockDecider {
    fn group(&self) -> &'static str {
        "stock_movements"
    }

    fn load(&self, district_code: &str, claims: &[&Claim]) -> Vec<Statement> {
        let keys: Vec<Key> = claims.iter().flat_map(|claim| keys(claim)).collect();
        let measure = |(_, commodity): &Key| Value::Text(format!("{BALANCE}{commodity}"));
        let balances = Statement::new("SELECT r.place_id, r.measure, r.on_day, sum(r.total) AS total FROM record_rollups AS r WHERE r.kind = 'stock_movements' AND r.district_code = ")
            .text(district_code)
            .sql(" AND r.place_id = ANY(")
            .column(ColumnType::Id, keys.iter().map(|(place_id, _)| Value::Id(*place_id)).collect())
            .sql(") AND r.measure = ANY(")
            .column(ColumnType::Text, keys.iter().map(measure).collect())
            .sql(") GROUP BY 1, 2, 3");
        let sources = claims.iter().filter(|claim| source_of(claim).is_some());
        let sources: Vec<Value> = sources.map(|claim| Value::Id(claim.id)).collect();
        if sources.is_empty() {
            return vec![balances];
        }
        let made = Statement::new(format!(
            "SELECT {} FROM stock_movements AS r WHERE r.district_code = ",
            STOCK_MOVEMENTS.select()
        ))
        .text(district_code)
        .sql(" AND r.source_id = ANY(")
        .column(ColumnType::Id, sources)
        .sql(")");
        vec![balances, made]
    }

    fn begin(&self, rows: Vec<Vec<Row>>) -> Result<Box<dyn State>, String> {
        let mut lists = rows.into_iter();
        let mut days: BTreeMap<Key, BTreeMap<NaiveDate, i128>> = BTreeMap::new();
        for mut row in lists.next().unwrap_or_default() {
            let (Some(place_id), Some(measure), Some(day), Some(total)) =
                (row.get(&PLACE_ID), row.get(&MEASURE), row.get(&ON_DAY), row.get(&TOTAL))
            else {
                continue;
            };
            let Some(commodity) = measure.strip_prefix(BALANCE) else { continue };
            days.entry((place_id, commodity.to_owned())).or_default().insert(day, total);
        }
        let mut made = Made::default();
        for record in self.0.records(&STOCK_MOVEMENTS, lists.next().unwrap_or_default())? {
            if let Some(source_id) = record.values.get(&SOURCE_ID) {
                made.hold(source_id, record);
            }
        }
        Ok(Box::new(Balances { write_context: Arc::clone(&self.0), days, made }))
    }
}

impl State for Balances {
    fn admit(&mut self, claim: &Claim) -> Result<(), Vec<Fault>> {
        match source_of(claim) {
            Some(source) => self.admit_source(source, claim),
            None => self.admit_movement(claim),
        }
    }

    fn follow(self: Box<Self>) -> Result<Option<Append>, String> {
        let mut changes = Changes::default();
        self.made.put_into(&mut changes);
        changes.following(&self.write_context)
    }
}

impl Balances {
    fn admit_movement(&mut self, claim: &Claim) -> Result<(), Vec<Fault>> {
        if let Some(fault) = kept_by_source(claim) {
            return Err(vec![fault]);
        }
        let told = [(&claim.former, -1), (&claim.next, 1)];
        let flows = told.into_iter().filter_map(|(values, sign)| {
            let values = values.as_ref()?;
            let at = values.get(&envelope::OCCURRED_AT).unwrap_or(self.write_context.now);
            self.flow(values, at, sign)
        });
        let flows: Vec<Flow> = flows.collect();
        let lacks = self.take(&flows);
        let faults = lacks.iter().map(|lack| self.insufficient(lack, pointer_of(&QUANTITY)));
        refused(faults.collect())
    }

    /// A record's movements of before go, those of what it says now come: both at once, so that only the difference
    /// is judged.
    fn admit_source(&mut self, source: StockSource, claim: &Claim) -> Result<(), Vec<Fault>> {
        let values = claim.next.as_ref();
        let at = values.map_or(self.write_context.now, |values| {
            source.at(values, self.write_context.zone, self.write_context.now)
        });
        let entries = values.map(|values| source.entries(values)).unwrap_or_default();
        let wanted = self.wanted(source, claim.id, &entries, at)?;
        let former = self
            .made
            .standing(claim.id)
            .filter_map(|Record { envelope, values }| self.flow(values, envelope.occurred_at, -1));
        let flows: Vec<Flow> = former.chain(wanted.values().filter_map(|values| self.flow(values, at, 1))).collect();
        let mut faults = Vec::new();
        for lack in self.take(&flows) {
            let concerned = entries.iter().filter(|entry| entry.key == lack.key);
            let mut pointers: Vec<String> = concerned.map(|entry| at_item(entry, QUANTITY.name())).collect();
            if pointers.is_empty() {
                pointers.push(pointer_of(&ITEMS));
            }
            faults.extend(pointers.into_iter().map(|pointer| self.insufficient(&lack, pointer)));
        }
        refused(faults)?;
        self.made.settle(claim, wanted, at, &self.write_context);
        Ok(())
    }

    /// The movements that a record's items are.
    fn wanted(
        &self,
        source: StockSource,
        id: Uuid,
        entries: &[Entry],
        at: DateTime<Utc>,
    ) -> Result<BTreeMap<Uuid, Values>, Vec<Fault>> {
        let (mut wanted, mut faults) = (BTreeMap::new(), Faults::default());
        let day = day_of(at, self.write_context.zone);
        for entry in entries {
            let Some(commodity) = self.write_context.goods().known(&entry.key.1, day) else { continue };
            match commodity.normal_quantity(entry.item.quantity, &entry.item.quantity_unit) {
                Some(normal) => {
                    let movement_id = source.movement_id(&self.write_context, id, &entry.item.item);
                    wanted.insert(movement_id, source.movement(id, entry, normal));
                }
                None => add_unknown_unit(at_item(entry, "quantity_unit"), commodity, false, &mut faults),
            }
        }
        if faults.is_empty() { Ok(wanted) } else { Err(faults.list().to_vec()) }
    }

    fn flow(&self, values: &Values, at: DateTime<Utc>, sign: i128) -> Option<Flow> {
        let amount = sign * millionths(values).map_or(0, i128::from);
        Some(Flow { key: key(values)?, day: day_of(at, self.write_context.zone), amount })
    }

    /// Takes what flows in and out, unless it makes a day's balance less than nothing: then all stays as it was.
    fn take(&mut self, flows: &[Flow]) -> Vec<Lack> {
        let mut before: BTreeMap<Key, (NaiveDate, BTreeMap<NaiveDate, i128>)> = BTreeMap::new();
        for Flow { key, day, amount } in flows {
            let days = self.days.entry(key.clone()).or_default();
            let (first, _) = before.entry(key.clone()).or_insert_with(|| (*day, days.clone()));
            *first = (*first).min(*day);
            *days.entry(*day).or_default() += amount;
        }
        let lacks = before.iter().filter_map(|(key, (first, before))| {
            let (day, balance) = lowest(self.days.get(key)?, *first).filter(|(_, balance)| *balance < 0)?;
            let available = running(before, day);
            // Only what this made worse is its fault.
            (available > balance).then(|| Lack { key: key.clone(), day, available: available.max(0) })
        });
        let lacks: Vec<Lack> = lacks.collect();
        if !lacks.is_empty() {
            self.days.extend(before.into_iter().map(|(key, (_, days))| (key, days)));
        }
        lacks
    }

    fn insufficient(&self, Lack { key, day, available }: &Lack, pointer: String) -> Fault {
        let known = self.write_context.goods().known(&key.1, *day);
        let unit = known.map(|commodity| commodity.quantity_unit.clone().into_owned()).unwrap_or_default();
        let values = vec![("available", quantity(*available).to_string()), ("unit", unit), ("day", day.to_string())];
        Fault { pointer, code: INSUFFICIENT_STOCK, values, hint: None }
    }
}

fn pointer_of<T>(field: &TypedField<T>) -> String {
    format!("/{}", field.name())
}

fn at_item(entry: &Entry, member: &str) -> String {
    format!("/{}/{}/{member}", ITEMS.name(), entry.index)
}

fn refused(faults: Vec<Fault>) -> Result<(), Vec<Fault>> {
    if faults.is_empty() { Ok(()) } else { Err(faults) }
}

/// Whether somebody changes by hand what goes with another record.
fn kept_by_source(claim: &Claim) -> Option<Fault> {
    let (kind, id) = claim
        .former
        .iter()
        .chain(&claim.next)
        .find_map(|values| values.get(&SOURCE_KIND).zip(values.get(&SOURCE_ID)))?;
    let values = vec![("source", format!("{kind}/{id}"))];
    Some(Fault { pointer: String::new(), code: KEPT_BY_SOURCE, values, hint: None })
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
