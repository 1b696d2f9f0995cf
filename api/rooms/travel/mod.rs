//! Travel: who came from where, who is away.

mod travels;

use kit::text::Text;

use crate::records::Theme;

/// This theme.
pub static THEME: Theme =
    Theme { title: Text::new("Travel", "来往人员"), kinds: &[&travels::TRAVELS], ..Theme::NOTHING };
