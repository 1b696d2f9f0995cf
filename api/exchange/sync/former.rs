//! Items that an earlier release kept or wrote: they go on under the hash that they had then, until what was kept of
//! them has expired.

use std::collections::BTreeSet;

use kit::problem::Problem;
use kit::statement::{ColumnType, Statement};
use kit::value::Value;

use super::item::Item;
use crate::platform::access::roles::Actor;
use crate::platform::core::Core;
use crate::platform::divisions::away::Away;

/// Gives items that are known by their former hash that hash.
pub async fn recognise(core: &Core, actor: &Actor, items: &mut [Item]) -> Result<(), Problem> {
    let hashes: Vec<Value> = items.iter().map(|item| Value::Bytes(item.former_hash.clone())).collect();
    let (mut known, mut away) = (BTreeSet::new(), Away::new(core));
    for district_code in &actor.districts {
        let rows = away.pass(core.database.read(&kept(district_code, &hashes)).await)?;
        known.extend(rows.unwrap_or_default().into_iter().filter_map(|mut row| row.bytes("hash")));
    }
    for item in items.iter_mut().filter(|item| known.contains(&item.former_hash)) {
        item.hash.clone_from(&item.former_hash);
    }
    Ok(())
}

/// Those of the hashes that anything is kept under.
fn kept(district_code: &str, hashes: &[Value]) -> Statement {
    let tables = [("held_items", "item_hash"), ("sync_conflicts", "item_hash"), ("idempotency_keys", "key_hash")];
    tables
        .iter()
        .enumerate()
        .fold(Statement::new(""), |statement, (index, (table, column))| {
            statement
                .sql(if index == 0 { "" } else { " UNION ALL " })
                .sql(format!("SELECT {column} AS hash FROM {table} WHERE district_code = "))
                .text(district_code)
                .sql(format!(" AND {column} = ANY("))
                .column(ColumnType::Bytes, hashes.to_vec())
                .sql(")")
        })
        .seeing_district(district_code)
}
