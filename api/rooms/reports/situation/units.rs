//! Units and what belongs to them.

use std::collections::BTreeSet;

use uuid::Uuid;

use crate::platform::access::organization_tree::Tree;

/// A unit with all organisations below it.
pub struct Unit {
    /// None for records of no organisation.
    pub id: Option<Uuid>,
    /// Its name.
    pub name: Option<String>,
    /// Itself and all below; the nil id for records of no organisation.
    pub members: BTreeSet<Uuid>,
}

/// The unit that is asked for; else all that stand below no other, and what belongs to none.
pub fn units(asked: Option<Uuid>, tree: &Tree) -> Vec<Unit> {
    let unit = |id: Uuid| Unit { id: Some(id), name: tree.name(id).cloned(), members: tree.below(id) };
    match asked {
        Some(id) => tree.name(id).map(|_| unit(id)).into_iter().collect(),
        None => {
            let none = Unit { id: None, name: None, members: BTreeSet::from([Uuid::nil()]) };
            tree.tops.iter().copied().map(unit).chain([none]).collect()
        }
    }
}
