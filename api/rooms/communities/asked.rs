//! Duties that a record asks for about itself: that somebody deals with a rumour, that somebody looks into a tip. The same
//! record proves it, once it says what came of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use kit::faults::Fault;
use kit::field::{Field, Shape};
use kit::problem::Problem;
use kit::row::Row;
use kit::statement::{ColumnType, Statement};
use kit::text::Text;
use kit::time::day_of;
use kit::typed::TypedField;
use kit::value::{Value, Values};
use ledger::Append;
use ledger::decide::{Claim, Decider, State};
use uuid::Uuid;

use super::incidents::{self, INCIDENTS};
use super::tips::{ABOUT_AREA_CODE, TIPS};
use crate::platform::core::Core;
use crate::platform::privacy::blind::derived_id;
use crate::records::change::Changes;
use crate::records::envelope::{AREA_CODE, OCCURRED_AT, ORG_ID};
use crate::records::locked_row::LockedRow;
use crate::records::write_context::WriteContext;
use crate::records::{Context, Draft, Record};
use crate::rooms::duties::duty::{self, expectation, is};
use crate::rooms::duties::wire::WAIVER;
use crate::rooms::duties::{
    Accounts, Cadences, Contact, DUTIES, DutyKind, DutySource, DutyState, DutyWaiver, Expectation, Holders, duty_kinds,
    proof_of, standing,
};

duty_kinds! {
    /// Both of them.
    pub const DUTY_KINDS;
    INCIDENT_HANDLING "incident_handling" "handling of a rumour or panic" "舆情处置" [Village]
        |duty, contact, _| is_answer(duty, contact, INCIDENTS.name);
    TIP_CHECK "tip_check" "check of a tip" "线索核查" [Village]
        |duty, contact, _| is_answer(duty, contact, TIPS.name);
}

/// Whether the record that asked says what came of it.
fn is_answer(duty: &Expectation, contact: &Contact, kind: &str) -> bool {
    contact.kind == kind && duty.cause_id == Some(contact.id) && contact.values.get(&HANDLED_AT).is_some()
}

/// Duties of this theme.
pub const DUTY_SOURCE: DutySource = DutySource {
    kinds: DUTY_KINDS,
    accounts: Some(|core, district_code, duties| Box::pin(accounts(core, district_code, duties))),
    ..DutySource::NOTHING
};

/// When the server was told what came of it.
pub const HANDLED_AT: TypedField<DateTime<Utc>> = TypedField::named(
    "HANDLED_AT",
    Field::new(
        "handled_at",
        Shape::Instant,
        Text::new("Handled at", "办结时间"),
        "When the service was told what came of it.",
    )
    .by_server(),
);

/// Notes when it was first told that it was dealt with.
pub fn note_handled(draft: &mut Draft, handled: bool, context: &Context<'_>) {
    let at = draft.former.get(&HANDLED_AT).unwrap_or(context.now);
    draft.values.set_or_clear(&HANDLED_AT, handled.then_some(at));
}

/// Decides what such records ask for, and that they are answered. It refuses nothing.
pub struct AskedDecider(Arc<WriteContext>);

impl AskedDecider {
    /// The decider of an append.
    pub fn of(write_context: &Arc<WriteContext>) -> Arc<dyn Decider> {
        Arc::new(Self(Arc::clone(write_context)))
    }
}

fn duty_kind_of(claim: &Claim) -> DutyKind {
    if claim.kind == TIPS.name { TIP_CHECK } else { INCIDENT_HANDLING }
}

/// The duty of a record: whoever makes it, it is made once.
fn duty_id(write_context: &WriteContext, claim: &Claim) -> Uuid {
    let name = ["duty", duty_kind_of(claim).code(), &claim.id.to_string()];
    derived_id(&write_context.keys.identity, &name)
}

impl Decider for AskedDecider {
    fn group(&self) -> &'static str {
        "communities"
    }

    fn load(&self, district_code: &str, claims: &[&Claim]) -> Vec<Statement> {
        let ids = claims.iter().map(|claim| Value::Id(duty_id(&self.0, claim))).collect();
        let duties = Statement::new(format!("SELECT {} FROM duties AS r WHERE r.district_code = ", DUTIES.select()))
            .text(district_code)
            .sql(" AND r.id = ANY(")
            .column(ColumnType::Id, ids)
            .sql(")");
        vec![duties]
    }

    fn begin(&self, rows: Vec<Vec<Row>>) -> Result<Box<dyn State>, String> {
        let duties = self.0.kept(&DUTIES, rows.into_iter().next().unwrap_or_default())?;
        Ok(Box::new(Duties { write_context: Arc::clone(&self.0), duties }))
    }
}

struct Duties {
    write_context: Arc<WriteContext>,
    duties: BTreeMap<Uuid, LockedRow>,
}

impl State for Duties {
    fn admit(&mut self, claim: &Claim) -> Result<(), Vec<Fault>> {
        let id = duty_id(&self.write_context, claim);
        let asks = |values: &&Values| claim.kind == TIPS.name || incidents::asks(values);
        let asking = claim.next.as_ref().filter(asks);
        if let (Some(values), None) = (asking, self.duties.get(&id)) {
            let made = make(claim, values, &self.write_context);
            self.duties.extend(made.map(|record| (id, LockedRow::new(record))));
        }
        if let Some(held) = self.duties.get_mut(&id) {
            held.record = stood(&held.record, claim, asking, &self.write_context);
            held.sign(claim.by);
        }
        Ok(())
    }

    fn follow(self: Box<Self>) -> Result<Option<Append>, String> {
        let mut changes = Changes::default();
        self.duties.into_values().for_each(|duty| duty.put_into(&DUTIES, &mut changes));
        changes.following(&self.write_context)
    }
}

/// Where it is to be dealt with: where it is about, within the district.
fn area_of<'a>(values: &'a Values, write_context: &'a WriteContext) -> &'a str {
    let here = values.get(&AREA_CODE).unwrap_or(&write_context.district_code);
    let about = values.get(&ABOUT_AREA_CODE).filter(|code| code.starts_with(&write_context.district_code));
    about.unwrap_or(here)
}

/// A new duty, where it is asked for there and then. What was dealt with when it was told asks for nothing.
fn make(claim: &Claim, values: &Values, write_context: &WriteContext) -> Option<Record> {
    if values.get(&HANDLED_AT).is_some() {
        return None;
    }
    let (duty_kind, area_code) = (duty_kind_of(claim), area_of(values, write_context));
    let opens_at = values.get(&OCCURRED_AT).unwrap_or(write_context.now);
    let day = day_of(opens_at, write_context.zone);
    let cadence = write_context.settings.of::<Cadences>().at(duty_kind, area_code, day)?;
    // Nobody can answer for what he wasn't told: what was told late is due from then on.
    let told_late = write_context.now > opens_at + write_context.clock_tolerance;
    let new = duty::New {
        id: duty_id(write_context, claim),
        duty_kind,
        subject: (claim.kind, claim.id),
        cause_id: Some(claim.id),
        assignee_id: None,
        opens_at,
        due_at: cadence.due_after(if told_late { write_context.now } else { opens_at }),
        area_code,
        org_id: values.get(&ORG_ID),
        made_by: claim.by,
    };
    Some(duty::record(new, write_context))
}

/// The duty as the record stands now; without an asking record nothing is expected, and what was done stays done.
fn stood(held: &Record, claim: &Claim, asking: Option<&Values>, write_context: &WriteContext) -> Record {
    let waiver = held.values.get(&WAIVER).filter(|_| is(held, DutyState::Waived));
    let Some(values) = asking else {
        let stays = waiver.is_some() || is(held, DutyState::Done) && claim.next.is_some();
        let why = if claim.next.is_none() { DutyWaiver::CauseVoided } else { DutyWaiver::Lapsed };
        if stays {
            return held.clone();
        }
        let open = standing(duty::due_at(held), None, true, write_context.now);
        return duty::waive(&duty::settle(held, &open, |_| None), why);
    };
    let mut next = held.clone();
    area_of(values, write_context).clone_into(&mut next.envelope.area_code);
    next.envelope.org_id = values.get(&ORG_ID);
    let by_hand = waiver == Some(DutyWaiver::ByHand);
    if waiver.is_some() && !by_hand {
        duty::reopen(&mut next);
    }
    let answer = values.get(&HANDLED_AT).map(|at| Contact {
        kind: claim.kind,
        id: claim.id,
        occurred_at: at,
        known_at: at,
        values: values.clone(),
    });
    let proof = proof_of(&expectation(&next), answer.iter(), write_context.zone);
    let stands = standing(duty::due_at(&next), proof, by_hand, write_context.now);
    duty::settle(&next, &duty::until_noticed(held, stands), |_| None)
}

/// Accounts above the village.
async fn accounts(core: &Core, district_code: &str, duties: &[Record]) -> Result<Accounts, Problem> {
    Holders::above(core, district_code, (duties, DUTY_KINDS), |holders, line, envelope| {
        holders.of_line(line, &envelope.area_code, None)
    })
    .await
}
