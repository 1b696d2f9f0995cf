//! The visits that made shares of a round complete.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use kit::columns;
use kit::problem::Problem;
use kit::row::Row;
use kit::statement::{ColumnType, Statement};
use kit::value::{Value, Values};
use uuid::Uuid;

use crate::records::Record;
use crate::records::awaited::has_come;
use crate::records::envelope::ID;
use crate::rooms::duties::duty::is;
use crate::rooms::duties::pass::{Pass, proof_id};
use crate::rooms::duties::{Contact, DutyState};
use crate::rooms::households::survey_visits::{ROUND_ID, SURVEY_VISITS};

columns! {
    /// Key of a share: its group, its cell or its area.
    SHARE "share": String;
    ROOT "root": Uuid;
    VISIT_ID "visit_id": Uuid;
    VISITED_AT "visited_at": DateTime<Utc>;
    KNOWN_AT "known_at": DateTime<Utc>;
}

/// The visits that prove something now and still stand.
pub async fn standing_proofs(pass: &Pass<'_>, known: &BTreeMap<Uuid, Record>) -> Result<BTreeSet<Uuid>, Problem> {
    let proofs = known.values().filter(|duty| is(duty, DutyState::Done)).filter_map(proof_id);
    let ids: Vec<Value> = proofs.map(Value::Id).collect();
    if ids.is_empty() {
        return Ok(BTreeSet::new());
    }
    let statement = Statement::new(format!(
        "SELECT v.id FROM survey_visits AS v WHERE NOT v.voided AND v.result <> 'not_reached' AND {} AND v.district_code = ",
        has_come("v.")
    ))
    .text(pass.district_code)
    .sql(" AND v.id = ANY(")
    .column(ColumnType::Id, ids)
    .sql(")")
    .seeing_district(pass.district_code);
    let rows = pass.core.database.read(&statement).await?;
    Ok(rows.into_iter().filter_map(|mut row| row.get(&ID)).collect())
}

/// The visits that made these shares of a round complete, by the share's key: of each target the first that looked at
/// it, or the last that was refused; of these the last.
pub async fn proofs(
    pass: &Pass<'_>,
    round: &Record,
    keys: BTreeSet<String>,
) -> Result<BTreeMap<String, Contact>, Problem> {
    if keys.is_empty() {
        return Ok(BTreeMap::new());
    }
    let mut share_of: BTreeMap<Uuid, Vec<String>> = BTreeMap::new();
    for mut row in pass.core.database.read(&targets_of(pass, round, &keys)).await? {
        if let (Some(root), Some(share)) = (row.get(&ROOT), row.get(&SHARE)) {
            share_of.entry(root).or_default().push(share);
        }
    }
    let roots = share_of.keys().copied().map(Value::Id).collect();
    let mut proofs: BTreeMap<String, Contact> = BTreeMap::new();
    for row in pass.core.database.read(&looks(pass, round, roots)).await? {
        let Some((root, contact)) = look(row, round, pass) else { continue };
        for share in share_of.get(&root).into_iter().flatten() {
            let later = |known: &Contact| (known.occurred_at, known.id) < (contact.occurred_at, contact.id);
            if proofs.get(share).is_none_or(later) {
                proofs.insert(share.clone(), contact.clone());
            }
        }
    }
    Ok(proofs)
}

fn look(mut row: Row, round: &Record, pass: &Pass<'_>) -> Option<(Uuid, Contact)> {
    let mut values = Values::default();
    values.set(&ROUND_ID, round.envelope.id);
    let root = row.get(&ROOT)?;
    let (id, occurred_at) = (row.get(&VISIT_ID)?, row.get(&VISITED_AT)?);
    let known_at = row.get(&KNOWN_AT)?.min(pass.now());
    Some((root, Contact { kind: SURVEY_VISITS.name, id, occurred_at, known_at, values }))
}

/// `WITH merged(ids) AS (…)`: what households and people turned out to be, as one object.
fn merged(pass: &Pass<'_>) -> Statement {
    Statement::new("WITH merged AS MATERIALIZED (SELECT coalesce(jsonb_object_agg(m.id, m.merged_into), '{}') AS ids FROM (SELECT id, merged_into FROM households WHERE merged_into IS NOT NULL AND district_code = ")
        .text(pass.district_code)
        .sql(" UNION ALL SELECT id, merged_into FROM people WHERE merged_into IS NOT NULL AND district_code = ")
        .text(pass.district_code)
        .sql(") AS m) ")
}

/// Root of the household or person in a column.
fn root(column: &str) -> String {
    format!("coalesce((merged.ids ->> ({column})::text)::uuid, {column})")
}

/// `SELECT` the targets of shares of a round.
fn targets_of(pass: &Pass<'_>, round: &Record, keys: &BTreeSet<String>) -> Statement {
    let share = "coalesce(t.household_group_id::text, t.grid_cell_id::text, t.area_code)";
    merged(pass)
        .sql(format!(
            "SELECT {} AS root, {share} AS share FROM survey_targets AS t CROSS JOIN merged WHERE t.district_code = ",
            root("t.target_id")
        ))
        .text(pass.district_code)
        .sql(" AND t.round_id = ")
        .id(round.envelope.id)
        .sql(format!(" AND {share} = ANY("))
        .column(ColumnType::Text, keys.iter().map(|key| Value::Text(key.clone())).collect())
        .sql(")")
        .seeing_district(pass.district_code)
}

/// `SELECT` of each of these the visit that looked at it.
fn looks(pass: &Pass<'_>, round: &Record, roots: Vec<Value>) -> Statement {
    let of = root("coalesce(v.household_id, v.person_id)");
    merged(pass)
        .sql(format!(
            "SELECT DISTINCT ON (l.root) l.root, l.id AS visit_id, l.occurred_at AS visited_at, l.recorded_at AS known_at FROM \
             (SELECT {of} AS root, v.id, v.occurred_at, v.recorded_at, v.result FROM survey_visits AS v CROSS JOIN merged WHERE NOT v.voided AND {} AND v.result <> 'not_reached' AND v.district_code = ",
            has_come("v.")
        ))
        .text(pass.district_code)
        .sql(" AND v.round_id = ")
        .id(round.envelope.id)
        .sql(") AS l WHERE l.root = ANY(")
        .column(ColumnType::Id, roots)
        .sql(") ORDER BY l.root, l.result = 'refused', CASE WHEN l.result <> 'refused' THEN l.occurred_at END, l.occurred_at DESC, l.id")
        .seeing_district(pass.district_code)
}
