//! Which organisations stand below which.

use std::collections::{BTreeMap, BTreeSet};

use kit::row::Row;
use kit::statement::Statement;
use uuid::Uuid;

/// A district's organisations.
pub struct Tree {
    names: BTreeMap<Uuid, String>,
    children: BTreeMap<Uuid, Vec<Uuid>>,
    /// Those that stand below no other, in the order in which they were registered.
    pub tops: Vec<Uuid>,
}

impl Tree {
    /// Query that reads it. Everybody of a district may name its organisations.
    pub fn statement(district_code: &str) -> Statement {
        Statement::new(
            "SELECT o.id, o.name, o.parent_id FROM organizations AS o WHERE NOT o.voided AND o.district_code = ",
        )
        .text(district_code)
        .sql(" ORDER BY o.occurred_at, o.change_no")
        .seeing_district(district_code)
    }

    /// The tree of those rows.
    pub fn of_rows(rows: Vec<Row>) -> Self {
        let mut tree = Self { names: BTreeMap::new(), children: BTreeMap::new(), tops: Vec::new() };
        let mut order = Vec::new();
        for mut row in rows {
            let Some((id, name)) = row.id("id").zip(row.text("name")) else { continue };
            tree.names.insert(id, name);
            order.push((id, row.id("parent_id")));
        }
        for (id, parent) in order {
            match parent.filter(|parent| tree.names.contains_key(parent)) {
                Some(parent) => tree.children.entry(parent).or_default().push(id),
                None => tree.tops.push(id),
            }
        }
        tree
    }

    /// The name of one.
    pub fn name(&self, id: Uuid) -> Option<&String> {
        self.names.get(&id)
    }

    /// One with all below it.
    pub fn below(&self, top: Uuid) -> BTreeSet<Uuid> {
        let (mut found, mut open) = (BTreeSet::new(), vec![top]);
        while let Some(id) = open.pop() {
            // Each once: a circle of parents ends here.
            if found.insert(id) {
                open.extend(self.children.get(&id).into_iter().flatten());
            }
        }
        found
    }
}
