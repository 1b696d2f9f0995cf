//! The private PostgreSQL of the zero-configuration start.
//!
//! Without a `DATABASE_URL` the service brings its own database: a cluster in the data directory that
//! only it can reach (a Unix socket in a private directory, a random password, no network), run by a
//! server that is started when the first process needs it and stopped by the last one that leaves.
//!
//! ```text
//! <data-dir>/postgres/          the cluster (0700); a link if its user cannot enter the data directory
//! <data-dir>/postgres.password  the password (0600, this process's user)
//! <data-dir>/postgres.log       the server's log, free of statements and their values
//! <data-dir>/socket/            the socket (0700); /run or /tmp if that path would be too long
//! <data-dir>/*.lock, *.users    see `lock`; postgres.running: see `bring_up`
//! ```
//!
//! Several processes share it: `user add` while `serve` runs adopts the living server and leaves it
//! running; `serve` after `kill -9` adopts its predecessor's. Who stops it is not a question of who
//! started it: the last one to leave does. Linux only (`/proc`, `flock`).

mod account;
mod binaries;
mod bring_up;
mod cluster;
mod connection;
mod error;
mod lock;
mod log;
mod place;
mod postmaster;
mod process;
mod settings;

use std::fmt;
use std::path::Path;

use account::Account;
use binaries::Binaries;
use connection::{Address, NAME};
use lock::{Presence, Turn};
use place::Place;
use postmaster::Postmaster;

pub use error::EmbeddedError;
pub use lock::{ServeLock, lock_for_serving};

/// Durability of a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// A commit survives a power failure.
    Full,
    /// Nothing survives one, and everything is faster: for tests only. A server that runs already
    /// keeps what it was started with.
    Relaxed,
}

/// Fate of the server when one of its users left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Departure {
    /// It was stopped.
    Stopped,
    /// Other processes use it, so it runs on; the last of them stops it.
    LeftRunning,
}

/// A running private PostgreSQL, and this process's use of it.
///
/// Dropping it without [`stop`](Self::stop) leaves the server running, as `kill -9` does; the next
/// start adopts it.
pub struct Embedded {
    place: Place,
    account: Account,
    durability: Durability,
    password: String,
    postmaster: Postmaster,
    address: Address,
    url: String,
    presence: Presence,
}

impl Embedded {
    /// Starts the database of `data_dir`, or adopts the living one; creates it if there is none.
    ///
    /// Processes that start at the same moment take turns. The database answers when this returns. If
    /// the future is dropped halfway, whatever it has done so far is found by the next start.
    ///
    /// # Errors
    /// Whatever keeps the database from running, as a sentence; see [`EmbeddedError`]. After
    /// [`EmbeddedError::NotReady`] the server is still recovering, and trying again waits on.
    pub async fn start(data_dir: &Path, durability: Durability) -> Result<Self, EmbeddedError> {
        let data_dir = place::prepare(data_dir)?;
        let turn = Turn::take(&data_dir).await?;
        let account = Account::choose(&data_dir.join("postgres"))?;
        let place = Place::decide(&data_dir, &account).await?;
        let password = cluster::password(&place)?;
        if !cluster::exists(&place) {
            let binaries = Binaries::find(&place.cluster).await?;
            cluster::create(&place, &account, &binaries, &password, durability).await?;
        }
        place.link()?;
        let presence = Presence::announce(&place.home, &turn)?;
        let (postmaster, address) = bring_up::bring_up(&place, &account, &password, durability).await?;
        let url = address.url(NAME);
        Ok(Self { place, account, durability, password, postmaster, address, url, presence })
    }

    /// The address of the service's own database, password included: not for logs.
    ///
    /// It stays the same after [`ensure_running`](Self::ensure_running).
    #[must_use]
    pub fn database_url(&self) -> &str {
        &self.url
    }

    /// The address for the service's statements, in the role that owns nothing. Not for logs either.
    #[must_use]
    pub fn service_url(&self) -> String {
        self.address.service_url()
    }

    /// The password in that address.
    #[must_use]
    pub fn service_password(&self) -> String {
        self.address.service_password()
    }

    /// The address of another database of this server, which need not exist yet. Not for logs either.
    #[must_use]
    pub fn database_url_for(&self, database: &str) -> String {
        self.address.url(database)
    }

    /// Whether this process started the server; `false` if it adopted a living one.
    #[must_use]
    pub fn started_here(&self) -> bool {
        self.postmaster.started_here()
    }

    /// Starts the server again if it has died, and tells whether it had. To be called every second or
    /// so by a supervising task; while the server lives this costs a system call or two.
    ///
    /// `true` also if another process was quicker: all connections are lost either way. If the future
    /// is dropped halfway, the next call goes on.
    ///
    /// # Errors
    /// As for [`start`](Self::start). Trying again later is sensible: a full disk may have been
    /// cleared, a long recovery may have ended.
    pub async fn ensure_running(&mut self) -> Result<bool, EmbeddedError> {
        if self.postmaster.is_alive() {
            return Ok(false);
        }
        tracing::warn!("The database has died; starting it again.");
        let _turn = Turn::take(&self.place.data_dir).await?;
        let brought = bring_up::bring_up(&self.place, &self.account, &self.password, self.durability).await?;
        (self.postmaster, self.address) = brought;
        self.url = self.address.url(NAME);
        Ok(true)
    }

    /// Leaves, and stops the server if nobody else uses it: open connections are cut, transactions
    /// without a commit are rolled back.
    ///
    /// # Errors
    /// [`EmbeddedError::WouldNotStop`] if it lives on after both a fast and an immediate shutdown
    /// (about a minute); [`EmbeddedError::Busy`] or [`EmbeddedError::Io`] for the lock.
    pub async fn stop(mut self) -> Result<Departure, EmbeddedError> {
        let turn = Turn::take(&self.place.data_dir).await?;
        if !self.presence.was_last(&turn) {
            return Ok(Departure::LeftRunning);
        }
        self.postmaster.stop().await?;
        // Another process may have started it again after a crash that this one has not noticed.
        if let Some((mut other, _)) = Postmaster::find(&self.place, &self.account) {
            other.stop().await?;
        }
        Ok(Departure::Stopped)
    }
}

/// Without the password.
impl fmt::Debug for Embedded {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut output = formatter.debug_struct("Embedded");
        output.field("place", &self.place).field("postmaster", &self.postmaster);
        output.finish_non_exhaustive()
    }
}
