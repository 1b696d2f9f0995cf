//! Orders: a purge that one writes down and another carries out.

use std::collections::BTreeSet;

use diesel_async::RunQueryDsl;
use kit::columns;
use kit::problem::Problem;
use kit::row::Row;
use kit::statement::{ColumnType, Statement};
use kit::value::Value;
use uuid::Uuid;

use super::certificate::{Certificate, Stage, Values, certificate, of_district, read};
use super::{Order, before_at};
use crate::platform::audit::{AuditEntry, job_write, system_write};
use crate::platform::core::Core;
use crate::platform::divisions::each::over_all;
use crate::records::codes::PURGE_UNDER_WAY;

columns! {
    DISTRICT_CODE "district_code": String;
}

/// Writes an order down, and with it how its request was answered. 409 where one of the kind is under way in the district:
/// it would purge the same, for another reason.
pub async fn order(
    core: &Core,
    district_code: &str,
    (id, order): (Uuid, &Order),
    answered: Option<Statement>,
    audit_entry: AuditEntry,
) -> Result<(), Problem> {
    let before_at = before_at(core, order.before_on)?;
    let values = Values { id, district_code, order, before_at };
    let insert = Statement::new(
        "INSERT INTO purges (district_code, id, kind, before_on, before_at, reason, ordered_by, policy_id, purged_at, ordered_at, started_at, state, counts) SELECT ",
    );
    let statement = values
        .bound(core, insert)?
        .sql(", ")
        .bind(ColumnType::Instant, Value::Instant(core.clock.now()))
        .sql(", now(), 'ordered', '{}' WHERE NOT EXISTS (SELECT FROM purges AS r WHERE r.state = 'running' AND r.district_code = ")
        .text(district_code)
        .sql(" AND r.kind = ")
        .text(order.kind.name)
        .sql(") ON CONFLICT (district_code, kind) WHERE state = 'ordered' DO NOTHING RETURNING id");
    system_write(core, audit_entry, async |connection| {
        let rows: Vec<Row> = statement.load(connection).await?;
        if rows.is_empty() {
            return Err(Problem::from(PURGE_UNDER_WAY).into());
        }
        if let Some(answered) = answered {
            answered.load::<Row>(connection).await?;
        }
        Ok(())
    })
    .await
}

/// Purges of a district that aren't done, the oldest first.
pub async fn under_way(core: &Core, district_code: &str) -> Result<Vec<Certificate>, Problem> {
    read(core, of_district(district_code).sql(" AND state <> 'complete' ORDER BY id"), district_code).await
}

/// Districts in which a purge isn't done.
pub async fn waiting(core: &Core) -> Result<BTreeSet<String>, Problem> {
    let select = |of_district: Statement| {
        Statement::new("SELECT DISTINCT district_code FROM purges WHERE ")
            .then(of_district)
            .sql(" AND state <> 'complete'")
    };
    let rows = over_all(core, select).await?;
    Ok(rows.into_iter().filter_map(|mut row| row.get(&DISTRICT_CODE)).collect())
}

/// Lets an order begin; none where another purge of its kind began meanwhile.
pub async fn start(core: &Core, ordered: &Certificate) -> Result<Option<Certificate>, Problem> {
    let (district_code, id) = (&*ordered.district_code, ordered.id);
    let statement = Statement::new("UPDATE purges AS p SET state = 'running', started_at = now(), purged_at = ")
        .bind(ColumnType::Instant, Value::Instant(core.clock.now()))
        .sql(" WHERE p.state = 'ordered' AND p.district_code = ")
        .text(district_code)
        .sql(" AND p.id = ")
        .id(id)
        .sql(" AND NOT EXISTS (SELECT FROM purges AS r WHERE r.state = 'running' AND r.district_code = ")
        .text(district_code)
        .sql(" AND r.kind = ")
        .text(&ordered.kind)
        .sql(")");
    job_write(core, vec![statement]).await?;
    Ok(certificate(core, district_code, id).await?.filter(|one| one.stage == Stage::Running))
}
