//! Counting a district's figures anew: after an upgrade that counts something which was not counted before.

use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use kit::columns;
use kit::database::{Connection, DatabaseError};
use kit::problem::Problem;
use kit::row::Row;
use kit::statement::{ColumnType, Statement};
use kit::value::Value;
use ledger::{PresenceKey, Tallies, TallyKey, presences};

use super::VerifyError;
use super::rollups::count;
use crate::platform::core::Core;
use crate::records::theme::BeforeRecount;

columns! {
    VALUE "value": String;
    DISTRICT_CODE "district_code": String;
}

/// Edition of what the figures of this release count; one more whenever that changes.
pub const EDITION: &str = "4";
/// Rows written at a time.
const CHUNK: usize = 5_000;

/// Counts all districts anew where their figures are of another edition. What themes set right before comes first.
pub async fn where_needed(core: &Core, before: &[BeforeRecount]) -> Result<(), Problem> {
    let known = Statement::new("SELECT value FROM service_settings WHERE name = 'figures'");
    let known = core.database.read(&known).await?.into_iter().next().and_then(|mut row| row.get(&VALUE));
    if known.as_deref() == Some(EDITION) {
        return Ok(());
    }
    let written = Statement::new("SELECT district_code FROM district_clocks WHERE last_no > 0 ORDER BY district_code")
        .seeing_everything();
    for mut row in core.database.read(&written).await? {
        let district_code = row.get(&DISTRICT_CODE).unwrap_or_default();
        for set_right in before {
            set_right(core, &district_code).await?;
        }
        tracing::info!(district_code, "counting the figures anew: this release counts more than the one before");
        recount(core, &district_code).await?;
    }
    let note = Statement::new("INSERT INTO service_settings (name, value) VALUES ('figures', ")
        .text(EDITION)
        .sql(") ON CONFLICT (name) DO UPDATE SET value = excluded.value");
    core.database.read(&note).await?;
    Ok(())
}

/// Counts a district's figures anew, under its clock: nobody writes meanwhile.
pub async fn recount(core: &Core, district_code: &str) -> Result<(), Problem> {
    let mut connection = core.database.connection().await?;
    let failed = |error: diesel::result::Error| Problem::from(DatabaseError::from(error));
    connection.batch_execute("BEGIN; SET LOCAL statement_timeout = 0").await.map_err(failed)?;
    let result = within(core, &mut connection, district_code).await;
    let end = if result.is_ok() { "COMMIT" } else { "ROLLBACK" };
    connection.batch_execute(end).await.map_err(failed)?;
    result
}

async fn within(core: &Core, connection: &mut Connection, district_code: &str) -> Result<(), Problem> {
    let lock = "SELECT last_no FROM district_clocks WHERE district_code = ";
    run(connection, Statement::new(lock).text(district_code).sql(" FOR UPDATE")).await?;
    let tallies = count(core, connection, district_code).await.map_err(|error| match error {
        VerifyError::Problem(problem) => problem,
        VerifyError::Finding(finding) => Problem::internal(finding.to_string()),
    })?;
    for table in ["record_rollups", "hourly_rollups", "person_presences", "person_rollups"] {
        run(connection, Statement::new(format!("DELETE FROM {table} WHERE district_code = ")).text(district_code))
            .await?;
    }
    let Tallies { totals, presences: people, .. } = tallies;
    let (days, hours): (Vec<_>, Vec<_>) = totals.into_iter().partition(|(key, _)| key.hour.is_none());
    for (table, hour, totals) in [("record_rollups", "", days), ("hourly_rollups", "hour, ", hours)] {
        for totals in totals.chunks(CHUNK) {
            run(connection, of_totals(district_code, table, hour, totals)).await?;
        }
    }
    for people in people.chunks(CHUNK) {
        run(connection, of_presences(district_code, people)).await?;
    }
    let persons = Statement::new(
        "INSERT INTO person_rollups (district_code, kind, scope, on_day, persons, new_in_month, new_ever) SELECT ",
    )
    .text(district_code)
    .sql(", f.* FROM (")
    .then(presences::recount(district_code, &core.kinds().people()?))
    .sql(") AS f");
    run(connection, persons).await
}

async fn run(connection: &mut Connection, statement: Statement) -> Result<(), Problem> {
    let rows: Result<Vec<Row>, _> = statement.load(connection).await;
    rows.map(drop).map_err(|error| DatabaseError::from(error).into())
}

fn of_totals(district_code: &str, table: &str, hour: &str, totals: &[(TallyKey, i128)]) -> Statement {
    let column = |value: fn(&TallyKey) -> Value| -> Vec<Value> { totals.iter().map(|(key, _)| value(key)).collect() };
    let mut statement = Statement::new(format!(
        "INSERT INTO {table} (district_code, {hour}kind, on_day, area_code, place_id, measure, org_id, total) SELECT "
    ))
    .text(district_code)
    .sql(", u.* FROM unnest(");
    if !hour.is_empty() {
        let hours = column(|key| key.hour.map_or(Value::Null, Value::Integer));
        statement = statement.column(ColumnType::Integer, hours).sql("::bigint[], ");
    }
    statement
        .column(ColumnType::Text, column(|key| Value::Text(key.kind.to_owned())))
        .sql("::text[], ")
        .column(ColumnType::Day, column(|key| Value::Day(key.on_day)))
        .sql("::date[], ")
        .column(ColumnType::Text, column(|key| Value::Text(key.area_code.clone())))
        .sql("::text[], ")
        .column(ColumnType::Id, column(|key| Value::Id(key.place_id)))
        .sql("::uuid[], ")
        .column(ColumnType::Text, column(|key| Value::Text(key.measure.to_owned())))
        .sql("::text[], ")
        .column(ColumnType::Id, column(|key| Value::Id(key.org_id)))
        .sql("::uuid[], ")
        .column(ColumnType::Decimal, totals.iter().map(|(_, total)| Value::whole(*total)).collect())
        .sql("::numeric[]) AS u")
}

fn of_presences(district_code: &str, people: &[(PresenceKey, i64)]) -> Statement {
    let column =
        |value: fn(&PresenceKey) -> Value| -> Vec<Value> { people.iter().map(|(key, _)| value(key)).collect() };
    Statement::new(
        "INSERT INTO person_presences (district_code, kind, person_id, on_day, area_code, place_id, total) SELECT ",
    )
    .text(district_code)
    .sql(", u.* FROM unnest(")
    .column(ColumnType::Text, column(|key| Value::Text(key.kind.to_owned())))
    .sql("::text[], ")
    .column(ColumnType::Id, column(|key| Value::Id(key.person_id)))
    .sql("::uuid[], ")
    .column(ColumnType::Day, column(|key| Value::Day(key.on_day)))
    .sql("::date[], ")
    .column(ColumnType::Text, column(|key| Value::Text(key.area_code.clone())))
    .sql("::text[], ")
    .column(ColumnType::Id, column(|key| Value::Id(key.place_id)))
    .sql("::uuid[], ")
    .column(ColumnType::Integer, people.iter().map(|(_, total)| Value::Integer(*total)).collect())
    .sql("::bigint[]) AS u")
}
