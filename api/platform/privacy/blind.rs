//! Blind indexes and derived ids: finding by value what is stored encrypted.

use uuid::{Builder, Uuid};

use super::keys::{Key, keyed_hash};

/// The blind index of a value: equal for equal values of one field in one district, else noise.
pub fn blind_index(key: &Key, district_code: &str, field: &str, normalized: &str) -> Vec<u8> {
    keyed_hash(key, &[district_code.as_bytes(), field.as_bytes(), normalized.as_bytes()]).to_vec()
}

/// An id derived from what identifies somebody: the same parts give the same id wherever and in
/// whatever order they arrive. Version 8 of RFC 9562 (custom).
pub fn derived_id(key: &Key, parts: &[&str]) -> Uuid {
    let parts: Vec<&[u8]> = parts.iter().map(|part| part.as_bytes()).collect();
    let hash = keyed_hash(key, &parts);
    let mut bytes = [0; 16];
    bytes.iter_mut().zip(hash).for_each(|(byte, hashed)| *byte = hashed);
    Builder::from_custom_bytes(bytes).into_uuid()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_parts_give_equal_ids() {
        let key = Key::default();
        let id = derived_id(&key, &["511802", "resident_id", "519999194803120012"]);
        assert_eq!(id, derived_id(&key, &["511802", "resident_id", "519999194803120012"]));
        assert_ne!(id, derived_id(&key, &["511802", "resident_id5", "19999194803120012"]));
        assert_eq!(id.get_version_num(), 8);
    }
}
