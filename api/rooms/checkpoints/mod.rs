//! Checkpoints: who passed, what was measured, how many in all.

mod codes;
mod gate_follow_up;
mod gate_tallies;
mod screenings;

pub use gate_follow_up::FollowUpDecider;
pub use screenings::plates::{check_plate, guess_plate_kind};
pub use screenings::wire::PlateKind;
pub use screenings::{IMPLAUSIBLE_TEMPERATURE, MeasureSite, MeasuringDevice, SCREENINGS, Symptom};

use kit::text::Text;

use crate::records::Theme;
use crate::rooms::duties::DutySource;

/// The duty that an abnormal passage asks for.
pub const DUTY_SOURCE: DutySource = DutySource { kinds: gate_follow_up::DUTY_KINDS, ..DutySource::NOTHING };

/// This theme.
pub static THEME: Theme = Theme {
    title: Text::new("Checkpoints", "卡点"),
    kinds: &[&screenings::SCREENINGS, &gate_tallies::GATE_TALLIES],
    operations: screenings::operations,
    faults: codes::FAULTS,
    ..Theme::NOTHING
};
