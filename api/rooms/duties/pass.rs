//! A pass over the duties of a district: how they should stand is written where they don't.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, NaiveDate, Utc};
use kit::problem::Problem;
use kit::statement::{ColumnType, Statement};
use kit::time::day_of;
use kit::value::Value;
use ledger::AppendError;
use uuid::Uuid;

use crate::platform::core::Core;
use crate::platform::privacy::blind::derived_id;
use crate::records::change::Changes;
use crate::records::envelope::ID;
use crate::records::locked_row::LockedRow;
use crate::records::write_context::WriteContext;
use crate::records::{Record, read};
use crate::rooms::duties::Holders;
use crate::rooms::duties::duty::{self, expectation, is};
use crate::rooms::duties::wire::{ASSIGNEE_ID, OFFERED_TO, PROOF, WAIVER};
use crate::rooms::duties::{
    Cadence, Cadences, Contact, DUTIES, DutyKind, DutyLine, DutyState, DutyWaiver, proof_of, standing,
};

/// Duties of one append: few enough that no phone waits long.
const CHUNK: usize = 250;
/// Between two appends, others write.
const BREATH: Duration = Duration::from_millis(20);
/// Duties written in one pass: what is missed must be noted meanwhile, and the lease renewed.
const MOST: usize = 5_000;

/// A duty as it should stand, with the account that answers for it by the registers.
pub struct Settled {
    /// The duty.
    pub row: LockedRow,
    /// Account that answers for it.
    pub answers: Option<Uuid>,
}

/// A pass.
pub struct Pass<'a> {
    /// The core.
    pub core: &'a Core,
    /// Settings, keys and time of the pass.
    pub write_context: Arc<WriteContext>,
    /// The district.
    pub district_code: &'a str,
    /// Today in the district's zone.
    pub today: NaiveDate,
    /// Accounts that may answer.
    pub accounts: Holders,
}

impl<'a> Pass<'a> {
    /// Begins a pass.
    pub async fn begin(core: &'a Core, district_code: &'a str) -> Result<Self, Problem> {
        let now = core.clock.now();
        let accounts = Holders::load(core, district_code).await?;
        let write_context = core.write_context(now, district_code);
        Ok(Self { core, write_context, district_code, today: day_of(now, core.zone), accounts })
    }

    /// The time of the pass.
    pub fn now(&self) -> DateTime<Utc> {
        self.write_context.now
    }

    /// The duties that a statement selects.
    pub async fn duties(&self, statement: &Statement) -> Result<Vec<Record>, Problem> {
        read::load(self.core, &DUTIES, statement).await
    }

    /// The id of a duty, made once of what asks for it.
    pub fn id(&self, kind: DutyKind, parts: &[&str]) -> Uuid {
        let all: Vec<&str> = ["duty", kind.code()].into_iter().chain(parts.iter().copied()).collect();
        derived_id(&self.write_context.keys.identity, &all)
    }

    /// Cadence of a kind in an area today, if it is expected there.
    pub fn cadence(&self, kind: DutyKind, area_code: &str) -> Option<&Cadence> {
        self.write_context.settings.of::<Cadences>().at(kind, area_code, self.today)
    }

    /// The account of a duty's line.
    pub fn of_line(&self, line: DutyLine, duty: &Record) -> Option<Uuid> {
        self.accounts.of_line(line, &duty.envelope.area_code, duty.envelope.org_id)
    }

    /// The duty as these records make it stand. What somebody waived by hand stays so.
    pub fn settled<'c>(&self, duty: &Record, contacts: impl Iterator<Item = &'c Contact>) -> Record {
        if duty.values.get(&WAIVER) == Some(DutyWaiver::ByHand) {
            return duty.clone();
        }
        let proof = proof_of(&expectation(duty), contacts, self.write_context.zone);
        let stands = standing(duty::due_at(duty), proof, false, self.now());
        duty::settle(duty, &stands, |line| self.of_line(line, duty))
    }

    /// Writes what differs; answers whether all of it was written.
    pub async fn write(&self, settled: Vec<Settled>) -> Result<bool, Problem> {
        let mut changed = self.assigned(settled).await?;
        let mut whole = changed.len() <= MOST;
        changed.truncate(MOST);
        let mut rows = changed.into_iter().peekable();
        while rows.peek().is_some() {
            let mut changes = Changes::default();
            rows.by_ref().take(CHUNK).for_each(|row| row.put_into(&DUTIES, &mut changes));
            match self.core.ledger.append(changes.into_append(&self.write_context)?).await {
                Ok(_) => {}
                // Somebody proved one of them, or another process was faster: looked at again in the next pass.
                Err(AppendError::Conflict(_) | AppendError::Busy) => whole = false,
                Err(error) => return Err(error.into()),
            }
            tokio::time::sleep(BREATH).await;
        }
        Ok(whole)
    }

    /// Those that differ from what is stored, with who answers for them. Whoever was given an open duty by hand keeps
    /// it while the account sees it; what is missed stays whose it was.
    async fn assigned(&self, settled: Vec<Settled>) -> Result<Vec<LockedRow>, Problem> {
        let able = |record: &Record| {
            let envelope = &record.envelope;
            let assignee_id = record.values.get(&ASSIGNEE_ID);
            assignee_id.is_some_and(|id| self.accounts.can_answer(id, &envelope.area_code, envelope.org_id))
        };
        let differs = |one: &Settled| {
            let open = one.row.former.is_some() && is(&one.row.record, DutyState::Open);
            open && one.answers != one.row.record.values.get(&ASSIGNEE_ID) && able(&one.row.record)
        };
        let asked: Vec<Uuid> =
            settled.iter().filter(|one| differs(one)).map(|one| one.row.record.envelope.id).collect();
        let by_hand = self.given_by_hand(&asked).await?;
        let given = |mut one: Settled| {
            let id = one.row.record.envelope.id;
            let is_new = one.row.former.is_none();
            let open = is(&one.row.record, DutyState::Open);
            let keeps = by_hand.contains(&id) || (one.answers.is_none() && able(&one.row.record));
            if is_new || (open && !keeps) {
                one.row.record.values.set_or_clear(&ASSIGNEE_ID, one.answers);
                one.row.record.values.clear(&OFFERED_TO);
            }
            one.row
        };
        Ok(settled.into_iter().map(given).filter(is_changed).collect())
    }

    /// Those of the duties whose assignee somebody chose.
    async fn given_by_hand(&self, ids: &[Uuid]) -> Result<Vec<Uuid>, Problem> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let ids = || ids.iter().copied().map(Value::Id).collect::<Vec<_>>();
        let statement = Statement::new("SELECT DISTINCT d.id FROM duties AS d WHERE d.district_code = ")
            .text(self.district_code)
            .sql(" AND d.id = ANY(")
            .column(ColumnType::Id, ids())
            .sql(") AND (d.revised_by <> ")
            .id(Uuid::nil())
            .sql(" OR EXISTS (SELECT 1 FROM record_revisions AS h WHERE h.kind = 'duties' AND h.district_code = d.district_code AND h.id = d.id AND h.body ->> 'assignee_id' = d.assignee_id::text AND h.body ->> 'revised_by' <> ")
            .text(Uuid::nil().to_string())
            .sql("))")
            .seeing_district(self.district_code);
        let rows = self.core.database.read(&statement).await?;
        Ok(rows.into_iter().filter_map(|mut row| row.get(&ID)).collect())
    }
}

fn is_changed(row: &LockedRow) -> bool {
    row.former.as_ref().is_none_or(|former| {
        former.values != row.record.values || former.envelope.area_code != row.record.envelope.area_code
    })
}

/// The id of the record that proves a duty now.
pub fn proof_id(duty: &Record) -> Option<Uuid> {
    duty.values.get(&PROOF).map(|proof| proof.id)
}

/// The duty, that should never have been asked for: what asked for it was voided. What was done was done.
pub fn cancelled(duty: &Record, waiver: DutyWaiver) -> Record {
    let unanswered = is(duty, DutyState::Open) || is(duty, DutyState::Missed);
    if unanswered { duty::waive(duty, waiver) } else { duty.clone() }
}

/// The duty, no longer expected: what asked for it holds no more. What was done or missed was.
pub fn lapsed(duty: &Record, waiver: DutyWaiver) -> Record {
    if is(duty, DutyState::Open) { duty::waive(duty, waiver) } else { duty.clone() }
}
