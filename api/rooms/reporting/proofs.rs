//! Proofs that somebody reported: reports, issued bulletins, logs, by the duty that each of them does.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use kit::problem::Problem;
use kit::statement::{ColumnType, Statement};
use kit::value::Value;
use uuid::Uuid;

use super::duty_kinds::{BULLETIN, DAILY_REPORT, DAY, EDITIONS, WORK_LOG};
use super::one_a_day::{self, DayBook, LOGS_OF_WORKERS, REPORTS_OF_UNITS, contact, duty_id};
use crate::platform::core::Core;
use crate::records::write_context::WriteContext;
use crate::rooms::duties::{Contact, DutyKind};

/// Proofs by the duty that each of them does.
pub type Proofs = BTreeMap<Uuid, Vec<Contact>>;

/// Those of some days.
pub async fn proofs(core: &Core, write_context: &WriteContext, days: &[NaiveDate]) -> Result<Proofs, Problem> {
    let mut proofs = Proofs::new();
    for (kind, book) in [(DAILY_REPORT, &REPORTS_OF_UNITS), (WORK_LOG, &LOGS_OF_WORKERS)] {
        let rows = core.database.read(&of_book(book, &write_context.district_code, days)).await?;
        let told = rows.into_iter().filter_map(|mut row| book.contact(&mut row));
        put(&mut proofs, write_context, kind, told.filter(|(_, contact)| !one_a_day::is_awaited(contact)));
    }
    let rows = core.database.read(&editions(&write_context.district_code, days)).await?;
    put(&mut proofs, write_context, BULLETIN, rows.into_iter().filter_map(|mut row| contact(EDITIONS, &mut row)));
    Ok(proofs)
}

fn put(
    proofs: &mut Proofs,
    write_context: &WriteContext,
    kind: DutyKind,
    told: impl Iterator<Item = (String, Contact)>,
) {
    for (slot, contact) in told {
        let Some(day) = contact.values.get(&DAY) else { continue };
        proofs.entry(duty_id(write_context, kind, &slot, day)).or_default().push(contact);
    }
}

fn column(days: &[NaiveDate]) -> Vec<Value> {
    days.iter().copied().map(Value::Day).collect()
}

fn of_book(book: &DayBook, district_code: &str, days: &[NaiveDate]) -> Statement {
    let statement = book.standing(district_code).column(ColumnType::Day, column(days));
    statement.sql(")").seeing_district(district_code)
}

/// Query for bulletins of units that were issued of some days and not withdrawn.
pub fn editions(district_code: &str, days: &[NaiveDate]) -> Statement {
    Statement::new(format!("SELECT r.id, r.org_id, r.org_id::text || '/bulletin' AS slot, r.as_of_on AS day, r.occurred_at, r.recorded_at, false AS awaited FROM {EDITIONS} AS r WHERE NOT r.voided AND r.state = 'frozen' AND r.org_id IS NOT NULL AND r.district_code = "))
        .text(district_code)
        .sql(" AND r.as_of_on = ANY(")
        .column(ColumnType::Day, column(days))
        .sql(")")
        .seeing_district(district_code)
}
