//! Bulletins (简报): the text a unit, a town or the district signs, written from its records. Each number is a figure with
//! the records it was counted from; an edition stays as it was issued, and what came later is told as corrections.

mod codes;
mod compose;
mod counting;
mod editions;
mod footnotes;
mod paper;
mod preview;
mod render;
mod said;
mod templates;
mod text;

pub use self::editions::unproven;
use kit::text::Text;

use crate::records::Theme;

/// This theme.
pub static THEME: Theme = Theme {
    title: Text::new("Bulletins", "简报"),
    kinds: &[&templates::BULLETIN_TEMPLATES, &editions::BULLETIN_EDITIONS],
    operations: || [preview::operations(), editions::operations()].into_iter().flatten().collect(),
    settings: &[&templates::figure_names::FIGURE_NAMES],
    proofs: &[|core, district_code| Box::pin(editions::unproven(core, district_code))],
    problems: codes::PROBLEMS,
    faults: codes::FAULTS,
    ..Theme::NOTHING
};
