//! Registers: what other records name.

pub mod codes;
mod duty_kinds;
pub mod organizations;
pub mod people;
pub mod places;
pub mod vocabularies;

use crate::platform::privacy::PURPOSE;
use crate::records::Theme;
use crate::rooms::duties::DutySource;

/// Duties of those who keep the registers.
pub const DUTY_SOURCE: DutySource = DutySource { kinds: duty_kinds::DUTY_KINDS, ..DutySource::NOTHING };

/// This theme.
pub static THEME: Theme = Theme {
    kinds: &[&organizations::ORGANIZATIONS, &places::PLACES, &people::PEOPLE],
    operations: || [vocabularies::operations(), people::operations()].into_iter().flatten().collect(),
    schemas: people::schemas,
    vocabularies: &[&PURPOSE],
    problems: codes::PROBLEMS,
    faults: codes::FAULTS,
    ..Theme::NOTHING
};
