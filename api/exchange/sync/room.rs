//! How much is kept of what one account leaves over: it must not fill the disk that all share.

use std::collections::BTreeSet;

use kit::problem::Problem;
use kit::statement::{ColumnType, Statement};
use kit::value::Value;
use uuid::Uuid;

use super::item::Item;
use super::outcome::Outcome;
use crate::exchange::codes::TOO_MUCH_HELD;
use crate::platform::core::Core;

/// Open items of an account at most: ten whole pushes.
const MOST_ITEMS: i64 = 5_000;
/// Bytes of an account at most, of what is settled or discarded as well: it is kept for as long.
const MOST_BYTES: i64 = 64 * 1024 * 1024;

/// Number and bytes of an account's items that are kept.
#[derive(Clone, Copy)]
pub struct Room {
    items: i64,
    bytes: i64,
}

impl Room {
    /// Counts what is kept of an account in a district.
    pub async fn of(core: &Core, district_code: &str, user_id: Uuid) -> Result<Self, Problem> {
        let mut statement = Statement::new(
            "SELECT count(*) FILTER (WHERE state = 'open') AS items, coalesce(sum(bytes), 0)::bigint AS bytes FROM (",
        );
        for (table, column) in [("held_items", "item"), ("sync_conflicts", "patch")] {
            statement = statement
                .sql(if table == "held_items" { "" } else { " UNION ALL " })
                .sql(format!("SELECT state, octet_length({column}) AS bytes FROM {table} WHERE district_code = "))
                .text(district_code)
                .sql(" AND user_id = ")
                .id(user_id);
        }
        let statement = statement.sql(") AS kept").seeing_district(district_code);
        let row = core.database.read(&statement).await?.into_iter().next();
        let mut row = row.ok_or_else(|| Problem::internal("a count has no row"))?;
        let missing = || Problem::internal("a count lacks a column");
        Ok(Self { items: row.integer("items").ok_or_else(missing)?, bytes: row.integer("bytes").ok_or_else(missing)? })
    }

    /// Takes so many items and bytes, where there is room for them.
    pub fn take(&mut self, items: i64, bytes: usize) -> Result<(), Problem> {
        let taken = Self { items: self.items + items, bytes: self.bytes.saturating_add_unsigned(bytes as u64) };
        if taken.items > MOST_ITEMS || taken.bytes > MOST_BYTES {
            return Err(TOO_MUCH_HELD.into());
        }
        *self = taken;
        Ok(())
    }
}

/// Refuses what there is no room for. What is kept already may be sent as often as anybody likes.
pub async fn limit(
    core: &Core,
    district_code: &str,
    user_id: Uuid,
    results: &mut [(Item, Outcome)],
) -> Result<(), Problem> {
    let is_left = |outcome: &Outcome| matches!(outcome, Outcome::Held(_) | Outcome::Conflict(_));
    let left: Vec<Value> = results
        .iter()
        .filter(|(_, outcome)| is_left(outcome))
        .map(|(item, _)| Value::Bytes(item.hash.clone()))
        .collect();
    if left.is_empty() {
        return Ok(());
    }
    let known = known(core, district_code, left).await?;
    let mut room = Room::of(core, district_code, user_id).await?;
    for (item, outcome) in results.iter_mut() {
        if is_left(outcome)
            && !known.contains(&item.hash)
            && let Err(problem) = room.take(1, item.text()?.len())
        {
            *outcome = Outcome::Refused(problem);
        }
    }
    Ok(())
}

async fn known(core: &Core, district_code: &str, hashes: Vec<Value>) -> Result<BTreeSet<Vec<u8>>, Problem> {
    let mut known = BTreeSet::new();
    for table in ["held_items", "sync_conflicts"] {
        let statement = Statement::new(format!("SELECT item_hash FROM {table} WHERE district_code = "))
            .text(district_code)
            .sql(" AND item_hash = ANY(")
            .column(ColumnType::Bytes, hashes.clone())
            .sql(")")
            .seeing_district(district_code);
        let rows = core.database.read(&statement).await?;
        known.extend(rows.into_iter().filter_map(|mut row| row.bytes("item_hash")));
    }
    Ok(known)
}
