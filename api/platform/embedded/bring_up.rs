//! Bringing the server up, whatever state the last one was left in.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use super::Durability;
use super::account::Account;
use super::binaries::Binaries;
use super::connection::Address;
use super::error::EmbeddedError;
use super::place::{Place, SOCKET};
use super::postmaster::Postmaster;

/// How long the processes of a killed postmaster may take to vanish.
const LEFTOVERS: Duration = Duration::from_secs(10);

const PAUSE: Duration = Duration::from_millis(20);

/// Ends the server processes that work in the directory `$1`; all have it as working directory. A
/// script, because it must run as the server's user: root without `CAP_SYS_PTRACE`, as in most
/// containers, may not see the working directory of another user's processes.
const END_ORPHANS: &str = r#"
for process in /proc/[0-9]*; do
    if [ "$process/cwd" -ef "$1" ] && read -r name <"$process/comm" && [ "$name" = postgres ]; then
        kill -QUIT "${process#/proc/}"
    fi
done
"#;

/// Brings the server of an existing cluster up: adopts a living one, starts one otherwise. To be
/// called by whoever has the turn.
pub(super) async fn bring_up(
    place: &Place,
    account: &Account,
    password: &str,
    durability: Durability,
) -> Result<(Postmaster, Address), EmbeddedError> {
    let deadline = Instant::now() + LEFTOVERS;
    loop {
        if let Some((mut postmaster, file)) = Postmaster::find(place, account) {
            // It may have been started by another user, for whom the short directory is elsewhere.
            let directory = file.socket_directory.map_or_else(|| place.socket_directory(account), Ok)?;
            let address = Address::new(directory, password.to_owned());
            if postmaster.wait_until_ready(place, &address).await?.is_none() {
                return Ok((postmaster, address));
            }
            continue;
        }
        let Some(mark) = claim(place)? else {
            if Instant::now() >= deadline {
                return Err(EmbeddedError::StillInUse { directory: place.cluster.clone() });
            }
            end_orphans(place, account).await?;
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        let directory = place.socket_directory(account)?;
        remove_stale_files(place, &directory)?;
        let binaries = Binaries::find(&place.cluster).await?;
        let (mut postmaster, log) = Postmaster::spawn(place, account, &binaries, mark, &directory, durability).await?;
        let address = Address::new(directory, password.to_owned());
        let status = match postmaster.wait_until_ready(place, &address).await {
            Ok(None) => return Ok((postmaster, address)),
            Ok(Some(status)) => status,
            // A long recovery goes on for the next start to find; otherwise nobody would stop it.
            Err(error @ EmbeddedError::NotReady { .. }) => return Err(error),
            Err(error) => return postmaster.stop().await.and(Err(error)),
        };
        let tail = log.tail();
        // A server that was started by hand has no mark, but shared memory, held by its orphans.
        if !tail.contains("pre-existing shared memory block") || Instant::now() >= deadline {
            return Err(EmbeddedError::Died { status, log: place.log(), tail });
        }
        end_orphans(place, account).await?;
        tokio::time::sleep(PAUSE).await;
    }
}

/// Takes the mark of a running server: a locked file that is the server's standard input. All its
/// processes inherit it, so that it is free again exactly when the last of them is gone, be it in
/// another container, where neither the process nor its shared memory can be seen from here. A second
/// server on the same files would destroy them.
fn claim(place: &Place) -> Result<Option<File>, EmbeddedError> {
    let path = place.home.join("postgres.running");
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&path)
        .map_err(EmbeddedError::io("open", &path))?;
    // Not nix's Flock: that unlocks when dropped, for the server as well.
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(EmbeddedError::io("lock", &path)(error)),
    }
}

/// Removes the files of a killed postmaster. Only called when none lives.
fn remove_stale_files(place: &Place, socket_directory: &Path) -> Result<(), EmbeddedError> {
    // PostgreSQL judges these by kill(pid, 0), which a zombie or a stranger with that number answers.
    let stale = [place.cluster.join("postmaster.pid"), socket_directory.join(format!("{SOCKET}.lock"))];
    for path in stale {
        match fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(EmbeddedError::io("remove", &path)(error));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Ends the processes of a killed postmaster. They end by themselves, but a busy one only after its
/// statement. SIGQUIT ends them at once, and loses nothing: whatever is committed is in the
/// write-ahead log, which the new server replays.
async fn end_orphans(place: &Place, account: &Account) -> Result<(), EmbeddedError> {
    let shell = Path::new("/bin/sh");
    let mut command = account.command(shell);
    command.args(["-c", END_ORPHANS, "sh"]).arg(&place.cluster);
    // Processes that vanish meanwhile make it complain; whether it helped shows at the next try.
    let run = command.stdin(Stdio::null()).stderr(Stdio::null()).status().await;
    run.map(drop).map_err(|source| EmbeddedError::Spawn { program: shell.to_owned(), source })
}
