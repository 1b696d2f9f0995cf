//! Duty to handle a dispute (`dispute_handling`): a day for a major one, three for others, until it was settled, given up
//! or transferred. It follows from the dispute alone, so order, voids and amendments don't matter.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::TimeDelta;
use kit::faults::Fault;
use kit::problem::Problem;
use kit::row::Row;
use kit::statement::{ColumnType, Statement};
use kit::time::day_of;
use kit::value::{Value, Values};
use ledger::decide::{Claim, Decider, State};
use ledger::{Append, AppendError};
use uuid::Uuid;

use super::{DISPUTES, DisputeSeverity, HANDLED_AT, HANDLED_BY_ORG_ID, SEVERITY};
use crate::platform::access::Role;
use crate::platform::core::Core;
use crate::platform::privacy::blind::derived_id;
use crate::records::change::Changes;
use crate::records::envelope::{AREA_CODE, OCCURRED_AT, ORG_ID};
use crate::records::locked_row::LockedRow;
use crate::records::write_context::WriteContext;
use crate::records::{Record, read};
use crate::rooms::duties::duty::{self, is};
use crate::rooms::duties::wire::{ASSIGNEE_ID, WAIVER};
use crate::rooms::duties::{
    Cadences, Contact, DUTIES, DutySource, DutyState, DutyWaiver, Holders, duty_kinds, standing,
};

duty_kinds! {
    /// The only one.
    pub const DUTY_KINDS;
    DISPUTE_HANDLING "dispute_handling" "handling of a dispute" "涉疫纠纷调处" [Unit]
        |duty, contact, _| contact.kind == DISPUTES.name && duty.cause_id == Some(contact.id);
}

/// This theme's part in the duties.
pub const DUTY_SOURCE: DutySource = DutySource {
    kinds: DUTY_KINDS,
    plan: Some(|core, district_code| Box::pin(give(core, district_code))),
    ..DutySource::NOTHING
};

/// A major dispute is handled within this time, whatever others are given.
const MAJOR: TimeDelta = TimeDelta::minutes(1_440);
/// Disputes that are told later ask for nothing any more.
const LATELY: TimeDelta = TimeDelta::days(14);
/// Duties given to somebody in one step of the worker.
const MOST: i64 = 250;

/// Decides what disputes ask for. It refuses nothing.
pub struct HandlingDecider(pub Arc<WriteContext>);

/// The duty of a dispute: whoever makes it, it is made once.
fn duty_id(write_context: &WriteContext, dispute: Uuid) -> Uuid {
    derived_id(&write_context.keys.identity, &["duty", DISPUTE_HANDLING.code(), &dispute.to_string()])
}

impl Decider for HandlingDecider {
    fn group(&self) -> &'static str {
        DISPUTE_HANDLING.code()
    }

    fn load(&self, district_code: &str, claims: &[&Claim]) -> Vec<Statement> {
        let ids = claims.iter().map(|claim| Value::Id(duty_id(&self.0, claim.id))).collect();
        let statement = Statement::new(format!("SELECT {} FROM duties AS r WHERE r.district_code = ", DUTIES.select()));
        vec![statement.text(district_code).sql(" AND r.id = ANY(").column(ColumnType::Id, ids).sql(")")]
    }

    fn begin(&self, rows: Vec<Vec<Row>>) -> Result<Box<dyn State>, String> {
        let duties = self.0.kept(&DUTIES, rows.into_iter().flatten().collect())?;
        Ok(Box::new(Handlings { write_context: Arc::clone(&self.0), duties }))
    }
}

/// The duties of the disputes that a batch touches.
struct Handlings {
    write_context: Arc<WriteContext>,
    duties: BTreeMap<Uuid, LockedRow>,
}

impl State for Handlings {
    fn admit(&mut self, claim: &Claim) -> Result<(), Vec<Fault>> {
        let id = duty_id(&self.write_context, claim.id);
        match &claim.next {
            Some(dispute) => self.ask(id, claim, dispute),
            None => {
                if let Some(held) = self.duties.get_mut(&id).filter(|held| !is(&held.record, DutyState::Waived)) {
                    held.record = duty::waive(&held.record, DutyWaiver::CauseVoided);
                }
            }
        }
        if let Some(held) = self.duties.get_mut(&id) {
            held.sign(claim.by);
        }
        Ok(())
    }

    fn follow(self: Box<Self>) -> Result<Option<Append>, String> {
        let mut changes = Changes::default();
        for duty in self.duties.into_values() {
            duty.put_into(&DUTIES, &mut changes);
        }
        changes.following(&self.write_context)
    }
}

impl Handlings {
    /// The duty of a dispute as it stands now.
    fn ask(&mut self, id: Uuid, claim: &Claim, dispute: &Values) {
        let write_context = Arc::clone(&self.write_context);
        if !self.duties.contains_key(&id) {
            self.duties.extend(new(&write_context, id, claim, dispute).map(|row| (id, row)));
        }
        let Some(held) = self.duties.get_mut(&id) else { return };
        if held.record.values.get(&WAIVER) == Some(DutyWaiver::ByHand) {
            return;
        }
        if held.record.values.get(&WAIVER) == Some(DutyWaiver::CauseVoided) {
            duty::reopen(&mut held.record);
        }
        if let Some(former) = &claim.former {
            again(&write_context, &mut held.record, former, dispute);
        }
        if !is(&held.record, DutyState::Done) {
            dispute
                .get(&AREA_CODE)
                .unwrap_or(&write_context.district_code)
                .clone_into(&mut held.record.envelope.area_code);
            held.record.envelope.org_id = organization(dispute);
        }
        let proof = handled(&write_context, claim.id, dispute);
        let stands = standing(duty::due_at(&held.record), proof.as_ref(), false, write_context.now);
        held.record = duty::settle(&held.record, &stands, |_| None);
    }
}

/// The organisation that should handle it.
fn organization(dispute: &Values) -> Option<Uuid> {
    dispute.get(&HANDLED_BY_ORG_ID).or(dispute.get(&ORG_ID))
}

/// A new duty; none where disputes ask for nothing there, or it was over long ago.
fn new(write_context: &WriteContext, id: Uuid, claim: &Claim, dispute: &Values) -> Option<LockedRow> {
    let opens_at = dispute.get(&OCCURRED_AT).unwrap_or(write_context.now);
    if opens_at + LATELY < write_context.now {
        return None;
    }
    // Whoever took it up answers for it, unless it was given to others at once.
    let is_given = dispute.get(&HANDLED_BY_ORG_ID).is_some_and(|given| dispute.get(&ORG_ID) != Some(given));
    // Nobody can answer for what he wasn't told: what was told late is due from then on.
    let told_late = write_context.now > opens_at + write_context.clock_tolerance;
    let from = if told_late { write_context.now } else { opens_at };
    let made = duty::New {
        id,
        duty_kind: DISPUTE_HANDLING,
        subject: (DISPUTES.name, claim.id),
        cause_id: Some(claim.id),
        assignee_id: Some(claim.by).filter(|_| !is_given),
        opens_at,
        due_at: from + time_for(write_context, dispute)?,
        area_code: dispute.get(&AREA_CODE).unwrap_or(&write_context.district_code),
        org_id: organization(dispute),
        made_by: claim.by,
    };
    Some(LockedRow::new(duty::record(made, write_context)))
}

/// How long there is to handle it; none where disputes ask for nothing there.
fn time_for(write_context: &WriteContext, dispute: &Values) -> Option<TimeDelta> {
    let area_code = dispute.get(&AREA_CODE).unwrap_or(&write_context.district_code);
    let opens_at = dispute.get(&OCCURRED_AT).unwrap_or(write_context.now);
    let day = day_of(opens_at, write_context.zone);
    let cadence = write_context.settings.of::<Cadences>().at(DISPUTE_HANDLING, area_code, day)?;
    let time = cadence.due_after(opens_at) - opens_at;
    Some(if dispute.get(&SEVERITY) == Some(DisputeSeverity::Major) { time.min(MAJOR) } else { time })
}

/// Moves the duty of a dispute that was amended: it happened at another time, or is graver than it seemed. What was told
/// late is due from when it was told, and stays so.
fn again(write_context: &WriteContext, duty: &mut Record, former: &Values, dispute: &Values) {
    let Some(time) = time_for(write_context, dispute) else { return };
    let opens_at = dispute.get(&OCCURRED_AT).unwrap_or(write_context.now);
    let from = duty::due_at(duty) - time_for(write_context, former).unwrap_or(time);
    let from = if former.get(&OCCURRED_AT) == Some(from) { opens_at } else { from };
    *duty = duty::moved(duty, (opens_at, from + time));
}

/// The dispute as what proves its handling, where it was handled.
fn handled(write_context: &WriteContext, id: Uuid, dispute: &Values) -> Option<Contact> {
    let at = dispute.get(&HANDLED_AT)?;
    Some(Contact { kind: DISPUTES.name, id, occurred_at: at, known_at: write_context.now, values: Values::default() })
}

/// Gives duties that nobody has to an officer of the organisation that handles them, else to one of the area.
async fn give(core: &Core, district_code: &str) -> Result<(), Problem> {
    let statement = Statement::new(format!("SELECT {} FROM duties AS r WHERE r.district_code = ", DUTIES.select()))
        .text(district_code)
        .sql(format!(" AND r.duty_kind = '{DISPUTE_HANDLING}' AND r.state = 'open' AND r.assignee_id IS NULL AND NOT r.voided ORDER BY r.opens_at LIMIT {MOST}"))
        .seeing_district(district_code);
    let open = read::load(core, &DUTIES, &statement).await?;
    if open.is_empty() {
        return Ok(());
    }
    let holders = Holders::load(core, district_code).await?;
    let mut changes = Changes::default();
    for duty in open {
        let (area_code, org_id) = (duty.envelope.area_code.clone(), duty.envelope.org_id);
        let roles = [Role::JusticeOfficer, Role::TownCadre];
        let Some(id) = roles.into_iter().find_map(|role| holders.of_role(role, &area_code, org_id)) else { continue };
        let mut row = LockedRow::stored(duty);
        row.record.values.set(&ASSIGNEE_ID, id);
        row.put_into(&DUTIES, &mut changes);
    }
    if changes.is_empty() {
        return Ok(());
    }
    let write_context = core.write_context(core.clock.now(), district_code);
    match core.ledger.append(changes.into_append(&write_context)?).await {
        // Somebody proved one of them, or another process was faster: looked at again in the next pass.
        Ok(_) | Err(AppendError::Conflict(_) | AppendError::Busy) => Ok(()),
        Err(error) => Err(error.into()),
    }
}
