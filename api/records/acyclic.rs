//! Records that stand below one another: no circle, however many are moved at once. Decided under the district's
//! clock.

use std::collections::BTreeMap;
use std::sync::Arc;

use kit::catalogue::FaultCode;
use kit::faults::Fault;
use kit::row::Row;
use kit::statement::{ColumnType, Statement};
use kit::value::Value;
use ledger::Claim;
use ledger::decide::{Decider, State};
use uuid::Uuid;

use super::codes::CYCLIC;
use super::record::Record;

/// A field by which records of a kind lead to others of it.
#[derive(Clone, Copy, Debug)]
pub struct Acyclic {
    /// The kind.
    pub kind: &'static str,
    /// The field that leads on.
    pub field: &'static str,
    /// Pointer at which a circle is told.
    pub pointer: &'static str,
    /// Fault as which it is told.
    pub code: FaultCode,
}

/// Records that have a parent of their own kind.
pub const fn parents(kind: &'static str) -> Acyclic {
    Acyclic { kind, field: "parent_id", pointer: "/parent_id", code: CYCLIC }
}

impl Acyclic {
    /// The decider of a change, where it leads elsewhere than before.
    pub fn decider(self, former: Option<&Record>, next: &Record) -> Option<Arc<dyn Decider>> {
        let moved = former.and_then(|former| former.values.id(self.field)) != next.values.id(self.field);
        moved.then(|| Arc::new(self) as Arc<dyn Decider>)
    }
}

impl Decider for Acyclic {
    fn group(&self) -> &'static str {
        self.kind
    }

    /// All that is reached from where the claims lead. What is void leads on too: it may be restored.
    fn load(&self, district_code: &str, claims: &[&Claim]) -> Vec<Statement> {
        let Self { kind, field, .. } = self;
        let targets = claims.iter().filter_map(|claim| claim.next.as_ref()?.id(field)).map(Value::Id).collect();
        let chain = Statement::new(format!(
            "WITH RECURSIVE chain AS (SELECT p.id, p.{field} AS leads_to FROM {kind} AS p WHERE p.district_code = "
        ))
        .text(district_code)
        .sql(" AND p.id = ANY(")
        .column(ColumnType::Id, targets)
        .sql(format!(") UNION SELECT p.id, p.{field} FROM {kind} AS p JOIN chain ON p.id = chain.leads_to WHERE p.district_code = "))
        .text(district_code)
        .sql(") SELECT id, leads_to FROM chain");
        vec![chain]
    }

    fn begin(&self, rows: Vec<Vec<Row>>) -> Result<Box<dyn State>, String> {
        let leads = |mut row: Row| Some((row.id("id")?, row.id("leads_to")?));
        Ok(Box::new(Leads { rule: *self, to: rows.into_iter().flatten().filter_map(leads).collect() }))
    }
}

struct Leads {
    rule: Acyclic,
    to: BTreeMap<Uuid, Uuid>,
}

impl State for Leads {
    fn admit(&mut self, claim: &Claim) -> Result<(), Vec<Fault>> {
        let Some(target) = claim.next.as_ref().and_then(|next| next.id(self.rule.field)) else {
            self.to.remove(&claim.id);
            return Ok(());
        };
        let mut at = target;
        // A circle of an earlier release doesn't hold up those that only lead into it.
        for _ in 0..=self.to.len() {
            if at == claim.id {
                let pointer = self.rule.pointer.to_owned();
                return Err(vec![Fault { pointer, code: self.rule.code, values: Vec::new(), hint: None }]);
            }
            let Some(next) = self.to.get(&at) else { break };
            at = *next;
        }
        self.to.insert(claim.id, target);
        Ok(())
    }
}
