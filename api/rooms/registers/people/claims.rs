//! Claims: what was submitted about somebody known and isn't taken into the register, because it differs from it or
//! because whoever submitted it has no business there. Kept with who said it; of one account few, in all not many: the
//! oldest gives way and stays readable in the revisions.
//!
//! A category that somebody out of scope claims is looked at first where the person belongs: the duty `claim_check`
//! asks for it, and until it is among the categories it warns nobody.

use crate::rooms::duties::DUTIES;
use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::TimeDelta;
use kit::faults::Fault;
use kit::row::Row;
use kit::statement::{ColumnType, Statement};
use kit::value::{Value, Values};
use ledger::Append;
use ledger::decide::{Claim, Decider, State};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::PEOPLE;
use crate::platform::privacy::blind::derived_id;
use crate::records::change::Changes;
use crate::records::locked_row::LockedRow;
use crate::records::write_context::WriteContext;
use crate::records::{Context, Record};
use crate::rooms::duties::duty;
use crate::rooms::duties::matching::Standing;

/// Claims about somebody at most.
pub const MOST: usize = 100;
/// Of one account about one field: whoever goes on guesses, and isn't told by a revision that he was wrong.
const MOST_OF_ONE: usize = 3;
/// The field of a claimed category.
const CATEGORIES: &str = "categories";
/// Time within which the person's own area looks at a claimed category.
const CHECKED_WITHIN: TimeDelta = TimeDelta::days(1);

/// The claims about somebody, to be added to.
pub struct Claims {
    list: Vec<Json>,
    by: Uuid,
    at: Json,
}

impl Claims {
    /// Those that stand, and whoever adds to them.
    pub fn of(values: &Values, by: Uuid, context: &Context<'_>) -> Self {
        Self { list: list(values, "claims"), by, at: Value::Instant(context.now).to_json(chrono_tz::UTC) }
    }

    /// Another value of a field.
    pub fn differs(&mut self, field: &str, value: &Value) {
        let text = match value.to_json(chrono_tz::UTC) {
            Json::String(text) => text,
            other => other.to_string(),
        };
        self.add(json!({"field": field, "value": text}));
    }

    /// A category.
    pub fn category(&mut self, category: &Json) {
        let of = |name: &str| category.get(name).cloned().unwrap_or(Json::Null);
        let mut claim = json!({"field": CATEGORIES, "value": of("category")});
        for name in ["since_on", "until_on", "source"] {
            kit::json::put(&mut claim, name, of(name));
        }
        self.add(claim);
    }

    /// Adds a claim, once however often it is repeated.
    fn add(&mut self, mut claim: Json) {
        let same = |other: &Json, names: &[&str]| names.iter().all(|name| other.get(*name) == claim.get(*name));
        if self.list.iter().any(|other| same(other, &["field", "value", "since_on", "until_on"])) {
            return;
        }
        let by = Json::from(self.by.to_string());
        let own = |other: &&Json| same(other, &["field"]) && other.get("claimed_by") == Some(&by);
        if self.list.iter().filter(own).count() >= MOST_OF_ONE {
            return;
        }
        kit::json::put(&mut claim, "claimed_at", self.at.clone());
        kit::json::put(&mut claim, "claimed_by", by);
        self.list.push(claim);
        let surplus = self.list.len().saturating_sub(MOST);
        self.list.drain(..surplus);
    }

    /// All of them; none where there are none.
    pub fn value(self) -> Option<Value> {
        (!self.list.is_empty()).then_some(Value::Json(Json::Array(self.list)))
    }
}

/// A list of a person's values.
pub fn list(values: &Values, field: &str) -> Vec<Json> {
    values.json(field).and_then(Json::as_array).cloned().unwrap_or_default()
}

/// Claimed categories that aren't among the person's categories.
fn unconfirmed(values: &Values) -> Vec<Json> {
    let categories = list(values, CATEGORIES);
    let stands = |claim: &Json| {
        categories.iter().any(|category| {
            category.get("category") == claim.get("value") && category.get("since_on") == claim.get("since_on")
        })
    };
    let claimed = list(values, "claims").into_iter();
    claimed.filter(|claim| claim.get("field") == Some(&json!(CATEGORIES)) && !stands(claim)).collect()
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
        let duties = self.0.kept("duties", rows.into_iter().flatten().collect())?;
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
        let own = self.duties.values_mut().filter(|held| held.record.values.id("subject_id") == Some(claim.id));
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
    fn open(&mut self, claim: &Claim, values: &Values, claimed: &Json) {
        let person_id = claim.id;
        let is_open =
            |held: &LockedRow| held.record.values.id("subject_id") == Some(person_id) && duty::is(&held.record, "open");
        if self.duties.values().any(is_open) {
            return;
        }
        let write_context = &self.write_context;
        let id = derived_id(
            &write_context.keys.identity,
            &["duty", "claim_check", &person_id.to_string(), &claimed.to_string()],
        );
        let new = duty::New {
            id,
            duty_kind: "claim_check",
            subject: (PEOPLE.name, person_id),
            cause_id: None,
            assignee_id: None,
            opens_at: write_context.now,
            due_at: write_context.now + CHECKED_WITHIN,
            area_code: values.text("area_code").unwrap_or(&write_context.district_code),
            org_id: values.id("org_id"),
            made_by: claim.by,
        };
        self.duties.entry(id).or_insert_with(|| LockedRow::new(duty::record(new, write_context)));
    }

    /// Closes the duties to look at a claim about a person: the claimed category is in the register now.
    fn close(&mut self, person_id: Uuid) {
        let of_person = self.duties.values_mut().filter(|held| {
            let record = &held.record;
            record.values.id("subject_id") == Some(person_id)
                && (duty::is(record, "open") || duty::is(record, "missed"))
        });
        for held in of_person {
            let late = duty::due_at(&held.record) < self.write_context.now;
            let proof = Some((PEOPLE.name, person_id));
            held.record = duty::settle(
                &held.record,
                &Standing { state: "done", proof, late, reported_late: false, judged_at: self.write_context.now },
                |_| None,
            );
        }
    }
}
