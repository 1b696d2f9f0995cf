//! Consequences of stores' reports under the district's lock: one report a store and day; the day's duty is done; the
//! rules about prices are asked for the lines just written, and for those that are compared with them.
//!
//! Alerts are not counted up and down: whatever a line is compared with may come late, be amended or voided, so
//! a line is judged anew from the reports that stand ([`judge`]). A rule that is given or amended looks at all
//! reports there are, store by store ([`review`]).

mod alert;
mod judge;
mod load;
pub mod planner;
pub mod review;
mod rows;
mod store;

use std::collections::BTreeMap;
use std::sync::Arc;

use kit::faults::Fault;
use kit::row::Row;
use kit::statement::Statement;
use ledger::Append;
use ledger::decide::{Claim, Decider, State};
use uuid::Uuid;

use self::judge::Rule;
use self::store::Store;
use crate::records::change::Changes;
use crate::records::codes::REPORT_EXISTS;
use crate::records::write_context::WriteContext;
use crate::rooms::supply::price_alerts::RULE_ID;
use crate::rooms::supply::supply_reports::{PLACE_ID, REPORTED_ON};

/// Asks for the duties of a store of the next days; no record. Without values: nothing is expected any more.
pub const PLAN: &str = "supply_plan";
/// Asks what a rule says of all reports of a store; no record.
pub const REVIEW: &str = "price_review";

/// Decides about the reports of stores.
pub struct MarketDecider(Arc<WriteContext>);

impl MarketDecider {
    /// The decider of an append.
    pub fn of(write_context: &Arc<WriteContext>) -> Arc<dyn Decider> {
        Arc::new(Self(Arc::clone(write_context)))
    }
}

impl Decider for MarketDecider {
    fn group(&self) -> &'static str {
        "market"
    }

    fn load(&self, district_code: &str, claims: &[&Claim]) -> Vec<Statement> {
        load::statements(&self.0, district_code, claims)
    }

    fn begin(&self, rows: Vec<Vec<Row>>) -> Result<Box<dyn State>, String> {
        rows::market(&self.0, rows).map(|market| Box::new(market) as Box<dyn State>)
    }
}

/// The stores that a batch touches.
pub struct Market {
    write_context: Arc<WriteContext>,
    rules: Vec<Rule>,
    stores: BTreeMap<Uuid, Store>,
}

/// The store a claim is about.
fn store_of(claim: &Claim) -> Option<Uuid> {
    match claim.kind {
        PLAN | REVIEW => Some(claim.id),
        _ => claim.next.as_ref().or(claim.former.as_ref())?.get(&PLACE_ID),
    }
}

impl State for Market {
    fn admit(&mut self, claim: &Claim) -> Result<(), Vec<Fault>> {
        let Some(store_id) = store_of(claim) else { return Ok(()) };
        let store = self.stores.entry(store_id).or_insert_with(|| Store::new(store_id));
        match claim.kind {
            PLAN => store.plan(claim.next.as_ref(), &self.write_context),
            REVIEW => store.reviews.extend(claim.next.as_ref().and_then(|next| next.get(&RULE_ID))),
            _ => return store.took(claim, &self.write_context).map_err(|met| vec![report_exists(met)]),
        }
        Ok(())
    }

    fn follow(self: Box<Self>) -> Result<Option<Append>, String> {
        let mut changes = Changes::default();
        for store in self.stores.into_values() {
            store.put_into(&mut changes, &self.rules, &self.write_context).map_err(|problem| problem.to_string())?;
        }
        changes.following(&self.write_context)
    }
}

fn report_exists(met: Uuid) -> Fault {
    let values = vec![("location", format!("/v1/supply-reports/{met}"))];
    Fault { pointer: REPORTED_ON.pointer(), code: REPORT_EXISTS, values, hint: None }
}
