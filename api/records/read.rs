//! Finding records by id, their revisions, and what references name.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::TimeDelta;
use kit::problem::Problem;
use kit::row::Row;
use kit::statement::{ColumnType, Statement};
use kit::value::Value;
use serde_json::Value as Json;
use uuid::Uuid;

use super::RecordCache;
use super::definition::{Kind, Reach};
use super::record::Record;
use super::rules::{Identity, Watched};
use super::scope::{by_id, select, visible_by_id, visible_to};
use crate::platform::access::roles::Actor;
use crate::platform::codes::NOT_FOUND;
use crate::platform::core::Core;
use crate::platform::divisions::away::Away;

/// The record of an id (or, for kinds with aliases, of an alias), if the actor may see it.
pub async fn find(core: &Core, actor: &Actor, kind: &Kind, id: Uuid) -> Result<Record, Problem> {
    let found = find_all(core, actor, kind, &[id]).await?;
    found.into_values().next().ok_or_else(|| NOT_FOUND.into())
}

/// The records of several ids that the actor may see, by the id asked for.
pub async fn find_all(
    core: &Core,
    actor: &Actor,
    kind: &Kind,
    ids: &[Uuid],
) -> Result<BTreeMap<Uuid, Record>, Problem> {
    let (mut found, mut away) = (BTreeMap::new(), Away::new(core));
    for district_code in &actor.districts {
        let unknown = without(ids, &found);
        if unknown.is_empty() {
            break;
        }
        found.extend(away.pass(find_in(core, actor, (kind, district_code), &unknown).await)?.unwrap_or_default());
    }
    if ids.iter().any(|id| !found.contains_key(id)) {
        away.none_missed()?;
    }
    for record in found.values_mut().filter(|record| merged_into(kind, record).is_some()) {
        *record = survivor(core, actor, kind, record.clone()).await?;
    }
    Ok(found)
}

/// The ids under which nothing was found.
fn without(ids: &[Uuid], found: &BTreeMap<Uuid, Record>) -> Vec<Uuid> {
    ids.iter().filter(|id| !found.contains_key(id)).copied().collect()
}

/// Those of one district, as they stand there.
async fn find_in(
    core: &Core,
    actor: &Actor,
    (kind, district_code): (&Kind, &str),
    ids: &[Uuid],
) -> Result<BTreeMap<Uuid, Record>, Problem> {
    let records = load(core, kind, &visible_by_id(actor, kind, district_code, ids)).await?;
    let mut found: BTreeMap<Uuid, Record> = records.into_iter().map(|record| (record.envelope.id, record)).collect();
    let unknown = without(ids, &found);
    if let Some(Identity { aliases: column, .. }) = kind.rules.identity().filter(|_| !unknown.is_empty()) {
        let statement = visible_to(actor, kind, district_code)
            .sql(" AND r.id IN (SELECT a.id FROM unnest(")
            .column(ColumnType::Text, unknown.iter().map(|id| Value::Text(id.to_string())).collect())
            .sql(format!(
                "::text[]) AS u(alias) JOIN {}_by_alias AS a ON a.{column} <> '[]' \
                 AND a.{column} @> jsonb_build_array(u.alias) AND a.district_code = ",
                kind.name
            ))
            .text(district_code)
            .sql(")");
        for record in load(core, kind, &statement).await? {
            for alias in aliases(kind, &record).into_iter().filter(|alias| unknown.contains(alias)) {
                found.insert(alias, record.clone());
            }
        }
    }
    Ok(found)
}

/// Ids that a record is also known by.
pub fn aliases(kind: &Kind, record: &Record) -> Vec<Uuid> {
    let column = kind.rules.identity().map(|identity| identity.aliases);
    let aliases = column.and_then(|column| record.values.json(column)).and_then(Json::as_array).into_iter().flatten();
    aliases.filter_map(Json::as_str).filter_map(|alias| alias.parse().ok()).collect()
}

/// The record of the same one, where it was found to be another's.
fn merged_into(kind: &Kind, record: &Record) -> Option<Uuid> {
    record.values.id(kind.rules.identity()?.merged_into)
}

/// The record of an id itself, even where it was merged into another.
pub async fn find_itself(core: &Core, actor: &Actor, kind: &Kind, id: Uuid) -> Result<Record, Problem> {
    let mut away = Away::new(core);
    for district_code in &actor.districts {
        let statement = visible_by_id(actor, kind, district_code, &[id]);
        if let Some(record) = away.pass(load(core, kind, &statement).await)?.and_then(|mut records| records.pop()) {
            return Ok(record);
        }
    }
    away.none_missed()?;
    Err(NOT_FOUND.into())
}

/// How long somebody looked up at a gate may be named there.
const LOOKUP_HOLDS: TimeDelta = TimeDelta::days(1);
/// More merges than this in a row are not followed; nobody merges so often.
const MOST_MERGES: usize = 32;

/// Finds the record into which a record was merged in the end, as far as the actor may see.
async fn survivor(core: &Core, actor: &Actor, kind: &Kind, record: Record) -> Result<Record, Problem> {
    let mut current = record;
    for _ in 0..MOST_MERGES {
        let Some(id) = merged_into(kind, &current) else { break };
        let statement = visible_by_id(actor, kind, &current.envelope.district_code, &[id]);
        match load(core, kind, &statement).await?.pop() {
            Some(next) => current = next,
            None => break,
        }
    }
    Ok(current)
}

/// The id that an id was merged into in the end, whoever may see it: an alias, or itself where it was not.
pub async fn root(core: &Core, kind: &Kind, district_code: &str, id: Uuid) -> Result<Uuid, Problem> {
    let mut current = id;
    for _ in 0..MOST_MERGES {
        let found = find_unscoped(core, kind, district_code, &[current]).await?;
        match found.get(&current).and_then(|record| merged_into(kind, record)) {
            Some(next) => current = next,
            None => break,
        }
    }
    Ok(current)
}

/// The ids under which a record's subject is known in a district: its own and those merged into it.
pub async fn family(core: &Core, kind: &Kind, district_code: &str, id: Uuid) -> Result<Vec<Uuid>, Problem> {
    let mut all = vec![id];
    let Some(identity) = kind.rules.identity() else { return Ok(all) };
    let mut newest = vec![id];
    for _ in 0..MOST_MERGES {
        let ids = newest.iter().copied().map(Value::Id).collect();
        let statement = Statement::new(format!("SELECT r.id FROM {} AS r WHERE r.district_code = ", kind.name))
            .text(district_code)
            .sql(format!(" AND r.{} = ANY(", identity.merged_into))
            .column(ColumnType::Id, ids)
            .sql(")")
            .seeing_district(district_code)
            .in_rooms(kind.room());
        let rows = core.database.read(&statement).await?;
        newest = rows.into_iter().filter_map(|mut row| row.id("id")).filter(|id| !all.contains(id)).collect();
        if newest.is_empty() {
            break;
        }
        all.extend(&newest);
    }
    Ok(all)
}

/// The records that references name, as [`find_all`] gives them. Those of kinds that hardly change
/// are believed for two seconds: a gate names the same checkpoint with every passage.
pub async fn find_referenced(
    core: &Core,
    actor: &Actor,
    kind: &Kind,
    ids: &[Uuid],
) -> Result<BTreeMap<Uuid, Record>, Problem> {
    if !kind.slow_changing {
        let mut found = find_all(core, actor, kind, ids).await?;
        if let Some(watched) = kind.rules.identity().and_then(|identity| identity.watched) {
            let missing = without(ids, &found);
            found.extend(looked_up(core, actor, (kind, watched), &missing).await?);
        }
        return Ok(found);
    }
    let (mut found, mut missing) = (BTreeMap::new(), Vec::new());
    for id in ids {
        match core.ext::<RecordCache>().0.get(&(kind.name, *id)) {
            Some(record) if is_readable(actor, kind, &record) => drop(found.insert(*id, (*record).clone())),
            _ => missing.push(*id),
        }
    }
    if !missing.is_empty() {
        for (id, record) in find_all(core, actor, kind, &missing).await? {
            core.ext::<RecordCache>().0.insert((kind.name, id), Arc::new(record.clone()));
            found.insert(id, record);
        }
    }
    Ok(found)
}

/// Those of the ids that the actor looked up by document or plate in the last day: knowing the document
/// is what lets a gate register somebody from elsewhere.
async fn looked_up(
    core: &Core,
    actor: &Actor,
    (kind, watched): (&Kind, &Watched),
    ids: &[Uuid],
) -> Result<BTreeMap<Uuid, Record>, Problem> {
    if ids.is_empty() {
        return Ok(BTreeMap::new());
    }
    let statement = Statement::new(format!(
        "SELECT subject_id FROM audit_log WHERE verb = '{}' AND actor_id = ",
        watched.looked_up
    ))
    .id(actor.user_id)
    .sql(" AND occurred_at > ")
    .bind(ColumnType::Instant, Value::Instant(core.clock.now() - LOOKUP_HOLDS))
    .sql(" AND subject_id = ANY(")
    .column(ColumnType::Id, ids.iter().copied().map(Value::Id).collect())
    .sql(")");
    let rows = core.database.read(&statement).await?;
    let ids: Vec<Uuid> = rows.into_iter().filter_map(|mut row| row.id("subject_id")).collect();
    let (mut found, mut away) = (BTreeMap::new(), Away::new(core));
    for district_code in actor.districts.iter().filter(|_| !ids.is_empty()) {
        found.extend(away.pass(find_unscoped(core, kind, district_code, &ids).await)?.unwrap_or_default());
    }
    if ids.iter().any(|id| !found.contains_key(id)) {
        away.none_missed()?;
    }
    Ok(found)
}

/// Whether the actor may see a record: what `visible_to` asks, of a record at hand.
pub fn is_readable(actor: &Actor, kind: &Kind, record: &Record) -> bool {
    let envelope = &record.envelope;
    match kind.reach {
        Reach::Area => actor.reaches(kind.readers, &envelope.area_code, envelope.org_id),
        Reach::District => actor.grants_of(kind.readers).any(|grant| {
            let district = grant.area_code.get(..6).unwrap_or(&grant.area_code);
            envelope.area_code.starts_with(district)
        }),
    }
}

/// The records of ids wherever the actor may see them or not: for judging duplicates and for records
/// whose identity the server derives. Their content must not be shown without asking for the scope.
pub async fn find_unscoped(
    core: &Core,
    kind: &Kind,
    district_code: &str,
    ids: &[Uuid],
) -> Result<BTreeMap<Uuid, Record>, Problem> {
    let statement = by_id(kind.read_select(), kind.name, district_code, ids);
    let statement = statement.seeing_district(district_code).in_rooms(kind.room());
    let records = load(core, kind, &statement).await?;
    Ok(records.into_iter().map(|record| (record.envelope.id, record)).collect())
}

/// All revisions of a record that the actor may see, the oldest first.
pub async fn revisions(core: &Core, actor: &Actor, kind: &Kind, id: Uuid) -> Result<Vec<Record>, Problem> {
    revisions_from(core, actor, kind, id, 1, usize::MAX).await
}

/// The same from a revision on, so many at most.
pub async fn revisions_from(
    core: &Core,
    actor: &Actor,
    kind: &Kind,
    id: Uuid,
    from: i64,
    most: usize,
) -> Result<Vec<Record>, Problem> {
    let current = find(core, actor, kind, id).await?;
    // The history keeps whole rows; PostgreSQL makes them rows of the table again.
    let statement = select(kind.read_select(), &current.envelope.district_code)
    .sql(format!(
        " FROM (SELECT (jsonb_populate_record(NULL::{}, h.body)).* FROM record_revisions AS h WHERE h.district_code = ",
        kind.name
    ))
    .text(&current.envelope.district_code)
    .seeing_district(&current.envelope.district_code)
    .in_rooms(kind.room())
    .sql(format!(" AND h.kind = '{}' AND h.id = ", kind.name))
    .id(current.envelope.id)
    .sql(" AND h.revision >= ")
    .integer(from)
    .sql(" ORDER BY h.revision LIMIT ")
    .integer(i64::try_from(most).unwrap_or(i64::MAX))
    .sql(") AS r ORDER BY revision");
    let mut all = load(core, kind, &statement).await?;
    if all.len() < most && current.envelope.revision >= from {
        all.push(current);
    }
    Ok(all)
}

/// Runs a statement that selects the kind's columns.
pub async fn load(core: &Core, kind: &Kind, statement: &Statement) -> Result<Vec<Record>, Problem> {
    of_rows(core, kind, core.database.read(statement).await?)
}

/// The records of rows that a statement gave which selects the kind's columns.
pub fn of_rows(core: &Core, kind: &Kind, rows: Vec<Row>) -> Result<Vec<Record>, Problem> {
    rows.into_iter().map(|row| Record::from_row(kind, row, &core.sealer)).collect()
}
