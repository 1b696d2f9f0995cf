//! Duties that a record of a case asks for: measuring again, an answer to a fever or a symptom, a delivery.

use kit::value::Values;
use ledger::decide::Claim;
use uuid::Uuid;

use super::case::Case;
use crate::records::Record;
use crate::records::envelope::OCCURRED_AT;
use crate::records::write_context::WriteContext;
use crate::rooms::checkpoints::Symptom;
use crate::rooms::duties::wire::{CAUSE_ID, DUTY_KIND};
use crate::rooms::duties::{Contact, DutyWaiver};
use crate::rooms::observation::isolation_cases::duty_kinds::{
    ERRAND_DELIVERY, FEVER_ALERT, NOTICE_SIGNING, RETEST, SUPERVISOR_ASSIGNMENT, SYMPTOM_ALERT,
};
use crate::rooms::observation::isolation_cases::errands::{self, ERRANDS, ErrandState};
use crate::rooms::observation::isolation_cases::readings::{self, TEMPERATURE_READINGS};
use crate::rooms::observation::isolation_cases::transitions::{IsolationTransition, RECEIVING_AREA_CODE, TO};
use crate::rooms::observation::isolation_cases::{SYMPTOMS, wire};

/// A claim's record as a contact.
pub fn contact_of(claim: &Claim, values: &Values, write_context: &WriteContext) -> Option<Contact> {
    let occurred_at = values.get(&OCCURRED_AT)?;
    let mut values = values.clone();
    lead_nowhere(&mut values, &write_context.district_code);
    Some(Contact { kind: claim.kind, id: claim.id, occurred_at, known_at: write_context.now, values })
}

/// Whether a step hands a case over to another area of the same district, where it goes on.
pub fn stays_in_district(step: &Values, district_code: &str) -> bool {
    let receiving = step.get(&RECEIVING_AREA_CODE);
    step.get(&TO) == Some(IsolationTransition::TransferredOut)
        && receiving.is_some_and(|code| code.starts_with(district_code))
}

/// Such a step takes nobody out of observation: as a contact it leads nowhere.
pub fn lead_nowhere(values: &mut Values, district_code: &str) {
    if stays_in_district(values, district_code) {
        values.clear(&TO);
    }
}

/// An errand at the time when it was delivered, not when it was asked for.
pub fn at_delivery(errand: &Contact) -> Contact {
    let delivered_at = errand.values.get(&errands::DELIVERED_AT).unwrap_or(errand.occurred_at);
    Contact { occurred_at: delivered_at, ..errand.clone() }
}

fn has_symptom(contact: &Contact) -> bool {
    contact.values.list(&SYMPTOMS).any(|symptom| symptom != Symptom::None)
}

impl Case {
    /// Opens the duties of every new case: to have the notice signed, and to name the supervisors that are missing.
    pub fn expecting_first(mut self, write_context: &WriteContext) -> Self {
        self.open(NOTICE_SIGNING, None, write_context.now, write_context);
        if self.record.values.get(&wire::SUPERVISORS_COMPLETE) != Some(true) {
            self.open(SUPERVISOR_ASSIGNMENT, None, write_context.now, write_context);
        }
        self
    }

    /// Opens what a contact asks for, and takes back what it asked for before it was changed.
    pub fn expect_of(&mut self, id: Uuid, write_context: &WriteContext) {
        let Some(contact) = self.contacts.get(&id).cloned() else { return };
        let is_reading = contact.kind == TEMPERATURE_READINGS.name;
        let fever = contact.values.get(&readings::FEVER) == Some(true);
        let is_retest = contact.values.get(&readings::RETEST_OF).is_some();
        let needs_retest = contact.values.get(&readings::NEEDS_RETEST) == Some(true);
        let undelivered = contact.values.get(&errands::STATE) != Some(ErrandState::NothingNeeded);
        let asks = [
            (RETEST, is_reading && needs_retest),
            (FEVER_ALERT, is_reading && is_retest && fever),
            (SYMPTOM_ALERT, has_symptom(&contact)),
            (ERRAND_DELIVERY, contact.kind == ERRANDS.name && undelivered),
        ];
        for (duty_kind, asked) in asks {
            if asked {
                self.open(duty_kind, Some(id), contact.occurred_at, write_context);
            } else {
                let of_this = |duty: &Record| {
                    duty.values.get(&CAUSE_ID) == Some(id) && duty.values.get(&DUTY_KIND) == Some(duty_kind)
                };
                self.waive_where(DutyWaiver::CauseVoided, of_this);
            }
        }
    }
}
