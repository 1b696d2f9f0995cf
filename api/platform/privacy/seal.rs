//! The envelope in which a record's personal fields are kept.
//!
//! `version (1) | commitment (32) | algorithm (1) | key id (4) | nonce (12) | ciphertext and tag`.
//! AES-256-GCM-SIV (RFC 8452): a repeated nonce would tell only that two plaintexts are equal.
//! Associated data is kind, field, record id and district, so an envelope moved to another row
//! doesn't open. The commitment (HMAC over the plaintext) stands in the clear: the ledger's digest
//! covers it instead of the ciphertext, so re-encryption leaves the chain whole, and a purge cuts
//! the envelope after it: `version (1) | commitment (32) | when it was purged (8, microseconds)`.

use aes_gcm_siv::aead::{Aead, KeyInit, Payload};
use aes_gcm_siv::{Aes256GcmSiv, Nonce};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::keys::{Key, keyed_hash};

const VERSION: u8 = 1;
const ALGORITHM_AES_256_GCM_SIV: u8 = 1;
const KEY_ID: u32 = 1;
/// Length in bytes of what a purge leaves of an envelope: version and commitment.
pub const COMMITMENT_END: usize = 33;
/// Length in bytes of an envelope whose content was purged: what is left of it, and when.
pub const PURGED_BYTES: usize = COMMITMENT_END + 8;
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

/// Seals and opens envelopes.
pub struct Sealer {
    cipher: Aes256GcmSiv,
    commitment: Key,
}

impl Sealer {
    /// A sealer with a data key and a commitment key.
    pub fn new(data: &Key, commitment: &Key) -> Self {
        Self { cipher: Aes256GcmSiv::new(&(**data).into()), commitment: commitment.clone() }
    }

    /// Seals a plaintext for its owner.
    pub fn seal(&self, owner: Owner<'_>, plaintext: &[u8]) -> Result<Vec<u8>, SealError> {
        let nonce: [u8; 12] = rand::random();
        let data = owner.associated_data();
        let sealed = self
            .cipher
            .encrypt(&Nonce::from(nonce), Payload { msg: plaintext, aad: &data })
            .map_err(|_| SealError("personal data"))?;
        let mut envelope = Vec::with_capacity(HEAD_END + sealed.len());
        envelope.push(VERSION);
        envelope.extend_from_slice(&self.commitment(owner, plaintext));
        envelope.push(ALGORITHM_AES_256_GCM_SIV);
        envelope.extend_from_slice(&KEY_ID.to_be_bytes());
        envelope.extend_from_slice(&nonce);
        envelope.extend_from_slice(&sealed);
        Ok(envelope)
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
        self.cipher.decrypt(&Nonce::from(nonce), payload).map(Some).map_err(|_| fault)
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

/// What a purge leaves of an envelope.
pub fn cut(envelope: &[u8], purged_at: DateTime<Utc>) -> Vec<u8> {
    let head = envelope.get(..COMMITMENT_END).unwrap_or(envelope);
    [head, &purged_at.timestamp_micros().to_be_bytes()].concat()
}

/// The commitment that stands in an envelope.
pub fn commitment_of(envelope: &[u8]) -> Option<&[u8]> {
    envelope.get(1..COMMITMENT_END)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owner(id: u128) -> Owner<'static> {
        Owner { kind: "people", field: "personal", id: Uuid::from_u128(id), district_code: "511802" }
    }

    #[test]
    fn an_envelope_opens_only_where_it_belongs() {
        let sealer = Sealer::new(&Key::default(), &Key::default());
        let envelope = sealer.seal(owner(1), b"519999194803120012").unwrap();
        assert_eq!(sealer.open(owner(1), &envelope).unwrap().unwrap(), b"519999194803120012");
        assert!(sealer.open(owner(2), &envelope).is_err());
        assert_eq!(commitment_of(&envelope).unwrap(), sealer.commitment(owner(1), b"519999194803120012"));
        assert!(!envelope.windows(6).any(|window| window == b"519999"));
        for position in 33..envelope.len() {
            let mut altered = envelope.clone();
            altered[position] ^= 1;
            let result = sealer.open(owner(1), &altered);
            // The key id is a name, not part of what is authenticated by the cipher.
            assert!(result.is_err() || (34..38).contains(&position), "{position}");
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
