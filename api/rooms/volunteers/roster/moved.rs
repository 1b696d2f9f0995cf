//! A shift that came, changed, or doesn't take place any more.

use kit::faults::Fault;
use ledger::decide::Claim;
use uuid::Uuid;

use super::{Roster, Shift, stands};
use crate::rooms::volunteers::codes::ALREADY_ASSIGNED;
use crate::rooms::volunteers::shifts::assignments::{SHIFT_ID, VOLUNTEER_ID};
use crate::rooms::volunteers::shifts::{CANCELLED, ENDS_AT, STARTS_AT};

impl Roster {
    /// Takes a shift. It isn't moved to where its people couldn't have taken it: they would be at two places at once,
    /// and nobody had asked them.
    pub(super) fn take_shift(&mut self, claim: &Claim) -> Result<(), Vec<Fault>> {
        let next = claim.next.as_ref().and_then(Shift::of);
        let former = claim.former.as_ref().and_then(Shift::of);
        if let Some((next, field)) = next.as_ref().and_then(|next| Some((next, moved(former.as_ref()?, next)?))) {
            let faults = self.reasons_against_moving(claim.id, next, field);
            if !faults.is_empty() {
                return Err(faults);
            }
        }
        // Where it was, it leaves room for the hours of others.
        let takers = self.assignments.values().map(|kept| &kept.record.values);
        let takers = takers.filter(|values| values.get(&SHIFT_ID) == Some(claim.id));
        let takers: Vec<_> = takers.map(|values| self.person_of(values)).collect();
        takers.into_iter().for_each(|person_id| self.disturb(person_id, former.as_ref().map(|shift| shift.starts_at)));
        match next {
            Some(shift) => drop(self.shifts.insert(claim.id, shift)),
            None => self.shifts.get_mut(&claim.id).into_iter().for_each(|shift| shift.stands = false),
        }
        self.engage(claim.id);
        self.touched.insert(claim.id);
        Ok(())
    }

    /// Whoever has the shift is engaged as it stands now: the next shift of the same batch must know.
    fn engage(&mut self, shift_id: Uuid) {
        self.engagements.retain(|_, engagement| engagement.shift_id != Some(shift_id));
        if !self.shifts.get(&shift_id).is_some_and(|shift| shift.stands) {
            return;
        }
        let of_shift = self
            .assignments
            .iter()
            .filter(|(_, kept)| stands(&kept.record) && kept.record.values.get(&SHIFT_ID) == Some(shift_id));
        let engaged = of_shift.filter_map(|(id, kept)| Some((*id, self.engagement(&kept.record.values)?)));
        let engaged: Vec<_> = engaged.collect();
        self.engagements.extend(engaged);
    }

    /// Each reason once, however many people it holds for.
    fn reasons_against_moving(&self, shift_id: Uuid, next: &Shift, field: &str) -> Vec<Fault> {
        let mut faults: Vec<Fault> = Vec::new();
        for (id, kept) in &self.assignments {
            let values = &kept.record.values;
            let volunteer = values.get(&VOLUNTEER_ID).and_then(|id| self.volunteers.get(&id));
            let Some(volunteer) = volunteer.filter(|_| stands(&kept.record) && values.get(&SHIFT_ID) == Some(shift_id))
            else {
                continue;
            };
            for fault in self.clashes(*id, shift_id, next, volunteer.person_id) {
                let known = faults.iter().any(|known| known.code == fault.code);
                if !known && fault.code != ALREADY_ASSIGNED {
                    faults.push(Fault { pointer: format!("/{field}"), ..fault });
                }
            }
        }
        faults
    }
}

/// The field that moves a shift to where it wasn't; none where it only becomes shorter or doesn't take place.
fn moved(former: &Shift, next: &Shift) -> Option<&'static str> {
    if !next.stands {
        return None;
    }
    if !former.stands {
        return Some(CANCELLED.name());
    }
    let longer = next.starts_at < former.starts_at || next.ends_at > former.ends_at;
    longer.then_some(if next.starts_at == former.starts_at { ENDS_AT.name() } else { STARTS_AT.name() })
}
