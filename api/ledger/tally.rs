//! Counts that an append adds: figures of days and hours, and the people that records name.

use std::collections::BTreeMap;
use std::ops::AddAssign;

use chrono::NaiveDate;
use uuid::Uuid;

/// Key of one figure of a rollup.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct TallyKey {
    /// The kind counted.
    pub kind: &'static str,
    /// The day in the district's zone.
    pub on_day: NaiveDate,
    /// The hour of that day, for figures that are kept by the hour too.
    pub hour: Option<i64>,
    /// The area of the record.
    pub area_code: String,
    /// The place of the record; nil where it has none.
    pub place_id: Uuid,
    /// Measure that is counted.
    pub measure: &'static str,
    /// The organisation of the record; nil where it has none.
    pub org_id: Uuid,
}

/// Key of the records of a kind that name a person.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PresenceKey {
    /// The kind of the record.
    pub kind: &'static str,
    /// The person, by the id in the record.
    pub person_id: Uuid,
    /// The day in the district's zone.
    pub on_day: NaiveDate,
    /// The area of the record.
    pub area_code: String,
    /// The place of the record; nil where it has none.
    pub place_id: Uuid,
}

/// Rows in which subjects of one family are known, people or households, each of which may turn out to be another one.
#[derive(Clone, Debug)]
pub struct Family {
    /// Their table.
    pub table: &'static str,
    /// Its column that leads to the row of the one that this one turned out to be.
    pub merged_into: &'static str,
    /// Names under which presences of them are kept; of the first family all those that no other one has.
    pub kept: Vec<&'static str>,
}

/// The families of what is counted once however many records name it.
#[derive(Clone, Debug)]
pub struct Families {
    /// People: whatever no other family keeps is theirs.
    pub people: Family,
    /// The others.
    pub others: Vec<Family>,
}

impl Families {
    /// Each family, people first.
    pub fn all(&self) -> impl Iterator<Item = &Family> {
        std::iter::once(&self.people).chain(&self.others)
    }

    /// The family whose presences are kept under a name.
    pub fn of(&self, kept: &str) -> &Family {
        self.others.iter().find(|family| family.kept.contains(&kept)).unwrap_or(&self.people)
    }

    /// Whether a family's presences are kept under a name.
    pub(crate) fn keeps(&self, family: &Family, kept: &str) -> bool {
        self.of(kept).table == family.table
    }
}

/// A subject that leads to another one from now on, or no longer: two ids of one count once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pointer {
    /// Table of its family.
    pub table: &'static str,
    /// Subject whose pointer changes.
    pub person_id: Uuid,
    /// Subject it led to before, if any.
    pub former: Option<Uuid>,
    /// Subject it leads to now, if any.
    pub next: Option<Uuid>,
}

/// Amounts by which an append changes the counts.
#[derive(Clone, Debug, Default)]
pub struct Tallies {
    /// Figures of rollups. Wide: what is summed up may be absurd.
    pub totals: Vec<(TallyKey, i128)>,
    /// Records that name a person, by kind, day, area and place.
    pub presences: Vec<(PresenceKey, i64)>,
    /// Subjects that are merged into another one now, or no longer.
    pub pointers: Vec<Pointer>,
}

impl Tallies {
    /// Adds those of another append.
    pub fn extend(&mut self, other: &Self) {
        self.totals.extend(other.totals.iter().cloned());
        self.presences.extend(other.presences.iter().cloned());
        self.pointers.extend(other.pointers.iter().copied());
    }

    /// Puts together what is of one figure, in the order of the keys: two statements that meet the same rows meet
    /// them in the same order.
    pub fn sum_up(&mut self) {
        self.totals = summed(std::mem::take(&mut self.totals));
        self.presences = summed(std::mem::take(&mut self.presences));
    }

    /// Whether distinct persons may change.
    pub fn concern_persons(&self) -> bool {
        !self.presences.is_empty() || !self.pointers.is_empty()
    }
}

fn summed<Key: Ord, Amount: AddAssign + Default + PartialEq>(parts: Vec<(Key, Amount)>) -> Vec<(Key, Amount)> {
    let mut sums: BTreeMap<Key, Amount> = BTreeMap::new();
    for (key, amount) in parts {
        *sums.entry(key).or_default() += amount;
    }
    sums.into_iter().filter(|(_, amount)| *amount != Amount::default()).collect()
}
