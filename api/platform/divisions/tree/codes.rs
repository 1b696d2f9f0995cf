//! Rules about codes by their digits alone.

use std::sync::LazyLock;

/// A code of so many digits is a district's; of fewer, of what has several.
pub const DISTRICT_DIGITS: usize = 6;

/// County codes of two editions, sorted (`data/README.md`).
static COUNTY_CODES: LazyLock<Vec<&'static str>> =
    LazyLock::new(|| include_str!("../data/county-codes.txt").lines().collect());

/// Whether six digits are a county of the statistical lists of 2019 or 2023, anywhere in the mainland.
///
/// Counties abolished before 2019 are not in these lists, though cards issued there stay valid: a
/// "no" is worth a warning, never a refusal. 519999, the prefix of made-up test ids, is not known.
pub fn known_county(prefix: &str) -> bool {
    COUNTY_CODES.binary_search(&prefix).is_ok()
}

/// Whether `area` is `ancestor` or lies below it, by the digits: `511802005001-01` is within
/// `511802005`. Both are canonical codes (as [`super::Placement::area_code`] gives them); anything
/// whose length is no level's is within nothing, so `511802005` is not within `51180200`.
pub fn is_within(area: &str, ancestor: &str) -> bool {
    has_level_length(area) && has_level_length(ancestor) && area.starts_with(ancestor)
}

fn has_level_length(code: &str) -> bool {
    matches!(code.len(), 2 | 4 | 6 | 9 | 12 | 15)
}

/// The country, as GB/T 2260 writes what is filled up with zeros: it has no digits of its own.
pub const COUNTRY: &str = "000000";

/// The digits with which the codes of all districts of a wide area begin: of a prefecture four, of a province two, of the
/// country none. Codes may be filled up with zeros to six or twelve digits. `None` where an area is a district's, or lies
/// in one.
pub fn of_several_districts(code: &str) -> Option<&str> {
    let mut digits = match code.len() {
        12 => code.strip_suffix("000000")?,
        2 | 4 | 6 => code,
        _ => return None,
    };
    while let Some(shorter) = digits.strip_suffix("00") {
        digits = shorter;
    }
    (digits.len() < DISTRICT_DIGITS).then_some(digits)
}

/// Splits `<village>-NN` into village and group; a code without a hyphen has no group. `None` where
/// what follows the hyphen is not 01 to 99.
pub(super) fn split_group(code: &str) -> Option<(&str, Option<&str>)> {
    match code.split_once('-') {
        None => Some((code, None)),
        Some((village, group)) => {
            let is_group = village.len() == 12
                && group.len() == 2
                && group != "00"
                && group.bytes().all(|byte| byte.is_ascii_digit());
            is_group.then_some((village, Some(group)))
        }
    }
}

/// Codes that a zero-padded code may stand for, the longest first: the statistical lists pad upper levels
/// to twelve digits (`511802005000`), GB/T 2260 pads provinces and prefectures to six (`511800`).
pub(super) fn unpadded(code: &str) -> impl Iterator<Item = &str> {
    let lengths: &[usize] = match code.len() {
        12 => &[9, 6, 4, 2],
        6 => &[4, 2],
        _ => &[],
    };
    lengths.iter().filter_map(move |length| {
        let (kept, padding) = code.split_at_checked(*length)?;
        padding.bytes().all(|byte| byte == b'0').then_some(kept)
    })
}
