//! The user that runs the server: this process's own, or somebody in root's stead.

use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt, lchown};
use std::path::Path;

use nix::unistd::{Gid, Uid, User};
use tokio::process::Command;

use super::error::EmbeddedError;

/// Users that stand in for root, best first.
const STAND_INS: [&str; 2] = ["postgres", "nobody"];

/// The user that runs the server and owns its files.
#[derive(Clone, Copy, Debug)]
pub(super) struct Account {
    pub(super) uid: u32,
    gid: u32,
    /// Whether this process is root and must become that user first.
    switch: bool,
}

impl Account {
    /// Chooses the user for the cluster at `cluster`: the owner of an existing one, otherwise this
    /// process's user, or a stand-in if that is root.
    pub(super) fn choose(cluster: &Path) -> Result<Self, EmbeddedError> {
        let directory = || cluster.to_owned();
        // The version file, not the directory: an empty directory (a mount point, say) is no cluster.
        let version = cluster.join("PG_VERSION");
        let owner = match fs::metadata(&version) {
            Ok(metadata) => Some((metadata.uid(), metadata.gid())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                let owner = fs::metadata(cluster).ok().map(|metadata| metadata.uid());
                return Err(EmbeddedError::ForeignCluster { directory: directory(), owner });
            }
            Err(error) => return Err(EmbeddedError::io("read", &version)(error)),
        };
        let me = Uid::effective();
        match owner {
            Some((uid, _)) if !me.is_root() && uid != me.as_raw() => {
                Err(EmbeddedError::ForeignCluster { directory: directory(), owner: Some(uid) })
            }
            _ if !me.is_root() => Ok(Self { uid: me.as_raw(), gid: Gid::effective().as_raw(), switch: false }),
            Some((0, _)) => Err(EmbeddedError::ClusterOfRoot { directory: directory() }),
            Some((uid, gid)) => Ok(Self { uid, gid, switch: true }),
            None => Self::stand_in(),
        }
    }

    fn stand_in() -> Result<Self, EmbeddedError> {
        STAND_INS
            .iter()
            .find_map(|name| User::from_name(name).ok().flatten())
            .map(|user| Self { uid: user.uid.as_raw(), gid: user.gid.as_raw(), switch: true })
            .ok_or(EmbeddedError::NobodyToRunIt)
    }

    /// A command that will run as this user, in `/`, with an environment of its own.
    ///
    /// The standard library drops root's supplementary groups when it changes the user, and the
    /// user's own are not added: only its files are needed. The environment is cleared because the
    /// service's may hold secrets, and `PG*` variables in it would change what the server does.
    pub(super) fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.env_clear().envs([("PATH", "/usr/bin:/bin"), ("LC_ALL", "C"), ("TZ", "UTC")]).current_dir("/");
        if let Some(libraries) = std::env::var_os("LD_LIBRARY_PATH") {
            command.env("LD_LIBRARY_PATH", libraries);
        }
        if self.switch {
            command.uid(self.uid).gid(self.gid);
        }
        command
    }

    /// Gives a file or directory to this user. A symbolic link is not followed.
    pub(super) fn give(&self, path: &Path) -> Result<(), EmbeddedError> {
        if !self.switch {
            return Ok(());
        }
        lchown(path, Some(self.uid), Some(self.gid)).map_err(EmbeddedError::io("change the owner of", path))
    }

    /// Whether this user can enter `directory`. The kernel is asked, in that user's name, because
    /// mode bits alone say nothing about access lists, mount options and security modules.
    pub(super) async fn can_enter(&self, directory: &Path) -> Result<bool, EmbeddedError> {
        if !self.switch {
            return Ok(true);
        }
        let shell = Path::new("/bin/sh");
        match self.command(shell).args(["-c", ":"]).current_dir(directory).status().await {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Ok(false),
            Err(source) => Err(EmbeddedError::Spawn { program: shell.to_owned(), source }),
        }
    }
}
