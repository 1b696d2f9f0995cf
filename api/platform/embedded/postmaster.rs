//! The running server: starting or finding it, watching it, stopping it.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, waitpid};
use nix::unistd::Pid;
use tokio::process::Child;

use super::Durability;
use super::account::Account;
use super::binaries::Binaries;
use super::cluster;
use super::connection::{Address, Answer};
use super::error::EmbeddedError;
use super::log::Log;
use super::place::Place;
use super::process::{self, PidFile};
use super::settings;

/// Telling of a setting takes the programs some milliseconds.
const PATIENCE: Duration = Duration::from_secs(5);

const PAUSE: Duration = Duration::from_millis(20);

/// Recovery after a crash replays at most `max_wal_size`; this is ample.
const READY: Duration = Duration::from_secs(60);

/// A fast shutdown writes a checkpoint; then an immediate one is tried, which needs no time.
const FAST: Duration = Duration::from_secs(60);
const IMMEDIATE: Duration = Duration::from_secs(5);

/// A living postmaster.
#[derive(Debug)]
pub(super) struct Postmaster {
    pid: i32,
    /// Ours, if we have started it: kept so that it can be reaped when it ends.
    child: Option<Child>,
    cluster: PathBuf,
    uid: u32,
}

impl Postmaster {
    pub(super) fn started_here(&self) -> bool {
        self.child.is_some()
    }

    /// Whether it still lives. Reaps it if not.
    pub(super) fn is_alive(&mut self) -> bool {
        self.ended().is_none()
    }

    /// How it has ended, if it has; of another process's child only that it has can be known.
    fn ended(&mut self) -> Option<ExitStatus> {
        if let Some(child) = &mut self.child {
            return child.try_wait().ok().flatten();
        }
        if process::is_server_of(self.pid, &self.cluster, self.uid) {
            return None;
        }
        // The orphan of another process is ours after all if we are a container's first process.
        let _ = waitpid(Pid::from_raw(self.pid), Some(WaitPidFlag::WNOHANG));
        Some(ExitStatus::default())
    }

    /// The postmaster of the cluster that lives now, if one does.
    pub(super) fn find(place: &Place, account: &Account) -> Option<(Self, PidFile)> {
        let file = process::living(&place.cluster, account.uid)?;
        let cluster = place.cluster.clone();
        Some((Self { pid: file.pid, child: None, cluster, uid: account.uid }, file))
    }

    /// The best compression of the log that the programs know. They are asked, for a setting that a server doesn't know
    /// keeps it from starting; whatever goes wrong, the plain one is left.
    async fn wal_compression(place: &Place, account: &Account, binaries: &Binaries) -> &'static str {
        let mut command = account.command(&binaries.postgres());
        command.arg("-D").arg(&place.cluster).args(["-C", "wal_compression", "-c"]);
        command.arg(format!("wal_compression={}", settings::FAST_WAL_COMPRESSION));
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
        match tokio::time::timeout(PATIENCE, command.status()).await {
            Ok(Ok(status)) if status.success() => settings::FAST_WAL_COMPRESSION,
            _ => settings::PLAIN_WAL_COMPRESSION,
        }
    }

    /// Starts one with the mark as standard input, and says where in the log its words begin.
    pub(super) async fn spawn(
        place: &Place,
        account: &Account,
        binaries: &Binaries,
        mark: File,
        socket_directory: &Path,
        durability: Durability,
    ) -> Result<(Self, Log), EmbeddedError> {
        let (log, file) = Log::open(&place.log())?;
        let copy = file.try_clone().map_err(EmbeddedError::io("open", &place.log()))?;
        let program = binaries.postgres();
        let mut command = account.command(&program);
        let wal_compression = Self::wal_compression(place, account, binaries).await;
        command.arg("-D").arg(&place.cluster).args(settings::arguments(socket_directory, durability, wal_compression));
        // A group of its own: Ctrl-C on the terminal is meant for the service, which stops it then.
        command.stdin(mark).stdout(copy).stderr(file).process_group(0);
        let child = command.spawn().map_err(|source| EmbeddedError::Spawn { program, source })?;
        let pid = child.id().and_then(|pid| i32::try_from(pid).ok()).unwrap_or_default();
        Ok((Self { pid, child: Some(child), cluster: place.cluster.clone(), uid: account.uid }, log))
    }

    /// Waits until it answers; `Some` if it has ended instead.
    pub(super) async fn wait_until_ready(
        &mut self,
        place: &Place,
        address: &Address,
    ) -> Result<Option<ExitStatus>, EmbeddedError> {
        let deadline = Instant::now() + READY;
        let mut last_answer = None;
        loop {
            if let Some(status) = self.ended() {
                return Ok(Some(status));
            }
            // Its pid file says when connecting makes sense; each earlier attempt would be logged.
            if PidFile::read(&self.cluster).is_some_and(|file| file.pid == self.pid && file.ready) {
                match address.ask().await {
                    Answer::Ready => return Ok(None),
                    Answer::PasswordRefused => {
                        return Err(EmbeddedError::PasswordRefused { file: cluster::password_file(place) });
                    }
                    Answer::NotYet(text) => last_answer = Some(text),
                }
            }
            if Instant::now() >= deadline {
                let log = place.log();
                return Err(EmbeddedError::NotReady { seconds: READY.as_secs(), log, last_answer });
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Shuts it down: connections are cut, nothing committed is lost.
    pub(super) async fn stop(&mut self) -> Result<(), EmbeddedError> {
        for (signal, patience) in [(Signal::SIGINT, FAST), (Signal::SIGQUIT, IMMEDIATE)] {
            // Number 0 would be this process's own group.
            if self.is_alive() && self.pid > 1 {
                // It may end in between, so a refusal is no error; whether it lives is what counts.
                let _ = kill(Pid::from_raw(self.pid), signal);
            }
            let deadline = Instant::now() + patience;
            while Instant::now() < deadline {
                if !self.is_alive() {
                    return Ok(());
                }
                tokio::time::sleep(PAUSE).await;
            }
        }
        Err(EmbeddedError::WouldNotStop { pid: self.pid })
    }
}
