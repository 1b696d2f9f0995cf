//! Loading the rectifications that a batch touches: by their own ids, by their steps, by the records that ask for them.

use std::collections::BTreeMap;
use std::sync::Arc;

use kit::columns;
use kit::row::Row;
use kit::statement::{ColumnType, Statement};
use kit::value::Value;
use ledger::decide::Claim;
use uuid::Uuid;

use super::RECTIFICATIONS;
use super::decider::{Item, Items};
use super::duties::{RECTIFICATION, RECTIFICATION_CHECK};
use super::source::source_of;
use super::standing::Step;
use super::wire::PLACE_ID;
use crate::records::awaited::has_come;
use crate::records::envelope::{ID, OCCURRED_AT, ORG_ID, RECORDED_AT, RECORDED_BY, REVISED_BY};
use crate::records::locked_row::LockedRow;
use crate::records::write_context::WriteContext;
use crate::rooms::duties::DUTIES;
use crate::rooms::duties::wire::CAUSE_ID;
use crate::rooms::supervision::rectification_steps::{self, RECTIFICATION_ID, RECTIFICATION_STEPS, STEP};

columns! {
    /// The organisation of a place.
    PLACE_ORG_ID "place_org_id": Uuid;
}

/// The rectification of a claim, where it isn't one of a record that asks.
pub fn rectification_of(claim: &Claim) -> Option<Uuid> {
    if claim.kind == RECTIFICATION_STEPS.name {
        return claim.next.as_ref().or(claim.former.as_ref())?.get(&RECTIFICATION_ID);
    }
    source_of(claim.kind).is_none().then_some(claim.id)
}

/// Reads the rectifications, their steps that stand, their duties, the organisations of places.
pub fn statements(district_code: &str, claims: &[&Claim]) -> Vec<Statement> {
    let concerned = |statement: Statement| {
        let own = claims.iter().filter_map(|claim| rectification_of(claim)).map(Value::Id).collect();
        let asking = claims.iter().filter(|claim| source_of(claim.kind).is_some()).map(|claim| Value::Id(claim.id));
        statement
            .text(district_code)
            .sql(" AND (q.id = ANY(")
            .column(ColumnType::Id, own)
            .sql(") OR q.source_id = ANY(")
            .column(ColumnType::Id, asking.collect())
            .sql("))")
    };
    let rows = Statement::new(format!(
        "SELECT {} FROM (SELECT * FROM rectifications AS q WHERE q.district_code = ",
        RECTIFICATIONS.select()
    ));
    let steps = Statement::new(format!(
        "SELECT id, rectification_id, step, due_on, occurred_at, recorded_at, recorded_by, revised_by, org_id FROM rectification_steps AS s WHERE NOT s.voided AND {} AND s.district_code = ",
        has_come("s.")
    ))
    .text(district_code)
    .sql(" AND s.rectification_id IN (SELECT q.id FROM rectifications AS q WHERE q.district_code = ");
    let duties = Statement::new(format!("SELECT {} FROM duties AS r WHERE r.district_code = ", DUTIES.select()))
        .text(district_code)
        .sql(format!(" AND r.duty_kind IN ('{RECTIFICATION}', '{RECTIFICATION_CHECK}') AND r.subject_id IN (SELECT coalesce(q.place_id, q.subject_org_id) FROM rectifications AS q WHERE q.district_code = "));
    let duties =
        concerned(duties).sql(") AND r.cause_id IN (SELECT q.id FROM rectifications AS q WHERE q.district_code = ");
    let places = claims.iter().flat_map(|claim| &claim.next).filter_map(|values| values.get(&PLACE_ID));
    let places = Statement::new("SELECT id, org_id AS place_org_id FROM places WHERE district_code = ")
        .text(district_code)
        .sql(" AND id = ANY(")
        .column(ColumnType::Id, places.map(Value::Id).collect())
        .sql(")");
    vec![concerned(rows).sql(") AS r"), concerned(steps).sql(")"), concerned(duties).sql(")"), places]
}

/// The state of those rows.
pub fn items(write_context: &Arc<WriteContext>, rows: Vec<Vec<Row>>) -> Result<Items, String> {
    let mut lists = rows.into_iter();
    let mut next = || lists.next().unwrap_or_default();
    let kept = write_context.kept(&RECTIFICATIONS, next())?;
    let mut items: BTreeMap<Uuid, Item> = kept.into_iter().map(|(id, row)| (id, Item::of(row))).collect();
    for mut row in next() {
        let found = row.get(&RECTIFICATION_ID).zip(row.get(&ID));
        let Some(((rectification_id, id), step)) = found.zip(step(&mut row)) else { continue };
        if let Some(item) = items.get_mut(&rectification_id) {
            item.steps.insert(id, step);
        }
    }
    for duty in write_context.records(&DUTIES, next())? {
        let cause = duty.values.get(&CAUSE_ID);
        if let Some(item) = cause.and_then(|id| items.get_mut(&id)) {
            item.duties.insert(duty.envelope.id, LockedRow::stored(duty));
        }
    }
    let places = next().into_iter().filter_map(|mut row| Some((row.get(&ID)?, row.get(&PLACE_ORG_ID)?))).collect();
    Ok(Items { write_context: Arc::clone(write_context), items, places })
}

fn step(row: &mut Row) -> Option<Step> {
    let mut authors = vec![row.get(&RECORDED_BY)?];
    authors.extend(row.get(&REVISED_BY).filter(|by| !authors.contains(by)));
    Some(Step {
        step: row.get(&STEP)?,
        occurred_at: row.get(&OCCURRED_AT)?,
        known_at: row.get(&RECORDED_AT)?,
        due_on: row.get(&rectification_steps::DUE_ON),
        authors,
        org_id: row.get(&ORG_ID),
    })
}
