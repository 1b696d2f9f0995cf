//! Sums of a unit's own records over the days of a report, by the evaluator of figures: of the unit and all below it.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Days, NaiveDate};
use kit::columns;
use kit::row::Row;
use kit::statement::{ColumnType, Statement};
use kit::value::{Value, scaled};
use rust_decimal::Decimal;
use uuid::Uuid;

use super::asked::AskedFigure;
use crate::records::envelope::{AREA_CODE, ORG_ID};
use crate::rooms::registers::organization::OrganizationKind;
use crate::rooms::reporting::report_kinds::ReportKind;
use crate::rooms::reporting::reporting_requirements::in_force::Unit;
use crate::statistics::figures::totals::{Slice, rollups};

columns! {
    N "n": i64;
    MEASURE "measure": String;
    TOTAL "total": i64;
}

/// A report of which figures are wanted.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Wanted {
    /// Whose.
    pub org_id: Uuid,
    /// Which.
    pub report_kind: ReportKind,
    /// Of which day.
    pub reported_on: NaiveDate,
}

impl Wanted {
    /// The first day of which it tells.
    pub fn first_on(self) -> NaiveDate {
        self.reported_on.checked_sub_days(Days::new(self.report_kind.days() - 1)).unwrap_or(self.reported_on)
    }

    fn slice(self, district_code: &str, asked: &AskedFigure) -> Slice {
        Slice {
            kind: asked.kind.name,
            area_code: district_code.to_owned(),
            place_id: None,
            from_on: Some(self.first_on()),
            to_on: self.reported_on,
        }
    }
}

/// Rows that say of which number they were read.
const CLOCK: i64 = -1;
/// Rows that say what a unit is.
const UNIT: i64 = -2;

/// Reads sums of all that is wanted, what the units are, and as of which number.
pub struct Reader {
    district_code: String,
    slices: BTreeMap<Slice, i64>,
    units: BTreeSet<Uuid>,
}

/// Sums that were read.
#[derive(Default)]
pub struct Sums {
    district_code: String,
    slices: BTreeMap<Slice, i64>,
    found: BTreeMap<(i64, String, Uuid), i64>,
    units: BTreeMap<Uuid, Unit>,
    /// As of which change.
    pub as_of_change_no: i64,
}

impl Reader {
    /// Reader of wanted reports, each with the figures that it asks.
    pub fn of<'a>(district_code: &str, wanted: impl Iterator<Item = (Wanted, &'a [AskedFigure])>) -> Self {
        let (mut slices, mut units) = (BTreeSet::new(), BTreeSet::new());
        for (one, asked) in wanted {
            units.insert(one.org_id);
            slices.extend(asked.iter().map(|figure| one.slice(district_code, figure)));
        }
        Self { district_code: district_code.to_owned(), slices: slices.into_iter().zip(0..).collect(), units }
    }

    /// One statement for all of it.
    pub fn statement(&self) -> Statement {
        let units = || self.units.iter().copied().map(Value::Id).collect::<Vec<_>>();
        let statement = Statement::new("WITH RECURSIVE under(top, id) AS (SELECT u.id, u.id FROM unnest(")
            .column(ColumnType::Id, units())
            .sql("::uuid[]) AS u(id) UNION SELECT under.top, o.id FROM under JOIN organizations AS o ON o.parent_id = under.id WHERE o.district_code = ")
            .text(&self.district_code)
            .sql("), sums AS (");
        let sums = rollups(&self.district_code, "SELECT q.n, r.measure, r.org_id, r.total", &self.slices);
        statement
            .then(sums)
            .sql(format!(") SELECT s.n, s.measure, under.top AS org_id, sum(s.total)::bigint AS total, ''::text AS area_code FROM sums AS s JOIN under ON under.id = s.org_id GROUP BY 1, 2, 3 UNION ALL SELECT {UNIT}, o.kind, o.id, 0, o.area_code FROM organizations AS o WHERE o.district_code = "))
            .text(&self.district_code)
            .sql(" AND o.id = ANY(")
            .column(ColumnType::Id, units())
            .sql(format!(") UNION ALL SELECT {CLOCK}, '', NULL, c.last_no, '' FROM district_clocks AS c WHERE c.district_code = "))
            .text(&self.district_code)
    }

    /// The sums of its rows.
    pub fn read(self, rows: Vec<Row>) -> Sums {
        let mut sums = Sums { district_code: self.district_code, slices: self.slices, ..Sums::default() };
        for mut row in rows {
            let (Some(n), Some(total)) = (row.get(&N), row.get(&TOTAL)) else { continue };
            let (measure, org_id) = (row.get(&MEASURE).unwrap_or_default(), row.get(&ORG_ID));
            match (n, org_id) {
                (CLOCK, _) => sums.as_of_change_no = total,
                (UNIT, Some(id)) => {
                    let area_code = row.get(&AREA_CODE).unwrap_or_default();
                    sums.units.insert(id, Unit { id, kind: OrganizationKind::of_code(&measure), area_code });
                }
                (_, Some(id)) => {
                    sums.found.insert((n, measure, id), total);
                }
                _ => {}
            }
        }
        sums
    }
}

impl Sums {
    /// How much a figure is.
    pub fn of(&self, wanted: Wanted, asked: &AskedFigure) -> Decimal {
        let slice = wanted.slice(&self.district_code, asked);
        let number = self.slices.get(&slice).copied().unwrap_or(CLOCK);
        let total = self.found.get(&(number, asked.figure.measure.to_owned(), wanted.org_id)).copied();
        scaled(total.unwrap_or_default().into(), asked.figure.scale)
    }

    /// The unit, as requirements see it; none where it wasn't found.
    pub fn unit(&self, id: Uuid) -> Option<&Unit> {
        self.units.get(&id)
    }

    /// How many records a unit has of what a report asks: of each kind the figure that counts most of them.
    pub fn records(&self, wanted: Wanted, asked: &[AskedFigure]) -> i64 {
        let mut most: BTreeMap<&str, Decimal> = BTreeMap::new();
        for figure in asked.iter().filter(|figure| figure.counts_records()) {
            let known = most.entry(figure.kind.name).or_default();
            *known = (*known).max(self.of(wanted, figure));
        }
        most.into_values().sum::<Decimal>().try_into().unwrap_or_default()
    }
}
