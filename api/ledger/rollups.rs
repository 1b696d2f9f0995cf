//! The parts of the append that keep the figures of days and hours.

use kit::statement::{ColumnType, Statement};
use kit::value::Value;

use super::TallyKey;
use super::statement::Parts;

type Totals<'a> = Vec<&'a (TallyKey, i128)>;

/// Adds to the rollups what the append counts as, summed up before.
pub(super) fn write(parts: &mut Parts<'_>) {
    let totals = &parts.append.tallies.totals;
    let (days, hours): (Totals<'_>, Totals<'_>) = totals.iter().partition(|(key, _)| key.hour.is_none());
    add(parts, "record_rollups", "", &days);
    add(parts, "hourly_rollups", "hour, ", &hours);
}

fn add(parts: &mut Parts<'_>, table: &str, hour: &str, totals: &Totals<'_>) {
    if totals.is_empty() {
        return;
    }
    let column = |value: fn(&TallyKey) -> Value| -> Vec<Value> { totals.iter().map(|(key, _)| value(key)).collect() };
    let key = format!("on_day, {hour}area_code, place_id, measure, org_id");
    let mut columns = vec![
        (ColumnType::Text, column(|key| Value::Text(key.kind.to_owned()))),
        (ColumnType::Day, column(|key| Value::Day(key.on_day))),
    ];
    if !hour.is_empty() {
        columns.push((ColumnType::Integer, column(|key| key.hour.map_or(Value::Null, Value::Integer))));
    }
    columns.extend([
        (ColumnType::Text, column(|key| Value::Text(key.area_code.clone()))),
        (ColumnType::Id, column(|key| Value::Id(key.place_id))),
        (ColumnType::Text, column(|key| Value::Text(key.measure.to_owned()))),
        (ColumnType::Id, column(|key| Value::Id(key.org_id))),
        (ColumnType::Decimal, totals.iter().map(|(_, delta)| Value::whole(*delta)).collect()),
    ]);
    parts.add(format!("add_{table}"), |part| {
        Statement::new(format!(
            "INSERT INTO {table} AS r (district_code, kind, {key}, total) SELECT clock.district_code, u.*"
        ))
        .then(part.clock())
        .sql(", ")
        .table(columns)
        .sql(format!(" AS u ON CONFLICT (district_code, kind, {key}) DO UPDATE SET total = r.total + excluded.total"))
    });
}
