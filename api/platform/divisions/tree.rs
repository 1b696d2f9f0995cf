//! The tree of administrative divisions, in memory, in two editions.
//!
//! Codes are the statistical ones (国家统计局 统计用区划代码): 2 + 2 + 2 + 3 + 3 digits for province,
//! prefecture, county (these three GB/T 2260), township and village; a village's groups have none,
//! so they get our own `<village>-NN`. Yucheng was redrawn between the editions: a code without an
//! edition means the current one, and an old code is led to where it lies now (see [`Placement`]).

mod codes;
mod division;
mod embedded;
mod placement;
#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests;

use std::cmp::Ordering;
use std::sync::Arc;

pub use codes::{COUNTRY, DISTRICT_DIGITS, is_within, known_county, of_several_districts};
use codes::{split_group, unpadded};
pub use division::{Division, DivisionDataError, Level, initials};
pub use placement::Placement;

/// All divisions of all editions. Lookups are by binary search and allocate nothing.
#[derive(Clone, Debug)]
pub struct Divisions {
    /// Sorted by (edition, code), each pair once. Trees that grew from one another share them.
    rows: Vec<Arc<Division>>,
    current_edition: i16,
    /// All editions, newest first.
    editions: Vec<i16>,
    /// The rows of the districts there are now: asked for at each look-up of an account.
    districts: Vec<Arc<Division>>,
}

impl Divisions {
    /// The divisions compiled into the program: Ya'an down to townships, Yucheng down to villages,
    /// editions 2019 and 2023 (`data/README.md`), with the successors of the 2019 rows.
    ///
    /// # Errors
    /// [`DivisionDataError`] if the files are damaged; a test keeps that from being released.
    pub fn embedded() -> Result<Self, DivisionDataError> {
        Self::from_rows(embedded::rows()?)
    }

    /// A tree of any rows, in any order. The newest edition becomes the current one, and `current`
    /// is set accordingly. Equal rows are merged. Parents need not be among the rows.
    ///
    /// # Errors
    /// [`DivisionDataError`]: no rows, contradicting rows, a code not beginning with its parent's.
    pub fn from_rows(mut rows: Vec<Division>) -> Result<Self, DivisionDataError> {
        let current_edition = rows.iter().map(|row| row.edition).max().ok_or(DivisionDataError::Empty)?;
        for row in &mut rows {
            row.current = row.edition == current_edition;
        }
        Self::arranged(rows.into_iter().map(Arc::new).collect(), current_edition)
    }

    /// The same tree with more divisions. Its current edition stays.
    ///
    /// # Errors
    /// As of [`Self::from_rows`].
    pub fn with(&self, added: Vec<Division>) -> Result<Self, DivisionDataError> {
        let added = added.into_iter().map(|mut row| {
            row.current = row.edition == self.current_edition;
            Arc::new(row)
        });
        Self::arranged(self.rows.iter().cloned().chain(added).collect(), self.current_edition)
    }

    fn arranged(mut rows: Vec<Arc<Division>>, current_edition: i16) -> Result<Self, DivisionDataError> {
        for row in &rows {
            if row.parent_code.as_ref().is_some_and(|parent| *parent == row.code || !row.code.starts_with(parent)) {
                return Err(DivisionDataError::ForeignParent { edition: row.edition, code: row.code.clone() });
            }
        }
        rows.sort_by(|left, right| position(left, right.edition, &right.code));
        rows.dedup();
        let twice = rows.windows(2).find_map(|pair| match pair {
            [left, right] if position(left, right.edition, &right.code).is_eq() => Some(left),
            _ => None,
        });
        if let Some(row) = twice {
            return Err(DivisionDataError::Conflict { edition: row.edition, code: row.code.clone() });
        }
        let mut editions: Vec<i16> = rows.iter().map(|row| row.edition).collect();
        editions.dedup();
        editions.reverse();
        let districts = rows.iter().filter(|row| row.current && row.level == Level::County).cloned().collect();
        Ok(Self { rows, current_edition, editions, districts })
    }

    /// Every row of every edition, by edition and code.
    pub fn rows(&self) -> &[Arc<Division>] {
        &self.rows
    }

    /// Codes of the districts there are now, in their order.
    pub fn districts(&self) -> impl Iterator<Item = &str> {
        self.districts.iter().map(|row| row.code.as_str())
    }

    /// The newest edition: the one a code without an edition belongs to.
    pub fn current_edition(&self) -> i16 {
        self.current_edition
    }

    /// The division of a code, zero-padded forms included (`511802005000`, `511800`).
    ///
    /// Without an edition the current one is asked first and then the older ones, newest first, so
    /// that an abolished code still answers; with one, only that edition. Groups are no rows.
    pub fn find(&self, code: &str, edition: Option<i16>) -> Option<&Division> {
        match edition {
            Some(edition) => self.find_in(code, edition),
            None => self.editions.iter().find_map(|edition| self.find_in(code, *edition)),
        }
    }

    /// The divisions directly below one, by code; of the current edition if none is given.
    pub fn children(&self, parent: &str, edition: Option<i16>) -> Vec<&Division> {
        let edition = edition.unwrap_or(self.current_edition);
        let start = self.rows.partition_point(|row| position(row, edition, parent).is_lt());
        self.rows
            .iter()
            .skip(start)
            .take_while(|row| row.edition == edition && row.code.starts_with(parent))
            .filter(|row| row.parent_code.as_deref() == Some(parent))
            .map(AsRef::as_ref)
            .collect()
    }

    /// The divisions above one, the nearest first; those of a group begin with its village.
    pub fn ancestors(&self, code: &str, edition: Option<i16>) -> Vec<&Division> {
        let group_village = split_group(code).and_then(|(village, group)| group.and(self.find(village, edition)));
        let mut next = group_village.or_else(|| self.find(code, edition).and_then(|row| self.parent(row)));
        let mut found = Vec::new();
        while let Some(row) = next {
            found.push(row);
            next = self.parent(row);
        }
        found
    }

    /// The divisions whose name contains `q`, whose pinyin initials begin with it in any case, or
    /// whose code begins with it, by code; of the current edition if none is given. Blank: nothing.
    pub fn search(&self, q: &str, edition: Option<i16>) -> Vec<&Division> {
        let (wanted, edition) = (q.trim(), edition.unwrap_or(self.current_edition));
        if wanted.is_empty() {
            return Vec::new();
        }
        let initials = wanted.to_ascii_lowercase();
        let fits = |row: &&Arc<Division>| {
            row.name.contains(wanted) || row.initials.starts_with(&initials) || row.code.starts_with(wanted)
        };
        self.rows.iter().filter(|row| row.edition == edition).filter(fits).map(AsRef::as_ref).collect()
    }

    /// The division above, in the same edition.
    fn parent(&self, row: &Division) -> Option<&Division> {
        self.find_exact(row.parent_code.as_deref()?, row.edition)
    }

    /// As written first, so that a padded form never hides a code that really exists.
    fn find_in(&self, code: &str, edition: i16) -> Option<&Division> {
        self.find_exact(code, edition).or_else(|| unpadded(code).find_map(|shorter| self.find_exact(shorter, edition)))
    }

    fn find_exact(&self, code: &str, edition: i16) -> Option<&Division> {
        let index = self.rows.binary_search_by(|row| position(row, edition, code)).ok()?;
        self.rows.get(index).map(AsRef::as_ref)
    }
}

/// Where a row stands in the order of the rows, seen from an (edition, code).
fn position(row: &Division, edition: i16, code: &str) -> Ordering {
    row.edition.cmp(&edition).then_with(|| row.code.as_str().cmp(code))
}
