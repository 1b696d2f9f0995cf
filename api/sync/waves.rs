//! The order of a push. Items that name nothing of each other are written at once; one that names what
//! an earlier one wrote waits for it.

use std::collections::BTreeSet;

use uuid::Uuid;

use super::item::Item;

/// The items in waves, each to be written before the next.
pub fn waves(items: Vec<Item>) -> Vec<Vec<Item>> {
    let mut waves: Vec<Vec<Item>> = Vec::new();
    let mut written: BTreeSet<Uuid> = BTreeSet::new();
    for item in items {
        if waves.is_empty() || item.mentioned().iter().any(|id| written.contains(id)) {
            waves.push(Vec::new());
            written.clear();
        }
        written.extend(item.id());
        if let Some(wave) = waves.last_mut() {
            wave.push(item);
        }
    }
    waves
}
