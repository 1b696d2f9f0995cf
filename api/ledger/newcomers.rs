//! Subjects who are new with an append. Nothing is known of them, so their presences and what they count as follow from
//! the append alone and are written in its own statement; [`super::presences`] is for all others.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike, NaiveDate};
use kit::statement::{ColumnType, Statement};
use kit::value::Value;
use uuid::Uuid;

use super::statement::Parts;
use super::{Append, Families, Operation, PresenceKey};

/// Lengths of the codes of districts, townships and villages: the areas in which a presence counts, as
/// [`super::presences`] has them in SQL; `tests/figures_model.rs` counts both against the lists.
const AREA_LENGTHS: [usize; 3] = [6, 9, 12];

type FigureKey = (&'static str, String, NaiveDate);

/// Persons of a day, those of them new in its month, and those new altogether.
type Figures = [i64; 3];

/// Presences of newcomers, and the figures that come of them.
#[derive(Debug, Default)]
pub(super) struct Newcomers {
    presences: Vec<(PresenceKey, i64)>,
    figures: BTreeMap<FigureKey, Figures>,
}

/// Takes the presences of those out of an append whom it creates itself. Where it also leads subjects of their family to
/// others, all of that family stay in it.
pub(super) fn take(append: &mut Append, families: &Families) -> Newcomers {
    let created: BTreeSet<(&str, Uuid)> = append
        .changes
        .iter()
        .filter(|change| change.operation == Operation::Create)
        .filter(|change| families.all().any(|family| family.table == change.table.name))
        .map(|change| (change.table.name, change.id))
        .collect();
    let led: BTreeSet<&str> = append.tallies.pointers.iter().map(|pointer| pointer.table).collect();
    let is_new = |key: &PresenceKey| {
        let table = families.of(key.kind).table;
        !led.contains(table) && created.contains(&(table, key.person_id))
    };
    let (presences, others) =
        std::mem::take(&mut append.tallies.presences).into_iter().partition(|(key, _)| is_new(key));
    append.tallies.presences = others;
    let figures = figures(&presences);
    Newcomers { presences, figures }
}

fn figures(presences: &[(PresenceKey, i64)]) -> BTreeMap<FigureKey, Figures> {
    let mut seen: BTreeMap<(&'static str, Uuid, String), BTreeSet<NaiveDate>> = BTreeMap::new();
    for (key, _) in presences.iter().filter(|(_, total)| *total > 0) {
        for scope in scopes(key) {
            seen.entry((key.kind, key.person_id, scope)).or_default().insert(key.on_day);
        }
    }
    let mut figures: BTreeMap<FigureKey, Figures> = BTreeMap::new();
    for ((kind, _, scope), days) in seen {
        let mut former: Option<NaiveDate> = None;
        for day in days {
            let new_in_month = former.is_none_or(|former| (former.year(), former.month()) != (day.year(), day.month()));
            let [persons, in_month, ever] = figures.entry((kind, scope.clone(), day)).or_default();
            *persons += 1;
            *in_month += i64::from(new_in_month);
            *ever += i64::from(former.is_none());
            former = Some(day);
        }
    }
    figures
}

fn scopes(key: &PresenceKey) -> impl Iterator<Item = String> {
    let areas = AREA_LENGTHS.into_iter().filter_map(|length| key.area_code.get(..length)).map(str::to_owned);
    areas.chain((!key.place_id.is_nil()).then(|| key.place_id.to_string()))
}

/// The parts of the append that keep them.
pub(super) fn write(parts: &mut Parts<'_>, newcomers: &Newcomers) {
    if newcomers.presences.is_empty() {
        return;
    }
    let presences = |value: fn(&PresenceKey) -> Value| -> Vec<Value> {
        newcomers.presences.iter().map(|(key, _)| value(key)).collect()
    };
    parts.add("arrived", |part| {
        Statement::new("INSERT INTO person_presences (district_code, kind, person_id, on_day, area_code, place_id, total) SELECT clock.district_code, u.*")
            .then(part.clock())
            .sql(", ")
            .table(vec![
                (ColumnType::Text, presences(|key| Value::Text(key.kind.to_owned()))),
                (ColumnType::Id, presences(|key| Value::Id(key.person_id))),
                (ColumnType::Day, presences(|key| Value::Day(key.on_day))),
                (ColumnType::Text, presences(|key| Value::Text(key.area_code.clone()))),
                (ColumnType::Id, presences(|key| Value::Id(key.place_id))),
                (ColumnType::Integer, newcomers.presences.iter().map(|(_, total)| Value::Integer(*total)).collect()),
            ])
            .sql(" AS u")
    });
    if newcomers.figures.is_empty() {
        return;
    }
    let keys = |value: fn(&FigureKey) -> Value| -> Vec<Value> { newcomers.figures.keys().map(value).collect() };
    let counts = |value: fn(&Figures) -> i64| -> Vec<Value> {
        newcomers.figures.values().map(|figures| Value::Integer(value(figures))).collect()
    };
    parts.add("counted", |part| {
        Statement::new("INSERT INTO person_rollups AS r (district_code, kind, scope, on_day, persons, new_in_month, new_ever) SELECT clock.district_code, u.*")
            .then(part.clock())
            .sql(", ")
            .table(vec![
                (ColumnType::Text, keys(|(kind, ..)| Value::Text((*kind).to_owned()))),
                (ColumnType::Text, keys(|(_, scope, _)| Value::Text(scope.clone()))),
                (ColumnType::Day, keys(|(.., on_day)| Value::Day(*on_day))),
                (ColumnType::Integer, counts(|[persons, ..]| *persons)),
                (ColumnType::Integer, counts(|[_, new_in_month, _]| *new_in_month)),
                (ColumnType::Integer, counts(|[.., new_ever]| *new_ever)),
            ])
            .sql(" AS u")
            .sql(ADD_UP)
    });
}

/// Adds to figures of persons that are kept already.
pub(super) const ADD_UP: &str = " ON CONFLICT (district_code, kind, scope, on_day) DO UPDATE SET persons = r.persons + excluded.persons, \
    new_in_month = r.new_in_month + excluded.new_in_month, new_ever = r.new_ever + excluded.new_ever";
