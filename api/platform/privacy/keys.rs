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

use super::blind::BlindIndexes;
use super::numbered::{NumberedKeys, Numbers, Purpose};

/// A key of 256 bits.
pub type Key = Zeroizing<[u8; 32]>;

/// Every key of the service.
pub struct Keys {
    /// Encrypt personal fields.
    pub data: NumberedKeys,
    /// Derives a person's id. Permanent: rotating it would double everybody.
    pub identity: Key,
    /// Hash what is searched by value.
    pub blind_indexes: BlindIndexes,
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

/// The names of the key files but for those that follow each other, in the order of the fields of [`Keys`].
const NAMES: [&str; 8] =
    ["identity", "commitment", "cursor", "refresh", "token-1", "certificate-1", "webhook-1", "push-1"];

impl Keys {
    /// Reads the keys of a directory; makes the directory and the keys that are missing. A key that
    /// the database `knows` by its name is not made: a new one could read nothing that was written.
    pub fn load_or_create(directory: &Path, knows: impl Fn(&str) -> bool) -> Result<Self, KeyError> {
        Self::with_numbers(directory, knows, |_| Numbers::first())
    }

    /// The same where there are keys of these numbers.
    pub fn with_numbers(
        directory: &Path,
        knows: impl Fn(&str) -> bool,
        numbers: impl Fn(Purpose) -> Numbers,
    ) -> Result<Self, KeyError> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(directory)
            .map_err(|source| KeyError::File { path: directory.to_owned(), source })?;
        let load = |name: &str| load_or_create(directory, name, knows(name));
        let [identity, commitment, cursor, refresh, token, certificate, webhook, push] = NAMES.map(load);
        let numbered = |purpose: Purpose| -> Result<NumberedKeys, KeyError> {
            let Numbers { all, current } = numbers(purpose);
            let all = all.into_iter().map(|number| load(&purpose.name(number)).map(|key| (number, key)));
            Ok(NumberedKeys { directory: directory.to_owned(), current, all: all.collect::<Result<_, _>>()? })
        };
        Ok(Self {
            data: numbered(Purpose::Data)?,
            blind_indexes: BlindIndexes::new(&numbered(Purpose::BlindIndex)?),
            identity: identity?,
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
        let is_of_data = |name: &str| Purpose::of(name).is_some_and(|(purpose, _)| purpose == Purpose::Data);
        let (of_data, others): (Vec<_>, Vec<_>) = known.iter().partition(|(name, _)| is_of_data(name));
        of_data.into_iter().chain(others).try_for_each(|(name, known)| required(directory, name, known).map(drop))
    }

    /// The fingerprint of each key that what is stored depends on: name and SHA-256 of the key under
    /// a label of its own, which tells nothing of the key.
    pub fn fingerprints(&self) -> Vec<(String, Vec<u8>)> {
        let told = |name: String, key: &Key| (name.clone(), fingerprint(&name, &**key));
        let data = self.data.all.iter().map(|(number, key)| told(Purpose::Data.name(*number), key));
        let indexes = self.blind_indexes.reading();
        let indexes = indexes.iter().map(|one| told(Purpose::BlindIndex.name(one.number()), one.key()));
        let others = [("identity", &self.identity), ("commitment", &self.commitment)];
        let others = others.into_iter().map(|(name, key)| told(name.to_owned(), key));
        data.chain(indexes).chain(others).collect()
    }
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

/// A key that is in a directory, whoever made it.
pub fn find(directory: &Path, name: &str) -> Result<Key, KeyError> {
    read(&directory.join(format!("{name}.key")))
}

/// Makes the key of a name where there is none yet; its fingerprint. The file is whole and on the disk, or not there.
pub fn make(directory: &Path, name: &str) -> Result<Vec<u8>, KeyError> {
    load_or_create(directory, name, false).map(|key| fingerprint(name, &*key))
}

/// Removes the key of a name; whether there was one.
pub fn remove(directory: &Path, name: &str) -> Result<bool, KeyError> {
    let path = directory.join(format!("{name}.key"));
    let removed = match fs::remove_file(&path) {
        Ok(()) => fs::File::open(directory).and_then(|directory| directory.sync_all()).map(|()| true),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    };
    removed.map_err(|source| KeyError::File { path, source })
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
    fn keys_that_follow_each_other_have_numbers() {
        let directory = std::env::temp_dir().join(format!("lianfang-numbered-keys-{}", uuid::Uuid::now_v7()));
        let first = Keys::load_or_create(&directory, |_| false).unwrap();
        let made = make(&directory, "data-2").unwrap();
        assert_eq!(make(&directory, "data-2").unwrap(), made, "one that is there stays");
        let second = |purpose| match purpose {
            Purpose::Data => Numbers { all: vec![1, 2], current: 2 },
            Purpose::BlindIndex => Numbers::first(),
        };
        let both = Keys::with_numbers(&directory, |_| true, second).unwrap();
        assert_eq!((both.data.current, both.data.all.len()), (2, 2));
        assert_eq!(both.data.all[&1], first.data.all[&1]);
        assert!(both.fingerprints().contains(&("data-2".to_owned(), made.clone())));
        assert!(required(&directory, "data-2", &made).is_ok());
        assert!(matches!(required(&directory, "data-2", b"another"), Err(KeyError::Mismatch(_))));
        make(&directory, "blind-index-2").unwrap();
        for name in ["data-1", "blind-index-1"] {
            assert!(remove(&directory, name).unwrap() && !remove(&directory, name).unwrap());
        }
        let only_the_second = |_| Numbers { all: vec![2], current: 2 };
        let without = Keys::with_numbers(&directory, |_| true, only_the_second).unwrap();
        assert_eq!(without.blind_indexes.reads(), [2], "the first ones aren't made anew");
        assert!(!directory.join("data-1.key").exists() && !directory.join("blind-index-1.key").exists());
        let (data, index) = (Purpose::Data, Purpose::BlindIndex);
        for (name, known) in [
            ("data-1", Some((data, 1))),
            ("data-17", Some((data, 17))),
            ("blind-index-2", Some((index, 2))),
            ("data-01", None),
            ("token-1", None),
            ("identity", None),
        ] {
            assert_eq!(Purpose::of(name), known, "{name}");
        }
        fs::remove_dir_all(&directory).unwrap();
    }
}
