//! Recounting the figures.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use uuid::Uuid;

use super::{Finding, VerifyError};
use crate::app::Service;
use crate::kit::database::{Connection, DatabaseError};
use crate::kit::problem::Problem;
use crate::kit::row::Row;
use crate::kit::statement::Statement;
use crate::kit::time::day_of;
use crate::kit::value::Value;
use crate::records::Record;

/// Rows read at a time.
const PAGE: i64 = 5_000;

type Figures = BTreeMap<(String, NaiveDate, String, Uuid, String), i64>;

/// Recounts a district's figures; answers how many there are. Count and figures are read in one snapshot,
/// so that whoever writes meanwhile is no finding.
pub async fn district(service: &Service, district_code: &str) -> Result<u64, VerifyError> {
    let mut connection = service.database.connection().await.map_err(Problem::from)?;
    let failed = |error: diesel::result::Error| VerifyError::Problem(DatabaseError::from(error).into());
    connection.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await.map_err(failed)?;
    let result = compare(service, &mut connection, district_code).await;
    connection.batch_execute("ROLLBACK").await.map_err(failed)?;
    result
}

async fn compare(service: &Service, connection: &mut Connection, district_code: &str) -> Result<u64, VerifyError> {
    let counted = count(service, connection, district_code).await?;
    let kept = kept(connection, district_code).await?;
    let differs = |figures: &Figures, others: &Figures| {
        figures.iter().find(|(key, total)| others.get(*key) != Some(*total)).map(|(key, _)| key.clone())
    };
    match differs(&counted, &kept).or_else(|| differs(&kept, &counted)) {
        Some((kind, on_day, _, _, measure)) => {
            Err(VerifyError::Finding(Finding::Figure(district_code.to_owned(), measure, kind, on_day)))
        }
        None => Ok(kept.len() as u64),
    }
}

async fn rows(connection: &mut Connection, statement: Statement) -> Result<Vec<Row>, VerifyError> {
    let rows = statement.load::<Row>(connection).await;
    rows.map_err(|error| VerifyError::Problem(DatabaseError::from(error).into()))
}

async fn count(service: &Service, connection: &mut Connection, district_code: &str) -> Result<Figures, VerifyError> {
    let mut figures = Figures::new();
    for kind in service.kinds.kinds() {
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
                found.map(|row| Record::from_row(kind, row, &service.sealer)).collect();
            let records = records.map_err(VerifyError::Problem)?;
            let Some(last) = records.last() else { break };
            after = last.envelope.id;
            for record in records.iter().filter(|record| !record.envelope.voided) {
                let day = day_of(record.envelope.occurred_at, service.zone);
                let place_id = record.values.id("place_id").unwrap_or(Uuid::nil());
                for (measure, amount) in kind.rules.measures(record).into_iter().filter(|(_, amount)| *amount != 0) {
                    let key =
                        (kind.name.to_owned(), day, record.envelope.area_code.clone(), place_id, measure.to_owned());
                    *figures.entry(key).or_default() += amount;
                }
            }
        }
    }
    Ok(figures)
}

async fn kept(connection: &mut Connection, district_code: &str) -> Result<Figures, VerifyError> {
    let statement = Statement::new("SELECT kind, on_day, area_code, place_id, measure, total FROM record_rollups WHERE total <> 0 AND district_code = ").text(district_code);
    let mut figures = Figures::new();
    for mut row in rows(connection, statement).await? {
        let Value::Day(on_day) = row.take("on_day") else { continue };
        let text = |value: Option<String>| value.unwrap_or_default();
        let key = (
            text(row.text("kind")),
            on_day,
            text(row.text("area_code")),
            row.id("place_id").unwrap_or(Uuid::nil()),
            text(row.text("measure")),
        );
        figures.insert(key, row.integer("total").unwrap_or(0));
    }
    Ok(figures)
}
