//! Finding records by id, their revisions, and what references name.

use std::collections::BTreeMap;
use std::sync::Arc;

use uuid::Uuid;

use super::definition::{Kind, Reach};
use super::record::Record;
use super::scope::{by_id, visible_by_id, visible_to};
use crate::app::Service;
use crate::auth::roles::Actor;
use crate::kit::catalogue::Code;
use crate::kit::problem::Problem;
use crate::kit::statement::{ColumnType, Statement};
use crate::kit::value::Value;

/// The record of an id (or, for kinds with aliases, of an alias), if the actor may see it.
pub async fn find(service: &Service, actor: &Actor, kind: &Kind, id: Uuid) -> Result<Record, Problem> {
    let found = find_all(service, actor, kind, &[id]).await?;
    found.into_values().next().ok_or_else(|| Code::NotFound.into())
}

/// The records of several ids that the actor may see, by the id asked for.
pub async fn find_all(
    service: &Service,
    actor: &Actor,
    kind: &Kind,
    ids: &[Uuid],
) -> Result<BTreeMap<Uuid, Record>, Problem> {
    let mut found = BTreeMap::new();
    for district_code in &actor.districts {
        let statement = visible_by_id(actor, kind, district_code, ids);
        for record in load(service, kind, &statement).await? {
            found.insert(record.envelope.id, record);
        }
        if kind.field("aliases").is_none() {
            continue;
        }
        for id in ids.iter().filter(|id| !found.contains_key(id)).copied().collect::<Vec<_>>() {
            let alias = Value::Json(serde_json::json!([id.to_string()]));
            let statement = visible_to(actor, kind, district_code)
                .sql(" AND r.aliases <> '[]' AND r.aliases @> ")
                .bind(ColumnType::Json, alias);
            for record in load(service, kind, &statement).await? {
                found.insert(id, record);
            }
        }
    }
    Ok(found)
}

/// The records that references name, as [`find_all`] gives them. Those of kinds that hardly change
/// are believed for two seconds: a gate names the same checkpoint with every passage.
pub async fn find_referenced(
    service: &Service,
    actor: &Actor,
    kind: &Kind,
    ids: &[Uuid],
) -> Result<BTreeMap<Uuid, Record>, Problem> {
    if !kind.slow_changing {
        return find_all(service, actor, kind, ids).await;
    }
    let (mut found, mut missing) = (BTreeMap::new(), Vec::new());
    for id in ids {
        match service.believed.get(&(kind.name, *id)) {
            Some(record) if is_readable(actor, kind, &record) => drop(found.insert(*id, (*record).clone())),
            _ => missing.push(*id),
        }
    }
    if !missing.is_empty() {
        for (id, record) in find_all(service, actor, kind, &missing).await? {
            service.believed.insert((kind.name, id), Arc::new(record.clone()));
            found.insert(id, record);
        }
    }
    Ok(found)
}

/// Whether the actor may see a record: what `visible_to` asks, of a record at hand.
fn is_readable(actor: &Actor, kind: &Kind, record: &Record) -> bool {
    let envelope = &record.envelope;
    kind.reach == Reach::Area && actor.reaches(kind.readers, &envelope.area_code, envelope.org_id)
}

/// The records of ids wherever the actor may see them or not: for judging duplicates and for records
/// whose identity the server derives. Their content must not be shown without asking for the scope.
pub async fn find_unscoped(
    service: &Service,
    kind: &Kind,
    district_code: &str,
    ids: &[Uuid],
) -> Result<BTreeMap<Uuid, Record>, Problem> {
    let statement = by_id(kind.select(), kind.name, district_code, ids);
    let records = load(service, kind, &statement).await?;
    Ok(records.into_iter().map(|record| (record.envelope.id, record)).collect())
}

/// All revisions of a record that the actor may see, the oldest first.
pub async fn revisions(service: &Service, actor: &Actor, kind: &Kind, id: Uuid) -> Result<Vec<Record>, Problem> {
    let current = find(service, actor, kind, id).await?;
    // The history keeps whole rows; PostgreSQL makes them rows of the table again.
    let statement = Statement::new(format!(
        "SELECT {} FROM (SELECT (jsonb_populate_record(NULL::{}, h.body)).* FROM record_revisions AS h WHERE h.district_code = ",
        kind.select(),
        kind.name
    ))
    .text(&current.envelope.district_code)
    .sql(format!(" AND h.kind = '{}' AND h.id = ", kind.name))
    .id(current.envelope.id)
    .sql(") AS r ORDER BY revision");
    let mut all = load(service, kind, &statement).await?;
    all.push(current);
    Ok(all)
}

/// Runs a statement that selects the kind's columns.
pub async fn load(service: &Service, kind: &Kind, statement: &Statement) -> Result<Vec<Record>, Problem> {
    let rows = service.database.read(statement).await?;
    rows.into_iter().map(|row| Record::from_row(kind, row, &service.sealer)).collect()
}
