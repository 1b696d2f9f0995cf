//! Lists whose items have a key: two sides that changed different items don't clash.

use kit::tree::Tree;
use serde_json::Value as Json;

use crate::records::{Kind, Record};

/// A list put together of both sides.
pub struct Merged {
    /// The field that is the list.
    pub list: &'static str,
    /// List with the stored item where both sides changed one.
    pub with_stored: Vec<Json>,
    /// List with the sent item there.
    pub with_sent: Vec<Json>,
    /// Whether there is such an item.
    pub clash: bool,
}

/// Merges the kind's keyed list of three states: what the phone knew, what stands, what the phone wants. Only
/// where both sides changed the list.
pub fn merge(kind: &Kind, conflicting: &[String], states: [&Record; 3]) -> Option<Merged> {
    let lines = kind.rules.lines().filter(|lines| conflicting.iter().any(|name| name == lines.list))?;
    let items = |record: &Record| record.values.json(lines.list).and_then(Json::as_array).cloned().unwrap_or_default();
    let [base, stored, sent] = states.map(items);
    Some(merged(lines.list, lines.key, &base, &stored, &sent))
}

fn merged(list: &'static str, key: &str, base: &[Json], stored: &[Json], sent: &[Json]) -> Merged {
    let find = |items: &[Json], item: &Json| items.iter().find(|other| other.get(key) == item.get(key)).cloned();
    let mut merged = Merged { list, with_stored: Vec::new(), with_sent: Vec::new(), clash: false };
    let added = sent.iter().filter(|item| find(stored, item).is_none());
    let removed = base.iter().filter(|item| find(stored, item).is_none() && find(sent, item).is_none());
    for item in stored.iter().chain(added).filter(|item| !removed.clone().any(|gone| gone.get(key) == item.get(key))) {
        let (was, stands, wanted) = (find(base, item), find(stored, item), find(sent, item));
        let (one, other) = match (stands == was, wanted == was || wanted == stands) {
            (true, _) => (wanted.clone(), wanted),
            (false, true) => (stands.clone(), stands),
            (false, false) => {
                merged.clash = true;
                (stands, wanted)
            }
        };
        merged.with_stored.extend(one);
        merged.with_sent.extend(other);
    }
    merged
}

/// Puts a list into a patch in the place of the one there.
pub fn put(patch: &mut Tree, list: &str, items: &[Json]) {
    let Tree::Object(members) = patch else { return };
    for (_, member) in members.iter_mut().filter(|(name, _)| name == list) {
        *member = Tree::from_json(&Json::Array(items.to_vec()));
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(lines: &[(&str, i64)]) -> Vec<Json> {
        lines.iter().map(|(key, price)| json!({"commodity": key, "price": price})).collect()
    }

    #[test]
    fn different_lines_are_merged_and_the_same_one_clashes() {
        let base = of(&[("a", 1), ("b", 1), ("c", 1)]);
        let apart = merged(
            "lines",
            "commodity",
            &base,
            &of(&[("a", 2), ("b", 1), ("c", 1)]),
            &of(&[("a", 1), ("b", 3), ("c", 1), ("d", 1)]),
        );
        assert_eq!((apart.with_stored, apart.clash), (of(&[("a", 2), ("b", 3), ("c", 1), ("d", 1)]), false));
        let clash =
            merged("lines", "commodity", &base, &of(&[("a", 2), ("b", 1), ("c", 1)]), &of(&[("a", 3), ("b", 1)]));
        assert_eq!(
            (clash.with_stored, clash.with_sent, clash.clash),
            (of(&[("a", 2), ("b", 1)]), of(&[("a", 3), ("b", 1)]), true)
        );
        let gone =
            merged("lines", "commodity", &base, &of(&[("b", 1), ("c", 1)]), &of(&[("a", 1), ("b", 2), ("c", 1)]));
        assert_eq!((gone.with_stored, gone.clash), (of(&[("b", 2), ("c", 1)]), false));
    }
}
