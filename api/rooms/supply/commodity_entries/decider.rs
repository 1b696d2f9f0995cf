//! Rules across the entries of a district: one of a commodity and day, one meaning of a name, one unit of figures that
//! add up.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use kit::catalogue::FaultCode;
use kit::faults::Fault;
use kit::row::Row;
use kit::statement::Statement;
use kit::text::folded;
use kit::value::Values;
use ledger::Claim;
use ledger::decide::{Decider, State};
use uuid::Uuid;

use super::{ALSO, COMMODITY, EFFECTIVE_ON, NAME_EN, NAME_ZH, PRICE_UNIT, QUANTITY_UNIT, RETIRED, names};
use crate::records::envelope;
use crate::rooms::supply::codes::{ENTRY_EXISTS, NAME_TAKEN, TOO_MANY_COMMODITIES, UNIT_FIXED};
use crate::rooms::supply::commodities::{built_in, dimension_of};

/// Own commodities of a district at most.
const MOST: usize = 500;

/// Decides about entries.
pub struct EntryDecider;

/// An entry as the others see it.
struct Line {
    commodity: String,
    effective_on: NaiveDate,
    names: BTreeSet<String>,
    price_unit: Option<String>,
    quantity_unit: Option<String>,
    voided: bool,
}

impl Line {
    fn of(values: &Values, voided: bool) -> Option<Self> {
        // Names of a retired commodity are free.
        let retired = values.get(&RETIRED) == Some(true);
        let names = names(values).into_iter().filter(|_| !retired).map(|(_, name)| folded(&name)).collect();
        Some(Self {
            commodity: values.get(&COMMODITY)?.to_owned(),
            effective_on: values.get(&EFFECTIVE_ON)?,
            names,
            price_unit: values.get(&PRICE_UNIT).map(str::to_owned),
            quantity_unit: values.get(&QUANTITY_UNIT).map(str::to_owned),
            voided,
        })
    }
}

/// The entries of a district.
struct Entries(BTreeMap<Uuid, Line>);

impl Decider for EntryDecider {
    fn group(&self) -> &'static str {
        "commodity_entries"
    }

    /// All of them: a district has a few hundred.
    fn load(&self, district_code: &str, _claims: &[&Claim]) -> Vec<Statement> {
        let statement = Statement::new(
            "SELECT id, voided, commodity, effective_on, retired, name_zh, name_en, price_unit, quantity_unit, also FROM commodity_entries WHERE district_code = ",
        );
        vec![statement.text(district_code)]
    }

    fn begin(&self, rows: Vec<Vec<Row>>) -> Result<Box<dyn State>, String> {
        let line = |mut row: Row| {
            let mut values = Values::default();
            values.set_or_clear(&COMMODITY, row.get(&COMMODITY));
            values.set_or_clear(&EFFECTIVE_ON, row.get(&EFFECTIVE_ON));
            values.set_or_clear(&RETIRED, row.get(&RETIRED));
            for field in [&NAME_ZH, &NAME_EN, &PRICE_UNIT, &QUANTITY_UNIT] {
                values.set_or_clear(field, row.get(field));
            }
            values.set_or_clear(&ALSO, row.get(&ALSO));
            Some((row.get(&envelope::ID)?, Line::of(&values, row.get(&envelope::VOIDED)?)?))
        };
        Ok(Box::new(Entries(rows.into_iter().flatten().filter_map(line).collect())))
    }
}

impl State for Entries {
    fn admit(&mut self, claim: &Claim) -> Result<(), Vec<Fault>> {
        let Some(next) = &claim.next else {
            // The unit in which figures were added up stays.
            self.0.entry(claim.id).and_modify(|line| line.voided = true);
            return Ok(());
        };
        let Some(line) = Line::of(next, false) else { return Ok(()) };
        let faults = self.faults(claim.id, &line, next);
        if faults.is_empty() {
            self.0.insert(claim.id, line);
            Ok(())
        } else {
            Err(faults)
        }
    }
}

impl Entries {
    fn faults(&self, id: Uuid, line: &Line, next: &Values) -> Vec<Fault> {
        let fault = |pointer: String, code: FaultCode, values| Fault { pointer, code, values, hint: None };
        let mut faults = Vec::new();
        let others = || self.0.iter().filter(|(other, _)| **other != id);
        let of_commodity = || others().filter(|(_, other)| other.commodity == line.commodity);
        let same_day = of_commodity().find(|(_, other)| !other.voided && other.effective_on == line.effective_on);
        if let Some((met, _)) = same_day {
            let location = format!("/v1/commodity-entries/{met}");
            faults.push(fault(EFFECTIVE_ON.pointer(), ENTRY_EXISTS, vec![("location", location)]));
        }
        for (_, other) in of_commodity().take(1) {
            let differs = |one: &Option<String>, other: &Option<String>, of_prices| {
                let dimension = |unit: &Option<String>| unit.as_deref().map(|unit| dimension_of(unit, of_prices));
                dimension(one) != dimension(other)
            };
            if differs(&other.price_unit, &line.price_unit, true) {
                let unit = other.price_unit.clone().unwrap_or_default();
                faults.push(fault(PRICE_UNIT.pointer(), UNIT_FIXED, vec![("unit", unit)]));
            }
            if other.quantity_unit != line.quantity_unit {
                let unit = other.quantity_unit.clone().unwrap_or_default();
                faults.push(fault(QUANTITY_UNIT.pointer(), UNIT_FIXED, vec![("unit", unit)]));
            }
        }
        let until = self.until(id, line);
        for (pointer, name) in names(next) {
            let name = folded(&name);
            let taken = others().find(|(other_id, other)| {
                let overlaps = other.effective_on < until && line.effective_on < self.until(**other_id, other);
                !other.voided && other.commodity != line.commodity && overlaps && other.names.contains(&name)
            });
            if let Some((_, other)) = taken.filter(|_| line.names.contains(&name)) {
                faults.push(fault(pointer, NAME_TAKEN, vec![("commodity", other.commodity.clone())]));
            }
        }
        let own: BTreeSet<&str> =
            self.0.values().map(|line| line.commodity.as_str()).filter(|code| built_in(code).is_none()).collect();
        if built_in(&line.commodity).is_none() && own.len() >= MOST && !own.contains(line.commodity.as_str()) {
            faults.push(fault(COMMODITY.pointer(), TOO_MANY_COMMODITIES, vec![("max", MOST.to_string())]));
        }
        faults
    }

    /// The day from which another entry of the commodity holds.
    fn until(&self, id: Uuid, line: &Line) -> NaiveDate {
        let later = self.0.iter().filter(|(other, _)| **other != id).map(|(_, other)| other);
        let later = later.filter(|other| !other.voided && other.commodity == line.commodity);
        let days = later.map(|other| other.effective_on).filter(|day| *day > line.effective_on);
        days.min().unwrap_or(NaiveDate::MAX)
    }
}
