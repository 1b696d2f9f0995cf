//! Numbers of a series: under the lock each edition takes the next, so that none is missing and none is there twice.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::Datelike;
use kit::columns;
use kit::faults::Fault;
use kit::row::Row;
use kit::statement::Statement;
use kit::value::Values;
use ledger::decide::{Claim, Decider, State};

use super::wire::{AS_OF_ON, EDITION_NO, SERIES};
use crate::rooms::bulletins::codes::NUMBER_TAKEN;

columns! {
    /// Year of the days of editions.
    YEAR "year": i64;
    /// The last number given.
    LAST "last": i64;
}

/// Series and year.
type Shelf = (String, i64);

/// Last number of each series and year of a district.
pub fn statement(district_code: &str) -> Statement {
    Statement::new("SELECT series, date_part('year', as_of_on)::bigint AS year, max(edition_no)::bigint AS last FROM bulletin_editions WHERE district_code = ")
        .text(district_code)
        .sql(" GROUP BY 1, 2")
}

/// The numbers of such rows.
pub fn last_numbers(rows: Vec<Row>) -> BTreeMap<Shelf, i64> {
    rows.into_iter().filter_map(|mut row| Some(((row.get(&SERIES)?, row.get(&YEAR)?), row.get(&LAST)?))).collect()
}

/// Series and year of an edition.
pub fn shelf(values: &Values) -> Option<Shelf> {
    Some((values.get(&SERIES)?.to_owned(), i64::from(values.get(&AS_OF_ON)?.year())))
}

/// Decides about numbers.
pub struct NumberDecider;

impl NumberDecider {
    /// The decider of an append.
    pub fn shared() -> Arc<dyn Decider> {
        Arc::new(Self)
    }
}

struct Numbers(BTreeMap<Shelf, i64>);

impl Decider for NumberDecider {
    fn group(&self) -> &'static str {
        "bulletins"
    }

    fn load(&self, district_code: &str, _claims: &[&Claim]) -> Vec<Statement> {
        vec![statement(district_code)]
    }

    fn begin(&self, rows: Vec<Vec<Row>>) -> Result<Box<dyn State>, String> {
        Ok(Box::new(Numbers(rows.into_iter().flat_map(last_numbers).collect())))
    }
}

impl State for Numbers {
    fn admit(&mut self, claim: &Claim) -> Result<(), Vec<Fault>> {
        // A withdrawal keeps its number.
        let (None, Some(next)) = (&claim.former, &claim.next) else { return Ok(()) };
        let (Some(shelf), Some(number)) = (shelf(next), next.get(&EDITION_NO)) else { return Ok(()) };
        let last = self.0.get(&shelf).copied().unwrap_or(0);
        if number != last + 1 {
            let values = vec![("number", number.to_string())];
            return Err(vec![Fault { pointer: EDITION_NO.pointer(), code: NUMBER_TAKEN, values, hint: None }]);
        }
        self.0.insert(shelf, number);
        Ok(())
    }
}
