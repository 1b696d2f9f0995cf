//! Figures by name over several districts: the sums of what each tells.

use kit::faults::Faults;
use kit::text::Language;

use super::catalogue::Catalogue;
use super::queries::{AS_OF, AS_OF_CHANGE_NO, Body, DIGEST};
use super::shown::{EvaluatedFigures, OUT_OF_SCOPE, ShownFigure, ShownReason};
use crate::records::codes::NOT_WITH_OTHERS;
use crate::records::figure::Quantity;
use crate::records::named_figures::{AskedOrg, Withheld};
use crate::statistics::codes::TOLD_BY_DISTRICT;
use crate::statistics::districts::{Summed, add_amount, add_count, add_proof};

/// Notes what can't be asked of several districts: shares, which are no sums; what stands in one of them; one number or
/// one digest, of which each has its own.
pub fn refuse(catalogue: &Catalogue, body: &Body, faults: &mut Faults) {
    for (index, query) in body.queries.iter().enumerate() {
        let at = format!("/queries/{index}");
        if catalogue.entry(&query.figure).is_some_and(|entry| entry.shown.quantity == Quantity::Share) {
            faults.add(format!("{at}/figure"), TOLD_BY_DISTRICT);
        }
        let org = match query.org {
            AskedOrg::One(_) => Some("org_id"),
            AskedOrg::Under(_) => Some("under_org_id"),
            AskedOrg::Any | AskedOrg::Nobody => None,
        };
        let area = query.area_code.as_ref().map(|_| "area_code");
        let place = query.place_id.map(|_| "place_id");
        let round = query.round_id.map(|_| "round_id");
        for name in [org, area, place, round].into_iter().flatten() {
            faults.add(format!("{at}/{name}"), NOT_WITH_OTHERS);
        }
    }
    for (pointer, is_asked) in [
        (AS_OF_CHANGE_NO.pointer(), body.as_of_change_no.is_some()),
        (AS_OF.pointer(), body.as_of.is_some()),
        (DIGEST.pointer(), body.digest),
    ] {
        if is_asked {
            faults.add(pointer, NOT_WITH_OTHERS);
        }
    }
}

impl Summed for EvaluatedFigures {
    fn add(&mut self, other: Self) {
        for (figure, other) in self.results.iter_mut().zip(other.results) {
            figure.add(other, self.language);
        }
    }
}

impl ShownFigure {
    /// Adds another district's. What isn't told of one isn't told of both, unless the caller reaches nothing of it there.
    fn add(&mut self, other: Self, language: Language) {
        let is_beyond = |figure: &Self| figure.withheld.as_ref().is_some_and(|why| why.code == OUT_OF_SCOPE);
        (self.records_url, self.further_records_url) = (None, None);
        if is_beyond(&other) {
            return;
        }
        if is_beyond(self) || (other.withheld.is_some() && self.withheld.is_none()) {
            *self = Self { records_url: None, further_records_url: None, ..other };
            return;
        }
        if self.withheld.is_none() && self.unit != other.unit {
            // Goods that districts keep themselves under one code.
            self.withheld = Some(ShownReason::of(Withheld::NotKept, language));
        }
        if self.withheld.is_some() {
            (self.value, self.amount, self.record_ids, self.sum_of) = (None, None, None, None);
            return;
        }
        self.suppressed |= other.suppressed;
        add_count(&mut self.value, other.value);
        self.value = self.value.filter(|value| !self.suppressed || *value > 0);
        add_amount(&mut self.amount, other.amount);
        add_proof((&mut self.record_ids, other.record_ids), (&mut self.sum_of, other.sum_of));
    }
}
