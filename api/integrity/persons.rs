//! Different people, and households, counted from their presences as those come by person: one person's are looked at
//! and forgotten. Held until the end are only those of people who are one under several ids.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike, NaiveDate};
use kit::columns;
use kit::statement::Statement;
use ledger::Families;
use uuid::Uuid;

use super::VerifyError;
use super::figures::Key;
use super::reader::Reader;

columns! {
    ID "id": Uuid;
    ROOT "root": Uuid;
    KIND "kind": String;
    SCOPE "scope": String;
    ON_DAY "on_day": NaiveDate;
    PERSONS "persons": i64;
    NEW_IN_MONTH "new_in_month": i64;
    NEW_EVER "new_ever": i64;
}

/// Names of the counts, in the order of [`Counts`].
pub const COUNTS: [&str; 3] = ["persons", "new_in_month", "new_ever"];

/// People of a day; of those, who is there on no earlier day of its month; and on none at all.
pub type Counts = [i64; 3];
/// Kind, scope and day.
pub type PersonKey = (String, String, NaiveDate);
/// Figures of different people.
pub type PersonFigures = BTreeMap<PersonKey, Counts>;

/// A presence without whose it is.
struct Presence {
    on_day: NaiveDate,
    area_code: String,
    place_id: Uuid,
}

/// People as their presences come.
pub struct Persons {
    families: Families,
    /// By table of the family and id: the one that it turned out to be.
    led: BTreeMap<(&'static str, Uuid), Uuid>,
    /// Those that others turned out to be.
    roots: BTreeSet<(&'static str, Uuid)>,
    now: Option<(String, Uuid)>,
    presences: Vec<Presence>,
    held: BTreeMap<(String, Uuid), Vec<Presence>>,
    figures: PersonFigures,
}

impl Persons {
    /// Learns who is one with whom.
    pub async fn begin(reader: &mut Reader, district_code: &str, families: Families) -> Result<Self, VerifyError> {
        let mut led = BTreeMap::new();
        for family in families.all() {
            let (table, merged_into) = (family.table, family.merged_into);
            let statement = Statement::new(format!("WITH RECURSIVE led(id, at, step) AS (SELECT m.id, m.{merged_into}, 1 FROM {table} AS m WHERE m.{merged_into} IS NOT NULL AND m.district_code = "))
                .text(district_code)
                .sql(format!(" UNION ALL SELECT led.id, m.{merged_into}, led.step + 1 FROM led JOIN {table} AS m ON m.id = led.at AND m.district_code = "))
                .text(district_code)
                .sql(format!(" WHERE m.{merged_into} IS NOT NULL) SELECT DISTINCT ON (id) id, at AS root FROM led ORDER BY id, step DESC"));
            for mut row in reader.read(statement).await? {
                if let (Some(id), Some(root)) = (row.get(&ID), row.get(&ROOT)) {
                    led.insert((table, id), root);
                }
            }
        }
        let roots = led.iter().map(|((table, _), root)| (*table, *root)).collect();
        let (held, figures) = (BTreeMap::new(), PersonFigures::new());
        Ok(Self { families, led, roots, now: None, presences: Vec::new(), held, figures })
    }

    /// The next presence: those of one person and kind follow each other.
    pub fn meet(&mut self, key: &Key, total: i128) {
        let is_next = |(kind, person_id): &(String, Uuid)| *kind == key.kind && *person_id == key.person_id;
        if !self.now.as_ref().is_some_and(is_next) {
            self.part();
            self.now = Some((key.kind.clone(), key.person_id));
        }
        if total > 0 {
            let presence = Presence { on_day: key.on_day, area_code: key.area_code.clone(), place_id: key.place_id };
            self.presences.push(presence);
        }
    }

    /// All presences of a person and kind are there.
    fn part(&mut self) {
        let Some((kind, person_id)) = self.now.take() else { return };
        let presences = std::mem::take(&mut self.presences);
        let table = self.families.of(&kind).table;
        match self.led.get(&(table, person_id)) {
            Some(root) => self.held.entry((kind, *root)).or_default().extend(presences),
            None if self.roots.contains(&(table, person_id)) => {
                self.held.entry((kind, person_id)).or_default().extend(presences);
            }
            None => count(&mut self.figures, &kind, &presences),
        }
    }

    /// The figures, once all presences came.
    pub fn figures(mut self) -> PersonFigures {
        self.part();
        for ((kind, _), presences) in &self.held {
            count(&mut self.figures, kind, presences);
        }
        self.figures
    }
}

/// Counts one person in each scope: on each day once, as new in its month and new at all on the first.
fn count(figures: &mut PersonFigures, kind: &str, presences: &[Presence]) {
    let mut days: BTreeMap<String, BTreeSet<NaiveDate>> = BTreeMap::new();
    for presence in presences {
        let part = |digits: usize| presence.area_code.get(..digits);
        let district = part(6).unwrap_or(&presence.area_code);
        let place = (!presence.place_id.is_nil()).then(|| presence.place_id.to_string());
        let areas = [Some(district), part(9), part(12)].into_iter().flatten().map(str::to_owned);
        for scope in areas.chain(place) {
            days.entry(scope).or_default().insert(presence.on_day);
        }
    }
    for (scope, days) in days {
        let mut before: Option<NaiveDate> = None;
        for day in days {
            let month = |day: NaiveDate| (day.year(), day.month());
            let new_in_month = before.is_none_or(|before| month(before) != month(day));
            let counts = figures.entry((kind.to_owned(), scope.clone(), day)).or_default();
            let [persons, in_month, ever] = counts;
            *persons += 1;
            *in_month += i64::from(new_in_month);
            *ever += i64::from(before.is_none());
            before = Some(day);
        }
    }
}

/// The figures of different people as they are kept.
pub async fn kept(reader: &mut Reader, district_code: &str) -> Result<PersonFigures, VerifyError> {
    let statement = Statement::new(
        "SELECT kind, scope, on_day, persons, new_in_month, new_ever FROM person_rollups WHERE (persons <> 0 OR new_in_month <> 0 OR new_ever <> 0) AND district_code = ",
    );
    let rows = reader.read(statement.text(district_code)).await?.into_iter();
    let figure = |mut row: kit::row::Row| {
        let key = (row.get(&KIND)?, row.get(&SCOPE)?, row.get(&ON_DAY)?);
        let counts = [&PERSONS, &NEW_IN_MONTH, &NEW_EVER].map(|count| row.get(count).unwrap_or_default());
        Some((key, counts))
    };
    Ok(rows.filter_map(figure).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_is_new_once_a_month_and_once_ever() {
        let day = |month, day| NaiveDate::from_ymd_opt(2020, month, day).unwrap();
        let at = |on_day, area_code: &str| Presence { on_day, area_code: area_code.into(), place_id: Uuid::nil() };
        let presences = [
            at(day(2, 3), "511802005001"),
            at(day(2, 1), "511802005"),
            at(day(2, 3), "511802114"),
            at(day(3, 1), "511802005001"),
        ];
        let mut figures = PersonFigures::new();
        count(&mut figures, "screenings", &presences);
        let of = |scope: &str, on_day| figures.get(&("screenings".into(), scope.into(), on_day)).copied();
        assert_eq!(of("511802", day(2, 1)), Some([1, 1, 1]));
        assert_eq!(of("511802", day(2, 3)), Some([1, 0, 0]), "twice that day, in two towns");
        assert_eq!(of("511802", day(3, 1)), Some([1, 1, 0]));
        assert_eq!(of("511802114", day(2, 3)), Some([1, 1, 1]));
        assert_eq!(of("511802005001", day(2, 3)), Some([1, 1, 1]));
        assert_eq!(of("511802005001", day(2, 1)), None);
    }
}
