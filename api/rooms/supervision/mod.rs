//! Supervision: who looked at the work of units, and what has to be put right until when.

mod codes;
mod oversight_checks;
mod rectification_steps;
mod rectifications;

pub use rectifications::{DUTY_SOURCE, REQUIREMENTS, Requirement, demands};

use kit::text::Text;

use crate::records::Theme;

/// This theme.
pub static THEME: Theme = Theme {
    title: Text::new("Supervision", "督查与整改"),
    kinds: &[
        &oversight_checks::OVERSIGHT_CHECKS,
        &rectifications::RECTIFICATIONS,
        &rectification_steps::RECTIFICATION_STEPS,
    ],
    faults: codes::FAULTS,
    ..Theme::NOTHING
};
