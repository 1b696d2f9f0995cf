//! Relief: what households need and who brings it; what was given, and to whom it was handed out.

mod codes;
mod deliveries;
mod donations;
mod goods;
mod material_issues;
mod need_requests;

use kit::text::Text;

use crate::records::Theme;

/// This theme.
pub static THEME: Theme = Theme {
    title: Text::new("Relief", "捐赠、发放与需求"),
    kinds: &[
        &need_requests::NEED_REQUESTS,
        &deliveries::DELIVERIES,
        &donations::DONATIONS,
        &material_issues::MATERIAL_ISSUES,
    ],
    operations: || [donations::operations(), material_issues::operations()].into_iter().flatten().collect(),
    faults: codes::FAULTS,
    ..Theme::NOTHING
};
