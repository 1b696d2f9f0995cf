//! One that is open, of an organisation and what the group is for. What belongs to no organisation is its area's.

use std::collections::BTreeMap;

use kit::columns;
use kit::faults::Fault;
use kit::row::Row;
use kit::statement::Statement;
use kit::value::Values;
use ledger::Claim;
use ledger::decide::{Decider, State};
use uuid::Uuid;

use super::standing::{Days, GroupStatus};
use crate::records::Kind;
use crate::records::codes::OPEN_ONE_EXISTS;
use crate::records::envelope::{AREA_CODE, ID, ORG_ID};

columns! {
    /// Purpose of a group; one and the same of a kind that isn't told apart.
    PURPOSE "purpose": String;
}

/// Whose a group is, and what it is for.
type Key = (Option<Uuid>, Option<String>, String);

/// Decides about the groups of a kind.
pub struct OpenOne {
    /// The kind.
    pub kind: &'static Kind,
    /// The column that tells what a group is for, where one organisation has several.
    pub purpose: Option<&'static str>,
    /// Its days.
    pub days: &'static Days,
}

impl Decider for OpenOne {
    fn group(&self) -> &'static str {
        self.kind.name
    }

    /// All that are open: a district has some hundreds.
    fn load(&self, district_code: &str, _claims: &[&Claim]) -> Vec<Statement> {
        let purpose = self.purpose.map_or_else(|| "''::text".to_owned(), |column| format!("{column}::text"));
        let statement = Statement::new(format!(
            "SELECT id, org_id, area_code, {purpose} AS purpose FROM {} WHERE NOT voided AND dissolved_on IS NULL AND district_code = ",
            self.kind.name
        ));
        vec![statement.text(district_code)]
    }

    fn begin(&self, rows: Vec<Vec<Row>>) -> Result<Box<dyn State>, String> {
        let open = |mut row: Row| {
            let (org_id, area_code) = (row.get(&ORG_ID), row.get(&AREA_CODE)?);
            Some((row.get(&ID)?, key(org_id, area_code, row.get(&PURPOSE).unwrap_or_default())))
        };
        let open = rows.into_iter().flatten().filter_map(open).collect();
        Ok(Box::new(Groups { path: self.kind.path, purpose: self.purpose, days: self.days, open }))
    }
}

/// An organisation's stands anywhere; what is no organisation's is told apart by its area.
fn key(org_id: Option<Uuid>, area_code: String, purpose: String) -> Key {
    (org_id, Some(area_code).filter(|_| org_id.is_none()), purpose)
}

/// The open ones of a district.
struct Groups {
    path: &'static str,
    purpose: Option<&'static str>,
    days: &'static Days,
    open: BTreeMap<Uuid, Key>,
}

impl State for Groups {
    fn admit(&mut self, claim: &Claim) -> Result<(), Vec<Fault>> {
        let Some(key) = claim.next.as_ref().and_then(|next| self.open_as(next)) else {
            self.open.remove(&claim.id);
            return Ok(());
        };
        let met = self.open.iter().find(|(id, other)| **id != claim.id && **other == key);
        if let Some((id, _)) = met {
            let pointer = format!("/{}", self.purpose.unwrap_or(ORG_ID.name()));
            let values = vec![("location", format!("/v1/{}/{id}", self.path))];
            return Err(vec![Fault { pointer, code: OPEN_ONE_EXISTS, values, hint: None }]);
        }
        self.open.insert(claim.id, key);
        Ok(())
    }
}

impl Groups {
    /// The key under which it is open; none where it isn't.
    fn open_as(&self, values: &Values) -> Option<Key> {
        if values.get(self.days.status) == Some(GroupStatus::Dissolved) {
            return None;
        }
        let purpose = self.purpose.and_then(|column| values.text(column)).unwrap_or_default().to_owned();
        Some(key(values.get(&ORG_ID), values.get(&AREA_CODE).unwrap_or_default().to_owned(), purpose))
    }
}
