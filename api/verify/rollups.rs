//! Recounting the figures.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use uuid::Uuid;

use super::{Finding, VerifyError};
use crate::app::Service;
use crate::kit::statement::Statement;
use crate::kit::time::day_of;
use crate::kit::value::Value;
use crate::records::read;

/// Rows read at a time.
const PAGE: i64 = 5_000;

type Figures = BTreeMap<(String, NaiveDate, String, Uuid, String), i64>;

/// Recounts a district's figures; answers how many there are. One that doesn't agree is looked at
/// again: somebody may have been writing between the count and the look.
pub async fn district(service: &Service, district_code: &str) -> Result<u64, VerifyError> {
    let mut difference = None;
    for _ in 0..3 {
        let before = head(service, district_code).await?;
        let counted = count(service, district_code).await?;
        let kept = kept(service, district_code).await?;
        if counted == kept {
            return Ok(kept.len() as u64);
        }
        let differs = |figures: &Figures, others: &Figures| {
            figures.iter().find(|(key, total)| others.get(*key) != Some(*total)).map(|(key, _)| key.clone())
        };
        difference = differs(&counted, &kept).or_else(|| differs(&kept, &counted));
        if head(service, district_code).await? == before {
            break;
        }
    }
    match difference {
        Some((kind, on_day, _, _, measure)) => {
            Err(VerifyError::Finding(Finding::Figure(district_code.to_owned(), measure, kind, on_day)))
        }
        None => Ok(0),
    }
}

async fn head(service: &Service, district_code: &str) -> Result<Option<i64>, VerifyError> {
    let rows = service
        .database
        .read(&Statement::new("SELECT last_no FROM district_clocks WHERE district_code = ").text(district_code))
        .await?;
    Ok(rows.into_iter().next().and_then(|mut row| row.integer("last_no")))
}

async fn count(service: &Service, district_code: &str) -> Result<Figures, VerifyError> {
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
            let records = read::load(service, kind, &statement).await?;
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

async fn kept(service: &Service, district_code: &str) -> Result<Figures, VerifyError> {
    let statement = Statement::new("SELECT kind, on_day, area_code, place_id, measure, total FROM record_rollups WHERE total <> 0 AND district_code = ").text(district_code);
    let mut figures = Figures::new();
    for mut row in service.database.read(&statement).await? {
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
