//! Rule across memberships: a person belongs to an organisation once at a time.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use kit::faults::Fault;
use kit::row::Row;
use kit::statement::{ColumnType, Statement};
use kit::value::{Value, Values};
use ledger::decide::{Claim, Decider, State};
use uuid::Uuid;

use super::{PERSON_ID, SINCE_ON, UNTIL_ON};
use crate::records::codes::OPEN_ONE_EXISTS;
use crate::records::envelope;

/// Decides about memberships.
pub struct MembershipDecider;

/// A membership as the others see it.
struct Held {
    person_id: Uuid,
    org_id: Option<Uuid>,
    since_on: NaiveDate,
    until_on: Option<NaiveDate>,
}

impl Held {
    fn of(values: &Values) -> Option<Self> {
        Some(Self {
            person_id: values.get(&PERSON_ID)?,
            org_id: values.get(&envelope::ORG_ID),
            since_on: values.get(&SINCE_ON)?,
            until_on: values.get(&UNTIL_ON),
        })
    }

    fn meets(&self, other: &Self) -> bool {
        let same = self.person_id == other.person_id && self.org_id == other.org_id;
        let begins_before_end =
            |one: &Self, other: &Self| other.until_on.is_none_or(|until_on| one.since_on < until_on);
        same && begins_before_end(self, other) && begins_before_end(other, self)
    }
}

/// The memberships of the people of a batch.
struct Memberships(BTreeMap<Uuid, Held>);

impl Decider for MembershipDecider {
    fn group(&self) -> &'static str {
        "org_members"
    }

    fn load(&self, district_code: &str, claims: &[&Claim]) -> Vec<Statement> {
        let values = claims.iter().flat_map(|claim| claim.former.iter().chain(&claim.next));
        let people = values.filter_map(|values| values.get(&PERSON_ID)).map(Value::Id).collect();
        let statement = Statement::new(
            "SELECT r.id, r.person_id, r.org_id, r.since_on, r.until_on FROM org_members AS r WHERE NOT r.voided AND r.district_code = ",
        );
        vec![statement.text(district_code).sql(" AND r.person_id = ANY(").column(ColumnType::Id, people).sql(")")]
    }

    fn begin(&self, rows: Vec<Vec<Row>>) -> Result<Box<dyn State>, String> {
        let held = |mut row: Row| {
            let mut values = Values::default();
            values.set_or_clear(&PERSON_ID, row.get(&PERSON_ID));
            values.set_or_clear(&envelope::ORG_ID, row.get(&envelope::ORG_ID));
            values.set_or_clear(&SINCE_ON, row.get(&SINCE_ON));
            values.set_or_clear(&UNTIL_ON, row.get(&UNTIL_ON));
            Some((row.get(&envelope::ID)?, Held::of(&values)?))
        };
        Ok(Box::new(Memberships(rows.into_iter().flatten().filter_map(held).collect())))
    }
}

impl State for Memberships {
    fn admit(&mut self, claim: &Claim) -> Result<(), Vec<Fault>> {
        let Some(next) = claim.next.as_ref().and_then(Held::of) else {
            self.0.remove(&claim.id);
            return Ok(());
        };
        let met = self.0.iter().find(|(id, other)| **id != claim.id && next.meets(other));
        if let Some((met, _)) = met {
            let values = vec![("location", format!("/v1/org-members/{met}"))];
            return Err(vec![Fault { pointer: SINCE_ON.pointer(), code: OPEN_ONE_EXISTS, values, hint: None }]);
        }
        self.0.insert(claim.id, next);
        Ok(())
    }
}
