//! Tallies of a checkpoint whose periods overlap, under the lock: whoever adds one is told, of however many at once.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use kit::faults::Fault;
use kit::row::Row;
use kit::statement::{ColumnType, Statement};
use kit::value::{Value, Values};
use ledger::Claim;
use ledger::decide::{Decider, State};
use uuid::Uuid;

use super::{GATE_TALLIES, PERIOD_ENDS_AT, PERIOD_STARTS_AT, PLACE_ID, TALLY_OVERLAPS};
use crate::records::awaited::has_come;
use crate::records::envelope::ID;
use crate::records::warnings::WARNINGS;
use crate::rooms::checkpoints::codes;

/// Decides whether a tally must say that it overlaps.
pub(super) struct TallyDecider;

/// A checkpoint, and from when until when was counted.
type Period = (Uuid, DateTime<Utc>, DateTime<Utc>);

fn period(values: &Values) -> Option<Period> {
    Some((values.get(&PLACE_ID)?, values.get(&PERIOD_STARTS_AT)?, values.get(&PERIOD_ENDS_AT)?))
}

/// Whether the tally says so already.
fn says_so(values: &Values) -> bool {
    values.get(&WARNINGS).is_some_and(|mut noted| noted.any(|noted| noted.code == TALLY_OVERLAPS.code))
}

impl Decider for TallyDecider {
    fn group(&self) -> &'static str {
        GATE_TALLIES.name
    }

    fn load(&self, district_code: &str, claims: &[&Claim]) -> Vec<Statement> {
        let periods: Vec<Period> = claims.iter().filter_map(|claim| claim.next.as_ref()).filter_map(period).collect();
        let column = |value: fn(&Period) -> Value| periods.iter().map(value).collect();
        let met = Statement::new("SELECT DISTINCT t.id, t.place_id, t.period_starts_at, t.period_ends_at FROM unnest(")
            .column(ColumnType::Id, column(|period| Value::Id(period.0)))
            .sql("::uuid[], ")
            .column(ColumnType::Instant, column(|period| Value::Instant(period.1)))
            .sql("::timestamptz[], ")
            .column(ColumnType::Instant, column(|period| Value::Instant(period.2)))
            .sql("::timestamptz[]) AS k(place_id, starts_at, ends_at) JOIN gate_tallies AS t ON t.place_id = k.place_id AND t.period_starts_at < k.ends_at AND t.period_ends_at > k.starts_at AND NOT t.voided AND ")
            .sql(has_come("t."))
            .sql(" WHERE t.district_code = ")
            .text(district_code);
        vec![met]
    }

    fn begin(&self, rows: Vec<Vec<Row>>) -> Result<Box<dyn State>, String> {
        let told = |mut row: Row| {
            let period = (row.get(&PLACE_ID)?, row.get(&PERIOD_STARTS_AT)?, row.get(&PERIOD_ENDS_AT)?);
            Some((row.get(&ID)?, period))
        };
        Ok(Box::new(Periods(rows.into_iter().flatten().filter_map(told).collect())))
    }
}

struct Periods(BTreeMap<Uuid, Period>);

impl State for Periods {
    fn admit(&mut self, claim: &Claim) -> Result<(), Vec<Fault>> {
        let next = claim.next.as_ref().and_then(|values| Some((period(values)?, says_so(values))));
        if let Some(((place_id, starts_at, ends_at), false)) = next {
            let meets = |(id, (place, starts, ends)): (&Uuid, &Period)| {
                *id != claim.id && *place == place_id && *starts < ends_at && starts_at < *ends
            };
            if self.0.iter().any(meets) {
                let pointer = PERIOD_STARTS_AT.pointer();
                return Err(vec![Fault { pointer, code: codes::TALLY_OVERLAPS, values: Vec::new(), hint: None }]);
            }
        }
        self.0.remove(&claim.id);
        self.0.extend(next.map(|(period, _)| (claim.id, period)));
        Ok(())
    }
}
