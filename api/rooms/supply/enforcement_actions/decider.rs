//! Alerts under the lock, moved on by the actions that name them.

use crate::rooms::supply::price_alerts::PRICE_ALERTS;
use std::collections::BTreeMap;
use std::sync::Arc;

use kit::faults::Fault;
use kit::row::Row;
use kit::statement::{ColumnType, Statement};
use kit::value::{Value, Values};
use ledger::Append;
use ledger::decide::{Claim, Decider, State};
use uuid::Uuid;

use crate::records::awaited::has_come;
use crate::records::change::Changes;
use crate::records::locked_row::LockedRow;
use crate::records::write_context::WriteContext;

/// Decides how far alerts are.
pub struct EnforcementDecider(pub Arc<WriteContext>);

struct Alerts {
    write_context: Arc<WriteContext>,
    alerts: BTreeMap<Uuid, LockedRow>,
    /// Kinds of actions, by alert and action.
    actions: BTreeMap<Uuid, BTreeMap<Uuid, String>>,
}

fn alerts_of(claim: &Claim) -> impl Iterator<Item = Uuid> {
    claim.former.iter().chain(&claim.next).filter_map(|values: &Values| values.id("alert_id"))
}

impl Decider for EnforcementDecider {
    fn group(&self) -> &'static str {
        "enforcement_actions"
    }

    fn load(&self, district_code: &str, claims: &[&Claim]) -> Vec<Statement> {
        let ids = || claims.iter().flat_map(|claim| alerts_of(claim)).map(Value::Id).collect::<Vec<_>>();
        let kind = &PRICE_ALERTS;
        let alerts =
            Statement::new(format!("SELECT {} FROM price_alerts AS r WHERE r.district_code = ", kind.select()))
                .text(district_code)
                .sql(" AND r.id = ANY(")
                .column(ColumnType::Id, ids())
                .sql(")");
        let actions = Statement::new(format!(
            "SELECT id, alert_id, action_kind FROM enforcement_actions WHERE NOT voided AND {} AND district_code = ",
            has_come("")
        ))
        .text(district_code)
        .sql(" AND alert_id = ANY(")
        .column(ColumnType::Id, ids())
        .sql(")");
        vec![alerts, actions]
    }

    fn begin(&self, rows: Vec<Vec<Row>>) -> Result<Box<dyn State>, String> {
        let mut lists = rows.into_iter();
        let alerts = self.0.kept("price_alerts", lists.next().unwrap_or_default())?;
        let mut actions: BTreeMap<Uuid, BTreeMap<Uuid, String>> = BTreeMap::new();
        for mut row in lists.next().unwrap_or_default() {
            if let (Some(alert), Some(id), Some(kind)) = (row.id("alert_id"), row.id("id"), row.text("action_kind")) {
                actions.entry(alert).or_default().insert(id, kind);
            }
        }
        Ok(Box::new(Alerts { write_context: Arc::clone(&self.0), alerts, actions }))
    }
}

impl State for Alerts {
    fn admit(&mut self, claim: &Claim) -> Result<(), Vec<Fault>> {
        for alert in alerts_of(claim) {
            self.actions.entry(alert).or_default().remove(&claim.id);
        }
        if let Some(values) = &claim.next {
            let kind = values.text("action_kind").unwrap_or_default().to_owned();
            if let Some(alert) = values.id("alert_id") {
                self.actions.entry(alert).or_default().insert(claim.id, kind);
            }
        }
        for alert in alerts_of(claim) {
            if let Some(kept) = self.alerts.get_mut(&alert) {
                settle(kept, self.actions.get(&alert));
                kept.sign(claim.by);
            }
        }
        Ok(())
    }

    fn follow(self: Box<Self>) -> Result<Option<Append>, String> {
        let mut changes = Changes::default();
        let kind = &PRICE_ALERTS;
        self.alerts.into_values().for_each(|kept| kept.put_into(kind, &mut changes));
        changes.following(&self.write_context)
    }
}

/// Lets an alert stand as the actions on it say.
fn settle(alert: &mut LockedRow, taken: Option<&BTreeMap<Uuid, String>>) {
    let has = |kind: &str| taken.is_some_and(|actions| actions.values().any(|action| action == kind));
    let values = &mut alert.record.values;
    let state = match values.text("state") {
        _ if has("interview") || has("case_filed") => "interviewed",
        _ if has("warning_letter") => "warned",
        // The action was voided: back to what it was without.
        Some("warned" | "interviewed") if values.get("reason").is_some() => "explained",
        Some("warned" | "interviewed") => "open",
        _ => return,
    };
    values.set("state", Value::Text(state.to_owned()));
    values.set("dismissal", Value::Null);
}
