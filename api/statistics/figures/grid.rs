//! Figures for who may not see small numbers: the sums of what is shown of each day and township, as in the statistics of
//! kinds, so that no answer taken from another gives back a hidden cell.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use kit::columns;
use kit::problem::Problem;
use kit::statement::{ColumnType, Statement};
use kit::value::{Value, scaled};

use super::kinds::Asked;
use super::totals::{self, BEGINNING};
use crate::records::named_figures::{Evaluated, FigureAmount, Reading};
use crate::statistics::cover::cover_cell;

columns! {
    KIND "kind": String;
    ON_DAY "on_day": NaiveDate;
    TOWNSHIP "township": String;
    MEASURE "measure": String;
    TOTAL "total": i64;
}

/// Measures of the cells of a kind, each a day and a township.
type Cells = BTreeMap<(NaiveDate, String), BTreeMap<String, i64>>;

/// Cells by kind.
pub struct Grid(BTreeMap<String, Cells>);

impl Grid {
    /// Reads what these need, once.
    pub async fn read(reading: &mut Reading<'_>, asked: &[Asked<'_>]) -> Result<Self, Problem> {
        let mut grid = Self(BTreeMap::new());
        let Some(last) = asked.iter().map(|one| one.query.to_on).max() else { return Ok(grid) };
        let first = asked.iter().map(|one| one.query.from_on.unwrap_or(BEGINNING)).min().unwrap_or(BEGINNING);
        let kinds: BTreeSet<&str> = asked.iter().map(|one| one.kind.name).collect();
        let statement = Statement::new("SELECT r.kind, r.on_day, left(r.area_code, 9) AS township, r.measure, least(sum(r.total), 9000000000000000000)::bigint AS total FROM record_rollups AS r WHERE r.district_code = ")
            .text(reading.district_code)
            .sql(" AND r.kind = ANY(")
            .column(ColumnType::Text, kinds.into_iter().map(|kind| Value::Text(kind.to_owned())).collect())
            .sql(") AND r.on_day >= ")
            .bind(ColumnType::Day, Value::Day(first))
            .sql(" AND r.on_day <= ")
            .bind(ColumnType::Day, Value::Day(last));
        let statement = totals::visible(reading.call, statement, &totals::seen(reading.call))?;
        for mut row in reading.snapshot.read(&statement.sql(" GROUP BY 1, 2, 3, 4")).await? {
            if let (Some(kind), Some(day), Some(township), Some(measure), Some(total)) =
                (row.get(&KIND), row.get(&ON_DAY), row.get(&TOWNSHIP), row.get(&MEASURE), row.get(&TOTAL))
            {
                grid.0.entry(kind).or_default().entry((day, township)).or_default().insert(measure, total);
            }
        }
        Ok(grid)
    }
}

/// A figure as the sum of what is shown of its cells.
pub fn told(grid: &Grid, reading: &Reading<'_>, asked: &Asked<'_>) -> Evaluated {
    let area = asked.query.area_code.as_deref().unwrap_or(reading.district_code);
    let (mut sum, mut hidden) = (0_i64, false);
    let first = (asked.query.from_on.unwrap_or(BEGINNING), String::new());
    let cells = grid.0.get(asked.kind.name).into_iter().flat_map(|cells| cells.range(first.clone()..));
    for ((day, township), measures) in cells {
        if *day > asked.query.to_on || !township.starts_with(area) {
            continue;
        }
        let values = measures.iter().map(|(name, total)| (name.as_str(), *total)).collect();
        match cover_cell(asked.kind.rules.figures(), &values).get(asked.figure.name).copied().flatten() {
            Some(shown) => sum = sum.saturating_add(shown),
            None => hidden = true,
        }
    }
    let mut told = Evaluated::new(match asked.figure.scale {
        0 => FigureAmount::Count(sum),
        scale => FigureAmount::Decimal(scaled(sum.into(), scale).to_string()),
    });
    told.suppressed = hidden;
    told
}
