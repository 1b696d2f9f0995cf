//! Rights of processes, kept by `flock`: the kernel releases such a lock with its process, `kill -9` included.
//!
//! Three files, three questions. `serve.lock`: who serves from this directory? `postgres.lock`: whose
//! turn is it to create, start or stop the database? `postgres.users`: who uses it now? The last is
//! held shared by every user, so that the last one out, and only that one, can tell and stop the server.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};

use super::error::EmbeddedError;
use super::place;

const PAUSE: Duration = Duration::from_millis(20);

/// A process killed a moment ago may take a few milliseconds to let go of its files.
const DYING: Duration = Duration::from_millis(300);

/// Longer than the slowest lawful start (`initdb`, then recovery) of somebody else.
const TURN: Duration = Duration::from_secs(180);

/// The right to serve from a data directory: one process at a time.
///
/// Held as long as this value lives, and by the process only: neither the database nor any other
/// child inherits it, and the kernel releases it even after `kill -9`.
#[derive(Debug)]
pub struct ServeLock {
    _file: Flock<File>,
}

/// Takes the right to serve from `data_dir`, creating the directory if it is missing.
///
/// May block the thread for a third of a second, when the previous holder has just been killed.
///
/// # Errors
/// [`EmbeddedError::AlreadyServing`] if another process holds it; [`EmbeddedError::Io`] if the
/// directory or its lock file cannot be used.
pub fn lock_for_serving(data_dir: &Path) -> Result<ServeLock, EmbeddedError> {
    let directory = place::prepare(data_dir)?;
    let path = directory.join("serve.lock");
    let deadline = Instant::now() + DYING;
    loop {
        if let Some(mut file) = try_lock(&path, FlockArg::LockExclusiveNonblock)? {
            let failed = EmbeddedError::io("write", &path);
            file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id())).map_err(failed)?;
            return Ok(ServeLock { _file: file });
        }
        if Instant::now() >= deadline {
            let pid = fs::read_to_string(&path).ok().and_then(|text| text.trim().parse().ok());
            return Err(EmbeddedError::AlreadyServing { directory, pid });
        }
        std::thread::sleep(PAUSE);
    }
}

/// The turn to create, start or stop the database of a data directory.
#[derive(Debug)]
pub(super) struct Turn {
    _file: Flock<File>,
}

impl Turn {
    /// Waits for the turn without blocking the thread.
    pub(super) async fn take(directory: &Path) -> Result<Self, EmbeddedError> {
        let path = directory.join("postgres.lock");
        let deadline = Instant::now() + TURN;
        loop {
            if let Some(file) = try_lock(&path, FlockArg::LockExclusiveNonblock)? {
                return Ok(Self { _file: file });
            }
            if Instant::now() >= deadline {
                return Err(EmbeddedError::Busy { directory: directory.to_owned(), seconds: TURN.as_secs() });
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}

/// The mark of one user of the database. Only taken and given up while holding the [`Turn`].
#[derive(Debug)]
pub(super) struct Presence {
    file: Flock<File>,
}

impl Presence {
    /// Says that this process uses the database whose files are in `home`.
    pub(super) fn announce(home: &Path, _turn: &Turn) -> Result<Self, EmbeddedError> {
        let path = home.join("postgres.users");
        let busy = || EmbeddedError::io("lock", &path)(Errno::EWOULDBLOCK.into());
        // Exclusive holders hold the turn as well, so a refusal cannot happen between ourselves.
        try_lock(&path, FlockArg::LockSharedNonblock)?.map(|file| Self { file }).ok_or_else(busy)
    }

    /// Gives the mark up, and tells whether nobody else has one.
    pub(super) fn was_last(self, _turn: &Turn) -> bool {
        self.file.relock(FlockArg::LockExclusiveNonblock).is_ok()
    }
}

/// `None` if somebody else holds it.
fn try_lock(path: &Path, how: FlockArg) -> Result<Option<Flock<File>>, EmbeddedError> {
    let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path);
    match Flock::lock(file.map_err(EmbeddedError::io("open", path))?, how) {
        Ok(lock) => Ok(Some(lock)),
        Err((_, Errno::EWOULDBLOCK)) => Ok(None),
        Err((_, errno)) => Err(EmbeddedError::io("lock", path)(errno.into())),
    }
}
