//! Partnerships under the lock: no two of the same compound, organisation and kind hold on the same day.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use kit::faults::Fault;
use kit::row::Row;
use kit::statement::{ColumnType, Statement};
use kit::value::{Value, Values};
use ledger::decide::{Claim, Decider, State};
use uuid::Uuid;

use super::{COMPOUND_PARTNERSHIPS, ENDS_ON, PARTNER_ORG_ID, PARTNERSHIP_KIND, PLACE_ID, PartnershipKind, STARTS_ON};
use crate::records::envelope::ID;
use crate::rooms::compounds::codes::OVERLAPS_PARTNERSHIP;

/// Decides that a partnership holds once at a time.
pub struct PartnershipDecider;

/// Compound, organisation and kind.
type Bond = (Uuid, Uuid, PartnershipKind);

/// From which day until which one.
#[derive(Clone, Copy)]
struct Days {
    starts_on: NaiveDate,
    ends_on: Option<NaiveDate>,
}

impl Days {
    fn of(values: &Values) -> Option<Self> {
        Some(Self { starts_on: values.get(&STARTS_ON)?, ends_on: values.get(&ENDS_ON) })
    }

    /// Whether both hold on one day.
    fn meets(self, other: Self) -> bool {
        let begins_in_time = |one: Self, other: Self| other.ends_on.is_none_or(|last| one.starts_on <= last);
        begins_in_time(self, other) && begins_in_time(other, self)
    }
}

fn bond(values: &Values) -> Option<Bond> {
    Some((values.get(&PLACE_ID)?, values.get(&PARTNER_ORG_ID)?, values.get(&PARTNERSHIP_KIND)?))
}

#[derive(Default)]
struct Partnerships(BTreeMap<Bond, BTreeMap<Uuid, Days>>);

impl Decider for PartnershipDecider {
    fn group(&self) -> &'static str {
        COMPOUND_PARTNERSHIPS.name
    }

    fn load(&self, district_code: &str, claims: &[&Claim]) -> Vec<Statement> {
        let places = claims.iter().filter_map(|claim| claim.next.as_ref()?.get(&PLACE_ID)).map(Value::Id).collect();
        let statement = Statement::new("SELECT p.id, p.place_id, p.partner_org_id, p.partnership_kind, p.starts_on, p.ends_on FROM compound_partnerships AS p WHERE NOT p.voided AND p.district_code = ")
            .text(district_code)
            .sql(" AND p.place_id = ANY(")
            .column(ColumnType::Id, places)
            .sql(")");
        vec![statement]
    }

    fn begin(&self, rows: Vec<Vec<Row>>) -> Result<Box<dyn State>, String> {
        let mut partnerships = Partnerships::default();
        for mut row in rows.into_iter().flatten() {
            let bond = (row.get(&PLACE_ID), row.get(&PARTNER_ORG_ID), row.get(&PARTNERSHIP_KIND));
            let days = row.get(&STARTS_ON).map(|starts_on| Days { starts_on, ends_on: row.get(&ENDS_ON) });
            if let ((Some(place), Some(partner), Some(kind)), Some(days), Some(id)) = (bond, days, row.get(&ID)) {
                partnerships.0.entry((place, partner, kind)).or_default().insert(id, days);
            }
        }
        Ok(Box::new(partnerships))
    }
}

impl State for Partnerships {
    fn admit(&mut self, claim: &Claim) -> Result<(), Vec<Fault>> {
        let next = claim.next.as_ref().and_then(|next| Some((bond(next)?, Days::of(next)?)));
        if let Some((bond, days)) = next {
            let others = self.0.get(&bond).into_iter().flatten().filter(|(id, _)| **id != claim.id);
            if let Some((_, met)) = others.into_iter().find(|(_, other)| other.meets(days)) {
                return Err(vec![overlaps(*met)]);
            }
        }
        for of_bond in self.0.values_mut() {
            of_bond.remove(&claim.id);
        }
        if let Some((bond, days)) = next {
            self.0.entry(bond).or_default().insert(claim.id, days);
        }
        Ok(())
    }
}

fn overlaps(met: Days) -> Fault {
    let to = met.ends_on.map_or_else(|| "…".to_owned(), |day| day.to_string());
    let values = vec![("from", met.starts_on.to_string()), ("to", to)];
    Fault { pointer: STARTS_ON.pointer(), code: OVERLAPS_PARTNERSHIP, values, hint: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn days(starts_on: &str, ends_on: Option<&str>) -> Days {
        Days { starts_on: starts_on.parse().unwrap(), ends_on: ends_on.map(|day| day.parse().unwrap()) }
    }

    #[test]
    fn a_day_in_common_is_an_overlap() {
        let january = days("2020-01-21", Some("2020-01-31"));
        assert!(!january.meets(days("2020-02-01", None)) && !days("2020-02-01", None).meets(january));
        for other in [days("2020-01-31", None), days("2020-01-01", Some("2020-01-21")), days("2020-01-01", None)] {
            assert!(january.meets(other) && other.meets(january));
        }
    }
}
