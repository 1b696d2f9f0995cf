//! Which process, if any, is the postmaster of a cluster.
//!
//! The pid file alone proves nothing: its writer may have been killed, may be a zombie that still
//! answers `kill(pid, 0)`, or its number may belong to some other process by now, not least after a
//! boot. So the process itself is looked at, in `/proc`.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// Content of `postmaster.pid`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct PidFile {
    /// The postmaster's process.
    pub(super) pid: i32,
    /// Directory of its socket.
    pub(super) socket_directory: Option<PathBuf>,
    /// Whether it takes connections.
    pub(super) ready: bool,
}

impl PidFile {
    pub(super) fn read(cluster: &Path) -> Option<Self> {
        Self::parse(&fs::read(cluster.join("postmaster.pid")).ok()?)
    }

    /// Lines: pid, data directory, start time, port, socket directory, address, memory, status.
    /// The file grows while the server starts, so all but the first may be missing.
    fn parse(bytes: &[u8]) -> Option<Self> {
        let lines: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii_end).collect();
        let pid: i32 = std::str::from_utf8(lines.first()?).ok()?.parse().ok()?;
        // A server without postmaster (`postgres --single`) writes its number negated.
        let pid = pid.checked_abs().filter(|pid| *pid > 1)?;
        let socket = lines.get(4).filter(|line| !line.is_empty());
        Some(Self {
            pid,
            socket_directory: socket.map(|line| PathBuf::from(OsStr::from_bytes(line))),
            ready: lines.get(7).is_some_and(|status| *status == b"ready"),
        })
    }
}

/// The living postmaster of a cluster that belongs to `uid`.
pub(super) fn living(cluster: &Path, uid: u32) -> Option<PidFile> {
    PidFile::read(cluster).filter(|file| is_server_of(file.pid, cluster, uid))
}

/// Whether the process lives, runs as `uid` and is a PostgreSQL server for this cluster.
pub(super) fn is_server_of(pid: i32, cluster: &Path, uid: u32) -> bool {
    let process = PathBuf::from(format!("/proc/{pid}"));
    let owned = fs::metadata(&process).is_ok_and(|metadata| metadata.uid() == uid);
    let alive = fs::read(process.join("stat")).is_ok_and(|stat| is_alive(&stat));
    let command = fs::read(process.join("cmdline")).unwrap_or_default();
    // The working directory may not be readable in a container without CAP_SYS_PTRACE; the command
    // line always is, and names the directory, since that is how the server is started here.
    owned
        && alive
        && is_server(&command)
        && (names(&command, cluster) || fs::read_link(process.join("cwd")).is_ok_and(|cwd| cwd == cluster))
}

/// Judges `/proc/<pid>/stat`: a zombie or dead process is not alive. The program's name, in
/// parentheses before the state, may itself contain parentheses and blanks.
fn is_alive(stat: &[u8]) -> bool {
    let end = stat.iter().rposition(|byte| *byte == b')');
    let state = end.and_then(|end| stat.get(end + 2));
    state.is_some_and(|state| !matches!(state, b'Z' | b'X' | b'x'))
}

/// Whether a command line is a server's: its program is `postgres`, or an old link to it.
fn is_server(command: &[u8]) -> bool {
    let program = command.split(|byte| *byte == 0).next().unwrap_or_default();
    let name = program.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
    matches!(name, b"postgres" | b"postmaster")
}

/// Whether one argument of a command line is the cluster's directory.
fn names(command: &[u8], cluster: &Path) -> bool {
    command.split(|byte| *byte == 0).any(|argument| argument == cluster.as_os_str().as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_pid_file_is_understood() {
        let text = b"4711\n/data/postgres\n1790000000\n5432\n/data/socket\n\n  5432001    327680\nready   \n";
        let expected = PidFile { pid: 4711, socket_directory: Some("/data/socket".into()), ready: true };
        assert_eq!(PidFile::parse(text), Some(expected));
    }

    #[test]
    fn a_pid_file_may_be_half_written_or_nonsense() {
        let started = PidFile { pid: 7, socket_directory: None, ready: false };
        assert_eq!(PidFile::parse(b"7\n/data"), Some(started));
        let starting = b"7\n/d\n1\n5432\n/s\n\n 1 2\nstarting\n";
        assert!(PidFile::parse(starting).is_some_and(|file| !file.ready));
        assert_eq!(PidFile::parse(b"-12\n").map(|file| file.pid), Some(12));
        assert_eq!(PidFile::parse(b""), None);
        assert_eq!(PidFile::parse(b"pid\n"), None);
        assert_eq!(PidFile::parse(b"0\n"), None);
        assert_eq!(PidFile::parse(b"1\n"), None);
        assert_eq!(PidFile::parse(b"-2147483648\n"), None);
    }

    #[test]
    fn zombies_are_not_alive() {
        assert!(is_alive(b"12 (postgres) S 1 12 12 0"));
        assert!(is_alive(b"12 (a) Z (b) R 1 12"));
        assert!(!is_alive(b"12 (postgres) Z 1 12 12 0"));
        assert!(!is_alive(b"12 (postgres) X 1"));
        assert!(!is_alive(b""));
        assert!(!is_alive(b"12 (postgres)"));
    }

    #[test]
    fn only_a_server_with_this_directory_counts() {
        let cluster = Path::new("/data/postgres");
        let ours = b"/usr/lib/postgresql/15/bin/postgres\0-D\0/data/postgres\0-c\0fsync=on\0";
        assert!(is_server(ours) && names(ours, cluster));
        let other = b"/usr/lib/postgresql/15/bin/postgres\0-D\0/data/postgres2\0";
        assert!(is_server(other) && !names(other, cluster));
        let editor = b"vim\0/data/postgres\0";
        assert!(!is_server(editor) && names(editor, cluster));
        assert!(!is_server(b"postgres: checkpointer \0"));
        assert!(!is_server(b""));
    }

    #[test]
    fn this_test_is_not_a_server() {
        let pid = i32::try_from(std::process::id()).unwrap_or_default();
        assert!(!is_server_of(pid, Path::new("/data/postgres"), nix::unistd::geteuid().as_raw()));
    }
}
