//! Alerts under the lock, moved on by the actions that name them.

use std::collections::BTreeMap;
use std::sync::Arc;

use kit::faults::Fault;
use kit::row::Row;
use kit::statement::{ColumnType, Statement};
use kit::value::Value;
use ledger::Append;
use ledger::decide::{Claim, Decider, State};
use uuid::Uuid;

use super::{ACTION_KIND, ALERT_ID, EnforcementActionKind};
use crate::records::awaited::has_come;
use crate::records::change::Changes;
use crate::records::envelope;
use crate::records::locked_row::LockedRow;
use crate::records::write_context::WriteContext;
use crate::rooms::supply::price_alerts::PRICE_ALERTS;
use crate::rooms::supply::price_alerts::{DISMISSAL, PriceAlertState, REASON, STATE};

/// Kinds of actions, by alert and action.
type Actions = BTreeMap<Uuid, BTreeMap<Uuid, EnforcementActionKind>>;

/// Decides how far alerts are.
pub struct EnforcementDecider(pub Arc<WriteContext>);

struct Alerts {
    write_context: Arc<WriteContext>,
    alerts: BTreeMap<Uuid, LockedRow>,
    actions: Actions,
}

fn alerts_of(claim: &Claim) -> impl Iterator<Item = Uuid> {
    claim.former.iter().chain(&claim.next).filter_map(|values| values.get(&ALERT_ID))
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
        let alerts = self.0.kept(&PRICE_ALERTS, lists.next().unwrap_or_default())?;
        let mut actions = Actions::new();
        for mut row in lists.next().unwrap_or_default() {
            if let (Some(alert), Some(id), Some(kind)) =
                (row.get(&ALERT_ID), row.get(&envelope::ID), row.get(&ACTION_KIND))
            {
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
        if let Some(next) = &claim.next
            && let Some((alert, kind)) = next.get(&ALERT_ID).zip(next.get(&ACTION_KIND))
        {
            self.actions.entry(alert).or_default().insert(claim.id, kind);
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
fn settle(alert: &mut LockedRow, taken: Option<&BTreeMap<Uuid, EnforcementActionKind>>) {
    use EnforcementActionKind::{CaseFiled, Interview, WarningLetter};
    use PriceAlertState::{Dismissed, Explained, Interviewed, Open, Warned};

    let has = |kind: EnforcementActionKind| taken.is_some_and(|actions| actions.values().any(|action| *action == kind));
    let values = &mut alert.record.values;
    let state = match values.get(&STATE) {
        _ if has(Interview) || has(CaseFiled) => Interviewed,
        _ if has(WarningLetter) => Warned,
        // The action was voided: back to what it was without.
        Some(Warned | Interviewed) if values.get(&REASON).is_some() => Explained,
        Some(Warned | Interviewed) => Open,
        Some(Open | Explained | Dismissed) | None => return,
    };
    values.set(&STATE, state);
    values.clear(&DISMISSAL);
}
