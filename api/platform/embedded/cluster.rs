//! Making a cluster and its password.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::Durability;
use super::account::Account;
use super::binaries::Binaries;
use super::connection::NAME;
use super::error::EmbeddedError;
use super::log;
use super::place::Place;

/// `initdb` takes about a second; more than this means that it hangs.
const PATIENCE: Duration = Duration::from_secs(120);

/// Unfinished clusters are named like this, with something random behind.
const UNFINISHED: &str = "postgres.initializing-";

/// Whether there is a complete cluster. It is renamed into place when it is, so its version file says.
pub(super) fn exists(place: &Place) -> bool {
    place.cluster.join("PG_VERSION").exists()
}

/// The password file: beside the cluster, not in it, and for this process's user only.
pub(super) fn password_file(place: &Place) -> PathBuf {
    place.data_dir.join("postgres.password")
}

/// Reads the password, or makes one up if neither it nor the cluster exists yet.
pub(super) fn password(place: &Place) -> Result<String, EmbeddedError> {
    let file = password_file(place);
    let text = match fs::read_to_string(&file) {
        Ok(text) => text.trim().to_owned(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(EmbeddedError::io("read", &file)(error)),
    };
    if !text.is_empty() {
        return Ok(text);
    }
    if exists(place) {
        return Err(EmbeddedError::PasswordMissing { directory: place.cluster.clone(), file });
    }
    let password = hexadecimal(rand::random::<[u8; 32]>());
    // Written aside and renamed, so that a kill or a full disk leaves no half password.
    let unfinished = place.data_dir.join("postgres.password.new");
    write_secret(&unfinished, &password)?;
    fs::rename(&unfinished, &file).map_err(EmbeddedError::io("create", &file))?;
    synchronize(&place.data_dir)?;
    Ok(password)
}

/// Creates the cluster. It is made beside its place and renamed when complete, so that a kill in the
/// middle leaves nothing that looks like a cluster.
pub(super) async fn create(
    place: &Place,
    account: &Account,
    binaries: &Binaries,
    password: &str,
    durability: Durability,
) -> Result<(), EmbeddedError> {
    remove_unfinished(&place.home);
    let unfinished = place.home.join(format!("{UNFINISHED}{}", hexadecimal(rand::random::<[u8; 4]>())));
    DirBuilder::new().mode(0o700).create(&unfinished).map_err(EmbeddedError::io("create", &unfinished))?;
    account.give(&unfinished)?;
    let made = make(place, &unfinished, account, binaries, password, durability)
        .await
        .and_then(|cluster| fs::rename(cluster, &place.cluster).map_err(EmbeddedError::io("create", &place.cluster)));
    remove_unfinished(&place.home);
    made?;
    synchronize(&place.home)
}

async fn make(
    place: &Place,
    directory: &Path,
    account: &Account,
    binaries: &Binaries,
    password: &str,
    durability: Durability,
) -> Result<PathBuf, EmbeddedError> {
    let cluster = directory.join("cluster");
    // initdb reads it as the server's user, who may not read ours; not even through a pipe.
    let password_file = directory.join("password");
    write_secret(&password_file, password)?;
    account.give(&password_file)?;
    let program = binaries.initdb();
    let mut command = account.command(&program);
    command.arg("-D").arg(&cluster).arg("--pwfile").arg(&password_file).args(["-U", NAME]);
    command.args(["--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--data-checksums"]);
    if durability == Durability::Relaxed {
        command.arg("--no-sync");
    }
    let failed = |output: String| EmbeddedError::Initialization { directory: place.cluster.clone(), output };
    let run = command.stdin(std::process::Stdio::null()).kill_on_drop(true).output();
    let output = tokio::time::timeout(PATIENCE, run)
        .await
        .map_err(|_| failed(format!("it was not done within {} seconds", PATIENCE.as_secs())))?
        .map_err(|source| EmbeddedError::Spawn { program, source })?;
    if output.status.success() {
        return Ok(cluster);
    }
    Err(failed(log::last_lines(&String::from_utf8_lossy(&output.stderr))))
}

/// Removes what killed starts have left. An `initdb` orphaned by a kill may still be writing there;
/// what cannot be removed now can be at a later start.
fn remove_unfinished(home: &Path) {
    for entry in fs::read_dir(home).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with(UNFINISHED)
            && let Err(error) = fs::remove_dir_all(entry.path())
        {
            tracing::warn!(%error, "Could not remove the unfinished database {}.", entry.path().display());
        }
    }
}

fn hexadecimal<const LENGTH: usize>(bytes: [u8; LENGTH]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn write_secret(path: &Path, secret: &str) -> Result<(), EmbeddedError> {
    let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path);
    let mut file = file.map_err(EmbeddedError::io("create", path))?;
    writeln!(file, "{secret}").and_then(|()| file.sync_all()).map_err(EmbeddedError::io("write", path))
}

/// Makes a rename in this directory survive a power failure.
fn synchronize(directory: &Path) -> Result<(), EmbeddedError> {
    File::open(directory).and_then(|file| file.sync_all()).map_err(EmbeddedError::io("write", directory))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_bytes_become_two_digits_each() {
        assert_eq!(hexadecimal([0, 10, 255]), "000aff");
    }
}
