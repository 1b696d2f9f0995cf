//! The canonical form of a row: what its digest covers, the same before it is written and after it
//! is read. And of what was sent: what hashes that are kept are made of.

use kit::scalars::integral;
use kit::tree::Tree;
use kit::value::Value;
use serde_json::{Map, Value as Json};
use sha2::{Digest, Sha256};

/// How trees are encoded: the first byte of each. A hash that is kept was made of one of these; another encoding gets
/// another number, and what was kept before is still known by the former one.
const ENCODING: u8 = 1;

/// SHA-256 over kind, district and the named values in canonical form. What changes when keys are
/// rotated (envelopes, blind indexes) must not be among them; the commitment stands in its place.
pub fn digest<'a>(
    kind: &str,
    district_code: &str,
    values: impl Iterator<Item = (&'a str, &'a Value)>,
    commitment: Option<&[u8]>,
) -> [u8; 32] {
    let mut members = Map::new();
    for (name, value) in values {
        if !value.is_null() {
            members.insert(name.to_owned(), canonical(value));
        }
    }
    let text = Json::Object(members).to_string();
    let mut hash = Sha256::new();
    for part in [kind.as_bytes(), district_code.as_bytes(), text.as_bytes(), commitment.unwrap_or_default()] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

/// The canonical form of a value: instants by value in UTC, decimals by number.
pub fn canonical(value: &Value) -> Json {
    match value {
        Value::Decimal(decimal) => Json::String(decimal.normalize().to_string()),
        Value::Bytes(bytes) => Json::String(hex::encode(bytes)),
        other => other.to_json(chrono_tz::UTC),
    }
}

/// Encodes a submitted tree in bytes that don't depend on how its JSON was printed: the encoding's number, then each
/// value with its sort and its length, members by name, equal names in their order.
pub fn encode(tree: &Tree) -> Vec<u8> {
    let mut bytes = vec![ENCODING];
    encode_into(tree, &mut bytes);
    bytes
}

fn encode_into(tree: &Tree, bytes: &mut Vec<u8>) {
    match tree {
        Tree::Null => bytes.push(b'n'),
        Tree::Boolean(boolean) => bytes.push(if *boolean { b't' } else { b'f' }),
        Tree::Number(number) => {
            let text = integral(number).map_or_else(|| number.to_string(), |integer| integer.to_string());
            encode_text(b'#', &text, bytes);
        }
        Tree::Text(text) => encode_text(b's', text, bytes),
        Tree::List(items) => {
            encode_count(b'[', items.len(), bytes);
            items.iter().for_each(|item| encode_into(item, bytes));
        }
        Tree::Object(members) => {
            encode_count(b'{', members.len(), bytes);
            let mut members: Vec<&(String, Tree)> = members.iter().collect();
            members.sort_by(|(one, _), (other, _)| one.cmp(other));
            for (name, member) in members {
                encode_text(b's', name, bytes);
                encode_into(member, bytes);
            }
        }
    }
}

fn encode_text(sort: u8, text: &str, bytes: &mut Vec<u8>) {
    encode_count(sort, text.len(), bytes);
    bytes.extend_from_slice(text.as_bytes());
}

fn encode_count(sort: u8, count: usize, bytes: &mut Vec<u8>) {
    bytes.push(sort);
    bytes.extend_from_slice(&(count as u64).to_be_bytes());
}

/// The same as an earlier release had it: as Rust printed it. What was kept then is known by it; nothing new is kept so.
pub fn encode_formerly(tree: &Tree) -> Vec<u8> {
    format!("{tree:?}").into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Hashes of submitted trees are kept for weeks and compared by later releases: these bytes never change.
    #[test]
    fn the_encoding_of_what_was_sent_is_pinned() {
        let encoded = |text: &str| hex::encode(encode(&Tree::parse(text.as_bytes()).unwrap()));
        assert_eq!(encoded("null"), "016e");
        assert_eq!(encoded("[true,false]"), "015b00000000000000027466");
        assert_eq!(
            encoded(r#"{"b":"张","a":[1.0,-2.5]}"#),
            "017b0000000000000002730000000000000001615b0000000000000002230000000000000001312300000000000000042d322e35730000000000000001627300000000000000 03e5bca0".replace(' ', "")
        );
        assert_eq!(encoded(r#"{"a":1,"b":2}"#), encoded(r#"{"b":2.0,"a":1e0}"#), "order and spelling say nothing");
        for (one, other) in
            [("1", r#""1""#), ("[]", "{}"), (r#"{"a":1,"a":2}"#, r#"{"a":2,"a":1}"#), ("[[1],2]", "[[1,2]]")]
        {
            assert_ne!(encoded(one), encoded(other));
        }
    }

    #[test]
    fn equal_values_give_equal_digests() {
        let of = |value: Value| digest("screenings", "511802", [("a", &value)].into_iter(), None);
        assert_eq!(of(Value::Decimal("36.50".parse().unwrap())), of(Value::Decimal("36.5".parse().unwrap())));
        assert_ne!(of(Value::Decimal("36.5".parse().unwrap())), of(Value::Decimal("36.6".parse().unwrap())));
        let json = |text: &str| Value::Json(serde_json::from_str(text).unwrap());
        assert_eq!(of(json(r#"{"b":1,"a":2}"#)), of(json(r#"{"a":2,"b":1}"#)));
        assert_ne!(digest("a", "bc", std::iter::empty(), None), digest("ab", "c", std::iter::empty(), None));
    }
}
