//! Accounts: who may sign in, and the keys of dashboards.

mod api_keys;
mod called;
mod codes;
mod colleagues;
pub mod operator;
pub mod users;

pub use api_keys::{ApiKey, NewKey, add as add_key, owner as key_owner};
pub use codes::USERNAME_TAKEN;

use kit::text::Text;

use crate::records::Theme;

/// This theme.
pub static THEME: Theme = Theme {
    title: Text::new("Accounts", "账号"),
    operations: || {
        [users::operations(), colleagues::operations(), api_keys::operations()].into_iter().flatten().collect()
    },
    problems: codes::PROBLEMS,
    faults: codes::FAULTS,
    ..Theme::NOTHING
};
