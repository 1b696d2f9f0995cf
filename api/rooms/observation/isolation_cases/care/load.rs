//! Loading what a batch of claims touches: the cases with all their contacts, and the duties that those can change.
//!
//! Contacts have no range: whatever duty is at hand, all that could prove it is at hand too. Of the duties of a day
//! those of the days around are loaded; what isn't about a day (an alert, a notice, a search) can be answered
//! however much later, and is always loaded.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use kit::columns;
use kit::row::Row;
use kit::statement::{ColumnType, Statement};
use kit::value::{Value, Values};
use ledger::decide::Claim;
use uuid::Uuid;

use super::answerers;
use super::case::Case;
use super::contact::lead_nowhere;
use super::expect::contested_id;
use super::people::{self, People};
use super::{Care, NO_CONTACT, PLAN, case_of};
use crate::records::awaited::has_come;
use crate::records::envelope::{ID, OCCURRED_AT, RECORDED_AT};
use crate::records::write_context::WriteContext;
use crate::rooms::duties::wire::{CAUSE_ID, SUBJECT_ID};
use crate::rooms::duties::{Contact, DUTIES};
use crate::rooms::observation::isolation_cases::duty_kinds::DAILY;
use crate::rooms::observation::isolation_cases::readings::TEMPERATURE_READINGS;
use crate::rooms::observation::isolation_cases::{
    CASE_ID, ISOLATION_CASES, SYMPTOMS, errands, notices, readings, transitions, visits,
};
use crate::rooms::registers::PEOPLE;

/// A proof and its duty lie at most a day and a night apart.
const AROUND: TimeDelta = TimeDelta::hours(36);
/// Longer than anybody is observed: for steps that look at the whole case.
const WHOLE: TimeDelta = TimeDelta::days(400);

/// Kinds of contacts, with the columns that say what they prove; what isn't named is null.
const CONTACTS: [(&str, &[&str]); 7] = [
    (
        "temperature_readings",
        &[
            readings::SLOT.name(),
            readings::SLOT_ON.name(),
            readings::RETEST_OF.name(),
            readings::FEVER.name(),
            readings::NEEDS_RETEST.name(),
            SYMPTOMS.name(),
        ],
    ),
    ("follow_up_visits", &[visits::LINE.name(), SYMPTOMS.name()]),
    ("spot_checks", &[]),
    ("errands", &[errands::STATE.name(), errands::DELIVERED_AT.name()]),
    ("patrol_logs", &[]),
    ("observation_notices", &[notices::SIGNED_ON.name()]),
    ("isolation_case_transitions", &[transitions::TO.name(), transitions::RECEIVING_AREA_CODE.name()]),
];
const COLUMNS: [(&str, &str); 12] = [
    (notices::SIGNED_ON.name(), "date"),
    (readings::SLOT.name(), "text"),
    (readings::SLOT_ON.name(), "date"),
    (readings::RETEST_OF.name(), "uuid"),
    (readings::FEVER.name(), "boolean"),
    (readings::NEEDS_RETEST.name(), "boolean"),
    (SYMPTOMS.name(), "jsonb"),
    (visits::LINE.name(), "text"),
    (errands::STATE.name(), "text"),
    (errands::DELIVERED_AT.name(), "timestamptz"),
    (transitions::TO.name(), "text"),
    (transitions::RECEIVING_AREA_CODE.name(), "text"),
];

columns! {
    /// The kind of a contact.
    KIND "kind": String;
}

/// Cases; what is asked about people; duties; contacts; accounts of those who answer; what the command is to clear.
pub fn statements(write_context: &WriteContext, district_code: &str, claims: &[&Claim]) -> Vec<Statement> {
    let ids = || claims.iter().filter_map(|claim| case_of(claim)).map(Value::Id).collect::<Vec<_>>();
    let (from, to) = span(write_context, claims);
    let (cases, duties) = (&ISOLATION_CASES, &DUTIES);
    let of_kind = |select: &str, table: &str, column: &str| {
        Statement::new(format!("SELECT {select} FROM {table} AS r WHERE r.district_code = "))
            .text(district_code)
            .sql(format!(" AND r.{column} = ANY("))
            .column(ColumnType::Id, ids())
            .sql(")")
    };
    let own = || claims.iter().map(|claim| Value::Id(claim.id)).collect::<Vec<_>>();
    let duties_select = duties.select();
    let duties = of_kind(duties_select, DUTIES.name, SUBJECT_ID.name())
        .sql(" AND (r.state = 'open' OR NOT (r.duty_kind = ANY(")
        .column(ColumnType::Text, DAILY.into_iter().map(kit::typed::FieldType::give).collect())
        .sql(")) OR (r.opens_at >= ")
        .bind(ColumnType::Instant, Value::Instant(from))
        .sql(" AND r.opens_at < ")
        .bind(ColumnType::Instant, Value::Instant(to))
        // Duties that a record of the batch proved or asked for are read wherever the record was moved since.
        .sql(") OR (r.proof->>'id')::uuid = ANY(")
        .column(ColumnType::Id, own())
        .sql(") OR r.cause_id = ANY(")
        .column(ColumnType::Id, own())
        .sql(") OR ")
        .then(begun_by(district_code, claims))
        .sql(")");
    let contacts = CONTACTS.iter().enumerate().fold(Statement::new(""), |all, (index, (kind, columns))| {
        let all = if index > 0 { all.sql(" UNION ALL ") } else { all };
        let cells: Vec<String> = COLUMNS
            .iter()
            .map(
                |(name, sql)| {
                    if columns.contains(name) { format!("\"{name}\"") } else { format!("NULL::{sql} AS \"{name}\"") }
                },
            )
            .collect();
        all.sql(format!(
            "SELECT '{kind}' AS kind, id, case_id, occurred_at, recorded_at, {} FROM {kind} WHERE district_code = ",
            cells.join(", ")
        ))
        .text(district_code)
        .sql(format!(" AND NOT voided AND {} AND case_id = ANY(", has_come("")))
        .column(ColumnType::Id, ids())
        .sql(")")
    });
    let accounts = answerers::statement(district_code, ids(), claims);
    // Duties that ask which of two cases stands are about the person, so they are found by their id.
    let contested = claims.iter().filter_map(|claim| Some(Value::Id(contested_id(case_of(claim)?, write_context))));
    let contested = Statement::new(format!("SELECT {duties_select} FROM duties AS r WHERE r.district_code = "))
        .text(district_code)
        .sql(" AND r.id = ANY(")
        .column(ColumnType::Id, contested.collect())
        .sql(")");
    let [open, voided, used] = people::statements(district_code, claims);
    vec![
        of_kind(cases.select(), ISOLATION_CASES.name, ID.name()),
        open,
        voided,
        used,
        duties,
        contacts,
        accounts,
        contested,
    ]
}

/// Whether it is of a case that a first reading moves on: that step plans all days since the case was notified,
/// and what it doesn't see it would make a second time.
fn begun_by(district_code: &str, claims: &[&Claim]) -> Statement {
    let readings = claims.iter().filter(|claim| claim.kind == TEMPERATURE_READINGS.name);
    let ids = readings.filter_map(|claim| case_of(claim)).map(Value::Id).collect();
    Statement::new("r.subject_id IN (SELECT c.id FROM isolation_cases AS c WHERE c.district_code = ")
        .text(district_code)
        .sql(" AND c.state = 'notified' AND c.id = ANY(")
        .column(ColumnType::Id, ids)
        .sql("))")
}

/// The days that the claims touch.
fn span(write_context: &WriteContext, claims: &[&Claim]) -> (DateTime<Utc>, DateTime<Utc>) {
    let (mut from, mut to) = (write_context.now, write_context.now);
    // Whoever is voided is as old as his first passage: his own time says nothing.
    for claim in claims.iter().filter(|claim| claim.kind != PEOPLE.name) {
        for values in claim.former.iter().chain(&claim.next) {
            let at = values.get(&OCCURRED_AT).unwrap_or(write_context.now);
            (from, to) = (from.min(at), to.max(at));
        }
        let whole = match claim.kind {
            "isolation_case_transitions" | "isolation_cases" => true,
            PLAN => claim.next.is_none(),
            kind => kind == NO_CONTACT,
        };
        if whole {
            from = from.min(write_context.now - WHOLE);
        }
    }
    (from - AROUND, to + AROUND + AROUND)
}

/// The state of those rows.
pub fn care(write_context: &Arc<WriteContext>, rows: Vec<Vec<Row>>) -> Result<Care, String> {
    let mut lists = rows.into_iter();
    let mut next = || lists.next().unwrap_or_default();
    let cases = write_context.records(&ISOLATION_CASES, next())?;
    let mut cases: BTreeMap<Uuid, Case> =
        cases.into_iter().map(|record| (record.envelope.id, Case::stored(record))).collect();
    let people = People::of_rows([next(), next(), next()]);
    for duty in write_context.records(&DUTIES, next())? {
        if let Some(case) = duty.values.get(&SUBJECT_ID).and_then(|id| cases.get_mut(&id)) {
            case.hold(duty);
        }
    }
    for row in next() {
        if let Some((case_id, contact)) = contact(row, &write_context.district_code)
            && let Some(case) = cases.get_mut(&case_id)
        {
            case.contacts.insert(contact.id, contact);
        }
    }
    let accounts = Arc::new(answerers::accounts(next()));
    for duty in write_context.records(&DUTIES, next())? {
        if let Some(case) = duty.values.get(&CAUSE_ID).and_then(|id| cases.get_mut(&id)) {
            case.hold(duty);
        }
    }
    for case in cases.values_mut() {
        case.accounts = Arc::clone(&accounts);
        case.recall();
    }
    Ok(Care { write_context: Arc::clone(write_context), cases, people, accounts })
}

fn contact(mut row: Row, district_code: &str) -> Option<(Uuid, Contact)> {
    let kind = row.get(&KIND)?;
    let (kind, _) = CONTACTS.iter().find(|(name, _)| *name == kind)?;
    let mut values = Values::default();
    for (name, _) in COLUMNS {
        values.set(name, row.take(name));
    }
    lead_nowhere(&mut values, district_code);
    let (occurred_at, known_at) = (row.get(&OCCURRED_AT)?, row.get(&RECORDED_AT)?);
    Some((row.get(&CASE_ID)?, Contact { kind, id: row.get(&ID)?, occurred_at, known_at, values }))
}
