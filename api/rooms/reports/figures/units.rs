//! Figures of units beside those of each kind: different people who took a shift or served, compounds at which
//! anything was done, organisations that delivered. Whose work a record tells of is its organisation's.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use futures_util::future::LocalBoxFuture;
use kit::columns;
use kit::problem::Problem;
use kit::row::Row;
use kit::statement::{ColumnType, Statement};
use kit::text::Text;
use kit::time::day_start;
use kit::value::Value;
use uuid::Uuid;

use crate::platform::access::roles::with_statistics;
use crate::platform::access::scope::successor;
use crate::platform::http::Call;
use crate::records::envelope::{ID, ORG_ID};
use crate::records::figure::{PERSONS, Privacy, Quantity};
use crate::records::named_figures::{CatalogueEntry, Evaluated, FigureQuery, NamedFigures, Reading, Taken};
use crate::records::scope::reached;
use crate::rooms::reports::READERS;
use crate::rooms::volunteers::ROSTER_READERS;
use crate::statistics::figures::records_url;
use crate::statistics::figures::totals::{BEGINNING, Slice, rollups, seen, visible};

/// Different people on duty.
pub const STAFF: &str = "units.staff";
/// Different compounds.
pub const COMPOUNDS: &str = "units.compounds";
/// Different organisations that delivered.
const DELIVERY_PARTNERS: &str = "units.delivery_partners";

/// Kinds of places in which people live.
const DWELLINGS: [&str; 4] = ["residential_compound", "family_compound", "courtyard", "village_group"];
/// The filter by which of them.
const PLACE_KIND: &str = "place_kind";

/// Figures of units.
pub struct UnitFigures;
/// The same.
pub static UNIT_FIGURES: UnitFigures = UnitFigures;

columns! {
    N "n": i64;
    KIND "kind": String;
}

impl NamedFigures for UnitFigures {
    fn entries<'a>(
        &'a self,
        call: &'a Call,
        _district_code: &'a str,
        _on: NaiveDate,
    ) -> LocalBoxFuture<'a, Result<Vec<CatalogueEntry>, Problem>> {
        let named = [
            (STAFF, "shift_assignments", Text::new("Staff on duty", "参与人员"), PERSONS),
            (COMPOUNDS, "places", Text::new("Compounds served", "服务大院"), Text::new("compounds", "个")),
            (
                DELIVERY_PARTNERS,
                "organizations",
                Text::new("Organisations that delivered", "配送单位"),
                Text::new("organisations", "家"),
            ),
        ];
        let entry = |(name, kind, label, unit): (&'static str, &'static str, Text, Text)| CatalogueEntry {
            name: name.into(),
            kind,
            label: label.in_language(call.language).into(),
            unit: unit.in_language(call.language).into(),
            scale: 0,
            quantity: Quantity::Exact,
            takes: vec![Taken::Organization, Taken::Area, Taken::From],
            filters: match name {
                COMPOUNDS => DWELLINGS.iter().map(|kind| format!("{PLACE_KIND}={kind}")).collect(),
                _ => Vec::new(),
            },
            privacy: if name == STAFF { Privacy::Personal } else { Privacy::Open },
            from_records: name == STAFF,
            moving: false,
            as_it_stands: false,
            readers: READERS,
        };
        let entries = named.into_iter().map(entry).collect();
        Box::pin(async move { Ok(entries) })
    }

    fn evaluate<'a>(
        &'a self,
        reading: &'a mut Reading<'_>,
        queries: &'a [&'a FigureQuery],
    ) -> LocalBoxFuture<'a, Result<Vec<Evaluated>, Problem>> {
        Box::pin(async move {
            let asks = |name: &str| queries.iter().any(|query| query.figure == name);
            let slices = slices(reading.district_code, queries);
            let staff = if asks(STAFF) { read_staff(reading, &slices).await? } else { Vec::new() };
            let compounds = if asks(COMPOUNDS) { read_compounds(reading, &slices).await? } else { Vec::new() };
            let partners = if asks(DELIVERY_PARTNERS) { read_partners(reading, &slices).await? } else { Vec::new() };
            let of_slice = |query: &FigureQuery| slices.get(&slice(reading.district_code, query)).copied();
            let told = |query: &&FigureQuery| {
                let number = of_slice(query).unwrap_or(-1);
                match &*query.figure {
                    STAFF => told_staff(reading, query, &distinct(reading, query, &staff, number)),
                    COMPOUNDS => told_ids(distinct(reading, query, &compounds, number)),
                    _ => told_ids(distinct(reading, query, &partners, number)),
                }
            };
            Ok(queries.iter().map(told).collect())
        })
    }
}

/// Something of an organisation in a slice.
struct Found {
    slice: i64,
    org_id: Uuid,
    id: Uuid,
    kind: Option<String>,
}

/// A slice of no kind: of an area and a period.
fn slice(district_code: &str, query: &FigureQuery) -> Slice {
    Slice {
        kind: "",
        area_code: query.area_code.clone().unwrap_or_else(|| district_code.to_owned()),
        place_id: None,
        from_on: query.from_on,
        to_on: query.to_on,
    }
}

fn slices(district_code: &str, queries: &[&FigureQuery]) -> BTreeMap<Slice, i64> {
    let slices: BTreeSet<Slice> = queries.iter().map(|query| slice(district_code, query)).collect();
    slices.into_iter().zip(0..).collect()
}

fn distinct(reading: &Reading<'_>, query: &FigureQuery, found: &[Found], slice: i64) -> BTreeSet<Uuid> {
    let members = query.org.members(reading.tree);
    let kind = query.filters.get(PLACE_KIND);
    let own = found.iter().filter(|one| {
        one.slice == slice
            && members.as_ref().is_none_or(|members| members.contains(&one.org_id))
            && kind.is_none_or(|kind| one.kind.as_ref() == Some(kind))
    });
    own.map(|one| one.id).collect()
}

/// Different people: who took a shift, and who served otherwise.
fn told_staff(reading: &Reading<'_>, query: &FigureQuery, people: &BTreeSet<Uuid>) -> Evaluated {
    let url = |kind: &str, filter: &str| {
        reading.call.core.kinds().kind(kind).and_then(|kind| records_url(reading.call, kind, query, filter))
    };
    Evaluated {
        records_url: url("shift_assignments", "state=assigned"),
        further_records_url: url("service_records", "pending=false"),
        ..Evaluated::count(people.len())
    }
}

/// Compounds belong to whom they belong to: the unit's own places would prove nothing.
fn told_ids(ids: BTreeSet<Uuid>) -> Evaluated {
    let count = Evaluated::count(ids.len());
    Evaluated { record_ids: Some(ids.into_iter().collect()), ..count }
}

fn found(rows: Vec<Row>) -> Vec<Found> {
    let one = |mut row: Row| {
        Some(Found { slice: row.get(&N)?, org_id: row.get(&ORG_ID)?, id: row.get(&ID)?, kind: row.get(&KIND) })
    };
    rows.into_iter().filter_map(one).collect()
}

/// Slices of every kind that may be told.
fn of_kinds(slices: &BTreeMap<Slice, i64>, kinds: &[&'static str]) -> BTreeMap<Slice, i64> {
    let of = |(slice, number): (&Slice, &i64)| {
        let (slice, number) = (slice.clone(), *number);
        kinds.iter().map(move |kind| (Slice { kind, ..slice.clone() }, number)).collect::<Vec<_>>()
    };
    slices.iter().flat_map(of).collect()
}

/// Compounds at which something was done, at their gates or anywhere in them.
async fn read_compounds(reading: &mut Reading<'_>, slices: &BTreeMap<Slice, i64>) -> Result<Vec<Found>, Problem> {
    let seen = seen(reading.call);
    let kinds: Vec<&'static str> = seen.iter().map(|(kind, _)| *kind).collect();
    // Each place once: the days are many, the places few.
    let done = rollups(reading.district_code, "SELECT DISTINCT q.n, r.org_id, r.place_id", &of_kinds(slices, &kinds));
    let done = visible(reading.call, done, &seen)?.sql(" AND r.total > 0");
    let dwellings = DWELLINGS.map(|kind| format!("'{kind}'")).join(", ");
    let statement = Statement::new("SELECT DISTINCT t.n, t.org_id, c.id, c.kind FROM (")
        .then(done)
        .sql(") AS t JOIN places AS p ON p.id = t.place_id AND p.district_code = ")
        .text(reading.district_code)
        .sql(format!(
            " JOIN places AS c ON c.id IN (p.id, p.parent_id) AND c.kind IN ({dwellings}) AND c.district_code = "
        ))
        .text(reading.district_code)
        // Compounds of the whole district may be seen, as the organisation of a compound doesn't matter here.
        .seeing_district(reading.district_code);
    Ok(found(reading.snapshot.read(&statement).await?))
}

/// Organisations whose deliveries there are.
async fn read_partners(reading: &mut Reading<'_>, slices: &BTreeMap<Slice, i64>) -> Result<Vec<Found>, Problem> {
    let select = "SELECT DISTINCT q.n, r.org_id, r.org_id AS id, NULL::text AS kind";
    let statement = rollups(reading.district_code, select, &of_kinds(slices, &["deliveries"]));
    let statement = visible(reading.call, statement, &seen(reading.call))?
        .sql(" AND r.total > 0 AND r.org_id <> '00000000-0000-0000-0000-000000000000'");
    Ok(found(reading.snapshot.read(&statement).await?))
}

/// Different people who took a shift or served; who was merged into somebody is that one.
async fn read_staff(reading: &mut Reading<'_>, slices: &BTreeMap<Slice, i64>) -> Result<Vec<Found>, Problem> {
    let (call, district_code) = (reading.call, reading.district_code);
    let column = |value: &dyn Fn(&Slice) -> Value| -> Vec<Value> { slices.keys().map(value).collect() };
    let instant = |day| Value::Instant(day_start(day, call.core.zone).unwrap_or_default());
    let mine = |statement: Statement| {
        let statement = statement
            .sql(" AND r.district_code = ")
            .text(district_code)
            .sql(" AND r.occurred_at >= q.from_at AND r.occurred_at < q.until_at AND CASE WHEN r.area_code COLLATE \"C\" >= q.area_from AND r.area_code COLLATE \"C\" < q.area_until THEN true ELSE false END AND ");
        Ok::<_, Problem>(reached("r", statement, call.actor()?, with_statistics(ROSTER_READERS), true))
    };
    let statement = Statement::new("WITH RECURSIVE q AS (SELECT * FROM unnest(")
        .column(ColumnType::Integer, slices.values().map(|number| Value::Integer(*number)).collect())
        .sql("::bigint[], ")
        .column(ColumnType::Text, column(&|slice| Value::Text(slice.area_code.clone())))
        .sql("::text[], ")
        .column(ColumnType::Text, column(&|slice| Value::Text(successor(&slice.area_code))))
        .sql("::text[], ")
        .column(ColumnType::Instant, column(&|slice| instant(slice.from_on.unwrap_or(BEGINNING))))
        .sql("::timestamptz[], ")
        .column(ColumnType::Instant, column(&|slice| instant(slice.to_on.succ_opt().unwrap_or(slice.to_on))))
        .sql("::timestamptz[]) AS u(n, area_from, area_until, from_at, until_at)), taken AS (SELECT DISTINCT q.n, coalesce(r.org_id, '00000000-0000-0000-0000-000000000000') AS org_id, v.person_id FROM q CROSS JOIN shift_assignments AS r JOIN volunteers AS v ON v.district_code = r.district_code AND v.id = r.volunteer_id WHERE r.state = 'assigned' AND NOT r.voided");
    let statement = mine(statement)?
        .sql(" UNION SELECT q.n, coalesce(r.org_id, '00000000-0000-0000-0000-000000000000'), v.person_id FROM q CROSS JOIN service_records AS r JOIN volunteers AS v ON v.district_code = r.district_code AND v.id = r.volunteer_id WHERE NOT r.voided AND r.pending IS NOT TRUE AND (r.capture -> 'awaited') IS NULL");
    let statement = mine(statement)?
        .sql("), up(n, org_id, at) AS (SELECT n, org_id, person_id FROM taken UNION SELECT up.n, up.org_id, p.merged_into FROM up JOIN people AS p ON p.district_code = ")
        .text(district_code)
        .sql(" AND p.id = up.at WHERE p.merged_into IS NOT NULL) SELECT up.n, up.org_id, up.at AS id, NULL::text AS kind FROM up JOIN people AS p ON p.district_code = ")
        .text(district_code)
        .sql(" AND p.id = up.at WHERE p.merged_into IS NULL")
        // Whoever served is counted, wherever he is registered.
        .seeing_district(district_code);
    Ok(found(reading.snapshot.read(&statement).await?))
}
