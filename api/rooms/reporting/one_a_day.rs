//! One a day: of each unit one report of a kind, of each worker one log. Decided under the lock, with what follows for the
//! duty of that day: it is done by the record that tells of it, and asked for again where that is voided.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::NaiveDate;
use kit::columns;
use kit::faults::Fault;
use kit::row::Row;
use kit::statement::{ColumnType, Statement};
use kit::value::{Value, Values};
use ledger::Append;
use ledger::decide::{Claim, Decider, State};
use uuid::Uuid;

use super::daily_reports::{DAILY_REPORTS, lacking, slot_of_report, wire};
use super::duty_kinds::{DAILY_REPORT, DAY, WORK_LOG};
use super::work_logs::{USER_ID, WORK_LOGS, WORKED_ON};
use crate::platform::privacy::blind::derived_id;
use crate::records::change::Changes;
use crate::records::codes::{ONE_OF_NEEDED, REPORT_EXISTS};
use crate::records::envelope;
use crate::records::locked_row::LockedRow;
use crate::records::write_context::WriteContext;
use crate::records::{Kind, Record};
use crate::rooms::duties::duty::{self, expectation, is};
use crate::rooms::duties::wire::WAIVER;
use crate::rooms::duties::{Contact, DUTIES, DutyKind, DutyState, DutyWaiver, proof_of, standing};

columns! {
    /// Whose something is, as those of a day are told apart.
    pub SLOT "slot": String;
}

/// A kind of which there is one a day.
pub struct DayBook {
    kind: &'static Kind,
    duty: DutyKind,
    /// The fields by which two of a day meet.
    pointer: &'static str,
    /// Slot of a row `r`, as SQL.
    slot_sql: &'static str,
    /// Day of a row `r`, as SQL.
    day_sql: &'static str,
    slot: fn(&Values) -> Option<(String, NaiveDate)>,
    /// Faults of a record by itself, for what it lacks.
    lacking: fn(&Values) -> Vec<Fault>,
}

/// Reports of units.
pub static REPORTS_OF_UNITS: DayBook = DayBook {
    kind: &DAILY_REPORTS,
    duty: DAILY_REPORT,
    pointer: "/reported_on",
    slot_sql: "r.org_id::text || '/' || r.report_kind",
    day_sql: "r.reported_on",
    slot: |values| {
        let slot = slot_of_report(values.get(&envelope::ORG_ID)?, values.get(&wire::REPORT_KIND)?.code());
        Some((slot, values.get(&wire::REPORTED_ON)?))
    },
    lacking: |values| {
        let nobody = values.get(&envelope::ORG_ID).is_none().then(|| Fault {
            pointer: envelope::ORG_ID.pointer(),
            code: ONE_OF_NEEDED,
            values: vec![("fields", envelope::ORG_ID.name().to_owned())],
            hint: None,
        });
        nobody.into_iter().chain(lacking(values)).collect()
    },
};

/// Logs of workers.
pub static LOGS_OF_WORKERS: DayBook = DayBook {
    kind: &WORK_LOGS,
    duty: WORK_LOG,
    pointer: "/worked_on",
    slot_sql: "r.user_id::text",
    day_sql: "r.worked_on",
    slot: |values| Some((values.get(&USER_ID)?.to_string(), values.get(&WORKED_ON)?)),
    lacking: |_| Vec::new(),
};

impl DayBook {
    /// Query for those of slots and days that stand.
    pub fn standing(&self, district_code: &str) -> Statement {
        Statement::new(format!("SELECT r.id, {} AS slot, {} AS day, r.occurred_at, r.recorded_at, (r.capture -> 'awaited') IS NOT NULL AS awaited FROM {} AS r WHERE NOT r.voided AND r.district_code = ", self.slot_sql, self.day_sql, self.kind.name))
            .text(district_code)
            .sql(format!(" AND {} = ANY(", self.day_sql))
    }

    /// A row of that query: whose, and as what proves a duty.
    pub fn contact(&self, row: &mut Row) -> Option<(String, Contact)> {
        contact(self.kind.name, row)
    }
}

/// A row of something that proves a duty of its day: whose, and the proof.
pub fn contact(kind: &'static str, row: &mut Row) -> Option<(String, Contact)> {
    let slot = row.get(&SLOT)?;
    let mut values = Values::default();
    values.set(&DAY, row.get(&DAY)?);
    values.set_or_clear(&envelope::AWAITED, row.get(&envelope::AWAITED));
    let (occurred_at, known_at) = (row.get(&envelope::OCCURRED_AT)?, row.get(&envelope::RECORDED_AT)?);
    Some((slot, Contact { kind, id: row.get(&envelope::ID)?, occurred_at, known_at, values }))
}

/// The duty of a slot and day: whoever makes it, it is made once.
pub fn duty_id(write_context: &WriteContext, kind: DutyKind, slot: &str, day: NaiveDate) -> Uuid {
    derived_id(&write_context.keys.identity, &["duty", kind.code(), slot, &day.to_string()])
}

/// Whether something has its day and proves nothing yet.
pub fn is_awaited(contact: &Contact) -> bool {
    contact.values.get(&envelope::AWAITED) == Some(true)
}

/// Decides about one kind of them.
pub struct OneADay {
    book: &'static DayBook,
    write_context: Arc<WriteContext>,
}

impl OneADay {
    /// The decider of an append.
    pub fn of(book: &'static DayBook, write_context: &Arc<WriteContext>) -> Arc<dyn Decider> {
        Arc::new(Self { book, write_context: Arc::clone(write_context) })
    }

    fn slots(&self, claims: &[&Claim]) -> BTreeSet<(String, NaiveDate)> {
        let values = claims.iter().flat_map(|claim| claim.former.iter().chain(&claim.next));
        values.filter_map(self.book.slot).collect()
    }
}

impl Decider for OneADay {
    fn group(&self) -> &'static str {
        self.book.kind.name
    }

    fn load(&self, district_code: &str, claims: &[&Claim]) -> Vec<Statement> {
        let slots = self.slots(claims);
        let days: BTreeSet<NaiveDate> = slots.iter().map(|(_, day)| *day).collect();
        let names: BTreeSet<&String> = slots.iter().map(|(slot, _)| slot).collect();
        let standing = self
            .book
            .standing(district_code)
            .column(ColumnType::Day, days.into_iter().map(Value::Day).collect())
            .sql(format!(") AND {} = ANY(", self.book.slot_sql))
            .column(ColumnType::Text, names.into_iter().cloned().map(Value::Text).collect())
            .sql(")");
        let duties = slots.iter().map(|(slot, day)| duty_id(&self.write_context, self.book.duty, slot, *day));
        let of_duties = Statement::new(format!("SELECT {} FROM duties AS r WHERE r.district_code = ", DUTIES.select()))
            .text(district_code)
            .sql(" AND r.id = ANY(")
            .column(ColumnType::Id, duties.map(Value::Id).collect())
            .sql(")");
        vec![standing, of_duties]
    }

    fn begin(&self, rows: Vec<Vec<Row>>) -> Result<Box<dyn State>, String> {
        let mut lists = rows.into_iter();
        let (standing, duties) = (lists.next().unwrap_or_default(), lists.next().unwrap_or_default());
        let mut held: BTreeMap<(String, NaiveDate), BTreeMap<Uuid, Contact>> = BTreeMap::new();
        for mut row in standing {
            let Some((slot, contact)) = self.book.contact(&mut row) else { continue };
            let Some(day) = contact.values.get(&DAY) else { continue };
            held.entry((slot, day)).or_default().insert(contact.id, contact);
        }
        Ok(Box::new(Held {
            book: self.book,
            write_context: Arc::clone(&self.write_context),
            held,
            duties: self.write_context.kept(&DUTIES, duties)?,
            touched: BTreeMap::new(),
        }))
    }
}

/// Records that stand, by slot and day, and the duties of these.
struct Held {
    book: &'static DayBook,
    write_context: Arc<WriteContext>,
    held: BTreeMap<(String, NaiveDate), BTreeMap<Uuid, Contact>>,
    duties: BTreeMap<Uuid, LockedRow>,
    /// Slots and days that a write touched, and whose write that was.
    touched: BTreeMap<(String, NaiveDate), Uuid>,
}

impl Held {
    fn refusals(&self, claim: &Claim, next: &Values) -> Vec<Fault> {
        let others = (self.book.slot)(next).and_then(|slot| self.held.get(&slot));
        let met = others.and_then(|others| others.keys().find(|id| **id != claim.id));
        let exists = met.map(|met| Fault {
            pointer: self.book.pointer.to_owned(),
            code: REPORT_EXISTS,
            values: vec![("location", format!("/v1/{}/{met}", self.book.kind.path))],
            hint: None,
        });
        exists.map_or_else(|| (self.book.lacking)(next), |exists| vec![exists])
    }

    fn contact_of(&self, id: Uuid, day: NaiveDate, values: &Values) -> Contact {
        let now = self.write_context.now;
        let mut told = Values::default();
        told.set(&DAY, day);
        told.set(&envelope::AWAITED, values.get(&envelope::AWAITED) == Some(true));
        Contact {
            kind: self.book.kind.name,
            id,
            occurred_at: values.get(&envelope::OCCURRED_AT).unwrap_or(now),
            known_at: values.get(&envelope::RECORDED_AT).unwrap_or(now),
            values: told,
        }
    }

    /// The duty as what stands makes it. What somebody waived by hand stays so.
    fn settled(&self, duty: &Record, slot: &(String, NaiveDate)) -> Record {
        if duty.values.get(&WAIVER) == Some(DutyWaiver::ByHand) {
            return duty.clone();
        }
        let told = self.held.get(slot).into_iter().flat_map(BTreeMap::values).filter(|contact| !is_awaited(contact));
        let proof = proof_of(&expectation(duty), told, self.write_context.zone);
        let waived = is(duty, DutyState::Waived);
        let stands = standing(duty::due_at(duty), proof, waived, self.write_context.now);
        duty::settle(duty, &stands, |_| None)
    }
}

impl State for Held {
    fn admit(&mut self, claim: &Claim) -> Result<(), Vec<Fault>> {
        if let Some(next) = &claim.next {
            let faults = self.refusals(claim, next);
            if !faults.is_empty() {
                return Err(faults);
            }
        }
        if let Some(slot) = claim.former.as_ref().and_then(self.book.slot) {
            self.held.entry(slot.clone()).or_default().remove(&claim.id);
            self.touched.insert(slot, claim.by);
        }
        let next = claim.next.as_ref();
        if let Some((slot, next)) = next.and_then(|next| Some(((self.book.slot)(next)?, next))) {
            let contact = self.contact_of(claim.id, slot.1, next);
            self.held.entry(slot.clone()).or_default().insert(claim.id, contact);
            self.touched.insert(slot, claim.by);
        }
        Ok(())
    }

    fn follow(mut self: Box<Self>) -> Result<Option<Append>, String> {
        for (slot, by) in std::mem::take(&mut self.touched) {
            let id = duty_id(&self.write_context, self.book.duty, &slot.0, slot.1);
            let Some(mut row) = self.duties.remove(&id) else { continue };
            row.record = self.settled(&row.record, &slot);
            row.sign(by);
            self.duties.insert(id, row);
        }
        let mut changes = Changes::default();
        for row in self.duties.into_values() {
            row.put_into(&DUTIES, &mut changes);
        }
        changes.following(&self.write_context)
    }
}
