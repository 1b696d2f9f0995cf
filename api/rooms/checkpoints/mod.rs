//! Checkpoints: who passed, what was measured, how many in all.

pub mod codes;
pub mod gate_tallies;
pub mod screenings;

use crate::records::Theme;

/// This theme.
pub static THEME: Theme = Theme {
    kinds: &[&screenings::SCREENINGS, &gate_tallies::GATE_TALLIES],
    operations: screenings::operations,
    faults: codes::FAULTS,
    ..Theme::NOTHING
};
