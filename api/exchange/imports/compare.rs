//! Comparison of what a file of ours says with what stands: value by value, as it was shown. A masked value that is
//! the mask of what stands is no new one.

use kit::check::check_shape;
use kit::faults::Faults;
use kit::field::{Field, Shape, Write};
use kit::tree::Tree;
use kit::value::Value;
use ledger::canonical::canonical;
use serde_json::Value as Json;

use crate::exchange::files::texts::visible;
use crate::platform::privacy::mask::looks_masked;

/// Whether a value says what one of those says that were shown: masked, or plainly where the caller may be told.
/// A member that isn't there says nothing, nor does what the server makes of an item.
pub fn says(shape: &Shape, tree: &Tree, seen: &[&Json]) -> bool {
    says_all(shape, tree, seen, false)
}

/// The same, of what the server makes too.
pub fn says_whole(shape: &Shape, tree: &Tree, seen: &[&Json]) -> bool {
    says_all(shape, tree, seen, true)
}

fn says_all(shape: &Shape, tree: &Tree, seen: &[&Json], served: bool) -> bool {
    match (shape, tree) {
        (Shape::Object(members), Tree::Object(given)) => given.iter().all(|(name, inner)| {
            let Some(member) = members.iter().find(|member| member.name == name) else { return false };
            let is_left_out = member.write == Write::Never && !served;
            is_left_out || says_all(&member.shape, inner, &of_all(seen, name), served)
        }),
        (Shape::List { of: of @ Shape::Object(_), .. }, Tree::List(items)) => has_all(of, items, seen, served),
        _ => seen.iter().any(|json| is_value(shape, tree, json)),
    }
}

/// Whether two lists have the same items, in whatever order their rows stand.
fn has_all(of: &Shape, items: &[Tree], seen: &[&Json], served: bool) -> bool {
    let length = seen.first().and_then(|list| list.as_array()).map_or(0, Vec::len);
    let mut free: Vec<usize> = (0..length).collect();
    let takes = |item: &Tree| {
        let is_it = |index: &usize| says_all(of, item, &at_all(seen, *index), served);
        let Some(at) = free.iter().position(is_it) else { return false };
        free.remove(at);
        true
    };
    items.len() == length && items.iter().all(takes)
}

fn of_all<'a>(seen: &[&'a Json], name: &str) -> Vec<&'a Json> {
    seen.iter().map(|json| json.get(name).unwrap_or(&Json::Null)).collect()
}

fn at_all<'a>(seen: &[&'a Json], index: usize) -> Vec<&'a Json> {
    seen.iter().map(|json| json.get(index).unwrap_or(&Json::Null)).collect()
}

fn is_value(shape: &Shape, tree: &Tree, json: &Json) -> bool {
    match (tree, json) {
        (Tree::Null, json) => is_nothing(json),
        (Tree::List(items), Json::Null) => items.is_empty(),
        (Tree::Text(text), Json::String(shown)) if comparable(text) == comparable(shown) => true,
        _ => {
            let read = |tree: &Tree| check_shape(shape, tree, "", &mut Faults::default());
            match (read(tree), read(&Tree::from_json(json))) {
                // A moment as people write it has no fractions.
                (Some(Value::Instant(one)), Some(Value::Instant(other))) => {
                    one == other || (one.timestamp_subsec_nanos() == 0 && one.timestamp() == other.timestamp())
                }
                (Some(one), Some(other)) => canonical(&one) == canonical(&other),
                _ => false,
            }
        }
    }
}

/// Text without what files don't keep.
fn comparable(text: &str) -> String {
    visible(text).replace('\r', "")
}

fn is_nothing(json: &Json) -> bool {
    match json {
        Json::Null => true,
        Json::Array(items) => items.is_empty(),
        Json::Object(members) => members.values().all(is_nothing),
        _ => false,
    }
}

/// Part of a value that is to be written: of an object its changed members, of a list all items, masked members of
/// theirs as they stand.
pub fn change(shape: &Shape, tree: &Tree, seen: &[&Json], standing: &Json) -> Tree {
    match (shape, tree) {
        (Shape::Object(members), Tree::Object(given)) => {
            let changed = given.iter().filter_map(|(name, inner)| {
                let member = members.iter().find(|member| member.name == name);
                let Some(member) = member else { return Some((name.clone(), inner.clone())) };
                let own = of_all(seen, name);
                let is_told = member.write == Write::Never || says(&member.shape, inner, &own);
                let standing = standing.get(name).unwrap_or(&Json::Null);
                (!is_told).then(|| (name.clone(), change(&member.shape, inner, &own, standing)))
            });
            Tree::Object(changed.collect())
        }
        (Shape::List { of: Shape::Object(members), .. }, Tree::List(items)) => {
            Tree::List(items.iter().map(|item| restored(members, item, seen, standing)).collect())
        }
        _ => tree.clone(),
    }
}

/// An item with what is masked in it, or isn't said, as it stands; where it can't be told which item is meant, masks
/// stay, and are refused.
fn restored(members: &[Field], item: &Tree, seen: &[&Json], standing: &Json) -> Tree {
    let Tree::Object(given) = item else { return item.clone() };
    let of = |name: &str| members.iter().find(|member| member.name == name);
    let length = standing.as_array().map_or(0, Vec::len);
    let fits = |index: usize, only_masks: bool| {
        given.iter().filter(|(_, inner)| !only_masks || is_masked(inner)).all(|(name, inner)| {
            of(name).is_none_or(|member| {
                member.write == Write::Never || says(&member.shape, inner, &of_all(&at_all(seen, index), name))
            })
        })
    };
    let whole: Vec<usize> = (0..length).filter(|index| fits(*index, false)).collect();
    let masked = given.iter().any(|(_, inner)| is_masked(inner));
    let meant = match whole.is_empty() {
        true if masked => (0..length).filter(|index| fits(*index, true)).collect(),
        _ => whole,
    };
    let at = |index: &usize| standing.get(*index).unwrap_or(&Json::Null);
    let first = meant.first().map(at).filter(|first| meant.iter().all(|index| at(index) == *first));
    let mut written: Vec<(String, Tree)> = Vec::new();
    for (name, inner) in given {
        let is_server = of(name).is_some_and(|member| member.write == Write::Never);
        if is_server || matches!(inner, Tree::Null) {
            continue;
        }
        let stands = first.and_then(|first| first.get(name)).filter(|_| is_masked(inner)).map(Tree::from_json);
        written.push((name.clone(), stands.unwrap_or_else(|| inner.clone())));
    }
    let unsaid = members
        .iter()
        .filter(|member| member.write != Write::Never && given.iter().all(|(name, _)| name != member.name));
    for member in unsaid {
        let stands = first.and_then(|first| first.get(member.name)).filter(|json| !json.is_null());
        written.extend(stands.map(|json| (member.name.to_owned(), Tree::from_json(json))));
    }
    Tree::Object(written)
}

fn is_masked(tree: &Tree) -> bool {
    match tree {
        Tree::Text(text) => looks_masked(text),
        Tree::List(items) => items.iter().any(is_masked),
        Tree::Object(members) => members.iter().any(|(_, member)| is_masked(member)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use kit::field::free_text;
    use kit::text::Text;
    use serde_json::json;

    use super::*;

    const NAME: Text = Text::new("n", "名");
    static MEMBERS: &[Field] = &[
        Field::new("level", free_text(9), NAME, "").required(),
        Field::new("phone", free_text(20), NAME, "").required(),
        Field::new("seat", free_text(9), NAME, ""),
        Field::new("total", Shape::Integer { min: 0, max: 9 }, NAME, "").by_server(),
    ];
    static LIST: Shape = Shape::List { of: &Shape::Object(MEMBERS), max: 9 };

    #[test]
    fn a_mask_of_what_stands_is_no_new_value() {
        let standing = json!([{"level": "a", "phone": "15400000031", "seat": "x", "total": 1}, {"level": "b", "phone": "15400000032", "seat": null, "total": 2}, {"level": "c", "phone": "15411110032", "seat": null, "total": 3}]);
        let shown = json!([{"level": "a", "phone": "154****0031", "seat": "x", "total": 1}, {"level": "b", "phone": "154****0032", "seat": null, "total": 2}, {"level": "c", "phone": "154****0032", "seat": null, "total": 3}]);
        let tree = |json: &Json| Tree::from_json(json);
        let says_it = |json: &Json| says(&LIST, &tree(json), &[&shown]);
        assert!(says_it(&shown) && !says_it(&standing) && says(&LIST, &tree(&standing), &[&shown, &standing]));
        let mut other = shown.clone();
        other.as_array_mut().unwrap().reverse();
        assert!(says_it(&other), "rows in another order");
        other[0]["total"] = 7.into();
        assert!(says_it(&other) && !says_whole(&LIST, &tree(&other), &[&shown]), "what the server makes of it");
        let changed = |json: &Json| kit::tree::to_json(&change(&LIST, &tree(json), &[&shown], &standing));
        // Of one item another member is changed: its phone stays, and so does every other one's.
        let mut mended = shown.clone();
        mended[0]["level"] = "d".into();
        let now = changed(&mended);
        assert_eq!((&now[0]["level"], &now[0]["phone"]), (&json!("d"), &json!("15400000031")));
        assert_eq!((&now[1]["phone"], &now[2]["phone"]), (&json!("15400000032"), &json!("15411110032")));
        assert!(now[0].get("total").is_none());
        // Two have this mask: nobody knows whose it is, and it stays, to be refused.
        let mut doubtful = shown.clone();
        doubtful[2]["level"] = "d".into();
        assert_eq!(changed(&doubtful)[2]["phone"], "154****0032");
        let shorter = json!([shown[1]]);
        assert_eq!(changed(&shorter), json!([{"level": "b", "phone": "15400000032"}]));
    }

    #[test]
    fn values_are_the_same_however_they_are_written() {
        let decimal = Shape::Decimal { scale: 2, min: "0", max: "100" };
        let same = |shape: &Shape, tree: Tree, json: Json| says(shape, &tree, &[&json]);
        let text = |text: &str| Tree::Text(text.to_owned());
        assert!(same(&decimal, text("45.5"), json!("45.50")) && !same(&decimal, text("45.6"), json!("45.50")));
        let at = "2020-02-02T08:30:00.123456+08:00";
        assert!(same(&Shape::Instant, text("2020-02-02T00:30:00Z"), json!(at)));
        assert!(!same(&Shape::Instant, text("2020-02-02T00:30:00.5Z"), json!(at)));
        assert!(same(&free_text(9), text("a\nb"), json!("a\r\nb")) && same(&LIST, Tree::Null, json!([])));
        assert!(!same(&free_text(9), Tree::Null, json!("a")) && !same(&free_text(9), text("a"), Json::Null));
    }
}
