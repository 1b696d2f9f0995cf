//! JSON Merge Patch, RFC 7396.

use std::collections::HashMap;

use super::tree::Tree;

/// Applies a patch to a target: members that are null go, objects are merged, all else replaces.
pub fn merge(target: Tree, patch: &Tree) -> Tree {
    let Tree::Object(changes) = patch else { return patch.clone() };
    let mut members: Vec<Option<(String, Tree)>> = match target {
        Tree::Object(members) => members.into_iter().map(Some).collect(),
        _ => Vec::new(),
    };
    // Where each name stands; a target that was kept as it was sent may have one more than once. Looked up, not
    // searched for: a patch may be as long as a body.
    let mut places: HashMap<String, Vec<usize>> = HashMap::new();
    for (index, (name, _)) in members.iter().flatten().enumerate() {
        places.entry(name.clone()).or_default().push(index);
    }
    for (name, change) in changes {
        let stood = places.remove(name).unwrap_or_default();
        let current = stood.iter().filter_map(|index| members.get_mut(*index)?.take()).last().map(|(_, tree)| tree);
        if matches!(change, Tree::Null) {
            continue;
        }
        let merged = Some((name.clone(), merge(current.unwrap_or(Tree::Null), change)));
        let index = stood.first().copied().unwrap_or(members.len());
        match members.get_mut(index) {
            Some(slot) => *slot = merged,
            None => members.push(merged),
        }
        places.insert(name.clone(), vec![index]);
    }
    Tree::Object(members.into_iter().flatten().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table of RFC 7396, appendix A.
    #[test]
    fn the_standards_own_examples() {
        let cases = [
            (r#"{"a":"b"}"#, r#"{"a":"c"}"#, r#"{"a":"c"}"#),
            (r#"{"a":"b"}"#, r#"{"b":"c"}"#, r#"{"a":"b","b":"c"}"#),
            (r#"{"a":"b"}"#, r#"{"a":null}"#, r#"{}"#),
            (r#"{"a":"b","b":"c"}"#, r#"{"a":null}"#, r#"{"b":"c"}"#),
            (r#"{"a":["b"]}"#, r#"{"a":"c"}"#, r#"{"a":"c"}"#),
            (r#"{"a":"c"}"#, r#"{"a":["b"]}"#, r#"{"a":["b"]}"#),
            (r#"{"a":{"b":"c"}}"#, r#"{"a":{"b":"d","c":null}}"#, r#"{"a":{"b":"d"}}"#),
            (r#"{"a":[{"b":"c"}]}"#, r#"{"a":[1]}"#, r#"{"a":[1]}"#),
            (r#"["a","b"]"#, r#"["c","d"]"#, r#"["c","d"]"#),
            (r#"{"a":"b"}"#, r#"["c"]"#, r#"["c"]"#),
            (r#"{"a":"foo"}"#, r#"null"#, r#"null"#),
            (r#"{"a":"foo"}"#, r#""bar""#, r#""bar""#),
            (r#"{"e":null}"#, r#"{"a":1}"#, r#"{"e":null,"a":1}"#),
            (r#"[1,2]"#, r#"{"a":"b","c":null}"#, r#"{"a":"b"}"#),
            (r#"{}"#, r#"{"a":{"bb":{"ccc":null}}}"#, r#"{"a":{"bb":{}}}"#),
        ];
        for (target, patch, expected) in cases {
            let parse = |text: &str| Tree::parse(text.as_bytes()).unwrap();
            assert_eq!(merge(parse(target), &parse(patch)), parse(expected), "{target} {patch}");
        }
    }

    #[test]
    fn what_was_kept_twice_is_mended_by_one_change() {
        let parse = |text: &str| Tree::parse(text.as_bytes()).unwrap();
        let merged = |patch: &str| merge(parse(r#"{"a":1,"b":2,"a":3}"#), &parse(patch));
        assert_eq!(merged(r#"{"a":4}"#), parse(r#"{"a":4,"b":2}"#));
        assert_eq!(merged(r#"{"a":null}"#), parse(r#"{"b":2}"#));
        assert_eq!(merged(r#"{"b":null}"#), parse(r#"{"a":1,"a":3}"#));
    }
}
