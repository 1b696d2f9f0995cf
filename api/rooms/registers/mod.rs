//! Registers: what other records name.

pub mod codes;
pub mod organizations;
pub mod people;
pub mod places;
pub mod vocabularies;

use crate::platform::privacy::PURPOSE;
use crate::records::Theme;

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
