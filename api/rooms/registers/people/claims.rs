//! Claims: what was submitted about somebody known and isn't taken into the register, because it differs from it or
//! because whoever submitted it has no business there. Kept with who said it; of one account few, in all not many: the
//! oldest gives way and stays readable in the revisions.
//!
//! A category that somebody out of scope claims is looked at first where the person belongs: the duty `claim_check`
//! asks for it, and until it is among the categories it warns nobody.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use kit::faults::Fault;
use kit::row::Row;
use kit::statement::{ColumnType, Statement};
use kit::value::{Value, Values};
use ledger::Append;
use ledger::decide::{Claim, Decider, State};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::PEOPLE;
use super::wire::{CATEGORIES, CLAIMS, HeldCategory, PersonClaim};
use crate::platform::privacy::blind::derived_id;
use crate::records::change::Changes;
use crate::records::locked_row::LockedRow;
use crate::records::write_context::WriteContext;
use crate::records::{Context, Record, envelope};
use crate::rooms::duties::wire::SUBJECT_ID;
use crate::rooms::duties::{DUTIES, DutyState, Standing, duty};
use crate::rooms::registers::duty_kinds::CLAIM_CHECK;

/// Claims about somebody at most.
pub const MOST: usize = 100;
/// Of one account about one field: whoever goes on guesses, and isn't told by a revision that he was wrong.
const MOST_OF_ONE: usize = 3;
/// Time within which the person's own area looks at a claimed category.
const CHECKED_WITHIN: TimeDelta = TimeDelta::days(1);

/// The claims about somebody, to be added to.
pub struct Claims {
    list: Vec<PersonClaim>,
    by: Uuid,
    at: DateTime<Utc>,
    is_any_new: bool,
}

impl Claims {
    /// Those that stand, and whoever adds to them.
    pub fn of(values: &Values, by: Uuid, context: &Context<'_>) -> Self {
        Self { list: values.list(&CLAIMS).collect(), by, at: context.now, is_any_new: false }
    }

    /// Another value of a field.
    pub fn differs(&mut self, field: &str, value: &Value) {
        let text = match value.to_json(chrono_tz::UTC) {
            Json::String(text) => text,
            other => other.to_string(),
        };
        let claim = self.claim(field, text);
        self.add(claim);
    }

    /// A category.
    pub fn category(&mut self, held: &HeldCategory) {
        let claim = self.claim(CATEGORIES.name(), held.category.code().to_owned());
        let (until_on, source) = (held.until_on, held.source.clone());
        self.add(PersonClaim { since_on: Some(held.since_on), until_on, source, ..claim });
    }

    fn claim(&self, field: &str, value: String) -> PersonClaim {
        let (claimed_at, claimed_by) = (self.at, Some(self.by));
        let (since_on, until_on, source) = (None, None, None);
        PersonClaim { field: field.to_owned(), value, claimed_at, claimed_by, since_on, until_on, source }
    }

    /// Adds a claim, once however often it is repeated.
    fn add(&mut self, claim: PersonClaim) {
        let own = |other: &&PersonClaim| other.field == claim.field && other.claimed_by == claim.claimed_by;
        let is_known = self.list.iter().any(|other| says_the_same(other, &claim));
        if is_known || self.list.iter().filter(own).count() >= MOST_OF_ONE {
            return;
        }
        self.list.push(claim);
        let surplus = self.list.len().saturating_sub(MOST);
        self.list.drain(..surplus);
        self.is_any_new = true;
    }

    /// All of them, where one was added.
    pub fn added(self) -> Option<Vec<PersonClaim>> {
        self.is_any_new.then_some(self.list)
    }
}

fn says_the_same(one: &PersonClaim, other: &PersonClaim) -> bool {
    let content = |claim: &PersonClaim| (claim.since_on, claim.until_on);
    one.field == other.field && one.value == other.value && content(one) == content(other)
}

/// Claimed categories that aren't among the person's categories.
fn unconfirmed(values: &Values) -> Vec<PersonClaim> {
    let categories: Vec<HeldCategory> = values.list(&CATEGORIES).collect();
    let stands = |claim: &PersonClaim| {
        categories.iter().any(|held| held.category.code() == claim.value && Some(held.since_on) == claim.since_on)
    };
    values.list(&CLAIMS).filter(|claim| claim.field == CATEGORIES.name() && !stands(claim)).collect()
}

/// Whether a change is one of what is claimed about somebody's categories.
pub fn concerns(former: Option<&Record>, next: &Record) -> bool {
    let before = former.map(|former| unconfirmed(&former.values)).unwrap_or_default();
    unconfirmed(&next.values) != before
}

/// Opens and closes the duties of claimed categories.
pub struct ClaimDecider(pub Arc<WriteContext>);

impl Decider for ClaimDecider {
    fn group(&self) -> &'static str {
        "claim_checks"
    }

    fn load(&self, district_code: &str, claims: &[&Claim]) -> Vec<Statement> {
        let duties = &DUTIES;
        let ids = claims.iter().map(|claim| Value::Id(claim.id)).collect();
        let statement = Statement::new(format!("SELECT {} FROM duties AS r WHERE r.district_code = ", duties.select()))
            .text(district_code)
            .sql(" AND r.duty_kind = 'claim_check' AND r.subject_id = ANY(")
            .column(ColumnType::Id, ids)
            .sql(")");
        vec![statement]
    }

    fn begin(&self, rows: Vec<Vec<Row>>) -> Result<Box<dyn State>, String> {
        let duties = self.0.kept(&DUTIES, rows.into_iter().flatten().collect())?;
        Ok(Box::new(Checks { write_context: Arc::clone(&self.0), duties }))
    }
}

struct Checks {
    write_context: Arc<WriteContext>,
    duties: BTreeMap<Uuid, LockedRow>,
}

impl State for Checks {
    fn admit(&mut self, claim: &Claim) -> Result<(), Vec<Fault>> {
        let before = claim.former.as_ref().map(unconfirmed).unwrap_or_default();
        let now = claim.next.as_ref().map(unconfirmed).unwrap_or_default();
        let new = now.iter().find(|claimed| !before.contains(claimed));
        if let Some((values, new)) = claim.next.as_ref().zip(new) {
            self.open(claim, values, new);
        }
        if now.is_empty() {
            self.close(claim.id);
        }
        let own = self.duties.values_mut().filter(|held| held.record.values.get(&SUBJECT_ID) == Some(claim.id));
        own.for_each(|held| held.sign(claim.by));
        Ok(())
    }

    fn follow(self: Box<Self>) -> Result<Option<Append>, String> {
        let kind = &DUTIES;
        let mut changes = Changes::default();
        for duty in self.duties.into_values() {
            duty.put_into(kind, &mut changes);
        }
        changes.following(&self.write_context)
    }
}

impl Checks {
    /// Asks for a look at what is claimed; one look for all that is still open.
    fn open(&mut self, claim: &Claim, values: &Values, claimed: &PersonClaim) {
        let person_id = claim.id;
        let is_open = |held: &LockedRow| {
            held.record.values.get(&SUBJECT_ID) == Some(person_id) && duty::is(&held.record, DutyState::Open)
        };
        if self.duties.values().any(is_open) {
            return;
        }
        let write_context = &self.write_context;
        let id = derived_id(
            &write_context.keys.identity,
            &["duty", CLAIM_CHECK.code(), &person_id.to_string(), &json!(claimed).to_string()],
        );
        let new = duty::New {
            id,
            duty_kind: CLAIM_CHECK,
            subject: (PEOPLE.name, person_id),
            cause_id: None,
            assignee_id: None,
            opens_at: write_context.now,
            due_at: write_context.now + CHECKED_WITHIN,
            area_code: values.get(&envelope::AREA_CODE).unwrap_or(&write_context.district_code),
            org_id: values.get(&envelope::ORG_ID),
            made_by: claim.by,
        };
        self.duties.entry(id).or_insert_with(|| LockedRow::new(duty::record(new, write_context)));
    }

    /// Closes the duties to look at a claim about a person: the claimed category is in the register now.
    fn close(&mut self, person_id: Uuid) {
        let of_person = self.duties.values_mut().filter(|held| {
            let record = &held.record;
            record.values.get(&SUBJECT_ID) == Some(person_id)
                && (duty::is(record, DutyState::Open) || duty::is(record, DutyState::Missed))
        });
        for held in of_person {
            let late = duty::due_at(&held.record) < self.write_context.now;
            let proof = Some((PEOPLE.name, person_id));
            held.record = duty::settle(
                &held.record,
                &Standing {
                    state: DutyState::Done,
                    proof,
                    late,
                    reported_late: false,
                    judged_at: self.write_context.now,
                },
                |_| None,
            );
        }
    }
}
