//! Duties that a record of a case asks for: measuring again, an answer to a fever or a symptom, a delivery.

use crate::rooms::observation::isolation_cases::errands::ERRANDS;
use crate::rooms::observation::isolation_cases::readings::TEMPERATURE_READINGS;
use kit::value::{Value, Values};
use ledger::decide::Claim;
use uuid::Uuid;

use super::case::Case;
use crate::records::write_context::WriteContext;
use crate::rooms::duties::matching::Contact;

/// A claim's record as a contact.
pub fn contact_of(claim: &Claim, values: &Values, write_context: &WriteContext) -> Option<Contact> {
    let occurred_at = values.instant("occurred_at")?;
    let mut values = values.clone();
    name_transfer(&mut values, &write_context.district_code);
    Some(Contact { kind: claim.kind, id: claim.id, occurred_at, known_at: write_context.now, values })
}

/// Whether a step hands a case over to another area of the same district, where it goes on.
pub fn stays_in_district(step: &Values, district_code: &str) -> bool {
    let receiving = step.text("receiving_area_code");
    step.text("to") == Some("transferred_out") && receiving.is_some_and(|code| code.starts_with(district_code))
}

/// Such a step takes nobody out of observation: as a contact it has a name of its own.
pub fn name_transfer(values: &mut Values, district_code: &str) {
    if stays_in_district(values, district_code) {
        values.set("to", Value::Text("transferred".to_owned()));
    }
}

/// An errand at the time when it was delivered, not when it was asked for.
pub fn at_delivery(errand: &Contact) -> Contact {
    let delivered_at = errand.values.instant("delivered_at").unwrap_or(errand.occurred_at);
    Contact { occurred_at: delivered_at, ..errand.clone() }
}

fn has_symptom(contact: &Contact) -> bool {
    contact.values.codes("symptoms").iter().any(|code| *code != "none")
}

impl Case {
    /// Opens the duties of every new case: to have the notice signed, and to name the supervisors that are missing.
    pub fn expecting_first(mut self, write_context: &WriteContext) -> Self {
        self.open("notice_signing", None, write_context.now, write_context);
        if self.record.values.boolean("supervisors_complete") != Some(true) {
            self.open("supervisor_assignment", None, write_context.now, write_context);
        }
        self
    }

    /// Opens what a contact asks for, and takes back what it asked for before it was changed.
    pub fn expect_of(&mut self, id: Uuid, write_context: &WriteContext) {
        let Some(contact) = self.contacts.get(&id).cloned() else { return };
        let is_reading = contact.kind == TEMPERATURE_READINGS.name;
        let fever = contact.values.boolean("fever") == Some(true);
        let is_retest = contact.values.id("retest_of").is_some();
        let undelivered = !matches!(contact.values.text("state"), Some("nothing_needed"));
        let asks = [
            ("retest", is_reading && contact.values.boolean("needs_retest") == Some(true)),
            ("fever_alert", is_reading && is_retest && fever),
            ("symptom_alert", has_symptom(&contact)),
            ("errand_delivery", contact.kind == ERRANDS.name && undelivered),
        ];
        for (duty_kind, asked) in asks {
            if asked {
                self.open(duty_kind, Some(id), contact.occurred_at, write_context);
            } else {
                let of_this = |duty: &crate::records::Record| {
                    duty.values.id("cause_id") == Some(id) && duty.values.text("duty_kind") == Some(duty_kind)
                };
                self.waive_where("cause_voided", of_this);
            }
        }
    }
}
