//! Bodies, patches and query strings.

use kit::check::check_object;
use kit::faults::Faults;
use kit::field::Shape;
use kit::patch::merge;
use kit::query::read_query;
use kit::tree::{Tree, TreeFault, to_json};
use kit::walk::{escape, note_nul, note_repeated};
use rand::rngs::StdRng;
use serde_json::{Map, Value as Json};

use super::{kinds, require_message, seeds};

pub fn bodies() -> Vec<Vec<u8>> {
    [seeds::examples(), seeds::corpus(&["json", "ndjson"])].concat()
}

/// A body is a tree exactly where it is JSON within our bounds; every kind's table judges it, says where each fault
/// is, and takes what it let pass once more.
pub fn body(bytes: &[u8], _: &mut StdRng) {
    let tree = parsed(bytes);
    let Some(tree) = tree else { return };
    let again = Tree::parse(&serde_json::to_vec(&tree).unwrap()).unwrap();
    assert_eq!(again, tree, "kept and read again it is another");
    for note in [note_nul, note_repeated] {
        let mut faults = Faults::default();
        note(&tree, "", &mut faults);
        require_faults(&tree, &faults);
    }
    for kind in kinds().kinds() {
        let fields = kind.body_fields();
        let mut faults = Faults::default();
        let values = check_object(&fields, &tree, "", &mut faults);
        require_faults(&tree, &faults);
        let is_inline = |name: &str| matches!(kind.field(name).map(|field| field.shape), Some(Shape::Inline(..)));
        if faults.is_empty() && !values.iter().any(|(name, _)| is_inline(name)) {
            let json: Map<String, Json> =
                values.iter().map(|(name, value)| (name.to_owned(), value.to_json(chrono_tz::UTC))).collect();
            let again = check_object(&fields, &Tree::from_json(&Json::Object(json)), "", &mut faults);
            assert!(faults.is_empty(), "{}: what was taken is refused: {:?}", kind.name, faults.list());
            assert_eq!(again, values, "{}: what was taken is taken for something else", kind.name);
        }
    }
}

/// The tree, which agrees with `serde_json`.
pub fn parsed(bytes: &[u8]) -> Option<Tree> {
    match (Tree::parse(bytes), serde_json::from_slice::<Json>(bytes)) {
        (Ok(tree), json) => {
            assert_eq!(to_json(&tree), json.expect("a tree of what is no JSON"));
            Some(tree)
        }
        (Err(fault), json) => {
            let members = bytes.iter().filter(|byte| **byte == b':').count();
            let is_ours = fault == TreeFault::TooDeep || members > kit::tree::MAX_MEMBERS;
            assert!(json.is_err() || is_ours, "refused, but JSON: {fault:?}");
            fault.problem().faults().iter().for_each(require_message);
            None
        }
    }
}

fn require_faults(tree: &Tree, faults: &Faults) {
    for fault in faults.list() {
        require_message(fault);
        require_pointer(tree, &fault.pointer);
    }
}

/// A pointer leads to something, or its parent to an object in which the member is missing.
fn require_pointer(tree: &Tree, pointer: &str) {
    assert!(pointer.is_empty() || pointer.starts_with('/'), "{pointer}");
    let mut steps = pointer.split('/').skip(1).peekable();
    // Of names given twice either may be meant.
    let mut reached = vec![tree];
    while let Some(step) = steps.next() {
        let before = std::mem::take(&mut reached);
        for tree in &before {
            match tree {
                Tree::Object(members) => {
                    reached.extend(members.iter().filter(|(name, _)| escape(name) == step).map(|(_, member)| member))
                }
                Tree::List(items) => reached.extend(step.parse().ok().and_then(|index: usize| items.get(index))),
                _ => {}
            }
        }
        let is_missing = steps.peek().is_none() && before.iter().any(|tree| matches!(tree, Tree::Object(_)));
        assert!(!reached.is_empty() || is_missing, "{pointer} leads nowhere");
    }
}

pub fn pairs() -> Vec<Vec<u8>> {
    let whole = |bytes: &Vec<u8>| serde_json::from_slice::<Json>(bytes).ok();
    bodies().iter().filter_map(whole).map(|json| serde_json::to_vec(&[&json, &json]).unwrap()).collect()
}

/// A patch does what RFC 7396 says, and applied again changes nothing.
pub fn patch(bytes: &[u8], _: &mut StdRng) {
    let Some(Tree::List(pair)) = parsed(bytes) else { return };
    let [target, patch] = pair.as_slice() else { return };
    let merged = merge(target.clone(), patch);
    assert_eq!(to_json(&merged), as_the_standard_says(to_json(target), &to_json(patch)));
    assert_eq!(merge(merged.clone(), patch), merged, "applied again it changes more");
}

/// The function of RFC 7396, section 2.
fn as_the_standard_says(target: Json, patch: &Json) -> Json {
    let Json::Object(changes) = patch else { return patch.clone() };
    let mut members = if let Json::Object(members) = target { members } else { Map::new() };
    for (name, change) in changes {
        let current = members.remove(name);
        if !change.is_null() {
            members.insert(name.clone(), as_the_standard_says(current.unwrap_or_default(), change));
        }
    }
    Json::Object(members)
}

pub fn queries() -> Vec<Vec<u8>> {
    let queries = [
        "limit=5&from=2020-02-01T00:00:00%2B08:00",
        "place_id=0198c0de-0002-7000-8000-000000000001&direction=in&abnormal=true",
        "name=%E5%BC%A0%E4%B8%89&occurred_at=2020-02-01T00:00:00+08:00",
        "temperature_c=36.5&a=&=b&&",
    ];
    queries.iter().map(|query| query.as_bytes().to_vec()).collect()
}

/// Parameters that are refused are named, and in words.
pub fn query(bytes: &[u8], _: &mut StdRng) {
    let text = String::from_utf8_lossy(bytes);
    for kind in kinds().kinds() {
        if let Err(problem) = read_query(&text, &kind.body_fields()) {
            assert!(!problem.faults().is_empty());
            for fault in problem.faults() {
                assert!(fault.pointer.starts_with('?'), "{}", fault.pointer);
                require_message(fault);
            }
        }
    }
}
