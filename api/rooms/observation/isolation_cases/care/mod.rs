//! Decisions about every record of a case under the district's lock: is it allowed as the case stands, and what
//! follows: the case moves on, duties are opened, closed, reopened.
//!
//! Duties are not counted up and down: after each record they are settled anew from the records that stand,
//! by [`crate::rooms::duties::matching`]. So it doesn't matter in which order phones hand in, what is voided or
//! moved, and a proof that is gone reopens what it had closed.

mod answerers;
mod case;
mod contact;
mod expect;
mod load;
mod moved;
mod people;
mod plan;
mod step;

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use kit::columns;
use kit::faults::{Fault, Faults, in_zone};
use kit::row::Row;
use kit::statement::Statement;
use kit::time::{day_of, day_start};
use ledger::Append;
use ledger::decide::{Claim, Decider, State};
use uuid::Uuid;

use self::answerers::{Accounts, require_known};
use self::case::Case;
pub use self::expect::SILENCE;
use self::people::People;
pub use self::plan::HORIZON_DAYS;
use super::errands::DELIVERED_AT;
use super::notices::SIGNED_ON;
use super::stays::tie;
use super::visits::LINE;
use super::wire::{ENDED_AT, STARTS_ON, SupervisorLevel};
use super::{CASE_ID, ISOLATION_CASES, SYMPTOMS};
use crate::records::change::Changes;
use crate::records::codes::NOT_WITH_OTHERS;
use crate::records::envelope::{AREA_CODE, OCCURRED_AT};
use crate::records::scope::Follows;
use crate::records::write_context::WriteContext;
use crate::records::{Context, Draft, Figure, Logged, Measure, Record, Rules};
use crate::rooms::checkpoints::{FollowUpDecider, Symptom};
use crate::rooms::registers::PEOPLE;

/// Asks for what is expected of a case in the next days; no record.
pub const PLAN: &str = "care_plan";
/// Asks for nothing: whoever is looked at tells his steps, those of an earlier release too; no record.
pub const RECALL: &str = "case_recall";
/// Asks whether somebody had no contact for a day; no record.
pub const NO_CONTACT: &str = "no_contact";

/// Closes a case because its person has another one, [`KEPT_ID`]; no record.
pub const MERGE: &str = "case_merge";

/// Gives on open duties of those who can't answer for a case any more; no record.
pub const GIVE_ON: &str = "care_give_on";

columns! {
    /// Of a new case: that there is another one of the person, which whoever makes this one can't read; no field.
    pub CONTESTED "contested": bool;
    /// The case that goes on when another one is closed; no field.
    pub KEPT_ID "kept_id": Uuid;
}

/// Rules of the kinds that belong to a case.
pub struct CareRules {
    figures: &'static [Figure],
    judge: fn(&mut Draft, &Context<'_>),
    check: fn(&mut Draft, &mut Faults),
    measures: fn(&Record) -> Vec<Measure>,
    logged: &'static [Logged],
}

impl CareRules {
    /// A kind of which each record counts one: the first of its figures.
    pub const fn new(figures: &'static [Figure]) -> Self {
        Self { figures, judge: |_, _| {}, check: |_, _| {}, measures: |_| Vec::new(), logged: &[] }
    }

    /// With a judgement of its own.
    pub const fn judging(mut self, judge: fn(&mut Draft, &Context<'_>)) -> Self {
        self.judge = judge;
        self
    }

    /// With checks of its own.
    pub const fn checking(mut self, check: fn(&mut Draft, &mut Faults)) -> Self {
        self.check = check;
        self
    }

    /// Counting more than itself.
    pub const fn measuring(mut self, measures: fn(&Record) -> Vec<Measure>) -> Self {
        self.measures = measures;
        self
    }

    /// Standing in work logs.
    pub const fn logging(mut self, logged: &'static [Logged]) -> Self {
        self.logged = logged;
        self
    }
}

impl Rules for CareRules {
    fn logged(&self) -> &'static [Logged] {
        self.logged
    }

    fn check(&self, draft: &mut Draft, _context: &Context<'_>, faults: &mut Faults) {
        (self.check)(draft, faults);
    }

    /// Latest of the record's time, the delivery and the day of signing: only then has all of it happened.
    fn happens_at(&self, draft: &Draft, context: &Context<'_>) -> Option<DateTime<Utc>> {
        let values = &draft.values;
        let signed_at = values.get(&SIGNED_ON).and_then(|day| day_start(day, context.zone));
        values.get(&OCCURRED_AT).max(values.get(&DELIVERED_AT)).max(signed_at)
    }

    fn judge(&self, draft: &mut Draft, context: &Context<'_>) {
        warn_of_outside(draft, context);
        (self.judge)(draft, context);
    }

    fn natural_key(&self) -> &'static [&'static str] {
        const { &[CASE_ID.name(), OCCURRED_AT.name()] }
    }

    fn decider(&self, _: Option<&Record>, _: &Record, write_context: &Arc<WriteContext>) -> Option<Arc<dyn Decider>> {
        Some(CareDecider::of(write_context))
    }

    /// A visit of the health centre's line answers what was seen at a gate.
    fn followers(
        &self,
        former: Option<&Record>,
        next: &Record,
        write_context: &Arc<WriteContext>,
    ) -> Vec<Arc<dyn Decider>> {
        let is_visit = |record: &Record| record.values.get(&LINE) == Some(SupervisorLevel::HealthCenter);
        let concerns = is_visit(next) || former.is_some_and(is_visit);
        concerns.then(|| FollowUpDecider::of(write_context)).into_iter().collect()
    }

    fn judged_across_rows(&self) -> bool {
        true
    }

    fn measures(&self, record: &Record) -> Vec<Measure> {
        let own = self.figures.iter().take(1).map(|figure| figure.measured(1));
        own.chain((self.measures)(record)).collect()
    }

    fn figures(&self) -> &'static [Figure] {
        self.figures
    }

    fn follows(&self) -> Option<Follows> {
        Some(super::FOLLOWS)
    }
}

/// Warns of a record from before its case began or after it ended; the record is kept.
pub fn warn_of_outside(draft: &mut Draft, context: &Context<'_>) {
    let Some(case) = draft.reference(&CASE_ID) else { return };
    let (began_at, ended_at) = (began_at(case, context.zone), case.values.get(&ENDED_AT));
    if ended_at.zip(draft.values.get(&OCCURRED_AT)).is_some_and(|(ended_at, at)| at > ended_at) {
        draft.warn(&super::CASE_ENDED, &CASE_ID);
    }
    if draft.values.get(&OCCURRED_AT).is_some_and(|at| at < began_at) {
        draft.warn(&super::BEFORE_CASE, &CASE_ID);
    }
}

/// When a case began: when somebody was identified, or the first day of his observation, whichever is earlier.
pub fn began_at(case: &Record, zone: Tz) -> DateTime<Utc> {
    let starts_at = case.values.get(&STARTS_ON).and_then(|day| day_start(day, zone));
    starts_at.map_or(case.envelope.occurred_at, |at| at.min(case.envelope.occurred_at))
}

/// "None" excludes all other symptoms.
pub fn check_symptoms(draft: &mut Draft, faults: &mut Faults) {
    let symptoms: Vec<Symptom> = draft.values.list(&SYMPTOMS).collect();
    if symptoms.len() > 1 && symptoms.contains(&Symptom::None) {
        faults.add(draft.at(&SYMPTOMS), NOT_WITH_OTHERS);
    }
}

/// Decides about the records of cases.
pub struct CareDecider(Arc<WriteContext>);

impl CareDecider {
    /// The decider of an append.
    pub fn of(write_context: &Arc<WriteContext>) -> Arc<dyn Decider> {
        Arc::new(Self(Arc::clone(write_context)))
    }
}

impl Decider for CareDecider {
    fn group(&self) -> &'static str {
        "isolation_cases"
    }

    fn load(&self, district_code: &str, claims: &[&Claim]) -> Vec<Statement> {
        load::statements(&self.0, district_code, claims)
    }

    fn begin(&self, rows: Vec<Vec<Row>>) -> Result<Box<dyn State>, String> {
        load::care(&self.0, rows).map(|care| Box::new(care) as Box<dyn State>)
    }
}

/// The cases that a batch touches, moved on claim by claim.
pub struct Care {
    write_context: Arc<WriteContext>,
    cases: BTreeMap<Uuid, Case>,
    people: People,
    /// Accounts that may answer for a case.
    accounts: Arc<Accounts>,
}

/// The case a claim is about.
fn case_of(claim: &Claim) -> Option<Uuid> {
    match claim.kind {
        "isolation_cases" | PLAN | NO_CONTACT | RECALL | MERGE | GIVE_ON => Some(claim.id),
        _ => claim.next.as_ref().or(claim.former.as_ref())?.get(&CASE_ID),
    }
}

impl State for Care {
    fn admit(&mut self, claim: &Claim) -> Result<(), Vec<Fault>> {
        let write_context = Arc::clone(&self.write_context);
        if claim.kind == PEOPLE.name {
            return self.people.void(claim);
        }
        if claim.kind == ISOLATION_CASES.name && claim.former.is_none() {
            return self.begin_case(claim);
        }
        if claim.kind == MERGE {
            self.merge(claim);
            return Ok(());
        }
        let Some(case) = case_of(claim).and_then(|id| self.cases.get_mut(&id)) else { return Ok(()) };
        case.by = claim.by;
        let admitted = case.admit(claim, &write_context);
        case.sign();
        admitted
    }

    fn follow(self: Box<Self>) -> Result<Option<Append>, String> {
        let mut changes = Changes::default();
        for case in self.cases.into_values() {
            case.put_into(&mut changes);
        }
        changes.following(&self.write_context)
    }
}

impl Case {
    fn admit(&mut self, claim: &Claim, write_context: &Arc<WriteContext>) -> Result<(), Vec<Fault>> {
        match claim.kind {
            "isolation_cases" => return self.amended(claim, write_context),
            PLAN => {
                let from = claim.next.as_ref().and_then(|next| next.get(&OCCURRED_AT));
                self.plan(write_context, from.map(|from| day_of(from, write_context.zone)));
            }
            NO_CONTACT => self.note_no_contact(write_context),
            RECALL => {}
            GIVE_ON => self.give_on(),
            "isolation_case_transitions" => {
                return self.step(claim, write_context).map_err(|faults| in_zone(faults, write_context.zone));
            }
            _ => return self.took(claim, write_context),
        }
        Ok(())
    }
}

impl Care {
    /// A new case, or one that holds again: nobody has two open ones at a time, as far as whoever asks may know.
    fn begin_case(&mut self, claim: &Claim) -> Result<(), Vec<Fault>> {
        let Some(values) = &claim.next else { return Ok(()) };
        let area_code = values.get(&AREA_CODE).unwrap_or(&self.write_context.district_code);
        let contested =
            self.people.begin_case(claim.id, values, require_known(&self.accounts, None, values, area_code))?;
        let mut case = match self.cases.remove(&claim.id) {
            Some(known) => known.restored(claim, values, &self.write_context),
            None => {
                Case::begun(claim, values, &self.accounts, &self.write_context).expecting_first(&self.write_context)
            }
        };
        if contested {
            case.contest(&self.write_context);
        }
        case.sign();
        self.cases.insert(claim.id, case);
        Ok(())
    }

    /// Of two cases of one person one goes on; each is seen from where the other is.
    fn merge(&mut self, claim: &Claim) {
        let Some(kept_id) = claim.next.as_ref().and_then(|next| next.get(&KEPT_ID)) else { return };
        let stood = |id: &Uuid| self.cases.get(id).filter(|case| case.is_open()).map(Case::stood);
        let (Some(kept), Some(closed)) = (stood(&kept_id), stood(&claim.id)) else { return };
        if let Some(case) = self.cases.get_mut(&claim.id) {
            case.by = claim.by;
            case.close_as_merged((kept_id, kept), self.write_context.now, &self.write_context);
            case.sign();
        }
        if let Some(case) = self.cases.get_mut(&kept_id) {
            case.by = claim.by;
            tie(&mut case.record.values, claim.id, closed);
            case.sign();
        }
    }
}
