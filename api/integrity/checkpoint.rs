//! How far ledgers were proved, so that a verification that was broken off goes on there.
//!
//! It says: up to this number the chain, every row's digest and the index of changes held when it was written, and the
//! chain's head was this. A resumed run requires that the ledger still has that head there, walks on from it, and does
//! wholly what spans numbers: figures, different people, rows without a line, what themes keep. What was altered below the
//! number after the checkpoint was written only a run from the beginning finds. Signed with the service's key: nobody
//! says "proved up to here" by hand.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::entries::{Clock, entry_of};
use super::reader::Reader;
use super::{Finding, VerifyError};
use crate::platform::privacy::keys::{Keys, keyed_hash};

/// Label under which checkpoints are signed: the key has other uses.
const LABEL: &[u8] = b"ledgers proved up to here";

/// How far a district was proved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reached {
    /// The last number.
    pub last_no: i64,
    /// The chain's head there.
    #[serde(with = "hexadecimal")]
    pub head: Vec<u8>,
    /// Entries so far.
    pub entries: u64,
    /// Revisions so far.
    pub revisions: u64,
    /// Of those, how many have something in the clear which is sealed now.
    pub in_the_clear: u64,
}

impl Reached {
    /// The beginning of a district's chain.
    pub fn nothing(district_code: &str) -> Self {
        Self { last_no: 0, head: Sha256::digest(district_code).to_vec(), entries: 0, revisions: 0, in_the_clear: 0 }
    }
}

/// How far each district was proved.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    /// By district.
    pub districts: BTreeMap<String, Reached>,
}

#[derive(Serialize, Deserialize)]
struct Signed {
    proved: Checkpoint,
    mac: String,
}

impl Checkpoint {
    /// The checkpoint as a file has it.
    pub fn signed(&self, keys: &Keys) -> Option<String> {
        let mac = hex::encode(self.mac(keys)?);
        serde_json::to_string(&Signed { proved: self.clone(), mac }).ok()
    }

    /// Reads one; `None` where it isn't one that this service wrote.
    pub fn read(text: &str, keys: &Keys) -> Option<Self> {
        let signed: Signed = serde_json::from_str(text).ok()?;
        let mac = hex::decode(&signed.mac).ok()?;
        bool::from(mac.as_slice().ct_eq(&signed.proved.mac(keys)?)).then_some(signed.proved)
    }

    fn mac(&self, keys: &Keys) -> Option<[u8; 32]> {
        Some(keyed_hash(&keys.commitment, &[LABEL, serde_json::to_string(self).ok()?.as_bytes()]))
    }

    /// Where a district's walk begins: the ledger must still have there the head that was proved.
    pub(super) async fn start(&self, reader: &mut Reader, clock: &Clock) -> Result<Reached, VerifyError> {
        let Some(reached) = self.districts.get(&clock.district_code).filter(|reached| reached.last_no > 0) else {
            return Ok(Reached::nothing(&clock.district_code));
        };
        let entry = entry_of(reader, clock, reached.last_no).await?;
        let still = entry
            .is_some_and(|entry| entry.first_no + entry.count - 1 == reached.last_no && entry.head == reached.head);
        match still && reached.last_no <= clock.last_no {
            true => Ok(reached.clone()),
            false => Err(finding(clock.district_code.clone(), reached, "the checkpoint proved another chain")),
        }
    }

    /// A district that was proved and has no clock any more.
    pub(super) fn require_known(&self, clocks: &[Clock]) -> Result<(), VerifyError> {
        let is_known = |code: &str| clocks.iter().any(|clock| clock.district_code == code);
        match self.districts.iter().find(|(code, reached)| reached.last_no > 0 && !is_known(code)) {
            Some((code, reached)) => Err(finding(code.clone(), reached, "its district has no clock")),
            None => Ok(()),
        }
    }
}

fn finding(district_code: String, reached: &Reached, what: &'static str) -> VerifyError {
    VerifyError::Finding(Finding::Entry(district_code, reached.last_no, what))
}

mod hexadecimal {
    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&hex::encode(bytes))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        hex::decode(String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_writes_a_checkpoint_by_hand() {
        let directory = tempfile::tempdir().unwrap();
        let keys = Keys::load_or_create(directory.path(), |_| false).unwrap();
        let mut checkpoint = Checkpoint::default();
        checkpoint.districts.insert("511802".into(), Reached { last_no: 7, ..Reached::nothing("511802") });
        let text = checkpoint.signed(&keys).unwrap();
        assert_eq!(Checkpoint::read(&text, &keys), Some(checkpoint));
        assert_eq!(Checkpoint::read(&text.replace("\"last_no\":7", "\"last_no\":8"), &keys), None);
        assert_eq!(Checkpoint::read("{}", &keys), None);
        let other = tempfile::tempdir().unwrap();
        assert_eq!(Checkpoint::read(&text, &Keys::load_or_create(other.path(), |_| false).unwrap()), None);
    }
}
