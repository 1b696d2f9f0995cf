//! Counts of the units' records, read in few statements whatever the number of units, all of one moment.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use kit::columns;
use kit::database::Snapshot;
use kit::problem::Problem;
use kit::row::Row;
use kit::statement::{ColumnType, Statement};
use kit::time::day_start;
use kit::value::Value;
use uuid::Uuid;

use crate::platform::access::roles::with_statistics;
use crate::platform::http::Call;
use crate::records::envelope;
use crate::records::scope::{reached, reached_at_places, within};
use crate::rooms::volunteers::ROSTER_READERS;
use crate::statistics::document::readers;

columns! {
    /// Kind that a measure is of.
    KIND "kind": String;
    /// Measure that is summed.
    MEASURE "measure": String;
    /// Its sum, a whole number of any size.
    TOTAL "total": i128;
}

/// Kinds of places in which people live.
const COMPOUNDS: &str = "('residential_compound', 'family_compound', 'courtyard', 'village_group')";

/// Counts that were found, by organisation.
#[derive(Default)]
pub struct Found {
    /// Sums by kind and measure.
    pub totals: BTreeMap<(String, String), Vec<(Uuid, i128)>>,
    /// Pairs of an organisation and a compound in which something was done.
    pub compounds: Vec<(Uuid, Uuid)>,
    /// Pairs of an organisation and a person who took a shift or served.
    pub staff: Vec<(Uuid, Uuid)>,
}

/// Reads everything until the end of a day.
pub async fn read(
    call: &Call,
    snapshot: &mut Snapshot,
    district_code: &str,
    as_of_on: NaiveDate,
) -> Result<Found, Problem> {
    let mut found = Found::default();
    for mut row in snapshot.read(&totals(call, district_code, as_of_on)?).await? {
        if let (Some(kind), Some(measure), Some(org), Some(total)) =
            (row.get(&KIND), row.get(&MEASURE), row.get(&envelope::ORG_ID), row.get(&TOTAL))
        {
            found.totals.entry((kind, measure)).or_default().push((org, total));
        }
    }
    let pairs = |rows: Vec<Row>| -> Vec<(Uuid, Uuid)> {
        rows.into_iter().filter_map(|mut row| Some((row.get(&envelope::ORG_ID)?, row.get(&envelope::ID)?))).collect()
    };
    found.compounds = pairs(snapshot.read(&compounds(call, district_code, as_of_on)?).await?);
    found.staff = pairs(snapshot.read(&staff(call, district_code, as_of_on)?).await?);
    Ok(found)
}

fn in_area(call: &Call, statement: Statement) -> Statement {
    match call.query.get(&envelope::AREA_CODE) {
        Some(area_code) => within("r", statement.sql(" AND "), area_code),
        None => statement,
    }
}

/// `… FROM record_rollups AS r WHERE` the day and the area allow it, and the caller sees figures of that kind.
fn rollups(call: &Call, select: &str, district_code: &str, as_of_on: NaiveDate) -> Result<Statement, Problem> {
    let statement = Statement::new(format!("{select} WHERE r.district_code = "))
        .text(district_code)
        .sql(" AND r.on_day <= ")
        .bind(ColumnType::Day, Value::Day(as_of_on));
    let mut statement = in_area(call, statement).sql(" AND (false");
    let mut of_roles: BTreeMap<
        *const crate::platform::access::roles::Role,
        (&'static [crate::platform::access::roles::Role], Vec<String>),
    > = BTreeMap::new();
    for kind in call.core.kinds().kinds().filter(|kind| !kind.rules.figures().is_empty()) {
        let roles = readers(kind);
        of_roles.entry(roles.as_ptr()).or_insert_with(|| (roles, Vec::new())).1.push(format!("'{}'", kind.name));
    }
    for (roles, kinds) in of_roles.into_values() {
        statement = statement.sql(format!(" OR (r.kind IN ({}) AND ", kinds.join(", ")));
        statement = reached_at_places("r", statement, call.actor()?, roles).sql(")");
    }
    Ok(statement.sql(")"))
}

fn totals(call: &Call, district_code: &str, as_of_on: NaiveDate) -> Result<Statement, Problem> {
    let select = "SELECT r.kind, r.measure, r.org_id, sum(r.total) AS total FROM record_rollups AS r";
    Ok(rollups(call, select, district_code, as_of_on)?.sql(" GROUP BY 1, 2, 3 HAVING sum(r.total) <> 0"))
}

/// Compounds at which something was done, at their gates or anywhere in them.
fn compounds(call: &Call, district_code: &str, as_of_on: NaiveDate) -> Result<Statement, Problem> {
    // Each place once: the days are many, the places few.
    let select = "SELECT DISTINCT r.org_id, r.place_id FROM record_rollups AS r";
    let statement = Statement::new("SELECT DISTINCT t.org_id, c.id FROM (")
        .then(rollups(call, select, district_code, as_of_on)?)
        .sql(" AND r.total > 0) AS t JOIN places AS p ON p.id = t.place_id AND p.district_code = ")
        .text(district_code)
        .sql(format!(
            " JOIN places AS c ON c.id IN (p.id, p.parent_id) AND c.kind IN {COMPOUNDS} AND c.district_code = "
        ))
        .text(district_code);
    // Compounds of the whole district may be seen, as the organisation of a compound doesn't matter here.
    Ok(statement.sql(" ORDER BY 2").seeing_district(district_code))
}

/// Different people who took a shift or served; who was merged into somebody is that one.
fn staff(call: &Call, district_code: &str, as_of_on: NaiveDate) -> Result<Statement, Problem> {
    let ends = as_of_on.succ_opt().and_then(|day| day_start(day, call.core.zone));
    let statement = Statement::new("WITH RECURSIVE taken AS (SELECT DISTINCT coalesce(r.org_id, '00000000-0000-0000-0000-000000000000') AS org_id, v.person_id FROM shift_assignments AS r JOIN volunteers AS v ON v.district_code = r.district_code AND v.id = r.volunteer_id WHERE r.state = 'assigned' AND NOT r.voided AND r.district_code = ")
        .text(district_code)
        .sql(" AND r.occurred_at < ")
        .bind(ColumnType::Instant, ends.map_or(Value::Null, Value::Instant));
    let mine = |statement: Statement| {
        Ok::<_, Problem>(reached(
            "r",
            in_area(call, statement).sql(" AND "),
            call.actor()?,
            with_statistics(ROSTER_READERS),
            true,
        ))
    };
    let statement = mine(statement)?
        .sql(" UNION SELECT coalesce(r.org_id, '00000000-0000-0000-0000-000000000000'), v.person_id FROM service_records AS r JOIN volunteers AS v ON v.district_code = r.district_code AND v.id = r.volunteer_id WHERE NOT r.voided AND r.pending IS NOT TRUE AND (r.capture -> 'awaited') IS NULL AND r.district_code = ")
        .text(district_code)
        .sql(" AND r.occurred_at < ")
        .bind(ColumnType::Instant, ends.map_or(Value::Null, Value::Instant));
    Ok(mine(statement)?
        .sql("), up(org_id, at) AS (SELECT org_id, person_id FROM taken UNION SELECT up.org_id, q.merged_into FROM up JOIN people AS q ON q.district_code = ")
        .text(district_code)
        .sql(" AND q.id = up.at WHERE q.merged_into IS NOT NULL) SELECT up.org_id, up.at AS id FROM up JOIN people AS q ON q.district_code = ")
        .text(district_code)
        .sql(" AND q.id = up.at WHERE q.merged_into IS NULL")
        // Whoever served is counted, wherever he is registered.
        .seeing_district(district_code))
}
