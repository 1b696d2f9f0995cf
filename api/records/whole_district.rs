//! Records that hold for a whole district: they stand at its code, and only somebody of all of it writes them.

use kit::faults::Faults;

use super::codes::WHOLE_DISTRICT;
use super::draft::Draft;
use super::envelope::AREA_CODE;
use crate::platform::access::roles::{Actor, Role};
use crate::platform::divisions::tree::DISTRICT_DIGITS;

/// Whether a caller writes for a whole district. Where no area is said the grant's is meant.
pub fn permits(actor: &Actor, draft: &Draft, writers: &'static [Role]) -> bool {
    let told = draft.values.get(&AREA_CODE).or(actor.only_area(writers));
    told.is_some_and(|area_code| area_code.len() <= DISTRICT_DIGITS)
}

/// Notes the fault of a record of a part of one.
pub fn check(draft: &Draft, faults: &mut Faults) {
    if draft.values.get(&AREA_CODE).is_some_and(|code| code.len() > DISTRICT_DIGITS) {
        faults.add(draft.at(&AREA_CODE), WHOLE_DISTRICT);
    }
}
