//! Banquets and bans under the lock: a banquet that is held with more tables than the bans allow is a violation. It
//! refuses nothing. Settled anew from the bans and banquets that stand: order, voids and amendments don't matter.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use kit::faults::Fault;
use kit::row::Row;
use kit::statement::{ColumnType, Statement};
use kit::time::{day_of, day_start};
use kit::value::{Value, Values};
use ledger::Append;
use ledger::decide::{Claim, Decider, State};
use uuid::Uuid;

use super::BANQUETS;
use super::wire::{BanquetStatus, PLACE_ID, PLANNED_ON, STATUS, TABLES};
use crate::platform::privacy::blind::derived_id;
use crate::records::Record;
use crate::records::awaited::has_come;
use crate::records::change::Changes;
use crate::records::envelope::{AREA_CODE, ID, OCCURRED_AT, ORG_ID, RESTORE_REASON, VOID_REASON};
use crate::records::locked_row::LockedRow;
use crate::records::write_context::WriteContext;
use crate::rooms::observation::VIOLATIONS;
use crate::rooms::observation::violations::{self, ViolationKind};
use crate::rooms::venues::gathering_bans::{self, Ban, GATHERING_BANS};

/// Why the service voids a violation, by which it knows its own voids from people's.
const NO_VIOLATION: &str = "the banquet is none any more 宴席已不构成违规";
/// Why it lets one hold again.
const A_VIOLATION_AGAIN: &str = "the banquet is one again 宴席再次构成违规";

/// Decides which banquets are violations.
pub struct BanquetDecider(Arc<WriteContext>);

impl BanquetDecider {
    /// The decider of an append.
    pub fn of(write_context: &Arc<WriteContext>) -> Arc<dyn Decider> {
        Arc::new(Self(Arc::clone(write_context)))
    }
}

/// A banquet that was held.
struct Held {
    place_id: Option<Uuid>,
    area_code: String,
    org_id: Option<Uuid>,
    planned_on: NaiveDate,
    tables: i64,
    occurred_at: DateTime<Utc>,
}

impl Held {
    /// The banquet of such values; none of one that wasn't held.
    fn of(values: &Values) -> Option<Self> {
        (values.get(&STATUS) == Some(BanquetStatus::Held)).then_some(())?;
        Some(Self {
            place_id: values.get(&PLACE_ID),
            area_code: values.get(&AREA_CODE)?.to_owned(),
            org_id: values.get(&ORG_ID),
            planned_on: values.get(&PLANNED_ON)?,
            tables: values.get(&TABLES)?,
            occurred_at: values.get(&OCCURRED_AT)?,
        })
    }

    fn of_record(record: Record) -> Option<(Uuid, Self)> {
        let mut values = record.values;
        values.set(&AREA_CODE, record.envelope.area_code);
        values.set_or_clear(&ORG_ID, record.envelope.org_id);
        values.set(&OCCURRED_AT, record.envelope.occurred_at);
        Some((record.envelope.id, Self::of(&values)?))
    }

    /// When the violation was: when it was told, if that was on its day; else as the day began.
    fn violated_at(&self, write_context: &WriteContext) -> DateTime<Utc> {
        let zone = write_context.zone;
        let on_its_day = day_of(self.occurred_at, zone) == self.planned_on;
        let begins_at = day_start(self.planned_on, zone).filter(|_| !on_its_day);
        begins_at.unwrap_or(self.occurred_at)
    }
}

struct Banquets {
    write_context: Arc<WriteContext>,
    bans: BTreeMap<Uuid, Ban>,
    held: BTreeMap<Uuid, Held>,
    /// Violations by banquet.
    violations: BTreeMap<Uuid, LockedRow>,
}

/// ` AND` banquet `r` is one of the claims', or was held where and when one of their bans holds, or held.
fn concerned(statement: Statement, claims: &[&Claim]) -> Statement {
    let own = claims.iter().filter(|claim| claim.kind == BANQUETS.name).map(|claim| Value::Id(claim.id)).collect();
    let statement = statement.sql(" AND (r.id = ANY(").column(ColumnType::Id, own).sql(")");
    let of_bans = claims.iter().filter(|claim| claim.kind == GATHERING_BANS.name);
    let bans = of_bans.flat_map(|claim| claim.former.iter().chain(&claim.next)).filter_map(Ban::of_values);
    let statement = bans.fold(statement, |statement, ban| {
        let statement = statement
            .sql(" OR (r.status = 'held' AND starts_with(r.area_code, ")
            .text(ban.area_code)
            .sql(") AND r.planned_on >= ")
            .bind(ColumnType::Day, Value::Day(ban.effective_on));
        let statement = match ban.until_on {
            Some(until_on) => statement.sql(" AND r.planned_on <= ").bind(ColumnType::Day, Value::Day(until_on)),
            None => statement,
        };
        statement.sql(")")
    });
    statement.sql(")")
}

impl Decider for BanquetDecider {
    fn group(&self) -> &'static str {
        BANQUETS.name
    }

    fn load(&self, district_code: &str, claims: &[&Claim]) -> Vec<Statement> {
        let banquets = format!(
            "SELECT {} FROM banquets AS r WHERE NOT r.voided AND {} AND r.status = 'held' AND r.district_code = ",
            BANQUETS.select(),
            has_come("r.")
        );
        let banquets = concerned(Statement::new(banquets).text(district_code), claims);
        let ids = Statement::new("SELECT r.id FROM banquets AS r WHERE r.district_code = ").text(district_code);
        let own = claims.iter().filter(|claim| claim.kind == BANQUETS.name).map(|claim| Value::Id(claim.id)).collect();
        let violations =
            Statement::new(format!("SELECT {} FROM violations AS v WHERE v.district_code = ", VIOLATIONS.select()))
                .text(district_code)
                .sql(" AND (v.banquet_id = ANY(")
                .column(ColumnType::Id, own)
                .sql(") OR v.banquet_id IN (")
                .then(concerned(ids, claims))
                .sql("))");
        vec![gathering_bans::standing(district_code), banquets, violations]
    }

    fn begin(&self, rows: Vec<Vec<Row>>) -> Result<Box<dyn State>, String> {
        let mut lists = rows.into_iter();
        let mut next = || lists.next().unwrap_or_default();
        let ban = |mut row: Row| Some((row.get(&ID)?, Ban::of_row(&mut row)?));
        let bans = next().into_iter().filter_map(ban).collect();
        let held = self.0.records(&BANQUETS, next())?.into_iter().filter_map(Held::of_record).collect();
        let violations = self.0.kept(&VIOLATIONS, next())?.into_values();
        let of_banquet = |row: LockedRow| Some((row.record.values.get(&violations::BANQUET_ID)?, row));
        let violations = violations.filter_map(of_banquet).collect();
        Ok(Box::new(Banquets { write_context: Arc::clone(&self.0), bans, held, violations }))
    }
}

impl State for Banquets {
    fn admit(&mut self, claim: &Claim) -> Result<(), Vec<Fault>> {
        if claim.kind == GATHERING_BANS.name {
            self.bans.remove(&claim.id);
            self.bans.extend(claim.next.as_ref().and_then(Ban::of_values).map(|ban| (claim.id, ban)));
            let known: Vec<Uuid> = self.held.keys().copied().collect();
            known.into_iter().for_each(|id| self.settle(id, claim.by));
            return Ok(());
        }
        self.held.remove(&claim.id);
        self.held.extend(claim.next.as_ref().and_then(Held::of).map(|held| (claim.id, held)));
        self.settle(claim.id, claim.by);
        Ok(())
    }

    fn follow(self: Box<Self>) -> Result<Option<Append>, String> {
        let mut changes = Changes::default();
        self.violations.into_values().for_each(|row| row.put_into(&VIOLATIONS, &mut changes));
        changes.following(&self.write_context)
    }
}

impl Banquets {
    /// Lets the violation of a banquet stand as bans and banquet say.
    fn settle(&mut self, id: Uuid, by: Uuid) {
        let held = self.held.get(&id).filter(|held| {
            let allowed = Ban::allowed(self.bans.values(), &held.area_code, held.planned_on);
            allowed.is_some_and(|allowed| held.tables > allowed)
        });
        match (self.violations.get_mut(&id), held) {
            (Some(row), Some(held)) => {
                stand(&mut row.record, held, &self.write_context);
                row.sign(by);
            }
            (Some(row), None) if !row.record.envelope.voided => {
                row.record.envelope.voided = true;
                row.record.values.set(&VOID_REASON, NO_VIOLATION);
                row.record.values.clear(&RESTORE_REASON);
                row.sign(by);
            }
            (None, Some(held)) => {
                let mut row = LockedRow::new(violation(id, held, by, &self.write_context));
                row.sign(by);
                self.violations.insert(id, row);
            }
            (Some(_) | None, None) => {}
        }
    }
}

/// The violation that a banquet is.
fn violation(banquet_id: Uuid, held: &Held, by: Uuid, write_context: &WriteContext) -> Record {
    let parts = ["violation", ViolationKind::GroupBanquet.code(), &banquet_id.to_string()];
    let id = derived_id(&write_context.keys.identity, &parts);
    let at = held.violated_at(write_context);
    let envelope = write_context.envelope(id, &held.area_code, held.org_id, at, by);
    let mut values = Values::default();
    values.set(&violations::VIOLATION_KIND, ViolationKind::GroupBanquet);
    values.set_or_clear(&violations::PLACE_ID, held.place_id);
    values.set(&violations::BANQUET_ID, banquet_id);
    Record { envelope, values }
}

/// The violation holds, where the banquet is now. What somebody voided by hand stays void.
fn stand(violation: &mut Record, held: &Held, write_context: &WriteContext) {
    if violation.envelope.voided {
        if violation.values.get(&VOID_REASON) != Some(NO_VIOLATION) {
            return;
        }
        violation.envelope.voided = false;
        violation.values.clear(&VOID_REASON);
        violation.values.set(&RESTORE_REASON, A_VIOLATION_AGAIN);
    }
    violation.envelope.area_code.clone_from(&held.area_code);
    violation.envelope.org_id = held.org_id;
    violation.envelope.occurred_at = held.violated_at(write_context);
    violation.values.set_or_clear(&violations::PLACE_ID, held.place_id);
}
