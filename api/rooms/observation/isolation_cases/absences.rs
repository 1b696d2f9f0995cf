//! Reasons for which somebody wasn't measured, as wide sheets say them: 外出, 拒测. They explain a missed reading; undoing
//! the import that told it takes readings back, not what people said of those that there were none of.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use kit::columns;
use kit::problem::Problem;
use kit::row::Row;
use kit::statement::{ColumnType, Statement};
use kit::text::Text;
use kit::value::Value;
use uuid::Uuid;

use super::CASE_ID;
use super::reading_sheets::ABSENCES;
use super::readings::TemperatureSlot;
use crate::platform::core::Core;
use crate::records::wide::{Absence, Absences, Told};

columns! {
    /// The day.
    SLOT_ON "slot_on": NaiveDate;
    /// Its part.
    SLOT "slot": String;
    /// Code of the reason.
    REASON "reason": String;
}

/// Keeping of reasons.
pub static KEPT: Absences = Absences { about: CASE_ID.name(), keep };

/// Keeps reasons: of one case, day and part of it the one that was told last.
fn keep(district_code: &str, absences: &[Absence], told: Told<'_>) -> Statement {
    let mut last: BTreeMap<(Uuid, NaiveDate, &str), &'static str> = BTreeMap::new();
    for absence in absences {
        last.insert((absence.about, absence.on, absence.slot), absence.code);
    }
    let (mut cases, mut days, mut slots, mut reasons) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for ((about, on, slot), code) in last {
        cases.push(Value::Id(about));
        days.push(Value::Day(on));
        slots.push(Value::Text(slot.to_owned()));
        reasons.push(Value::Text(code.to_owned()));
    }
    Statement::new("INSERT INTO reading_absences (district_code, case_id, slot_on, slot, reason, import_id, told_by, told_at) SELECT ")
        .text(district_code)
        .sql(", k.case_id, k.slot_on, k.slot, k.reason, ")
        .id(told.import_id)
        .sql(", ")
        .id(told.actor.user_id)
        .sql(", ")
        .bind(ColumnType::Instant, Value::Instant(told.now))
        .sql(" FROM unnest(")
        .column(ColumnType::Id, cases)
        .sql(", ")
        .column(ColumnType::Day, days)
        .sql(", ")
        .column(ColumnType::Text, slots)
        .sql(", ")
        .column(ColumnType::Text, reasons)
        .sql(") AS k(case_id, slot_on, slot, reason) ON CONFLICT (district_code, case_id, slot_on, slot) DO UPDATE SET reason = excluded.reason, import_id = excluded.import_id, told_by = excluded.told_by, told_at = excluded.told_at")
        .seeing_district(district_code)
}

/// Reasons for which there is no reading, by day and part of it.
pub type Reasons = BTreeMap<(NaiveDate, TemperatureSlot), (&'static str, Text)>;

/// Reasons told of cases that the caller sees.
pub async fn of_cases(core: &Core, district_code: &str, cases: Vec<Value>) -> Result<Reasons, Problem> {
    let statement =
        Statement::new("SELECT a.slot_on, a.slot, a.reason FROM reading_absences AS a WHERE a.district_code = ")
            .text(district_code)
            .sql(" AND a.case_id = ANY(")
            .column(ColumnType::Id, cases)
            .sql(") ORDER BY a.told_at")
            .seeing_district(district_code);
    let told = |mut row: Row| {
        let (on, slot, reason) = (row.get(&SLOT_ON)?, row.get(&SLOT)?, row.get(&REASON)?);
        let slot = [TemperatureSlot::Am, TemperatureSlot::Pm].into_iter().find(|one| one.code() == slot)?;
        let known = ABSENCES.iter().find(|absence| absence.code == reason)?;
        Some(((on, slot), (known.code, known.meaning)))
    };
    Ok(core.database.read(&statement).await?.into_iter().filter_map(told).collect())
}
