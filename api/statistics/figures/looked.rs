//! Different ones counted from the records, where no rollup keeps them: of organisations, of any period, of a part of what
//! the caller may see. The records of a period are looked at once, whatever the number of organisations.

use std::collections::{BTreeMap, BTreeSet};

use kit::columns;
use kit::faults::Faults;
use kit::problem::Problem;
use kit::statement::{ColumnType, Statement};
use kit::time::day_start;
use kit::value::Value;
use uuid::Uuid;

use super::catalogue::PLACE_ID;
use super::kinds::Asked;
use super::totals::{BEGINNING, Slice};
use crate::platform::access::scope::successor;
use crate::records::Kind;
use crate::records::named_figures::Reading;
use crate::records::scope::{reached, reached_at_places};
use crate::statistics::codes::TOO_WIDE;
use crate::statistics::document::readers;
use crate::statistics::rows::COUNTED;

columns! {
    N "n": i64;
    SET_NO "set_no": i64;
    TOTAL "total": i64;
}

/// Records that one evaluation looks at, at most.
pub const MOST_RECORDS: i64 = 2_000_000;

/// The nil id: of no organisation.
const NOBODY: &str = "'00000000-0000-0000-0000-000000000000'";

/// Counts them; what would look at too many records is a fault of its query.
pub async fn evaluate<'a, 'q>(
    reading: &mut Reading<'_>,
    asked: &'a [Asked<'q>],
    faults: &mut Faults,
) -> Result<Vec<(&'a Asked<'q>, i64)>, Problem> {
    bound(reading, asked, faults).await?;
    let mut answered = Vec::with_capacity(asked.len());
    if !faults.is_empty() {
        return Ok(answered);
    }
    let mut by_figure: BTreeMap<(&str, &str), Vec<&'a Asked<'q>>> = BTreeMap::new();
    for one in asked {
        by_figure.entry((one.kind.name, one.figure.name)).or_default().push(one);
    }
    for asked in by_figure.into_values() {
        answered.extend(count(reading, asked).await?);
    }
    Ok(answered)
}

/// Holds against the bound how many records there are in each period; as the rollups know it, before any is looked at.
async fn bound(reading: &mut Reading<'_>, asked: &[Asked<'_>], faults: &mut Faults) -> Result<(), Problem> {
    let mut periods: BTreeMap<Slice, Vec<usize>> = BTreeMap::new();
    for one in asked {
        let slice = Slice { area_code: String::new(), place_id: None, ..one.slice("") };
        periods.entry(slice).or_default().push(one.index);
    }
    if periods.is_empty() {
        return Ok(());
    }
    // The first figure of a kind that isn't of different ones counts its records.
    let measure = |kind: &str| {
        let kind = asked.iter().find(|one| one.kind.name == kind).map(|one| one.kind);
        let first = kind.and_then(|kind| kind.rules.figures().iter().find(|figure| !figure.distinct));
        Value::Text(first.map_or("", |figure| figure.measure).to_owned())
    };
    let column = |value: &dyn Fn(&Slice) -> Value| -> Vec<Value> { periods.keys().map(value).collect() };
    let statement = Statement::new("SELECT q.n, least(sum(r.total), 9000000000000000000)::bigint AS total FROM unnest(")
        .column(ColumnType::Integer, (0..).zip(&periods).map(|(number, _)| Value::Integer(number)).collect())
        .sql("::bigint[], ")
        .column(ColumnType::Text, column(&|slice| Value::Text(slice.kind.to_owned())))
        .sql("::text[], ")
        .column(ColumnType::Text, column(&|slice| measure(slice.kind)))
        .sql("::text[], ")
        .column(ColumnType::Day, column(&|slice| Value::Day(slice.from_on.unwrap_or(BEGINNING))))
        .sql("::date[], ")
        .column(ColumnType::Day, column(&|slice| Value::Day(slice.to_on)))
        .sql("::date[]) AS q(n, kind, measure, from_on, to_on) JOIN record_rollups AS r ON r.kind = q.kind AND r.measure = q.measure AND r.on_day >= q.from_on AND r.on_day <= q.to_on WHERE r.district_code = ")
        .text(reading.district_code)
        .sql(" GROUP BY 1")
        // Whatever is looked at, whoever may see it.
        .seeing_district(reading.district_code);
    let rows = reading.snapshot.read(&statement).await?.into_iter();
    let many: BTreeMap<i64, i64> = rows.filter_map(|mut row| Some((row.get(&N)?, row.get(&TOTAL)?))).collect();
    let mut left = MOST_RECORDS;
    for (number, indexes) in (0..).zip(periods.into_values()) {
        left = left.saturating_sub(many.get(&number).copied().unwrap_or(0));
        for index in indexes.into_iter().filter(|_| left < 0) {
            faults.add_with(format!("/queries/{index}"), TOO_WIDE, vec![("max", MOST_RECORDS.to_string())]);
        }
    }
    Ok(())
}

/// Counts the different ones of one figure in all its slices and sets of organisations.
async fn count<'a, 'q>(
    reading: &mut Reading<'_>,
    asked: Vec<&'a Asked<'q>>,
) -> Result<Vec<(&'a Asked<'q>, i64)>, Problem> {
    let Some(first) = asked.first() else { return Ok(Vec::new()) };
    let mut slices: BTreeMap<Slice, i64> = BTreeMap::new();
    let mut sets: BTreeMap<BTreeSet<Uuid>, i64> = BTreeMap::new();
    let mut places: Vec<(i64, i64)> = Vec::new();
    for one in &asked {
        let (slice, next) = (one.slice(reading.district_code), slices.len() as i64);
        let number = *slices.entry(slice).or_insert(next);
        let next = sets.len() as i64;
        let members = one.query.org.members(reading.tree);
        places.push((number, members.map_or(ALL, |members| *sets.entry(members).or_insert(next))));
    }
    let statement = statement(reading, first, &slices, &sets, &places)?;
    let rows = reading.snapshot.read(&statement).await?.into_iter();
    let found: BTreeMap<(i64, i64), i64> =
        rows.filter_map(|mut row| Some(((row.get(&N)?, row.get(&SET_NO)?), row.get(&TOTAL)?))).collect();
    let answered = asked.into_iter().zip(places);
    Ok(answered.map(|(one, place)| (one, found.get(&place).copied().unwrap_or(0))).collect())
}

/// Stands for all organisations.
const ALL: i64 = -1;

fn statement(
    reading: &Reading<'_>,
    asked: &Asked<'_>,
    slices: &BTreeMap<Slice, i64>,
    sets: &BTreeMap<BTreeSet<Uuid>, i64>,
    places: &[(i64, i64)],
) -> Result<Statement, Problem> {
    let (kind, rules) = (asked.kind, asked.kind.rules);
    let subject = match asked.figure.kept_as {
        Some(_) => rules.distinct_rows(asked.figure.measure),
        None => rules.person_rows(),
    };
    let of_day = asked.once_a_day();
    // Each subject of an organisation once: hashing a million rows is a fraction of sorting them.
    let statement = roots(reading, asked)?.sql(", looked AS MATERIALIZED (SELECT DISTINCT q.n, coalesce(r.org_id, ");
    let statement = statement.sql(format!("{NOBODY}) AS org_id, "));
    let statement = match of_day {
        true => statement
            .sql("((r.occurred_at AT TIME ZONE ")
            .text(reading.call.core.zone.name())
            .sql(format!(")::date, {subject})::text AS subject")),
        false => statement.sql(format!("{subject} AS subject")),
    };
    let statement = within_slices(reading, statement.sql(" FROM unnest("), kind, slices);
    let bounded: Option<BTreeSet<Uuid>> =
        places.iter().all(|(_, set)| *set != ALL).then(|| sets.keys().flatten().copied().collect());
    let statement = match bounded.filter(|orgs| !orgs.contains(&Uuid::nil())) {
        Some(orgs) => statement
            .sql(" AND r.org_id = ANY(")
            .column(ColumnType::Id, orgs.into_iter().map(Value::Id).collect())
            .sql(")"),
        None => statement,
    };
    let statement = statement.sql(format!(" AND ({subject}) IS NOT NULL AND "));
    let actor = reading.call.actor()?;
    let statement = match kind.field(PLACE_ID) {
        Some(_) => reached_at_places("r", statement, actor, readers(kind)),
        None => reached("r", statement, actor, readers(kind), true),
    };
    let statement = statement.sql(")");
    let subject = if of_day { "l.subject" } else { "coalesce(m.root, l.subject)" };
    let merged = if of_day { "" } else { " LEFT JOIN roots AS m ON m.id = l.subject" };
    let (of_sets, orgs): (Vec<Value>, Vec<Value>) = sets
        .iter()
        .flat_map(|(members, number)| members.iter().map(|id| (Value::Integer(*number), Value::Id(*id))))
        .unzip();
    Ok(statement
        .sql(format!(" SELECT l.n, {ALL}::bigint AS set_no, count(DISTINCT {subject})::bigint AS total FROM looked AS l{merged} GROUP BY 1 UNION ALL SELECT l.n, o.set_no, count(DISTINCT {subject})::bigint FROM looked AS l JOIN unnest("))
        .column(ColumnType::Integer, of_sets)
        .sql("::bigint[], ")
        .column(ColumnType::Id, orgs)
        .sql(format!("::uuid[]) AS o(set_no, org_id) ON o.org_id = l.org_id{merged} GROUP BY 1, 2")))
}

/// `WITH … roots`: those that turned out to be another one, to the last. Who that is matters wherever he stands.
fn roots(reading: &Reading<'_>, asked: &Asked<'_>) -> Result<Statement, Problem> {
    let families = reading.call.core.kinds().families()?;
    let family = families.of(asked.figure.kept_as.unwrap_or(asked.kind.name));
    let (table, merged_into, district_code) = (family.table, family.merged_into, reading.district_code);
    Ok(Statement::new(format!("WITH RECURSIVE up(id, at, step) AS (SELECT p.id, p.{merged_into}, 1 FROM {table} AS p WHERE p.{merged_into} IS NOT NULL AND p.district_code = "))
        .text(district_code)
        .sql(format!(" UNION ALL SELECT up.id, p.{merged_into}, up.step + 1 FROM up JOIN {table} AS p ON p.id = up.at AND p.{merged_into} IS NOT NULL AND p.district_code = "))
        .text(district_code)
        .sql("), roots AS (SELECT DISTINCT ON (up.id) up.id, up.at AS root FROM up ORDER BY up.id, up.step DESC)")
        .seeing_district(district_code))
}

/// `<slices q> JOIN <kind> AS r … WHERE` it counts, and is of one.
fn within_slices(reading: &Reading<'_>, statement: Statement, kind: &Kind, slices: &BTreeMap<Slice, i64>) -> Statement {
    let column = |value: &dyn Fn(&Slice) -> Value| -> Vec<Value> { slices.keys().map(value).collect() };
    let instant = |day| Value::Instant(day_start(day, reading.call.core.zone).unwrap_or_default());
    let at_place = match slices.keys().any(|slice| slice.place_id.is_some()) {
        true => format!(" AND (q.place_id = {NOBODY} OR r.place_id = q.place_id)"),
        false => String::new(),
    };
    statement
        .column(ColumnType::Integer, slices.values().map(|number| Value::Integer(*number)).collect())
        .sql("::bigint[], ")
        .column(ColumnType::Text, column(&|slice| Value::Text(slice.area_code.clone())))
        .sql("::text[], ")
        .column(ColumnType::Text, column(&|slice| Value::Text(successor(&slice.area_code))))
        .sql("::text[], ")
        .column(ColumnType::Id, column(&|slice| Value::Id(slice.place_id.unwrap_or_default())))
        .sql("::uuid[], ")
        .column(ColumnType::Instant, column(&|slice| instant(slice.from_on.unwrap_or(BEGINNING))))
        .sql("::timestamptz[], ")
        .column(ColumnType::Instant, column(&|slice| instant(slice.to_on.succ_opt().unwrap_or(slice.to_on))))
        .sql(format!(
            "::timestamptz[]) AS q(n, area_from, area_until, place_id, from_at, until_at) JOIN {} AS r ON r.occurred_at >= q.from_at AND r.occurred_at < q.until_at AND CASE WHEN r.area_code COLLATE \"C\" >= q.area_from AND r.area_code COLLATE \"C\" < q.area_until THEN true ELSE false END{at_place} WHERE {COUNTED} AND r.district_code = ",
            kind.name
        ))
        .text(reading.district_code)
}
