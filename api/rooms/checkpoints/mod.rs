//! Checkpoints: who passed, what was measured, how many in all.

pub mod codes;
pub mod gate_follow_up;
pub mod gate_tallies;
pub mod screenings;

use crate::records::Theme;
use crate::rooms::duties::DutySource;

/// The duty that an abnormal passage asks for.
pub const DUTY_SOURCE: DutySource = DutySource { kinds: gate_follow_up::DUTY_KINDS, ..DutySource::NOTHING };

/// This theme.
pub static THEME: Theme = Theme {
    kinds: &[&screenings::SCREENINGS, &gate_tallies::GATE_TALLIES],
    operations: screenings::operations,
    faults: codes::FAULTS,
    ..Theme::NOTHING
};
