//! The envelope in which a record's personal fields are kept.
//!
//! `version (1) | commitment (32) | algorithm (1) | key id (4) | nonce (12) | ciphertext and tag`.
//! AES-256-GCM-SIV (RFC 8452): a repeated nonce would tell only that two plaintexts are equal.
//! Associated data is kind, field, record id and district, so an envelope moved to another row
//! doesn't open. The commitment (HMAC over the plaintext) stands in the clear: the ledger's digest
//! covers it instead of the ciphertext, so re-encryption leaves the chain whole, and a purge cuts
//! the envelope after it: `version (1) | commitment (32) | when it was purged (8, microseconds)`.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock};

use aes_gcm_siv::aead::{Aead, KeyInit, Payload};
use aes_gcm_siv::{Aes256GcmSiv, Nonce};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::keys::{Key, find, keyed_hash};
use super::numbered::{NumberedKeys, Purpose};

const VERSION: u8 = 1;
const ALGORITHM_AES_256_GCM_SIV: u8 = 1;
/// Length in bytes of what a purge leaves of an envelope: version and commitment.
pub const COMMITMENT_END: usize = 33;
/// Length in bytes of an envelope whose content was purged: what is left of it, and when.
pub const PURGED_BYTES: usize = COMMITMENT_END + 8;
/// Bytes of an envelope in which the number of its key stands.
pub const KEY_ID: std::ops::Range<usize> = COMMITMENT_END + 1..COMMITMENT_END + 5;
const HEAD_END: usize = 50;

/// Place to which an envelope is bound: it opens nowhere else.
#[derive(Clone, Copy, Debug)]
pub struct Owner<'a> {
    /// The record's kind, or the table's name where it is no record.
    pub kind: &'a str,
    /// The field, or `personal` for a record's envelope.
    pub field: &'a str,
    /// The record.
    pub id: Uuid,
    /// Its district; empty where it has none.
    pub district_code: &'a str,
}

impl Owner<'_> {
    fn associated_data(&self) -> Vec<u8> {
        format!("{}|{}|{}|{}", self.kind, self.field, self.id, self.district_code).into_bytes()
    }
}

/// Why an envelope doesn't open: the wrong key, or it was altered or moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an encrypted envelope of {0} can't be opened: the key is wrong or it was altered")]
pub struct SealError(&'static str);

/// Seals and opens envelopes: seals with the newest key, opens with the one that an envelope names.
pub struct Sealer {
    ring: RwLock<Arc<Ring>>,
    commitment: Key,
}

/// Ciphers of the keys that there are.
#[derive(Clone)]
struct Ring {
    directory: PathBuf,
    sealing: u32,
    all: BTreeMap<u32, Aes256GcmSiv>,
}

impl Ring {
    fn of(data: &NumberedKeys) -> Self {
        let all = data.all.iter().map(|(number, key)| (*number, cipher(key))).collect();
        Self { directory: data.directory.clone(), sealing: data.current, all }
    }
}

fn cipher(key: &Key) -> Aes256GcmSiv {
    Aes256GcmSiv::new(&(**key).into())
}

impl Sealer {
    /// A sealer with keys of data and a commitment key.
    pub fn new(data: &NumberedKeys, commitment: &Key) -> Self {
        Self { ring: RwLock::new(Arc::new(Ring::of(data))), commitment: commitment.clone() }
    }

    /// Uses these keys of data from now on; of those that are `lacking` among them the ones that it has.
    pub fn take_up(&self, data: &NumberedKeys, lacking: &[u32]) {
        let (former, mut ring) = (self.ring(), Ring::of(data));
        let held = lacking.iter().filter_map(|number| Some((*number, former.all.get(number)?.clone())));
        ring.all.extend(held);
        *self.ring.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(ring);
    }

    fn ring(&self) -> Arc<Ring> {
        Arc::clone(&self.ring.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Numbers of the keys that envelopes are opened with.
    pub fn reads(&self) -> Vec<u32> {
        self.ring().all.keys().copied().collect()
    }

    /// Number of the key that envelopes are sealed with.
    pub fn seals_with(&self) -> u32 {
        self.ring().sealing
    }

    /// Seals a plaintext for its owner.
    pub fn seal(&self, owner: Owner<'_>, plaintext: &[u8]) -> Result<Vec<u8>, SealError> {
        self.sealed(owner, plaintext, &self.commitment(owner, plaintext))
    }

    fn sealed(&self, owner: Owner<'_>, plaintext: &[u8], commitment: &[u8]) -> Result<Vec<u8>, SealError> {
        let fault = SealError("personal data");
        let ring = self.ring();
        let nonce: [u8; 12] = rand::random();
        let data = owner.associated_data();
        let cipher = ring.all.get(&ring.sealing).ok_or(fault)?;
        let payload = Payload { msg: plaintext, aad: &data };
        let sealed = cipher.encrypt(&Nonce::from(nonce), payload).map_err(|_| fault)?;
        let mut envelope = Vec::with_capacity(HEAD_END + sealed.len());
        envelope.push(VERSION);
        envelope.extend_from_slice(commitment);
        envelope.push(ALGORITHM_AES_256_GCM_SIV);
        envelope.extend_from_slice(&ring.sealing.to_be_bytes());
        envelope.extend_from_slice(&nonce);
        envelope.extend_from_slice(&sealed);
        Ok(envelope)
    }

    /// The envelope of the same content with the key that seals now, under the same commitment: what covers that covers this.
    /// `None` where it has that key already, or its content was purged.
    pub fn sealed_again(&self, owner: Owner<'_>, envelope: &[u8]) -> Result<Option<Vec<u8>>, SealError> {
        if key_of(envelope) == Some(self.seals_with()) {
            return Ok(None);
        }
        let Some(plaintext) = self.open(owner, envelope)? else { return Ok(None) };
        let commitment = commitment_of(envelope).ok_or(SealError("personal data"))?;
        self.sealed(owner, &plaintext, commitment).map(Some)
    }

    /// Opens an envelope; `None` where its content was purged.
    pub fn open(&self, owner: Owner<'_>, envelope: &[u8]) -> Result<Option<Vec<u8>>, SealError> {
        let fault = SealError("personal data");
        if is_purged(envelope) {
            return Ok(None);
        }
        let (head, sealed) = envelope.split_at_checked(HEAD_END).ok_or(fault)?;
        let algorithm = head.get(COMMITMENT_END).copied();
        if head.first() != Some(&VERSION) || algorithm != Some(ALGORITHM_AES_256_GCM_SIV) {
            return Err(fault);
        }
        let nonce: [u8; 12] = head.get(HEAD_END - 12..).and_then(|nonce| nonce.try_into().ok()).ok_or(fault)?;
        let data = owner.associated_data();
        let payload = Payload { msg: sealed, aad: &data };
        let number = key_of(envelope).ok_or(fault)?;
        let ring = self.ring_with(number).ok_or(fault)?;
        let cipher = ring.all.get(&number).ok_or(fault)?;
        cipher.decrypt(&Nonce::from(nonce), payload).map(Some).map_err(|_| fault)
    }

    /// The ring that has a key. One that another process made, and sealed with before this one looked, is read from its file.
    fn ring_with(&self, number: u32) -> Option<Arc<Ring>> {
        let ring = self.ring();
        if ring.all.contains_key(&number) {
            return Some(ring);
        }
        let key = find(&ring.directory, &Purpose::Data.name(number)).ok()?;
        let mut more = Ring::clone(&ring);
        more.all.insert(number, cipher(&key));
        Some(Arc::new(more))
    }

    /// The envelope of a plaintext whose content is purged already.
    pub fn seal_purged(&self, owner: Owner<'_>, plaintext: &[u8], purged_at: DateTime<Utc>) -> Vec<u8> {
        let mut envelope = Vec::with_capacity(PURGED_BYTES);
        envelope.push(VERSION);
        envelope.extend_from_slice(&self.commitment(owner, plaintext));
        envelope.extend_from_slice(&purged_at.timestamp_micros().to_be_bytes());
        envelope
    }

    /// The commitment to a plaintext: tells whether it is the same, and nothing else.
    pub fn commitment(&self, owner: Owner<'_>, plaintext: &[u8]) -> [u8; 32] {
        keyed_hash(&self.commitment, &[&owner.associated_data(), plaintext])
    }

    /// Says that a row with the chained digest, found whole, was moved and stands with the other digest since.
    pub fn attestation(&self, owner: Owner<'_>, chained: &[u8], now: &[u8]) -> [u8; 32] {
        keyed_hash(&self.commitment, &[b"moved", &owner.associated_data(), chained, now])
    }

    /// The digest of a submission in canonical form, keyed: a body's plain hash would let its document number be
    /// guessed.
    pub fn submission_digest(&self, canonical: &[u8]) -> [u8; 32] {
        keyed_hash(&self.commitment, &[b"submission", canonical])
    }
}

/// Whether an envelope's content was purged. An envelope that was cut by hand right after its commitment is one, too.
pub fn is_purged(envelope: &[u8]) -> bool {
    [COMMITMENT_END, PURGED_BYTES].contains(&envelope.len()) && envelope.first() == Some(&VERSION)
}

/// When an envelope's content was purged; `None` where it wasn't.
pub fn purged_at(envelope: &[u8]) -> Option<DateTime<Utc>> {
    let micros = envelope.get(COMMITMENT_END..).filter(|_| is_purged(envelope))?;
    DateTime::from_timestamp_micros(i64::from_be_bytes(micros.try_into().ok()?))
}

/// Rest of an envelope after a purge: its commitment and the time.
pub fn cut(envelope: &[u8], purged_at: DateTime<Utc>) -> Vec<u8> {
    let head = envelope.get(..COMMITMENT_END).unwrap_or(envelope);
    [head, &purged_at.timestamp_micros().to_be_bytes()].concat()
}

/// Number of the key that an envelope was sealed with; `None` where its content was purged.
pub fn key_of(envelope: &[u8]) -> Option<u32> {
    let bytes = envelope.get(KEY_ID).filter(|_| !is_purged(envelope))?;
    bytes.try_into().ok().map(u32::from_be_bytes)
}

/// The commitment that stands in an envelope.
pub fn commitment_of(envelope: &[u8]) -> Option<&[u8]> {
    envelope.get(1..COMMITMENT_END)
}

#[cfg(test)]
mod tests {
    use super::super::keys::make;
    use super::*;

    fn owner(id: u128) -> Owner<'static> {
        Owner { kind: "people", field: "personal", id: Uuid::from_u128(id), district_code: "511802" }
    }

    fn keys(current: u32, numbers: &[u32]) -> NumberedKeys {
        let key = |number: &u32| (*number, Key::new([u8::try_from(*number).unwrap(); 32]));
        NumberedKeys { directory: "/nowhere".into(), current, all: numbers.iter().map(key).collect() }
    }

    #[test]
    fn what_is_sealed_again_has_the_new_key_and_the_same_commitment() {
        let sealer = Sealer::new(&keys(1, &[1]), &Key::default());
        let first = sealer.seal(owner(1), b"519999194803120012").unwrap();
        assert_eq!((key_of(&first), sealer.sealed_again(owner(1), &first).unwrap()), (Some(1), None));
        sealer.take_up(&keys(2, &[1, 2]), &[]);
        assert_eq!((sealer.reads(), sealer.seals_with()), (vec![1, 2], 2));
        let again = sealer.sealed_again(owner(1), &first).unwrap().unwrap();
        assert_eq!((key_of(&again), commitment_of(&again)), (Some(2), commitment_of(&first)));
        assert_eq!(sealer.open(owner(1), &again).unwrap(), sealer.open(owner(1), &first).unwrap());
        assert!(sealer.sealed_again(owner(2), &first).is_err());
        let at = DateTime::from_timestamp_micros(1_580_601_600_123_456).unwrap();
        assert_eq!((key_of(&cut(&first, at)), sealer.sealed_again(owner(1), &cut(&first, at)).unwrap()), (None, None));
        sealer.take_up(&keys(2, &[2]), &[1]);
        assert_eq!(sealer.reads(), [1, 2], "a file that is gone too early takes nothing from whoever has read it");
        sealer.take_up(&keys(2, &[2]), &[]);
        assert!(sealer.open(owner(1), &first).is_err() && sealer.open(owner(1), &again).is_ok());
    }

    #[test]
    fn a_key_that_another_process_made_this_moment_is_found() {
        let directory = std::env::temp_dir().join(format!("lianfang-ring-{}", Uuid::now_v7()));
        std::fs::create_dir_all(&directory).unwrap();
        let behind = Sealer::new(&NumberedKeys { directory: directory.clone(), ..keys(1, &[1]) }, &Key::default());
        make(&directory, "data-2").unwrap();
        let mut all = keys(2, &[1]).all;
        all.insert(2, find(&directory, "data-2").unwrap());
        let ahead = Sealer::new(&NumberedKeys { directory: directory.clone(), current: 2, all }, &Key::default());
        let envelope = ahead.seal(owner(1), b"519999194803120012").unwrap();
        assert_eq!(behind.open(owner(1), &envelope).unwrap().unwrap(), b"519999194803120012");
        assert_eq!(behind.seals_with(), 1);
        std::fs::remove_dir_all(&directory).unwrap();
        assert!(behind.open(owner(1), &envelope).is_err());
    }

    #[test]
    fn an_envelope_opens_only_where_it_belongs() {
        let sealer = Sealer::new(&keys(1, &[1]), &Key::default());
        let envelope = sealer.seal(owner(1), b"519999194803120012").unwrap();
        assert_eq!(sealer.open(owner(1), &envelope).unwrap().unwrap(), b"519999194803120012");
        assert!(sealer.open(owner(2), &envelope).is_err());
        assert_eq!(commitment_of(&envelope).unwrap(), sealer.commitment(owner(1), b"519999194803120012"));
        assert!(!envelope.windows(6).any(|window| window == b"519999"));
        for position in 33..envelope.len() {
            let mut altered = envelope.clone();
            altered[position] ^= 1;
            assert!(sealer.open(owner(1), &altered).is_err(), "{position}");
        }
        assert_eq!(sealer.open(owner(1), &envelope[..33]).unwrap(), None);
        assert!(sealer.open(owner(1), &envelope[..40]).is_err());
        let at = DateTime::from_timestamp_micros(1_580_601_600_123_456).unwrap();
        let cut = [&envelope[..33], &at.timestamp_micros().to_be_bytes()].concat();
        assert_eq!(sealer.open(owner(1), &cut).unwrap(), None);
        assert_eq!((purged_at(&cut), purged_at(&envelope), purged_at(&envelope[..33])), (Some(at), None, None));
        assert_eq!(cut, sealer.seal_purged(owner(1), b"519999194803120012", at));
    }
}
