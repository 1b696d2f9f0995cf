//! Travel: who came from where, who is away.

mod travels;

use crate::records::Theme;

/// This theme.
pub static THEME: Theme = Theme { kinds: &[&travels::TRAVELS], ..Theme::NOTHING };
