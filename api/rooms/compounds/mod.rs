//! Compounds (小区大院): which unit helps which, and where used masks are collected.

mod codes;
mod compound_partnerships;
mod figures;
mod mask_collections;
mod sheet;

use kit::text::Text;

use crate::records::Theme;
use crate::rooms::duties::DutySource;

/// Duties of those who answer for compounds.
pub const DUTY_SOURCE: DutySource = DutySource {
    kinds: mask_collections::duties::DUTY_KINDS,
    plan: Some(|core, district_code| Box::pin(mask_collections::duties::plan(core, district_code))),
    ..DutySource::NOTHING
};

/// This theme.
pub static THEME: Theme = Theme {
    title: Text::new("Compounds", "小区大院"),
    kinds: &[&compound_partnerships::COMPOUND_PARTNERSHIPS, &mask_collections::MASK_COLLECTIONS],
    operations: || [mask_collections::uncollected::operations(), sheet::operations()].into_iter().flatten().collect(),
    figures: &[&figures::COMPOUND_FIGURES],
    faults: codes::FAULTS,
    ..Theme::NOTHING
};
