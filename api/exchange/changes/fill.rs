//! Filling the index of changes with what was written before there was one: in chunks, each its own transaction, only
//! where numbers lack a line. Run after migrations, by the owner of the tables; again and again without effect.

use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use kit::database::DatabaseError;
use kit::row::Row;
use kit::statement::Statement;

use crate::records::Kind;

/// Setting of a district that notes up to which number its lines are there.
const FILLED: &str = "index_of_changes_filled_";
/// Numbers filled in one transaction.
const CHUNK: i64 = 20_000;

/// Lines of the index that are missing, as the rows say: current and former revisions of one kind. The revision
/// before tells where it stood, and whether it was void.
const FILL: &str = "INSERT INTO ledger_changes (district_code, change_no, sequence, kind, id, revision, operation, \
     area_code, org_id, former_area_code, former_org_id, revised_by, revised_at) \
     SELECT r.district_code, r.change_no, {sequence}, '{kind}', r.id, r.revision, \
     CASE WHEN r.revision = 1 THEN 'create' WHEN r.voided AND NOT f.voided THEN 'void' \
     WHEN f.voided AND NOT r.voided THEN 'restore' ELSE 'amend' END, \
     r.area_code, r.org_id, f.area_code, f.org_id, r.revised_by, r.revised_at \
     FROM (SELECT t.district_code, t.change_no, t.id, t.revision, t.voided, t.area_code, t.org_id, t.revised_by, t.revised_at \
     FROM {kind} AS t WHERE {range} UNION ALL SELECT t.district_code, t.change_no, t.id, t.revision, \
     (t.body->>'voided')::boolean, t.body->>'area_code', (t.body->>'org_id')::uuid, (t.body->>'revised_by')::uuid, \
     (t.body->>'revised_at')::timestamptz FROM record_revisions AS t WHERE t.kind = '{kind}' AND {range}) AS r \
     LEFT JOIN LATERAL (SELECT h.body->>'area_code' AS area_code, (h.body->>'org_id')::uuid AS org_id, \
     (h.body->>'voided')::boolean AS voided FROM record_revisions AS h WHERE h.district_code = '{district}' \
     AND h.kind = '{kind}' AND h.id = r.id AND h.revision = r.revision - 1) AS f ON true \
     ON CONFLICT DO NOTHING";

/// Fills what is missing in every district.
pub async fn index_of_changes(owner: &mut AsyncPgConnection, kinds: &[&'static Kind]) -> Result<(), DatabaseError> {
    let clocks = Statement::new("SELECT district_code, last_no FROM district_clocks WHERE last_no > 0");
    let clocks: Vec<Row> = clocks.load(owner).await?;
    for mut clock in clocks {
        let (Some(district_code), Some(last_no)) = (clock.text("district_code"), clock.integer("last_no")) else {
            continue;
        };
        let mut from = filled_until(owner, &district_code).await? + 1;
        while from <= last_no {
            let until = (from + CHUNK - 1).min(last_no);
            if is_missing(owner, &district_code, from, until).await? {
                fill(owner, kinds, &district_code, from, until).await?;
                tracing::info!(district_code, until, last_no, "the index of changes is being filled");
            }
            note_filled(owner, &district_code, until).await?;
            from = until + 1;
        }
    }
    Ok(())
}

/// The number up to which every line is known to be there: a start costs what was written since the last one, not what
/// ever was.
async fn filled_until(owner: &mut AsyncPgConnection, district_code: &str) -> Result<i64, DatabaseError> {
    let statement = Statement::new("SELECT value::bigint AS number FROM service_settings WHERE name = ")
        .text(format!("{FILLED}{district_code}"));
    let rows: Vec<Row> = statement.load(owner).await?;
    Ok(rows.into_iter().next().and_then(|mut row| row.integer("number")).unwrap_or(0))
}

async fn note_filled(owner: &mut AsyncPgConnection, district_code: &str, number: i64) -> Result<(), DatabaseError> {
    let statement = Statement::new("INSERT INTO service_settings (name, value) VALUES (")
        .text(format!("{FILLED}{district_code}"))
        .sql(", ")
        .text(number.to_string())
        .sql(") ON CONFLICT (name) DO UPDATE SET value = excluded.value");
    statement.load::<Row>(owner).await?;
    Ok(())
}

/// Numbers have no gaps, so a chunk whose numbers are fewer lacks some.
async fn is_missing(
    owner: &mut AsyncPgConnection,
    district_code: &str,
    from: i64,
    until: i64,
) -> Result<bool, DatabaseError> {
    let statement =
        Statement::new("SELECT count(DISTINCT change_no) AS numbers FROM ledger_changes WHERE district_code = ")
            .text(district_code)
            .sql(" AND change_no >= ")
            .integer(from)
            .sql(" AND change_no <= ")
            .integer(until);
    let rows: Vec<Row> = statement.load(owner).await?;
    let numbers = rows.into_iter().next().and_then(|mut row| row.integer("numbers")).unwrap_or_default();
    Ok(numbers < until - from + 1)
}

async fn fill(
    owner: &mut AsyncPgConnection,
    kinds: &[&'static Kind],
    district_code: &str,
    from: i64,
    until: i64,
) -> Result<(), DatabaseError> {
    // The code is that of a clock, so of a division: digits.
    let range = format!("t.district_code = '{district_code}' AND t.change_no BETWEEN {from} AND {until}");
    let statements: Vec<String> = kinds
        .iter()
        .map(|kind| {
            FILL.replace("{sequence}", &kind.sequence.to_string())
                .replace("{kind}", kind.name)
                .replace("{range}", &range)
                .replace("{district}", district_code)
        })
        .collect();
    Ok(owner.batch_execute(&statements.join("; ")).await?)
}
