//! Figures of rollups as a verification compares them: without holding them.
//!
//! Those of a table, kind and day are summed up into one pair of numbers: each figure's key is hashed under a secret of
//! this run, the hash is taken as often as the figure says, and all are added. Equal figures give equal sums in whatever
//! order they come; others don't, but for a chance of one in 2¹²⁸, and nobody can aim at it who doesn't know the secret.
//! So a million presences take as much memory as the days they stand on. Where sums differ, that day alone is counted
//! once more by keys.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use kit::columns;
use kit::row::Row;
use ledger::{PresenceKey, Tallies, TallyKey};
use sha2::{Digest, Sha256};
use uuid::Uuid;

columns! {
    KIND "kind": String;
    ON_DAY "on_day": NaiveDate;
    HOUR "hour": i64;
    AREA_CODE "area_code": String;
    PLACE_ID "place_id": Uuid;
    MEASURE "measure": String;
    ORG_ID "org_id": Uuid;
    PERSON_ID "person_id": Uuid;
    TOTAL "total": i128;
}

/// Table of figures by the day.
pub const BY_DAY: &str = "record_rollups";
/// Table of figures by the hour.
pub const BY_HOUR: &str = "hourly_rollups";
/// Table of presences.
pub const PRESENCES: &str = "person_presences";

/// Tables whose figures are counted from the records, each with its SELECT as [`Key::of_row`] reads it. Presences come
/// by person: different people are counted from them.
pub const KEPT: [(&str, &str); 3] = [
    (BY_DAY, "SELECT kind, on_day, area_code, place_id, measure, org_id, total FROM record_rollups"),
    (
        BY_HOUR,
        "SELECT kind, on_day, hour::bigint AS hour, area_code, place_id, measure, org_id, total FROM hourly_rollups",
    ),
    (PRESENCES, "SELECT kind, on_day, area_code, place_id, person_id, total FROM person_presences"),
];

/// Key of a figure; what its table doesn't have is nil or empty.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// The table.
    pub table: &'static str,
    /// The kind, or the name under which it counts different ones.
    pub kind: String,
    /// The day.
    pub on_day: NaiveDate,
    /// The hour.
    pub hour: Option<i64>,
    /// The area.
    pub area_code: String,
    /// The place.
    pub place_id: Uuid,
    /// The measure.
    pub measure: String,
    /// The organisation.
    pub org_id: Uuid,
    /// The person.
    pub person_id: Uuid,
}

impl Key {
    fn of_total(key: &TallyKey) -> Self {
        Self {
            table: if key.hour.is_some() { BY_HOUR } else { BY_DAY },
            kind: key.kind.to_owned(),
            on_day: key.on_day,
            hour: key.hour,
            area_code: key.area_code.clone(),
            place_id: key.place_id,
            measure: key.measure.to_owned(),
            org_id: key.org_id,
            person_id: Uuid::nil(),
        }
    }

    fn of_presence(key: &PresenceKey) -> Self {
        Self {
            table: PRESENCES,
            kind: key.kind.to_owned(),
            on_day: key.on_day,
            hour: None,
            area_code: key.area_code.clone(),
            place_id: key.place_id,
            measure: String::new(),
            org_id: Uuid::nil(),
            person_id: key.person_id,
        }
    }

    /// Reads a row of a table, and its figure.
    pub fn of_row(table: &'static str, mut row: Row) -> Option<(Self, i128)> {
        let key = Self {
            table,
            kind: row.get(&KIND)?,
            on_day: row.get(&ON_DAY)?,
            hour: row.get(&HOUR),
            area_code: row.get(&AREA_CODE)?,
            place_id: row.get(&PLACE_ID)?,
            measure: row.get(&MEASURE).unwrap_or_default(),
            org_id: row.get(&ORG_ID).unwrap_or_default(),
            person_id: row.get(&PERSON_ID).unwrap_or_default(),
        };
        Some((key, row.get(&TOTAL)?))
    }

    /// Which figures it is summed up with.
    pub fn bucket(&self) -> Bucket {
        (self.table, self.kind.clone(), self.on_day)
    }

    /// The figure in words. Of people only that they are counted is told: the rest of their key names one.
    pub fn told(&self) -> String {
        let Self { area_code, place_id, measure, org_id, .. } = self;
        match (self.table, self.hour) {
            (PRESENCES, _) => "presences".to_owned(),
            (_, Some(hour)) => format!("{hour} {area_code} {place_id} {measure} {org_id}"),
            (_, None) => format!("{area_code} {place_id} {measure} {org_id}"),
        }
    }
}

/// Figures by key.
pub type Figures = BTreeMap<Key, i128>;
/// A table, a kind and a day.
pub type Bucket = (&'static str, String, NaiveDate);

/// Adds what records count as, of some tables, kinds and days, to figures by key.
pub fn gather(figures: &mut Figures, tallies: &Tallies, wanted: impl Fn(&Key) -> bool) {
    let totals = tallies.totals.iter().map(|(key, amount)| (Key::of_total(key), *amount));
    let presences = tallies.presences.iter().map(|(key, amount)| (Key::of_presence(key), i128::from(*amount)));
    for (key, amount) in totals.chain(presences).filter(|(key, _)| wanted(key)) {
        *figures.entry(key).or_default() += amount;
    }
}

/// Sum of hashed figures, and how many rows were added to it.
#[derive(Clone, Copy, Debug, Default)]
struct Sum {
    words: [u128; 2],
    rows: u64,
}

/// Sums of hashed figures by table, kind and day.
pub struct Sums {
    secret: [u8; 32],
    sums: BTreeMap<(&'static str, NaiveDate), BTreeMap<String, Sum>>,
}

impl Sums {
    /// Sums of nothing, under the secret of this run.
    pub fn new(secret: [u8; 32]) -> Self {
        Self { secret, sums: BTreeMap::new() }
    }

    /// Adds what records count as.
    pub fn add(&mut self, tallies: &Tallies) {
        tallies.totals.iter().for_each(|(key, amount)| self.add_figure(&Key::of_total(key), *amount));
        for (key, amount) in &tallies.presences {
            self.add_figure(&Key::of_presence(key), i128::from(*amount));
        }
    }

    /// Adds a figure.
    pub fn add_figure(&mut self, key: &Key, amount: i128) {
        let hash = Sha256::new()
            .chain_update(self.secret)
            .chain_update(key.hour.unwrap_or(-1).to_be_bytes())
            .chain_update(key.place_id)
            .chain_update(key.org_id)
            .chain_update(key.person_id)
            .chain_update((key.area_code.len() as u64).to_be_bytes())
            .chain_update(&key.area_code)
            .chain_update(&key.measure)
            .finalize();
        let kinds = self.sums.entry((key.table, key.on_day)).or_default();
        if !kinds.contains_key(&key.kind) {
            kinds.insert(key.kind.clone(), Sum::default());
        }
        let Some(sum) = kinds.get_mut(&key.kind) else { return };
        sum.rows += 1;
        for (word, half) in sum.words.iter_mut().zip(hash.as_slice().chunks_exact(16)) {
            let half = half.try_into().map_or(0, u128::from_be_bytes);
            // In two's complement taking away is adding: the product wraps as the sum does.
            *word = word.wrapping_add(half.wrapping_mul(amount.cast_unsigned()));
        }
    }

    /// Tables, kinds and days at which these differ from others, each with the rows that either counted, in order.
    pub fn differing(&self, others: &Self) -> Vec<(Bucket, u64)> {
        let mut differing = BTreeMap::new();
        for (one, other) in [(self, others), (others, self)] {
            for (&(table, on_day), kinds) in &one.sums {
                for (kind, sum) in kinds {
                    let there = other.sums.get(&(table, on_day)).and_then(|kinds| kinds.get(kind));
                    let there = there.copied().unwrap_or_default();
                    if sum.words != there.words {
                        differing.insert((table, kind.clone(), on_day), sum.rows + there.rows);
                    }
                }
            }
        }
        differing.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(day: u32, person: u128) -> Key {
        Key {
            table: PRESENCES,
            kind: "screenings".into(),
            on_day: NaiveDate::from_ymd_opt(2020, 2, day).unwrap(),
            hour: None,
            area_code: "511802005".into(),
            place_id: Uuid::nil(),
            measure: String::new(),
            org_id: Uuid::nil(),
            person_id: Uuid::from_u128(person),
        }
    }

    fn sums(figures: &[(Key, i128)]) -> Sums {
        let mut sums = Sums::new([7; 32]);
        figures.iter().for_each(|(key, amount)| sums.add_figure(key, *amount));
        sums
    }

    #[test]
    fn equal_figures_give_equal_sums_and_others_do_not() {
        let kept = sums(&[(key(1, 1), 2), (key(1, 2), 1), (key(2, 1), 1)]);
        let counted = [(key(2, 1), 1), (key(1, 2), 5), (key(1, 1), 1), (key(1, 2), -4), (key(1, 1), 1), (key(3, 3), 0)];
        assert!(kept.differing(&sums(&counted)).is_empty(), "in another order, and by steps");
        let buckets = |figures: &[(Key, i128)]| -> Vec<u32> {
            use chrono::Datelike;
            kept.differing(&sums(figures)).into_iter().map(|((_, _, day), _)| day.day()).collect()
        };
        assert_eq!(buckets(&[(key(1, 1), 1), (key(1, 2), 2), (key(2, 1), 1)]), [1], "one's went to another");
        assert_eq!(buckets(&[(key(1, 1), 2), (key(1, 2), 1)]), [2], "missing");
        assert_eq!(buckets(&[(key(1, 1), 2), (key(1, 2), 1), (key(2, 1), 1), (key(3, 1), 1)]), [3], "one too many");
    }
}
