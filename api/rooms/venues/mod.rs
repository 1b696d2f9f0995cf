//! Venues: banquets and their bans, undertakings, and how many of them are closed.

mod banquets;
mod commitments;
mod figures;
mod gathering_bans;
mod own_place;
mod status;

use kit::text::Text;

use crate::records::Theme;
use crate::rooms::duties::DutySource;

/// Duties of those who inspect venues.
pub const DUTY_SOURCE: DutySource = DutySource {
    kinds: banquets::follow_up::DUTY_KINDS,
    plan: Some(|core, district_code| Box::pin(banquets::follow_up::plan(core, district_code))),
    ..DutySource::NOTHING
};

/// This theme.
pub static THEME: Theme = Theme {
    title: Text::new("Venues", "经营场所与聚餐"),
    kinds: &[&gathering_bans::GATHERING_BANS, &banquets::BANQUETS, &commitments::COMMITMENTS],
    operations: status::operations,
    figures: &[&figures::VENUE_FIGURES],
    ..Theme::NOTHING
};
