//! Sums of the rollups: one statement for all that is asked, whatever the number of queries and of units.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use kit::columns;
use kit::problem::Problem;
use kit::statement::{ColumnType, Statement};
use kit::value::Value;
use uuid::Uuid;

use crate::platform::access::roles::Role;
use crate::platform::access::scope::successor;
use crate::platform::http::Call;
use crate::records::envelope::ORG_ID;
use crate::records::scope::reached_at_places;
use crate::statistics::document::readers;

columns! {
    N "n": i64;
    MEASURE "measure": String;
    TOTAL "total": i128;
}

/// A part of the rollups: of a kind, an area, a place, a period.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Slice {
    /// The kind.
    pub kind: &'static str,
    /// Its area and all below.
    pub area_code: String,
    /// Only of that place.
    pub place_id: Option<Uuid>,
    /// The first day.
    pub from_on: Option<NaiveDate>,
    /// The last day.
    pub to_on: NaiveDate,
}

/// Kinds whose sums a caller may be told, each with the roles that may.
pub type Seen = Vec<(&'static str, &'static [Role])>;

/// Every kind that declares figures, and who may be told them.
pub fn seen(call: &Call) -> Seen {
    let kinds = call.core.kinds().kinds().filter(|kind| !kind.rules.figures().is_empty());
    kinds.map(|kind| (kind.name, readers(kind))).collect()
}

/// Sums that were read.
#[derive(Default)]
pub struct Totals {
    slices: BTreeMap<Slice, i64>,
    /// Sums by slice and measure, of each organisation.
    found: BTreeMap<(i64, String), Vec<(Uuid, i128)>>,
}

impl Totals {
    /// The sum of a measure, of these organisations or all.
    pub fn sum(&self, slice: &Slice, measure: &str, organizations: Option<&BTreeSet<Uuid>>) -> i128 {
        let Some(number) = self.slices.get(slice) else { return 0 };
        let found = self.found.get(&(*number, measure.to_owned())).into_iter().flatten();
        found.filter(|(org, _)| organizations.is_none_or(|own| own.contains(org))).map(|(_, total)| total).sum()
    }

    /// Measures of a slice of which anything was found, in their order.
    pub fn measures(&self, slice: &Slice) -> impl Iterator<Item = &str> {
        let number = self.slices.get(slice).copied().unwrap_or(-1);
        let found = self.found.range((number, String::new())..);
        found.take_while(move |((of, _), _)| *of == number).map(|((_, measure), _)| measure.as_str())
    }
}

/// Reads the sums of some measures in some slices; all measures of a prefix where it ends in a full stop.
pub async fn read(
    reading: &mut crate::records::named_figures::Reading<'_>,
    seen: &Seen,
    slices: BTreeSet<Slice>,
    measures: &Measures,
) -> Result<Totals, Problem> {
    let slices: BTreeMap<Slice, i64> = slices.into_iter().zip(0..).collect();
    if slices.is_empty() {
        return Ok(Totals::default());
    }
    let statement = rollups(reading.district_code, "SELECT q.n, r.measure, r.org_id, sum(r.total) AS total", &slices);
    let statement = visible(reading.call, statement, seen)?;
    let statement = match measures {
        Measures::Named(names) => statement
            .sql(" AND r.measure = ANY(")
            .column(ColumnType::Text, names.iter().map(|name| Value::Text((*name).to_owned())).collect())
            .sql(")"),
        Measures::All => statement,
    };
    let statement = statement.sql(" GROUP BY 1, 2, 3 HAVING sum(r.total) <> 0");
    let mut found: BTreeMap<(i64, String), Vec<(Uuid, i128)>> = BTreeMap::new();
    for mut row in reading.snapshot.read(&statement).await? {
        if let (Some(number), Some(measure), Some(org), Some(total)) =
            (row.get(&N), row.get(&MEASURE), row.get(&ORG_ID), row.get(&TOTAL))
        {
            found.entry((number, measure)).or_default().push((org, total));
        }
    }
    Ok(Totals { slices, found })
}

/// Which measures are read.
pub enum Measures {
    /// These.
    Named(BTreeSet<&'static str>),
    /// Whatever a slice has.
    All,
}

/// `<select> FROM <slices q> JOIN record_rollups AS r … WHERE` they are of one.
pub fn rollups(district_code: &str, select: &str, slices: &BTreeMap<Slice, i64>) -> Statement {
    let column = |value: &dyn Fn(&Slice) -> Value| -> Vec<Value> { slices.keys().map(value).collect() };
    let text = |text: &str| Value::Text(text.to_owned());
    Statement::new(format!("{select} FROM unnest("))
        .column(ColumnType::Integer, slices.values().map(|number| Value::Integer(*number)).collect())
        .sql("::bigint[], ")
        .column(ColumnType::Text, column(&|slice| text(slice.kind)))
        .sql("::text[], ")
        .column(ColumnType::Text, column(&|slice| text(&slice.area_code)))
        .sql("::text[], ")
        .column(ColumnType::Text, column(&|slice| Value::Text(successor(&slice.area_code))))
        .sql("::text[], ")
        .column(ColumnType::Id, column(&|slice| Value::Id(slice.place_id.unwrap_or_default())))
        .sql("::uuid[], ")
        .column(ColumnType::Day, column(&|slice| Value::Day(slice.from_on.unwrap_or(BEGINNING))))
        .sql("::date[], ")
        .column(ColumnType::Day, column(&|slice| Value::Day(slice.to_on)))
        .sql("::date[]) AS q(n, kind, area_from, area_until, place_id, from_on, to_on) JOIN record_rollups AS r ON r.kind = q.kind AND r.on_day >= q.from_on AND r.on_day <= q.to_on AND CASE WHEN r.area_code COLLATE \"C\" >= q.area_from AND r.area_code COLLATE \"C\" < q.area_until THEN true ELSE false END AND (q.place_id = '00000000-0000-0000-0000-000000000000' OR r.place_id = q.place_id) WHERE r.district_code = ")
        .text(district_code)
}

/// Before all records.
pub const BEGINNING: NaiveDate = match NaiveDate::from_ymd_opt(1, 1, 1) {
    Some(day) => day,
    None => NaiveDate::MIN,
};

/// ` AND` row `r` is of a kind and a part of the district of which the caller may be told.
pub fn visible(call: &Call, statement: Statement, seen: &Seen) -> Result<Statement, Problem> {
    let mut of_roles: BTreeMap<*const Role, (&'static [Role], Vec<String>)> = BTreeMap::new();
    for (kind, roles) in seen {
        of_roles.entry(roles.as_ptr()).or_insert_with(|| (roles, Vec::new())).1.push(format!("'{kind}'"));
    }
    let mut statement = statement.sql(" AND (false");
    for (roles, kinds) in of_roles.into_values() {
        statement = statement.sql(format!(" OR (r.kind IN ({}) AND ", kinds.join(", ")));
        statement = reached_at_places("r", statement, call.actor()?, roles).sql(")");
    }
    Ok(statement.sql(")"))
}
