//! Reads the embedded lists, and infers what became of the divisions of the older one.

use chrono::NaiveDate;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::division::{Division, DivisionDataError, Level, initials};

const YAAN: &str = include_str!("../data/yaan-townships.csv");
const YUCHENG: &str = include_str!("../data/yucheng-divisions.csv");
const TOWNSHIP_CHANGES: &str = include_str!("../data/yucheng-township-changes-derived.csv");

/// Suffixes that the two editions append to a village's name, the longest first.
const COMMITTEE_SUFFIXES: &[&str] = &["社区居民委员会", "社区居委会", "村民委员会", "居民委员会", "村委会", "居委会"];

/// One line of a division list; `code12` and columns to come are not needed.
#[derive(Deserialize)]
struct ListedDivision {
    edition: i16,
    as_of: NaiveDate,
    level: Level,
    code: String,
    name: String,
    parent_code: Option<String>,
    unit_type: String,
}

/// One line of the derived list: villages of an old township that reappear under a new one.
#[derive(Deserialize)]
struct TownshipChange {
    code_2019: String,
    code_2023: String,
    same_name_units: u32,
}

/// All listed divisions; those in both lists stand twice and are merged by the caller.
pub(super) fn rows() -> Result<Vec<Division>, DivisionDataError> {
    let mut rows = Vec::new();
    for list in [YAAN, YUCHENG] {
        rows.extend(read::<ListedDivision>(list)?.into_iter().map(division));
    }
    let mut changes: Vec<TownshipChange> = read(TOWNSHIP_CHANGES)?;
    // The best evidenced successor comes first; a stable sort keeps the order of codes otherwise.
    changes.sort_by_key(|change| std::cmp::Reverse(change.same_name_units));
    let newest = rows.iter().map(|row| row.edition).max();
    let (current, mut older): (Vec<_>, Vec<_>) = rows.into_iter().partition(|row| Some(row.edition) == newest);
    for row in &mut older {
        (row.successor_codes, row.successors_derived) = successors(row, &current, &changes);
    }
    older.extend(current);
    Ok(older)
}

fn read<Row: DeserializeOwned>(text: &str) -> Result<Vec<Row>, DivisionDataError> {
    Ok(csv::Reader::from_reader(text.as_bytes()).into_deserialize().collect::<Result<_, _>>()?)
}

/// `current` and the successors are filled in by those who know all editions.
fn division(listed: ListedDivision) -> Division {
    Division {
        edition: listed.edition,
        initials: initials(&listed.name),
        code: listed.code,
        name: listed.name,
        level: listed.level,
        unit_type: listed.unit_type,
        parent_code: listed.parent_code,
        as_of: listed.as_of,
        current: false,
        successor_codes: Vec::new(),
        successors_derived: false,
    }
}

/// Where an old division lives on, and whether that was inferred.
///
/// The same code with the same name simply continues: both lists say so. Else, for a township, the
/// derived list; for a village, the villages of the same name under its township's successors. No
/// decree was at hand, so a village that was merged or renamed has no known successor.
fn successors(row: &Division, current: &[Division], changes: &[TownshipChange]) -> (Vec<String>, bool) {
    if continues(&row.code, &row.name, current) {
        return (vec![row.code.clone()], false);
    }
    let township = match row.level {
        Level::Township => Some(&row.code),
        Level::Village => row.parent_code.as_ref(),
        _ => None,
    };
    let new_townships =
        changes.iter().filter(|change| Some(&change.code_2019) == township).map(|change| &change.code_2023);
    let mut codes: Vec<String> = if row.level == Level::Village {
        new_townships.flat_map(|code| same_named(&row.name, code, current)).collect()
    } else {
        new_townships.cloned().collect()
    };
    codes.dedup();
    let derived = !codes.is_empty();
    (codes, derived)
}

fn continues(code: &str, name: &str, current: &[Division]) -> bool {
    current.iter().any(|row| row.code == code && row.name == name)
}

/// The villages of a township that bear a name, whatever their committee is called.
fn same_named(name: &str, township: &str, current: &[Division]) -> impl Iterator<Item = String> {
    let wanted = bare_name(name);
    current
        .iter()
        .filter(move |row| row.level == Level::Village && row.parent_code.as_deref() == Some(township))
        .filter(move |row| bare_name(&row.name) == wanted)
        .map(|row| row.code.clone())
}

/// A village's name without its committee: a village that became a community keeps the name only.
fn bare_name(name: &str) -> &str {
    COMMITTEE_SUFFIXES.iter().find_map(|suffix| name.strip_suffix(suffix)).unwrap_or(name)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn committees_do_not_make_names_differ() {
        for (name, bare) in [
            ("龙溪村委会", "龙溪"),
            ("龙溪社区居委会", "龙溪"),
            ("龙溪社区居民委员会", "龙溪"),
            ("龙溪居民委员会", "龙溪"),
            ("龙溪居委会", "龙溪"),
            ("龙溪村民委员会", "龙溪"),
            ("新村村委会", "新村"),
            ("昝村村委会", "昝村"),
            ("八步镇", "八步镇"),
        ] {
            assert_eq!(bare_name(name), bare);
        }
    }

    #[test]
    fn village_matches_agree_with_the_derived_list() {
        let rows = rows().unwrap();
        let changes: Vec<TownshipChange> = read(TOWNSHIP_CHANGES).unwrap();
        assert_eq!(changes.len(), 28);
        let current: Vec<Division> = rows.iter().filter(|row| row.edition == 2023).cloned().collect();
        for change in changes {
            let matches: usize = rows
                .iter()
                .filter(|row| row.edition == 2019 && row.parent_code.as_ref() == Some(&change.code_2019))
                .map(|row| same_named(&row.name, &change.code_2023, &current).count())
                .sum();
            assert_eq!(matches, change.same_name_units as usize, "{} {}", change.code_2019, change.code_2023);
        }
    }
}
