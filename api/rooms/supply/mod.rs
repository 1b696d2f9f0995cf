//! Supply: goods, prices, stocks, and what follows from them.

mod codes;
pub mod commodities;
mod commodity_entries;
mod duty_kinds;
mod enforcement_actions;
mod market;
mod price_alerts;
mod price_observations;
mod price_rules;
pub mod stock_movements;
mod stock_targets;
mod supply_channels;
mod supply_reports;
mod supply_statistics;

use kit::text::Text;

use crate::records::Theme;
use crate::rooms::duties::DutySource;

/// The daily reports of stores.
pub const DUTY_SOURCE: DutySource = DutySource {
    kinds: duty_kinds::DUTY_KINDS,
    plan: Some(|core, district_code| Box::pin(market::planner::plan(core, district_code))),
    after_missed: Some(|core, district_code| Box::pin(market::review::review_all(core, Some(district_code)))),
    ..DutySource::NOTHING
};

/// This theme.
pub static THEME: Theme = Theme {
    title: Text::new("Supply and prices", "保供与价格"),
    kinds: &[
        &commodity_entries::COMMODITY_ENTRIES,
        &price_observations::PRICE_OBSERVATIONS,
        &price_rules::PRICE_RULES,
        &supply_reports::SUPPLY_REPORTS,
        &price_alerts::PRICE_ALERTS,
        &enforcement_actions::ENFORCEMENT_ACTIONS,
        &stock_movements::STOCK_MOVEMENTS,
        &stock_targets::STOCK_TARGETS,
        &supply_channels::SUPPLY_CHANNELS,
    ],
    operations: || {
        let parts = [
            commodities::operations(),
            price_alerts::operations(),
            stock_movements::operations(),
            supply_statistics::operations(),
        ];
        parts.into_iter().flatten().collect()
    },
    workers: &[("price_rules", |core| Box::pin(market::review::work(core)))],
    settings: &[&commodities::goods_cache::GOODS],
    own_words: &[&commodities::goods_cache::COMMODITY_OWN_WORDS],
    problems: codes::PROBLEMS,
    faults: codes::FAULTS,
    ..Theme::NOTHING
};
