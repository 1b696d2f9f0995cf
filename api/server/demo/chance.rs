//! Chance that is the same for the same seed, item by item: nothing depends on the order in which things
//! are made, so a second run makes the same and changes nothing.

use sha2::{Digest, Sha256};
use uuid::{Builder, Uuid};

/// The chance of one thing.
pub struct Chance {
    state: u64,
    id: [u8; 16],
}

impl Chance {
    /// Of the so-manieth thing of a sort.
    pub fn of(seed: u64, sort: &str, index: usize) -> Self {
        let hash = Sha256::digest(format!("{seed}|{sort}|{index}").as_bytes());
        let mut id = [0; 16];
        id.iter_mut().zip(&hash).for_each(|(byte, hashed)| *byte = *hashed);
        let state = hash.iter().skip(16).take(8).fold(0, |state: u64, byte| state << 8 | u64::from(*byte));
        Self { state: state | 1, id }
    }

    /// Its id.
    pub fn id(&self) -> Uuid {
        Builder::from_custom_bytes(self.id).into_uuid()
    }

    /// A number below a bound (xorshift: no secret hangs on it).
    pub fn below(&mut self, bound: usize) -> usize {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        usize::try_from(self.state % (bound.max(1) as u64)).unwrap_or(0)
    }

    /// Whether something of so many in a thousand happens.
    pub fn per_mille(&mut self, share: usize) -> bool {
        self.below(1_000) < share
    }

    /// One of several.
    pub fn one_of<'a>(&mut self, several: &[&'a str]) -> &'a str {
        let index = self.below(several.len());
        several.get(index).copied().unwrap_or_default()
    }
}
