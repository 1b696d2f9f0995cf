//! Settings that hold from a day on, in an area and below: the narrowest area in force decides; of two of the
//! same area the later day; of two of the same day the one given later.

use chrono::NaiveDate;

/// A setting that holds from a day on in an area.
pub trait Dated {
    /// That division and all below; empty for everywhere.
    fn area_code(&self) -> &str;
    /// From which day on.
    fn effective_on(&self) -> NaiveDate;
}

/// The one in force in an area on a day, of those in the order in which they were given. Before the first
/// one, the first one holds.
pub fn in_force<'a, T: Dated>(
    all: &(impl Iterator<Item = &'a T> + Clone),
    area_code: &str,
    day: NaiveDate,
) -> Option<&'a T> {
    let covering = || all.clone().enumerate().filter(|(_, one)| area_code.starts_with(one.area_code()));
    let current = covering()
        .filter(|(_, one)| one.effective_on() <= day)
        .max_by_key(|(given, one)| (one.area_code().len(), one.effective_on(), *given));
    let first = || covering().min_by_key(|(given, one)| (one.effective_on(), *given));
    current.or_else(first).map(|(_, one)| one)
}
