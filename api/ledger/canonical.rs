//! The canonical form of a row: what its digest covers, the same before it is written and after it
//! is read.

use serde_json::{Map, Value as Json};
use sha2::{Digest, Sha256};

use crate::kit::value::Value;

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

#[cfg(test)]
mod tests {
    use super::*;

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
