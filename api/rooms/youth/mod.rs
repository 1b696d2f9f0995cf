//! Youth: counselling that knows nobody, and what young people made.

mod counseling_sessions;
mod youth_works;

use kit::text::Text;

use crate::records::Theme;

/// This theme.
pub static THEME: Theme = Theme {
    title: Text::new("Youth", "青少年"),
    kinds: &[&counseling_sessions::COUNSELING_SESSIONS, &youth_works::YOUTH_WORKS],
    ..Theme::NOTHING
};
