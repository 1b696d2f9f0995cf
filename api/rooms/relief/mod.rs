//! Relief: what households need, and who brings it.

pub mod codes;
pub mod deliveries;
pub mod need_requests;

use crate::records::Theme;

/// This theme.
pub static THEME: Theme =
    Theme { kinds: &[&need_requests::NEED_REQUESTS, &deliveries::DELIVERIES], faults: codes::FAULTS, ..Theme::NOTHING };
