//! Loading whom a batch touches: the people under all their ids, what is expected for them, and what was done.

use std::collections::BTreeMap;
use std::sync::Arc;

use kit::columns;
use kit::row::Row;
use kit::statement::{ColumnType, Statement};
use kit::value::{Value, Values};
use ledger::decide::Claim;
use uuid::Uuid;

use super::{FollowUps, GATE_FOLLOW_UP, contact, duty_id};
use crate::records::awaited::has_come;
use crate::records::envelope::{AREA_CODE, ID, OCCURRED_AT, RECORDED_AT};
use crate::records::write_context::WriteContext;
use crate::rooms::checkpoints::screenings::SCREENINGS;
use crate::rooms::duties::DUTIES;
use crate::rooms::observation::{CASE_ID, FOLLOW_UP_VISITS, ISOLATION_CASES, TEMPERATURE_READINGS, visits};
use crate::rooms::registers::family::{PERSON_ID, ROOT, one_person};

columns! {
    /// Kind of a record that may prove something.
    KIND "kind": String;
}

// Person by person (`OFFSET 0` keeps it so): a plan made while the tables were small would else read whole districts.

/// Reads the people concerned, each with the id that stands for the person; their duties; the people of cases; and the
/// records that may prove a duty.
pub fn statements(write_context: &WriteContext, district_code: &str, claims: &[&Claim]) -> Vec<Statement> {
    let kind = &DUTIES;
    let duties = members(write_context, district_code, claims)
        .sql(format!(
            " SELECT {0} FROM members AS m CROSS JOIN LATERAL (SELECT * FROM duties AS t WHERE t.subject_id = m.person_id AND t.duty_kind = '{GATE_FOLLOW_UP}' AND t.district_code = ",
            kind.select()
        ))
        .text(district_code)
        .sql(format!(" OFFSET 0) AS r UNION ALL SELECT {} FROM unnest(", kind.select()))
        .column(ColumnType::Id, of_passages(write_context, claims))
        .sql("::uuid[]) AS k(sought_id) CROSS JOIN LATERAL (SELECT * FROM duties AS t WHERE t.id = k.sought_id AND t.district_code = ")
        .text(district_code)
        .sql(format!(" OFFSET 0) AS r WHERE r.duty_kind = '{GATE_FOLLOW_UP}' AND NOT EXISTS (SELECT 1 FROM members AS m WHERE m.person_id = r.subject_id)"));
    let people = members(write_context, district_code, claims)
        .sql(" SELECT m.person_id, m.root, p.area_code FROM members AS m LEFT JOIN LATERAL (SELECT t.area_code FROM people AS t WHERE t.id = m.root AND t.district_code = ")
        .text(district_code)
        .sql(" OFFSET 0) AS p ON true");
    let cases = Statement::new("SELECT id, person_id FROM isolation_cases WHERE district_code = ")
        .text(district_code)
        .sql(" AND id = ANY(")
        .column(ColumnType::Id, cases(claims))
        .sql(")");
    vec![people, duties, cases, proofs(write_context, district_code, claims)]
}

fn proofs(write_context: &WriteContext, district_code: &str, claims: &[&Claim]) -> Statement {
    let of_person = |statement: Statement, kind: &str| {
        statement
            .sql(format!("SELECT '{kind}' AS kind, r.id, r.person_id, r.occurred_at, r.recorded_at, NULL::text AS line FROM members AS m CROSS JOIN LATERAL (SELECT * FROM {kind} AS t WHERE t.person_id = m.person_id AND t.district_code = "))
            .text(district_code)
            .sql(format!(" OFFSET 0) AS r WHERE NOT r.voided AND {} UNION ALL ", has_come("r.")))
    };
    let statement = members(write_context, district_code, claims).sql(" ");
    let statement = of_person(of_person(statement, "temperature_readings"), "isolation_cases");
    statement
        .sql("SELECT 'follow_up_visits', r.id, c.person_id, r.occurred_at, r.recorded_at, r.line FROM members AS m CROSS JOIN LATERAL (SELECT t.id, t.person_id FROM isolation_cases AS t WHERE t.person_id = m.person_id AND t.district_code = ")
        .text(district_code)
        .sql(" OFFSET 0) AS c CROSS JOIN LATERAL (SELECT * FROM follow_up_visits AS t WHERE t.case_id = c.id AND t.district_code = ")
        .text(district_code)
        .sql(format!(" OFFSET 0) AS r WHERE NOT r.voided AND {} AND r.line = 'health_center'", has_come("r.")))
}

/// `members`: everybody who is one person with somebody whom a claim, its case or its duty names, and the id that
/// stands for him.
fn members(write_context: &WriteContext, district_code: &str, claims: &[&Claim]) -> Statement {
    let values = || claims.iter().flat_map(|claim| claim.former.iter().chain(&claim.next));
    let touched = Statement::new("WITH RECURSIVE touched AS (SELECT unnest(")
        .column(ColumnType::Id, values().filter_map(|values| values.get(&PERSON_ID)).map(Value::Id).collect())
        .sql("::uuid[]) AS person_id UNION SELECT person_id FROM isolation_cases WHERE district_code = ")
        .text(district_code)
        .sql(" AND id = ANY(")
        .column(ColumnType::Id, cases(claims))
        .sql(") UNION SELECT subject_id FROM duties WHERE district_code = ")
        .text(district_code)
        .sql(" AND id = ANY(")
        .column(ColumnType::Id, of_passages(write_context, claims))
        .sql("))");
    one_person(touched, district_code)
}

fn cases(claims: &[&Claim]) -> Vec<Value> {
    let values = claims.iter().flat_map(|claim| claim.former.iter().chain(&claim.next));
    values.filter_map(|values| values.get(&CASE_ID)).map(Value::Id).collect()
}

fn of_passages(write_context: &WriteContext, claims: &[&Claim]) -> Vec<Value> {
    let passages = claims.iter().filter(|claim| claim.kind == SCREENINGS.name);
    passages.map(|claim| Value::Id(duty_id(write_context, claim.id))).collect()
}

/// The state of those rows.
pub fn follow_ups(write_context: &Arc<WriteContext>, rows: Vec<Vec<Row>>) -> Result<FollowUps, String> {
    let mut lists = rows.into_iter();
    let mut next = || lists.next().unwrap_or_default();
    let (mut roots, mut areas) = (BTreeMap::new(), BTreeMap::new());
    for mut row in next() {
        if let (Some(person_id), Some(root)) = (row.get(&PERSON_ID), row.get(&ROOT)) {
            roots.insert(person_id, root);
            areas.extend(row.get(&AREA_CODE).map(|area_code| (root, area_code)));
        }
    }
    let duties = write_context.kept(&DUTIES, next())?;
    let people_of_cases =
        next().into_iter().filter_map(|mut row| Some((row.get(&ID)?, row.get(&PERSON_ID)?))).collect();
    let proof = |mut row: Row| {
        let kind = row.get(&KIND)?;
        let kind = [TEMPERATURE_READINGS.name, ISOLATION_CASES.name, FOLLOW_UP_VISITS.name]
            .into_iter()
            .find(|name| *name == kind)?;
        let person_id = row.get(&PERSON_ID)?;
        let times = (row.get(&OCCURRED_AT)?, row.get(&RECORDED_AT)?);
        let mut values = Values::default();
        values.set_or_clear(&visits::LINE, row.get(&visits::LINE));
        let root = roots.get(&person_id).copied().unwrap_or(person_id);
        let id = row.get(&ID)?;
        Some((id, (root, contact(kind, id, times, values))))
    };
    let contacts = next().into_iter().filter_map(proof).collect();
    let write_context = Arc::clone(write_context);
    Ok(FollowUps {
        write_context,
        duties,
        roots,
        areas,
        people_of_cases,
        contacts,
        by: Uuid::nil(),
        authors: BTreeMap::new(),
    })
}
