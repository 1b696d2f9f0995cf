//! Key files: one file a key, 0600, in a directory 0700, outside the database.
//!
//! A key that the database already knows by its fingerprint is never made anew: a service that
//! starts with the wrong directory stops with one sentence instead of writing people nobody can
//! read or find again.

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

/// A key of 256 bits.
pub type Key = Zeroizing<[u8; 32]>;

/// The keys of personal data: one seals, all of them open.
#[derive(Clone)]
pub struct DataKeys {
    /// The directory they are in: one that another process made this moment is found there.
    pub directory: PathBuf,
    /// Number of the key that seals.
    pub sealing: u32,
    /// Each key by its number.
    pub all: BTreeMap<u32, Key>,
}

/// Every key of the service.
pub struct Keys {
    /// Encrypt personal fields.
    pub data: DataKeys,
    /// Derives a person's id. Permanent: rotating it would double everybody.
    pub identity: Key,
    /// Hashes what is searched by value.
    pub blind_index: Key,
    /// Commits the ledger to personal fields without telling them.
    pub commitment: Key,
    /// Signs list cursors.
    pub cursor: Key,
    /// Derives refresh tokens.
    pub refresh: Key,
    /// Signs access tokens: the seed of an Ed25519 key.
    pub token: Key,
    /// Signs release certificates: the seed of an Ed25519 key.
    pub certificate: Key,
    /// Signs webhooks of receivers that check a public key: the seed of an Ed25519 key.
    pub webhook: Key,
    /// Signs what is pushed to phones (VAPID): the secret of a P-256 key.
    pub push: Key,
}

/// Why the keys can't be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The directory or a file can't be read or made.
    #[error("the key file {path} can't be used: {source}")]
    File {
        /// File or directory concerned.
        path: PathBuf,
        /// Error of the operating system.
        source: std::io::Error,
    },
    /// A file doesn't hold 64 hexadecimal digits.
    #[error("the key file {0} doesn't hold a key (64 hexadecimal digits)")]
    Malformed(PathBuf),
    /// Others can read a file.
    #[error("the key file {0} can be read by others; run chmod 600 on it")]
    Exposed(PathBuf),
    /// The database was written with a key that isn't there.
    #[error(
        "the key `{0}` that this database was written with is missing ({1}); put the keys directory back (--keys-dir), the people in it can't be read without it"
    )]
    Missing(String, PathBuf),
    /// The database was written with other keys.
    #[error(
        "the key `{0}` in the keys directory is not the one this database was written with; put the right keys back (--keys-dir), the people in it can't be read without them"
    )]
    Mismatch(String),
}

/// The names of the key files but for those of personal data, in the order of the fields of [`Keys`].
const NAMES: [&str; 9] =
    ["identity", "blind-index-1", "commitment", "cursor", "refresh", "token-1", "certificate-1", "webhook-1", "push-1"];

impl Keys {
    /// Reads the keys of a directory; makes the directory and the keys that are missing. A key that
    /// the database `knows` by its name is not made: a new one could read nothing that was written.
    pub fn load_or_create(directory: &Path, knows: impl Fn(&str) -> bool) -> Result<Self, KeyError> {
        Self::with_data(directory, knows, &[FIRST_DATA_KEY], FIRST_DATA_KEY)
    }

    /// The same where personal data was sealed with the keys of these numbers and is sealed with that one.
    pub fn with_data(
        directory: &Path,
        knows: impl Fn(&str) -> bool,
        numbers: &[u32],
        sealing: u32,
    ) -> Result<Self, KeyError> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(directory)
            .map_err(|source| KeyError::File { path: directory.to_owned(), source })?;
        let load = |name: &str| load_or_create(directory, name, knows(name));
        let [identity, blind_index, commitment, cursor, refresh, token, certificate, webhook, push] = NAMES.map(load);
        let all = numbers.iter().map(|number| load(&data_key_name(*number)).map(|key| (*number, key)));
        Ok(Self {
            data: DataKeys { directory: directory.to_owned(), sealing, all: all.collect::<Result<_, _>>()? },
            identity: identity?,
            blind_index: blind_index?,
            commitment: commitment?,
            cursor: cursor?,
            refresh: refresh?,
            token: token?,
            certificate: certificate?,
            webhook: webhook?,
            push: push?,
        })
    }

    /// The keys that a database knows are in a directory, by their fingerprints; nothing is made there.
    pub fn require(directory: &Path, known: &BTreeMap<String, Vec<u8>>) -> Result<(), KeyError> {
        // Those of personal data first: without them nothing else is of use.
        let (of_data, others): (Vec<_>, Vec<_>) = known.iter().partition(|(name, _)| data_key_number(name).is_some());
        of_data.into_iter().chain(others).try_for_each(|(name, known)| required(directory, name, known).map(drop))
    }

    /// The fingerprint of each key that what is stored depends on: name and SHA-256 of the key under
    /// a label of its own, which tells nothing of the key.
    pub fn fingerprints(&self) -> Vec<(String, Vec<u8>)> {
        let data = self.data.all.iter().map(|(number, key)| (data_key_name(*number), key));
        let others =
            [("identity", &self.identity), ("blind-index-1", &self.blind_index), ("commitment", &self.commitment)];
        data.chain(others.into_iter().map(|(name, key)| (name.to_owned(), key)))
            .map(|(name, key)| (name.clone(), fingerprint(&name, &**key)))
            .collect()
    }
}

/// Number of the first key of personal data.
pub const FIRST_DATA_KEY: u32 = 1;

/// The name of a key of personal data.
pub fn data_key_name(number: u32) -> String {
    format!("data-{number}")
}

/// The number of the key of personal data that has a name.
pub fn data_key_number(name: &str) -> Option<u32> {
    let number = name.strip_prefix("data-")?.parse().ok()?;
    (data_key_name(number) == name).then_some(number)
}

/// The key of a name in a directory, which has this fingerprint.
pub fn required(directory: &Path, name: &str, known: &[u8]) -> Result<Key, KeyError> {
    let path = directory.join(format!("{name}.key"));
    if !path.exists() {
        return Err(KeyError::Missing(name.to_owned(), path));
    }
    let key = read(&path)?;
    if fingerprint(name, &*key) == known { Ok(key) } else { Err(KeyError::Mismatch(name.to_owned())) }
}

impl DataKeys {
    /// A key that is in the directory, whoever made it.
    pub fn find(directory: &Path, number: u32) -> Result<Key, KeyError> {
        read(&directory.join(format!("{}.key", data_key_name(number))))
    }

    /// Makes the key of a number where there is none yet; its fingerprint. The file is whole and on the disk, or not there.
    pub fn make(directory: &Path, number: u32) -> Result<Vec<u8>, KeyError> {
        let name = data_key_name(number);
        load_or_create(directory, &name, false).map(|key| fingerprint(&name, &*key))
    }

    /// Removes the key of a number; whether there was one.
    pub fn remove(directory: &Path, number: u32) -> Result<bool, KeyError> {
        let path = directory.join(format!("{}.key", data_key_name(number)));
        let removed = match fs::remove_file(&path) {
            Ok(()) => fs::File::open(directory).and_then(|directory| directory.sync_all()).map(|()| true),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        };
        removed.map_err(|source| KeyError::File { path, source })
    }
}

fn fingerprint(name: &str, key: &[u8]) -> Vec<u8> {
    Sha256::new().chain_update(b"lianfang key fingerprint").chain_update(name).chain_update(key).finalize().to_vec()
}

/// HMAC-SHA-256 over parts, each preceded by its length so that no two lists of parts meet.
pub fn keyed_hash(key: &Key, parts: &[&[u8]]) -> [u8; 32] {
    // The block of SHA-256 is 64 bytes; a key of 32 is padded with zeros (RFC 2104).
    let mut block = [0; 64];
    block.iter_mut().zip(key.iter()).for_each(|(byte, of_key)| *byte = *of_key);
    let mut mac = Hmac::<Sha256>::new(&block.into());
    for part in parts {
        mac.update(&(part.len() as u64).to_be_bytes());
        mac.update(part);
    }
    mac.finalize().into_bytes().into()
}

fn load_or_create(directory: &Path, name: &str, known: bool) -> Result<Key, KeyError> {
    let path = directory.join(format!("{name}.key"));
    let fault = |source| KeyError::File { path: path.clone(), source };
    if known && !path.exists() {
        return Err(KeyError::Missing(name.to_owned(), path));
    }
    match create(directory, &path) {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        Err(error) => return Err(fault(error)),
    }
    read(&path)
}

/// Reads a key; a fault where others may read it too.
fn read(path: &Path) -> Result<Key, KeyError> {
    let fault = |source| KeyError::File { path: path.to_owned(), source };
    let mode = fs::metadata(path).map_err(fault)?.permissions().mode();
    if mode & 0o077 != 0 {
        return Err(KeyError::Exposed(path.to_owned()));
    }
    let text = Zeroizing::new(fs::read_to_string(path).map_err(fault)?);
    let mut key = Key::default();
    hex::decode_to_slice(text.trim(), key.as_mut()).map_err(|_| KeyError::Malformed(path.to_owned()))?;
    Ok(key)
}

/// Writes a new key beside its place and links it there, so that a file by its name is always
/// whole and on disk, and the first of two processes wins.
fn create(directory: &Path, path: &Path) -> std::io::Result<()> {
    if path.exists() {
        return Err(ErrorKind::AlreadyExists.into());
    }
    let key: Key = Zeroizing::new(rand::random());
    let temporary = path.with_extension(format!("new-{}", kit::ids::new_id().simple()));
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&temporary)?;
    file.write_all(Zeroizing::new(hex::encode(*key)).as_bytes())?;
    file.write_all(b"\n")?;
    file.sync_all()?;
    let linked = fs::hard_link(&temporary, path);
    fs::remove_file(&temporary)?;
    fs::File::open(directory)?.sync_all()?;
    linked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_stay_and_are_private() {
        let directory = std::env::temp_dir().join(format!("lianfang-keys-{}", uuid::Uuid::now_v7()));
        let first = Keys::load_or_create(&directory, |_| false).unwrap().fingerprints();
        assert_eq!(Keys::load_or_create(&directory, |_| false).unwrap().fingerprints(), first);
        let path = directory.join("identity.key");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(Keys::load_or_create(&directory, |_| false), Err(KeyError::Exposed(_))));
        fs::remove_file(&path).unwrap();
        assert!(matches!(
            Keys::load_or_create(&directory, |name| name == "identity"),
            Err(KeyError::Missing(name, _)) if name == "identity"
        ));
        assert!(!path.exists(), "no key is made in the place of a lost one");
        fs::remove_dir_all(&directory).unwrap();
    }

    #[test]
    fn keys_of_personal_data_have_numbers() {
        let directory = std::env::temp_dir().join(format!("lianfang-data-keys-{}", uuid::Uuid::now_v7()));
        let first = Keys::load_or_create(&directory, |_| false).unwrap();
        let made = DataKeys::make(&directory, 2).unwrap();
        assert_eq!(DataKeys::make(&directory, 2).unwrap(), made, "one that is there stays");
        let both = Keys::with_data(&directory, |_| true, &[1, 2], 2).unwrap();
        assert_eq!((both.data.sealing, both.data.all.len()), (2, 2));
        assert_eq!(both.data.all[&1], first.data.all[&1]);
        assert!(both.fingerprints().contains(&("data-2".to_owned(), made.clone())));
        assert!(required(&directory, "data-2", &made).is_ok());
        assert!(matches!(required(&directory, "data-2", b"another"), Err(KeyError::Mismatch(_))));
        assert!(DataKeys::remove(&directory, 1).unwrap() && !DataKeys::remove(&directory, 1).unwrap());
        assert!(Keys::with_data(&directory, |_| true, &[2], 2).is_ok(), "the first one isn't made anew");
        assert!(!directory.join("data-1.key").exists());
        for (name, number) in [("data-1", Some(1)), ("data-17", Some(17)), ("data-01", None), ("identity", None)] {
            assert_eq!(data_key_number(name), number, "{name}");
        }
        fs::remove_dir_all(&directory).unwrap();
    }
}
