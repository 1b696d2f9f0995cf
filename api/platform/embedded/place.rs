//! Where everything is: the data directory, the cluster, the socket.

use std::fs::{self, DirBuilder, Permissions};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use nix::unistd::Uid;

use super::account::Account;
use super::error::EmbeddedError;

/// The kernel's limit for the path of a socket, without the closing NUL.
const LONGEST_SOCKET: usize = 107;

/// Name that the server gives its socket; the port is only part of that name.
pub(super) const SOCKET: &str = ".s.PGSQL.5432";

/// Where root keeps the cluster of a data directory that nobody else may enter.
const ASIDE: &str = "/var/lib/lianfang";

/// The directories of one database.
#[derive(Clone, Debug)]
pub(super) struct Place {
    /// The service's data directory, without symbolic links.
    pub(super) data_dir: PathBuf,
    /// Directory that holds cluster and socket: the data directory, or one aside.
    pub(super) home: PathBuf,
    /// PostgreSQL's data directory.
    pub(super) cluster: PathBuf,
}

impl Place {
    /// Decides where the cluster of the (prepared) data directory is or shall be.
    pub(super) async fn decide(data_dir: &Path, account: &Account) -> Result<Self, EmbeddedError> {
        let entry = data_dir.join("postgres");
        let home = match fs::symlink_metadata(&entry) {
            Ok(metadata) if metadata.is_symlink() => {
                let target = fs::canonicalize(&entry).map_err(|error| match error.kind() {
                    io::ErrorKind::NotFound => EmbeddedError::Dangling { link: entry.clone() },
                    _ => EmbeddedError::io("follow", &entry)(error),
                })?;
                let home = target.parent().unwrap_or(&target).to_owned();
                return Ok(Self { data_dir: data_dir.to_owned(), home, cluster: target });
            }
            Ok(_) if account.can_enter(data_dir).await? => data_dir.to_owned(),
            Ok(_) => {
                return Err(EmbeddedError::Unreachable { directory: data_dir.to_owned(), uid: account.uid });
            }
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(EmbeddedError::io("read", &entry)(error));
            }
            Err(_) if account.can_enter(data_dir).await? => data_dir.to_owned(),
            Err(_) => prepare(&Path::new(ASIDE).join(fingerprint(data_dir)))?,
        };
        Ok(Self { data_dir: data_dir.to_owned(), cluster: home.join("postgres"), home })
    }

    /// Makes a cluster aside findable from the data directory. Done when the cluster exists, so that
    /// a link that leads nowhere always means that something was taken away.
    pub(super) fn link(&self) -> Result<(), EmbeddedError> {
        let entry = self.data_dir.join("postgres");
        if fs::symlink_metadata(&entry).is_ok() {
            return Ok(());
        }
        symlink(&self.cluster, &entry).map_err(EmbeddedError::io("create", &entry))?;
        tracing::info!(
            "The user that runs PostgreSQL cannot enter {}, so the database is in {} and {} points to it.",
            self.data_dir.display(),
            self.cluster.display(),
            entry.display()
        );
        Ok(())
    }

    /// The server's log.
    pub(super) fn log(&self) -> PathBuf {
        self.data_dir.join("postgres.log")
    }

    /// The private directory for the socket, created if it is missing.
    pub(super) fn socket_directory(&self, account: &Account) -> Result<PathBuf, EmbeddedError> {
        let near = self.home.join("socket");
        if fits(&near) {
            return private_directory(near, account);
        }
        let name = format!("lianfang-{}", fingerprint(&self.home));
        if Uid::effective().is_root()
            && let Ok(directory) = private_directory(Path::new("/run").join(&name), account)
        {
            return Ok(directory);
        }
        private_directory(Path::new("/tmp").join(&name), account)
    }
}

/// Creates the directory with its parents if it is missing, and returns it without symbolic links.
///
/// Directories that root creates may be entered, but not listed, by others: the user that runs the server must
/// get through to its own part of them.
pub(super) fn prepare(directory: &Path) -> Result<PathBuf, EmbeddedError> {
    let directory = std::path::absolute(directory).map_err(EmbeddedError::io("find", directory))?;
    let missing: Vec<&Path> = directory.ancestors().take_while(|path| !path.exists()).collect();
    let mode = if Uid::effective().is_root() { 0o711 } else { 0o700 };
    for path in missing.into_iter().rev() {
        match fs::create_dir(path) {
            // Set again, because the process's umask may have taken the right to enter away.
            Ok(()) => fs::set_permissions(path, Permissions::from_mode(mode)),
            // Two processes may start at the same moment.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            Err(error) => Err(error),
        }
        .map_err(EmbeddedError::io("create", path))?;
    }
    fs::canonicalize(&directory).map_err(EmbeddedError::io("find", &directory))
}

fn fits(directory: &Path) -> bool {
    directory.join(SOCKET).as_os_str().len() <= LONGEST_SOCKET
}

/// Creates a directory for the server's user only, or makes sure that an existing one is. In `/tmp`
/// anybody may have made it beforehand; root's own is safe to give away, since nobody can replace it.
fn private_directory(directory: PathBuf, account: &Account) -> Result<PathBuf, EmbeddedError> {
    match DirBuilder::new().mode(0o700).create(&directory) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        Err(error) => return Err(EmbeddedError::io("create", &directory)(error)),
    }
    let metadata = fs::symlink_metadata(&directory).map_err(EmbeddedError::io("read", &directory))?;
    let ours = metadata.uid() == account.uid || metadata.uid() == Uid::effective().as_raw();
    if !metadata.is_dir() || !ours || metadata.mode() & 0o077 != 0 {
        return Err(EmbeddedError::UnsafeSocketDirectory { directory });
    }
    account.give(&directory)?;
    Ok(directory)
}

/// A short name that stays the same for the same path: FNV-1a. The standard library's hasher
/// promises no stability, and this one need not withstand anybody, since ownership is checked.
fn fingerprint(path: &Path) -> String {
    let hash =
        path.as_os_str().as_bytes().iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
    format!("{hash:016x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fingerprints_are_stable_and_differ() {
        assert_eq!(fingerprint(Path::new("")), "cbf29ce484222325");
        assert_eq!(fingerprint(Path::new("a")), "af63dc4c8601ec8c");
        assert_ne!(fingerprint(Path::new("/a")), fingerprint(Path::new("/b")));
    }

    #[test]
    fn the_longest_socket_path_fits_and_one_more_does_not() {
        let room = LONGEST_SOCKET - SOCKET.len() - 2;
        assert!(fits(Path::new(&format!("/{}", "x".repeat(room)))));
        assert!(!fits(Path::new(&format!("/{}", "x".repeat(room + 1)))));
    }
}
