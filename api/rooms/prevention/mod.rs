//! Prevention: disinfection, inspections, publicity.

mod disinfections;
mod inspections;
mod publicity_activities;

use crate::records::Theme;

/// This theme.
pub static THEME: Theme = Theme {
    kinds: &[&disinfections::DISINFECTIONS, &publicity_activities::PUBLICITY_ACTIVITIES, &inspections::INSPECTIONS],
    ..Theme::NOTHING
};
