//! Blind indexes and derived ids: finding by value what is stored encrypted.
//!
//! An index is made with one key at a time, and found with all that there are: while one key follows another some rows
//! have theirs under the one and some under the other. Which key it is can be seen by its length: one of the first key is
//! 32 bytes of HMAC, one of a later key has the key's number before them, four bytes.
//!
//! Where figures tell things apart by an index (vehicles by their plates), a row's index must tell the same whichever key it
//! is under. So as soon as there is a second key 16 bytes that no rotation changes stand behind such an index: an id that is derived
//! with the permanent key, from the value alone. So whoever looks up knows the whole of it.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use kit::problem::Problem;
use uuid::{Builder, Uuid};

use super::keys::{Key, keyed_hash};
use super::known::KeyState;
use super::numbered::{FIRST_KEY, NumberedKeys, Purpose};

/// Length in bytes of what a key makes of a value.
pub const HASH_BYTES: usize = 32;
/// Length in bytes of the number of a later key.
pub const NUMBER_BYTES: usize = 4;
/// Length in bytes of what stands behind an index that figures tell things apart by.
pub const APART_BYTES: usize = 16;

/// One key of blind indexes.
#[derive(Clone)]
pub struct Indexer {
    number: u32,
    key: Key,
    tells_apart: bool,
}

impl Indexer {
    /// Number of the key.
    pub fn number(&self) -> u32 {
        self.number
    }

    /// The key.
    pub fn key(&self) -> &Key {
        &self.key
    }

    /// The same as it makes indexes once there is a second key, or before.
    pub fn telling_apart(&self, tells_apart: bool) -> Self {
        Self { tells_apart, ..self.clone() }
    }

    /// The blind index of a value: equal for equal values of one field in one district, else noise.
    pub fn index(&self, district_code: &str, field: &str, normalized: &str) -> Vec<u8> {
        let hash = keyed_hash(&self.key, &[district_code.as_bytes(), field.as_bytes(), normalized.as_bytes()]);
        match self.number {
            FIRST_KEY => hash.to_vec(),
            later => [later.to_be_bytes().as_slice(), hash.as_slice()].concat(),
        }
    }

    /// The same with that behind it which tells the thing apart in figures under whatever key, once there is a second one.
    pub fn index_apart(&self, district_code: &str, field: &str, normalized: &str, thing: Uuid) -> Vec<u8> {
        let mut index = self.index(district_code, field, normalized);
        if self.tells_apart {
            index.extend_from_slice(thing.as_bytes());
        }
        index
    }
}

/// The keys of blind indexes: one writes, all of them find.
pub struct BlindIndexes(RwLock<Ring>);

#[derive(Clone)]
struct Ring {
    current: u32,
    all: BTreeMap<u32, Arc<Indexer>>,
}

impl Ring {
    fn of(keys: &NumberedKeys) -> Self {
        let tells_apart = keys.all.keys().any(|number| *number != FIRST_KEY);
        let indexer = |(number, key): (&u32, &Key)| {
            (*number, Arc::new(Indexer { number: *number, key: key.clone(), tells_apart }))
        };
        Self { current: keys.current, all: keys.all.iter().map(indexer).collect() }
    }
}

impl BlindIndexes {
    /// Those of these keys, of which the current one is there.
    pub fn new(keys: &NumberedKeys) -> Self {
        Self(RwLock::new(Ring::of(keys)))
    }

    /// Uses these keys from now on; of those that are `lacking` among them the ones that it has.
    pub fn take_up(&self, keys: &NumberedKeys, lacking: &[u32]) {
        let mut ring = Ring::of(keys);
        let mut own = self.0.write().unwrap_or_else(PoisonError::into_inner);
        ring.all.extend(lacking.iter().filter_map(|number| Some((*number, Arc::clone(own.all.get(number)?)))));
        *own = ring;
    }

    /// Numbers of the keys that values are found with.
    pub fn reads(&self) -> Vec<u32> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).all.keys().copied().collect()
    }

    /// Number of the key that indexes are made with.
    pub fn writes_with(&self) -> u32 {
        self.0.read().unwrap_or_else(PoisonError::into_inner).current
    }

    /// The key that indexes are made with.
    pub fn writing(&self) -> Result<Arc<Indexer>, Problem> {
        let ring = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let writing = ring.all.get(&ring.current).map(Arc::clone);
        writing.ok_or_else(|| Problem::internal("the key of blind indexes isn't among those that were read"))
    }

    /// All keys, the oldest first: whoever looks up asks [`super::holder::finding`], which knows that these are all.
    pub fn reading(&self) -> Vec<Arc<Indexer>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).all.values().map(Arc::clone).collect()
    }
}

/// Keys with which a value is looked up: all under which it may stand.
pub struct Finding(pub Vec<Arc<Indexer>>);

impl Finding {
    /// The indexes of a value, one a key.
    pub fn indexes(&self, district_code: &str, field: &str, normalized: &str) -> Vec<Vec<u8>> {
        self.0.iter().map(|one| one.index(district_code, field, normalized)).collect()
    }

    /// The same of a value that things are told apart by: with that behind them, and as they were written before.
    pub fn indexes_apart(&self, district_code: &str, field: &str, normalized: &str, thing: Uuid) -> Vec<Vec<u8>> {
        let forms = self.0.iter().flat_map(|one| [one.telling_apart(false), one.telling_apart(true)]);
        forms.map(|one| one.index_apart(district_code, field, normalized, thing)).collect()
    }
}

/// Bytes that tell things apart in a column of such indexes, as SQL: what no key changes, from the moment that a second key is
/// written with; the index before. All rows have it behind their indexes by then, and a statement sees either that a second key
/// is written with or no row under it: a thing is never told by two.
pub fn telling_apart(column: &str) -> String {
    let code = Purpose::BlindIndex.code();
    format!(
        "CASE WHEN (SELECT count(*) > 1 FROM key_fingerprints AS k WHERE k.name LIKE '{code}-%' AND k.state IS DISTINCT FROM '{}') \
         THEN substr({column}, octet_length({column}) - {}) ELSE substr({column}, 1, {HASH_BYTES}) END",
        KeyState::Announced.code(),
        APART_BYTES - 1
    )
}

/// Number of the key that a column's index is under, as SQL; NULL where there is none, or only what a purge left.
pub fn key_of(column: &str) -> String {
    let (later, later_apart) = (HASH_BYTES + NUMBER_BYTES, HASH_BYTES + NUMBER_BYTES + APART_BYTES);
    let byte = |index: usize| format!("get_byte({column}, {index})::bigint");
    let number = format!("{} * 16777216 + {} * 65536 + {} * 256 + {}", byte(0), byte(1), byte(2), byte(3));
    format!(
        "CASE WHEN octet_length({column}) IN ({HASH_BYTES}, {}) THEN {FIRST_KEY}::bigint WHEN octet_length({column}) IN ({later}, {later_apart}) THEN {number} END",
        HASH_BYTES + APART_BYTES
    )
}

/// Whether a column's index has nothing behind it yet, as SQL.
pub fn is_bare(column: &str) -> String {
    format!("octet_length({column}) = {HASH_BYTES}")
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

    fn keys(current: u32, numbers: &[u32]) -> NumberedKeys {
        let key = |number: &u32| (*number, Key::new([u8::try_from(*number).unwrap(); 32]));
        NumberedKeys { directory: "/nowhere".into(), current, all: numbers.iter().map(key).collect() }
    }

    #[test]
    fn an_index_bears_its_key_and_what_no_key_changes() {
        let (plate, thing) = (("511802", "plate_number", "川T12345"), Uuid::from_u128(7));
        let apart = |indexer: &Indexer| indexer.index_apart(plate.0, plate.1, plate.2, thing);
        let indexes = BlindIndexes::new(&keys(1, &[1]));
        let before = apart(&indexes.writing().unwrap());
        assert_eq!((before.len(), before.clone()), (32, indexes.writing().unwrap().index(plate.0, plate.1, plate.2)));
        indexes.take_up(&keys(1, &[1, 2]), &[]);
        let beside = apart(&indexes.writing().unwrap());
        assert_eq!((&beside[..32], &beside[32..]), (&before[..], &thing.as_bytes()[..]));
        indexes.take_up(&keys(2, &[1, 2]), &[]);
        let second = apart(&indexes.writing().unwrap());
        assert_eq!((&second[..4], &second[36..]), (&[0, 0, 0, 2][..], &thing.as_bytes()[..]));
        let sought = Finding(indexes.reading()).indexes_apart(plate.0, plate.1, plate.2, thing);
        assert!([&before, &beside, &second].into_iter().all(|index| sought.contains(index)));
        indexes.take_up(&keys(2, &[2]), &[1]);
        assert_eq!(indexes.reads(), [1, 2], "a file that is gone too early takes nothing from whoever has read it");
        indexes.take_up(&keys(2, &[2]), &[]);
        assert_eq!((indexes.reads(), apart(&indexes.writing().unwrap())), (vec![2], second));
    }
}
