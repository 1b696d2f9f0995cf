//! Prevention: disinfection, inspections, publicity.

mod disinfections;
mod inspection_statistics;
mod inspections;
mod publicity_activities;

use kit::text::Text;

use crate::records::Theme;

/// This theme.
pub static THEME: Theme = Theme {
    title: Text::new("Prevention", "消毒、检查与宣传"),
    kinds: &[&disinfections::DISINFECTIONS, &publicity_activities::PUBLICITY_ACTIVITIES, &inspections::INSPECTIONS],
    operations: inspection_statistics::operations,
    ..Theme::NOTHING
};
