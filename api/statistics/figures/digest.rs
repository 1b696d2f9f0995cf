//! Digests of the records behind figures: SHA-256 over the sorted `kind/id/revision` of the lists that prove them, made
//! when they are asked for.

use std::collections::{BTreeMap, BTreeSet};

use kit::columns;
use kit::faults::Faults;
use kit::problem::Problem;
use kit::statement::{ColumnType, Statement};
use kit::value::{Value, Values};
use uuid::Uuid;

use super::looked::MOST_RECORDS;
use crate::records::Kind;
use crate::records::list::Filter;
use crate::records::named_figures::{CatalogueEntry, Evaluated, FigureQuery, Reading};
use crate::records::parameters::of_address;
use crate::records::scope::{readable, visible_by_id};
use crate::statistics::codes::TOO_WIDE;

columns! {
    TOTAL "total": i64;
    DIGEST "digest": String;
}

/// The digests of figures, in their order; none where the caller may not open the records.
pub async fn digests<'a>(
    reading: &mut Reading<'_>,
    figures: impl Iterator<Item = (&'a FigureQuery, &'a CatalogueEntry, &'a Evaluated)>,
) -> Result<Vec<Option<String>>, Problem> {
    let mut known: BTreeMap<String, Option<String>> = BTreeMap::new();
    let (mut digests, mut faults) = (Vec::new(), Faults::default());
    for (index, (query, entry, figure)) in figures.enumerate() {
        let lists = lists(figure);
        let key = lists.join(" ");
        if let Some(digest) = known.get(&key).filter(|_| figure.record_ids.is_none()) {
            digests.push(digest.clone());
            continue;
        }
        let Some(lines) = lines(reading, query, entry, figure, &lists)? else {
            digests.push(None);
            continue;
        };
        let row = reading.snapshot.read(&over(lines)).await?.into_iter().next();
        let found = row.and_then(|mut row| Some((row.get(&TOTAL)?, row.get(&DIGEST)?)));
        let digest = found.as_ref().map(|(_, digest)| digest.clone());
        if found.is_some_and(|(total, _)| total > MOST_RECORDS) {
            faults.add_with(format!("/queries/{index}"), TOO_WIDE, vec![("max", MOST_RECORDS.to_string())]);
        }
        known.insert(key, digest.clone());
        digests.push(digest);
    }
    faults.finish().map(|()| digests)
}

/// The lists behind a figure.
fn lists(figure: &Evaluated) -> Vec<String> {
    let parts = figure.sum_of.iter().flatten().filter_map(|(_, url)| url.as_ref());
    let own = [&figure.records_url, &figure.further_records_url].into_iter().flatten();
    own.chain(parts).cloned().collect()
}

fn lines(
    reading: &Reading<'_>,
    query: &FigureQuery,
    entry: &CatalogueEntry,
    figure: &Evaluated,
    lists: &[String],
) -> Result<Option<Statement>, Problem> {
    let kinds = reading.call.core.kinds();
    let mut parts = Vec::new();
    if let (Some(ids), Some(kind)) = (&figure.record_ids, kinds.kind(entry.kind)) {
        let found = visible_by_id(reading.call.actor()?, kind, reading.district_code, ids);
        parts.push(line(kind.name).sql(" FROM (").then(found).sql(") AS r"));
    }
    for url in lists {
        let Some((kind, values)) = of_address(kinds, url)? else { continue };
        parts.push(listed(reading, query, kind, &values)?);
    }
    Ok(parts.into_iter().reduce(|all, part| all.sql(" UNION ALL ").then(part)))
}

fn line(kind: &str) -> Statement {
    Statement::new(format!("SELECT '{kind}/' || r.id || '/' || r.revision AS line"))
}

/// The records of a list, as the list itself finds them.
fn listed(
    reading: &Reading<'_>,
    query: &FigureQuery,
    kind: &'static Kind,
    values: &Values,
) -> Result<Statement, Problem> {
    let under: Option<BTreeSet<Uuid>> = match query.org {
        crate::records::named_figures::AskedOrg::Under(id) => Some(reading.tree.below(id)),
        _ => None,
    };
    let filter = Filter::of_organizations(kind, reading.district_code, values, under);
    let statement = line(kind.name)
        .sql(format!(" FROM {} AS r WHERE r.district_code = ", kind.name))
        .text(reading.district_code)
        .sql(" AND ");
    let statement = readable("r", statement, reading.call.actor()?, kind);
    Ok(filter.apply(&reading.call.core, statement))
}

/// One more record than the bound tells that there are too many.
fn over(lines: Statement) -> Statement {
    Statement::new("SELECT count(*)::bigint AS total, encode(sha256(convert_to(coalesce(string_agg(l.line, E'\\n' ORDER BY l.line COLLATE \"C\"), ''), 'UTF8')), 'hex') AS digest FROM (SELECT t.line FROM (")
        .then(lines)
        .sql(") AS t LIMIT ")
        .bind(ColumnType::Integer, Value::Integer(MOST_RECORDS + 1))
        .sql(") AS l")
}
