//! Prevention: disinfection, inspections, publicity.

pub mod disinfections;
pub mod inspections;
pub mod publicity_activities;

use crate::records::Theme;

/// This theme.
pub static THEME: Theme = Theme {
    kinds: &[&disinfections::DISINFECTIONS, &publicity_activities::PUBLICITY_ACTIVITIES, &inspections::INSPECTIONS],
    ..Theme::NOTHING
};
