//! Justice: legal services, disputes, and whoever is under community corrections.

mod corrections_checks;
mod corrections_subjects;
mod disputes;
mod legal_service_items;

use kit::text::Text;

use crate::records::Theme;
pub use disputes::DUTY_SOURCE;

/// This theme.
pub static THEME: Theme = Theme {
    title: Text::new("Justice", "司法行政"),
    kinds: &[
        &legal_service_items::LEGAL_SERVICE_ITEMS,
        &disputes::DISPUTES,
        &corrections_subjects::CORRECTIONS_SUBJECTS,
        &corrections_checks::CORRECTIONS_CHECKS,
    ],
    operations: || {
        [legal_service_items::groups::operations(), corrections_subjects::operations()].into_iter().flatten().collect()
    },
    ..Theme::NOTHING
};
