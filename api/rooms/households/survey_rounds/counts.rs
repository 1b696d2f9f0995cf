//! Counts of a round's targets and persons: one set for a line of the coverage, for all together, for a figure.

use kit::columns;
use kit::row::Row;
use rust_decimal::Decimal;
use serde::Serialize;
use utoipa::ToSchema;

columns! {
    TARGETS "targets": i64;
    DONE "done": i64;
    REACHED "reached": i64;
    VACANT "vacant": i64;
    MOVED "moved": i64;
    REFUSED "refused": i64;
    ATTEMPTED "attempted": i64;
    OPEN "open": i64;
    PERSONS "persons": i64;
    PERSONS_CONFIRMED "persons_confirmed": i64;
    ADDITIONAL "additional": i64;
}

/// Every column of the counts, and how many targets nobody answers for.
pub fn columns() -> impl Iterator<Item = &'static str> {
    let all = [
        &TARGETS,
        &DONE,
        &REACHED,
        &VACANT,
        &MOVED,
        &REFUSED,
        &ATTEMPTED,
        &OPEN,
        &PERSONS,
        &PERSONS_CONFIRMED,
        &ADDITIONAL,
    ];
    all.map(|column| column.name()).into_iter().chain(["unassigned"])
}

/// Counts of targets and persons.
#[derive(Clone, Default, Serialize, ToSchema)]
pub struct CoverageCounts {
    /// On the list.
    #[schema(minimum = 0)]
    pub targets: i64,
    /// Looked at.
    #[schema(minimum = 0)]
    pub done: i64,
    /// Done: somebody was reached.
    #[schema(minimum = 0)]
    pub reached: i64,
    /// Done: nobody lives there.
    #[schema(minimum = 0)]
    pub vacant: i64,
    /// Done: moved away.
    #[schema(minimum = 0)]
    pub moved: i64,
    /// Not done: refused.
    #[schema(minimum = 0)]
    pub refused: i64,
    /// Not done: tried in vain.
    #[schema(minimum = 0)]
    pub attempted: i64,
    /// Not done: nobody looked.
    #[schema(minimum = 0)]
    pub open: i64,
    /// Persons that belong to the targets.
    #[schema(minimum = 0)]
    pub persons: i64,
    /// Persons of whom a visit told.
    #[schema(minimum = 0)]
    pub persons_confirmed: i64,
    /// Visited in the round, and on no list: beside the denominator, never in it.
    #[schema(minimum = 0)]
    pub additional: i64,
    /// `done` of `targets`, four decimal places; null of none.
    #[schema(required, value_type = Option<String>, max_length = 6)]
    pub rate: Option<Decimal>,
}

/// `SELECT` the sums of standings, called `s`, as a row of the counts.
pub fn sums() -> String {
    let count = |condition: &str| format!("count(*) FILTER (WHERE s.listed AND {condition})");
    let sum = |column: &str| format!("coalesce(sum(s.{column}) FILTER (WHERE s.listed), 0)::bigint");
    let sums = [
        (&TARGETS, count("true")),
        (&DONE, count("s.state = 'done'")),
        (&REACHED, count("s.done_as = 'reached'")),
        (&VACANT, count("s.done_as = 'vacant'")),
        (&MOVED, count("s.done_as = 'moved'")),
        (&REFUSED, count("s.state = 'refused'")),
        (&ATTEMPTED, count("s.state = 'attempted'")),
        (&OPEN, count("s.state = 'open'")),
        (&PERSONS, sum("persons")),
        (&PERSONS_CONFIRMED, sum("persons_confirmed")),
        (&ADDITIONAL, "count(*) FILTER (WHERE NOT s.listed AND s.state = 'done')".to_owned()),
    ];
    sums.iter().map(|(column, sum)| format!("{sum} AS {}", column.name())).collect::<Vec<_>>().join(", ")
}

impl CoverageCounts {
    /// Reads what [`sums`] selects.
    pub fn of_row(row: &mut Row) -> Self {
        let mut count = |column| row.get(column).unwrap_or(0);
        Self {
            targets: count(&TARGETS),
            done: count(&DONE),
            reached: count(&REACHED),
            vacant: count(&VACANT),
            moved: count(&MOVED),
            refused: count(&REFUSED),
            attempted: count(&ATTEMPTED),
            open: count(&OPEN),
            persons: count(&PERSONS),
            persons_confirmed: count(&PERSONS_CONFIRMED),
            additional: count(&ADDITIONAL),
            rate: None,
        }
    }

    /// Adds those of another line.
    pub fn add(&mut self, other: &Self) {
        for (sum, count) in [
            (&mut self.targets, other.targets),
            (&mut self.done, other.done),
            (&mut self.reached, other.reached),
            (&mut self.vacant, other.vacant),
            (&mut self.moved, other.moved),
            (&mut self.refused, other.refused),
            (&mut self.attempted, other.attempted),
            (&mut self.open, other.open),
            (&mut self.persons, other.persons),
            (&mut self.persons_confirmed, other.persons_confirmed),
            (&mut self.additional, other.additional),
        ] {
            *sum += count;
        }
    }

    /// The same with its rate.
    pub fn rated(mut self) -> Self {
        let rate = Decimal::from(self.done).checked_div(Decimal::from(self.targets));
        self.rate = rate.map(|rate| {
            let mut rate = rate.round_dp(4);
            rate.rescale(4);
            rate
        });
        self
    }
}
