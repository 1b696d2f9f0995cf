//! Errors of the private database, as sentences for the person who started the service.

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;

/// Why the private PostgreSQL could not be locked, created, started, watched or stopped.
///
/// Every message is meant to be printed as it is: it names the path concerned and, where there is
/// one, the way out. None of them contains the password.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EmbeddedError {
    /// A file or directory of the data directory could not be used.
    #[error("Could not {action} {}: {}.", path.display(), reason(source))]
    Io {
        /// Verb of the attempt: "create", "read" and the like.
        action: &'static str,
        /// File or directory on which it was tried.
        path: PathBuf,
        /// Error of the operating system.
        source: io::Error,
    },
    /// Another process holds the [`ServeLock`](super::ServeLock) of this data directory.
    #[error("Another Lianfang already serves from {}{}.", directory.display(), process(*pid))]
    AlreadyServing {
        /// The data directory.
        directory: PathBuf,
        /// The process that holds it, if its lock file can be read.
        pid: Option<u32>,
    },
    /// Somebody else has been creating, starting or stopping this database for too long.
    #[error(
        "Another Lianfang has been starting or stopping the database in {} for more than {seconds} \
         seconds; end it and try again.", directory.display()
    )]
    Busy {
        /// The data directory.
        directory: PathBuf,
        /// Seconds waited.
        seconds: u64,
    },
    /// No PostgreSQL server is installed where it is looked for.
    #[error(
        "No PostgreSQL server (version {minimum} or later) was found: install one (on Debian and \
         Ubuntu: `apt-get install postgresql`), name the directory of its programs in PG_BIN, or name \
         a database of your own in DATABASE_URL."
    )]
    BinariesMissing {
        /// The oldest major version that will do.
        minimum: u32,
    },
    /// `PG_BIN` was set, and what it names will not do. Silently using another would surprise.
    #[error(
        "PG_BIN names {}, but there is no usable `initdb` and `postgres` of version {minimum} or later in it.",
        directory.display()
    )]
    WrongPgBin {
        /// Directory that `PG_BIN` names.
        directory: PathBuf,
        /// The oldest major version that will do.
        minimum: u32,
    },
    /// The cluster was made by a major version that is not installed.
    #[error(
        "The database in {} was created by PostgreSQL {cluster}, but only {found} was found: install \
         PostgreSQL {cluster} (on Debian and Ubuntu: `apt-get install postgresql-{cluster}`), or name \
         the directory of its programs in PG_BIN.", directory.display()
    )]
    WrongVersion {
        /// The cluster.
        directory: PathBuf,
        /// The major version it needs.
        cluster: u32,
        /// Versions that are installed, as text.
        found: String,
    },
    /// Root cannot run PostgreSQL, and there is nobody to run it in root's stead.
    #[error(
        "PostgreSQL refuses to run as root, and there is neither a user `postgres` nor a user `nobody` \
         to run it: start Lianfang as an ordinary user."
    )]
    NobodyToRunIt,
    /// The cluster belongs to a user this process cannot act for.
    #[error(
        "The database in {} belongs to another user ({}): start Lianfang as that user, or as root.",
        directory.display(), owner.map_or_else(|| "unknown".to_owned(), |uid| format!("uid {uid}"))
    )]
    ForeignCluster {
        /// The cluster.
        directory: PathBuf,
        /// Its owner, if it may be seen.
        owner: Option<u32>,
    },
    /// The cluster belongs to root, who may not run PostgreSQL.
    #[error(
        "The database in {0} belongs to root, and PostgreSQL refuses to run as root: give it to the user \
         that shall run it (`chown -R postgres: {0}`).", directory.display()
    )]
    ClusterOfRoot {
        /// The cluster.
        directory: PathBuf,
    },
    /// The user that runs PostgreSQL cannot get to its cluster any more.
    #[error(
        "The user that runs PostgreSQL (uid {uid}) cannot enter {0}: allow it with `chmod o+x` on that \
         directory and its parents.", directory.display()
    )]
    Unreachable {
        /// The data directory.
        directory: PathBuf,
        /// The user that runs PostgreSQL.
        uid: u32,
    },
    /// The data directory points to a cluster that is not there.
    #[error(
        "{} points to a database that is not there: put it back, or remove the link to begin with an \
         empty database.", link.display()
    )]
    Dangling {
        /// The symbolic link in the data directory.
        link: PathBuf,
    },
    /// A directory for the socket exists that others could reach into.
    #[error(
        "{} cannot hold the database's socket, because it is not a private directory of the user that runs \
         PostgreSQL: remove it, or use a data directory with a shorter path.", directory.display()
    )]
    UnsafeSocketDirectory {
        /// The directory.
        directory: PathBuf,
    },
    /// The cluster exists and its password does not.
    #[error(
        "The database in {} exists, but its password file {} is missing or empty: restore it from the \
         backup, or move the database away to begin with an empty one.", directory.display(), file.display()
    )]
    PasswordMissing {
        /// The cluster.
        directory: PathBuf,
        /// The password file.
        file: PathBuf,
    },
    /// The server does not take the password in the file.
    #[error(
        "The database does not accept the password in {}: restore the file that belongs to this database.",
        file.display()
    )]
    PasswordRefused {
        /// The password file.
        file: PathBuf,
    },
    /// A program of PostgreSQL could not be run at all.
    #[error("Could not run {}: {}.", program.display(), reason(source))]
    Spawn {
        /// The program.
        program: PathBuf,
        /// Error of the operating system.
        source: io::Error,
    },
    /// `initdb` failed or took too long; nothing of its work is left.
    #[error("PostgreSQL could not create a database in {}{}: {output}", directory.display(), hint(output))]
    Initialization {
        /// Where the cluster was to be.
        directory: PathBuf,
        /// The last lines it printed.
        output: String,
    },
    /// The server ended while starting.
    #[error(
        "PostgreSQL ended while starting{} ({status}). The end of {}:\n{tail}", hint(tail), log.display()
    )]
    Died {
        /// Status with which it ended.
        status: ExitStatus,
        /// The server's log.
        log: PathBuf,
        /// The last lines of this start.
        tail: String,
    },
    /// The server lives, but does not answer yet. It is left running, so a later start can wait on.
    #[error(
        "PostgreSQL has not been ready within {seconds} seconds; it may still be recovering (see {}), so \
         start Lianfang again.{}", log.display(), last_answer.as_ref().map_or_else(String::new, |text| format!(" It answered: {text}."))
    )]
    NotReady {
        /// Seconds waited.
        seconds: u64,
        /// The server's log.
        log: PathBuf,
        /// Answer to the last attempt to connect, if it came so far.
        last_answer: Option<String>,
    },
    /// Server processes hold the cluster that are no living server seen from here.
    #[error(
        "The database in {} is still in use by a PostgreSQL that this process cannot see, perhaps in \
         another container: work in that one (`docker exec`), or stop it.", directory.display()
    )]
    StillInUse {
        /// The cluster.
        directory: PathBuf,
    },
    /// The server does not end.
    #[error("PostgreSQL (process {pid}) does not end, although it was told to.")]
    WouldNotStop {
        /// The postmaster.
        pid: i32,
    },
}

impl EmbeddedError {
    /// Puts the action and the path to an error of the operating system.
    pub(super) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { action, path, source }
    }
}

/// The commonest causes in words; "os error 28" helps nobody.
fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "the disk is full".to_owned(),
        io::ErrorKind::PermissionDenied => "this user is not permitted to".to_owned(),
        io::ErrorKind::ReadOnlyFilesystem => "the file system is read-only".to_owned(),
        _ => error.to_string(),
    }
}

/// The same for what PostgreSQL's own programs print.
fn hint(output: &str) -> &'static str {
    if output.contains("No space left on device") || output.contains("Disk quota exceeded") {
        ", because the disk is full"
    } else if output.contains("Permission denied") {
        ", because it is not permitted to"
    } else if output.contains("Read-only file system") {
        ", because the file system is read-only"
    } else {
        ""
    }
}

fn process(pid: Option<u32>) -> String {
    pid.map_or_else(String::new, |pid| format!(" (process {pid})"))
}
