//! Relief: what households need, and who brings it.

mod codes;
mod deliveries;
mod need_requests;

use crate::records::Theme;

/// This theme.
pub static THEME: Theme =
    Theme { kinds: &[&need_requests::NEED_REQUESTS, &deliveries::DELIVERIES], faults: codes::FAULTS, ..Theme::NOTHING };
