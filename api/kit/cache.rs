//! What is kept in memory for a while: bounded, and by a time from its making or from its last use.
//!
//! The library beneath is generic, and each kind of key and value would have another eighty kilobytes of its code. Here
//! keys and values are told apart at run time, so that all caches are of one kind to it.

use std::any::Any;
use std::borrow::Borrow;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use moka::policy::EvictionPolicy;
use moka::sync::Cache as Entries;

/// Time after which something is dropped, whether or not there is room.
#[derive(Clone, Copy, Debug)]
pub enum Kept {
    /// So long after it was put in.
    For(Duration),
    /// So long after it was last asked for.
    WhileUsed(Duration),
    /// As long as there is room.
    WhileRoom,
}

/// A cache of values by their keys. What is in most use stays.
pub struct Cache<K, V> {
    entries: Entries<Key, Entry>,
    weigh: fn(&V) -> u32,
    of: PhantomData<fn(K) -> V>,
}

impl<K: Hash + Eq + Send + Sync + 'static, V: Send + Sync + 'static> Cache<K, V> {
    /// A cache of so many values.
    pub fn new(most: u64, kept: Kept) -> Self {
        Self::with(most, kept, EvictionPolicy::default(), |_| 1)
    }

    /// A cache of values that weigh so much together, of which the one asked for longest ago goes first.
    pub fn weighing(most: u64, kept: Kept, weigh: fn(&V) -> u32) -> Self {
        Self::with(most, kept, EvictionPolicy::lru(), weigh)
    }

    fn with(most: u64, kept: Kept, policy: EvictionPolicy, weigh: fn(&V) -> u32) -> Self {
        let builder = Entries::builder().max_capacity(most).eviction_policy(policy);
        let builder = builder.weigher(|_: &Key, entry: &Entry| entry.weight);
        let builder = match kept {
            Kept::For(time) => builder.time_to_live(time),
            Kept::WhileUsed(time) => builder.time_to_idle(time),
            Kept::WhileRoom => builder,
        };
        Self { entries: builder.build(), weigh, of: PhantomData }
    }

    /// The value of a key, if it is still there.
    pub fn get(&self, key: &K) -> Option<Arc<V>> {
        self.entries.get(key as &dyn AnyKey)?.value.downcast().ok()
    }

    /// The value of a key, made where it is missing. Of several that are made at once all are told the same one.
    pub fn get_with(&self, key: K, make: impl FnOnce() -> V) -> Arc<V> {
        if let Some(known) = self.get(&key) {
            return known;
        }
        let made = Arc::new(make());
        let entry = self.entry(Arc::clone(&made));
        let kept = self.entries.get_with(Key(Box::new(key)), one_kind(entry));
        kept.value.downcast().unwrap_or(made)
    }

    /// Keeps a value in place of the former.
    pub fn insert(&self, key: K, value: Arc<V>) {
        self.entries.insert(Key(Box::new(key)), self.entry(value));
    }

    /// Forgets a key.
    pub fn invalidate(&self, key: &K) {
        self.entries.invalidate(key as &dyn AnyKey);
    }

    /// Forgets everything.
    pub fn invalidate_all(&self) {
        self.entries.invalidate_all();
    }

    fn entry(&self, value: Arc<V>) -> Entry {
        Entry { weight: (self.weigh)(&value), value }
    }
}

/// One kind of closure for all callers: the library's code is there again for each.
fn one_kind(entry: Entry) -> Box<dyn FnOnce() -> Entry> {
    Box::new(|| entry)
}

#[derive(Clone)]
struct Entry {
    value: Arc<dyn Any + Send + Sync>,
    weight: u32,
}

struct Key(Box<dyn AnyKey>);

/// A key of any kind, which only meets those of its own: a cache has no others.
trait AnyKey: Send + Sync {
    fn is(&self, other: &dyn AnyKey) -> bool;
    fn feed(&self, hasher: &mut dyn Hasher);
    fn as_any(&self) -> &dyn Any;
}

impl<K: Hash + Eq + Send + Sync + 'static> AnyKey for K {
    fn is(&self, other: &dyn AnyKey) -> bool {
        other.as_any().downcast_ref::<K>() == Some(self)
    }

    fn feed(&self, mut hasher: &mut dyn Hasher) {
        self.hash(&mut hasher);
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

impl PartialEq for dyn AnyKey {
    fn eq(&self, other: &Self) -> bool {
        self.is(other)
    }
}

impl Eq for dyn AnyKey {}

impl Hash for dyn AnyKey {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        self.feed(hasher);
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        *self.0 == *other.0
    }
}

impl Eq for Key {}

impl Hash for Key {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        (*self.0).feed(hasher);
    }
}

impl Borrow<dyn AnyKey> for Key {
    fn borrow(&self) -> &(dyn AnyKey + 'static) {
        &*self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_found_by_equal_keys_until_they_are_forgotten() {
        let cache: Cache<(&'static str, u32), String> = Cache::new(100, Kept::WhileRoom);
        cache.insert(("a", 1), Arc::new("one".into()));
        assert_eq!(cache.get(&("a", 1)).as_deref().map(String::as_str), Some("one"));
        assert_eq!((cache.get(&("b", 1)), cache.get(&("a", 2))), (None, None));
        assert_eq!(*cache.get_with(("a", 1), || "another".into()), "one");
        assert_eq!(*cache.get_with(("a", 2), || "two".into()), "two");
        assert_eq!(cache.get(&("a", 2)).as_deref().map(String::as_str), Some("two"));
        cache.invalidate(&("a", 1));
        assert_eq!(cache.get(&("a", 1)), None);
        cache.invalidate_all();
        assert_eq!(cache.get(&("a", 2)), None);
    }

    #[test]
    fn a_value_goes_after_its_time() {
        let cache: Cache<u32, u32> = Cache::new(100, Kept::For(Duration::from_millis(20)));
        cache.insert(1, Arc::new(1));
        std::thread::sleep(Duration::from_millis(40));
        assert_eq!(cache.get(&1), None);
    }

    #[test]
    fn heavy_values_leave_no_room_for_others() {
        let cache: Cache<u32, Vec<u8>> =
            Cache::weighing(1_000, Kept::WhileRoom, |bytes| u32::try_from(bytes.len()).unwrap_or(u32::MAX));
        for key in 0..10 {
            cache.insert(key, Arc::new(vec![0; 400]));
            cache.entries.run_pending_tasks();
        }
        assert_eq!((0..10).filter(|key| cache.get(key).is_some()).collect::<Vec<_>>(), [8, 9]);
    }
}
