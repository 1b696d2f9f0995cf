//! Policies in force today.

use chrono::{NaiveDate, TimeDelta};
use kit::problem::Problem;
use kit::row::Row;
use kit::statement::{ColumnType, Statement};
use kit::time::day_of;
use kit::value::Value;
use uuid::Uuid;

use super::{BASIS, KEPT_DAYS, RECORD_KIND};
use crate::platform::core::Core;
use crate::platform::divisions::each::over_all;
use crate::records::envelope::{DISTRICT_CODE, ID};

/// A policy that holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InForce {
    /// The record.
    pub id: Uuid,
    /// The district.
    pub district_code: String,
    /// The kind.
    pub kind: String,
    /// For how many days it is kept.
    pub kept_days: i64,
    /// The document that says so.
    pub basis: String,
    /// Records from before this day are over today.
    pub before_on: NaiveDate,
}

/// The policies in force today in all districts, one a kind and district: of several the one that began last, and was taken
/// last.
pub async fn all_in_force(core: &Core) -> Result<Vec<InForce>, Problem> {
    let today = day_of(core.clock.now(), core.zone);
    let select = |of_district: Statement| {
        Statement::new("SELECT DISTINCT ON (district_code, record_kind) district_code, id, record_kind, kept_days, basis FROM retention_policies WHERE ")
            .then(of_district)
            .sql(" AND NOT voided AND area_code = district_code AND effective_on <= ")
            .bind(ColumnType::Day, Value::Day(today))
            .sql(" ORDER BY district_code, record_kind, effective_on DESC, recorded_at DESC, id DESC")
    };
    let rows = over_all(core, select).await?;
    Ok(rows.into_iter().filter_map(|row| of_row(row, today)).collect())
}

fn of_row(mut row: Row, today: NaiveDate) -> Option<InForce> {
    let kept_days = row.get(&KEPT_DAYS)?;
    Some(InForce {
        id: row.get(&ID)?,
        district_code: row.get(&DISTRICT_CODE)?,
        kind: row.get(&RECORD_KIND)?,
        kept_days,
        basis: row.get(&BASIS)?,
        before_on: today - TimeDelta::days(kept_days),
    })
}
