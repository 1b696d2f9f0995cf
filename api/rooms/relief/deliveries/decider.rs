//! Requests under the lock, moved on by their deliveries, and by what is asked for being changed.

use std::collections::BTreeMap;
use std::sync::Arc;

use kit::columns;
use kit::faults::Fault;
use kit::row::Row;
use kit::statement::{ColumnType, Statement};
use kit::value::{Value, Values};
use ledger::Append;
use ledger::decide::{Claim, Decider, State};
use uuid::Uuid;

use super::amounts::Amounts;
use super::{COMPLETES, ITEMS, NEED_REQUEST_ID};
use crate::records::Record;
use crate::records::awaited::has_come;
use crate::records::change::Changes;
use crate::records::locked_row::LockedRow;
use crate::records::write_context::WriteContext;
use crate::rooms::relief::codes::MORE_THAN_ASKED;
use crate::rooms::relief::deliveries::DELIVERIES;
use crate::rooms::relief::need_requests::{self, CANCELLED, NEED_REQUESTS, NeedItem, NeedState, STATE};

/// Decides how far requests are.
pub struct NeedDecider(pub Arc<WriteContext>);

columns! {
    /// Whether a delivery knows that it is more than was asked for; kept nowhere.
    pub EXCEEDS "exceeds": bool;
}

/// Items of a delivery, and whether nothing more is to come.
type Brought = (Vec<NeedItem>, bool);

struct Needs {
    write_context: Arc<WriteContext>,
    requests: BTreeMap<Uuid, LockedRow>,
    /// Items brought, by request and delivery.
    brought: BTreeMap<Uuid, BTreeMap<Uuid, Brought>>,
}

fn request_of(claim: &Claim) -> Option<Uuid> {
    if claim.kind == NEED_REQUESTS.name {
        return Some(claim.id);
    }
    claim.next.as_ref().or(claim.former.as_ref())?.get(&NEED_REQUEST_ID)
}

impl Decider for NeedDecider {
    fn group(&self) -> &'static str {
        "need_requests"
    }

    fn load(&self, district_code: &str, claims: &[&Claim]) -> Vec<Statement> {
        let ids = || claims.iter().filter_map(|claim| request_of(claim)).map(Value::Id).collect::<Vec<_>>();
        let kind = &NEED_REQUESTS;
        let requests =
            Statement::new(format!("SELECT {} FROM need_requests AS r WHERE r.district_code = ", kind.select()))
                .text(district_code)
                .sql(" AND r.id = ANY(")
                .column(ColumnType::Id, ids())
                .sql(")");
        let deliveries = &DELIVERIES;
        let deliveries = Statement::new(format!(
            "SELECT {} FROM deliveries WHERE NOT voided AND {} AND district_code = ",
            deliveries.select(),
            has_come("")
        ))
        .text(district_code)
        .sql(" AND need_request_id = ANY(")
        .column(ColumnType::Id, ids())
        .sql(")");
        vec![requests, deliveries]
    }

    fn begin(&self, rows: Vec<Vec<Row>>) -> Result<Box<dyn State>, String> {
        let mut lists = rows.into_iter();
        let requests = self.0.kept(&NEED_REQUESTS, lists.next().unwrap_or_default())?;
        let mut brought: BTreeMap<Uuid, BTreeMap<Uuid, Brought>> = BTreeMap::new();
        for Record { envelope, values } in self.0.records(&DELIVERIES, lists.next().unwrap_or_default())? {
            if let Some(request) = values.get(&NEED_REQUEST_ID) {
                brought.entry(request).or_default().insert(envelope.id, brought_by(&values));
            }
        }
        Ok(Box::new(Needs { write_context: Arc::clone(&self.0), requests, brought }))
    }
}

impl Needs {
    /// Whether a new delivery makes it more than was asked for, which it hasn't said yet.
    fn is_more_than_asked(&self, request: Uuid, claim: &Claim) -> bool {
        let Some(new) = claim.next.as_ref().filter(|next| claim.former.is_none() && next.get(&EXCEEDS).is_none())
        else {
            return false;
        };
        let before = self.brought.get(&request).into_iter().flat_map(BTreeMap::values).flat_map(|(items, _)| items);
        let brought = Amounts::of(before).and(new.list(&ITEMS));
        let asked = self.requests.get(&request).map(|kept| asked_by(&kept.record.values));
        asked.is_some_and(|asked| brought.exceed(&asked))
    }

    /// The request itself was amended, by its own append: what was brought is held against what is asked now.
    fn amended(&mut self, claim: &Claim) {
        let (Some(kept), Some(values)) = (self.requests.get_mut(&claim.id), &claim.next) else { return };
        let mut written = kept.record.clone();
        written.values = values.clone();
        written.envelope.revision += 1;
        kept.supersede(written);
    }

    /// Lets a request stand as what was brought says.
    fn settle(&mut self, request: Uuid, by: Uuid) {
        let Some(kept) = self.requests.get_mut(&request) else { return };
        let values = &mut kept.record.values;
        let none = BTreeMap::new();
        let state = state_of(&asked_by(values), self.brought.get(&request).unwrap_or(&none));
        let cancelled = values.get(&CANCELLED) == Some(true) && state != NeedState::Delivered;
        values.set(&STATE, if cancelled { NeedState::Cancelled } else { state });
        kept.sign(by);
    }
}

fn asked_by(request: &Values) -> Amounts {
    Amounts::of(request.list(&need_requests::ITEMS))
}

fn brought_by(delivery: &Values) -> Brought {
    (delivery.list(&ITEMS).collect(), delivery.get(&COMPLETES) == Some(true))
}

impl State for Needs {
    fn admit(&mut self, claim: &Claim) -> Result<(), Vec<Fault>> {
        let Some(request) = request_of(claim) else { return Ok(()) };
        if claim.kind == NEED_REQUESTS.name {
            self.amended(claim);
            self.settle(request, claim.by);
            return Ok(());
        }
        if self.is_more_than_asked(request, claim) {
            let code = MORE_THAN_ASKED;
            return Err(vec![Fault { pointer: ITEMS.pointer(), code, values: Vec::new(), hint: None }]);
        }
        let of_request = self.brought.entry(request).or_default();
        of_request.remove(&claim.id);
        if let Some(values) = &claim.next {
            of_request.insert(claim.id, brought_by(values));
        }
        self.settle(request, claim.by);
        Ok(())
    }

    fn follow(self: Box<Self>) -> Result<Option<Append>, String> {
        let mut changes = Changes::default();
        let kind = &NEED_REQUESTS;
        self.requests.into_values().for_each(|kept| kept.put_into(kind, &mut changes));
        changes.following(&self.write_context)
    }
}

/// Delivered is what was brought whole: as much of all items as was asked for, in whatever units, or said to be all.
fn state_of(asked: &Amounts, brought: &BTreeMap<Uuid, Brought>) -> NeedState {
    if brought.is_empty() {
        NeedState::Open
    } else if brought.values().any(|(_, completes)| *completes) || in_all(brought).cover(asked) {
        NeedState::Delivered
    } else {
        NeedState::PartlyDelivered
    }
}

/// Amounts brought by all deliveries together.
fn in_all(brought: &BTreeMap<Uuid, Brought>) -> Amounts {
    Amounts::of(brought.values().flat_map(|(items, _)| items))
}
