//! Recounting the figures.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use kit::columns;
use kit::database::{Connection, DatabaseError};
use kit::problem::Problem;
use kit::row::Row;
use kit::statement::Statement;
use ledger::{Tallies, presences};
use uuid::Uuid;

use super::{Finding, VerifyError};
use crate::platform::core::Core;
use crate::records::{Record, counted};

columns! {
    TOTAL "total": i128;
    KIND "kind": String;
    ON_DAY "on_day": NaiveDate;
    PERSONS "persons": i128;
    NEW_IN_MONTH "new_in_month": i128;
    NEW_EVER "new_ever": i128;
}

/// Rows read at a time.
const PAGE: i64 = 5_000;

/// Key of a figure, in the order of [`KEPT`]'s columns.
type Key = (&'static str, String, Option<NaiveDate>, String);
type Figures = BTreeMap<Key, i128>;

/// The figures as they are kept: a table's name, the kind, the day, the rest of the key, the figure.
const KEPT: [(&str, &str); 3] = [
    ("record_rollups", "area_code || ' ' || place_id || ' ' || measure || ' ' || org_id"),
    ("hourly_rollups", "hour || ' ' || area_code || ' ' || place_id || ' ' || measure || ' ' || org_id"),
    ("person_presences", "area_code || ' ' || place_id || ' ' || person_id"),
];
const KEPT_PERSONS: &str = "SELECT kind, scope AS rest, on_day, persons, new_in_month, new_ever FROM person_rollups WHERE (persons <> 0 OR new_in_month <> 0 OR new_ever <> 0) AND district_code = ";

/// Recounts a district's figures; answers how many there are. Count and figures are read in one snapshot,
/// so that whoever writes meanwhile is no finding.
pub async fn district(core: &Core, district_code: &str) -> Result<u64, VerifyError> {
    let mut connection = core.database.connection().await.map_err(Problem::from)?;
    let failed = |error: diesel::result::Error| VerifyError::Problem(DatabaseError::from(error).into());
    connection.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await.map_err(failed)?;
    let result = compare(core, &mut connection, district_code).await;
    connection.batch_execute("ROLLBACK").await.map_err(failed)?;
    result
}

async fn compare(core: &Core, connection: &mut Connection, district_code: &str) -> Result<u64, VerifyError> {
    let tallies = count(core, connection, district_code).await?;
    let figures = agree(district_code, &figures_of(&tallies), &kept(connection, district_code).await?)?;
    // Persons that are one are known best to the database: it counts them anew from the presences.
    let counted = persons(connection, presences::recount(district_code, &core.kinds().people()?), "scope").await?;
    let kept = persons(connection, Statement::new(KEPT_PERSONS).text(district_code), "rest").await?;
    Ok(figures + agree(district_code, &counted, &kept)?)
}

/// How many figures there are, where both agree.
fn agree(district_code: &str, counted: &Figures, kept: &Figures) -> Result<u64, VerifyError> {
    let differs = |figures: &Figures, others: &Figures| {
        figures.iter().find(|(key, total)| others.get(*key) != Some(*total)).map(|(key, _)| key.clone())
    };
    match differs(counted, kept).or_else(|| differs(kept, counted)) {
        Some((table, kind, on_day, rest)) => {
            // Of people only that they are counted is told: the rest of that key names one.
            let what = if table == "person_presences" { "presences" } else { &rest }.to_owned();
            Err(VerifyError::Finding(Finding::Figure(district_code.to_owned(), what, kind, on_day.unwrap_or_default())))
        }
        None => Ok(kept.len() as u64),
    }
}

/// Everything that the records of a district count as.
pub async fn count(core: &Core, connection: &mut Connection, district_code: &str) -> Result<Tallies, VerifyError> {
    let mut tallies = Tallies::default();
    for kind in core.kinds().kinds() {
        let mut after = Uuid::nil();
        loop {
            let statement =
                Statement::new(format!("SELECT {} FROM {} WHERE district_code = ", kind.select(), kind.name))
                    .text(district_code)
                    .sql(" AND id > ")
                    .id(after)
                    .sql(" ORDER BY id LIMIT ")
                    .integer(PAGE);
            let found = rows(connection, statement).await?.into_iter();
            let records: Result<Vec<Record>, Problem> =
                found.map(|row| Record::from_row(kind, row, &core.sealer)).collect();
            let records = records.map_err(VerifyError::Problem)?;
            let Some(last) = records.last() else { break };
            after = last.envelope.id;
            records.iter().for_each(|record| counted::add(&mut tallies, kind, record, 1, (core.zone, &*core.keys)));
            tallies.sum_up();
        }
    }
    Ok(tallies)
}

fn figures_of(tallies: &Tallies) -> Figures {
    let totals = tallies.totals.iter().map(|(key, total)| {
        let rest = format!("{} {} {} {}", key.area_code, key.place_id, key.measure, key.org_id);
        let day = Some(key.on_day);
        let key = match key.hour {
            Some(hour) => ("hourly_rollups", key.kind.to_owned(), day, format!("{hour} {rest}")),
            None => ("record_rollups", key.kind.to_owned(), day, rest),
        };
        (key, *total)
    });
    let presences = tallies.presences.iter().map(|(key, total)| {
        let rest = format!("{} {} {}", key.area_code, key.place_id, key.person_id);
        (("person_presences", key.kind.to_owned(), Some(key.on_day), rest), i128::from(*total))
    });
    totals.chain(presences).filter(|(_, total)| *total != 0).collect()
}

async fn kept(connection: &mut Connection, district_code: &str) -> Result<Figures, VerifyError> {
    let mut figures = Figures::new();
    for (table, rest) in KEPT {
        let statement =
            format!("SELECT kind, on_day, {rest} AS rest, total FROM {table} WHERE total <> 0 AND district_code = ");
        for mut row in rows(connection, Statement::new(statement).text(district_code)).await? {
            let total = row.get(&TOTAL).unwrap_or(0);
            figures.insert(key_of(&mut row, table, "rest"), total);
        }
    }
    Ok(figures)
}

async fn persons(
    connection: &mut Connection,
    statement: Statement,
    rest: &'static str,
) -> Result<Figures, VerifyError> {
    let mut figures = Figures::new();
    for mut row in rows(connection, statement).await? {
        let counts = [PERSONS, NEW_IN_MONTH, NEW_EVER].map(|count| (count.name(), row.get(&count).unwrap_or(0)));
        let (_, kind, on_day, scope) = key_of(&mut row, "person_rollups", rest);
        for (name, count) in counts.into_iter().filter(|(_, count)| *count != 0) {
            figures.insert(("person_rollups", kind.clone(), on_day, format!("{scope} {name}")), count);
        }
    }
    Ok(figures)
}

fn key_of(row: &mut Row, table: &'static str, rest: &str) -> Key {
    let day = row.get(&ON_DAY);
    (table, row.get(&KIND).unwrap_or_default(), day, row.text(rest).unwrap_or_default())
}

async fn rows(connection: &mut Connection, statement: Statement) -> Result<Vec<Row>, VerifyError> {
    let rows = statement.load::<Row>(connection).await;
    rows.map_err(|error| VerifyError::Problem(DatabaseError::from(error).into()))
}
