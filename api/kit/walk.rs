//! Checks of a whole submitted tree, whatever its fields mean.

use std::collections::HashSet;

use super::catalogue::FaultCode;
use super::faults::Faults;
use super::tree::Tree;

/// NUL can't be stored by PostgreSQL and means nothing in text: wherever it is, it is named.
pub fn note_nul(tree: &Tree, at: &str, faults: &mut Faults) {
    match tree {
        Tree::Text(text) if text.contains('\0') => faults.add(at, FaultCode::NUL_CHARACTER),
        Tree::List(items) => {
            for (index, item) in items.iter().enumerate() {
                note_nul(item, &format!("{at}/{index}"), faults);
            }
        }
        Tree::Object(members) => {
            for (name, member) in members {
                note_nul(member, &format!("{at}/{}", escape(name)), faults);
            }
        }
        _ => {}
    }
}

/// The longest piece of a member's name that a pointer repeats. An unknown name comes from the
/// client: it may be long, or somebody's number typed in the wrong place.
const MAX_NAME: usize = 64;

/// A member's name as a JSON pointer has it (RFC 6901); of a very long one, its beginning.
pub fn escape(name: &str) -> String {
    let name: String = name.chars().filter(|c| !c.is_control()).take(MAX_NAME).collect();
    name.replace('~', "~0").replace('/', "~1")
}

/// Names given twice, wherever they are: for what is taken before a field table can judge it.
pub fn note_repeated(tree: &Tree, at: &str, faults: &mut Faults) {
    match tree {
        Tree::List(items) => {
            for (index, item) in items.iter().enumerate() {
                note_repeated(item, &format!("{at}/{index}"), faults);
            }
        }
        Tree::Object(members) => {
            let mut seen = HashSet::with_capacity(members.len());
            for (name, member) in members {
                let at = format!("{at}/{}", escape(name));
                if !seen.insert(name.as_str()) {
                    faults.add(&at, FaultCode::DUPLICATE_FIELD);
                }
                note_repeated(member, &at, faults);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nul_and_repeated_names_are_found_at_any_depth() {
        let tree = Tree::parse(br#"{"a":[{"b":1,"b/":"\u0000","b":2}],"a":0}"#).unwrap();
        let found = |note: fn(&Tree, &str, &mut Faults)| {
            let mut faults = Faults::default();
            note(&tree, "", &mut faults);
            faults.list().iter().map(|fault| fault.pointer.clone()).collect::<Vec<_>>()
        };
        assert_eq!(found(note_nul), ["/a/0/b~1"]);
        assert_eq!(found(note_repeated), ["/a/0/b", "/a"]);
    }
}
