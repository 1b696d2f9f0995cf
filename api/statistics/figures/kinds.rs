//! Figures that kinds declare.

use std::collections::{BTreeMap, BTreeSet};

use kit::columns;
use kit::faults::Faults;
use kit::problem::Problem;
use kit::statement::{ColumnType, Statement};
use kit::value::{Value, scaled};
use uuid::Uuid;

use super::catalogue::parts;
use super::grid::{self, Grid};
use super::looked;
use super::records_url;
use super::totals::{self, BEGINNING, Measures, Slice, Totals};
use crate::platform::access::roles::Grant;
use crate::records::named_figures::{AskedOrg, Evaluated, FigureAmount, FigureQuery, Reading, Withheld};
use crate::records::{Figure, Kind};
use crate::statistics::asked::{Persons, keeps_people, over_period};
use crate::statistics::document::readers;
use crate::statistics::rights::{covered, is_shut};

columns! {
    N "n": i64;
    TOTAL "total": i64;
}

/// A query of a kind's figure.
pub struct Asked<'a> {
    /// Its place among the queries.
    pub index: usize,
    pub query: &'a FigureQuery,
    pub kind: &'static Kind,
    pub figure: &'static Figure,
}

/// From what a figure is read.
enum Way {
    /// The sums of the rollups.
    Totals,
    /// The covered cells of them.
    Grid,
    /// A column of the rollups of different ones, of an area or a place.
    Kept(&'static str, String),
    /// The records.
    Looked,
}

impl Asked<'_> {
    /// The figure with what narrows it: the part that this is.
    fn narrowed(mut self) -> Option<Self> {
        if self.query.filters.is_empty() {
            return Some(self);
        }
        let said: BTreeSet<String> = self.query.filters.iter().map(|(name, word)| format!("{name}={word}")).collect();
        let is_said = |filter: &str| filter.split('&').map(str::to_owned).collect::<BTreeSet<_>>() == said;
        self.figure = parts(self.kind, self.figure).find(|(filter, _)| is_said(filter)).map(|(_, part)| part)?;
        Some(self)
    }

    /// Its part of the rollups.
    pub fn slice(&self, district_code: &str) -> Slice {
        let query = self.query;
        Slice {
            kind: self.kind.name,
            area_code: query.area_code.clone().unwrap_or_else(|| district_code.to_owned()),
            place_id: query.place_id,
            from_on: query.from_on,
            to_on: query.to_on,
        }
    }

    fn organizations(&self, reading: &Reading<'_>) -> Option<BTreeSet<Uuid>> {
        self.query.org.members(reading.tree)
    }

    /// Whether it asks for what the caller's own organisation did in a whole district.
    fn is_own(&self, reading: &Reading<'_>) -> bool {
        let Ok(actor) = reading.call.actor() else { return false };
        let Some(asked) = self.organizations(reading) else { return false };
        let is_district = self.query.area_code.is_none() && self.query.place_id.is_none();
        let own = actor.grants_of(readers(self.kind)).filter_map(|grant| actor.organizations_of(grant)).flatten();
        let own: BTreeSet<Uuid> = own.collect();
        is_district && !asked.is_empty() && asked.is_subset(&own)
    }

    /// From what a closed room's figure of a part of a district is read.
    fn covered_way(&self, area: &str) -> Result<Way, Withheld> {
        let is_part = self.query.org != AskedOrg::Any || self.query.place_id.is_some() || area.len() > 9;
        if is_part || self.figure.distinct { Err(Withheld::SmallNumbers) } else { Ok(Way::Grid) }
    }

    fn way(&self, reading: &Reading<'_>) -> Result<Way, Withheld> {
        let (query, call) = (self.query, reading.call);
        let Ok(actor) = call.actor() else { return Err(Withheld::Forbidden) };
        let area = query.area_code.as_deref().unwrap_or(reading.district_code);
        let everybody = query.org == AskedOrg::Any;
        if self.kind.closed && is_shut(call, self.kind, area, !everybody || query.place_id.is_some()) {
            return if self.is_own(reading) { Ok(Way::Totals) } else { self.covered_way(area) };
        }
        if !self.kind.closed && covered(call, self.kind.readers) {
            let is_narrow = |grant: &Grant| grant.area_code.len() > 9 || grant.org_id.is_some();
            let own = actor.grants_of(readers(self.kind)).any(is_narrow);
            let narrow = own || !everybody || query.place_id.is_some() || area.len() > 9;
            return if narrow || self.figure.distinct { Err(Withheld::SmallNumbers) } else { Ok(Way::Grid) };
        }
        if !self.figure.distinct {
            return Ok(Way::Totals);
        }
        let wholly = actor.grants_of(readers(self.kind)).any(|grant| grant.covers(area, None));
        let one_scope = query.place_id.is_none() || query.area_code.is_none();
        let column = match over_period(query.from_on, query.to_on) {
            // Counts of once a day add up to any period.
            _ if self.once_a_day() => Some("persons"),
            Persons::Distinct(column) => Some(column),
            Persons::Days | Persons::Unknown => None,
        };
        match column.filter(|_| everybody && wholly && one_scope && keeps_people(area)) {
            Some(column) => Ok(Way::Kept(column, query.place_id.map_or(area.to_owned(), |id| id.to_string()))),
            // Where its records stood then, they don't say row by row.
            None if self.kind.rules.moves_on() => Err(Withheld::NotKept),
            None => Ok(Way::Looked),
        }
    }

    /// Whether it counts a thing once a day rather than once.
    pub fn once_a_day(&self) -> bool {
        self.figure.kept_as.is_some() && self.figure.different.is_none()
    }

    /// So much, with the list of exactly those records.
    fn told(&self, reading: &Reading<'_>, total: i128) -> Evaluated {
        let figure = self.figure;
        let mut told = Evaluated::new(match figure.scale {
            0 => FigureAmount::Count(i64::try_from(total).unwrap_or(i64::MAX)),
            scale => FigureAmount::Decimal(scaled(total, scale).to_string()),
        });
        if !self.query.filters.is_empty() {
            told.label = Some(figure.label.in_language(reading.call.language).into());
        }
        // By how many more stand so is proven by no list; how many do, is.
        if !figure.moving || self.query.from_on.is_none() {
            let filter = figure.filter_until(self.query.to_on);
            // A list of people has as many lines as there are people.
            let once = figure.is_of_people().then_some("people_once=period");
            let parts = [Some(filter.as_str()).filter(|filter| !filter.is_empty()), once];
            let filter = parts.into_iter().flatten().collect::<Vec<_>>().join("&");
            told.records_url = records_url(reading.call, self.kind, self.query, &filter);
        }
        told
    }
}

/// Evaluates figures of kinds.
pub async fn evaluate(
    reading: &mut Reading<'_>,
    asked: Vec<Asked<'_>>,
    faults: &mut Faults,
) -> Result<Vec<(usize, Evaluated)>, Problem> {
    let mut answered = Vec::with_capacity(asked.len());
    let (mut of_totals, mut of_grid, mut kept, mut looked_at) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for one in asked {
        let index = one.index;
        let Some(one) = one.narrowed() else {
            answered.push((index, Evaluated::withheld(Withheld::NotKept)));
            continue;
        };
        match one.way(reading) {
            Ok(Way::Totals) => of_totals.push(one),
            Ok(Way::Grid) => of_grid.push(one),
            Ok(Way::Kept(column, scope)) => kept.push((one, column, scope)),
            Ok(Way::Looked) => looked_at.push(one),
            Err(why) => answered.push((index, Evaluated::withheld(why))),
        }
    }
    let totals = read_totals(reading, &of_totals).await?;
    for one in &of_totals {
        let slice = one.slice(reading.district_code);
        let total = totals.sum(&slice, one.figure.measure, one.organizations(reading).as_ref());
        answered.push((one.index, one.told(reading, total)));
    }
    let grid = Grid::read(reading, &of_grid).await?;
    answered.extend(of_grid.iter().map(|one| (one.index, grid::told(&grid, reading, one))));
    let found = read_kept(reading, &kept).await?;
    for (number, (one, ..)) in kept.iter().enumerate() {
        let total = found.get(&number).copied().unwrap_or(0);
        answered.push((one.index, one.told(reading, total.into())));
    }
    for (one, total) in looked::evaluate(reading, &looked_at, faults).await? {
        let told = Evaluated { from_records: true, ..one.told(reading, total.into()) };
        answered.push((one.index, told));
    }
    Ok(answered)
}

async fn read_totals(reading: &mut Reading<'_>, asked: &[Asked<'_>]) -> Result<Totals, Problem> {
    let slices = asked.iter().map(|one| one.slice(reading.district_code)).collect();
    let measures = Measures::Named(asked.iter().map(|one| one.figure.measure).collect());
    let seen = totals::seen(reading.call);
    totals::read(reading, &seen, slices, &measures).await
}

/// Different ones as the rollups have them, by the place of the query.
async fn read_kept(
    reading: &mut Reading<'_>,
    asked: &[(Asked<'_>, &'static str, String)],
) -> Result<BTreeMap<usize, i64>, Problem> {
    if asked.is_empty() {
        return Ok(BTreeMap::new());
    }
    let column = |value: &dyn Fn(&(Asked<'_>, &'static str, String)) -> Value| -> Vec<Value> {
        asked.iter().map(value).collect()
    };
    let numbers = (0..).zip(asked).map(|(number, _)| Value::Integer(number)).collect();
    let name = |one: &Asked<'_>| one.figure.kept_as.unwrap_or(one.kind.name).to_owned();
    let statement = Statement::new("SELECT q.n, least(sum(CASE q.counted WHEN 'persons' THEN r.persons WHEN 'new_in_month' THEN r.new_in_month ELSE r.new_ever END), 9000000000000000000)::bigint AS total FROM unnest(")
        .column(ColumnType::Integer, numbers)
        .sql("::bigint[], ")
        .column(ColumnType::Text, column(&|(one, ..)| Value::Text(name(one))))
        .sql("::text[], ")
        .column(ColumnType::Text, column(&|(_, _, scope)| Value::Text(scope.clone())))
        .sql("::text[], ")
        .column(ColumnType::Text, column(&|(_, counted, _)| Value::Text((*counted).to_owned())))
        .sql("::text[], ")
        .column(ColumnType::Day, column(&|(one, ..)| Value::Day(one.query.from_on.unwrap_or(BEGINNING))))
        .sql("::date[], ")
        .column(ColumnType::Day, column(&|(one, ..)| Value::Day(one.query.to_on)))
        .sql("::date[]) AS q(n, kept, scope, counted, from_on, to_on) JOIN person_rollups AS r ON r.kind = q.kept AND r.scope = q.scope AND r.on_day >= q.from_on AND r.on_day <= q.to_on WHERE r.district_code = ")
        .text(reading.district_code)
        .sql(" GROUP BY 1")
        // Of each scope was judged that it lies wholly within a grant.
        .seeing_district(reading.district_code);
    let rows = reading.snapshot.read(&statement).await?.into_iter();
    Ok(rows.filter_map(|mut row| Some((usize::try_from(row.get(&N)?).ok()?, row.get(&TOTAL)?))).collect())
}
