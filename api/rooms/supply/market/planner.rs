//! Making the duties of stores ahead: a report a day of each that is open.

use std::time::Duration;

use chrono::Days;
use futures_util::future::join_all;
use kit::columns;
use kit::problem::Problem;
use kit::row::Row;
use kit::statement::{ColumnType, Statement};
use kit::time::{day_of, day_start};
use kit::value::{Value, Values};
use ledger::Append;
use ledger::AppendError;
use ledger::decide::Claim;

use super::{MarketDecider, PLAN};
use crate::platform::core::Core;
use crate::records::envelope;
use crate::rooms::duties::Cadences;
use crate::rooms::observation::HORIZON_DAYS;
use crate::rooms::registers::PlaceKind;
use crate::rooms::supply::duty_kinds::SUPPLY_REPORT;

columns! {
    /// Whether a report of the store is expected: it is open.
    EXPECTED "expected": bool;
}

/// Kinds of places that report each day.
const REPORTING_KINDS: [PlaceKind; 3] = [PlaceKind::Mall, PlaceKind::Supermarket, PlaceKind::FarmersMarket];
/// Stores planned at a time.
const TOGETHER: usize = 64;
/// Between two lots, others write.
const BREATH: Duration = Duration::from_millis(20);

/// Makes the duties that aren't there yet, and waives those of stores that closed.
pub async fn plan(core: &Core, district_code: &str) -> Result<(), Problem> {
    let now = core.clock.now();
    let Some(horizon) = day_of(now, core.zone).checked_add_days(Days::new(HORIZON_DAYS)) else { return Ok(()) };
    let Some(last) = day_start(horizon, core.zone) else { return Ok(()) };
    // That day's own duty: one of a later day, by a clock that ran ahead, says nothing of it.
    let Some(end) = horizon.succ_opt().and_then(|next| day_start(next, core.zone)) else { return Ok(()) };
    let duty = |condition: &str| {
        format!(
            "EXISTS (SELECT 1 FROM duties AS d WHERE d.district_code = p.district_code AND d.subject_id = p.id AND d.duty_kind = '{SUPPLY_REPORT}' AND {condition}"
        )
    };
    let statement = Statement::new("SELECT p.id, p.area_code, p.org_id, p.expected FROM (SELECT *, NOT voided AND coalesce(operating_status, 'open') IN ('open', 'takeaway_only') AS expected FROM places WHERE district_code = ")
        .text(district_code)
        .sql(" AND kind = ANY(")
        .column(ColumnType::Text, REPORTING_KINDS.iter().map(|kind| Value::Text(kind.code().to_owned())).collect())
        .sql(")) AS p WHERE p.district_code = ")
        .text(district_code)
        .sql(" AND CASE WHEN p.expected THEN NOT ")
        .sql(duty("d.waiver IS DISTINCT FROM 'not_expected' AND d.opens_at >= "))
        .bind(ColumnType::Instant, Value::Instant(last))
        .sql(" AND d.opens_at < ")
        .bind(ColumnType::Instant, Value::Instant(end))
        .sql(") ELSE ")
        .sql(duty("d.state = 'open' AND d.due_at > "))
        .bind(ColumnType::Instant, Value::Instant(now))
        .sql(") END")
        .seeing_district(district_code);
    let rows = core.database.read(&statement).await?;
    for lot in rows.chunks(TOGETHER) {
        let write_context = core.write_context(now, district_code);
        let asked = lot.iter().filter_map(|row| ask(row.clone()));
        // Where no report is asked for there is nothing to plan, however often one looks.
        let asks = |area: &Values| {
            let area_code = area.get(&envelope::AREA_CODE).unwrap_or(district_code);
            write_context.settings.of::<Cadences>().at(SUPPLY_REPORT, area_code, horizon).is_some()
        };
        let asked = asked.filter(|(_, next)| next.as_ref().is_none_or(asks)).map(|(id, next)| {
            let claim = Claim {
                decider: MarketDecider::of(&write_context),
                kind: PLAN,
                id,
                by: uuid::Uuid::nil(),
                former: None,
                next,
            };
            core.ledger.append(Append::asking(district_code, vec![claim]))
        });
        for outcome in join_all(asked).await {
            match outcome {
                Ok(_) | Err(AppendError::Conflict(_) | AppendError::Busy) => {}
                Err(error) => return Err(error.into()),
            }
        }
        tokio::time::sleep(BREATH).await;
    }
    Ok(())
}

fn ask(mut row: Row) -> Option<(uuid::Uuid, Option<Values>)> {
    let expected = row.get(&EXPECTED) == Some(true);
    let mut values = Values::default();
    values.set_or_clear(&envelope::AREA_CODE, row.get(&envelope::AREA_CODE));
    values.set_or_clear(&envelope::ORG_ID, row.get(&envelope::ORG_ID));
    Some((row.get(&envelope::ID)?, expected.then_some(values)))
}
