//! Registers: what other records name.

mod codes;
mod duty_kinds;
mod organizations;
mod people;
mod places;
mod vocabularies;

pub use organizations::{ORGANIZATIONS, wire as organization};
pub use people::categories::{held, of_whoever_passed};
pub use people::documents::{check_document, normalize_name, normalize_phone};
pub use people::sought::Sought;
pub use people::{LOOKED_UP, PEOPLE, PersonCategory, comparisons, family, note_found, sought, wire as person};
pub use places::{
    COMPOUND_KINDS, OperatingStatus, PLACES, PlaceKind, VENUE_KINDS, require_caterer, require_checkpoint,
    require_compound, require_mask_point, require_venue, wire as place,
};
pub use vocabularies::Vocabularies;
pub use vocabularies::told::words_of;

use kit::text::Text;

use crate::platform::privacy::PURPOSE;
use crate::records::Theme;
use crate::rooms::duties::DutySource;

/// Duties of those who keep the registers.
pub const DUTY_SOURCE: DutySource = DutySource { kinds: duty_kinds::DUTY_KINDS, ..DutySource::NOTHING };

/// This theme.
pub static THEME: Theme = Theme {
    title: Text::new("Registers", "基础台账"),
    kinds: &[&organizations::ORGANIZATIONS, &places::PLACES, &people::PEOPLE],
    operations: || [vocabularies::operations(), people::operations()].into_iter().flatten().collect(),
    schemas: people::schemas,
    figures: &[&places::figures::PLACE_FIGURES],
    vocabularies: &[&PURPOSE],
    problems: codes::PROBLEMS,
    faults: codes::FAULTS,
    ..Theme::NOTHING
};
