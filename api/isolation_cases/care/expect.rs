//! The duties of a case: opened, waived, settled by the contacts that stand.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::case::Case;
use super::contact::at_delivery;
use crate::duties::LINE;
use crate::duties::duty::{self, expectation, is};
use crate::duties::matching::{CONTACT_KINDS, Contact, proof_of, standing};
use crate::kit::time::day_of;
use crate::kit::value::{Value, Values};
use crate::privacy::blind::derived_id;
use crate::records::Record;
use crate::records::kept::Kept;
use crate::records::scribe::Scribe;

/// Without any contact for so long, somebody asks.
pub const SILENCE: TimeDelta = TimeDelta::hours(24);
/// How soon the command says which of two cases of one person stands.
const CLEARED_WITHIN: TimeDelta = TimeDelta::hours(4);

impl Case {
    /// Asks for contact where there was none for a day.
    pub fn note_no_contact(&mut self, scribe: &Scribe) {
        let contacts = self.contacts.values().filter(|contact| CONTACT_KINDS.contains(&contact.kind));
        let last = contacts.max_by_key(|contact| contact.occurred_at).map(|contact| (contact.id, contact.occurred_at));
        let since = last.map(|(_, at)| at).or(self.record.values.instant("notified_at"));
        let asked = self
            .duties
            .values()
            .any(|held| held.record.values.text("duty_kind") == Some("no_contact_alert") && !is(&held.record, "done"));
        let silent = since.is_some_and(|since| since + SILENCE <= scribe.now);
        if silent && !asked && self.state() == "under_observation" {
            let cause = last.map_or(self.record.envelope.id, |(id, _)| id);
            self.open("no_contact_alert", Some(cause), scribe.now, scribe);
        }
    }

    /// Opens a duty that a record asked for at an instant; once, however often it is asked.
    pub fn open(&mut self, duty_kind: &'static str, cause_id: Option<Uuid>, asked_at: DateTime<Utc>, scribe: &Scribe) {
        self.open_for(duty_kind, "", cause_id, asked_at, scribe);
    }

    /// The same for one occasion of several: once for each of them.
    pub fn open_for(
        &mut self,
        duty_kind: &'static str,
        occasion: &str,
        cause_id: Option<Uuid>,
        asked_at: DateTime<Utc>,
        scribe: &Scribe,
    ) {
        let area_code = self.record.envelope.area_code.clone();
        let day = day_of(asked_at, scribe.zone);
        let Some(cadence) = scribe.cadences.at(duty_kind, &area_code, day) else { return };
        let cause = cause_id.unwrap_or(self.record.envelope.id).to_string();
        let parts = ["duty", duty_kind, &cause, occasion];
        let id = derived_id(&scribe.keys.identity, if occasion.is_empty() { &parts[..3] } else { &parts[..] });
        self.expect(id, duty_kind, cause_id, (asked_at, cadence.due_after(asked_at)), scribe);
    }

    /// Asks the command to clear two cases of one person. Whoever made this one can't read the other, so the duty is
    /// the district's and nobody below reads it.
    pub fn contest(&mut self, other: Uuid, scribe: &Scribe) {
        let own = self.record.envelope.id;
        let id = derived_id(&scribe.keys.identity, &["duty", "duplicate_case", &own.to_string()]);
        let new = duty::New {
            id,
            duty_kind: "duplicate_case",
            subject: ("isolation_cases", own),
            cause_id: Some(other),
            assignee_id: None,
            opens_at: scribe.now,
            due_at: scribe.now + CLEARED_WITHIN,
            area_code: &scribe.district_code,
            org_id: None,
            made_by: self.by,
        };
        self.duties.insert(id, Kept::new(duty::record(new, scribe)));
    }

    /// Holds a new duty; one that is there and was waived for want of a cause is expected again.
    pub fn expect(
        &mut self,
        id: Uuid,
        duty_kind: &'static str,
        cause_id: Option<Uuid>,
        (opens_at, due_at): (DateTime<Utc>, DateTime<Utc>),
        scribe: &Scribe,
    ) {
        if let Some(held) = self.duties.get_mut(&id) {
            let by_hand = held.record.values.text("waiver") == Some("by_hand");
            if is(&held.record, "waived") && !by_hand && duty::due_at(&held.record) > scribe.now {
                held.record.values.set("state", Value::Text("open".to_owned()));
                held.record.values.set("waiver", Value::Null);
            }
            return;
        }
        let line = crate::duties::line_of(duty_kind);
        let receiving = duty_kind == "accept_transfer";
        let (assignee_id, org_id) = if receiving { self.answerer_here(line) } else { self.answerer(line) };
        let envelope = &self.record.envelope;
        let new = duty::New {
            id,
            duty_kind,
            subject: ("isolation_cases", envelope.id),
            cause_id,
            assignee_id,
            opens_at,
            due_at,
            area_code: &envelope.area_code,
            org_id,
            made_by: self.by,
        };
        self.duties.insert(id, Kept::new(duty::record(new, scribe)));
    }

    /// Waives what is still open or was missed of those duties.
    pub fn waive_where(&mut self, waiver: &'static str, which: impl Fn(&Record) -> bool) {
        for held in self.duties.values_mut() {
            let standing = is(&held.record, "open") || (waiver == "cause_voided" && is(&held.record, "missed"));
            if standing && which(&held.record) {
                held.record = duty::waive(&held.record, waiver);
            }
        }
    }

    /// Settles all held duties by the contacts that stand.
    pub fn settle(&mut self, scribe: &Scribe) {
        let complete = self.record.values.boolean("supervisors_complete") == Some(true);
        let of_case = Contact {
            kind: "isolation_cases",
            id: self.record.envelope.id,
            occurred_at: scribe.now,
            known_at: scribe.now,
            values: Values::default(),
        };
        let above: BTreeMap<&str, Option<Uuid>> =
            LINE.codes().into_iter().map(|line| (line, self.answerer(line).0)).collect();
        for held in self.duties.values_mut() {
            let proven_by =
                held.record.values.json("proof").and_then(|proof| proof.get("id")?.as_str()?.parse::<Uuid>().ok());
            let expected = expectation(&held.record);
            let assigning = expected.duty_kind == "supervisor_assignment";
            // Proven by what lies outside the days at hand, or by the case itself: it stays so.
            let elsewhere = proven_by.is_some_and(|id| !self.contacts.contains_key(&id) && !self.gone.contains(&id));
            if elsewhere || (assigning && complete && is(&held.record, "done")) {
                continue;
            }
            let own = Some(&of_case).filter(|_| assigning && complete);
            let found = proof_of(&expected, self.contacts.values().chain(own), scribe.zone);
            let delivered = found.filter(|_| expected.duty_kind == "errand_delivery").map(at_delivery);
            let proof = delivered.as_ref().or(found);
            let waived = is(&held.record, "waived");
            let stands = standing(duty::due_at(&held.record), proof, waived, scribe.now);
            held.record = duty::settle(&held.record, &stands, |line| above.get(line).copied().flatten());
        }
    }
}
