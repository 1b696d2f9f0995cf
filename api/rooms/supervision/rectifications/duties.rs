//! Duties from a rectification, and whose: to mend it until the end of its day, and to look at each report.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use kit::problem::Problem;
use kit::row::Row;
use kit::statement::{ColumnType, Statement};
use kit::time::day_of;
use kit::value::{Value, Values};
use uuid::Uuid;

use super::decider::Item;
use super::standing::{Standing, Step};
use super::wire::{PLACE_ID, RectificationState, SUBJECT_ORG_ID};
use crate::platform::core::Core;
use crate::platform::privacy::blind::derived_id;
use crate::records::Record;
use crate::records::envelope::{ID, ORG_ID, RECORDED_BY};
use crate::records::locked_row::LockedRow;
use crate::records::write_context::WriteContext;
use crate::rooms::duties::duty::{self, expectation, is};
use crate::rooms::duties::wire::{CAUSE_ID, DUTY_KIND, LINE, SUBJECT_ID, SUBJECT_KIND, WAIVER};
use crate::rooms::duties::{
    Accounts, Cadences, Contact, DutyKind, DutyLine, DutySource, DutyState, DutyWaiver, Holders, duty_kinds, proof_of,
    standing,
};
use crate::rooms::supervision::rectification_steps::{RECTIFICATION_ID, RECTIFICATION_STEPS, RectificationStep, STEP};

duty_kinds! {
    /// Both of them.
    pub const DUTY_KINDS;
    RECTIFICATION "rectification" "rectification in time" "限期整改" [Venue, Unit]
        |duty, contact, _| is_step(duty.cause_id, contact, &[RectificationStep::Reported]);
    RECTIFICATION_CHECK "rectification_check" "check of a rectification" "整改验收" [Inspector]
        |duty, contact, _| {
            is_step(duty.cause_id, contact, &[RectificationStep::Verified, RectificationStep::Rejected])
        };
}

/// Whether a record is a step of that rectification, and one of these.
fn is_step(rectification_id: Option<Uuid>, contact: &Contact, steps: &[RectificationStep]) -> bool {
    contact.kind == RECTIFICATION_STEPS.name
        && contact.values.get(&RECTIFICATION_ID) == rectification_id
        && contact.values.get(&STEP).is_some_and(|step| steps.contains(&step))
}

/// Duties of this theme.
pub const DUTY_SOURCE: DutySource = DutySource {
    kinds: DUTY_KINDS,
    plan: Some(|core, district_code| Box::pin(super::overdue::review(core, district_code))),
    accounts: Some(|core, district_code, duties| Box::pin(accounts(core, district_code, duties))),
    ..DutySource::NOTHING
};

/// An expected duty: which one, of whom, from when until when.
struct Expected {
    id: Uuid,
    duty_kind: DutyKind,
    line: DutyLine,
    assignee_id: Option<Uuid>,
    org_id: Option<Uuid>,
    opens_at: DateTime<Utc>,
    due_at: Option<DateTime<Utc>>,
    proof: Option<(Uuid, Step)>,
}

/// Lets the duties of a rectification stand as it does.
pub fn settle(item: &mut Item, stands: &Standing, by: Uuid, write_context: &WriteContext) {
    let expected = expected(item, stands, write_context);
    let void = item.row.record.envelope.voided;
    let waiver = (void || stands.state == RectificationState::Waived).then_some(if void {
        DutyWaiver::CauseVoided
    } else {
        DutyWaiver::Lapsed
    });
    let ids: BTreeSet<Uuid> = expected.iter().map(|expected| expected.id).collect();
    for held in item.duties.iter_mut().filter(|(id, _)| !ids.contains(id)).map(|(_, held)| held) {
        held.record = waived(&held.record, DutyWaiver::CauseVoided);
        held.sign(by);
    }
    for expected in expected {
        let new = || make(&expected, &item.row.record, by, write_context);
        let held = match item.duties.get_mut(&expected.id) {
            Some(held) => held,
            None => match new().filter(|_| !void) {
                Some(duty) => item.duties.entry(expected.id).or_insert(LockedRow::new(duty)),
                None => continue,
            },
        };
        place(&mut held.record, &expected, &item.row.record);
        held.record = stood(&held.record, &expected, item.row.record.envelope.id, waiver, write_context);
        held.sign(by);
    }
}

fn expected(item: &Item, stands: &Standing, write_context: &WriteContext) -> Vec<Expected> {
    let Record { envelope, values } = &item.row.record;
    let step = |id: Option<Uuid>| id.and_then(|id| Some((id, item.steps.get(&id)?.clone())));
    let duty_id =
        |kind: DutyKind, of: Uuid| derived_id(&write_context.keys.identity, &["duty", kind.code(), &of.to_string()]);
    let mend = Expected {
        id: duty_id(RECTIFICATION, envelope.id),
        duty_kind: RECTIFICATION,
        line: if values.get(&PLACE_ID).is_some() { DutyLine::Venue } else { DutyLine::Unit },
        assignee_id: None,
        org_id: values.get(&SUBJECT_ORG_ID),
        opens_at: envelope.occurred_at,
        due_at: Some(stands.duty_due_at),
        proof: step(stands.proof()),
    };
    let checks = stands.reports.iter().filter_map(|report| {
        let reported = item.steps.get(&report.id)?;
        let issuer = Some(envelope.recorded_by).filter(|id| !id.is_nil() && !reported.authors.contains(id));
        Some(Expected {
            id: duty_id(RECTIFICATION_CHECK, report.id),
            duty_kind: RECTIFICATION_CHECK,
            line: DutyLine::Inspector,
            assignee_id: issuer,
            org_id: envelope.org_id,
            opens_at: reported.occurred_at,
            due_at: None,
            proof: step(report.answer),
        })
    });
    [mend].into_iter().chain(checks).collect()
}

/// A new duty, where it is asked for there and then.
fn make(expected: &Expected, of: &Record, by: Uuid, write_context: &WriteContext) -> Option<Record> {
    let area_code = of.envelope.area_code.as_str();
    let day = day_of(expected.opens_at, write_context.zone);
    let cadence = write_context.settings.of::<Cadences>().at(expected.duty_kind, area_code, day)?;
    // Nobody can look at what he wasn't told.
    let told_late = write_context.now > expected.opens_at + write_context.clock_tolerance;
    let asked_at = if told_late { write_context.now } else { expected.opens_at };
    let new = duty::New {
        id: expected.id,
        duty_kind: expected.duty_kind,
        subject: subject(&of.values),
        cause_id: Some(of.envelope.id),
        assignee_id: expected.assignee_id,
        opens_at: expected.opens_at,
        due_at: expected.due_at.unwrap_or_else(|| cadence.due_after(asked_at)),
        area_code,
        org_id: expected.org_id,
        made_by: by,
    };
    let mut record = duty::record(new, write_context);
    record.values.set(&LINE, expected.line);
    Some(record)
}

fn subject(values: &Values) -> (&'static str, Uuid) {
    match values.get(&PLACE_ID) {
        Some(place_id) => ("places", place_id),
        None => ("organizations", values.get(&SUBJECT_ORG_ID).unwrap_or_default()),
    }
}

/// The duty stands where the rectification does now.
fn place(duty: &mut Record, expected: &Expected, of: &Record) {
    let (kind, id) = subject(&of.values);
    duty.values.set(&SUBJECT_KIND, kind);
    duty.values.set(&SUBJECT_ID, id);
    let due_at = expected.due_at.unwrap_or_else(|| duty::due_at(duty));
    if (expectation(duty).opens_at, duty::due_at(duty)) != (expected.opens_at, due_at) {
        *duty = duty::moved(duty, (expected.opens_at, due_at));
    }
    of.envelope.area_code.clone_into(&mut duty.envelope.area_code);
    duty.envelope.org_id = expected.org_id;
}

fn stood(
    held: &Record,
    expected: &Expected,
    rectification_id: Uuid,
    waiver: Option<DutyWaiver>,
    write_context: &WriteContext,
) -> Record {
    let proof = expected.proof.as_ref().map(|(id, step)| contact(*id, step, rectification_id));
    let proof = proof_of(&expectation(held), proof.iter(), write_context.zone);
    let mut next = held.clone();
    let by_hand = is(held, DutyState::Waived) && held.values.get(&WAIVER) == Some(DutyWaiver::ByHand);
    if let (Some(waiver), None, false) = (waiver, proof, by_hand) {
        return waived(held, waiver);
    }
    if is(held, DutyState::Waived) && !by_hand {
        duty::reopen(&mut next);
    }
    let stands = standing(duty::due_at(&next), proof, by_hand, write_context.now);
    duty::settle(&next, &duty::until_noticed(held, stands), |_| None)
}

/// Nothing is expected any more; what was done stays done.
fn waived(held: &Record, waiver: DutyWaiver) -> Record {
    if is(held, DutyState::Waived) {
        return held.clone();
    }
    let unproven = standing(duty::due_at(held), None, true, duty::due_at(held));
    let mut next = duty::waive(&duty::settle(held, &unproven, |_| None), waiver);
    next.values.set(&WAIVER, waiver);
    next
}

fn contact(id: Uuid, step: &Step, rectification_id: Uuid) -> Contact {
    let mut values = Values::default();
    values.set(&RECTIFICATION_ID, rectification_id);
    values.set(&STEP, step.step);
    let (occurred_at, known_at) = (step.occurred_at, step.known_at);
    Contact { kind: RECTIFICATION_STEPS.name, id, occurred_at, known_at, values }
}

/// Accounts above those who must mend something: whoever asked for it, else the nearest inspector.
async fn accounts(core: &Core, district_code: &str, duties: &[Record]) -> Result<Accounts, Problem> {
    let own: Vec<&Record> = duties.iter().filter(|duty| duty.values.get(&DUTY_KIND) == Some(RECTIFICATION)).collect();
    let mut found = Accounts::new();
    if own.is_empty() {
        return Ok(found);
    }
    let causes = own.iter().filter_map(|duty| duty.values.get(&CAUSE_ID)).map(Value::Id).collect();
    let statement = Statement::new("SELECT id, recorded_by, org_id FROM rectifications WHERE district_code = ")
        .text(district_code)
        .sql(" AND id = ANY(")
        .column(ColumnType::Id, causes)
        .sql(")")
        .seeing_district(district_code);
    let issued = |mut row: Row| Some((row.get(&ID)?, (row.get(&RECORDED_BY)?, row.get(&ORG_ID))));
    let issued: BTreeMap<Uuid, (Uuid, Option<Uuid>)> =
        core.database.read(&statement).await?.into_iter().filter_map(issued).collect();
    let holders = Holders::load(core, district_code).await?;
    for duty in own {
        let envelope = &duty.envelope;
        let issuer = duty.values.get(&CAUSE_ID).and_then(|id| issued.get(&id));
        let issuer = issuer.filter(|(id, org_id)| holders.can_answer(*id, &envelope.area_code, *org_id));
        let nearest = || holders.of_line(DutyLine::Inspector, &envelope.area_code, envelope.org_id);
        let account = issuer.map(|(id, _)| *id).or_else(nearest);
        found.extend(account.map(|id| ((envelope.id, DutyLine::Inspector), id)));
    }
    Ok(found)
}
