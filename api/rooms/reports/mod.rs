//! Reports: what was expected against what came, and the sentences of the daily bulletin.

mod completeness;
mod situation;

use crate::records::Theme;

/// This theme.
pub static THEME: Theme =
    Theme { operations: || vec![completeness::operation(), situation::operation()], ..Theme::NOTHING };
